/* The module troupe.json, in an actor that lives as long as nothing ends it, which nothing may.
 *
 *   first byte even   the rest is a text: what decodes must encode, decode and encode to the same
 *   first byte odd    the rest is an array of msgpack: what encodes must decode and encode alike */
#include <string.h>

#include <troupe/json.h>
#include <troupe/script.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/host.h"

static const char source[] = "local troupe = require 'troupe'\n"
                             "local json = require 'troupe.json'\n"
                             "local checker = troupe.actor 'checker'\n"
                             "local function check(text)\n"
                             "  local again = json.encode(json.decode(text))\n"
                             "  assert(text == again, text)\n"
                             "end\n"
                             "function checker.on:text(text)\n"
                             "  local value, err = json.try_decode(text)\n"
                             "  if err == nil then check(json.encode(value)) end\n"
                             "end\n"
                             "function checker.on:values(...)\n"
                             "  for i = 1, select('#', ...) do\n"
                             "    local ok, text = pcall(json.encode, (select(i, ...)))\n"
                             "    if ok then check(text) end\n"
                             "  end\n"
                             "end\n"
                             "return checker\n";

static fuzz_host host;
static troupe_pid checker;

static void start(void) {
  fuzz_host_start(&host);
  REQUIRE(troupe_json_register(host.sys) == TROUPE_OK);
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source = source;
  script.limits.memory_bytes = 4 << 20;
  REQUIRE(troupe_spawn_script(host.sys, &checker, &script) == TROUPE_OK);
  fuzz_host_settle(&host);
}

/* An array of one string. */
static void tell_text(const uint8_t *data, size_t size) {
  enum { HEADER = 6 };
  uint8_t *message = malloc(HEADER + size);
  REQUIRE(message != NULL);
  const uint8_t header[HEADER] = {
      0x91,         0xdb, (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8),
      (uint8_t)size};
  memcpy(message, header, HEADER);
  if (size) memcpy(message + HEADER, data, size);
  REQUIRE(troupe_tell(host.sys, checker, "text", message, HEADER + size) == TROUPE_OK);
  free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!host.sys) start();
  if (size > 1 << 16) return 0;
  if (fuzz_byte(&data, &size) % 2 == 0)
    tell_text(data, size);
  else
    REQUIRE(troupe_tell(host.sys, checker, "values", data, size) == TROUPE_OK);
  fuzz_host_settle(&host);
  troupe_stats stats;
  troupe_system_stats(host.sys, &stats);
  if (stats.crashes) fprintf(stderr, "%s\n", host.last_line);
  REQUIRE(stats.crashes == 0);
  return 0;
}
