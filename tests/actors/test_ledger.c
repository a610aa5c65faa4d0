#include "tests/test.h"

#include <troupe/error.h>

#include "actors/base/rand.h"
#include "actors/ledger.h"

static const trp_item_ops limited = {.name = "limited", .limit = 3, .index = TRP_ITEM_TIMER};
static const trp_item_ops free_ops = {.name = "free", .index = TRP_ITEM_KEPT};

static void ids_are_never_reused_and_limits_hold(void **state) {
  (void)state;
  trp_ledger l;
  assert_int_equal(trp_ledger_init(&l, NULL), TROUPE_OK);
  trp_item it[4];
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
  assert_null(trp_ledger_pop_due(&l, 9));
  assert_ptr_equal(trp_ledger_pop_due(&l, 30), &b);
  assert_ptr_equal(trp_ledger_pop_due(&l, 30), &a);
  assert_null(trp_ledger_pop_due(&l, 30));
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
    assert_int_equal(l.count[TRP_ITEM_KEPT], added);
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
  l.on_bytes = on_bytes;
  trp_item a = {.bytes = 100}, b = {.bytes = 7}, free_of_charge = {0};
  assert_int_equal(trp_ledger_add(&l, &a, &free_ops, 0), TROUPE_OK);
  assert_int_equal(trp_ledger_add(&l, &b, &free_ops, 0), TROUPE_OK);
  assert_int_equal(trp_ledger_add(&l, &free_of_charge, &free_ops, 0), TROUPE_OK);
  assert_int_equal(l.bytes, 107);
  trp_ledger_resize(&l, &b, 50);
  trp_ledger_resize(&l, &a, 10);
  trp_ledger_resize(&l, &a, 10);
  assert_int_equal(l.bytes, 60);
  trp_ledger_remove(&l, &a);
  trp_ledger_remove(&l, &b);
  trp_ledger_remove(&l, &free_of_charge);
  assert_int_equal(l.bytes, 0);
  assert_int_equal(told_more, 150);
  assert_int_equal(told_less, 150);
  trp_ledger_fini(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ids_are_never_reused_and_limits_hold),
      cmocka_unit_test(deadlines_come_up_in_order_and_once),
      cmocka_unit_test(a_failed_add_leaves_nothing),
      cmocka_unit_test(the_bytes_of_items_are_summed_and_told),
  };
  return run_tests(tests);
}
