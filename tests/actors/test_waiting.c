/* The waiting graph: what can never be answered is refused at once, and nothing else is. */
#include "tests/actors/world.h"

#include "actors/base/rand.h"

/* A node gets the path that its question still has to take: the pids of actors, in turn. It asks
 * the first of them with the rest, and gives the answer on; at the end of the path it is yes. */
typedef struct node {
  troupe_pid self;
  int rc; /* of what a test had it do */
  unsigned refused, answered;
  bool reentrant;
} node;

static int node_init(troupe_actor *a, void *arg) {
  troupe_actor_set_state(a, arg);
  ((node *)arg)->self = troupe_actor_pid(a);
  return TROUPE_OK;
}

static int pass(troupe_actor *a, const troupe_message *m) {
  node *n = troupe_actor_state(a);
  troupe_pid next;
  uint64_t kept = 0, id;
  memcpy(&next, m->data, sizeof next);
  if (!n->reentrant) troupe_actor_block(a, true);
  const char *rest = (const char *)m->data + sizeof next;
  int err = troupe_actor_keep_ask(a, &kept);
  void *user = (void *)(uintptr_t)kept; /* NOLINT(performance-no-int-to-ptr): carried, not used */
  troupe_send_opts opts = {.size = sizeof opts, .user = user};
  if (!err) err = troupe_actor_ask(a, next, "pass", rest, m->len - sizeof next, &opts, &id);
  if (!err) return TROUPE_OK;
  if (err == TROUPE_E_WOULD_DEADLOCK) n->refused++;
  troupe_actor_block(a, false);
  return troupe_actor_reply_to(a, kept, err, NULL, 0, NULL);
}

static int node_receive(troupe_actor *a, const troupe_message *m) {
  if (strcmp(m->kind, "pass") == 0 && m->len > 0) return pass(a, m);
  return TROUPE_OK; /* an ask is answered by this */
}

static void node_resume(troupe_actor *a, const troupe_event *e) {
  node *n = troupe_actor_state(a);
  n->answered++;
  troupe_actor_block(a, false);
  if (e->user)
    (void)troupe_actor_reply_to(a, (uint64_t)(uintptr_t)e->user, e->code, NULL, 0, NULL);
  else
    n->rc = e->code;
}

static const troupe_behavior node_behavior = {.size = sizeof node_behavior,
                                              .name = "node",
                                              .init = node_init,
                                              .receive = node_receive,
                                              .resume = node_resume};

static troupe_pid spawn_node(troupe_system *sys, node *n) {
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &node_behavior;
  o.arg = n;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(sys, &pid, &o), TROUPE_OK);
  return pid;
}

typedef struct answer {
  _Atomic int codes[2]; /* the last one, and how many there were */
} answer;

static void on_answer(void *ctx, const troupe_event *e) {
  answer *x = ctx;
  atomic_store(&x->codes[0], e->code);
  atomic_fetch_add(&x->codes[1], 1);
}

/* Has the first actor of a path send it on, and returns what comes of it while the time stands
 * still; 1: nothing yet. */
static int ask_along(world *w, answer *x, const troupe_pid *path, size_t len) {
  atomic_store(&x->codes[0], 1);
  assert_int_equal(
      troupe_ask(w->sys, path[0], NULL, "pass", path + 1, (len - 1) * sizeof *path, on_answer, x),
      TROUPE_OK);
  world_settle(w);
  return atomic_load(&x->codes[0]);
}

/* ---- cycles -------------------------------------------------------------------------------- */

enum { MOST = 1001 };

static void rings_of_waiting_actors_are_refused_at_once(void **state) {
  (void)state;
  static const size_t sizes[] = {1, 2, 3, 999, 1000, 1001};
  static node n[MOST];
  troupe_pid path[MOST + 1];
  world w;
  answer x;
  memset(n, 0, sizeof n);
  world_start(&w);
  for (size_t i = 0; i < MOST; i++)
    path[i] = spawn_node(w.sys, &n[i]);
  world_settle(&w);
  for (size_t k = 0; k < 6; k++) {
    size_t size = sizes[k];
    troupe_pid after = path[size == MOST ? 0 : size];
    path[size] = path[0];
    int code = ask_along(&w, &x, path, size + 1);
    if (size <= 1000) {
      assert_int_equal(code, TROUPE_E_WOULD_DEADLOCK);
      assert_int_equal(n[size - 1].refused, 1); /* who would have closed it */
      n[size - 1].refused = 0;
    } else { /* not found, and so at the deadline */
      assert_int_equal(code, 1);
      world_pass(&w, 30000);
      assert_int_equal(atomic_load(&x.codes[0]), TROUPE_E_TIMEOUT);
    }
    path[size] = after;
    if (size < MOST) assert_int_equal(ask_along(&w, &x, path, size), TROUPE_OK); /* no cycle */
  }
  world_stop(&w);
}

