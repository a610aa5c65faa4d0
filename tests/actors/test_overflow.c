/* What a full mailbox does with one message more: every policy at, under and over the bound. */
#include "tests/actors/world.h"

#include <pthread.h>

#include "actors/base/rand.h"

enum { ROOM = 3 };

/* A receiver with room for three that does not run before the test lets it. */
static troupe_pid receiver(world *w, probe *p, troupe_overflow overflow) {
  troupe_spawn_opts o = probe_opts(p);
  o.mailbox_messages = ROOM;
  o.overflow = overflow;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(w->sys, &pid, &o), TROUPE_OK);
  world_settle(w);
  return pid;
}

/* Tells each letter as a kind; returns the last code, all before must be TROUPE_OK. */
static int tell_all(world *w, troupe_pid to, const char *kinds) {
  int rc = TROUPE_OK;
  for (char k[2] = {0}; *kinds; kinds++) {
    assert_int_equal(rc, TROUPE_OK);
    k[0] = *kinds;
    rc = troupe_tell(w->sys, to, k, "x", 1);
  }
  return rc;
}

static uint64_t dead(world *w, troupe_dead_reason why) {
  troupe_stats s;
  troupe_system_stats(w->sys, &s);
  return s.dead[why];
}

static void fail_and_wait_refuse_a_host(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    world w;
    world_start(&w);
    probe p = {0};
    troupe_pid pid = receiver(&w, &p, i ? TROUPE_OVERFLOW_FAIL : TROUPE_OVERFLOW_WAIT);
    assert_int_equal(tell_all(&w, pid, "abcd"), TROUPE_E_MAILBOX_FULL);
    world_settle(&w);
    assert_string_equal(p.kinds, "a b c");
    assert_int_equal(dead(&w, TROUPE_DEAD_MAILBOX_FULL), 1);
    world_stop(&w);
  }
}

static void drop_new_drops_what_comes_and_says_so(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {0};
  troupe_pid pid = receiver(&w, &p, TROUPE_OVERFLOW_DROP_NEW);
  assert_int_equal(tell_all(&w, pid, "abcd"), TROUPE_E_DROPPED);
  assert_int_equal(w.last_dead, TROUPE_DEAD_OVERFLOW_NEW);
  world_settle(&w);
  assert_string_equal(p.kinds, "a b c");
  assert_int_equal(dead(&w, TROUPE_DEAD_OVERFLOW_NEW), 1);
  world_stop(&w);
}

static void drop_old_keeps_the_newest(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {0};
  troupe_pid pid = receiver(&w, &p, TROUPE_OVERFLOW_DROP_OLD);
  assert_int_equal(tell_all(&w, pid, "abcdefgh"), TROUPE_OK);
  assert_int_equal(w.last_dead, TROUPE_DEAD_OVERFLOW_OLD);
  world_settle(&w);
  assert_string_equal(p.kinds, "f g h");
  assert_int_equal(dead(&w, TROUPE_DEAD_OVERFLOW_OLD), 5);
  world_stop(&w);
}

static void drop_old_makes_room_for_bytes_too(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {0};
  troupe_spawn_opts o = probe_opts(&p);
  o.mailbox_bytes = 4096;
  o.overflow = TROUPE_OVERFLOW_DROP_OLD;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
  world_settle(&w);
  static const char bytes[4096];
  for (int i = 0; i < 6; i++)
    assert_int_equal(troupe_tell(w.sys, pid, "small", bytes, 400), TROUPE_OK);
  assert_int_equal(w.dead_seen, 0);
  assert_int_equal(troupe_tell(w.sys, pid, "big", bytes, 3900), TROUPE_OK);
  assert_int_equal(w.dead_seen, 6);
  assert_int_equal(troupe_tell(w.sys, pid, "huge", bytes, 4096), TROUPE_E_TOO_BIG);
  world_settle(&w);
  assert_string_equal(p.kinds, "big");
  world_stop(&w);
}

