/* A system without threads and with a virtual clock, and an actor that does what its test says. */
#ifndef TRP_TESTS_WORLD_H
#define TRP_TESTS_WORLD_H

#include "tests/test.h"

#include <stdatomic.h>

#include <troupe/actor.h>
#include <troupe/system.h>

#include "actors/base/clock.h"

typedef struct world {
  troupe_system *sys;
  trp_virtual_clock now;
  faulty memory;
  unsigned dead_seen; /* dead letters reported through the hook */
  troupe_dead_reason last_dead;
  unsigned filled, drained; /* mailboxes */
} world;

static inline uint64_t world_clock(void *ctx) { return atomic_load(&((world *)ctx)->now.ns); }
static inline void world_log(void *ctx, troupe_log_level level, const char *line, size_t len) {
  (void)ctx, (void)level, (void)line, (void)len;
}
static inline void world_dead(void *ctx, const troupe_dead_letter *d) {
  world *w = ctx;
  w->dead_seen++;
  w->last_dead = d->reason;
}

static inline void world_mailbox(void *ctx, const troupe_mailbox_event *e) {
  world *w = ctx;
  *(e->filled ? &w->filled : &w->drained) += 1;
}

/* Starts w->sys; the n-th allocation fails (0: none). memory_bytes 0: the default. */
static inline int world_try(world *w, long fail_at, uint64_t memory_bytes) {
  memset(w, 0, sizeof *w);
  atomic_store(&w->now.ns, TRP_NS_PER_S);
  faulty_init(&w->memory, fail_at);
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 0;
  cfg.seed = 7;
  cfg.allocator = &w->memory.allocator;
  cfg.clock = world_clock;
  cfg.clock_ctx = w;
  cfg.log = world_log;
  cfg.on_dead_letter = world_dead;
  cfg.on_dead_letter_ctx = w;
  cfg.on_mailbox = world_mailbox;
  cfg.on_mailbox_ctx = w;
  cfg.max_actors = 4096;
  cfg.memory_bytes = memory_bytes;
  return troupe_system_start(&w->sys, &cfg);
}
static inline int world_try_start(world *w, long fail_at) { return world_try(w, fail_at, 0); }

static inline void world_start(world *w) { assert_int_equal(world_try_start(w, 0), TROUPE_OK); }
static inline void world_start_bounded(world *w, uint64_t memory_bytes) {
  assert_int_equal(world_try(w, 0, memory_bytes), TROUPE_OK);
}

/* Runs until nothing is runnable; time stands still. */
static inline void world_settle(world *w) {
  while (troupe_system_step(w->sys, 0)) {
  }
}

/* Moves the clock on by ms, stopping at every timer on the way. */
static inline void world_pass(world *w, uint64_t ms) {
  uint64_t end = atomic_load(&w->now.ns) + ms * TRP_NS_PER_MS;
  world_settle(w);
  for (;;) {
    int64_t next = troupe_system_next_ms(w->sys);
    uint64_t at = atomic_load(&w->now.ns) + (uint64_t)(next < 0 ? 0 : next) * TRP_NS_PER_MS;
    if (next < 0 || at > end) break;
    atomic_store(&w->now.ns, at);
    world_settle(w);
  }
  atomic_store(&w->now.ns, end);
  world_settle(w);
}

static inline void world_stop(world *w) {
  assert_int_equal(troupe_system_stop(w->sys, 1000), TROUPE_OK);
  troupe_stats s;
  troupe_system_stats(w->sys, &s);
  assert_int_equal(s.actors, 0);
  uint64_t dead = 0;
  for (int i = 0; i < TROUPE_DEAD_COUNT; i++) {
    if (i != TROUPE_DEAD_LATE_REPLY) dead += s.dead[i];
  }
  assert_int_equal(s.sent, s.handled + dead); /* nothing disappears silently */
  troupe_system_free(w->sys);
  faulty_check(&w->memory);
}

/* ---- the actor ----------------------------------------------------------------------------- */

