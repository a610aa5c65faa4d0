#include "actors/child.h"

#include <stddef.h>

#include "actors/base/mem.h"
#include "actors/inbox.h"
#include "actors/life.h"
#include "actors/run.h"
#include "actors/send.h"
#include "actors/system.h"

#define REPORTS_PER_S 32 /* lines about failed children of one actor */

static size_t size_of(bool unheard) {
  return unheard ? offsetof(troupe_child, started) : sizeof(troupe_child);
}

troupe_child *trp_child_new(troupe_system *sys, bool unheard) {
  troupe_child *c = trp_zalloc(&sys->allocator, size_of(unheard));
  if (c) c->unheard = unheard;
  return c;
}

void trp_child_free(troupe_system *sys, troupe_child *c) {
  if (c) trp_free(&sys->allocator, c, size_of(c->unheard));
}

/* ---- parent to child ----------------------------------------------------------------------- */

/* The inbox of a child that still has an edge is open, so this cannot fail. */
static void push_edge(troupe_system *sys, troupe_child *c, troupe_pid to, trp_edge_code code) {
  c->msg.to = to;
  c->msg.code = (int32_t)code;
  trp_slot *slot = trp_slots_find(&sys->slots, to);
  bool pushed = trp_inbox_push(sys, slot, &c->msg);
  TRP_ASSERT(pushed);
  (void)pushed;
}

static void kill_child(troupe_actor *a, troupe_child *c) {
  if (c->exited) return;
  /* release: pairs with the acquire in trp_child_early */
  atomic_store_explicit(&c->kill_generation, c->generation, memory_order_release);
  troupe_kill(a->sys, c->child);
}

void troupe_child_stop(troupe_actor *self, troupe_child *child, uint32_t shutdown_ms) {
  if (child->exited) return;
  child->stopping = true;
  if (shutdown_ms == 0) {
    kill_child(self, child);
    return;
  }
  uint64_t at = shutdown_ms == TROUPE_INFINITY
                    ? UINT64_MAX
                    : trp_clock_ns(&self->sys->clock) + shutdown_ms * TRP_NS_PER_MS;
  trp_ledger_set_deadline(&self->ledger, &child->item, at);
  /* release: pairs with the acquire in trp_child_early */
  atomic_store_explicit(&child->stop_generation, child->generation, memory_order_release);
  troupe_stop(self->sys, child->child);
}

trp_reason *trp_child_early(const troupe_actor *a) {
  const troupe_child *c = a->edge;
  if (!c) return NULL;
  /* acquire: pairs with the releases above; the command that brought us here, or whose sender found
   * another on its way, was handled before this */
  if (atomic_load_explicit(&c->kill_generation, memory_order_acquire) == a->generation)
    return trp_reason_of(TROUPE_EXIT_KILLED);
  if (atomic_load_explicit(&c->stop_generation, memory_order_acquire) == a->generation)
    return trp_reason_of(TROUPE_EXIT_SHUTDOWN);
  return NULL;
}

void troupe_child_restart(troupe_actor *self, troupe_child *child) {
  TRP_ASSERT(child->exited);
  child->exited = child->stopping = false;
  child->generation++;
  trp_reason_unref(child->msg.reason);
  child->msg.reason = NULL;
  trp_count(&self->sys->counters.restarts);
  push_edge(self->sys, child, child->child, TRP_EDGE_START);
}

void troupe_child_release(troupe_actor *self, troupe_child *child) {
  TRP_ASSERT(child->exited);
  child->exited = false;
  trp_reason_unref(child->msg.reason);
  child->msg.reason = NULL;
  push_edge(self->sys, child, child->child, TRP_EDGE_RELEASE);
}

void trp_child_end_all(troupe_actor *a, bool kill) {
  if (!a->ledger.book) return;
  trp_list *items = &a->ledger.book->items;
  for (trp_link *link = items->head.prev; link != &items->head; link = link->prev) {
    trp_item *it = TRP_CONTAINER(link, trp_item, link);
    if (it->ops->index != TRP_ITEM_CHILD) continue;
    troupe_child *c = TRP_CONTAINER(it, troupe_child, item);
    if (c->exited)
      troupe_child_release(a, c);
    else if (kill)
      kill_child(a, c);
    else if (!c->stopping)
      troupe_child_stop(a, c, c->shutdown_ms);
  }
}

static void child_expire(troupe_actor *a, trp_item *it) {
  kill_child(a, TRP_CONTAINER(it, troupe_child, item));
}
static void child_settle(troupe_actor *a, trp_item *it) {
  (void)a, (void)it;
  TRP_ASSERT(false); /* a generation ends only after its children */
}
static const trp_item_ops child_ops = {
    .name = "child", .index = TRP_ITEM_CHILD, .expire = child_expire, .settle = child_settle};

troupe_pid troupe_child_pid(const troupe_child *child) { return child->child; }
void *troupe_child_user(const troupe_child *child) { return child->user; }
uint32_t troupe_child_generation(const troupe_child *child) { return child->generation; }
const troupe_exit *troupe_child_reason(const troupe_child *child) {
  return &child->msg.reason->exit;
}

/* ---- child to parent ----------------------------------------------------------------------- */

static void keep(troupe_system *sys, trp_msg *m) { (void)sys, (void)m; }

