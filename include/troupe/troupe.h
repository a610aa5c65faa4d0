/* Troupe: everything a host program needs. Ready-made tools and JSON for scripts are in
 * <troupe/batteries.h> and <troupe/json.h>, which need libtroupe_batteries. */
#ifndef TROUPE_TROUPE_H
#define TROUPE_TROUPE_H

#include <troupe/actor.h>
#include <troupe/app.h>
#include <troupe/error.h>
#include <troupe/grants.h>
#include <troupe/info.h>
#include <troupe/lua_defects.h>
#include <troupe/script.h>
#include <troupe/supervisor.h>
#include <troupe/system.h>
#include <troupe/tool.h>
#include <troupe/types.h>
#include <troupe/version.h>

#endif
