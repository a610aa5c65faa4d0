/* The circuit breaker: each rule at its limit, and random runs against a model that walks through
 * time one millisecond after the other and counts lists. */
#include "tests/test.h"

#include "actors/base/rand.h"
#include "tools/breaker.h"

#include <troupe/error.h>

#include <math.h>

#define OK_ TROUPE_OUTCOME_OK
#define FAIL TROUPE_OUTCOME_TRANSIENT

static trp_breaker breaker(trp_breaker_config config) {
  trp_breaker b;
  assert_int_equal(trp_breaker_config_check(&config, NULL, 0), TROUPE_OK);
  trp_breaker_init(&b, &config);
  return b;
}

/* Two failures in a row open it for 100 ms, doubling to 400; three probes with a lease of 50 ms. */
static const trp_breaker_config small = {.consecutive = 2,
                                         .open_ms = 100,
                                         .open_max_ms = 400,
                                         .jitter = TRP_BREAKER_OFF,
                                         .lease_ms = 50};

static trp_permit acquire(trp_breaker *b, uint64_t now_ms) {
  trp_permit p;
  assert_true(trp_breaker_acquire(b, now_ms, &p));
  return p;
}

static void call(trp_breaker *b, troupe_outcome outcome, uint64_t now_ms) {
  trp_breaker_record(b, acquire(b, now_ms), outcome, now_ms, 0.5);
}

static void refused(trp_breaker *b, uint64_t now_ms, uint64_t retry_at_ms) {
  trp_permit p;
  assert_false(trp_breaker_acquire(b, now_ms, &p));
  assert_int_equal(p.epoch, 0);
  assert_int_equal(p.retry_at_ms, retry_at_ms);
}

/* Opens a `small` breaker at now_ms. */
static void trip(trp_breaker *b, uint64_t now_ms) {
  call(b, FAIL, now_ms);
  call(b, FAIL, now_ms);
  assert_int_equal(b->state, TRP_BREAKER_OPEN);
}

static void zero_means_the_documented_defaults(void **state) {
  (void)state;
  trp_breaker b;
  trp_breaker_init(&b, NULL);
  assert_int_equal(b.config.consecutive, 5);
  assert_true(b.config.failure_rate == 0.5);
  assert_int_equal(b.config.min_calls, 20);
  assert_int_equal(b.config.window_ms, 30000);
  assert_int_equal(b.config.buckets, 10);
  assert_int_equal(b.config.open_ms, 60000);
  assert_int_equal(b.config.open_max_ms, 600000);
  assert_int_equal(b.config.probes, 3);
  assert_int_equal(b.config.close_after, 3);
  assert_int_equal(b.config.lease_ms, 31000);
}

static void trips_at_the_fifth_failure_in_a_row(void **state) {
  (void)state;
  trp_breaker b = breaker((trp_breaker_config){.jitter = TRP_BREAKER_OFF});
  for (int i = 0; i < 4; i++)
    call(&b, FAIL, 10);
  assert_int_equal(trp_breaker_state_at(&b, 10), TRP_BREAKER_CLOSED);
  call(&b, TROUPE_OUTCOME_TIMEOUT, 20);
  assert_int_equal(trp_breaker_state_at(&b, 20), TRP_BREAKER_OPEN);
  refused(&b, 60019, 60020);
  assert_int_equal(b.trips, 1);
  assert_int_equal(b.rejected, 1);
}

static void a_success_breaks_the_row_and_so_does_a_permanent_error(void **state) {
  (void)state;
  trp_breaker b = breaker((trp_breaker_config){.failure_rate = TRP_BREAKER_OFF});
  for (int i = 0; i < 100; i++) {
    call(&b, i % 5 < 4 ? FAIL : (i % 2 ? OK_ : TROUPE_OUTCOME_PERMANENT), 10);
  }
  assert_int_equal(b.state, TRP_BREAKER_CLOSED);
}

