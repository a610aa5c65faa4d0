/* One attack: a script beside this file, in the folder of its class, whose first lines say in
 * comments what it is and how it may end.
 *
 *   -- attack: one sentence
 *   -- allowed: classes of exit, separated by spaces; `survives`: it may also be alive at the end
 * of its time, is then told to stop, and must end as `shutdown` or with another allowed class
 *   -- limits: memory_bytes=, message_bytes=, cpu_ms_per_message=, log_bytes_per_s=, shutdown_ms=,
 *      init_timeout_ms=, mailbox_messages=; what is missing is as attack.c says
 *   -- grants: spawn=, names=, tools=, fs=r or rw: the runner's folder
 *   -- expect: a text that the reason of its exit must contain
 *
 * Thread: one at a time. */
#ifndef TRP_TESTS_ATTACK_H
#define TRP_TESTS_ATTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <troupe/script.h>

typedef struct attack {
  char name[96]; /* "cpu/empty_loop" */
  char sentence[256];
  char *source; /* NUL-terminated */
  size_t source_len;
  uint32_t allowed; /* a bit for each troupe_exit_class */
  bool survives;
  troupe_script_limits limits;
  uint32_t shutdown_ms, init_timeout_ms, mailbox_messages;
  uint32_t spawn; /* grants */
  char names[64], tools[64];
  bool fs_read, fs_write;
  char expect[128]; /* "": nothing */
} attack;

typedef struct attacks {
  attack *list; /* by class and name */
  size_t count;
} attacks;

/* Reads every attack below a folder. False, with a line on standard error for each that is wrong,
 * when one cannot be read. */
bool attacks_read(attacks *all, const char *folder);
void attacks_free(attacks *all);

#endif
