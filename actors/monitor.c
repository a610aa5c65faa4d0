#include "actors/monitor.h"

#include "actors/base/mem.h"
#include "actors/inbox.h"
#include "actors/send.h"
#include "actors/system.h"

typedef struct monitor {
  trp_item item;
  troupe_pid target;
} monitor;

/* Tells the target to forget it; when that fails the `down` comes, finds nothing and is dropped. */
static void unwatch(troupe_actor *a, troupe_pid target, uint64_t id) {
  trp_msg *m = trp_msg_new(a->sys, TRP_MSG_UNWATCH, target, a->pid, NULL, 0, NULL, 0);
  if (!m) return;
  m->id = id;
  trp_send_signal(a->sys, m);
}

static void monitor_settle(troupe_actor *a, trp_item *it) {
  monitor *w = TRP_CONTAINER(it, monitor, item);
  unwatch(a, w->target, it->id);
  trp_free(&a->sys->allocator, w, sizeof *w);
}
static const trp_item_ops monitor_ops = {
    .name = "monitor", .limit = 1000, .index = TRP_ITEM_MONITOR, .settle = monitor_settle};

void trp_monitor_bounce(troupe_system *sys, trp_msg *m) {
  troupe_pid watcher = m->from;
  m->from = m->to;
  m->to = watcher;
  m->type = TRP_MSG_DOWN;
  m->lane = TRP_LANE_LINE;
  m->reason = trp_reason_of(TROUPE_EXIT_NOPROC);
  trp_send_signal(sys, m);
}

int troupe_actor_monitor(troupe_actor *self, troupe_pid target, uint64_t *id) {
  troupe_system *sys = self->sys;
  *id = 0;
  monitor *w = trp_zalloc(&sys->allocator, sizeof *w);
  trp_msg *m = trp_msg_new(sys, TRP_MSG_WATCH, target, self->pid, NULL, 0, NULL, 0);
  int err = w && m ? trp_ledger_add(&self->ledger, &w->item, &monitor_ops, 0) : TROUPE_E_NO_MEMORY;
  if (err) {
    trp_free(&sys->allocator, w, sizeof *w);
    if (m) trp_msg_free(sys, m);
    return err;
  }
  w->target = target;
  *id = m->id = w->item.id;
  trp_slot *slot = trp_slots_find(&sys->slots, target);
  if (!slot || !trp_slot_is(slot, target) || !trp_inbox_push(sys, slot, m))
    trp_monitor_bounce(sys, m);
  return TROUPE_OK;
}

static monitor *find(const troupe_actor *a, uint64_t id) {
  trp_item *it = trp_ledger_find(&a->ledger, id);
  return it && it->ops == &monitor_ops ? TRP_CONTAINER(it, monitor, item) : NULL;
}

bool trp_monitor_active(const troupe_actor *a, uint64_t id) { return find(a, id) != NULL; }

void troupe_actor_demonitor(troupe_actor *self, uint64_t id) {
  monitor *w = find(self, id);
  if (!w) return;
  trp_ledger_remove(&self->ledger, &w->item);
  monitor_settle(self, &w->item);
}

void trp_monitor_unwatch(troupe_actor *a, troupe_pid watcher, uint64_t id) {
  trp_queue kept = {0};
  for (trp_msg *m; (m = trp_queue_pop(&a->watchers));) {
    if (m->from.id == watcher.id && m->id == id)
      trp_msg_free(a->sys, m);
    else
      trp_queue_push(&kept, m);
  }
  a->watchers = kept;
}
