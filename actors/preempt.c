#include "actors/preempt.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <troupe/error.h>

#include "actors/actor.h"
#include "actors/base/thread.h"
#include "actors/inbox.h"
#include "actors/sched.h"
#include "actors/system.h"

#if defined(__clang__)
#  define NO_SANITIZE __attribute__((disable_sanitizer_instrumentation))
#else
#  define NO_SANITIZE __attribute__((no_sanitize_thread, no_sanitize_address))
#endif

#define RESPITE_MOST_NS (8 * TRP_TICK_NS)

/* The process's one signal: a disposition is a global whether we like it or not. */
static pthread_mutex_t global_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned global_users;
static int global_signal;

/* ---- the handler --------------------------------------------------------------------------------
 */

NO_SANITIZE static uint64_t read_clock(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * TRP_NS_PER_S + (uint64_t)t.tv_nsec;
}

uint64_t trp_preempt_cpu_ns(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }
NO_SANITIZE static uint64_t now_ns(void) { return read_clock(CLOCK_MONOTONIC); }

/* What a slice of this age has used at most before its first tick. */
NO_SANITIZE static uint64_t unseen_ns(uint64_t age_ns) {
  return age_ns < TRP_TICK_NS ? age_ns : TRP_TICK_NS;
}

/* Whether the processor time of one message is used up. */
NO_SANITIZE static bool cpu_used_up(troupe_actor *a, uint64_t age_ns) {
  uint64_t now = trp_preempt_cpu_ns(), unseen = unseen_ns(age_ns);
  if (a->cpu_mark_ns == 0) a->cpu_mark_ns = now > unseen ? now - unseen : 1; /* the first tick */
  return a->cpu_limit_ns != 0 && a->cpu_ns + (now - a->cpu_mark_ns) > a->cpu_limit_ns;
}

