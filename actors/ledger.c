#include "actors/ledger.h"

#include <stdatomic.h>

#include "actors/base/assert.h"

int trp_ledger_init(trp_ledger *l, const troupe_allocator *al) {
  *l = (trp_ledger){.al = al};
  trp_list_init(&l->items);
  trp_map_init(&l->by_id, al);
  trp_heap_init(&l->due, al);
  return TROUPE_OK;
}

void trp_ledger_fini(trp_ledger *l) {
  TRP_ASSERT(trp_list_empty(&l->items));
  trp_map_fini(&l->by_id);
  trp_heap_fini(&l->due);
}

static void count_bytes(trp_ledger *l, size_t more, size_t less) {
  l->bytes += more - less; /* modulo 2^64, so right in both directions */
  if (l->on_bytes && more != less) l->on_bytes(l, more, less);
}

static bool is_full(const trp_ledger *l, const trp_item_ops *ops) {
  uint32_t limit = l->limit[ops->index] ? l->limit[ops->index] : ops->limit;
  return limit && !l->unlimited && l->count[ops->index] >= limit;
}

/* Puts the newest item with the others. */
static int file(trp_ledger *l) {
  trp_item *it = l->newest;
  if (!it) return TROUPE_OK;
  int err = it->timed ? trp_heap_reserve(&l->due, l->timed + 1) : TROUPE_OK;
  if (!err) err = trp_map_put(&l->by_id, it->id, it);
  if (err) return err;
  if (it->due.key) (void)trp_heap_insert(&l->due, &it->due);
  l->timed += it->timed;
  l->newest = NULL;
  return TROUPE_OK;
}

int trp_ledger_add(trp_ledger *l, trp_item *it, const trp_item_ops *ops, uint64_t deadline_ns) {
  TRP_POINT(l, TRP_POINT_LEDGER);
  if (is_full(l, ops)) {
    if (l->refusals)
      atomic_fetch_add_explicit(&l->refusals[ops->counts_as], 1, memory_order_relaxed);
    return TROUPE_E_LIMIT;
  }
  int err = file(l);
  if (err) return err;
  it->id = ++l->next_id;
  it->ops = ops;
  it->timed = deadline_ns != 0;
  trp_heap_node_init(&it->due, deadline_ns, it->id);
  l->newest = it;
  l->count[ops->index]++;
  trp_link_init(&it->link);
  trp_list_push_back(&l->items, &it->link);
  count_bytes(l, it->bytes, 0);
  return TROUPE_OK;
}

void trp_ledger_renew(trp_ledger *l, trp_item *it, uint64_t deadline_ns) {
  TRP_ASSERT(it->timed && deadline_ns);
  bool filed = it != l->newest;
  if (filed) {
    trp_map_del(&l->by_id, it->id);
    trp_heap_remove(&l->due, &it->due);
  }
  it->id = ++l->next_id;
  trp_heap_node_init(&it->due, deadline_ns, it->id);
  if (!filed) return;
  int err = trp_map_put(&l->by_id, it->id, it); /* both have the room they had */
  if (!err) err = trp_heap_insert(&l->due, &it->due);
  TRP_ASSERT(err == TROUPE_OK);
  (void)err;
}

void trp_ledger_resize(trp_ledger *l, trp_item *it, size_t bytes) {
  size_t was = it->bytes;
  it->bytes = bytes;
  if (bytes > was)
    count_bytes(l, bytes - was, 0);
  else
    count_bytes(l, 0, was - bytes);
}

void trp_ledger_remove(trp_ledger *l, trp_item *it) {
  TRP_POINT(l, TRP_POINT_LEDGER);
  if (it == l->newest) {
    l->newest = NULL;
  } else {
    void *was = trp_map_del(&l->by_id, it->id);
    TRP_ASSERT(was == it);
    (void)was;
    trp_heap_remove(&l->due, &it->due);
    l->timed -= it->timed;
  }
  trp_list_remove(&it->link);
  l->count[it->ops->index]--;
  count_bytes(l, 0, it->bytes);
}

trp_item *trp_ledger_find(const trp_ledger *l, uint64_t id) {
  if (l->newest && l->newest->id == id) return l->newest;
  return trp_map_get(&l->by_id, id);
}

/* Makes room for the deadline of an item that has had none. */
static int give_room(trp_ledger *l, trp_item *it) {
  if (it->timed) return TROUPE_OK;
  if (it != l->newest) {
    int err = trp_heap_reserve(&l->due, l->timed + 1);
    if (err) return err;
    l->timed++;
  }
  it->timed = true;
  return TROUPE_OK;
}

int trp_ledger_set_deadline(trp_ledger *l, trp_item *it, uint64_t deadline_ns) {
  int err = deadline_ns ? give_room(l, it) : TROUPE_OK;
  if (err) return err;
  if (it != l->newest) trp_heap_remove(&l->due, &it->due);
  it->due.key = deadline_ns;
  return it != l->newest && deadline_ns ? trp_heap_insert(&l->due, &it->due) : TROUPE_OK;
}

/* The deadline of the newest, UINT64_MAX: it has none. */
static uint64_t newest_due(const trp_ledger *l) {
  return l->newest && l->newest->due.key ? l->newest->due.key : UINT64_MAX;
}

uint64_t trp_ledger_next(const trp_ledger *l) {
  const trp_heap_node *n = trp_heap_min(&l->due);
  uint64_t next = newest_due(l);
  if (n && n->key < next) next = n->key;
  return next != UINT64_MAX ? next : 0;
}

trp_item *trp_ledger_pop_due(trp_ledger *l, uint64_t now_ns, uint64_t newest) {
  trp_heap_node *n = trp_heap_min(&l->due);
  trp_item *it = n ? TRP_CONTAINER(n, trp_item, due) : NULL;
  uint64_t due = newest_due(l), other = n ? n->key : UINT64_MAX;
  if (due < other || (due == other && it && l->newest && l->newest->id < it->id)) it = l->newest;
  if (!it || it->due.key > now_ns || it->id > newest) return NULL;
  trp_heap_remove(&l->due, &it->due);
  it->due.key = 0;
  return it;
}