static void throttled_cancelled_and_rejected_count_for_nothing(void **state) {
  (void)state;
  trp_breaker b = breaker(small);
  for (int i = 0; i < 100; i++) {
    call(&b, TROUPE_OUTCOME_THROTTLED, 10);
    call(&b, TROUPE_OUTCOME_CANCELLED, 10);
    call(&b, TROUPE_OUTCOME_REJECTED, 10);
  }
  assert_int_equal(b.calls, 0);
  call(&b, FAIL, 10);
  call(&b, TROUPE_OUTCOME_THROTTLED, 10); /* does not break the row either */
  call(&b, FAIL, 10);
  assert_int_equal(b.state, TRP_BREAKER_OPEN);
}

static const trp_breaker_config rate_only = {.consecutive = TRP_BREAKER_NEVER};

static void the_rate_means_nothing_below_20_calls_and_trips_at_equality(void **state) {
  (void)state;
  trp_breaker b = breaker(rate_only);
  for (int i = 0; i < 19; i++)
    call(&b, i < 10 ? FAIL : OK_, 10);
  assert_int_equal(b.state, TRP_BREAKER_CLOSED);
  call(&b, OK_, 10); /* 10 of 20 */
  assert_int_equal(b.state, TRP_BREAKER_OPEN);

  b = breaker(rate_only);
  for (int i = 0; i < 20; i++)
    call(&b, i < 9 ? FAIL : OK_, 10);
  assert_int_equal(b.state, TRP_BREAKER_CLOSED); /* 9 of 20 */
}

static void equality_survives_rates_that_binary_cannot_hold(void **state) {
  (void)state;
  trp_breaker_config c = rate_only;
  c.failure_rate = 0.1;
  c.min_calls = 30;
  trp_breaker b = breaker(c);
  for (int i = 0; i < 30; i++)
    call(&b, i < 3 ? FAIL : OK_, 10);
  assert_int_equal(b.state, TRP_BREAKER_OPEN);
}

static void calls_leave_the_window_slice_by_slice(void **state) {
  (void)state;
  trp_breaker b = breaker(rate_only);
  for (int i = 0; i < 19; i++)
    call(&b, FAIL, 2999); /* slice 0 */
  call(&b, TROUPE_OUTCOME_CANCELLED, 29999);
  assert_int_equal(b.calls, 19);
  trp_breaker c = b;
  call(&c, FAIL, 29999); /* slice 9: the 20th in the window */
  assert_int_equal(c.state, TRP_BREAKER_OPEN);
  call(&b, FAIL, 30000); /* slice 10: the others have gone */
  assert_int_equal(b.state, TRP_BREAKER_CLOSED);
  assert_int_equal(b.calls, 1);
}

static void a_long_idle_time_empties_the_window(void **state) {
  (void)state;
  trp_breaker b = breaker(rate_only);
  for (int i = 0; i < 19; i++)
    call(&b, FAIL, 10);
  call(&b, FAIL, UINT64_MAX - 5);
  assert_int_equal(b.calls, 1);
  assert_int_equal(b.failures, 1);
}

static void half_open_gives_three_probes_and_all_must_succeed(void **state) {
  (void)state;
  trp_breaker b = breaker(small);
  trip(&b, 10);
  refused(&b, 109, 110);
  assert_int_equal(trp_breaker_state_at(&b, 110), TRP_BREAKER_HALF_OPEN);
  trp_permit p1 = acquire(&b, 110);
  trp_permit p2 = acquire(&b, 111);
  trp_permit p3 = acquire(&b, 112);
  refused(&b, 113, 160); /* the first lease to end */
  trp_breaker_record(&b, p2, OK_, 120, 0.5);
  trp_breaker_record(&b, p1, TROUPE_OUTCOME_PERMANENT, 121, 0.5);
  refused(&b, 122, 162);
  trp_breaker_record(&b, p3, OK_, 123, 0.5);
  assert_int_equal(b.state, TRP_BREAKER_CLOSED);
}

static void one_failed_probe_reopens_and_the_others_come_late(void **state) {
  (void)state;
  trp_breaker b = breaker(small);
  trip(&b, 10);
  trp_permit p1 = acquire(&b, 110);
  trp_permit p2 = acquire(&b, 110);
  trp_breaker_record(&b, p1, FAIL, 120, 0.5);
  refused(&b, 121, 320); /* twice as long */
  trp_breaker_record(&b, p2, OK_, 122, 0.5);
  assert_int_equal(b.state, TRP_BREAKER_OPEN);
  assert_int_equal(b.late, 1);
  assert_int_equal(b.trips, 2);
}

