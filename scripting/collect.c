#include "scripting/collect.h"

#include "scripting/lua_compat.h"
#include "scripting/scratch.h"
#include "scripting/task.h"

/* Below this part of the arena, a search for empty chunks finds few. */
enum { TRIM_PART = 16 };

void trp_collect_want(trp_arena *a) {
  trp_lua *lua = TRP_CONTAINER(a, trp_lua, arena);
  lua->must_collect = true;
  lua->collect_again = true;
  /* A native half may be open: setting a hook neither allocates nor runs anything. */
  if (lua->cur) trp_lua_hook(lua->cur);
}

size_t trp_collect_live(lua_State *L) {
  return (size_t)lua_gc(L, LUA_GCCOUNT) * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB);
}

static void trim(lua_State *L) {
  trp_arena *a = &trp_lua_of(L)->arena;
  size_t live = trp_collect_live(L);
  if (a->held > live && a->held - live > a->held / TRIM_PART) (void)trp_arena_trim(a);
}

/* A cycle has ended. It may have begun before the last garbage was made: when it has not brought
 * the arena under the threshold that asked for it, one more is run. */
static void cycle_ended(lua_State *L) {
  trp_lua *lua = trp_lua_of(L);
  trim(L);
  if (lua->collect_again && trp_arena_over_soft(&lua->arena)) {
    lua->collect_again = false;
    return;
  }
  lua->collections++;
  lua->must_collect = false;
  trp_arena_rearm(&lua->arena);
}

void trp_collect_some(lua_State *L, bool may_stop) {
  trp_lua *lua = trp_lua_of(L);
  while (lua->must_collect) {
    /* of generations a step never says that a cycle has ended */
    if (trp_lua_gc_generational(L) || lua_gc(L, LUA_GCSTEP, 0)) cycle_ended(L);
    if (lua->must_give_way && may_stop) return;
  }
}

void trp_collect_all(lua_State *L) {
  trp_lua *lua = trp_lua_of(L);
  lua_gc(L, LUA_GCCOLLECT);
  (void)trp_arena_trim(&lua->arena);
  lua->collections++;
  lua->must_collect = false;
  trp_arena_rearm(&lua->arena);
}

int trp_collect_hibernate(lua_State *L) {
  trp_lua_of(L)->hibernates = true;
  return 0;
}

void trp_collect_shrink(trp_lua *lua) {
  lua->hibernates = false;
  trp_task_drop_idle(lua);
  trp_frame *frame = trp_actor_frame(lua->actor);
  trp_scratch_shrink(lua->scratch, frame);
  trp_collect_all(lua->L);
}

bool trp_collect_room(lua_State *L, size_t bytes) {
  trp_arena *a = &trp_lua_of(L)->arena;
  if (trp_arena_has_room(a, bytes)) return true;
  trp_collect_all(L);
  return trp_arena_has_room(a, bytes);
}
