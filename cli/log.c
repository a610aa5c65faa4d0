/* What the program writes to standard error. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

static const char *level_name(troupe_log_level level) {
  switch (level) {
  case TROUPE_LOG_DEBUG:
    return "debug";
  case TROUPE_LOG_INFO:
    return "info";
  case TROUPE_LOG_WARN:
    return "warn";
  case TROUPE_LOG_ERROR:
    return "error";
  }
  return "?";
}

void cli_log_terminal(void *ctx, troupe_log_level level, const char *line, size_t len) {
  char text[4096];
  struct timespec now;
  struct tm t;
  (void)ctx;
  clock_gettime(CLOCK_REALTIME, &now);
  localtime_r(&now.tv_sec, &t);
  int n = snprintf(text, sizeof text, "\r\033[K%02d:%02d:%02d.%03ld %-5s %.*s\n", t.tm_hour,
                   t.tm_min, t.tm_sec, now.tv_nsec / 1000000, level_name(level), (int)len, line);
  if (n >= (int)sizeof text) n = (int)sizeof text - 1;
  ssize_t written = write(STDERR_FILENO, text, (size_t)n); /* nowhere to report a failure to */
  (void)written;
}

void cli_say(const char *fmt, ...) {
  char text[2048];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  flockfile(stderr);
  fputs("troupe: ", stderr);
  for (const char *at = text; *at; at++) { /* it may be a script's text: one line, no escapes */
    unsigned char c = (unsigned char)*at;
    if (c < 0x20 || c == 0x7f)
      fprintf(stderr, "\\x%02x", c);
    else
      fputc(c, stderr);
  }
  fputc('\n', stderr);
  funlockfile(stderr);
}
