/* SIGINT, SIGTERM and, unless it is ignored as by nohup, SIGHUP. A thread waits for them; no
 * handler runs anywhere. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/cli.h"

/* The one place of the program with state of its own: signals belong to the process. */
static _Atomic bool armed;

static void fill(sigset_t *set) {
  struct sigaction hangup;
  sigemptyset(set);
  sigaddset(set, SIGINT);
  sigaddset(set, SIGTERM);
  if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) sigaddset(set, SIGHUP);
}

static void *watch(void *arg) {
  int fd = *(int *)arg, seen = 0;
  sigset_t set;
  fill(&set);
  for (;;) {
    int number;
    if (sigwait(&set, &number) != 0) continue;
    /* acquire: pairs with the release in cli_signals_arm; the system is up */
    if (seen++ || !atomic_load_explicit(&armed, memory_order_acquire)) _exit(128 + number);
    const uint64_t one = 1;
    while (write(fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
  }
  return NULL;
}

void cli_signals_arm(void) {
  /* release: pairs with the acquire in watch() */
  atomic_store_explicit(&armed, true, memory_order_release);
}

bool cli_signals_start(int *fd) {
  static int watched; /* read by the thread for as long as the process lives */
  pthread_t thread;
  sigset_t set;
  fill(&set);
  sigaddset(&set, SIGCHLD); /* of children of `exec`: for the runtime's loop, which unblocks it */
  signal(SIGPIPE, SIG_IGN); /* a reader that is gone is an error of the tool that writes */
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  watched = eventfd(0, EFD_CLOEXEC);
  if (watched < 0) {
    cli_say("cannot wait for signals: %s", troupe_strerror(-errno));
    return false;
  }
  int err = pthread_create(&thread, NULL, watch, &watched);
  if (err) {
    cli_say("cannot wait for signals: %s", troupe_strerror(-err));
    return false;
  }
  pthread_detach(thread);
  *fd = watched;
  return true;
}
