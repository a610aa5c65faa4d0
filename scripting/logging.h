/* Log lines of scripts: escaped, structured, within a quota.
 *
 * Thread: owner, inside the frame. */
#ifndef TRP_SCRIPTING_LOGGING_H
#define TRP_SCRIPTING_LOGGING_H

#include <stddef.h>

#include <lua.h>

#include <troupe/types.h>

/* Writes one line, or counts it against a quota that is used up. */
void trp_logging_write(lua_State *L, troupe_log_level level, const char *text, size_t len);

/* Pushes the table troupe.log: debug, info, warn, error (message, fields). */
void trp_logging_open(lua_State *L);

#endif
