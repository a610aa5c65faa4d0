/* The callbacks of the supervisor behaviour, and what follows when a child ends. */
#include "supervision/supervisor.h"

#include "actors/actor.h"
#include "actors/base/assert.h"
#include "actors/base/clock.h"
#include "actors/base/log.h"
#include "actors/base/mem.h"
#include "actors/system.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REASON_LEN 1024 /* of the texts we compose; the kernel cuts at 4 KiB */

uint64_t trp_supervisor_now_ms(const trp_supervisor *s) {
  return trp_system_now_ns(s->sys) / TRP_NS_PER_MS;
}

static double random_share(trp_supervisor *s) { return trp_rand_double(&s->rand); }

/* ---- ends of the supervisor ---------------------------------------------------------------- */

/* "<what> <id>: <class>: <reason>" as the supervisor's own reason. */
static void end_for(troupe_actor *self, trp_supervisor *s, const trp_seat *seat,
                    const troupe_exit *why, troupe_exit_class own, const char *what) {
  char text[REASON_LEN];
  snprintf(text, sizeof text, "%s %s: %s%s%s", what, seat->spec->id,
           troupe_exit_class_name(why->class_), why->reason ? ": " : "",
           why->reason ? why->reason : "");
  int code = why->code;
  if (own == TROUPE_EXIT_MAX_RESTARTS) code = TROUPE_E_MAX_RESTARTS;
  if (own == TROUPE_EXIT_INIT_FAILED && code == TROUPE_OK) code = TROUPE_E_INIT_FAILED;
  trp_supervisor_end(self, s, own, code, text, why->traceback);
}

/* Significant children other than this one that may still end. */
static uint32_t significant_left(const trp_supervisor *s, const trp_seat *seat) {
  uint32_t left = 0;
  for (uint32_t i = 0; i < s->spec->count; i++) {
    const trp_seat *other = &s->seats[i];
    if (other == seat || !other->spec->significant || other->removed) continue;
    bool empty = other->state == TRP_SEAT_EMPTY || other->state == TRP_SEAT_RELEASING;
    if (!empty || !other->ever_up) left++;
  }
  return left;
}

static void shut_down(troupe_actor *self, trp_supervisor *s, const trp_seat *seat) {
  char text[REASON_LEN];
  snprintf(text, sizeof text, "significant child %s has ended", seat->spec->id);
  trp_supervisor_end(self, s, TROUPE_EXIT_SHUTDOWN, 0, text, NULL);
}

/* ---- what follows an end of a child -------------------------------------------------------- */

/* The seat stays or goes without an actor. */
static void vacate(troupe_actor *self, trp_supervisor *s, trp_seat *seat, trp_slot_was was) {
  trp_round_skip(s, seat);
  trp_seat_release(self, seat, was);
}

/* A limit says no to a restart: the child's own, or the supervisor's. */
static void at_limit(troupe_actor *self, trp_supervisor *s, trp_seat *seat, const troupe_exit *why,
                     bool own) {
  trp_strategy_decision d =
      trp_strategy_at_limit(s->spec->count, trp_seat_index(s, seat), own, seat->spec->on_limit);
  if (d.act == TRP_ACT_GIVE_UP) {
    trp_report(self, s, "max_restarts", seat, why, "escalate");
    end_for(self, s, seat, why, TROUPE_EXIT_MAX_RESTARTS, "gave up on");
    return;
  }
  bool quarantine = d.act == TRP_ACT_QUARANTINE;
  trp_report(self, s, "max_restarts", seat, why, quarantine ? "quarantine" : "stop");
  vacate(self, s, seat, quarantine ? TRP_SLOT_WAS_QUARANTINED : TRP_SLOT_WAS_STOPPED);
  /* It will not end any more, so what waits for its end would wait for ever. */
  bool last =
      s->spec->auto_shutdown == TRP_AUTO_SHUTDOWN_ANY_SIGNIFICANT || significant_left(s, seat) == 0;
  if (seat->spec->significant && last) shut_down(self, s, seat);
}

/* Takes one unit of the budgets; *own tells whose limit said no. */
static bool allowed(trp_supervisor *s, trp_seat *seat, bool *own) {
  uint64_t now_ms = trp_supervisor_now_ms(s);
  *own = seat->spec->limited && !trp_budget_allow(&seat->budget, now_ms);
  return !*own && trp_budget_allow(&s->budget, now_ms);
}

