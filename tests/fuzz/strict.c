#include "tests/fuzz/strict.h"

#include <string.h>

#include "scripting/state.h"
#include "tests/fuzz/fuzz.h"

#if defined(__SANITIZE_ADDRESS__)
#  define STRICT 1
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer)
#    define STRICT 1
#  endif
#endif

#ifdef STRICT
/* Whether a block of the sanitizer's malloc begins at p. gcc comes without the header. */
int __sanitizer_get_ownership(const volatile void *p); /* NOLINT(*-reserved-identifier,cert-dcl*) */

/* In front of each block. */
typedef struct header {
  struct header *next, *prev;
} header;

static header all = {&all, &all};

/* Cells of the arena lie inside its chunks, so nothing of malloc's begins right before one. */
static bool is_strict(const void *p) { return __sanitizer_get_ownership((const header *)p - 1); }

static void *take(size_t n) {
  header *h = malloc(sizeof *h + n);
  REQUIRE(h != NULL);
  *h = (header){all.next, &all};
  h->next->prev = h;
  all.next = h;
  return h + 1;
}

static void give(void *p) {
  header *h = (header *)p - 1;
  h->prev->next = h->next;
  h->next->prev = h->prev;
  free(h);
}

/* Blocks always move, which finds who keeps a pointer. Growing may leave the actor, shrinking never
 * does: charged first, and not at all. */
static void *resize(trp_arena *a, void *p, size_t old_size, size_t new_size) {
  bool strict = is_strict(p);
  size_t more = !strict ? new_size : new_size > old_size ? new_size - old_size : 0;
  if (!strict && new_size <= old_size) return trp_arena_alloc(a, p, old_size, new_size);
  if (more) trp_arena_charge(a, more);
  TRP_NATIVE_BEGIN(a->frame);
  void *moved = take(new_size);
  memcpy(moved, p, old_size < new_size ? old_size : new_size);
  if (strict) give(p);
  TRP_NATIVE_END(a->frame);
  if (strict && new_size < old_size) trp_arena_uncharge(a, old_size - new_size);
  if (!strict) trp_arena_alloc(a, p, old_size, 0);
  return moved;
}

static void *alloc(void *ud, void *p, size_t old_size, size_t new_size) {
  trp_arena *a = ud;
  if (p && new_size) return resize(a, p, old_size, new_size);
  if (p && !is_strict(p)) return trp_arena_alloc(a, p, old_size, 0);
  if (!p && !new_size) return NULL;
  if (!p) trp_arena_charge(a, new_size);
  TRP_NATIVE_BEGIN(a->frame);
  if (p)
    give(p);
  else
    p = take(new_size);
  TRP_NATIVE_END(a->frame);
  if (new_size) return p;
  trp_arena_uncharge(a, old_size);
  return NULL;
}

void fuzz_strict_heap(lua_State *L) { lua_setallocf(L, alloc, &trp_lua_of(L)->arena); }

void fuzz_strict_free(void) {
  while (all.next != &all)
    give(all.next + 1);
}
#else
void fuzz_strict_heap(lua_State *L) { (void)L; }
void fuzz_strict_free(void) {}
#endif
