#include "scripting/script.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include "actors/base/mem.h"
#include "actors/system.h"
#include "scripting/behavior.h"
#include "scripting/limits.h"
#include "scripting/lua_compat.h"
#include "tools/beneath.h"

/* ---- making -------------------------------------------------------------------------------- */

static void free_script(trp_script *s) {
  const troupe_allocator *al = &s->sys->allocator;
  if (s->quota && s->counted) trp_quota_give_spawn(s->quota->parent);
  trp_quota_unref(s->quota);
  trp_source_unref(s->source);
  trp_free(al, s->root, s->root_size);
  trp_free(al, s->args, s->args_len);
  troupe_grants_unref(s->grants);
  trp_free(al, s, sizeof *s);
}

trp_script *trp_script_ref(trp_script *s) {
  atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
  return s;
}

void trp_script_unref(trp_script *s) {
  /* acq_rel: the last one sees what the others did */
  if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1) free_script(s);
}

static int say(int err, char *msg, size_t msg_len, const char *text) {
  if (msg && msg_len) snprintf(msg, msg_len, "%s", text);
  return err;
}

/* Remembers the real path of a folder. */
static int set_root(trp_script *s, const char *folder) {
  char real[PATH_MAX];
  if (!realpath(folder, real)) return -errno;
  s->root_size = strlen(real) + 1;
  s->root = trp_strndup(&s->sys->allocator, real, s->root_size - 1);
  return s->root ? TROUPE_OK : TROUPE_E_NO_MEMORY;
}

/* Splits "a/b/c.lua" into "a/b" and "c.lua"; without a folder it is ".". */
static int split(const char *path, char *folder, const char **file) {
  const char *slash = strrchr(path, '/');
  *file = slash ? slash + 1 : path;
  size_t n = slash ? (size_t)(slash - path) : 0;
  if (n >= PATH_MAX) return -ENAMETOOLONG;
  if (!slash)
    memcpy(folder, ".", 2);
  else if (n == 0)
    memcpy(folder, "/", 2);
  else {
    memcpy(folder, path, n);
    folder[n] = 0;
  }
  return TROUPE_OK;
}

/* The host's file: anywhere. */
static int open_host_file(trp_script *s, const troupe_script *want, char *msg, size_t msg_len) {
  char clean[PATH_MAX], folder[PATH_MAX], chunk[PATH_MAX + 1];
  const char *file;
  int err = trp_path_clean(want->path, strlen(want->path), clean);
  if (!err) err = split(clean, folder, &file);
  if (err) return say(err, msg, msg_len, troupe_strerror(err));
  snprintf(chunk, sizeof chunk, "@%s", file);
  err = trp_source_file(s->sys, NULL, clean, chunk, &s->source, msg, msg_len);
  if (!err) {
    err = set_root(s, want->root ? want->root : folder);
    if (err) say(err, msg, msg_len, troupe_strerror(err));
  }
  return err;
}

/* True for "a/b.lua": relative, and no part is empty, "." or "..". */
static bool is_plain(const char *path) {
  for (;;) {
    size_t n = strcspn(path, "/");
    if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.'))
      return false;
    if (path[n] == 0) return true;
    path += n + 1;
  }
}

int trp_script_file(const trp_script *s, const char *path, trp_source **out, char *msg,
                    size_t msg_len) {
  char chunk[PATH_MAX + 1];
  *out = NULL;
  if (!s->root) return say(-ENOENT, msg, msg_len, "this script has no folder");
  if (!is_plain(path) || strlen(path) >= PATH_MAX)
    return say(TROUPE_E_DENIED, msg, msg_len, "a path must lie below the script's folder");
  snprintf(chunk, sizeof chunk, "@%s", path);
  return trp_source_file(s->sys, s->root, path, chunk, out, msg, msg_len);
}

