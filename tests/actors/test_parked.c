/* Senders that wait for room: who is admitted when, and how else a wait ends. */
#include "tests/actors/world.h"

typedef struct sender { /* its user data: whom to send to, and how it went */
  troupe_pid to;
  uint32_t wait_ms;
  int rc[16];
  int n;
} sender;

static int send_on(troupe_actor *a, probe *p, const troupe_message *m) {
  sender *s = p->user;
  troupe_send_opts o = {.size = sizeof o, .wait_ms = s->wait_ms, .kind_len = m->kind_len};
  uint64_t id;
  s->rc[s->n++] = troupe_actor_tell(a, s->to, m->kind, m->data, m->len, &o, &id);
  return TROUPE_OK;
}

static int block_on(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)p;
  if (strcmp(m->kind, "block") == 0) {
    uint64_t id;
    troupe_actor_block(a, true);
    troupe_actor_timer(a, 1000, 0, true, NULL, &id);
  }
  return TROUPE_OK;
}
static void unblock(troupe_actor *a, probe *p, const troupe_event *e) {
  (void)p, (void)e;
  troupe_actor_block(a, false);
}

static int fail_at_once(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)a, (void)p, (void)m;
  return TROUPE_E_ERROR;
}
static int crash_on_first(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)a, (void)m;
  return p->inits == 1 ? TROUPE_E_ERROR : TROUPE_OK;
}

static uint64_t dead(world *w, troupe_dead_reason why) {
  troupe_stats s;
  troupe_system_stats(w->sys, &s);
  return s.dead[why];
}

/* A receiver with room for two that is busy for a second, and a sender. */
typedef struct pair {
  world w;
  probe to, from;
  sender s;
  troupe_pid pto, pfrom;
} pair;

static void pair_start(pair *x, uint32_t wait_ms, troupe_overflow overflow) {
  memset(x, 0, sizeof *x);
  world_start(&x->w);
  x->to.script.receive = block_on;
  x->to.script.resume = unblock;
  troupe_spawn_opts o = probe_opts(&x->to);
  o.mailbox_messages = 2;
  o.overflow = overflow;
  assert_int_equal(troupe_spawn(x->w.sys, &x->pto, &o), TROUPE_OK);
  world_settle(&x->w);
  x->s = (sender){.to = x->pto, .wait_ms = wait_ms};
  x->from.script.receive = send_on;
  x->from.user = &x->s;
  x->pfrom = probe_spawn(&x->w, &x->from);
  troupe_tell(x->w.sys, x->pto, "block", NULL, 0);
  world_settle(&x->w);
}

static void push(pair *x, const char *kinds) {
  for (char k[2] = {0}; *kinds; kinds++) {
    k[0] = *kinds;
    assert_int_equal(troupe_tell(x->w.sys, x->pfrom, k, NULL, 0), TROUPE_OK);
  }
  world_settle(&x->w);
}

static void a_sender_parks_and_is_admitted_in_order(void **state) {
  (void)state;
  pair x;
  pair_start(&x, 5000, TROUPE_OVERFLOW_WAIT);
  push(&x, "abcde");
  assert_int_equal(x.s.rc[0], TROUPE_OK);
  assert_int_equal(x.s.rc[1], TROUPE_OK);
  assert_int_equal(x.s.rc[2], TROUPE_PENDING);
  assert_int_equal(x.s.rc[4], TROUPE_PENDING);
  assert_int_equal(troupe_tell(x.w.sys, x.pto, "host", NULL, 0), TROUPE_E_MAILBOX_FULL);
  world_pass(&x.w, 1000);
  assert_string_equal(x.to.kinds, "block a b c d e");
  assert_int_equal(x.from.events, 3);
  assert_int_equal(x.from.last.code, TROUPE_OK);
  world_stop(&x.w);
}

