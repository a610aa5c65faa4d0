#include "tests/actors/world.h"

typedef struct asker {
  troupe_pid to;
  uint32_t timeout_ms, wait_ms;
  int rc;
} asker;

static int ask_on(troupe_actor *a, probe *p, const troupe_message *m) {
  asker *s = p->user;
  troupe_send_opts o = {
      .size = sizeof o, .timeout_ms = s->timeout_ms, .wait_ms = s->wait_ms, .user = s};
  s->rc = troupe_actor_ask(a, s->to, m->kind, "arg", 3, &o, &p->id);
  return TROUPE_OK;
}

static int answer(troupe_actor *a, probe *p, const troupe_message *m) {
  if (m->type == TROUPE_MESSAGE_DOWN) return TROUPE_OK;
  if (strcmp(m->kind, "echo") == 0) {
    assert_int_equal(troupe_actor_reply(a, m->data, m->len), TROUPE_OK);
    assert_int_equal(troupe_actor_reply(a, m->data, m->len), TROUPE_E_INVALID); /* once only */
  }
  if (strcmp(m->kind, "no") == 0) troupe_actor_reply_error(a, TROUPE_E_DENIED, "not for you");
  if (strcmp(m->kind, "what") == 0) troupe_actor_refuse(a, 0);
  if (strcmp(m->kind, "crash") == 0) {
    troupe_actor_exit(a, TROUPE_EXIT_ERROR, TROUPE_E_ERROR, "broken", NULL);
  }
  if (strcmp(m->kind, "quit") == 0) troupe_actor_exit(a, TROUPE_EXIT_NORMAL, 0, NULL, NULL);
  if (strcmp(m->kind, "keep") == 0) assert_int_equal(troupe_actor_keep_ask(a, &p->id), TROUPE_OK);
  if (strcmp(m->kind, "now") == 0) {
    p->events = (unsigned)troupe_actor_reply_to(a, p->id, TROUPE_OK, "late", 4, NULL);
  }
  if (strcmp(m->kind, "big") == 0) {
    size_t n = (1 << 20) + 1;
    char *b = calloc(1, n);
    troupe_actor_reply(a, b, n);
    free(b);
  }
  if (strcmp(m->kind, "busy") == 0) troupe_actor_block(a, true);
  return TROUPE_OK;
}

typedef struct pair {
  world w;
  probe from, to;
  asker s;
  troupe_pid pfrom, pto;
} pair;

static void pair_start(pair *x) {
  memset(x, 0, sizeof *x);
  world_start(&x->w);
  x->to.script.receive = answer;
  x->from.script.receive = ask_on;
  x->from.user = &x->s;
  troupe_spawn_opts o = probe_opts(&x->to);
  o.mailbox_messages = 2;
  assert_int_equal(troupe_spawn(x->w.sys, &x->pto, &o), TROUPE_OK);
  world_settle(&x->w);
  x->s = (asker){.to = x->pto};
  x->pfrom = probe_spawn(&x->w, &x->from);
}

static void go(pair *x, const char *kind) {
  assert_int_equal(troupe_tell(x->w.sys, x->pfrom, kind, NULL, 0), TROUPE_OK);
  world_settle(&x->w);
}

static void an_ask_gets_its_reply(void **state) {
  (void)state;
  pair x;
  pair_start(&x);
  go(&x, "echo");
  assert_int_equal(x.from.events, 1);
  assert_int_equal(x.from.last.code, TROUPE_OK);
  assert_int_equal(x.from.last.id, x.from.id);
  assert_ptr_equal(x.from.last.user, &x.s);
  assert_string_equal(x.from.data, "arg");
  go(&x, "plain"); /* a handler that answers nothing has answered */
  assert_int_equal(x.from.events, 2);
  assert_int_equal(x.from.last.code, TROUPE_OK);
  assert_int_equal(x.from.last.len, 0);
  world_stop(&x.w);
}

