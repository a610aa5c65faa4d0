/* The tool `exec`: runs a granted program, without a shell, in a process group of its own. However
 * the call ends, nothing of the group is left and the child is reaped.
 *
 *   RUNNING --exited, and both outputs closed--> CLOSING
 *   RUNNING --exited, outputs still open for LINGER_MS--> KILLING: something in the background
 *   RUNNING --timeout, cancel, too much output--> KILLING: SIGTERM to the group; SIGKILL
 *           KILL_AFTER_MS later, and once more when the program has exited
 *   KILLING --exited--> CLOSING
 *   CLOSING --all handles closed--> the call is ended
 *
 * Everything runs on the loop thread. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include <troupe/error.h>

#include "actors/base/mem.h"
#include "tools/builtin/args.h"
#include "tools/builtin/builtin.h"
#include "tools/grants.h"
#include "tools/job.h"

enum { ARGS_MAX = 4096, KILL_AFTER_MS = 200, LINGER_MS = 200, PIECE = 16384, OVERHEAD = 128 };

typedef enum phase { RUNNING, KILLING, CLOSING } phase;
typedef enum verdict { EXITED, SPAWN_FAILED, TIMED_OUT, CANCELLED, TOO_BIG, NO_MEMORY } verdict;

typedef struct strings { /* NULL-terminated */
  char **items;
  size_t len, cap;
} strings;

typedef struct stream {
  uv_pipe_t pipe;
  bool eof;
  trp_buf buf;
} stream;

typedef struct child {
  troupe_call *call;
  const troupe_allocator *al;
  phase phase;
  verdict verdict;
  int spawn_err;
  strings argv, env;
  char *cwd;
  uint64_t timeout_ms;
  size_t max_bytes; /* of both outputs together */

  uv_process_t process;
  uv_timer_t timer;
  uv_pipe_t in;
  uv_write_t write;
  uv_buf_t input;
  stream out, err;
  bool exited;
  int64_t status;
  int signal;
  unsigned handles; /* opened and not yet closed */
  char piece[PIECE];
} child;

/* ---- memory -------------------------------------------------------------------------------- */

static void free_string(const child *c, char *s) {
  if (s) trp_free(c->al, s, strlen(s) + 1);
}

static void free_strings(const child *c, strings *l) {
  for (size_t i = 0; i < l->len; i++)
    free_string(c, l->items[i]);
  trp_free(c->al, l->items, l->cap * sizeof *l->items);
}

static void free_child(child *c) {
  free_strings(c, &c->argv);
  free_strings(c, &c->env);
  free_string(c, c->cwd);
  trp_buf_fini(&c->out.buf);
  trp_buf_fini(&c->err.buf);
  trp_free(c->al, c, sizeof *c);
}

/* Appends a + b. */
static int push(const child *c, strings *l, trp_text a, trp_text b) {
  if (l->len + 2 > l->cap) {
    size_t cap = l->cap ? l->cap * 2 : 8;
    char **more = trp_realloc(c->al, l->items, l->cap * sizeof *more, cap * sizeof *more);
    if (!more) return -ENOMEM;
    l->items = more;
    l->cap = cap;
  }
  char *s = trp_alloc(c->al, a.len + b.len + 1);
  if (!s) return -ENOMEM;
  if (a.len) memcpy(s, a.s, a.len);
  if (b.len) memcpy(s + a.len, b.s, b.len);
  s[a.len + b.len] = '\0';
  l->items[l->len++] = s;
  l->items[l->len] = NULL;
  return 0;
}

static int push_literal(const child *c, strings *l, const char *s) {
  return push(c, l, (trp_text){s, strlen(s)}, (trp_text){0});
}

/* ---- arguments ----------------------------------------------------------------------------- */

static bool take_text(trp_wire_reader *r, trp_text *out) {
  trp_wire_token t;
  if (trp_wire_next(r, &t) || (t.type != TRP_WIRE_STR && t.type != TRP_WIRE_BIN)) return false;
  *out = (trp_text){(const char *)t.data, t.len};
  return !(t.len && memchr(t.data, '\0', t.len));
}

