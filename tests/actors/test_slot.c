#include "tests/test.h"

#include <pthread.h>
#include <stdatomic.h>

#include <troupe/error.h>

#include "actors/base/rand.h"
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

/* ---- the reservation word ------------------------------------------------------------------ */

static void bounds(trp_slot *s, uint32_t messages, uint64_t bytes) {
  memset(s, 0, sizeof *s);
  atomic_store(&s->limit_messages, messages);
  atomic_store(&s->limit_bytes, bytes);
}

static void both_bounds_hold_at_under_and_over(void **state) {
  (void)state;
  trp_slot s;
  bounds(&s, 2, 100);
  assert_int_equal(trp_slot_reserve(&s, 101, false), TROUPE_E_TOO_BIG);
  assert_int_equal(trp_slot_reserve(&s, 100, false), TROUPE_OK);
  assert_int_equal(trp_slot_reserve(&s, 1, false), TROUPE_E_MAILBOX_FULL);
  assert_int_equal(trp_slot_reserve(&s, 0, false), TROUPE_OK);
  assert_int_equal(trp_slot_reserve(&s, 0, false), TROUPE_E_MAILBOX_FULL);
  assert_int_equal(trp_slot_messages(&s), 2);
  assert_false(trp_slot_release(&s, 1, 100));
  assert_int_equal(trp_slot_reserve(&s, 99, false), TROUPE_OK);
  bounds(&s, TRP_RESERVED_MESSAGES_MAX, TRP_RESERVED_BYTES_MAX); /* the largest there are */
  assert_int_equal(trp_slot_reserve(&s, TRP_RESERVED_BYTES_MAX, false), TROUPE_OK);
  assert_int_equal(trp_slot_reserve(&s, 1, false), TROUPE_E_MAILBOX_FULL);
  assert_int_equal(trp_slot_messages(&s), 1);
}

static void nobody_overtakes_those_who_wait_and_they_are_admitted_at_a_quarter(void **state) {
  (void)state;
  trp_slot s;
  bounds(&s, 8, 1000);
  for (int i = 0; i < 8; i++)
    assert_int_equal(trp_slot_reserve(&s, 10, false), TROUPE_OK);
  atomic_fetch_or(&s.reserved, TRP_RESERVED_WAIT);
  for (int i = 0; i < 5; i++)
    assert_false(trp_slot_release(&s, 1, 10));
  assert_int_equal(trp_slot_reserve(&s, 10, false), TROUPE_E_MAILBOX_FULL);
  assert_true(trp_slot_release(&s, 1, 10)); /* two of eight are left */
  assert_int_equal(trp_slot_reserve(&s, 10, true), TROUPE_OK);
}

typedef struct racer {
  trp_slot *slot;
  _Atomic uint32_t *inside, *most;
  uint64_t seed;
} racer;

static void *race(void *arg) {
  racer *r = arg;
  trp_rand rand;
  trp_rand_init(&rand, r->seed);
  for (int i = 0; i < 50000; i++) {
    uint64_t bytes = trp_rand_below(&rand, 20);
    if (trp_slot_reserve(r->slot, bytes, false) != TROUPE_OK) continue;
    uint32_t now = atomic_fetch_add(r->inside, 1) + 1;
    uint32_t most = atomic_load(r->most);
    while (now > most && !atomic_compare_exchange_weak(r->most, &most, now)) {
    }
    atomic_fetch_sub(r->inside, 1);
    trp_slot_release(r->slot, 1, bytes);
  }
  return NULL;
}

static void racing_senders_never_exceed_the_bound(void **state) {
  (void)state;
  trp_slot s;
  bounds(&s, 3, 1000);
  _Atomic uint32_t inside = 0, most = 0;
  pthread_t t[6];
  racer r[6];
  for (int i = 0; i < 6; i++) {
    r[i] = (racer){.slot = &s, .inside = &inside, .most = &most, .seed = (uint64_t)i};
    assert_int_equal(pthread_create(&t[i], NULL, race, &r[i]), 0);
  }
  for (int i = 0; i < 6; i++)
    pthread_join(t[i], NULL);
  assert_in_range(most, 1, 3);
  assert_int_equal(atomic_load(&s.reserved), 0);
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
      cmocka_unit_test(both_bounds_hold_at_under_and_over),
      cmocka_unit_test(nobody_overtakes_those_who_wait_and_they_are_admitted_at_a_quarter),
      cmocka_unit_test(racing_senders_never_exceed_the_bound),
  };
  return run_tests(tests);
}
