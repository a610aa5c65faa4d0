/* A measurement that the self-test of the linked Lua and the tests of its guards share. */
#ifndef TRP_SCRIPTING_DEFECTS_H
#define TRP_SCRIPTING_DEFECTS_H

enum { TRP_CHAIN_MOST = 1000 };

/* How many bytes of the C stack an error message takes that names a field behind so many others, at
 * most TRP_CHAIN_MOST: of a thread's whole life, so only differences tell something. Or a libuv
 * code. Thread: any. */
long trp_lua_measure_chain(int length);

#endif
