/* `troupe version`. */
#include <stdio.h>

#ifdef TROUPE_HAS_BATTERIES
#  include <troupe/batteries.h>
#endif

#include "cli/cli.h"

int cli_version(int argc, char **argv) {
  char text[1024];
  (void)argv;
  if (argc > 0) {
    cli_say("version takes no arguments");
    return CLI_USAGE;
  }
  size_t n = troupe_versions(text, sizeof text);
#ifdef TROUPE_HAS_BATTERIES
  if (n < sizeof text) troupe_batteries_versions(text + n, sizeof text - n);
#else
  (void)n;
#endif
  fputs(text, stdout);
  return CLI_OK;
}
