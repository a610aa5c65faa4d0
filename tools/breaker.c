/* The circuit breaker. See the header for the states and their invariants. */
#include "tools/breaker.h"

#include "actors/base/assert.h"
#include "tools/outcome.h"

#include <troupe/error.h>

#include <stdio.h>
#include <string.h>

static int refuse(char *msg, size_t msg_len, const char *sentence) {
  if (msg && msg_len) snprintf(msg, msg_len, "%s", sentence);
  return TROUPE_E_INVALID;
}

static trp_breaker_config with_defaults(const trp_breaker_config *config) {
  trp_breaker_config c = config ? *config : (trp_breaker_config){0};
  if (c.consecutive == 0) c.consecutive = TRP_BREAKER_CONSECUTIVE;
  if (c.failure_rate == 0) c.failure_rate = TRP_BREAKER_FAILURE_RATE;
  if (c.min_calls == 0) c.min_calls = TRP_BREAKER_MIN_CALLS;
  if (c.window_ms == 0) c.window_ms = TRP_BREAKER_WINDOW_MS;
  if (c.buckets == 0) c.buckets = TRP_BREAKER_BUCKETS;
  if (c.open_ms == 0) c.open_ms = TRP_BREAKER_OPEN_MS;
  if (c.open_max_ms == 0) {
    c.open_max_ms = c.open_ms > TRP_BREAKER_OPEN_MAX_MS ? c.open_ms : TRP_BREAKER_OPEN_MAX_MS;
  }
  if (c.factor == 0) c.factor = TRP_BREAKER_FACTOR;
  if (c.jitter == 0) c.jitter = TRP_BREAKER_JITTER;
  if (c.jitter == TRP_BREAKER_OFF) c.jitter = 0;
  if (c.probes == 0) c.probes = TRP_BREAKER_PROBES;
  if (c.close_after == 0) c.close_after = c.probes;
  if (c.lease_ms == 0) c.lease_ms = TRP_BREAKER_LEASE_MS;
  return c;
}

static const char *fault_in_times(const trp_breaker_config *c) {
  if (c->window_ms > TRP_BREAKER_LONGEST_MS) return "window_ms: at most 366 days";
  if (c->buckets > TRP_BREAKER_BUCKETS_MAX) return "buckets: at most 32";
  if (c->buckets > c->window_ms) return "buckets: at most window_ms, 1 ms each";
  if (c->open_max_ms > TRP_BREAKER_LONGEST_MS) return "open_max_ms: at most 366 days";
  if (c->open_ms > c->open_max_ms) return "open_ms: must be at most open_max_ms";
  if (!(c->factor >= 1 && c->factor <= 1e6)) return "factor: must be from 1 to 1000000";
  if (!(c->jitter >= 0 && c->jitter <= 1)) return "jitter: must be from 0 to 1";
  if (c->lease_ms > TRP_BREAKER_LONGEST_MS) return "lease_ms: at most 366 days";
  return NULL;
}

int trp_breaker_config_check(const trp_breaker_config *config, char *msg, size_t msg_len) {
  trp_breaker_config c = with_defaults(config);
  const char *fault = fault_in_times(&c);
  if (fault) return refuse(msg, msg_len, fault);
  if (c.failure_rate == TRP_BREAKER_OFF) {
    if (c.consecutive == TRP_BREAKER_NEVER) {
      return refuse(msg, msg_len, "failure_rate: cannot be off together with consecutive");
    }
  } else if (!(c.failure_rate > 0 && c.failure_rate <= 1)) {
    return refuse(msg, msg_len, "failure_rate: must be over 0 and at most 1");
  }
  if (c.probes > TRP_BREAKER_PROBES_MAX) return refuse(msg, msg_len, "probes: at most 16");
  if (c.close_after > c.probes) {
    return refuse(msg, msg_len, "close_after: must be at most probes");
  }
  if (msg && msg_len) msg[0] = '\0';
  return TROUPE_OK;
}

static uint64_t plus(uint64_t a, uint64_t b) { return b > UINT64_MAX - a ? UINT64_MAX : a + b; }

/* ---- the window ---------------------------------------------------------------------------- */

static void clear_window(trp_breaker *b) {
  memset(b->buckets, 0, sizeof b->buckets);
  b->calls = 0;
  b->failures = 0;
  b->in_a_row = 0;
}

