/* An actor's own timers: one for each thing it waits a time for. */
#include "tests/actors/world.h"

#include "actors/actor.h"

#define YEAR_MS (UINT64_C(365) * 24 * 3600 * 1000)

/* The test says by the message's kind what is to be done with which options. */
typedef struct plan {
  troupe_timer_opts opts;
  uint64_t id, missed;
  int64_t left_ms;
  int rc;
  bool cancelled;
  unsigned started; /* by "fill" */
  bool tells;       /* in each tick, as a script does: ready to wait, but there is room */
  bool waits;       /* in the first tick, for a second */
} plan;

static int fill(troupe_actor *a, plan *x) {
  int err;
  uint64_t id;
  while (!(err = troupe_actor_start_timer(a, &x->opts, &id)))
    x->started++;
  return err;
}

static int act(troupe_actor *a, probe *p, const troupe_message *m) {
  plan *x = p->user;
  x->opts.size = sizeof x->opts;
  if (m->type == TROUPE_MESSAGE_TIMER) x->missed += m->missed;
  if (m->type == TROUPE_MESSAGE_TIMER && x->tells) {
    troupe_actor_block(a, true);
    troupe_actor_block(a, false);
  }
  if (m->type == TROUPE_MESSAGE_TIMER && x->waits) {
    uint64_t id;
    troupe_actor_block(a, true);
    x->waits = false;
    return troupe_actor_timer(a, 1000, 0, true, NULL, &id); /* unblocks it */
  }
  if (strcmp(m->kind, "start") == 0) x->rc = troupe_actor_start_timer(a, &x->opts, &x->id);
  if (strcmp(m->kind, "again") == 0) {
    x->opts.replaces = x->id;
    x->rc = troupe_actor_start_timer(a, &x->opts, &x->id);
  }
  if (strcmp(m->kind, "cancel") == 0) x->cancelled = troupe_actor_cancel_timer(a, x->id);
  if (strcmp(m->kind, "left") == 0) x->left_ms = troupe_actor_timer_left_ms(a, x->id);
  if (strcmp(m->kind, "fill") == 0) x->rc = fill(a, x);
  if (strcmp(m->kind, "crash") == 0) return TROUPE_E_ERROR;
  if (strcmp(m->kind, "block") == 0) troupe_actor_block(a, true);
  return TROUPE_OK;
}
static void unblock(troupe_actor *a, probe *p, const troupe_event *e) {
  (void)p, (void)e;
  troupe_actor_block(a, false);
}

typedef struct scene {
  world w;
  probe p;
  plan x;
  troupe_pid pid;
} scene;

static void scene_start(scene *s) {
  memset(s, 0, sizeof *s);
  world_start(&s->w);
  s->p.script.receive = act;
  s->p.script.resume = unblock;
  s->p.user = &s->x;
  s->pid = probe_spawn(&s->w, &s->p);
}

static void tell(scene *s, const char *kind) {
  assert_int_equal(troupe_tell(s->w.sys, s->pid, kind, NULL, 0), TROUPE_OK);
}
static void say(scene *s, const char *kind) {
  tell(s, kind);
  world_settle(&s->w);
}
/* Time passes, but the actor does not get to run. */
static void slip(scene *s, uint64_t ms) { atomic_fetch_add(&s->w.now.ns, ms * TRP_NS_PER_MS); }

/* ---- one in place of another --------------------------------------------------------------- */

static void one_that_is_replaced_never_fires(void **state) {
  (void)state;
  scene s;
  scene_start(&s);
  s.x.opts.delay_ms = 10;
  say(&s, "start");
  uint64_t first = s.x.id;
  s.x.opts.delay_ms = 50;
  say(&s, "again");
  assert_int_equal(s.x.rc, TROUPE_OK);
  assert_true(s.x.id > first);
  world_pass(&s.w, 49);
  assert_int_equal(s.p.timers, 0);
  world_pass(&s.w, 1);
  assert_int_equal(s.p.timers, 1);
  say(&s, "again"); /* there is none any more: as a start */
  world_pass(&s.w, 50);
  assert_int_equal(s.p.timers, 2);
  world_stop(&s.w);
}

static void also_when_its_tick_is_queued(void **state) {
  (void)state;
  scene s;
  scene_start(&s);
  for (int direct = 0; direct < 2; direct++) { /* the new one's way is its own */
    unsigned fired = s.p.timers + s.p.events;
    s.x.opts = (troupe_timer_opts){.delay_ms = 10};
    say(&s, "start");
    slip(&s, 10);
    s.x.opts = (troupe_timer_opts){.delay_ms = 5, .direct = direct};
    tell(&s, "again"); /* the line: this message, the tick */
    world_settle(&s.w);
    assert_int_equal(s.p.timers + s.p.events, fired);
    world_pass(&s.w, 4);
    assert_int_equal(s.p.timers + s.p.events, fired);
    world_pass(&s.w, 1);
    assert_int_equal(s.p.timers + s.p.events, fired + 1);
  }
  world_stop(&s.w);
}