/* Where liblua's text is; none when it is linked statically. */
static uintptr_t lua_text, lua_text_end;
static int find_lua(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size, (void)data;
  if (!strstr(info->dlpi_name, "liblua")) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *h = &info->dlpi_phdr[i];
    if (h->p_type != PT_LOAD || !(h->p_flags & PF_X)) continue;
    lua_text = info->dlpi_addr + h->p_vaddr;
    lua_text_end = lua_text + h->p_memsz;
  }
  return 1;
}
NO_SANITIZE static bool in_lua(const void *context) {
  uintptr_t pc = (uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
  return pc >= lua_text && pc < lua_text_end;
}

#if TRP_UNDER_TSAN
/* The sanitizer's own code must not be interrupted by code it watches, nor be left half-way: only a
 * tick that finds the thread in liblua's text does anything. */
NO_SANITIZE static bool may_act(const void *context) { return in_lua(context); }
#else
static bool may_act(const void *context) {
  (void)context;
  return true;
}
#endif

/* Sets a worker's timer to an absolute time, and to the tick from then on. */
NO_SANITIZE static void set_timer(trp_preempt *p, uint64_t at_ns) {
  struct itimerspec at = {.it_interval = {0, (long)TRP_TICK_NS}};
  at.it_value.tv_sec = (time_t)(at_ns / TRP_NS_PER_S);
  at.it_value.tv_nsec = (long)(at_ns % TRP_NS_PER_S);
  timer_settime(p->timer, TIMER_ABSTIME, &at, NULL);
}

NO_SANITIZE static bool take_nudge(trp_worker *w) {
  return !atomic_load_explicit(&w->preempt.nudged, memory_order_relaxed) &&
         !atomic_exchange_explicit(&w->preempt.nudged, 1, memory_order_relaxed);
}

NO_SANITIZE static void give_nudge(trp_worker *w) {
  atomic_store_explicit(&w->preempt.nudged, 0, memory_order_relaxed);
}

/* When the running slice began; now, if nobody has known so far. 0: none runs. */
NO_SANITIZE static uint64_t begun_by(trp_worker *w, uint64_t now) {
  uint64_t begun = atomic_load_explicit(&w->slice_ns, memory_order_relaxed);
  if (begun == TRP_SLICE_UNTIMED &&
      atomic_compare_exchange_strong_explicit(&w->slice_ns, &begun, now, memory_order_relaxed,
                                              memory_order_relaxed))
    begun = now;
  return begun;
}

typedef struct queue_view { /* who waits, as a tick sees it */
  bool urgent;              /* somebody was woken, or a timer is due */
  bool spent;
  uint64_t due_ns; /* the next timer */
} queue_view;

NO_SANITIZE static queue_view view(trp_worker *w, uint64_t now) {
  trp_sched *s = &w->sys->sched;
  uint64_t due = trp_timers_next(&w->sys->timers);
  return (queue_view){.urgent = trp_sched_woken_wait(s, w) || due <= now,
                      .spent = trp_run_queue_len(&s->spent) != 0,
                      .due_ns = due};
}

/* Whether the slice is to end, as others wait; a sleeping worker would take them off its hands.
 * Sees to it that somebody looks again when a timer will be due before the next tick. */
NO_SANITIZE static bool slice_is_over(trp_worker *w, uint64_t now) {
  uint64_t age = now - begun_by(w, now);
  queue_view q = view(w, now);
  bool old = age >= TRP_SLICE_LEAST_NS;
  if (atomic_load_explicit(&w->preempt.nudged, memory_order_relaxed)) {
    if (q.urgent && !old && w->preempt.quiet == 0) {
      w->preempt.quiet = TRP_QUIET_TICKS; /* slices are short here: leave it at that */
      return false;                       /* and with the nudge until the next tick */
    }
    give_nudge(w);
  }
  if (w->preempt.quiet > 0) w->preempt.quiet--;
  if (old && q.urgent) atomic_store_explicit(&w->lifo_waits, true, memory_order_relaxed);
  if (((old && q.urgent) || q.spent) && trp_parking_wake(&w->sys->sched.parking)) return false;
  if (old && q.urgent) return true;
  if (q.due_ns < now + TRP_TICK_NS && take_nudge(w)) {
    uint64_t least = now - age + TRP_SLICE_LEAST_NS;
    set_timer(&w->preempt, q.due_ns > least ? q.due_ns : least);
  }
  /* the tick comes at any time of a slice: what is half a tick short of its end is at its end */
  if (q.spent && age + TRP_TICK_NS / 2 >= TRP_SLICE_NS) return true;
  return age + TRP_TICK_NS / 2 >= TRP_SLICE_ALONE_NS;
}

/* Puts the next tick off when nobody waits: who is woken nudges, and who arms a timer looks for it.
 */
NO_SANITIZE static void space_out_alone(trp_worker *w, uint64_t now) {
  queue_view q = view(w, now);
  const _Atomic int *nudged = &w->preempt.nudged;
  if (w->preempt.over || w->running->must_end || q.urgent || q.spent ||
      atomic_load_explicit(nudged, memory_order_relaxed))
    return;
  uint64_t at = now + TRP_TICK_ALONE_NS;
  if (q.due_ns < at) at = q.due_ns > now + TRP_TICK_NS ? q.due_ns : now + TRP_TICK_NS;
  w->preempt.alone = 1;
  set_timer(&w->preempt, at);
  if (atomic_load_explicit(nudged, memory_order_relaxed)) /* has just been: not lost */
    set_timer(&w->preempt, now + TRP_SLICE_LEAST_NS);
}

/* Calls for relief, once, when a slice that should have ended keeps others waiting. */
NO_SANITIZE static void call_relief(trp_worker *w, uint64_t now) {
  if (now - begun_by(w, now) < TRP_RELIEF_NS ||
      atomic_load_explicit(&w->preempt.stuck, memory_order_relaxed))
    return;
  queue_view q = view(w, now);
  if (!q.urgent && !q.spent) return;
  atomic_store_explicit(&w->preempt.stuck, 1, memory_order_relaxed);
  trp_relief_call(&w->sys->sched.relief); /* async-signal-safe */
}

NO_SANITIZE static bool kill_asked(const troupe_actor *a) {
  return atomic_load_explicit(&a->command.out, memory_order_relaxed) == 1 + TROUPE_EXIT_KILLED;
}

/* Whether the actor is to end at once, whatever it does. */
NO_SANITIZE static bool must_end(troupe_actor *a, uint64_t now) {
  uint64_t age = now - begun_by(a->worker, now);
  bool killed = kill_asked(a), used_up = cpu_used_up(a, age);
  bool overdue = now >= a->life_ns; /* of `init` and `stop` */
  if (!a->must_end && (killed || overdue || used_up)) {
    troupe_exit_class late =
        a->phase == TRP_STARTING ? TROUPE_EXIT_INIT_TIMEOUT : TROUPE_EXIT_KILLED;
    a->must_end = true;
    a->must_end_ns = now;
    a->must_end_why = killed ? TROUPE_EXIT_KILLED : overdue ? late : TROUPE_EXIT_CPU_LIMIT;
  }
  return a->must_end;
}

NO_SANITIZE static void tick_inside(trp_worker *w, troupe_actor *a, uint64_t now,
                                    const void *context) {
  if (!a->behavior->preempt) return; /* a behaviour in C: it is never left half-way */
  if (must_end(a, now)) {
    if (now - a->must_end_ns > TRP_KILL_NS) {
      if (w->frame.native) {
        trp_frame_leave_later(&w->frame, a->must_end_why);
      } else if (!a->leave_in_lua_only || in_lua(context)) {
        w->preempt.jumped = 1;
        trp_frame_leave(&w->frame, a->must_end_why);
      }
    }
  } else if (!w->preempt.over) {
    return;
  }
  a->behavior->preempt(a);
}

/* Setting a hook takes the longer the deeper a script has recursed: milliseconds for 200,000 calls.
 * After such a tick the script has some time for itself, or it would get no further. */
NO_SANITIZE static void space_out(trp_worker *w, uint64_t began) {
  uint64_t now = now_ns(), respite = 3 * (now - began);
  if (respite < TRP_TICK_NS) return;
  set_timer(&w->preempt, now + (respite < RESPITE_MOST_NS ? respite : RESPITE_MOST_NS));
}

NO_SANITIZE static void disarm_when_idle(trp_preempt *p) {
  struct itimerspec never = {0};
  if (p->busy || ++p->idle_ticks < TRP_IDLE_TICKS) return;
  p->armed = 0;
  timer_settime(p->timer, 0, &never, NULL);
}

NO_SANITIZE static void on_tick(int signal, siginfo_t *info, void *context) {
  (void)signal;
  trp_worker *w = trp_worker_any();
  if (!w || info->si_code != SI_TIMER || info->si_value.sival_ptr != w) return; /* not ours */
  int saved = errno;
  w->preempt.stale = 1;
  if (atomic_load_explicit(&w->slice_ns, memory_order_relaxed) == 0) {
    give_nudge(w);
    disarm_when_idle(&w->preempt);
  } else if (may_act(context)) {
    uint64_t now = now_ns();
    if (slice_is_over(w, now)) w->preempt.over = 1;
    if (w->preempt.over) call_relief(w, now);
    if (w->frame.in_actor && w->running) {
      tick_inside(w, w->running, now, context);
      space_out(w, now);
      space_out_alone(w, now);
    }
  }
  errno = saved;
}

/* ---- the signal ---------------------------------------------------------------------------------
 */

#if TRP_UNDER_TSAN
/* TSAN defers asynchronous signals; a handler the kernel calls directly is not deferred. */
struct raw_sigaction {
  void (*handler)(int, siginfo_t *, void *);
  unsigned long flags;
  void (*restorer)(void);
  unsigned long mask;
};
__attribute__((naked)) static void restorer(void) { __asm__("mov $15, %eax; syscall"); }
static int install(int signal) {
  struct raw_sigaction act = {.handler = on_tick,
                              .flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART |
                                       0x04000000 /* SA_RESTORER */,
                              .restorer = restorer};
  return (int)syscall(SYS_rt_sigaction, signal, &act, NULL, 8);
}
#else
static int install(int signal) {
  struct sigaction act = {.sa_sigaction = on_tick,
                          .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
  sigemptyset(&act.sa_mask);
  return sigaction(signal, &act, NULL);
}
#endif

static bool is_free(int signal) {
  struct sigaction now;
  return sigaction(signal, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) &&
         now.sa_handler == SIG_DFL;
}

int trp_preempt_ref(void) {
  int err = TROUPE_OK;
  pthread_mutex_lock(&global_lock);
  if (global_users == 0) {
    int signal = SIGRTMIN + 5;
    while (signal <= SIGRTMAX && !is_free(signal))
      signal++;
    if (signal > SIGRTMAX)
      err = -EBUSY;
    else if (dl_iterate_phdr(find_lua, NULL), install(signal) != 0)
      err = -errno;
    else
      global_signal = signal;
  }
  if (!err) global_users++;
  pthread_mutex_unlock(&global_lock);
  return err;
}

void trp_preempt_unref(void) {
  pthread_mutex_lock(&global_lock);
  if (--global_users == 0) { /* no timer is left that could still send it */
    struct sigaction act = {.sa_handler = SIG_DFL};
    sigaction(global_signal, &act, NULL);
  }
  pthread_mutex_unlock(&global_lock);
}

/* ---- a worker's timer
 * ---------------------------------------------------------------------------- */

static void mask(int how) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, global_signal);
  pthread_sigmask(how, &set, NULL);
}