/* Makes the slice of now_ms the newest; slices that leave the window are taken off the totals. */
static void turn_window(trp_breaker *b) {
  uint64_t width = (b->config.window_ms + b->config.buckets - 1) / b->config.buckets;
  uint64_t slice = b->now_ms / width;
  uint64_t steps = slice - b->slice;
  if (steps > b->config.buckets) steps = b->config.buckets;
  for (uint64_t i = 0; i < steps; i++) {
    trp_breaker_bucket *gone = &b->buckets[(slice - i) % b->config.buckets];
    b->calls -= gone->calls;
    b->failures -= gone->failures;
    *gone = (trp_breaker_bucket){0};
  }
  b->slice = slice;
}

static void book(trp_breaker *b, bool failure) {
  turn_window(b);
  trp_breaker_bucket *bucket = &b->buckets[b->slice % b->config.buckets];
  if (bucket->calls < UINT32_MAX) {
    bucket->calls++;
    b->calls++;
    bucket->failures += failure;
    b->failures += failure;
  }
  b->in_a_row = failure ? b->in_a_row + 1 : 0;
}

static bool must_trip(const trp_breaker *b) {
  const trp_breaker_config *c = &b->config;
  if (c->consecutive != TRP_BREAKER_NEVER && b->in_a_row >= c->consecutive) return true;
  if (c->failure_rate == TRP_BREAKER_OFF || b->calls < c->min_calls) return false;
  /* Equality trips; the small term keeps 0.1 * 30 from being more than 3. */
  return (double)b->failures >= c->failure_rate * (double)b->calls - 1e-9;
}

/* ---- transitions --------------------------------------------------------------------------- */

static uint32_t level_at(const trp_breaker *b, uint64_t now_ms) {
  if (b->state != TRP_BREAKER_CLOSED || now_ms <= b->closed_ms) return b->level;
  uint64_t healed = (now_ms - b->closed_ms) / b->config.open_ms;
  return healed < b->level ? b->level - (uint32_t)healed : 0;
}

/* The open time of a level before jitter; level >= 1. */
static double open_span(const trp_breaker_config *c, uint32_t level) {
  double max = (double)c->open_max_ms;
  double span = (double)c->open_ms;
  for (uint32_t i = 1; i < level && span < max; i++)
    span *= c->factor;
  return span < max ? span : max;
}

static uint64_t jittered_span_ms(const trp_breaker *b) {
  double max = (double)b->config.open_max_ms;
  double span = open_span(&b->config, b->level);
  span *= 1 + b->config.jitter * (2 * b->jitter_rnd - 1);
  if (span > max) span = max;
  return span < 1 ? 1 : (uint64_t)span;
}

static void end_leases(trp_breaker *b) {
  memset(b->leases, 0, sizeof b->leases);
  b->leased = 0;
  b->succeeded = 0;
  b->failed = 0;
}

/* The only place where the state changes. at_ms is now, or the earlier end of a lease. */
static void enter(trp_breaker *b, trp_breaker_state to, uint64_t at_ms) {
  uint32_t level = level_at(b, at_ms);
  b->state = to;
  b->epoch++;
  b->retry_at_ms = 0;
  end_leases(b);
  switch (to) {
  case TRP_BREAKER_CLOSED:
    clear_window(b);
    b->level = level;
    b->closed_ms = at_ms;
    break;
  case TRP_BREAKER_OPEN:
    b->trips++;
    /* A level past the longest open time would only be more to forget afterwards. With a factor
     * of 1 every level is the same, and 1 is enough. */
    b->level = level;
    if (level == 0 || open_span(&b->config, level + 1) > open_span(&b->config, level)) b->level++;
    b->retry_at_ms = plus(at_ms, jittered_span_ms(b));
    break;
  case TRP_BREAKER_HALF_OPEN:
    break;
  }
  trp_breaker_check(b);
}

/* One probe has failed, at at_ms. */
static void fail_probe(trp_breaker *b, uint64_t at_ms) {
  b->failed++;
  if (b->failed > b->config.probes - b->config.close_after) enter(b, TRP_BREAKER_OPEN, at_ms);
}