static void a_parked_send_ends_at_its_deadline(void **state) {
  (void)state;
  pair x;
  pair_start(&x, 300, TROUPE_OVERFLOW_WAIT);
  push(&x, "abc");
  world_pass(&x.w, 299);
  assert_int_equal(x.from.events, 0);
  world_pass(&x.w, 1);
  assert_int_equal(x.from.events, 1);
  assert_int_equal(x.from.last.code, TROUPE_E_MAILBOX_FULL);
  assert_int_equal(x.w.last_dead, TROUPE_DEAD_MAILBOX_FULL);
  world_pass(&x.w, 1000);
  assert_string_equal(x.to.kinds, "block a b");
  world_stop(&x.w);
}

static void overflow_fail_never_parks(void **state) {
  (void)state;
  pair x;
  pair_start(&x, 5000, TROUPE_OVERFLOW_FAIL);
  push(&x, "abc");
  assert_int_equal(x.s.rc[2], TROUPE_E_MAILBOX_FULL);
  world_stop(&x.w);
}

static void the_receivers_end_answers_the_parked(void **state) {
  (void)state;
  pair x;
  pair_start(&x, 5000, TROUPE_OVERFLOW_WAIT);
  push(&x, "abcd");
  troupe_kill(x.w.sys, x.pto);
  world_settle(&x.w);
  assert_int_equal(x.from.events, 2);
  assert_int_equal(x.from.last.code, TROUPE_E_STOPPED);
  assert_int_equal(x.w.dead_seen, 4); /* a b were queued, c d parked */
  world_stop(&x.w);
}

static void the_senders_end_takes_its_parked_messages_along(void **state) {
  (void)state;
  pair x;
  pair_start(&x, 5000, TROUPE_OVERFLOW_WAIT);
  push(&x, "abcd");
  troupe_kill(x.w.sys, x.pfrom);
  world_settle(&x.w);
  assert_int_equal(x.w.last_dead, TROUPE_DEAD_SENDER_GONE);
  assert_int_equal(x.w.dead_seen, 2);
  world_pass(&x.w, 1000);
  assert_string_equal(x.to.kinds, "block a b");
  world_stop(&x.w);
}

static int send_self(troupe_actor *a, probe *p, const troupe_message *m) {
  if (strcmp(m->kind, "go") != 0) return TROUPE_OK;
  troupe_send_opts o = {.size = sizeof o, .wait_ms = 5000};
  uint64_t id;
  sender *s = p->user;
  for (int i = 0; i < 3; i++) {
    s->rc[s->n++] = troupe_actor_tell(a, p->self, "self", NULL, 0, &o, &id);
  }
  return TROUPE_OK;
}

static void waiting_for_room_in_ones_own_mailbox_is_refused(void **state) {
  (void)state;
  world w;
  world_start(&w);
  sender s = {0};
  probe p = {.script = {.receive = send_self}, .user = &s};
  troupe_spawn_opts o = probe_opts(&p);
  o.mailbox_messages = 3;
  troupe_pid pid;
  troupe_spawn(w.sys, &pid, &o);
  world_settle(&w);
  troupe_tell(w.sys, pid, "go", NULL, 0);
  world_settle(&w);
  assert_int_equal(s.rc[1], TROUPE_OK); /* the one being handled still takes its place */
  assert_int_equal(s.rc[2], TROUPE_E_WOULD_DEADLOCK);
  assert_int_equal(w.last_dead, TROUPE_DEAD_WOULD_DEADLOCK);
  world_stop(&w);
}

/* ---- ends and restarts --------------------------------------------------------------------- */

static void the_receivers_stop_answers_the_parked(void **state) {
  (void)state;
  pair x;
  pair_start(&x, 5000, TROUPE_OVERFLOW_WAIT);
  push(&x, "abcd");
  assert_int_equal(troupe_stop(x.w.sys, x.pto), TROUPE_OK);
  world_settle(&x.w);
  assert_int_equal(x.to.gone, 1);
  assert_int_equal(x.from.events, 2);
  assert_int_equal(x.from.last.code, TROUPE_E_STOPPED);
  world_stop(&x.w);
}

