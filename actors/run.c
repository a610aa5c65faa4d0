#include "actors/run.h"

#include <stdio.h>

#include "actors/ask.h"
#include "actors/child.h"
#include "actors/inbox.h"
#include "actors/info.h"
#include "actors/life.h"
#include "actors/line.h"
#include "actors/monitor.h"
#include "actors/parked.h"
#include "actors/port.h"
#include "actors/room.h"
#include "actors/send.h"
#include "actors/system.h"
#include "actors/throttle.h"
#include "actors/timer.h"
#include "actors/waiting.h"

/* ---- the frame ----------------------------------------------------------------------------- */

typedef struct entry { /* which callback, with what */
  enum { INIT, RECEIVE, RESUME, CHILD, STOP, CLOSE, GO_ON } op;
  const troupe_message *message;
  const troupe_event *event;
  troupe_child *child;
  troupe_child_event news;
} entry;

static int call(troupe_actor *a, const entry *e) {
  switch (e->op) {
  case INIT:
    return a->behavior->init(a, a->arg);
  case RECEIVE:
    return a->behavior->receive(a, e->message);
  case RESUME:
    a->behavior->resume(a, e->event);
    break;
  case CHILD:
    a->behavior->child(a, e->child, e->news);
    break;
  case STOP:
    return a->behavior->stop(a, &a->why->exit);
  case CLOSE:
    a->behavior->close(a);
    break;
  case GO_ON:
    a->behavior->go_on(a);
    break;
  }
  return TROUPE_OK;
}

/* Enters actor code. Returns what the callback returned, or TROUPE_E_CANCELLED when the actor was
 * left: its end has then been asked for. The mask is not saved: a saved one costs fifty times as
 * much. */
static int enter(troupe_actor *a, const entry *e) {
  trp_worker *w = a->worker;
  trp_frame *f = &w->frame;
  int rc;
  TRP_ASSERT(!f->in_actor && f->native == 0 && !a->preempted);
  if (e->op != GO_ON) a->cpu_ns = a->cpu_mark_ns = 0;
  a->must_end = false;
  w->running = a;
  f->leavable = a->behavior->preempt && !a->leave_in_lua_only;
  if (sigsetjmp(f->jump, 0) == 0) {
    f->in_actor = 1;
    atomic_signal_fence(memory_order_seq_cst);
    rc = call(a, e);
    atomic_signal_fence(memory_order_seq_cst);
    f->in_actor = 0;
    TRP_ASSERT(f->native == 0);
    if (f->leave) {
      f->why = (troupe_exit_class)(f->leave - 1);
      f->leave = 0;
      troupe_actor_exit(a, f->why, 0, f->reason, NULL);
    } else if (a->preempted && a->must_end) {
      troupe_actor_exit(a, a->must_end_why, 0, NULL, NULL);
    }
  } else {
    rc = TROUPE_E_CANCELLED;
    trp_preempt_left(w);
    troupe_actor_exit(a, f->why, 0, f->reason, NULL);
  }
  w->running = NULL;
  return rc;
}

int trp_run_init(troupe_actor *a) { return enter(a, &(entry){.op = INIT}); }
int trp_run_stop(troupe_actor *a) { return enter(a, &(entry){.op = STOP}); }
void trp_run_close(troupe_actor *a) { enter(a, &(entry){.op = CLOSE}); }
void trp_run_child(troupe_actor *a, troupe_child *child, troupe_child_event event) {
  enter(a, &(entry){.op = CHILD, .child = child, .news = event});
}
void trp_actor_resume(troupe_actor *a, const troupe_event *event) {
  if (a->behavior->resume && a->phase >= TRP_STARTING && a->phase <= TRP_STOPPING &&
      !(a->exit_asked && a->abrupt)) {
    enter(a, &(entry){.op = RESUME, .event = event});
  }
}

/* ---- one message --------------------------------------------------------------------------- */

static bool takes_messages(const troupe_actor *a) {
  return a->phase == TRP_RUNNING && !a->blocked && !a->exit_asked;
}

/* An error returned by `receive` ends the generation. */
static void failed(troupe_actor *a, int rc) {
  if (rc < 0 && rc != TROUPE_E_CANCELLED) {
    troupe_actor_exit(a, TROUPE_EXIT_ERROR, rc, troupe_strerror(rc), NULL);
  }
}

