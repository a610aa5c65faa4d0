/* What the fuzz targets share. A target defines LLVMFuzzerTestOneInput and nothing else; libFuzzer
 * calls it with what it invents, replay.c with the files of the corpus. What must hold is said with
 * REQUIRE, in every build: an input for which it does not is a bug. */
#ifndef TRP_TESTS_FUZZ_H
#define TRP_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);               \
      abort();                                                                                     \
    }                                                                                              \
  } while (0)

/* The next byte of an input, 0 at its end: inputs may be of any length. */
static inline unsigned fuzz_byte(const uint8_t **data, size_t *size) {
  if (*size == 0) return 0;
  --*size;
  return *(*data)++;
}

#endif
