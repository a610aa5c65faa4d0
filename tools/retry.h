/* The retries of one call: whether another attempt follows a failed one, and after what delay.
 *
 *   RUNNING --(failed, retry granted: tokens taken)--> WAITING
 *   RUNNING --(failed, no retry)--> DONE
 *   RUNNING --(succeeded: budget fed)--> DONE
 *   WAITING --(attempt starts)--> RUNNING
 *   WAITING --(cancelled: tokens returned)--> DONE
 *
 *   I1  1 <= attempt <= config.attempts
 *   I2  taken > 0 only in WAITING
 *
 * Delays before retry n (1, 2, ...), with cap = min(max_ms, base_ms * factor^(n-1)):
 *
 *   full          U(0, cap)              the default: the least clustering
 *   equal         cap/2 + U(0, cap/2)
 *   decorrelated  min(max_ms, U(base_ms, 3 * previous delay))
 *   none          cap
 *
 * A retry_after of the service wins if it is longer; up to 10 % are added to it, never subtracted,
 * and the backoff starts over behind it. One that is too long, and a delay that would reach the
 * deadline, fail at once: with the real error, not with a timeout later.
 * The budget is asked last and before the wait, so a call that may not retry costs nothing.
 *
 * Pure: no clock, lock or allocation. Thread: the caller's lock for the budget, owner for the rest.
 */
#ifndef TRP_TOOLS_RETRY_H
#define TRP_TOOLS_RETRY_H

#include <troupe/tool.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trp_retry_budget;

#define TRP_RETRY_ATTEMPTS 3u
#define TRP_RETRY_ATTEMPTS_MAX 1000u
#define TRP_RETRY_BASE_MS 100u
#define TRP_RETRY_MAX_MS 30000u
#define TRP_RETRY_FACTOR 2.0
#define TRP_RETRY_MAX_RETRY_AFTER_MS 60000u
#define TRP_RETRY_LONGEST_MS (UINT64_C(366) * 24 * 3600 * 1000) /* of any duration here */
#define TRP_RETRY_AFTER_NEVER UINT64_MAX /* the service asks not to be called again */

/* X(constant, name in specs) */
#define TRP_RETRY_JITTERS(X)                                                                       \
  X(FULL, "full")                                                                                  \
  X(EQUAL, "equal")                                                                                \
  X(DECORRELATED, "decorrelated")                                                                  \
  X(NONE, "none")
#define X(constant, name) TRP_RETRY_JITTER_##constant,
typedef enum trp_retry_jitter { TRP_RETRY_JITTERS(X) } trp_retry_jitter;
#undef X

/* Why no retry follows. X(constant, name in errors and metrics) */
#define TRP_RETRY_WHYS(X)                                                                          \
  X(GRANTED, "granted")                 /* one does */                                             \
  X(PERMANENT, "permanent")             /* trying again cannot help */                             \
  X(NOT_ASKED, "not_asked")             /* the policy does not name this class */                  \
  X(NESTED, "nested")                   /* a retry loop further in has given up already */         \
  X(UNSAFE, "unsafe")                   /* it may have been executed, and is not idempotent */     \
  X(ATTEMPTS, "attempts")               /* that was the last */                                    \
  X(MAX_RETRY_AFTER, "max_retry_after") /* the service asks for too long a wait, or for ever */    \
  X(DEADLINE, "deadline")               /* the wait would last until the deadline */               \
  X(BUDGET, "budget")                   /* no tokens: too many calls fail */
#define X(constant, name) TRP_RETRY_WHY_##constant,
typedef enum trp_retry_why { TRP_RETRY_WHYS(X) } trp_retry_why;
#undef X

/* Zero means the default in every field. */
typedef struct trp_retry_config {
  uint32_t attempts;       /* the first included, at most 1,000; 3; 1 = no retries */
  uint64_t base_ms;        /* first delay; 100 */
  uint64_t max_ms;         /* longest delay of the backoff; 30,000, or base_ms if that is more */
  double factor;           /* at least 1; 2 */
  trp_retry_jitter jitter; /* full */
  uint64_t max_retry_after_ms; /* longest wait a service may ask for; 60,000 */
  uint32_t on;                 /* set of TRP_OUTCOME_BIT; transient, timeout, throttled */
  bool immediate;              /* no backoff: only a retry_after makes a retry wait */
  bool idempotent;             /* executing it twice does no harm */
  bool retry_unsafe;           /* retry although it may do harm */
  bool retry_nested;           /* also when a loop further in has already retried */
} trp_retry_config;

/* A failed attempt. */
typedef struct trp_retry_failure {
  troupe_outcome outcome;
  uint64_t retry_after_ms; /* the service's wish; 0 = none; TRP_RETRY_AFTER_NEVER */
  bool not_executed;       /* proven: refused connection, failed name lookup */
  bool retries_spent;      /* the failure comes out of another retry loop */
} trp_retry_failure;

typedef enum trp_retry_phase {
  TRP_RETRY_RUNNING,
  TRP_RETRY_WAITING,
  TRP_RETRY_DONE
} trp_retry_phase;

typedef struct trp_retry {
  trp_retry_phase phase;
  uint32_t attempt;     /* running or last run, from 1 */
  uint32_t taken;       /* tokens taken for the retry that waits */
  uint64_t deadline_ms; /* of the whole call; 0 = none */
  double cap_ms;        /* cap of the next delay; 0 stands for base_ms */
  double previous_ms;   /* last delay, for decorrelated jitter; 0 stands for base_ms */
} trp_retry;

typedef struct trp_retry_decision {
  bool retry;
  trp_retry_why why;
  uint64_t delay_ms; /* of a retry; 0 = at once, without a timer */
} trp_retry_decision;

/* 0, or TROUPE_E_INVALID with a sentence that begins with the name of the field. `msg` may be NULL.
 */
int trp_retry_config_check(const trp_retry_config *config, char *msg, size_t msg_len);

/* Fills in the defaults; done once for a policy, not for each call. NULL means all defaults. The
 * config has passed the check, and every other function here takes one that has been through this.
 */
trp_retry_config trp_retry_config_complete(const trp_retry_config *config);

/* A call begins its first attempt. */
void trp_retry_init(trp_retry *r, uint64_t deadline_ms);

/* The running attempt failed. `budget` may be NULL: no budget. After a refusal the call is DONE. */
trp_retry_decision trp_retry_failed(trp_retry *r, const trp_retry_config *config,
                                    struct trp_retry_budget *budget,
                                    const trp_retry_failure *failure, uint64_t now_ms, double rnd);

/* The delay is over and the attempt starts: its tokens are spent. */
void trp_retry_started(trp_retry *r);

/* The running attempt succeeded: DONE, and the budget is fed. */
void trp_retry_succeeded(trp_retry *r, struct trp_retry_budget *budget);

/* The call is given up: DONE. Tokens of a retry that has not started go back. */
void trp_retry_cancelled(trp_retry *r, struct trp_retry_budget *budget);

/* Asserts I1 and I2. */
void trp_retry_check(const trp_retry *r, const trp_retry_config *config);

const char *trp_retry_why_name(trp_retry_why why);
const char *trp_retry_jitter_name(trp_retry_jitter jitter);
bool trp_retry_jitter_from_name(const char *name, trp_retry_jitter *out);

#endif
