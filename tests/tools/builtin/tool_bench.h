/* Calls one ready-made tool at a time in a running system and keeps its result. */
#ifndef TRP_TESTS_TOOL_BENCH_H
#define TRP_TESTS_TOOL_BENCH_H

#include "tests/test.h"

#include <troupe/batteries.h>
#include <troupe/grants.h>
#include <troupe/system.h>
#include <troupe/tool.h>

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/wire.h"

typedef struct tool_bench {
  troupe_system *sys;
  troupe_pid pid;
  troupe_grants *grants;
  char dir[64]; /* a fresh directory, granted for writing as `dir`/rw and for reading as `dir`/ro */
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool done;

  /* the last result */
  int code;
  char failure[32], message[256];
  troupe_outcome outcome;
  uint32_t attempts;
  uint8_t *value;
  size_t len;

  /* the arguments under construction */
  trp_buf buf;
  trp_wire_writer w;
} tool_bench;

static int bench_init(troupe_actor *self, void *arg) {
  troupe_actor_set_state(self, arg);
  return TROUPE_OK;
}

static void bench_note(tool_bench *b, int code, const troupe_event *e) {
  pthread_mutex_lock(&b->lock);
  b->code = code;
  if (code == TROUPE_OK) {
    b->value = malloc(e->len + 1);
    if (b->value && e->len) memcpy(b->value, e->data, e->len);
    b->len = e->len;
  } else if (e) {
    const troupe_call_failure *f = e->data;
    snprintf(b->failure, sizeof b->failure, "%s", f->code);
    snprintf(b->message, sizeof b->message, "%s", f->message);
    b->outcome = f->outcome;
    b->attempts = f->attempts;
  }
  b->done = true;
  pthread_cond_signal(&b->changed);
  pthread_mutex_unlock(&b->lock);
}

static int bench_receive(troupe_actor *self, const troupe_message *m) {
  tool_bench *b = troupe_actor_state(self);
  uint64_t id;
  int err = troupe_actor_call(
      self, m->kind, m->data, m->len,
      &(troupe_call_opts){.size = sizeof(troupe_call_opts), .grants = b->grants}, &id);
  if (err) bench_note(b, err, NULL);
  return TROUPE_OK;
}

static void bench_resume(troupe_actor *self, const troupe_event *e) {
  bench_note(troupe_actor_state(self), e->code, e);
}

static const troupe_behavior bench_behavior = {.size = sizeof bench_behavior,
                                               .name = "bench",
                                               .init = bench_init,
                                               .receive = bench_receive,
                                               .resume = bench_resume};

static inline const char *bench_path(tool_bench *b, const char *name) {
  static char paths[4][256]; /* of one test thread */
  static unsigned next;
  char *p = paths[next++ % 4];
  snprintf(p, sizeof paths[0], "%s/%s", b->dir, name);
  return p;
}

static inline void bench_put_file(tool_bench *b, const char *name, const void *data, size_t len) {
  int fd = open(bench_path(b, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, data, len), (ssize_t)len);
  close(fd);
}

static inline void bench_grant_exec(troupe_grants *g) {
  assert_int_equal(troupe_grants_add_exec(g, "/bin/sh"), 0);
  assert_int_equal(troupe_grants_add_exec(g, "/bin/missing"), 0);
  assert_int_equal(troupe_grants_add_exec(g, "/bin/cat"), 0);
}

