#include "tests/test.h"

#include <stdatomic.h>

#include <troupe/error.h>

#include "actors/inbox.h"
#include "actors/slot.h"

static trp_slot *take(trp_slots *s) {
  int err;
  trp_slot *slot = trp_slots_take(s, &err);
  assert_non_null(slot);
  return slot;
}
static troupe_pid pid_of(trp_slot *slot) { return (troupe_pid){atomic_load(&slot->pid)}; }

static void slots_are_lines_and_come_back_first_in_first_out(void **state) {
  (void)state;
  faulty f;
  faulty_init(&f, 0);
  trp_slots s;
  assert_int_equal(trp_slots_init(&s, &f.allocator, 4), TROUPE_OK);
  trp_slot *a = take(&s), *b = take(&s), *c = take(&s), *d = take(&s);
  assert_int_equal((uintptr_t)a % 64, 0);
  int err;
  assert_null(trp_slots_take(&s, &err));
  assert_int_equal(err, TROUPE_E_LIMIT);
  troupe_pid old = pid_of(b);
  trp_slots_give(&s, b);
  trp_slots_give(&s, a);
  assert_ptr_equal(take(&s), b);
  assert_ptr_equal(take(&s), a);
  assert_false(trp_slot_is(b, old)); /* the serial has grown */
  assert_ptr_equal(trp_slots_find(&s, pid_of(c)), c);
  assert_ptr_not_equal(c, d);
  assert_null(trp_slots_find(&s, (troupe_pid){4}));
  trp_slots_fini(&s);
  faulty_check(&f);
}

static void a_slot_whose_serial_would_wrap_is_retired(void **state) {
  (void)state;
  trp_slots s;
  assert_int_equal(trp_slots_init(&s, NULL, 8), TROUPE_OK);
  trp_slot *a = take(&s);
  atomic_store(&a->pid, (UINT64_C(0xffffffff) << 32) | 0);
  trp_slots_give(&s, a);
  for (int i = 0; i < 7; i++)
    assert_ptr_not_equal(take(&s), a);
  int err;
  assert_null(trp_slots_take(&s, &err));
  trp_slots_fini(&s);
}

static void no_allocation_failure_leaks(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    faulty f;
    faulty_init(&f, n);
    trp_slots s;
    int err = trp_slots_init(&s, &f.allocator, 3000);
    if (err == TROUPE_OK) {
      for (int i = 0; i < 3000 && err == TROUPE_OK; i++)
        (void)trp_slots_take(&s, &err);
      trp_slots_fini(&s);
    }
    faulty_check(&f);
    if (f.calls < n) break;
    assert_int_equal(err, TROUPE_E_NO_MEMORY);
  }
}

/* The table of slots itself is refused here, or it would take 16 GiB. */
static void the_largest_number_of_actors_is_an_error_and_not_an_abort(void **state) {
  (void)state;
  faulty f;
  faulty_init(&f, 2);
  trp_slots s;
  assert_int_equal(trp_slots_init(&s, &f.allocator, UINT32_MAX), TROUPE_E_NO_MEMORY);
  assert_int_equal(s.nchunks, UINT32_C(1) << 22);
  faulty_check(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(slots_are_lines_and_come_back_first_in_first_out),
      cmocka_unit_test(a_slot_whose_serial_would_wrap_is_retired),
      cmocka_unit_test(no_allocation_failure_leaks),
      cmocka_unit_test(the_largest_number_of_actors_is_an_error_and_not_an_abort),
  };
  return run_tests(tests);
}
