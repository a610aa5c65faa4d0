/* Making an actor: slot, body, name, edge. What can fail fails here, before anybody knows the pid.
 */
#include <stdio.h>
#include <string.h>

#include "actors/base/mem.h"
#include "actors/child.h"
#include "actors/inbox.h"
#include "actors/life.h"
#include "actors/room.h"
#include "actors/send.h"
#include "actors/system.h"

#define DEFAULT_MAILBOX_MESSAGES 1000
#define DEFAULT_MAILBOX_BYTES (UINT64_C(16) << 20)
#define DEFAULT_INIT_TIMEOUT_MS 30000
#define DEFAULT_SHUTDOWN_MS 5000

static void tick_dispose(troupe_system *sys, trp_msg *m) { (void)sys, (void)m; }

static int check(const troupe_spawn_opts *o) {
  if (!o || !o->behavior || !o->behavior->receive) return TROUPE_E_INVALID;
  if (o->name && (o->name[0] == 0 || strnlen(o->name, TROUPE_KIND_MAX + 1) > TROUPE_KIND_MAX)) {
    return TROUPE_E_INVALID;
  }
  if (o->mailbox_messages > TRP_ROOM_MESSAGES_MAX || o->mailbox_bytes > TRP_ROOM_BYTES_MAX ||
      !troupe_overflow_name(o->overflow) || (unsigned)o->priority > TROUPE_PRIORITY_HIGH) {
    return TROUPE_E_INVALID;
  }
  return TROUPE_OK;
}

static int admit(troupe_system *sys) {
  if (trp_memory_has_room(&sys->memory, TRP_MEMORY_NEW, sizeof(troupe_actor))) return TROUPE_OK;
  trp_memory_count_refusal(&sys->memory);
  return TROUPE_E_LIMIT;
}

/* The body with everything in it that takes memory but the slot. */
static int body_new(troupe_system *sys, const troupe_spawn_opts *o, troupe_actor **out) {
  troupe_actor *a = trp_zalloc(&sys->allocator, sizeof *a);
  *out = a;
  if (!a) return TROUPE_E_NO_MEMORY;
  a->sys = sys;
  a->phase = TRP_NEW;
  a->life_ns = UINT64_MAX;
  a->behavior = o->behavior;
  a->urgent = o->priority == TROUPE_PRIORITY_HIGH;
  a->arg = o->arg;
  a->init_timeout_ms = o->init_timeout_ms ? o->init_timeout_ms : DEFAULT_INIT_TIMEOUT_MS;
  a->shutdown_ms = o->shutdown_ms ? o->shutdown_ms : DEFAULT_SHUTDOWN_MS;
  trp_wheel_node_init(&a->timer);
  trp_ledger_init(&a->ledger, &sys->allocator);
  a->ledger.refusals = sys->counters.limits;
  if (o->name && !(a->name = trp_strndup(&sys->allocator, o->name, strlen(o->name)))) {
    return TROUPE_E_NO_MEMORY;
  }
  return TROUPE_OK;
}

/* Gives the body a slot, pid and name. On an error nothing is left of these. */
static int settle_in(troupe_system *sys, troupe_actor *a, const troupe_spawn_opts *o) {
  uint32_t messages = o->mailbox_messages ? o->mailbox_messages : DEFAULT_MAILBOX_MESSAGES;
  uint64_t bytes = o->mailbox_bytes ? o->mailbox_bytes : DEFAULT_MAILBOX_BYTES;
  int err = TROUPE_OK;
  trp_slot *slot = trp_slots_take(&sys->slots, &err);
  if (!slot) {
    if (err == TROUPE_E_LIMIT) trp_count_limit(sys, TROUPE_LIMIT_MAX_ACTORS);
    return err;
  }
  a->slot = slot;
  a->pid = (troupe_pid){atomic_load_explicit(&slot->pid, memory_order_relaxed)};
  a->tick = (trp_msg){
      .to = a->pid, .type = TRP_MSG_TICK, .lane = TRP_LANE_RESUME, .dispose = tick_dispose};
  trp_command_init(a);
  trp_room_init(slot, messages, bytes, o->overflow);
  a->line_shared = o->overflow == TROUPE_OVERFLOW_DROP_OLD;
  slot->body = a;
  /* Before the inbox opens: a push that is late, for an earlier holder of the slot, must not wake a
   * body that is not to stay. But found by its name only afterwards: who finds it can reach it. */
  if (a->name && (err = trp_names_reserve(&sys->names, a->name))) goto no_name;
  /* release: pairs with the acquire in trp_inbox_push; only control wakes until it has started */
  atomic_store_explicit(&slot->inbox, TRP_INBOX_WAITING, memory_order_release);
  if (a->name) trp_names_publish(&sys->names, a->name, a->pid);
  trp_count(&sys->counters.actors);
  trp_count(&sys->counters.spawned);
  TRP_NOTE(sys, NULL, .type = TRP_EVENT_SPAWNED, .who = a->pid);
  if (a->name)
    TRP_NOTE(sys, NULL, .type = TRP_EVENT_NAMED, .who = a->pid, .id = trp_replay_name(a->name));
  return TROUPE_OK;

no_name:
  trp_slots_give(&sys->slots, slot);
  return err;
}

