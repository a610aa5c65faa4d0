/* Registering and finding tools. The list only grows, so finding takes no lock. */
#include "tools/registry.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "actors/actor.h"
#include "actors/base/mem.h"
#include "actors/system.h"

typedef struct tool_table {
  _Atomic(trp_tool *) newest;
  pthread_mutex_t lock; /* registering only; before a tool's own lock */
  unsigned count;
} tool_table;

static void free_tool(troupe_system *sys, trp_tool *t) {
  pthread_mutex_destroy(&t->lock);
  trp_free(trp_system_allocator(sys), t, sizeof *t);
}

static void free_table(troupe_system *sys, void *ptr) {
  tool_table *table = ptr;
  trp_tool *t = atomic_load_explicit(&table->newest, memory_order_relaxed);
  while (t) {
    trp_tool *next = t->next;
    if (t->ops.free) t->ops.free(t->user);
    free_tool(sys, t);
    t = next;
  }
  pthread_mutex_destroy(&table->lock);
  trp_free(trp_system_allocator(sys), table, sizeof *table);
}

/* The system's table; makes it when there is none. NULL: no memory. */
static tool_table *table_of(troupe_system *sys) {
  tool_table *table = trp_system_ext(sys, TRP_EXT_TOOLS);
  if (table) return table;
  table = trp_zalloc(trp_system_allocator(sys), sizeof *table);
  if (!table) return NULL;
  pthread_mutex_init(&table->lock, NULL);
  tool_table *winner = trp_system_set_ext(sys, TRP_EXT_TOOLS, table, free_table);
  if (winner != table) free_table(sys, table);
  return winner;
}

/* acquire: pairs with the release in publish(); makes the tool visible */
static trp_tool *newest(tool_table *table) {
  return table ? atomic_load_explicit(&table->newest, memory_order_acquire) : NULL;
}

trp_tool *trp_tool_next(troupe_system *sys, const trp_tool *after) {
  return after ? after->next : newest(trp_system_ext(sys, TRP_EXT_TOOLS));
}

static trp_tool *find(tool_table *table, const char *name, size_t len) {
  trp_tool *t = newest(table);
  while (t && !(t->name_len == len && memcmp(t->name, name, len) == 0))
    t = t->next;
  return t;
}

trp_tool *trp_tool_find(troupe_system *sys, const char *name, size_t len) {
  return find(trp_system_ext(sys, TRP_EXT_TOOLS), name, len);
}

static int refuse(char *msg, size_t msg_len, const char *name, const char *why) {
  if (msg && msg_len) snprintf(msg, msg_len, "tool \"%.*s\": %s", TRP_TOOL_NAME_MAX, name, why);
  return TROUPE_E_INVALID;
}

static void set_default(uint32_t *field, uint32_t value) {
  if (*field == 0) *field = value;
}

static void complete(troupe_tool_policy *p, const troupe_tool_ops *ops, uint32_t max_message) {
  set_default(&p->attempt_ms, 30000);
  set_default(&p->attempts, TRP_RETRY_ATTEMPTS);
  set_default(&p->base_ms, TRP_RETRY_BASE_MS);
  set_default(&p->max_ms, p->base_ms > TRP_RETRY_MAX_MS ? p->base_ms : TRP_RETRY_MAX_MS);
  set_default(&p->max_open, ops->run ? 1000 : 100);
  if (p->factor == 0.0) p->factor = TRP_RETRY_FACTOR;
  if (p->max_result_bytes == 0 || p->max_result_bytes > max_message)
    p->max_result_bytes = max_message;
}

static trp_retry_config retry_of(const troupe_tool_policy *p) {
  return (trp_retry_config){.attempts = p->preset_none ? 1 : p->attempts,
                            .base_ms = p->base_ms,
                            .max_ms = p->max_ms,
                            .factor = p->factor,
                            .idempotent = p->idempotent,
                            .retry_unsafe = p->retry_unsafe};
}

static trp_breaker_config breaker_of(const troupe_tool_policy *p) {
  return (trp_breaker_config){.consecutive = p->breaker_failures,
                              .open_ms = p->breaker_open_ms,
                              .probes = p->breaker_probes,
                              .lease_ms = (uint64_t)p->attempt_ms + 1000};
}

static int check(const char *name, const troupe_tool_ops *ops, const troupe_tool_policy *p,
                 char *msg, size_t msg_len) {
  char why[160];
  size_t len = strnlen(name, TRP_TOOL_NAME_MAX + 1);
  if (len == 0 || len > TRP_TOOL_NAME_MAX)
    return refuse(msg, msg_len, name, "a name has 1 to 64 bytes");
  if (!ops->run == !ops->start)
    return refuse(msg, msg_len, name, "exactly one of run and start must be set");
  if (p->attempts > 1 && !p->preset_none && !p->idempotent && !p->retry_unsafe)
    return refuse(
        msg, msg_len, name,
        "attempts > 1 needs idempotent (a second execution does no harm) or retry_unsafe; "
        "without attempts, failures that prove non-execution are still retried");
  trp_retry_config retry = retry_of(p);
  if (trp_retry_config_check(&retry, why, sizeof why)) return refuse(msg, msg_len, name, why);
  trp_breaker_config breaker = breaker_of(p);
  breaker.lease_ms = 0; /* derived; attempt_ms may still be zero here */
  if (trp_breaker_config_check(&breaker, why, sizeof why)) return refuse(msg, msg_len, name, why);
  return TROUPE_OK;
}