static void who_takes_messages_meanwhile_is_never_refused(void **state) {
  (void)state;
  for (int which = 0; which < 3; which++) { /* one that does is enough */
    node n[3] = {{.reentrant = which == 0}, {.reentrant = which == 1}, {.reentrant = which == 2}};
    world w;
    answer x;
    world_start(&w);
    troupe_pid path[4];
    for (int i = 0; i < 3; i++)
      path[i] = spawn_node(w.sys, &n[i]);
    path[3] = path[which];
    world_settle(&w);
    troupe_pid ring[4] = {path[which], path[(which + 1) % 3], path[(which + 2) % 3], path[which]};
    assert_int_equal(ask_along(&w, &x, ring, 4), TROUPE_OK);
    troupe_pid self[2] = {path[which], path[which]};
    assert_int_equal(ask_along(&w, &x, self, 2), TROUPE_OK);
    world_stop(&w);
  }
}

/* ---- parked sends -------------------------------------------------------------------------- */

typedef struct pair {
  world w;
  probe a, b;
  troupe_pid pa, pb;
} pair;

typedef struct told {
  troupe_pid other;
  int rc;
  uint64_t id, kept;
} told;

/* Each message's kind is what the actor does with the other one. */
static int do_as_told(troupe_actor *a, probe *p, const troupe_message *m) {
  told *t = p->user;
  troupe_send_opts opts = {.size = sizeof opts, .wait_ms = 1000, .timeout_ms = 2000};
  if (strcmp(m->kind, "tell") == 0) {
    troupe_actor_block(a, true);
    t->rc = troupe_actor_tell(a, t->other, "x", NULL, 0, &opts, &t->id);
    if (t->rc != TROUPE_PENDING) troupe_actor_block(a, false);
  } else if (strcmp(m->kind, "ask") == 0 || strcmp(m->kind, "ask_kept") == 0) {
    troupe_actor_block(a, true);
    const char *kind = m->kind[3] ? "keep" : "y";
    t->rc = troupe_actor_ask(a, t->other, kind, NULL, 0, &opts, &t->id);
    if (t->rc != TROUPE_OK) troupe_actor_block(a, false);
  } else if (strcmp(m->kind, "nap") == 0 || strcmp(m->kind, "nap_ask") == 0) {
    troupe_actor_block(a, true);
    troupe_actor_timer(a, 100, 0, true, m->kind[3] ? t : NULL, &t->id);
  } else if (strcmp(m->kind, "keep") == 0) {
    return troupe_actor_keep_ask(a, &t->kept);
  } else if (strcmp(m->kind, "answer") == 0) {
    t->rc = troupe_actor_reply_to(a, t->kept, TROUPE_OK, NULL, 0, NULL);
  } else if (strcmp(m->kind, "answer_and_ask") == 0) { /* in one go: the answer has not arrived */
    troupe_actor_reply_to(a, t->kept, TROUPE_OK, NULL, 0, NULL);
    troupe_actor_block(a, true);
    t->rc = troupe_actor_ask(a, t->other, "y", NULL, 0, &opts, &t->id);
  } else if (strcmp(m->kind, "hand_back") == 0) {
    t->rc = troupe_actor_forward(a, t->kept, t->other, NULL, NULL);
  } else if (strcmp(m->kind, "two") == 0) {
    troupe_actor_block(a, true);
    t->rc = troupe_actor_ask(a, t->other, "keep", NULL, 0, &opts, &t->id);
    if (!t->rc) t->rc = troupe_actor_timer(a, 500, 0, true, NULL, &t->id);
    if (!t->rc) t->rc = troupe_actor_ask(a, t->other, "keep", NULL, 0, &opts, &t->id);
  }
  return TROUPE_OK;
}

