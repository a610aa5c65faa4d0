/* The heap of one Lua state: cells in chunks, large blocks on their own. */
#include "scripting/arena.h"

#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <unistd.h>

#include "actors/base/assert.h"
#include "actors/base/mem.h"
#include "actors/base/thread.h"

typedef struct trp_cell {
  struct trp_cell *next;
} trp_cell;

/* In front of every chunk and of every large block. Behind a chunk's header all bytes belong to
 * cells, live or free, or to the bump area. */
typedef struct block {
  trp_link link;
  size_t size; /* header included */
  uint32_t mapped;
  uint32_t spare; /* trp_arena_trim: bytes in free cells */
} block;

_Static_assert(sizeof(block) % TRP_ARENA_CELL == 0, "payloads keep the alignment of the block");

enum { KIB = 1024, CHUNK_FIRST = 4 * KIB };

static size_t class_of(size_t size) { return (size + TRP_ARENA_CELL - 1) / TRP_ARENA_CELL; }
static void *payload(block *b) { return b + 1; }
static block *block_of(void *payload) { return (block *)payload - 1; }

/* ---- accounting ---------------------------------------------------------------------------- */

bool trp_arena_over_soft(const trp_arena *a) {
  return trp_arena_used(a) > a->soft ||
         (a->account && trp_account_used(a->account) > a->account_soft) ||
         (a->memory && trp_account_used(&a->memory->all) > a->memory_soft);
}

/* More is in use than before. */
static void grown(trp_arena *a) {
  if (trp_arena_used(a) > a->peak) a->peak = trp_arena_used(a);
  if (a->soft_hit || !trp_arena_over_soft(a)) return;
  a->soft_hit = true;
  if (a->on_soft) a->on_soft(a);
}

static bool note_refusal(trp_arena *a, trp_arena_bound by, size_t bytes) {
  a->refused_by = by;
  a->refused = bytes;
  if (by == TRP_ARENA_SYSTEM) trp_memory_count_refusal(a->memory);
  return false;
}

/* As trp_arena_fits, remembering a no. */
static bool fits(trp_arena *a, size_t more) {
  return trp_arena_fits(a, more) || note_refusal(a, TRP_ARENA_LIMIT, more);
}

/* No memory for the actor: it ends here, unless nobody runs in it. */
static void *refuse(trp_arena *a) {
  if (!a->frame || !a->frame->in_actor) return NULL;
  trp_overrun_say(a, a->why);
  trp_frame_leave_because(a->frame, TROUPE_EXIT_MEMORY_LIMIT, a->why);
}

static void return_to_account(trp_arena *a, size_t bytes) {
  if (a->account) trp_account_uncharge(a->account, bytes);
}

static void return_to_memory(trp_arena *a, size_t bytes) {
  if (a->memory) trp_memory_give(a->memory, bytes);
}

/* Asks everybody above for `more` bytes, of which `mapped` do not come from the allocator. */
static bool claim(trp_arena *a, size_t more, size_t mapped) {
  if (a->memory && !trp_memory_has_room(a->memory, TRP_MEMORY_HEAP, more))
    return note_refusal(a, TRP_ARENA_SYSTEM, more);
  if (a->account && trp_account_charge(a->account, more))
    return note_refusal(a, TRP_ARENA_ACCOUNT, more);
  if (mapped && a->memory && !trp_memory_take(a->memory, mapped)) {
    return_to_account(a, more);
    return note_refusal(a, TRP_ARENA_SYSTEM, more);
  }
  return true;
}

/* Undoes a claim whose memory was not there. */
static void unclaim(trp_arena *a, size_t more, size_t mapped) {
  return_to_account(a, more);
  if (mapped) return_to_memory(a, mapped);
  note_refusal(a, TRP_ARENA_MACHINE, more);
}

/* The bytes of a claim are there. */
static void hold(trp_arena *a, size_t more) {
  a->held += more;
  grown(a);
}

static void unhold(trp_arena *a, size_t less, size_t mapped) {
  a->held -= less;
  return_to_account(a, less);
  if (mapped) return_to_memory(a, mapped);
}

/* ---- blocks: the native halves ------------------------------------------------------------- */

/* What a block of `size` bytes takes: whole pages when it is a mapping. */
static size_t real_size(const trp_arena *a, size_t size, bool mapped) {
  return mapped ? (size + a->page - 1) / a->page * a->page : size;
}

static block *map_new(size_t size) {
  void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p == MAP_FAILED ? NULL : p;
}

static void memory_free(const trp_arena *a, block *b) {
  if (b->mapped) {
    (void)munmap(b, b->size);
  } else {
    trp_free(a->al, b, b->size);
  }
}

