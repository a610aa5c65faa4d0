/* The course of a tool call, on its owner's thread: policies decide, jobs execute. Called by the
 * scripting layer and C behaviours; called back through the ledger. */
#include "tools/call.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "actors/base/mem.h"
#include "actors/system.h"
#include "tools/job.h"
#include "tools/registry.h"

typedef enum call_state { ATTEMPT, SLEEPING, REFUSED } call_state;

/* The failure as it is kept until it is told. */
typedef struct failure {
  trp_retry_failure policy;
  char code[TRP_JOB_CODE_MAX];
  char message[TRP_JOB_MESSAGE_MAX];
} failure;

typedef struct call {
  trp_item item;
  call_state state;
  void *user;
  trp_tool *tool; /* NULL: there is none of this name */
  trp_grants *grants;
  trp_args *args;
  uint64_t deadline_ns; /* of the whole call; 0: none */
  size_t max_result;
  trp_retry retry;
  uint32_t attempts; /* made */
  bool budget_exhausted;
  troupe_call *job;
  failure last; /* REFUSED, SLEEPING: why */
  char name[TRP_TOOL_NAME_MAX + 1];
} call;

static void set_failure(failure *f, troupe_outcome outcome, const char *code, const char *message) {
  *f = (failure){.policy.outcome = outcome};
  snprintf(f->code, sizeof f->code, "%s", code);
  snprintf(f->message, sizeof f->message, "%s", message);
}

static failure failure_of(const trp_job_result *r) {
  failure f;
  set_failure(&f, r->outcome, r->code, r->message);
  f.policy.retry_after_ms = r->retry_after_ms;
  f.policy.not_executed = r->not_executed;
  return f;
}

static int number_of(const failure *f) {
  static const struct {
    const char *code;
    int number;
  } table[] = {{"not_found", TROUPE_E_NOT_FOUND}, {"denied", TROUPE_E_DENIED},
               {"timeout", TROUPE_E_TIMEOUT},     {"circuit_open", TROUPE_E_CIRCUIT_OPEN},
               {"cancelled", TROUPE_E_CANCELLED}, {"no_memory", TROUPE_E_NO_MEMORY}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    if (strcmp(f->code, table[i].code) == 0) return table[i].number;
  }
  return TROUPE_E_TOOL;
}

/* ---- the end ------------------------------------------------------------------------------- */

static void free_call(troupe_actor *a, call *c) {
  const troupe_allocator *al = &a->sys->allocator;
  trp_job_unref(c->job);
  trp_args_unref(al, c->args);
  troupe_grants_unref(c->grants);
  trp_free(al, c, sizeof *c);
}

static void succeed(troupe_actor *a, call *c, const trp_job_result *r) {
  troupe_event e = {.id = c->item.id, .user = c->user, .data = r->data, .len = r->len};
  trp_ledger_remove(&a->ledger, &c->item);
  free_call(a, c); /* the message in hand still holds the job and so the data */
  trp_actor_resume(a, &e);
}

static void fail(troupe_actor *a, call *c, const failure *why) {
  failure f = *why; /* it may lie in the call */
  char name[TRP_TOOL_NAME_MAX + 1];
  memcpy(name, c->name, sizeof name);
  troupe_outcome outcome = f.policy.outcome;
  trp_call_failure told = {.outcome = outcome,
                           .code = f.code,
                           .message = f.message,
                           .tool = name,
                           .attempts = c->attempts,
                           .retry_after_ms = f.policy.retry_after_ms,
                           .retryable = outcome == TROUPE_OUTCOME_TRANSIENT ||
                                        outcome == TROUPE_OUTCOME_TIMEOUT ||
                                        outcome == TROUPE_OUTCOME_THROTTLED,
                           .budget_exhausted = c->budget_exhausted};
  troupe_event e = {.id = c->item.id,
                    .user = c->user,
                    .code = number_of(&f),
                    .data = &told,
                    .len = sizeof told,
                    .detail = f.message};
  trp_count(&a->sys->counters.call_failures);
  trp_ledger_remove(&a->ledger, &c->item);
  free_call(a, c);
  trp_actor_resume(a, &e);
}

/* ---- attempts ------------------------------------------------------------------------------ */

