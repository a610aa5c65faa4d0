/* Attempts and their executors: the libuv pool for `run`, the loop thread for `start`. Called by
 * tools/call.c (owner) and by tools (the public troupe_call_ functions). Never runs actor code. */
#include "tools/job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "actors/base/mem.h"
#include "actors/system.h"

/* ---- arguments ----------------------------------------------------------------------------- */

trp_args *trp_args_new(const troupe_allocator *al, const void *data, size_t len) {
  trp_args *args = trp_alloc(al, sizeof *args + len);
  if (!args) return NULL;
  atomic_init(&args->refs, 1);
  args->len = len;
  if (len) memcpy(args->data, data, len);
  return args;
}

trp_args *trp_args_ref(trp_args *args) {
  atomic_fetch_add_explicit(&args->refs, 1, memory_order_relaxed);
  return args;
}

void trp_args_unref(const troupe_allocator *al, trp_args *args) {
  /* acq_rel: whoever frees sees what all others did before */
  if (!args || atomic_fetch_sub_explicit(&args->refs, 1, memory_order_acq_rel) != 1) return;
  trp_free(al, args, sizeof *args + args->len);
}

/* ---- life ---------------------------------------------------------------------------------- */

static const size_t job_size = sizeof(troupe_call) + sizeof(trp_msg) + 1;

static troupe_call *job_ref(troupe_call *job) {
  atomic_fetch_add_explicit(&job->refs, 1, memory_order_relaxed);
  return job;
}

void trp_job_unref(troupe_call *job) {
  /* acq_rel: whoever frees sees what all others did before */
  if (!job || atomic_fetch_sub_explicit(&job->refs, 1, memory_order_acq_rel) != 1) return;
  const troupe_allocator *al = &job->sys->allocator;
  trp_free(al, job->result.data, job->result.len);
  trp_args_unref(al, job->args);
  troupe_grants_unref(job->grants);
  trp_free(al, job, job_size);
}

static void dispose(troupe_system *sys, trp_msg *m) {
  (void)sys;
  trp_job_unref(m->ptr);
}

troupe_call *trp_job_new(troupe_system *sys, trp_loop *loop, trp_tool *tool, trp_grants *grants,
                         trp_args *args, uint32_t attempt, size_t max_result, trp_permit permit,
                         troupe_pid caller, uint64_t item) {
  troupe_call *job = trp_zalloc(&sys->allocator, job_size);
  if (!job) return NULL;
  atomic_init(&job->refs, 1);
  job->sys = sys;
  job->loop = loop;
  job->tool = tool;
  job->grants = troupe_grants_ref(grants);
  job->args = trp_args_ref(args);
  job->attempt = attempt;
  job->max_result = max_result;
  job->permit = permit;
  job->msg = (trp_msg *)(void *)(job + 1);
  *job->msg = (trp_msg){.to = caller,
                        .id = item,
                        .ptr = job,
                        .dispose = dispose,
                        .type = TRP_MSG_ITEM,
                        .lane = TRP_LANE_RESUME};
  return job;
}

static uint64_t now_ms(const troupe_call *job) { return trp_clock_ms(&job->sys->clock); }

/* Under the lock: the tool's end, as far as the breaker is concerned. */
static void record(troupe_call *job, troupe_outcome outcome) {
  trp_tool *t = job->tool;
  if (t->has_breaker)
    trp_breaker_record(&t->breaker, job->permit, outcome, now_ms(job), trp_rand_double(&t->rand));
}

static void give_back(troupe_call *job) {
  trp_tool *t = job->tool;
  if (t->has_breaker) trp_breaker_release(&t->breaker, job->permit, now_ms(job));
}

/* ---- executors ----------------------------------------------------------------------------- */

/* The executor takes the job; false: nobody waits any more. */
static bool begin(troupe_call *job) {
  trp_tool *t = job->tool;
  pthread_mutex_lock(&t->lock);
  bool mine = job->state == TRP_JOB_QUEUED;
  if (mine) {
    job->state = TRP_JOB_RUNNING;
    job->started_ns = trp_clock_ns(&job->sys->clock);
  } else {
    t->open--;
  }
  pthread_mutex_unlock(&t->lock);
  return mine;
}

