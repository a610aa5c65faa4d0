#include "tests/test.h"

#include <pthread.h>
#include <stdatomic.h>

#include <troupe/error.h>

#include "actors/base/rand.h"
#include "actors/room.h"

static void bounds(trp_slot *s, uint32_t messages, uint64_t bytes) {
  memset(s, 0, sizeof *s);
  trp_room_init(s, messages, bytes, TROUPE_OVERFLOW_WAIT);
}

static void both_bounds_hold_at_under_and_over(void **state) {
  (void)state;
  trp_slot s;
  bounds(&s, 2, 100);
  assert_int_equal(trp_room_take(&s, 101, false), TROUPE_E_TOO_BIG);
  assert_int_equal(trp_room_take(&s, 100, false), TROUPE_OK);
  assert_int_equal(trp_room_take(&s, 1, false), TROUPE_E_MAILBOX_FULL);
  assert_int_equal(trp_room_take(&s, 0, false), TROUPE_OK);
  assert_int_equal(trp_room_take(&s, 0, false), TROUPE_E_MAILBOX_FULL);
  assert_int_equal(trp_room_messages(&s), 2);
  assert_false(trp_room_give(&s, 1, 100));
  assert_int_equal(trp_room_take(&s, 99, false), TROUPE_OK);
  bounds(&s, TRP_ROOM_MESSAGES_MAX, TRP_ROOM_BYTES_MAX); /* the largest there are */
  assert_int_equal(trp_room_take(&s, TRP_ROOM_BYTES_MAX, false), TROUPE_OK);
  assert_int_equal(trp_room_take(&s, 1, false), TROUPE_E_MAILBOX_FULL);
  assert_int_equal(trp_room_messages(&s), 1);
}