static void deliver_user(troupe_actor *a, trp_msg *m) {
  if (m->to.id != a->pid.id) { /* sent to an earlier holder of the slot */
    trp_send_bury(a->sys, m, TROUPE_DEAD_NOPROC, TROUPE_E_NOPROC, NULL);
    return;
  }
  if (m->deadline_ns && trp_clock_ns(&a->sys->clock) >= m->deadline_ns) {
    trp_send_bury(a->sys, m, TROUPE_DEAD_EXPIRED, TROUPE_E_EXPIRED, NULL);
    return;
  }
  troupe_message message = {.type =
                                m->type == TRP_MSG_ASK ? TROUPE_MESSAGE_ASK : TROUPE_MESSAGE_TELL,
                            .from = m->from.id == a->sys->port.id ? (troupe_pid){0} : m->from,
                            .kind = trp_msg_kind(m),
                            .kind_len = m->kind_len,
                            .data = trp_msg_payload(m),
                            .len = m->size};
  a->current = m;
  a->verdict = TRP_VERDICT_NONE;
  TRP_NOTE(a->sys, m, .type = TRP_EVENT_DELIVERED, .who = m->to, .with = m->from, .id = m->id);
  int rc = enter(a, &(entry){.op = RECEIVE, .message = &message});
  if (rc == TROUPE_SKIP && a->current && a->verdict == TRP_VERDICT_NONE) {
    a->current = NULL;
    if (!trp_line_skip(a, m)) /* while it was in hand, it has become the oldest */
      trp_send_bury(a->sys, m, TROUPE_DEAD_OVERFLOW_OLD, TROUPE_E_DROPPED, NULL);
    return;
  }
  a->in_message = a->preempted;
  trp_timer_heard(a);
  failed(a, rc);
  if (a->exit_asked)
    trp_ask_abandon(a); /* a->why says what becomes of the message */
  else
    trp_ask_conclude(a);
}

static void deliver_down(troupe_actor *a, trp_msg *m) {
  int rc = TROUPE_OK;
  if (trp_monitor_active(a, m->id)) {
    troupe_message message = {.type = TROUPE_MESSAGE_DOWN,
                              .from = m->from,
                              .kind = "",
                              .id = m->id,
                              .reason = &m->reason->exit};
    TRP_NOTE(a->sys, NULL, .type = TRP_EVENT_DOWN, .who = a->pid, .with = m->from, .id = m->id,
             .code = (int64_t)m->reason->exit.class_);
    rc = enter(a, &(entry){.op = RECEIVE, .message = &message});
    if (rc == TROUPE_SKIP && trp_line_skip(a, m)) return;
  }
  trp_monitor_over(a, m->id);
  trp_msg_free(a->sys, m);
  failed(a, rc);
}

static void deliver_timer(troupe_actor *a, trp_msg *m) {
  troupe_message message;
  if (!trp_timer_take(a, m, &message)) return;
  TRP_NOTE(a->sys, NULL, .type = TRP_EVENT_TIMER, .who = a->pid, .id = message.id,
           .code = (int64_t)message.missed);
  failed(a, enter(a, &(entry){.op = RECEIVE, .message = &message}));
}

static void deliver(troupe_actor *a, trp_msg *m) {
  if (m->type == TRP_MSG_DOWN)
    deliver_down(a, m);
  else if (m->type == TRP_MSG_TIMER)
    deliver_timer(a, m);
  else
    deliver_user(a, m);
}

/* ---- control and resume -------------------------------------------------------------------- */

static void control(troupe_actor *a, trp_msg *m) {
  if (m->type == TRP_MSG_EDGE) { /* part of the edge, or handed on */
    trp_child_receive(a, m);
    return;
  }
  if (m->type == TRP_MSG_WATCH) { /* kept: it becomes the `down` */
    trp_monitor_watched(a, m);
    return;
  }
  if (m->type == TRP_MSG_INFO) { /* likewise */
    trp_info_answer(a, m);
    return;
  }
  if (m->type == TRP_MSG_COMMAND) { /* from here on the next one may be on its way */
    trp_life_command(a, trp_command_take(a));
    return;
  }
  if (m->type == TRP_MSG_UNWATCH) { /* goes back */
    trp_monitor_unwatched(a, m);
    return;
  }
  if (m->to.id == a->pid.id) { /* otherwise for an earlier holder of the slot */
    if (m->type == TRP_MSG_START)
      trp_life_start(a);
    else if (m->type == TRP_MSG_STARTED)
      trp_child_started(a, m->id);
  }
  trp_msg_free(a->sys, m);
}

