/* The outcome classes: the table of the header as functions, their names, the class of an errno. */
#include "tools/outcome.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

typedef struct rule {
  trp_retry_rule retry;
  trp_breaker_effect effect;
  uint32_t cost;
} rule;

#define X(name, retry, effect, cost)                                                               \
  [TROUPE_OUTCOME_##name] = {TRP_RETRY_RULE_##retry, TRP_BREAKER_EFFECT_##effect, (cost)},
static const rule rules[TRP_OUTCOME_COUNT] = {TRP_OUTCOME_RULES(X)};
#undef X

#define X(name, lua) [TROUPE_OUTCOME_##name] = (lua),
static const char *const names[TRP_OUTCOME_COUNT] = {TROUPE_OUTCOME_MAP(X)};
#undef X

trp_retry_rule trp_outcome_retry_rule(troupe_outcome outcome) { return rules[outcome].retry; }

trp_breaker_effect trp_outcome_breaker_effect(troupe_outcome outcome) {
  return rules[outcome].effect;
}

uint32_t trp_outcome_retry_cost(troupe_outcome outcome) { return rules[outcome].cost; }

bool trp_outcome_proves_no_execution(troupe_outcome outcome) {
  trp_retry_rule retry = rules[outcome].retry;
  return retry == TRP_RETRY_RULE_AFTER_HINT || retry == TRP_RETRY_RULE_IF_ASKED;
}

bool trp_outcome_from_name(const char *name, troupe_outcome *out) {
  for (size_t i = 0; i < TRP_OUTCOME_COUNT; i++) {
    if (strcmp(names[i], name) == 0) {
      *out = (troupe_outcome)i;
      return true;
    }
  }
  return false;
}

/* A number that is no outcome comes from a host's bug; it must not become a wild read. */
const char *troupe_outcome_name(troupe_outcome outcome) {
  return (size_t)outcome < TRP_OUTCOME_COUNT ? names[outcome] : "unknown";
}

troupe_outcome troupe_outcome_of_errno(int err) {
  switch (err) {
  case -EIO:
  case -EMFILE:
  case -ENFILE:
  case -ENOMEM:
  case -EAGAIN: /* also -EWOULDBLOCK */
  case -EINTR:
  case -EBUSY:
  case -ETIMEDOUT:
  case -ECONNREFUSED:
  case -ECONNRESET:
  case -ECONNABORTED:
  case -EPIPE:
  case -ENOTCONN:
  case -ENETDOWN:
  case -ENETUNREACH:
  case -EHOSTDOWN:
  case -EHOSTUNREACH:
    return TROUPE_OUTCOME_TRANSIENT;
  default:
    return TROUPE_OUTCOME_PERMANENT; /* not an enum: every other number */
  }
}
