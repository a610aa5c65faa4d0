/* Held actors, by a virtual clock that stands for the processor's: a callback uses what it says. */
#include "tests/actors/world.h"

#include "actors/throttle.h"

typedef struct hog {
  probe p;
  world *w;
  trp_throttle *throttle;
  uint64_t use_ms; /* of each callback */
  troupe_pid child, asked;
  char news[64];
} hog;

static void use(hog *h) { atomic_fetch_add(&h->w->now.ns, h->use_ms * TRP_NS_PER_MS); }

static int hog_init(troupe_actor *a, probe *p) {
  trp_actor_throttle(a, ((hog *)p)->throttle);
  return TROUPE_OK;
}
static void hog_child(troupe_actor *a, probe *p, troupe_child *c, troupe_child_event e) {
  hog *h = (hog *)p;
  size_t n = strlen(h->news);
  snprintf(h->news + n, sizeof h->news - n, "%c",
           e == TROUPE_CHILD_STARTED  ? 's'
           : e == TROUPE_CHILD_EXITED ? 'e'
                                      : 'g');
  if (e == TROUPE_CHILD_EXITED) troupe_child_release(a, c);
}
static int short_lived(troupe_actor *a, probe *p) {
  (void)p;
  troupe_actor_exit(a, TROUPE_EXIT_NORMAL, 0, NULL, NULL);
  return TROUPE_OK;
}
static probe brief = {.script = {.init = short_lived}};
static int hog_receive(troupe_actor *a, probe *p, const troupe_message *m) {
  hog *h = (hog *)p;
  if (strcmp(m->kind, "ask") == 0) {
    troupe_send_opts o = {.size = sizeof o, .timeout_ms = 5000};
    assert_int_equal(troupe_actor_ask(a, h->asked, "x", NULL, 0, &o, &p->id), TROUPE_OK);
  }
  if (strcmp(m->kind, "spawn") == 0) {
    troupe_spawn_opts o = probe_opts(&brief);
    assert_int_equal(troupe_actor_spawn(a, &o, &h->child, NULL), TROUPE_OK);
  }
  if (strcmp(m->kind, "timer") == 0)
    assert_int_equal(troupe_actor_timer(a, 10, 0, true, NULL, &p->id), TROUPE_OK);
  use(h);
  return TROUPE_OK;
}
static void hog_resume(troupe_actor *a, probe *p, const troupe_event *e) {
  (void)a, (void)e;
  use((hog *)p);
}

static void hog_start(hog *h, world *w, trp_throttle *t, uint64_t use_ms) {
  *h = (hog){.w = w, .throttle = t, .use_ms = use_ms};
  h->p.script = (probe_script){
      .init = hog_init, .receive = hog_receive, .resume = hog_resume, .child = hog_child};
  probe_spawn(w, &h->p);
}

static void say(world *w, hog *h, const char *kind) {
  assert_int_equal(troupe_tell(w->sys, h->p.self, kind, NULL, 0), TROUPE_OK);
}

static uint64_t waits(world *w) {
  troupe_stats s;
  troupe_system_stats(w->sys, &s);
  return s.limits[TROUPE_LIMIT_CPU_MS_PER_S];
}

/* Moves the clock on to a time, whatever has moved it besides. */
static void pass_to(world *w, uint64_t at_ns) {
  world_settle(w);
  while (atomic_load(&w->now.ns) < at_ns)
    world_pass(w, 1);
}

static void a_hog_gets_its_rate_and_no_more(void **state) {
  (void)state;
  world w;
  hog h;
  trp_throttle t;
  world_start(&w);
  trp_throttle_init(&t, 100, NULL);
  hog_start(&h, &w, &t, 10);
  uint64_t start = atomic_load(&w.now.ns);
  for (int i = 0; i < 500; i++)
    say(&w, &h, "work");
  for (int s = 1; s <= 10; s++) {
    pass_to(&w, start + (uint64_t)s * TRP_NS_PER_S);
    /* 10 in a second, 1 that the bucket held, 1 that is owed */
    assert_in_range(h.p.tells, 10 * s - 1, 10 * s + 2);
  }
  assert_in_range(waits(&w), 98, 103); /* one for each message: nothing turns round meanwhile */
  assert_int_equal(troupe_kill(w.sys, h.p.self), TROUPE_OK);
  world_stop(&w);
  trp_throttle_fini(&t);
}

