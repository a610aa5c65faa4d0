/* The tool `console`: writes text to the host's standard output, one call after the other, and says
 * what it leads to. An output that accepts nothing (a stopped terminal, a reader that sleeps) holds
 * one pool thread for at most STALL_MS; until it moves again all further calls fail at once. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "actors/base/mem.h"
#include "tools/builtin/args.h"
#include "tools/builtin/builtin.h"

enum { STALL_MS = 5000, LOOK_MS = 100, PIECE = 4096, COLUMNS = 80 };

struct trp_console {
  const troupe_allocator *al;
  int fd;               /* the host's */
  pthread_mutex_t lock; /* guards what follows, and the order of what is written */
  bool stalled;         /* the last call could not write all */
};

trp_console *trp_console_new(const troupe_allocator *al, int fd) {
  trp_console *c = trp_zalloc(al, sizeof *c);
  if (!c) return NULL;
  c->al = al;
  c->fd = fd;
  pthread_mutex_init(&c->lock, NULL);
  return c;
}

void trp_console_free(void *user) {
  trp_console *c = user;
  pthread_mutex_destroy(&c->lock);
  trp_free(c->al, c, sizeof *c);
}

/* Waits until the output accepts a piece. 0, or a system code. */
static int wait_ready(trp_console *c, const troupe_call *call) {
  int left_ms = c->stalled ? 0 : STALL_MS;
  for (;;) {
    struct pollfd p = {.fd = c->fd, .events = POLLOUT};
    int n = poll(&p, 1, left_ms < LOOK_MS ? left_ms : LOOK_MS);
    if (n < 0 && errno != EINTR) return -errno;
    if (n > 0) return 0; /* also when the reader is gone: write says so */
    if (troupe_call_cancelled(call)) return -ECANCELED;
    if (n == 0) left_ms -= LOOK_MS;
    if (left_ms <= 0) return -EAGAIN;
  }
}

/* Under the lock. Pieces of this size do not block once poll has said that there is room. */
static int write_all(trp_console *c, const troupe_call *call, const char *s, size_t len) {
  while (len) {
    int err = wait_ready(c, call);
    c->stalled = err == -EAGAIN;
    if (err) return err;
    ssize_t n = write(c->fd, s, len < PIECE ? len : PIECE);
    if (n < 0 && errno != EINTR && errno != EAGAIN) return -errno;
    if (n <= 0) continue;
    s += n;
    len -= (size_t)n;
  }
  return 0;
}

static int write_text(trp_console *c, const troupe_call *call, trp_text text, bool newline) {
  pthread_mutex_lock(&c->lock);
  int err = write_all(c, call, text.s, text.len);
  if (!err && newline) err = write_all(c, call, "\n", 1);
  pthread_mutex_unlock(&c->lock);
  return err;
}

static void say_what_it_is(troupe_call *call, int fd) {
  struct winsize size = {.ws_col = 0};
  bool tty = isatty(fd) == 1;
  if (tty) ioctl(fd, TIOCGWINSZ, &size);
  trp_answer a;
  trp_answer_init(&a, call);
  trp_wire_put_map(&a.w, 2);
  trp_wire_put_cstr(&a.w, "tty");
  trp_wire_put_bool(&a.w, tty);
  trp_wire_put_cstr(&a.w, "columns");
  trp_wire_put_int(&a.w, size.ws_col ? size.ws_col : COLUMNS);
  trp_answer_send(&a);
}

void trp_console_run(troupe_call *call, void *user) {
  trp_console *c = user;
  trp_fields f;
  trp_wire_slice unused;
  trp_fields_init(&f, call);
  trp_text text = trp_field_text(&f, "text");
  bool newline = !trp_field_value(&f, "newline", &unused) || trp_field_bool(&f, "newline");
  if (f.bad) return;
  int err = text.s ? write_text(c, call, text, newline) : 0;
  if (err)
    troupe_call_fail_errno(call, err, "standard output");
  else
    say_what_it_is(call, c->fd);
}
