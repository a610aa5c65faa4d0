#include "scripting/ref.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "actors/send.h"
#include "scripting/check.h"
#include "scripting/fault.h"
#include "scripting/info.h"
#include "scripting/payload.h"
#include "scripting/state.h"
#include "scripting/task.h"

#define META "troupe.ref"
#define MONITOR_META "troupe.monitor"
#define WAIT_MS 5000
#define STOP_MS 30000

/* ---- objects ------------------------------------------------------------------------------- */

const trp_ref *trp_ref_test(lua_State *L, int idx) { return luaL_testudata(L, idx, META); }

void trp_ref_text(troupe_pid pid, char *out) {
  snprintf(out, TRP_REF_TEXT, "ref<%" PRIu32 ".%" PRIu32 ">", (uint32_t)pid.id,
           (uint32_t)(pid.id >> 32));
}

static trp_ref *push_new(lua_State *L, const trp_ref *value) {
  trp_ref *ref = lua_newuserdatauv(L, sizeof *ref, 0);
  *ref = *value;
  luaL_setmetatable(L, META);
  return ref;
}

/* Pushes the table that holds the refs of these rights. */
static void push_cache(lua_State *L, uint8_t rights) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_REFS);
  if (lua_rawgeti(L, -1, rights) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 4);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, rights);
  }
  lua_remove(L, -2);
}

void trp_ref_push(lua_State *L, troupe_pid pid, uint8_t rights) {
  luaL_checkstack(L, 6, NULL);
  if (pid.id == 0) {
    lua_pushnil(L);
    return;
  }
  push_cache(L, rights);
  if (lua_rawgeti(L, -1, (lua_Integer)pid.id) == LUA_TNIL) {
    lua_pop(L, 1);
    push_new(L, &(trp_ref){.pid = pid, .rights = rights, .wait_ms = WAIT_MS});
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, (lua_Integer)pid.id);
  }
  lua_remove(L, -2);
}

static const struct {
  const char *name;
  uint8_t bit;
} right_names[] = {{"tell", TRP_RIGHT_TELL},
                   {"ask", TRP_RIGHT_ASK},
                   {"monitor", TRP_RIGHT_MONITOR},
                   {"stop", TRP_RIGHT_STOP}};
enum { RIGHT_NAMES = sizeof right_names / sizeof *right_names };

static const trp_ref *check_ref(lua_State *L) {
  return (const trp_ref *)luaL_checkudata(L, 1, META);
}

/* Raises or returns `denied` unless the ref carries the right; 0: it does. */
static int check_right(lua_State *L, const trp_ref *ref, uint8_t right, bool quiet) {
  if (ref->rights & right) return 0;
  const char *name = "?";
  for (int i = 0; i < RIGHT_NAMES; i++)
    if (right_names[i].bit == right) name = right_names[i].name;
  lua_pushfstring(L, "this ref does not carry the right to %s", name);
  return trp_fault_throw_code(L, quiet, TROUPE_E_DENIED, lua_tostring(L, -1));
}

/* ---- tell ---------------------------------------------------------------------------------- */

int trp_ref_push_sent(lua_State *L, int err) {
  lua_pushboolean(L, err == TROUPE_OK);
  if (err == TROUPE_OK) return 1;
  lua_pushstring(L, troupe_err_name(err));
  return 2;
}

int trp_ref_sent_parked(lua_State *L, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  return trp_ref_push_sent(L, trp_lua_of(L)->task->event->code);
}

/* Encodes the arguments of a message from index 3 on. One that is too big, or that
 * there is no memory for, is a dead letter. */