int trp_preempt_open(trp_worker *w) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = global_signal};
  event.sigev_value.sival_ptr = w;
  w->preempt = (trp_preempt){.tid = (int)syscall(SYS_gettid)}; /* of a thread before, perhaps */
  event._sigev_un._tid = w->preempt.tid;
  if (timer_create(CLOCK_MONOTONIC, &event, &w->preempt.timer) != 0) return -errno;
  w->preempt.open = true;
  mask(SIG_UNBLOCK);
  return TROUPE_OK;
}

void trp_preempt_close(trp_worker *w) {
  if (!w->preempt.open) return;
  mask(SIG_BLOCK);
  timer_delete(w->preempt.timer);
  w->preempt.open = false;
}

uint64_t trp_preempt_now(trp_worker *w) {
  trp_preempt *p = &w->preempt;
  p->now_ns = p->open ? now_ns() : trp_clock_ns(&w->sys->clock);
  p->exact = true;
  return p->now_ns;
}

uint64_t trp_preempt_seen(const trp_worker *w) { return w->preempt.now_ns; }

bool trp_preempt_look(trp_worker *w) {
  trp_preempt *p = &w->preempt;
  if (p->open && !p->stale) return false;
  p->stale = 0;
  (void)trp_preempt_now(w);
  return true;
}

