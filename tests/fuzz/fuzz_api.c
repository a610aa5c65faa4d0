/* Every C function that scripts can reach, in an actor "a" that does what the input says:
 * api/driver.lua reads the bytes, see there. An actor "b", api/peer.lua, answers it.
 *
 *   first byte   bit 0: they are stopped in order at the end, instead of killed
 *                bit 1: with a strict heap (strict.h)
 *
 * Real system, real scripts; only the time is the target's, and what computes for too long is left
 * by the frame, as the tick would do. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include <troupe/grants.h>
#include <troupe/json.h>
#include <troupe/script.h>
#include <troupe/tool.h>

#include "actors/base/clock.h"
#include "actors/system.h"
#include "scripting/modules.h"
#include "scripting/script.h"
#include "tests/fuzz/host.h"
#include "tests/fuzz/reach.h"
#include "tests/fuzz/strict.h"
#include "tests/fuzz/watchdog.h"
#include "tools/wire.h"

enum { CPU_MS = 40, LIFE_MS = 300, STOP_MS = 50, BYTES_MAX = 4096 };

/* Processor time is used up: the actor that is running ends, wherever it is. */
static void leave(void *ctx) {
  trp_frame *f = &((troupe_system *)ctx)->sched.workers[0].frame;
  if (!f->in_actor) return;
  if (f->native)
    trp_frame_leave_later(f, TROUPE_EXIT_CPU_LIMIT);
  else
    trp_frame_leave(f, TROUPE_EXIT_CPU_LIMIT);
}

static bool strict;

/* The module "fuzz", for the driver alone. */
static int open_fuzz(lua_State *L) {
  if (strict) fuzz_strict_heap(L);
  return fuzz_reach_open(L);
}

static void echo(troupe_call *call, void *user) {
  size_t len;
  (void)user;
  const void *args = troupe_call_args(call, &len);
  troupe_call_finish(call, args, len);
}

static void fail(troupe_call *call, void *user) {
  (void)user;
  troupe_call_fail(call, TROUPE_OUTCOME_TRANSIENT, "broken", "it is broken");
}

static void add_tool(fuzz_host *h, const char *name, void (*start)(troupe_call *, void *)) {
  const troupe_tool_ops ops = {.size = sizeof ops, .start = start};
  const troupe_tool_policy policy = {.size = sizeof policy, .idempotent = true, .attempts = 2};
  REQUIRE(troupe_tool_register(h->sys, name, &ops, NULL, &policy, NULL, 0) == TROUPE_OK);
}

static troupe_grants *make_grants(void) {
  troupe_grants *g;
  REQUIRE(troupe_grants_new(&g, NULL) == TROUPE_OK);
  REQUIRE(troupe_grants_add_all_names(g) == TROUPE_OK);
  REQUIRE(troupe_grants_add_tool(g, "echo") == TROUPE_OK);
  REQUIRE(troupe_grants_add_tool(g, "broken") == TROUPE_OK);
  REQUIRE(troupe_grants_set_spawn(g, 6) == TROUPE_OK);
  troupe_grants_seal(g);
  return g;
}

static troupe_pid spawn(fuzz_host *h, const char *name, const char *path, const uint8_t *data,
                        size_t size) {
  static troupe_grants *grants; /* sealed: they serve all inputs */
  if (!grants) grants = make_grants();
  trp_buf buf;
  trp_wire_writer w;
  trp_buf_init(&buf, NULL, BYTES_MAX + 8);
  trp_wire_writer_init(&w, &buf);
  trp_wire_put_str(&w, data, size);
  REQUIRE(w.err == TROUPE_OK);
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.path = path;
  script.name = name;
  script.args = buf.data;
  script.args_len = buf.len;
  script.grants = grants;
  script.limits.memory_bytes = 2 << 20;
  script.limits.message_bytes = 64 << 10;
  script.mailbox_messages = 20;
  script.shutdown_ms = STOP_MS;
  /* as troupe_spawn_script, without compiling it once before, which takes as long as the rest */
  trp_script *made;
  troupe_spawn_opts opts;
  troupe_pid pid;
  REQUIRE(trp_script_new(h->sys, &script, NULL, &made, NULL, 0) == TROUPE_OK);
  trp_script_fill_opts(made, &script, &opts);
  REQUIRE(troupe_spawn(h->sys, &pid, &opts) == TROUPE_OK);
  trp_buf_fini(&buf);
  return pid;
}

/* Everything must end, also what waits for ever: at once, when time no longer goes on. */
static void end(fuzz_host *h, const troupe_pid pids[2], bool in_order) {
  for (int i = 0; i < 2; i++) {
    if (in_order)
      (void)troupe_stop(h->sys, pids[i]);
    else
      (void)troupe_kill(h->sys, pids[i]);
  }
  fuzz_host_pass(h, (uint64_t)2 * STOP_MS);
  int err = troupe_system_stop(h->sys, 0);
  REQUIRE(err == TROUPE_OK || err == TROUPE_E_EXPIRED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_host host;
  if (size > BYTES_MAX) return 0;
  unsigned flags = fuzz_byte(&data, &size);
  strict = (flags & 2) != 0;
  fuzz_host_start(&host);
  add_tool(&host, "echo", echo);
  add_tool(&host, "broken", fail);
  REQUIRE(troupe_json_register(host.sys) == TROUPE_OK);
  REQUIRE(trp_script_module(host.sys, "fuzz", open_fuzz) == TROUPE_OK);
  const troupe_pid pids[2] = {spawn(&host, "b", TROUPE_FUZZ_DIR "/api/peer.lua", data, 0),
                              spawn(&host, "a", TROUPE_FUZZ_DIR "/api/driver.lua", data, size)};
  fuzz_watchdog_arm(CPU_MS, leave, host.sys);
  fuzz_host_pass(&host, LIFE_MS);
  end(&host, pids, flags & 1);
  fuzz_watchdog_disarm();
  fuzz_host_stop(&host);
  fuzz_strict_free();
  return 0;
}
