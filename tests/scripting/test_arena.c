/* The heap of one Lua state, with real Lua states on it, left through a real frame. */
#include "tests/test.h"

#include "scripting/arena.h"
#include "scripting/lua_compat.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "actors/base/rand.h"

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

/* ---- harness: what a worker does around a slice -------------------------------------------- */

typedef struct heap {
  faulty memory;
  trp_frame frame;
  trp_arena arena;
  trp_memory system;
  troupe_allocator counted;
  trp_account account;
} heap;

static void heap_init(heap *h, size_t limit, long fail_at) {
  memset(h, 0, sizeof *h);
  faulty_init(&h->memory, fail_at);
  trp_memory_init(&h->system, &h->memory.allocator, UINT64_C(1) << 40, NULL);
  h->counted = trp_memory_allocator(&h->system);
  trp_account_init(&h->account, 0, NULL);
  trp_arena_init(&h->arena, &h->counted, limit, &h->account, &h->system);
  trp_arena_set_frame(&h->arena, &h->frame);
}

static void heap_fini(heap *h) {
  trp_arena_drop(&h->arena);
  trp_arena_drop(&h->arena); /* idempotent */
  assert_int_equal(h->arena.held, 0);
  assert_int_equal(trp_account_used(&h->account), 0);
  assert_int_equal(trp_account_used(&h->system.all), 0);
  faulty_check(&h->memory);
}

/* Whatever happens, everybody above knows what the arena holds. */
static void check_sums(heap *h) {
  assert_int_equal(trp_account_used(&h->account), trp_arena_used(&h->arena));
  assert_int_equal(trp_account_used(&h->system.all), h->arena.held);
}

/* Runs f inside the frame. False when it was left. */
static bool run(heap *h, void (*f)(heap *h, void *arg), void *arg) {
  if (sigsetjmp(h->frame.jump, 0) == 0) {
    h->frame.in_actor = 1;
    f(h, arg);
    h->frame.in_actor = 0;
    return true;
  }
  assert_int_equal(h->frame.why, TROUPE_EXIT_MEMORY_LIMIT);
  assert_int_equal(h->frame.in_actor, 0);
  assert_int_equal(h->frame.native, 0);
  return false;
}

/* ---- plain blocks -------------------------------------------------------------------------- */

typedef struct request {
  void *p;
  size_t osize, nsize;
} request;

static void call_alloc(heap *h, void *arg) {
  request *r = arg;
  r->p = trp_arena_alloc(&h->arena, r->p, r->osize, r->nsize);
}

/* As trp_arena_alloc inside the frame; false when the actor was left. */
static bool resize(heap *h, void **p, size_t osize, size_t nsize) {
  request r = {*p, osize, nsize};
  if (!run(h, call_alloc, &r)) return false;
  *p = r.p;
  return true;
}

static void fill(void *p, int byte, size_t n) {
  if (p) memset(p, byte, n); /* resize has set it, which the analyzer does not see */
}

static bool all_bytes(const void *p, int byte, size_t n) {
  const unsigned char *b = p;
  for (size_t i = 0; b && i < n; i++) {
    if (b[i] != byte) return false;
  }
  return true;
}

static void blocks_are_aligned_and_reused(void **state) {
  (void)state;
  heap h;
  heap_init(&h, 0, 0);
  for (size_t n = 1; n <= 2000; n += 37) {
    void *p = NULL, *q = NULL;
    assert_true(resize(&h, &p, 0, n));
    assert_int_equal((uintptr_t)p % 16, 0);
    fill(p, 1, n);
    void *first = p;
    size_t held = h.arena.held;
    assert_true(resize(&h, &p, n, 0));
    assert_null(p);
    assert_true(resize(&h, &q, 0, n));
    if (n <= TRP_ARENA_SMALL) assert_ptr_equal(q, first);
    assert_int_equal(h.arena.held, held);
  }
  heap_fini(&h);
}

