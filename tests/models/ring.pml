/* actors/ring.h: one owner puts in, owner and thieves take out, the oldest first.
 *
 * Each position is taken by exactly one, who gets what was put there. The n-th item is n + 1.
 *
 * Mutant 1: the owner does not look whether the ring is full.
 * Mutant 2: who takes does not compare before it moves head. */
#define ROOM 2
#define ITEMS 5
#define THIEVES 2
#define TRIES 3

byte head, tail, slots[ROOM], taken[ITEMS], thieves_done;

/* v: what was taken, or 0; h: where */
inline take(h, v, won) {
  h = head;
  do
  :: h == tail -> v = 0; break
  :: h != tail ->
    v = slots[h % ROOM];
    atomic {
      if
#if MUTANT == 2
      :: true -> head = h + 1; won = 1
#else
      :: head == h -> head = h + 1; won = 1
      :: head != h -> h = head; won = 0 /* or, as it is weak, for no reason: the same again */
#endif
      fi
    }
    if
    :: won -> assert(v == h + 1); taken[h]++; assert(taken[h] == 1); break
    :: else
    fi
  od
}

active proctype owner() {
  byte h, v, seen;
  bit won;
  do
  :: tail < ITEMS ->
    seen = head;
    if
#if MUTANT != 1
    :: tail - seen >= ROOM -> take(h, v, won)
#endif
    :: tail - seen < ROOM || MUTANT == 1 -> slots[tail % ROOM] = tail + 1; tail = tail + 1
    fi
  :: tail == ITEMS -> break
  od;
  do
  :: take(h, v, won); if :: v == 0 -> break :: else fi
  od;
  thieves_done == THIEVES;
  assert(head == ITEMS)
}

active [THIEVES] proctype thief() {
  byte h, v, tries;
  bit won;
  do
  :: tries < TRIES -> tries++; take(h, v, won)
  :: tries == TRIES -> break
  od;
  thieves_done++
}