static bool alone(const trp_supervisor *s) {
  return s->spec->strategy == TRP_STRATEGY_ONE_FOR_ONE ||
         s->spec->strategy == TRP_STRATEGY_ESCALATE;
}

/* Restarts the one child, now or after the delay. Without memory for a timer that is now. */
static void restart_alone(troupe_actor *self, trp_seat *seat, uint64_t delay_ms) {
  if (delay_ms && troupe_actor_timer(self, delay_ms, 0, true, seat, &seat->timer) == TROUPE_OK) {
    return;
  }
  trp_seat_restart(self, seat);
}

static void report_restart(troupe_actor *self, trp_supervisor *s, const char *what,
                           const trp_seat *seat, const troupe_exit *why, uint64_t delay_ms) {
  char decision[48];
  snprintf(decision, sizeof decision, "restart in %" PRIu64 " ms", delay_ms);
  trp_report(self, s, what, seat, why, decision);
}

static void restart(troupe_actor *self, trp_supervisor *s, trp_seat *seat, const troupe_exit *why,
                    const trp_strategy_decision *d) {
  bool own;
  uint64_t now_ms = trp_supervisor_now_ms(s);
  if (!allowed(s, seat, &own)) {
    at_limit(self, s, seat, why, own);
    return;
  }
  trp_backoff_decision b =
      trp_backoff_crashed(&seat->backoff, now_ms - seat->up_since_ms, random_share(s));
  if (d->report) report_restart(self, s, "child_terminated", seat, why, b.delay_ms);
  if (alone(s))
    restart_alone(self, seat, b.delay_ms);
  else
    trp_round_begin(self, s, d->range, now_ms + b.delay_ms);
}

void trp_supervisor_start_failed(troupe_actor *self, trp_supervisor *s, trp_seat *seat,
                                 const troupe_exit *why) {
  if (!seat->ever_up) {
    trp_report(self, s, "start_error", seat, why, "stop");
    end_for(self, s, seat, why, TROUPE_EXIT_INIT_FAILED, "failed_to_start_child");
    return;
  }
  bool own = true;
  trp_backoff_decision b = trp_backoff_start_failed(&seat->backoff, random_share(s));
  if (b.give_up || (b.costs_budget && !allowed(s, seat, &own))) {
    at_limit(self, s, seat, why, own);
    return;
  }
  report_restart(self, s, "start_error", seat, why, b.delay_ms);
  if (alone(s))
    restart_alone(self, seat, b.delay_ms);
  else
    trp_round_retry(self, s, trp_seat_index(s, seat), trp_supervisor_now_ms(s) + b.delay_ms);
}

/* A running child has ended by itself; its seat is HELD. */
static void ended(troupe_actor *self, trp_supervisor *s, trp_seat *seat, const troupe_exit *why) {
  trp_strategy_input in = {.strategy = s->spec->strategy,
                           .auto_shutdown = s->spec->auto_shutdown,
                           .children = s->spec->count,
                           .child = trp_seat_index(s, seat),
                           .restart = seat->spec->restart,
                           .significant = seat->spec->significant,
                           .significant_left = significant_left(s, seat),
                           .exit = why->class_};
  trp_strategy_decision d = trp_strategy_decide(&in);
  switch (d.act) {
  case TRP_ACT_RESTART:
    restart(self, s, seat, why, &d);
    break;
  case TRP_ACT_REMOVE:
    seat->removed = true;
    if (d.report) trp_report(self, s, "child_terminated", seat, why, "remove");
    vacate(self, s, seat, TRP_SLOT_WAS_DONE);
    break;
  case TRP_ACT_KEEP_STOPPED:
  case TRP_ACT_QUARANTINE: /* decide says so only at limits */
    if (d.report) trp_report(self, s, "child_terminated", seat, why, "stop");
    vacate(self, s, seat, TRP_SLOT_WAS_DONE);
    break;
  case TRP_ACT_ESCALATE:
    trp_report(self, s, "child_terminated", seat, why, "escalate");
    end_for(self, s, seat, why, TROUPE_EXIT_ERROR, "escalated from");
    break;
  case TRP_ACT_GIVE_UP:
  case TRP_ACT_SHUTDOWN:
    if (d.report) trp_report(self, s, "child_terminated", seat, why, "shutdown");
    shut_down(self, s, seat);
    break;
  }
}

