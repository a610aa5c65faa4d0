/* Where attacks are run: a system of two workers with the ready-made tools, a folder that attacks
 * may be granted, and three bystanders.
 *
 *   canary   asked each 5 ms from a thread of the host; the times are kept
 *   vault    holds a secret, and nobody is granted its name: it must never get a message
 *   sink     takes every message, slowly enough to be flooded
 *   stone    takes none
 *
 * The secret is also in the environment and in a file beside the folder. No line of the log and no
 * exit reason may show it.
 *
 * Thread: the test's, but for what a comment says. */
#ifndef TRP_TESTS_RING_H
#define TRP_TESTS_RING_H

#include "tests/test.h"

#include <pthread.h>
#include <stdatomic.h>

#include <troupe/actor.h>
#include <troupe/system.h>

#include "tests/hostile/attack.h"

#define RING_SECRET "xyzzy-7341"

enum { CANARY_ASKS = 1 << 16 };

typedef struct ring {
  troupe_system *sys;
  faulty memory;   /* the system's allocator */
  char folder[64]; /* what `fs` grants; outside.txt lies beside it */
  troupe_pid canary, vault, sink, stone;
  uint64_t actors;   /* without attacks */
  size_t live_bytes; /* without attacks */
  int descriptors;
  size_t rss_bytes;

  pthread_t asker;
  _Atomic bool asker_ends;
  uint32_t latency_us[CANARY_ASKS]; /* by the asker until it has ended */
  size_t asks, unanswered;

  /* Lines of the log that break the rules; written by any thread. */
  _Atomic unsigned forged_lines, secret_lines;
} ring;

void ring_open(ring *r);

/* Ends the bystanders and the system, and asserts what must be true after every attack: all is
 * accounted for, no actor and no memory is left, the canary was answered, nobody reached the vault.
 * Prints the canary's times and the process's memory. */
void ring_close(ring *r, const char *title);

/* Waits until only the bystanders are left and no message is under way. False: it took over 30 s.
 */
bool ring_settle(ring *r);

uint64_t ring_now_us(void);
uint64_t ring_cpu_us(void); /* processor time of the whole process */
void ring_nap(void);        /* half a millisecond */

/* ---- one attack in it ---------------------------------------------------------------------- */

typedef struct bout {
  const attack *attack;
  troupe_spawn_opts opts;
  uint64_t began_us, began_cpu_us;
  bool stopped, killed; /* by the runner */
  _Atomic uint64_t pid;
  /* written by the attack's parent before `gone` */
  uint64_t ended_us, ended_cpu_us;
  troupe_exit_class class_;
  char reason[256];
  _Atomic bool gone;
} bout;

void bout_start(ring *r, bout *b, const attack *a);
bool bout_wait(const bout *b, uint64_t ms); /* true: it is gone */
void bout_stop(ring *r, bout *b);
void bout_kill(ring *r, bout *b);

/* Whether it ended as it may; otherwise says why not. */
bool bout_judge(const bout *b, char *why, size_t why_len);

#endif