/* A block of real_size bytes on one of the lists, or NULL without memory. */
static block *block_get(trp_arena *a, trp_list *list, size_t size, bool mapped) {
  block *b = NULL;
  TRP_NATIVE_BEGIN(a->frame);
  if (claim(a, size, mapped ? size : 0)) {
    b = mapped ? map_new(size) : trp_alloc(a->al, size);
    if (b) {
      *b = (block){.size = size, .mapped = mapped};
      trp_link_init(&b->link);
      trp_list_push_back(list, &b->link);
      hold(a, size);
    } else {
      unclaim(a, size, mapped ? size : 0);
    }
  }
  TRP_NATIVE_END(a->frame);
  return b;
}

static void block_put(trp_arena *a, block *b) {
  TRP_NATIVE_BEGIN(a->frame);
  trp_list_remove(&b->link);
  unhold(a, b->size, b->mapped ? b->size : 0);
  memory_free(a, b);
  TRP_NATIVE_END(a->frame);
}

/* The neighbours of a block that has moved. */
static void relink(block *b) {
  b->link.prev->next = &b->link;
  b->link.next->prev = &b->link;
}

/* Where a mapping of old_size bytes has moved to, or NULL. TSAN does not know mremap and would take
 * a new owner of the addresses for a racing one. */
static block *map_resize(block *b, size_t old_size, size_t size) {
#if TRP_UNDER_TSAN
  block *moved = map_new(size);
  if (moved) {
    memcpy(moved, b, old_size < size ? old_size : size);
    (void)munmap(b, old_size);
  }
  return moved;
#else
  void *p = mremap(b, old_size, size, MREMAP_MAYMOVE);
  return p == MAP_FAILED ? NULL : p;
#endif
}

/* The memory of a block under another size; NULL: there is none. */
static block *resized(const trp_arena *a, block *b, size_t size) {
  size_t old_size = b->size;
  block *moved = b->mapped ? map_resize(b, old_size, size) : trp_realloc(a->al, b, old_size, size);
  if (!moved) return NULL;
  moved->size = size;
  relink(moved);
  return moved;
}

/* Grows in the block's own kind of memory, to real_size bytes. NULL without memory; nothing has
 * changed then. */
static block *block_grow(trp_arena *a, block *b, size_t size) {
  size_t more = size - b->size, mapped = b->mapped ? more : 0;
  block *moved = NULL;
  TRP_NATIVE_BEGIN(a->frame);
  if (claim(a, more, mapped)) {
    moved = resized(a, b, size);
    if (moved)
      hold(a, more);
    else
      unclaim(a, more, mapped);
  }
  TRP_NATIVE_END(a->frame);
  return moved;
}

/* The same downwards. */
static block *block_shrink(trp_arena *a, block *b, size_t size) {
  size_t less = b->size - size;
  TRP_NATIVE_BEGIN(a->frame);
  block *moved = resized(a, b, size);
  if (moved) unhold(a, less, moved->mapped ? less : 0);
  TRP_NATIVE_END(a->frame);
  return moved;
}

/* Moves a block that outgrew the allocator into a mapping of `size` bytes. NULL as above. */
static block *block_to_map(trp_arena *a, block *b, size_t size) {
  size_t more = size - b->size;
  block *moved = NULL;
  TRP_NATIVE_BEGIN(a->frame);
  if (claim(a, more, size)) {
    moved = map_new(size);
    if (moved) {
      memcpy(moved, b, b->size);
      moved->size = size;
      moved->mapped = true;
      relink(moved);
      memory_free(a, b);
      hold(a, more);
    } else {
      unclaim(a, more, size);
    }
  }
  TRP_NATIVE_END(a->frame);
  return moved;
}

/* ---- cells --------------------------------------------------------------------------------- */

static void cell_put(trp_arena *a, void *p, size_t class) {
  trp_cell *c = p;
  c->next = a->free[class];
  a->free[class] = c;
}

/* Makes free cells of n bytes, a multiple of 16. */
static void carve(trp_arena *a, uint8_t *p, size_t n) {
  while (n > 0) {
    size_t cell = n < TRP_ARENA_SMALL ? n : TRP_ARENA_SMALL;
    cell_put(a, p, cell / TRP_ARENA_CELL);
    p += cell;
    n -= cell;
  }
}

static void carve_bump(trp_arena *a) {
  if (a->bump) carve(a, a->bump, (size_t)(a->bump_end - a->bump));
  a->bump = a->bump_end = NULL;
}

