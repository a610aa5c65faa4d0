/* actors/waiting.h: three actors, each of which answers who has asked it, asks any other one, and
 * takes nothing until that is answered.
 *
 * It is an invalid end state, which spin finds, if actors wait for each other; and whoever is
 * refused was in a circle between its two walks, which is asserted.
 *
 * Mutant 1: who asks looks before it publishes.
 * Mutant 2: who waited takes its edge away itself, when it goes on.
 * Mutant 3: one walk is believed. */
#define N 3
#define NOBODY 3

byte edge[N] = NOBODY; /* what is published */
byte want[N] = NOBODY; /* what is true: until the answer is told, or the ask refused */
byte number[N];        /* names the wait, in the same word */
byte question[N] = NOBODY; /* who asks it; others wait for the place */
byte done;

/* Follows the edges from `to` to `me`, one word after the other; folds what it sees. */
inline walk(me, to, folded, found) {
  at = to;
  hops = 0;
  folded = 0;
  found = 0;
  do
  :: at == me -> found = 1; break
  :: at != me && hops == N -> break
  :: at != me && hops < N ->
    atomic { n = number[at]; next = edge[at] } /* one word */
    if
    :: next == NOBODY -> break
    :: else -> folded = (folded * 4 + n) * 4 + next; at = next; hops++
    fi
  od
}

inline answer(me) {
  if
  :: question[me] != NOBODY ->
#if MUTANT != 2
    edge[question[me]] = NOBODY;
#endif
    want[question[me]] = NOBODY;
    question[me] = NOBODY
  :: else
  fi
}

proctype actor(byte me) {
  byte to, at, n, next, hops;
  short first, second;
  bit found, true_circle;
  answer(me);
  if
  :: to = (me + 1) % N
  :: to = (me + 2) % N
  fi;
#if MUTANT == 1
  walk(me, to, first, found);
#endif
  atomic { number[me]++; edge[me] = to; want[me] = to }
#if MUTANT != 1
  walk(me, to, first, found);
#endif
  atomic {
    true_circle = (want[to] == me || (want[to] != NOBODY && want[want[to]] == me))
  }
#if MUTANT == 0 || MUTANT == 2
  if
  :: found -> walk(me, to, second, found); found = found && first == second
  :: else
  fi;
#endif
  if
  :: found ->
    assert(true_circle);
    edge[me] = NOBODY;
    want[me] = NOBODY
  :: else ->
    atomic { question[to] == NOBODY -> question[to] = me }
    want[me] == NOBODY;
#if MUTANT == 2
    edge[me] = NOBODY
#endif
  fi;
  done++;
  do
  :: question[me] != NOBODY -> answer(me)
  :: done == N -> break
  od
}

init { atomic { run actor(0); run actor(1); run actor(2) } }
