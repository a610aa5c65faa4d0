#include "actors/life.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "actors/base/mem.h"
#include "actors/child.h"
#include "actors/inbox.h"
#include "actors/info.h"
#include "actors/line.h"
#include "actors/monitor.h"
#include "actors/parked.h"
#include "actors/run.h"
#include "actors/send.h"
#include "actors/system.h"
#include "actors/waiting.h"

static void enter_phase(troupe_actor *a, trp_actor_phase to) {
  static const uint8_t allowed[] = {
      [TRP_NEW] = 1 << TRP_STARTING | 1 << TRP_GONE,
      [TRP_STARTING] = 1 << TRP_RUNNING | 1 << TRP_STOPPING | 1 << TRP_ENDING,
      [TRP_RUNNING] = 1 << TRP_STOPPING | 1 << TRP_ENDING,
      [TRP_STOPPING] = 1 << TRP_ENDING,
      [TRP_ENDING] = 1 << TRP_DOWN,
      [TRP_DOWN] = 1 << TRP_STARTING | 1 << TRP_GONE,
      [TRP_GONE] = 0,
  };
  TRP_ASSERT(allowed[a->phase] & (1 << to));
  a->phase = to;
  if (to == TRP_DOWN) TRP_ASSERT(!trp_ledger_first(&a->ledger) && !a->current); /* I3 */
}

/* ---- the deadline of STARTING and STOPPING ------------------------------------------------- */

bool trp_life_expired(troupe_actor *a) {
  if (a->life_ns == UINT64_MAX || trp_clock_ns(&a->sys->clock) < a->life_ns) return false;
  a->life_ns = UINT64_MAX;
  trp_life_kill(a, a->phase == TRP_STARTING ? TROUPE_EXIT_INIT_TIMEOUT : TROUPE_EXIT_KILLED);
  return true;
}

/* Bounds the phase that begins; timeout_ms TROUPE_INFINITY: no bound. */
static void bound_phase(troupe_actor *a, uint32_t timeout_ms) {
  a->life_ns = timeout_ms == TROUPE_INFINITY
                   ? UINT64_MAX
                   : trp_clock_ns(&a->sys->clock) + timeout_ms * TRP_NS_PER_MS;
}

/* ---- starting ------------------------------------------------------------------------------ */

void trp_life_start(troupe_actor *a) {
  a->generation++;
  a->blocked = a->waits_several = a->preempted = a->in_message = a->exit_asked = a->abrupt =
      a->stopped = a->pending = false;
  trp_reason_unref(a->why);
  a->why = NULL;
  enter_phase(a, TRP_STARTING);
  TRP_NOTE(a->sys, NULL, .type = TRP_EVENT_STARTING, .who = a->pid, .id = a->generation);
  const trp_reason *early = a->early ? a->early : trp_child_early(a);
  if (early) { /* its init never runs */
    troupe_actor_exit(a, early->exit.class_, 0, NULL, NULL);
    a->early = NULL;
    return;
  }
  bound_phase(a, a->init_timeout_ms);
  int rc = a->behavior->init ? trp_run_init(a) : TROUPE_OK;
  a->pending = rc == TROUPE_PENDING;
  if (rc == TROUPE_OK)
    troupe_actor_started(a);
  else if (rc < 0)
    troupe_actor_exit(a, TROUPE_EXIT_INIT_FAILED, rc, troupe_strerror(rc), NULL);
}

void troupe_actor_started(troupe_actor *self) {
  if (self->phase != TRP_STARTING || (self->exit_asked && self->abrupt)) return;
  trp_child_tell_started(self);
  enter_phase(self, TRP_RUNNING);
  TRP_NOTE(self->sys, NULL, .type = TRP_EVENT_STARTED, .who = self->pid, .id = self->generation);
  bound_phase(self, TROUPE_INFINITY);
}

/* ---- ending -------------------------------------------------------------------------------- */

/* Classes after which nothing of the actor's may run any more. */
static bool is_abrupt(troupe_exit_class why) {
  return why == TROUPE_EXIT_KILL || why == TROUPE_EXIT_KILLED || why == TROUPE_EXIT_INIT_TIMEOUT ||
         why == TROUPE_EXIT_HANDLER_TIMEOUT || why == TROUPE_EXIT_MEMORY_LIMIT ||
         why == TROUPE_EXIT_CPU_LIMIT;
}

/* The reason of an end that the kernel itself has found. */
static const char *limit_reason(const troupe_actor *a, troupe_exit_class why, char *text,
                                size_t len) {
  if (why != TROUPE_EXIT_CPU_LIMIT) return NULL;
  snprintf(text, len, "more than %" PRIu64 " ms of processor time in one callback",
           a->cpu_limit_ns / TRP_NS_PER_MS);
  return text;
}