static uint64_t earlier(uint64_t a, uint64_t b) { return b != 0 && b < a ? b : a; }

/* Asks breaker and bulkhead. False: f says why not. */
static bool admit(troupe_actor *a, call *c, trp_permit *permit, failure *f) {
  trp_tool *t = c->tool;
  uint64_t now = trp_clock_ms(&a->sys->clock);
  char text[TRP_JOB_MESSAGE_MAX];
  bool ok = true;
  *permit = (trp_permit){0};
  pthread_mutex_lock(&t->lock);
  if (t->has_breaker && !trp_breaker_acquire(&t->breaker, now, permit)) {
    uint64_t wait = permit->retry_at_ms > now ? permit->retry_at_ms - now : 1;
    snprintf(text, sizeof text, "%s failed too often and is not called for %" PRIu64 " ms", t->name,
             wait);
    set_failure(f, TROUPE_OUTCOME_REJECTED, "circuit_open", text);
    f->policy.retry_after_ms = wait;
    ok = false;
  } else if (t->open >= t->policy.max_open) {
    if (t->has_breaker) trp_breaker_release(&t->breaker, *permit, now);
    snprintf(text, sizeof text,
             "%s has %" PRIu32 " attempts under way, %" PRIu32 " of them given up", t->name,
             t->open, t->orphans);
    set_failure(f, TROUPE_OUTCOME_REJECTED, "bulkhead_full", text);
    ok = false;
  } else {
    t->open++;
  }
  uint64_t tripped = trp_tool_take_trip(t, now);
  pthread_mutex_unlock(&t->lock);
  trp_tool_report_trip(a->sys, t, tripped);
  return ok;
}

static void take_back(troupe_actor *a, call *c, trp_permit permit) {
  trp_tool *t = c->tool;
  pthread_mutex_lock(&t->lock);
  t->open--;
  if (t->has_breaker) trp_breaker_release(&t->breaker, permit, trp_clock_ms(&a->sys->clock));
  pthread_mutex_unlock(&t->lock);
}

/* Begins the next attempt. False: f says why it did not begin. */
static bool start_attempt(troupe_actor *a, call *c, failure *f) {
  trp_permit permit;
  if (!admit(a, c, &permit, f)) return false;
  trp_loop *loop = NULL;
  int err = trp_system_loop(a->sys, &loop);
  if (!err) {
    c->job = trp_job_new(a->sys, loop, c->tool, c->grants, c->args, c->attempts + 1, c->max_result,
                         permit, a->pid, c->item.id);
    if (!c->job) err = TROUPE_E_NO_MEMORY;
  }
  uint64_t limit = trp_clock_ns(&a->sys->clock) + c->tool->policy.attempt_ms * TRP_NS_PER_MS;
  if (!err) err = trp_ledger_set_deadline(&a->ledger, &c->item, earlier(limit, c->deadline_ns));
  if (err) {
    take_back(a, c, permit);
    trp_job_unref(c->job);
    c->job = NULL;
    bool memory = err == TROUPE_E_NO_MEMORY;
    set_failure(f, TROUPE_OUTCOME_TRANSIENT, memory ? "no_memory" : "system", troupe_strerror(err));
    return false;
  }
  c->state = ATTEMPT;
  c->attempts++;
  trp_job_submit(c->job);
  return true;
}

/* An attempt after the first. When it may not begin, the failure before it tells more. */
static void start_retry(troupe_actor *a, call *c) {
  failure ignored;
  trp_retry_started(&c->retry);
  trp_count(&a->sys->counters.retries);
  if (!start_attempt(a, c, &ignored)) fail(a, c, &c->last);
}

/* The attempt has failed: retry, or tell. */
static void attempt_failed(troupe_actor *a, call *c, const failure *f) {
  trp_tool *t = c->tool;
  uint64_t now = trp_clock_ns(&a->sys->clock);
  trp_job_unref(c->job);
  c->job = NULL;
  c->last = *f;
  pthread_mutex_lock(&t->lock);
  trp_retry_decision d = trp_retry_failed(&c->retry, &t->retry, &t->budget, &f->policy,
                                          now / TRP_NS_PER_MS, trp_rand_double(&t->rand));
  pthread_mutex_unlock(&t->lock);
  c->budget_exhausted = d.why == TRP_RETRY_WHY_BUDGET;
  if (!d.retry) {
    fail(a, c, &c->last);
  } else if (d.delay_ms == 0) {
    start_retry(a, c);
  } else {
    c->state = SLEEPING;
    int err = trp_ledger_set_deadline(&a->ledger, &c->item, now + d.delay_ms * TRP_NS_PER_MS);
    if (err) fail(a, c, &c->last);
  }
}

