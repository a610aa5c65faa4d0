#include "tests/fuzz/watchdog.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

static timer_t timer;
static void (*volatile on_bark)(void *ctx);
static void *volatile bark_ctx;

static void handle(int signal) {
  (void)signal;
  void (*bark)(void *ctx) = on_bark;
  if (bark) bark(bark_ctx);
}

static void set(unsigned ms) {
  struct itimerspec at = {.it_value = {ms / 1000, (long)(ms % 1000) * 1000000}};
  at.it_interval = at.it_value;
  REQUIRE(timer_settime(timer, 0, &at, NULL) == 0);
}

static void open_timer(void) {
  /* not deferred: a handler that is left by a jump leaves the signal as it was */
  struct sigaction act = {.sa_handler = handle, .sa_flags = SA_RESTART | SA_NODEFER};
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 3};
  event._sigev_un._tid = (int)syscall(SYS_gettid);
  sigemptyset(&act.sa_mask);
  REQUIRE(sigaction(SIGRTMIN + 3, &act, NULL) == 0);
  REQUIRE(timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) == 0);
}

void fuzz_watchdog_arm(unsigned ms, void (*bark)(void *ctx), void *ctx) {
  static bool open;
  if (!open) open_timer();
  open = true;
  bark_ctx = ctx;
  on_bark = bark;
  set(ms);
}

void fuzz_watchdog_disarm(void) {
  on_bark = NULL;
  set(0);
}
