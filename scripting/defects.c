/* The self-test of the linked Lua: troupe_lua_defects.
 *
 * Each probe does on a small scale what a script would do on a large one, where the difference can
 * be seen and nothing breaks: a C stack is used but not used up, memory that is freed too early is
 * still there. What can be seen only by a crash is not probed; docs/reference/lua-defects.md has
 * the whole list. */
#include "scripting/defects.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <troupe/error.h>
#include <troupe/lua_defects.h>

#include <lauxlib.h>
#include <lualib.h>

#include "scripting/lua_compat.h"

/* Returns 1: present, 0: absent, or a libuv code. */
typedef int (*probe)(void);

enum { STACK_BYTES = 1 << 20 }; /* of the threads that probe */

/* ---- defects that a script sees ------------------------------------------------------------ */

/* Runs a chunk that returns whether the defect is there. */
static int ask_chunk(const char *source) {
  lua_State *L = luaL_newstate();
  if (!L) return TROUPE_E_NO_MEMORY;
  luaL_openlibs(L);
  int result = TROUPE_E_NO_MEMORY; /* what else could fail in these chunks */
  if (luaL_loadstring(L, source) == LUA_OK && lua_pcall(L, 0, 1, 0) == LUA_OK)
    result = lua_toboolean(L, -1);
  lua_close(L);
  return result;
}

/* More of them than C calls may nest: they must be refused. */
static int probe_nested_close(void) {
  return ask_chunk("local co, refused\n"
                   "for i = 1, 260 do\n"
                   "  local inner = co\n"
                   "  co = coroutine.create(function()\n"
                   "    local x <close> = setmetatable({}, { __close = function()\n"
                   "      if inner and not coroutine.close(inner) then refused = true end\n"
                   "    end })\n"
                   "    coroutine.yield()\n"
                   "  end)\n"
                   "  coroutine.resume(co)\n"
                   "end\n"
                   "if not coroutine.close(co) then refused = true end\n"
                   "return not refused");
}

/* The handler belongs to a call that is gone when the variable is closed. */
static int probe_closing_handler(void) {
  return ask_chunk(
      "local co = coroutine.create(function()\n"
      "  xpcall(function()\n"
      "    local x <close> = setmetatable({}, { __close = function() error 'x' end })\n"
      "    coroutine.yield()\n"
      "  end, function() return 'handled' end)\n"
      "end)\n"
      "coroutine.resume(co)\n"
      "local _, message = coroutine.close(co)\n"
      "return message == 'handled'");
}

static int probe_break_close(void) {
  return ask_chunk("local closed = false\n"
                   "local x = setmetatable({}, { __close = function() closed = true end })\n"
                   "for k in next, {}, nil, x do end\n"
                   "closed = false\n"
                   "for k in next, { 1 }, nil, x do\n"
                   "  local function upvalue() return k end\n"
                   "  break\n"
                   "end\n"
                   "return not closed");
}

/* ---- call_hook_twice ----------------------------------------------------------------------- */

static void count_and_yield(lua_State *L, lua_Debug *ar) {
  int *calls = *(int **)lua_getextraspace(L);
  if (ar->event == LUA_HOOKCALL)
    ++*calls;
  else
    lua_yield(L, 0);
}

/* A chunk and the function it calls make two calls, however often they are interrupted. */
static int probe_call_hook_twice(void) {
  int calls = 0, results, status = LUA_YIELD;
  lua_State *L = luaL_newstate();
  if (!L) return TROUPE_E_NO_MEMORY;
  *(int **)lua_getextraspace(L) = &calls;
  lua_State *co = lua_newthread(L);
  *(int **)lua_getextraspace(co) = &calls;
  if (luaL_loadstring(co, "local function f(a) return a end f(1)") != LUA_OK) {
    lua_close(L);
    return TROUPE_E_NO_MEMORY;
  }
  lua_sethook(co, count_and_yield, LUA_MASKCALL | LUA_MASKCOUNT, 1);
  for (int i = 0; i < 100 && status == LUA_YIELD; i++)
    status = lua_resume(co, NULL, 0, &results);
  lua_close(L);
  return calls > 2;
}

