/* The hostile suite: every attack beside this file alone, all of them together, and in random order
 * with some of them killed half-way. What is asserted is how they end, and what they leave; times
 * are printed, and asserted only against a bound that no busy machine reaches.
 *
 *   test.hostile                     what CTest runs
 *   test.hostile --soak              twenty rounds in random order
 *   test.hostile --list              names and sentences
 *   test.hostile --only NAME [TIMES] one attack, or those of a class
 *
 * TROUPE_SEED=n repeats a random order. */
#include "tests/hostile/ring.h"

#include "actors/base/rand.h"
#include "actors/base/thread.h"

enum { SURVIVE_MS = 40, ALONE_MS = 60000, TOGETHER_MS = 120000, WINDOW = 8, SOAK_ROUNDS = 20 };
#if TRP_UNDER_TSAN /* where a tick acts only if it meets the thread in liblua: all takes longer */
enum { ROUNDS = 1, OVERSHOOT_MOST_MS = 30000 };
#else
enum { ROUNDS = 2, OVERSHOOT_MOST_MS = 2000 };
#endif

static attacks all;

/* ---- judging ------------------------------------------------------------------------------- */

/* Prints a line about an attack that did not end as it may. */
static bool passes(const bout *b) {
  char why[512];
  if (bout_judge(b, why, sizeof why)) return true;
  print_error("%s: %s\n", b->attack->name, why);
  return false;
}

static void print_bout(const bout *b) {
  print_message("%-36s %-12s %7.1f ms, %7.1f ms of the processor%s%s\n", b->attack->name,
                troupe_exit_class_name(b->class_), (double)(b->ended_us - b->began_us) / 1e3,
                (double)(b->ended_cpu_us - b->began_cpu_us) / 1e3, b->reason[0] ? ": " : "",
                b->reason);
}

/* What endless attacks used beyond their limit, in the order they ended. */
typedef struct overshoots {
  double *ms;
  size_t count;
} overshoots;