static void the_limit_counts_what_is_held(void **state) {
  (void)state;
  for (int over = -1; over <= 1; over++) {
    heap h;
    void *small = NULL, *large = NULL;
    heap_init(&h, 64 * KIB, 0);
    assert_true(resize(&h, &small, 0, 16));
    size_t room = h.arena.limit - h.arena.held, header = 32;
    bool stayed = resize(&h, &large, 0, (size_t)((long)(room - header) + over));
    assert_int_equal(stayed, over <= 0);
    if (stayed) assert_int_equal(h.arena.held, 64 * KIB + (size_t)over);
    assert_true(h.arena.peak <= h.arena.limit);
    heap_fini(&h);
  }
}

static void impossible_sizes_leave(void **state) {
  (void)state;
  static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 32, SIZE_MAX / 2 + 1,
                                 SIZE_MAX / 2 - 4096};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (size_t old_size = 0; old_size <= 200 * KIB; old_size = old_size * 300 + 100) {
      heap h;
      void *p = NULL;
      heap_init(&h, 0, 0);
      if (old_size) assert_true(resize(&h, &p, 0, old_size));
      assert_false(resize(&h, &p, old_size, sizes[i]));
      heap_fini(&h);
    }
  }
}

static void outside_of_the_frame_it_returns_null(void **state) {
  (void)state;
  heap h;
  heap_init(&h, 8 * KIB, 0);
  assert_null(trp_arena_alloc(&h.arena, NULL, 0, 9 * KIB));
  void *p = trp_arena_alloc(&h.arena, NULL, 0, 100);
  assert_non_null(p);
  assert_null(trp_arena_alloc(&h.arena, p, 100, 9 * KIB));
  assert_null(trp_arena_alloc(&h.arena, p, 100, 0));
  heap_fini(&h);
}

static void mappings_grow_in_place_and_count_new_minus_old(void **state) {
  (void)state;
  heap h;
  void *p = NULL;
  heap_init(&h, 8 * MIB, 0);
  size_t size = 1000;
  assert_true(resize(&h, &p, 0, size));
  fill(p, 0x5a, size);
  /* Doubling up to 7 MiB would not fit if old and new were counted together. */
  while (size < 7 * MIB - 8 * KIB) {
    size_t next = size * 2 < 7 * MIB - 8 * KIB ? size * 2 : 7 * MIB - 8 * KIB;
    assert_true(resize(&h, &p, size, next));
    assert_true(all_bytes(p, 0x5a, size));
    fill(p, 0x5a, next);
    assert_true(h.arena.held >= next && h.arena.held <= next + 4096 + 32);
    check_sums(&h);
    size = next;
  }
  assert_int_equal(h.memory.live_blocks, 0); /* it is a mapping by now */
  assert_true(h.arena.peak <= 7 * MIB);
  assert_true(resize(&h, &p, size, 300 * KIB));
  assert_true(h.arena.held <= 304 * KIB);
  assert_true(resize(&h, &p, 300 * KIB, 0));
  assert_int_equal(h.arena.held, 0);
  heap_fini(&h);
}

static void shrinking_never_leaves_even_at_the_limit(void **state) {
  (void)state;
  static const size_t sizes[] = {600 * KIB, 200 * KIB, 100 * KIB, 5000, 600, 512,
                                 500,       300,       200,       64,   17,  1};
  enum { COUNT = sizeof sizes / sizeof *sizes };
  for (size_t from = 0; from < COUNT; from++) {
    heap h;
    void *p = NULL;
    heap_init(&h, MIB, 0);
    assert_true(resize(&h, &p, 0, sizes[from]));
    fill(p, 7, sizes[from]);
    /* From here on there is neither room under the limit nor memory in the system. */
    trp_arena_charge(&h.arena, MIB - h.arena.held);
    h.memory.fail_at = h.memory.calls + 1;
    for (size_t to = from + 1; to < COUNT; to++) {
      size_t held = h.arena.held;
      assert_true(resize(&h, &p, sizes[to - 1], sizes[to]));
      assert_true(h.arena.held <= held);
      assert_true(all_bytes(p, 7, sizes[to]));
    }
    assert_int_equal(h.memory.calls + 1, h.memory.fail_at); /* nothing was asked for */
    assert_true(resize(&h, &p, sizes[COUNT - 1], 0));
    trp_arena_uncharge(&h.arena, h.arena.external);
    heap_fini(&h);
  }
}

