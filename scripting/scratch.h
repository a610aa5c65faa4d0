/* The buffer in which an actor's messages are encoded before they are copied out.
 *
 * One per Lua side, used again and again. It hangs on the ledger, because whoever fills it can be
 * left at any point: the kernel frees it when the generation ends. Its memory is bounded by the
 * limit of a message and counts as kept for the actor.
 *
 * Thread: owner. */
#ifndef TRP_SCRIPTING_SCRATCH_H
#define TRP_SCRIPTING_SCRATCH_H

#include <string.h>

#include "actors/base/buf.h"
#include "actors/frame.h"
#include "actors/ledger.h"

enum { TRP_SCRATCH_KEEP = 64 * 1024 }; /* bytes a reset leaves allocated at most */

typedef struct trp_scratch {
  trp_item item;
  trp_ledger *ledger;
  trp_buf buf;
} trp_scratch;

/* Creates an empty one on the ledger, which owns it from then on.
 *   al      borrowed for the buffer's life; NULL: the default allocator
 *   limit   of what it can hold, in bytes
 * A native half. Returns TROUPE_OK, or UV_ENOMEM (*out is NULL). */
int trp_scratch_open(trp_scratch **out, trp_ledger *ledger, trp_frame *frame,
                     const troupe_allocator *al, size_t limit);

/* Takes it off the ledger and frees it before the generation ends. A native half. */
void trp_scratch_close(trp_scratch *s, trp_ledger *ledger, trp_frame *frame);

/* Empties it; what was grown over TRP_SCRATCH_KEEP is freed, in a native half. */
void trp_scratch_reset(trp_scratch *s, trp_frame *frame);

/* Empties it and frees all of its memory, in a native half. */
void trp_scratch_shrink(trp_scratch *s, trp_frame *frame);

/* The part of trp_scratch_append that grows the buffer: a native half. */
int trp_scratch_grow(trp_scratch *s, trp_frame *frame, const void *p, size_t n);

/* Appends n bytes. Returns TROUPE_OK, TROUPE_E_TOO_BIG (over the limit), UV_ENOMEM; the buffer is
 * unchanged on an error. */
static inline int trp_scratch_append(trp_scratch *s, trp_frame *frame, const void *p, size_t n) {
  if (n > s->buf.cap - s->buf.len) return trp_scratch_grow(s, frame, p, n);
  if (n) memcpy(s->buf.data + s->buf.len, p, n);
  s->buf.len += n;
  return 0;
}

#endif
