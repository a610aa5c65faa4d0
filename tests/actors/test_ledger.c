#include "tests/test.h"

#include <troupe/error.h>

#include "actors/base/rand.h"
#include "actors/ledger.h"

static const trp_item_ops limited = {.name = "limited", .limit = 3, .index = TRP_ITEM_TIMER};
static const trp_item_ops free_ops = {.name = "free", .index = TRP_ITEM_KEPT};

static void ids_are_never_reused_and_limits_hold(void **state) {
  (void)state;
  trp_ledger l;
  trp_ledger_init(&l, NULL);
  trp_item it[4];
  memset(it, 0, sizeof it);
  for (int i = 0; i < 3; i++)
    assert_int_equal(trp_ledger_add(&l, &it[i], &limited, 0), TROUPE_OK);
  assert_int_equal(trp_ledger_add(&l, &it[3], &limited, 0), TROUPE_E_LIMIT);
  uint64_t gone = it[2].id;
  trp_ledger_remove(&l, &it[2]);
  assert_int_equal(trp_ledger_add(&l, &it[3], &limited, 0), TROUPE_OK);
  assert_true(it[3].id > gone);
  assert_null(trp_ledger_find(&l, gone));
  assert_ptr_equal(trp_ledger_find(&l, it[3].id), &it[3]);
  trp_item other = {0};
  assert_int_equal(trp_ledger_add(&l, &other, &free_ops, 0), TROUPE_OK); /* a kind of its own */
  trp_ledger_remove(&l, &it[0]);
  trp_ledger_remove(&l, &it[1]);
  trp_ledger_remove(&l, &it[3]);
  trp_ledger_remove(&l, &other);
  trp_ledger_fini(&l);
}

static void deadlines_come_up_in_order_and_once(void **state) {
  (void)state;
  trp_ledger l;
  trp_ledger_init(&l, NULL);
  trp_item a = {0}, b = {0}, c = {0};
  trp_ledger_add(&l, &a, &free_ops, 30);
  trp_ledger_add(&l, &b, &free_ops, 10);
  trp_ledger_add(&l, &c, &free_ops, UINT64_MAX);
  assert_int_equal(trp_ledger_next(&l), 10);
  assert_null(trp_ledger_pop_due(&l, 9, UINT64_MAX));
  assert_ptr_equal(trp_ledger_pop_due(&l, 30, UINT64_MAX), &b);
  assert_ptr_equal(trp_ledger_pop_due(&l, 30, UINT64_MAX), &a);
  assert_null(trp_ledger_pop_due(&l, 30, UINT64_MAX));
  assert_int_equal(trp_ledger_next(&l), 0); /* never is no deadline */
  assert_int_equal(trp_ledger_set_deadline(&l, &c, 40), TROUPE_OK);
  assert_int_equal(trp_ledger_next(&l), 40);
  assert_int_equal(trp_ledger_set_deadline(&l, &a, 20), TROUPE_OK);
  assert_int_equal(trp_ledger_next(&l), 20);
  assert_int_equal(trp_ledger_set_deadline(&l, &a, 0), TROUPE_OK);
  assert_int_equal(trp_ledger_next(&l), 40);
  trp_ledger_remove(&l, &a);
  trp_ledger_remove(&l, &b);
  trp_ledger_remove(&l, &c);
  trp_ledger_fini(&l);
}

/* Whatever else has come onto the ledger meanwhile, and with no memory left. */
static void what_had_a_deadline_can_always_have_one_again(void **state) {
  (void)state;
  for (int filled = 1; filled < 40; filled++) {
    faulty f;
    faulty_init(&f, 0);
    trp_ledger l;
    trp_ledger_init(&l, &f.allocator);
    trp_item it = {0}, others[40];
    memset(others, 0, sizeof others);
    assert_int_equal(trp_ledger_add(&l, &it, &free_ops, 1), TROUPE_OK);
    assert_ptr_equal(trp_ledger_pop_due(&l, 1, UINT64_MAX), &it);
    for (int i = 0; i < filled; i++)
      assert_int_equal(trp_ledger_add(&l, &others[i], &free_ops, 9), TROUPE_OK);
    f.fail_at = f.calls + 1;
    assert_int_equal(trp_ledger_set_deadline(&l, &it, 5), TROUPE_OK);
    assert_int_equal(trp_ledger_next(&l), 5);
    trp_ledger_renew(&l, &it, 7);
    assert_int_equal(trp_ledger_next(&l), 7);
    assert_ptr_equal(trp_ledger_find(&l, it.id), &it);
    trp_ledger_remove(&l, &it);
    for (int i = 0; i < filled; i++)
      trp_ledger_remove(&l, &others[i]);
    trp_ledger_fini(&l);
    faulty_check(&f);
  }
}

