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

int trp_ledger_add(trp_ledger *l, trp_item *it, const trp_item_ops *ops, uint64_t deadline_ns) {
  TRP_POINT(l, TRP_POINT_LEDGER);
  if (is_full(l, ops)) {
    if (l->refusals)
      atomic_fetch_add_explicit(&l->refusals[ops->counts_as], 1, memory_order_relaxed);
    return TROUPE_E_LIMIT;
  }
  it->id = l->next_id + 1;
  it->ops = ops;
  int err = trp_map_put(&l->by_id, it->id, it);
  if (err) return err;
  trp_heap_node_init(&it->due, deadline_ns, it->id);
  if (deadline_ns && (err = trp_heap_insert(&l->due, &it->due))) {
    trp_map_del(&l->by_id, it->id);
    return err;
  }
  l->next_id++;
  l->count[ops->index]++;
  trp_link_init(&it->link);
  trp_list_push_back(&l->items, &it->link);
  count_bytes(l, it->bytes, 0);
  return TROUPE_OK;
}

void trp_ledger_renew(trp_ledger *l, trp_item *it, uint64_t deadline_ns) {
  trp_map_del(&l->by_id, it->id);
  trp_heap_remove(&l->due, &it->due);
  it->id = ++l->next_id;
  trp_heap_node_init(&it->due, deadline_ns, it->id);
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
  void *was = trp_map_del(&l->by_id, it->id);
  TRP_ASSERT(was == it);
  (void)was;
  trp_heap_remove(&l->due, &it->due);
  trp_list_remove(&it->link);
  l->count[it->ops->index]--;
  count_bytes(l, 0, it->bytes);
}

trp_item *trp_ledger_find(const trp_ledger *l, uint64_t id) { return trp_map_get(&l->by_id, id); }

int trp_ledger_set_deadline(trp_ledger *l, trp_item *it, uint64_t deadline_ns) {
  if (deadline_ns == 0) {
    trp_heap_remove(&l->due, &it->due);
  } else if (trp_heap_node_inside(&it->due)) {
    trp_heap_update(&l->due, &it->due, deadline_ns);
  } else {
    it->due.key = deadline_ns;
    return trp_heap_insert(&l->due, &it->due);
  }
  return TROUPE_OK;
}

uint64_t trp_ledger_next(const trp_ledger *l) {
  const trp_heap_node *n = trp_heap_min(&l->due);
  return n && n->key != UINT64_MAX ? n->key : 0;
}

trp_item *trp_ledger_pop_due(trp_ledger *l, uint64_t now_ns) {
  trp_heap_node *n = trp_heap_min(&l->due);
  if (!n || n->key > now_ns) return NULL;
  trp_heap_remove(&l->due, n);
  return TRP_CONTAINER(n, trp_item, due);
}