/* Refuses to shrink, too. */
static void *stubborn_realloc(void *ctx, void *p, size_t old_size, size_t new_size) {
  if (p && new_size && new_size < old_size) return NULL;
  return faulty_realloc(ctx, p, old_size, new_size);
}

static void shrinking_copes_with_an_allocator_that_cannot(void **state) {
  (void)state;
  heap h;
  heap_init(&h, MIB, 0);
  h.system.host.realloc = stubborn_realloc;
  void *p = NULL, *q = NULL;
  assert_true(resize(&h, &p, 0, 5001));
  fill(p, 3, 5001);
  assert_true(resize(&h, &p, 5001, 700));
  assert_true(resize(&h, &p, 700, 800)); /* there is room already */
  assert_true(resize(&h, &p, 800, 99));
  assert_true(all_bytes(p, 3, 99));
  size_t held = h.arena.held;
  for (int i = 0; i < 9; i++) { /* the rest of the old block became cells */
    q = NULL;
    assert_true(resize(&h, &q, 0, 512));
    fill(q, 4, 512);
  }
  assert_int_equal(h.arena.held, held);
  heap_fini(&h);
}

static void charge_once(heap *h, void *arg) { trp_arena_charge(&h->arena, *(size_t *)arg); }

static void charge_in_native_half(heap *h, void *arg) {
  bool *seen = arg;
  TRP_NATIVE_BEGIN(&h->frame);
  trp_arena_charge(&h->arena, MIB);
  *seen = true;
  TRP_NATIVE_END(&h->frame);
  *seen = false;
}

static void bytes_held_elsewhere_count(void **state) {
  (void)state;
  heap h;
  size_t bytes = MIB / 2;
  heap_init(&h, MIB, 0);
  assert_true(run(&h, charge_once, &bytes));
  assert_true(run(&h, charge_once, &bytes)); /* exactly at the limit */
  bytes = 1;
  assert_false(run(&h, charge_once, &bytes));
  assert_int_equal(h.arena.external, MIB + 1);
  trp_arena_uncharge(&h.arena, MIB + 1);

  bool seen = false; /* from a native half it leaves at the half's end */
  bytes = 1;
  assert_true(run(&h, charge_once, &bytes));
  assert_false(run(&h, charge_in_native_half, &seen));
  assert_true(seen);
  trp_arena_uncharge(&h.arena, MIB + 1);
  heap_fini(&h);
}

static void the_soft_limit_is_noticed_and_moves(void **state) {
  (void)state;
  heap h;
  void *p = NULL, *q = NULL;
  heap_init(&h, MIB, 0);
  assert_true(resize(&h, &p, 0, MIB / 4 * 3 - 8192));
  assert_false(h.arena.soft_hit);
  assert_true(resize(&h, &q, 0, 16 * KIB));
  assert_true(h.arena.soft_hit);
  trp_arena_rearm(&h.arena);
  assert_false(h.arena.soft_hit);
  assert_true(h.arena.soft > h.arena.held && h.arena.soft < h.arena.limit);
  assert_true(resize(&h, &p, MIB / 4 * 3 - 8192, 0));
  trp_arena_rearm(&h.arena);
  assert_int_equal(h.arena.soft, MIB / 4 * 3);
  heap_fini(&h);
}

static void refused_by(heap *h, trp_arena_bound who, size_t size, const char *says) {
  void *p = NULL;
  assert_false(resize(h, &p, 0, size));
  assert_int_equal(h->arena.refused_by, who);
  assert_non_null(strstr(h->arena.why, says));
  check_sums(h);
}

static void who_refuses_is_said_and_nothing_is_charged(void **state) {
  (void)state;
  for (size_t size = 2000; size <= 400 * KIB; size *= 100) { /* a block, a mapping */
    heap h;
    heap_init(&h, MIB, 0);
    refused_by(&h, TRP_ARENA_LIMIT, 2 * MIB, "memory_bytes is 1,048,576; it held 0 bytes");
    h.account.limit = 1000;
    refused_by(&h, TRP_ARENA_ACCOUNT, size, "subtree_memory_bytes, 1,000, is used up");
    h.system.all.limit = 1600;
    refused_by(&h, TRP_ARENA_SYSTEM, size, "the system's memory, 1,600 bytes, is used up");
    heap_fini(&h);
  }
  heap h;
  heap_init(&h, MIB, 1);
  refused_by(&h, TRP_ARENA_MACHINE, 2000, "the machine has no memory left");
  heap_fini(&h);
}

