#include "scripting/coroutine.h"

#include <lauxlib.h>

#include "scripting/lua_compat.h"
#include "scripting/state.h"
#include "scripting/task.h"

static int co_resume(lua_State *L);
static int co_wrapped(lua_State *L);

typedef enum co_status { RUNNING, DEAD, SUSPENDED, NORMAL } co_status;

static const char *const status_names[] = {"running", "dead", "suspended", "normal"};

void trp_coroutine_hold(lua_State *L, int idx, bool held) {
  idx = lua_absindex(L, idx);
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_HELD);
  lua_pushvalue(L, idx);
  if (held)
    lua_pushboolean(L, 1);
  else
    lua_pushnil(L);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

static bool is_held(lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_HELD);
  lua_pushvalue(L, idx);
  lua_rawget(L, -2);
  bool held = lua_toboolean(L, -1);
  lua_pop(L, 2);
  return held;
}

static lua_State *check_thread(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  luaL_argexpected(L, co, 1, "thread");
  return co;
}

/* A thread of a suspended chain has yielded, but to the runtime: to scripts it is "normal". */
static co_status status_of(lua_State *L, lua_State *co, int idx) {
  if (co == L) return RUNNING;
  switch (lua_status(co)) {
  case LUA_YIELD:
    return is_held(L, idx) ? NORMAL : SUSPENDED;
  case LUA_OK: {
    lua_Debug ar;
    if (lua_getstack(co, 0, &ar)) return NORMAL;
    return lua_gettop(co) == 0 ? DEAD : SUSPENDED;
  }
  default:
    return DEAD;
  }
}

/* Closes a thread's pending variables. Its __close metamethods cannot wait or yield. */
static int reset(lua_State *L, lua_State *co) {
  trp_lua *lua = trp_lua_of(L);
  bool chain_ok = lua->chain_ok;
  lua_State *closing = lua->closing;
  lua->chain_ok = false;
  lua->closing = co;
  lua->cur = co;
  int status = trp_lua_closethread(co, L);
  lua->cur = L;
  lua->closing = closing;
  lua->chain_ok = chain_ok;
  return status;
}

/* The thread that a suspended one has resumed and waits for, or NULL. */
static lua_State *inner_of(lua_State *co) {
  lua_Debug ar;
  lua_State *inner = NULL;
  if (!lua_checkstack(co, 2) || !lua_getstack(co, 0, &ar)) return NULL;
  lua_getinfo(co, "f", &ar);
  lua_CFunction f = lua_tocfunction(co, -1);
  bool found = (f == co_resume && lua_getlocal(co, &ar, 1)) ||
               (f == co_wrapped && lua_getupvalue(co, -1, 1));
  if (found) {
    inner = lua_tothread(co, -1);
    lua_pop(co, 1);
  }
  lua_pop(co, 1);
  return inner;
}

int trp_coroutine_close(lua_State *L, lua_State *co) {
  lua_State *inner = inner_of(co);
  int failed = inner ? trp_coroutine_close(L, inner) : 0;
  if (reset(L, co) == LUA_OK) return failed;
  lua_xmove(co, L, 1);
  return failed + 1;
}

static void check_close_stack(lua_State *L) {
  const trp_lua *lua = trp_lua_of(L);
  if (lua->stack_top - (uintptr_t)__builtin_frame_address(0) > lua->close_stack)
    luaL_error(L, "too many nested closes of coroutines");
}

/* The index of the coroutine in the caller's frame: the first argument, or what wrap has kept. */
static int thread_index(bool wrap) { return wrap ? lua_upvalueindex(1) : 1; }

