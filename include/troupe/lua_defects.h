/* Which of the known defects of Lua the linked one has: found by trying, as distributions mend old
 * releases without changing their number. The runtime guards against all of them, whatever comes
 * out here; docs/reference/lua-defects.md says how. */
#ifndef TROUPE_LUA_DEFECTS_H
#define TROUPE_LUA_DEFECTS_H

#include <stdbool.h>
#include <stddef.h>

#include <troupe/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The strings are constants. */
typedef struct troupe_lua_defect {
  const char *name;     /* "nested_close" */
  const char *fixed_in; /* the release of Lua without it, "5.4.5" */
  const char *effect;   /* what it does, without a full stop */
  bool present;         /* in the linked Lua */
} troupe_lua_defect;

/* Tries each defect on a small scale that harms nobody, in Lua states and threads of its own. Takes
 * a few milliseconds; no system is needed.
 *
 *   count  receives how many defects are known; 0 on error
 *   out    receives the first `room` of them
 *
 * Thread   any.
 * Returns  TROUPE_OK, TROUPE_E_NO_MEMORY, or UV_EAGAIN: no thread could be started. */
TROUPE_API int troupe_lua_defects(size_t *count, troupe_lua_defect *out, size_t room);

#ifdef __cplusplus
}
#endif
#endif
