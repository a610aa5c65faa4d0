/* Actors that wait for each other: told at once, and only if it is true. */
#include "tests/actors/world.h"

#include <pthread.h>

#include "actors/base/rand.h"
#include "actors/system.h"

enum { RING = 12, ROOM = 2 };

typedef struct ring { /* each asks the next, as the kind it gets says */
  world w;
  probe p[RING];
  troupe_pid pid[RING];
  int rc[RING], code[RING];
  uint64_t ask[RING];
  unsigned size;
} ring;

static unsigned index_of(const ring *r, const probe *p) { return (unsigned)(p - r->p); }

/* "ask": blocks in an ask of the next; "free": asks, and goes on; "wait": blocks in a tell;
 * "flood": fills the next one's mailbox before that; "busy": takes nothing for a second. */
static int pass_on(troupe_actor *a, probe *p, const troupe_message *m) {
  ring *r = p->user;
  unsigned i = index_of(r, p);
  troupe_send_opts o = {.size = sizeof o,
                        .blocking = strcmp(m->kind, "free") != 0,
                        .wait_ms = 500 + 5000 * (p->id == 0),
                        .timeout_ms = 500 + 5000 * (p->id == 0)};
  troupe_pid next = r->pid[(i + 1) % r->size];
  if (strcmp(m->kind, "question") == 0 || strcmp(m->kind, "m") == 0) return TROUPE_OK;
  if (strcmp(m->kind, "busy") == 0) {
    troupe_actor_block(a, true);
    return troupe_actor_timer(a, 1000, 0, true, NULL, &r->ask[i]);
  }
  if (strcmp(m->kind, "flood") == 0)
    for (int n = 0; n < ROOM; n++)
      assert_int_equal(troupe_actor_tell(a, next, "m", NULL, 0, NULL, NULL), TROUPE_OK);
  bool tells = strcmp(m->kind, "flood") == 0 || strcmp(m->kind, "wait") == 0;
  r->rc[i] = tells ? troupe_actor_tell(a, next, "m", NULL, 0, &o, &r->ask[i])
                   : troupe_actor_ask(a, next, "question", NULL, 0, &o, &r->ask[i]);
  bool waits = r->rc[i] == (tells ? TROUPE_PENDING : TROUPE_OK);
  if (waits && o.blocking) troupe_actor_block(a, true);
  return TROUPE_OK;
}
static void note_end(troupe_actor *a, probe *p, const troupe_event *e) {
  ring *r = p->user;
  r->code[index_of(r, p)] = e->code;
  troupe_actor_block(a, false);
}

static void open_ring(ring *r, unsigned size) {
  memset(r, 0, sizeof *r);
  world_start(&r->w);
  r->size = size;
  for (unsigned i = 0; i < size; i++) {
    r->p[i] = (probe){.script = {.receive = pass_on, .resume = note_end}, .user = r};
    troupe_spawn_opts o = probe_opts(&r->p[i]);
    o.mailbox_messages = ROOM;
    assert_int_equal(troupe_spawn(r->w.sys, &r->pid[i], &o), TROUPE_OK);
    r->rc[i] = r->code[i] = 1234;
  }
  world_settle(&r->w);
}

static void start_one(ring *r, unsigned i, const char *kind) {
  assert_int_equal(troupe_tell(r->w.sys, r->pid[i], kind, NULL, 0), TROUPE_OK);
  troupe_system_step(r->w.sys, 0);
}

static bool waits(ring *r, unsigned i) {
  trp_slot *slot = trp_slots_find(&r->w.sys->slots, r->pid[i]);
  return atomic_load(&slot->waiting_on) != 0;
}

static void whoever_closes_a_cycle_is_told_at_once(void **state) {
  (void)state;
  for (unsigned size = 1; size <= RING; size++) {
    ring r;
    open_ring(&r, size);
    for (unsigned i = 0; i < size; i++)
      troupe_tell(r.w.sys, r.pid[i], "ask", NULL, 0);
    world_settle(&r.w);
    unsigned told = 0;
    for (unsigned i = 0; i < size; i++)
      told += r.rc[i] == TROUPE_E_WOULD_DEADLOCK;
    assert_int_equal(told, 1);
    for (unsigned i = 0; i < size; i++) { /* so all others have their answers */
      if (r.rc[i] == TROUPE_OK) assert_int_equal(r.code[i], TROUPE_OK);
      assert_false(waits(&r, i));
    }
    assert_int_equal(r.w.last_dead, TROUPE_DEAD_WOULD_DEADLOCK);
    world_stop(&r.w);
  }
}

static void a_chain_is_no_cycle(void **state) {
  (void)state;
  ring r;
  open_ring(&r, RING);
  for (unsigned i = 0; i + 1 < RING; i++)
    troupe_tell(r.w.sys, r.pid[i], "ask", NULL, 0);
  world_settle(&r.w);
  for (unsigned i = 0; i + 1 < RING; i++)
    assert_int_equal(r.code[i], TROUPE_OK);
  assert_int_equal(r.w.dead_seen, 0);
  world_stop(&r.w);
}