static int tell_high_between(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)m;
  static const char bytes[6000];
  const troupe_pid *to = p->user;
  const troupe_send_opts high = {.size = sizeof high, .priority = TROUPE_PRIORITY_HIGH};
  for (int i = 0; i < 4; i++)
    assert_int_equal(troupe_actor_tell(a, *to, "small", bytes, 900, NULL, NULL), TROUPE_OK);
  assert_int_equal(troupe_actor_tell(a, *to, "high", bytes, 6000, &high, NULL), TROUPE_OK);
  assert_int_equal(troupe_actor_tell(a, *to, "big", bytes, 5000, NULL, NULL), TROUPE_E_DROPPED);
  assert_int_equal(troupe_actor_tell(a, *to, "fits", bytes, 2000, NULL, NULL), TROUPE_OK);
  return TROUPE_OK;
}

/* The room of those of high priority is not to be had by dropping others. */
static void drop_old_drops_nothing_in_vain(void **state) {
  (void)state;
  world w;
  world_start(&w);
  troupe_pid to;
  probe p = {0}, sender = {.script.receive = tell_high_between, .user = &to};
  troupe_spawn_opts o = probe_opts(&p);
  o.mailbox_bytes = 10000;
  o.overflow = TROUPE_OVERFLOW_DROP_OLD;
  assert_int_equal(troupe_spawn(w.sys, &to, &o), TROUPE_OK);
  troupe_pid from = probe_spawn(&w, &sender);
  world_settle(&w);
  assert_int_equal(troupe_tell(w.sys, from, "go", NULL, 0), TROUPE_OK);
  world_settle(&w);
  assert_string_equal(p.kinds, "high small fits"); /* three of the small ones made room for it */
  assert_int_equal(dead(&w, TROUPE_DEAD_OVERFLOW_OLD), 3);
  world_stop(&w);
}

/* ---- what is in hand, what was skipped ----------------------------------------------------- */

static int tell_self_thrice(troupe_actor *a, probe *p, const troupe_message *m) {
  if (strcmp(m->kind, "go") != 0) return TROUPE_OK;
  for (int i = 0; i < 3; i++) {
    char kind[2] = {(char)('a' + i), 0};
    assert_int_equal(troupe_actor_tell(a, p->self, kind, NULL, 0, NULL, NULL), TROUPE_OK);
  }
  return p->user ? TROUPE_SKIP : TROUPE_OK;
}

/* With room for one the latest is kept: the message in hand does not take its place. */
static void drop_old_with_room_for_one_keeps_the_latest(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {.script = {.receive = tell_self_thrice}};
  troupe_spawn_opts o = probe_opts(&p);
  o.mailbox_messages = 1;
  o.overflow = TROUPE_OVERFLOW_DROP_OLD;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
  assert_int_equal(troupe_tell(w.sys, pid, "go", NULL, 0), TROUPE_OK);
  world_settle(&w);
  assert_string_equal(p.kinds, "go c");
  world_stop(&w);
}

static void a_skipped_message_is_the_oldest(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {.script = {.receive = tell_self_thrice}, .user = &p};
  troupe_pid pid = receiver(&w, &p, TROUPE_OVERFLOW_DROP_OLD);
  assert_int_equal(troupe_tell(w.sys, pid, "go", NULL, 0), TROUPE_OK);
  world_settle(&w); /* put back, it finds its room taken */
  assert_string_equal(p.kinds, "a b c");
  assert_int_equal(dead(&w, TROUPE_DEAD_OVERFLOW_OLD), 1);
  world_stop(&w);
}

static int skip_a(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)p;
  if (strcmp(m->kind, "again") == 0) troupe_actor_rescan(a);
  return strcmp(m->kind, "a") == 0 && !p->user ? TROUPE_SKIP : TROUPE_OK;
}