static void with_two_of_three_to_close_one_probe_may_fail(void **state) {
  (void)state;
  trp_breaker_config c = small;
  c.close_after = 2;
  trp_breaker b = breaker(c);
  trip(&b, 10);
  trp_permit p1 = acquire(&b, 110);
  trp_permit p2 = acquire(&b, 110);
  trp_permit p3 = acquire(&b, 110);
  trp_breaker_record(&b, p1, FAIL, 120, 0.5);
  assert_int_equal(b.state, TRP_BREAKER_HALF_OPEN);
  trp_breaker copy = b;
  trp_breaker_record(&copy, p2, FAIL, 121, 0.5);
  assert_int_equal(copy.state, TRP_BREAKER_OPEN);
  trp_breaker_record(&b, p2, OK_, 121, 0.5);
  refused(&b, 122, 160); /* the failed probe's permit is used, not returned */
  trp_breaker_record(&b, p3, OK_, 123, 0.5);
  assert_int_equal(b.state, TRP_BREAKER_CLOSED);
}

static void a_lost_probe_reopens_at_the_end_of_its_lease_whoever_looks_when(void **state) {
  (void)state;
  trp_breaker b = breaker(small);
  trip(&b, 10);
  trp_permit p = acquire(&b, 110);
  assert_int_equal(trp_breaker_state_at(&b, 159), TRP_BREAKER_HALF_OPEN);
  assert_int_equal(trp_breaker_state_at(&b, 160), TRP_BREAKER_OPEN);
  assert_int_equal(trp_breaker_state_at(&b, 359), TRP_BREAKER_OPEN);
  assert_int_equal(trp_breaker_state_at(&b, 360), TRP_BREAKER_HALF_OPEN);
  refused(&b, 300, 360); /* open since 160 for 200 ms, although nobody looked until 300 */
  assert_int_equal(b.lost, 1);
  trp_breaker_record(&b, p, OK_, 301, 0.5);
  assert_int_equal(b.late, 1);
  assert_int_equal(b.state, TRP_BREAKER_OPEN);
}

static void a_lease_that_ended_is_late_in_the_same_half_open_too(void **state) {
  (void)state;
  trp_breaker_config c = small;
  c.close_after = 1;
  trp_breaker b = breaker(c);
  trip(&b, 10);
  trp_permit p = acquire(&b, 110);
  trp_breaker_record(&b, p, OK_, 160, 0.5);
  assert_int_equal(b.late, 1);
  assert_int_equal(b.failed, 1);
  assert_int_equal(b.state, TRP_BREAKER_HALF_OPEN);
}

static void a_released_probe_goes_to_the_next_caller(void **state) {
  (void)state;
  trp_breaker b = breaker(small);
  trip(&b, 10);
  for (uint64_t t = 110; t < 1000; t++) {
    trp_permit p = acquire(&b, t);
    (void)acquire(&b, t);
    (void)acquire(&b, t);
    refused(&b, t, t + 50);
    trp_breaker_release(&b, p, t);
    trp_breaker_release(&b, p, t); /* a second time gives nothing */
    (void)acquire(&b, t);
    refused(&b, t, t + 50);
    trp_breaker_reset(&b, t);
    trip(&b, t);
    t = b.retry_at_ms - 1;
  }
}

static void a_cancelled_or_throttled_probe_decides_nothing(void **state) {
  (void)state;
  trp_breaker b = breaker(small);
  trip(&b, 10);
  for (int i = 0; i < 10; i++) {
    call(&b, TROUPE_OUTCOME_CANCELLED, 110);
    call(&b, TROUPE_OUTCOME_THROTTLED, 110);
    call(&b, TROUPE_OUTCOME_REJECTED, 110);
  }
  assert_int_equal(b.state, TRP_BREAKER_HALF_OPEN);
  assert_int_equal(b.succeeded + b.failed + b.leased, 0);
}

