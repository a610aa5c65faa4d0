#include "scripting/state.h"

#include <setjmp.h>

#include <lauxlib.h>

#include "actors/base/mem.h"
#include "actors/base/thread.h"
#include "actors/system.h"
#include "scripting/collect.h"
#include "scripting/coroutine.h"
#include "scripting/lua_compat.h"
#include "scripting/sandbox.h"
#include "scripting/scratch.h"
#include "scripting/script.h"
#include "scripting/task.h"

#if TRP_UNDER_TSAN
/* What liblua, built with _FORTIFY_SOURCE, calls where the source says longjmp. The sanitizer knows
 * longjmp only: without this its record of the call stack grows with each yield and each error that
 * leaves one of our functions, until it aborts after some 65,000 of them. */
TROUPE_API _Noreturn void __longjmp_chk(jmp_buf jump, int value);
_Noreturn void __longjmp_chk(jmp_buf jump, int value) { longjmp(jump, value); }
#endif

/* An error outside of every protected call: our own bug, but never the end of the process. */
static int on_panic(lua_State *L) { trp_frame_leave(trp_lua_frame(L), TROUPE_EXIT_ERROR); }

/* What is kept for the actor on its ledger counts like its heap. The ledger also changes between
 * two callbacks, so the frame of the slice is named here. */
static void on_ledger(trp_ledger *l, size_t more, size_t less) {
  trp_lua *lua = troupe_actor_state(TRP_CONTAINER(l, troupe_actor, ledger));
  trp_lua_enter(lua);
  if (more) trp_arena_charge(&lua->arena, more);
  if (less) trp_arena_uncharge(&lua->arena, less);
}

/* In one allocation, because state.h does not know what a task is. */
typedef struct side {
  trp_lua lua;
  trp_task between;
} side;

/* What lives outside of the Lua heap. */
static int make(trp_lua **out, troupe_actor *actor, trp_script *script) {
  troupe_system *sys = troupe_actor_system(actor);
  const troupe_allocator *al = trp_system_allocator(sys);
  trp_frame *frame = trp_actor_frame(actor);
  int err = TROUPE_E_NO_MEMORY;
  TRP_NATIVE_BEGIN(frame);
  side *both = trp_zalloc(al, sizeof *both);
  trp_book *book = both ? trp_ledger_open(trp_actor_ledger(actor)) : NULL;
  if (!book) {
    trp_free(al, both, sizeof *both);
    both = NULL;
  }
  trp_lua *lua = both ? &both->lua : NULL;
  if (lua) {
    troupe_actor_set_state(actor, lua); /* from here on `fini` frees it */
    lua->actor = actor;
    lua->script = script;
    both->between = (trp_task){.lua = lua, .kind = TRP_TASK_SIGNAL, .state = TRP_TASK_WORKING};
    lua->between = lua->task = &both->between;
    trp_arena_init(&lua->arena, al, (size_t)script->limits.memory_bytes, script->quota->bound,
                   &sys->memory);
    lua->arena.on_soft = trp_collect_want;
    trp_arena_set_frame(&lua->arena, frame);
    trp_arena_charge(&lua->arena, book->bytes);
    book->on_bytes = on_ledger;
    trp_system_split_rand(sys, &lua->rand);
    lua->born_ns = lua->log_ns = trp_system_now_ns(sys);
    lua->log_tokens = script->limits.log_bytes_per_s;
    lua->close_stack =
        sys->config.workers == 0 ? TRP_COROUTINE_CLOSE_STACK_STEPPED : TRP_COROUTINE_CLOSE_STACK;
    err = trp_scratch_open(&lua->scratch, trp_actor_ledger(actor), frame, al,
                           (size_t)script->limits.message_bytes);
  }
  TRP_NATIVE_END(frame);
  *out = lua;
  return err;
}

int trp_lua_new(trp_lua **out, troupe_actor *actor, trp_script *script) {
  int err = make(out, actor, script);
  if (err) return err;
  trp_lua *lua = *out;
  lua_State *L = trp_lua_newstate(trp_arena_alloc, &lua->arena);
  if (!L) return TROUPE_E_NO_MEMORY;
  lua->L = lua->between->co = L;
  *(trp_lua **)lua_getextraspace(L) = lua;
  lua_atpanic(L, on_panic);
  trp_lua_gc_incremental(L, 150); /* small heaps: less garbage for little more work */
  lua_pushcfunction(L, trp_sandbox_open);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK) return TROUPE_E_SCRIPT;
  return TROUPE_OK;
}

