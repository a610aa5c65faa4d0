/* The buffer in which an actor's messages are encoded. */
#include "scripting/scratch.h"

#include <errno.h>

#include "actors/base/mem.h"

static void destroy(trp_scratch *s) {
  const troupe_allocator *al = s->buf.al;
  trp_buf_fini(&s->buf);
  trp_free(al, s, sizeof *s);
}

static void settle(troupe_actor *a, trp_item *it) {
  (void)a;
  destroy(TRP_CONTAINER(it, trp_scratch, item));
}

static const trp_item_ops ops = {.name = "scratch", .index = TRP_ITEM_SCRATCH, .settle = settle};

int trp_scratch_open(trp_scratch **out, trp_ledger *ledger, trp_frame *frame,
                     const troupe_allocator *al, size_t limit) {
  int err = -ENOMEM;
  *out = NULL;
  TRP_NATIVE_BEGIN(frame);
  trp_scratch *s = trp_zalloc(al, sizeof *s);
  if (s) {
    trp_buf_init(&s->buf, al, limit);
    s->ledger = ledger;
    s->item.bytes = sizeof *s;
    err = trp_ledger_add(ledger, &s->item, &ops, 0);
    if (err) {
      destroy(s);
    } else {
      *out = s;
    }
  }
  TRP_NATIVE_END(frame);
  return err;
}

void trp_scratch_close(trp_scratch *s, trp_ledger *ledger, trp_frame *frame) {
  TRP_NATIVE_BEGIN(frame);
  trp_ledger_remove(ledger, &s->item);
  destroy(s);
  TRP_NATIVE_END(frame);
}

void trp_scratch_reset(trp_scratch *s, trp_frame *frame) {
  trp_buf_clear(&s->buf);
  if (s->buf.cap > TRP_SCRATCH_KEEP) trp_scratch_shrink(s, frame);
}

void trp_scratch_shrink(trp_scratch *s, trp_frame *frame) {
  TRP_NATIVE_BEGIN(frame);
  trp_buf_fini(&s->buf);
  trp_ledger_resize(s->ledger, &s->item, sizeof *s);
  TRP_NATIVE_END(frame);
}

int trp_scratch_grow(trp_scratch *s, trp_frame *frame, const void *p, size_t n) {
  TRP_NATIVE_BEGIN(frame);
  int err = trp_buf_append(&s->buf, p, n);
  trp_ledger_resize(s->ledger, &s->item, sizeof *s + s->buf.cap);
  TRP_NATIVE_END(frame);
  return err;
}
