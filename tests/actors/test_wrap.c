/* Numbers that pass 32 bits: ids of what an actor waits for, serials of slots, names of waits. */
#include "tests/actors/world.h"

#include "actors/actor.h"
#include "actors/system.h"

enum { ASKS = 6 };

typedef struct client {
  troupe_pid to;
  uint64_t ask[ASKS], monitor, timer;
  unsigned ended;
} client;

/* Its next ids are the last ones of 32 bits, and those after. */
static int start_all(troupe_actor *a, probe *p, const troupe_message *m) {
  client *c = p->user;
  if (m->type != TROUPE_MESSAGE_TELL) return TROUPE_OK;
  a->ledger.next_id = UINT32_MAX - 3;
  for (int i = 0; i < ASKS; i++)
    assert_int_equal(troupe_actor_ask(a, c->to, "q", NULL, 0, NULL, &c->ask[i]), TROUPE_OK);
  int err = troupe_actor_monitor(a, c->to, &c->monitor);
  return err ? err : troupe_actor_timer(a, 10, 0, false, NULL, &c->timer);
}
static void note_id(troupe_actor *a, probe *p, const troupe_event *e) {
  (void)a;
  client *c = p->user;
  if (e->id == c->ask[c->ended] && e->code == TROUPE_OK) c->ended++;
}

static void ids_pass_32_bits(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe to = {0};
  client c = {.to = probe_spawn(&w, &to)};
  probe p = {.script = {.receive = start_all, .resume = note_id}, .user = &c};
  troupe_pid pid = probe_spawn(&w, &p);
  assert_int_equal(troupe_tell(w.sys, pid, "go", NULL, 0), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(c.ask[0], UINT32_MAX - 2);
  assert_int_equal(c.ask[ASKS - 1], (uint64_t)UINT32_MAX + 3);
  assert_int_equal(c.ended, ASKS); /* each answer found its own */
  troupe_kill(w.sys, c.to);
  world_pass(&w, 20);
  assert_int_equal(p.downs, 1);
  assert_int_equal(p.down_id, c.monitor);
  assert_int_equal(p.timers, 1);
  world_stop(&w);
}

static void the_last_serials_of_a_slot_reach_nobody_else(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe first = {0}, last[2], next = {0};
  memset(last, 0, sizeof last);
  troupe_pid pid = probe_spawn(&w, &first);
  trp_slot *slot = trp_slots_find(&w.sys->slots, pid);
  troupe_kill(w.sys, pid);
  world_settle(&w);
  uint32_t number = (uint32_t)pid.id;
  atomic_store(&slot->pid,
               (UINT64_C(0xfffffffe) << 32) | number); /* it is free, with the next pid */
  troupe_pid old = pid;
  for (int i = 0; i < 2; i++) {
    pid = probe_spawn(&w, &last[i]);
    assert_int_equal(pid.id, ((UINT64_C(0xfffffffe) + (uint64_t)i) << 32) | number);
    assert_int_equal(troupe_tell(w.sys, old, "stale", NULL, 0), TROUPE_E_NOPROC);
    assert_int_equal(troupe_tell(w.sys, pid, "m", NULL, 0), TROUPE_OK);
    world_settle(&w);
    assert_string_equal(last[i].kinds, "m");
    troupe_kill(w.sys, pid);
    world_settle(&w);
    old = pid;
  }
  pid = probe_spawn(&w, &next); /* the slot has no serials left */
  assert_int_not_equal((uint32_t)pid.id, number);
  assert_int_equal(troupe_tell(w.sys, old, "stale", NULL, 0), TROUPE_E_NOPROC);
  assert_int_equal(troupe_tell(w.sys, (troupe_pid){number}, "stale", NULL, 0), TROUPE_E_NOPROC);
  world_stop(&w);
}

static int ask_back(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)m;
  client *c = p->user;
  if (c->ended == 0) a->ledger.next_id = UINT32_MAX - 1; /* which waits are named by */
  troupe_actor_block(a, true);
  int err = troupe_actor_ask(a, c->to, "q", NULL, 0, NULL, &c->ask[0]);
  if (err != TROUPE_OK) troupe_actor_block(a, false);
  c->ended += err == TROUPE_E_WOULD_DEADLOCK;
  return TROUPE_OK;
}
static void go_on(troupe_actor *a, probe *p, const troupe_event *e) {
  (void)p, (void)e;
  troupe_actor_block(a, false);
}

static void waits_are_told_apart_when_their_names_begin_again(void **state) {
  (void)state;
  world w;
  world_start(&w);
  client c[2];
  memset(c, 0, sizeof c);
  probe p[2];
  for (int i = 0; i < 2; i++) {
    p[i] = (probe){.script = {.receive = ask_back, .resume = go_on}, .user = &c[i]};
    c[1 - i].to = probe_spawn(&w, &p[i]);
  }
  for (unsigned round = 1; round <= 3; round++) {
    assert_int_equal(troupe_tell(w.sys, c[0].to, "go", NULL, 0), TROUPE_OK);
    world_settle(&w); /* the question makes the other one ask back */
    assert_int_equal(c[0].ended + c[1].ended, round);
  }
  world_stop(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ids_pass_32_bits),
      cmocka_unit_test(the_last_serials_of_a_slot_reach_nobody_else),
      cmocka_unit_test(waits_are_told_apart_when_their_names_begin_again),
  };
  return run_tests(tests);
}
