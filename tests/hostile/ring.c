#include "tests/hostile/ring.h"

#include <dirent.h>
#include <ftw.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <troupe/batteries.h>
#include <troupe/json.h>
#include <troupe/script.h>

#include "actors/base/thread.h"

#if TRP_UNDER_TSAN || defined(__SANITIZE_ADDRESS__)
/* The sanitizers keep freed memory, and pages that describe the used. */
#  define RSS_GROWTH_MOST ((size_t)1536 << 20)
#else
#  define RSS_GROWTH_MOST ((size_t)24 << 20)
#endif

/* ---- clocks -------------------------------------------------------------------------------- */

static uint64_t read_us(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}
uint64_t ring_now_us(void) { return read_us(CLOCK_MONOTONIC); }
uint64_t ring_cpu_us(void) { return read_us(CLOCK_PROCESS_CPUTIME_ID); }
void ring_nap(void) { nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL); }

/* ---- the process --------------------------------------------------------------------------- */

static size_t rss_bytes(void) {
  char line[128] = "", *rest = line;
  (void)malloc_trim(0);
  FILE *f = fopen("/proc/self/statm", "r");
  if (!f) return 0;
  if (!fgets(line, sizeof line, f)) line[0] = 0;
  (void)fclose(f);
  (void)strtoul(line, &rest, 10); /* the first number is the address space */
  return strtoul(rest, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static int descriptors(void) {
  int n = 0;
  DIR *dir = opendir("/proc/self/fd");
  if (!dir) return 0;
  while (readdir(dir)) /* NOLINT(concurrency-mt-unsafe): nobody else has this stream */
    n++;
  (void)closedir(dir);
  return n;
}

static void write_file(const char *folder, const char *name, const char *text) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
}

/* folder/inside is granted; folder/outside.txt is not, and links inside lead to it. */
static void make_folder(ring *r) {
  char outer[40] = "/tmp/troupe-hostile-XXXXXX", link[128];
  assert_non_null(mkdtemp(outer));
  snprintf(r->folder, sizeof r->folder, "%s/inside", outer);
  assert_int_equal(mkdir(r->folder, 0700), 0);
  write_file(outer, "outside.txt", RING_SECRET);
  write_file(outer, "outside.lua", "return '" RING_SECRET "'");
  write_file(r->folder, "note.txt", "hello");
  snprintf(link, sizeof link, "%s/link.txt", r->folder);
  assert_int_equal(symlink("../outside.txt", link), 0);
  snprintf(link, sizeof link, "%s/link.lua", r->folder);
  assert_int_equal(symlink("../outside.lua", link), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
  (void)st, (void)type, (void)at;
  return remove(path);
}

static void remove_folder(ring *r) {
  *strrchr(r->folder, '/') = 0;
  (void)nftw(r->folder, remove_one, 8, /* NOLINT(concurrency-mt-unsafe): the threads have ended */
             FTW_DEPTH | FTW_PHYS);
}

/* ---- the log ------------------------------------------------------------------------------- */

static void on_log(void *ctx, troupe_log_level level, const char *line, size_t len) {
  ring *r = ctx;
  (void)level;
  for (size_t i = 0; i < len; i++) {
    if (((unsigned char)line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f) {
      r->forged_lines++;
      break;
    }
  }
  if (memmem(line, len, RING_SECRET, strlen(RING_SECRET))) r->secret_lines++;
}

/* ---- the bystanders ------------------------------------------------------------------------ */

static troupe_pid bystander(ring *r, const char *name, const char *source, uint32_t mailbox) {
  troupe_script script = TROUPE_SCRIPT_INIT;
  troupe_pid pid;
  script.source = source;
  script.chunk_name = name;
  script.name = name;
  script.mailbox_messages = mailbox;
  script.shutdown_ms = 10000;
  assert_int_equal(troupe_spawn_script(r->sys, &pid, &script), TROUPE_OK);
  return pid;
}

/* What one bystander answers: a msgpack string, of which the text is copied. */
static bool ask_text(ring *r, troupe_pid to, const char *kind, const char *text, char *out,
                     size_t out_len) {
  troupe_ask_opts opts = {.size = sizeof opts, .timeout_ms = 30000};
  char args[34] = {(char)0x91};
  size_t len = strlen(text);
  void *reply = NULL;
  size_t reply_len = 0;
  assert_true(len < 32);
  args[1] = (char)(0xa0 | len);
  snprintf(args + 2, sizeof args - 2, "%s", text);
  int err = troupe_ask_wait(r->sys, to, &opts, kind, args, len + 2, &reply, &reply_len, NULL, 0);
  bool ok = err == TROUPE_OK && reply_len > 0 && reply_len <= out_len;
  if (ok) {
    memcpy(out, (char *)reply + 1, reply_len - 1);
    out[reply_len - 1] = 0;
  }
  troupe_reply_free(r->sys, reply, reply_len);
  return ok;
}

static void open_bystanders(ring *r) {
  r->canary = bystander(r, "canary",
                        "local troupe = require 'troupe' local canary = troupe.actor 'canary' "
                        "function canary.on:ping(x) return x end return canary",
                        0);
  r->vault = bystander(r, "vault",
                       "local troupe = require 'troupe' local vault = troupe.actor 'vault' "
                       "local secret, hits = '" RING_SECRET "', 0 "
                       "setmetatable(vault.on, { __index = function(_, kind) "
                       "if kind ~= secret then hits = hits + 1 end "
                       "return function() return tostring(hits) end end }) return vault",
                       0);
  r->sink = bystander(r, "sink",
                      "local troupe = require 'troupe' local sink = troupe.actor 'sink' "
                      "function sink.on:call(x) return troupe.call('echo', { value = x }) end "
                      "setmetatable(sink.on, { __index = function() "
                      "return function(_, x) return x end end }) return sink",
                      50);
  r->stone = bystander(
      r, "stone", "local troupe = require 'troupe' troupe.receive { kinds = { 'never' } }", 20);
}

/* ---- the canary's asker -------------------------------------------------------------------- */

static void *ask_the_canary(void *arg) {
  ring *r = arg;
  while (!atomic_load(&r->asker_ends)) {
    char text[16], answer[16] = "";
    uint64_t began = ring_now_us();
    snprintf(text, sizeof text, "%zu", r->asks);
    bool ok = ask_text(r, r->canary, "ping", text, answer, sizeof answer);
    if (!ok || strcmp(text, answer) != 0) r->unanswered++;
    if (r->asks < CANARY_ASKS) r->latency_us[r->asks] = (uint32_t)(ring_now_us() - began);
    r->asks++;
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  }
  return NULL;
}

static int by_value(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

/* ---- opening and closing ------------------------------------------------------------------- */

static void start(ring *r) {
  faulty_init(&r->memory, 0);
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 2;
  cfg.seed = 7;
  cfg.allocator = &r->memory.allocator;
  cfg.log = on_log;
  cfg.log_ctx = r;
  cfg.max_actors = 8192;
  assert_int_equal(troupe_system_start(&r->sys, &cfg), TROUPE_OK);
  assert_int_equal(troupe_batteries_register(r->sys), TROUPE_OK);
  assert_int_equal(troupe_json_register(r->sys), TROUPE_OK);
  open_bystanders(r);
  char answer[16];
  assert_true(ask_text(r, r->canary, "ping", "x", answer, sizeof answer));
  assert_true(ask_text(r, r->vault, RING_SECRET, "", answer, sizeof answer));
  assert_true(ask_text(r, r->sink, "call", "x", answer, sizeof answer)); /* starts the pool */
}

void ring_open(ring *r) {
  memset(r, 0, sizeof *r);
  make_folder(r);
  start(r); /* libuv keeps a pipe for the process from the first call of a tool on */
  assert_int_equal(troupe_system_stop(r->sys, 10000), TROUPE_OK);
  troupe_system_free(r->sys);
  r->descriptors = descriptors();
  start(r);
  troupe_stats stats;
  troupe_system_stats(r->sys, &stats);
  r->actors = stats.actors;
  r->live_bytes = r->memory.live_bytes;
  r->rss_bytes = rss_bytes();
  assert_int_equal(pthread_create(&r->asker, NULL, ask_the_canary, r), 0);
}

/* Messages that were sent and are neither handled nor dead letters. */
static uint64_t under_way(const troupe_stats *s) {
  uint64_t ended = s->handled;
  for (int i = 0; i < TROUPE_DEAD_COUNT; i++)
    if (i != TROUPE_DEAD_LATE_REPLY) ended += s->dead[i];
  return s->sent - ended;
}

bool ring_settle(ring *r) {
  troupe_stats stats;
  for (int i = 0; i < 60000; i++) {
    troupe_system_stats(r->sys, &stats);
    if (stats.actors <= r->actors) return true;
    ring_nap();
  }
  print_error("%llu actors are left\n", (unsigned long long)(stats.actors - r->actors));
  return false;
}

static void report(ring *r, const char *title, size_t rss, size_t live) {
  size_t n = r->asks < CANARY_ASKS ? r->asks : CANARY_ASKS, middle = n / 2, late = n * 99 / 100;
  qsort(r->latency_us, n, sizeof *r->latency_us, by_value);
  print_message("%s: canary asked %zu times: p50 %.2f ms, p99 %.2f ms, max %.2f ms; memory %zu -> "
                "%zu KiB resident, %zu -> %zu KiB allocated\n",
                title, r->asks, r->latency_us[middle] / 1e3, r->latency_us[late] / 1e3,
                r->latency_us[n - 1] / 1e3, r->rss_bytes >> 10, rss >> 10, r->live_bytes >> 10,
                live >> 10);
}

void ring_close(ring *r, const char *title) {
  bool settled = ring_settle(r);
  char hits[16] = "";
  atomic_store(&r->asker_ends, true);
  assert_int_equal(pthread_join(r->asker, NULL), 0);
  bool vault_answers = ask_text(r, r->vault, RING_SECRET, "", hits, sizeof hits);
  size_t rss = rss_bytes(), live = r->memory.live_bytes;
  report(r, title, rss, live);

  assert_true(settled);
  assert_int_equal(r->unanswered, 0);
  assert_true(vault_answers);
  assert_string_equal(hits, "0");
  assert_int_equal(r->forged_lines, 0);
  assert_int_equal(r->secret_lines, 0);
  assert_true(live < r->live_bytes + (1 << 20));
  assert_true(rss < r->rss_bytes + RSS_GROWTH_MOST);

  assert_int_equal(troupe_system_stop(r->sys, 20000), TROUPE_OK);
  troupe_stats stats;
  troupe_system_stats(r->sys, &stats);
  assert_int_equal(stats.actors, 0);
  assert_int_equal(under_way(&stats), 0);
  troupe_system_free(r->sys);
  faulty_check(&r->memory);
  assert_int_equal(descriptors(), r->descriptors);
  remove_folder(r);
}