static void a_probe_that_reports_twice_counts_once(void **state) {
  (void)state;
  trp_breaker b = breaker(small);
  trip(&b, 10);
  trp_permit p = acquire(&b, 110);
  for (int i = 0; i < 5; i++)
    trp_breaker_record(&b, p, OK_, 111, 0.5);
  assert_int_equal(b.state, TRP_BREAKER_HALF_OPEN);
  assert_int_equal(b.succeeded, 1);
  assert_int_equal(b.late, 4);
}

static void a_call_from_before_the_trip_cannot_close_or_reopen(void **state) {
  (void)state;
  trp_breaker b = breaker(small);
  trp_permit early = acquire(&b, 5);
  trip(&b, 10);
  trp_breaker_record(&b, early, FAIL, 20, 0.5);
  (void)acquire(&b, 110);
  trp_breaker_record(&b, early, OK_, 111, 0.5);
  trp_breaker_record(&b, early, FAIL, 112, 0.5);
  trp_breaker_release(&b, early, 113);
  assert_int_equal(b.state, TRP_BREAKER_HALF_OPEN);
  assert_int_equal(b.leased, 1);
  assert_int_equal(b.late, 3);
  assert_int_equal(b.trips, 1);
}

/* From half-open to open again by one failed probe at the first possible moment. */
static uint64_t fail_again(trp_breaker *b) {
  uint64_t now_ms = b->retry_at_ms;
  call(b, FAIL, now_ms);
  return b->retry_at_ms - now_ms;
}

static void the_open_time_doubles_up_to_its_maximum(void **state) {
  (void)state;
  trp_breaker b = breaker((trp_breaker_config){.jitter = TRP_BREAKER_OFF});
  for (int i = 0; i < 5; i++)
    call(&b, FAIL, 0);
  assert_int_equal(b.retry_at_ms, 60000);
  static const uint64_t spans[] = {120000, 240000, 480000, 600000, 600000, 600000};
  for (size_t i = 0; i < 6; i++)
    assert_int_equal(fail_again(&b), spans[i]);
  assert_int_equal(trp_breaker_level(&b, b.retry_at_ms), 5); /* no further: there is no more */
}

static void close_by_probes(trp_breaker *b) {
  uint64_t now_ms = b->retry_at_ms;
  for (int i = 0; i < 3; i++)
    call(b, OK_, now_ms);
  assert_int_equal(b->state, TRP_BREAKER_CLOSED);
}

static void each_open_time_of_health_takes_one_level_off(void **state) {
  (void)state;
  trp_breaker b = breaker(small);
  trip(&b, 10);
  assert_int_equal(fail_again(&b), 200);
  assert_int_equal(fail_again(&b), 400);
  close_by_probes(&b);
  uint64_t closed_ms = b.closed_ms;
  assert_int_equal(trp_breaker_level(&b, closed_ms), 3);
  assert_int_equal(trp_breaker_level(&b, closed_ms + 99), 3);
  assert_int_equal(trp_breaker_level(&b, closed_ms + 100), 2);
  assert_int_equal(trp_breaker_level(&b, closed_ms + 300), 0);
  assert_int_equal(trp_breaker_level(&b, UINT64_MAX), 0);
  trip(&b, closed_ms + 250); /* level 1, and this trip */
  assert_int_equal(b.retry_at_ms - (closed_ms + 250), 200);
}

static void a_quick_relapse_opens_for_longer(void **state) {
  (void)state;
  trp_breaker b = breaker(small);
  trip(&b, 10);
  close_by_probes(&b);
  trip(&b, b.closed_ms);
  assert_int_equal(b.retry_at_ms - b.now_ms, 200);
}

static uint64_t open_time(trp_breaker_config config, double rnd) {
  trp_breaker b = breaker(config);
  for (int i = 0; i < 5; i++)
    trp_breaker_record(&b, acquire(&b, 0), FAIL, 0, rnd);
  return b.retry_at_ms;
}

static void jitter_spreads_the_open_time_and_never_over_its_maximum(void **state) {
  (void)state;
  assert_int_equal(open_time((trp_breaker_config){0}, 0.0), 48000);
  assert_int_equal(open_time((trp_breaker_config){0}, 0.5), 60000);
  assert_in_range(open_time((trp_breaker_config){0}, 0.9999), 71990, 72000);
  trp_breaker_config c = {.open_max_ms = 61000};
  assert_int_equal(open_time(c, 0.9999), 61000);
  c = (trp_breaker_config){.open_ms = 1, .jitter = 1.0};
  assert_int_equal(open_time(c, 0.0), 1); /* never no time at all */
}

