/* A Lua heap whose every block is a block of malloc's, so that AddressSanitizer sees what our C
 * functions, and what liblua calls, do with strings and userdata: reads past their end, pointers
 * kept over a collection. Without AddressSanitizer nothing changes. */
#ifndef TRP_TESTS_FUZZ_STRICT_H
#define TRP_TESTS_FUZZ_STRICT_H

#include <lua.h>

/* What the state takes from now on. The arena goes on counting it: limits hold. */
void fuzz_strict_heap(lua_State *L);

/* Frees what actors that were left have not, when their system is gone. */
void fuzz_strict_free(void);

#endif