/* Ends wrap's function with the error on top of the stack. */
static int wrap_failed(lua_State *L, lua_State *co) {
  int status = lua_status(co);
  if (status != LUA_OK && status != LUA_YIELD) {
    check_close_stack(L);
    status = reset(L, co);
    lua_xmove(co, L, 1);
  }
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int failed(lua_State *L, lua_State *co, bool wrap) {
  if (wrap) return wrap_failed(L, co);
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

static int resumed(lua_State *L, int status, lua_KContext wrap);

/* Runs co with the n values on top of its stack. */
static int run(lua_State *L, lua_State *co, int n, bool wrap) {
  trp_lua *lua = trp_lua_of(L);
  bool chain_ok = lua->chain_ok;
  int results = 0;
  lua->chain_ok = chain_ok && lua_isyieldable(L);
  lua->resume_depth++;
  lua->cur = co;
  trp_lua_rehook(lua, co);
  int status = lua_resume(co, L, n, &results);
  lua->cur = L;
  lua->resume_depth--;
  lua->chain_ok = chain_ok;
  trp_lua_rehook(lua, L); /* a request may have met the inner thread too late */
  if (status == LUA_YIELD && lua->suspending) {
    trp_coroutine_hold(L, thread_index(wrap), true);
    return lua_yieldk(L, 0, wrap, resumed);
  }
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(co, L, 1); /* the error */
    return failed(L, co, wrap);
  }
  if (!lua_checkstack(L, results + 1)) {
    lua_pop(co, results);
    lua_pushliteral(L, "too many results to resume");
    return failed(L, co, wrap);
  }
  if (!wrap) lua_pushboolean(L, 1);
  lua_xmove(co, L, results);
  return results + !wrap;
}

/* The chain is resumed: so is the next thread inwards. */
static int resumed(lua_State *L, int status, lua_KContext wrap) {
  (void)status;
  int idx = thread_index(wrap != 0);
  trp_coroutine_hold(L, idx, false);
  return run(L, lua_tothread(L, idx), 0, wrap != 0);
}

/* Starts or continues co with the n arguments on top of L. */
static int resume(lua_State *L, lua_State *co, int n, bool wrap) {
  co_status status = status_of(L, co, thread_index(wrap));
  if (status != SUSPENDED) {
    lua_pushfstring(
        L, status == DEAD ? "cannot resume %s coroutine" : "cannot resume non-suspended coroutine",
        status_names[status]);
    return failed(L, co, wrap);
  }
  if (trp_lua_of(L)->resume_depth >= TRP_COROUTINE_DEPTH) {
    lua_pushliteral(L, "too many nested coroutines");
    return failed(L, co, wrap);
  }
  if (!lua_checkstack(co, n)) {
    lua_pushliteral(L, "too many arguments to resume");
    return failed(L, co, wrap);
  }
  lua_xmove(L, co, n);
  return run(L, co, n, wrap);
}

static int co_resume(lua_State *L) {
  lua_State *co = check_thread(L);
  return resume(L, co, lua_gettop(L) - 1, false);
}

static int co_wrapped(lua_State *L) {
  return resume(L, lua_tothread(L, lua_upvalueindex(1)), lua_gettop(L), true);
}

static int co_create(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  return 1;
}

static int co_wrap(lua_State *L) {
  co_create(L);
  lua_pushcclosure(L, co_wrapped, 1);
  return 1;
}

static int gave_way(lua_State *L, int status, lua_KContext ctx) {
  (void)L, (void)status, (void)ctx;
  return 0;
}

static int co_yield (lua_State *L) {
  trp_lua *lua = trp_lua_of(L);
  if (L == lua->closing) return luaL_error(L, "attempt to yield while being closed");
  if (L != lua->task->co) return lua_yield(L, lua_gettop(L));
  if (!trp_lua_can_wait(L)) return luaL_error(L, "attempt to yield across a C-call boundary");
  lua_settop(L, 0);
  int err = trp_task_give_way(lua);
  if (err) return 0; /* too many timers: giving way is a courtesy only */
  return trp_lua_wait(L, 0, gave_way);
}

static int co_status_name(lua_State *L) {
  lua_State *co = check_thread(L);
  lua_pushstring(L, status_names[status_of(L, co, 1)]);
  return 1;
}

static int co_isyieldable(lua_State *L) {
  lua_State *co = lua_isnone(L, 1) ? L : check_thread(L);
  lua_pushboolean(L, lua_isyieldable(co));
  return 1;
}

static int co_running(lua_State *L) {
  lua_pushthread(L);
  lua_pushboolean(L, L == trp_lua_of(L)->task->co);
  return 2;
}

static int co_close(lua_State *L) {
  lua_State *co = check_thread(L);
  co_status status = status_of(L, co, 1);
  if (status != DEAD && status != SUSPENDED)
    return luaL_error(L, "cannot close a %s coroutine", status_names[status]);
  check_close_stack(L);
  if (reset(L, co) == LUA_OK) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushboolean(L, 0);
  lua_xmove(co, L, 1);
  return 2;
}

void trp_coroutine_open(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"create", co_create}, {"resume", co_resume},           {"wrap", co_wrap},
      {"yield", co_yield },  {"status", co_status_name},      {"running", co_running},
      {"close", co_close},   {"isyieldable", co_isyieldable}, {NULL, NULL},
  };
  luaL_newlib(L, functions);
}