/* We had asked it to stop, for a sibling's sake or for our own end. */
static void stopped(troupe_actor *self, trp_supervisor *s, trp_seat *seat, const troupe_exit *why) {
  bool expected = troupe_exit_is_clean(why->class_) ||
                  (why->class_ == TROUPE_EXIT_KILLED && seat->spec->shutdown_ms == 0);
  if (!expected) trp_report(self, s, "shutdown_error", seat, why, "none");
  if (s->ending) trp_seat_release(self, seat, seat->was);
}

static void exited(troupe_actor *self, trp_supervisor *s, trp_seat *seat) {
  const troupe_exit *why = troupe_child_reason(seat->child);
  trp_seat_state before = seat->state;
  seat->state = TRP_SEAT_HELD;
  if (before == TRP_SEAT_STOPPING) s->stopping--;
  if (before == TRP_SEAT_STOPPING || s->ending) {
    stopped(self, s, seat, why);
    return;
  }
  bool done = troupe_exit_is_clean(why->class_) && seat->spec->restart != TRP_RESTART_PERMANENT;
  if (before == TRP_SEAT_STARTING && !done) {
    trp_supervisor_start_failed(self, s, seat, why);
    return;
  }
  seat->ever_up = true; /* it may have been done before its init was */
  ended(self, s, seat, why);
}

static void started(trp_supervisor *s, trp_seat *seat) {
  if (seat->state != TRP_SEAT_STARTING) return; /* it is being stopped already */
  seat->state = TRP_SEAT_UP;
  seat->ever_up = true;
  seat->up_since_ms = trp_supervisor_now_ms(s);
}

static void gone(trp_supervisor *s, trp_seat *seat) {
  seat->child = NULL;
  seat->state = TRP_SEAT_EMPTY;
  s->alive--;
}

/* ---- callbacks ----------------------------------------------------------------------------- */

static void supervisor_child(troupe_actor *self, troupe_child *child, troupe_child_event event) {
  trp_supervisor *s = troupe_actor_state(self);
  trp_seat *seat = troupe_child_user(child);
  switch (event) {
  case TROUPE_CHILD_STARTED:
    started(s, seat);
    break;
  case TROUPE_CHILD_EXITED:
    exited(self, s, seat);
    break;
  case TROUPE_CHILD_GONE:
    gone(s, seat);
    break;
  }
  if (!s->ending)
    trp_round_drive(self, s);
  else if (trp_supervisor_end_drive(self, s))
    troupe_actor_stopped(self);
}

static void supervisor_resume(troupe_actor *self, const troupe_event *event) {
  trp_supervisor *s = troupe_actor_state(self);
  if (event->user == s) {
    s->end_timer = 0;
    trp_supervisor_end_kill(self, s);
  } else if (event->user == &s->round) {
    s->round.timer = 0;
    trp_round_drive(self, s);
  } else {
    trp_seat *seat = event->user;
    seat->timer = 0;
    trp_seat_restart(self, seat);
  }
}

static int supervisor_receive(troupe_actor *self, const troupe_message *m) {
  const trp_supervisor *s = troupe_actor_state(self);
  if (m->type == TROUPE_MESSAGE_ASK && strcmp(m->kind, TROUPE_ASK_CHILDREN) == 0) {
    trp_supervisor_answer_children(self, s);
    return TROUPE_OK;
  }
  char who[128];
  trp_actor_describe(self, who, sizeof who);
  trp_log_write(&s->sys->log, TROUPE_LOG_DEBUG, who, "supervisor: no handler for '%s'", m->kind);
  troupe_actor_refuse(self, 0);
  return TROUPE_OK;
}

static size_t bytes_of(const trp_supervisor_spec *spec) {
  return sizeof(trp_supervisor) + spec->count * sizeof(trp_seat);
}

static int init_seat(trp_seat *seat, const trp_supervisor_spec *spec, uint32_t index) {
  const trp_child_spec *c = &spec->children[index];
  seat->spec = c;
  trp_backoff_init(&seat->backoff, &spec->backoff);
  if (!c->limited) return TROUPE_OK;
  return trp_budget_init(&seat->budget, &spec->allocator, c->max_restarts, c->window_ms);
}

