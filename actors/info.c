#include "actors/info.h"

#include <string.h>

#include "actors/ask.h"
#include "actors/line.h"
#include "actors/room.h"
#include "actors/run.h"
#include "actors/send.h"
#include "actors/slot.h"
#include "actors/system.h"

const char *troupe_phase_name(troupe_phase phase) {
  static const char *const names[] = {
#define X(name, lua) [TROUPE_PHASE_##name] = (lua),
      TROUPE_PHASE_MAP(X)
#undef X
  };
  return (unsigned)phase < sizeof names / sizeof *names ? names[phase] : "unknown";
}

#define X(name, lua) _Static_assert((int)TROUPE_PHASE_##name == (int)TRP_##name, "the same order");
TROUPE_PHASE_MAP(X)
#undef X

void troupe_info_self(troupe_actor *self, troupe_info *out) {
  static const uint32_t none[TRP_ITEM_KINDS];
  const uint32_t *open = self->ledger.book ? self->ledger.book->count : none;
  trp_line_flush(self);
  *out = (troupe_info){.pid = self->pid,
                       .phase = (troupe_phase)self->phase,
                       .generation = self->generation,
                       .restarts = self->generation ? self->generation - 1 : 0,
                       .handled = self->handled,
                       .cpu_us = trp_run_time_ns(self) / 1000,
                       .queued = trp_room_messages(self->slot),
                       .queued_bytes = trp_room_bytes(self->slot),
                       .asks = open[TRP_ITEM_ASK],
                       .parked = open[TRP_ITEM_PARK],
                       .timers = open[TRP_ITEM_TIMER],
                       .monitors = open[TRP_ITEM_MONITOR],
                       .reply_handles = open[TRP_ITEM_KEPT],
                       .children = self->children,
                       .calls = open[TRP_ITEM_CALL]};
  if (self->name) memcpy(out->name, self->name, strlen(self->name) + 1);
  if (self->state && self->behavior->info) self->behavior->info(self, out);
}

trp_msg *trp_info_new(troupe_system *sys, troupe_pid of, troupe_pid from) {
  const troupe_info room = {.pid = of};
  return trp_msg_new(sys, TRP_MSG_INFO, of, from, "info", 4, &room, sizeof room);
}

static void send_back(troupe_system *sys, trp_msg *m, int code) {
  troupe_pid asker = m->from;
  m->type = TRP_MSG_ITEM;
  m->lane = TRP_LANE_RESUME;
  m->from = m->to;
  m->to = asker;
  m->code = code;
  trp_send_signal(sys, m);
}

void trp_info_answer(troupe_actor *a, trp_msg *m) {
  troupe_info info;
  bool mine = m->to.id == a->pid.id && a->phase < TRP_GONE;
  if (mine) {
    troupe_info_self(a, &info);
    memcpy((uint8_t *)(m + 1) + m->kind_len + 1, &info, sizeof info);
  }
  send_back(a->sys, m, mine ? TROUPE_OK : TROUPE_E_NOPROC);
}

int trp_info_start(troupe_actor *a, trp_msg *m, void *user, uint64_t *id) {
  int err = trp_ask_open(a, user, &m->id);
  *id = m->id;
  if (err)
    trp_msg_free(a->sys, m);
  else if (!trp_send_push(a->sys, m))
    send_back(a->sys, m, TROUPE_E_NOPROC);
  return err;
}

int troupe_info_ask(troupe_actor *self, troupe_pid of, void *user, uint64_t *id) {
  *id = 0;
  trp_msg *m = trp_info_new(self->sys, of, self->pid);
  return m ? trp_info_start(self, m, user, id) : TROUPE_E_NO_MEMORY;
}
