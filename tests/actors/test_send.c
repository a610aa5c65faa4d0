#include "tests/actors/world.h"

#include "actors/room.h"
#include "actors/system.h"

static void a_full_mailbox_refuses_a_host_and_frees_room_when_handled(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {0};
  troupe_spawn_opts o = probe_opts(&p);
  o.mailbox_messages = 3;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
  world_settle(&w);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 3; i++)
      assert_int_equal(troupe_tell(w.sys, pid, "m", NULL, 0), TROUPE_OK);
    assert_int_equal(troupe_tell(w.sys, pid, "m", NULL, 0), TROUPE_E_MAILBOX_FULL);
    assert_int_equal(w.last_dead, TROUPE_DEAD_MAILBOX_FULL);
    world_settle(&w);
  }
  assert_int_equal(p.tells, 9);
  world_stop(&w);
}

static void a_mailbox_that_fills_and_drains_says_so_once(void **state) {
  (void)state;
  for (int i = TROUPE_OVERFLOW_WAIT; i <= TROUPE_OVERFLOW_DROP_OLD; i++) {
    world w;
    world_start(&w);
    probe p = {0};
    troupe_spawn_opts o = probe_opts(&p);
    o.mailbox_messages = 10;
    o.overflow = (troupe_overflow)i;
    troupe_pid pid;
    assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
    world_settle(&w);
    for (unsigned round = 1; round <= 3; round++) {
      for (int n = 1; n <= 13; n++) {
        (void)troupe_tell(w.sys, pid, "m", NULL, 0);
        assert_int_equal(w.filled, n < 8 ? round - 1 : round);
        assert_int_equal(w.drained, round - 1);
      }
      world_settle(&w);
      assert_int_equal(w.drained, round);
    }
    troupe_stats s;
    troupe_system_stats(w.sys, &s);
    assert_int_equal(s.filled, 3);
    world_stop(&w);
  }
}

typedef struct seen { /* what the mailbox was said to hold while each message was handled */
  trp_slot *slot;
  uint32_t queued[64];
  unsigned n;
} seen;

static int note_queued(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)a, (void)m;
  seen *s = p->user;
  s->queued[s->n++] = trp_room_messages(s->slot);
  return TROUPE_OK;
}

/* One 32nd of the mailbox at most is given back late, and nothing by an actor that does not run. */
static void room_goes_back_in_groups_that_are_small_against_the_mailbox(void **state) {
  (void)state;
  static const struct {
    uint32_t messages, together;
  } cases[] = {{64, 2}, {320, 10}, {63, 2}, {32, 1}, {100000, 32}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    world w;
    world_start(&w);
    seen s = {0};
    probe p = {.script = {.receive = note_queued}, .user = &s};
    troupe_spawn_opts o = probe_opts(&p);
    o.mailbox_messages = cases[i].messages;
    troupe_pid pid;
    assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
    s.slot = trp_slots_find(&w.sys->slots, pid);
    uint32_t count = cases[i].messages < 60 ? cases[i].messages : 60;
    for (uint32_t n = 0; n < count; n++)
      assert_int_equal(troupe_tell(w.sys, pid, "m", NULL, 0), TROUPE_OK);
    while (s.n < count)
      troupe_system_step(w.sys, 0);
    for (uint32_t n = 0; n < count; n++) {
      assert_in_range(s.queued[n], count - n, count - n + cases[i].together - 1);
      if (n < cases[i].together) assert_int_equal(s.queued[n], count);
    }
    world_settle(&w);
    assert_int_equal(trp_room_messages(s.slot), 0);
    world_stop(&w);
  }
}

static void the_byte_bound_is_exact(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {0};
  troupe_spawn_opts o = probe_opts(&p);
  o.mailbox_bytes = 4096;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
  world_settle(&w);
  char bytes[8192] = {0};
  size_t fits = 0;
  for (size_t n = 4096; n > 0 && !fits; n--) { /* the largest payload that is ever accepted */
    int err = troupe_tell(w.sys, pid, "m", bytes, n);
    if (err == TROUPE_OK)
      fits = n;
    else
      assert_int_equal(err, TROUPE_E_TOO_BIG);
  }
  assert_in_range(fits, 3500, 4095);
  world_settle(&w);
  assert_int_equal(troupe_tell(w.sys, pid, "m", bytes, fits + 1), TROUPE_E_TOO_BIG);
  assert_int_equal(troupe_tell(w.sys, pid, "m", bytes, fits), TROUPE_OK);
  assert_int_equal(troupe_tell(w.sys, pid, "m", NULL, 0), TROUPE_E_MAILBOX_FULL);
  world_settle(&w);
  world_stop(&w);
}