static int supervisor_init(troupe_actor *self, void *arg) {
  trp_supervisor_spec *spec = arg;
  trp_supervisor *s = trp_zalloc(&spec->allocator, bytes_of(spec));
  if (!s) return TROUPE_E_NO_MEMORY;
  s->spec = spec;
  s->sys = troupe_actor_system(self);
  troupe_actor_set_state(self, s); /* fini copes with the rest half-built */
  trp_system_split_rand(s->sys, &s->rand);
  int err = trp_budget_init(&s->budget, &spec->allocator, spec->max_restarts, spec->window_ms);
  for (uint32_t i = 0; i < spec->count && !err; i++)
    err = init_seat(&s->seats[i], spec, i);
  if (err) return err;
  if (spec->count == 0) {
    s->started = true;
    return TROUPE_OK;
  }
  s->round = (trp_round){.phase = TRP_ROUND_START, .range = {.first = 0, .end = spec->count}};
  trp_round_drive(self, s);
  return TROUPE_PENDING;
}

static void cancel_timers(troupe_actor *self, trp_supervisor *s) {
  if (s->round.timer) troupe_actor_cancel_timer(self, s->round.timer);
  s->round = (trp_round){.phase = TRP_ROUND_NONE};
  for (uint32_t i = 0; i < s->spec->count; i++) {
    if (s->seats[i].timer) troupe_actor_cancel_timer(self, s->seats[i].timer);
    s->seats[i].timer = 0;
  }
}

static int supervisor_stop(troupe_actor *self, const troupe_exit *why) {
  (void)why;
  trp_supervisor *s = troupe_actor_state(self);
  uint32_t most_ms = s->spec->escalation_timeout_ms;
  s->ending = true;
  s->end_cursor = s->spec->count;
  cancel_timers(self, s);
  bool done = trp_supervisor_end_drive(self, s);
  if (!done && s->bounded && most_ms != TROUPE_INFINITY &&
      troupe_actor_timer(self, most_ms, 0, true, s, &s->end_timer) != TROUPE_OK) {
    trp_supervisor_end_kill(self, s);
  }
  return done ? TROUPE_OK : TROUPE_PENDING;
}

static void supervisor_fini(troupe_actor *self) {
  trp_supervisor *s = troupe_actor_state(self);
  if (!s) return;
  trp_report_flush(self, s);
  for (uint32_t i = 0; i < s->spec->count; i++)
    trp_budget_fini(&s->seats[i].budget);
  trp_budget_fini(&s->budget);
  trp_free(&s->spec->allocator, s, bytes_of(s->spec));
}

const troupe_behavior trp_supervisor_behavior = {.size = sizeof trp_supervisor_behavior,
                                                 .name = "supervisor",
                                                 .init = supervisor_init,
                                                 .receive = supervisor_receive,
                                                 .resume = supervisor_resume,
                                                 .child = supervisor_child,
                                                 .stop = supervisor_stop,
                                                 .stops_pending = true,
                                                 .fini = supervisor_fini};

/* ---- spawning ------------------------------------------------------------------------------ */

static void drop_spec(void *arg) { trp_supervisor_spec_unref(arg); }

void trp_supervisor_take_spec(troupe_spawn_opts *opts, trp_supervisor_spec *spec) {
  opts->behavior = &trp_supervisor_behavior;
  opts->arg = spec;
  opts->arg_free = drop_spec;
}

int trp_supervisor_spawn_opts(troupe_spawn_opts *out, const troupe_allocator *allocator,
                              const troupe_supervisor_spec *spec, const char *name, char *msg,
                              size_t msg_len) {
  *out = (troupe_spawn_opts)TROUPE_SPAWN_INIT;
  int err = troupe_supervisor_spec_check(spec, msg, msg_len);
  if (err) return err;
  trp_supervisor_spec *copy;
  err = trp_supervisor_spec_new(&copy, allocator, spec);
  if (err) {
    if (msg && msg_len) snprintf(msg, msg_len, "%s", troupe_strerror(err));
    return err;
  }
  out->name = name;
  out->init_timeout_ms = TROUPE_INFINITY; /* each child has its own */
  out->shutdown_ms = TROUPE_INFINITY;
  trp_supervisor_take_spec(out, copy);
  return TROUPE_OK;
}
