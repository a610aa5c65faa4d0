#include "tests/test.h"

#include "actors/base/clock.h"
#include "actors/base/rand.h"
#include "actors/base/wheel.h"

enum { NODES = 300, STEPS = 60000 };

#define DAY (UINT64_C(86400) * TRP_NS_PER_S)
#define YEAR (365 * DAY)

static trp_wheel_node *pop(trp_wheel *w, uint64_t now) {
  trp_wheel_node *node = NULL;
  for (unsigned moves = 0; !node && moves == 0;) { /* as few at a time as there can be */
    moves = 1;
    node = trp_wheel_pop(w, now, &moves);
  }
  return node;
}

static void nodes_come_when_they_are_due_and_in_order(void **state) {
  (void)state;
  static const uint64_t at[] = {5, 1, 1 << 20, 3, 1, UINT64_MAX, 70, 4096};
  static const size_t order[] = {1, 4, 3, 0, 6, 7, 2, 5};
  static trp_wheel w;
  trp_wheel_node nodes[8];
  trp_wheel_init(&w);
  assert_null(pop(&w, UINT64_MAX));
  assert_int_equal(trp_wheel_next(&w), UINT64_MAX);
  for (size_t i = 0; i < 8; i++) {
    trp_wheel_node_init(&nodes[i]);
    trp_wheel_insert(&w, &nodes[i], at[i]);
  }
  for (size_t i = 0; i < 8; i++) {
    uint64_t due = at[order[i]];
    assert_int_equal(trp_wheel_next(&w), due);
    if (due != at[order[i ? i - 1 : 0]]) assert_null(pop(&w, due - 1));
    assert_ptr_equal(pop(&w, due), &nodes[order[i]]);
    assert_false(trp_wheel_node_inside(&nodes[order[i]]));
  }
  assert_null(pop(&w, UINT64_MAX));
}

static void what_is_past_is_due_at_once(void **state) {
  (void)state;
  static trp_wheel w;
  trp_wheel_node early, late;
  trp_wheel_init(&w);
  trp_wheel_node_init(&early);
  trp_wheel_node_init(&late);
  trp_wheel_insert(&w, &late, 10 * YEAR);
  assert_ptr_equal(pop(&w, 10 * YEAR), &late); /* the wheel is there now */
  trp_wheel_insert(&w, &early, YEAR);
  assert_true(trp_wheel_next(&w) <= 10 * YEAR);
  assert_ptr_equal(pop(&w, 10 * YEAR), &early);
}

static void removing_twice_and_from_nowhere_is_harmless(void **state) {
  (void)state;
  static trp_wheel w;
  trp_wheel_node node;
  trp_wheel_init(&w);
  trp_wheel_node_init(&node);
  trp_wheel_remove(&w, &node);
  trp_wheel_update(&w, &node, 7); /* outside: it is put in */
  trp_wheel_update(&w, &node, 9);
  assert_int_equal(trp_wheel_next(&w), 9);
  trp_wheel_remove(&w, &node);
  trp_wheel_remove(&w, &node);
  assert_int_equal(trp_wheel_next(&w), UINT64_MAX);
}

/* ---- against a sorted list ----------------------------------------------------------------- */

typedef struct model {
  trp_wheel wheel;
  trp_wheel_node nodes[NODES];
  bool inside[NODES];
  uint64_t at[NODES], turn[NODES]; /* turn: when it was put in, counted */
  uint64_t now, turns;
} model;

/* The one that has to come next, found the slow way; NODES: none is due. What was put in when its
 * time had passed is as good as put in for now. */
static size_t expected(const model *m) {
  size_t best = NODES;
  for (size_t i = 0; i < NODES; i++) {
    if (!m->inside[i] || m->at[i] > m->now) continue;
    if (best == NODES || m->at[i] < m->at[best] ||
        (m->at[i] == m->at[best] && m->turn[i] < m->turn[best]))
      best = i;
  }
  return best;
}

static uint64_t earliest(const model *m) {
  uint64_t at = UINT64_MAX;
  for (size_t i = 0; i < NODES; i++)
    if (m->inside[i] && m->at[i] < at) at = m->at[i];
  return at;
}

/* Times of every size, many equal, and some from the far end of what there is. */
static uint64_t random_time(trp_rand *r, uint64_t now) {
  uint64_t span = UINT64_C(1) << trp_rand_below(r, 63);
  uint64_t ahead = trp_rand_below(r, 3) ? trp_rand_below(r, span) : span;
  return ahead > UINT64_MAX - now ? UINT64_MAX : now + ahead;
}

static void put(model *m, trp_rand *r, size_t i) {
  m->at[i] = random_time(r, m->now);
  m->turn[i] = ++m->turns;
  if (m->inside[i])
    trp_wheel_update(&m->wheel, &m->nodes[i], m->at[i]);
  else
    trp_wheel_insert(&m->wheel, &m->nodes[i], m->at[i]);
  m->inside[i] = true;
}

static void take_due(model *m) {
  for (size_t i; (i = expected(m)) != NODES;) {
    trp_wheel_node *node = pop(&m->wheel, m->now);
    assert_ptr_equal(node, &m->nodes[i]);
    m->inside[i] = false;
  }
  assert_null(pop(&m->wheel, m->now));
  uint64_t first = earliest(m), next = trp_wheel_next(&m->wheel);
  assert_true(next <= first);
  assert_true(next > m->now);
  assert_int_equal(first == UINT64_MAX ? UINT64_MAX : 0, next == UINT64_MAX ? next : 0);
}

