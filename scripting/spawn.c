/* troupe.spawn: from a table of options to an actor; waits until its init has succeeded. */
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "actors/system.h"
#include "scripting/api.h"
#include "scripting/check.h"
#include "scripting/fault.h"
#include "scripting/limits.h"
#include "scripting/payload.h"
#include "scripting/ref.h"
#include "scripting/script.h"
#include "scripting/task.h"

/* ---- permissions --------------------------------------------------------------------------- */

enum { WISHES_MAX = 512, WISH_ROOT = TRP_GRANT_LISTS, WISH_ROOT_RW };

/* One entry that the new actor shall have; the text is anchored by the options. */
typedef struct wish {
  int which; /* a trp_grant, or a directory */
  const char *text;
  size_t len;
} wish;

typedef struct wishes {
  wish *list; /* in Lua memory */
  size_t count;
  uint32_t spawn;
} wishes;

static void add_wish(lua_State *L, wishes *w, int which, const char *text, size_t len) {
  if (w->count == WISHES_MAX) luaL_error(L, "permissions: more than %d entries", WISHES_MAX);
  w->list[w->count++] = (wish){which, text, len};
}

/* The list of strings at the top of the stack, which it pops. */
static void read_list(lua_State *L, wishes *w, int which, const char *name) {
  if (!lua_isnil(L, -1)) {
    if (lua_type(L, -1) != LUA_TTABLE) luaL_error(L, "permissions.%s must be a list", name);
    lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
    for (lua_Integer i = 1; i <= n; i++) {
      size_t len;
      if (lua_rawgeti(L, -1, i) != LUA_TSTRING)
        luaL_error(L, "permissions.%s: entry %d is no string", name, (int)i);
      const char *text = lua_tolstring(L, -1, &len);
      add_wish(L, w, which, text, len);
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
}

/* The list of directories at the top of the stack, which it pops: { root =, mode = "r" | "rw" }. */
static void read_roots(lua_State *L, wishes *w) {
  static const char *const keys[] = {"root", "mode", NULL};
  if (!lua_isnil(L, -1)) {
    if (lua_type(L, -1) != LUA_TTABLE) luaL_error(L, "permissions.fs must be a list");
    lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
    for (lua_Integer i = 1; i <= n; i++) {
      if (lua_rawgeti(L, -1, i) != LUA_TTABLE)
        luaL_error(L, "permissions.fs: entry %d is no table", (int)i);
      int entry = lua_gettop(L);
      trp_check_options(L, entry, "permissions.fs", keys);
      const char *mode = trp_check_option_text(L, entry, "mode");
      const char *root = trp_check_option_text(L, entry, "root");
      bool write = mode && strcmp(mode, "rw") == 0;
      if (!root || (mode && !write && strcmp(mode, "r") != 0)) {
        luaL_error(L, "permissions.fs: entry %d needs a root, and a mode \"r\" or \"rw\"", (int)i);
        return;
      }
      add_wish(L, w, write ? WISH_ROOT_RW : WISH_ROOT, root, strlen(root));
      lua_settop(L, entry - 1);
    }
  }
  lua_pop(L, 1);
}

/* Reads the option into Lua memory, which stays on the stack. */
static void read_permissions(lua_State *L, int options, wishes *w) {
  static const char *const keys[] = {"tools", "names", "exec", "net", "fs", "spawn", NULL};
  static const char *const lists[] = {
#define X(name, lua) [TRP_GRANT_##name] = (lua),
      TRP_GRANT_MAP(X)
#undef X
  };
  *w = (wishes){NULL, 0, 0};
  int type = trp_check_option(L, options, "permissions");
  if (type != LUA_TNIL && type != LUA_TTABLE) luaL_error(L, "option 'permissions' must be a table");
  if (type == LUA_TNIL) return;
  int permissions = lua_gettop(L);
  trp_check_options(L, permissions, "permissions", keys);
  w->list = lua_newuserdatauv(L, WISHES_MAX * sizeof(wish), 0);
  for (int i = 0; i < TRP_GRANT_LISTS; i++) {
    trp_check_option(L, permissions, lists[i]);
    read_list(L, w, i, lists[i]);
  }
  trp_check_option(L, permissions, "fs");
  read_roots(L, w);
  w->spawn = (uint32_t)trp_check_option_int(L, permissions, "spawn", 0, 0, UINT32_MAX);
}

/* Adds a directory that the parent has. Whatever else it is, missing, a file, somebody else's, it
 * is only denied, in the script's own words: a script learns nothing about the host's files. */
static int add_root(const wish *one, const trp_script *parent, trp_grants *want) {
  bool write = one->which == WISH_ROOT_RW;
  trp_grants *alone, *granted = NULL;
  int err = troupe_grants_new(&alone, trp_system_allocator(parent->sys));
  if (err) return err;
  err = trp_grants_add_root(alone, one->text, one->len, write);
  troupe_grants_seal(alone);
  if (!err) err = trp_grants_narrow(parent->grants, alone, &granted, NULL, 0);
  if (!err) err = trp_grants_add_root(want, one->text, one->len, write);
  troupe_grants_unref(granted);
  troupe_grants_unref(alone);
  return !err || err == TROUPE_E_NO_MEMORY || err == TROUPE_E_LIMIT ? err : TROUPE_E_DENIED;
}

/* Builds the set and holds it against the parent's. Native. */
static int build_grants(const wishes *w, const trp_script *parent, trp_grants **out, char *msg,
                        size_t msg_len) {
  trp_grants *want;
  *out = NULL;
  if (!w->list) return TROUPE_OK;
  int err = troupe_grants_new(&want, trp_system_allocator(parent->sys));
  if (err) return err;
  for (size_t i = 0; !err && i < w->count; i++) {
    const wish *one = &w->list[i];
    if (one->which >= TRP_GRANT_LISTS) {
      err = add_root(one, parent, want);
    } else {
      err = trp_grants_add(want, (trp_grant)one->which, one->text, one->len);
    }
    int shown = (int)(one->len < 200 ? one->len : 200);
    if (err == TROUPE_E_DENIED)
      snprintf(msg, msg_len, "permissions.fs: \"%.*s\" is not granted to the parent", shown,
               one->text);
    else if (err)
      snprintf(msg, msg_len, "permissions: %.*s: %s", shown, one->text, troupe_strerror(err));
  }
  if (!err && w->spawn) err = troupe_grants_set_spawn(want, w->spawn);
  if (!err) {
    troupe_grants_seal(want);
    err = trp_grants_narrow(parent->grants, want, out, msg, msg_len);
  }
  troupe_grants_unref(want);
  return err;
}

/* ---- options ------------------------------------------------------------------------------- */

static void read_limits(lua_State *L, int options, troupe_script *want) {
#define X(NAME, field, standard, least, most, what) #field,
  static const char *const keys[] = {TRP_LIMIT_MAP(X) NULL};
#undef X
  trp_check_option(L, options, "limits");
  int limits = lua_gettop(L);
  trp_check_options(L, limits, "limits", keys);
#define X(NAME, field, standard, least, most, what)                                                \
  want->limits.field = trp_check_option_int(L, limits, #field, 0, 1, INT64_MAX);
  TRP_LIMIT_MAP(X)
#undef X
  lua_pop(L, 1);
}

static troupe_overflow check_overflow(lua_State *L, const char *name) {
#define X(NAME, name, text) name,
  static const char *const names[] = {TROUPE_OVERFLOW_MAP(X)};
#undef X
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) return (troupe_overflow)i;
  luaL_error(L, "option 'mailbox.overflow' must be one of wait, fail, drop_new, drop_old, stop");
  return TROUPE_OVERFLOW_WAIT;
}

static void read_mailbox(lua_State *L, int options, troupe_script *want) {
  static const char *const keys[] = {"messages", "bytes", "overflow", NULL};
  trp_check_option(L, options, "mailbox");
  int mailbox = lua_gettop(L);
  trp_check_options(L, mailbox, "mailbox", keys);
  want->mailbox_messages =
      (uint32_t)trp_check_option_int(L, mailbox, "messages", 0, 1, (1u << 23) - 1);
  want->mailbox_bytes = trp_check_option_int(L, mailbox, "bytes", 0, 1, UINT64_C(1) << 39);
  const char *overflow = trp_check_option_text(L, mailbox, "overflow");
  if (overflow) want->overflow = check_overflow(L, overflow);
  lua_settop(L, mailbox - 1);
}

static void read_options(lua_State *L, troupe_script *want, bool *monitor) {
  static const char *const keys[] = {"script",   "source",          "args",        "name",
                                     "monitor",  "limits",          "permissions", "mailbox",
                                     "detached", "init_timeout_ms", "shutdown_ms", NULL};
  luaL_checktype(L, 1, LUA_TTABLE);
  trp_check_options(L, 1, "spawn", keys);
  if (trp_check_option_flag(L, 1, "detached"))
    luaL_error(L, "spawn: detached actors are not supported; a supervisor can start it instead");
  *monitor = trp_check_option_flag(L, 1, "monitor");
  want->init_timeout_ms = trp_check_option_limit_ms(L, 1, "init_timeout_ms", 0, true);
  want->shutdown_ms = trp_check_option_limit_ms(L, 1, "shutdown_ms", 0, true);
  want->path = trp_check_option_text(L, 1, "script");
  want->name = trp_check_option_text(L, 1, "name");
  int type = trp_check_option(L, 1, "source");
  if (type != LUA_TNIL && type != LUA_TSTRING) luaL_error(L, "option 'source' must be a string");
  if (type == LUA_TSTRING) want->source = lua_tolstring(L, -1, &want->source_len);
  if (!want->path == !want->source)
    luaL_error(L, "spawn: either 'script' (a file) or 'source' (a text) is needed");
  read_limits(L, 1, want);
  read_mailbox(L, 1, want);
}

/* ---- starting ------------------------------------------------------------------------------ */

/* Compiles the new script here, at this actor's cost, for its errors only. */
static void check_source(lua_State *L, bool quiet, const troupe_script *want, int *rc) {
  trp_script *parent = trp_lua_of(L)->script;
  const char *code = want->source, *chunk = "=script";
  size_t len = want->source_len;
  *rc = 0;
  if (want->path) {
    char msg[512] = "";
    trp_source *s;
    trp_frame *frame = trp_lua_frame(L);
    TRP_NATIVE_BEGIN(frame);
    int err = trp_script_file(parent, want->path, &s, msg, sizeof msg);
    trp_source_unref(s); /* the cache keeps it as long as the system lives */
    TRP_NATIVE_END(frame);
    if (err) {
      *rc = trp_fault_throw_code(L, quiet, err == -ENOENT ? TROUPE_E_SCRIPT : err, msg);
      return;
    }
    code = trp_source_code(s, &len);
    chunk = s->chunk;
  }
  if (len > trp_source_max(parent->sys)) {
    char msg[TRP_LIMIT_TEXT];
    int err = trp_source_too_large(parent->sys, chunk, msg, sizeof msg);
    *rc = trp_fault_throw_code(L, quiet, err, msg);
    return;
  }
  if (luaL_loadbufferx(L, code, len, chunk, "t") != LUA_OK) {
    *rc = trp_fault_throw_code(L, quiet, TROUPE_E_SCRIPT, lua_tostring(L, -1));
    return;
  }
  lua_pop(L, 1);
}

/* Everything that takes something. Native. */
static int start(trp_lua *lua, const wishes *w, troupe_script *want, bool monitor, troupe_pid *pid,
                 troupe_child **child, uint64_t *monitor_id, char *msg, size_t msg_len) {
  trp_script *s = NULL;
  troupe_spawn_opts opts;
  trp_script *parent = lua->script;
  int err = build_grants(w, parent, &want->grants, msg, msg_len);
  if (!err && want->name && !trp_grants_may_name(parent->grants, want->name, strlen(want->name))) {
    snprintf(msg, msg_len, "permissions.names does not hold '%s'", want->name);
    err = TROUPE_E_DENIED;
  }
  if (!err) err = trp_script_new(parent->sys, want, parent, &s, msg, msg_len);
  troupe_grants_unref(want->grants);
  if (err) return err;
  trp_script_fill_opts(s, want, &opts);
  err = troupe_actor_spawn(lua->actor, &opts, pid, child);
  if (err == TROUPE_E_LIMIT)
    snprintf(msg, msg_len, "the system has no room for another actor (max_actors, memory_bytes)");
  if (!err && monitor) {
    err = troupe_actor_monitor(lua->actor, *pid, monitor_id);
    if (err) troupe_child_stop(lua->actor, *child, 0);
    if (err == TROUPE_E_LIMIT) trp_limits_say(&parent->limits, TROUPE_LIMIT_MONITORS, msg, msg_len);
  }
  return err;
}

/* 1: options, 2: the ref, 3: the monitor or nil. */
static int give_ref(lua_State *L) {
  lua_settop(L, lua_isnil(L, 3) ? 2 : 3);
  return lua_gettop(L) - 1;
}

static int spawned(lua_State *L, int status, lua_KContext quiet) {
  (void)status;
  const troupe_event *event = trp_lua_of(L)->task->event;
  if (event->code == TROUPE_OK) return give_ref(L);
  trp_fault_push_event(L, event);
  trp_ref_forget_monitor(L, 3);
  return trp_fault_throw(L, quiet != 0);
}

static int spawn(lua_State *L, bool quiet) {
  trp_lua *lua = trp_lua_of(L);
  troupe_script want = TROUPE_SCRIPT_INIT;
  wishes w;
  bool monitor;
  int rc;
  char msg[512] = "";
  lua_settop(L, 1);
  read_options(L, &want, &monitor);
  trp_limits asked = trp_limits_of(&want);
  if (trp_limits_wider(&asked, &lua->script->limits, msg, sizeof msg)) {
    trp_count_limit(lua->script->sys, TROUPE_LIMIT_WIDER);
    return trp_fault_throw_code(L, quiet, TROUPE_E_DENIED, msg);
  }
  read_permissions(L, 1, &w);
  check_source(L, quiet, &want, &rc);
  if (rc) return rc;
  trp_payload p;
  trp_check_option(L, 1, "args");
  int err = trp_payload_value(L, -1, &p);
  if (err) return trp_fault_throw_limit(L, quiet, err, TROUPE_LIMIT_MESSAGE_BYTES);
  want.args = p.data;
  want.args_len = p.len;
  bool waits = trp_lua_can_wait(L);

  troupe_pid pid = {0};
  troupe_child *child = NULL;
  uint64_t monitor_id = 0;
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  err = start(lua, &w, &want, monitor, &pid, &child, &monitor_id, msg, sizeof msg);
  if (!err && waits) lua->task->spawning = child;
  trp_payload_done(lua);
  TRP_NATIVE_END(frame);
  if (err) return trp_fault_throw_code(L, quiet, err, msg[0] ? msg : NULL);
  lua_settop(L, 1);
  trp_ref_push(L, pid, TRP_RIGHTS_ALL);
  if (monitor)
    trp_ref_push_monitor(L, 2, monitor_id);
  else
    lua_pushnil(L);
  if (!waits) return give_ref(L);
  return trp_lua_wait(L, quiet, spawned);
}

int trp_api_spawn(lua_State *L) { return spawn(L, false); }
int trp_api_try_spawn(lua_State *L) { return spawn(L, true); }

void trp_api_on_child(troupe_actor *self, troupe_child *child, troupe_child_event event) {
  trp_lua *lua = troupe_actor_state(self);
  trp_frame *frame = trp_actor_frame(self);
  trp_task *task = lua->tasks;
  while (task && task->spawning != child)
    task = task->all_next;
  if (task) {
    bool ok = event == TROUPE_CHILD_STARTED;
    troupe_event news = {.code = ok ? TROUPE_OK : TROUPE_E_INIT_FAILED,
                         .reason = ok ? NULL : troupe_child_reason(child)};
    task->spawning = NULL;
    if (!lua->ending || task->kind == TRP_TASK_TERMINATE) trp_task_spawned(lua, task, &news);
  }
  if (event != TROUPE_CHILD_EXITED) return;
  TRP_NATIVE_BEGIN(frame);
  troupe_child_release(self, child);
  TRP_NATIVE_END(frame);
}
