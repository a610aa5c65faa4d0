/* The order in which an actor takes what has come, under both keepings of the line. */
#include "tests/actors/world.h"

#include <pthread.h>
#include <sched.h>

/* Tells everything itself, and so gets it in one go. */
typedef struct teller {
  troupe_pid to, other;
  const char *kinds; /* capitals are of high priority */
  uint64_t monitor;
  int refused;
} teller;

static int tell_kinds(troupe_actor *a, probe *p, const troupe_message *m) {
  teller *t = p->user;
  if (strcmp(m->kind, "go") != 0) return TROUPE_OK;
  for (const char *k = t->kinds; *k; k++) {
    char kind[2] = {*k, 0};
    bool high = *k >= 'A' && *k <= 'Z';
    troupe_send_opts o = {.size = sizeof o,
                          .priority = high ? TROUPE_PRIORITY_HIGH : TROUPE_PRIORITY_NORMAL};
    if (troupe_actor_tell(a, t->to, kind, NULL, 0, &o, NULL) != TROUPE_OK) t->refused++;
  }
  return TROUPE_OK;
}

/* Has one actor handle one message, and everybody what follows from it. */
static void run(world *w, troupe_pid pid, const char *kind) {
  assert_int_equal(troupe_tell(w->sys, pid, kind, NULL, 0), TROUPE_OK);
  world_settle(w);
}

static const troupe_overflow keepings[] = {TROUPE_OVERFLOW_WAIT, TROUPE_OVERFLOW_DROP_OLD};

static void high_priority_overtakes_and_keeps_its_own_order(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    world w;
    world_start(&w);
    probe p = {0};
    troupe_spawn_opts o = probe_opts(&p);
    o.overflow = keepings[i];
    teller t = {.kinds = "aXbYcZ"};
    assert_int_equal(troupe_spawn(w.sys, &t.to, &o), TROUPE_OK);
    probe from = {.script = {.receive = tell_kinds}, .user = &t};
    run(&w, probe_spawn(&w, &from), "go");
    assert_string_equal(p.kinds, "X Y Z a b c");
    world_stop(&w);
  }
}

static void high_priority_has_room_when_the_mailbox_is_full(void **state) {
  (void)state;
  for (int i = TROUPE_OVERFLOW_WAIT; i <= TROUPE_OVERFLOW_STOP; i++) {
    world w;
    world_start(&w);
    probe p = {0};
    troupe_spawn_opts o = probe_opts(&p);
    o.overflow = (troupe_overflow)i;
    o.mailbox_messages = 16; /* two of high priority in addition */
    teller t = {.kinds = "aaaabbbbccccddddXYZ"};
    assert_int_equal(troupe_spawn(w.sys, &t.to, &o), TROUPE_OK);
    probe from = {.script = {.receive = tell_kinds}, .user = &t};
    run(&w, probe_spawn(&w, &from), "go");
    assert_int_equal(t.refused, 1);
    if (i == TROUPE_OVERFLOW_STOP)
      assert_int_equal(p.exit_class, TROUPE_EXIT_MAILBOX_OVERFLOW); /* also by these */
    else
      assert_memory_equal(p.kinds, "X Y a", 5);
    world_stop(&w);
  }
}

static void one_of_the_line_is_served_after_32(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    world w;
    world_start(&w);
    probe p = {0};
    troupe_spawn_opts o = probe_opts(&p);
    o.overflow = keepings[i];
    char kinds[83] = "ab";
    memset(kinds + 2, 'X', 80);
    teller t = {.kinds = kinds};
    assert_int_equal(troupe_spawn(w.sys, &t.to, &o), TROUPE_OK);
    probe from = {.script = {.receive = tell_kinds}, .user = &t};
    run(&w, probe_spawn(&w, &from), "go");
    assert_int_equal(t.refused, 0);
    assert_int_equal(strlen(p.kinds), 2 * 82 - 1);
    for (int n = 0; n < 82; n++)
      assert_int_equal(p.kinds[(size_t)2 * (size_t)n], n == 32 ? 'a' : n == 65 ? 'b' : 'X');
    world_stop(&w);
  }
}

/* Leaves what comes for later, up to the message that says that now is later. */
static int leave_until_now(troupe_actor *a, probe *p, const troupe_message *m) {
  if (strcmp(m->kind, "N") == 0) {
    p->id = 1;
    troupe_actor_rescan(a);
  }
  return p->id ? TROUPE_OK : TROUPE_SKIP;
}

