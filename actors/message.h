/* Messages: one allocation each; header, kind, payload. Everything that travels between actors is
 * one of these: what scripts send, and the kernel's own signals. The memory of a message is reused
 * for its answer where an answer must not fail: a refused ask becomes its own error reply, a
 * monitor becomes its `down`, a supervision edge's message goes back and forth. */
#ifndef TRP_ACTORS_MESSAGE_H
#define TRP_ACTORS_MESSAGE_H

#include <stdint.h>

#include <troupe/system.h>
#include <troupe/types.h>

#include "actors/reason.h"

/* Which private queue of the receiver a message belongs to. */
typedef enum trp_lane {
  TRP_LANE_CONTROL, /* kill, stop, child news; served first, also while blocked */
  TRP_LANE_RESUME,  /* what continues something the actor waits for; also while blocked */
  TRP_LANE_HIGH,    /* messages of high priority */
  TRP_LANE_LINE,    /* messages, and signals that start a handler, in one order */
  TRP_LANES
} trp_lane;

typedef enum trp_msg_type {
  TRP_MSG_TELL,    /* line or high; charged to the mailbox */
  TRP_MSG_ASK,     /* line or high; charged; `id` is the asker's ledger item */
  TRP_MSG_DOWN,    /* line; `id` is the watcher's ledger item */
  TRP_MSG_TIMER,   /* line; embedded in a timer; never crosses threads */
  TRP_MSG_ITEM,    /* resume; for the ledger item `id` of the receiver: grant, tool result, ... */
  TRP_MSG_REPLY,   /* resume; the same, from a handler that has answered an ASK */
  TRP_MSG_TICK,    /* resume; embedded in the actor: a deadline has come */
  TRP_MSG_PORT,    /* resume; a host thread's request to the port: actors/port.h */
  TRP_MSG_START,   /* control; begins a root actor */
  TRP_MSG_COMMAND, /* control; embedded in the actor: see trp_command */
  TRP_MSG_WATCH,   /* control; becomes DOWN when the receiver is gone */
  TRP_MSG_UNWATCH, /* control; embedded in a monitor, to which it goes back as an ITEM */
  TRP_MSG_STARTED, /* control; child to parent */
  TRP_MSG_INFO,    /* control; filled in and sent back as an ITEM: actors/info.h */
  TRP_MSG_EDGE,    /* control; embedded in a troupe_child: see actors/child.h */
} trp_msg_type;

typedef struct trp_msg {
  struct trp_msg *next; /* inbox or queue link; owned by whoever holds the message */
  troupe_pid to;
  troupe_pid from;
  uint64_t id; /* a ledger item of the actor that gets it, or of the one to be answered */
  /* ASK: when the asker stops waiting; 0: never. DOWN: the messages of high priority to serve
   * before it, counted from the receiver's first one */
  uint64_t deadline_ns;
  trp_reason *reason; /* holds a reference, or NULL */
  /* TELL, ASK: the payload, if it is shared (actors/share.h), or NULL; EDGE: the troupe_child;
   * ITEM: the sender's business; WATCH: at the target, the one before; UNWATCH: the WATCH */
  void *ptr;
  /* Frees what is not a plain message (embedded or foreign memory); NULL: trp_msg_free does. */
  void (*dispose)(troupe_system *sys, struct trp_msg *m);
  int32_t code;  /* ITEM: result; EDGE: what it says; WATCH: 1: the `down` goes to `resume` */
  uint32_t size; /* payload bytes */
  uint8_t type;  /* trp_msg_type */
  uint8_t lane;  /* trp_lane */
  uint8_t kind_len;
  uint8_t charged; /* 1: a reservation in `to` must be returned */
} trp_msg;         /* behind it: kind, NUL, payload */

_Static_assert(TRP_MSG_TELL == 0 && TRP_MSG_ASK == 1, "trp_msg_payload relies on it");

/* A message with a copy of kind and payload; NULL: no memory. kind may be NULL with kind_len 0. */
trp_msg *trp_msg_new(troupe_system *sys, trp_msg_type type, troupe_pid to, troupe_pid from,
                     const char *kind, size_t kind_len, const void *data, size_t len);

/* Releases the memory, the reason, nothing else: the caller has settled charge and asker. */
void trp_msg_free(troupe_system *sys, trp_msg *m);

static inline const char *trp_msg_kind(const trp_msg *m) { return (const char *)(m + 1); }
const uint8_t *trp_msg_shared_payload(const trp_msg *m);
static inline const uint8_t *trp_msg_payload(const trp_msg *m) {
  if (m->type <= TRP_MSG_ASK && m->ptr) return trp_msg_shared_payload(m);
  return (const uint8_t *)(m + 1) + m->kind_len + 1;
}
/* What a message costs its receiver's mailbox. */
static inline uint64_t trp_msg_bytes(const trp_msg *m) {
  return sizeof(trp_msg) + m->kind_len + 1 + m->size;
}

/* A FIFO of messages. */
typedef struct trp_queue {
  trp_msg *head, *tail;
  uint32_t len;
} trp_queue;

static inline void trp_queue_push(trp_queue *q, trp_msg *m) {
  m->next = NULL;
  if (q->tail)
    q->tail->next = m;
  else
    q->head = m;
  q->tail = m;
  q->len++;
}
static inline trp_msg *trp_queue_pop(trp_queue *q) {
  trp_msg *m = q->head;
  if (!m) return NULL;
  q->head = m->next;
  if (!q->head) q->tail = NULL;
  q->len--;
  m->next = NULL;
  return m;
}

/* Puts everything in `front` before what is in q. */
static inline void trp_queue_prepend(trp_queue *q, trp_queue *front) {
  if (!front->head) return;
  front->tail->next = q->head;
  if (q->tail) front->tail = q->tail;
  front->len += q->len;
  *q = *front;
  *front = (trp_queue){0};
}

#endif