static void every_failure_reaches_the_asker_once(void **state) {
  (void)state;
  static const struct {
    const char *kind;
    int code;
    const char *detail;
  } cases[] = {{"no", TROUPE_E_DENIED, "not for you"},
               {"what", TROUPE_E_NO_HANDLER, ""},
               {"crash", TROUPE_E_CRASHED, ""},
               {"quit", TROUPE_E_STOPPED, ""},
               {"big", TROUPE_E_REPLY_TOO_BIG, ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    pair x;
    pair_start(&x);
    go(&x, cases[i].kind);
    assert_int_equal(x.from.events, 1);
    assert_int_equal(x.from.last.code, cases[i].code);
    assert_string_equal(x.from.detail, cases[i].detail);
    world_stop(&x.w);
  }
}

static void an_ask_of_a_dead_actor_fails_at_once(void **state) {
  (void)state;
  pair x;
  pair_start(&x);
  troupe_kill(x.w.sys, x.pto);
  world_settle(&x.w);
  go(&x, "echo");
  assert_int_equal(x.s.rc, TROUPE_E_NOPROC);
  assert_int_equal(x.from.events, 0);
  world_stop(&x.w);
}

static uint64_t dead(const world *w, troupe_dead_reason why) {
  troupe_stats s;
  troupe_system_stats(w->sys, &s);
  return s.dead[why];
}

static void an_ask_times_out_and_a_late_reply_is_a_dead_letter(void **state) {
  (void)state;
  pair x;
  pair_start(&x);
  x.s.timeout_ms = 100;
  go(&x, "keep");
  world_pass(&x.w, 99);
  assert_int_equal(x.from.events, 0);
  world_pass(&x.w, 1);
  assert_int_equal(x.from.events, 1);
  assert_int_equal(x.from.last.code, TROUPE_E_TIMEOUT);
  troupe_tell(x.w.sys, x.pto, "now", NULL, 0);
  world_settle(&x.w);
  assert_int_equal(x.from.events, 1);
  assert_int_equal(dead(&x.w, TROUPE_DEAD_LATE_REPLY), 1);
  assert_int_equal(x.w.dead_seen, 1);
  assert_int_equal(x.w.last_dead, TROUPE_DEAD_LATE_REPLY);
  world_stop(&x.w);
}

static void so_is_a_reply_whose_asker_has_ended(void **state) {
  (void)state;
  for (int queued = 0; queued < 2; queued++) {
    pair x;
    pair_start(&x);
    go(&x, "keep");
    if (!queued) troupe_kill(x.w.sys, x.pfrom);
    world_settle(&x.w);
    troupe_tell(x.w.sys, x.pto, "now", NULL, 0);
    if (queued) {
      troupe_system_step(x.w.sys, 0); /* the reply is in the asker's inbox */
      troupe_kill(x.w.sys, x.pfrom);
    }
    world_settle(&x.w);
    assert_int_equal(x.from.events, 0);
    assert_int_equal(dead(&x.w, TROUPE_DEAD_LATE_REPLY), 1);
    world_stop(&x.w);
  }
}

static void a_kept_ask_is_answered_later_or_with_the_end(void **state) {
  (void)state;
  pair x;
  pair_start(&x);
  go(&x, "keep");
  troupe_tell(x.w.sys, x.pto, "now", NULL, 0);
  world_settle(&x.w);
  assert_int_equal(x.from.events, 1);
  assert_string_equal(x.from.data, "late");
  go(&x, "keep");
  troupe_tell(x.w.sys, x.pto, "crash", NULL, 0);
  world_settle(&x.w);
  assert_int_equal(x.from.events, 2);
  assert_int_equal(x.from.last.code, TROUPE_E_CRASHED);
  world_stop(&x.w);
}

static void an_expired_ask_is_never_seen(void **state) {
  (void)state;
  pair x;
  pair_start(&x);
  troupe_tell(x.w.sys, x.pto, "busy", NULL, 0);
  world_settle(&x.w);
  x.s.timeout_ms = 50;
  go(&x, "echo");
  world_pass(&x.w, 50);
  assert_int_equal(x.from.last.code, TROUPE_E_TIMEOUT);
  troupe_kill(x.w.sys, x.pto);
  world_settle(&x.w);
  assert_int_equal(x.to.asks, 0);
  world_stop(&x.w);
}

static int rest(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)m;
  troupe_actor_block(a, true);
  return troupe_actor_timer(a, 100, 0, true, NULL, &p->id);
}
static void rested(troupe_actor *a, probe *p, const troupe_event *e) {
  (void)p, (void)e;
  troupe_actor_block(a, false);
}

static void it_is_a_dead_letter_and_no_late_reply(void **state) {
  (void)state;
  pair x;
  pair_start(&x);
  x.to.script = (probe_script){.receive = rest, .resume = rested};
  troupe_tell(x.w.sys, x.pto, "first", NULL, 0);
  world_settle(&x.w);
  x.s.timeout_ms = 50;
  go(&x, "second");
  world_pass(&x.w, 100);
  assert_int_equal(x.from.last.code, TROUPE_E_TIMEOUT);
  assert_int_equal(x.from.events, 1);
  assert_int_equal(x.to.asks, 0);
  assert_int_equal(dead(&x.w, TROUPE_DEAD_EXPIRED), 1);
  assert_int_equal(x.w.dead_seen, 1);
  world_stop(&x.w);
}

