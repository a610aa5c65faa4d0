#include "actors/replay.h"

#include <string.h>

#include "actors/base/assert.h"
#include "actors/system.h"

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

const char *trp_event_name(trp_event_type type) {
  static const char *const names[] = {
#define X(name, id, code) [TRP_EVENT_##name] = #name,
      TRP_EVENT_MAP(X)
#undef X
  };
  return names[type];
}

void trp_replay_init(trp_replay *r, uint64_t seed) {
  *r = (trp_replay){.hash = FNV_BASIS};
  trp_rand_init(&r->rand, seed);
}

void trp_replay_attach(troupe_system *sys, trp_replay *r) {
  TRP_ASSERT(sys->sched.count == 0);
  sys->replay = r;
}

uint32_t trp_replay_pick(trp_replay *r, uint32_t n) {
  return (uint32_t)trp_rand_below(&r->rand, n);
}

int trp_replay_slice(trp_replay *r, int most) {
  switch (trp_rand_below(&r->rand, 4)) {
  case 0:
    return most;
  case 1:
    return (int)trp_rand_below(&r->rand, 8);
  default:
    return 0;
  }
}

static uint64_t fold(uint64_t hash, const void *data, size_t len) { /* FNV-1a */
  const uint8_t *bytes = data;
  for (size_t i = 0; i < len; i++)
    hash = (hash ^ bytes[i]) * FNV_PRIME;
  return hash;
}

static uint64_t fold_number(uint64_t hash, uint64_t number) {
  return fold(hash, &number, sizeof number);
}

uint64_t trp_replay_name(const char *name) { return fold(FNV_BASIS, name, strlen(name)); }

void trp_replay_note(troupe_system *sys, trp_event e, const trp_msg *m) {
  trp_replay *r = sys->replay;
  e.at_ns = trp_clock_ns(&sys->clock);
  uint64_t h = fold_number(r->hash, (uint64_t)e.type);
  h = fold_number(h, e.at_ns);
  h = fold_number(h, e.who.id);
  h = fold_number(h, e.with.id);
  h = fold_number(h, e.id);
  h = fold_number(h, (uint64_t)e.code);
  if (m) {
    h = fold(h, trp_msg_kind(m), m->kind_len);
    h = fold(h, trp_msg_payload(m), m->size);
  }
  r->hash = h;
  if (r->on_event) r->on_event(r->ctx, &e, m);
}
