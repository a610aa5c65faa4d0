/* `troupe help`. docs/man/troupe.1 says the same at more length. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const char summary[] =
    "usage: troupe run [options] app.lua [arguments]    run an app\n"
    "       troupe check [options] app.lua [arguments]  load it, start nothing\n"
    "       troupe version                              versions of Troupe and its libraries\n"
    "       troupe help [command]                       options of a command\n";

static const char run_text[] =
    "usage: troupe run [options] app.lua [arguments]\n"
    "\n"
    "Runs the app until it ends, or until SIGINT or SIGTERM, which stop it in order; a second\n"
    "signal ends the process at once.\n"
    "\n"
    "  --workers N     threads that run actors; one for each core\n"
    "  --seed S        of every random choice; from the operating system\n"
    "  --stop-ms N     how long stopping in order may take; 30000\n"
    "  --memory-bytes N\n"
    "                  what actors and messages may take together; 3/4 of the machine\n"
    "  --log LEVEL     least level shown on standard error: debug, info, warn, error; info\n"
    "  --              ends the options\n"
    "\n"
    "Options stand before app.lua; --workers and --seed also behind it. All other arguments go to\n"
    "the app, as `...`.\n"
    "\n"
    "exit status: 0 done; 2 usage; 65 a script does not load; 66 a file is missing; 70 the app "
    "gave\n"
    "up or did not stop in time; 128 + n second signal n\n";

static const char check_text[] =
    "usage: troupe check [options] app.lua [arguments]\n"
    "\n"
    "Runs app.lua, checks what it returns, and compiles every script it names. No actor of the "
    "app\n"
    "starts. Options are those of `troupe run`.\n"
    "\n"
    "exit status: 0 it loads; 2 usage; 65 a script does not load; 66 a file is missing\n";

void cli_help_summary(bool to_stderr) { fputs(summary, to_stderr ? stderr : stdout); }

int cli_help(int argc, char **argv) {
  const char *topic = argc > 0 ? argv[0] : "";
  if (argc > 1) {
    cli_say("help takes the name of one command");
    return CLI_USAGE;
  }
  if (strcmp(topic, "run") == 0) {
    fputs(run_text, stdout);
  } else if (strcmp(topic, "check") == 0) {
    fputs(check_text, stdout);
  } else if (argc == 0 || strcmp(topic, "version") == 0 || strcmp(topic, "help") == 0) {
    cli_help_summary(false);
  } else {
    cli_say("there is no command '%s'", topic);
    return CLI_USAGE;
  }
  return CLI_OK;
}