static int read_argv(child *c, trp_fields *f) {
  trp_wire_slice value;
  trp_wire_reader r;
  trp_wire_token all = {.type = TRP_WIRE_NIL};
  if (trp_field_value(f, "argv", &value)) {
    trp_wire_reader_init(&r, value.data, value.len);
    trp_wire_next(&r, &all);
  }
  if (all.type != TRP_WIRE_ARRAY || all.len == 0 || all.len > ARGS_MAX) {
    trp_fields_refuse(f, "argv", "must be a list of 1 to 4096 strings");
    return 0;
  }
  for (size_t i = 0; i < all.len; i++) {
    trp_text text;
    if (!take_text(&r, &text)) {
      trp_fields_refuse(f, "argv", "must hold strings without zero bytes");
      return 0;
    }
    int err = push(c, &c->argv, text, (trp_text){0});
    if (err) return err;
  }
  return 0;
}

/* Names that make the dynamic loader run foreign code would turn every granted program into any. */
static bool is_safe_name(trp_text name) {
  return name.len > 0 && !memchr(name.s, '=', name.len) &&
         !(name.len >= 3 && memcmp(name.s, "LD_", 3) == 0) &&
         !(name.len == 10 && memcmp(name.s, "GCONV_PATH", 10) == 0);
}

static int read_env(child *c, trp_fields *f) {
  trp_wire_slice value;
  trp_wire_reader r;
  trp_wire_token all;
  int err = push_literal(c, &c->env, "LANG=C.UTF-8");
  bool path = false;
  if (!trp_field_value(f, "env", &value))
    all.len = 0;
  else {
    trp_wire_reader_init(&r, value.data, value.len);
    trp_wire_next(&r, &all);
    /* An empty table may come as an array. */
    if (all.type != TRP_WIRE_MAP && !(all.type == TRP_WIRE_ARRAY && all.len == 0)) {
      trp_fields_refuse(f, "env", "must be a table of names and strings");
      return 0;
    }
  }
  for (size_t i = 0; i < all.len && i < ARGS_MAX && !err; i++) {
    trp_text name, text;
    char prefix[256];
    if (!take_text(&r, &name) || !take_text(&r, &text) || !is_safe_name(name) ||
        name.len + 1 >= sizeof prefix) {
      trp_fields_refuse(f, "env", "holds a name or value that is not possible");
      return 0;
    }
    int n = snprintf(prefix, sizeof prefix, "%.*s=", (int)name.len, name.s);
    if (strcmp(prefix, "PATH=") == 0) path = true;
    err = push(c, &c->env, (trp_text){prefix, (size_t)n}, text);
  }
  if (!err && !path) err = push_literal(c, &c->env, "PATH=/usr/local/bin:/usr/bin:/bin");
  return err;
}

/* The directory to run in must be one that the caller may read. */
static int read_cwd(child *c, trp_text cwd) {
  char real[PATH_MAX];
  int fd;
  if (!cwd.s) return 0;
  int err = troupe_call_open(c->call, cwd.s, cwd.len, O_PATH | O_DIRECTORY, 0, &fd);
  if (err) return err;
  err = trp_grants_real_path(fd, real);
  close(fd);
  if (err) return err;
  c->cwd = trp_strndup(c->al, real, strlen(real));
  return c->cwd ? 0 : -ENOMEM;
}

/* True when the call may go on; otherwise it has been ended. */
static bool read_fields(child *c) {
  trp_fields f;
  trp_fields_init(&f, c->call);
  size_t limit = troupe_call_max_result(c->call);
  limit = limit > OVERHEAD ? limit - OVERHEAD : 0;
  trp_text input = trp_field_text(&f, "stdin");
  trp_text cwd = trp_field_text(&f, "cwd");
  c->timeout_ms = (uint64_t)trp_field_int(&f, "timeout_ms", 1, UINT32_MAX, 0);
  c->max_bytes = (size_t)trp_field_int(&f, "max_bytes", 0, (int64_t)limit, (int64_t)limit);
  int err = f.bad ? 0 : read_argv(c, &f);
  if (!err && !f.bad) err = read_env(c, &f);
  if (f.bad) return false;
  if (err) {
    trp_fail_memory(c->call);
    return false;
  }
  if (!troupe_call_may_exec(c->call, c->argv.items[0], strlen(c->argv.items[0]))) {
    char text[200];
    snprintf(text, sizeof text, "permissions.exec does not name \"%.120s\"", c->argv.items[0]);
    troupe_call_fail(c->call, TROUPE_OUTCOME_REJECTED, "denied", text);
    return false;
  }
  err = read_cwd(c, cwd);
  if (err) {
    trp_fail_path(c->call, err, cwd);
    return false;
  }
  union {
    const char *ours;
    char *libuvs;
  } bytes = {input.s}; /* it only reads them, and the arguments outlive the attempt */
  c->input = uv_buf_init(bytes.libuvs, (unsigned)input.len);
  return true;
}