/* The edge goes before the answer: whoever has answered may ask back at once. */
static void who_has_been_answered_waits_no_more(void **state) {
  (void)state;
  ring r;
  open_ring(&r, 2);
  start_one(&r, 0, "ask");
  assert_true(waits(&r, 0));
  start_one(&r, 1, "ask");           /* behind the question, and in the same slice */
  assert_int_equal(r.code[0], 1234); /* its answer is still on the way */
  assert_int_equal(r.rc[1], TROUPE_OK);
  world_settle(&r.w);
  assert_int_equal(r.code[0], TROUPE_OK);
  assert_int_equal(r.code[1], TROUPE_OK);
  world_stop(&r.w);
}

/* Who takes messages meanwhile answers in the end. */
static void who_does_not_block_is_no_part_of_a_cycle(void **state) {
  (void)state;
  ring r;
  open_ring(&r, 3);
  troupe_tell(r.w.sys, r.pid[0], "ask", NULL, 0);
  troupe_tell(r.w.sys, r.pid[1], "free", NULL, 0);
  troupe_tell(r.w.sys, r.pid[2], "ask", NULL, 0);
  world_settle(&r.w);
  for (unsigned i = 0; i < 3; i++)
    assert_int_equal(r.code[i], TROUPE_OK);
  world_stop(&r.w);
}

/* A full mailbox whose owner waits for the sender. */
static void waiting_for_room_is_waiting(void **state) {
  (void)state;
  ring r;
  open_ring(&r, 2);
  troupe_tell(r.w.sys, r.pid[1], "ask", NULL, 0); /* has its turn first */
  troupe_tell(r.w.sys, r.pid[0], "flood", NULL, 0);
  world_settle(&r.w);
  assert_int_equal(r.rc[0], TROUPE_E_WOULD_DEADLOCK);
  assert_int_equal(r.code[1], TROUPE_OK); /* and so it could answer */
  world_stop(&r.w);
}

/* Ways in which an ask (a parked tell) ends; each time the edge is there before, and then not. */
static void every_end_of_a_wait_takes_its_edge_away(void **state) {
  (void)state;
  enum { OTHER_GOES_ON, DEADLINE, OWN_KILL, OWN_STOP, OTHERS_KILL, OTHERS_STOP, ENDS };
  for (int i = 0; i < 2 * ENDS; i++) {
    ring r;
    open_ring(&r, 3);
    start_one(&r, 1, "busy");
    r.p[0].id = i % ENDS == DEADLINE; /* then it has a short one */
    start_one(&r, 0, i < ENDS ? "ask" : "flood");
    assert_int_equal(r.rc[0], i < ENDS ? TROUPE_OK : TROUPE_PENDING);
    assert_true(waits(&r, 0));
    switch (i % ENDS) {
    case OTHER_GOES_ON:
      world_pass(&r.w, 1000);
      break;
    case DEADLINE:
      world_pass(&r.w, 500);
      break;
    case OWN_KILL:
      troupe_kill(r.w.sys, r.pid[0]);
      break;
    case OWN_STOP:
      troupe_stop(r.w.sys, r.pid[0]);
      break;
    case OTHERS_KILL:
      troupe_kill(r.w.sys, r.pid[1]);
      break;
    case OTHERS_STOP:
      troupe_stop(r.w.sys, r.pid[1]);
      break;
    }
    world_settle(&r.w);
    assert_false(waits(&r, 0));
    world_stop(&r.w);
  }
}

static int hand_back(troupe_actor *a, probe *p, const troupe_message *m) {
  ring *r = p->user;
  uint64_t park;
  (void)m;
  /* to the one who asks: it waits for that, and takes nothing */
  r->rc[index_of(r, p)] = troupe_actor_forward(a, 0, m->from, NULL, &park);
  return TROUPE_OK;
}

static void an_ask_that_is_handed_on_waits_for_the_other_one(void **state) {
  (void)state;
  ring r;
  open_ring(&r, 2);
  r.p[1].script.receive = hand_back;
  start_one(&r, 0, "ask");
  world_settle(&r.w);
  assert_int_equal(r.rc[1], TROUPE_E_WOULD_DEADLOCK);
  assert_int_equal(r.code[0], TROUPE_E_WOULD_DEADLOCK);
  assert_false(waits(&r, 0));
  world_stop(&r.w);
}

/* ---- real threads -------------------------------------------------------------------------- */

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
  troupe_send_opts o = {.size = sizeof o,
                        .blocking = true,
                        .timeout_ms = TROUPE_INFINITY,
                        .wait_ms = TROUPE_INFINITY - 1};
  troupe_pid to = {atomic_load(&all.pid[trp_rand_below(&s->rand, CROWD)])};
  int err = troupe_actor_keep_ask(a, &kept);
  if (err) return err;
  err = troupe_actor_ask(a, to, "ask", &hops, sizeof hops, &o, &id);
  if (err == TROUPE_OK) {
    s->kept = kept;
    troupe_actor_block(a, true);
    return TROUPE_OK;
  }
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whoever_closes_a_cycle_is_told_at_once),
      cmocka_unit_test(a_chain_is_no_cycle),
      cmocka_unit_test(who_has_been_answered_waits_no_more),
      cmocka_unit_test(who_does_not_block_is_no_part_of_a_cycle),
      cmocka_unit_test(waiting_for_room_is_waiting),
      cmocka_unit_test(every_end_of_a_wait_takes_its_edge_away),
      cmocka_unit_test(an_ask_that_is_handed_on_waits_for_the_other_one),
      cmocka_unit_test(no_crossing_of_asks_is_left_waiting),
  };
  return run_tests(tests);
}