static trp_tool *make(troupe_system *sys, const char *name, const troupe_tool_ops *ops,
                      size_t ops_size, void *user, const troupe_tool_policy *policy) {
  trp_tool *t = trp_zalloc(trp_system_allocator(sys), sizeof *t);
  if (!t) return NULL;
  t->name_len = strlen(name);
  memcpy(t->name, name, t->name_len);
  memcpy(&t->ops, ops, ops_size);
  t->user = user;
  t->policy = *policy;
  complete(&t->policy, &t->ops, sys->config.max_message_bytes);
  trp_retry_config retry = retry_of(&t->policy);
  t->retry = trp_retry_config_complete(&retry);
  t->has_breaker = !t->policy.preset_none;
  trp_breaker_config breaker = breaker_of(&t->policy);
  trp_breaker_init(&t->breaker, &breaker);
  trp_retry_budget_init(&t->budget, NULL);
  trp_system_split_rand(sys, &t->rand);
  pthread_mutex_init(&t->lock, NULL);
  return t;
}

/* Newer ones hide older ones of the same name. */
static int publish(tool_table *table, trp_tool *t, const trp_tool *hides) {
  int err = TROUPE_OK;
  pthread_mutex_lock(&table->lock);
  const trp_tool *same = find(table, t->name, t->name_len);
  if (same && same != hides)
    err = TROUPE_E_ALREADY_REGISTERED;
  else if (table->count >= TRP_TOOLS_MAX)
    err = TROUPE_E_LIMIT;
  if (!err) {
    table->count++;
    t->next = atomic_load_explicit(&table->newest, memory_order_relaxed);
    /* release: pairs with the acquire in newest() */
    atomic_store_explicit(&table->newest, t, memory_order_release);
  }
  pthread_mutex_unlock(&table->lock);
  return err;
}

/* What a caller's struct holds; 0 stands for a caller that left `size` out. */
static size_t sized(size_t given, size_t ours) { return given == 0 || given > ours ? ours : given; }

int troupe_tool_register(troupe_system *sys, const char *name, const troupe_tool_ops *ops,
                         void *user, const troupe_tool_policy *policy, char *msg, size_t msg_len) {
  troupe_tool_policy p = {0};
  if (msg && msg_len) msg[0] = '\0';
  if (!name || !ops) return TROUPE_E_INVALID;
  size_t ops_size = sized(ops->size, sizeof *ops);
  if (policy) memcpy(&p, policy, sized(policy->size, sizeof p));
  int err = check(name, ops, &p, msg, msg_len);
  if (err) return err;
  tool_table *table = table_of(sys);
  trp_tool *t = table ? make(sys, name, ops, ops_size, user, &p) : NULL;
  if (!t) return TROUPE_E_NO_MEMORY;
  err = publish(table, t, NULL);
  if (err) {
    free_tool(sys, t);
    if (msg && msg_len) snprintf(msg, msg_len, "tool \"%s\": %s", name, troupe_strerror(err));
    return err;
  }
  if (p.retry_unsafe && !p.idempotent)
    trp_log_write(&sys->log, TROUPE_LOG_INFO, "tools",
                  "\"%s\" is retried although it is not idempotent", name);
  return TROUPE_OK;
}

int trp_tool_derive_check(const char *name, const trp_tool *base, const troupe_tool_policy *policy,
                          char *msg, size_t msg_len) {
  return check(name, &base->ops, policy, msg, msg_len);
}

int trp_tool_derive(troupe_system *sys, const char *name, const char *base,
                    const troupe_tool_policy *policy, char *msg, size_t msg_len) {
  if (msg && msg_len) msg[0] = '\0';
  const trp_tool *from = trp_tool_find(sys, base, strlen(base));
  if (!from) {
    refuse(msg, msg_len, base, troupe_strerror(TROUPE_E_NOT_FOUND));
    return TROUPE_E_NOT_FOUND;
  }
  int err = trp_tool_derive_check(name, from, policy, msg, msg_len);
  if (err) return err;
  troupe_tool_policy p = *policy;
  if (p.attempts == 0) p.attempts = from->policy.attempts;
  troupe_tool_ops ops = from->ops;
  ops.free = NULL; /* the base does that, and is freed after what was derived from it */
  trp_tool *t = make(sys, name, &ops, sizeof ops, from->user, &p);
  if (!t) return TROUPE_E_NO_MEMORY;
  err = publish(table_of(sys), t, from);
  if (err) {
    free_tool(sys, t);
    refuse(msg, msg_len, name, troupe_strerror(err));
  }
  return err;
}

uint64_t trp_tool_take_trip(trp_tool *t, uint64_t now_ms) {
  if (t->breaker.trips == t->trips) return 0;
  t->trips = t->breaker.trips;
  return t->breaker.retry_at_ms > now_ms ? t->breaker.retry_at_ms - now_ms : 1;
}

void trp_tool_report_trip(troupe_system *sys, trp_tool *t, uint64_t open_ms) {
  if (open_ms == 0) return;
  trp_count(&sys->counters.breaker_trips);
  trp_log_write(&sys->log, TROUPE_LOG_WARN, "tools",
                "the circuit of \"%s\" is open for %" PRIu64 " ms", t->name, open_ms);
}

int troupe_tool_read_info(troupe_system *sys, const char *name, troupe_tool_info *out) {
  trp_tool *t = trp_tool_find(sys, name, strlen(name));
  if (!t) return TROUPE_E_NOT_FOUND;
  uint64_t now_ms = trp_system_now_ns(sys) / TRP_NS_PER_MS;
  pthread_mutex_lock(&t->lock);
  troupe_tool_info info = {.size = out->size,
                           .breaker =
                               trp_breaker_state_name(trp_breaker_state_at(&t->breaker, now_ms)),
                           .trips = t->breaker.trips,
                           .late = t->late,
                           .open = t->open,
                           .orphans = t->orphans};
  pthread_mutex_unlock(&t->lock);
  memcpy(out, &info, sized(out->size, sizeof info));
  return TROUPE_OK;
}