static unsigned told;
static void tell(trp_arena *a) {
  (void)a;
  told++;
}

/* The subtree's and the system's thresholds ask for a collection as the arena's own does, once. */
static void the_soft_limits_above_count_too(void **state) {
  (void)state;
  for (int system = 0; system <= 1; system++) {
    heap h;
    void *p = NULL, *q = NULL;
    heap_init(&h, 0, 0);
    *(system ? &h.system.all.limit : &h.account.limit) = MIB;
    trp_arena_rearm(&h.arena);
    h.arena.on_soft = tell;
    told = 0;
    assert_true(resize(&h, &p, 0, 700 * KIB));
    assert_int_equal(told, 0);
    assert_true(resize(&h, &p, 700 * KIB, 800 * KIB));
    assert_true(resize(&h, &q, 0, 1000));
    assert_int_equal(told, 1);
    trp_arena_rearm(&h.arena); /* half-way: at 912 KiB */
    assert_true(resize(&h, &p, 800 * KIB, 900 * KIB));
    assert_int_equal(told, 1);
    assert_true(resize(&h, &p, 900 * KIB, 930 * KIB));
    assert_int_equal(told, 2);
    heap_fini(&h);
  }
}

static void trim(heap *h, void *arg) { *(size_t *)arg = trp_arena_trim(&h->arena); }

static void empty_chunks_go_back(void **state) {
  (void)state;
  enum { COUNT = 20000 };
  heap h;
  size_t given = 0;
  void **all = calloc(COUNT, sizeof *all);
  assert_non_null(all);
  heap_init(&h, 0, 0);
  for (size_t i = 0; i < COUNT; i++)
    assert_true(resize(&h, &all[i], 0, 1 + i % 300));
  assert_true(run(&h, trim, &given));
  assert_int_equal(given, 0);
  size_t full = h.arena.held;
  for (size_t i = COUNT / 4; i < COUNT; i++)
    assert_true(resize(&h, &all[i], 1 + i % 300, 0));
  assert_int_equal(h.arena.held, full);
  assert_true(run(&h, trim, &given));
  assert_true(given > full / 2);
  assert_int_equal(h.arena.held, full - given);
  /* The rest is intact, and the free lists know nothing of what went back. */
  for (size_t i = COUNT / 4; i < COUNT; i++) {
    assert_true(resize(&h, &all[i], 0, 1 + i % 300));
    fill(all[i], 1, 1 + i % 300);
  }
  for (size_t i = 0; i < COUNT; i++)
    assert_true(resize(&h, &all[i], 1 + i % 300, 0));
  assert_true(run(&h, trim, &given));
  assert_int_equal(h.arena.held, 0);
  free(all);
  heap_fini(&h);
}

/* ---- property: against a shadow model ------------------------------------------------------ */

typedef struct shadow {
  unsigned char *p;
  size_t size;
  unsigned char fill;
} shadow;

static size_t random_size(trp_rand *r) {
  switch (trp_rand_below(r, 10)) {
  case 0:
    return 1 + trp_rand_below(r, 300 * KIB);
  case 1:
  case 2:
    return 1 + trp_rand_below(r, 5000);
  default:
    return 1 + trp_rand_below(r, 600);
  }
}

static void check_fill(const shadow *s, size_t size) {
  if (!all_bytes(s->p, s->fill, size)) fail_msg("a block of %zu bytes changed", s->size);
}

static void blocks_keep_their_bytes(void **state) {
  (void)state;
  enum { SLOTS = 200, STEPS = 30000 };
  static shadow slots[SLOTS];
  memset(slots, 0, sizeof slots);
  trp_rand r;
  trp_rand_init(&r, test_seed());
  heap h;
  heap_init(&h, 0, 0);
  for (int step = 0; step < STEPS; step++) {
    shadow *s = &slots[trp_rand_below(&r, SLOTS)];
    size_t size = trp_rand_below(&r, 3) ? random_size(&r) : 0;
    void *p = s->p;
    check_fill(s, s->size);
    assert_true(resize(&h, &p, s->size, size));
    s->p = p;
    check_fill(s, size < s->size ? size : s->size);
    s->size = size;
    s->fill = (unsigned char)trp_rand_next(&r);
    if (size) fill(s->p, s->fill, size);
    check_sums(&h);
    size_t given;
    if (step % 5000 == 4999) assert_true(run(&h, trim, &given));
  }
  for (int i = 0; i < SLOTS; i++)
    check_fill(&slots[i], slots[i].size);
  heap_fini(&h);
}