static void a_reset_closes_and_forgets(void **state) {
  (void)state;
  trp_breaker b = breaker(small);
  trip(&b, 10);
  trp_permit p = acquire(&b, 110);
  trp_breaker_reset(&b, 111);
  assert_int_equal(b.state, TRP_BREAKER_CLOSED);
  assert_int_equal(trp_breaker_level(&b, 111), 0);
  trp_breaker_record(&b, p, FAIL, 112, 0.5);
  assert_int_equal(b.late, 1);
  assert_int_equal(b.failures, 0);
}

static void a_look_changes_nothing(void **state) {
  (void)state;
  trp_breaker b = breaker(small);
  trip(&b, 10);
  for (int i = 0; i < 10; i++) {
    trp_breaker_view v = trp_breaker_peek(&b, 109);
    assert_false(v.admits);
    assert_int_equal(v.state, TRP_BREAKER_OPEN);
    assert_int_equal(v.retry_at_ms, 110);
    v = trp_breaker_peek(&b, 110);
    assert_true(v.admits);
    assert_int_equal(v.state, TRP_BREAKER_HALF_OPEN);
  }
  assert_int_equal(b.rejected, 0);
  assert_int_equal(b.state, TRP_BREAKER_OPEN);
}

static void a_tick_shows_what_time_brings_and_says_when_to_come_back(void **state) {
  (void)state;
  trp_breaker b = breaker(small);
  assert_true(trp_breaker_tick(&b, 5) == UINT64_MAX);
  trip(&b, 10);
  assert_int_equal(trp_breaker_tick(&b, 20), 110);
  assert_true(trp_breaker_tick(&b, 110) == UINT64_MAX);
  assert_int_equal(b.state, TRP_BREAKER_HALF_OPEN);
  (void)acquire(&b, 120);
  assert_int_equal(trp_breaker_tick(&b, 130), 170);
  assert_int_equal(trp_breaker_tick(&b, 170), 370);
  assert_int_equal(b.state, TRP_BREAKER_OPEN);
}

static void time_that_runs_backwards_stands_still(void **state) {
  (void)state;
  trp_breaker b = breaker(small);
  trip(&b, 1000);
  refused(&b, 500, 1100);
  trp_permit p = acquire(&b, 1100);
  trp_breaker_record(&b, p, FAIL, 0, 0.5);
  assert_int_equal(b.retry_at_ms, 1300);
}

static void the_end_of_the_clock_saturates(void **state) {
  (void)state;
  trp_breaker b = breaker(small);
  trip(&b, UINT64_MAX - 5);
  refused(&b, UINT64_MAX - 1, UINT64_MAX);
  (void)acquire(&b, UINT64_MAX);
}

static void refuses(trp_breaker_config config, const char *field) {
  char msg[80];
  assert_int_equal(trp_breaker_config_check(&config, msg, sizeof msg), TROUPE_E_INVALID);
  assert_memory_equal(msg, field, strlen(field));
}

static void a_bad_config_is_refused_by_the_name_of_the_field(void **state) {
  (void)state;
  refuses((trp_breaker_config){.window_ms = UINT64_MAX}, "window_ms:");
  refuses((trp_breaker_config){.buckets = 33}, "buckets:");
  refuses((trp_breaker_config){.buckets = 10, .window_ms = 9}, "buckets:");
  refuses((trp_breaker_config){.open_ms = 2, .open_max_ms = 1}, "open_ms:");
  refuses((trp_breaker_config){.open_max_ms = UINT64_MAX}, "open_max_ms:");
  refuses((trp_breaker_config){.factor = 0.5}, "factor:");
  refuses((trp_breaker_config){.factor = (double)NAN}, "factor:");
  refuses((trp_breaker_config){.jitter = 1.5}, "jitter:");
  refuses((trp_breaker_config){.failure_rate = 1.01}, "failure_rate:");
  refuses((trp_breaker_config){.failure_rate = -0.5}, "failure_rate:");
  refuses((trp_breaker_config){.failure_rate = TRP_BREAKER_OFF, .consecutive = TRP_BREAKER_NEVER},
          "failure_rate:");
  refuses((trp_breaker_config){.probes = 17}, "probes:");
  refuses((trp_breaker_config){.close_after = 4}, "close_after:");
  refuses((trp_breaker_config){.lease_ms = UINT64_MAX}, "lease_ms:");
}

