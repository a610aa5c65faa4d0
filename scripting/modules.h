/* Modules in C that scripts can require, beyond those that are built in: higher layers add theirs.
 *
 * Locks: one for the list, a leaf. */
#ifndef TRP_SCRIPTING_MODULES_H
#define TRP_SCRIPTING_MODULES_H

#include <lua.h>

#include <troupe/types.h>

/* Adds a module. A name "troupe.x" also becomes the field x of the module "troupe".
 *   name  a constant, borrowed
 *   open  a Lua half, called protected once in each actor that requires it; returns the module
 * Thread any, before actors start. Returns TROUPE_OK, TROUPE_E_ALREADY_REGISTERED,
 * TROUPE_E_NO_MEMORY. */
int trp_script_module(troupe_system *sys, const char *name, lua_CFunction open);

/* The opener of a name, or NULL. Thread: any; from an actor in a native half. */
lua_CFunction trp_script_module_find(troupe_system *sys, const char *name);

/* The n-th of them: its name and opener; NULL past the end. As above. */
const char *trp_script_module_at(troupe_system *sys, size_t n, lua_CFunction *open);

#endif