static void an_actor_under_its_rate_never_waits(void **state) {
  (void)state;
  world w;
  hog h;
  trp_throttle t;
  world_start(&w);
  trp_throttle_init(&t, 100, NULL);
  hog_start(&h, &w, &t, 1);
  for (int i = 0; i < 100; i++) {
    say(&w, &h, "work");
    world_settle(&w);
    assert_int_equal(h.p.tells, i + 1);
    world_pass(&w, 10);
  }
  assert_int_equal(waits(&w), 0);
  assert_int_equal(troupe_system_next_ms(w.sys), -1); /* and has no timer */
  world_stop(&w);
  trp_throttle_fini(&t);
}

/* Uses a second at once: held for nearly ten. */
static void overdraw(world *w, hog *h) {
  h->use_ms = 1000;
  say(w, h, "big");
  world_settle(w);
  h->use_ms = 0;
  say(w, h, "later");
  world_settle(w);
}

static void a_held_actor_stops_at_once_and_dies_at_once(void **state) {
  (void)state;
  for (int kill = 0; kill <= 1; kill++) {
    world w;
    hog h;
    trp_throttle t;
    world_start(&w);
    trp_throttle_init(&t, 100, NULL);
    hog_start(&h, &w, &t, 0);
    overdraw(&w, &h);
    assert_string_equal(h.p.kinds, "big");
    uint64_t now = atomic_load(&w.now.ns);
    assert_int_equal((kill ? troupe_kill : troupe_stop)(w.sys, h.p.self), TROUPE_OK);
    world_settle(&w);
    assert_int_equal(h.p.gone, 1);
    assert_int_equal(h.p.stops, !kill);
    assert_int_equal(atomic_load(&w.now.ns), now);
    world_stop(&w);
    trp_throttle_fini(&t);
  }
}

static void replies_and_timers_wait_and_none_is_lost(void **state) {
  (void)state;
  world w;
  hog h;
  probe silent = {.inits = 0};
  trp_throttle t;
  world_start(&w);
  trp_throttle_init(&t, 100, NULL);
  hog_start(&h, &w, &t, 0);
  h.asked = probe_spawn(&w, &silent);
  say(&w, &h, "ask");
  say(&w, &h, "timer");
  h.use_ms = 1000;
  say(&w, &h, "big");
  uint64_t start = atomic_load(&w.now.ns);
  world_settle(&w);
  h.use_ms = 0;
  unsigned events = h.p.events;
  world_pass(&w, 1000); /* the reply is there, the timer is due */
  assert_int_equal(h.p.events, events);
  assert_int_equal(silent.asks, 1);
  pass_to(&w, start + 40 * TRP_NS_PER_S);
  assert_int_equal(h.p.events, 2);
  assert_string_equal(h.p.kinds, "ask timer big");
  world_stop(&w);
  trp_throttle_fini(&t);
}

static void news_of_children_wait_in_their_order(void **state) {
  (void)state;
  world w;
  hog h;
  trp_throttle t;
  world_start(&w);
  trp_throttle_init(&t, 100, NULL);
  hog_start(&h, &w, &t, 1000);
  say(&w, &h, "spawn");
  world_settle(&w);
  world_pass(&w, 1000);
  assert_string_equal(h.news, "");
  h.use_ms = 0;
  world_pass(&w, 10000);
  assert_string_equal(h.news, "seg");
  world_stop(&w);
  trp_throttle_fini(&t);
}

