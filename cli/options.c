/* Options of `run` and `check`. They stand before app.lua; --workers and --seed also behind it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define STOP_MS 30000
#define MEMORY_LEAST ((uint64_t)16 << 20) /* the system itself takes a good part of it */

typedef struct option {
  const char *name;
  bool anywhere; /* also behind app.lua */
  bool (*set)(cli_options *o, const char *text);
  const char *expects;
} option;

static bool to_number(const char *text, uint64_t min, uint64_t max, uint64_t *out) {
  char *end;
  if (*text < '0' || *text > '9') return false;
  errno = 0;
  unsigned long long n = strtoull(text, &end, 0);
  if (errno || *end || n < min || n > max) return false;
  *out = n;
  return true;
}

static bool set_workers(cli_options *o, const char *text) {
  uint64_t n;
  if (!to_number(text, 1, 1024, &n)) return false;
  o->workers = (int)n;
  return true;
}

static bool set_seed(cli_options *o, const char *text) {
  return to_number(text, 1, UINT64_MAX, &o->seed);
}

static bool set_stop(cli_options *o, const char *text) {
  uint64_t n;
  if (!to_number(text, 0, INT32_MAX, &n)) return false;
  o->stop_ms = (uint32_t)n;
  return true;
}

static bool set_memory(cli_options *o, const char *text) {
  return to_number(text, MEMORY_LEAST, UINT64_MAX, &o->memory_bytes);
}

static bool set_log(cli_options *o, const char *text) {
  static const char *const levels[] = {"debug", "info", "warn", "error"};
  for (unsigned i = 0; i < sizeof levels / sizeof *levels; i++) {
    if (strcmp(text, levels[i]) != 0) continue;
    o->log = (troupe_log_level)i;
    return true;
  }
  return false;
}

static const option known[] = {
    {"--workers", true, set_workers, "a number of threads from 1 to 1024"},
    {"--seed", true, set_seed, "a number from 1 to 2^64 - 1"},
    {"--stop-ms", false, set_stop, "a number of milliseconds"},
    {"--memory-bytes", false, set_memory, "a number of bytes, at least 16777216"},
    {"--log", false, set_log, "debug, info, warn or error"},
};

static const option *find(const char *arg, const char **value) {
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    size_t n = strlen(known[i].name);
    if (strncmp(arg, known[i].name, n) != 0 || (arg[n] != 0 && arg[n] != '=')) continue;
    *value = arg[n] == '=' ? arg + n + 1 : NULL;
    return &known[i];
  }
  return NULL;
}

/* Takes the option at argv[i]; returns the arguments used, or 0 after a complaint. */
static int take(cli_options *o, const option *found, const char *value, int left, char **argv) {
  int used = value ? 1 : 2;
  if (!value && left > 1) value = argv[1];
  if (value && found->set(o, value)) return used;
  cli_say("%s expects %s", found->name, found->expects);
  return 0;
}

int cli_options_read(cli_options *o, const char *command, int argc, char **argv) {
  bool ended = false; /* by "--" */
  *o = (cli_options){
      .workers = TROUPE_WORKERS_AUTO, .stop_ms = STOP_MS, .log = TROUPE_LOG_INFO, .argv = argv};
  for (int i = 0; i < argc;) {
    const char *value = NULL;
    const option *found = ended ? NULL : find(argv[i], &value);
    if (found && (!o->app || found->anywhere)) {
      int used = take(o, found, value, argc - i, argv + i);
      if (!used) return CLI_USAGE;
      i += used;
    } else if (!ended && strcmp(argv[i], "--") == 0) {
      ended = true;
      i++;
    } else if (o->app) {
      o->argv[o->argc++] = argv[i++];
    } else if (!ended && argv[i][0] == '-') {
      cli_say("there is no option '%s'; try: troupe help %s", argv[i], command);
      return CLI_USAGE;
    } else {
      o->app = argv[i++];
    }
  }
  if (o->app) return CLI_OK;
  cli_say("which app? try: troupe help %s", command);
  return CLI_USAGE;
}
