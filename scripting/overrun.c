#include "scripting/overrun.h"

#include <inttypes.h>
#include <stdio.h>

#include "scripting/arena.h"

enum { NUMBER_TEXT = 32 };

/* 52428800 as "52,428,800". */
static const char *grouped(uint64_t n, char text[NUMBER_TEXT]) {
  char *p = text + NUMBER_TEXT - 1;
  *p = 0;
  for (int digits = 0; digits == 0 || n > 0; digits++, n /= 10) {
    if (digits > 0 && digits % 3 == 0) *--p = ',';
    *--p = (char)('0' + n % 10);
  }
  return p;
}

/* "name is used up: 8,388,608 bytes; " */
static void say_who(const trp_arena *a, char *text, size_t len) {
  char n[NUMBER_TEXT];
  switch (a->refused_by) {
  case TRP_ARENA_LIMIT:
    snprintf(text, len, "memory_bytes is %s; ", grouped(a->limit, n));
    break;
  case TRP_ARENA_ACCOUNT:
    snprintf(text, len, "subtree_memory_bytes, %s, is used up; ", grouped(a->account->limit, n));
    break;
  case TRP_ARENA_SYSTEM:
    snprintf(text, len, "the system's memory, %s bytes, is used up; ",
             grouped(a->memory->all.limit, n));
    break;
  case TRP_ARENA_MACHINE:
    snprintf(text, len, "the machine has no memory left; ");
    break;
  }
}

void trp_overrun_say(const trp_arena *a, char text[TRP_OVERRUN_TEXT]) {
  char who[96], held[NUMBER_TEXT], outside[NUMBER_TEXT], peak[NUMBER_TEXT], more[NUMBER_TEXT];
  say_who(a, who, sizeof who);
  snprintf(text, TRP_OVERRUN_TEXT,
           "%sit held %s bytes, of these %s outside of its heap (peak %s), and asked for %s more",
           who, grouped(trp_arena_used(a), held), grouped(a->external, outside),
           grouped(a->peak, peak), grouped(a->refused, more));
}
