/* The system's memory: counted, bounded, and refused in order. */
#include "tests/actors/world.h"

#include <pthread.h>
#include <unistd.h>

#include "actors/base/mem.h"
#include "actors/base/rand.h"
#include "actors/memory.h"
#include "actors/system.h"

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

/* ---- the count ----------------------------------------------------------------------------- */

static void the_allocator_counts_what_is_alive_and_stops_at_the_limit(void **state) {
  (void)state;
  faulty f;
  trp_memory m;
  faulty_init(&f, 0);
  trp_memory_init(&m, &f.allocator, 1008, NULL);
  troupe_allocator al = trp_memory_allocator(&m);
  void *p = trp_alloc(&al, 608);
  assert_non_null(p);
  assert_null(trp_alloc(&al, 401));
  assert_null(trp_realloc(&al, p, 608, 1009));
  void *q = trp_alloc(&al, 400);
  assert_non_null(q);
  assert_int_equal(trp_account_used(&m.all), 1008);
  p = trp_realloc(&al, p, 608, 96);
  assert_int_equal(trp_account_used(&m.all), 496);
  f.fail_at = f.calls + 1; /* what the machine does not have is not counted */
  assert_null(trp_realloc(&al, p, 96, 304));
  assert_int_equal(trp_account_used(&m.all), 496);
  trp_free(&al, p, 96);
  trp_free(&al, q, 400);
  assert_int_equal(trp_account_used(&m.all), 0);
  trp_memory_fini(&m);
  faulty_check(&f);
}

static void the_default_limit_is_a_part_of_the_machine(void **state) {
  (void)state;
  trp_memory m;
  trp_memory_init(&m, NULL, 0, NULL);
  uint64_t ram = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
  assert_true(m.all.limit > MIB && m.all.limit <= ram / 4 * 3);
}

static void a_cache_gives_everything_back(void **state) {
  (void)state;
  enum { BLOCKS = 400 };
  trp_memory m;
  trp_memory_cache c;
  size_t sizes[BLOCKS], held = 0;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  trp_memory_init(&m, NULL, 16 * MIB, NULL);
  trp_memory_cache_open(&c, &m);
  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < BLOCKS; i++) {
      sizes[i] = 1 + trp_rand_below(&r, trp_rand_below(&r, 4) ? 500 : 200 * KIB);
      if (!trp_memory_take(&m, sizes[i])) sizes[i] = 0;
      held += sizes[i];
      assert_int_equal(trp_account_used(&m.all), held + c.free);
      assert_true(c.free <= 128 * KIB);
    }
    for (int i = 0; i < BLOCKS; i++) {
      if (sizes[i]) trp_memory_give(&m, sizes[i]);
      held -= sizes[i];
      assert_int_equal(trp_account_used(&m.all), held + c.free);
      assert_true(c.free <= 128 * KIB);
    }
  }
  trp_memory_cache_close(&c);
  assert_int_equal(trp_account_used(&m.all), 0);
}

static void a_cache_uses_the_limit_to_the_last_byte(void **state) {
  (void)state;
  trp_memory m;
  trp_memory_cache c;
  trp_memory_init(&m, NULL, 100 * KIB, NULL);
  trp_memory_cache_open(&c, &m);
  size_t blocks = 0;
  while (trp_memory_take(&m, 100))
    blocks++;
  assert_int_equal(blocks, 100 * KIB / 100);
  trp_memory_give(&m, blocks * 100);
  trp_memory_cache_close(&c);
  assert_int_equal(trp_account_used(&m.all), 0);
}

/* Freed blocks of many sizes wait in the depot. They must not stand for what is in use: there is
 * nobody then who would ever take them out. */
