/* How actors are: ref:info(), ref:try_info(), troupe.info(). */
#include "scripting/info.h"

#include <string.h>

#include <lauxlib.h>

#include "scripting/collect.h"
#include "scripting/fault.h"
#include "scripting/ref.h"
#include "scripting/task.h"

void trp_info_fill(troupe_actor *self, troupe_info *out) {
  const trp_lua *lua = troupe_actor_state(self);
  const trp_arena *a = &lua->arena;
  for (const trp_task *task = lua->tasks; task; task = task->all_next)
    out->tasks += task->state != TRP_TASK_IDLE;
  out->memory_bytes = trp_arena_used(a);
  out->memory_peak_bytes = a->peak;
  out->memory_limit_bytes = a->limit;
  out->memory_external_bytes = a->external;
  out->collections = lua->collections;
}

static void push(lua_State *L, const troupe_info *info) {
  const struct {
    const char *name;
    uint64_t value;
  } counts[] = {{"generation", info->generation},
                {"restarts", info->restarts},
                {"handled", info->handled},
                {"cpu_us", info->cpu_us},
                {"queued", info->queued},
                {"queued_bytes", info->queued_bytes},
                {"asks", info->asks},
                {"parked", info->parked},
                {"timers", info->timers},
                {"monitors", info->monitors},
                {"reply_handles", info->reply_handles},
                {"children", info->children},
                {"calls", info->calls},
                {"tasks", info->tasks},
                {"memory_bytes", info->memory_bytes},
                {"memory_peak_bytes", info->memory_peak_bytes},
                {"memory_limit_bytes", info->memory_limit_bytes},
                {"memory_external_bytes", info->memory_external_bytes},
                {"collections", info->collections}};
  char pid[TRP_REF_TEXT];
  luaL_checkstack(L, 3, NULL);
  lua_createtable(L, 0, 24);
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    lua_pushinteger(L, (lua_Integer)counts[i].value);
    lua_setfield(L, -2, counts[i].name);
  }
  trp_ref_text(info->pid, pid);
  lua_pushstring(L, pid);
  lua_setfield(L, -2, "pid");
  lua_pushstring(L, troupe_phase_name(info->phase));
  lua_setfield(L, -2, "phase");
  if (!info->name[0]) return;
  lua_pushstring(L, info->name);
  lua_setfield(L, -2, "name");
}

int trp_info_of_self(lua_State *L) {
  troupe_info info;
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  troupe_info_self(trp_lua_of(L)->actor, &info);
  TRP_NATIVE_END(frame);
  push(L, &info);
  return 1;
}

static int answered(lua_State *L, int status, lua_KContext quiet) {
  (void)status;
  const troupe_event *event = trp_lua_of(L)->task->event;
  if (event->code != TROUPE_OK || event->len != sizeof(troupe_info)) {
    trp_fault_push_event(L, event);
    return trp_fault_throw(L, quiet != 0);
  }
  troupe_info info;
  memcpy(&info, event->data, sizeof info);
  push(L, &info);
  return 1;
}

int trp_info_ask(lua_State *L, troupe_pid of, bool quiet) {
  trp_lua *lua = trp_lua_of(L);
  if (of.id == troupe_actor_pid(lua->actor).id) return trp_info_of_self(L);
  if (!trp_lua_can_wait(L)) return trp_lua_cannot_wait(L, "info");
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  trp_task_publish_block(lua);
  int err = troupe_info_ask(lua->actor, of, lua->task, &lua->task->wait_id);
  TRP_NATIVE_END(frame);
  if (err) return trp_fault_throw_limit(L, quiet, err, TROUPE_LIMIT_ASKS);
  return trp_lua_wait(L, quiet, answered);
}