static void the_senders_stop_or_failure_takes_them_along_too(void **state) {
  (void)state;
  for (int fails = 0; fails < 2; fails++) {
    pair x;
    pair_start(&x, 5000, TROUPE_OVERFLOW_WAIT);
    push(&x, "abcd");
    if (fails) {
      x.from.script.receive = fail_at_once;
      assert_int_equal(troupe_tell(x.w.sys, x.pfrom, "crash", NULL, 0), TROUPE_OK);
    } else {
      assert_int_equal(troupe_stop(x.w.sys, x.pfrom), TROUPE_OK);
    }
    world_settle(&x.w);
    assert_int_equal(x.from.gone, 1);
    assert_int_equal(dead(&x.w, TROUPE_DEAD_SENDER_GONE), 2);
    world_pass(&x.w, 1000);
    assert_string_equal(x.to.kinds, "block a b");
    /* the wait bit went with them */
    assert_int_equal(troupe_tell(x.w.sys, x.pto, "host", NULL, 0), TROUPE_OK);
    world_stop(&x.w);
  }
}

static void one_that_leaves_lets_the_next_in(void **state) {
  (void)state;
  pair x;
  pair_start(&x, 5000, TROUPE_OVERFLOW_WAIT);
  static const char bytes[1000];
  sender t = {.to = x.pto, .wait_ms = 5000};
  probe small = {.script = {.receive = send_on}, .user = &t};
  troupe_pid second = probe_spawn(&x.w, &small);
  push(&x, "ab");
  /* both wait for the same room; the first is then gone */
  assert_int_equal(troupe_tell(x.w.sys, x.pfrom, "big", bytes, sizeof bytes), TROUPE_OK);
  world_settle(&x.w);
  assert_int_equal(troupe_tell(x.w.sys, second, "c", NULL, 0), TROUPE_OK);
  world_settle(&x.w);
  troupe_kill(x.w.sys, x.pfrom);
  world_settle(&x.w);
  world_pass(&x.w, 1000);
  assert_string_equal(x.to.kinds, "block a b c");
  assert_int_equal(small.events, 1);
  assert_int_equal(small.last.code, TROUPE_OK);
  world_stop(&x.w);
}

typedef struct family {
  probe *child;
  troupe_pid pid;
  unsigned exits;
  troupe_child *handle;
} family;

static int spawn_small(troupe_actor *a, probe *p) {
  family *f = p->user;
  troupe_spawn_opts o = probe_opts(f->child);
  o.mailbox_messages = 2;
  return troupe_actor_spawn(a, &o, &f->pid, NULL);
}
static void note_exit(troupe_actor *a, probe *p, troupe_child *c, troupe_child_event e) {
  (void)a;
  family *f = p->user;
  if (e != TROUPE_CHILD_EXITED) return;
  f->exits++;
  f->handle = c;
}
static int restart_now(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)m;
  troupe_child_restart(a, ((family *)p->user)->handle);
  return TROUPE_OK;
}

