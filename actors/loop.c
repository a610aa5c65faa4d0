/* The libuv loop: tasks from any thread, holds, and an end that waits for both. Called by the
 * system (open, step, close) and by tools (everything else). Never runs actor code.
 *
 *   RUNNING --stop task--> STOPPING    hooks run; new hooks run at once
 *   STOPPING --no hold, no task--> ENDED   own handles closed; the thread ends
 *
 * Tasks travel on a list under a mutex; uv_async_send only wakes: wake-ups merge, the list loses
 * nothing. The wake-up is sent under the mutex, so that a task the loop has seen has no poster left
 * that would still touch the loop: the last task may end it. */
#include "actors/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <troupe/error.h>

#include "actors/base/assert.h"
#include "actors/base/mem.h"

typedef enum loop_state { RUNNING, STOPPING, ENDED } loop_state;

struct trp_loop {
  /* constant */
  const troupe_allocator *al;
  bool threaded;
  pthread_t thread; /* threaded: the loop's */

  /* any thread */
  pthread_mutex_t lock; /* guards this group; a leaf */
  pthread_cond_t changed;
  trp_loop_task *first, *last; /* posted, oldest first */
  bool ended;

  /* closing thread */
  bool stop_posted;
  trp_loop_task stop;

  /* loop thread */
  pthread_t owner; /* who runs the loop now */
  loop_state state;
  uint64_t holds;
  trp_loop_stop_hook *hooks;
  uv_loop_t uv;
  uv_async_t wake;
  uv_timer_t alarm; /* without a thread: bounds a wait */
  int open_handles;
};

uv_loop_t *trp_loop_uv(trp_loop *loop) { return &loop->uv; }

void trp_assert_on_loop(const trp_loop *loop) {
  TRP_ASSERT(pthread_equal(loop->owner, pthread_self()));
  (void)loop;
}

void trp_loop_post(trp_loop *loop, trp_loop_task *task) {
  task->next = NULL;
  pthread_mutex_lock(&loop->lock);
  bool wake = !loop->first; /* otherwise a wake-up is on its way already */
  if (wake)
    loop->first = task;
  else
    loop->last->next = task;
  loop->last = task;
  if (wake) uv_async_send(&loop->wake);
  pthread_mutex_unlock(&loop->lock);
}

static void run_tasks(trp_loop *loop) {
  pthread_mutex_lock(&loop->lock);
  trp_loop_task *task = loop->first;
  loop->first = loop->last = NULL;
  pthread_mutex_unlock(&loop->lock);
  while (task) {
    trp_loop_task *next = task->next;
    task->run(loop, task);
    task = next;
  }
}

static void on_wake(uv_async_t *wake) { run_tasks(wake->data); }

static void on_alarm(uv_timer_t *alarm) { (void)alarm; }

void trp_loop_hold(trp_loop *loop) {
  trp_assert_on_loop(loop);
  loop->holds++;
}

void trp_loop_unhold(trp_loop *loop) {
  trp_assert_on_loop(loop);
  TRP_ASSERT(loop->holds > 0);
  loop->holds--;
}

void trp_loop_on_stop(trp_loop *loop, trp_loop_stop_hook *hook) {
  trp_assert_on_loop(loop);
  if (loop->state != RUNNING) {
    hook->on_stop(hook);
    return;
  }
  hook->next = loop->hooks;
  loop->hooks = hook;
}

static void on_stop(trp_loop *loop, trp_loop_task *task) {
  (void)task;
  loop->state = STOPPING;
  while (loop->hooks) {
    trp_loop_stop_hook *hook = loop->hooks;
    loop->hooks = hook->next;
    hook->on_stop(hook);
  }
}

static bool done(trp_loop *loop) {
  if (loop->state != STOPPING || loop->holds > 0) return false;
  pthread_mutex_lock(&loop->lock);
  bool none = !loop->first;
  pthread_mutex_unlock(&loop->lock);
  return none;
}

static void on_close(uv_handle_t *handle) {
  trp_loop *loop = handle->data;
  loop->open_handles--;
}

static void end(trp_loop *loop) {
  uv_close((uv_handle_t *)&loop->wake, on_close);
  uv_close((uv_handle_t *)&loop->alarm, on_close);
  while (loop->open_handles > 0)
    uv_run(&loop->uv, UV_RUN_NOWAIT);
  int err = uv_loop_close(&loop->uv);
  TRP_ASSERT(err == 0); /* whoever opened a handle closes it in a stop hook or holds the loop */
  (void)err;
  loop->state = ENDED;
}

static void *run(void *arg) {
  trp_loop *loop = arg;
  loop->owner = pthread_self();
  while (!done(loop))
    uv_run(&loop->uv, UV_RUN_ONCE);
  end(loop);
  pthread_mutex_lock(&loop->lock);
  loop->ended = true;
  pthread_cond_signal(&loop->changed);
  pthread_mutex_unlock(&loop->lock);
  return NULL;
}