/* ---- called back through the ledger -------------------------------------------------------- */

static void call_deliver(troupe_actor *a, trp_item *it, trp_msg *m) {
  call *c = TRP_CONTAINER(it, call, item);
  troupe_call *job = m->ptr;
  TRP_ASSERT(c->state == ATTEMPT && c->job == job);
  if (job->result.outcome == TROUPE_OUTCOME_OK) {
    pthread_mutex_lock(&c->tool->lock);
    trp_retry_succeeded(&c->retry, &c->tool->budget);
    pthread_mutex_unlock(&c->tool->lock);
    succeed(a, c, &job->result);
  } else {
    failure f = failure_of(&job->result);
    attempt_failed(a, c, &f);
  }
  trp_msg_free(a->sys, m);
}

/* The attempt's time, or the whole call's, is up. */
static void attempt_expired(troupe_actor *a, call *c) {
  uint64_t now = trp_clock_ns(&a->sys->clock);
  uint64_t attempt_ns = c->tool->policy.attempt_ms * TRP_NS_PER_MS;
  uint64_t started = trp_job_started_ns(c->job);
  bool over = c->deadline_ns != 0 && now >= c->deadline_ns;
  if (!over && started != 0 && started + attempt_ns > now) { /* it had to wait for its thread */
    uint64_t at = earlier(started + attempt_ns, c->deadline_ns);
    if (trp_ledger_set_deadline(&a->ledger, &c->item, at) == TROUPE_OK) return;
  }
  bool had_its_time = started != 0 && now - started >= attempt_ns;
  trp_job_state was = trp_job_leave(c->job, TRP_JOB_TIMED_OUT, had_its_time);
  if (was == TRP_JOB_DONE) return; /* in time after all: the message is on its way */
  failure f;
  if (was == TRP_JOB_QUEUED && !over) {
    set_failure(&f, TROUPE_OUTCOME_REJECTED, "queue_timeout", "no thread became free in time");
  } else {
    char text[TRP_JOB_MESSAGE_MAX];
    snprintf(text, sizeof text, "%s did not answer in time", c->tool->name);
    set_failure(&f, TROUPE_OUTCOME_TIMEOUT, "timeout", text);
  }
  f.policy.not_executed = was == TRP_JOB_QUEUED;
  attempt_failed(a, c, &f);
}

static void call_expire(troupe_actor *a, trp_item *it) {
  call *c = TRP_CONTAINER(it, call, item);
  switch (c->state) {
  case REFUSED:
    fail(a, c, &c->last);
    break;
  case SLEEPING:
    start_retry(a, c);
    break;
  case ATTEMPT:
    attempt_expired(a, c);
    break;
  }
}

/* Off the ledger already. */
static void give_up(troupe_actor *a, call *c) {
  trp_count(&a->sys->counters.call_failures);
  if (c->job) trp_job_leave(c->job, TRP_JOB_CANCELLED, false);
  if (c->tool && c->state != REFUSED) {
    pthread_mutex_lock(&c->tool->lock);
    trp_retry_cancelled(&c->retry, &c->tool->budget);
    pthread_mutex_unlock(&c->tool->lock);
  }
  free_call(a, c);
}

static void call_settle(troupe_actor *a, trp_item *it) {
  give_up(a, TRP_CONTAINER(it, call, item));
}

static const trp_item_ops call_ops = {.name = "call",
                                      .limit = TRP_CALLS_MAX,
                                      .counts_as = TROUPE_LIMIT_CALLS,
                                      .index = TRP_ITEM_CALL,
                                      .deliver = call_deliver,
                                      .expire = call_expire,
                                      .settle = call_settle};