static void the_receivers_restart_keeps_them_parked(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe child = {.script = {.receive = crash_on_first}};
  family f = {.child = &child};
  probe parent = {.script = {.init = spawn_small, .child = note_exit, .receive = restart_now},
                  .user = &f};
  troupe_pid pparent = probe_spawn(&w, &parent);
  sender s = {.to = f.pid, .wait_ms = 5000};
  probe from = {.script = {.receive = send_on}, .user = &s};
  troupe_pid pfrom = probe_spawn(&w, &from);
  assert_int_equal(troupe_tell(w.sys, f.pid, "crash", NULL, 0), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(f.exits, 1); /* it is down, with its mailbox open */
  for (const char *k = "abcd"; *k; k++) {
    char kind[2] = {*k, 0};
    assert_int_equal(troupe_tell(w.sys, pfrom, kind, NULL, 0), TROUPE_OK);
  }
  world_settle(&w);
  assert_int_equal(s.rc[2], TROUPE_PENDING);
  assert_int_equal(s.rc[3], TROUPE_PENDING);
  assert_int_equal(troupe_tell(w.sys, pparent, "restart", NULL, 0), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(child.inits, 2);
  assert_string_equal(child.kinds, "crash a b c d");
  assert_int_equal(from.events, 2);
  assert_int_equal(from.last.code, TROUPE_OK);
  world_stop(&w);
}

static int skip_s(troupe_actor *a, probe *p, const troupe_message *m) {
  if (*m->kind == 's' && !p->id) return TROUPE_SKIP;
  if (*m->kind == 'w') {
    p->id = 1;
    troupe_actor_rescan(a);
  }
  return TROUPE_OK;
}

/* What is skipped keeps it above a quarter, and what it waits for is parked: it has run dry. */
static void a_receiver_that_has_nothing_to_do_admits_whom_it_can(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe to = {.script = {.receive = skip_s}};
  sender s = {.wait_ms = 5000};
  troupe_spawn_opts o = probe_opts(&to);
  o.mailbox_messages = 4;
  assert_int_equal(troupe_spawn(w.sys, &s.to, &o), TROUPE_OK);
  probe from = {.script = {.receive = send_on}, .user = &s};
  troupe_pid pid = probe_spawn(&w, &from);
  for (const char *k = "sssow"; *k; k++) {
    char kind[2] = {*k, 0};
    assert_int_equal(troupe_tell(w.sys, pid, kind, NULL, 0), TROUPE_OK);
  }
  world_settle(&w); /* time stands still */
  assert_int_equal(s.rc[4], TROUPE_PENDING);
  assert_string_equal(to.kinds, "o w s s s");
  world_stop(&w);
}

static void no_allocation_failure_loses_a_message_or_leaks(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    world w;
    if (world_try_start(&w, n) == TROUPE_OK) {
      probe to = {.script = {.receive = block_on, .resume = unblock}};
      troupe_spawn_opts o = probe_opts(&to);
      o.mailbox_messages = 2;
      sender s = {.wait_ms = 5000};
      (void)troupe_spawn(w.sys, &s.to, &o);
      world_settle(&w);
      probe from = {.script = {.receive = send_on}, .user = &s};
      o = probe_opts(&from);
      troupe_pid pid;
      (void)troupe_spawn(w.sys, &pid, &o);
      world_settle(&w);
      (void)troupe_tell(w.sys, s.to, "block", NULL, 0);
      world_settle(&w);
      for (int i = 0; i < 5; i++)
        (void)troupe_tell(w.sys, pid, "m", "payload", 7);
      world_settle(&w);
      world_pass(&w, 2000);
      world_stop(&w); /* checks the account and the memory */
    }
    if (w.memory.calls < n) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_sender_parks_and_is_admitted_in_order),
      cmocka_unit_test(a_parked_send_ends_at_its_deadline),
      cmocka_unit_test(overflow_fail_never_parks),
      cmocka_unit_test(the_receivers_end_answers_the_parked),
      cmocka_unit_test(the_senders_end_takes_its_parked_messages_along),
      cmocka_unit_test(waiting_for_room_in_ones_own_mailbox_is_refused),
      cmocka_unit_test(the_receivers_stop_answers_the_parked),
      cmocka_unit_test(the_senders_stop_or_failure_takes_them_along_too),
      cmocka_unit_test(one_that_leaves_lets_the_next_in),
      cmocka_unit_test(the_receivers_restart_keeps_them_parked),
      cmocka_unit_test(a_receiver_that_has_nothing_to_do_admits_whom_it_can),
      cmocka_unit_test(no_allocation_failure_loses_a_message_or_leaks),
  };
  return run_tests(tests);
}
