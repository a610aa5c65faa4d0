#include "tests/fuzz/host.h"

#include <troupe/error.h>

#include "actors/base/clock.h"
#include "tests/fuzz/fuzz.h"

enum { SLICES_MAX = 4000, STOP_MS = 10000 };

static void *count_realloc(void *ctx, void *p, size_t old_size, size_t new_size) {
  fuzz_host *h = ctx;
  REQUIRE((p != NULL || old_size == 0) && h->live_bytes >= old_size);
  void *block = NULL;
  if (new_size == 0)
    free(p);
  else
    block = realloc(p, new_size);
  if (block || new_size == 0) h->live_bytes += new_size - old_size;
  return block;
}

static uint64_t read_clock(void *ctx) { return ((const fuzz_host *)ctx)->now_ns; }

/* A line of the log is one line, whatever a script has put into it. */
static void check_log(void *ctx, troupe_log_level level, const char *line, size_t len) {
  fuzz_host *h = ctx;
  (void)level;
  snprintf(h->last_line, sizeof h->last_line, "%.*s", (int)len, line);
  for (size_t i = 0; i < len; i++)
    REQUIRE(line[i] == '\t' || ((unsigned char)line[i] >= 0x20 && line[i] != 0x7f));
}

void fuzz_host_start(fuzz_host *h) {
  *h = (fuzz_host){.now_ns = TRP_NS_PER_S, .allocator = {.realloc = count_realloc, .ctx = h}};
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 0;
  cfg.seed = 7;
  cfg.allocator = &h->allocator;
  cfg.clock = read_clock;
  cfg.clock_ctx = h;
  cfg.log = check_log;
  cfg.log_ctx = h;
  cfg.max_actors = 256;
  REQUIRE(troupe_system_start(&h->sys, &cfg) == TROUPE_OK);
}

void fuzz_host_settle(fuzz_host *h) {
  for (int i = 0; i < SLICES_MAX && troupe_system_step(h->sys, 0); i++) {
  }
}

void fuzz_host_pass(fuzz_host *h, uint64_t ms) {
  uint64_t end = h->now_ns + ms * TRP_NS_PER_MS;
  fuzz_host_settle(h);
  for (int i = 0; i < SLICES_MAX; i++) {
    int64_t next = troupe_system_next_ms(h->sys);
    uint64_t at = h->now_ns + (uint64_t)next * TRP_NS_PER_MS;
    if (next < 0 || at > end) break;
    h->now_ns = at;
    fuzz_host_settle(h);
  }
  h->now_ns = end;
  fuzz_host_settle(h);
}

void fuzz_host_stop(fuzz_host *h) {
  troupe_stats s;
  REQUIRE(troupe_system_stop(h->sys, STOP_MS) == TROUPE_OK);
  troupe_system_stats(h->sys, &s);
  uint64_t dead = 0;
  for (int i = 0; i < TROUPE_DEAD_COUNT; i++)
    if (i != TROUPE_DEAD_LATE_REPLY) dead += s.dead[i];
  REQUIRE(s.actors == 0);
  REQUIRE(s.sent == s.handled + dead);
  troupe_system_free(h->sys);
  REQUIRE(h->live_bytes == 0);
}
