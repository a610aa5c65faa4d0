/* The run frame: how a worker enters actor code and how actor code is left without returning.
 *
 * The worker enters through one sigsetjmp (enter() in actors/run.c). Code that the actor runs may
 * at any point be *left*: its generation then ends with a class of exit, its C stack frames are
 * gone, its heap is dropped in bulk and its ledger is settled outside. So a C function that scripts
 * can reach has two halves:
 *
 *   Lua half     may call lua_*; can be left anywhere; owns nothing outside the heap and the
 * ledger. native half  between TRP_NATIVE_BEGIN and TRP_NATIVE_END, in one function: no lua_*, no
 * user code, bounded time. The only place that mallocs, locks, refs or pushes. What it takes is on
 * the ledger before it ends.
 *
 * Thread: the worker that runs the actor. */
#ifndef TRP_ACTORS_FRAME_H
#define TRP_ACTORS_FRAME_H

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

#include <troupe/types.h>

#include "actors/base/assert.h"
#include "actors/points.h"

typedef struct trp_frame {
  sigjmp_buf jump;
  volatile sig_atomic_t in_actor; /* between enter and its return; a jump is possible only then */
  bool leavable; /* at any instruction: neither C behaviours nor trusted scripts, which may hold
                    what belongs to the C library or the host */
  volatile sig_atomic_t native; /* depth of native halves; no jump while > 0 */
  volatile sig_atomic_t leave;  /* 0, or 1 + the troupe_exit_class requested while native > 0 */
  troupe_exit_class why;        /* set by whoever jumps */
  const char *reason;           /* the same, or with `leave`; NULL when `why` says it all */
#if defined(TROUPE_ASSERTS)
  const trp_points *points; /* of the test that watches, or NULL */
#endif
} trp_frame;

/* Leaves the actor for good. Never returns; never called while a native half is open. The reason is
 * a sentence that stays until the frame has been left, or NULL. */
_Noreturn static inline void trp_frame_leave_because(trp_frame *f, troupe_exit_class why,
                                                     const char *reason) {
  TRP_ASSERT(f->in_actor && f->native == 0);
  f->in_actor = 0;
  f->leave = 0;
  f->why = why;
  f->reason = reason;
  atomic_signal_fence(memory_order_seq_cst);
  siglongjmp(f->jump, 1);
}

_Noreturn static inline void trp_frame_leave(trp_frame *f, troupe_exit_class why) {
  trp_frame_leave_because(f, why, NULL);
}

/* Asks for the same from inside a native half: it happens at the half's end. */
static inline void trp_frame_leave_later_because(trp_frame *f, troupe_exit_class why,
                                                 const char *reason) {
  if (f->leave) return;
  f->reason = reason;
  f->leave = 1 + (sig_atomic_t)why;
}

static inline void trp_frame_leave_later(trp_frame *f, troupe_exit_class why) {
  trp_frame_leave_later_because(f, why, NULL);
}

#define TRP_NATIVE_BEGIN(frame)                                                                    \
  do {                                                                                             \
    if ((frame)->native == 0) TRP_POINT(frame, TRP_POINT_BEGIN);                                   \
    (frame)->native++;                                                                             \
    atomic_signal_fence(memory_order_seq_cst);                                                     \
  } while (0)

#define TRP_NATIVE_END(frame)                                                                      \
  do {                                                                                             \
    if ((frame)->native == 1) TRP_POINT(frame, TRP_POINT_END);                                     \
    atomic_signal_fence(memory_order_seq_cst);                                                     \
    (frame)->native--;                                                                             \
    atomic_signal_fence(memory_order_seq_cst);                                                     \
    if ((frame)->native == 0 && (frame)->leave != 0 && (frame)->in_actor)                          \
      trp_frame_leave_because((frame), (troupe_exit_class)((frame)->leave - 1), (frame)->reason);  \
  } while (0)

#endif