static void the_wheel_agrees_with_a_sorted_list(void **state) {
  (void)state;
  static model m;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  memset(&m, 0, sizeof m);
  trp_wheel_init(&m.wheel);
  for (size_t i = 0; i < NODES; i++)
    trp_wheel_node_init(&m.nodes[i]);
  for (int step = 0; step < STEPS; step++) {
    size_t i = (size_t)trp_rand_below(&r, NODES);
    switch (trp_rand_below(&r, 5)) {
    case 0:
    case 1:
      put(&m, &r, i);
      break;
    case 2:
      trp_wheel_remove(&m.wheel, &m.nodes[i]);
      m.inside[i] = false;
      break;
    case 3: /* a step of its own size, short ones most often */
      m.now += trp_rand_below(&r, UINT64_C(1) << trp_rand_below(&r, 46));
      take_due(&m);
      break;
    default: { /* as a sleeper does */
      uint64_t next = trp_wheel_next(&m.wheel);
      if (next - m.now < YEAR) m.now = next;
      take_due(&m);
    }
    }
  }
  assert_true(m.now > 100 * DAY);
}

/* Whoever sleeps until `next` wakes once for each node, and once more for each that was removed. */
static void nobody_wakes_in_vain_but_for_what_was_removed(void **state) {
  (void)state;
  static trp_wheel w;
  static trp_wheel_node nodes[NODES];
  trp_rand r;
  trp_rand_init(&r, test_seed());
  trp_wheel_init(&w);
  unsigned removed = 0, vain = 0, came = 0;
  for (size_t i = 0; i < NODES; i++) {
    trp_wheel_node_init(&nodes[i]);
    trp_wheel_insert(&w, &nodes[i], trp_rand_below(&r, YEAR));
  }
  for (size_t i = 0; i < NODES; i += 3, removed++)
    trp_wheel_remove(&w, &nodes[i]);
  for (uint64_t now; (now = trp_wheel_next(&w)) != UINT64_MAX;) {
    unsigned due = 0;
    while (pop(&w, now))
      due++;
    came += due;
    vain += due == 0;
  }
  assert_int_equal(came, NODES - removed);
  assert_true(vain <= removed);
}

/* ---- sizes --------------------------------------------------------------------------------- */

#if defined(__SANITIZE_THREAD__)
enum { MILLION = 50000 }; /* there is but one thread */
#else
enum { MILLION = 1000000 };
#endif

/* Nothing is dear for being one of many: the moves are counted, not the time. */
static void a_million_nodes_take_few_moves_each(void **state) {
  (void)state;
  static trp_wheel w;
  trp_wheel_node *nodes = malloc(MILLION * sizeof *nodes);
  assert_non_null(nodes);
  trp_rand r;
  trp_rand_init(&r, test_seed());
  trp_wheel_init(&w);
  for (size_t i = 0; i < MILLION; i++) {
    trp_wheel_node_init(&nodes[i]);
    trp_wheel_insert(&w, &nodes[i], TRP_NS_PER_MS * trp_rand_below(&r, 3600000));
  }
  uint64_t moves = 0, last = 0;
  size_t came = 0;
  for (uint64_t now; (now = trp_wheel_next(&w)) != UINT64_MAX;) {
    unsigned allowed = 256, left = allowed;
    for (trp_wheel_node *node; (node = trp_wheel_pop(&w, now, &left)); came++) {
      if (node->at_ns < last || node->at_ns > now) fail_msg("out of order");
      last = node->at_ns;
    }
    moves += allowed - left;
  }
  assert_int_equal(came, MILLION);
  assert_true(moves <= (uint64_t)MILLION * TRP_WHEEL_LEVELS);
  free(nodes);
}

/* No size of step is special: where 32-bit counts of milliseconds wrap, and where years pass. */
static void an_interval_keeps_its_pace_for_centuries(void **state) {
  (void)state;
  static const uint64_t periods[] = {DAY, 49 * DAY + UINT64_C(17) * 3600 * TRP_NS_PER_S, YEAR,
                                     100 * YEAR};
  for (size_t p = 0; p < 4; p++) {
    static trp_wheel w;
    trp_wheel_node node;
    trp_wheel_init(&w);
    trp_wheel_node_init(&node);
    uint64_t at = periods[p];
    for (; at < 500 * YEAR; at += periods[p]) {
      trp_wheel_insert(&w, &node, at);
      assert_int_equal(trp_wheel_next(&w), at);
      assert_null(pop(&w, at - 1));
      assert_ptr_equal(pop(&w, at), &node);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nodes_come_when_they_are_due_and_in_order),
      cmocka_unit_test(what_is_past_is_due_at_once),
      cmocka_unit_test(removing_twice_and_from_nowhere_is_harmless),
      cmocka_unit_test(the_wheel_agrees_with_a_sorted_list),
      cmocka_unit_test(nobody_wakes_in_vain_but_for_what_was_removed),
      cmocka_unit_test(a_million_nodes_take_few_moves_each),
      cmocka_unit_test(an_interval_keeps_its_pace_for_centuries),
  };
  return run_tests(tests);
}
