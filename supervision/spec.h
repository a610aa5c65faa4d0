/* A supervisor's spec as the supervisor keeps it: checked, copied, with the defaults filled in.
 *
 * One copy serves every generation of the supervisor and is never written after it was made, so it
 * is shared by reference. Thread: any.
 */
#ifndef TRP_SUPERVISION_SPEC_H
#define TRP_SUPERVISION_SPEC_H

#include <troupe/supervisor.h>

#include "supervision/backoff.h"
#include "supervision/strategy.h"

#include <stdint.h>

typedef struct trp_supervisor_spec trp_supervisor_spec;

typedef struct trp_child_spec {
  char *id;
  char *name; /* start.name, or NULL */
  trp_restart restart;
  bool significant;
  uint32_t shutdown_ms;  /* as troupe_child_stop takes it: 0 kills */
  bool limited;          /* has a budget of its own */
  uint32_t max_restarts; /* of it */
  uint64_t window_ms;
  trp_on_limit on_limit;
  trp_supervisor_spec *supervisor; /* one reference, or NULL */
  troupe_spawn_opts start;         /* arg counted once; arg_free is arg_unref */
  void (*arg_ref)(void *arg);
} trp_child_spec;

struct trp_supervisor_spec {
  _Atomic uint32_t refs;
  troupe_allocator allocator;
  trp_strategy strategy;
  trp_auto_shutdown auto_shutdown;
  uint32_t max_restarts;
  uint64_t window_ms;
  trp_backoff_config backoff;
  uint32_t escalation_timeout_ms;
  bool sticky_done;
  uint32_t count;
  trp_child_spec children[];
};

/* The internal form of the public backoff; the defaults are not filled in. */
trp_backoff_config trp_supervisor_spec_backoff(const troupe_backoff *b);

/* Copies a spec that has passed the check. *out has one reference, and is NULL on an error.
 * Returns TROUPE_OK, TROUPE_E_NO_MEMORY. */
int trp_supervisor_spec_new(trp_supervisor_spec **out, const troupe_allocator *allocator,
                            const troupe_supervisor_spec *spec);

void trp_supervisor_spec_ref(trp_supervisor_spec *spec);
void trp_supervisor_spec_unref(trp_supervisor_spec *spec); /* NULL is fine */

/* What to spawn child `index` with, but `user`. Holds references that the spawn takes, whether it
 * succeeds or not. */
troupe_spawn_opts trp_supervisor_spec_start(const trp_supervisor_spec *spec, uint32_t index);

#endif