static void tick(troupe_actor *a) {
  trp_timers_ticked(a);
  if (trp_life_expired(a)) trp_life_settle(a);
  uint64_t now = trp_clock_ns(&a->sys->clock);
  /* what is started meanwhile and due at once has its turn later, or this might never end */
  uint64_t newest = a->ledger.next_id;
  for (trp_item *it; !a->preempted && (it = trp_ledger_pop_due(&a->ledger, now, newest));) {
    it->ops->expire(a, it);
    trp_life_settle(a);
  }
}

static void resume(troupe_actor *a, trp_msg *m) {
  if (m->type == TRP_MSG_TICK) {
    tick(a);
  } else if (m->type == TRP_MSG_PORT && m->to.id == a->pid.id) {
    trp_port_receive(a, m);
  } else {
    trp_item *it = m->to.id == a->pid.id ? trp_ledger_find(&a->ledger, m->id) : NULL;
    if (it && it->ops->deliver) {
      it->ops->deliver(a, it, m);
    } else { /* nobody waits for it any more */
      trp_send_drop(a->sys, m);
    }
  }
}

/* ---- the slice ----------------------------------------------------------------------------- */

/* Watching and forgetting is the kernel's own business, and is served between the slices of a
 * callback: so no number of watchers, also of such as come and go, piles up at an actor that
 * computes. */
static void serve_watchers(troupe_actor *a) {
  trp_queue control = a->lanes[TRP_LANE_CONTROL];
  a->lanes[TRP_LANE_CONTROL] = (trp_queue){0};
  for (trp_msg *m; (m = trp_queue_pop(&control));) {
    if (m->type == TRP_MSG_WATCH)
      trp_monitor_watched(a, m);
    else if (m->type == TRP_MSG_UNWATCH)
      trp_monitor_unwatched(a, m);
    else
      trp_queue_push(&a->lanes[TRP_LANE_CONTROL], m);
  }
}

/* The command itself comes up later, and finds an actor that has ended. */
static bool killed(troupe_actor *a) {
  bool kill = trp_command_is_kill(a);
  if (kill) trp_life_kill(a, TROUPE_EXIT_KILLED);
  return kill;
}

/* A callback that gave way goes on before anything else of the actor's; only a kill comes between.
 */
static void go_on(troupe_actor *a) {
  serve_watchers(a);
  if (killed(a)) return;
  a->preempted = false;
  enter(a, &(entry){.op = GO_ON});
  if (a->in_message) trp_timer_heard(a);
  a->in_message = a->in_message && a->preempted;
}

/* What may be done for an actor that has to wait for processor time: nothing that runs its code.
 * One whose callback gave way takes no stop before that has ended, now as ever. */
static bool step_held(troupe_actor *a) {
  trp_msg *m = NULL;
  bool over;
  trp_throttle_take_tick(a);
  if (a->preempted) {
    serve_watchers(a);
    over = killed(a) || trp_life_expired(a);
  } else {
    over = trp_life_expired(a);
    if (!over && (m = trp_throttle_control(a))) control(a, m);
  }
  trp_life_settle(a);
  return over || m;
}

/* Handles the next thing there is. False: nothing. */
static bool step(troupe_actor *a) {
  trp_msg *m;
  trp_inbox_take(a);
  if (trp_throttle_holds(a)) return step_held(a);
  trp_throttle_catch_up(a);
  if (a->preempted)
    go_on(a);
  else if ((m = trp_queue_pop(&a->lanes[TRP_LANE_CONTROL])))
    control(a, m);
  else if ((m = trp_queue_pop(&a->lanes[TRP_LANE_RESUME])))
    resume(a, m);
  else if (takes_messages(a) && (m = trp_line_next(a)))
    deliver(a, m);
  else
    return false;
  trp_life_settle(a);
  return true;
}

/* The processor time of a callback that goes on in a later slice, perhaps on another worker. */
static void settle_cpu(troupe_actor *a) {
  uint64_t mark = a->cpu_mark_ns;
  a->cpu_mark_ns = 0;
  if (a->preempted) a->cpu_ns += trp_preempt_used_ns(a->worker, mark);
}

/* Slices are timed by the monotonic clock, which costs a twentieth of the thread's. A long slice is
 * held against the thread's: whatever takes the processor away makes the slice long. */