static void one_item_at_a_time_needs_no_more_than_the_book(void **state) {
  (void)state;
  faulty f;
  faulty_init(&f, 0);
  trp_ledger l;
  trp_ledger_init(&l, &f.allocator);
  assert_non_null(trp_ledger_open(&l));
  f.fail_at = f.calls + 1;
  for (uint64_t i = 1; i < 100; i++) {
    trp_item it = {0};
    assert_int_equal(trp_ledger_add(&l, &it, &free_ops, i), TROUPE_OK);
    assert_ptr_equal(trp_ledger_find(&l, i), &it);
    assert_null(trp_ledger_find(&l, i - 1));
    assert_int_equal(trp_ledger_next(&l), i);
    if (i % 2) {
      assert_null(trp_ledger_pop_due(&l, i - 1, UINT64_MAX));
      assert_null(trp_ledger_pop_due(&l, i, it.id - 1)); /* too new */
      assert_ptr_equal(trp_ledger_pop_due(&l, i, it.id), &it);
      assert_null(trp_ledger_pop_due(&l, i, it.id));
    }
    trp_ledger_remove(&l, &it);
    assert_null(trp_ledger_find(&l, i));
    assert_int_equal(trp_ledger_next(&l), 0);
  }
  assert_int_equal(f.calls, f.fail_at - 1);
  trp_ledger_fini(&l);
}

/* ---- against a list ------------------------------------------------------------------------ */

enum { ITEMS = 20, STEPS = 50000 };

typedef struct model {
  trp_ledger l;
  trp_item items[ITEMS];
  bool on[ITEMS];
  uint64_t due[ITEMS]; /* 0: none */
  bool timed[ITEMS];   /* had one when added */
} model;

/* The next due by now among the items up to newest; ITEMS: none. */
static int first_due(const model *m, uint64_t now, uint64_t newest) {
  int best = ITEMS;
  for (int i = 0; i < ITEMS; i++) {
    if (!m->on[i] || !m->due[i] || m->due[i] > now || m->items[i].id > newest) continue;
    if (best == ITEMS || m->due[i] < m->due[best] ||
        (m->due[i] == m->due[best] && m->items[i].id < m->items[best].id))
      best = i;
  }
  return best;
}

static void change(model *m, trp_rand *r, int i) {
  uint64_t at = trp_rand_below(r, 3) ? 1 + trp_rand_below(r, 100) : 0;
  if (!m->on[i]) {
    assert_int_equal(trp_ledger_add(&m->l, &m->items[i], &free_ops, at), TROUPE_OK);
    m->on[i] = true;
    m->timed[i] = at != 0;
  } else if (trp_rand_below(r, 2)) {
    trp_ledger_remove(&m->l, &m->items[i]);
    m->on[i] = false;
    return;
  } else if (at && m->timed[i] && trp_rand_below(r, 2)) {
    uint64_t old = m->items[i].id;
    trp_ledger_renew(&m->l, &m->items[i], at);
    assert_null(trp_ledger_find(&m->l, old));
  } else {
    assert_int_equal(trp_ledger_set_deadline(&m->l, &m->items[i], at), TROUPE_OK);
  }
  m->due[i] = at;
}

