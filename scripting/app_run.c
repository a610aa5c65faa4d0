/* Running app.lua: an actor in C starts it as its child, asks it for the data, and so learns how it
 * ended when it does not answer. */
#include "scripting/app.h"

#include <stdio.h>
#include <string.h>

#include <troupe/error.h>

#include "actors/base/buf.h"
#include "actors/base/mem.h"
#include "actors/system.h"
#include "tools/wire.h"

#define LOAD_MS 30000
#define STOP_MS 100 /* then it is killed: nothing of it is needed any more */

static const uint8_t no_arguments[] = {0x90}; /* an empty array */

static int say(int err, char *msg, size_t msg_len, const char *file, const char *text) {
  if (msg && msg_len) snprintf(msg, msg_len, "%s%s%s", file ? file : "", file ? ": " : "", text);
  return err;
}

/* ---- the actor between the host and app.lua ------------------------------------------------ */

typedef struct loader {
  const troupe_allocator *al;
  troupe_spawn_opts script; /* its arg is taken by the spawn */
  uint64_t host;            /* the host's ask, kept; 0: answered */
} loader;

static void free_loader(void *arg) {
  loader *l = arg;
  if (l->script.arg_free) l->script.arg_free(l->script.arg);
  trp_free(l->al, l, sizeof *l);
}

static int loader_init(troupe_actor *self, void *arg) {
  troupe_actor_set_state(self, arg);
  return TROUPE_OK;
}

static void answer(troupe_actor *self, loader *l, int code, const troupe_event *e,
                   const char *detail) {
  if (!l->host) return;
  troupe_actor_reply_to(self, l->host, code, e ? e->data : NULL, e ? e->len : 0, detail);
  l->host = 0;
}

/* The host's one ask. */
static int loader_receive(troupe_actor *self, const troupe_message *message) {
  loader *l = troupe_actor_state(self);
  troupe_pid pid;
  uint64_t id;
  if (message->type != TROUPE_MESSAGE_ASK || !l->script.arg) {
    troupe_actor_refuse(self, 0);
    return TROUPE_OK;
  }
  int err = troupe_actor_keep_ask(self, &l->host);
  if (err) return err;
  err = troupe_actor_spawn(self, &l->script, &pid, NULL);
  l->script.arg = NULL;
  l->script.arg_free = NULL;
  const troupe_send_opts opts = {.size = sizeof opts, .timeout_ms = LOAD_MS};
  if (!err)
    err = troupe_actor_ask(self, pid, TRP_APP_KIND, no_arguments, sizeof no_arguments, &opts, &id);
  if (err) answer(self, l, err, NULL, NULL);
  return TROUPE_OK;
}

static void loader_resume(troupe_actor *self, const troupe_event *e) {
  bool ended =
      e->code == TROUPE_E_NOPROC || e->code == TROUPE_E_STOPPED || e->code == TROUPE_E_CRASHED;
  if (ended) return; /* loader_child knows more */
  answer(self, troupe_actor_state(self), e->code, e->code == TROUPE_OK ? e : NULL, e->detail);
}

static void loader_child(troupe_actor *self, troupe_child *child, troupe_child_event event) {
  if (event != TROUPE_CHILD_EXITED) return;
  const troupe_exit *why = troupe_child_reason(child);
  bool clean = troupe_exit_is_clean(why->class_);
  answer(self, troupe_actor_state(self), clean ? TROUPE_E_NO_HANDLER : TROUPE_E_CRASHED, NULL,
         why->reason ? why->reason : troupe_exit_class_name(why->class_));
  troupe_child_release(self, child);
}

static const troupe_behavior loader_behavior = {.size = sizeof loader_behavior,
                                                .name = "app",
                                                .init = loader_init,
                                                .receive = loader_receive,
                                                .resume = loader_resume,
                                                .child = loader_child};

/* ---- starting it --------------------------------------------------------------------------- */

/* The arguments of the command line as those of the chunk. */
static int set_args(trp_script *s, int argc, char *const argv[]) {
  trp_buf buf;
  trp_wire_writer w;
  trp_buf_init(&buf, &s->sys->allocator, s->sys->config.max_message_bytes);
  trp_wire_writer_init(&w, &buf);
  trp_wire_put_array(&w, (size_t)argc);
  for (int i = 0; i < argc; i++)
    trp_wire_put_cstr(&w, argv[i]);
  if (!w.err) {
    uint8_t *exact = trp_alloc(&s->sys->allocator, buf.len);
    if (exact) {
      memcpy(exact, buf.data, buf.len);
      trp_free(&s->sys->allocator, s->args, s->args_len);
      s->args = exact;
      s->args_len = buf.len;
    } else {
      w.err = TROUPE_E_NO_MEMORY;
    }
  }
  trp_buf_fini(&buf);
  return w.err;
}

