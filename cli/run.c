/* `troupe run`: runs an app until its root supervisor ends or a signal comes. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* How the root supervisor ended; written by a worker. */
typedef struct outcome {
  int fd;               /* tells the main thread */
  pthread_mutex_t lock; /* guards what follows */
  bool ended;
  troupe_exit_class why;
  char reason[512];
} outcome;

static void note_end(void *ctx, const troupe_exit *why) {
  outcome *out = ctx;
  const uint64_t one = 1;
  pthread_mutex_lock(&out->lock);
  out->ended = true;
  out->why = why->class_;
  snprintf(out->reason, sizeof out->reason, "%s", why->reason ? why->reason : "");
  pthread_mutex_unlock(&out->lock);
  while (write(out->fd, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

/* Waits for a signal or the app's end. */
static int wait_end(outcome *out) {
  uint64_t count;
  int code = CLI_OK;
  while (read(out->fd, &count, sizeof count) < 0 && errno == EINTR) {
  }
  pthread_mutex_lock(&out->lock);
  if (out->ended && !troupe_exit_is_clean(out->why)) {
    cli_say("the app ended: %s%s%s", troupe_exit_class_name(out->why), out->reason[0] ? ": " : "",
            out->reason);
    code = CLI_SOFTWARE;
  }
  pthread_mutex_unlock(&out->lock);
  return code;
}

/* Returns the exit code, `code` when all stopped in time; ends the process when the system cannot
 * be stopped. */
static int stop(troupe_system *sys, const cli_options *o, int code) {
  troupe_stats stats;
  int err = cli_host_close(sys, NULL, o->stop_ms);
  if (err == TROUPE_OK) return code;
  if (err == TROUPE_E_EXPIRED) {
    cli_say("what had not stopped within %u ms was killed", o->stop_ms);
    return CLI_SOFTWARE;
  }
  troupe_system_stats(sys, &stats);
  cli_say("%llu actors have not stopped within %u ms: a C behaviour or a tool hangs",
          (unsigned long long)stats.actors, o->stop_ms);
  _exit(CLI_SOFTWARE);
}

int cli_run(int argc, char **argv) {
  cli_options o;
  troupe_system *sys;
  troupe_app *app;
  troupe_pid root;
  outcome out = {.lock = PTHREAD_MUTEX_INITIALIZER};
  char msg[512];
  int code = cli_options_read(&o, "run", argc, argv);
  if (code) return code;
  if (!cli_signals_start(&out.fd)) return CLI_SOFTWARE;
  code = cli_host_open(&o, &sys, &app);
  if (code) return code;
  cli_signals_arm();
  const troupe_supervisor_opts opts = {.size = sizeof opts, .on_end = note_end, .on_end_ctx = &out};
  int err = troupe_app_start(sys, &root, app, &opts, msg, sizeof msg);
  troupe_app_free(app);
  if (err) {
    cli_say("%s", msg[0] ? msg : troupe_strerror(err));
    code = err == TROUPE_E_INVALID ? CLI_DATA : CLI_SOFTWARE;
  } else {
    code = wait_end(&out);
  }
  return stop(sys, &o, code);
}