/* A held actor with children, news of them at hand, ends as any other. */
static void what_has_been_put_off_does_not_keep_an_actor(void **state) {
  (void)state;
  for (int kill = 0; kill <= 1; kill++) {
    world w;
    hog h;
    trp_throttle t;
    world_start(&w);
    trp_throttle_init(&t, 100, NULL);
    hog_start(&h, &w, &t, 1000);
    say(&w, &h, "spawn");
    world_settle(&w);
    h.use_ms = 0;
    assert_int_equal((kill ? troupe_kill : troupe_stop)(w.sys, h.p.self), TROUPE_OK);
    world_settle(&w);
    assert_int_equal(h.p.gone, 1);
    world_stop(&w);
    trp_throttle_fini(&t);
  }
}

static void a_subtree_shares_what_its_top_has(void **state) {
  (void)state;
  enum { N = 20 };
  world w;
  static hog hogs[N];
  trp_throttle top, own[N];
  world_start(&w);
  trp_throttle_init(&top, 100, NULL);
  for (int i = 0; i < N; i++) {
    trp_throttle_init(&own[i], i ? 50 : 10, &top);
    hog_start(&hogs[i], &w, &own[i], 1);
    for (int m = 0; m < 900; m++)
      say(&w, &hogs[i], "work");
  }
  uint64_t start = atomic_load(&w.now.ns);
  pass_to(&w, start + 10 * TRP_NS_PER_S);
  unsigned total = 0, least = UINT32_MAX, most = 0;
  for (int i = 0; i < N; i++) {
    total += hogs[i].p.tells;
    if (i && hogs[i].p.tells < least) least = hogs[i].p.tells;
    if (i && hogs[i].p.tells > most) most = hogs[i].p.tells;
  }
  assert_in_range(total, 900, 1012 + N); /* 100 a second, of 1 ms each */
  assert_true(hogs[0].p.tells <= 102);   /* its own rate holds besides */
  print_message("shares of %d hogs: %u to %u of %u, %llu waits\n", N, least, most, total,
                (unsigned long long)waits(&w));
  assert_true(least * 2 >= most); /* they take turns */
  for (int i = 0; i < N; i++)
    troupe_kill(w.sys, hogs[i].p.self);
  world_stop(&w);
  for (int i = 0; i < N; i++)
    trp_throttle_fini(&own[i]);
  trp_throttle_fini(&top);
}

static int slow_init(troupe_actor *a, probe *p) {
  hog *h = (hog *)p;
  trp_actor_throttle(a, h->throttle);
  use(h);
  return TROUPE_PENDING;
}

static void the_time_of_a_start_runs_on(void **state) {
  (void)state;
  world w;
  trp_throttle t;
  world_start(&w);
  trp_throttle_init(&t, 1, NULL);
  hog h = {.w = &w, .throttle = &t, .use_ms = 1000};
  h.p.script.init = slow_init;
  troupe_spawn_opts o = probe_opts(&h.p);
  o.init_timeout_ms = 3000;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
  world_settle(&w);
  world_pass(&w, 1900);
  assert_int_equal(h.p.gone, 0);
  world_pass(&w, 200); /* it is held for a thousand seconds, and ends after three */
  assert_int_equal(h.p.gone, 1);
  world_stop(&w);
  trp_throttle_fini(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_hog_gets_its_rate_and_no_more),
      cmocka_unit_test(an_actor_under_its_rate_never_waits),
      cmocka_unit_test(a_held_actor_stops_at_once_and_dies_at_once),
      cmocka_unit_test(replies_and_timers_wait_and_none_is_lost),
      cmocka_unit_test(news_of_children_wait_in_their_order),
      cmocka_unit_test(what_has_been_put_off_does_not_keep_an_actor),
      cmocka_unit_test(a_subtree_shares_what_its_top_has),
      cmocka_unit_test(the_time_of_a_start_runs_on),
  };
  return run_tests(tests);
}