/* A cell that is there already, or NULL. */
static inline void *cell_ready(trp_arena *a, size_t class) {
  trp_cell *c = a->free[class];
  if (c) {
    a->free[class] = c->next;
    return c;
  }
  size_t size = class * TRP_ARENA_CELL;
  if ((size_t)(a->bump_end - a->bump) < size) return NULL;
  uint8_t *p = a->bump;
  a->bump += size;
  return p;
}

/* The last resort before the limit: cuts a free cell of a larger class. */
static void *cell_split(trp_arena *a, size_t class) {
  for (size_t k = class + 1; k <= TRP_ARENA_CLASSES; k++) {
    if (!a->free[k]) continue;
    uint8_t *p = cell_ready(a, k);
    cell_put(a, p + class * TRP_ARENA_CELL, k - class);
    return p;
  }
  return NULL;
}

/* An idle actor pays for little it does not use, a big one does not refill often. */
static size_t next_chunk(const trp_arena *a) {
  size_t held_kib = a->held / KIB;
  if (held_kib == 0) return CHUNK_FIRST;
  if (held_kib < 16) return KIB;
  if (held_kib < 64) return (size_t)2 * KIB;
  if (held_kib < KIB) return TRP_ARENA_CHUNK / 4;
  return TRP_ARENA_CHUNK;
}

/* A cell from a new chunk, which is smaller than usual when the limit is near. */
static void *cell_refill(trp_arena *a, size_t class) {
  size_t cell = class * TRP_ARENA_CELL, size = next_chunk(a);
  if (!fits(a, size)) {
    size_t used = trp_arena_used(a);
    size = used < a->limit ? (a->limit - used) / TRP_ARENA_CELL * TRP_ARENA_CELL : 0;
    if (size > CHUNK_FIRST) size = CHUNK_FIRST;
  }
  block *b = NULL;
  if (size >= sizeof(block) + cell) b = block_get(a, &a->chunks, size, false);
  if (!b) {
    carve_bump(a);
    void *p = cell_split(a, class);
    return p ? p : refuse(a);
  }
  carve_bump(a);
  a->bump = (uint8_t *)payload(b) + cell;
  a->bump_end = (uint8_t *)b + size;
  return payload(b);
}

bool trp_arena_has_room(const trp_arena *a, size_t extra) {
  if (!trp_arena_fits(a, extra)) return false;
  extra += next_chunk(a); /* near a shared bound no chunk is made smaller */
  for (const trp_account *at = a->account; at; at = at->parent) {
    uint64_t used = trp_account_used(at);
    if (used > at->limit || extra > at->limit - used) return false;
  }
  return !a->memory || trp_memory_has_room(a->memory, TRP_MEMORY_HEAP, extra);
}

/* ---- the four cases of lua_Alloc ----------------------------------------------------------- */

static void *take(trp_arena *a, size_t n) {
  if (n <= TRP_ARENA_SMALL) {
    void *p = cell_ready(a, class_of(n));
    return p ? p : cell_refill(a, class_of(n));
  }
  if (n > SIZE_MAX / 2) return note_refusal(a, TRP_ARENA_LIMIT, n), refuse(a);
  bool mapped = n + sizeof(block) >= TRP_ARENA_MAP;
  size_t size = real_size(a, n + sizeof(block), mapped);
  block *b = fits(a, size) ? block_get(a, &a->large, size, mapped) : NULL;
  return b ? payload(b) : refuse(a);
}

static void release(trp_arena *a, void *p, size_t n) {
  if (!p || a->closed) return;
  if (n <= TRP_ARENA_SMALL) {
    cell_put(a, p, class_of(n));
  } else {
    block_put(a, block_of(p));
  }
}

static void *grow_large(trp_arena *a, block *b, size_t n) {
  if (n > SIZE_MAX / 2) return note_refusal(a, TRP_ARENA_LIMIT, n), refuse(a);
  bool mapped = b->mapped || n + sizeof(block) >= TRP_ARENA_MAP;
  size_t size = real_size(a, n + sizeof(block), mapped);
  if (size <= b->size) return payload(b); /* what a shrink could not give back, or a page's rest */
  if (!fits(a, size - b->size)) return refuse(a);
  b = mapped && !b->mapped ? block_to_map(a, b, size) : block_grow(a, b, size);
  return b ? payload(b) : refuse(a);
}

static void *grow(trp_arena *a, void *p, size_t osize, size_t nsize) {
  if (osize > TRP_ARENA_SMALL) return grow_large(a, block_of(p), nsize);
  if (nsize <= TRP_ARENA_SMALL && class_of(nsize) == class_of(osize)) return p;
  void *q = take(a, nsize);
  if (!q) return NULL;
  memcpy(q, p, osize);
  release(a, p, osize);
  return q;
}

