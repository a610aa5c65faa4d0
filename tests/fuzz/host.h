/* The system that fuzz targets run scripts and tools in: no threads, a clock that the target moves,
 * one seed, so that an input does the same each time; and an account of its memory. */
#ifndef TRP_TESTS_FUZZ_HOST_H
#define TRP_TESTS_FUZZ_HOST_H

#include <stddef.h>
#include <stdint.h>

#include <troupe/system.h>

typedef struct fuzz_host {
  troupe_system *sys;
  uint64_t now_ns;
  size_t live_bytes; /* allocated and not yet freed */
  troupe_allocator allocator;
  char last_line[512]; /* of the log */
} fuzz_host;

void fuzz_host_start(fuzz_host *h);

/* Runs until nothing is runnable, at most some thousand slices; time stands still. */
void fuzz_host_settle(fuzz_host *h);

/* Lets time pass, with a stop at every timer on the way. */
void fuzz_host_pass(fuzz_host *h, uint64_t ms);

/* Stops and frees the system. Every message must have come to an end, every byte back. */
void fuzz_host_stop(fuzz_host *h);

#endif
