/* Arguments of the verbs: checked with messages that name them.
 *
 * Thread: owner, inside the frame. All raise on misuse. */
#ifndef TRP_SCRIPTING_CHECK_H
#define TRP_SCRIPTING_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

/* The argument must be a table whose keys are all in `keys` (NULL-terminated); nil and none count
 * as a table without keys. Returns whether there is one. Leaves nothing on the stack. */
bool trp_check_options(lua_State *L, int arg, const char *verb, const char *const keys[]);

/* Pushes the option and returns its type, by raw access; LUA_TNIL also without a table. */
int trp_check_option(lua_State *L, int arg, const char *key);

/* A duration in ms: an integral number from 0, or "infinity" where the caller allows it.
 *   missing   when there is no such option
 * Returns TROUPE_INFINITY for infinity. */
uint32_t trp_check_option_ms(lua_State *L, int arg, const char *key, uint32_t missing,
                             bool infinity);
/* The same for limits of which 0 means "the default" in C: a 0 that is given is 1 ms, the least. */
uint32_t trp_check_option_limit_ms(lua_State *L, int arg, const char *key, uint32_t missing,
                                   bool infinity);

/* An integral number from min to max. */
uint64_t trp_check_option_int(lua_State *L, int arg, const char *key, uint64_t missing,
                              uint64_t min, uint64_t max);

/* A string without NUL bytes, or NULL when there is none; stays on the stack. */
const char *trp_check_option_text(lua_State *L, int arg, const char *key);

/* A boolean. */
bool trp_check_option_flag(lua_State *L, int arg, const char *key);

/* A duration given as an argument: at most TROUPE_TIMER_MS_MAX. */
uint64_t trp_check_ms(lua_State *L, int arg);

/* A message's kind: 1 to 64 bytes without NUL. */
const char *trp_check_kind(lua_State *L, int arg, size_t *len);

#endif