void troupe_actor_exit(troupe_actor *self, troupe_exit_class why, int code, const char *reason,
                       const char *traceback) {
  char text[80];
  bool abrupt = is_abrupt(why);
  if (self->phase > TRP_STOPPING) return;
  if (self->exit_asked && (!abrupt || self->abrupt)) { /* the first reason stands */
    if (self->phase == TRP_STOPPING) self->stopped = true;
    return;
  }
  if (self->phase == TRP_STARTING && why == TROUPE_EXIT_ERROR) why = TROUPE_EXIT_INIT_FAILED;
  if (!reason) reason = limit_reason(self, why, text, sizeof text);
  /* the first reason stands, but an end that has to be cut short is no clean one */
  bool cut = abrupt && self->why && troupe_exit_is_clean(self->why->exit.class_);
  if (!self->exit_asked || cut) {
    trp_reason_unref(self->why);
    self->why = trp_reason_new(&self->sys->allocator, why, code, reason, traceback);
  }
  self->exit_asked = true;
  self->abrupt = abrupt;
}

void troupe_actor_stopped(troupe_actor *self) {
  if (self->phase == TRP_STOPPING) self->stopped = true;
}

static void stop(troupe_actor *a, troupe_exit_class why) {
  if (why == TROUPE_EXIT_MAILBOX_OVERFLOW) { /* while it starts it could not have taken any */
    if (a->phase == TRP_RUNNING)
      troupe_actor_exit(a, why, TROUPE_E_MAILBOX_FULL, "its mailbox was full", NULL);
  } else if (a->phase == TRP_STARTING || a->phase == TRP_RUNNING) {
    troupe_actor_exit(a, TROUPE_EXIT_SHUTDOWN, 0, NULL, NULL);
  } else if (a->phase == TRP_NEW && !a->early) { /* it has overtaken the start: see troupe_spawn */
    a->early = trp_reason_of(TROUPE_EXIT_SHUTDOWN);
  }
}

static void settle_ledger(troupe_actor *a, bool children_too) {
  if (!a->ledger.book) return;
  TRP_LIST_EACH_SAFE(&a->ledger.book->items, link) {
    trp_item *it = TRP_CONTAINER(link, trp_item, link);
    if (it->ops->index == TRP_ITEM_CHILD && !children_too) continue;
    trp_ledger_remove(&a->ledger, it);
    it->ops->settle(a, it);
  }
}

static void go_down(troupe_actor *a) {
  enter_phase(a, TRP_DOWN);
  bool unheard = !a->edge || (a->edge->unheard && troupe_exit_is_clean(a->why->exit.class_));
  if (unheard)
    trp_life_release(a);
  else
    trp_child_tell_parent(a, TRP_EDGE_EXITED);
}

/* Counts an end that is none of success. What the log is told of it, its parent says. */
static void count_crash(troupe_actor *a) {
  const troupe_exit *why = &a->why->exit;
  if (troupe_exit_is_clean(why->class_)) return;
  trp_count(&a->sys->counters.crashes);
  if (why->class_ == TROUPE_EXIT_MEMORY_LIMIT) trp_count_limit(a->sys, TROUPE_LIMIT_MEMORY_BYTES);
  if (why->class_ == TROUPE_EXIT_CPU_LIMIT)
    trp_count_limit(a->sys, TROUPE_LIMIT_CPU_MS_PER_MESSAGE);
}

static void note_end(const troupe_actor *a, trp_event_type type) {
  TRP_NOTE(a->sys, NULL, .type = type, .who = a->pid, .id = a->generation,
           .code = a->why ? (int64_t)a->why->exit.class_ : (int64_t)TROUPE_EXIT_INIT_FAILED);
}

/* The generation ends here: nothing of it runs any more, what it owned is settled, its children
 * end. */
static void end_generation(troupe_actor *a) {
  enter_phase(a, TRP_ENDING);
  note_end(a, TRP_EVENT_ENDED);
  a->blocked = a->preempted = false;
  a->life_ns = UINT64_MAX;
  trp_waiting_end(a, 0);
  if (a->behavior->fini) a->behavior->fini(a);
  a->state = NULL;
  count_crash(a);
  settle_ledger(a, false);
  trp_memory_trim(&a->sys->memory);
  troupe_actor_rescan(a); /* what it had skipped goes back in front for the next one */
  trp_line_drop_signals(a);
  if (a->children == 0)
    go_down(a);
  else
    trp_child_end_all(a, a->abrupt);
}

/* Whether there is something that `stop` could bring to an end in order. */
static bool stoppable(const troupe_actor *a) {
  if (a->abrupt || !a->behavior->stop) return false;
  return a->phase == TRP_RUNNING ||
         (a->phase == TRP_STARTING && a->pending && a->behavior->stops_pending);
}