/* A file that an actor spawns: beneath its root, and so is what the new one can reach. */
static int open_child_file(trp_script *s, const trp_script *parent, const char *path, char *msg,
                           size_t msg_len) {
  char folder[PATH_MAX], whole[PATH_MAX + PATH_MAX];
  const char *file;
  int err = trp_script_file(parent, path, &s->source, msg, msg_len);
  if (!err) err = split(path, folder, &file);
  if (err) return err;
  snprintf(whole, sizeof whole, "%s/%s", parent->root, folder);
  err = set_root(s, whole);
  if (!err && !trp_path_within(s->root, parent->root)) err = TROUPE_E_DENIED;
  return err ? say(err, msg, msg_len, troupe_strerror(err)) : TROUPE_OK;
}

static int open_source(trp_script *s, const troupe_script *want, const trp_script *parent,
                       char *msg, size_t msg_len) {
  if (!want->path == !want->source)
    return say(TROUPE_E_INVALID, msg, msg_len, "either a path or a source is needed");
  if (want->path) {
    return parent ? open_child_file(s, parent, want->path, msg, msg_len)
                  : open_host_file(s, want, msg, msg_len);
  }
  char chunk[128];
  size_t len = want->source_len ? want->source_len : strlen(want->source);
  snprintf(chunk, sizeof chunk, "=%s", want->chunk_name ? want->chunk_name : "script");
  if (len > trp_source_max(s->sys)) return trp_source_too_large(s->sys, chunk, msg, msg_len);
  int err = trp_source_text(s->sys, want->source, len, chunk, &s->source);
  const char *root = parent ? parent->root : want->root;
  if (!err && root) err = set_root(s, root);
  return err ? say(err, msg, msg_len, troupe_strerror(err)) : TROUPE_OK;
}

static int copy_args(trp_script *s, const troupe_script *want) {
  static const uint8_t nil[] = {0xc0};
  const void *args = want->args_len ? want->args : nil;
  size_t len = want->args_len ? want->args_len : sizeof nil;
  s->args = trp_alloc(&s->sys->allocator, len + 1);
  if (!s->args) return TROUPE_E_NO_MEMORY;
  s->args_len = len + 1;
  s->args[0] = 0x91; /* an array of one */
  memcpy(s->args + 1, args, len);
  return TROUPE_OK;
}

static uint64_t subtree_bound(const trp_limits *limits) {
  uint64_t bytes = limits->subtree_memory_bytes;
  return bytes < TRP_SUBTREE_UNBOUND ? bytes : UINT64_MAX;
}

static uint64_t cpu_bound(const trp_limits *limits) {
  uint64_t ms = limits->cpu_ms_per_s;
  return ms < TRP_CPU_UNBOUND ? ms : UINT64_MAX;
}

static int no_spawn_left(const trp_script *s, char *msg, size_t msg_len) {
  trp_count_limit(s->sys, TROUPE_LIMIT_SPAWN);
  return say(TROUPE_E_LIMIT, msg, msg_len,
             "permissions.spawn of this actor, or of one above it, is used up; wait until an actor "
             "below it has ended, or raise it");
}

int trp_script_new(troupe_system *sys, const troupe_script *want, const trp_script *parent,
                   trp_script **out, char *msg, size_t msg_len) {
  const troupe_allocator *al = &sys->allocator;
  *out = NULL;
  trp_limits wanted = trp_limits_of(want);
  if (trp_limits_outside(&wanted, msg, msg_len)) return TROUPE_E_INVALID;
  trp_script *s = trp_zalloc(al, sizeof *s);
  if (!s) return say(TROUPE_E_NO_MEMORY, msg, msg_len, "out of memory");
  atomic_init(&s->refs, 1);
  s->sys = sys;
  s->trusted = want->trusted && !parent;
  s->limits = wanted;
  trp_limits_complete(&s->limits, parent ? &parent->limits : NULL, sys->config.max_message_bytes);
  if (want->grants) s->grants = troupe_grants_ref(want->grants);
  s->quota = trp_quota_new(al, trp_grants_spawn(s->grants), subtree_bound(&s->limits),
                           cpu_bound(&s->limits), parent ? parent->quota : NULL);
  int err = s->quota ? copy_args(s, want) : TROUPE_E_NO_MEMORY;
  if (err) say(err, msg, msg_len, "out of memory");
  if (!err && parent) {
    s->counted = trp_quota_take_spawn(parent->quota);
    if (!s->counted) err = no_spawn_left(s, msg, msg_len);
  }
  if (!err) err = open_source(s, want, parent, msg, msg_len);
  if (err) {
    free_script(s);
    return err;
  }
  *out = s;
  return TROUPE_OK;
}

