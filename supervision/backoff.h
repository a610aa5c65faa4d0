/* Restart backoff of one child slot: how long to wait before the next start, and when to stop
 * trying.
 *
 * The supervisor reports what happened to the slot and gets a decision. Pure: no clock, lock or
 * allocation; the uptime and a random number in [0,1) are arguments.
 *
 *   UP --(crash)--> DOWN          the generation had finished its init
 *   DOWN --(start failed)--> DOWN
 *   DOWN --(started)--> UP        needs no call: the next crash says so
 *
 *   delays:  0, min, min*factor, min*factor^2, ... up to max, each +- jitter, never over max
 *
 * A crash after at least reset_ms of uptime begins that row again; a shorter life goes on in it, so
 * a child that starts well and dies at once is slowed down too. A crash always costs one unit of
 * the restart budget. A failed start costs none while backoff is on: four attempts lie within
 * 0.7 s, so counting them would spend 3 in 60 s before the delays are worth anything;
 * `max_attempts` failed starts in a row give up instead. With `off` it is the other way round, as
 * in OTP.
 *
 *   I1  0 <= next_ms <= max_ms; next_ms is 0 only in front of the immediate restart
 *   I2  failed_starts < max_attempts, unless the last decision was to give up
 *
 * Akka multiplies by its random factor after the clamp and so exceeds its maximum; here the clamp
 * comes last.
 */
#ifndef TRP_SUPERVISION_BACKOFF_H
#define TRP_SUPERVISION_BACKOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRP_BACKOFF_MIN_MS 100u
#define TRP_BACKOFF_MAX_MS 30000u
#define TRP_BACKOFF_FACTOR 2.0
#define TRP_BACKOFF_JITTER 0.2
#define TRP_BACKOFF_NO_JITTER (-1.0)
#define TRP_BACKOFF_MAX_ATTEMPTS 10u
#define TRP_BACKOFF_UNLIMITED UINT32_MAX
#define TRP_BACKOFF_LONGEST_MS                                                                     \
  (UINT64_C(366) * 24 * 3600 * 1000) /* the largest max_ms, reset_ms                               \
                                      */

/* Zero means the default in every field. */
typedef struct trp_backoff_config {
  uint64_t min_ms;       /* first delay that is not immediate; 100 */
  uint64_t max_ms;       /* longest delay, jitter included; 30,000, or min_ms if that is more */
  double factor;         /* growth, at least 1; 2 */
  double jitter;         /* share of the delay added or taken at random, at most 1; 0.2 */
  uint64_t reset_ms;     /* uptime that starts the row again; (min_ms + max_ms) / 2 */
  uint32_t max_attempts; /* failed starts in a row; 10; TRP_BACKOFF_UNLIMITED for no limit */
  bool first_delayed;    /* the first restart waits min_ms instead of happening at once */
  bool off;              /* no delays; failed starts cost restart budget instead of attempts */
} trp_backoff_config;

typedef struct trp_backoff {
  trp_backoff_config config; /* defaults filled in */
  double next_ms;            /* the next delay, before jitter; 0 is the immediate restart */
  uint32_t failed_starts;    /* since the last generation that finished its init */
} trp_backoff;

typedef struct trp_backoff_decision {
  bool give_up;      /* max_attempts reached: the child's on_limit rule applies */
  bool costs_budget; /* ask the restart budget before restarting */
  uint64_t delay_ms; /* restart after this long; 0 = at once, without a timer */
} trp_backoff_decision;

/* 0, or TROUPE_E_INVALID with a sentence that begins with the name of the field. `msg` may be NULL.
 */
int trp_backoff_config_check(const trp_backoff_config *config, char *msg, size_t msg_len);

/* Copies the config, which has passed the check; NULL means all defaults. */
void trp_backoff_init(trp_backoff *b, const trp_backoff_config *config);

/* A generation that had finished its init ended after up_ms and is to be restarted. Never gives up:
 * that is for the restart budget to say. */
trp_backoff_decision trp_backoff_crashed(trp_backoff *b, uint64_t up_ms, double rnd);

/* A start attempt of a restart failed: init raised, timed out or was killed. */
trp_backoff_decision trp_backoff_start_failed(trp_backoff *b, double rnd);

/* Forgets everything, as for a start by hand. */
void trp_backoff_reset(trp_backoff *b);

/* The delay that the next decision would bring with this random number. Changes nothing. */
uint64_t trp_backoff_delay_ms(const trp_backoff *b, double rnd);

/* Asserts I1. */
void trp_backoff_check(const trp_backoff *b);

#endif