static void wake(troupe_actor *a, probe *p, const troupe_event *e) {
  told *t = p->user;
  if (e->user == t && e->code == TROUPE_OK) { /* of "nap_ask": asks without having taken messages */
    troupe_send_opts opts = {.size = sizeof opts, .timeout_ms = 2000};
    t->rc = troupe_actor_ask(a, t->other, "y", NULL, 0, &opts, &t->id);
    if (t->rc == TROUPE_OK) return;
  }
  troupe_actor_block(a, false);
}

static void pair_start_with(pair *x, told *a, told *b, uint32_t room_in_b) {
  memset(x, 0, sizeof *x);
  world_start(&x->w);
  x->a = (probe){.script = {.receive = do_as_told, .resume = wake}, .user = a};
  x->b = (probe){.script = {.receive = do_as_told, .resume = wake}, .user = b};
  x->pa = probe_spawn(&x->w, &x->a);
  troupe_spawn_opts o = probe_opts(&x->b);
  o.mailbox_messages = room_in_b;
  assert_int_equal(troupe_spawn(x->w.sys, &x->pb, &o), TROUPE_OK);
  world_settle(&x->w);
  a->other = x->pb;
  b->other = x->pa;
}
static void pair_start(pair *x, told *a, told *b) { pair_start_with(x, a, b, 1); }
static void say(pair *x, troupe_pid to, const char *kind) {
  assert_int_equal(troupe_tell(x->w.sys, to, kind, NULL, 0), TROUPE_OK);
  world_settle(&x->w);
}

static void waiting_for_room_is_waiting_too(void **state) {
  (void)state;
  pair x;
  told a = {.rc = 1}, b = {.rc = 1};
  pair_start(&x, &a, &b);
  say(&x, x.pa, "nap"); /* takes no messages for a while, but of itself */
  say(&x, x.pb, "ask");
  assert_int_equal(b.rc, TROUPE_OK); /* so it can be waited for */
  say(&x, x.pb, "fill");
  world_pass(&x.w, 100);
  assert_int_equal(x.b.tells, 2);
  say(&x, x.pb, "nap");
  say(&x, x.pb, "fill");
  say(&x, x.pa, "tell"); /* parks: an edge from a to b */
  assert_int_equal(a.rc, TROUPE_PENDING);
  world_pass(&x.w, 100);
  assert_int_equal(x.b.tells, 5); /* let in, in its turn */

  say(&x, x.pb, "nap_ask");
  say(&x, x.pb, "fill");
  say(&x, x.pa, "tell");
  assert_int_equal(a.rc, TROUPE_PENDING);
  world_pass(&x.w, 100); /* b asks a, which waits for room in b */
  assert_int_equal(b.rc, TROUPE_E_WOULD_DEADLOCK);
  world_stop(&x.w);
}

static void a_full_mailbox_of_one_that_waits_for_us_is_no_place_to_wait(void **state) {
  (void)state;
  pair x;
  told a = {0}, b = {0};
  pair_start(&x, &a, &b);
  say(&x, x.pb, "ask_kept"); /* b waits for a, which has put the answer off */
  say(&x, x.pb, "fill");
  say(&x, x.pa, "tell");
  assert_int_equal(a.rc, TROUPE_E_WOULD_DEADLOCK);
  assert_int_equal(x.w.last_dead, TROUPE_DEAD_WOULD_DEADLOCK);
  say(&x, x.pa, "ask"); /* for room, and then for the answer */
  assert_int_equal(a.rc, TROUPE_E_WOULD_DEADLOCK);
  say(&x, x.pa, "answer");
  assert_int_equal(x.b.tells, 2); /* and b goes on */
  world_stop(&x.w);
}

/* Those who wait for room are let in when a mailbox has drained to a quarter: also when its actor
 * waits for one of them before that. */
static void who_waits_for_room_that_there_is_closes_no_cycle(void **state) {
  (void)state;
  pair x;
  told a = {.rc = 1}, b = {.rc = 1};
  pair_start_with(&x, &a, &b, 8);
  say(&x, x.pb, "nap");
  for (int i = 0; i < 8; i++)
    say(&x, x.pb, i == 5 ? "ask" : "fill");
  say(&x, x.pa, "tell");
  assert_int_equal(a.rc, TROUPE_PENDING);
  world_pass(&x.w, 100); /* b has handled five when it asks a, which could be let in */
  assert_int_equal(b.rc, TROUPE_OK);
  assert_int_equal(x.b.last.code, TROUPE_OK);
  assert_int_equal(x.b.tells, 1 + 8 + 1);
  world_stop(&x.w);
}