/* ---- checking ------------------------------------------------------------------------------ */

static void *check_alloc(void *ud, void *p, size_t old_size, size_t new_size) {
  const troupe_allocator *al = ud;
  if (p || new_size) return al->realloc(al->ctx, p, p ? old_size : 0, new_size);
  return NULL;
}

int trp_script_check(const trp_script *s, char *msg, size_t msg_len) {
  union {
    const troupe_allocator *in;
    void *out;
  } ud = {.in = &s->sys->allocator};
  lua_State *L = trp_lua_newstate(check_alloc, ud.out);
  if (!L) return say(TROUPE_E_NO_MEMORY, msg, msg_len, "out of memory");
  size_t len;
  const char *code = trp_source_code(s->source, &len);
  int err = TROUPE_OK;
  switch (luaL_loadbufferx(L, code, len, s->source->chunk, "t")) {
  case LUA_OK:
    break;
  case LUA_ERRMEM:
    err = say(TROUPE_E_NO_MEMORY, msg, msg_len, "out of memory");
    break;
  default:
    err = say(TROUPE_E_SCRIPT, msg, msg_len, lua_tostring(L, -1));
    break;
  }
  lua_close(L);
  return err;
}

/* ---- spawning ------------------------------------------------------------------------------ */

static void free_arg(void *arg) { trp_script_unref(arg); }

void trp_script_fill_opts(trp_script *s, const troupe_script *want, troupe_spawn_opts *out) {
  *out = (troupe_spawn_opts)TROUPE_SPAWN_INIT;
  out->behavior = &trp_script_behavior;
  out->arg = s;
  out->arg_free = free_arg;
  out->name = want->name;
  out->mailbox_messages = (uint32_t)s->limits.mailbox_messages;
  out->mailbox_bytes = s->limits.mailbox_bytes;
  out->overflow = want->overflow;
  out->priority = want->priority;
  out->init_timeout_ms = (uint32_t)s->limits.init_timeout_ms;
  out->shutdown_ms = (uint32_t)s->limits.shutdown_ms;
}

int trp_script_spawn_opts(troupe_system *sys, const troupe_script *want, troupe_spawn_opts *out,
                          char *msg, size_t msg_len) {
  trp_script *s;
  *out = (troupe_spawn_opts)TROUPE_SPAWN_INIT;
  if (want->size != sizeof *want) return say(TROUPE_E_INVALID, msg, msg_len, "size is not set");
  int err = trp_script_new(sys, want, NULL, &s, msg, msg_len);
  if (err) return err;
  err = trp_script_check(s, msg, msg_len);
  if (err) {
    trp_script_unref(s);
    return err;
  }
  trp_script_fill_opts(s, want, out);
  return TROUPE_OK;
}

int troupe_spawn_script(troupe_system *sys, troupe_pid *out, const troupe_script *script) {
  troupe_spawn_opts opts;
  *out = (troupe_pid){0};
  if (script->msg && script->msg_len) script->msg[0] = 0;
  int err = trp_script_spawn_opts(sys, script, &opts, script->msg, script->msg_len);
  if (err) return err;
  err = troupe_spawn(sys, out, &opts);
  return err ? say(err, script->msg, script->msg_len, troupe_strerror(err)) : TROUPE_OK;
}

int troupe_check_script(troupe_system *sys, const troupe_script *script) {
  troupe_spawn_opts opts;
  if (script->msg && script->msg_len) script->msg[0] = 0;
  int err = trp_script_spawn_opts(sys, script, &opts, script->msg, script->msg_len);
  if (!err) opts.arg_free(opts.arg);
  return err;
}
