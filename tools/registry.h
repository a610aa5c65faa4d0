/* The tools of a system: their functions, policies, and the state all calls of a tool share. */
#ifndef TRP_TOOLS_REGISTRY_H
#define TRP_TOOLS_REGISTRY_H

#include <pthread.h>

#include <troupe/tool.h>

#include "actors/base/rand.h"
#include "tools/breaker.h"
#include "tools/retry.h"
#include "tools/retry_budget.h"

#define TRP_TOOL_NAME_MAX 64
#define TRP_TOOLS_MAX 1000

typedef struct trp_tool trp_tool;
struct trp_tool {
  /* constant once published */
  trp_tool *next;
  char name[TRP_TOOL_NAME_MAX + 1];
  size_t name_len;
  troupe_tool_ops ops;
  void *user;
  troupe_tool_policy policy; /* defaults filled in */
  trp_retry_config retry;    /* likewise; attempts = 1 without retry */
  bool has_breaker;

  /* guards what follows, and the transitions of the tool's jobs; before the lock of the loop */
  pthread_mutex_t lock;
  trp_breaker breaker;
  trp_retry_budget budget;
  trp_rand rand;
  uint32_t open;    /* jobs submitted whose executor has not ended */
  uint32_t orphans; /* of these: running, and the caller has given up */
  uint64_t late;    /* results that nobody waited for */
  uint64_t trips;   /* of the breaker, reported so far */
};

/* NULL: no such tool. Valid for the system's life. Thread: any; never blocks. */
trp_tool *trp_tool_find(troupe_system *sys, const char *name, size_t len);

/* Walks all tools, newest first; NULL starts, NULL ends. Thread: any. */
trp_tool *trp_tool_next(troupe_system *sys, const trp_tool *after);

/* Registers a tool that does what `base` does under another name, or under its own: then calls that
 * start from now on get this one. Breaker, budget and bound are its own.
 *   policy   complete; attempts 0: as many as base has. Copied
 * Thread   any. Returns as troupe_tool_register. */
int trp_tool_derive(troupe_system *sys, const char *name, const char *base,
                    const troupe_tool_policy *policy, char *msg, size_t msg_len);
/* Checks only. */
int trp_tool_derive_check(const char *name, const trp_tool *base, const troupe_tool_policy *policy,
                          char *msg, size_t msg_len);

/* Under the tool's lock, after any use of the breaker: 0, or for how many ms it has just opened. */
uint64_t trp_tool_take_trip(trp_tool *t, uint64_t now_ms);
/* Without the lock: counts and logs such a trip; nothing for 0. */
void trp_tool_report_trip(troupe_system *sys, trp_tool *t, uint64_t open_ms);

#endif