static void states_have_names(void **state) {
  (void)state;
  assert_string_equal(trp_breaker_state_name(TRP_BREAKER_CLOSED), "closed");
  assert_string_equal(trp_breaker_state_name(TRP_BREAKER_HALF_OPEN), "half_open");
}

/* ---- the model ----------------------------------------------------------------------------- */

enum { CALLS_MAX = 8192, PROBES_MAX = 8192 };

typedef struct model {
  trp_breaker_config c; /* jitter off, factor 2 */
  trp_breaker_state state;
  uint64_t now_ms, epoch, healthy_ms, retry_at_ms, trips, late;
  uint32_t level;
  size_t calls; /* of this closed time */
  uint64_t call_ms[CALLS_MAX];
  bool call_failed[CALLS_MAX];
  size_t probes; /* of this half-open */
  uint64_t probe_end_ms[PROBES_MAX];
  char probe[PROBES_MAX]; /* 'o' out, 's' succeeded, 'f' failed, 'r' returned */
} model;

typedef struct model_permit {
  uint64_t epoch;
  size_t probe;
} model_permit;

static size_t probes_that_are(const model *m, char what) {
  size_t n = 0;
  for (size_t i = 0; i < m->probes; i++)
    n += m->probe[i] == what;
  return n;
}

static uint64_t model_span(const model *m, uint32_t level) {
  uint64_t span = m->c.open_ms;
  while (--level > 0)
    span *= 2;
  return span < m->c.open_max_ms ? span : m->c.open_max_ms;
}

static void model_enter(model *m, trp_breaker_state to) {
  m->state = to;
  m->epoch++;
  m->calls = 0;
  m->probes = 0;
  m->healthy_ms = 0;
  if (to == TRP_BREAKER_OPEN) {
    m->trips++;
    if (m->level == 0 || model_span(m, m->level) < m->c.open_max_ms) m->level++;
    m->retry_at_ms = m->now_ms + model_span(m, m->level);
  }
}

static void model_judge_probes(model *m) {
  if (probes_that_are(m, 's') == m->c.close_after) {
    model_enter(m, TRP_BREAKER_CLOSED);
  } else if (probes_that_are(m, 'f') > m->c.probes - m->c.close_after) {
    model_enter(m, TRP_BREAKER_OPEN);
  }
}

static void model_one_ms_later(model *m) {
  m->now_ms++;
  if (m->state == TRP_BREAKER_CLOSED && ++m->healthy_ms == m->c.open_ms) {
    m->healthy_ms = 0;
    if (m->level > 0) m->level--;
  }
  if (m->state == TRP_BREAKER_HALF_OPEN) {
    for (size_t i = 0; i < m->probes; i++) {
      if (m->probe[i] == 'o' && m->probe_end_ms[i] == m->now_ms) m->probe[i] = 'f';
    }
    model_judge_probes(m);
  }
}

static bool model_acquire(model *m, model_permit *p) {
  if (m->state == TRP_BREAKER_OPEN) {
    if (m->now_ms < m->retry_at_ms) return false;
    model_enter(m, TRP_BREAKER_HALF_OPEN);
  }
  if (m->state == TRP_BREAKER_HALF_OPEN) {
    if (m->probes - probes_that_are(m, 'r') == m->c.probes) return false;
    assert_true(m->probes < PROBES_MAX);
    m->probe[m->probes] = 'o';
    m->probe_end_ms[m->probes++] = m->now_ms + m->c.lease_ms;
  }
  *p = (model_permit){.epoch = m->epoch, .probe = m->probes - 1};
  return true;
}

