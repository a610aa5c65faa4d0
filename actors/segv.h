/* The second line of defence for the C stack: an actor that runs into the guard area below its
 * worker's stack is left, as at any other limit, instead of ending the process.
 *
 * The first line are the bounds on recursion in scripting/; no script is known to get past them.
 * This one is for another Lua than the one the bounds were measured with, and for what nobody has
 * found. Off unless troupe_config asks for it, because SIGSEGV is the process's own.
 *
 * Only a fault in the guard area of the worker's own stack is taken, inside an actor that may be
 * left at any instruction (a sandboxed script's) and outside of its native halves: C of the host's
 * that is left in a call would keep the locks that the call holds. Every other fault goes to
 * whoever had the signal before, as if nobody stood in between.
 *
 * Signal safety: the handler reads fields of its own thread, and calls siglongjmp or sigaction.
 * Process-wide: one signal disposition, shared by all systems, restored with the last one. */
#ifndef TRP_ACTORS_SEGV_H
#define TRP_ACTORS_SEGV_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "actors/frame.h"

#define TRP_SIGNAL_STACK_BYTES ((size_t)64 << 10) /* the host's handler may run there, too */
#define TRP_GUARD_BYTES ((size_t)1 << 20) /* no function of ours has a frame that steps over it */

typedef struct trp_segv { /* a worker's; only its own thread and the handler on it */
  trp_frame *frame;
  uintptr_t guard, guard_end;
  stack_t previous; /* the alternate stack the thread had before */
} trp_segv;

/* Takes SIGSEGV for the process, and gives it back. Thread: any. */
void trp_segv_ref(void);
void trp_segv_unref(void);

/* On the worker's own thread, around everything it runs: signals use `stack` from now on, which
 * stays the caller's. An error leaves the thread as it was; faults then end the process. */
int trp_segv_open(trp_segv *s, trp_frame *frame, void *stack, size_t size);
void trp_segv_close(trp_segv *s);

#endif