static void close_executor(trp_loop *loop, troupe_call *job) {
  trp_assert_on_loop(loop);
  job->closed = true;
  trp_loop_unhold(loop);
  trp_job_unref(job);
}

static void on_finish(trp_loop *loop, trp_loop_task *task) {
  close_executor(loop, TRP_CONTAINER(task, troupe_call, finish));
}

static void run(uv_work_t *work) {
  troupe_call *job = work->data;
  if (!begin(job)) return;
  job->tool->ops.run(job, job->tool->user);
  troupe_call_fail(job, TROUPE_OUTCOME_TRANSIENT, "no_result",
                   "the tool returned without a result");
}

static void after_run(uv_work_t *work, int status) {
  troupe_call *job = work->data;
  (void)status; /* nothing is ever cancelled inside libuv */
  close_executor(job->loop, job);
}

static void on_submit(trp_loop *loop, trp_loop_task *task) {
  troupe_call *job = TRP_CONTAINER(task, troupe_call, submit);
  trp_assert_on_loop(loop);
  trp_loop_hold(loop);
  if (job->tool->ops.run) {
    job->work.data = job;
    int err = uv_queue_work(trp_loop_uv(loop), &job->work, run, after_run);
    TRP_ASSERT(err == 0);
    (void)err;
  } else if (begin(job)) {
    job->tool->ops.start(job, job->tool->user);
  } else {
    close_executor(loop, job);
  }
}

void trp_job_submit(troupe_call *job) {
  job_ref(job); /* the executor's */
  job->submit.run = on_submit;
  trp_loop_post(job->loop, &job->submit);
}

/* Ends the attempt for the tool; `result` has been filled in. */
static void end(troupe_call *job, troupe_outcome outcome) {
  trp_tool *t = job->tool;
  troupe_system *sys = job->sys;
  job->result.outcome = outcome;
  pthread_mutex_lock(&t->lock);
  bool wanted = job->state == TRP_JOB_RUNNING;
  t->open--;
  if (wanted) {
    job->state = TRP_JOB_DONE;
    record(job, outcome);
  } else {
    uint64_t ran_ns = trp_clock_ns(&sys->clock) - job->started_ns;
    bool too_long = ran_ns >= t->policy.attempt_ms * TRP_NS_PER_MS;
    if (!job->timed) record(job, too_long ? TROUPE_OUTCOME_TIMEOUT : outcome);
    t->orphans--;
    t->late++;
  }
  uint64_t tripped = trp_tool_take_trip(t, now_ms(job));
  pthread_mutex_unlock(&t->lock);
  trp_tool_report_trip(sys, t, tripped);
  /* The executor's reference still holds the job, and its hold the loop. */
  if (wanted) {
    job_ref(job); /* the message's */
    trp_post(sys, job->msg);
  }
  if (t->ops.start) {
    job->finish.run = on_finish;
    trp_loop_post(job->loop, &job->finish);
  }
}

/* ---- the owner's side ---------------------------------------------------------------------- */

static void on_cancel(trp_loop *loop, trp_loop_task *task) {
  troupe_call *job = TRP_CONTAINER(task, troupe_call, cancel);
  trp_assert_on_loop(loop);
  bool ended = job->closed || atomic_load_explicit(&job->ended, memory_order_acquire);
  if (!ended) job->tool->ops.cancel(job, job->tool->user);
  trp_job_unref(job);
}

trp_job_state trp_job_leave(troupe_call *job, trp_job_state to, bool counts) {
  trp_tool *t = job->tool;
  pthread_mutex_lock(&t->lock);
  trp_job_state was = job->state;
  TRP_ASSERT(was <= TRP_JOB_DONE);
  if (was == TRP_JOB_QUEUED) {
    job->state = to;
    give_back(job);
  } else if (was == TRP_JOB_RUNNING) {
    job->state = to;
    t->orphans++;
    job->timed = counts;
    if (counts) record(job, TROUPE_OUTCOME_TIMEOUT);
  }
  uint64_t tripped = trp_tool_take_trip(t, now_ms(job));
  /* Under the lock the executor cannot end in between, so the loop is still there. */
  if (was == TRP_JOB_RUNNING) {
    atomic_store_explicit(&job->cancelled, true, memory_order_relaxed);
    if (t->ops.cancel) {
      job_ref(job); /* the cancel's */
      job->cancel.run = on_cancel;
      trp_loop_post(job->loop, &job->cancel);
    }
  }
  pthread_mutex_unlock(&t->lock);
  trp_tool_report_trip(job->sys, t, tripped);
  return was;
}

