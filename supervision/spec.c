/* The supervisor's own copy of its spec. */
#include "supervision/spec.h"

#include "actors/base/assert.h"
#include "actors/base/mem.h"
#include "supervision/budget.h"
#include "supervision/supervisor.h"

#include <stdatomic.h>
#include <string.h>

#define DEFAULT_SHUTDOWN_MS 5000
#define DEFAULT_ESCALATION_MS 10000

/* The public enums are the internal ones under other names. */
_Static_assert((int)TROUPE_ONE_FOR_ONE == (int)TRP_STRATEGY_ONE_FOR_ONE &&
                   (int)TROUPE_ONE_FOR_ALL == (int)TRP_STRATEGY_ONE_FOR_ALL &&
                   (int)TROUPE_REST_FOR_ONE == (int)TRP_STRATEGY_REST_FOR_ONE &&
                   (int)TROUPE_ESCALATE == (int)TRP_STRATEGY_ESCALATE,
               "strategies");
_Static_assert((int)TROUPE_PERMANENT == (int)TRP_RESTART_PERMANENT &&
                   (int)TROUPE_TRANSIENT == (int)TRP_RESTART_TRANSIENT &&
                   (int)TROUPE_TEMPORARY == (int)TRP_RESTART_TEMPORARY,
               "restart types");
_Static_assert((int)TROUPE_AUTO_SHUTDOWN_ANY == (int)TRP_AUTO_SHUTDOWN_ANY_SIGNIFICANT &&
                   (int)TROUPE_AUTO_SHUTDOWN_ALL == (int)TRP_AUTO_SHUTDOWN_ALL_SIGNIFICANT,
               "auto shutdowns");
_Static_assert((int)TROUPE_ON_LIMIT_STOP == (int)TRP_ON_LIMIT_STOP &&
                   (int)TROUPE_ON_LIMIT_QUARANTINE == (int)TRP_ON_LIMIT_QUARANTINE,
               "limits");
_Static_assert(TROUPE_RESTARTS_MAX == TRP_BUDGET_RESTARTS_MAX, "largest budget");

trp_backoff_config trp_supervisor_spec_backoff(const troupe_backoff *b) {
  return (trp_backoff_config){.min_ms = b->min_ms,
                              .max_ms = b->max_ms,
                              .factor = b->factor,
                              .jitter = b->jitter,
                              .reset_ms = b->reset_ms,
                              .max_attempts = b->max_attempts,
                              .first_delayed = b->first_delayed,
                              .off = b->off};
}

static uint32_t restarts_of(uint32_t max_restarts) {
  if (max_restarts == TROUPE_RESTARTS_NONE) return 0;
  return max_restarts ? max_restarts : TRP_BUDGET_MAX_RESTARTS;
}

static uint64_t window_of(uint64_t window_ms) {
  return window_ms ? window_ms : TRP_BUDGET_WINDOW_MS;
}

static uint32_t shutdown_of(const troupe_child_spec *c) {
  if (c->shutdown_ms == TROUPE_SHUTDOWN_KILL) return 0;
  if (c->shutdown_ms) return c->shutdown_ms;
  return c->supervisor ? TROUPE_INFINITY : DEFAULT_SHUTDOWN_MS;
}

