/* The bucket of processor time, against a model that keeps what is in it. */
#include "tests/test.h"

#include "actors/base/bucket.h"
#include "actors/base/clock.h"
#include "actors/base/rand.h"

static void an_empty_bucket_lets_nobody_run_until_it_has_paid(void **state) {
  (void)state;
  trp_bucket b;
  uint64_t now = 5 * TRP_NS_PER_S;
  trp_bucket_init(&b, 100); /* 10 %: it holds 10 ms */
  assert_int_equal(trp_bucket_wait(&b, now), 0);
  trp_bucket_charge(&b, 10 * TRP_NS_PER_MS, now);
  assert_int_equal(trp_bucket_wait(&b, now), 0); /* nothing is left, but nothing is owed */
  trp_bucket_charge(&b, 1 * TRP_NS_PER_MS, now);
  assert_int_equal(trp_bucket_wait(&b, now), now + 10 * TRP_NS_PER_MS);
  assert_int_not_equal(trp_bucket_wait(&b, now + 10 * TRP_NS_PER_MS - 1), 0);
  assert_int_equal(trp_bucket_wait(&b, now + 10 * TRP_NS_PER_MS), 0);
}

static void it_never_holds_more_than_its_room(void **state) {
  (void)state;
  trp_bucket b;
  trp_bucket_init(&b, 1000);
  uint64_t now = 1000 * TRP_NS_PER_S; /* long idle */
  trp_bucket_charge(&b, TRP_BUCKET_ROOM_NS, now);
  assert_int_equal(trp_bucket_wait(&b, now), 0);
  trp_bucket_charge(&b, 1, now);
  assert_int_equal(trp_bucket_wait(&b, now), now + 1);
}

static void those_who_wait_come_back_apart(void **state) {
  (void)state;
  trp_bucket b;
  uint64_t now = TRP_NS_PER_S, last = 0, first;
  trp_bucket_init(&b, 100);
  trp_bucket_charge(&b, 20 * TRP_NS_PER_MS, now);
  first = now + 100 * TRP_NS_PER_MS;
  for (int i = 0; i < 10000; i++) {
    uint64_t at = trp_bucket_wait(&b, now);
    assert_in_range(at, first, first + TRP_NS_PER_S);
    /* what is usual, an eighth of 20 ms at least, in ten times that; or a new line */
    assert_true(at >= last + 25 * TRP_NS_PER_MS || at == first);
    last = at;
  }
}

/* Time passes and is used at random; whoever may run uses what it likes, and whoever may not waits.
 */
static void it_agrees_with_a_model_that_counts(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 200; seed++) {
    trp_rand r;
    trp_rand_init(&r, seed);
    uint64_t rate = 1 + trp_rand_below(&r, seed % 3 ? 2000 : 1024000);
    trp_bucket b;
    trp_bucket_init(&b, rate);
    uint64_t now = TRP_NS_PER_S, start = now, used = 0, most = 0, charges = 0;
    __extension__ typedef __int128 level; /* in ns / 1000 of processor time */
    level room = (level)rate * (level)TRP_BUCKET_ROOM_NS, in = room;
    for (int i = 0; i < 2000; i++) {
      uint64_t pass = trp_rand_below(&r, 20 * TRP_NS_PER_MS), at = trp_bucket_wait(&b, now);
      level slack =
          ((level)charges + 1) * (level)rate; /* each charge is rounded up to a ns of time */
      if (at == 0) {
        assert_true(in >= 0);
        uint64_t use = trp_rand_below(&r, 5 * TRP_NS_PER_MS);
        trp_bucket_charge(&b, use, now);
        in -= (level)use * 1000;
        used += use;
        charges++;
        if (use > most) most = use;
      } else {
        assert_true(in < slack);
        assert_true(at > now);
        if (trp_rand_below(&r, 2)) pass = at - now;
      }
      now += pass;
      in += (level)pass * (level)rate;
      if (in > room) in = room, charges = 0;
    }
    /* over the whole time: what came in, what it held, and the last use */
    level allowed = (level)(now - start + TRP_BUCKET_ROOM_NS) * (level)rate + (level)most * 1000;
    if ((level)used * 1000 > allowed) print_error("seed %llu\n", (unsigned long long)seed);
    assert_true((level)used * 1000 <= allowed);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_empty_bucket_lets_nobody_run_until_it_has_paid),
      cmocka_unit_test(it_never_holds_more_than_its_room),
      cmocka_unit_test(those_who_wait_come_back_apart),
      cmocka_unit_test(it_agrees_with_a_model_that_counts),
  };
  return run_tests(tests);
}