/* Blocks everything except what libuv itself needs; returns the mask before. */
static sigset_t block_signals(void) {
  sigset_t all, old;
  sigfillset(&all);
  sigdelset(&all, SIGCHLD);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  return old;
}

/* The new thread inherits the mask. */
static int start_thread(trp_loop *loop) {
  sigset_t old = block_signals();
  int err = pthread_create(&loop->thread, NULL, run, loop);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  return -err;
}

static int init_sync(trp_loop *loop) {
  pthread_condattr_t attr;
  int err = pthread_condattr_init(&attr);
  if (err) return -err;
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  err = pthread_cond_init(&loop->changed, &attr);
  pthread_condattr_destroy(&attr);
  if (err) return -err;
  err = pthread_mutex_init(&loop->lock, NULL);
  if (err) pthread_cond_destroy(&loop->changed);
  return -err;
}

static void release(trp_loop *loop) {
  pthread_mutex_destroy(&loop->lock);
  pthread_cond_destroy(&loop->changed);
  trp_free(loop->al, loop, sizeof *loop);
}

int trp_loop_open(trp_loop **out, const troupe_allocator *al, bool threaded) {
  *out = NULL;
  trp_loop *loop = trp_zalloc(al, sizeof *loop);
  if (!loop) return UV_ENOMEM;
  loop->al = al;
  loop->threaded = threaded;
  loop->owner = pthread_self();
  int err = init_sync(loop);
  if (err) {
    trp_free(al, loop, sizeof *loop);
    return err;
  }
  err = uv_loop_init(&loop->uv);
  if (err) {
    release(loop);
    return err;
  }
  err = uv_async_init(&loop->uv, &loop->wake, on_wake);
  if (err) {
    uv_loop_close(&loop->uv);
    release(loop);
    return err;
  }
  uv_timer_init(&loop->uv, &loop->alarm);
  loop->wake.data = loop;
  loop->alarm.data = loop;
  loop->open_handles = 2;
  if (threaded) {
    err = start_thread(loop);
    if (err) {
      end(loop);
      release(loop);
      return err;
    }
  }
  *out = loop;
  return TROUPE_OK;
}

/* Runs the loop on a host's thread: with its signals blocked, as they are on a loop thread of our
 * own, and without leaving it a SIGPIPE from a child that did not read its input. */
static void run_here(trp_loop *loop, uv_run_mode mode) {
  sigset_t pipe, mine, before;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  loop->owner = pthread_self();
  sigpending(&before);
  sigset_t old = block_signals();
  uv_run(&loop->uv, mode);
  sigpending(&mine);
  if (sigismember(&mine, SIGPIPE) == 1 && sigismember(&before, SIGPIPE) == 0)
    sigtimedwait(&pipe, NULL, &(struct timespec){0});
  pthread_sigmask(SIG_SETMASK, &old, NULL);
}

bool trp_loop_step(trp_loop *loop) {
  TRP_ASSERT(!loop->threaded);
  run_here(loop, UV_RUN_NOWAIT);
  return loop->holds > 0;
}

bool trp_loop_wait(trp_loop *loop, uint64_t timeout_ms) {
  TRP_ASSERT(!loop->threaded);
  uv_update_time(&loop->uv);
  uv_timer_start(&loop->alarm, on_alarm, timeout_ms, 0);
  run_here(loop, UV_RUN_ONCE);
  uv_timer_stop(&loop->alarm);
  return loop->holds > 0;
}

static uint64_t now_ms(void) { return uv_hrtime() / UINT64_C(1000000); }

static bool close_here(trp_loop *loop, uint64_t until_ms) {
  for (;;) {
    run_here(loop, UV_RUN_NOWAIT);
    if (done(loop)) break;
    uint64_t now = now_ms();
    if (now >= until_ms) return false;
    trp_loop_wait(loop, until_ms - now);
  }
  end(loop);
  return true;
}

static bool join(trp_loop *loop, uint64_t until_ms) {
  struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                           .tv_nsec = (long)(until_ms % 1000) * 1000000L};
  int err = 0;
  pthread_mutex_lock(&loop->lock);
  while (!loop->ended && err == 0)
    err = pthread_cond_timedwait(&loop->changed, &loop->lock, &until);
  bool ended = loop->ended;
  pthread_mutex_unlock(&loop->lock);
  if (ended) pthread_join(loop->thread, NULL);
  return ended;
}

bool trp_loop_close(trp_loop *loop, uint64_t deadline_ms) {
  if (!loop) return true;
  if (deadline_ms > UINT32_MAX) deadline_ms = UINT32_MAX;
  uint64_t until_ms = now_ms() + deadline_ms;
  if (!loop->stop_posted) {
    loop->stop_posted = true;
    loop->stop.run = on_stop;
    trp_loop_post(loop, &loop->stop);
  }
  bool ended = loop->threaded ? join(loop, until_ms) : close_here(loop, until_ms);
  if (ended) release(loop);
  return ended;
}