/* ---- the end ------------------------------------------------------------------------------- */

static void answer(child *c) {
  trp_answer a;
  trp_answer_init(&a, c->call);
  trp_wire_put_map(&a.w, c->signal ? 4 : 3);
  trp_wire_put_cstr(&a.w, "status");
  trp_wire_put_int(&a.w, c->status);
  if (c->signal) {
    trp_wire_put_cstr(&a.w, "signal");
    trp_wire_put_int(&a.w, c->signal);
  }
  trp_wire_put_cstr(&a.w, "stdout");
  trp_wire_put_str(&a.w, c->out.buf.data, c->out.buf.len);
  trp_wire_put_cstr(&a.w, "stderr");
  trp_wire_put_str(&a.w, c->err.buf.data, c->err.buf.len);
  trp_answer_send(&a);
}

static void tell(child *c) {
  switch (c->verdict) {
  case EXITED:
    answer(c);
    break;
  case SPAWN_FAILED:
    troupe_call_set_not_executed(c->call);
    trp_fail_path(c->call, c->spawn_err, (trp_text){c->argv.items[0], strlen(c->argv.items[0])});
    break;
  case TIMED_OUT:
    troupe_call_fail(c->call, TROUPE_OUTCOME_TIMEOUT, "timeout",
                     "the program did not end in time and was killed");
    break;
  case CANCELLED:
    troupe_call_fail(c->call, TROUPE_OUTCOME_CANCELLED, "cancelled", "the caller gave up");
    break;
  case TOO_BIG:
    troupe_call_fail(c->call, TROUPE_OUTCOME_PERMANENT, "too_big",
                     "the program wrote more than max_bytes and was killed");
    break;
  case NO_MEMORY:
    trp_fail_memory(c->call);
    break;
  }
}

static void on_close(uv_handle_t *handle) {
  child *c = handle->data;
  if (--c->handles > 0) return;
  tell(c);
  free_child(c);
}

static void close_handle(void *handle) {
  if (!uv_is_closing(handle)) uv_close(handle, on_close);
}

static void enter_closing(child *c) {
  if (c->phase == CLOSING) return;
  c->phase = CLOSING;
  troupe_call_set_state(c->call, NULL);
  close_handle(&c->process);
  close_handle(&c->timer);
  close_handle(&c->in);
  close_handle(&c->out.pipe);
  close_handle(&c->err.pipe);
}

/* ---- killing ------------------------------------------------------------------------------- */

static void kill_group(child *c, int signum) {
  if (c->process.pid > 0) kill(-c->process.pid, signum);
}

static void on_kill_time(uv_timer_t *timer) { kill_group(timer->data, SIGKILL); }

static void enter_killing(child *c, verdict why) {
  if (c->phase != RUNNING) return;
  c->phase = KILLING;
  c->verdict = why;
  if (c->exited) {
    kill_group(c, SIGKILL);
    enter_closing(c);
    return;
  }
  kill_group(c, SIGTERM);
  uv_timer_start(&c->timer, on_kill_time, KILL_AFTER_MS, 0);
}

static void on_timeout(uv_timer_t *timer) { enter_killing(timer->data, TIMED_OUT); }

/* The program has ended, and something it left behind still holds an output: that ends now. */
static void on_linger(uv_timer_t *timer) { enter_killing(timer->data, EXITED); }

void trp_exec_cancel(troupe_call *call, void *user) {
  (void)user;
  child *c = troupe_call_state(call);
  if (c) enter_killing(c, CANCELLED);
}

/* ---- running ------------------------------------------------------------------------------- */

