/* actors/room.h and actors/parked.h: a mailbox with room for two, three senders that wait, one of
 * which gives up, a receiver that may skip a message until it has handled two others and gives room
 * back in groups, and its end.
 *
 * `n` and `wait` are one word, so what changes or reads both is atomic. It is an invalid end state,
 * which spin finds, if a sender waits beside a receiver that has nothing to do; and everybody's
 * message is handled, refused, or taken back: the bound and the account are asserted.
 *
 * Mutant 1: the wait bit is set after the second try, not before it.
 * Mutant 2: whoever gives up, as the last one, leaves the wait bit.
 * Mutant 3: a receiver that ends does not refuse those who wait.
 * Mutant 4: no admission when the receiver runs dry: what it has skipped keeps it above the low water.
 * Mutant 5: what it holds back is not given back when it runs dry. */
#define SENDERS 3
#define CAP 2

byte n;
bit wait, lock, closed, over;
byte parked;          /* in the ring */
bit linked[SENDERS];  /* the order in it is left out: any one may be admitted */
byte granted[SENDERS]; /* 1: in, 2: refused */
byte inbox, handled, refused, taken_back, skipped;

inline acquire() { atomic { lock == 0 -> lock = 1 } }
inline release() { lock = 0 }

inline try(ok, overtake) {
  atomic {
    if
    :: (!wait || overtake) && n < CAP -> n++; ok = 1
    :: else -> ok = 0
    fi;
    assert(n <= CAP)
  }
}

inline unlink(i) {
  linked[i] = 0;
  parked--;
#if MUTANT == 2
  skip
#else
  if :: parked == 0 -> wait = 0 :: else fi
#endif
}

/* As many as fit, under the lock. */
inline admit(k, ok) {
  acquire();
  ok = 1;
  do
  :: parked > 0 && ok ->
    try(ok, 1);
    if
    :: ok ->
      atomic {
        if
        :: linked[0] -> k = 0
        :: linked[1] -> k = 1
        :: linked[2] -> k = 2
        fi
      }
      linked[k] = 0;
      parked--;
      if :: parked == 0 -> wait = 0 :: else fi;
      inbox++;
      granted[k] = 1
    :: else
    fi
  :: else -> break
  od;
  release()
}

proctype sender(byte me) {
  bit ok;
  byte k;
  try(ok, 0);
  if :: ok -> goto push :: else fi;
  acquire();
  if :: closed -> release(); refused++; goto end :: else fi;
#if MUTANT != 1
  wait = 1;
#endif
  if :: parked == 0 -> try(ok, 1) :: else -> ok = 0 fi;
  if
  :: ok -> if :: parked == 0 -> wait = 0 :: else fi; release(); goto push
  :: else
  fi;
  linked[me] = 1;
  parked++;
  wait = 1;
  release();
  if
  :: granted[me] == 1 -> goto end
  :: granted[me] == 2 -> refused++; goto end
  :: me == 0 -> /* its time is up, perhaps */
    acquire();
    if
    :: linked[me] -> unlink(me); release(); taken_back++; admit(k, ok)
    :: else -> release(); if :: granted[me] == 2 -> refused++ :: else fi
    fi;
    goto end
  fi;
push:
  atomic {
    if
    :: closed -> refused++; n-- /* its own room goes back */
    :: else -> inbox++
    fi
  }
end:
  skip
}

/* Gives back what is held; admits at low water, which is none. */
inline flush(old, low, held, k, ok) {
  if
  :: held > 0 ->
    atomic { old = wait; n = n - held; low = (n == 0) }
    held = 0;
    if :: old && low -> admit(k, ok) :: else fi
  :: else
  fi
}

proctype receiver() {
  bit ok, old, low;
  byte k, held;
  do
  :: inbox > 0 && !skipped && !handled -> inbox--; skipped++
  :: inbox > 0 ->
    inbox--;
    handled++;
    held++;
    if :: handled == 2 && skipped -> skipped--; handled++; held++ :: else fi;
    if :: held >= 2 -> flush(old, low, held, k, ok) :: else fi
  :: inbox == 0 ->
#if MUTANT != 5
    flush(old, low, held, k, ok);
#endif
#if MUTANT != 4
    if :: wait -> admit(k, ok) :: else fi;
#endif
    /* it parks; the push of a message wakes it, or its end */
    if
    :: inbox > 0
    :: over -> goto end
    :: handled + refused + taken_back + skipped == SENDERS -> goto end
    fi
  :: over -> goto end
  od;
end:
  acquire();
  atomic {
    closed = 1;
    refused = refused + inbox + skipped;
    n = n - inbox - skipped - held;
    inbox = 0
  }
#if MUTANT != 3
  do
  :: parked > 0 ->
    atomic {
      if
      :: linked[0] -> k = 0
      :: linked[1] -> k = 1
      :: linked[2] -> k = 2
      fi
    }
    linked[k] = 0;
    parked--;
    if :: parked == 0 -> wait = 0 :: else fi;
    granted[k] = 2
  :: else -> break
  od;
#endif
  release()
}

init {
  atomic { run sender(0); run sender(1); run sender(2); run receiver() }
  if :: over = 1 :: skip fi; /* its end may come at any time, or only when all is done */
  _nr_pr == 1;
  assert(handled + refused + taken_back == SENDERS);
  assert(n == 0 && !wait && parked == 0 && inbox == 0)
}