static void what_waits_to_be_used_again_is_no_reason_to_refuse(void **state) {
  (void)state;
  enum { SIZES = 30, ROUNDS = 1000 };
  static void *blocks[ROUNDS][SIZES];
  trp_memory m;
  trp_memory_cache c;
  int most = 0;
  trp_memory_init(&m, NULL, 4 * MIB, NULL);
  troupe_allocator al = trp_memory_allocator(&m);
  trp_memory_cache_open(&c, &m);
  while (most < ROUNDS && trp_memory_has_room(&m, TRP_MEMORY_NEW, 512)) {
    for (size_t i = 0; i < SIZES; i++)
      assert_non_null(blocks[most][i] = trp_alloc(&al, (i + 1) * 16));
    most++;
  }
  assert_true(most > 100 && most < ROUNDS); /* all of it has room in the depot */
  for (int n = 0; n < most; n++) {
    for (size_t i = 0; i < SIZES; i++)
      trp_free(&al, blocks[n][i], (i + 1) * 16);
  }
  assert_true(trp_memory_has_room(&m, TRP_MEMORY_NEW, 2 * MIB)); /* nothing is in use */
  void *all = trp_alloc(&al, 4 * MIB);
  assert_non_null(all);
  trp_free(&al, all, 4 * MIB);
  trp_memory_cache_close(&c);
  trp_memory_fini(&m);
  assert_int_equal(trp_account_used(&m.all), 0);
}

typedef struct racer {
  trp_memory *m;
  uint64_t seed;
  uint64_t worst;
} racer;

static void *race(void *arg) {
  racer *me = arg;
  trp_memory_cache c;
  trp_rand r;
  size_t held = 0;
  trp_rand_init(&r, me->seed);
  trp_memory_cache_open(&c, me->m);
  for (int i = 0; i < 50000; i++) {
    size_t bytes = 1 + trp_rand_below(&r, 30 * KIB);
    if (trp_memory_take(me->m, bytes)) held += bytes;
    if (trp_account_used(&me->m->all) > me->worst) me->worst = trp_account_used(&me->m->all);
    if (held > 200 * KIB) {
      trp_memory_give(me->m, held);
      held = 0;
    }
  }
  if (held) trp_memory_give(me->m, held);
  trp_memory_cache_close(&c);
  return NULL;
}

static void racing_workers_never_pass_the_limit(void **state) {
  (void)state;
  enum { RACERS = 4 };
  trp_memory m;
  racer racers[RACERS];
  pthread_t threads[RACERS];
  uint64_t seed = test_seed();
  trp_memory_init(&m, NULL, 500 * KIB, NULL);
  for (int i = 0; i < RACERS; i++) {
    racers[i] = (racer){.m = &m, .seed = seed + (uint64_t)i};
    assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
  }
  for (int i = 0; i < RACERS; i++) {
    pthread_join(threads[i], NULL);
    assert_true(racers[i].worst <= 500 * KIB);
  }
  assert_int_equal(trp_account_used(&m.all), 0);
}

/* ---- a system that is full ----------------------------------------------------------------- */

enum { SYSTEM_BYTES = 8 << 20 };

static uint64_t used(world *w) {
  troupe_stats s;
  troupe_system_stats(w->sys, &s);
  assert_int_equal(s.memory_limit_bytes, SYSTEM_BYTES);
  assert_true(s.memory_bytes <= s.memory_limit_bytes);
  return s.memory_bytes;
}

static int answer(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)p;
  if (m->type == TROUPE_MESSAGE_ASK) troupe_actor_reply(a, "yes", 3);
  return TROUPE_OK;
}

/* Fills the system with messages that nobody takes; returns how many were accepted. */
static unsigned flood(world *w, troupe_pid *pids, unsigned count, size_t bytes) {
  static char text[64 * 1024];
  unsigned accepted = 0;
  for (unsigned i = 0; i < count; i++) {
    for (int rc = TROUPE_OK; rc == TROUPE_OK;) {
      rc = troupe_tell(w->sys, pids[i], "x", text, bytes);
      if (rc == TROUPE_OK) accepted++;
      (void)used(w);
      if (rc == TROUPE_E_NO_MEMORY) return accepted;
      assert_true(rc == TROUPE_OK || rc == TROUPE_E_MAILBOX_FULL);
    }
  }
  return accepted;
}