static void an_ask_waits_for_room_within_both_limits(void **state) {
  (void)state;
  for (int which = 0; which < 2; which++) {
    pair x;
    pair_start(&x);
    troupe_tell(x.w.sys, x.pto, "busy", NULL, 0);
    world_settle(&x.w);
    troupe_tell(x.w.sys, x.pto, "1", NULL, 0);
    troupe_tell(x.w.sys, x.pto, "2", NULL, 0);
    x.s.wait_ms = which ? 100 : 500;
    x.s.timeout_ms = which ? 500 : 100;
    go(&x, "echo");
    assert_int_equal(x.s.rc, TROUPE_OK);
    world_pass(&x.w, 99);
    assert_int_equal(x.from.events, 0);
    world_pass(&x.w, 1);
    assert_int_equal(x.from.events, 1);
    assert_int_equal(x.from.last.code, TROUPE_E_MAILBOX_FULL);
    world_pass(&x.w, 1000);
    assert_int_equal(x.from.events, 1);
    world_stop(&x.w);
  }
}

static int ask_many(troupe_actor *a, probe *p, const troupe_message *m) {
  asker *s = p->user;
  (void)m;
  int ok = 0;
  while (ok < 2000 &&
         (s->rc = troupe_actor_ask(a, s->to, "keep", NULL, 0, NULL, &p->id)) == TROUPE_OK)
    ok++;
  s->timeout_ms = (uint32_t)ok;
  return TROUPE_OK;
}

static void open_asks_are_limited(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe to = {.script = {.receive = answer}};
  troupe_spawn_opts o = probe_opts(&to);
  o.mailbox_messages = 5000;
  asker s = {0};
  assert_int_equal(troupe_spawn(w.sys, &s.to, &o), TROUPE_OK);
  world_settle(&w);
  probe from = {.script = {.receive = ask_many}, .user = &s};
  troupe_pid pid = probe_spawn(&w, &from);
  troupe_tell(w.sys, pid, "go", NULL, 0);
  world_settle(&w);
  assert_int_equal(s.timeout_ms, 1000);
  assert_int_equal(s.rc, TROUPE_E_LIMIT);
  world_stop(&w);
}

static void a_host_asks_and_waits(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {.script = {.receive = answer}};
  troupe_pid pid = probe_spawn(&w, &p);
  void *reply;
  size_t len;
  char msg[64];
  assert_int_equal(
      troupe_ask_wait(w.sys, pid, NULL, "echo", "hi", 2, &reply, &len, msg, sizeof msg), TROUPE_OK);
  assert_int_equal(len, 2);
  assert_memory_equal(reply, "hi", 2);
  troupe_reply_free(w.sys, reply, len);
  assert_int_equal(troupe_ask_wait(w.sys, pid, NULL, "no", NULL, 0, &reply, &len, msg, sizeof msg),
                   TROUPE_E_DENIED);
  assert_non_null(strstr(msg, "not for you"));
  assert_null(reply);
  troupe_kill(w.sys, pid);
  world_settle(&w);
  assert_int_equal(troupe_ask_wait(w.sys, pid, NULL, "echo", NULL, 0, NULL, NULL, NULL, 0),
                   TROUPE_E_NOPROC);
  world_stop(&w);
}

static void count_reply(void *ctx, const troupe_event *e) {
  ((int *)ctx)[0]++;
  ((int *)ctx)[1] = e->code;
}

