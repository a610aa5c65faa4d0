/* xoshiro256** 1.0 and splitmix64, both by Blackman and Vigna (public domain). */
#include "actors/base/rand.h"

static uint64_t splitmix64(uint64_t *state) {
  uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, int bits) { return (x << bits) | (x >> (64 - bits)); }

void trp_rand_init(trp_rand *r, uint64_t seed) {
  /* splitmix64 is a bijection of a counter, so the four words are never all zero. */
  for (int i = 0; i < 4; i++)
    r->s[i] = splitmix64(&seed);
}

uint64_t trp_rand_next(trp_rand *r) {
  uint64_t *s = r->s;
  uint64_t result = rotate_left(s[1] * 5, 7) * 9;
  uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate_left(s[3], 45);
  return result;
}

double trp_rand_double(trp_rand *r) { return (double)(trp_rand_next(r) >> 11) * 0x1p-53; }

uint64_t trp_rand_below(trp_rand *r, uint64_t n) {
  if (n == 0) return 0;
  /* The first 2^64 mod n numbers would make small results likelier; fewer than half of all numbers
   * are refused. */
  uint64_t refused = (0 - n) % n;
  uint64_t x;
  do {
    x = trp_rand_next(r);
  } while (x < refused);
  return x % n;
}

void trp_rand_split(trp_rand *parent, trp_rand *child) {
  trp_rand_init(child, trp_rand_next(parent));
}
