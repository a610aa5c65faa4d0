/* What a supervisor does about an end: which slot to keep, remove or restart, and which children to
 * stop and start again. Decides only; the supervisor carries it out step by step. Pure: no state.
 *
 * Children are numbered 0 .. n-1 in start order. A range is stopped from its end to its beginning
 * and started from its beginning to its end. Slots that a group restart removes (temporary
 * siblings) leave after the stop phase, so the indices of a range hold until then.
 *
 *   end of the child        permanent   transient   temporary
 *   normal, shutdown        restart     keep        remove
 *   abnormal                restart     restart     remove, report
 *   stopped by request      keep        keep        remove
 *   stopped for a sibling   start       start       remove
 *
 * `escalate` restarts nothing: an abnormal end, of a child of any type, stops the siblings and ends
 * the supervisor; after a clean end permanent children are kept like transient ones.
 *
 * The tables are those of OTP's supervisor. Different from it: a quarantined child and, with
 * sticky_done, a finished one stay out of group restarts.
 */
#ifndef TRP_SUPERVISION_STRATEGY_H
#define TRP_SUPERVISION_STRATEGY_H

#include <troupe/types.h>

#include <stdbool.h>
#include <stdint.h>

/* X(constant, name in specs) */
#define TRP_STRATEGIES(X)                                                                          \
  X(ONE_FOR_ONE, "one_for_one")                                                                    \
  X(ONE_FOR_ALL, "one_for_all")                                                                    \
  X(REST_FOR_ONE, "rest_for_one")                                                                  \
  X(ESCALATE, "escalate")

#define TRP_RESTARTS(X)                                                                            \
  X(PERMANENT, "permanent")                                                                        \
  X(TRANSIENT, "transient")                                                                        \
  X(TEMPORARY, "temporary")

#define TRP_AUTO_SHUTDOWNS(X)                                                                      \
  X(NEVER, "never")                                                                                \
  X(ANY_SIGNIFICANT, "any_significant")                                                            \
  X(ALL_SIGNIFICANT, "all_significant")

#define TRP_ON_LIMITS(X)                                                                           \
  X(ESCALATE, "escalate")                                                                          \
  X(STOP, "stop")                                                                                  \
  X(QUARANTINE, "quarantine")

#define X(constant, name) TRP_STRATEGY_##constant,
typedef enum trp_strategy { TRP_STRATEGIES(X) } trp_strategy;
#undef X
#define X(constant, name) TRP_RESTART_##constant,
typedef enum trp_restart { TRP_RESTARTS(X) } trp_restart;
#undef X
#define X(constant, name) TRP_AUTO_SHUTDOWN_##constant,
typedef enum trp_auto_shutdown { TRP_AUTO_SHUTDOWNS(X) } trp_auto_shutdown;
#undef X
/* What happens when a child's own budget or its max_attempts is spent. */
#define X(constant, name) TRP_ON_LIMIT_##constant,
typedef enum trp_on_limit { TRP_ON_LIMITS(X) } trp_on_limit;
#undef X

typedef enum trp_act {
  TRP_ACT_KEEP_STOPPED, /* the slot stays, without an actor */
  TRP_ACT_REMOVE,       /* the slot goes */
  TRP_ACT_RESTART,      /* stop the running ones in the range, then start the range */
  TRP_ACT_QUARANTINE,   /* like KEEP_STOPPED, visible as such; only a restart by hand ends it */
  TRP_ACT_ESCALATE,     /* stop the range, end with the child's reason wrapped */
  TRP_ACT_GIVE_UP,      /* stop the range, end with max_restarts */
  TRP_ACT_SHUTDOWN      /* auto shutdown: stop the range, end with shutdown */
} trp_act;

/* The children first .. end-1; empty when first == end. */
typedef struct trp_range {
  uint32_t first;
  uint32_t end;
} trp_range;

typedef struct trp_strategy_input {
  trp_strategy strategy;
  trp_auto_shutdown auto_shutdown;
  uint32_t children;         /* slots of the supervisor */
  uint32_t child;            /* index of the one that ended, < children */
  trp_restart restart;       /* its type */
  bool significant;          /* its flag */
  uint32_t significant_left; /* other significant children running, starting or restarting */
  troupe_exit_class exit;    /* how it ended, not by request of the supervisor */
} trp_strategy_input;

typedef struct trp_strategy_decision {
  trp_act act;
  trp_range range;   /* to stop, and with RESTART to start again; includes the child itself */
  bool costs_budget; /* one unit of the restart budget, however many siblings it touches */
  bool report;       /* the end was not an expected one */
} trp_strategy_decision;

/* How a slot stood when a group restart reached it. */
typedef enum trp_slot_was {
  TRP_SLOT_WAS_ALIVE,      /* running, or it is the one that failed */
  TRP_SLOT_WAS_DONE,       /* had ended cleanly by itself */
  TRP_SLOT_WAS_STOPPED,    /* had been stopped by request, or at its limit */
  TRP_SLOT_WAS_QUARANTINED /* see TRP_ACT_QUARANTINE */
} trp_slot_was;

/* A child ended that was not being stopped by its supervisor. An auto shutdown comes only from an
 * end that restarts nothing. */
trp_strategy_decision trp_strategy_decide(const trp_strategy_input *in);

/* A child was stopped through the supervisor: KEEP_STOPPED or REMOVE. */
trp_act trp_strategy_after_stop(trp_restart restart);

/* A slot in the range of a group restart, when the stop phase is over: RESTART (start it),
 * KEEP_STOPPED, QUARANTINE or REMOVE. `sticky_done` leaves a finished transient child alone. */
trp_act trp_strategy_after_group_stop(trp_restart restart, trp_slot_was was, bool sticky_done);

/* Child `failed` did not start while `round` was being started. The next attempt, after the
 * backoff, covers the returned range: with one_for_all the whole round, whose first children are
 * stopped again; else from the failed child on, and those before it stay up. */
trp_range trp_strategy_retry(trp_strategy strategy, trp_range round, uint32_t failed);

/* Child `in->child` ended while `round` was being stopped or started and its own decision is
 * RESTART with `range`: one round that covers both. Costs one unit like any other restart. */
trp_range trp_strategy_fold(trp_range round, trp_range range);

/* A child may not be restarted any more. With `own_limit` its own budget or max_attempts is spent
 * and on_limit decides; else the supervisor's budget is, and it gives up. */
trp_strategy_decision trp_strategy_at_limit(uint32_t children, uint32_t child, bool own_limit,
                                            trp_on_limit on_limit);

/* May `significant` be set? Not for permanent children, which never end for good, nor without an
 * auto shutdown. */
bool trp_strategy_allows_significant(trp_auto_shutdown auto_shutdown, trp_restart restart);

/* Names as in specs; from_name leaves *out alone and says false for any other text. */
const char *trp_strategy_name(trp_strategy strategy);
bool trp_strategy_from_name(const char *name, trp_strategy *out);
const char *trp_restart_name(trp_restart restart);
bool trp_restart_from_name(const char *name, trp_restart *out);
const char *trp_auto_shutdown_name(trp_auto_shutdown auto_shutdown);
bool trp_auto_shutdown_from_name(const char *name, trp_auto_shutdown *out);
const char *trp_on_limit_name(trp_on_limit on_limit);
bool trp_on_limit_from_name(const char *name, trp_on_limit *out);

#endif
