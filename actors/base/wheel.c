/* A time is eleven digits of six bits. A node is in the level of the highest digit in which its
 * time differs from `reached_ns`, in the slot of its own digit there.
 *
 *   W1  a node in level n agrees with reached_ns in every digit above n, and has a greater digit n
 *       (in level 0 it may be the same time)
 *   W2  so every node of a level is earlier than all of the levels above it, and in a level those
 * of lower slots are earlier: the first slot of the lowest used level holds the earliest node W3
 * bit s of used[n] is set when slot s of level n has nodes W4  first_ns of a used slot is no later
 * than any of its nodes
 *
 * When the first slot is due, reached_ns moves on to its first_ns, and the slot's nodes to the
 * lower levels in which they belong then: the cascade. The earliest is in level 0 after one. As
 * nothing is cascaded before a node in it is due, an idle wheel needs nobody to turn it. */
#include "actors/base/wheel.h"

#include "actors/base/assert.h"

enum { DIGIT = 6, OUTSIDE = UINT16_MAX };

void trp_wheel_init(trp_wheel *w) {
  w->reached_ns = 0;
  trp_list_init(&w->moving);
  for (unsigned n = 0; n < TRP_WHEEL_LEVELS; n++) {
    w->used[n] = 0;
    for (unsigned s = 0; s < TRP_WHEEL_SLOTS; s++)
      trp_list_init(&w->slots[n][s].nodes);
  }
}

void trp_wheel_node_init(trp_wheel_node *node) {
  *node = (trp_wheel_node){.place = OUTSIDE};
  trp_link_init(&node->link);
}

bool trp_wheel_node_inside(const trp_wheel_node *node) { return node->place != OUTSIDE; }

/* Puts a node that is in no list where it belongs. */
static void place(trp_wheel *w, trp_wheel_node *node) {
  uint64_t at = node->at_ns > w->reached_ns ? node->at_ns : w->reached_ns;
  unsigned highest = 63 - (unsigned)__builtin_clzll((at ^ w->reached_ns) | 1);
  unsigned n = highest / DIGIT, s = (at >> (n * DIGIT)) % TRP_WHEEL_SLOTS;
  trp_wheel_slot *slot = &w->slots[n][s];
  if (trp_list_empty(&slot->nodes) || node->at_ns < slot->first_ns) slot->first_ns = node->at_ns;
  trp_list_push_back(&slot->nodes, &node->link);
  w->used[n] |= UINT64_C(1) << s;
  node->place = (uint16_t)(n * TRP_WHEEL_SLOTS + s);
}

/* Takes it out of its list. That of one that is moving is not its slot's, which is empty until the
 * cascade is done: nothing belongs where reached_ns is. */
static void unplace(trp_wheel *w, trp_wheel_node *node) {
  unsigned n = node->place / TRP_WHEEL_SLOTS, s = node->place % TRP_WHEEL_SLOTS;
  trp_list_remove(&node->link);
  if (trp_list_empty(&w->slots[n][s].nodes)) w->used[n] &= ~(UINT64_C(1) << s);
  node->place = OUTSIDE;
}

void trp_wheel_insert(trp_wheel *w, trp_wheel_node *node, uint64_t at_ns) {
  TRP_ASSERT(!trp_wheel_node_inside(node));
  node->at_ns = at_ns;
  place(w, node);
}

void trp_wheel_remove(trp_wheel *w, trp_wheel_node *node) {
  if (trp_wheel_node_inside(node)) unplace(w, node);
}

void trp_wheel_update(trp_wheel *w, trp_wheel_node *node, uint64_t at_ns) {
  trp_wheel_remove(w, node);
  trp_wheel_insert(w, node, at_ns);
}

/* The slot with the earliest node; false: there is none. */
static bool find_first(const trp_wheel *w, unsigned *level, unsigned *slot) {
  for (unsigned n = 0; n < TRP_WHEEL_LEVELS; n++) {
    if (!w->used[n]) continue;
    *level = n;
    *slot = (unsigned)__builtin_ctzll(w->used[n]);
    return true;
  }
  return false;
}

uint64_t trp_wheel_next(const trp_wheel *w) {
  unsigned n, s;
  if (!trp_list_empty(&w->moving)) return w->reached_ns;
  return find_first(w, &n, &s) ? w->slots[n][s].first_ns : UINT64_MAX;
}

/* Goes on with the cascade that has begun, if any. True: it is done; false: no moves are left. */
static bool cascade(trp_wheel *w, unsigned *moves) {
  for (trp_link *link; (link = trp_list_front(&w->moving)); --*moves) {
    if (*moves == 0) return false;
    trp_list_remove(link);
    place(w, TRP_CONTAINER(link, trp_wheel_node, link));
  }
  return true;
}

trp_wheel_node *trp_wheel_pop(trp_wheel *w, uint64_t now_ns, unsigned *moves) {
  unsigned n, s;
  while (cascade(w, moves) && find_first(w, &n, &s)) {
    trp_wheel_slot *slot = &w->slots[n][s];
    if (slot->first_ns > now_ns) return NULL;
    if (n == 0) {
      if (*moves == 0) return NULL;
      --*moves;
      trp_wheel_node *node = TRP_CONTAINER(trp_list_front(&slot->nodes), trp_wheel_node, link);
      unplace(w, node);
      return node;
    }
    w->reached_ns = slot->first_ns;
    w->used[n] &= ~(UINT64_C(1) << s);
    trp_list_append(&w->moving, &slot->nodes);
  }
  return NULL;
}
