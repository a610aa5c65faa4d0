#include "actors/message.h"

#include <string.h>

#include "actors/base/mem.h"
#include "actors/system.h"

trp_msg *trp_msg_new(troupe_system *sys, trp_msg_type type, troupe_pid to, troupe_pid from,
                     const char *kind, size_t kind_len, const void *data, size_t len) {
  static const uint8_t lane_of[] = {
      [TRP_MSG_TELL] = TRP_LANE_LINE,       [TRP_MSG_ASK] = TRP_LANE_LINE,
      [TRP_MSG_DOWN] = TRP_LANE_LINE,       [TRP_MSG_TIMER] = TRP_LANE_LINE,
      [TRP_MSG_ITEM] = TRP_LANE_RESUME,     [TRP_MSG_REPLY] = TRP_LANE_RESUME,
      [TRP_MSG_TICK] = TRP_LANE_RESUME,     [TRP_MSG_PORT] = TRP_LANE_RESUME,
      [TRP_MSG_START] = TRP_LANE_CONTROL,   [TRP_MSG_COMMAND] = TRP_LANE_CONTROL,
      [TRP_MSG_WATCH] = TRP_LANE_CONTROL,   [TRP_MSG_UNWATCH] = TRP_LANE_CONTROL,
      [TRP_MSG_STARTED] = TRP_LANE_CONTROL, [TRP_MSG_EDGE] = TRP_LANE_CONTROL,
      [TRP_MSG_INFO] = TRP_LANE_CONTROL,
  };
  trp_msg *m = trp_alloc(&sys->allocator, sizeof *m + kind_len + 1 + len);
  if (!m) return NULL;
  *m = (trp_msg){.to = to,
                 .from = from,
                 .size = (uint32_t)len,
                 .type = (uint8_t)type,
                 .lane = lane_of[type],
                 .kind_len = (uint8_t)kind_len};
  uint8_t *behind = (uint8_t *)(m + 1);
  if (kind_len) memcpy(behind, kind, kind_len);
  behind[kind_len] = 0;
  if (len) memcpy(behind + kind_len + 1, data, len);
  return m;
}

void trp_msg_free(troupe_system *sys, trp_msg *m) {
  trp_reason_unref(m->reason);
  m->reason = NULL;
  if (m->dispose)
    m->dispose(sys, m);
  else
    trp_free(&sys->allocator, m, (size_t)trp_msg_bytes(m));
}