static void a_stop_answers_the_hosts_open_asks(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {.script = {.receive = answer}};
  troupe_pid pid = probe_spawn(&w, &p);
  int kept[2] = {0}, raw[2] = {0};
  assert_int_equal(troupe_ask(w.sys, pid, NULL, "keep", NULL, 0, count_reply, kept), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(troupe_ask(w.sys, pid, NULL, "keep", NULL, 0, count_reply, raw), TROUPE_OK);
  world_stop(&w);
  assert_int_equal(kept[0], 1);
  assert_int_equal(raw[0], 1);
}

/* ---- monitors and timers ------------------------------------------------------------------- */

static int watch(troupe_actor *a, probe *p, const troupe_message *m) {
  asker *s = p->user;
  if (strcmp(m->kind, "watch") == 0) s->rc = troupe_actor_monitor(a, s->to, &p->id);
  if (strcmp(m->kind, "unwatch") == 0) troupe_actor_demonitor(a, p->id);
  if (strcmp(m->kind, "hold") == 0) return TROUPE_SKIP;
  return TROUPE_OK;
}

static void a_monitor_reports_the_end_exactly_once(void **state) {
  (void)state;
  pair x;
  pair_start(&x);
  x.from.script.receive = watch;
  go(&x, "watch");
  go(&x, "watch"); /* two monitors, two downs */
  troupe_tell(x.w.sys, x.pto, "crash", NULL, 0);
  world_settle(&x.w);
  assert_int_equal(x.from.downs, 2);
  assert_int_equal(x.from.down_class, TROUPE_EXIT_ERROR);
  go(&x, "watch");
  assert_int_equal(x.from.downs, 3);
  assert_int_equal(x.from.down_class, TROUPE_EXIT_NOPROC);
  world_stop(&x.w);
}

static int watch_user(troupe_actor *a, probe *p) {
  return troupe_actor_monitor(a, *(const troupe_pid *)p->user, &p->id);
}

/* Each end of a watcher once walked over all others: minutes for this many. */
static void an_actor_that_many_watch_forgets_each_at_once(void **state) {
  (void)state;
  enum { WATCHERS = 60000, KEPT = 3 };
  static probe watchers[WATCHERS]; /* of one test thread */
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 0;
  cfg.log = world_log;
  world w = {.sys = NULL};
  assert_int_equal(troupe_system_start(&w.sys, &cfg), TROUPE_OK);
  probe target = {0};
  troupe_pid pid = probe_spawn(&w, &target);
  for (int i = 0; i < WATCHERS; i++) {
    watchers[i] = (probe){.script = {.init = watch_user}, .user = &pid};
    troupe_spawn_opts o = probe_opts(&watchers[i]);
    troupe_pid ignored;
    assert_int_equal(troupe_spawn(w.sys, &ignored, &o), TROUPE_OK);
  }
  world_settle(&w);
  const trp_clock real = trp_clock_monotonic();
  uint64_t before = trp_clock_ns(&real);
  for (int i = WATCHERS - 1; i >= 0; i--) { /* the first, one in the middle and the last stay */
    if (i == 0 || i == WATCHERS / 2 || i == WATCHERS - 1) continue;
    troupe_kill(w.sys, watchers[i].self);
  }
  world_settle(&w);
  assert_true(trp_clock_ns(&real) - before < 10 * TRP_NS_PER_S);
  troupe_kill(w.sys, pid);
  world_settle(&w);
  unsigned downs = 0;
  for (int i = 0; i < WATCHERS; i++)
    downs += watchers[i].downs;
  assert_int_equal(downs, KEPT);
  assert_int_equal(watchers[WATCHERS / 2].downs, 1);
  assert_int_equal(troupe_system_stop(w.sys, 10000), TROUPE_OK);
  troupe_system_free(w.sys);
}

static void demonitor_is_final(void **state) {
  (void)state;
  pair x;
  pair_start(&x);
  x.from.script.receive = watch;
  go(&x, "watch");
  troupe_kill(x.w.sys, x.pto);                       /* the down and the unwatch are both on */
  troupe_tell(x.w.sys, x.pfrom, "unwatch", NULL, 0); /* their way: the unwatch is handled first */
  world_settle(&x.w);
  assert_int_equal(x.from.downs, 0);
  world_stop(&x.w);
}

static int set_timers(troupe_actor *a, probe *p, const troupe_message *m) {
  uint64_t id;
  if (strcmp(m->kind, "once") == 0) troupe_actor_timer(a, 100, 0, false, p, &p->id);
  if (strcmp(m->kind, "every") == 0) troupe_actor_timer(a, 10, 10, false, p, &p->id);
  if (strcmp(m->kind, "direct") == 0) troupe_actor_timer(a, 0, 0, true, p, &p->id);
  if (strcmp(m->kind, "cancel") == 0) p->events += troupe_actor_cancel_timer(a, p->id);
  if (strcmp(m->kind, "block") == 0) {
    troupe_actor_block(a, true);
    troupe_actor_timer(a, 35, 0, true, NULL, &id);
  }
  return TROUPE_OK;
}
static void go_on(troupe_actor *a, probe *p, const troupe_event *e) {
  (void)p, (void)e;
  troupe_actor_block(a, false);
}

static void timers_fire_in_time_and_cancel_is_final(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {.script = {.receive = set_timers, .resume = go_on}};
  troupe_pid pid = probe_spawn(&w, &p);
  troupe_tell(w.sys, pid, "once", NULL, 0);
  world_pass(&w, 99);
  assert_int_equal(p.timers, 0);
  world_pass(&w, 1);
  assert_int_equal(p.timers, 1);
  troupe_tell(w.sys, pid, "direct", NULL, 0);
  world_pass(&w, 0);
  assert_int_equal(p.events, 1);
  troupe_tell(w.sys, pid, "once", NULL, 0);
  world_settle(&w);
  atomic_fetch_add(&w.now.ns, 100 * TRP_NS_PER_MS); /* due, and cancelled in the same slice */
  troupe_tell(w.sys, pid, "cancel", NULL, 0);
  world_settle(&w);
  world_pass(&w, 1000);
  assert_int_equal(p.timers + p.events, 3);
  world_stop(&w);
}

static void intervals_merge_while_the_actor_is_blocked_and_do_not_drift(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {.script = {.receive = set_timers, .resume = go_on}};
  troupe_pid pid = probe_spawn(&w, &p);
  troupe_tell(w.sys, pid, "every", NULL, 0);
  world_pass(&w, 50);
  assert_int_equal(p.timers, 5);
  troupe_tell(w.sys, pid, "block", NULL, 0);
  world_pass(&w, 35); /* ticks at 60, 70, 80 are one */
  assert_int_equal(p.timers, 6);
  world_pass(&w, 15);
  assert_int_equal(p.timers, 8);
  world_stop(&w);
}

static void no_allocation_failure_leaves_an_ask_open_or_leaks(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    world w;
    if (world_try_start(&w, n) == TROUPE_OK) {
      probe to = {.script = {.receive = answer}}, from = {.script = {.receive = ask_on}};
      probe watcher = {.script = {.receive = watch}};
      asker s = {0};
      from.user = watcher.user = &s;
      troupe_spawn_opts o = probe_opts(&to);
      troupe_pid pid = {0}, pwatch = {0};
      (void)troupe_spawn(w.sys, &s.to, &o);
      o = probe_opts(&from);
      (void)troupe_spawn(w.sys, &pid, &o);
      o = probe_opts(&watcher);
      (void)troupe_spawn(w.sys, &pwatch, &o);
      world_settle(&w);
      (void)troupe_tell(w.sys, pwatch, "watch", NULL, 0);
      world_settle(&w);
      s.rc = TROUPE_E_NOPROC;
      (void)troupe_tell(w.sys, pid, "echo", NULL, 0);
      world_pass(&w, 30000);
      assert_int_equal(from.events, s.rc == TROUPE_OK);
      (void)troupe_tell(w.sys, pid, "no", NULL, 0);
      (void)troupe_ask_wait(w.sys, s.to, NULL, "echo", "x", 1, NULL, NULL, NULL, 0);
      world_stop(&w);
    }
    if (w.memory.calls < n) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_ask_gets_its_reply),
      cmocka_unit_test(every_failure_reaches_the_asker_once),
      cmocka_unit_test(an_ask_of_a_dead_actor_fails_at_once),
      cmocka_unit_test(an_ask_times_out_and_a_late_reply_is_a_dead_letter),
      cmocka_unit_test(so_is_a_reply_whose_asker_has_ended),
      cmocka_unit_test(a_kept_ask_is_answered_later_or_with_the_end),
      cmocka_unit_test(an_expired_ask_is_never_seen),
      cmocka_unit_test(it_is_a_dead_letter_and_no_late_reply),
      cmocka_unit_test(an_ask_waits_for_room_within_both_limits),
      cmocka_unit_test(open_asks_are_limited),
      cmocka_unit_test(a_host_asks_and_waits),
      cmocka_unit_test(a_stop_answers_the_hosts_open_asks),
      cmocka_unit_test(a_monitor_reports_the_end_exactly_once),
      cmocka_unit_test(an_actor_that_many_watch_forgets_each_at_once),
      cmocka_unit_test(demonitor_is_final),
      cmocka_unit_test(timers_fire_in_time_and_cancel_is_final),
      cmocka_unit_test(no_allocation_failure_leaves_an_ask_open_or_leaks),
      cmocka_unit_test(intervals_merge_while_the_actor_is_blocked_and_do_not_drift),
  };
  return run_tests(tests);
}