static void add_overshoot(overshoots *o, const bout *b) {
  if (b->class_ != TROUPE_EXIT_CPU_LIMIT) return;
  uint64_t limit = b->attack->limits.cpu_ms_per_message;
  o->ms[o->count++] = (double)(b->ended_cpu_us - b->began_cpu_us) / 1e3 - (double)limit;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void report_overshoots(overshoots *o) {
  assert_true(o->count > 20);
  qsort(o->ms, o->count, sizeof *o->ms, by_value);
  print_message("%zu ended at their processor limit; beyond it p50 %.1f ms, p99 %.1f ms, max %.1f "
                "ms\n",
                o->count, o->ms[o->count / 2], o->ms[o->count * 99 / 100], o->ms[o->count - 1]);
  assert_true(o->ms[o->count - 1] < OVERSHOOT_MOST_MS);
}

/* ---- alone --------------------------------------------------------------------------------- */

static void run_alone(ring *r, bout *b, const attack *a) {
  bout_start(r, b, a);
  if (a->survives && !bout_wait(b, SURVIVE_MS)) bout_stop(r, b);
  (void)bout_wait(b, ALONE_MS);
}

static void each_attack_alone_ends_as_it_may(void **state) {
  (void)state;
  size_t failed = 0;
  overshoots o = {.ms = calloc(all.count, sizeof *o.ms)};
  bout *b = calloc(1, sizeof *b);
  ring *r = calloc(1, sizeof *r);
  assert_true(o.ms && b && r);
  ring_open(r);
  for (size_t i = 0; i < all.count; i++) {
    run_alone(r, b, &all.list[i]);
    if (!passes(b)) failed++;
    assert_true(atomic_load(&b->gone)); /* what has not ended cannot be left behind */
    add_overshoot(&o, b);
  }
  print_message("%zu attacks\n", all.count);
  ring_close(r, "alone");
  report_overshoots(&o);
  assert_int_equal(failed, 0);
  free(o.ms);
  free(b);
  free(r);
}

/* ---- together ------------------------------------------------------------------------------ */

/* Waits for the end of every attack; those that may survive are stopped when the others are gone.
 */
static size_t finish(ring *r, bout *b, size_t count) {
  size_t failed = 0;
  for (size_t i = 0; i < count; i++)
    if (!b[i].attack->survives) (void)bout_wait(&b[i], TOGETHER_MS);
  for (size_t i = 0; i < count; i++)
    if (b[i].attack->survives && !atomic_load(&b[i].gone)) bout_stop(r, &b[i]);
  for (size_t i = 0; i < count; i++) {
    (void)bout_wait(&b[i], TOGETHER_MS);
    if (!passes(&b[i])) failed++;
    assert_true(atomic_load(&b[i].gone));
  }
  return failed;
}

static void all_attacks_together_end_as_they_may(void **state) {
  (void)state;
  bout *b = calloc(all.count, sizeof *b);
  ring *r = calloc(1, sizeof *r);
  assert_true(b && r);
  ring_open(r);
  for (size_t i = 0; i < all.count; i++)
    bout_start(r, &b[i], &all.list[i]);
  size_t failed = finish(r, b, all.count);
  ring_close(r, "together");
  assert_int_equal(failed, 0);
  free(b);
  free(r);
}

/* ---- in random order ----------------------------------------------------------------------- */

static void shuffle(trp_rand *rand, size_t *order) {
  for (size_t i = 0; i < all.count; i++)
    order[i] = i;
  for (size_t i = all.count - 1; i > 0; i--) {
    size_t j = (size_t)trp_rand_below(rand, i + 1), other = order[i];
    order[i] = order[j];
    order[j] = other;
  }
}

/* A few attacks at a time; one in four is killed at some moment of its life. */
static size_t run_window(ring *r, trp_rand *rand, bout *b, const size_t *order, size_t count) {
  for (size_t i = 0; i < count; i++)
    bout_start(r, &b[i], &all.list[order[i]]);
  for (size_t i = 0; i < count; i++) {
    if (trp_rand_below(rand, 4) != 0) continue;
    (void)bout_wait(&b[i], trp_rand_below(rand, 30));
    bout_kill(r, &b[i]);
  }
  return finish(r, b, count);
}

static void run_rounds(int rounds) {
  trp_rand rand;
  size_t failed = 0;
  trp_rand_init(&rand, test_seed());
  size_t *order = calloc(all.count, sizeof *order);
  bout *b = calloc(WINDOW, sizeof *b);
  ring *r = calloc(1, sizeof *r);
  assert_true(order && b && r);
  ring_open(r);
  for (int round = 0; round < rounds; round++) {
    shuffle(&rand, order);
    for (size_t i = 0; i < all.count; i += WINDOW) {
      size_t count = all.count - i < WINDOW ? all.count - i : WINDOW;
      failed += run_window(r, &rand, b, order + i, count);
    }
  }
  ring_close(r, "random");
  assert_int_equal(failed, 0);
  free(order);
  free(b);
  free(r);
}

static void in_random_order_with_kills_they_end_as_they_may(void **state) {
  (void)state;
  run_rounds(ROUNDS);
}

static void twenty_rounds_leave_nothing(void **state) {
  (void)state;
  run_rounds(SOAK_ROUNDS);
}

/* ---- by hand ------------------------------------------------------------------------------- */

static int list(void) {
  for (size_t i = 0; i < all.count; i++)
    printf("%-36s %s\n", all.list[i].name, all.list[i].sentence);
  printf("%zu attacks\n", all.count);
  return 0;
}

/* The attacks whose name begins with what was given. */
static const char *only_name;
static int only_times;

static void these_alone(void **state) {
  (void)state;
  size_t ran = 0, failed = 0;
  bout *b = calloc(1, sizeof *b);
  ring *r = calloc(1, sizeof *r);
  assert_true(b && r);
  ring_open(r);
  for (int time = 0; time < only_times; time++) {
    for (size_t i = 0; i < all.count; i++) {
      if (strncmp(all.list[i].name, only_name, strlen(only_name)) != 0) continue;
      run_alone(r, b, &all.list[i]);
      print_bout(b);
      ran++;
      if (!passes(b)) failed++;
      assert_true(atomic_load(&b->gone));
    }
  }
  ring_close(r, only_name);
  assert_true(ran > 0);
  assert_int_equal(failed, 0);
  free(b);
  free(r);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_attack_alone_ends_as_it_may),
      cmocka_unit_test(all_attacks_together_end_as_they_may),
      cmocka_unit_test(in_random_order_with_kills_they_end_as_they_may),
  };
  const struct CMUnitTest soak[] = {cmocka_unit_test(twenty_rounds_leave_nothing)};
  const struct CMUnitTest only[] = {cmocka_unit_test(these_alone)};
  if (!attacks_read(&all, TROUPE_HOSTILE_ATTACKS)) return 1;
  int failed = 0;
  if (argc == 1) {
    failed = run_tests(tests);
  } else if (strcmp(argv[1], "--list") == 0) {
    failed = list();
  } else if (strcmp(argv[1], "--soak") == 0) {
    bool wanted = getenv("TROUPE_SOAK") != NULL; /* NOLINT(concurrency-mt-unsafe): no thread yet */
    failed = wanted ? run_tests(soak) : 77;      /* what CTest takes for "skipped" */
  } else if (strcmp(argv[1], "--only") == 0 && argc >= 3) {
    only_name = argv[2];
    only_times = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 1;
    failed = run_tests(only);
  }
  attacks_free(&all);
  return failed;
}
