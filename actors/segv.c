#include "actors/segv.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <ucontext.h>

#include <troupe/error.h>

/* The process's signal: a disposition is a global whether we like it or not. `previous` is written
 * before the handler is installed, and only while it is not. */
static pthread_mutex_t global_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned global_users;
static bool installed;
static struct sigaction previous;

static __thread trp_segv *self __attribute__((tls_model("initial-exec")));

/* ---- the handler --------------------------------------------------------------------------- */

/* Leaves the fault to the default action: the instruction faults again when the handler returns,
 * and the core shows where. What another process or thread has sent does not come again by itself.
 */
static void die(int signal, const siginfo_t *info) {
  const struct sigaction by_default = {.sa_handler = SIG_DFL};
  sigaction(signal, &by_default, NULL);
  if (info->si_code <= 0) raise(signal);
}

/* Does what would have happened without us. */
static void pass_on(int signal, siginfo_t *info, void *context) {
  struct sigaction act = previous;
  bool sent = info->si_code <= 0;
  if (!(act.sa_flags & SA_SIGINFO) && act.sa_handler == SIG_IGN && sent) return;
  if (!(act.sa_flags & SA_SIGINFO) && (act.sa_handler == SIG_DFL || act.sa_handler == SIG_IGN)) {
    die(signal, info);
    return;
  }
  if (act.sa_flags & (int)SA_RESETHAND) {
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    sigaction(signal, &by_default, NULL);
  }
  sigset_t before;
  if (!(act.sa_flags & SA_NODEFER)) sigaddset(&act.sa_mask, signal);
  pthread_sigmask(SIG_BLOCK, &act.sa_mask, &before);
  if (act.sa_flags & SA_SIGINFO)
    act.sa_sigaction(signal, info, context);
  else
    act.sa_handler(signal);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static bool is_overflow(const trp_segv *s, const siginfo_t *info) {
  uintptr_t at = (uintptr_t)info->si_addr;
  return info->si_code == SEGV_ACCERR && at >= s->guard && at < s->guard_end &&
         s->frame->in_actor && s->frame->leavable && s->frame->native == 0;
}

static void on_fault(int signal, siginfo_t *info, void *context) {
  if (self && is_overflow(self, info)) { /* with the mask of the code that is left */
    pthread_sigmask(SIG_SETMASK, &((const ucontext_t *)context)->uc_sigmask, NULL);
    trp_frame_leave_because(self->frame, TROUPE_EXIT_MEMORY_LIMIT, "stack overflow");
  }
  int saved = errno;
  pass_on(signal, info, context);
  errno = saved;
}

/* ---- the signal ---------------------------------------------------------------------------- */

static bool is_ours(const struct sigaction *act) {
  return (act->sa_flags & SA_SIGINFO) && act->sa_sigaction == on_fault;
}

/* The signal is not blocked while the handler runs: pass_on() does what the host asked for. */
static void install(void) {
  struct sigaction act = {.sa_sigaction = on_fault,
                          .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  sigemptyset(&act.sa_mask);
  sigaction(SIGSEGV, NULL, &previous); /* neither can fail */
  sigaction(SIGSEGV, &act, NULL);
  installed = true;
}

void trp_segv_ref(void) {
  pthread_mutex_lock(&global_lock);
  if (!installed) install();
  global_users++;
  pthread_mutex_unlock(&global_lock);
}

/* A handler that somebody has put above ours knows it as its predecessor: ours then stays, and only
 * passes on. */
void trp_segv_unref(void) {
  struct sigaction now;
  pthread_mutex_lock(&global_lock);
  if (--global_users == 0 && sigaction(SIGSEGV, NULL, &now) == 0 && is_ours(&now)) {
    sigaction(SIGSEGV, &previous, NULL);
    installed = false;
  }
  pthread_mutex_unlock(&global_lock);
}

/* ---- a worker ------------------------------------------------------------------------------ */

/* Where the calling thread's guard area is. */
static int find_guard(trp_segv *s) {
  pthread_attr_t attr;
  void *stack;
  size_t stack_size, guard_size = 0;
  int err = pthread_getattr_np(pthread_self(), &attr);
  if (err) return -err;
  err = pthread_attr_getstack(&attr, &stack, &stack_size);
  if (!err) err = pthread_attr_getguardsize(&attr, &guard_size);
  pthread_attr_destroy(&attr);
  s->guard_end = (uintptr_t)stack;
  s->guard = s->guard_end - guard_size;
  return -err;
}

int trp_segv_open(trp_segv *s, trp_frame *frame, void *stack, size_t size) {
  const stack_t ours = {.ss_sp = stack, .ss_size = size};
  sigset_t set;
  *s = (trp_segv){.frame = frame};
  int err = find_guard(s);
  if (err) return err;
  if (sigaltstack(&ours, &s->previous) != 0) return -errno;
  self = s;
  sigemptyset(&set); /* a fault that is blocked ends the process */
  sigaddset(&set, SIGSEGV);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  return TROUPE_OK;
}

void trp_segv_close(trp_segv *s) {
  if (self != s) return;
  self = NULL;
  sigaltstack(&s->previous, NULL);
}
