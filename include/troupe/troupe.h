/* Troupe: everything a host program needs. */
#ifndef TROUPE_TROUPE_H
#define TROUPE_TROUPE_H

#include <troupe/error.h>
#include <troupe/types.h>
#include <troupe/version.h>

#endif
