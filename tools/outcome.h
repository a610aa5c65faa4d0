/* What each class of outcome of an attempt (troupe_outcome) means to the policies.
 *
 *   outcome     retry          breaker     costs   when
 *   ok          never          success     -       it worked, however slowly
 *   transient   if safe        failure     1       5xx, reset, agent exit, worker crash, unknown
 *   timeout     if safe        failure     2       attempt time or heartbeat ran out
 *   throttled   after hint     none        1       429, 503 with Retry-After: the service refused
 * it permanent   never          success     -       4xx, bad result: the service did answer
 *   cancelled   never          none        -       the caller has gone, or another leg won
 *   rejected    if asked       none        1       never started: circuit open, bulkhead full,
 * denied
 *
 * "If safe" needs an idempotent tool, proof that nothing was executed, or leave to retry anyway.
 * Throttled and rejected are such proof; a service that throttles after doing the work is
 * transient with a retry_after. Breaker effect "none" gives the permit back: being throttled is not
 * ill health. A timeout costs the retry budget double, for the work may still be going on there.
 *
 * Pure; any thread. The public troupe_outcome_name and troupe_outcome_of_errno live here as well.
 */
#ifndef TRP_TOOLS_OUTCOME_H
#define TRP_TOOLS_OUTCOME_H

#include <troupe/tool.h>

#include <stdbool.h>
#include <stdint.h>

/* X(constant, retry rule, breaker effect, retry cost in tokens), in the order of the enum */
#define TRP_OUTCOME_RULES(X)                                                                       \
  X(OK, NEVER, SUCCESS, 0)                                                                         \
  X(TRANSIENT, IF_SAFE, FAILURE, 1)                                                                \
  X(TIMEOUT, IF_SAFE, FAILURE, 2)                                                                  \
  X(THROTTLED, AFTER_HINT, NONE, 1)                                                                \
  X(PERMANENT, NEVER, SUCCESS, 0)                                                                  \
  X(CANCELLED, NEVER, NONE, 0)                                                                     \
  X(REJECTED, IF_ASKED, NONE, 1)

enum { TRP_OUTCOME_COUNT = TROUPE_OUTCOME_REJECTED + 1 };

/* One outcome in a set of outcomes. */
#define TRP_OUTCOME_BIT(outcome) (1u << (outcome))

typedef enum trp_retry_rule {
  TRP_RETRY_RULE_NEVER,
  TRP_RETRY_RULE_IF_SAFE,
  TRP_RETRY_RULE_AFTER_HINT, /* needs no safety: nothing was executed */
  TRP_RETRY_RULE_IF_ASKED    /* the same, but only where the policy names the class */
} trp_retry_rule;

typedef enum trp_breaker_effect {
  TRP_BREAKER_EFFECT_NONE, /* the permit is returned, nothing is counted */
  TRP_BREAKER_EFFECT_SUCCESS,
  TRP_BREAKER_EFFECT_FAILURE
} trp_breaker_effect;

trp_retry_rule trp_outcome_retry_rule(troupe_outcome outcome);
trp_breaker_effect trp_outcome_breaker_effect(troupe_outcome outcome);
uint32_t trp_outcome_retry_cost(troupe_outcome outcome);

/* Did the attempt certainly leave no trace at the service? */
bool trp_outcome_proves_no_execution(troupe_outcome outcome);

/* A name as in specs and error tables; any other text leaves *out alone and says false. */
bool trp_outcome_from_name(const char *name, troupe_outcome *out);

#endif
