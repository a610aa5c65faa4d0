/* The kernel's speed: C behaviours with full accounting, the same programs as in peers/. Prints
 * lines "troupe BENCH METRIC VALUE UNIT".
 *
 *   kernel BENCH     pingpong, ring, fanin, ask, broadcast, spawn, big, mem, wake
 *
 * Environment: THREADS=2  N (messages or rounds)  ACTORS=100000 (of mem)  WORK=0 (ns that handling
 * a message of `big` takes) */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

#include <troupe/actor.h>
#include <troupe/system.h>

static troupe_system *sys;
static const char *bench;
static _Atomic uint64_t began_ns, ended_ns; /* of the measured part */

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
static uint64_t setting(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text && *text ? strtoull(text, NULL, 10) : otherwise;
}
static void print(const char *metric, double value, const char *unit) {
  printf("troupe %s %s %.2f %s\n", bench, metric, value, unit);
}
static void check(int err, const char *what) {
  if (err >= 0) return;
  fprintf(stderr, "%s: %s: %s\n", bench, what, troupe_strerror(err));
  exit(1);
}

/* ---- actors -------------------------------------------------------------------------------- */

static int begin(troupe_actor *self, void *arg) {
  troupe_actor_set_state(self, arg);
  return TROUPE_OK;
}
#define BEHAVIOR(receive_, resume_)                                                                \
  {                                                                                                \
    .size = sizeof(troupe_behavior), .name = "bench", .init = begin, .receive = (receive_),        \
    .resume = (resume_)                                                                            \
  }

static troupe_pid start(const troupe_behavior *behavior, void *arg, uint32_t mailbox) {
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  troupe_pid pid;
  o.behavior = behavior;
  o.arg = arg;
  o.mailbox_messages = mailbox;
  check(troupe_spawn(sys, &pid, &o), "spawn");
  return pid;
}
static void tell(troupe_actor *self, troupe_pid to, uint64_t value) {
  check(troupe_actor_tell(self, to, "m", &value, sizeof value, NULL, NULL), "tell");
}
static void poke(troupe_pid to, uint64_t value) {
  check(troupe_tell(sys, to, "m", &value, sizeof value), "tell");
}
static uint64_t value_of(const troupe_message *m) {
  uint64_t value;
  memcpy(&value, m->data, sizeof value);
  return value;
}
static void begin_now(void) { atomic_store(&began_ns, now_ns()); }
static void finish(void) { atomic_store(&ended_ns, now_ns()); }
static void report(double operations) {
  while (atomic_load(&ended_ns) == 0)
    usleep(200);
  print("op_ns", (double)(atomic_load(&ended_ns) - atomic_load(&began_ns)) / operations, "ns");
}

/* ---- pingpong, ring ------------------------------------------------------------------------ */

static int pong(troupe_actor *self, const troupe_message *m) {
  tell(self, m->from, value_of(m));
  return TROUPE_OK;
}
static const troupe_behavior pong_behavior = BEHAVIOR(pong, NULL);
static troupe_pid other;

static int ping(troupe_actor *self, const troupe_message *m) {
  uint64_t left = value_of(m);
  if (m->from.id == 0) begin_now();
  if (left == 0)
    finish();
  else
    tell(self, other, left - 1);
  return TROUPE_OK;
}
static const troupe_behavior ping_behavior = BEHAVIOR(ping, NULL);

static void pingpong(void) {
  uint64_t n = setting("N", 1000000);
  other = start(&pong_behavior, NULL, 0);
  poke(start(&ping_behavior, NULL, 0), n);
  report(2.0 * (double)n);
}

static int pass_on(troupe_actor *self, const troupe_message *m) {
  uint64_t left = value_of(m);
  if (left == 0)
    finish();
  else
    tell(self, *(troupe_pid *)troupe_actor_state(self), left - 1);
  return TROUPE_OK;
}
static const troupe_behavior ring_behavior = BEHAVIOR(pass_on, NULL);