void trp_lua_close(trp_lua *lua) {
  if (!lua->L) return;
  lua->ending = true;
  trp_lua_mark_stack(lua);
  trp_task_close_all(lua);
  if (lua->script->trusted) {     /* nothing of a sandbox's hangs on a finalizer */
    trp_arena_close(&lua->arena); /* what the tick may still look at stays where it is */
    lua->cur = lua->L;
    lua_close(lua->L);
    lua->L = NULL;
  }
  lua->cur = NULL;
}

void trp_lua_free(trp_lua *lua) {
  if (!lua) return;
  trp_actor_ledger(lua->actor)->book->on_bytes = NULL; /* what is on it is settled next */
  trp_arena_drop(&lua->arena);
  trp_free(trp_system_allocator(troupe_actor_system(lua->actor)), lua, sizeof(side));
}

/* Answers what collected handles have dropped. */
static void flush_dropped(trp_lua *lua) {
  for (uint32_t i = 0; i < lua->dropped_count; i++) {
    troupe_actor_reply_to(lua->actor, lua->dropped[i], TROUPE_E_BROKEN_PROMISE, NULL, 0, NULL);
  }
  lua->dropped_count = 0;
}

void trp_lua_drop_ask(trp_lua *lua, uint64_t id) {
  trp_frame *frame = trp_actor_frame(lua->actor);
  if (lua->dropped_count == TRP_LUA_DROPPED_MAX) {
    TRP_NATIVE_BEGIN(frame);
    flush_dropped(lua);
    TRP_NATIVE_END(frame);
  }
  lua->dropped[lua->dropped_count++] = id;
}

void trp_lua_leave(trp_lua *lua) {
  if (lua->hibernates && !lua->interrupted && !lua->ending) trp_collect_shrink(lua);
  if (lua->dropped_count == 0) return;
  trp_frame *frame = trp_actor_frame(lua->actor);
  TRP_NATIVE_BEGIN(frame);
  flush_dropped(lua);
  TRP_NATIVE_END(frame);
}

/* Runs at the next instruction, on the thread that was running when it was asked for, or later on
 * one it created: lua_newthread copies an armed hook, so an unwanted one only disarms. Where the
 * thread cannot yield (a comparator, a metamethod called from C) the next tick tries again. */
static void on_hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  trp_lua *lua = trp_lua_of(L);
  lua_sethook(L, NULL, 0, 0);
  bool can_wait = trp_lua_can_wait(L);
  trp_collect_some(L, can_wait);
  if (!lua->must_give_way || !can_wait) return;
  lua->must_give_way = false;
  lua->gave_way = true;
  lua->suspending = true;
  lua_yield(L, 0);
}

void trp_lua_hook(lua_State *L) { lua_sethook(L, on_hook, LUA_MASKCOUNT, 1); }

void trp_lua_preempt(troupe_actor *actor) {
  trp_lua *lua = troupe_actor_state(actor);
  if (!lua || !lua->cur) return;
  lua->must_give_way = true;
  atomic_signal_fence(memory_order_seq_cst);
  lua_sethook(lua->cur, on_hook, LUA_MASKCOUNT, 1); /* NOLINT(bugprone-signal-handler,cert-sig30-c):
                                                       lua_sethook is made for this */
}

bool trp_lua_can_wait(lua_State *L) { return trp_lua_of(L)->chain_ok && lua_isyieldable(L); }

int trp_lua_cannot_wait(lua_State *L, const char *verb) {
  return luaL_error(L,
                    "%s: cannot wait here (inside a sort comparator, a gsub callback, a metamethod "
                    "called from C, or a coroutine being closed)",
                    verb);
}

int trp_lua_wait(lua_State *L, lua_KContext ctx, lua_KFunction k) {
  trp_lua_of(L)->suspending = true;
  return lua_yieldk(L, 0, ctx, k);
}