/* The lease that ends first; there is one whenever leased > 0. */
static trp_breaker_lease *first_to_end(trp_breaker *b) {
  trp_breaker_lease *first = &b->leases[0];
  for (uint32_t i = 1; i < b->config.probes; i++) {
    trp_breaker_lease *other = &b->leases[i];
    if (other->id && (!first->id || other->end_ms < first->end_ms)) first = other;
  }
  return first;
}

/* Brings the breaker to now_ms: settles the leases that have ended, each at the time of its end. */
static void advance(trp_breaker *b, uint64_t now_ms) {
  if (now_ms > b->now_ms) b->now_ms = now_ms;
  while (b->state == TRP_BREAKER_HALF_OPEN && b->leased > 0) {
    trp_breaker_lease *lease = first_to_end(b);
    if (lease->end_ms > b->now_ms) return;
    uint64_t end_ms = lease->end_ms;
    *lease = (trp_breaker_lease){0};
    b->leased--;
    b->lost++;
    /* Nobody brings a random number here. Steps of the golden ratio spread well. */
    b->jitter_rnd += 0.6180339887498949;
    if (b->jitter_rnd >= 1) b->jitter_rnd -= 1;
    fail_probe(b, end_ms);
  }
}

/* ---- permits ------------------------------------------------------------------------------- */

void trp_breaker_init(trp_breaker *b, const trp_breaker_config *config) {
  TRP_ASSERT(trp_breaker_config_check(config, NULL, 0) == TROUPE_OK);
  *b = (trp_breaker){.config = with_defaults(config), .epoch = 1, .jitter_rnd = 0.5};
  trp_breaker_check(b);
}

/* May a call start, in a breaker that has advanced to its now_ms? */
static trp_breaker_view look(trp_breaker *b) {
  trp_breaker_view v = {.state = b->state, .admits = true};
  switch (b->state) {
  case TRP_BREAKER_CLOSED:
    break;
  case TRP_BREAKER_OPEN:
    if (b->now_ms >= b->retry_at_ms) {
      v.state = TRP_BREAKER_HALF_OPEN;
    } else {
      v.admits = false;
      v.retry_at_ms = b->retry_at_ms;
    }
    break;
  case TRP_BREAKER_HALF_OPEN:
    /* All permits used and none leased would have decided: there is a lease to wait for. */
    if (b->leased + b->succeeded + b->failed >= b->config.probes) {
      v.admits = false;
      v.retry_at_ms = first_to_end(b)->end_ms;
    }
    break;
  }
  return v;
}

trp_breaker_view trp_breaker_peek(const trp_breaker *b, uint64_t now_ms) {
  trp_breaker copy = *b;
  advance(&copy, now_ms);
  return look(&copy);
}

trp_breaker_state trp_breaker_state_at(const trp_breaker *b, uint64_t now_ms) {
  return trp_breaker_peek(b, now_ms).state;
}

static uint64_t lease(trp_breaker *b) {
  uint32_t i = 0;
  while (b->leases[i].id)
    i++; /* a free one exists: leased < probes */
  b->leases[i].id = ++b->last_lease;
  b->leases[i].end_ms = plus(b->now_ms, b->config.lease_ms);
  b->leased++;
  return b->last_lease;
}

bool trp_breaker_acquire(trp_breaker *b, uint64_t now_ms, trp_permit *permit) {
  *permit = (trp_permit){0};
  advance(b, now_ms);
  trp_breaker_view v = look(b);
  if (!v.admits) {
    b->rejected++;
    permit->retry_at_ms = v.retry_at_ms;
    return false;
  }
  if (b->state != v.state) enter(b, v.state, b->now_ms);
  permit->epoch = b->epoch;
  if (b->state == TRP_BREAKER_HALF_OPEN) permit->lease = lease(b);
  return true;
}

/* Ends the lease of a permit of this epoch. False if it has already ended. */
static bool take_back(trp_breaker *b, trp_permit permit) {
  if (permit.lease == 0) return false;
  for (uint32_t i = 0; i < b->config.probes; i++) {
    if (b->leases[i].id != permit.lease) continue;
    b->leases[i] = (trp_breaker_lease){0};
    b->leased--;
    return true;
  }
  return false;
}

static void record_probe(trp_breaker *b, trp_breaker_effect effect) {
  switch (effect) {
  case TRP_BREAKER_EFFECT_NONE:
    break;
  case TRP_BREAKER_EFFECT_SUCCESS:
    b->succeeded++;
    if (b->succeeded >= b->config.close_after) enter(b, TRP_BREAKER_CLOSED, b->now_ms);
    break;
  case TRP_BREAKER_EFFECT_FAILURE:
    fail_probe(b, b->now_ms);
    break;
  }
}

