/* A circuit breaker. Pure: no clock, lock or allocation; time and random numbers are arguments.
 *
 *   CLOSED --(`consecutive` failures in a row, or failure_rate over min_calls in the window)-->
 * OPEN OPEN --(retry_at_ms reached, next acquire)--> HALF_OPEN HALF_OPEN --(close_after probes
 * succeeded)--> CLOSED HALF_OPEN --(more than probes - close_after probes failed, or their leases
 * ended)--> OPEN
 *
 *   I1  CLOSED     implies failures in a row < consecutive, no probe, no retry_at_ms
 *   I2  OPEN       implies retry_at_ms is set, no probe, level >= 1
 *   I3  HALF_OPEN  implies leased + succeeded + failed <= probes, and neither count has decided
 * yet; every probe is a lease with an end, so a lost one cannot hold the state for ever I4  every
 * transition starts an epoch; a result from an earlier one, or of a lease that has ended, never
 * moves the state and is counted as late I5  the window's totals are the sums of its buckets
 *
 * Window: `buckets` slices of window_ms / buckets each, on the grid of the clock; a call counts in
 * the slice in which it ended. Cleared whenever the breaker closes.
 * Level: trips without recovery. The open time is open_ms * factor^(level-1), at most open_max_ms;
 * the level stops growing there, and falls by one for every open_ms spent closed (as Envoy's
 * ejection multiplier does), rather than at once with the first success.
 * Leases that have ended are settled, at the time of their end, by the next call of any function
 * here, so what the breaker says depends on the time alone and not on who looked in between.
 *
 * A `now_ms` before the last one seen counts as the last one. Thread: the caller's lock.
 */
#ifndef TRP_TOOLS_BREAKER_H
#define TRP_TOOLS_BREAKER_H

#include <troupe/tool.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRP_BREAKER_CONSECUTIVE 5u
#define TRP_BREAKER_FAILURE_RATE 0.5
#define TRP_BREAKER_MIN_CALLS 20u
#define TRP_BREAKER_WINDOW_MS 30000u
#define TRP_BREAKER_BUCKETS 10u
#define TRP_BREAKER_BUCKETS_MAX 32u
#define TRP_BREAKER_OPEN_MS 60000u
#define TRP_BREAKER_OPEN_MAX_MS 600000u
#define TRP_BREAKER_FACTOR 2.0
#define TRP_BREAKER_JITTER 0.2
#define TRP_BREAKER_PROBES 3u
#define TRP_BREAKER_PROBES_MAX 16u
#define TRP_BREAKER_LEASE_MS 31000u /* the default attempt timeout and a second */
#define TRP_BREAKER_LONGEST_MS (UINT64_C(366) * 24 * 3600 * 1000) /* of any duration here */

/* For `consecutive`, and for failure_rate and jitter: this rule off. */
#define TRP_BREAKER_NEVER UINT32_MAX
#define TRP_BREAKER_OFF (-1.0)

/* Zero means the default in every field. */
typedef struct trp_breaker_config {
  uint32_t consecutive; /* failures in a row that trip; 5; TRP_BREAKER_NEVER */
  double failure_rate;  /* share of failed calls that trips, up to 1; 0.5; TRP_BREAKER_OFF */
  uint32_t min_calls;   /* calls in the window before the rate means anything; 20 */
  uint64_t window_ms;   /* 30,000 */
  uint32_t buckets;     /* at most 32, and window_ms; 10 */
  uint64_t open_ms;     /* first open time; 60,000 */
  uint64_t
      open_max_ms; /* longest open time, jitter included; 600,000, or open_ms if that is more */
  double factor;   /* growth of the open time per level, at least 1; 2 */
  double jitter;   /* share of the open time added or taken at random; 0.2; TRP_BREAKER_OFF */
  uint32_t probes; /* permits in half-open; at most 16; 3 */
  uint32_t close_after; /* probes that must succeed; at most probes; all of them */
  uint64_t lease_ms;    /* a probe without a result after this long has failed; 31,000 */
} trp_breaker_config;

/* X(constant, name in metrics and errors) */
#define TRP_BREAKER_STATES(X)                                                                      \
  X(CLOSED, "closed")                                                                              \
  X(OPEN, "open")                                                                                  \
  X(HALF_OPEN, "half_open")
#define X(constant, name) TRP_BREAKER_##constant,
typedef enum trp_breaker_state { TRP_BREAKER_STATES(X) } trp_breaker_state;
#undef X