/* ---- name_recursion ------------------------------------------------------------------------ */

enum { CHAIN_LEAST = 2 };

/* The names in the message for this type error are looked up backwards along the chain. */
static void *raise_behind_chain(void *arg) {
  static const char before[] = "local t = setmetatable({}, {}) t.x = t return t", after[] = "+ 1";
  const int *length = arg;
  char source[sizeof before + 2 * (size_t)TRP_CHAIN_MOST + sizeof after];
  size_t at = sizeof before - 1;
  lua_State *L = luaL_newstate();
  if (!L) return NULL;
  luaL_openlibs(L);
  memcpy(source, before, at);
  for (int i = 0; i < *length; i++, at += 2)
    memcpy(source + at, ".x", 2);
  memcpy(source + at, after, sizeof after);
  if (luaL_loadstring(L, source) == LUA_OK) lua_pcall(L, 0, 0, 0);
  lua_close(L);
  return NULL;
}

long trp_lua_measure_chain(int length) {
  pthread_attr_t attr;
  pthread_t thread;
  char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return TROUPE_E_NO_MEMORY;
  pthread_attr_init(&attr);
  int err = pthread_attr_setstack(&attr, stack, STACK_BYTES);
  if (!err) err = pthread_create(&thread, &attr, raise_behind_chain, &length);
  pthread_attr_destroy(&attr);
  long unused = 0;
  if (!err) {
    pthread_join(thread, NULL);
    while (unused < STACK_BYTES && stack[unused] == 0)
      unused++;
  }
  munmap(stack, STACK_BYTES);
  return err ? -err : STACK_BYTES - unused;
}

static int probe_name_recursion(void) {
  long few = trp_lua_measure_chain(CHAIN_LEAST), many = trp_lua_measure_chain(TRP_CHAIN_MOST);
  if (few < 0) return (int)few;
  if (many < 0) return (int)many;
  return many - few >
         TRP_CHAIN_MOST * (long)sizeof(void *); /* at least a return address for each */
}

/* ---- what is freed too early --------------------------------------------------------------- */

/* An allocator that gives nothing back before the end, so that what is freed too early does no
 * harm. */
typedef struct hoard {
  struct block {
    struct block *next;
    max_align_t data[];
  } * blocks;
  const void *watched; /* whether this one is freed */
  bool freed;
  bool refuse; /* the next request, so that Lua collects in the middle of what it does */
} hoard;

static void *hoard_alloc(void *ud, void *p, size_t old_size, size_t new_size) {
  hoard *h = ud;
  if (new_size == 0) {
    if (p && p == h->watched) h->freed = true;
    return NULL;
  }
  if (p && new_size <= old_size) return p;
  if (h->refuse) {
    h->refuse = false;
    return NULL;
  }
  struct block *b = malloc(sizeof *b + new_size);
  if (!b) return NULL;
  b->next = h->blocks;
  h->blocks = b;
  if (p) memcpy(b->data, p, old_size);
  return b->data;
}

/* Runs f, with the hoard as its argument, in a state of its own. Returns whether what it watched
 * was freed, or a libuv code. */
static int watch(lua_CFunction f) {
  hoard h = {0};
  lua_State *L = trp_lua_newstate(hoard_alloc, &h);
  int status = LUA_ERRMEM;
  if (L) {
    lua_pushcfunction(L, f);
    lua_pushlightuserdata(L, &h);
    status = lua_pcall(L, 1, 0, 0);
  }
  while (h.blocks) { /* instead of lua_close, which would walk over what is broken */
    struct block *b = h.blocks;
    h.blocks = b->next;
    free(b);
  }
  return status == LUA_OK ? h.freed : TROUPE_E_NO_MEMORY;
}

static void push_metatable(lua_State *L, const char *key, const char *value) {
  lua_newtable(L);
  lua_pushstring(L, value);
  lua_setfield(L, -2, key);
}