static void what_was_skipped_goes_first(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {.script = {.receive = skip_a}};
  troupe_pid pid = receiver(&w, &p, TROUPE_OVERFLOW_DROP_OLD);
  assert_int_equal(tell_all(&w, pid, "aab"), TROUPE_OK);
  world_settle(&w); /* two are skipped */
  assert_int_equal(tell_all(&w, pid, "cd"), TROUPE_OK);
  assert_int_equal(w.dead_seen, 1);
  p.user = &p;
  assert_int_equal(troupe_tell(w.sys, pid, "again", NULL, 0), TROUPE_OK);
  assert_int_equal(w.dead_seen, 2);
  world_settle(&w);
  assert_string_equal(p.kinds, "b c d again");
  world_stop(&w);
}

/* ---- asks ---------------------------------------------------------------------------------- */

typedef struct asker {
  troupe_pid to;
  uint64_t id[8];
  int rc[8], code[8];
  int n, ended;
} asker;

static int ask_on(troupe_actor *a, probe *p, const troupe_message *m) {
  asker *s = p->user;
  troupe_send_opts o = {.size = sizeof o, .wait_ms = 0};
  s->rc[s->n] = troupe_actor_ask(a, s->to, m->kind, NULL, 0, &o, &s->id[s->n]);
  s->n++;
  return TROUPE_OK;
}
static void note_code(troupe_actor *a, probe *p, const troupe_event *e) {
  (void)a;
  asker *s = p->user;
  for (int i = 0; i < s->n; i++)
    if (s->id[i] == e->id) s->code[i] = e->code;
  s->ended++;
}

static int block_always(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)p, (void)m;
  troupe_actor_block(a, true);
  return TROUPE_OK;
}

