/* Shared payloads: bytes that many messages carry without a copy each. The last one to let go frees
 * them; each receiver's mailbox is charged for all of them. */
#ifndef TRP_ACTORS_SHARE_H
#define TRP_ACTORS_SHARE_H

#include <stdatomic.h>

#include <troupe/actor.h>

#include "actors/message.h"

struct troupe_payload {
  troupe_system *sys;
  _Atomic uint64_t refs; /* the host's handles, and messages */
  uint32_t len;
};

static inline const uint8_t *trp_share_data(const troupe_payload *p) {
  return (const uint8_t *)(p + 1);
}

/* As trp_msg_new, with a reference to the payload instead of a copy. */
trp_msg *trp_share_msg(troupe_payload *p, trp_msg_type type, troupe_pid to, troupe_pid from,
                       const char *kind, size_t kind_len);

#endif
