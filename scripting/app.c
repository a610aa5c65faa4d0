/* Apps: loading, starting, freeing. */
#include "scripting/app.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <troupe/error.h>

#include "actors/base/mem.h"
#include "actors/system.h"
#include "scripting/app_read.h"
#include "scripting/modules.h"
#include "tools/beneath.h"
#include "tools/registry.h"

#define ARGS_MAX 1024

/* ---- memory -------------------------------------------------------------------------------- */

typedef struct trp_app_block {
  struct trp_app_block *next;
  size_t size;
  max_align_t data[];
} trp_app_block;

void *trp_app_alloc(troupe_app *app, size_t size) {
  trp_app_block *b = trp_zalloc(&app->sys->allocator, sizeof *b + size);
  if (!b) return NULL;
  b->size = sizeof *b + size;
  b->next = app->blocks;
  app->blocks = b;
  return b->data;
}

char *trp_app_strndup(troupe_app *app, const char *s, size_t len) {
  char *copy = trp_app_alloc(app, len + 1);
  if (copy && len) memcpy(copy, s, len);
  return copy;
}

void troupe_app_free(troupe_app *app) {
  if (!app) return;
  const troupe_allocator *al = &app->sys->allocator;
  for (trp_app_script *s = app->scripts; s; s = s->next)
    trp_script_unref(s->script);
  troupe_reply_free(app->sys, app->data, app->data_len);
  for (trp_app_block *b = app->blocks; b;) {
    trp_app_block *next = b->next;
    trp_free(al, b, b->size);
    b = next;
  }
  trp_free(al, app, sizeof *app);
}

static int say(int err, char *msg, size_t msg_len, const char *file, const char *text) {
  if (msg && msg_len) snprintf(msg, msg_len, "%s%s%s", file ? file : "", file ? ": " : "", text);
  return err;
}

/* ---- the public calls ---------------------------------------------------------------------- */

static int set_path(troupe_app *app, const char *path) {
  char clean[PATH_MAX];
  int err = trp_path_clean(path, strlen(path), clean);
  if (err) return err;
  const char *slash = strrchr(clean, '/'); /* there is one: the path is absolute now */
  size_t n = slash == clean ? 1 : (size_t)(slash - clean);
  app->folder = trp_app_strndup(app, clean, n);
  app->file = trp_app_strndup(app, slash + 1, strlen(slash + 1));
  return app->folder && app->file ? TROUPE_OK : TROUPE_E_NO_MEMORY;
}

static int load(troupe_app *app, const char *path, int argc, char *const argv[], char *msg,
                size_t msg_len) {
  int err = set_path(app, path);
  if (err) return say(err, msg, msg_len, path, troupe_strerror(err));
  err = trp_script_module(app->sys, TRP_APP_KIND, trp_app_open);
  if (err && err != TROUPE_E_ALREADY_REGISTERED)
    return say(err, msg, msg_len, NULL, troupe_strerror(err));
  err = trp_app_run(app, path, argc, argv, msg, msg_len);
  if (err) return err;
  if (trp_wire_valid(app->data, app->data_len, TRP_WIRE_DEPTH))
    return say(TROUPE_E_SCRIPT, msg, msg_len, app->file,
               "must end with `return troupe.app { ... }`");
  trp_app_reader r = {.app = app, .path = "app", .path_len = 3, .msg = msg, .msg_len = msg_len};
  err = trp_app_read(&r);
  return err == TROUPE_E_NO_MEMORY ? say(err, msg, msg_len, NULL, troupe_strerror(err)) : err;
}

int troupe_app_load(troupe_system *sys, const char *path, int argc, char *const argv[],
                    troupe_app **out, char *msg, size_t msg_len) {
  *out = NULL;
  if (msg && msg_len) msg[0] = 0;
  if (argc < 0 || argc > ARGS_MAX)
    return say(TROUPE_E_INVALID, msg, msg_len, NULL, "there are too many arguments");
  troupe_app *app = trp_zalloc(&sys->allocator, sizeof *app);
  if (!app) return say(TROUPE_E_NO_MEMORY, msg, msg_len, NULL, "out of memory");
  app->sys = sys;
  int err = load(app, path, argc, argv, msg, msg_len);
  if (err) {
    troupe_app_free(app);
    return err;
  }
  *out = app;
  return TROUPE_OK;
}

int troupe_app_start(troupe_system *sys, troupe_pid *out, const troupe_app *app,
                     const troupe_supervisor_opts *opts, char *msg, size_t msg_len) {
  *out = (troupe_pid){0};
  if (msg && msg_len) msg[0] = 0;
  for (const trp_app_tool *t = app->tools; t; t = t->next) {
    int err = trp_tool_derive(sys, t->name, t->base, &t->policy, msg, msg_len);
    if (err) return err;
  }
  return troupe_supervisor_start(sys, out, &app->spec, opts, msg, msg_len);
}

void troupe_app_count(const troupe_app *app, size_t *actors, size_t *supervisors) {
  if (actors) *actors = app->actors;
  if (supervisors) *supervisors = app->supervisors;
}
