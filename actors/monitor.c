#include "actors/monitor.h"

#include "actors/base/mem.h"
#include "actors/inbox.h"
#include "actors/send.h"
#include "actors/system.h"

typedef struct monitor {
  trp_item item;
  troupe_pid target;
  trp_msg *watch; /* the target's from the push on: a name for it here, never looked into */
} monitor;

/* Tells the target to forget it; when that fails the `down` comes, finds nothing and is dropped. */
static void unwatch(troupe_actor *a, const monitor *w) {
  trp_msg *m = trp_msg_new(a->sys, TRP_MSG_UNWATCH, w->target, a->pid, NULL, 0, NULL, 0);
  if (!m) return;
  m->ptr = w->watch;
  trp_send_signal(a->sys, m);
}

static void monitor_settle(troupe_actor *a, trp_item *it) {
  monitor *w = TRP_CONTAINER(it, monitor, item);
  unwatch(a, w);
  trp_free(&a->sys->allocator, w, sizeof *w);
}
static const trp_item_ops monitor_ops = {
    .name = "monitor", .limit = 1000, .index = TRP_ITEM_MONITOR, .settle = monitor_settle};

void trp_monitor_down(troupe_system *sys, trp_msg *m, trp_reason *why) {
  troupe_pid watcher = m->from;
  m->from = m->to;
  m->to = watcher;
  m->type = TRP_MSG_DOWN;
  m->lane = TRP_LANE_LINE;
  m->reason = trp_reason_ref(why);
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
  w->watch = m;
  *id = m->id = w->item.id;
  trp_slot *slot = trp_slots_find(&sys->slots, target);
  if (!slot || !trp_slot_is(slot, target) || !trp_inbox_push(sys, slot, m))
    trp_monitor_down(sys, m, trp_reason_of(TROUPE_EXIT_NOPROC));
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

void trp_monitor_watched(troupe_actor *a, trp_msg *m) {
  m->ptr = a->watchers.tail;
  trp_queue_push(&a->watchers, m);
}

void trp_monitor_unwatch(troupe_actor *a, trp_msg *watch) {
  trp_queue *q = &a->watchers;
  trp_msg *before = watch->ptr, *after = watch->next;
  if (before)
    before->next = after;
  else
    q->head = after;
  if (after)
    after->ptr = before;
  else
    q->tail = before;
  q->len--;
  trp_msg_free(a->sys, watch);
}
