/* `troupe version`. */
#include <stdio.h>

#ifdef TROUPE_HAS_BATTERIES
#  include <troupe/batteries.h>
#endif

#include "cli/cli.h"

#define DEFECTS_MAX 32

/* What the self-test of the linked Lua says. */
static int print_defects(void) {
  troupe_lua_defect defects[DEFECTS_MAX];
  size_t count, present = 0;
  int err = troupe_lua_defects(&count, defects, DEFECTS_MAX);
  if (err) {
    cli_say("the self-test of Lua failed: %s", troupe_strerror(err));
    return CLI_SOFTWARE;
  }
  if (count > DEFECTS_MAX) count = DEFECTS_MAX;
  for (size_t i = 0; i < count; i++)
    present += defects[i].present;
  printf("\nThis Lua has %zu of %zu known defects; none lets a script out of its actor%s\n",
         present, count, present ? ":" : "");
  for (size_t i = 0; i < count; i++)
    if (defects[i].present)
      printf("  %-16s %s (fixed in %s)\n", defects[i].name, defects[i].effect, defects[i].fixed_in);
  return CLI_OK;
}

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
  return print_defects();
}