static void ring(void) {
  enum { ACTORS = 1000 };
  static troupe_pid next[ACTORS];
  uint64_t n = setting("N", 1000000);
  for (int i = 0; i < ACTORS; i++)
    next[(i + ACTORS - 1) % ACTORS] = start(&ring_behavior, &next[i], 0);
  begin_now();
  poke(next[0], n);
  report((double)n);
}

/* ---- fanin: bounded mailbox, senders wait -------------------------------------------------- */

static uint64_t expected;
static int count(troupe_actor *self, const troupe_message *m) {
  (void)self, (void)m;
  if (--expected == 0) finish();
  return TROUPE_OK;
}
static const troupe_behavior count_behavior = BEHAVIOR(count, NULL);

static void produce(troupe_actor *self) {
  static const troupe_send_opts waiting = {.size = sizeof waiting, .wait_ms = 60000};
  uint64_t *left = troupe_actor_state(self), id;
  while (*left > 0) {
    uint64_t value = (*left)--;
    int rc = troupe_actor_tell(self, other, "m", &value, sizeof value, &waiting, &id);
    check(rc, "tell");
    if (rc == TROUPE_PENDING) return; /* goes on in `resume` */
  }
}
static int produce_first(troupe_actor *self, const troupe_message *m) {
  (void)m;
  produce(self);
  return TROUPE_OK;
}
static void produce_on(troupe_actor *self, const troupe_event *e) {
  check(e->code, "wait for room");
  produce(self);
}
static const troupe_behavior producer_behavior = BEHAVIOR(produce_first, produce_on);

static void fanin(void) {
  enum { PRODUCERS = 8 };
  static uint64_t left[PRODUCERS];
  uint64_t each = setting("N", 2000000) / PRODUCERS;
  expected = each * PRODUCERS;
  double operations = (double)expected;
  other = start(&count_behavior, NULL, 0);
  begin_now();
  for (int i = 0; i < PRODUCERS; i++) {
    left[i] = each;
    poke(start(&producer_behavior, &left[i], 0), 0);
  }
  report(operations);
}

/* ---- ask ----------------------------------------------------------------------------------- */

static int answer(troupe_actor *self, const troupe_message *m) {
  uint64_t value = value_of(m);
  return troupe_actor_reply(self, &value, sizeof value);
}
static const troupe_behavior answer_behavior = BEHAVIOR(answer, NULL);

static void ask_next(troupe_actor *self, uint64_t left) {
  uint64_t id;
  check(troupe_actor_ask(self, other, "get", &left, sizeof left, NULL, &id), "ask");
}
static int ask_first(troupe_actor *self, const troupe_message *m) {
  begin_now();
  ask_next(self, value_of(m));
  return TROUPE_OK;
}
static void ask_on(troupe_actor *self, const troupe_event *e) {
  uint64_t left;
  check(e->code, "answer");
  memcpy(&left, e->data, sizeof left);
  if (left == 0)
    finish();
  else
    ask_next(self, left - 1);
}
static const troupe_behavior asker_behavior = BEHAVIOR(ask_first, ask_on);

static void ask(void) {
  uint64_t n = setting("N", 1000000);
  other = start(&answer_behavior, NULL, 0);
  poke(start(&asker_behavior, NULL, 0), n);
  report((double)n);
}

/* ---- broadcast ----------------------------------------------------------------------------- */

enum { LISTENERS = 1000 };
static troupe_pid listeners[LISTENERS];
static uint64_t rounds_left, acks;

static int acknowledge(troupe_actor *self, const troupe_message *m) {
  tell(self, m->from, 1);
  return TROUPE_OK;
}
static const troupe_behavior listener_behavior = BEHAVIOR(acknowledge, NULL);