static bool model_trips(const model *m) {
  uint64_t width = (m->c.window_ms + m->c.buckets - 1) / m->c.buckets;
  uint64_t calls = 0;
  uint64_t failures = 0;
  uint64_t row = 0;
  for (size_t i = 0; i < m->calls; i++) {
    row = m->call_failed[i] ? row + 1 : 0;
    if (m->call_ms[i] / width + m->c.buckets <= m->now_ms / width) continue;
    calls++;
    failures += m->call_failed[i];
  }
  return row >= m->c.consecutive || (calls >= m->c.min_calls && 2 * failures >= calls);
}

static void model_record(model *m, model_permit p, troupe_outcome outcome) {
  bool failure = outcome == TROUPE_OUTCOME_TRANSIENT || outcome == TROUPE_OUTCOME_TIMEOUT;
  bool success = outcome == TROUPE_OUTCOME_OK || outcome == TROUPE_OUTCOME_PERMANENT;
  bool probe = m->state == TRP_BREAKER_HALF_OPEN;
  if (p.epoch != m->epoch || (probe && m->probe[p.probe] != 'o')) {
    m->late++;
  } else if (probe) {
    m->probe[p.probe] = 'r';
    if (failure) m->probe[p.probe] = 'f';
    if (success) m->probe[p.probe] = 's';
    model_judge_probes(m);
  } else if (failure || success) {
    assert_true(m->calls < CALLS_MAX);
    m->call_ms[m->calls] = m->now_ms;
    m->call_failed[m->calls++] = failure;
    if (model_trips(m)) model_enter(m, TRP_BREAKER_OPEN);
  }
}

static void model_release(model *m, model_permit p) {
  if (p.epoch != m->epoch || m->state != TRP_BREAKER_HALF_OPEN) return;
  if (m->probe[p.probe] == 'o') m->probe[p.probe] = 'r';
}

static trp_breaker_state model_state(const model *m) {
  if (m->state == TRP_BREAKER_OPEN && m->now_ms >= m->retry_at_ms) return TRP_BREAKER_HALF_OPEN;
  return m->state;
}

static void agree(const trp_breaker *b, const model *m) {
  assert_int_equal(trp_breaker_state_at(b, m->now_ms), model_state(m));
  assert_int_equal(trp_breaker_level(b, m->now_ms), m->level);
  assert_int_equal(b->trips, m->trips);
  assert_int_equal(b->late, m->late);
  trp_breaker_check(b);

  /* Whatever has been lost, all leases and the longest open time later it lets somebody in. */
  trp_breaker later = *b;
  trp_permit p;
  uint64_t later_ms = m->now_ms + m->c.lease_ms + m->c.open_max_ms;
  assert_true(trp_breaker_acquire(&later, later_ms, &p));
}

static trp_breaker_config random_config(trp_rand *r) {
  trp_breaker_config c = {.consecutive = 1 + (uint32_t)trp_rand_below(r, 8),
                          .failure_rate = 0.5,
                          .min_calls = 1 + (uint32_t)trp_rand_below(r, 20),
                          .buckets = 1 + (uint32_t)trp_rand_below(r, 12),
                          .open_ms = 1 + trp_rand_below(r, 40),
                          .factor = 2,
                          .jitter = TRP_BREAKER_OFF,
                          .probes = 1 + (uint32_t)trp_rand_below(r, 5),
                          .lease_ms = 1 + trp_rand_below(r, 30)};
  c.window_ms = c.buckets + trp_rand_below(r, 60);
  c.open_max_ms = c.open_ms + trp_rand_below(r, 200);
  c.close_after = 1 + (uint32_t)trp_rand_below(r, c.probes);
  return c;
}

static troupe_outcome random_outcome(trp_rand *r, uint64_t failures_in_8) {
  if (trp_rand_below(r, 8) < failures_in_8) return TROUPE_OUTCOME_TRANSIENT;
  return (troupe_outcome)trp_rand_below(r, TROUPE_OUTCOME_REJECTED + 1);
}

enum { HELD = 16 };

