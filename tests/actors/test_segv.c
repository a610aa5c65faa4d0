/* Actors that overflow the stack of their worker, and faults that are none of ours. */
#include "tests/actors/world.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actors/actor.h"
#include "actors/base/mem.h"
#include "actors/segv.h"

/* ---- actors -------------------------------------------------------------------------------- */

static volatile sig_atomic_t sink;

/* Large frames: a sanitizer bounds how many functions may be open at once. */
__attribute__((noinline)) static int dig(int depth) {
  volatile char page[8192];
  page[0] = (char)depth;
  page[sizeof page - 1] = (char)depth;
  int below = depth < INT32_MAX ? dig(depth + 1) : 0;
  return below + page[0];
}

static char *locked_page; /* PROT_NONE */

static int obey(troupe_actor *a, const troupe_message *m) {
  if (strcmp(m->kind, "dig") == 0) sink = dig(0);
  if (strcmp(m->kind, "touch") == 0) *(volatile char *)locked_page = 1;
  if (strcmp(m->kind, "dig in a native half") == 0) {
    trp_frame *frame = trp_actor_frame(a);
    TRP_NATIVE_BEGIN(frame);
    sink = dig(0);
    TRP_NATIVE_END(frame);
  }
  if (m->type == TROUPE_MESSAGE_ASK) troupe_actor_reply(a, "here", 4);
  return TROUPE_OK;
}
static void give_way(troupe_actor *a) { (void)a; }
/* May be left anywhere, as scripts may. */
static const troupe_behavior digger = {
    .size = sizeof digger, .name = "digger", .receive = obey, .preempt = give_way};
/* As behaviours in C are. */
static const troupe_behavior native = {.size = sizeof native, .name = "native", .receive = obey};

/* A digger's parent: starts it again when it has ended, and records how. */
typedef struct boss {
  troupe_pid child;
  _Atomic unsigned exits;
  troupe_exit_class class_; /* of the last exit, before it is counted */
  char reason[64];
} boss;

static int boss_init(troupe_actor *a, void *arg) {
  boss *b = arg;
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &digger;
  troupe_actor_set_state(a, b);
  return troupe_actor_spawn(a, &o, &b->child, NULL);
}
static void boss_child(troupe_actor *a, troupe_child *child, troupe_child_event event) {
  boss *b = troupe_actor_state(a);
  if (event != TROUPE_CHILD_EXITED) return;
  const troupe_exit *why = troupe_child_reason(child);
  if (troupe_exit_is_clean(why->class_)) {
    troupe_child_release(a, child);
    return;
  }
  b->class_ = why->class_;
  snprintf(b->reason, sizeof b->reason, "%s", why->reason ? why->reason : "");
  b->exits++;
  troupe_child_restart(a, child);
}
static const troupe_behavior boss_behavior = {.size = sizeof boss_behavior,
                                              .name = "boss",
                                              .init = boss_init,
                                              .receive = obey,
                                              .child = boss_child};

static troupe_system *start(bool guarded) {
  troupe_system *sys;
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 2;
  cfg.seed = 7;
  cfg.log = world_log;
  cfg.catch_stack_overflow = guarded;
  assert_int_equal(troupe_system_start(&sys, &cfg), TROUPE_OK);
  return sys;
}

static void stop(troupe_system *sys) {
  assert_int_equal(troupe_system_stop(sys, 10000), TROUPE_OK);
  troupe_system_free(sys);
}

static void ask(troupe_system *sys, troupe_pid pid, const char *kind) {
  const troupe_ask_opts opts = {.size = sizeof opts, .timeout_ms = 30000};
  void *reply;
  size_t len;
  assert_int_equal(troupe_ask_wait(sys, pid, &opts, kind, NULL, 0, &reply, &len, NULL, 0),
                   TROUPE_OK);
  troupe_reply_free(sys, reply, len);
}

static void hire(troupe_system *sys, boss *b) {
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  troupe_pid pid;
  memset(b, 0, sizeof *b);
  o.behavior = &boss_behavior;
  o.arg = b;
  assert_int_equal(troupe_spawn(sys, &pid, &o), TROUPE_OK);
  ask(sys, pid, "are you there");
}

