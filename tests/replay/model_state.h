/* What the model keeps, for its own files. */
#ifndef TRP_TESTS_REPLAY_MODEL_STATE_H
#define TRP_TESTS_REPLAY_MODEL_STATE_H

#include "tests/replay/model.h"

#define ACTORS 128
#define MONITORS 128
#define TIMERS 256
#define HIGH_IN_A_ROW 32

typedef enum phase { NEW, STARTING, RUNNING, STOPPING, ENDED, GONE } phase;

typedef struct actor {
  uint64_t pid;
  bool root; /* the system's own: only its children are of interest */
  uint64_t parent, name;
  uint64_t limit; /* of the mailbox */
  troupe_overflow overflow;
  uint64_t init_ms, shutdown_ms;
  phase phase;
  uint64_t generation, until_ns; /* deadline of STARTING and STOPPING */
  uint64_t queued, queued_high;  /* messages that take room */
  unsigned high_in_a_row;
  uint32_t in_hand;
  uint64_t signal;                /* monitor or timer that is being handled */
  uint32_t waits_for;             /* a message: nothing but its end can continue it; 0: none */
  uint64_t heard_ns;              /* when it has handled a message last, in its awake time */
  uint64_t waited_ns, blocked_ns; /* how long it was blocked, but for the time since then */
  bool blocked, pending, ready;
  bool asked, abrupt; /* to end; and at once */
  int64_t why;
  bool stop_may, stop_must, kill_may, kill_must; /* a command was sent; and must come through */
  bool overflowed;                               /* and its policy is to stop */
  bool grace;       /* the kill came in the middle of a step, which goes on to its end */
  uint64_t kill_ns; /* when the parent's patience ends; 0: never */
  uint64_t resume;  /* what it is to be told next; 0: nothing */
  int64_t resume_code;
  uint32_t resume_msg;
  bool stop_called, fini_called, exit_told, again, released, freed;
  unsigned started, started_told;
} actor;

typedef enum fate { UNSENT, CALLED, PARKED, QUEUED, IN_HAND, KEPT, HANDLED, DEAD } fate;
typedef enum wait { NONE, OPEN, OVER } wait; /* something that ends exactly once */

typedef struct message {
  uint32_t number;
  uint64_t from, to, sender; /* sender: who waits for room; another one when it is handed on */
  bool by_host;              /* an ask through the port */
  bool forwarding, forwarded;
  uint64_t forward_to, forward_wait_ms;
  bool is_ask, high, skipped;
  fate fate;
  uint64_t order; /* of parking, then of acceptance */
  bool has_room;
  int64_t dead; /* the reason */
  bool keeping, replied, refused, broken;
  bool answered; /* and the answer is on its way, not only decided */
  int64_t reply_code;
  uint32_t reply;
  wait ask;
  uint64_t ask_id, until_ns, park_until_ns; /* 0: never */
  uint64_t wait_ms;
} message;

typedef struct park {
  uint64_t who, id;
  uint32_t msg;
  wait state;
  bool settled, admitted;
} park;

typedef struct monitor {
  uint64_t who, id, target;
  bool direct, late; /* late: the target had gone before */
  bool skipped;
  wait state;
} monitor;

typedef struct timer {
  uint64_t who, id, first_ns, period_ns, ticks;
  bool direct;
  uint64_t idle_ns, begun_ns; /* 0: it does not wait for silence; else since then, awake */
  wait state;
} timer;

typedef struct model {
  fault_class fault;
  const char *wrong; /* NULL: nothing so far */
  uint64_t now_ns, order;
  bool stopping;  /* the whole system */
  bool root_down; /* one of the system's own has failed */
  actor actors[ACTORS];
  message messages[MESSAGES];
  park parks[MESSAGES];
  monitor monitors[MONITORS];
  timer timers[TIMERS];
  unsigned nactors, nparks, nmonitors, ntimers;
  uint32_t newest; /* message */
  uint64_t calls, handled, dead[TROUPE_DEAD_COUNT], crashes, restarts, spawned;
} model;

/* The event is refused unless the condition holds. */
static inline bool model_must(model *m, bool holds, const char *why) {
  if (!holds && !m->wrong) m->wrong = why;
  return holds;
}

/* The time that an actor has not been blocked. */
static inline uint64_t model_awake_ns(const model *m, const actor *a) {
  return (a->blocked ? a->blocked_ns : m->now_ns) - a->waited_ns;
}

actor *model_actor(model *m, uint64_t pid); /* NULL: unknown */
static inline bool model_lives(const actor *a) {
  return a && a->phase >= STARTING && a->phase <= STOPPING;
}
/* Somebody asks the running generation to end. */
void model_exit(actor *a, int64_t why);
/* Something starts a handler: whether it is its turn. */
void model_turn(model *m, actor *a, bool high);

/* Each takes the events of its kind. False: none of its. */
bool model_life(model *m, const event *e);
bool model_mail(model *m, const event *e);
bool model_signals(model *m, const event *e);

bool model_send(model *m, const event *e);
bool model_asks(model *m, const event *e);

/* ---- messages ------------------------------------------------------------------------------ */

message *model_message(model *m, uint32_t number); /* NULL: none was sent with it */
message *model_find_ask(model *m, uint64_t who, uint64_t id);

void model_take_room(model *m, actor *to, message *g);
void model_leave_room(model *m, message *g);
bool model_is_full(const model *m, const actor *to, const message *g);
/* Whether the sender may wait for room. */
bool model_may_wait(const actor *to, const message *g);
/* A parked message waits no longer. */
void model_settle_park(model *m, const message *g, bool admitted);
/* Whether what a call returns fits the dead letter. */
bool model_refusal_fits(int64_t dead, int64_t code);
/* Whether `to` may be waiting for `who`, directly or through others: each of them is blocked. */
bool model_may_wait_for(model *m, uint64_t to, uint64_t who);
/* Whether it surely is: nothing else can continue any of them. */
bool model_must_wait_for(model *m, uint64_t to, uint64_t who);
/* The sender waits for the end of this message, if it is blocked. */
void model_begin_wait(model *m, const message *g);
/* It goes on its way: refused if whom its sender waits for surely waits for that. */
void model_check_wait(model *m, const message *g);
/* Nobody waits for this message any more. */
void model_wait_over(model *m, const message *g);
/* Something else can continue the actor. */
void model_wait_unsure(actor *a);
/* The port has sent what a host asks. */
void model_begin_host_ask(model *m, message *g);
/* The next thing that happens must be that `who` is told of the end of this. */
void model_expect_resume(actor *a, const event *e, uint32_t reply);

/* What must be true when nothing is runnable. */
void model_life_idle(model *m);
void model_mail_idle(model *m);
void model_signals_idle(model *m);
void model_signals_left(model *m, const actor *a); /* its generation has ended */
void model_mail_left(model *m, const actor *a);

#endif
