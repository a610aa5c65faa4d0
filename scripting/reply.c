#include "scripting/reply.h"

#include <string.h>

#include <lauxlib.h>

#include "actors/system.h"
#include "scripting/fault.h"
#include "scripting/payload.h"
#include "scripting/ref.h"
#include "scripting/script.h"
#include "scripting/task.h"

#define META "troupe.reply"
#define MESSAGE_META "troupe.message"

typedef struct handle {
  uint64_t kept; /* 0: answered */
} handle;

bool trp_reply_full(trp_lua *lua) {
  bool full = lua->reply_handles >= lua->script->limits.reply_handles;
  if (full) trp_count_limit(troupe_actor_system(lua->actor), TROUPE_LIMIT_REPLY_HANDLES);
  return full;
}

static void hold(lua_State *L, handle *h, uint64_t kept) {
  h->kept = kept;
  trp_lua_of(L)->reply_handles++;
}

/* What the handle has held, which from now on the caller answers; 0: nothing. */
static uint64_t let_go(lua_State *L, handle *h) {
  uint64_t kept = h->kept;
  h->kept = 0;
  if (kept) trp_lua_of(L)->reply_handles--;
  return kept;
}

static handle *push_empty(lua_State *L) {
  handle *h = lua_newuserdatauv(L, sizeof *h, 0);
  h->kept = 0;
  luaL_setmetatable(L, META);
  return h;
}

void trp_reply_push(lua_State *L, uint64_t kept) { hold(L, push_empty(L), kept); }

int trp_reply_later(lua_State *L) {
  trp_lua *lua = trp_lua_of(L);
  trp_task *task = lua->task;
  if (task->kind != TRP_TASK_MESSAGE || !task->is_ask || task->answered)
    return luaL_error(L, "reply_later: no ask is being handled");
  if (trp_reply_full(lua))
    return trp_fault_throw_limit(L, false, TROUPE_E_LIMIT, TROUPE_LIMIT_REPLY_HANDLES);
  /* the object first: nothing can be left between keeping the ask and holding it */
  handle *h = push_empty(L);
  uint64_t kept = task->kept;
  if (!kept) {
    trp_frame *frame = trp_lua_frame(L);
    TRP_NATIVE_BEGIN(frame);
    int err = troupe_actor_keep_ask(lua->actor, &kept);
    TRP_NATIVE_END(frame);
    if (err) return trp_fault_throw_code(L, false, err, NULL);
  }
  hold(L, h, kept);
  task->kept = 0;
  task->answered = true;
  return 1;
}

int trp_reply_forward(lua_State *L) {
  trp_lua *lua = trp_lua_of(L);
  trp_task *task = lua->task;
  const trp_ref *ref = trp_ref_test(L, 1);
  if (!ref) return luaL_typeerror(L, 1, "ref");
  if (task->kind != TRP_TASK_MESSAGE || task->answered)
    return luaL_error(L, "forward: no message is being handled");
  if (!(ref->rights & (task->is_ask ? TRP_RIGHT_ASK : TRP_RIGHT_TELL)))
    return trp_ref_push_sent(L, TROUPE_E_DENIED);
  troupe_send_opts opts = {.size = sizeof opts, .user = task};
  if (trp_lua_can_wait(L)) opts.wait_ms = ref->wait_ms;
  uint64_t kept = task->kept;
  task->kept = 0;
  task->answered = true;
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  if (opts.wait_ms) trp_task_publish_block(lua);
  int err = troupe_actor_forward(lua->actor, kept, ref->pid, &opts, &task->wait_id);
  TRP_NATIVE_END(frame);
  if (err == TROUPE_PENDING) return trp_lua_wait(L, 0, trp_ref_sent_parked);
  return trp_ref_push_sent(L, err);
}

/* Answers with the value at idx. */
static int answer(lua_State *L, handle *h, int idx) {
  trp_lua *lua = trp_lua_of(L);
  if (h->kept == 0) {
    lua_pushboolean(L, 0);
    return 1;
  }
  trp_payload p;
  int err = trp_payload_value(L, idx, &p);
  uint64_t kept = let_go(L, h);
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  if (err)
    troupe_actor_reply_to(lua->actor, kept, TROUPE_E_REPLY_TOO_BIG, NULL, 0, NULL);
  else
    troupe_actor_reply_to(lua->actor, kept, TROUPE_OK, p.data, p.len, NULL);
  trp_payload_done(lua);
  TRP_NATIVE_END(frame);
  lua_pushboolean(L, 1);
  return 1;
}

static int reply_reply(lua_State *L) {
  handle *h = luaL_checkudata(L, 1, META);
  lua_settop(L, 2);
  return answer(L, h, 2);
}

static int reply_error(lua_State *L) {
  trp_lua *lua = trp_lua_of(L);
  handle *h = luaL_checkudata(L, 1, META);
  luaL_checktype(L, 2, LUA_TSTRING);
  const char *name = lua_tostring(L, 2);
  const char *message = luaL_optstring(L, 3, name);
  if (name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")] ||
      !name[0] || strlen(name) > 64)
    return luaL_argerror(L, 2, "a code has 1 to 64 letters, digits, '_', '.', '-'");
  int code = trp_fault_code(name);
  if (code == TROUPE_E_ERROR && strcmp(name, "error") != 0)
    message = lua_pushfstring(L, "%s: %s", name, message);
  uint64_t kept = let_go(L, h);
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  if (kept) troupe_actor_reply_to(lua->actor, kept, code, NULL, 0, message);
  TRP_NATIVE_END(frame);
  lua_pushboolean(L, kept != 0);
  return 1;
}

static int reply_gc(lua_State *L) {
  uint64_t kept = let_go(L, lua_touserdata(L, 1));
  if (kept) trp_lua_drop_ask(trp_lua_of(L), kept);
  return 0;
}

static int reply_tostring(lua_State *L) {
  const handle *h = luaL_checkudata(L, 1, META);
  lua_pushstring(L, h->kept ? "reply<open>" : "reply<done>");
  return 1;
}

/* msg:reply(v): false when nobody asked, or it has been answered. */
static int message_reply(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  lua_pushliteral(L, "ask");
  lua_rawget(L, 1);
  handle *h = luaL_testudata(L, 3, META);
  if (h) return answer(L, h, 2);
  lua_pushboolean(L, 0);
  return 1;
}

void trp_reply_set_message_class(lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  luaL_getmetatable(L, MESSAGE_META);
  lua_setmetatable(L, idx);
}

void trp_reply_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", reply_gc}, {"__tostring", reply_tostring}, {NULL, NULL}};
  static const luaL_Reg methods[] = {{"reply", reply_reply}, {"error", reply_error}, {NULL, NULL}};
  static const luaL_Reg message_methods[] = {{"reply", message_reply}, {NULL, NULL}};
  luaL_newmetatable(L, META);
  luaL_setfuncs(L, meta, 0);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  luaL_newmetatable(L, MESSAGE_META);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  luaL_newlib(L, message_methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 2);
}
