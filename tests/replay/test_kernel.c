/* Thousands of seeded scenes against the reference model.
 *
 *   test.replay.kernel                          the suite
 *   test.replay.kernel --seed N [--fault F] [--trace]
 *                                               plays one scene again, and shows what happened
 *   test.replay.kernel --from N --count M [--fault F]
 *                                               plays as many as wanted
 *
 * F is none, allocation or kill. */
#include "tests/replay/model.h"

#define SCENES 10000
#define SCENES_SANITIZED 2000
#define SCENES_FAULTY 2000
#define LEAST 50 /* times that each event is seen in all scenes */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#  define SANITIZED true
#else
#  define SANITIZED false
#endif

static const char *const fault_names[] = {
    [FAULT_NONE] = "none", [FAULT_ALLOCATION] = "allocation", [FAULT_KILL] = "kill"};

/* What has been seen in all scenes. */
static uint64_t seen[SCENE_TYPES], seen_dead[TROUPE_DEAD_COUNT], asks_ended[64], circles;

/* Where asks that end with this code are counted: 0 for success. */
static size_t place_of(int64_t code) { return code <= -10000 ? (size_t)(-10000 - code) : 0; }

static void count_record(const record *r) {
  for (size_t i = 0; i < r->len; i++) {
    const event *e = &r->events[i];
    seen[e->type]++;
    if (e->type == TRP_EVENT_DEAD) seen_dead[e->code]++;
    if (e->type == TRP_EVENT_ASK_ENDED) asks_ended[place_of(e->code)]++;
    bool refused = e->code == TROUPE_E_WOULD_DEADLOCK && e->who != e->with;
    circles += refused && (e->type == SCENE_ASKED || e->type == SCENE_TOLD);
  }
}

static void print_record(const record *r, size_t first, size_t end) {
  for (size_t i = first; i < end && i < r->len; i++)
    event_print(stderr, i, &r->events[i]);
}

/* Plays a scene and judges it; true: right. */
static bool play(uint64_t seed, fault_class fault, bool trace) {
  static record rec;
  outcome o;
  size_t at;
  scene_play(seed, fault, &rec, &o);
  const char *wrong = model_judge(&rec, &o, fault, &at);
  count_record(&rec);
  if (trace) {
    print_record(&rec, 0, rec.len);
    fprintf(stderr, "hash %016llx\n", (unsigned long long)o.hash);
  }
  if (!wrong) return true;
  if (!trace) print_record(&rec, at > 12 ? at - 12 : 0, at + 1);
  fprintf(stderr, "event %zu: %s\nreplay with --seed %llu --fault %s --trace\n", at, wrong,
          (unsigned long long)seed, fault_names[fault]);
  return false;
}

static unsigned play_many(uint64_t first, uint64_t count, fault_class fault) {
  unsigned wrong = 0;
  for (uint64_t seed = first; seed < first + count && wrong < 5; seed++)
    wrong += !play(seed, fault, false);
  return wrong;
}

static void scenes_go_as_the_model_says(void **state) {
  (void)state;
  assert_int_equal(play_many(1, SANITIZED ? SCENES_SANITIZED : SCENES, FAULT_NONE), 0);
}

/* Scenes in which nothing happens prove nothing. */
static void they_show_all_that_can_happen(void **state) {
  (void)state;
  static const troupe_dead_reason letters[] = {
      TROUPE_DEAD_NOPROC,       TROUPE_DEAD_STOPPED,     TROUPE_DEAD_CRASHED,
      TROUPE_DEAD_MAILBOX_FULL, TROUPE_DEAD_EXPIRED,     TROUPE_DEAD_NO_HANDLER,
      TROUPE_DEAD_LATE_REPLY,   TROUPE_DEAD_SENDER_GONE, TROUPE_DEAD_WOULD_DEADLOCK};
  static const int ends[] = {TROUPE_OK,        TROUPE_E_STOPPED,       TROUPE_E_CRASHED,
                             TROUPE_E_TIMEOUT, TROUPE_E_MAILBOX_FULL,  TROUPE_E_NO_HANDLER,
                             TROUPE_E_TOOL,    TROUPE_E_BROKEN_PROMISE};
  for (int i = 0; i < SCENE_TYPES; i++)
    if (i != SCENE_STUCK && seen[i] < LEAST)
      fail_msg("event %d: seen %u times", i, (unsigned)seen[i]);
  assert_true(circles >= 5); /* of two and more actors that wait for each other */
  for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
    assert_true(seen_dead[letters[i]] >= LEAST);
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
    assert_true(asks_ended[place_of(ends[i])] >= 5);
}

static void scenes_without_memory_go_as_the_model_says(void **state) {
  (void)state;
  assert_int_equal(play_many(1, SCENES_FAULTY, FAULT_ALLOCATION), 0);
}

static void scenes_with_kills_at_any_point_go_as_the_model_says(void **state) {
  (void)state;
  assert_int_equal(play_many(1, SCENES_FAULTY, FAULT_KILL), 0);
}

static void one_seed_gives_one_record(void **state) {
  (void)state;
  record first = {0}, again = {0};
  outcome o, p;
  uint64_t before = 0;
  for (uint64_t seed = 1; seed <= 200; seed++) {
    scene_play(seed, FAULT_NONE, &first, &o);
    void *pad = malloc(100 * seed); /* another heap */
    scene_play(seed, FAULT_NONE, &again, &p);
    free(pad);
    assert_true(o.hash == p.hash && o.hash != before);
    assert_int_equal(first.len, again.len);
    for (size_t i = 0; i < first.len; i++)
      assert_memory_equal(&first.events[i], &again.events[i], sizeof(event));
    before = o.hash;
  }
  record_free(&first);
  record_free(&again);
}

/* FAULT_CLASSES: there is none of that name. */
static fault_class fault_of(const char *name) {
  int i = 0;
  while (i < FAULT_CLASSES && strcmp(fault_names[i], name) != 0)
    i++;
  return (fault_class)i;
}

typedef struct options {
  uint64_t seed, from, count;
  fault_class fault;
  bool trace;
} options;

static bool parse(int argc, char **argv, options *o) {
  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : "";
    if (strcmp(argv[i], "--trace") == 0) {
      o->trace = true;
      continue;
    }
    if (strcmp(argv[i], "--seed") == 0)
      o->seed = strtoull(value, NULL, 0);
    else if (strcmp(argv[i], "--from") == 0)
      o->from = strtoull(value, NULL, 0);
    else if (strcmp(argv[i], "--count") == 0)
      o->count = strtoull(value, NULL, 0);
    else if (strcmp(argv[i], "--fault") == 0)
      o->fault = fault_of(value);
    else
      return false;
    i++;
  }
  return o->fault < FAULT_CLASSES;
}

int main(int argc, char **argv) {
  options o = {0};
  if (!parse(argc, argv, &o)) {
    fprintf(stderr,
            "usage: %s [--seed N [--trace] | --from N --count M] [--fault none|allocation|kill]\n",
            argv[0]);
    return 2;
  }
  if (o.seed) return !play(o.seed, o.fault, o.trace);
  if (o.count) return play_many(o.from, o.count, o.fault) != 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_seed_gives_one_record),
      cmocka_unit_test(scenes_go_as_the_model_says),
      cmocka_unit_test(they_show_all_that_can_happen),
      cmocka_unit_test(scenes_without_memory_go_as_the_model_says),
      cmocka_unit_test(scenes_with_kills_at_any_point_go_as_the_model_says),
  };
  return run_tests(tests);
}
