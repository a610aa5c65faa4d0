/* The program `troupe`: what its sub-commands share. Public headers of the library only.
 *
 * The program owns the process: it sizes libuv's pool, takes SIGINT and SIGTERM, writes to standard
 * error. The library itself does none of that.
 */
#ifndef TRP_CLI_CLI_H
#define TRP_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include <troupe/troupe.h>

/* Exit codes; after a second signal n: 128 + n. */
enum {
  CLI_OK = 0,
  CLI_USAGE = 2,
  CLI_DATA = 65,     /* a script does not load */
  CLI_NO_INPUT = 66, /* a file is missing */
  CLI_SOFTWARE = 70  /* the app gave up, or did not stop in time */
};

/* ---- options.c ----------------------------------------------------------------------------- */

typedef struct cli_options {
  int workers;
  uint64_t seed;
  uint32_t stop_ms;
  uint64_t memory_bytes; /* 0: the default */
  troupe_log_level log;
  const char *app; /* path of app.lua */
  int argc;        /* what app.lua gets */
  char **argv;
} cli_options;

/* Reads what follows the sub-command; moves the app's arguments together in argv.
 * Returns CLI_OK, or CLI_USAGE after a sentence on standard error. */
int cli_options_read(cli_options *o, const char *command, int argc, char **argv);

/* ---- the sub-commands; each returns an exit code ------------------------------------------- */

int cli_run(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_version(int argc, char **argv);
int cli_help(int argc, char **argv);

/* Writes the summary of all commands. */
void cli_help_summary(bool to_stderr);

/* ---- host.c -------------------------------------------------------------------------------- */

/* Starts a system with all tools and loads the app. Returns CLI_OK, or an exit code after a
 * sentence on standard error; then nothing is left to close. */
int cli_host_open(const cli_options *o, troupe_system **sys, troupe_app **app);

/* Stops and frees. Returns as troupe_system_stop; after TROUPE_E_TIMEOUT the process should _exit.
 */
int cli_host_close(troupe_system *sys, troupe_app *app, uint32_t stop_ms);

/* ---- signals.c ----------------------------------------------------------------------------- */

/* Takes SIGINT and SIGTERM from all threads that start afterwards, and SIGPIPE from all. Before
 * cli_signals_arm the first signal ends the process with 128 + n; afterwards the first one writes
 * to *fd, an eventfd, and the second one ends the process. False: a system error, already told. */
bool cli_signals_start(int *fd);
void cli_signals_arm(void);

/* ---- log.c --------------------------------------------------------------------------------- */

/* Lines on a terminal: short, and they wipe out a progress bar that stands in their way. */
void cli_log_terminal(void *ctx, troupe_log_level level, const char *line, size_t len);

/* Writes "troupe: " and one sentence to standard error. */
void cli_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
