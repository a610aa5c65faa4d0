/* Checks for our own bugs; never for bad input or missing memory. On when TROUPE_ASSERTS is
 * defined, which does not depend on NDEBUG: optimised sanitizer builds keep the checks. */
#ifndef TRP_BASE_ASSERT_H
#define TRP_BASE_ASSERT_H

#include <stdio.h>
#include <stdlib.h>

#if defined(TROUPE_ASSERTS)
_Noreturn static inline void trp_assert_fail(const char *file, int line, const char *what) {
  fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, what);
  abort();
}
#  define TRP_ASSERT(cond) ((cond) ? (void)0 : trp_assert_fail(__FILE__, __LINE__, #  cond))
#  define TRP_UNREACHABLE() trp_assert_fail(__FILE__, __LINE__, "unreachable")
#else
/* cond is compiled, so it stays correct, but not evaluated. */
#  define TRP_ASSERT(cond) ((void)sizeof((cond) ? 1 : 0))
#  define TRP_UNREACHABLE() __builtin_unreachable()
#endif

#endif