static void check_done(child *c) {
  if (c->phase == KILLING && c->exited) {
    kill_group(c, SIGKILL); /* members that outlived SIGTERM */
    enter_closing(c);
  } else if (c->phase == RUNNING && c->exited) {
    if (c->out.eof && c->err.eof)
      enter_closing(c);
    else
      uv_timer_start(&c->timer, on_linger, LINGER_MS, 0);
  }
}

static void on_exited(uv_process_t *process, int64_t status, int signum) {
  child *c = process->data;
  c->exited = true;
  c->status = status;
  c->signal = signum;
  check_done(c);
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buf) {
  child *c = handle->data;
  (void)wanted;
  *buf = uv_buf_init(c->piece, PIECE);
}

static void on_read(uv_stream_t *pipe, ssize_t n, const uv_buf_t *buf) {
  child *c = pipe->data;
  stream *s = (void *)pipe == (void *)&c->out.pipe ? &c->out : &c->err;
  if (n == 0) return;
  if (n < 0) {
    s->eof = true;
    uv_read_stop(pipe);
    if (c->phase == RUNNING && c->exited && c->out.eof && c->err.eof) enter_closing(c);
    return;
  }
  if (c->phase != RUNNING) return;
  if ((size_t)n > c->max_bytes - c->out.buf.len - c->err.buf.len)
    enter_killing(c, TOO_BIG);
  else if (trp_buf_append(&s->buf, buf->base, (size_t)n))
    enter_killing(c, NO_MEMORY);
}

/* A program that does not read its input is no error. */
static void on_written(uv_write_t *write, int status) {
  child *c = write->data;
  (void)status;
  close_handle(&c->in);
}

static int spawn(child *c) {
  uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE}};
  if (c->input.len > 0) {
    stdio[0].flags = UV_CREATE_PIPE | UV_READABLE_PIPE;
    stdio[0].data.stream = (uv_stream_t *)&c->in;
  }
  stdio[1].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
  stdio[1].data.stream = (uv_stream_t *)&c->out.pipe;
  stdio[2].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
  stdio[2].data.stream = (uv_stream_t *)&c->err.pipe;
  uv_process_options_t options = {.exit_cb = on_exited,
                                  .file = c->argv.items[0],
                                  .args = c->argv.items,
                                  .env = c->env.items,
                                  .cwd = c->cwd,
                                  .flags = UV_PROCESS_DETACHED,
                                  .stdio_count = 3,
                                  .stdio = stdio};
  return uv_spawn(c->process.loop, &c->process, &options);
}

static void open_handles(child *c, uv_loop_t *loop) {
  uv_timer_init(loop, &c->timer);
  uv_pipe_init(loop, &c->in, 0);
  uv_pipe_init(loop, &c->out.pipe, 0);
  uv_pipe_init(loop, &c->err.pipe, 0);
  c->process.loop = loop;
  c->timer.data = c->in.data = c->out.pipe.data = c->err.pipe.data = c;
  c->process.data = c->write.data = c;
  c->handles = 5;
}

static void begin(child *c) {
  open_handles(c, trp_loop_uv(c->call->loop));
  troupe_call_set_state(c->call, c);
  int err = spawn(c);
  c->process.data = c;
  if (err) {
    c->verdict = SPAWN_FAILED;
    c->spawn_err = err;
    c->process.pid = 0;
    enter_closing(c);
    return;
  }
  uv_update_time(c->process.loop);
  if (c->timeout_ms) uv_timer_start(&c->timer, on_timeout, c->timeout_ms, 0);
  if (c->input.len == 0 ||
      uv_write(&c->write, (uv_stream_t *)&c->in, &c->input, 1, on_written) != 0)
    close_handle(&c->in);
  uv_read_start((uv_stream_t *)&c->out.pipe, on_alloc, on_read);
  uv_read_start((uv_stream_t *)&c->err.pipe, on_alloc, on_read);
}

void trp_exec_start(troupe_call *call, void *user) {
  (void)user;
  const troupe_allocator *al = trp_call_allocator(call);
  child *c = trp_zalloc(al, sizeof *c);
  if (!c) {
    trp_fail_memory(call);
    return;
  }
  c->call = call;
  c->al = al;
  trp_buf_init(&c->out.buf, al, SIZE_MAX);
  trp_buf_init(&c->err.buf, al, SIZE_MAX);
  if (read_fields(c))
    begin(c);
  else
    free_child(c);
}
