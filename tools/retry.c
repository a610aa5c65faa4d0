/* The retries of one call. See the header for the states and the delays. */
#include "tools/retry.h"

#include "actors/base/assert.h"
#include "tools/outcome.h"
#include "tools/retry_budget.h"

#include <troupe/error.h>

#include <stdio.h>
#include <string.h>

#define ON_DEFAULT                                                                                 \
  (TRP_OUTCOME_BIT(TROUPE_OUTCOME_TRANSIENT) | TRP_OUTCOME_BIT(TROUPE_OUTCOME_TIMEOUT) |           \
   TRP_OUTCOME_BIT(TROUPE_OUTCOME_THROTTLED))
#define ON_ALLOWED (ON_DEFAULT | TRP_OUTCOME_BIT(TROUPE_OUTCOME_REJECTED))

/* At most this share is added to a retry_after. */
#define HINT_SPREAD 0.1

static int refuse(char *msg, size_t msg_len, const char *sentence) {
  if (msg && msg_len) snprintf(msg, msg_len, "%s", sentence);
  return TROUPE_E_INVALID;
}

static trp_retry_config with_defaults(const trp_retry_config *config) {
  trp_retry_config c = config ? *config : (trp_retry_config){0};
  if (c.attempts == 0) c.attempts = TRP_RETRY_ATTEMPTS;
  if (c.base_ms == 0) c.base_ms = TRP_RETRY_BASE_MS;
  if (c.max_ms == 0) c.max_ms = c.base_ms > TRP_RETRY_MAX_MS ? c.base_ms : TRP_RETRY_MAX_MS;
  if (c.factor == 0) c.factor = TRP_RETRY_FACTOR;
  if (c.max_retry_after_ms == 0) c.max_retry_after_ms = TRP_RETRY_MAX_RETRY_AFTER_MS;
  if (c.on == 0) c.on = ON_DEFAULT;
  return c;
}

int trp_retry_config_check(const trp_retry_config *config, char *msg, size_t msg_len) {
  trp_retry_config c = with_defaults(config);
  if (c.attempts > TRP_RETRY_ATTEMPTS_MAX) return refuse(msg, msg_len, "attempts: at most 1000");
  if (c.max_ms > TRP_RETRY_LONGEST_MS) return refuse(msg, msg_len, "max_ms: at most 366 days");
  if (c.base_ms > c.max_ms) return refuse(msg, msg_len, "base_ms: must be at most max_ms");
  if (!(c.factor >= 1 && c.factor <= 1e6)) {
    return refuse(msg, msg_len, "factor: must be from 1 to 1000000");
  }
  if ((unsigned)c.jitter > TRP_RETRY_JITTER_NONE) {
    return refuse(msg, msg_len, "jitter: must be full, equal, decorrelated or none");
  }
  if (c.max_retry_after_ms > TRP_RETRY_LONGEST_MS) {
    return refuse(msg, msg_len, "max_retry_after_ms: at most 366 days");
  }
  if (c.on & ~ON_ALLOWED) {
    return refuse(msg, msg_len, "on: only transient, timeout, throttled and rejected are retried");
  }
  if (msg && msg_len) msg[0] = '\0';
  return TROUPE_OK;
}

trp_retry_config trp_retry_config_complete(const trp_retry_config *config) {
  TRP_ASSERT(trp_retry_config_check(config, NULL, 0) == TROUPE_OK);
  return with_defaults(config);
}

void trp_retry_init(trp_retry *r, uint64_t deadline_ms) {
  *r = (trp_retry){.phase = TRP_RETRY_RUNNING, .attempt = 1, .deadline_ms = deadline_ms};
}

/* Everything that rules a retry out whatever the delay; GRANTED if nothing does. */
static trp_retry_why forbids(const trp_retry *r, const trp_retry_config *c,
                             const trp_retry_failure *f) {
  trp_retry_rule rule = trp_outcome_retry_rule(f->outcome);
  if (rule == TRP_RETRY_RULE_NEVER) return TRP_RETRY_WHY_PERMANENT;
  if (!(c->on & TRP_OUTCOME_BIT(f->outcome))) return TRP_RETRY_WHY_NOT_ASKED;
  if (f->retries_spent && !c->retry_nested) return TRP_RETRY_WHY_NESTED;
  if (rule == TRP_RETRY_RULE_IF_SAFE && !c->idempotent && !c->retry_unsafe && !f->not_executed) {
    return TRP_RETRY_WHY_UNSAFE;
  }
  if (r->attempt >= c->attempts) return TRP_RETRY_WHY_ATTEMPTS;
  if (f->retry_after_ms > c->max_retry_after_ms) return TRP_RETRY_WHY_MAX_RETRY_AFTER;
  return TRP_RETRY_WHY_GRANTED;
}

