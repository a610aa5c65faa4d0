/* Starting and stopping in order. Nothing here waits: each step returns, and the child's news or a
 * timer continues. */
#include "supervision/supervisor.h"

#include "actors/actor.h"
#include "actors/base/assert.h"

/* ---- one seat ------------------------------------------------------------------------------ */

/* A new logical actor; TROUPE_PENDING, or why there is none. */
static int spawn(troupe_actor *self, trp_supervisor *s, trp_seat *seat) {
  troupe_spawn_opts o = trp_supervisor_spec_start(s->spec, trp_seat_index(s, seat));
  o.user = seat;
  troupe_pid pid;
  int err = troupe_actor_spawn(self, &o, &pid, &seat->child);
  if (err) return err;
  seat->state = TRP_SEAT_STARTING;
  if (seat->ever_up) seat->restarts++;
  s->alive++;
  return TROUPE_PENDING;
}

void trp_seat_restart(troupe_actor *self, trp_seat *seat) {
  TRP_ASSERT(seat->state == TRP_SEAT_HELD);
  seat->state = TRP_SEAT_STARTING;
  seat->restarts++;
  troupe_child_restart(self, seat->child);
}

void trp_seat_release(troupe_actor *self, trp_seat *seat, trp_slot_was was) {
  seat->was = was;
  if (seat->state != TRP_SEAT_HELD) return;
  if (seat->timer) troupe_actor_cancel_timer(self, seat->timer);
  seat->timer = 0;
  seat->state = TRP_SEAT_RELEASING;
  troupe_child_release(self, seat->child);
}

static bool running(const trp_seat *seat) {
  return seat->state == TRP_SEAT_UP || seat->state == TRP_SEAT_STARTING;
}

static void stop_seat(troupe_actor *self, trp_supervisor *s, trp_seat *seat, uint32_t shutdown_ms) {
  seat->state = TRP_SEAT_STOPPING;
  s->stopping++;
  troupe_child_stop(self, seat->child, shutdown_ms);
}

/* ---- rounds -------------------------------------------------------------------------------- */

static void cancel_wait(troupe_actor *self, trp_supervisor *s) {
  if (s->round.timer) troupe_actor_cancel_timer(self, s->round.timer);
  s->round.timer = 0;
}

static void enter_stop(troupe_actor *self, trp_supervisor *s, trp_range range, uint64_t due_ms) {
  cancel_wait(self, s);
  s->round.phase = TRP_ROUND_STOP;
  s->round.range = range;
  s->round.cursor = range.end;
  s->round.due_ms = due_ms;
}

void trp_round_begin(troupe_actor *self, trp_supervisor *s, trp_range range, uint64_t due_ms) {
  trp_round *r = &s->round;
  if (r->phase != TRP_ROUND_NONE) {
    trp_range left = r->range; /* what this round has still to do */
    if (r->phase == TRP_ROUND_START && s->spec->strategy == TRP_STRATEGY_REST_FOR_ONE) {
      left.first = r->cursor;
    }
    range = trp_strategy_fold(left, range);
    if (due_ms < r->due_ms) due_ms = r->due_ms;
  }
  enter_stop(self, s, range, due_ms);
}

void trp_round_retry(troupe_actor *self, trp_supervisor *s, uint32_t failed, uint64_t due_ms) {
  TRP_ASSERT(s->round.phase == TRP_ROUND_START && s->round.cursor == failed);
  enter_stop(self, s, trp_strategy_retry(s->spec->strategy, s->round.range, failed), due_ms);
}

void trp_round_skip(trp_supervisor *s, const trp_seat *seat) {
  if (s->round.phase == TRP_ROUND_START && s->round.cursor == trp_seat_index(s, seat)) {
    s->round.cursor++;
  }
}

/* True when the range is stopped. */
static bool stop_next(troupe_actor *self, trp_supervisor *s) {
  trp_round *r = &s->round;
  if (s->stopping) return false;
  while (r->cursor > r->range.first) {
    trp_seat *seat = &s->seats[--r->cursor];
    if (running(seat)) {
      stop_seat(self, s, seat, seat->spec->shutdown_ms);
      return false;
    }
  }
  return true;
}

static trp_act after_group_stop(const trp_supervisor *s, const trp_seat *seat) {
  if (!seat->ever_up) return TRP_ACT_RESTART; /* the first start has not come to it */
  return trp_strategy_after_group_stop(seat->spec->restart, seat->was, s->spec->sticky_done);
}

/* Temporary children do not come back from a group stop. */
static void remove_temporary(troupe_actor *self, trp_supervisor *s) {
  for (uint32_t i = s->round.range.first; i < s->round.range.end; i++) {
    trp_seat *seat = &s->seats[i];
    if (after_group_stop(s, seat) != TRP_ACT_REMOVE) continue;
    seat->removed = true;
    trp_seat_release(self, seat, TRP_SLOT_WAS_STOPPED);
  }
}