/* An assignment to t ends in a table that only t's weak metatable knows. */
static int assign_through_weak_metatable(lua_State *L) {
  hoard *h = lua_touserdata(L, 1);
  lua_newtable(L); /* t */
  lua_newtable(L); /* its metatable */
  push_metatable(L, "__mode", "v");
  lua_setmetatable(L, -2);
  lua_newtable(L);
  h->watched = lua_topointer(L, -1);
  lua_gc(L, LUA_GCSTOP);
  lua_setfield(L, -2, "__newindex");
  lua_setmetatable(L, -2);
  lua_pushboolean(L, 1);
  h->refuse = true;
  lua_seti(L, -2, 1); /* the table grows, and is used afterwards */
  h->watched = NULL;
  return 0;
}
static int probe_weak_newindex(void) { return watch(assign_through_weak_metatable); }

/* Gives a table weak in keys and values another metatable after n steps of a collection, which then
 * goes on to its end. */
static void change_metatable_after(lua_State *L, hoard *h, int n) {
  lua_gc(L, LUA_GCCOLLECT);
  lua_newtable(L);
  push_metatable(L, "__mode", "kv");
  lua_setmetatable(L, -2);
  while (n-- > 0)
    lua_gc(L, LUA_GCSTEP, 0);
  lua_gc(L, LUA_GCSTOP); /* no step while the new one is made, and on the stack */
  push_metatable(L, "__mode", "kv");
  h->watched = lua_topointer(L, -1);
  lua_setmetatable(L, -2);
  lua_gc(L, LUA_GCRESTART);
  for (int i = 0; i < 10000 && !h->freed && !lua_gc(L, LUA_GCSTEP, 0); i++) {
  }
  h->watched = NULL;
  lua_pop(L, 1);
}

static int change_metatable(lua_State *L) {
  hoard *h = lua_touserdata(L, 1);
  trp_lua_gc_creep(L);
  for (int n = 0; n < 400 && !h->freed; n++) /* more steps than there are objects */
    change_metatable_after(L, h, n);
  return 0;
}
static int probe_weak_metatable(void) { return watch(change_metatable); }

/* ---- all of them --------------------------------------------------------------------------- */

static const struct {
  const char *name, *fixed_in, *effect;
  probe probe;
} known[] = {
    {"nested_close", "5.4.5", "coroutines that close one another overflow the C stack",
     probe_nested_close},
    {"break_close", "5.4.5", "break can leave the closing value of a for loop open",
     probe_break_close},
    {"name_recursion", "5.4.7", "an error message after many fields overflows the C stack",
     probe_name_recursion},
    {"call_hook_twice", "5.4.7", "a count hook that yields repeats the call hook",
     probe_call_hook_twice},
    {"closing_handler", "5.4.8", "the message handler of a call that has ended is called",
     probe_closing_handler},
    {"weak_newindex", "5.4.8", "a collection for want of memory frees a table in use",
     probe_weak_newindex},
    {"weak_metatable", "5.5", "a table weak in keys and values loses the metatable it is given",
     probe_weak_metatable},
};

enum { KNOWN = sizeof known / sizeof *known };

/* What each probe found. They run on a thread of their own: how much stack the caller has is not
 * known. */
typedef struct findings {
  int err;
  bool present[KNOWN];
} findings;

static void *probe_all(void *arg) {
  findings *f = arg;
  for (size_t i = 0; i < KNOWN && !f->err; i++) {
    int result = known[i].probe();
    if (result < 0) f->err = result;
    f->present[i] = result == 1;
  }
  return NULL;
}

int troupe_lua_defects(size_t *count, troupe_lua_defect *out, size_t room) {
  findings f = {0};
  pthread_attr_t attr;
  pthread_t thread;
  *count = 0;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, STACK_BYTES);
  int err = -pthread_create(&thread, &attr, probe_all, &f);
  pthread_attr_destroy(&attr);
  if (err) return err;
  pthread_join(thread, NULL);
  if (f.err) return f.err;
  *count = KNOWN;
  for (size_t i = 0; i < KNOWN && i < room; i++)
    out[i] = (troupe_lua_defect){known[i].name, known[i].fixed_in, known[i].effect, f.present[i]};
  return TROUPE_OK;
}
