/* A child that is a script: its limits, mailbox and permissions. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <troupe/error.h>
#include <troupe/grants.h>

#include "actors/room.h"
#include "actors/system.h"
#include "scripting/app_children.h"
#include "scripting/limits.h"

#define SPAWN_MOST 1000000

typedef struct draft {
  troupe_child_spec child;
  troupe_script script;
  uint32_t type;
  const char *path;
  trp_wire_slice args;
  uint32_t overflow, priority;
} draft;

/* ---- limits and mailbox -------------------------------------------------------------------- */

static int read_limits(trp_app_reader *r, trp_wire_slice value, void *into) {
  static const trp_field fields[] = {
#define X(NAME, field, standard, least, most, what)                                                \
  TRP_U64(#field, troupe_script_limits, field, least, most),
      TRP_LIMIT_MAP(X)
#undef X
          TRP_END};
  troupe_script_limits *limits = into;
  int err = trp_app_read_table(r, value, fields, limits);
  uint32_t most = r->app->sys->config.max_message_bytes;
  if (err || limits->message_bytes <= most) return err;
  size_t back = trp_app_enter(r, "message_bytes", 0);
  err = trp_app_refuse(r, "must be an integer between 1 and %u, the system's own limit", most);
  trp_app_leave(r, back);
  return err;
}

static int read_mailbox(trp_app_reader *r, trp_wire_slice value, void *into) {
  static const trp_word overflows[] = {
#define X(NAME, name, text) {name, TROUPE_OVERFLOW_##NAME},
      TROUPE_OVERFLOW_MAP(X)
#undef X
          {NULL, 0}};
  static const trp_field fields[] = {
      TRP_U32("messages", draft, script.mailbox_messages, 1, TRP_ROOM_MESSAGES_MAX, NULL),
      TRP_U64("bytes", draft, script.mailbox_bytes, 1, TRP_ROOM_BYTES_MAX),
      TRP_WORD("overflow", draft, overflow, overflows), TRP_END};
  return trp_app_read_table(r, value, fields, into);
}

/* ---- permissions --------------------------------------------------------------------------- */

typedef struct permissions {
  troupe_grants *grants;
  trp_grant which; /* the list at hand */
  trp_wire_slice lists[TRP_GRANT_LISTS];
  trp_wire_slice fs;
  uint32_t spawn;
} permissions;

static int added(trp_app_reader *r, int err, const char *text) {
  switch (err) {
  case TROUPE_OK:
  case TROUPE_E_NO_MEMORY:
    return err;
  case TROUPE_E_LIMIT:
    return trp_app_refuse(r, "is one too many; at most %d are possible", TROUPE_GRANTS_MAX);
  case TROUPE_E_INVALID:
    return trp_app_refuse(r, "\"%s\" is too long", text);
  default:
    return trp_app_refuse(r, "%s: %s", text, troupe_strerror(err));
  }
}

static int add_entry(trp_app_reader *r, trp_wire_slice element, size_t index, void *into) {
  permissions *p = into;
  const char *text = NULL;
  (void)index;
  int err = trp_app_read_text(r, element, 1, PATH_MAX - 1, &text);
  if (err) return err;
  if (p->which == TRP_GRANT_NAMES && strcmp(text, "*") == 0)
    return troupe_grants_add_all_names(p->grants);
  if (p->which == TRP_GRANT_EXEC && text[0] != '/')
    return trp_app_refuse(r, "must be an absolute path");
  if (p->which == TRP_GRANT_TOOLS && !trp_app_has_tool(r->app, text)) {
    char known[256];
    trp_app_list_tools(r->app, known, sizeof known);
    return trp_app_refuse(r, "there is no tool \"%s\"; known are %s", text, known);
  }
  return added(r, trp_grants_add(p->grants, p->which, text, strlen(text)), text);
}

typedef struct root_entry {
  const char *root;
  uint32_t write;
} root_entry;

static int add_root(trp_app_reader *r, trp_wire_slice element, size_t index, void *into) {
  static const trp_word modes[] = {{"r", 0}, {"rw", 1}, {NULL, 0}};
  static const trp_field fields[] = {TRP_TEXT("root", root_entry, root, 1, PATH_MAX - 1),
                                     TRP_WORD("mode", root_entry, write, modes), TRP_END};
  root_entry entry = {NULL, 0};
  permissions *p = into;
  (void)index;
  int err = trp_app_read_table(r, element, fields, &entry);
  if (err) return err;
  if (!entry.root) return trp_app_refuse_key(r, "root", "is missing");
  size_t back = trp_app_enter(r, "root", 0);
  err = added(r, troupe_grants_add_fs(p->grants, entry.root, entry.write != 0), entry.root);
  trp_app_leave(r, back);
  return err;
}

static int read_lists(trp_app_reader *r, permissions *p) {
  static const char *const keys[] = {
#define X(name, lua) [TRP_GRANT_##name] = (lua),
      TRP_GRANT_MAP(X)
#undef X
  };
  int err = TROUPE_OK;
  for (int i = 0; !err && i < TRP_GRANT_LISTS; i++) {
    if (!p->lists[i].data) continue;
    p->which = (trp_grant)i;
    size_t back = trp_app_enter(r, keys[i], 0);
    err = trp_app_read_list(r, p->lists[i], TROUPE_GRANTS_MAX, add_entry, p);
    trp_app_leave(r, back);
  }
  if (!err && p->fs.data) {
    size_t back = trp_app_enter(r, "fs", 0);
    err = trp_app_read_list(r, p->fs, TROUPE_GRANTS_MAX, add_root, p);
    trp_app_leave(r, back);
  }
  return err;
}

static int read_permissions(trp_app_reader *r, trp_wire_slice value, void *into) {
  static const trp_field fields[] = {TRP_VALUE("tools", permissions, lists[TRP_GRANT_TOOLS]),
                                     TRP_VALUE("names", permissions, lists[TRP_GRANT_NAMES]),
                                     TRP_VALUE("fs", permissions, fs),
                                     TRP_VALUE("exec", permissions, lists[TRP_GRANT_EXEC]),
                                     TRP_VALUE("net", permissions, lists[TRP_GRANT_NET]),
                                     TRP_U32("spawn", permissions, spawn, 0, SPAWN_MOST, NULL),
                                     TRP_END};
  draft *d = into;
  permissions p = {.spawn = 0};
  int err = trp_app_read_table(r, value, fields, &p);
  if (!err) err = troupe_grants_new(&p.grants, &r->app->sys->allocator);
  if (err) return err;
  d->script.grants = p.grants; /* freed with the draft */
  err = read_lists(r, &p);
  if (!err && p.spawn) err = troupe_grants_set_spawn(p.grants, p.spawn);
  if (!err) troupe_grants_seal(p.grants);
  return err;
}

/* ---- the script ---------------------------------------------------------------------------- */

static void ref_script(void *arg) { trp_script_ref(arg); }
static void unref_script(void *arg) { trp_script_unref(arg); }

static bool is_checked(const troupe_app *app, const trp_script *s) {
  for (const trp_app_script *other = app->scripts; other; other = other->next)
    if (other->script->source == s->source) return true;
  return false;
}

/* Reads and compiles the file. The app owns the script. */
static int open_script(trp_app_reader *r, const troupe_script *want, trp_script **out) {
  troupe_app *app = r->app;
  char why[512] = "";
  trp_app_script *node = trp_app_alloc(app, sizeof *node);
  if (!node) return TROUPE_E_NO_MEMORY;
  int err = trp_script_new(app->sys, want, NULL, out, why, sizeof why);
  if (err) {
    trp_app_refuse_key(r, "script", why);
    return err;
  }
  bool checked = is_checked(app, *out);
  *node = (trp_app_script){app->scripts, *out};
  app->scripts = node;
  if (checked) return TROUPE_OK;
  err = trp_script_check(*out, why, sizeof why);
  if (err && r->msg && r->msg_len) snprintf(r->msg, r->msg_len, "%s", why);
  return err;
}

static int finish(trp_app_reader *r, draft *d) {
  char path[PATH_MAX];
  if (!d->child.id) return trp_app_refuse_key(r, "id", "is missing");
  if (!d->path) return trp_app_refuse_key(r, "script", "is missing");
  int err = trp_app_take_name(r, d->child.start.name);
  if (err) return err;
  int n = d->path[0] == '/' ? snprintf(path, sizeof path, "%s", d->path)
                            : snprintf(path, sizeof path, "%s/%s", r->app->folder, d->path);
  if (n < 0 || (size_t)n >= sizeof path) return trp_app_refuse_key(r, "script", "is too long");
  troupe_script want = d->script;
  want.path = path;
  want.root = r->app->folder;
  want.name = d->child.start.name;
  want.overflow = (troupe_overflow)d->overflow;
  want.priority = (troupe_priority)d->priority;
  want.init_timeout_ms = d->child.init_timeout_ms; /* what it spawns gets no longer */
  want.shutdown_ms = d->child.shutdown_ms == TROUPE_SHUTDOWN_KILL ? 1 : d->child.shutdown_ms;
  want.args = d->args.data;
  want.args_len = d->args.len;
  trp_script *s;
  err = open_script(r, &want, &s);
  if (err) return err;
  trp_script_fill_opts(s, &want, &d->child.start);
  d->child.start.arg_free = NULL;
  d->child.arg_ref = ref_script;
  d->child.arg_unref = unref_script;
  r->app->actors++;
  return TROUPE_OK;
}

int trp_app_read_script(trp_app_reader *r, trp_wire_slice entry, troupe_child_spec *out) {
  static const trp_word priorities[] = {
      {"normal", TROUPE_PRIORITY_NORMAL}, {"high", TROUPE_PRIORITY_HIGH}, {NULL, 0}};
  static const trp_field fields[] = {
      TRP_APP_CHILD_FIELDS(draft),
      TRP_WORD("priority", draft, priority, priorities),
      TRP_TEXT("script", draft, path, 1, PATH_MAX - 1),
      TRP_VALUE("args", draft, args),
      TRP_BOOL("trusted", draft, script.trusted),
      TRP_READ("limits", draft, script.limits, read_limits),
      TRP_READ_ALL("mailbox", read_mailbox),
      TRP_READ_ALL("permissions", read_permissions),
      TRP_COUNT("max_restarts", draft, child.max_restarts, 0, TROUPE_RESTARTS_MAX,
                TROUPE_RESTARTS_NONE),
      TRP_U64("window_ms", draft, child.window_ms, 1, TRP_APP_LONGEST_MS),
      TRP_END};
  draft d = {.script = TROUPE_SCRIPT_INIT};
  int err = trp_app_read_table(r, entry, fields, &d);
  if (!err) err = finish(r, &d);
  troupe_grants_unref(d.script.grants); /* the script holds its own reference */
  if (!err) *out = d.child;
  return err;
}
