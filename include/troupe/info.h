/* What one actor is doing and what it uses, asked while it runs. */
#ifndef TROUPE_INFO_H
#define TROUPE_INFO_H

#include <stdint.h>

#include <troupe/actor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, "name in Lua") */
#define TROUPE_PHASE_MAP(X)                                                                        \
  X(NEW, "new")           /* its parent has not started it yet */                                  \
  X(STARTING, "starting") /* its init has not succeeded yet */                                     \
  X(RUNNING, "running")                                                                            \
  X(STOPPING, "stopping") /* it was asked to stop, or has failed */                                \
  X(ENDING, "ending")     /* it has ended, its children have not */                                \
  X(DOWN, "down")         /* its parent decides about a restart */
typedef enum troupe_phase {
#define X(name, lua) TROUPE_PHASE_##name,
  TROUPE_PHASE_MAP(X)
#undef X
} troupe_phase;
/* The name scripts see, "running". A constant. Thread: any. */
TROUPE_API const char *troupe_phase_name(troupe_phase phase);

/* Counts since the actor was spawned, unless stated; memory and tasks are those of a script and 0
 * for behaviours that do not say. */
struct troupe_info {
  troupe_pid pid;
  char name[TROUPE_KIND_MAX + 1]; /* registered, or "" */
  troupe_phase phase;
  uint32_t generation;
  uint32_t restarts;
  uint64_t handled; /* messages */
  uint64_t cpu_us;  /* processor time in slices; behaviours without `info`: 0 */

  uint64_t queued, queued_bytes; /* messages in the mailbox now */
  uint32_t asks, parked, timers, monitors, reply_handles, children, calls; /* open now */
  uint32_t tasks;                                                          /* at work or waiting */

  uint64_t memory_bytes;      /* heap, and what is kept outside of it, now */
  uint64_t memory_peak_bytes; /* of this generation */
  uint64_t memory_limit_bytes;
  uint64_t memory_external_bytes; /* of memory_bytes: outside of the heap */
  uint64_t collections;           /* of this generation: full ones, asked for near the limit */
};

/* Fills in what is true of the calling actor. Thread: owner. */
TROUPE_API void troupe_info_self(troupe_actor *self, troupe_info *out);

/* Asks another actor, which answers between two callbacks, whatever it waits for. The event comes
 * to `resume` with `user`; its data is one troupe_info, not aligned, or its code TROUPE_E_NOPROC.
 * It has no deadline, and counts as an open ask.
 * Thread owner. Returns TROUPE_OK, TROUPE_E_LIMIT, UV_ENOMEM. */
TROUPE_API int troupe_info_ask(troupe_actor *self, troupe_pid of, void *user, uint64_t *id);

/* The same for hosts. Thread: any host thread; blocks until the actor has answered.
 * Returns TROUPE_OK, TROUPE_E_NOPROC, TROUPE_E_SYSTEM_STOPPED, UV_ENOMEM. */
TROUPE_API int troupe_info_wait(troupe_system *sys, troupe_pid of, troupe_info *out);

#ifdef __cplusplus
}
#endif
#endif
