/* What a supervisor tells: log lines, and the table of its children. */
#include "supervision/supervisor.h"

#include "actors/actor.h"
#include "actors/base/buf.h"
#include "actors/base/log.h"
#include "actors/system.h"

#include <inttypes.h>
#include <stdio.h>

#define LINES_PER_S 10
#define WHO_LEN 128
#define ROW_LEN 192 /* id 64, numbers 20 + 10 + 10, words, tabs */

/* ---- log lines ----------------------------------------------------------------------------- */

void trp_report_flush(troupe_actor *self, trp_supervisor *s) {
  if (!s->log_suppressed) return;
  char who[WHO_LEN];
  trp_actor_describe(self, who, sizeof who);
  trp_log_write(&s->sys->log, TROUPE_LOG_WARN, who, "supervisor: %" PRIu32 " reports suppressed",
                s->log_suppressed);
  s->log_suppressed = 0;
}

/* Whether there is room for one more line in this second. */
static bool admit(troupe_actor *self, trp_supervisor *s) {
  uint64_t second = trp_supervisor_now_ms(s) / 1000;
  if (second != s->log_second) {
    s->log_second = second;
    s->log_lines = 0;
    trp_report_flush(self, s);
  }
  if (s->log_lines < LINES_PER_S) {
    s->log_lines++;
    return true;
  }
  s->log_suppressed++;
  return false;
}

void trp_report(troupe_actor *self, trp_supervisor *s, const char *what, const trp_seat *seat,
                const troupe_exit *why, const char *decision) {
  if (!admit(self, s)) return;
  char who[WHO_LEN];
  trp_actor_describe(self, who, sizeof who);
  troupe_pid pid = seat->child ? troupe_child_pid(seat->child) : (troupe_pid){0};
  uint32_t generation = seat->child ? troupe_child_generation(seat->child) : 0;
  trp_log_write(&s->sys->log, TROUPE_LOG_WARN, who,
                "supervisor: %s id=%s pid=<%u.%u> generation=%u restarts=%u class=%s code=%s "
                "decision=\"%s\" budget=%u/%u reason=\"%.300s\"",
                what, seat->spec->id, (unsigned)pid.id, (unsigned)(pid.id >> 32), generation,
                seat->restarts, troupe_exit_class_name(why->class_), troupe_err_name(why->code),
                decision, trp_budget_used(&s->budget, trp_supervisor_now_ms(s)),
                s->spec->max_restarts, why->reason ? why->reason : "");
}

/* ---- the table ----------------------------------------------------------------------------- */

static const char *state_name(const trp_seat *seat) {
  switch (seat->state) {
  case TRP_SEAT_STARTING:
    return "starting";
  case TRP_SEAT_UP:
    return "running";
  case TRP_SEAT_STOPPING:
    return "stopping";
  case TRP_SEAT_HELD:
    return "restarting";
  case TRP_SEAT_EMPTY:
  case TRP_SEAT_RELEASING:
    break;
  }
  return seat->was == TRP_SLOT_WAS_QUARANTINED ? "quarantined" : "stopped";
}

static int append_row(trp_buf *b, const trp_seat *seat) {
  char row[ROW_LEN];
  bool actor = seat->child && seat->state != TRP_SEAT_RELEASING;
  int n = snprintf(row, sizeof row, "%s\t%s\t%s\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu64 "\n",
                   seat->spec->id, seat->spec->supervisor ? "supervisor" : "worker",
                   state_name(seat), actor ? troupe_child_generation(seat->child) : 0,
                   seat->restarts, actor ? troupe_child_pid(seat->child).id : 0);
  return trp_buf_append(b, row, (size_t)n);
}

void trp_supervisor_answer_children(troupe_actor *self, const trp_supervisor *s) {
  trp_buf b;
  int err = TROUPE_OK;
  trp_buf_init(&b, trp_system_allocator(s->sys), (size_t)s->spec->count * ROW_LEN + 1);
  for (uint32_t i = 0; i < s->spec->count && !err; i++) {
    if (!s->seats[i].removed) err = append_row(&b, &s->seats[i]);
  }
  if (err)
    troupe_actor_reply_error(self, err, NULL);
  else
    troupe_actor_reply(self, b.data, b.len);
  trp_buf_fini(&b);
}
