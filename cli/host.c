/* The system that an app runs in. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef TROUPE_HAS_BATTERIES
#  include <troupe/batteries.h>
#  include <troupe/json.h>
#endif

#include "cli/cli.h"

#define BLOCKING_THREADS 16 /* for tools that wait */
#define SPARE_THREADS 4
#define ABANDON_MS 1000            /* what a failed load may take to end */
#define MESSAGE_BYTES (256u << 20) /* the most that limits.message_bytes can say in app.lua */

/* libuv reads this once, when its first thread starts. */
static void size_pool(void) {
  char text[32];
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  snprintf(text, sizeof text, "%ld", BLOCKING_THREADS + (cores > 0 ? cores : 1) + SPARE_THREADS);
  setenv("UV_THREADPOOL_SIZE", text, 0); /* NOLINT(concurrency-mt-unsafe): before any thread */
}

static int start(const cli_options *o, troupe_system **sys) {
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = o->workers;
  cfg.seed = o->seed;
  cfg.memory_bytes = o->memory_bytes;
  cfg.log_min = o->log;
  cfg.max_message_bytes = MESSAGE_BYTES;
  cfg.catch_stack_overflow = true;
  if (isatty(STDERR_FILENO)) cfg.log = cli_log_terminal;
  int err = troupe_system_start(sys, &cfg);
#ifdef TROUPE_HAS_BATTERIES
  if (!err) err = troupe_batteries_register(*sys);
  if (!err) err = troupe_json_register(*sys);
#endif
  return err;
}

static int exit_code(int err) {
  switch (err) {
  case -ENOENT:
    return CLI_NO_INPUT;
  case TROUPE_E_NO_MEMORY:
  case TROUPE_E_SYSTEM_STOPPED:
    return CLI_SOFTWARE;
  default:
    return CLI_DATA;
  }
}

int cli_host_open(const cli_options *o, troupe_system **sys, troupe_app **app) {
  char msg[1024] = "";
  *app = NULL;
  size_pool();
  int err = start(o, sys);
  if (err) {
    cli_say("cannot start: %s", troupe_strerror(err));
    if (*sys) cli_host_close(*sys, NULL, ABANDON_MS);
    return CLI_SOFTWARE;
  }
  err = troupe_app_load(*sys, o->app, o->argc, o->argv, app, msg, sizeof msg);
  if (!err) return CLI_OK;
  cli_say("%s", msg[0] ? msg : troupe_strerror(err));
  if (cli_host_close(*sys, NULL, ABANDON_MS) == TROUPE_E_TIMEOUT) _exit(exit_code(err));
  return exit_code(err);
}

int cli_host_close(troupe_system *sys, troupe_app *app, uint32_t stop_ms) {
  troupe_app_free(app);
  int err = troupe_system_stop(sys, stop_ms);
  if (err != TROUPE_E_TIMEOUT) troupe_system_free(sys);
  return err;
}
