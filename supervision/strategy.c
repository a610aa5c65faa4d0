/* The decision tables of a supervisor. See the header for what they say. */
#include "supervision/strategy.h"

#include "actors/base/assert.h"

#include <stddef.h>
#include <string.h>

static trp_range all(uint32_t children) { return (trp_range){.first = 0, .end = children}; }

static trp_range none(uint32_t child) { return (trp_range){.first = child, .end = child}; }

static trp_range only(uint32_t child) { return (trp_range){.first = child, .end = child + 1}; }

/* Does this end bring the child back? */
static bool restarts(const trp_strategy_input *in) {
  if (in->strategy == TRP_STRATEGY_ESCALATE) return false;
  switch (in->restart) {
  case TRP_RESTART_PERMANENT:
    return true;
  case TRP_RESTART_TRANSIENT:
    return !troupe_exit_is_clean(in->exit);
  case TRP_RESTART_TEMPORARY:
    return false;
  }
  return false;
}

static trp_range restart_range(const trp_strategy_input *in) {
  switch (in->strategy) {
  case TRP_STRATEGY_ONE_FOR_ONE:
    return only(in->child);
  case TRP_STRATEGY_ONE_FOR_ALL:
    return all(in->children);
  case TRP_STRATEGY_REST_FOR_ONE:
    return (trp_range){.first = in->child, .end = in->children};
  case TRP_STRATEGY_ESCALATE:
    break; /* never restarts */
  }
  return none(in->child);
}

static bool shuts_down(const trp_strategy_input *in) {
  if (!in->significant) return false;
  switch (in->auto_shutdown) {
  case TRP_AUTO_SHUTDOWN_NEVER:
    return false;
  case TRP_AUTO_SHUTDOWN_ANY_SIGNIFICANT:
    return true;
  case TRP_AUTO_SHUTDOWN_ALL_SIGNIFICANT:
    return in->significant_left == 0;
  }
  return false;
}

trp_strategy_decision trp_strategy_decide(const trp_strategy_input *in) {
  TRP_ASSERT(in->child < in->children);
  bool clean = troupe_exit_is_clean(in->exit);
  trp_strategy_decision d = {.range = none(in->child), .report = !clean};

  if (restarts(in)) {
    d.act = TRP_ACT_RESTART;
    d.range = restart_range(in);
    d.costs_budget = true;
  } else if (in->strategy == TRP_STRATEGY_ESCALATE && !clean) {
    d.act = TRP_ACT_ESCALATE;
    d.range = all(in->children);
  } else if (shuts_down(in)) {
    d.act = TRP_ACT_SHUTDOWN;
    d.range = all(in->children);
  } else {
    d.act = trp_strategy_after_stop(in->restart);
  }
  return d;
}

trp_act trp_strategy_after_stop(trp_restart restart) {
  return restart == TRP_RESTART_TEMPORARY ? TRP_ACT_REMOVE : TRP_ACT_KEEP_STOPPED;
}

trp_act trp_strategy_after_group_stop(trp_restart restart, trp_slot_was was, bool sticky_done) {
  if (restart == TRP_RESTART_TEMPORARY) return TRP_ACT_REMOVE;
  switch (was) {
  case TRP_SLOT_WAS_ALIVE:
  case TRP_SLOT_WAS_STOPPED:
    return TRP_ACT_RESTART;
  case TRP_SLOT_WAS_DONE:
    return sticky_done && restart == TRP_RESTART_TRANSIENT ? TRP_ACT_KEEP_STOPPED : TRP_ACT_RESTART;
  case TRP_SLOT_WAS_QUARANTINED:
    return TRP_ACT_QUARANTINE;
  }
  return TRP_ACT_KEEP_STOPPED;
}

trp_range trp_strategy_retry(trp_strategy strategy, trp_range round, uint32_t failed) {
  TRP_ASSERT(failed >= round.first && failed < round.end);
  if (strategy != TRP_STRATEGY_ONE_FOR_ALL) round.first = failed;
  return round;
}

trp_range trp_strategy_fold(trp_range round, trp_range range) {
  if (round.first == round.end) return range;
  if (range.first == range.end) return round;
  return (trp_range){.first = round.first < range.first ? round.first : range.first,
                     .end = round.end > range.end ? round.end : range.end};
}

trp_strategy_decision trp_strategy_at_limit(uint32_t children, uint32_t child, bool own_limit,
                                            trp_on_limit on_limit) {
  TRP_ASSERT(child < children);
  trp_strategy_decision d = {.act = TRP_ACT_GIVE_UP, .range = all(children), .report = true};
  if (!own_limit) return d;

  switch (on_limit) {
  case TRP_ON_LIMIT_ESCALATE:
    return d;
  case TRP_ON_LIMIT_STOP:
    d.act = TRP_ACT_KEEP_STOPPED;
    break;
  case TRP_ON_LIMIT_QUARANTINE:
    d.act = TRP_ACT_QUARANTINE;
    break;
  }
  d.range = none(child);
  return d;
}

bool trp_strategy_allows_significant(trp_auto_shutdown auto_shutdown, trp_restart restart) {
  return auto_shutdown != TRP_AUTO_SHUTDOWN_NEVER && restart != TRP_RESTART_PERMANENT;
}

#define X(constant, name) name,
static const char *const strategy_names[] = {TRP_STRATEGIES(X)};
static const char *const restart_names[] = {TRP_RESTARTS(X)};
static const char *const auto_shutdown_names[] = {TRP_AUTO_SHUTDOWNS(X)};
static const char *const on_limit_names[] = {TRP_ON_LIMITS(X)};
#undef X

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Index of `name`, or `count`. */
static size_t find(const char *const *names, size_t count, const char *name) {
  size_t i = 0;
  while (i < count && strcmp(names[i], name) != 0)
    i++;
  return i;
}

const char *trp_strategy_name(trp_strategy strategy) { return strategy_names[strategy]; }

bool trp_strategy_from_name(const char *name, trp_strategy *out) {
  size_t i = find(strategy_names, COUNT(strategy_names), name);
  if (i == COUNT(strategy_names)) return false;
  *out = (trp_strategy)i;
  return true;
}

const char *trp_restart_name(trp_restart restart) { return restart_names[restart]; }

bool trp_restart_from_name(const char *name, trp_restart *out) {
  size_t i = find(restart_names, COUNT(restart_names), name);
  if (i == COUNT(restart_names)) return false;
  *out = (trp_restart)i;
  return true;
}

const char *trp_auto_shutdown_name(trp_auto_shutdown auto_shutdown) {
  return auto_shutdown_names[auto_shutdown];
}

bool trp_auto_shutdown_from_name(const char *name, trp_auto_shutdown *out) {
  size_t i = find(auto_shutdown_names, COUNT(auto_shutdown_names), name);
  if (i == COUNT(auto_shutdown_names)) return false;
  *out = (trp_auto_shutdown)i;
  return true;
}

const char *trp_on_limit_name(trp_on_limit on_limit) { return on_limit_names[on_limit]; }

bool trp_on_limit_from_name(const char *name, trp_on_limit *out) {
  size_t i = find(on_limit_names, COUNT(on_limit_names), name);
  if (i == COUNT(on_limit_names)) return false;
  *out = (trp_on_limit)i;
  return true;
}
