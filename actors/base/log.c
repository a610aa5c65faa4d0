/* Formats log lines and writes them. No locks, no memory: a line lives on the stack of the thread
 * that logs. */
#include "actors/base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "actors/base/clock.h"

#define TRUNCATED "… truncated"

enum { MARK_LEN = sizeof TRUNCATED - 1, ROOM = TRP_LOG_LINE_MAX - MARK_LEN };

typedef struct line {
  size_t len; /* at most ROOM */
  bool cut;
  char text[TRP_LOG_LINE_MAX];
} line;

/* Cuts the line at ROOM, or a little before it so as not to break a UTF-8 sequence in two. */
static void cut(line *l) {
  l->cut = true;
  size_t start = l->len;
  while (start > 0 && l->len - start < 3 && ((unsigned char)l->text[start - 1] & 0xc0) == 0x80)
    start--;
  if (start == 0) return;
  unsigned char lead = (unsigned char)l->text[start - 1];
  size_t needs = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
  if (needs > l->len - start) l->len = start - 1;
}

static void add(line *l, const char *s, size_t len) {
  static const char hex[] = "0123456789abcdef";
  for (size_t i = 0; i < len && !l->cut; i++) {
    unsigned char c = (unsigned char)s[i];
    bool control = (c < 0x20 && c != '\t') || c == 0x7f;
    size_t needs = control ? 4 : 1;
    if (needs > ROOM - l->len) {
      cut(l);
    } else if (control) {
      const char escaped[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};
      memcpy(l->text + l->len, escaped, sizeof escaped);
      l->len += sizeof escaped;
    } else {
      l->text[l->len++] = (char)c;
    }
  }
}

void trp_log_text(const trp_log *log, troupe_log_level level, const char *who, const char *text,
                  size_t len) {
  if (!log || !log->sink || level < log->min) return;
  int saved = errno;
  line l = {.len = 0, .cut = false};
  if (who) {
    add(&l, who, strlen(who));
    add(&l, ": ", 2);
  }
  add(&l, text, len);
  if (l.cut) {
    memcpy(l.text + l.len, TRUNCATED, MARK_LEN);
    l.len += MARK_LEN;
  }
  log->sink(log->ctx, level, l.text, l.len);
  errno = saved;
}

void trp_log_write(const trp_log *log, troupe_log_level level, const char *who, const char *fmt,
                   ...) {
  if (!log || !log->sink || level < log->min) return;
  int saved = errno;
  char text[TRP_LOG_LINE_MAX];
  va_list args;
  va_start(args, fmt);
  /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is started in the line above */
  int n = vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  if (n < 0) n = snprintf(text, sizeof text, "(a log line that cannot be formatted)");
  trp_log_text(log, level, who, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
  errno = saved;
}

const char *trp_log_level_name(troupe_log_level level) {
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
  return "unknown";
}

void trp_log_stderr(void *ctx, troupe_log_level level, const char *line_text, size_t len) {
  int fd = ctx ? *(const int *)ctx : STDERR_FILENO;
  if (len > TRP_LOG_LINE_MAX) len = TRP_LOG_LINE_MAX;
  int64_t now_ms = trp_wall_ms();
  time_t seconds = (time_t)(now_ms / 1000);
  struct tm t = {0};
  gmtime_r(&seconds, &t);

  char out[TRP_LOG_LINE_MAX + 64];
  size_t head = strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%S", &t);
  head += (size_t)snprintf(out + head, sizeof out - head, ".%03dZ %s ", (int)(now_ms % 1000),
                           trp_log_level_name(level));
  memcpy(out + head, line_text, len);
  out[head + len] = '\n';

  /* A reader that does not read must not stop the threads that log: a line for which there is no
   * room now is lost, as is one that cannot be written; there is nowhere left to report it. */
  struct pollfd room = {.fd = fd, .events = POLLOUT};
  if (poll(&room, 1, 0) == 0) return;

  /* One call, so lines of several threads and processes do not mix. */
  ssize_t written;
  do {
    written = write(fd, out, head + len + 1);
  } while (written < 0 && errno == EINTR);
}