/* ---- ends of waits ------------------------------------------------------------------------- */

static void a_wait_that_is_settled_is_no_wait(void **state) {
  (void)state;
  pair x;
  told a = {0}, b = {0};
  pair_start(&x, &a, &b);
  say(&x, x.pb, "ask_kept");
  say(&x, x.pa, "answer_and_ask");
  assert_int_equal(a.rc, TROUPE_OK);
  assert_int_equal(x.a.last.code, TROUPE_OK);
  say(&x, x.pb, "ask_kept");
  world_pass(&x.w, 2000); /* b's deadline */
  assert_int_equal(x.b.last.code, TROUPE_E_TIMEOUT);
  say(&x, x.pa, "ask");
  assert_int_equal(a.rc, TROUPE_OK);
  say(&x, x.pb, "ask_kept");
  say(&x, x.pa, "answer"); /* the one before last: too late, and not to be taken for this one's */
  world_stop(&x.w);
}

static void a_late_answer_does_not_end_another_wait(void **state) {
  (void)state;
  pair x;
  told a = {0}, b = {0};
  pair_start(&x, &a, &b);
  say(&x, x.pb, "ask_kept");
  uint64_t first = a.kept;
  world_pass(&x.w, 2000);
  say(&x, x.pb, "ask_kept");
  uint64_t second = a.kept;
  a.kept = first;
  say(&x, x.pa, "answer");
  say(&x, x.pa, "ask");
  assert_int_equal(a.rc, TROUPE_E_WOULD_DEADLOCK); /* b still waits for the second */
  a.kept = second;
  say(&x, x.pa, "answer");
  say(&x, x.pa, "ask");
  assert_int_equal(a.rc, TROUPE_OK);
  world_stop(&x.w);
}

static void a_wait_ends_with_its_actor(void **state) {
  (void)state;
  pair x;
  told a = {0}, b = {0};
  pair_start(&x, &a, &b);
  say(&x, x.pb, "ask_kept");
  troupe_kill(x.w.sys, x.pb);
  world_settle(&x.w);
  troupe_pid heir = {0};
  probe p = {.script = {.receive = do_as_told, .resume = wake}, .user = &b};
  for (int i = 0; i < 4096 && (uint32_t)heir.id != (uint32_t)x.pb.id; i++) {
    if (heir.id) troupe_kill(x.w.sys, heir);
    heir = probe_spawn(&x.w, &p);
  }
  assert_int_equal((uint32_t)heir.id, (uint32_t)x.pb.id); /* in its slot */
  a.other = heir;
  say(&x, x.pa, "ask");
  assert_int_equal(a.rc, TROUPE_OK);
  assert_int_equal(x.a.last.code, TROUPE_OK);
  world_stop(&x.w);
}

static void who_is_continued_by_something_else_waits_for_nobody(void **state) {
  (void)state;
  pair x;
  told a = {0}, b = {0};
  pair_start(&x, &a, &b);
  say(&x, x.pb, "two"); /* answers, and a timer */
  assert_int_equal(b.rc, TROUPE_OK);
  say(&x, x.pa, "ask");
  assert_int_equal(a.rc, TROUPE_OK);
  world_pass(&x.w, 500);
  assert_int_equal(x.a.last.code, TROUPE_OK);
  world_stop(&x.w);
}

/* ---- forwarding ---------------------------------------------------------------------------- */