static int encode_message(lua_State *L, const trp_ref *ref, const char *kind, size_t kind_len,
                          trp_payload *p) {
  trp_lua *lua = trp_lua_of(L);
  int err = trp_payload_args(L, 3, lua_gettop(L) - 2, p);
  if (err != TROUPE_E_TOO_BIG && err != TROUPE_E_NO_MEMORY) return err;
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  trp_send_unmade(troupe_actor_system(lua->actor),
                  err == TROUPE_E_TOO_BIG ? TROUPE_DEAD_TOO_BIG : TROUPE_DEAD_NO_MEMORY, ref->pid,
                  troupe_actor_pid(lua->actor), kind, kind_len);
  TRP_NATIVE_END(frame);
  return err;
}

static int ref_tell(lua_State *L) {
  trp_lua *lua = trp_lua_of(L);
  const trp_ref *ref = check_ref(L);
  troupe_send_opts opts = {.size = sizeof opts, .user = lua->task, .priority = ref->priority};
  const char *kind = trp_check_kind(L, 2, &opts.kind_len);
  if (!(ref->rights & TRP_RIGHT_TELL)) return trp_ref_push_sent(L, TROUPE_E_DENIED);
  trp_payload p;
  int err = encode_message(L, ref, kind, opts.kind_len, &p);
  if (err) return trp_ref_push_sent(L, err);
  if (trp_lua_can_wait(L)) opts.wait_ms = ref->wait_ms;
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  if (opts.wait_ms) trp_task_publish_block(lua);
  err = troupe_actor_tell(lua->actor, ref->pid, kind, p.data, p.len, &opts, &lua->task->wait_id);
  trp_payload_done(lua);
  TRP_NATIVE_END(frame);
  if (err == TROUPE_PENDING) return trp_lua_wait(L, 0, trp_ref_sent_parked);
  return trp_ref_push_sent(L, err);
}

/* ---- ask ----------------------------------------------------------------------------------- */

static int answered(lua_State *L, int status, lua_KContext quiet) {
  (void)status;
  const troupe_event *event = trp_lua_of(L)->task->event;
  if (event->code != TROUPE_OK) {
    trp_fault_push_event(L, event);
    return trp_fault_throw(L, quiet != 0);
  }
  int err = trp_payload_push_value(L, event->data, event->len);
  return err ? trp_fault_throw_code(L, quiet != 0, err, NULL) : 1;
}

static int ask(lua_State *L, bool quiet) {
  trp_lua *lua = trp_lua_of(L);
  const trp_ref *ref = check_ref(L);
  troupe_send_opts opts = {.size = sizeof opts,
                           .timeout_ms = ref->timeout_ms,
                           .wait_ms = ref->wait_ms,
                           .priority = ref->priority};
  const char *kind = trp_check_kind(L, 2, &opts.kind_len);
  if (!trp_lua_can_wait(L)) return trp_lua_cannot_wait(L, "ask");
  int denied = check_right(L, ref, TRP_RIGHT_ASK, quiet);
  if (denied) return denied;
  trp_payload p;
  int err = encode_message(L, ref, kind, opts.kind_len, &p);
  if (err) return trp_fault_throw_limit(L, quiet, err, TROUPE_LIMIT_MESSAGE_BYTES);
  opts.user = lua->task;
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  trp_task_publish_block(lua);
  err = troupe_actor_ask(lua->actor, ref->pid, kind, p.data, p.len, &opts, &lua->task->wait_id);
  trp_payload_done(lua);
  TRP_NATIVE_END(frame);
  if (err) return trp_fault_throw_limit(L, quiet, err, TROUPE_LIMIT_ASKS);
  return trp_lua_wait(L, quiet, answered);
}

static int ref_ask(lua_State *L) { return ask(L, false); }
static int ref_try_ask(lua_State *L) { return ask(L, true); }

/* ---- info ---------------------------------------------------------------------------------- */

static int info(lua_State *L, bool quiet) {
  const trp_ref *ref = check_ref(L);
  int denied = check_right(L, ref, TRP_RIGHT_MONITOR, quiet);
  return denied ? denied : trp_info_ask(L, ref->pid, quiet);
}

static int ref_info(lua_State *L) { return info(L, false); }
static int ref_try_info(lua_State *L) { return info(L, true); }