/* Fills in *to, which is zeroed. After an error the caller frees what is there. */
static int copy_child(trp_child_spec *to, const troupe_allocator *al, const troupe_child_spec *c) {
  to->restart = (trp_restart)c->restart;
  to->significant = c->significant;
  to->shutdown_ms = shutdown_of(c);
  to->limited = c->max_restarts != 0;
  to->max_restarts = restarts_of(c->max_restarts);
  to->window_ms = window_of(c->window_ms);
  to->on_limit = (trp_on_limit)c->on_limit;
  to->start = c->start;
  to->start.size = sizeof to->start;
  to->start.name = NULL;
  to->start.user = NULL;
  /* The bound of its own `stop`, which also runs after a failure. */
  to->start.shutdown_ms = to->shutdown_ms;
  to->start.init_timeout_ms = c->init_timeout_ms;
  if (c->supervisor && !c->init_timeout_ms) to->start.init_timeout_ms = TROUPE_INFINITY;
  if (c->supervisor) to->start.shutdown_ms = TROUPE_INFINITY; /* ours bounds it */
  to->arg_ref = c->arg_ref;
  if (c->arg_ref) {
    c->arg_ref(c->start.arg);
    to->start.arg_free = c->arg_unref;
  }
  to->id = trp_strndup(al, c->id, strlen(c->id));
  if (!to->id) return TROUPE_E_NO_MEMORY;
  if (c->start.name) {
    to->name = trp_strndup(al, c->start.name, strlen(c->start.name));
    if (!to->name) return TROUPE_E_NO_MEMORY;
    to->start.name = to->name;
  }
  return c->supervisor ? trp_supervisor_spec_new(&to->supervisor, al, c->supervisor) : TROUPE_OK;
}

static void free_child(trp_child_spec *c, const troupe_allocator *al) {
  if (c->id) trp_free(al, c->id, strlen(c->id) + 1);
  if (c->name) trp_free(al, c->name, strlen(c->name) + 1);
  if (c->start.arg_free) c->start.arg_free(c->start.arg);
  trp_supervisor_spec_unref(c->supervisor);
}

int trp_supervisor_spec_new(trp_supervisor_spec **out, const troupe_allocator *allocator,
                            const troupe_supervisor_spec *spec) {
  *out = NULL;
  if (!allocator) allocator = trp_mem_default();
  size_t bytes = sizeof(trp_supervisor_spec) + spec->children_len * sizeof(trp_child_spec);
  trp_supervisor_spec *s = trp_zalloc(allocator, bytes);
  if (!s) return TROUPE_E_NO_MEMORY;
  atomic_init(&s->refs, 1);
  s->allocator = *allocator;
  s->strategy = (trp_strategy)spec->strategy;
  s->auto_shutdown = (trp_auto_shutdown)spec->auto_shutdown;
  s->max_restarts = restarts_of(spec->max_restarts);
  s->window_ms = window_of(spec->window_ms);
  s->backoff = trp_supervisor_spec_backoff(&spec->backoff);
  s->escalation_timeout_ms =
      spec->escalation_timeout_ms ? spec->escalation_timeout_ms : DEFAULT_ESCALATION_MS;
  s->sticky_done = spec->sticky_done;
  s->count = (uint32_t)spec->children_len;
  for (uint32_t i = 0; i < s->count; i++) {
    int err = copy_child(&s->children[i], allocator, &spec->children[i]);
    if (err) {
      trp_supervisor_spec_unref(s); /* copes with children that are still zero */
      return err;
    }
  }
  *out = s;
  return TROUPE_OK;
}

void trp_supervisor_spec_ref(trp_supervisor_spec *spec) {
  atomic_fetch_add_explicit(&spec->refs, 1, memory_order_relaxed);
}

void trp_supervisor_spec_unref(trp_supervisor_spec *spec) {
  if (!spec) return;
  /* acq_rel: pairs with itself; the last one sees what the others have read as done with */
  if (atomic_fetch_sub_explicit(&spec->refs, 1, memory_order_acq_rel) != 1) return;
  troupe_allocator al = spec->allocator;
  size_t bytes = sizeof *spec + spec->count * sizeof spec->children[0];
  for (uint32_t i = 0; i < spec->count; i++)
    free_child(&spec->children[i], &al);
  trp_free(&al, spec, bytes);
}

troupe_spawn_opts trp_supervisor_spec_start(const trp_supervisor_spec *spec, uint32_t index) {
  TRP_ASSERT(index < spec->count);
  const trp_child_spec *c = &spec->children[index];
  troupe_spawn_opts o = c->start;
  if (c->supervisor) {
    trp_supervisor_spec_ref(c->supervisor);
    trp_supervisor_take_spec(&o, c->supervisor);
  } else if (c->arg_ref) {
    c->arg_ref(o.arg);
  }
  return o;
}