static void full_mailboxes_are_bounded_together(void **state) {
  (void)state;
  enum { ACTORS = 100 };
  world w;
  world_start_bounded(&w, SYSTEM_BYTES);
  static probe probes[ACTORS], asker, late;
  troupe_pid pids[ACTORS];
  memset(probes, 0, sizeof probes);
  memset(&asker, 0, sizeof asker);
  memset(&late, 0, sizeof late);
  for (int i = 0; i < ACTORS; i++) {
    probes[i].script.receive = answer;
    pids[i] = probe_spawn(&w, &probes[i]);
  }
  /* Each mailbox alone would hold 16 MiB. */
  unsigned accepted = flood(&w, pids, ACTORS, 60000);
  assert_true(accepted > 100);
  uint64_t full = used(&w);
  assert_true(full > SYSTEM_BYTES / 8 * 7 - 70000);

  troupe_stats s;
  troupe_system_stats(w.sys, &s);
  assert_int_equal(s.limits[TROUPE_LIMIT_SYSTEM_MEMORY], 1);
  assert_int_equal(s.dead[TROUPE_DEAD_NO_MEMORY], 1);
  assert_int_equal(w.last_dead, TROUPE_DEAD_NO_MEMORY);

  while (troupe_tell(w.sys, pids[ACTORS - 1], "x", NULL, 0) == TROUPE_OK) {
  }
  troupe_spawn_opts o = probe_opts(&late);
  troupe_pid pid;
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_E_LIMIT);
  assert_int_equal(late.gone, 1); /* its argument is freed */

  world_settle(&w); /* what is there is handled, and there is room again */
  assert_true(used(&w) < SYSTEM_BYTES / 4);
  o = probe_opts(&asker);
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(asker.inits, 1);
  world_stop(&w);
}

static troupe_pid sink_pid, filler_pid;

static int flood_others(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)p, (void)m;
  static char text[60000];
  while (troupe_actor_tell(a, sink_pid, "x", text, sizeof text, NULL, NULL) == TROUPE_OK) {
  }
  troupe_actor_reply(a, "done", 4);
  return TROUPE_OK;
}

static int ask_the_filler(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)m;
  return troupe_actor_ask(a, filler_pid, "fill", NULL, 0, NULL, &p->id);
}

static void what_was_asked_is_answered_in_a_full_system(void **state) {
  (void)state;
  world w;
  world_start_bounded(&w, SYSTEM_BYTES);
  probe sink = {0}, filler = {.script.receive = flood_others};
  probe asker = {.script.receive = ask_the_filler};
  sink_pid = probe_spawn(&w, &sink);
  filler_pid = probe_spawn(&w, &filler);
  troupe_pid pid = probe_spawn(&w, &asker);
  assert_int_equal(troupe_tell(w.sys, pid, "go", NULL, 0), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(asker.events, 1);
  assert_int_equal(asker.last.code, TROUPE_OK);
  assert_string_equal(asker.data, "done");
  world_stop(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_allocator_counts_what_is_alive_and_stops_at_the_limit),
      cmocka_unit_test(the_default_limit_is_a_part_of_the_machine),
      cmocka_unit_test(a_cache_gives_everything_back),
      cmocka_unit_test(a_cache_uses_the_limit_to_the_last_byte),
      cmocka_unit_test(what_waits_to_be_used_again_is_no_reason_to_refuse),
      cmocka_unit_test(racing_workers_never_pass_the_limit),
      cmocka_unit_test(full_mailboxes_are_bounded_together),
      cmocka_unit_test(what_was_asked_is_answered_in_a_full_system),
  };
  return run_tests(tests);
}
