/* actors/parking.h with the wake rules of actors/sched.h.
 *
 * Two workers. Either other threads bring two actors, each of which computes until the other one
 * has begun; or they bring one, which wakes another, into its worker's own queue, and computes until
 * that one has run. So it is an invalid end state, which spin finds, if somebody that is runnable
 * waits beside a sleeping worker. What is brought from outside is not left to the tick, which is
 * missing then; what a worker wakes always is, as a worker may miss any other wake.
 *
 * Mutant 1: no look at the queues between being counted as asleep and sleeping.
 * Mutant 2: the last searcher that finds something does not look whether there is more.
 * Mutant 3: no tick.
 * Mutant 4: who leaves after all, and is about to be woken, does not wait for its token.
 * Mutant 5: the last searcher that finds something looks for more while it counts as one. */
#define WORKERS 2

byte searching, asleep, tokens; /* the first two are one word */
byte shared;                    /* actors brought from outside */
byte own[WORKERS];              /* what each has woken */
byte brought, outer_begun, inner_done;
bool inside[WORKERS];           /* computes */

inline wake(claimed) {
  atomic {
    if
    :: searching == 0 && asleep > 0 -> asleep--; searching++; claimed = 1
    :: else -> claimed = 0
    fi
  }
  if :: claimed -> tokens++ :: else fi
}

/* got: 0 nothing, 1 one from outside, 2 one that a worker has woken */
inline look(me, got) {
  got = 0;
  atomic { if :: own[me] > 0 -> own[me]--; got = 2 :: else fi }
  if
  :: got == 0 -> atomic { if :: shared > 0 -> shared--; got = 1 :: else fi }
  :: else
  fi;
  if
  :: got == 0 -> atomic { if :: own[1 - me] > 0 -> own[1 - me]--; got = 2 :: else fi }
  :: else
  fi
}

proctype worker(byte me) {
  byte got;
  bit claimed, last, more;
again:
  look(me, got);
  if :: got -> goto slice :: else fi;
  searching++;
search:
  look(me, got);
  if
  :: got ->
#if MUTANT == 5
    more = (shared > 0 || own[1 - me] > 0);
#endif
    atomic { searching--; last = (searching == 0) }
#if MUTANT != 5
    more = (shared > 0 || own[1 - me] > 0);
#endif
#if MUTANT != 2
    if
    :: last && more -> wake(claimed)
    :: else
    fi;
#endif
    goto slice
  :: else
  fi;
  atomic { searching--; asleep++ }
#if MUTANT != 1
  if
  :: shared > 0 || own[0] > 0 || own[1] > 0 ->
    atomic {
      if
      :: asleep > 0 -> asleep--; searching++; claimed = 0
      :: asleep == 0 -> claimed = 1
      fi
    }
#if MUTANT != 4
    if :: claimed -> atomic { tokens > 0 -> tokens-- } :: else fi;
#endif
    goto search
  :: else
  fi;
#endif
end_asleep:
  atomic { tokens > 0 -> tokens--; assert(searching > 0) }
  goto search;
slice:
  if
  :: got == 1 ->
    outer_begun++;
    inside[me] = true;
    if
    :: brought == 1 -> own[me]++; inner_done > 0
    :: brought == 2 -> outer_begun == 2
    fi;
    inside[me] = false
  :: got == 2 -> inner_done++
  fi;
  goto again
}

proctype outsider() {
  bit claimed;
  byte n;
  do
  :: n < brought -> n++; shared++; wake(claimed)
  :: n == brought -> break
  od
}

#if MUTANT != 3
/* Of both workers: something waits behind the slice that runs. */
active proctype tick() {
  bit claimed;
end_tick:
  do
  :: atomic {
       brought == 1 && (inside[0] && own[0] > 0 || inside[1] && own[1] > 0) && searching == 0 && asleep > 0 ->
       asleep--;
       searching++
     }
     tokens++
  od
}
#endif

init {
  if :: brought = 1 :: brought = 2 fi;
  atomic { run worker(0); run worker(1); run outsider() }
}