/* ---- options and rights -------------------------------------------------------------------- */

static int ref_with(lua_State *L) {
  static const char *const keys[] = {"timeout_ms", "wait_ms", "priority", NULL};
  const trp_ref *ref = check_ref(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  trp_check_options(L, 2, "with", keys);
  trp_ref copy = *ref;
  copy.has_options = true;
  copy.timeout_ms = trp_check_option_limit_ms(L, 2, "timeout_ms", ref->timeout_ms, true);
  copy.wait_ms = trp_check_option_ms(L, 2, "wait_ms", ref->wait_ms, false);
  const char *priority = trp_check_option_text(L, 2, "priority");
  if (priority && strcmp(priority, "normal") != 0 && strcmp(priority, "high") != 0)
    return luaL_error(L, "option 'priority' must be \"normal\" or \"high\"");
  if (priority) copy.priority = *priority == 'h' ? TROUPE_PRIORITY_HIGH : TROUPE_PRIORITY_NORMAL;
  push_new(L, &copy);
  return 1;
}

static int ref_restrict(lua_State *L) {
  const trp_ref *ref = check_ref(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  uint8_t rights = 0;
  lua_Integer n = (lua_Integer)lua_rawlen(L, 2);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, 2, i);
    const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    int found = -1;
    for (int r = 0; r < RIGHT_NAMES; r++)
      if (strcmp(name, right_names[r].name) == 0) found = r;
    if (found < 0)
      return luaL_error(L, "restrict: right %d is none of tell, ask, monitor, stop", (int)i);
    rights |= right_names[found].bit;
    lua_pop(L, 1);
  }
  if (rights & ~ref->rights)
    return trp_fault_throw_code(L, false, TROUPE_E_DENIED,
                                "a ref cannot be given rights that it does not carry");
  trp_ref copy = *ref;
  copy.rights = rights;
  if (copy.has_options)
    push_new(L, &copy);
  else
    trp_ref_push(L, ref->pid, rights);
  return 1;
}

/* ---- ends ---------------------------------------------------------------------------------- */

static int ref_kill(lua_State *L) {
  const trp_ref *ref = check_ref(L);
  check_right(L, ref, TRP_RIGHT_STOP, false);
  trp_lua *lua = trp_lua_of(L);
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  int err = troupe_kill(troupe_actor_system(lua->actor), ref->pid);
  TRP_NATIVE_END(frame);
  return trp_ref_push_sent(L, err);
}

static int stop_ended(lua_State *L, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  if (trp_task_end_seen(trp_lua_of(L))) {
    lua_pushboolean(L, 1);
    return 1;
  }
  return trp_fault_throw_code(L, false, TROUPE_E_TIMEOUT, "the actor did not end in time");
}

static int ref_stop(lua_State *L) {
  static const char *const keys[] = {"timeout_ms", NULL};
  trp_lua *lua = trp_lua_of(L);
  const trp_ref *ref = check_ref(L);
  trp_check_options(L, 2, "stop", keys);
  uint32_t timeout_ms = trp_check_option_ms(L, 2, "timeout_ms", STOP_MS, true);
  check_right(L, ref, TRP_RIGHT_STOP, false);
  troupe_pid self = troupe_actor_pid(lua->actor);
  if (self.id == ref->pid.id) return luaL_error(L, "stop: an actor ends itself with troupe.exit");
  if (!trp_lua_can_wait(L)) return trp_lua_cannot_wait(L, "stop");
  uint64_t limit_ms = timeout_ms == TROUPE_INFINITY ? UINT64_MAX : timeout_ms;
  troupe_limit over;
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  int err = trp_task_stop_other(lua, ref->pid, limit_ms, &over);
  TRP_NATIVE_END(frame);
  if (err) return trp_fault_throw_limit(L, false, err, over);
  return trp_lua_wait(L, 0, stop_ended);
}

/* ---- monitors ------------------------------------------------------------------------------ */