uint64_t trp_job_started_ns(troupe_call *job) {
  pthread_mutex_lock(&job->tool->lock);
  uint64_t at = job->started_ns;
  pthread_mutex_unlock(&job->tool->lock);
  return at;
}

/* ---- what tools call ----------------------------------------------------------------------- */

const void *troupe_call_args(const troupe_call *call, size_t *len) {
  *len = call->args->len;
  return call->args->data;
}

uint32_t troupe_call_attempt(const troupe_call *call) { return call->attempt; }
size_t troupe_call_max_result(const troupe_call *call) { return call->max_result; }
troupe_system *troupe_call_system(const troupe_call *call) { return call->sys; }

bool troupe_call_cancelled(const troupe_call *call) {
  return atomic_load_explicit(&call->cancelled, memory_order_relaxed);
}

void *troupe_call_state(const troupe_call *call) { return call->tool_state; }
void troupe_call_set_state(troupe_call *call, void *state) { call->tool_state = state; }

int troupe_call_open(const troupe_call *call, const char *path, size_t len, int flags,
                     unsigned mode, int *fd) {
  return trp_grants_open(call->grants, path, len, flags, (mode_t)mode, fd);
}

int troupe_call_open_parent(const troupe_call *call, const char *path, size_t len, bool write,
                            int *fd, char *name) {
  return trp_grants_open_parent(call->grants, path, len, write, fd, name);
}

bool troupe_call_may_exec(const troupe_call *call, const char *program, size_t len) {
  return trp_grants_may_exec(call->grants, program, len);
}

/* The first end wins. */
static bool claim(troupe_call *call) {
  return !atomic_exchange_explicit(&call->ended, true, memory_order_acq_rel);
}

static void fill(troupe_call *call, const char *code, const char *message) {
  snprintf(call->result.code, sizeof call->result.code, "%s", code ? code : "error");
  snprintf(call->result.message, sizeof call->result.message, "%s", message ? message : "");
}

void troupe_call_finish(troupe_call *call, const void *data, size_t len) {
  if (!claim(call)) return;
  troupe_outcome outcome = TROUPE_OUTCOME_OK;
  if (len > call->max_result) {
    outcome = TROUPE_OUTCOME_PERMANENT;
    trp_count_limit(call->sys, TROUPE_LIMIT_MESSAGE_BYTES);
    fill(call, "too_big", "the result is larger than the tool's limit");
  } else if (len) {
    call->result.data = trp_alloc(&call->sys->allocator, len);
    if (call->result.data) {
      memcpy(call->result.data, data, len);
      call->result.len = len;
    } else {
      outcome = TROUPE_OUTCOME_TRANSIENT;
      fill(call, "no_memory", "there is no memory for the result");
    }
  }
  end(call, outcome);
}

void troupe_call_fail(troupe_call *call, troupe_outcome outcome, const char *code,
                      const char *message) {
  if (!claim(call)) return;
  if (outcome == TROUPE_OUTCOME_OK) outcome = TROUPE_OUTCOME_TRANSIENT; /* a tool's bug */
  fill(call, code, message);
  end(call, outcome);
}

void troupe_call_fail_errno(troupe_call *call, int err, const char *what) {
  char code[TRP_JOB_CODE_MAX], message[TRP_JOB_MESSAGE_MAX];
  uv_err_name_r(err, code, sizeof code);
  snprintf(message, sizeof message, "%s%s%s", what ? what : "", what ? ": " : "",
           troupe_strerror(err));
  troupe_call_fail(call, troupe_outcome_of_errno(err), code, message);
}

void troupe_call_set_retry_after(troupe_call *call, uint64_t ms) {
  call->result.retry_after_ms = ms;
}
void troupe_call_set_not_executed(troupe_call *call) { call->result.not_executed = true; }