static void at_the_limit_there_is_room_for_the_same_one_only(void **state) {
  (void)state;
  scene s;
  scene_start(&s);
  s.x.opts.delay_ms = 1000;
  say(&s, "start");
  assert_int_equal(s.x.rc, TROUPE_OK);
  say(&s, "fill");
  assert_int_equal(s.x.rc, TROUPE_E_LIMIT);
  assert_int_equal(s.x.started, 999); /* the thousandth was let in, the next was not */
  say(&s, "again");
  assert_int_equal(s.x.rc, TROUPE_OK);
  say(&s, "cancel");
  assert_true(s.x.cancelled);
  say(&s, "again");
  assert_int_equal(s.x.rc, TROUPE_OK);
  s.x.opts.replaces = 0;
  say(&s, "start");
  assert_int_equal(s.x.rc, TROUPE_E_LIMIT);
  troupe_stats stats;
  troupe_system_stats(s.w.sys, &stats);
  assert_int_equal(stats.limits[TROUPE_LIMIT_TIMERS], 2);
  world_pass(&s.w, 1000);
  assert_int_equal(s.p.timers, 1000);
  world_stop(&s.w);
}

/* ---- what is left -------------------------------------------------------------------------- */

static void what_is_left_is_told_until_it_is_over(void **state) {
  (void)state;
  scene s;
  scene_start(&s);
  s.x.opts.delay_ms = 100;
  say(&s, "start");
  say(&s, "left");
  assert_int_equal(s.x.left_ms, 100);
  atomic_fetch_add(&s.w.now.ns, 1);
  say(&s, "left");
  assert_int_equal(s.x.left_ms, 100); /* rounded up */
  world_pass(&s.w, 60);
  say(&s, "left");
  assert_int_equal(s.x.left_ms, 40);
  slip(&s, 40);
  say(&s, "left"); /* the tick is in the line, behind this message */
  assert_int_equal(s.x.left_ms, 0);
  say(&s, "left");
  assert_int_equal(s.x.left_ms, -1);
  assert_int_equal(s.p.timers, 1);
  say(&s, "start");
  say(&s, "cancel");
  say(&s, "left");
  assert_int_equal(s.x.left_ms, -1);
  world_stop(&s.w);
}

/* ---- idle times ---------------------------------------------------------------------------- */

static void only_messages_put_an_idle_time_off(void **state) {
  (void)state;
  scene s;
  scene_start(&s);
  s.x.opts = (troupe_timer_opts){.delay_ms = 7, .period_ms = 7, .direct = true};
  say(&s, "start"); /* a timer is none */
  s.x.opts = (troupe_timer_opts){.delay_ms = 100, .idle = true};
  say(&s, "start");
  for (int i = 0; i < 5; i++) {
    world_pass(&s.w, 99);
    assert_int_equal(s.p.timers, 0);
    say(&s, "hello");
  }
  say(&s, "left");
  assert_int_equal(s.x.left_ms, 100);
  world_pass(&s.w, 99);
  assert_int_equal(s.p.timers, 0);
  world_pass(&s.w, 1);
  assert_int_equal(s.p.timers, 1);
  say(&s, "hello");
  world_pass(&s.w, 1000);
  assert_int_equal(s.p.timers, 1); /* once */
  assert_true(s.p.events > 200);
  world_stop(&s.w);
}

static void a_message_before_its_tick_puts_it_off_and_so_does_a_wait(void **state) {
  (void)state;
  scene s;
  scene_start(&s);
  s.x.opts = (troupe_timer_opts){.delay_ms = 100, .idle = true};
  say(&s, "start");
  slip(&s, 150);
  say(&s, "hello"); /* due, but there was a message */
  assert_int_equal(s.p.timers, 0);
  world_pass(&s.w, 99);
  assert_int_equal(s.p.timers, 0);
  s.x.opts = (troupe_timer_opts){.delay_ms = 1000, .direct = true};
  tell(&s, "start");
  say(&s, "block"); /* for a second */
  world_pass(&s.w, 1000);
  assert_int_equal(s.p.events, 1);
  assert_int_equal(s.p.timers, 0);
  world_pass(&s.w, 99);
  assert_int_equal(s.p.timers, 0);
  world_pass(&s.w, 1);
  assert_int_equal(s.p.timers, 1);
  world_stop(&s.w);
}

