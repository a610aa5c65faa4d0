/* Every overflow policy against a plain model: random sends of both priorities, by a host and by an
 * actor that waits, and random numbers of messages handled. */
#include "tests/actors/world.h"

#include "actors/base/rand.h"
#include "actors/message.h"
#include "actors/room.h"

enum { MOST = 64, OPS = 400, ROUNDS = 60 };

/* ---- the model ----------------------------------------------------------------------------- */

typedef struct entry {
  uint32_t id, bytes;
  bool high;
} entry;

typedef struct model {
  troupe_overflow policy;
  uint32_t room, high_room;
  uint64_t room_bytes;
  entry line[MOST], high[MOST], parked[4096];
  uint32_t lines, highs, parks, in_a_row;
  uint64_t bytes;
  uint32_t handled[1 << 16], nhandled; /* ids in order */
  uint32_t full, dropped_new, dropped_old, too_big;
} model;

static void put(entry *list, uint32_t *n, entry e) { list[(*n)++] = e; }
static entry take(entry *list, uint32_t *n) {
  entry e = list[0];
  memmove(list, list + 1, --*n * sizeof *list);
  return e;
}

static bool fits(const model *m, const entry *e) {
  if (e->high)
    return m->highs < m->high_room && m->bytes + e->bytes <= m->room_bytes + m->room_bytes / 8;
  return m->lines < m->room && m->bytes + e->bytes <= m->room_bytes;
}
static void enter(model *m, entry e) {
  m->bytes += e.bytes;
  if (e.high)
    put(m->high, &m->highs, e);
  else
    put(m->line, &m->lines, e);
}

/* Whether it may fit when others are dropped, which those of high priority are not. */
static bool could_fit(const model *m, const entry *e) {
  uint64_t bytes = e->bytes;
  for (uint32_t i = 0; i < m->highs; i++)
    bytes += m->high[i].bytes;
  return !e->high && bytes <= m->room_bytes;
}

/* What the send must return. */
static int model_send(model *m, entry e, bool waits) {
  if (e.bytes > m->room_bytes) {
    m->too_big++;
    return TROUPE_E_TOO_BIG;
  }
  bool drops = m->policy == TROUPE_OVERFLOW_DROP_OLD && could_fit(m, &e);
  while (drops && !fits(m, &e) && m->lines) {
    m->bytes -= take(m->line, &m->lines).bytes;
    m->dropped_old++;
  }
  if (fits(m, &e) && (e.high || !m->parks)) {
    enter(m, e);
    return TROUPE_OK;
  }
  if (m->policy == TROUPE_OVERFLOW_WAIT && waits && !e.high) {
    put(m->parked, &m->parks, e);
    return TROUPE_PENDING;
  }
  if (m->policy == TROUPE_OVERFLOW_DROP_NEW || m->policy == TROUPE_OVERFLOW_DROP_OLD) {
    m->dropped_new++;
    return TROUPE_E_DROPPED;
  }
  m->full++;
  return TROUPE_E_MAILBOX_FULL;
}

static void model_admit(model *m) {
  while (m->parks && fits(m, m->parked))
    enter(m, take(m->parked, &m->parks));
}

static void model_handle(model *m, uint32_t n) {
  while (n && (m->lines || m->highs || m->parks)) {
    if (!m->lines && !m->highs) model_admit(m); /* it has run dry */
    bool high = m->highs && (!m->lines || m->in_a_row < 32);
    entry e = high ? take(m->high, &m->highs) : take(m->line, &m->lines);
    m->in_a_row = high ? m->in_a_row + 1 : 0;
    m->bytes -= e.bytes;
    m->handled[m->nhandled++] = e.id;
    n--;
    if (m->lines <= m->room / 4 && m->bytes <= m->room_bytes / 4) model_admit(m);
  }
}

/* ---- the real one -------------------------------------------------------------------------- */

typedef struct real {
  world w;
  probe to, from;
  troupe_pid pto, pfrom;
  uint32_t budget; /* messages to handle before it blocks again */
  uint32_t handled[1 << 16], nhandled;
  entry sends; /* what the sender is to send */
  int rc;
} real;

static int note(troupe_actor *a, probe *p, const troupe_message *m) {
  real *r = p->user;
  if (strcmp(m->kind, "m") != 0) {
    uint64_t id;
    troupe_actor_block(a, true);
    return strcmp(m->kind, "block") == 0 ? troupe_actor_timer(a, 1, 1, true, NULL, &id) : TROUPE_OK;
  }
  memcpy(&r->handled[r->nhandled++], m->data, sizeof(uint32_t));
  if (--r->budget == 0) troupe_actor_block(a, true);
  *p->kinds = 0;
  return TROUPE_OK;
}
static void go_on(troupe_actor *a, probe *p, const troupe_event *e) {
  (void)e;
  if (((real *)p->user)->budget) troupe_actor_block(a, false);
}