/* ---- Lua ----------------------------------------------------------------------------------- */

typedef struct script {
  const char *source;
  char answer[100];
} script;

static int pcall_main(lua_State *L) {
  luaL_openlibs(L);
  const char *source = ((const script *)lua_touserdata(L, 1))->source;
  if (luaL_loadbufferx(L, source, strlen(source), "=test", "t") != LUA_OK) return lua_error(L);
  lua_call(L, 0, 1);
  return 1;
}

/* Creates a state and runs the source. The state is never closed, as in an actor. */
static void run_lua(heap *h, void *arg) {
  script *s = arg;
  (void)snprintf(s->answer, sizeof s->answer, "left");
  lua_State *L = trp_lua_newstate(trp_arena_alloc, &h->arena);
  if (!L) return;
  lua_pushcfunction(L, pcall_main);
  lua_pushlightuserdata(L, s);
  (void)lua_pcall(L, 1, 1, 0);
  (void)snprintf(s->answer, sizeof s->answer, "%s", luaL_tolstring(L, -1, NULL));
}

static void lua_runs_on_it(void **state) {
  (void)state;
  heap h;
  heap_init(&h, 4 * MIB, 0);
  script s = {.source = "local t = {} for i = 1, 20000 do t[i] = ('x'):rep(i % 40) .. i end "
                        "for i = 1, 20000 do t[i] = nil end collectgarbage() "
                        "return #table.concat({1, 2, 3}, ('y'):rep(200000))"};
  assert_true(run(&h, run_lua, &s));
  assert_string_equal(s.answer, "400003");
  heap_fini(&h);
}

/* Each goes over any limit. None of them may catch that. */
static const char *const hostile[] = {
    "local t = {} for i = 1, math.huge do t[i] = {i} end",
    "local t = {} for i = 1, math.huge do t[i] = i end",
    "local t = {} for i = 1, math.huge do t['k' .. i] = true end",
    "local s = 'x' while true do s = s .. s end",
    "return ('x'):rep(1 << 30)",
    "return ('x'):rep(1 << 20, ('y'):rep(1 << 10))",
    "local function f(n) return 1 + f(n + 1) end "
    "local t = {} while true do t[#t + 1] = coroutine.create(f) coroutine.resume(t[#t], 1) end",
    "local t = {} while true do local co = coroutine.wrap(function() coroutine.yield() end) co() "
    "t[#t + 1] = co end",
    "local t = {} while true do local ok, e = pcall(function() while true do t[#t + 1] = {} end "
    "end) "
    "end",
    "while true do local t = {} xpcall(function() while true do t[#t + 1] = ('z'):rep(1000) .. #t "
    "end "
    "end, function(m) return m end) end",
    "local co = coroutine.wrap(function() pcall(coroutine.wrap(function() "
    "local t = {} while true do t[#t + 1] = 'a' .. #t end end)) return 'caught' end) return co()",
    "local t = {} table.sort({3, 2, 1}, function() while true do t[#t + 1] = {} end end)",
    "local t = {} local s <close> = setmetatable({}, {__close = function() return 'closed' end}) "
    "while true do t[#t + 1] = ('q'):rep(100) .. #t end",
    "local t = {} return (('x'):rep(10):gsub('.', function() while true do t[#t + 1] = {} end "
    "end))",
    "local t = {} t[1] = setmetatable({}, {__gc = function() while true do t[#t + 1] = {} end "
    "end}) "
    "t[1] = nil collectgarbage() while true do t[#t + 1] = {} end",
    "return table.concat({('x'):rep(1 << 20), ('x'):rep(1 << 20)}, ('y'):rep(1 << 20))",
    "return load('return ' .. ('{'):rep(150) .. ('1,'):rep(1 << 20) .. ('}'):rep(150))",
    "return string.format(('%s'):rep(300), table.unpack((function() local t = {} for i = 1, 300 do "
    "t[i] = ('x'):rep(20000) end return t end)()))",
};

