#include "actors/reason.h"

#include <stdatomic.h>
#include <string.h>

#include "actors/base/mem.h"

#define X(name, lua) [TROUPE_EXIT_##name] = {.exit = {.class_ = TROUPE_EXIT_##name}},
static const trp_reason immortal[] = {TROUPE_EXIT_MAP(X)};
#undef X

trp_reason *trp_reason_of(troupe_exit_class why) {
  union {
    const trp_reason *in;
    trp_reason *out;
  } r = {&immortal[why]}; /* never written: refs is 0 */
  return r.out;
}

/* Bytes of s to keep: at most the limit, not ending inside a UTF-8 sequence. */
static size_t clip(const char *s) {
  size_t n = strnlen(s, TRP_REASON_TEXT_MAX + 1);
  if (n <= TRP_REASON_TEXT_MAX) return n;
  n = TRP_REASON_TEXT_MAX;
  while (n > 0 && ((uint8_t)s[n] & 0xc0) == 0x80)
    n--;
  return n;
}

trp_reason *trp_reason_new(const troupe_allocator *al, troupe_exit_class why, int code,
                           const char *reason, const char *traceback) {
  if (!reason && !traceback && code == 0) return trp_reason_of(why);
  size_t nr = reason ? clip(reason) : 0;
  size_t nt = traceback ? clip(traceback) : 0;
  size_t bytes = sizeof(trp_reason) + nr + nt + 2;
  trp_reason *r = trp_zalloc(al, bytes);
  if (!r) return trp_reason_of(why);
  atomic_init(&r->refs, 1);
  r->bytes = (uint32_t)bytes;
  r->al = al;
  r->exit = (troupe_exit){.class_ = why, .code = code};
  char *text = (char *)(r + 1);
  if (reason) r->exit.reason = memcpy(text, reason, nr);
  if (traceback) r->exit.traceback = memcpy(text + nr + 1, traceback, nt);
  return r;
}

trp_reason *trp_reason_ref(trp_reason *r) {
  if (atomic_load_explicit(&r->refs, memory_order_relaxed) != 0) {
    atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
  }
  return r;
}

void trp_reason_unref(trp_reason *r) {
  if (!r || atomic_load_explicit(&r->refs, memory_order_relaxed) == 0) return;
  /* acq_rel: the last one frees after everybody's reads */
  if (atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) == 1)
    trp_free(r->al, r, r->bytes);
}
