/* Log lines: bounded, one line each whatever the text, written whole. Rate limits are the caller's.
 */
#ifndef TRP_BASE_LOG_H
#define TRP_BASE_LOG_H

#include <stddef.h>

#include <troupe/types.h>

/* The longest line a sink gets, without a newline. */
#define TRP_LOG_LINE_MAX 2048

/* The sink gets "who: text", not NUL-terminated, without newline, valid until it returns; it is
 * called on the thread that writes, possibly on several at once. A NULL sink discards. */
typedef struct trp_log {
  void (*sink)(void *ctx, troupe_log_level level, const char *line, size_t len);
  void *ctx;
  troupe_log_level min; /* lower levels are discarded */
} trp_log;

/* Formats one line. Control bytes but tabs become \xNN, so that no text forges a line; bytes from
 * 0x80 stay as they are. What does not fit is cut and ends in "… truncated". `log` may be NULL.
 * Keeps errno. Thread: any. */
void trp_log_write(const trp_log *log, troupe_log_level level, const char *who, const char *fmt,
                   ...) __attribute__((format(printf, 4, 5)));

/* The same with text that is ready; it may hold any bytes, NUL included. */
void trp_log_text(const trp_log *log, troupe_log_level level, const char *who, const char *text,
                  size_t len);

/* A sink: `2026-11-20T10:00:00.123Z warn who: text`, in UTC, with one write(2) for each line.
 * ctx is NULL for the standard error stream, or points to an int, the file descriptor. */
void trp_log_stderr(void *ctx, troupe_log_level level, const char *line, size_t len);

/* "debug", "info", "warn", "error". */
const char *trp_log_level_name(troupe_log_level level);

#endif
