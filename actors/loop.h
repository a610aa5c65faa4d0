/* The libuv side: one loop, on a thread of its own, started when the first tool needs it; with
 * `workers = 0` there is no thread and troupe_system_step runs it. Nothing else in Troupe touches
 * libuv's loop.
 *
 * Signals   the loop thread, and so libuv's pool threads, block every signal but SIGCHLD, which
 * libuv needs to see the end of child processes: a host's handlers never run there.
 */
#ifndef TRP_ACTORS_LOOP_H
#define TRP_ACTORS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include <troupe/types.h>

#include "actors/base/thread.h"

typedef struct trp_loop trp_loop;

/* Work for the loop thread; embed it. May be posted again once `run` has been entered. */
typedef struct trp_loop_task {
  struct trp_loop_task *next;
  void (*run)(trp_loop *loop, struct trp_loop_task *task); /* on the loop thread; owns the task */
} trp_loop_task;

/* Called on the loop thread when the system stops: tools cancel what still runs. Each runs once. */
typedef struct trp_loop_stop_hook {
  struct trp_loop_stop_hook *next;
  void (*on_stop)(struct trp_loop_stop_hook *hook);
} trp_loop_stop_hook;

/* The system's loop; starts it on first use. Thread: any. Returns TROUPE_OK or a libuv code. */
int trp_system_loop(troupe_system *sys, trp_loop **out);

/* Makes a loop; with `threaded` on a thread of its own, otherwise run by trp_loop_step.
 *
 * Memory   borrows al for its life.
 * Thread   any.
 * Returns  TROUPE_OK or a libuv code (TROUPE_E_NO_MEMORY, UV_EMFILE, UV_EAGAIN); *out is then NULL.
 */
int trp_loop_open(trp_loop **out, const troupe_allocator *al, bool threaded);

/* Without a thread: runs what can run and returns at once. Thread: one at a time.
 * Returns true while holds are open: work is under way and wants further steps. */
bool trp_loop_step(trp_loop *loop);

/* Without a thread: as trp_loop_step, but waits up to timeout_ms for something to do. */
bool trp_loop_wait(trp_loop *loop, uint64_t timeout_ms);

/* Ends a loop: runs the stop hooks, waits until no hold is left, joins the thread, frees.
 *
 *   deadline_ms   how long to wait at most, from now
 *
 * Thread   not the loop's own; nobody else posts meanwhile, except what holds the loop.
 * Returns  false when holds were still open: the loop lives on, must not be freed by any means, and
 *          what its jobs refer to must outlive them. May be called again. NULL is fine.
 */
bool trp_loop_close(trp_loop *loop, uint64_t deadline_ms);

/* Runs the task on the loop thread, in the order posted. Thread: any; never blocks, never fails.
 * After trp_loop_close has begun tasks still run, until the last hold is released. */
void trp_loop_post(trp_loop *loop, trp_loop_task *task);

uv_loop_t *trp_loop_uv(trp_loop *loop);

/* Asserts that this is the loop thread (without one: inside a step). */
void trp_assert_on_loop(const trp_loop *loop) TRP_ASSERTS_ON_LOOP;

/* Counts work that must end before the loop may: running pool jobs, child processes. */
void trp_loop_hold(trp_loop *loop) TRP_ON_LOOP;
void trp_loop_unhold(trp_loop *loop) TRP_ON_LOOP;

/* Adds a hook; it runs at once when the loop is stopping already. */
void trp_loop_on_stop(trp_loop *loop, trp_loop_stop_hook *hook) TRP_ON_LOOP;

#endif