static void spawn_failed(troupe_system *sys, troupe_actor *a, const troupe_spawn_opts *o) {
  if (a) trp_actor_free(a); /* its arg_free is not set yet */
  if (o && o->arg_free) o->arg_free(o->arg);
  (void)sys;
}

int trp_spawn(troupe_system *sys, troupe_actor *parent, const troupe_spawn_opts *opts,
              troupe_pid *pid, troupe_child **child) {
  troupe_actor *a = NULL;
  troupe_child *c = NULL;
  bool unheard = !parent || !parent->behavior->child; /* the guardian has no such callback */
  int err = check(opts);
  if (!err) err = admit(sys);
  if (!err) err = body_new(sys, opts, &a);
  if (!err && !(c = trp_child_new(sys, unheard))) err = TROUPE_E_NO_MEMORY;
  if (!err) err = settle_in(sys, a, opts);
  if (err) {
    trp_child_free(sys, c);
    spawn_failed(sys, a, opts);
    return err;
  }
  troupe_pid parent_pid = parent ? parent->pid : sys->guardian;
  *pid = a->pid;
  a->edge = c;
  a->parent = parent_pid;
  a->arg_free = opts->arg_free;
  c->msg = (trp_msg){.type = TRP_MSG_EDGE,
                     .lane = TRP_LANE_CONTROL,
                     .code = TRP_EDGE_ADOPT,
                     .to = parent_pid,
                     .from = a->pid,
                     .dispose = tick_dispose};
  c->child = a->pid;
  c->body = a;
  c->parent = parent_pid;
  c->generation = 1;
  c->shutdown_ms = a->shutdown_ms;
  c->user = opts->user;
  if (parent) {
    err = trp_child_adopt(parent, c);
    if (!err && child) *child = c;
    return err;
  }
  trp_slot *guardian = trp_slots_find(&sys->slots, parent_pid);
  if (guardian && trp_slot_is(guardian, parent_pid) && trp_inbox_push(sys, guardian, &c->msg)) {
    return TROUPE_OK;
  }
  trp_child_orphan(sys, &c->msg);
  return TROUPE_E_SYSTEM_STOPPED;
}

int trp_spawn_root(troupe_system *sys, const troupe_spawn_opts *opts, troupe_pid *pid,
                   bool unlimited_asks) {
  troupe_actor *a = NULL;
  int err = body_new(sys, opts, &a);
  if (!err) err = settle_in(sys, a, opts);
  trp_msg *start = err ? NULL : trp_msg_new(sys, TRP_MSG_START, a->pid, a->pid, NULL, 0, NULL, 0);
  if (start && unlimited_asks && !trp_ledger_open(&a->ledger)) {
    trp_msg_free(sys, start);
    start = NULL;
  }
  if (err || !start) {
    if (!err) {
      atomic_store_explicit(&a->slot->inbox, TRP_INBOX_CLOSED, memory_order_relaxed);
      trp_slots_give(&sys->slots, a->slot);
      trp_system_actor_gone(sys, (troupe_pid){0});
      err = TROUPE_E_NO_MEMORY;
    }
    spawn_failed(sys, a, opts);
    return err;
  }
  if (unlimited_asks) a->ledger.book->unlimited = true;
  a->arg_free = opts->arg_free;
  *pid = a->pid;
  trp_send_signal(sys, start);
  return TROUPE_OK;
}

int troupe_spawn(troupe_system *sys, troupe_pid *out, const troupe_spawn_opts *opts) {
  *out = (troupe_pid){0};
  if (trp_system_stopping(sys)) {
    spawn_failed(sys, NULL, opts);
    return TROUPE_E_SYSTEM_STOPPED;
  }
  int err = trp_spawn(sys, NULL, opts, out, NULL);
  if (err) *out = (troupe_pid){0};
  return err;
}

int troupe_actor_spawn(troupe_actor *self, const troupe_spawn_opts *opts, troupe_pid *pid,
                       troupe_child **child) {
  troupe_pid made = {0};
  if (child) *child = NULL;
  int err = trp_spawn(self->sys, self, opts, &made, child);
  if (pid) *pid = err ? (troupe_pid){0} : made;
  return err;
}