static int speak(troupe_actor *self, const troupe_message *m) {
  if (m->from.id != 0 && ++acks < LISTENERS) return TROUPE_OK;
  acks = 0;
  if (rounds_left-- == 0) {
    finish();
    return TROUPE_OK;
  }
  for (int i = 0; i < LISTENERS; i++)
    tell(self, listeners[i], rounds_left);
  return TROUPE_OK;
}
static const troupe_behavior speaker_behavior = BEHAVIOR(speak, NULL);

static void broadcast(void) {
  uint64_t rounds = rounds_left = setting("N", 1000);
  for (int i = 0; i < LISTENERS; i++)
    listeners[i] = start(&listener_behavior, NULL, 0);
  troupe_pid speaker = start(&speaker_behavior, NULL, 2 * LISTENERS);
  usleep(50000);
  begin_now();
  poke(speaker, 0);
  report((double)rounds * LISTENERS);
}

/* ---- spawn: one after the other, each greeted, each answers and ends ------------------------- */

static int greet(troupe_actor *self, const troupe_message *m) {
  tell(self, m->from, value_of(m));
  troupe_actor_exit(self, TROUPE_EXIT_NORMAL, 0, NULL, NULL);
  return TROUPE_OK;
}
static const troupe_behavior greeter_behavior = BEHAVIOR(greet, NULL);

static int spawn_next(troupe_actor *self, const troupe_message *m) {
  uint64_t left = value_of(m);
  if (m->from.id == 0) begin_now();
  if (left == 0) {
    finish();
    return TROUPE_OK;
  }
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  troupe_pid pid;
  o.behavior = &greeter_behavior;
  check(troupe_actor_spawn(self, &o, &pid, NULL), "spawn");
  tell(self, pid, left - 1);
  return TROUPE_OK;
}
static const troupe_behavior spawner_behavior = BEHAVIOR(spawn_next, NULL);

static void spawn(void) {
  uint64_t n = setting("N", 100000);
  poke(start(&spawner_behavior, NULL, 0), n);
  report((double)n);
}

/* ---- big: everybody asks everybody ----------------------------------------------------------- */

enum { CROWD = 1000, PING = 1, PONG = 2, GO = 3 };
static troupe_pid crowd[CROWD];
static _Atomic uint64_t done;
static uint64_t work_ns;
typedef struct member {
  uint64_t left;
  uint32_t seed;
} member;

static void work(void) {
  if (work_ns == 0) return;
  uint64_t end = now_ns() + work_ns;
  while (now_ns() < end) {
  }
}
static int mingle(troupe_actor *self, const troupe_message *m) {
  member *me = troupe_actor_state(self);
  work();
  if (value_of(m) == PING) {
    tell(self, m->from, PONG);
    return TROUPE_OK;
  }
  if (me->left-- == 0) {
    if (atomic_fetch_add(&done, 1) + 1 == CROWD) finish();
    return TROUPE_OK;
  }
  me->seed = (me->seed * 1103515245u + 12345u) & 0x7fffffff;
  tell(self, crowd[(me->seed >> 8) % CROWD], PING);
  return TROUPE_OK;
}
static const troupe_behavior member_behavior = BEHAVIOR(mingle, NULL);

static void big(void) {
  static member members[CROWD];
  uint64_t pings = setting("N", 1000);
  work_ns = setting("WORK", 0);
  for (uint32_t i = 0; i < CROWD; i++) {
    members[i] = (member){.left = pings, .seed = i + 1};
    crowd[i] = start(&member_behavior, &members[i], 2 * CROWD);
  }
  begin_now();
  for (int i = 0; i < CROWD; i++)
    poke(crowd[i], GO);
  report(2.0 * CROWD * (double)pings);
}

/* ---- mem: what an actor that waits takes ----------------------------------------------------- */

static uint64_t resident_bytes(void) {
  unsigned long size = 0, resident = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  if (!f || fscanf(f, "%lu %lu", &size, &resident) != 2) exit(1);
  fclose(f);
  return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}
