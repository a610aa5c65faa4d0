/* What the crash report of an actor says that has no memory left. */
#ifndef TRP_SCRIPTING_OVERRUN_H
#define TRP_SCRIPTING_OVERRUN_H

#include <stddef.h>

struct trp_arena;

enum { TRP_OVERRUN_TEXT = 256 };

/* Why the arena's last refused request was refused, in figures: who has nothing left, what the
 * actor held and what it asked for. Takes no memory. */
void trp_overrun_say(const struct trp_arena *a, char text[TRP_OVERRUN_TEXT]);

#endif