static void a_dropped_ask_ends_at_once(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe to = {.script = {.receive = block_always}};
  asker s = {.to = receiver(&w, &to, TROUPE_OVERFLOW_DROP_OLD)};
  probe from = {.script = {.receive = ask_on, .resume = note_code}, .user = &s};
  troupe_pid pid = probe_spawn(&w, &from);
  assert_int_equal(troupe_tell(w.sys, s.to, "block", NULL, 0), TROUPE_OK);
  world_settle(&w);
  for (int i = 0; i < 5; i++)
    assert_int_equal(troupe_tell(w.sys, pid, "q", NULL, 0), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(s.ended, 2); /* time has stood still */
  assert_int_equal(s.code[0], TROUPE_E_DROPPED);
  assert_int_equal(s.code[1], TROUPE_E_DROPPED);
  assert_int_equal(s.rc[4], TROUPE_OK);
  world_stop(&w);
}

static void a_refused_ask_says_by_which_policy(void **state) {
  (void)state;
  static const int codes[] = {[TROUPE_OVERFLOW_WAIT] = TROUPE_E_MAILBOX_FULL,
                              [TROUPE_OVERFLOW_FAIL] = TROUPE_E_MAILBOX_FULL,
                              [TROUPE_OVERFLOW_DROP_NEW] = TROUPE_E_DROPPED,
                              [TROUPE_OVERFLOW_DROP_OLD] = TROUPE_OK,
                              [TROUPE_OVERFLOW_STOP] = TROUPE_E_MAILBOX_FULL};
  for (int i = 0; i < 5; i++) {
    world w;
    world_start(&w);
    probe to = {.script = {.receive = block_always}};
    asker s = {.to = receiver(&w, &to, (troupe_overflow)i)};
    probe from = {.script = {.receive = ask_on, .resume = note_code}, .user = &s};
    troupe_pid pid = probe_spawn(&w, &from);
    assert_int_equal(troupe_tell(w.sys, s.to, "block", NULL, 0), TROUPE_OK);
    world_settle(&w);
    assert_int_equal(tell_all(&w, s.to, "abc"), TROUPE_OK);
    assert_int_equal(troupe_tell(w.sys, pid, "q", NULL, 0), TROUPE_OK);
    world_settle(&w);
    assert_int_equal(s.rc[0], codes[i]);
    world_stop(&w);
  }
}

/* ---- stop ---------------------------------------------------------------------------------- */

typedef struct family {
  probe child;
  troupe_pid pid;
  troupe_exit_class why;
  unsigned exits;
} family;

static int spawn_stopping(troupe_actor *a, probe *p) {
  family *f = p->user;
  troupe_spawn_opts o = probe_opts(&f->child);
  o.mailbox_messages = ROOM;
  o.overflow = TROUPE_OVERFLOW_STOP;
  return troupe_actor_spawn(a, &o, &f->pid, NULL);
}
static void restart_child(troupe_actor *a, probe *p, troupe_child *c, troupe_child_event e) {
  family *f = p->user;
  if (e != TROUPE_CHILD_EXITED) return;
  f->exits++;
  f->why = troupe_child_reason(c)->class_;
  if (f->exits == 1)
    troupe_child_restart(a, c);
  else
    troupe_child_release(a, c);
}

static void stop_ends_the_receiver_and_its_parent_decides(void **state) {
  (void)state;
  world w;
  world_start(&w);
  family f = {0};
  probe parent = {.script = {.init = spawn_stopping, .child = restart_child}, .user = &f};
  probe_spawn(&w, &parent);
  assert_int_equal(tell_all(&w, f.pid, "abcd"), TROUPE_E_MAILBOX_FULL);
  assert_int_equal(troupe_tell(w.sys, f.pid, "e", NULL, 0), TROUPE_E_MAILBOX_FULL);
  world_settle(&w);
  assert_int_equal(f.exits, 1); /* once, whoever overflows it meanwhile */
  assert_int_equal(f.why, TROUPE_EXIT_MAILBOX_OVERFLOW);
  assert_int_equal(f.child.inits, 2);
  assert_int_equal(f.child.stops, 1);
  assert_string_equal(f.child.kinds, "a b c"); /* the mailbox is kept */
  assert_int_equal(dead(&w, TROUPE_DEAD_MAILBOX_FULL), 2);
  world_stop(&w);
}

static void stop_spares_a_receiver_that_has_not_started(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {0};
  troupe_spawn_opts o = probe_opts(&p);
  o.mailbox_messages = ROOM;
  o.overflow = TROUPE_OVERFLOW_STOP;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
  assert_int_equal(tell_all(&w, pid, "abcd"), TROUPE_E_MAILBOX_FULL);
  world_settle(&w);
  assert_string_equal(p.kinds, "a b c");
  assert_int_equal(p.gone, 0);
  world_stop(&w);
}

static void a_stop_is_not_lost_behind_an_overflow_before_the_start(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {0};
  troupe_spawn_opts o = probe_opts(&p);
  o.mailbox_messages = ROOM;
  o.overflow = TROUPE_OVERFLOW_STOP;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
  assert_int_equal(tell_all(&w, pid, "abcd"), TROUPE_E_MAILBOX_FULL);
  assert_int_equal(troupe_stop(w.sys, pid), TROUPE_OK);
  assert_int_equal(troupe_tell(w.sys, pid, "e", NULL, 0), TROUPE_E_MAILBOX_FULL);
  world_settle(&w);
  assert_int_equal(p.gone, 1);
  world_stop(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fail_and_wait_refuse_a_host),
      cmocka_unit_test(drop_new_drops_what_comes_and_says_so),
      cmocka_unit_test(drop_old_keeps_the_newest),
      cmocka_unit_test(drop_old_makes_room_for_bytes_too),
      cmocka_unit_test(drop_old_drops_nothing_in_vain),
      cmocka_unit_test(drop_old_with_room_for_one_keeps_the_latest),
      cmocka_unit_test(a_skipped_message_is_the_oldest),
      cmocka_unit_test(what_was_skipped_goes_first),
      cmocka_unit_test(a_dropped_ask_ends_at_once),
      cmocka_unit_test(a_refused_ask_says_by_which_policy),
      cmocka_unit_test(stop_ends_the_receiver_and_its_parent_decides),
      cmocka_unit_test(stop_spares_a_receiver_that_has_not_started),
      cmocka_unit_test(a_stop_is_not_lost_behind_an_overflow_before_the_start),
  };
  return run_tests(tests);
}
