/* Finds the sub-command. */
#include <string.h>

#include "cli/cli.h"

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
} commands[] = {
    {"run", cli_run},   {"check", cli_check}, {"version", cli_version}, {"--version", cli_version},
    {"help", cli_help}, {"--help", cli_help}, {"-h", cli_help},
};

int main(int argc, char **argv) {
  if (argc < 2) {
    cli_help_summary(true);
    return CLI_USAGE;
  }
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(argc - 2, argv + 2);
  cli_say("there is no command '%s'; try: troupe help", argv[1]);
  return CLI_USAGE;
}