static void an_ask_that_is_handed_on_waits_for_the_next_one(void **state) {
  (void)state;
  pair x;
  told a = {0}, b = {0}, c = {0};
  pair_start(&x, &a, &b);
  probe third = {.script = {.receive = do_as_told, .resume = wake}, .user = &c};
  troupe_pid pc = probe_spawn(&x.w, &third);
  c.other = x.pb;
  say(&x, x.pb, "ask_kept");
  a.other = pc;
  say(&x, x.pa, "hand_back"); /* to the third, which has it in its line as "keep" */
  assert_int_equal(a.rc, TROUPE_OK);
  a.other = x.pb;
  say(&x, pc, "ask"); /* b waits for the third now, */
  assert_int_equal(c.rc, TROUPE_E_WOULD_DEADLOCK);
  c.other = x.pa;
  say(&x, pc, "ask");
  assert_int_equal(c.rc, TROUPE_OK); /* but a is free, */
  say(&x, x.pa, "ask");
  assert_int_equal(a.rc, TROUPE_OK); /* and b is not waiting for a */
  say(&x, pc, "answer");
  assert_int_equal(x.b.last.code, TROUPE_OK);
  assert_int_equal(x.a.last.code, TROUPE_OK);

  say(&x, x.pb, "ask_kept");
  say(&x, x.pa, "hand_back"); /* to who asked: it would wait for itself */
  assert_int_equal(a.rc, TROUPE_E_WOULD_DEADLOCK);
  assert_int_equal(x.b.last.code, TROUPE_E_WOULD_DEADLOCK);
  world_stop(&x.w);
}

/* ---- threads ------------------------------------------------------------------------------- */

static troupe_system *start_threads(void) {
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 4;
  cfg.log = world_log;
  troupe_system *sys;
  assert_int_equal(troupe_system_start(&sys, &cfg), TROUPE_OK);
  return sys;
}

static void wait_for(answer *x, int count, uint64_t end_ns) {
  const trp_clock clock = trp_clock_monotonic();
  while (atomic_load(&x->codes[1]) < count) {
    if (trp_clock_ns(&clock) > end_ns) fail_msg("an ask hangs");
    nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
  }
}

static uint64_t in_a_minute(void) {
  const trp_clock clock = trp_clock_monotonic();
  return trp_clock_ns(&clock) + 60 * TRP_NS_PER_S;
}

enum { CROWD = 8, ROUNDS = 3000 };

typedef struct crowd {
  _Atomic uint64_t pid[CROWD];
  _Atomic uint64_t answered, refused, other, started;
} crowd;

static crowd all;

typedef struct member {
  trp_rand rand;
  uint64_t kept; /* the ask that it has to answer when its own has ended */
} member;

static member members[CROWD];

static int member_init(troupe_actor *a, void *arg) {
  member *s = arg;
  trp_rand_init(&s->rand, (uint64_t)(s - members) + 1);
  troupe_actor_set_state(a, s);
  return TROUPE_OK;
}

/* Asks somebody, itself perhaps, before it answers; hops says how deep that may go. */
static int member_receive(troupe_actor *a, const troupe_message *m) {
  member *s = troupe_actor_state(a);
  uint32_t hops;
  memcpy(&hops, m->data, sizeof hops);
  if (hops-- == 0) return TROUPE_OK;
  uint64_t id, kept;
  troupe_send_opts o = {
      .size = sizeof o, .timeout_ms = TROUPE_INFINITY, .wait_ms = TROUPE_INFINITY - 1};
  troupe_pid to = {atomic_load(&all.pid[trp_rand_below(&s->rand, CROWD)])};
  int err = troupe_actor_keep_ask(a, &kept);
  if (err) return err;
  troupe_actor_block(a, true);
  err = troupe_actor_ask(a, to, "ask", &hops, sizeof hops, &o, &id);
  if (err == TROUPE_OK) {
    s->kept = kept;
    return TROUPE_OK;
  }
  troupe_actor_block(a, false);
  atomic_fetch_add(err == TROUPE_E_WOULD_DEADLOCK ? &all.refused : &all.other, 1);
  return troupe_actor_reply_to(a, kept, TROUPE_OK, NULL, 0, NULL);
}
static void member_resume(troupe_actor *a, const troupe_event *e) {
  member *s = troupe_actor_state(a);
  atomic_fetch_add(e->code == TROUPE_OK ? &all.answered : &all.other, 1);
  troupe_actor_block(a, false);
  (void)troupe_actor_reply_to(a, s->kept, TROUPE_OK, NULL, 0, NULL);
}
static const troupe_behavior member_behavior = {.size = sizeof member_behavior,
                                                .init = member_init,
                                                .receive = member_receive,
                                                .resume = member_resume};

static void note_answer(void *ctx, const troupe_event *e) {
  (void)ctx;
  if (e->code != TROUPE_OK && e->code != TROUPE_E_MAILBOX_FULL) atomic_fetch_add(&all.other, 1);
  atomic_fetch_sub(&all.started, 1);
}