void trp_breaker_record(trp_breaker *b, trp_permit permit, troupe_outcome outcome, uint64_t now_ms,
                        double rnd) {
  trp_breaker_effect effect = trp_outcome_breaker_effect(outcome);
  advance(b, now_ms);
  if (permit.epoch != b->epoch) {
    b->late++;
    return;
  }
  switch (b->state) {
  case TRP_BREAKER_CLOSED:
    if (effect == TRP_BREAKER_EFFECT_NONE) return;
    b->jitter_rnd = rnd;
    book(b, effect == TRP_BREAKER_EFFECT_FAILURE);
    if (must_trip(b)) enter(b, TRP_BREAKER_OPEN, b->now_ms);
    return;
  case TRP_BREAKER_HALF_OPEN:
    if (!take_back(b, permit)) {
      b->late++;
      return;
    }
    b->jitter_rnd = rnd;
    record_probe(b, effect);
    return;
  case TRP_BREAKER_OPEN:
    b->late++;
    return; /* gives no permits: a forged one */
  }
}

void trp_breaker_release(trp_breaker *b, trp_permit permit, uint64_t now_ms) {
  advance(b, now_ms);
  if (permit.epoch == b->epoch && b->state == TRP_BREAKER_HALF_OPEN) (void)take_back(b, permit);
}

uint64_t trp_breaker_tick(trp_breaker *b, uint64_t now_ms) {
  advance(b, now_ms);
  if (b->state == TRP_BREAKER_OPEN && b->now_ms >= b->retry_at_ms) {
    enter(b, TRP_BREAKER_HALF_OPEN, b->now_ms);
  }
  if (b->state == TRP_BREAKER_OPEN) return b->retry_at_ms;
  return b->leased > 0 ? first_to_end(b)->end_ms : UINT64_MAX;
}

void trp_breaker_reset(trp_breaker *b, uint64_t now_ms) {
  advance(b, now_ms);
  enter(b, TRP_BREAKER_CLOSED, b->now_ms);
  b->level = 0;
}

uint32_t trp_breaker_level(const trp_breaker *b, uint64_t now_ms) {
  trp_breaker copy = *b;
  advance(&copy, now_ms);
  return level_at(&copy, copy.now_ms);
}

static uint32_t leases_out(const trp_breaker *b) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < TRP_BREAKER_PROBES_MAX; i++)
    n += b->leases[i].id != 0;
  return n;
}

static void check_window(const trp_breaker *b) {
  uint64_t calls = 0;
  uint64_t failures = 0;
  for (uint32_t i = 0; i < TRP_BREAKER_BUCKETS_MAX; i++) {
    TRP_ASSERT(b->buckets[i].failures <= b->buckets[i].calls);
    calls += b->buckets[i].calls;
    failures += b->buckets[i].failures;
  }
  TRP_ASSERT(calls == b->calls && failures == b->failures);
}

void trp_breaker_check(const trp_breaker *b) {
  const trp_breaker_config *c = &b->config;
  TRP_ASSERT(leases_out(b) == b->leased);
  check_window(b);
  switch (b->state) {
  case TRP_BREAKER_CLOSED:
    TRP_ASSERT(!must_trip(b) && b->retry_at_ms == 0);
    TRP_ASSERT(b->leased == 0 && b->succeeded == 0 && b->failed == 0);
    break;
  case TRP_BREAKER_OPEN:
    TRP_ASSERT(b->retry_at_ms != 0 && b->level >= 1);
    TRP_ASSERT(b->leased == 0 && b->succeeded == 0 && b->failed == 0);
    break;
  case TRP_BREAKER_HALF_OPEN:
    TRP_ASSERT(b->leased + b->succeeded + b->failed <= c->probes && b->retry_at_ms == 0);
    TRP_ASSERT(b->succeeded < c->close_after && b->failed <= c->probes - c->close_after);
    break;
  }
}

const char *trp_breaker_state_name(trp_breaker_state state) {
#define X(constant, name) name,
  static const char *const names[] = {TRP_BREAKER_STATES(X)};
#undef X
  return names[state];
}
