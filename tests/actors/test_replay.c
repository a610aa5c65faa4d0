#include "tests/actors/world.h"

#include "actors/replay.h"

#define ACTORS 5
#define SEEDS 50

typedef struct ring { /* actors that send each other numbers, until these are used up */
  world w;
  probe probes[ACTORS];
  troupe_pid pids[ACTORS];
  trp_replay replay;
  char order[512]; /* who handled something, as letters */
  unsigned types[TRP_EVENT_TYPES];
  uint64_t last_ns;
} ring;

static int pass_on(troupe_actor *a, probe *p, const troupe_message *m) {
  ring *r = p->user;
  uint8_t left = *(const uint8_t *)m->data;
  size_t at = strlen(r->order), i = (size_t)(p - r->probes);
  if (at + 1 < sizeof r->order) r->order[at] = (char)('a' + i);
  if (left == 0) return TROUPE_OK;
  left--;
  for (size_t n = 1; n <= 2; n++)
    troupe_actor_tell(a, r->pids[(i + n) % ACTORS], "n", &left, 1, NULL, NULL);
  return TROUPE_OK;
}

static void count_event(void *ctx, const trp_event *e, const trp_msg *m) {
  ring *r = ctx;
  r->types[e->type]++;
  r->last_ns = e->at_ns;
  bool is_message = e->type >= TRP_EVENT_ACCEPTED && e->type <= TRP_EVENT_DEAD;
  assert_true(is_message == (m != NULL));
}

/* One run of the ring; the hash of all that happened. */
static uint64_t run(ring *r, uint64_t seed) {
  memset(r, 0, sizeof *r);
  world_start(&r->w);
  trp_replay_init(&r->replay, seed);
  r->replay.on_event = count_event;
  r->replay.ctx = r;
  trp_replay_attach(r->w.sys, &r->replay);
  for (size_t i = 0; i < ACTORS; i++) {
    r->probes[i] = (probe){.script = {.receive = pass_on}, .user = r};
    r->pids[i] = probe_spawn(&r->w, &r->probes[i]);
  }
  const uint8_t first = 4;
  troupe_tell(r->w.sys, r->pids[0], "n", &first, 1);
  troupe_tell(r->w.sys, r->pids[1], "n", &first, 1);
  world_settle(&r->w);
  world_stop(&r->w);
  return r->replay.hash;
}

static void one_seed_gives_one_hash_wherever_the_memory_lies(void **state) {
  (void)state;
  ring *here = calloc(1, sizeof *here), *there = calloc(1, sizeof *there);
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    uint64_t hash = run(here, seed);
    void *pad[16]; /* the second run finds another heap */
    for (size_t i = 0; i < 16; i++)
      pad[i] = malloc(40 * (i + 1) + 7 * seed);
    assert_true(run(there, seed) == hash);
    assert_string_equal(here->order, there->order);
    for (size_t i = 0; i < 16; i++)
      free(pad[i]);
  }
  free(here);
  free(there);
}

static void other_seeds_give_other_schedules(void **state) {
  (void)state;
  static ring r;
  uint64_t hashes[SEEDS];
  char first[sizeof r.order];
  unsigned orders = 0;
  for (unsigned i = 0; i < SEEDS; i++) {
    hashes[i] = run(&r, i + 1);
    for (unsigned j = 0; j < i; j++)
      assert_true(hashes[i] != hashes[j]);
    if (i == 0) memcpy(first, r.order, sizeof first);
    orders += strcmp(first, r.order) != 0;
  }
  assert_in_range(orders, SEEDS * 9 / 10, SEEDS - 1);
}

static void the_record_has_all_that_happened(void **state) {
  (void)state;
  static ring r;
  run(&r, 1);
  assert_int_equal(r.types[TRP_EVENT_SPAWNED], ACTORS);
  assert_int_equal(r.types[TRP_EVENT_STARTED], ACTORS + 2); /* guardian and port */
  assert_int_equal(r.types[TRP_EVENT_ACCEPTED], 62);        /* 2 * (1 + 2 + 4 + 8 + 16) */
  assert_int_equal(r.types[TRP_EVENT_DELIVERED], 62);
  assert_int_equal(r.types[TRP_EVENT_HANDLED], 62);
  assert_int_equal(r.types[TRP_EVENT_DEAD], 0);
  assert_int_equal(r.types[TRP_EVENT_GONE], ACTORS + 2);
  assert_true(r.types[TRP_EVENT_SLICE] >= ACTORS);
  assert_int_equal(r.last_ns, TRP_NS_PER_S);
}

static void a_slice_and_a_pick_stay_in_their_bounds(void **state) {
  (void)state;
  trp_replay r;
  trp_replay_init(&r, 3);
  bool least = false, most = false;
  for (int i = 0; i < 1000; i++) {
    int n = trp_replay_slice(&r, 256);
    assert_in_range(n, 0, 256);
    least |= n == 0;
    most |= n == 256;
    assert_in_range(trp_replay_pick(&r, 3), 0, 2);
  }
  assert_true(least && most);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_seed_gives_one_hash_wherever_the_memory_lies),
      cmocka_unit_test(other_seeds_give_other_schedules),
      cmocka_unit_test(the_record_has_all_that_happened),
      cmocka_unit_test(a_slice_and_a_pick_stay_in_their_bounds),
  };
  return run_tests(tests);
}