/* Reads and compiles app.lua. */
static int open_file(troupe_app *app, const char *path, int argc, char *const argv[],
                     troupe_spawn_opts *out, char *msg, size_t msg_len) {
  troupe_script want = TROUPE_SCRIPT_INIT;
  trp_script *s;
  want.path = path;
  want.limits.message_bytes = app->sys->config.max_message_bytes;
  want.init_timeout_ms = LOAD_MS;
  want.shutdown_ms = STOP_MS;
  int err = trp_script_new(app->sys, &want, NULL, &s, msg, msg_len);
  if (err) return err;
  err = set_args(s, argc, argv);
  if (err) say(err, msg, msg_len, NULL, "the arguments are too long");
  if (!err) err = trp_script_check(s, msg, msg_len);
  if (err) {
    trp_script_unref(s);
    return err;
  }
  trp_script_fill_opts(s, &want, out);
  return TROUPE_OK;
}

static int spawn_loader(troupe_app *app, const troupe_spawn_opts *script, troupe_pid *pid) {
  const troupe_allocator *al = &app->sys->allocator;
  loader *l = trp_zalloc(al, sizeof *l);
  if (!l) {
    script->arg_free(script->arg);
    return TROUPE_E_NO_MEMORY;
  }
  l->al = al;
  l->script = *script;
  troupe_spawn_opts opts = TROUPE_SPAWN_INIT;
  opts.behavior = &loader_behavior;
  opts.arg = l;
  opts.arg_free = free_loader;
  return troupe_spawn(app->sys, pid, &opts);
}

/* ---- its answer ---------------------------------------------------------------------------- */

/* The reason inside a sentence such as "the actor failed while ...: app.lua:3: boom". */
static const char *behind(const char *text, int code) {
  const char *general = troupe_strerror(code);
  size_t n = strlen(general);
  if (strncmp(text, general, n) != 0) return text;
  return strncmp(text + n, ": ", 2) == 0 ? text + n + 2 : "";
}

/* What app.lua did instead of returning an app. */
static int explain(const troupe_app *app, int code, const char *said, char *msg, size_t msg_len) {
  const char *why = behind(said, code);
  switch (code) {
  case TROUPE_E_SYSTEM_STOPPED:
  case TROUPE_E_NO_MEMORY:
    return say(code, msg, msg_len, NULL, troupe_strerror(code));
  case TROUPE_E_TIMEOUT:
    return say(TROUPE_E_SCRIPT, msg, msg_len, app->file, "has not returned within 30 s");
  case TROUPE_E_TOO_BIG:
  case TROUPE_E_REPLY_TOO_BIG:
    return say(TROUPE_E_SCRIPT, msg, msg_len, app->file, "the app's data is too large");
  default:
    if (*why && code != TROUPE_E_NO_HANDLER)
      return say(TROUPE_E_SCRIPT, msg, msg_len, strstr(why, app->file) ? NULL : app->file, why);
    return say(TROUPE_E_SCRIPT, msg, msg_len, app->file,
               "must end with `return troupe.app { ... }`");
  }
}

int trp_app_run(troupe_app *app, const char *path, int argc, char *const argv[], char *msg,
                size_t msg_len) {
  troupe_spawn_opts script;
  troupe_pid pid;
  char said[1024] = "";
  int err = open_file(app, path, argc, argv, &script, msg, msg_len);
  if (err) return err;
  err = spawn_loader(app, &script, &pid);
  if (err) return say(err, msg, msg_len, NULL, troupe_strerror(err));
  const troupe_ask_opts opts = {.size = sizeof opts, .timeout_ms = TROUPE_INFINITY};
  err = troupe_ask_wait(app->sys, pid, &opts, TRP_APP_KIND, no_arguments, sizeof no_arguments,
                        &app->data, &app->data_len, said, sizeof said);
  troupe_stop(app->sys, pid);
  return err ? explain(app, err, said, msg, msg_len) : TROUPE_OK;
}