/* The backoff's own delay before the next attempt. Changes nothing. */
static double backoff(const trp_retry *r, const trp_retry_config *c, double rnd) {
  double base = (double)c->base_ms;
  double max = (double)c->max_ms;
  double cap = r->cap_ms > 0 ? r->cap_ms : base;
  double previous = r->previous_ms > 0 ? r->previous_ms : base;
  double d = 0;
  if (c->immediate) return 0;
  switch (c->jitter) {
  case TRP_RETRY_JITTER_FULL:
    d = rnd * cap;
    break;
  case TRP_RETRY_JITTER_EQUAL:
    d = cap / 2 + rnd * cap / 2;
    break;
  case TRP_RETRY_JITTER_DECORRELATED:
    d = base + rnd * (3 * previous - base);
    break;
  case TRP_RETRY_JITTER_NONE:
    d = cap;
    break;
  }
  return d < max ? d : max;
}

/* The backoff after a delay of d: one step on, or at its beginning again behind a retry_after. */
static void step(trp_retry *r, const trp_retry_config *c, double d, bool hinted) {
  double base = (double)c->base_ms;
  double max = (double)c->max_ms;
  double next = (r->cap_ms > 0 ? r->cap_ms : base) * c->factor;
  r->cap_ms = hinted ? 0 : next < max ? next : max;
  r->previous_ms = hinted ? 0 : d;
}

trp_retry_decision trp_retry_failed(trp_retry *r, const trp_retry_config *config,
                                    trp_retry_budget *budget, const trp_retry_failure *failure,
                                    uint64_t now_ms, double rnd) {
  TRP_ASSERT(r->phase == TRP_RETRY_RUNNING);
  trp_retry_decision d = {.why = forbids(r, config, failure)};
  uint32_t cost = trp_outcome_retry_cost(failure->outcome);
  r->phase = TRP_RETRY_DONE;
  if (d.why != TRP_RETRY_WHY_GRANTED) return d;

  double delay = backoff(r, config, rnd);
  double hint = (double)failure->retry_after_ms;
  bool hinted = hint > delay;
  uint64_t delay_ms =
      hinted ? failure->retry_after_ms + (uint64_t)(hint * HINT_SPREAD * rnd) : (uint64_t)delay;
  if (r->deadline_ms && (now_ms >= r->deadline_ms || delay_ms >= r->deadline_ms - now_ms)) {
    d.why = TRP_RETRY_WHY_DEADLINE;
    return d;
  }
  if (budget && !trp_retry_budget_take(budget, cost)) {
    d.why = TRP_RETRY_WHY_BUDGET;
    return d;
  }
  step(r, config, delay, hinted);
  r->phase = TRP_RETRY_WAITING;
  r->taken = budget ? cost : 0;
  d.retry = true;
  d.delay_ms = delay_ms;
  trp_retry_check(r, config);
  return d;
}

void trp_retry_started(trp_retry *r) {
  TRP_ASSERT(r->phase == TRP_RETRY_WAITING);
  r->phase = TRP_RETRY_RUNNING;
  r->attempt++;
  r->taken = 0;
}

void trp_retry_succeeded(trp_retry *r, trp_retry_budget *budget) {
  TRP_ASSERT(r->phase == TRP_RETRY_RUNNING);
  r->phase = TRP_RETRY_DONE;
  if (budget) trp_retry_budget_success(budget);
}

void trp_retry_cancelled(trp_retry *r, trp_retry_budget *budget) {
  if (r->taken) {
    TRP_ASSERT(budget != NULL && r->phase == TRP_RETRY_WAITING);
    trp_retry_budget_give_back(budget, r->taken);
  }
  r->phase = TRP_RETRY_DONE;
  r->taken = 0;
}

void trp_retry_check(const trp_retry *r, const trp_retry_config *config) {
  TRP_ASSERT(r->attempt >= 1 && r->attempt <= config->attempts);
  TRP_ASSERT(r->taken == 0 || r->phase == TRP_RETRY_WAITING);
}

#define X(constant, name) name,
static const char *const why_names[] = {TRP_RETRY_WHYS(X)};
static const char *const jitter_names[] = {TRP_RETRY_JITTERS(X)};
#undef X

const char *trp_retry_why_name(trp_retry_why why) { return why_names[why]; }

const char *trp_retry_jitter_name(trp_retry_jitter jitter) { return jitter_names[jitter]; }

bool trp_retry_jitter_from_name(const char *name, trp_retry_jitter *out) {
  for (size_t i = 0; i < sizeof jitter_names / sizeof jitter_names[0]; i++) {
    if (strcmp(jitter_names[i], name) == 0) {
      *out = (trp_retry_jitter)i;
      return true;
    }
  }
  return false;
}
