/* The Lua modules compiled into the library. The tables are generated from scripting/lua by the
 * build; scripting's `require` reads them. Constant data, any thread. */
#ifndef TRP_SCRIPTING_LUA_MODULES_H
#define TRP_SCRIPTING_LUA_MODULES_H

#include <stddef.h>

typedef struct trp_lua_module {
  const char *name;   /* as scripts require it, "troupe.async" */
  const char *source; /* text, NUL-terminated behind len */
  size_t len;
} trp_lua_module;

/* trp_lua_module_count entries and one more with a NULL name. */
extern const trp_lua_module trp_lua_modules[];
extern const size_t trp_lua_module_count;

#endif
