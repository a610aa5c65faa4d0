/* A supervisor at top level, and who hears of its end. */
#include "supervision/supervisor.h"

#include "actors/actor.h"
#include "actors/base/mem.h"
#include "actors/reason.h"
#include "actors/system.h"

#include <stdatomic.h>
#include <stdio.h>

/* The argument of a top-level supervisor: its spec and what its end needs. Two hold it: the actor,
 * and the start until it knows that it succeeded. The last one calls on_end. */
typedef struct root {
  _Atomic uint32_t refs;
  troupe_allocator allocator;
  trp_supervisor_spec *spec;
  trp_reason *why; /* of the last generation; written by the actor, then by nobody */
  bool started;    /* written by the starter before it lets go */
  void (*on_end)(void *ctx, const troupe_exit *why);
  void *ctx;
} root;

static void root_unref(void *arg) {
  root *r = arg;
  /* acq_rel: pairs with itself; the last one sees `why` and `started` */
  if (atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1) return;
  if (r->started && r->on_end) {
    /* Without a generation the system was stopped before it could begin. */
    const troupe_exit never = {.class_ = TROUPE_EXIT_SHUTDOWN, .code = TROUPE_E_SYSTEM_STOPPED};
    r->on_end(r->ctx, r->why ? &r->why->exit : &never);
  }
  trp_reason_unref(r->why);
  trp_supervisor_spec_unref(r->spec);
  troupe_allocator al = r->allocator;
  trp_free(&al, r, sizeof *r);
}

static int root_init(troupe_actor *self, void *arg) {
  root *r = arg;
  return trp_supervisor_behavior.init(self, r->spec);
}

static void root_fini(troupe_actor *self) {
  root *r = self->arg;
  trp_reason_unref(r->why);
  r->why = trp_reason_ref(self->why);
  trp_supervisor_behavior.fini(self);
}

static int root_receive(troupe_actor *self, const troupe_message *message) {
  return trp_supervisor_behavior.receive(self, message);
}
static void root_resume(troupe_actor *self, const troupe_event *event) {
  trp_supervisor_behavior.resume(self, event);
}
static void root_child(troupe_actor *self, troupe_child *child, troupe_child_event event) {
  trp_supervisor_behavior.child(self, child, event);
}
static int root_stop(troupe_actor *self, const troupe_exit *why) {
  return trp_supervisor_behavior.stop(self, why);
}

/* The supervisor behaviour under another argument. */
static const troupe_behavior root_behavior = {.size = sizeof root_behavior,
                                              .name = "supervisor",
                                              .init = root_init,
                                              .receive = root_receive,
                                              .resume = root_resume,
                                              .child = root_child,
                                              .stop = root_stop,
                                              .stops_pending = true,
                                              .fini = root_fini};

int troupe_supervisor_start(troupe_system *sys, troupe_pid *out, const troupe_supervisor_spec *spec,
                            const troupe_supervisor_opts *opts, char *msg, size_t msg_len) {
  static const troupe_supervisor_opts none = {.size = sizeof none};
  *out = (troupe_pid){0};
  if (!opts) opts = &none;
  const troupe_allocator *al = trp_system_allocator(sys);
  troupe_spawn_opts o;
  int err = trp_supervisor_spawn_opts(&o, al, spec, opts->name, msg, msg_len);
  if (err) return err;

  root *r = trp_zalloc(al, sizeof *r);
  if (!r) {
    trp_supervisor_spec_unref(o.arg);
    err = TROUPE_E_NO_MEMORY;
  } else {
    atomic_init(&r->refs, 2);
    r->allocator = *al;
    r->spec = o.arg;
    r->on_end = opts->on_end;
    r->ctx = opts->on_end_ctx;
    o.behavior = &root_behavior;
    o.arg = r;
    o.arg_free = root_unref;
    err = troupe_spawn(sys, out, &o);
    r->started = err == TROUPE_OK;
    root_unref(r);
  }
  if (err && msg && msg_len) snprintf(msg, msg_len, "%s", troupe_strerror(err));
  return err;
}
