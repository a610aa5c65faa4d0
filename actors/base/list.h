/* An intrusive doubly linked list. Owns nothing, allocates nothing; every operation is O(1).
 * Thread: whoever owns the list. A link is in one list at most; one outside of every list points to
 * itself, so removing it twice is safe. */
#ifndef TRP_BASE_LIST_H
#define TRP_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "actors/base/assert.h"

typedef struct trp_link {
  struct trp_link *prev, *next;
} trp_link;

/* A ring through the head: head.next is the first element, head.prev the last. Must not move in
 * memory. */
typedef struct trp_list {
  trp_link head;
} trp_list;

/* The struct of `type` whose field `member` is *ptr. */
#define TRP_CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* NOLINTBEGIN(bugprone-macro-parentheses): `link` is a name to declare */

/* Declares `link` and walks from first to last. The body must not remove `link`. */
#define TRP_LIST_EACH(list, link)                                                                  \
  for (trp_link *link = (list)->head.next; link != &(list)->head; link = link->next)

/* As TRP_LIST_EACH, but the body may remove `link`; it must not remove the one after it. */
#define TRP_LIST_EACH_SAFE(list, link)                                                             \
  for (trp_link *link = (list)->head.next, *link##_next = link->next; link != &(list)->head;       \
       link = link##_next, link##_next = link->next)

/* NOLINTEND(bugprone-macro-parentheses) */

static inline void trp_link_init(trp_link *link) { link->prev = link->next = link; }

static inline bool trp_link_linked(const trp_link *link) { return link->next != link; }

static inline void trp_list_init(trp_list *list) { trp_link_init(&list->head); }

static inline bool trp_list_empty(const trp_list *list) { return !trp_link_linked(&list->head); }

/* Puts a link that is in no list behind `at`. */
static inline void trp_list_insert_after(trp_link *at, trp_link *link) {
  TRP_ASSERT(!trp_link_linked(link));
  link->prev = at;
  link->next = at->next;
  at->next->prev = link;
  at->next = link;
}

static inline void trp_list_push_back(trp_list *list, trp_link *link) {
  trp_list_insert_after(list->head.prev, link);
}

static inline void trp_list_push_front(trp_list *list, trp_link *link) {
  trp_list_insert_after(&list->head, link);
}

/* Takes the link out of whatever list it is in; does nothing when it is in none. */
static inline void trp_list_remove(trp_link *link) {
  link->prev->next = link->next;
  link->next->prev = link->prev;
  trp_link_init(link);
}

/* The first link without removing it, NULL when empty. */
static inline trp_link *trp_list_front(const trp_list *list) {
  return trp_list_empty(list) ? NULL : list->head.next;
}

/* Removes and returns the first link, NULL when empty. */
static inline trp_link *trp_list_pop_front(trp_list *list) {
  trp_link *link = trp_list_front(list);
  if (link) trp_list_remove(link);
  return link;
}

/* Moves all links of `from` behind those of `to`; `from` is empty afterwards. */
static inline void trp_list_append(trp_list *to, trp_list *from) {
  if (trp_list_empty(from)) return;
  trp_link *first = from->head.next, *last = from->head.prev;
  first->prev = to->head.prev;
  to->head.prev->next = first;
  last->next = &to->head;
  to->head.prev = last;
  trp_list_init(from);
}

#endif