void trp_life_settle(troupe_actor *a) {
  if (!a->exit_asked || a->phase > TRP_STOPPING || a->phase < TRP_STARTING) return;
  if (a->preempted && !a->abrupt) return; /* it goes on first, within its limits */
  if (stoppable(a)) {
    enter_phase(a, TRP_STOPPING);
    note_end(a, TRP_EVENT_STOPPING);
    bound_phase(a, a->shutdown_ms);
    a->stopped = trp_run_stop(a) != TROUPE_PENDING;
  }
  if (a->phase == TRP_STOPPING && !a->stopped && !a->abrupt) return;
  if (a->behavior->close && !a->abrupt) trp_run_close(a);
  end_generation(a);
}

void trp_life_kill(troupe_actor *a, troupe_exit_class why) {
  switch (a->phase) {
  case TRP_STARTING:
  case TRP_RUNNING:
  case TRP_STOPPING:
    troupe_actor_exit(a, why, 0, NULL, NULL);
    break;
  case TRP_ENDING:
    trp_child_end_all(a, true);
    break;
  case TRP_NEW:
    a->early = trp_reason_of(why);
    break;
  case TRP_DOWN:
  case TRP_GONE:
    break; /* the parent decides */
  }
}

void trp_life_command(troupe_actor *a, troupe_exit_class why) {
  if (why == TROUPE_EXIT_KILLED)
    trp_life_kill(a, why);
  else
    stop(a, why);
}

void trp_life_child_gone(troupe_actor *a) {
  if (a->phase == TRP_ENDING && a->children == 0) go_down(a);
}

/* ---- gone ---------------------------------------------------------------------------------- */

/* What is left in a closed mailbox. */
static void bury_all(troupe_actor *a, trp_queue *q, trp_reason *why) {
  for (trp_msg *m; (m = trp_queue_pop(q));) {
    switch ((trp_msg_type)m->type) {
    case TRP_MSG_TELL:
    case TRP_MSG_ASK:
      /* another actor's, that pushed when this one had just taken over the slot: gone as well */
      trp_send_bury(a->sys, m, TROUPE_DEAD_STOPPED, TROUPE_E_STOPPED,
                    m->to.id == a->pid.id ? why : NULL);
      break;
    case TRP_MSG_WATCH:
      trp_monitor_watched(a, m);
      break;
    case TRP_MSG_UNWATCH:
      trp_monitor_unwatched(a, m);
      break;
    case TRP_MSG_INFO:
      trp_info_answer(a, m);
      break;
    case TRP_MSG_ITEM:
    case TRP_MSG_REPLY:
      trp_send_drop(a->sys, m);
      break;
    case TRP_MSG_TICK:
      break; /* part of the body */
    case TRP_MSG_DOWN:
    case TRP_MSG_TIMER:
    case TRP_MSG_PORT:
    case TRP_MSG_START:
    case TRP_MSG_COMMAND:
    case TRP_MSG_STARTED:
      trp_msg_free(a->sys, m);
      break;
    case TRP_MSG_EDGE:
      trp_child_orphan(a->sys, m);
      break; /* only an ADOPT can be left */
    }
  }
}

void trp_life_release(troupe_actor *a) {
  troupe_system *sys = a->sys;
  trp_reason *why = a->why ? a->why : trp_reason_of(TROUPE_EXIT_INIT_FAILED);
  enter_phase(a, TRP_GONE);
  trp_line_flush(a);
  trp_timers_dismiss(sys, a);

  trp_queue refused = {0};
  pthread_mutex_t *lock = trp_slots_lock_of(&sys->slots, a->pid);
  pthread_mutex_lock(lock);
  trp_inbox_close(a);
  trp_parked_refuse(sys, a->slot, &refused);
  pthread_mutex_unlock(lock);

  if (a->name) {
    trp_names_remove(&sys->names, a->name, a->pid);
    TRP_NOTE(sys, NULL, .type = TRP_EVENT_UNNAMED, .who = a->pid, .id = trp_replay_name(a->name));
  }
  note_end(a, TRP_EVENT_GONE);
  trp_child_reports_flush(a);
  bury_all(a, &refused, why);
  for (int lane = 0; lane < TRP_LANES; lane++)
    bury_all(a, &a->lanes[lane], why);
  for (trp_msg *w; (w = trp_queue_pop(&a->watchers));)
    trp_monitor_down(sys, w, why);
  trp_slots_give(&sys->slots, a->slot);
  if (a->edge) trp_child_tell_parent(a, TRP_EDGE_GONE);
  trp_system_actor_gone(sys, a->pid);
}

void trp_actor_free(troupe_actor *a) {
  troupe_system *sys = a->sys;
  if (a->arg_free) a->arg_free(a->arg);
  if (a->name) trp_free(&sys->allocator, a->name, strlen(a->name) + 1);
  trp_reason_unref(a->why);
  trp_ledger_fini(&a->ledger);
  trp_free(&sys->allocator, a, sizeof *a);
}