/* Leave for one call; ends with record or release. */
typedef struct trp_permit {
  uint64_t epoch;       /* 0: refused */
  uint64_t lease;       /* the probe's; 0 while closed */
  uint64_t retry_at_ms; /* of a refusal: when to ask again; else 0 */
} trp_permit;

typedef struct trp_breaker_bucket {
  uint32_t calls;
  uint32_t failures;
} trp_breaker_bucket;

typedef struct trp_breaker_lease {
  uint64_t id; /* 0: free */
  uint64_t end_ms;
} trp_breaker_lease;

typedef struct trp_breaker {
  trp_breaker_config config; /* defaults filled in */
  trp_breaker_state state;
  uint64_t epoch;  /* from 1 */
  uint64_t now_ms; /* the latest time seen */

  /* CLOSED */
  uint32_t in_a_row; /* failures since the last success */
  uint64_t calls;    /* totals of the window */
  uint64_t failures;
  uint64_t slice; /* number of the newest bucket: its time / width */
  trp_breaker_bucket buckets[TRP_BREAKER_BUCKETS_MAX];
  uint64_t closed_ms; /* since when closed */

  /* OPEN */
  uint64_t retry_at_ms;

  /* HALF_OPEN */
  uint32_t leased;
  uint32_t succeeded;
  uint32_t failed;
  trp_breaker_lease leases[TRP_BREAKER_PROBES_MAX];
  uint64_t last_lease; /* newest lease id; never starts again */

  /* any state */
  uint32_t level;    /* trips without recovery, as of closed_ms while closed */
  double jitter_rnd; /* spreads the next trip that no result causes, for which nobody brings one */

  /* counters, never reset */
  uint64_t trips;    /* transitions to OPEN */
  uint64_t late;     /* results that came too late to count */
  uint64_t rejected; /* refused acquires */
  uint64_t lost;     /* leases that ended */
} trp_breaker;

typedef struct trp_breaker_view {
  trp_breaker_state state;
  bool admits;          /* an acquire now would succeed */
  uint64_t retry_at_ms; /* if not: when to ask again; else 0 */
} trp_breaker_view;

/* 0, or TROUPE_E_INVALID with a sentence that begins with the name of the field. `msg` may be NULL.
 */
int trp_breaker_config_check(const trp_breaker_config *config, char *msg, size_t msg_len);

/* Closed and empty. Copies the config, which has passed the check; NULL means all defaults. */
void trp_breaker_init(trp_breaker *b, const trp_breaker_config *config);

/* What an acquire at now_ms would say, without doing it: the look before queueing. */
trp_breaker_view trp_breaker_peek(const trp_breaker *b, uint64_t now_ms);

/* Asks for leave to execute one call. *permit is always set. Every permit must come back through
 * record or release; one of half-open that does not within lease_ms counts as a failed probe. */
bool trp_breaker_acquire(trp_breaker *b, uint64_t now_ms, trp_permit *permit);

/* The call ended. `rnd` in [0,1) spreads the open time if this trips the breaker. Outcomes without
 * an effect on breakers (tools/outcome.h) only return the permit. */
void trp_breaker_record(trp_breaker *b, trp_permit permit, troupe_outcome outcome, uint64_t now_ms,
                        double rnd);

/* The call never happened, or its result is of no interest: the permit goes to the next caller. */
void trp_breaker_release(trp_breaker *b, trp_permit permit, uint64_t now_ms);

/* The state at now_ms; an open breaker that waits for its first probe is half-open. */
trp_breaker_state trp_breaker_state_at(const trp_breaker *b, uint64_t now_ms);

/* Does what the time alone brings about, for those who want to see it happen: ended leases, and
 * OPEN to HALF_OPEN. Returns when to call again, UINT64_MAX when time alone changes nothing. */
uint64_t trp_breaker_tick(trp_breaker *b, uint64_t now_ms);

/* By hand: closed, with an empty window and level 0. Calls under way become late. */
void trp_breaker_reset(trp_breaker *b, uint64_t now_ms);

/* Trips without recovery at now_ms. */
uint32_t trp_breaker_level(const trp_breaker *b, uint64_t now_ms);

/* Asserts I1 to I3 and I5. Runs on each transition. */
void trp_breaker_check(const trp_breaker *b);

const char *trp_breaker_state_name(trp_breaker_state state);

#endif