/* One run: permits are kept in a small table, reported late, twice, or never. */
static void run_against_the_model(trp_rand *r) {
  static model m;
  trp_breaker_config c = random_config(r);
  trp_breaker b = breaker(c);
  memset(&m, 0, sizeof m);
  m.c = c;
  m.epoch = 1;
  trp_permit held[HELD] = {{0}};
  model_permit model_held[HELD] = {{0}};
  uint64_t failures_in_8 = trp_rand_below(r, 6);

  for (int step = 0; step < 1000; step++) {
    uint64_t wait_ms = trp_rand_below(r, 20) ? trp_rand_below(r, 3) : trp_rand_below(r, 150);
    while (wait_ms--)
      model_one_ms_later(&m);
    size_t slot = trp_rand_below(r, HELD);
    uint64_t what = trp_rand_below(r, 8);
    if (what < 4) {
      model_permit p = {0};
      bool admitted = model_acquire(&m, &p);
      assert_int_equal(trp_breaker_peek(&b, m.now_ms).admits, admitted);
      trp_permit real;
      assert_int_equal(trp_breaker_acquire(&b, m.now_ms, &real), admitted);
      if (!admitted) assert_true(real.retry_at_ms > m.now_ms);
      if (admitted) held[slot] = real;
      if (admitted) model_held[slot] = p;
    } else if (what < 7) {
      troupe_outcome outcome = random_outcome(r, failures_in_8);
      trp_breaker_record(&b, held[slot], outcome, m.now_ms, trp_rand_double(r));
      model_record(&m, model_held[slot], outcome);
    } else {
      trp_breaker_release(&b, held[slot], m.now_ms);
      model_release(&m, model_held[slot]);
    }
    if (trp_rand_below(r, 50) == 0) failures_in_8 = trp_rand_below(r, 6);
    agree(&b, &m);
  }
}

static void agrees_with_a_model_that_counts_lists(void **state) {
  (void)state;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  for (int run = 0; run < 60; run++)
    run_against_the_model(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(zero_means_the_documented_defaults),
      cmocka_unit_test(trips_at_the_fifth_failure_in_a_row),
      cmocka_unit_test(a_success_breaks_the_row_and_so_does_a_permanent_error),
      cmocka_unit_test(throttled_cancelled_and_rejected_count_for_nothing),
      cmocka_unit_test(the_rate_means_nothing_below_20_calls_and_trips_at_equality),
      cmocka_unit_test(equality_survives_rates_that_binary_cannot_hold),
      cmocka_unit_test(calls_leave_the_window_slice_by_slice),
      cmocka_unit_test(a_long_idle_time_empties_the_window),
      cmocka_unit_test(half_open_gives_three_probes_and_all_must_succeed),
      cmocka_unit_test(one_failed_probe_reopens_and_the_others_come_late),
      cmocka_unit_test(with_two_of_three_to_close_one_probe_may_fail),
      cmocka_unit_test(a_lost_probe_reopens_at_the_end_of_its_lease_whoever_looks_when),
      cmocka_unit_test(a_lease_that_ended_is_late_in_the_same_half_open_too),
      cmocka_unit_test(a_released_probe_goes_to_the_next_caller),
      cmocka_unit_test(a_cancelled_or_throttled_probe_decides_nothing),
      cmocka_unit_test(a_probe_that_reports_twice_counts_once),
      cmocka_unit_test(a_call_from_before_the_trip_cannot_close_or_reopen),
      cmocka_unit_test(the_open_time_doubles_up_to_its_maximum),
      cmocka_unit_test(each_open_time_of_health_takes_one_level_off),
      cmocka_unit_test(a_quick_relapse_opens_for_longer),
      cmocka_unit_test(jitter_spreads_the_open_time_and_never_over_its_maximum),
      cmocka_unit_test(a_reset_closes_and_forgets),
      cmocka_unit_test(a_look_changes_nothing),
      cmocka_unit_test(a_tick_shows_what_time_brings_and_says_when_to_come_back),
      cmocka_unit_test(time_that_runs_backwards_stands_still),
      cmocka_unit_test(the_end_of_the_clock_saturates),
      cmocka_unit_test(a_bad_config_is_refused_by_the_name_of_the_field),
      cmocka_unit_test(states_have_names),
      cmocka_unit_test(agrees_with_a_model_that_counts_lists),
  };
  return run_tests(tests);
}
