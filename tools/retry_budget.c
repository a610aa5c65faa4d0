/* The retry budget. Tokens are kept in thousandths, so that sums are exact. */
#include "tools/retry_budget.h"

#include "actors/base/assert.h"

#include <troupe/error.h>

#include <stdio.h>

#define MILLI 1000u

static int refuse(char *msg, size_t msg_len, const char *sentence) {
  if (msg && msg_len) snprintf(msg, msg_len, "%s", sentence);
  return TROUPE_E_INVALID;
}

static double or_default(double value, double otherwise) {
  if (value == TRP_RETRY_BUDGET_NONE) return 0;
  return value == 0 ? otherwise : value;
}

static trp_retry_budget_config with_defaults(const trp_retry_budget_config *config) {
  trp_retry_budget_config c = config ? *config : (trp_retry_budget_config){0};
  if (c.capacity == 0) c.capacity = TRP_RETRY_BUDGET_CAPACITY;
  double start = TRP_RETRY_BUDGET_START < c.capacity ? TRP_RETRY_BUDGET_START : c.capacity;
  c.start = or_default(c.start, start);
  c.per_success = or_default(c.per_success, TRP_RETRY_BUDGET_PER_SUCCESS);
  return c;
}

int trp_retry_budget_config_check(const trp_retry_budget_config *config, char *msg,
                                  size_t msg_len) {
  trp_retry_budget_config c = with_defaults(config);
  if (!(c.capacity >= 1 && c.capacity <= 1e9)) {
    return refuse(msg, msg_len, "capacity: must be from 1 to 1000000000");
  }
  if (!(c.start >= 0 && c.start <= c.capacity)) {
    return refuse(msg, msg_len, "start: must be from 0 to capacity");
  }
  if (!(c.per_success >= 0 && c.per_success <= c.capacity)) {
    return refuse(msg, msg_len, "per_success: must be from 0 to capacity");
  }
  if (msg && msg_len) msg[0] = '\0';
  return TROUPE_OK;
}

static uint64_t milli(double tokens) { return (uint64_t)(tokens * MILLI + 0.5); }

void trp_retry_budget_init(trp_retry_budget *b, const trp_retry_budget_config *config) {
  TRP_ASSERT(trp_retry_budget_config_check(config, NULL, 0) == TROUPE_OK);
  trp_retry_budget_config c = with_defaults(config);
  *b = (trp_retry_budget){.tokens_milli = milli(c.start),
                          .capacity_milli = milli(c.capacity),
                          .per_success_milli = milli(c.per_success)};
}

static void add(trp_retry_budget *b, uint64_t more_milli) {
  uint64_t room = b->capacity_milli - b->tokens_milli;
  b->tokens_milli += more_milli < room ? more_milli : room;
}

void trp_retry_budget_success(trp_retry_budget *b) { add(b, b->per_success_milli); }

bool trp_retry_budget_take(trp_retry_budget *b, uint32_t tokens) {
  uint64_t want_milli = (uint64_t)tokens * MILLI;
  if (want_milli > b->tokens_milli) {
    b->denied++;
    return false;
  }
  b->tokens_milli -= want_milli;
  return true;
}

void trp_retry_budget_give_back(trp_retry_budget *b, uint32_t tokens) {
  add(b, (uint64_t)tokens * MILLI);
}