typedef struct monitor {
  uint64_t id;
} monitor;

void trp_ref_push_monitor(lua_State *L, int idx, uint64_t monitor_id) {
  idx = lua_absindex(L, idx);
  monitor *m = lua_newuserdatauv(L, sizeof *m, 0);
  m->id = monitor_id;
  luaL_setmetatable(L, MONITOR_META);
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_MONITORS);
  lua_pushvalue(L, idx);
  lua_rawseti(L, -2, (lua_Integer)m->id);
  lua_pop(L, 1);
}

static int ref_monitor(lua_State *L) {
  trp_lua *lua = trp_lua_of(L);
  const trp_ref *ref = check_ref(L);
  check_right(L, ref, TRP_RIGHT_MONITOR, false);
  uint64_t id = 0;
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  int err = troupe_actor_monitor(lua->actor, ref->pid, &id);
  TRP_NATIVE_END(frame);
  if (err) return trp_fault_throw_limit(L, false, err, TROUPE_LIMIT_MONITORS);
  trp_ref_push_monitor(L, 1, id);
  return 1;
}

bool trp_ref_forget_monitor(lua_State *L, int idx) {
  trp_lua *lua = trp_lua_of(L);
  const monitor *m = luaL_testudata(L, idx, MONITOR_META);
  if (!m) return false;
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_MONITORS);
  bool active = lua_rawgeti(L, -1, (lua_Integer)m->id) != LUA_TNIL;
  lua_pop(L, 1);
  if (active) {
    lua_pushnil(L);
    lua_rawseti(L, -2, (lua_Integer)m->id);
    trp_frame *frame = trp_lua_frame(L);
    TRP_NATIVE_BEGIN(frame);
    troupe_actor_demonitor(lua->actor, m->id);
    TRP_NATIVE_END(frame);
  }
  lua_pop(L, 1);
  return active;
}

static int monitor_cancel(lua_State *L) {
  luaL_checkudata(L, 1, MONITOR_META);
  lua_pushboolean(L, trp_ref_forget_monitor(L, 1));
  return 1;
}

/* ---- metatables ---------------------------------------------------------------------------- */

static int ref_eq(lua_State *L) {
  const trp_ref *a = trp_ref_test(L, 1), *b = trp_ref_test(L, 2);
  lua_pushboolean(L, a && b && a->pid.id == b->pid.id);
  return 1;
}

static int ref_tostring(lua_State *L) {
  char text[TRP_REF_TEXT];
  trp_ref_text(check_ref(L)->pid, text);
  lua_pushstring(L, text);
  return 1;
}

static int monitor_tostring(lua_State *L) {
  const monitor *m = luaL_checkudata(L, 1, MONITOR_META);
  lua_pushfstring(L, "monitor<%I>", (LUAI_UACINT)m->id);
  return 1;
}

static void make_class(lua_State *L, const char *name, const luaL_Reg *meta,
                       const luaL_Reg *methods) {
  luaL_newmetatable(L, name);
  luaL_setfuncs(L, meta, 0);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_newtable(L);
  luaL_setfuncs(L, methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

void trp_ref_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__eq", ref_eq}, {"__tostring", ref_tostring}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"tell", ref_tell},
      {"ask", ref_ask},
      {"try_ask", ref_try_ask},
      {"with", ref_with},
      {"stop", ref_stop},
      {"kill", ref_kill},
      {"monitor", ref_monitor},
      {"restrict", ref_restrict},
      {"info", ref_info},
      {"try_info", ref_try_info},
      {NULL, NULL},
  };
  static const luaL_Reg monitor_meta[] = {{"__tostring", monitor_tostring}, {NULL, NULL}};
  static const luaL_Reg monitor_methods[] = {{"cancel", monitor_cancel}, {NULL, NULL}};
  make_class(L, META, meta, methods);
  make_class(L, MONITOR_META, monitor_meta, monitor_methods);
}