typedef struct probe probe;
typedef struct probe_script { /* what a test wants it to do; NULL: nothing special */
  int (*init)(troupe_actor *a, probe *p);
  int (*receive)(troupe_actor *a, probe *p, const troupe_message *m);
  void (*resume)(troupe_actor *a, probe *p, const troupe_event *e);
  void (*child)(troupe_actor *a, probe *p, troupe_child *c, troupe_child_event e);
  int (*stop)(troupe_actor *a, probe *p, const troupe_exit *why);
} probe_script;

/* Lives outside the actor, over all its generations. */
struct probe {
  probe_script script;
  unsigned inits, finis, stops, tells, asks, downs, timers, events, gone;
  char kinds[256]; /* of everything received, joined by spaces */
  troupe_exit_class down_class;
  uint64_t down_id;
  troupe_event last; /* strings and data are not kept */
  char detail[128];
  char data[128];
  troupe_exit_class exit_class; /* seen by `stop` */
  troupe_pid self;
  uint64_t id;
  void *user;
};

static inline int probe_init(troupe_actor *a, void *arg) {
  probe *p = arg;
  p->inits++;
  p->self = troupe_actor_pid(a);
  troupe_actor_set_state(a, p);
  return p->script.init ? p->script.init(a, p) : TROUPE_OK;
}
static inline int probe_receive(troupe_actor *a, const troupe_message *m) {
  probe *p = troupe_actor_state(a);
  int rc = p->script.receive ? p->script.receive(a, p, m) : TROUPE_OK;
  if (rc == TROUPE_SKIP) return rc;
  switch (m->type) {
  case TROUPE_MESSAGE_TELL:
    p->tells++;
    break;
  case TROUPE_MESSAGE_ASK:
    p->asks++;
    break;
  case TROUPE_MESSAGE_DOWN:
    p->downs++;
    p->down_class = m->reason->class_;
    p->down_id = m->id;
    break;
  case TROUPE_MESSAGE_TIMER:
    p->timers++;
    break;
  }
  if (*m->kind) {
    size_t at = strlen(p->kinds);
    snprintf(p->kinds + at, sizeof p->kinds - at, "%s%s", at ? " " : "", m->kind);
  }
  return rc;
}
static inline void probe_resume(troupe_actor *a, const troupe_event *e) {
  probe *p = troupe_actor_state(a);
  p->events++;
  p->last = *e;
  snprintf(p->detail, sizeof p->detail, "%s", e->detail ? e->detail : "");
  snprintf(p->data, sizeof p->data, "%.*s", (int)e->len, e->data ? (const char *)e->data : "");
  if (p->script.resume) p->script.resume(a, p, e);
}
static inline void probe_child(troupe_actor *a, troupe_child *c, troupe_child_event e) {
  probe *p = troupe_actor_state(a);
  if (p->script.child)
    p->script.child(a, p, c, e);
  else if (e == TROUPE_CHILD_EXITED)
    troupe_child_release(a, c);
}
static inline int probe_stop(troupe_actor *a, const troupe_exit *why) {
  probe *p = troupe_actor_state(a);
  p->stops++;
  p->exit_class = why->class_;
  return p->script.stop ? p->script.stop(a, p, why) : TROUPE_OK;
}
static inline void probe_fini(troupe_actor *a) {
  probe *p = troupe_actor_state(a);
  if (p) p->finis++;
}
static inline void probe_gone(void *arg) { ((probe *)arg)->gone++; }

static const troupe_behavior probe_behavior = {.size = sizeof probe_behavior,
                                               .name = "probe",
                                               .init = probe_init,
                                               .receive = probe_receive,
                                               .resume = probe_resume,
                                               .child = probe_child,
                                               .stop = probe_stop,
                                               .fini = probe_fini};

static inline troupe_spawn_opts probe_opts(probe *p) {
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &probe_behavior;
  o.arg = p;
  o.arg_free = probe_gone;
  return o;
}

static inline troupe_pid probe_spawn(world *w, probe *p) {
  troupe_spawn_opts o = probe_opts(p);
  troupe_pid pid;
  assert_int_equal(troupe_spawn(w->sys, &pid, &o), TROUPE_OK);
  world_settle(w);
  return pid;
}

#endif
