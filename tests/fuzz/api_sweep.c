/* Calls every C function that scripts can reach with every value of the driver's pool, and with
 * every pair of them: the inputs of fuzz_api that nobody should have to find by luck.
 *
 *   api_sweep [FUNCTION]      all of them, or one by its name */
#include <stdbool.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reach.h"

enum { FIRSTS = 160, STEP = 16, STYLE = 3, SWEEP = 15, FLAGS = 3 }; /* as in api/driver.lua */

/* One of each kind; when the walk misses a kind it has gone blind. */
static const char *const expected[] = {
    "assert",
    "coroutine.wrap",
    "debug.traceback",
    "load",
    "os.date",
    "require",
    "string.rep",
    "table.sort",
    "troupe.call",
    "troupe.json.decode",
    "troupe.log.info",
    "troupe.message.reply",
    "troupe.receive",
    "troupe.ref.tell",
    "troupe.monitor.cancel",
    "troupe.reply.error",
    "troupe.spawn",
    "troupe.timer.cancel",
    "utf8.codes",
    "print",
};

static void require_expected(void) {
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    size_t at = 0;
    while (fuzz_reach_name(at) && strcmp(fuzz_reach_name(at), expected[i]) != 0)
      at++;
    if (!fuzz_reach_name(at)) fprintf(stderr, "not reached: %s\n", expected[i]);
    REQUIRE(fuzz_reach_name(at) != NULL);
  }
}

int main(int argc, char *argv[]) {
  static const uint8_t seconds[] = {0, 5, 60, 100, 150};
  size_t count = 0;
  (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
  require_expected();
  for (size_t i = 0; fuzz_reach_name(i); i++) {
    if (argc > 1 && strcmp(argv[1], fuzz_reach_name(i)) != 0) continue;
    for (unsigned first = 0; first < FIRSTS; first += STEP) {
      uint16_t key = fuzz_reach_key(i);
      uint8_t second = seconds[first / STEP % sizeof seconds];
      const uint8_t input[] = {FLAGS,        STYLE,  SWEEP,          (uint8_t)(key >> 8),
                               (uint8_t)key, second, (uint8_t)first, 0};
      (void)LLVMFuzzerTestOneInput(input, sizeof input);
    }
    printf("%s\n", fuzz_reach_name(i));
    count++;
  }
  printf("%zu functions\n", count);
  return count > 0 ? 0 : 1;
}
