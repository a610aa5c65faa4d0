#include "actors/ledger.h"

#include <stdatomic.h>

#include "actors/base/assert.h"
#include "actors/base/mem.h"

void trp_ledger_init(trp_ledger *l, const troupe_allocator *al) { *l = (trp_ledger){.al = al}; }

void trp_ledger_fini(trp_ledger *l) {
  trp_book *b = l->book;
  if (!b) return;
  TRP_ASSERT(trp_list_empty(&b->items));
  trp_map_fini(&b->by_id);
  trp_heap_fini(&b->due);
  trp_free(l->al, b, sizeof *b);
  l->book = NULL;
}

trp_book *trp_ledger_open(trp_ledger *l) {
  trp_book *b = l->book;
  if (b || !(b = trp_zalloc(l->al, sizeof *b))) return b;
  trp_list_init(&b->items);
  trp_map_init(&b->by_id, l->al);
  trp_heap_init(&b->due, l->al);
  l->book = b;
  return b;
}

trp_item *trp_ledger_first(const trp_ledger *l) {
  trp_link *link = l->book ? trp_list_front(&l->book->items) : NULL;
  return link ? TRP_CONTAINER(link, trp_item, link) : NULL;
}

static void count_bytes(trp_ledger *l, size_t more, size_t less) {
  l->book->bytes += more - less; /* modulo 2^64, so right in both directions */
  if (l->book->on_bytes && more != less) l->book->on_bytes(l, more, less);
}

static bool is_full(const trp_book *b, const trp_item_ops *ops) {
  uint32_t limit = b->limit[ops->index] ? b->limit[ops->index] : ops->limit;
  return limit && !b->unlimited && b->count[ops->index] >= limit;
}

/* Puts the newest item with the others. */
static int file(trp_book *b) {
  trp_item *it = b->newest;
  if (!it) return TROUPE_OK;
  int err = it->timed ? trp_heap_reserve(&b->due, b->timed + 1) : TROUPE_OK;
  if (!err) err = trp_map_put(&b->by_id, it->id, it);
  if (err) return err;
  if (it->due.key) (void)trp_heap_insert(&b->due, &it->due);
  b->timed += it->timed;
  b->newest = NULL;
  return TROUPE_OK;
}

int trp_ledger_add(trp_ledger *l, trp_item *it, const trp_item_ops *ops, uint64_t deadline_ns) {
  TRP_POINT(l, TRP_POINT_LEDGER);
  trp_book *b = trp_ledger_open(l);
  if (!b) return TROUPE_E_NO_MEMORY;
  if (is_full(b, ops)) {
    if (l->refusals)
      atomic_fetch_add_explicit(&l->refusals[ops->counts_as], 1, memory_order_relaxed);
    return TROUPE_E_LIMIT;
  }
  int err = file(b);
  if (err) return err;
  it->id = ++l->next_id;
  it->ops = ops;
  it->timed = deadline_ns != 0;
  trp_heap_node_init(&it->due, deadline_ns, it->id);
  b->newest = it;
  b->count[ops->index]++;
  b->wakers += it->wakes;
  trp_link_init(&it->link);
  trp_list_push_back(&b->items, &it->link);
  count_bytes(l, it->bytes, 0);
  return TROUPE_OK;
}

void trp_ledger_renew(trp_ledger *l, trp_item *it, uint64_t deadline_ns) {
  trp_book *b = l->book;
  TRP_ASSERT(it->timed && deadline_ns);
  bool filed = it != b->newest;
  if (filed) {
    trp_map_del(&b->by_id, it->id);
    trp_heap_remove(&b->due, &it->due);
  }
  it->id = ++l->next_id;
  trp_heap_node_init(&it->due, deadline_ns, it->id);
  if (!filed) return;
  int err = trp_map_put(&b->by_id, it->id, it); /* both have the room they had */
  if (!err) err = trp_heap_insert(&b->due, &it->due);
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

void trp_ledger_set_wakes(trp_ledger *l, trp_item *it, bool wakes) {
  l->book->wakers -= it->wakes;
  it->wakes = wakes;
  l->book->wakers += it->wakes;
}

void trp_ledger_remove(trp_ledger *l, trp_item *it) {
  trp_book *b = l->book;
  TRP_POINT(l, TRP_POINT_LEDGER);
  if (it == b->newest) {
    b->newest = NULL;
  } else {
    void *was = trp_map_del(&b->by_id, it->id);
    TRP_ASSERT(was == it);
    (void)was;
    trp_heap_remove(&b->due, &it->due);
    b->timed -= it->timed;
  }
  trp_list_remove(&it->link);
  b->count[it->ops->index]--;
  b->wakers -= it->wakes;
  count_bytes(l, 0, it->bytes);
}

trp_item *trp_ledger_find(const trp_ledger *l, uint64_t id) {
  const trp_book *b = l->book;
  if (!b) return NULL;
  if (b->newest && b->newest->id == id) return b->newest;
  return trp_map_get(&b->by_id, id);
}

/* Makes room for the deadline of an item that has had none. */
static int give_room(trp_book *b, trp_item *it) {
  if (it->timed) return TROUPE_OK;
  if (it != b->newest) {
    int err = trp_heap_reserve(&b->due, b->timed + 1);
    if (err) return err;
    b->timed++;
  }
  it->timed = true;
  return TROUPE_OK;
}

int trp_ledger_set_deadline(trp_ledger *l, trp_item *it, uint64_t deadline_ns) {
  trp_book *b = l->book;
  int err = deadline_ns ? give_room(b, it) : TROUPE_OK;
  if (err) return err;
  if (it != b->newest) trp_heap_remove(&b->due, &it->due);
  it->due.key = deadline_ns;
  return it != b->newest && deadline_ns ? trp_heap_insert(&b->due, &it->due) : TROUPE_OK;
}

/* The deadline of the newest, UINT64_MAX: it has none. */
static uint64_t newest_due(const trp_book *b) {
  return b->newest && b->newest->due.key ? b->newest->due.key : UINT64_MAX;
}

uint64_t trp_ledger_next(const trp_ledger *l) {
  const trp_book *b = l->book;
  if (!b) return 0;
  const trp_heap_node *n = trp_heap_min(&b->due);
  uint64_t next = newest_due(b);
  if (n && n->key < next) next = n->key;
  return next != UINT64_MAX ? next : 0;
}

trp_item *trp_ledger_pop_due(trp_ledger *l, uint64_t now_ns, uint64_t newest) {
  trp_book *b = l->book;
  if (!b) return NULL;
  trp_heap_node *n = trp_heap_min(&b->due);
  trp_item *it = n ? TRP_CONTAINER(n, trp_item, due) : NULL;
  uint64_t due = newest_due(b), other = n ? n->key : UINT64_MAX;
  if (due < other || (due == other && it && b->newest && b->newest->id < it->id)) it = b->newest;
  if (!it || it->due.key > now_ns || it->id > newest) return NULL;
  trp_heap_remove(&b->due, &it->due);
  it->due.key = 0;
  return it;
}