/* Makes the digger overflow its stack once; it answers again when it has been restarted. */
static void overflow(troupe_system *sys, boss *b) {
  unsigned before = b->exits;
  assert_int_equal(troupe_tell(sys, b->child, "dig", NULL, 0), TROUPE_OK);
  ask(sys, b->child, "are you there");
  assert_int_equal(b->exits, before + 1);
  assert_int_equal(b->class_, TROUPE_EXIT_MEMORY_LIMIT);
  assert_string_equal(b->reason, "stack overflow");
}

/* ---- children of the test ------------------------------------------------------------------ */

/* Runs a function in a process of its own, in which SIGSEGV has its default action. Returns the
 * signal that ended it, or 0. */
static int fate(void (*run)(void)) {
  int status = 0;
  fflush(NULL);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGSEGV, SIG_DFL);
    run();
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void tell_and_wait(bool guarded, const char *kind) {
  troupe_system *sys = start(guarded);
  boss b;
  hire(sys, &b);
  troupe_tell(sys, b.child, kind, NULL, 0);
  ask(sys, b.child, "are you there");
}

static void dig_unguarded(void) { tell_and_wait(false, "dig"); }
static void dig_guarded(void) { tell_and_wait(true, "dig"); }
static void dig_in_native_half(void) { tell_and_wait(true, "dig in a native half"); }
static void dig_in_c(void) {
  troupe_system *sys = start(true);
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  troupe_pid pid;
  o.behavior = &native;
  assert_int_equal(troupe_spawn(sys, &pid, &o), TROUPE_OK);
  ask(sys, pid, "dig");
}
static void touch(void) { tell_and_wait(true, "touch"); }
static void send_to_the_process(void) {
  stop(start(false));
  troupe_system *sys = start(true);
  kill(getpid(), SIGSEGV);
  stop(sys);
}
static void send_what_is_ignored(void) {
  signal(SIGSEGV, SIG_IGN);
  send_to_the_process();
}

/* ---- tests --------------------------------------------------------------------------------- */

static void an_overflow_ends_the_actor_and_nothing_else(void **state) {
  (void)state;
  struct sigaction before, after;
  sigaction(SIGSEGV, NULL, &before);
  troupe_system *sys = start(true);
  boss a, b;
  hire(sys, &a);
  hire(sys, &b);
  for (int i = 0; i < 5; i++) { /* more often than there are workers: each recovers */
    overflow(sys, &a);
    ask(sys, b.child, "are you there");
  }
  assert_int_equal(b.exits, 0);
  stop(sys);
  sigaction(SIGSEGV, NULL, &after);
  assert_ptr_equal(before.sa_sigaction, after.sa_sigaction);
  assert_int_equal(before.sa_flags, after.sa_flags);
}

static void the_guard_lasts_as_long_as_the_last_system(void **state) {
  (void)state;
  troupe_system *first = start(true), *second = start(true), *plain = start(false);
  boss b;
  hire(second, &b);
  stop(first);
  stop(plain);
  overflow(second, &b);
  stop(second);
}

static void without_the_guard_or_in_c_the_process_ends(void **state) {
  (void)state;
  assert_int_equal(fate(dig_guarded), 0);
  assert_int_equal(fate(dig_unguarded), SIGSEGV);
  assert_int_equal(fate(dig_in_native_half), SIGSEGV);
  assert_int_equal(fate(dig_in_c), SIGSEGV);
}

static void other_faults_have_their_default_action(void **state) {
  (void)state;
  locked_page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_ptr_not_equal(locked_page, MAP_FAILED);
  assert_int_equal(fate(touch), SIGSEGV);
  assert_int_equal(fate(send_to_the_process), SIGSEGV);
  assert_int_equal(fate(send_what_is_ignored), 0);
  munmap(locked_page, 1);
}