/* Gives back what the block has too much. Where that fails it stays as it is. */
static block *trim_large(trp_arena *a, block *b, size_t n) {
  size_t size = real_size(a, n + sizeof(block), b->mapped);
  block *smaller = size < b->size ? block_shrink(a, b, size) : NULL;
  return smaller ? smaller : b;
}

/* A large block becomes a cell. When no cell is free, its memory turns into a chunk with this one
 * live cell, so nothing has to be taken. */
static void *shrink_to_cell(trp_arena *a, block *b, size_t n) {
  size_t cell = class_of(n) * TRP_ARENA_CELL;
  void *p = cell_ready(a, class_of(n));
  if (p) {
    memcpy(p, payload(b), n);
    block_put(a, b);
    return p;
  }
  b = trim_large(a, b, cell);
  TRP_NATIVE_BEGIN(a->frame);
  trp_list_remove(&b->link);
  trp_list_push_back(&a->chunks, &b->link);
  TRP_NATIVE_END(a->frame);
  /* An unmapped block that could not be trimmed may have any size. */
  size_t rest = (b->size - sizeof(block) - cell) / TRP_ARENA_CELL * TRP_ARENA_CELL;
  carve(a, (uint8_t *)payload(b) + cell, rest);
  return payload(b);
}

static void *shrink(trp_arena *a, void *p, size_t osize, size_t nsize) {
  if (osize > TRP_ARENA_SMALL) {
    if (nsize <= TRP_ARENA_SMALL) return shrink_to_cell(a, block_of(p), nsize);
    return payload(trim_large(a, block_of(p), nsize));
  }
  size_t now = class_of(nsize);
  size_t more = class_of(osize) - now;
  if (more) cell_put(a, (uint8_t *)p + now * TRP_ARENA_CELL, more);
  return p;
}

void *trp_arena_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  trp_arena *a = ud;
  if (nsize == 0) {
    release(a, ptr, osize);
    return NULL;
  }
  if (!ptr) return take(a, nsize); /* osize is a type tag here */
  return nsize > osize ? grow(a, ptr, osize, nsize) : shrink(a, ptr, osize, nsize);
}

/* ---- trim ---------------------------------------------------------------------------------- */

/* The chunk a cell lies in: the last one of the sorted array that begins before it. Neighbours on a
 * free list are often neighbours in memory, so the `last` answer is looked at first. */
static block *chunk_of(block *const *sorted, size_t count, const void *cell, block *last) {
  uintptr_t at = (uintptr_t)cell;
  if (last && at > (uintptr_t)last && at < (uintptr_t)last + last->size) return last;
  size_t low = 0, high = count;
  while (high - low > 1) {
    size_t mid = low + (high - low) / 2;
    if ((uintptr_t)sorted[mid] < at) {
      low = mid;
    } else {
      high = mid;
    }
  }
  return sorted[low];
}

static bool is_empty(const block *b) {
  return b->spare == (b->size - sizeof(block)) / TRP_ARENA_CELL * TRP_ARENA_CELL;
}

static int by_address(const void *x, const void *y) {
  const block *const *a = x, *const *b = y;
  return ((uintptr_t)*a > (uintptr_t)*b) - ((uintptr_t)*a < (uintptr_t)*b);
}

/* All chunks by address, in a large block of the arena's own, so that it is not lost when the actor
 * is left meanwhile. NULL when there is no room for it. */
static block **sorted_chunks(trp_arena *a, size_t *count) {
  *count = 0;
  TRP_LIST_EACH(&a->chunks, link) { ++*count; }
  size_t size = sizeof(block) + *count * sizeof(block *);
  if (*count == 0 || !trp_arena_fits(a, size)) return NULL;
  block *b = block_get(a, &a->large, size, false);
  if (!b) return NULL;

  block **sorted = payload(b);
  size_t i = 0;
  TRP_NATIVE_BEGIN(a->frame); /* qsort may allocate */
  TRP_LIST_EACH(&a->chunks, link) {
    sorted[i] = TRP_CONTAINER(link, block, link);
    sorted[i++]->spare = 0;
  }
  qsort(sorted, *count, sizeof(block *), by_address); /* NOLINT(bugprone-sizeof-expression) */
  TRP_NATIVE_END(a->frame);
  return sorted;
}

