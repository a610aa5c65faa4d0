/* The ready-made tools that run on a pool thread, given any arguments and called here at once: each
 * attempt ends exactly once, with one valid value or a failure that has a code and a sentence.
 *
 *   first byte    which tool
 *   second byte   the limit of its result
 *   the rest      the arguments, as they come from a caller
 *
 * They are granted a directory of their own, read and write. `console` writes to /dev/null here, as
 * "null"; `exec`, which starts programs, is left out. */
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <troupe/batteries.h>
#include <troupe/error.h>
#include <troupe/grants.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/host.h"
#include "tests/fuzz/watchdog.h"
#include "tools/builtin/builtin.h"
#include "tools/job.h"
#include "tools/wire.h"

static const char *const names[] = {"gunzip",   "sqlite", "fs.list", "fs.read",
                                    "fs.write", "echo",   "null"};
enum { TOOLS = sizeof names / sizeof *names, CANCEL_MS = 200 };

static fuzz_host host;
static troupe_grants *grants;
static char folder[] = "/tmp/troupe-fuzz-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

static void remove_folder(void) {
  (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS); /* NOLINT(concurrency-mt-unsafe) */
}

/* What one input leaves behind must not change what the next one does. */
static void make_folder(void) {
  remove_folder();
  REQUIRE(mkdir(folder, 0700) == 0 && chdir(folder) == 0);
  REQUIRE(mkdir("d", 0700) == 0);
  REQUIRE(symlink("d", "l") == 0);
  int fd = open("f", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  REQUIRE(fd >= 0);
  static const uint8_t hello_gz[] = {0x1f, 0x8b, 8,    0,    0,    0,    0,    0,    0,
                                     3,    0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x86,
                                     0xa6, 0x10, 0x36, 5,    0,    0,    0};
  REQUIRE(write(fd, hello_gz, sizeof hello_gz) == (ssize_t)sizeof hello_gz);
  close(fd);
}

static void add_console(const char *name, int fd) {
  trp_console *c = trp_console_new(trp_system_allocator(host.sys), fd);
  const troupe_tool_ops ops = {
      .size = sizeof ops, .run = trp_console_run, .free = trp_console_free};
  REQUIRE(fd >= 0 && c != NULL);
  REQUIRE(troupe_tool_register(host.sys, name, &ops, c, NULL, NULL, 0) == TROUPE_OK);
}

/* The working directory is the granted one, so that short relative paths lead into it. */
static void start(void) {
  REQUIRE(mkdtemp(folder) != NULL && atexit(remove_folder) == 0);
  make_folder();
  fuzz_host_start(&host);
  REQUIRE(troupe_batteries_register(host.sys) == TROUPE_OK);
  add_console("null", open("/dev/null", O_WRONLY | O_CLOEXEC));
  REQUIRE(troupe_grants_new(&grants, NULL) == TROUPE_OK);
  REQUIRE(troupe_grants_add_fs(grants, folder, true) == TROUPE_OK);
  troupe_grants_seal(grants);
}

/* The caller gives up: what a statement of SQL may need to end. */
static void cancel(void *ctx) { atomic_store(&((troupe_call *)ctx)->cancelled, true); }

static void check(const troupe_call *call) {
  const trp_job_result *r = &call->result;
  REQUIRE(atomic_load(&call->ended) && call->state == TRP_JOB_DONE);
  if (r->outcome == TROUPE_OUTCOME_OK) {
    REQUIRE(r->len <= call->max_result);
    REQUIRE(trp_wire_valid(r->data, r->len, TRP_WIRE_DEPTH) == TROUPE_OK);
  } else {
    REQUIRE(r->code[0] != '\0' && r->message[0] != '\0' && r->data == NULL);
    REQUIRE(strcmp(r->code, "no_result") != 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!host.sys) start();
  const char *name = names[fuzz_byte(&data, &size) % TOOLS];
  size_t limit = (size_t)fuzz_byte(&data, &size) * 64 + 1;
  const troupe_allocator *al = trp_system_allocator(host.sys);
  trp_tool *tool = trp_tool_find(host.sys, name, strlen(name));
  trp_args *args = trp_args_new(al, data, size);
  REQUIRE(tool != NULL && args != NULL);
  troupe_call *call = trp_job_new(host.sys, NULL, tool, grants, args, 1, limit, (trp_permit){0},
                                  (troupe_pid){0}, 0);
  REQUIRE(call != NULL);
  call->state = TRP_JOB_RUNNING; /* what the executor does when it takes a job */
  tool->open++;
  tool->has_breaker = false; /* there is no permit to record */
  fuzz_watchdog_arm(CANCEL_MS, cancel, call);
  tool->ops.run(call, tool->user);
  fuzz_watchdog_disarm();
  check(call);
  trp_job_unref(call);
  trp_args_unref(al, args);
  if (!tool->policy.idempotent) make_folder();
  return 0;
}