void trp_child_tell_started(troupe_actor *a) {
  troupe_child *c = a->edge;
  if (!c || c->unheard) return;
  c->started = (trp_msg){.to = c->parent,
                         .from = a->pid,
                         .id = a->edge_id,
                         .type = TRP_MSG_STARTED,
                         .lane = TRP_LANE_CONTROL,
                         .dispose = keep};
  trp_send_signal(a->sys, &c->started);
}

void trp_child_tell_parent(troupe_actor *a, trp_edge_code code) {
  troupe_child *c = a->edge;
  c->msg.from = a->pid;
  if (code == TRP_EDGE_EXITED) c->msg.reason = trp_reason_ref(a->why);
  if (c->parent.id == 0) { /* nobody adopted it */
    trp_child_free(a->sys, c);
    return;
  }
  push_edge(a->sys, c, c->parent, code);
}

/* ---- receiving ----------------------------------------------------------------------------- */

static bool listens(const troupe_actor *a) {
  return a->behavior->child && a->phase >= TRP_STARTING && a->phase <= TRP_STOPPING;
}

void trp_child_started(troupe_actor *a, uint64_t id) {
  trp_item *it = trp_ledger_find(&a->ledger, id);
  if (it && it->ops == &child_ops && listens(a)) {
    trp_run_child(a, TRP_CONTAINER(it, troupe_child, item), TROUPE_CHILD_STARTED);
  }
}

int trp_child_adopt(troupe_actor *a, troupe_child *c) {
  c->parent = a->pid;
  a->children++;
  c->item.bytes = size_of(c->unheard);
  int err = a->phase > TRP_STOPPING ? TROUPE_E_STOPPED
                                    : trp_ledger_add(&a->ledger, &c->item, &child_ops, UINT64_MAX);
  if (err) c->item.id = 0; /* it ends before it began */
  c->item_id = c->item.id;
  push_edge(a->sys, c, c->child, err ? TRP_EDGE_RELEASE : TRP_EDGE_START);
  return err;
}

void trp_child_orphan(troupe_system *sys, trp_msg *m) {
  troupe_child *c = TRP_CONTAINER(m, troupe_child, msg);
  TRP_ASSERT(m->code == TRP_EDGE_ADOPT);
  c->parent = (troupe_pid){0};
  push_edge(sys, c, c->child, TRP_EDGE_RELEASE);
}

void trp_child_reports_flush(troupe_actor *a) {
  if (!a->reports_left_out) return;
  char who[TROUPE_KIND_MAX + 64];
  trp_actor_describe(a, who, sizeof who);
  trp_log_write(&a->sys->log, TROUPE_LOG_WARN, who, "ends of actors it has started, not shown: %u",
                (unsigned)a->reports_left_out);
  a->reports_left_out = 0;
}

/* Tells the log of a child's failure: by the parent, so that a loop that starts what fails at once
 * fills no log. All of them are counted. */
static void report(troupe_actor *a, const troupe_child *c) {
  const troupe_exit *why = troupe_child_reason(c);
  if (troupe_exit_is_clean(why->class_)) return;
  uint64_t now_s = trp_clock_ns(&a->sys->clock) / TRP_NS_PER_S;
  if (now_s != a->report_s) {
    trp_child_reports_flush(a);
    a->report_s = now_s;
    a->reports = 0;
  }
  if (a->reports == REPORTS_PER_S) {
    a->reports_left_out++;
    return;
  }
  a->reports++;
  char who[TROUPE_KIND_MAX + 64];
  trp_actor_describe(c->body, who, sizeof who);
  trp_log_write(&a->sys->log, TROUPE_LOG_WARN, who, "ended: %s%s%s%s%s",
                troupe_exit_class_name(why->class_), why->reason ? ": " : "",
                why->reason ? why->reason : "", why->traceback ? "; " : "",
                why->traceback ? why->traceback : "");
}

static void child_exited(troupe_actor *a, troupe_child *c) {
  c->exited = true;
  report(a, c);
  trp_ledger_set_deadline(&a->ledger, &c->item, UINT64_MAX);
  if (listens(a))
    trp_run_child(a, c, TROUPE_CHILD_EXITED);
  else
    troupe_child_release(a, c);
}

static void child_gone(troupe_actor *a, troupe_child *c) {
  if (c->item.id) {
    if (listens(a)) trp_run_child(a, c, TROUPE_CHILD_GONE);
    trp_ledger_remove(&a->ledger, &c->item);
  }
  a->children--;
  trp_child_free(a->sys, c);
  trp_life_child_gone(a);
}

void trp_child_receive(troupe_actor *a, trp_msg *m) {
  troupe_child *c = TRP_CONTAINER(m, troupe_child, msg);
  switch ((trp_edge_code)m->code) {
  case TRP_EDGE_ADOPT:
    (void)trp_child_adopt(a, c);
    break;
  case TRP_EDGE_START:
    a->edge_id = c->item_id;
    trp_life_start(a);
    break;
  case TRP_EDGE_RELEASE:
    trp_life_release(a);
    break;
  case TRP_EDGE_EXITED:
    child_exited(a, c);
    break;
  case TRP_EDGE_GONE:
    child_gone(a, c);
    break;
  }
}