static void bombs_are_left_and_nothing_remains(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
    heap h;
    heap_init(&h, 2 * MIB, 0);
    script s = {.source = hostile[i]};
    if (run(&h, run_lua, &s)) fail_msg("not left but answered '%s': %s", s.answer, s.source);
    assert_true(h.arena.peak <= 2 * MIB);
    heap_fini(&h);
  }
}

static void deep_recursion_ends_at_luas_own_limit_or_is_left(void **state) {
  (void)state;
  static const char source[] = "local function f(n) return 1 + f(n + 1) end "
                               "return (select(2, pcall(f, 1)):match('stack overflow'))";
  heap h;
  heap_init(&h, 64 * MIB, 0);
  script s = {.source = source};
  assert_true(run(&h, run_lua, &s));
  assert_string_equal(s.answer, "stack overflow");
  heap_fini(&h);
  heap_init(&h, MIB, 0);
  assert_false(run(&h, run_lua, &s));
  heap_fini(&h);
}

static void every_limit_is_either_enough_or_left(void **state) {
  (void)state;
  script s = {.source =
                  "local t = {} for i = 1, 300 do t[i] = ('k' .. i):rep(i % 50) end return #t"};
  size_t limit = KIB;
  bool stayed = false;
  for (; !stayed; limit += 517) {
    heap h;
    heap_init(&h, limit, 0);
    stayed = run(&h, run_lua, &s);
    assert_true(h.arena.peak <= limit);
    heap_fini(&h);
  }
  assert_string_equal(s.answer, "300");
  assert_true(limit < 200 * KIB);
}

static void without_system_memory_it_leaves(void **state) {
  (void)state;
  script s = {.source = "local t = {} for i = 1, 100 do t[i] = ('k' .. i):rep(i) end return #t"};
  for (long n = 1;; n++) {
    heap h;
    heap_init(&h, MIB, n);
    bool stayed = run(&h, run_lua, &s);
    long calls = h.memory.calls;
    heap_fini(&h);
    if (stayed && calls < n) break;
    assert_true(n < 10000);
  }
  assert_string_equal(s.answer, "100");
}

static void a_full_collection_and_a_trim_give_memory_back(void **state) {
  (void)state;
  heap h;
  size_t given = 0;
  heap_init(&h, 16 * MIB, 0);
  script s = {.source = "do local t = {} for i = 1, 40000 do t[i] = {i} end end "
                        "collectgarbage() return 'done'"};
  assert_true(run(&h, run_lua, &s));
  assert_string_equal(s.answer, "done");
  size_t before = h.arena.held;
  assert_true(run(&h, trim, &given));
  assert_true(given > before / 2);
  heap_fini(&h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks_are_aligned_and_reused),
      cmocka_unit_test(the_limit_counts_what_is_held),
      cmocka_unit_test(impossible_sizes_leave),
      cmocka_unit_test(outside_of_the_frame_it_returns_null),
      cmocka_unit_test(mappings_grow_in_place_and_count_new_minus_old),
      cmocka_unit_test(shrinking_never_leaves_even_at_the_limit),
      cmocka_unit_test(shrinking_copes_with_an_allocator_that_cannot),
      cmocka_unit_test(bytes_held_elsewhere_count),
      cmocka_unit_test(the_soft_limit_is_noticed_and_moves),
      cmocka_unit_test(who_refuses_is_said_and_nothing_is_charged),
      cmocka_unit_test(the_soft_limits_above_count_too),
      cmocka_unit_test(empty_chunks_go_back),
      cmocka_unit_test(blocks_keep_their_bytes),
      cmocka_unit_test(lua_runs_on_it),
      cmocka_unit_test(bombs_are_left_and_nothing_remains),
      cmocka_unit_test(deep_recursion_ends_at_luas_own_limit_or_is_left),
      cmocka_unit_test(every_limit_is_either_enough_or_left),
      cmocka_unit_test(without_system_memory_it_leaves),
      cmocka_unit_test(a_full_collection_and_a_trim_give_memory_back),
  };
  return run_tests(tests);
}