/* Takes the cells of empty chunks off the free lists. */
static void forget_cells(trp_arena *a, block *const *sorted, size_t count) {
  block *b = NULL;
  for (size_t class = 1; class <= TRP_ARENA_CLASSES; class ++) {
    trp_cell **at = &a->free[class];
    while (*at) {
      b = chunk_of(sorted, count, *at, b);
      if (is_empty(b)) {
        *at = (*at)->next;
      } else {
        at = &(*at)->next;
      }
    }
  }
}

size_t trp_arena_trim(trp_arena *a) {
  size_t count, given = 0;
  bool any = false;
  block **sorted = sorted_chunks(a, &count), *b = NULL;
  if (!sorted) return 0;

  carve_bump(a); /* now every byte of a chunk is a cell's */
  for (size_t class = 1; class <= TRP_ARENA_CLASSES; class ++) {
    for (const trp_cell *c = a->free[class]; c; c = c->next) {
      b = chunk_of(sorted, count, c, b);
      b->spare += (uint32_t)(class * TRP_ARENA_CELL);
      any = any || is_empty(b);
    }
  }
  if (any) {
    forget_cells(a, sorted, count);
    for (size_t i = 0; i < count; i++) {
      if (!is_empty(sorted[i])) continue;
      given += sorted[i]->size;
      block_put(a, sorted[i]);
    }
  }
  block_put(a, block_of(sorted));
  return given;
}

/* ---- life, limits -------------------------------------------------------------------------- */

/* Where the next collection is due: half-way to the limit, but not before 1/256 of it has been
 * taken, or an actor that lives on its last bytes would do nothing but collect. */
static uint64_t half_way(uint64_t used, uint64_t limit) {
  if (used >= limit) return limit;
  uint64_t left = limit - used, step = left / 2 > limit / 256 ? left / 2 : limit / 256;
  uint64_t at = step < left ? used + step : limit;
  return at > limit / 4 * 3 ? at : limit / 4 * 3;
}

void trp_arena_rearm(trp_arena *a) {
  a->soft = (size_t)half_way(trp_arena_used(a), a->limit);
  if (a->account) a->account_soft = half_way(trp_account_used(a->account), a->account->limit);
  if (a->memory) a->memory_soft = half_way(trp_account_used(&a->memory->all), a->memory->all.limit);
  a->soft_hit = false;
}

void trp_arena_init(trp_arena *a, const troupe_allocator *al, size_t limit_bytes,
                    trp_account *account, trp_memory *memory) {
  *a = (trp_arena){.al = al, .account = account, .memory = memory};
  a->limit = limit_bytes ? limit_bytes : SIZE_MAX;
  trp_arena_rearm(a);
  a->page = (size_t)sysconf(_SC_PAGESIZE);
  trp_list_init(&a->chunks);
  trp_list_init(&a->large);
}

void trp_arena_close(trp_arena *a) { a->closed = true; }

void trp_arena_drop(trp_arena *a) {
  TRP_ASSERT(!a->frame || !a->frame->in_actor);
  trp_list all;
  size_t freed = 0;
  trp_list_init(&all);
  trp_list_append(&all, &a->chunks);
  trp_list_append(&all, &a->large);
  for (trp_link *link = trp_list_pop_front(&all); link; link = trp_list_pop_front(&all)) {
    block *b = TRP_CONTAINER(link, block, link);
    if (b->mapped) return_to_memory(a, b->size);
    freed += b->size;
    memory_free(a, b);
  }
  TRP_ASSERT(a->held == freed);
  return_to_account(a, trp_arena_used(a) - a->unaccounted);
  a->held = a->external = a->unaccounted = 0;
  a->closed = false;
  a->bump = a->bump_end = NULL;
  memset(a->free, 0, sizeof a->free);
}

void trp_arena_charge(trp_arena *a, size_t bytes) {
  bool over = !fits(a, bytes);
  if (a->account && trp_account_charge(a->account, bytes)) {
    over = true;
    a->unaccounted += bytes;
    note_refusal(a, TRP_ARENA_ACCOUNT, bytes);
  }
  a->external += bytes;
  grown(a);
  if (!over || !a->frame || !a->frame->in_actor) return;
  trp_overrun_say(a, a->why);
  if (a->frame->native) {
    trp_frame_leave_later_because(a->frame, TROUPE_EXIT_MEMORY_LIMIT, a->why);
  } else {
    trp_frame_leave_because(a->frame, TROUPE_EXIT_MEMORY_LIMIT, a->why);
  }
}

void trp_arena_uncharge(trp_arena *a, size_t bytes) {
  TRP_ASSERT(bytes <= a->external);
  size_t unaccounted = bytes < a->unaccounted ? bytes : a->unaccounted;
  a->external -= bytes;
  a->unaccounted -= unaccounted;
  return_to_account(a, bytes - unaccounted);
}
