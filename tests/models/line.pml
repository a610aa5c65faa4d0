/* actors/line.h: a line that senders share with its owner, as it drops its oldest message.
 *
 * Room for one, three senders. The line is under the lock; waking looks at the tag alone. That the
 * bound holds and every message is handled or dropped is asserted; an invalid end state is a message
 * in the line of an actor that sleeps.
 *
 * Mutant 1: the owner parks without looking at the line under the lock.
 * Mutant 2: the sender wakes before it puts the message in, and not under the lock. */
#define SENDERS 3

bit parked = 1, lock;
byte line, handled, dropped, queued;

inline acquire() { atomic { lock == 0 -> lock = 1 } }
inline release() { lock = 0 }

inline wake() {
  atomic { if :: parked -> parked = 0; queued++ :: else fi }
}

proctype sender() {
#if MUTANT == 2
  wake();
#endif
  acquire();
  if :: line == 1 -> line--; dropped++ :: else fi;
  line++;
  assert(line == 1);
#if MUTANT != 2
  wake();
#endif
  release()
}

proctype owner() {
  bit got;
next:
  if
  :: queued > 0 -> queued--
  :: handled + dropped == SENDERS -> goto end
  fi;
step:
  acquire();
  got = (line > 0);
  if :: got -> line-- :: else fi;
  release();
  if :: got -> handled++; goto step :: else fi;
#if MUTANT == 1
  parked = 1;
  goto next;
#else
  acquire();
  if
  :: line == 0 -> parked = 1; release(); goto next
  :: else -> release(); goto step
  fi;
#endif
end:
  skip
}

init {
  atomic { run sender(); run sender(); run sender(); run owner() }
  _nr_pr == 1;
  assert(handled + dropped == SENDERS && line == 0 && queued == 0)
}
