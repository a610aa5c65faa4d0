/* Why a generation ended: a refcounted, immutable copy of a troupe_exit that travels in messages.
 */
#ifndef TRP_ACTORS_REASON_H
#define TRP_ACTORS_REASON_H

#include <troupe/types.h>

#define TRP_REASON_TEXT_MAX 4096

typedef struct trp_reason {
  _Atomic uint32_t refs; /* 0: one of the immortal ones */
  uint32_t bytes;        /* of the allocation */
  const troupe_allocator *al;
  troupe_exit exit; /* its strings live behind this struct */
} trp_reason;

/* Never fails: without memory it is an immortal one that carries the class alone. Text over
 * TRP_REASON_TEXT_MAX is cut at a UTF-8 boundary. */
trp_reason *trp_reason_new(const troupe_allocator *al, troupe_exit_class why, int code,
                           const char *reason, const char *traceback);
/* The immortal reason of a class. */
trp_reason *trp_reason_of(troupe_exit_class why);
trp_reason *trp_reason_ref(trp_reason *r);
void trp_reason_unref(trp_reason *r); /* NULL is fine */

#endif