static _Atomic uint64_t heard;
static int hear(troupe_actor *self, const troupe_message *m) {
  (void)self, (void)m;
  atomic_fetch_add(&heard, 1);
  return TROUPE_OK;
}
static const troupe_behavior hearer_behavior = BEHAVIOR(hear, NULL);

static void mem(void) {
  uint64_t n = setting("ACTORS", 100000), before = resident_bytes();
  for (uint64_t i = 0; i < n; i++)
    poke(start(&hearer_behavior, NULL, 0), 0);
  while (atomic_load(&heard) < n)
    usleep(1000);
  usleep(100000);
  print("bytes_per_actor", (double)(resident_bytes() - before) / (double)n, "B");
}

/* ---- wake: from a message to an actor on an idle worker, and the machine's own ----------------
 */

enum { WAKES = 2000 };
static uint64_t took[WAKES];
static _Atomic uint64_t woken;
static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}
static void print_p50(const char *metric) {
  qsort(took, WAKES, sizeof took[0], by_value);
  print(metric, (double)took[WAKES / 2], "ns");
}
static int note(troupe_actor *self, const troupe_message *m) {
  (void)self;
  atomic_store(&woken, now_ns() - value_of(m));
  return TROUPE_OK;
}
static const troupe_behavior note_behavior = BEHAVIOR(note, NULL);

static _Atomic uint32_t word;
static _Atomic uint64_t sent_ns;
static void *sleeper(void *arg) {
  (void)arg;
  for (int i = 0; i < WAKES; i++) {
    while (atomic_load(&word) == 0)
      syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    atomic_store(&word, 0);
    atomic_store(&woken, now_ns() - atomic_load(&sent_ns));
  }
  return NULL;
}

static void stay_on(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  (void)sched_setaffinity(0, sizeof set, &set);
}

static void wake(void) {
  stay_on(0);
  troupe_pid pid = start(&note_behavior, NULL, 0);
  for (int i = 0; i < WAKES; i++) {
    usleep(300); /* so that the workers sleep */
    atomic_store(&woken, 0);
    poke(pid, now_ns());
    while ((took[i] = atomic_load(&woken)) == 0) {
    }
  }
  print_p50("p50");
  pthread_t thread;
  stay_on(1);
  pthread_create(&thread, NULL, sleeper, NULL);
  stay_on(0);
  for (int i = 0; i < WAKES; i++) {
    usleep(300);
    atomic_store(&woken, 0);
    atomic_store(&sent_ns, now_ns());
    atomic_store(&word, 1);
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    while ((took[i] = atomic_load(&woken)) == 0) {
    }
  }
  pthread_join(thread, NULL);
  print_p50("futex_p50");
}

/* ---- main ------------------------------------------------------------------------------------ */

static const struct {
  const char *name;
  void (*run)(void);
} benches[] = {{"pingpong", pingpong},
               {"ring", ring},
               {"fanin", fanin},
               {"ask", ask},
               {"broadcast", broadcast},
               {"spawn", spawn},
               {"big", big},
               {"mem", mem},
               {"wake", wake}};

int main(int argc, char **argv) {
  bench = argc > 1 ? argv[1] : "";
  for (size_t i = 0; i < sizeof benches / sizeof *benches; i++) {
    if (strcmp(bench, benches[i].name) != 0) continue;
    troupe_config cfg = TROUPE_CONFIG_INIT;
    cfg.workers = (int)setting("THREADS", 2);
    cfg.max_actors = 1u << 21;
    if (benches[i].run == wake) stay_on(1); /* the workers' core; this thread has the other one */
    check(troupe_system_start(&sys, &cfg), "start");
    benches[i].run();
    fflush(stdout);
    check(troupe_system_stop(sys, 30000), "stop");
    troupe_system_free(sys);
    return 0;
  }
  fprintf(stderr, "usage: kernel pingpong|ring|fanin|ask|broadcast|spawn|big|mem|wake\n");
  return 2;
}