static int send(troupe_actor *a, probe *p, const troupe_message *m) {
  static uint8_t payload[4096];
  real *r = p->user;
  uint64_t id;
  (void)m;
  troupe_send_opts o = {.size = sizeof o,
                        .wait_ms = 1u << 30,
                        .priority = r->sends.high ? TROUPE_PRIORITY_HIGH : TROUPE_PRIORITY_NORMAL};
  memcpy(payload, &r->sends.id, sizeof r->sends.id);
  r->rc = troupe_actor_tell(a, r->pto, "m", payload, r->sends.bytes, &o, &id);
  *p->kinds = 0;
  return TROUPE_OK;
}

static uint32_t cost(uint32_t len) {
  return (uint32_t)trp_msg_bytes(&(trp_msg){.kind_len = 1, .size = len});
}

static void start(real *r, model *m, trp_rand *rand, troupe_overflow policy) {
  memset(r, 0, sizeof *r);
  memset(m, 0, sizeof *m);
  m->policy = policy;
  m->room = 1 + (uint32_t)trp_rand_below(rand, 20);
  m->high_room = m->room / 8 ? m->room / 8 : 1;
  m->room_bytes = cost(64) + trp_rand_below(rand, 4000);
  world_start(&r->w);
  r->to = (probe){.script = {.receive = note, .resume = go_on}, .user = r};
  r->from = (probe){.script = {.receive = send}, .user = r};
  troupe_spawn_opts o = probe_opts(&r->to);
  o.overflow = policy;
  o.mailbox_messages = m->room;
  o.mailbox_bytes = m->room_bytes;
  assert_int_equal(troupe_spawn(r->w.sys, &r->pto, &o), TROUPE_OK);
  r->pfrom = probe_spawn(&r->w, &r->from);
  assert_int_equal(troupe_tell(r->w.sys, r->pto, "block", NULL, 0), TROUPE_OK);
  world_settle(&r->w);
}

/* One send by the host, which never waits, or by the actor. */
static int real_send(real *r, bool by_actor) {
  if (by_actor) {
    assert_int_equal(troupe_tell(r->w.sys, r->pfrom, "send", NULL, 0), TROUPE_OK);
    world_settle(&r->w);
    return r->rc;
  }
  uint8_t payload[4096] = {0};
  memcpy(payload, &r->sends.id, sizeof r->sends.id);
  return troupe_tell(r->w.sys, r->pto, "m", payload, r->sends.bytes);
}

static void check_same(real *r, const model *m) {
  troupe_stats s;
  troupe_system_stats(r->w.sys, &s);
  assert_int_equal(r->nhandled, m->nhandled);
  assert_memory_equal(r->handled, m->handled, m->nhandled * sizeof *m->handled);
  assert_int_equal(s.dead[TROUPE_DEAD_MAILBOX_FULL], m->full);
  assert_int_equal(s.dead[TROUPE_DEAD_OVERFLOW_NEW], m->dropped_new);
  assert_int_equal(s.dead[TROUPE_DEAD_OVERFLOW_OLD], m->dropped_old);
  assert_int_equal(s.dead[TROUPE_DEAD_TOO_BIG], m->too_big);
}

static void round_of(trp_rand *rand, troupe_overflow policy) {
  static real r;
  static model m;
  start(&r, &m, rand, policy);
  for (uint32_t id = 1; id <= OPS; id++) {
    if (trp_rand_below(rand, 4) == 0) {
      uint32_t n = 1 + (uint32_t)trp_rand_below(rand, 40);
      model_handle(&m, n);
      r.budget = n;
      world_pass(&r.w, 1);
      if (r.budget) { /* it has run dry, and would take the next at once */
        r.budget = 0;
        assert_int_equal(troupe_tell(r.w.sys, r.pto, "stay", NULL, 0), TROUPE_OK);
        world_settle(&r.w);
        m.in_a_row = 0;
        assert_int_equal(m.lines + m.highs + m.parks, 0);
      }
    } else {
      bool by_actor = trp_rand_below(rand, 3) != 0;
      bool high = by_actor && trp_rand_below(rand, 4) == 0;
      uint32_t len = 4 + (uint32_t)trp_rand_below(rand, trp_rand_below(rand, 2) ? 20 : 1200);
      r.sends = (entry){.id = id, .bytes = len, .high = high};
      entry e = {.id = id, .bytes = cost(len), .high = high};
      assert_int_equal(real_send(&r, by_actor), model_send(&m, e, by_actor));
    }
    check_same(&r, &m);
  }
  world_stop(&r.w);
}

static void every_policy_does_what_its_model_does(void **state) {
  (void)state;
  /* `stop` ends the receiver: see test_overflow.c */
  static const troupe_overflow policies[] = {TROUPE_OVERFLOW_WAIT, TROUPE_OVERFLOW_FAIL,
                                             TROUPE_OVERFLOW_DROP_NEW, TROUPE_OVERFLOW_DROP_OLD};
  trp_rand rand;
  trp_rand_init(&rand, test_seed());
  for (int i = 0; i < ROUNDS; i++)
    round_of(&rand, policies[i % 4]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_policy_does_what_its_model_does)};
  return run_tests(tests);
}