static int bench_open(void **state) {
  tool_bench *b = calloc(1, sizeof *b);
  if (!b) return -1;
  snprintf(b->dir, sizeof b->dir, "/tmp/troupe-tool-XXXXXX");
  if (!mkdtemp(b->dir)) return -1;
  mkdir(bench_path(b, "rw"), 0755);
  mkdir(bench_path(b, "ro"), 0755);
  mkdir(bench_path(b, "out"), 0755);
  bench_put_file(b, "out/secret", "secret", 6);
  pthread_mutex_init(&b->lock, NULL);
  pthread_cond_init(&b->changed, NULL);
  assert_int_equal(troupe_grants_new(&b->grants, NULL), 0);
  assert_int_equal(troupe_grants_add_fs(b->grants, bench_path(b, "rw"), true), 0);
  assert_int_equal(troupe_grants_add_fs(b->grants, bench_path(b, "ro"), false), 0);
  assert_int_equal(troupe_grants_add_fs(b->grants, "/dev", true), 0);
  bench_grant_exec(b->grants);
  troupe_grants_seal(b->grants);
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 1;
  cfg.log_min = TROUPE_LOG_ERROR;
  assert_int_equal(troupe_system_start(&b->sys, &cfg), 0);
  assert_int_equal(troupe_batteries_register(b->sys), 0);
  troupe_spawn_opts opts = TROUPE_SPAWN_INIT;
  opts.behavior = &bench_behavior;
  opts.arg = b;
  assert_int_equal(troupe_spawn(b->sys, &b->pid, &opts), 0);
  trp_buf_init(&b->buf, NULL, SIZE_MAX);
  *state = b;
  return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

static int bench_close(void **state) {
  tool_bench *b = *state;
  assert_int_equal(troupe_system_stop(b->sys, 5000), 0);
  troupe_system_free(b->sys);
  troupe_grants_unref(b->grants);
  trp_buf_fini(&b->buf);
  free(b->value);
  /* NOLINTNEXTLINE(concurrency-mt-unsafe): the system's threads have ended */
  nftw(b->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  pthread_cond_destroy(&b->changed);
  pthread_mutex_destroy(&b->lock);
  free(b);
  return 0;
}

#define WITH_BENCH(f) cmocka_unit_test_setup_teardown(f, bench_open, bench_close)

/* Begins the arguments: a map of n fields. */
static inline trp_wire_writer *bench_args(tool_bench *b, size_t n) {
  trp_buf_clear(&b->buf);
  trp_wire_writer_init(&b->w, &b->buf);
  trp_wire_put_map(&b->w, n);
  return &b->w;
}

static inline void bench_field(tool_bench *b, const char *key, const char *value) {
  trp_wire_put_cstr(&b->w, key);
  trp_wire_put_cstr(&b->w, value);
}

static inline void bench_start(tool_bench *b, const char *tool) {
  free(b->value);
  b->value = NULL;
  b->failure[0] = b->message[0] = '\0';
  b->done = false;
  assert_int_equal(b->w.err, 0);
  assert_int_equal(troupe_tell(b->sys, b->pid, tool, b->buf.data, b->buf.len), 0);
}

static inline int bench_wait(tool_bench *b) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 30;
  int err = 0;
  pthread_mutex_lock(&b->lock);
  while (!b->done && err == 0)
    err = pthread_cond_timedwait(&b->changed, &b->lock, &until);
  pthread_mutex_unlock(&b->lock);
  assert_int_equal(err, 0);
  return b->code;
}

static inline int bench_call(tool_bench *b, const char *tool) {
  bench_start(b, tool);
  return bench_wait(b);
}

/* Calls with one string field. */
static inline int bench_call1(tool_bench *b, const char *tool, const char *key, const char *value) {
  bench_args(b, 1);
  bench_field(b, key, value);
  return bench_call(b, tool);
}

static inline void expect_failure(const tool_bench *b, const char *code, troupe_outcome outcome) {
  if (b->code == TROUPE_OK || strcmp(b->failure, code) != 0)
    print_message("code %d, \"%s\": %s\n", b->code, b->failure, b->message);
  assert_int_not_equal(b->code, TROUPE_OK);
  assert_string_equal(b->failure, code);
  assert_int_equal(b->outcome, outcome);
}

static inline void expect_ok(const tool_bench *b) {
  if (b->code) print_message("code %d, \"%s\": %s\n", b->code, b->failure, b->message);
  assert_int_equal(b->code, TROUPE_OK);
  assert_int_equal(trp_wire_valid(b->value, b->len, TRP_WIRE_DEPTH), 0);
}

static inline trp_wire_token result_token(const tool_bench *b) {
  trp_wire_reader r;
  trp_wire_token t;
  expect_ok(b);
  trp_wire_reader_init(&r, b->value, b->len);
  assert_int_equal(trp_wire_next(&r, &t), 0);
  return t;
}

static inline void expect_text(const tool_bench *b, const void *text, size_t len) {
  trp_wire_token t = result_token(b);
  assert_int_equal(t.type, TRP_WIRE_STR);
  assert_int_equal(t.len, len);
  assert_memory_equal(t.data, text, len);
}

static inline int64_t field_int(const tool_bench *b, const char *key) {
  int64_t i = INT64_MIN;
  expect_ok(b);
  assert_int_equal(trp_wire_get_int(b->value, b->len, key, &i), 0);
  return i;
}

#endif