bool troupe_actor_cancel_call(troupe_actor *self, uint64_t id) {
  trp_item *it = trp_ledger_find(&self->ledger, id);
  if (!it || it->ops != &call_ops) return false;
  trp_ledger_remove(&self->ledger, it);
  give_up(self, TRP_CONTAINER(it, call, item));
  return true;
}

/* ---- the start ----------------------------------------------------------------------------- */

/* False: f says why the call will not be made. */
static bool permitted(const call *c, failure *f) {
  char text[TRP_JOB_MESSAGE_MAX];
  if (!c->tool) {
    snprintf(text, sizeof text, "there is no tool \"%s\"", c->name);
    set_failure(f, TROUPE_OUTCOME_REJECTED, "not_found", text);
    return false;
  }
  if (c->tool->policy.checks_itself ||
      trp_grants_may_tool(c->grants, c->tool->name, c->tool->name_len))
    return true;
  snprintf(text, sizeof text, "the actor may not call \"%s\": permissions.tools does not name it",
           c->name);
  set_failure(f, TROUPE_OUTCOME_REJECTED, "denied", text);
  return false;
}

static uint64_t deadline_of(const call *c, uint32_t timeout_ms, uint64_t now_ns) {
  uint32_t total = c->tool ? c->tool->policy.total_ms : 0;
  uint32_t ms = (uint32_t)earlier(timeout_ms ? timeout_ms : UINT32_MAX, total);
  return ms == UINT32_MAX ? 0 : now_ns + ms * TRP_NS_PER_MS;
}

static call *new_call(troupe_actor *a, const char *name, size_t name_len, trp_grants *grants,
                      const void *args, size_t len) {
  const troupe_allocator *al = &a->sys->allocator;
  call *c = trp_zalloc(al, sizeof *c);
  if (!c) return NULL;
  c->args = trp_args_new(al, args, len);
  if (!c->args) {
    trp_free(al, c, sizeof *c);
    return NULL;
  }
  memcpy(c->name, name, name_len);
  c->grants = troupe_grants_ref(grants);
  c->tool = trp_tool_find(a->sys, name, name_len);
  return c;
}

int trp_call_start(troupe_actor *a, const char *name, size_t name_len, trp_grants *grants,
                   const void *args, size_t len, const trp_call_opts *opts, uint64_t *id) {
  static const trp_call_opts none = {0};
  if (!opts) opts = &none;
  *id = 0;
  if (name_len == 0 || name_len > TRP_TOOL_NAME_MAX || memchr(name, '\0', name_len))
    return TROUPE_E_INVALID;
  if (len > a->sys->config.max_message_bytes) return TROUPE_E_TOO_BIG;
  call *c = new_call(a, name, name_len, grants, args, len);
  if (!c) return TROUPE_E_NO_MEMORY;
  uint64_t now = trp_clock_ns(&a->sys->clock);
  c->user = opts->user;
  c->max_result = c->tool ? c->tool->policy.max_result_bytes : 0;
  if (opts->max_result_bytes && opts->max_result_bytes < c->max_result)
    c->max_result = opts->max_result_bytes;
  c->deadline_ns = deadline_of(c, opts->timeout_ms, now);
  trp_retry_init(&c->retry, c->deadline_ns / TRP_NS_PER_MS);
  c->item.bytes = sizeof *c + len;
  c->item.wakes = true;
  /* Due at once unless an attempt begins. */
  int err = trp_ledger_add(&a->ledger, &c->item, &call_ops, now ? now : 1);
  if (err) {
    free_call(a, c);
    return err;
  }
  trp_count(&a->sys->counters.calls);
  *id = c->item.id;
  c->state = REFUSED;
  if (permitted(c, &c->last)) start_attempt(a, c, &c->last);
  return TROUPE_OK;
}

int troupe_actor_call(troupe_actor *self, const char *tool, const void *args, size_t len,
                      const troupe_call_opts *opts, uint64_t *id) {
  trp_call_opts o = {0};
  if (opts) o = (trp_call_opts){.timeout_ms = opts->timeout_ms, .user = opts->user};
  return trp_call_start(self, tool, strlen(tool), opts ? opts->grants : NULL, args, len, &o, id);
}
