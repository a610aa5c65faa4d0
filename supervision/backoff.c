/* Restart backoff. See the header for the states and the row of delays. */
#include "supervision/backoff.h"

#include "actors/base/assert.h"

#include <troupe/error.h>

#include <stdio.h>

static int refuse(char *msg, size_t msg_len, const char *sentence) {
  if (msg && msg_len) snprintf(msg, msg_len, "%s", sentence);
  return TROUPE_E_INVALID;
}

static trp_backoff_config with_defaults(const trp_backoff_config *config) {
  trp_backoff_config c = config ? *config : (trp_backoff_config){0};
  if (c.min_ms == 0) c.min_ms = TRP_BACKOFF_MIN_MS;
  if (c.max_ms == 0) c.max_ms = c.min_ms > TRP_BACKOFF_MAX_MS ? c.min_ms : TRP_BACKOFF_MAX_MS;
  if (c.factor == 0) c.factor = TRP_BACKOFF_FACTOR;
  if (c.jitter == 0) c.jitter = TRP_BACKOFF_JITTER;
  if (c.jitter == TRP_BACKOFF_NO_JITTER) c.jitter = 0;
  if (c.reset_ms == 0) c.reset_ms = c.min_ms / 2 + c.max_ms / 2 + (c.min_ms & c.max_ms & 1);
  if (c.max_attempts == 0) c.max_attempts = TRP_BACKOFF_MAX_ATTEMPTS;
  return c;
}

int trp_backoff_config_check(const trp_backoff_config *config, char *msg, size_t msg_len) {
  trp_backoff_config c = with_defaults(config);
  if (c.max_ms > TRP_BACKOFF_LONGEST_MS) return refuse(msg, msg_len, "max_ms: at most 366 days");
  if (c.min_ms > c.max_ms) return refuse(msg, msg_len, "min_ms: must be at most max_ms");
  if (!(c.factor >= 1 && c.factor <= 1e6)) {
    return refuse(msg, msg_len, "factor: must be from 1 to 1000000");
  }
  if (!(c.jitter >= 0 && c.jitter <= 1)) return refuse(msg, msg_len, "jitter: must be from 0 to 1");
  if (c.reset_ms > TRP_BACKOFF_LONGEST_MS) {
    return refuse(msg, msg_len, "reset_ms: at most 366 days");
  }
  if (msg && msg_len) msg[0] = '\0';
  return TROUPE_OK;
}

void trp_backoff_init(trp_backoff *b, const trp_backoff_config *config) {
  TRP_ASSERT(trp_backoff_config_check(config, NULL, 0) == TROUPE_OK);
  b->config = with_defaults(config);
  trp_backoff_reset(b);
}

void trp_backoff_reset(trp_backoff *b) {
  b->next_ms = b->config.first_delayed ? (double)b->config.min_ms : 0;
  b->failed_starts = 0;
}

uint64_t trp_backoff_delay_ms(const trp_backoff *b, double rnd) {
  if (b->config.off) return 0;

  double max = (double)b->config.max_ms;
  double d = b->next_ms * (1 + b->config.jitter * (2 * rnd - 1));
  if (d > max) d = max;
  return d > 0 ? (uint64_t)d : 0;
}

/* The delay of this step; the row moves on by one. */
static uint64_t step(trp_backoff *b, double rnd) {
  uint64_t delay_ms = trp_backoff_delay_ms(b, rnd);
  double max = (double)b->config.max_ms;
  double next = b->next_ms > 0 ? b->next_ms * b->config.factor : (double)b->config.min_ms;
  b->next_ms = next < max ? next : max;
  trp_backoff_check(b);
  return delay_ms;
}

trp_backoff_decision trp_backoff_crashed(trp_backoff *b, uint64_t up_ms, double rnd) {
  b->failed_starts = 0; /* it had been up, however shortly */
  if (up_ms >= b->config.reset_ms) trp_backoff_reset(b);
  return (trp_backoff_decision){.costs_budget = true, .delay_ms = step(b, rnd)};
}

trp_backoff_decision trp_backoff_start_failed(trp_backoff *b, double rnd) {
  if (b->config.off) return (trp_backoff_decision){.costs_budget = true};

  if (b->failed_starts < UINT32_MAX) b->failed_starts++;
  if (b->config.max_attempts != TRP_BACKOFF_UNLIMITED &&
      b->failed_starts >= b->config.max_attempts) {
    return (trp_backoff_decision){.give_up = true};
  }
  /* Only a crash restarts at once: in a group it is another child's init that may fail first. */
  if (b->next_ms == 0) b->next_ms = (double)b->config.min_ms;
  return (trp_backoff_decision){.delay_ms = step(b, rnd)};
}

void trp_backoff_check(const trp_backoff *b) {
  TRP_ASSERT(b->next_ms >= 0 && b->next_ms <= (double)b->config.max_ms);
  TRP_ASSERT(b->next_ms == 0 || b->next_ms >= (double)b->config.min_ms);
}