#define LONG_NS UINT64_C(200000)

static uint64_t count_short(trp_worker *w, uint64_t spent_ns) {
  w->short_ns += spent_ns;
  return spent_ns;
}

static uint64_t cap_long(trp_worker *w, uint64_t spent_ns) {
  if (!w->preempt.open) return spent_ns;
  uint64_t cpu = trp_preempt_cpu_ns(), used = cpu - w->cpu_seen_ns;
  used = used > w->short_ns ? used - w->short_ns : 0;
  w->cpu_seen_ns = cpu;
  w->short_ns = 0;
  return used < spent_ns ? used : spent_ns;
}

/* Only for behaviours that tell, as a look at the clock is a tenth of a small slice. */
static void settle_time(troupe_actor *a) {
  if (!a->behavior->info) return;
  uint64_t now = trp_preempt_now(a->worker), spent = now - a->run_since_ns;
  a->run_ns += spent < LONG_NS ? count_short(a->worker, spent) : cap_long(a->worker, spent);
  a->run_since_ns = now;
}

uint64_t trp_run_time_ns(troupe_actor *a) {
  settle_time(a);
  return a->run_ns;
}

void trp_actor_run(trp_worker *w, troupe_actor *a) {
  troupe_system *sys = w->sys;
  a->canary++;
  a->worker = w;
  a->frame = &w->frame;
  a->run_since_ns = trp_preempt_seen(w); /* when it began, for behaviours that tell */
  trp_throttle_begin(a);
  int most = sys->replay ? trp_replay_slice(sys->replay, TRP_SLICE_MESSAGES) : TRP_SLICE_MESSAGES;
  TRP_NOTE(sys, NULL, .type = TRP_EVENT_SLICE, .who = a->pid, .code = most);
  for (int n = 0;; n++) {
    if (!step(a)) {
      trp_line_flush(a);
      settle_time(a);
      trp_throttle_charge(a);
      trp_timers_arm(sys, a, trp_throttle_next(a));
      bool idle = a->phase == TRP_RUNNING && !a->blocked && !trp_throttle_holds(a);
      /* run dry: what is left are skipped messages, and those who wait may be what it waits for */
      if (idle && trp_room_awaited(a->slot)) trp_parked_admit(sys, a->slot, a->pid);
      if (trp_line_park(a, idle ? TRP_INBOX_PARKED : TRP_INBOX_WAITING)) return;
    } else if (a->phase == TRP_GONE) {
      trp_throttle_charge(a);
      trp_actor_free(a);
      return;
    } else if (a->preempted || n >= most || trp_preempt_over(w)) {
      trp_line_flush(a);
      settle_cpu(a);
      settle_time(a);
      trp_throttle_charge(a);
      trp_timers_arm(sys, a, trp_throttle_next(a));
      trp_sched_requeue(sys, a);
      return;
    }
  }
}

/* ---- small verbs --------------------------------------------------------------------------- */

void trp_actor_preempted(troupe_actor *a) { a->preempted = true; }
void trp_actor_leave_in_lua_only(troupe_actor *a) { a->leave_in_lua_only = true; }
void trp_actor_limit_cpu(troupe_actor *a, uint64_t cpu_ms) {
  a->cpu_limit_ns = cpu_ms * TRP_NS_PER_MS;
}

void troupe_actor_block(troupe_actor *self, bool blocked) {
  if (self->blocked == blocked) return;
  self->blocked = blocked;
  if (!blocked) trp_waiting_end(self, 0);
  trp_timer_waits(self, blocked);
}

void troupe_actor_rescan(troupe_actor *self) { trp_line_rescan(self); }

troupe_pid troupe_actor_pid(const troupe_actor *self) { return self->pid; }
troupe_system *troupe_actor_system(const troupe_actor *self) { return self->sys; }
uint32_t troupe_actor_generation(const troupe_actor *self) { return self->generation; }
void *troupe_actor_state(const troupe_actor *self) { return self->state; }
void troupe_actor_set_state(troupe_actor *self, void *state) { self->state = state; }

void trp_actor_describe(const troupe_actor *a, char *out, size_t len) {
  snprintf(out, len, "<%u.%u>%s%s", (unsigned)a->pid.id, (unsigned)(a->pid.id >> 32),
           a->name ? " " : "", a->name ? a->name : "");
}