/* True when it is time to start. Without memory for a timer that is now. */
static bool wait_over(troupe_actor *self, trp_supervisor *s) {
  trp_round *r = &s->round;
  uint64_t now_ms = trp_supervisor_now_ms(s);
  if (r->timer || now_ms >= r->due_ms) return r->timer == 0;
  return troupe_actor_timer(self, r->due_ms - now_ms, 0, true, r, &r->timer) != TROUPE_OK;
}

/* Whether a seat without an actor gets one in this round. */
static bool wanted(const trp_supervisor *s, const trp_seat *seat) {
  return !seat->removed && after_group_stop(s, seat) == TRP_ACT_RESTART;
}

/* Starts the seat at the cursor, or passes it. Returns TROUPE_PENDING while there is something to
 * wait for, TROUPE_OK to go on, or an error of the spawn. */
static int start_seat(troupe_actor *self, trp_supervisor *s, trp_seat *seat) {
  switch (seat->state) {
  case TRP_SEAT_HELD:
    trp_seat_restart(self, seat);
    return TROUPE_PENDING;
  case TRP_SEAT_EMPTY:
    return wanted(s, seat) ? spawn(self, s, seat) : TROUPE_OK;
  case TRP_SEAT_RELEASING: /* its name is free when it is gone */
    return wanted(s, seat) ? TROUPE_PENDING : TROUPE_OK;
  case TRP_SEAT_STARTING:
  case TRP_SEAT_STOPPING:
    return TROUPE_PENDING;
  case TRP_SEAT_UP:
    return TROUPE_OK;
  }
  return TROUPE_OK;
}

/* True when all are up. */
static bool start_next(troupe_actor *self, trp_supervisor *s) {
  trp_round *r = &s->round;
  while (r->cursor < r->range.end) {
    trp_seat *seat = &s->seats[r->cursor];
    int err = start_seat(self, s, seat);
    if (err == TROUPE_PENDING) return false;
    if (err != TROUPE_OK) {
      troupe_exit why = {
          .class_ = TROUPE_EXIT_INIT_FAILED, .code = err, .reason = troupe_strerror(err)};
      trp_supervisor_start_failed(self, s, seat, &why);
      if (s->ending || r->phase != TRP_ROUND_START) return false;
      continue; /* passed over: its limit was reached */
    }
    r->cursor++;
  }
  return true;
}

/* One phase. True when another may follow at once. */
static bool drive_phase(troupe_actor *self, trp_supervisor *s) {
  trp_round *r = &s->round;
  trp_round_phase before = r->phase;
  switch (r->phase) {
  case TRP_ROUND_NONE:
    return false;
  case TRP_ROUND_STOP:
    if (!stop_next(self, s)) return false;
    remove_temporary(self, s);
    r->phase = TRP_ROUND_WAIT;
    return true;
  case TRP_ROUND_WAIT:
    if (!wait_over(self, s)) return false;
    r->phase = TRP_ROUND_START;
    r->cursor = r->range.first;
    return true;
  case TRP_ROUND_START:
    if (!start_next(self, s)) return r->phase != before;
    r->phase = TRP_ROUND_NONE;
    r->due_ms = 0;
    if (!s->started) {
      s->started = true;
      troupe_actor_started(self);
    }
    return false;
  }
  return false;
}

void trp_round_drive(troupe_actor *self, trp_supervisor *s) {
  while (!s->ending && drive_phase(self, s)) {
  }
}

/* ---- the end ------------------------------------------------------------------------------- */

void trp_supervisor_end(troupe_actor *self, trp_supervisor *s, troupe_exit_class why, int code,
                        const char *reason, const char *traceback) {
  if (s->ending) return;
  s->ending = true;
  s->bounded = why == TROUPE_EXIT_MAX_RESTARTS || why == TROUPE_EXIT_ERROR;
  troupe_actor_exit(self, why, code, reason, traceback);
}

bool trp_supervisor_end_drive(troupe_actor *self, trp_supervisor *s) {
  while (s->stopping == 0 && s->end_cursor > 0) {
    trp_seat *seat = &s->seats[--s->end_cursor];
    if (running(seat)) {
      stop_seat(self, s, seat, seat->spec->shutdown_ms);
    } else {
      trp_seat_release(self, seat, seat->was);
    }
  }
  return s->alive == 0;
}

void trp_supervisor_end_kill(troupe_actor *self, trp_supervisor *s) {
  s->end_cursor = 0;
  for (uint32_t i = s->spec->count; i-- > 0;) {
    trp_seat *seat = &s->seats[i];
    if (running(seat)) {
      stop_seat(self, s, seat, 0);
    } else if (seat->state == TRP_SEAT_STOPPING) {
      troupe_child_stop(self, seat->child, 0);
    } else {
      trp_seat_release(self, seat, seat->was);
    }
  }
}