uint64_t trp_preempt_begun(const trp_worker *w) {
  /* acquire: pairs with the release in trp_preempt_begin */
  return atomic_load_explicit(&w->slice_ns, memory_order_acquire);
}

bool trp_preempt_watches(const trp_worker *w) { return w->preempt.open && !TRP_UNDER_TSAN; }

uint64_t trp_preempt_used_ns(trp_worker *w, uint64_t mark_ns) {
  if (mark_ns) return trp_preempt_cpu_ns() - mark_ns;
  uint64_t now = trp_preempt_now(w);
  return unseen_ns(now - begun_by(w, now));
}

void trp_preempt_begin(trp_worker *w, bool timed) {
  trp_preempt *p = &w->preempt;
  if (timed && !p->exact) (void)trp_preempt_now(w);
  uint64_t begun = p->exact ? p->now_ns : TRP_SLICE_UNTIMED;
  p->exact = false;
  p->busy = 1;
  p->over = 0;
  atomic_store_explicit(&p->stuck, 0, memory_order_relaxed);
  atomic_signal_fence(memory_order_seq_cst);
  /* release: pairs with the acquire in trp_preempt_begun; who sees a slice sees an open timer */
  atomic_store_explicit(&w->slice_ns, begun, memory_order_release);
  if (!p->open || (p->armed && !p->alone)) return;
  p->idle_ticks = 0;
  p->armed = 1;
  p->alone = 0;
  set_timer(p, now_ns() + TRP_TICK_NS);
}

void trp_preempt_end(trp_worker *w) {
  atomic_store_explicit(&w->slice_ns, 0, memory_order_relaxed);
}

bool trp_preempt_stuck(const trp_worker *w) {
  /* in this order: a thread that is still at its beginning has no slice, and writes the rest */
  return trp_preempt_begun(w) != 0 && atomic_load_explicit(&w->preempt.stuck, memory_order_relaxed);
}

void trp_preempt_stray(const trp_worker *w) {
  errno = 0;
  int nice = getpriority(PRIO_PROCESS, (id_t)w->preempt.tid);
  if (errno == 0) (void)setpriority(PRIO_PROCESS, (id_t)w->preempt.tid, nice + TRP_STRAY_NICE);
}

bool trp_preempt_over(trp_worker *w) {
  if (w->preempt.open) return w->preempt.over;
  return trp_preempt_now(w) - trp_preempt_begun(w) >= TRP_SLICE_NS;
}

void trp_preempt_idle(trp_worker *w) {
  w->preempt.idle_ticks = 0;
  w->preempt.stale = 1; /* who knows how long it sleeps */
  atomic_signal_fence(memory_order_seq_cst);
  w->preempt.busy = 0;
}

static void nudge(trp_worker *w, uint64_t now, uint64_t at_ns) {
  uint64_t begun = begun_by(w, now), least = begun + TRP_SLICE_LEAST_NS;
  if (begun == 0 || at_ns >= now + TRP_TICK_NS || !w->preempt.open)
    return; /* the tick will see to it */
  if (take_nudge(w)) set_timer(&w->preempt, at_ns > least ? at_ns : least);
}

void trp_preempt_nudge(trp_worker *w, uint64_t at_ns) { nudge(w, now_ns(), at_ns); }

void trp_preempt_nudge_self(trp_worker *w, uint64_t at_ns) {
  const trp_preempt *p = &w->preempt;
  if (!p->open || atomic_load_explicit(&p->nudged, memory_order_relaxed)) return;
  uint64_t now = now_ns(), soon = now + TRP_NUDGE_NS;
  nudge(w, now, at_ns > soon ? at_ns : soon);
}

void trp_preempt_waits(trp_worker *w, bool begins) {
  const trp_preempt *p = &w->preempt;
  uint64_t begun = trp_preempt_begun(w);
  if (!p->open || p->quiet || atomic_load_explicit(&p->nudged, memory_order_relaxed) ||
      begun <= TRP_SLICE_UNTIMED)
    return;
  uint64_t now = now_ns();
  if (begins || p->alone || now - begun >= TRP_NUDGE_NS) nudge(w, now, now + TRP_NUDGE_NS);
}

void trp_preempt_left(trp_worker *w) {
  if (!w->preempt.jumped) return;
  w->preempt.jumped = 0;
  mask(SIG_UNBLOCK);
}