static void what_was_skipped_comes_back_in_its_own_lane(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    world w;
    world_start(&w);
    probe p = {.script = {.receive = leave_until_now}};
    troupe_spawn_opts o = probe_opts(&p);
    o.overflow = keepings[i];
    teller t = {.kinds = "aXbYNZc"};
    assert_int_equal(troupe_spawn(w.sys, &t.to, &o), TROUPE_OK);
    probe from = {.script = {.receive = tell_kinds}, .user = &t};
    run(&w, probe_spawn(&w, &from), "go");
    assert_string_equal(p.kinds, "N X Y Z a b c");
    world_stop(&w);
  }
}

/* ---- signals ------------------------------------------------------------------------------- */

static void append(char *text, size_t size, const char *more) {
  size_t len = strlen(text);
  snprintf(text + len, size - len, "%s", more);
}

static int watch_and_block(troupe_actor *a, probe *p, const troupe_message *m) {
  teller *t = p->user;
  uint64_t id;
  if (m->type == TROUPE_MESSAGE_DOWN) append(p->kinds, sizeof p->kinds, " down");
  if (strcmp(m->kind, "block") != 0) return TROUPE_OK;
  troupe_actor_block(a, true);
  int err = troupe_actor_timer(a, 1000, 0, true, NULL, &id);
  return err ? err : troupe_actor_monitor(a, t->other, &t->monitor);
}
static void unblock(troupe_actor *a, probe *p, const troupe_event *e) {
  (void)p, (void)e;
  troupe_actor_block(a, false);
}

static void a_down_waits_for_those_of_high_priority_before_it_only(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    world w;
    world_start(&w);
    char first[41] = {0}, then[42] = "b";
    memset(first, 'X', 40);
    memset(then + 1, 'Y', 40);
    teller t = {.kinds = first}, late = {.kinds = then};
    probe from = {.script = {.receive = tell_kinds}, .user = &t};
    probe other = {.script = {.receive = tell_kinds}, .user = &late};
    probe p = {.script = {.receive = watch_and_block, .resume = unblock}, .user = &t};
    troupe_spawn_opts o = probe_opts(&p);
    o.overflow = keepings[i];
    assert_int_equal(troupe_spawn(w.sys, &t.to, &o), TROUPE_OK);
    late.to = t.to;
    t.other = probe_spawn(&w, &from);
    troupe_pid second = probe_spawn(&w, &other);
    run(&w, t.to, "block");
    run(&w, t.other, "go");
    assert_int_equal(troupe_kill(w.sys, t.other), TROUPE_OK);
    world_settle(&w);
    run(&w, second, "go");
    assert_string_equal(p.kinds, "block");
    world_pass(&w, 1000);
    char order[256] = "block";
    for (int n = 0; n < 40; n++)
      append(order, sizeof order, " X"); /* 32 are not enough: it was there after all 40 */
    append(order, sizeof order, " down");
    for (int n = 0; n < 32; n++)
      append(order, sizeof order, " Y");
    append(order, sizeof order, " b Y Y Y Y Y Y Y Y");
    assert_string_equal(p.kinds, order);
    world_stop(&w);
  }
}

/* A shared line is under the slot's lock; its signals keep their place among the messages. */
static void signals_and_messages_share_one_order(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    world w;
    world_start(&w);
    teller t = {.kinds = "ab"}, late = {.kinds = "c"};
    probe from = {.script = {.receive = tell_kinds}, .user = &t};
    probe other = {.script = {.receive = tell_kinds}, .user = &late};
    probe p = {.script = {.receive = watch_and_block, .resume = unblock}, .user = &t};
    troupe_spawn_opts o = probe_opts(&p);
    o.overflow = keepings[i];
    o.mailbox_messages = 2; /* c makes a fall out of the shared one; c is refused by the other */
    assert_int_equal(troupe_spawn(w.sys, &t.to, &o), TROUPE_OK);
    late.to = t.to;
    t.other = probe_spawn(&w, &from);
    troupe_pid second = probe_spawn(&w, &other);
    run(&w, t.to, "block");
    run(&w, t.other, "go");
    assert_int_equal(troupe_kill(w.sys, t.other), TROUPE_OK);
    world_settle(&w);
    run(&w, second, "go");
    world_pass(&w, 1000);
    assert_string_equal(p.kinds, i ? "block b down c" : "block a b down");
    world_stop(&w);
  }
}

static int crash_on(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)a, (void)p;
  return strcmp(m->kind, "crash") == 0 ? TROUPE_E_ERROR : TROUPE_OK;
}
static int spawn_dropping(troupe_actor *a, probe *p) {
  teller *t = p->user;
  troupe_spawn_opts o = probe_opts(p + 1);
  o.overflow = TROUPE_OVERFLOW_DROP_OLD;
  o.mailbox_messages = 4;
  return troupe_actor_spawn(a, &o, &t->to, NULL);
}
static void restart_it(troupe_actor *a, probe *p, troupe_child *c, troupe_child_event e) {
  (void)p;
  if (e == TROUPE_CHILD_EXITED) troupe_child_restart(a, c);
}

