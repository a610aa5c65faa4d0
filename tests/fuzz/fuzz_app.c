/* What troupe.app returned, read by its tables of fields: any msgpack is an app that starts and
 * stops, or an error that says so. The scripts that it may name are in the folder app. */
#include <string.h>

#include <troupe/app.h>
#include <troupe/error.h>

#include "actors/actor.h"
#include "actors/base/mem.h"
#include "scripting/app.h"
#include "scripting/app_read.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/host.h"

static void echo(troupe_call *call, void *user) {
  size_t len;
  (void)user;
  const void *args = troupe_call_args(call, &len);
  troupe_call_finish(call, args, len);
}

static troupe_app *new_app(fuzz_host *host, const uint8_t *data, size_t size) {
  static const char folder[] = TROUPE_FUZZ_DIR "/app";
  const troupe_tool_ops ops = {.size = sizeof ops, .start = echo};
  REQUIRE(troupe_tool_register(host->sys, "echo", &ops, NULL, NULL, NULL, 0) == TROUPE_OK);
  troupe_app *app = trp_zalloc(trp_system_allocator(host->sys), sizeof *app);
  REQUIRE(app != NULL);
  app->sys = host->sys;
  app->folder = folder;
  app->file = "app.lua";
  app->data = trp_alloc(trp_system_allocator(host->sys), size);
  REQUIRE(app->data != NULL);
  memcpy(app->data, data, size);
  app->data_len = size;
  return app;
}

static void start(fuzz_host *host, const troupe_app *app, size_t size) {
  char msg[200] = "";
  size_t actors = 0, supervisors = 0;
  troupe_app_count(app, &actors, &supervisors);
  REQUIRE(supervisors >= 1 && actors + supervisors <= size);
  troupe_pid root;
  int err = troupe_app_start(host->sys, &root, app, NULL, msg, sizeof msg);
  if (err) fprintf(stderr, "%d: %s\n", err, msg);
  REQUIRE(err == TROUPE_OK);
  fuzz_host_pass(host, 10);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_host host;
  char msg[200];
  if (trp_wire_valid(data, size, TRP_WIRE_DEPTH)) return 0; /* as troupe_app_load does */
  fuzz_host_start(&host);
  troupe_app *app = new_app(&host, data, size);
  memset(msg, 'x', sizeof msg);
  trp_app_reader r = {.app = app, .path = "app", .path_len = 3, .msg = msg, .msg_len = sizeof msg};
  if (trp_app_read(&r) == TROUPE_OK)
    start(&host, app, size);
  else
    REQUIRE(memchr(msg, '\0', sizeof msg) != NULL && msg[0] != '\0');
  troupe_app_free(app);
  fuzz_host_stop(&host);
  return 0;
}