/* The host's handler: mends what it knows of, and returns. */
static volatile sig_atomic_t mended, segv_was_blocked, usr1_was_blocked;
static void mend(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  sigset_t now;
  pthread_sigmask(SIG_BLOCK, NULL, &now);
  segv_was_blocked = sigismember(&now, SIGSEGV);
  usr1_was_blocked = sigismember(&now, SIGUSR1);
  if (info->si_addr != locked_page || mprotect(locked_page, 1, PROT_READ | PROT_WRITE) != 0)
    _exit(1);
  mended++;
}

static void the_handler_of_the_host_gets_every_other_fault(void **state) {
  (void)state;
  struct sigaction before, now, host = {.sa_sigaction = mend, .sa_flags = SA_SIGINFO};
  sigemptyset(&host.sa_mask);
  sigaddset(&host.sa_mask, SIGUSR1);
  sigaction(SIGSEGV, &host, &before);
  locked_page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_ptr_not_equal(locked_page, MAP_FAILED);
  troupe_system *sys = start(true);
  boss b;
  hire(sys, &b);
  troupe_tell(sys, b.child, "touch", NULL, 0); /* on a worker */
  ask(sys, b.child, "are you there");
  assert_int_equal(mended, 1);
  assert_int_equal(b.exits, 0);
  assert_true(segv_was_blocked && usr1_was_blocked); /* as the host has asked for */
  mprotect(locked_page, 1, PROT_NONE);
  *(volatile char *)locked_page = 1; /* on a thread of the host's */
  assert_int_equal(mended, 2);
  overflow(sys, &b);
  assert_int_equal(mended, 2);
  stop(sys);
  sigaction(SIGSEGV, &before, &now);
  assert_ptr_equal(now.sa_sigaction, mend);
  munmap(locked_page, 1);
}

/* Installed while the guard is, and passing on what it does not know. */
static struct sigaction below;
static volatile sig_atomic_t passed;
static void pass(int number, siginfo_t *info, void *context) {
  passed++;
  below.sa_sigaction(number, info, context);
}

static void a_handler_installed_later_may_pass_on_to_ours(void **state) {
  (void)state;
  struct sigaction before, now,
      host = {.sa_sigaction = pass, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  sigemptyset(&host.sa_mask);
  sigaction(SIGSEGV, NULL, &before);
  for (int round = 1; round <= 2; round++) { /* the second finds its own below the host's */
    troupe_system *sys = start(true);
    boss b;
    hire(sys, &b);
    if (round == 1) sigaction(SIGSEGV, &host, &below);
    overflow(sys, &b);
    assert_int_equal(passed, round);
    stop(sys);
    sigaction(SIGSEGV, NULL, &now);
    assert_ptr_equal(now.sa_sigaction, pass);
  }
  sigaction(SIGSEGV, &below, NULL); /* the host is done with it */
  troupe_system *sys = start(true);
  stop(sys);
  sigaction(SIGSEGV, NULL, &now);
  assert_ptr_equal(now.sa_sigaction, before.sa_sigaction);
}

static void a_thread_gets_its_signal_stack_back(void **state) {
  (void)state;
  char stack[TRP_SIGNAL_STACK_BYTES];
  stack_t before, now;
  trp_frame frame = {0};
  trp_segv s;
  sigaltstack(NULL, &before);
  assert_int_equal(trp_segv_open(&s, &frame, stack, sizeof stack), TROUPE_OK);
  sigaltstack(NULL, &now);
  assert_ptr_equal(now.ss_sp, stack);
  trp_segv_close(&s);
  sigaltstack(NULL, &now);
  assert_ptr_equal(now.ss_sp, before.ss_sp);
  assert_int_equal(now.ss_flags, before.ss_flags);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_overflow_ends_the_actor_and_nothing_else),
      cmocka_unit_test(the_guard_lasts_as_long_as_the_last_system),
      cmocka_unit_test(without_the_guard_or_in_c_the_process_ends),
      cmocka_unit_test(other_faults_have_their_default_action),
      cmocka_unit_test(the_handler_of_the_host_gets_every_other_fault),
      cmocka_unit_test(a_handler_installed_later_may_pass_on_to_ours),
      cmocka_unit_test(a_thread_gets_its_signal_stack_back),
  };
  return run_tests(tests);
}
