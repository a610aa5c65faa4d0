/* What compiles scripts: troupe_check_script, over the byte-order mark, the first line with '#',
 * the refusal of compiled code, and Lua's parser. A text that compiles is one that can be started.
 */
#include <string.h>

#include <troupe/script.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz_host host; /* each check has a Lua state of its own: the system may live on */
  if (!host.sys) fuzz_host_start(&host);
  if (size == 0) return 0;
  size_t before = host.live_bytes;
  char msg[64];
  memset(msg, 'x', sizeof msg);
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source = (const char *)data;
  script.source_len = size;
  script.msg = msg;
  script.msg_len = sizeof msg;
  int err = troupe_check_script(host.sys, &script);
  REQUIRE(err == TROUPE_OK || err == TROUPE_E_SCRIPT);
  REQUIRE(memchr(msg, '\0', sizeof msg) != NULL);
  REQUIRE(err == TROUPE_OK || msg[0] != '\0');
  REQUIRE(err == TROUPE_E_SCRIPT || data[0] != 0x1b);
  REQUIRE(host.live_bytes == before);
  return 0;
}
