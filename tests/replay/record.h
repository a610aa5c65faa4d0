/* What happened in one scene, in order: the kernel's own events and, between them, what its actors
 * and its host called and were called with. Plain values: a pid, an id, a number. */
#ifndef TRP_TESTS_REPLAY_RECORD_H
#define TRP_TESTS_REPLAY_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "actors/replay.h"

/* Calls, by the actor `who` or the host (0), and callbacks of the actor `who`.
 * X(NAME, "how it reads") */
#define SCENE_EVENT_MAP(X)                                                                         \
  X(TELL, "tells")      /* begins; with: the receiver, id: priority, a: wait_ms */                 \
  X(TOLD, "has told")   /* code; id: of the park */                                                \
  X(ASK, "asks")        /* begins; as TELL, b: timeout_ms */                                       \
  X(ASKED, "has asked") /* code; id */                                                             \
  X(REPLY, "replies")   /* to msg; code: what it says, a: the reply's number, b: was allowed */    \
  X(KEEP, "keeps")      /* begins; msg */                                                          \
  X(KEPT, "has kept")   /* msg; code, id */                                                        \
  X(REPLY_TO, "replies later")    /* id, msg; code, a: as REPLY */                                 \
  X(REFUSE, "refuses")            /* msg; id: of the kept one, or 0 */                             \
  X(FORWARD, "forwards")          /* begins; msg, with, a: wait_ms; id: of the kept one, or 0 */   \
  X(FORWARDED, "has forwarded")   /* msg, with; code; id: of the park */                           \
  X(HOST_ASK, "asks by the port") /* with, msg; code, b: timeout_ms */                             \
  X(ANSWER, "is answered")        /* msg; code, a: the reply's number */                           \
  X(MONITOR, "monitors")          /* with; code, id, a: direct */                                  \
  X(DEMONITOR, "forgets")         /* id */                                                         \
  X(SET_TIMER, "sets a timer")    /* code, id; a: delay_ms, b: period_ms, msg: 1 direct, 2 idle,   \
                                     with: what it replaces */                                     \
  X(CANCEL, "cancels a timer")    /* id; code: whether it did */                                   \
  X(STOP, "stops")                /* with; code */                                                 \
  X(KILL, "kills")                /* with; code */                                                 \
  X(EXIT, "exits")                /* code: class */                                                \
  X(BLOCK, "blocks")              /* code: whether */                                              \
  X(RESCAN, "rescans")                                                                             \
  X(WHEREIS, "looks up")          /* id: the name; with: the result */                             \
  X(SPAWN, "spawns")              /* with; code, a: mailbox, b: the name or 0, msg: overflow,      \
                                     id: init_timeout_ms << 32 | shutdown_ms */                    \
  X(RESTART, "restarts")          /* with: the child */                                            \
  X(RELEASE, "releases")          /* with: the child */                                            \
  X(CHILD_STOP, "ends its child") /* with; a: shutdown_ms */                                       \
  X(READY, "says it has started")                                                                  \
  X(DONE, "says it has stopped")                                                                   \
  X(INIT, "init")       /* code: what it will return */                                            \
  X(RECEIVE, "receive") /* msg, or id of the monitor or timer */                                   \
  X(RETURN, "returns")  /* from receive; code */                                                   \
  X(RESUME, "resume")   /* id; code, msg: the reply's number */                                    \
  X(CHILD, "child")     /* with; code: the news, a: exit class */                                  \
  X(ON_STOP, "stop")    /* code: class */                                                          \
  X(FINI, "fini")                                                                                  \
  X(FREED, "freed")                                                                                \
  X(IDLE, "nothing is runnable and no timer due")                                                  \
  X(STUCK, "something is runnable for ever")                                                       \
  X(SYSTEM_STOP, "the system stops")

enum scene_event_type {
  SCENE_BEFORE = TRP_EVENT_TYPES - 1, /* the kernel's come first */
#define X(name, text) SCENE_##name,
  SCENE_EVENT_MAP(X)
#undef X
      SCENE_TYPES
};

typedef struct event {
  int type;     /* trp_event_type or scene_event_type */
  uint32_t msg; /* the message's number; 0: none, or one without */
  uint64_t at_ns;
  uint64_t who, with, id;
  int64_t code;
  uint64_t a, b;
} event;

typedef struct record {
  event *events;
  size_t len, room;
} record;

void record_add(record *r, const event *e);
void record_clear(record *r); /* keeps the memory */
void record_free(record *r);

void event_print(FILE *out, size_t at, const event *e);

#endif
