/* The C functions that a script can reach, found by walking its live environment: whoever adds one
 * has nothing to enter here. */
#ifndef TRP_TESTS_FUZZ_REACH_H
#define TRP_TESTS_FUZZ_REACH_H

#include <stddef.h>
#include <stdint.h>

#include <lua.h>

/* Opens the module "fuzz": a function that maps a key of 16 bits to one of the functions. A key
 * stays with its function when others come and go, so that a corpus keeps its meaning. */
int fuzz_reach_open(lua_State *L);

/* After the module was opened once: their names, "string.rep", sorted, and their keys. NULL past
 * the end. */
const char *fuzz_reach_name(size_t i);
uint16_t fuzz_reach_key(size_t i);

#endif