static void nobody_overtakes_those_who_wait_and_they_are_admitted_at_a_quarter(void **state) {
  (void)state;
  trp_slot s;
  bounds(&s, 8, 1000);
  for (int i = 0; i < 8; i++)
    assert_int_equal(trp_room_take(&s, 10, false), TROUPE_OK);
  atomic_fetch_or(&s.reserved, TRP_ROOM_WAIT);
  for (int i = 0; i < 5; i++)
    assert_false(trp_room_give(&s, 1, 10));
  assert_int_equal(trp_room_take(&s, 10, false), TROUPE_E_MAILBOX_FULL);
  assert_true(trp_room_give(&s, 1, 10)); /* two of eight are left */
  assert_int_equal(trp_room_take(&s, 10, true), TROUPE_OK);
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
    if (trp_room_take(r->slot, bytes, false) != TROUPE_OK) continue;
    uint32_t now = atomic_fetch_add(r->inside, 1) + 1;
    uint32_t most = atomic_load(r->most);
    while (now > most && !atomic_compare_exchange_weak(r->most, &most, now)) {
    }
    atomic_fetch_sub(r->inside, 1);
    trp_room_give(r->slot, 1, bytes);
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

static void high_priority_has_an_eighth_in_addition(void **state) {
  (void)state;
  static const struct {
    uint32_t messages, high;
  } cases[] = {{1, 1}, {7, 1}, {8, 1}, {16, 2}, {1000, 125}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    trp_slot s;
    bounds(&s, cases[i].messages, 1000000);
    for (uint32_t n = 0; n < cases[i].messages; n++)
      assert_int_equal(trp_room_take(&s, 1, false), TROUPE_OK);
    for (uint32_t n = 0; n < cases[i].high; n++)
      assert_int_equal(trp_room_take_high(&s, 1), TROUPE_OK);
    assert_int_equal(trp_room_take_high(&s, 1), TROUPE_E_MAILBOX_FULL);
    assert_int_equal(trp_room_take(&s, 1, false), TROUPE_E_MAILBOX_FULL);
    assert_int_equal(trp_room_messages(&s), cases[i].messages + cases[i].high);
    assert_false(trp_room_give_high(&s, 1));
    assert_int_equal(trp_room_take(&s, 1, false), TROUPE_E_MAILBOX_FULL); /* not theirs */
    assert_int_equal(trp_room_take_high(&s, 1), TROUPE_OK);
  }
}

static void high_priority_may_take_an_eighth_more_bytes(void **state) {
  (void)state;
  trp_slot s;
  bounds(&s, 80, 800);
  assert_int_equal(trp_room_take_high(&s, 801), TROUPE_E_TOO_BIG);
  assert_int_equal(trp_room_take(&s, 800, false), TROUPE_OK);
  assert_int_equal(trp_room_take_high(&s, 101), TROUPE_E_MAILBOX_FULL);
  assert_int_equal(trp_room_take_high(&s, 100), TROUPE_OK);
  assert_int_equal(trp_room_take_high(&s, 1), TROUPE_E_MAILBOX_FULL);
  assert_int_equal(trp_room_messages(&s), 2); /* what was refused has taken nothing */
  assert_int_equal(trp_room_bytes(&s), 900);
  bounds(&s, TRP_ROOM_MESSAGES_MAX, TRP_ROOM_BYTES_MAX); /* bytes never run into the messages */
  assert_int_equal(trp_room_take(&s, TRP_ROOM_BYTES_MAX, false), TROUPE_OK);
  assert_int_equal(trp_room_take_high(&s, 1), TROUPE_E_MAILBOX_FULL);
  assert_int_equal(trp_room_take_high(&s, 0), TROUPE_OK);
}

static void a_new_holder_has_its_policy_and_owes_what_is_still_out(void **state) {
  (void)state;
  trp_slot s;
  bounds(&s, 8, 1000);
  assert_int_equal(trp_room_take_high(&s, 10), TROUPE_OK);
  assert_int_equal(trp_room_take(&s, 10, false), TROUPE_OK);
  for (int i = TROUPE_OVERFLOW_STOP; i >= TROUPE_OVERFLOW_WAIT; i--) {
    trp_room_init(&s, 16, 1000, (troupe_overflow)i);
    assert_int_equal(trp_room_overflow(&s), i);
    assert_int_equal(trp_room_messages(&s), 2);
  }
  trp_room_give_high(&s, 10);
  trp_room_give(&s, 1, 10);
  assert_int_equal(trp_room_messages(&s), 0);
  assert_int_equal(trp_room_bytes(&s), 0);
  assert_string_equal(troupe_overflow_name(TROUPE_OVERFLOW_DROP_OLD), "drop_old");
  assert_null(troupe_overflow_name((troupe_overflow)5));
}

static void a_mailbox_turns_at_four_fifths_and_at_a_half(void **state) {
  (void)state;
  trp_slot s;
  bounds(&s, 10, 1000);
  for (int i = 1; i <= 8; i++) {
    assert_int_equal(trp_room_look(&s), TRP_ROOM_LEVEL);
    assert_int_equal(trp_room_take(&s, 1, false), TROUPE_OK);
  }
  assert_int_equal(trp_room_look(&s), TRP_ROOM_ROSE);
  assert_true(trp_room_claim(&s, TRP_ROOM_ROSE));
  assert_false(trp_room_claim(&s, TRP_ROOM_ROSE)); /* somebody has told of it */
  assert_int_equal(trp_room_look(&s), TRP_ROOM_LEVEL);
  trp_room_give(&s, 2, 2); /* six */
  assert_int_equal(trp_room_look(&s), TRP_ROOM_LEVEL);
  assert_int_equal(trp_room_take(&s, 700, false), TROUPE_OK);
  trp_room_give(&s, 2, 2); /* half of the messages, but not of the bytes */
  assert_int_equal(trp_room_look(&s), TRP_ROOM_LEVEL);
  trp_room_give(&s, 1, 700);
  assert_int_equal(trp_room_look(&s), TRP_ROOM_FELL);
  assert_true(trp_room_claim(&s, TRP_ROOM_FELL));
  assert_false(trp_room_claim(&s, TRP_ROOM_FELL));
  assert_int_equal(trp_room_look(&s), TRP_ROOM_LEVEL);
  assert_int_equal(trp_room_take(&s, 800, false), TROUPE_OK); /* by bytes alone */
  assert_int_equal(trp_room_look(&s), TRP_ROOM_ROSE);
  assert_int_equal(trp_room_overflow(&s), TROUPE_OVERFLOW_WAIT); /* it shares the word */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_bounds_hold_at_under_and_over),
      cmocka_unit_test(nobody_overtakes_those_who_wait_and_they_are_admitted_at_a_quarter),
      cmocka_unit_test(racing_senders_never_exceed_the_bound),
      cmocka_unit_test(high_priority_has_an_eighth_in_addition),
      cmocka_unit_test(high_priority_may_take_an_eighth_more_bytes),
      cmocka_unit_test(a_mailbox_turns_at_four_fifths_and_at_a_half),
      cmocka_unit_test(a_new_holder_has_its_policy_and_owes_what_is_still_out),
  };
  return run_tests(tests);
}
