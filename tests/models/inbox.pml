/* actors/inbox.h: the tags of the inbox, against pushes of both kinds and the actor's end.
 *
 * An actor handles a message, then waits for a resume, then handles the other. The head of the inbox
 * is one word: what changes it is atomic. That two workers never own the actor at once, and that
 * every message is handled or told to be dead, is asserted; that nothing sleeps through a message is
 * an invalid end state.
 *
 * Mutant 1: parking does not compare: what has arrived meanwhile is slept through.
 * Mutant 2: a push to a closed inbox succeeds.
 * Mutant 3: nothing wakes an actor that waits.
 * Mutant 4: every push to an open inbox schedules the actor. */
#define RUNNING 0
#define PARKED 1
#define WAITING 2
#define CLOSED 3
#define MESSAGES 2

byte tag = PARKED;
byte in_control, in_line;         /* in the inbox; `control` stands for resume too */
byte queued, owners;              /* in the run queue; inside of it */
byte handled, dead;
bit wants_resume, resumed, kill;  /* a kill is one of the control messages */

inline push(is_control, ok) {
  atomic {
#if MUTANT == 2
    ok = 1;
#else
    ok = (tag != CLOSED);
#endif
    if
    :: ok && is_control -> in_control++
    :: ok && !is_control -> in_line++
    :: else
    fi;
    if
#if MUTANT == 3
    :: ok && tag == PARKED -> tag = RUNNING; queued++
#elif MUTANT == 4
    :: ok && tag != CLOSED -> tag = RUNNING; queued++
#else
    :: ok && (tag == PARKED || (tag == WAITING && is_control)) -> tag = RUNNING; queued++
#endif
    :: else
    fi
  }
}

proctype sender() {
  bit ok;
  push(0, ok);
  if :: !ok -> dead++ :: else fi
}

proctype resumer() {
  bit ok;
  wants_resume || tag == CLOSED;
  resumed = 1;
  push(1, ok)
}

proctype killer() {
  bit ok;
  if
  :: handled == MESSAGES /* when all is done */
  :: skip                /* or at any time */
  fi;
  kill = 1;
  push(1, ok)
}

/* One of two workers: takes the actor when it is in the run queue. */
proctype worker() {
  byte control, line;
  bit blocked;
next:
  if
  :: atomic { queued > 0 -> queued-- }
  :: tag == CLOSED -> goto end
  fi;
  owners++;
  assert(owners == 1);
  blocked = wants_resume && !resumed;
  control = 0;
step:
  atomic { control = in_control; in_control = 0 }
  if
  :: control && kill ->
    atomic { tag = CLOSED; dead = dead + in_line; in_line = 0; in_control = 0 }
    owners--;
    goto end
  :: else
  fi;
  blocked = wants_resume && !resumed;
  if
  :: !blocked ->
    atomic { line = (in_line > 0); if :: line -> in_line-- :: else fi }
    if :: line -> handled++; wants_resume = 1; goto step :: else fi
  :: else
  fi;
  owners--;
  atomic {
    if
#if MUTANT == 1
    :: tag == RUNNING -> tag = (blocked -> WAITING : PARKED); goto next
#else
    :: tag == RUNNING && in_control == 0 && (blocked || in_line == 0) ->
      tag = (blocked -> WAITING : PARKED); goto next
#endif
    :: else -> owners++
    fi
  }
  goto step;
end:
  skip
}

init {
  atomic {
    run sender();
    run sender();
    run resumer();
    run killer();
    run worker();
    run worker()
  }
  _nr_pr == 1;
  assert(handled + dead == MESSAGES);
  assert(owners == 0)
}