static void the_systems_message_limit_and_bad_kinds_are_refused(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {0};
  troupe_pid pid = probe_spawn(&w, &p);
  size_t limit = 1 << 20;
  char *big = calloc(1, limit + 1);
  assert_int_equal(troupe_tell(w.sys, pid, "m", big, limit), TROUPE_OK);
  assert_int_equal(troupe_tell(w.sys, pid, "m", big, limit + 1), TROUPE_E_TOO_BIG);
  assert_int_equal(w.dead_seen, 1);
  assert_int_equal(w.last_dead, TROUPE_DEAD_TOO_BIG);
  free(big);
  char kind[66];
  memset(kind, 'k', 65);
  kind[65] = 0;
  assert_int_equal(troupe_tell(w.sys, pid, kind, NULL, 0), TROUPE_E_INVALID);
  kind[64] = 0;
  assert_int_equal(troupe_tell(w.sys, pid, kind, NULL, 0), TROUPE_OK);
  assert_int_equal(troupe_tell(w.sys, pid, "", NULL, 0), TROUPE_E_INVALID);
  assert_int_equal(troupe_tell(w.sys, pid, NULL, NULL, 0), TROUPE_E_INVALID);
  assert_int_equal(troupe_tell(w.sys, pid, "m", NULL, 1), TROUPE_E_INVALID);
  assert_int_equal(troupe_tell(w.sys, (troupe_pid){0}, "m", NULL, 0), TROUPE_E_NOPROC);
  assert_int_equal(troupe_tell(w.sys, (troupe_pid){UINT64_MAX}, "m", NULL, 0), TROUPE_E_NOPROC);
  world_settle(&w);
  world_stop(&w);
}

/* ---- skipping ------------------------------------------------------------------------------ */

static int only_b(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)a;
  if (p->id == 0 && strcmp(m->kind, "b") != 0) return TROUPE_SKIP;
  if (p->id == 0) {
    p->id = 1;
    troupe_actor_rescan(a);
  }
  return TROUPE_OK;
}

static void skipped_messages_keep_their_place_and_their_room(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {.script = {.receive = only_b}};
  troupe_spawn_opts o = probe_opts(&p);
  o.mailbox_messages = 3;
  troupe_pid pid;
  troupe_spawn(w.sys, &pid, &o);
  world_settle(&w);
  troupe_tell(w.sys, pid, "a", NULL, 0);
  troupe_tell(w.sys, pid, "c", NULL, 0);
  world_settle(&w);
  assert_int_equal(p.tells, 0);
  assert_int_equal(troupe_tell(w.sys, pid, "b", NULL, 0), TROUPE_OK);
  assert_int_equal(troupe_tell(w.sys, pid, "d", NULL, 0), TROUPE_E_MAILBOX_FULL);
  world_settle(&w);
  assert_string_equal(p.kinds, "b a c");
  world_stop(&w);
}

static void a_stopping_system_refuses(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {0}, q = {0};
  troupe_pid pid = probe_spawn(&w, &p), other;
  assert_int_equal(troupe_system_stop(w.sys, 100), TROUPE_OK);
  assert_int_equal(troupe_tell(w.sys, pid, "m", NULL, 0), TROUPE_E_SYSTEM_STOPPED);
  troupe_spawn_opts o = probe_opts(&q);
  assert_int_equal(troupe_spawn(w.sys, &other, &o), TROUPE_E_SYSTEM_STOPPED);
  assert_int_equal(q.gone, 1);
  assert_int_equal(troupe_system_stop(w.sys, 100), TROUPE_OK);
  world_stop(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_full_mailbox_refuses_a_host_and_frees_room_when_handled),
      cmocka_unit_test(a_mailbox_that_fills_and_drains_says_so_once),
      cmocka_unit_test(room_goes_back_in_groups_that_are_small_against_the_mailbox),
      cmocka_unit_test(the_byte_bound_is_exact),
      cmocka_unit_test(the_systems_message_limit_and_bad_kinds_are_refused),
      cmocka_unit_test(skipped_messages_keep_their_place_and_their_room),
      cmocka_unit_test(a_stopping_system_refuses),
  };
  return run_tests(tests);
}
