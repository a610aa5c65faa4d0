/* A retry budget: tokens that successes bring and retries spend, shared by all calls of one tool.
 *
 * When a service is down no successes come in, so the bucket empties and retries stop; the load
 * stays near 1x, whatever the number of attempts. In ordinary times it never runs dry: at 30 %
 * failures 4 attempts need 0.42 retries a call and the successes bring 0.5. (The idea is Finagle's
 * RetryBudget; feeding it by successes instead of requests is the AWS SDK's.)
 *
 *   I1  tokens_milli <= capacity_milli
 *
 * Pure: no clock, lock or allocation. Thread: the caller's lock.
 */
#ifndef TRP_TOOLS_RETRY_BUDGET_H
#define TRP_TOOLS_RETRY_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRP_RETRY_BUDGET_CAPACITY 100.0
#define TRP_RETRY_BUDGET_START 20.0
#define TRP_RETRY_BUDGET_PER_SUCCESS 0.5
#define TRP_RETRY_BUDGET_NONE (-1.0) /* for start and per_success: really zero */

/* Zero means the default in every field. Tokens; precision 1/1000. */
typedef struct trp_retry_budget_config {
  double capacity;    /* at most 1e9; 100 */
  double start;       /* at most capacity; 20, or capacity if that is less */
  double per_success; /* at most capacity; 0.5 */
} trp_retry_budget_config;

typedef struct trp_retry_budget {
  uint64_t tokens_milli;
  uint64_t capacity_milli;
  uint64_t per_success_milli;
  uint64_t denied; /* refused takes; never reset */
} trp_retry_budget;

/* 0, or TROUPE_E_INVALID with a sentence that begins with the name of the field. `msg` may be NULL.
 */
int trp_retry_budget_config_check(const trp_retry_budget_config *config, char *msg, size_t msg_len);

/* The config has passed the check; NULL means all defaults. */
void trp_retry_budget_init(trp_retry_budget *b, const trp_retry_budget_config *config);

/* A call succeeded, at whichever attempt. */
void trp_retry_budget_success(trp_retry_budget *b);

/* Takes all `tokens`, or none and says no. */
bool trp_retry_budget_take(trp_retry_budget *b, uint32_t tokens);

/* Returns what was taken for a retry that will not start. */
void trp_retry_budget_give_back(trp_retry_budget *b, uint32_t tokens);

#endif