static void a_tick_that_could_have_waited_does_not_put_it_off(void **state) {
  (void)state;
  scene s;
  scene_start(&s);
  s.x.tells = true;
  s.x.opts = (troupe_timer_opts){.delay_ms = 30, .period_ms = 30};
  say(&s, "start");
  s.x.opts = (troupe_timer_opts){.delay_ms = 100, .idle = true};
  say(&s, "start");
  world_pass(&s.w, 99);
  assert_int_equal(s.p.timers, 3);
  world_pass(&s.w, 1);
  assert_int_equal(s.p.timers, 4);
  world_stop(&s.w);
}

/* The wait does not count; what was before it does. */
static void an_idle_time_stands_still_during_a_wait(void **state) {
  (void)state;
  scene s;
  scene_start(&s);
  s.x.waits = true;
  s.x.opts = (troupe_timer_opts){.delay_ms = 60};
  say(&s, "start");
  s.x.opts = (troupe_timer_opts){.delay_ms = 100, .idle = true};
  say(&s, "start");
  world_pass(&s.w, 60 + 1000); /* the wait of the tick */
  assert_int_equal(s.p.timers, 1);
  world_pass(&s.w, 39);
  assert_int_equal(s.p.timers, 1);
  world_pass(&s.w, 1);
  assert_int_equal(s.p.timers, 2);
  world_stop(&s.w);
}

/* An actor whose ticks give way in the middle. */
typedef struct slow {
  unsigned ticks, idle;
  uint64_t idle_id;
} slow;

static int slow_init(troupe_actor *a, void *arg) {
  slow *x = arg;
  uint64_t id;
  troupe_actor_set_state(a, x);
  const troupe_timer_opts idle = {.size = sizeof idle, .delay_ms = 100, .idle = true};
  assert_int_equal(troupe_actor_start_timer(a, &idle, &x->idle_id), TROUPE_OK);
  return troupe_actor_timer(a, 30, 30, false, NULL, &id);
}
static int slow_receive(troupe_actor *a, const troupe_message *m) {
  slow *x = troupe_actor_state(a);
  if (m->type != TROUPE_MESSAGE_TIMER) return TROUPE_OK;
  *(m->id == x->idle_id ? &x->idle : &x->ticks) += 1;
  trp_actor_preempted(a);
  return TROUPE_OK;
}
static void slow_go_on(troupe_actor *a) { (void)a; }

static void a_tick_that_gives_way_does_not_put_it_off(void **state) {
  (void)state;
  static const troupe_behavior slow_behavior = {.size = sizeof slow_behavior,
                                                .name = "slow",
                                                .init = slow_init,
                                                .receive = slow_receive,
                                                .go_on = slow_go_on};
  world w;
  world_start(&w);
  slow x = {0};
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &slow_behavior;
  o.arg = &x;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
  world_pass(&w, 99);
  assert_int_equal(x.ticks, 3);
  assert_int_equal(x.idle, 0);
  world_pass(&w, 1);
  assert_int_equal(x.idle, 1);
  world_stop(&w);
}

/* ---- intervals ----------------------------------------------------------------------------- */

static void an_interval_does_not_drift_in_a_year(void **state) {
  (void)state;
  scene s;
  scene_start(&s);
  s.x.opts = (troupe_timer_opts){.delay_ms = 1009, .period_ms = 1009};
  say(&s, "start");
  uint64_t began = atomic_load(&s.w.now.ns);
  while (atomic_load(&s.w.now.ns) - began < YEAR_MS * TRP_NS_PER_MS) {
    uint64_t now = atomic_load(&s.w.now.ns);
    slip(&s, 1 + now % 100000007 / 5); /* late by anything up to 20,000 s */
    world_settle(&s.w);
    uint64_t due = (atomic_load(&s.w.now.ns) - began) / (1009 * TRP_NS_PER_MS);
    if (s.p.timers + s.x.missed != due)
      fail_msg("%u ticks and %llu missed of %llu", s.p.timers, (unsigned long long)s.x.missed,
               (unsigned long long)due);
  }
  assert_true(s.p.timers > 1000);
  world_pass(&s.w, 1009);
  uint64_t ticks = s.p.timers + s.x.missed;
  world_pass(&s.w, 1009000);
  assert_int_equal(s.p.timers + s.x.missed, ticks + 1000);
  world_stop(&s.w);
}

/* ---- ends ---------------------------------------------------------------------------------- */

static void supervise(troupe_actor *a, probe *p, troupe_child *c, troupe_child_event e) {
  (void)p;
  if (e == TROUPE_CHILD_EXITED) troupe_child_restart(a, c);
}
static int raise_child(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)m;
  troupe_spawn_opts o = probe_opts(p->user);
  return troupe_actor_spawn(a, &o, NULL, NULL);
}