static void the_ledger_agrees_with_a_list(void **state) {
  (void)state;
  static model m;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  memset(&m, 0, sizeof m);
  trp_ledger_init(&m.l, NULL);
  for (int step = 0; step < STEPS; step++) {
    change(&m, &r, (int)trp_rand_below(&r, ITEMS));
    if (trp_rand_below(&r, 4) == 0) {
      uint64_t now = trp_rand_below(&r, 120);
      uint64_t newest = trp_rand_below(&r, 2) ? UINT64_MAX : m.l.next_id - trp_rand_below(&r, 5);
      int i = first_due(&m, now, newest), first = first_due(&m, now, UINT64_MAX);
      trp_item *it = trp_ledger_pop_due(&m.l, now, newest);
      if (i == first || it) assert_ptr_equal(it, i == ITEMS ? NULL : &m.items[i]);
      if (it) m.due[i] = 0;
    }
    int next = first_due(&m, UINT64_MAX - 1, UINT64_MAX);
    assert_int_equal(trp_ledger_next(&m.l), next == ITEMS ? 0 : m.due[next]);
    for (int i = 0; i < ITEMS; i++)
      if (m.on[i]) assert_ptr_equal(trp_ledger_find(&m.l, m.items[i].id), &m.items[i]);
  }
  for (int i = 0; i < ITEMS; i++)
    if (m.on[i]) trp_ledger_remove(&m.l, &m.items[i]);
  trp_ledger_fini(&m.l);
}

static void a_failed_add_leaves_nothing(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    faulty f;
    faulty_init(&f, n);
    trp_ledger l;
    trp_ledger_init(&l, &f.allocator);
    static trp_item it[64];
    int added = 0, err = TROUPE_OK;
    while (added < 64 && !(err = trp_ledger_add(&l, &it[added], &free_ops, (uint64_t)added + 1)))
      added++;
    assert_int_equal(l.book ? l.book->count[TRP_ITEM_KEPT] : 0, added);
    for (int i = 0; i < added; i++)
      trp_ledger_remove(&l, &it[i]);
    assert_int_equal(trp_ledger_next(&l), 0);
    trp_ledger_fini(&l);
    faulty_check(&f);
    if (f.calls < n) break;
    assert_int_equal(err, TROUPE_E_NO_MEMORY);
  }
}

static size_t told_more, told_less;
static void on_bytes(trp_ledger *l, size_t more, size_t less) {
  (void)l;
  told_more += more;
  told_less += less;
}

static void the_bytes_of_items_are_summed_and_told(void **state) {
  (void)state;
  trp_ledger l;
  trp_ledger_init(&l, NULL);
  trp_ledger_open(&l)->on_bytes = on_bytes;
  trp_item a = {.bytes = 100}, b = {.bytes = 7}, free_of_charge = {0};
  assert_int_equal(trp_ledger_add(&l, &a, &free_ops, 0), TROUPE_OK);
  assert_int_equal(trp_ledger_add(&l, &b, &free_ops, 0), TROUPE_OK);
  assert_int_equal(trp_ledger_add(&l, &free_of_charge, &free_ops, 0), TROUPE_OK);
  assert_int_equal(l.book->bytes, 107);
  trp_ledger_resize(&l, &b, 50);
  trp_ledger_resize(&l, &a, 10);
  trp_ledger_resize(&l, &a, 10);
  assert_int_equal(l.book->bytes, 60);
  trp_ledger_remove(&l, &a);
  trp_ledger_remove(&l, &b);
  trp_ledger_remove(&l, &free_of_charge);
  assert_int_equal(l.book->bytes, 0);
  assert_int_equal(told_more, 150);
  assert_int_equal(told_less, 150);
  trp_ledger_fini(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ids_are_never_reused_and_limits_hold),
      cmocka_unit_test(deadlines_come_up_in_order_and_once),
      cmocka_unit_test(what_had_a_deadline_can_always_have_one_again),
      cmocka_unit_test(one_item_at_a_time_needs_no_more_than_the_book),
      cmocka_unit_test(the_ledger_agrees_with_a_list),
      cmocka_unit_test(a_failed_add_leaves_nothing),
      cmocka_unit_test(the_bytes_of_items_are_summed_and_told),
  };
  return run_tests(tests);
}
