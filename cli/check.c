/* `troupe check`: loads an app and starts nothing of it. */
#include <stdio.h>

#include "cli/cli.h"

#define STOP_MS 5000

int cli_check(int argc, char **argv) {
  cli_options o;
  troupe_system *sys;
  troupe_app *app;
  size_t actors, supervisors;
  int code = cli_options_read(&o, "check", argc, argv);
  if (!code) code = cli_host_open(&o, &sys, &app);
  if (code) return code;
  troupe_app_count(app, &actors, &supervisors);
  printf("%s: %zu actor%s under %zu supervisor%s\n", o.app, actors, actors == 1 ? "" : "s",
         supervisors, supervisors == 1 ? "" : "s");
  fflush(stdout);
  cli_host_close(sys, app, STOP_MS);
  return CLI_OK;
}