/* Nobody has a deadline: one cycle that is missed and this never ends. */
static void no_crossing_of_asks_is_left_waiting(void **state) {
  (void)state;
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 3;
  cfg.log = world_log;
  troupe_system *sys;
  assert_int_equal(troupe_system_start(&sys, &cfg), TROUPE_OK);
  for (int i = 0; i < CROWD; i++) {
    troupe_spawn_opts o = TROUPE_SPAWN_INIT;
    o.behavior = &member_behavior;
    o.arg = &members[i];
    troupe_pid pid;
    assert_int_equal(troupe_spawn(sys, &pid, &o), TROUPE_OK);
    atomic_store(&all.pid[i], pid.id);
  }
  for (unsigned n = 0; n < ROUNDS; n++) {
    uint32_t hops = 1 + n % 6;
    troupe_pid to = {atomic_load(&all.pid[n % CROWD])};
    troupe_ask_opts o = {.size = sizeof o, .timeout_ms = TROUPE_INFINITY};
    atomic_fetch_add(&all.started, 1);
    assert_int_equal(troupe_ask(sys, to, &o, "ask", &hops, sizeof hops, note_answer, NULL),
                     TROUPE_OK);
  }
  for (int ms = 0; ms < 60000 && atomic_load(&all.started); ms++)
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  assert_int_equal(all.started, 0);
  assert_int_equal(all.other, 0);
  assert_true(all.answered > 0 && all.refused > 0);
  assert_int_equal(troupe_system_stop(sys, 10000), TROUPE_OK);
  troupe_system_free(sys);
}

enum { NODES = 24, STREAMS = 12, ASKS = 1500, LONGEST = 8 };

/* Every path leads from lower to higher, so that there never is a cycle, however they meet. */
static void without_a_cycle_nobody_is_refused(void **state) {
  (void)state;
  troupe_system *sys = start_threads();
  static node n[NODES];
  troupe_pid pid[NODES];
  static answer x[STREAMS];
  memset(n, 0, sizeof n);
  memset(x, 0, sizeof x);
  trp_rand r;
  trp_rand_init(&r, test_seed());
  for (int i = 0; i < NODES; i++) {
    n[i].reentrant = i % 5 == 4;
    pid[i] = spawn_node(sys, &n[i]);
  }
  uint64_t end = in_a_minute();
  for (int i = 1; i <= ASKS; i++) {
    for (int s = 0; s < STREAMS; s++) {
      troupe_pid path[LONGEST];
      size_t len = 0;
      for (size_t at = trp_rand_below(&r, 4); at < NODES && len < LONGEST;
           at += 1 + trp_rand_below(&r, 6))
        path[len++] = pid[at];
      assert_int_equal(troupe_ask(sys, path[0], NULL, "pass", path + 1, (len - 1) * sizeof *path,
                                  on_answer, &x[s]),
                       TROUPE_OK);
    }
    for (int s = 0; s < STREAMS; s++) {
      wait_for(&x[s], i, end);
      assert_int_equal(atomic_load(&x[s].codes[0]), TROUPE_OK);
    }
  }
  assert_int_equal(troupe_system_stop(sys, 10000), TROUPE_OK);
  for (int i = 0; i < NODES; i++)
    assert_int_equal(n[i].refused, 0);
  troupe_system_free(sys);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rings_of_waiting_actors_are_refused_at_once),
      cmocka_unit_test(who_takes_messages_meanwhile_is_never_refused),
      cmocka_unit_test(waiting_for_room_is_waiting_too),
      cmocka_unit_test(a_full_mailbox_of_one_that_waits_for_us_is_no_place_to_wait),
      cmocka_unit_test(who_waits_for_room_that_there_is_closes_no_cycle),
      cmocka_unit_test(a_wait_that_is_settled_is_no_wait),
      cmocka_unit_test(a_late_answer_does_not_end_another_wait),
      cmocka_unit_test(a_wait_ends_with_its_actor),
      cmocka_unit_test(who_is_continued_by_something_else_waits_for_nobody),
      cmocka_unit_test(an_ask_that_is_handed_on_waits_for_the_next_one),
      cmocka_unit_test(no_crossing_of_asks_is_left_waiting),
      cmocka_unit_test(without_a_cycle_nobody_is_refused),
  };
  return run_tests(tests);
}
