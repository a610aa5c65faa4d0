#include "tools/builtin/utf8.h"

#include <stdint.h>
#include <string.h>

/* The length of the sequence at s, of which n bytes are there; 0: it is none. The second byte's
 * range is narrower after some first bytes: that leaves out overlong forms and surrogates. */
static size_t sequence(const uint8_t *s, size_t n) {
  uint8_t least = 0x80, most = 0xbf;
  size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
  if (s[0] < 0xc2 || s[0] > 0xf4 || n < len) return 0;
  if (s[0] == 0xe0) least = 0xa0;
  if (s[0] == 0xed) most = 0x9f;
  if (s[0] == 0xf0) least = 0x90;
  if (s[0] == 0xf4) most = 0x8f;
  if (s[1] < least || s[1] > most) return 0;
  for (size_t i = 2; i < len; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  return len;
}

size_t trp_utf8_valid(const void *data, size_t len) {
  const uint8_t *s = data;
  size_t i = 0;
  while (i < len) {
    uint64_t eight;
    if (len - i >= sizeof eight) { /* most of a text is ASCII */
      memcpy(&eight, s + i, sizeof eight);
      if (!(eight & UINT64_C(0x8080808080808080))) {
        i += sizeof eight;
        continue;
      }
    }
    size_t step = s[i] < 0x80 ? 1 : sequence(s + i, len - i);
    if (step == 0) return i;
    i += step;
  }
  return len;
}
