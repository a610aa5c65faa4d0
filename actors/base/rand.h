/* Random numbers for schedules, jitter and tests (xoshiro256**, seeded through splitmix64).
 * Reproducible from the seed; not for secrets. Thread: owner of the struct. */
#ifndef TRP_BASE_RAND_H
#define TRP_BASE_RAND_H

#include <stdint.h>

typedef struct trp_rand {
  uint64_t s[4];
} trp_rand;

/* Every seed is good, 0 included. */
void trp_rand_init(trp_rand *r, uint64_t seed);

uint64_t trp_rand_next(trp_rand *r);

/* In [0, 1), 53 random bits. */
double trp_rand_double(trp_rand *r);

/* In [0, n), without bias; 0 when n is 0. */
uint64_t trp_rand_below(trp_rand *r, uint64_t n);

/* Starts child as a generator of its own, seeded from parent, which moves on by one number. */
void trp_rand_split(trp_rand *parent, trp_rand *child);

#endif
