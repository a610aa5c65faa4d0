/* actors/parking.h: when all workers sleep, one of them wakes for the first timer.
 *
 * Each worker sets a timer or none, then goes to sleep; it is woken a few times and does the same
 * again. `until` is when a sleeper wakes by itself.
 *
 * Mutant 1: a worker believes in the keeper it has seen before it set its timer.
 * Mutant 2: a keeper that has been woken stays entered as the keeper. */
#define WORKERS 2
#define NEVER 9

byte next = NEVER, kept = NEVER, until[WORKERS] = NEVER, asleep, tokens, wakes = 3;
bool sleeps[WORKERS];

#define KEPT_IN_TIME ((sleeps[0] && until[0] <= next) || (sleeps[1] && until[1] <= next))

proctype worker(byte me) {
  byte seen, mine;
  bit keeps;
again:
  seen = kept;
  if /* the slice: timers are under a lock */
  :: mine = NEVER
  :: mine = 1
  :: mine = 2
  fi;
  atomic { if :: mine < next -> next = mine :: else fi }
  mine = next;
#if MUTANT != 1
  seen = kept;
#endif
  keeps = 0;
  do
  :: mine >= seen -> break
  :: mine < seen ->
    atomic { if :: kept == seen -> kept = mine; keeps = 1 :: else -> seen = kept fi }
    if :: keeps -> break :: else fi
  od;
  atomic {
    until[me] = (keeps -> mine : NEVER);
    sleeps[me] = true;
    assert(!(sleeps[0] && sleeps[1]) || next == NEVER || KEPT_IN_TIME)
  }
end_asleep:
  if
  :: atomic { wakes > 0 -> wakes--; sleeps[me] = false } /* for work */
  :: atomic { until[me] < NEVER -> sleeps[me] = false }  /* its time has come */
     atomic { if :: next <= mine -> next = NEVER :: else fi }
  fi;
#if MUTANT != 2
  atomic { if :: keeps && kept == mine -> kept = NEVER :: else fi }
#endif
  goto again
}

init { atomic { run worker(0); run worker(1) } }