static void timers_end_with_their_generation(void **state) {
  (void)state;
  world w;
  world_start(&w);
  plan x = {0};
  probe child = {.script = {.receive = act}, .user = &x};
  probe parent = {.script = {.receive = raise_child, .child = supervise}, .user = &child};
  troupe_pid pid = probe_spawn(&w, &parent);
  troupe_tell(w.sys, pid, "spawn", NULL, 0);
  world_settle(&w);
  static const troupe_timer_opts kinds[] = {{.delay_ms = 10},
                                            {.delay_ms = 10, .period_ms = 10},
                                            {.delay_ms = 10, .direct = true},
                                            {.delay_ms = 10, .idle = true}};
  for (int queued = 0; queued < 2; queued++) {
    for (int k = 0; k < 4; k++) {
      x.opts = kinds[k];
      troupe_tell(w.sys, child.self, "start", NULL, 0);
      world_settle(&w);
      if (queued) atomic_fetch_add(&w.now.ns, 10 * TRP_NS_PER_MS); /* the tick is on its way */
      troupe_kill(w.sys, child.self);
      world_settle(&w);
      assert_int_equal(child.inits, 2 + queued * 4 + k);
      world_pass(&w, 1000);
      assert_int_equal(child.timers + child.events, 0);
    }
  }
  troupe_tell(w.sys, child.self, "start", NULL, 0);
  world_pass(&w, 10); /* and the idle time of the last generation counts for this one alone */
  assert_int_equal(child.timers, 1);
  world_stop(&w);
}

static void timers_keep_nobody_from_stopping(void **state) {
  (void)state;
  scene s;
  scene_start(&s);
  s.x.opts = (troupe_timer_opts){.delay_ms = 100 * YEAR_MS, .period_ms = 1};
  say(&s, "start");
  s.x.opts = (troupe_timer_opts){.delay_ms = 1, .period_ms = 1};
  say(&s, "start");
  uint64_t began = atomic_load(&s.w.now.ns);
  world_stop(&s.w); /* without a tick of the clock */
  assert_int_equal(atomic_load(&s.w.now.ns), began);
  assert_int_equal(s.p.stops, 1);
}

static void years_are_taken_and_what_is_beyond_is_refused(void **state) {
  (void)state;
  scene s;
  scene_start(&s);
  s.x.opts = (troupe_timer_opts){.delay_ms = TROUPE_TIMER_MS_MAX, .period_ms = TROUPE_TIMER_MS_MAX};
  say(&s, "start");
  assert_int_equal(s.x.rc, TROUPE_OK);
  world_pass(&s.w, TROUPE_TIMER_MS_MAX - 1);
  assert_int_equal(s.p.timers, 0);
  world_pass(&s.w, 1);
  assert_int_equal(s.p.timers, 1);
  world_pass(&s.w, 2 * TROUPE_TIMER_MS_MAX);
  assert_int_equal(s.p.timers, 3);
  static const troupe_timer_opts wrong[] = {{.delay_ms = TROUPE_TIMER_MS_MAX + 1},
                                            {.period_ms = UINT64_MAX},
                                            {.delay_ms = 1, .idle = true, .direct = true},
                                            {.delay_ms = 1, .idle = true, .period_ms = 1}};
  for (int i = 0; i < 4; i++) {
    s.x.opts = wrong[i];
    say(&s, "start");
    assert_int_equal(s.x.rc, TROUPE_E_INVALID);
    assert_int_equal(s.x.id, 0);
  }
  world_stop(&s.w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_that_is_replaced_never_fires),
      cmocka_unit_test(also_when_its_tick_is_queued),
      cmocka_unit_test(at_the_limit_there_is_room_for_the_same_one_only),
      cmocka_unit_test(what_is_left_is_told_until_it_is_over),
      cmocka_unit_test(only_messages_put_an_idle_time_off),
      cmocka_unit_test(a_tick_that_could_have_waited_does_not_put_it_off),
      cmocka_unit_test(an_idle_time_stands_still_during_a_wait),
      cmocka_unit_test(a_tick_that_gives_way_does_not_put_it_off),
      cmocka_unit_test(a_message_before_its_tick_puts_it_off_and_so_does_a_wait),
      cmocka_unit_test(an_interval_does_not_drift_in_a_year),
      cmocka_unit_test(timers_end_with_their_generation),
      cmocka_unit_test(timers_keep_nobody_from_stopping),
      cmocka_unit_test(years_are_taken_and_what_is_beyond_is_refused),
  };
  return run_tests(tests);
}