static void a_shared_line_survives_a_restart(void **state) {
  (void)state;
  world w;
  world_start(&w);
  teller t = {0};
  probe both[2] = {{.script = {.init = spawn_dropping, .child = restart_it}, .user = &t},
                   {.script = {.receive = crash_on}}};
  troupe_pid pid = probe_spawn(&w, &both[0]);
  troupe_tell(w.sys, t.to, "crash", NULL, 0);
  troupe_tell(w.sys, t.to, "a", NULL, 0);
  troupe_tell(w.sys, t.to, "b", NULL, 0);
  world_settle(&w);
  assert_int_equal(both[1].inits, 2);
  assert_string_equal(both[1].kinds, "crash a b");
  troupe_kill(w.sys, pid);
  world_settle(&w);
  world_stop(&w);
}

/* ---- real threads -------------------------------------------------------------------------- */

typedef struct flood {
  troupe_system *sys;
  troupe_pid to;
  _Atomic unsigned go;
} flood;

enum { THREADS = 3, EACH = 20000, ROOM = 8 };

typedef struct slow {
  uint32_t next[THREADS]; /* the least number that may come */
  unsigned disorder, got;
} slow;

static void *flood_it(void *arg) {
  static _Atomic uint32_t numbers;
  flood *f = arg;
  uint32_t body[2] = {atomic_fetch_add(&numbers, 1) % THREADS, 0};
  for (; body[1] < EACH; body[1]++)
    if (troupe_tell(f->sys, f->to, "n", body, sizeof body) != TROUPE_OK) return arg;
  return NULL;
}
static int slow_init(troupe_actor *a, void *arg) {
  troupe_actor_set_state(a, arg);
  return TROUPE_OK;
}
static int slow_receive(troupe_actor *a, const troupe_message *m) {
  slow *s = troupe_actor_state(a);
  uint32_t body[2];
  memcpy(body, m->data, sizeof body);
  if (body[1] < s->next[body[0]]) s->disorder++;
  s->next[body[0]] = body[1] + 1;
  if (++s->got % 64 == 0) sched_yield();
  return TROUPE_OK;
}
static const troupe_behavior slow_behavior = {
    .size = sizeof slow_behavior, .init = slow_init, .receive = slow_receive};

static void quiet(void *ctx, troupe_log_level level, const char *line, size_t len) {
  (void)ctx, (void)level, (void)line, (void)len;
}

static void racing_senders_drop_the_oldest_in_order_and_lose_none(void **state) {
  (void)state;
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 2;
  cfg.log = quiet;
  flood f = {0};
  assert_int_equal(troupe_system_start(&f.sys, &cfg), TROUPE_OK);
  slow s = {0};
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &slow_behavior;
  o.arg = &s;
  o.mailbox_messages = ROOM;
  o.overflow = TROUPE_OVERFLOW_DROP_OLD;
  assert_int_equal(troupe_spawn(f.sys, &f.to, &o), TROUPE_OK);
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, flood_it, &f), 0);
  for (int i = 0; i < THREADS; i++) {
    void *refused;
    pthread_join(threads[i], &refused);
    assert_null(refused); /* the newest always gets in */
  }
  assert_int_equal(troupe_system_stop(f.sys, 10000), TROUPE_OK);
  troupe_stats st;
  troupe_system_stats(f.sys, &st);
  assert_int_equal(s.disorder, 0);
  assert_int_equal(st.sent, THREADS * EACH);
  assert_int_equal(st.handled, s.got);
  assert_int_equal(st.sent,
                   st.handled + st.dead[TROUPE_DEAD_OVERFLOW_OLD] + st.dead[TROUPE_DEAD_STOPPED]);
  assert_true(st.dead[TROUPE_DEAD_STOPPED] <= ROOM); /* what was queued at the end */
  troupe_system_free(f.sys);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(high_priority_overtakes_and_keeps_its_own_order),
      cmocka_unit_test(high_priority_has_room_when_the_mailbox_is_full),
      cmocka_unit_test(one_of_the_line_is_served_after_32),
      cmocka_unit_test(what_was_skipped_comes_back_in_its_own_lane),
      cmocka_unit_test(a_down_waits_for_those_of_high_priority_before_it_only),
      cmocka_unit_test(signals_and_messages_share_one_order),
      cmocka_unit_test(a_shared_line_survives_a_restart),
      cmocka_unit_test(racing_senders_drop_the_oldest_in_order_and_lose_none),
  };
  return run_tests(tests);
}
