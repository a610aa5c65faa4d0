/* The model can fail: records of real scenes with one thing wrong in each are refused, for that. */
#include "tests/replay/model.h"

#define SEEDS 400
#define LEAST 20 /* records that each mutation must have been possible in */

static void insert(record *r, size_t at, event e) {
  record_add(r, &e);
  memmove(&r->events[at + 1], &r->events[at], (r->len - 1 - at) * sizeof e);
  r->events[at] = e;
}

static void erase(record *r, size_t at) {
  r->len--;
  memmove(&r->events[at], &r->events[at + 1], (r->len - at) * sizeof r->events[0]);
}

/* The first event of a type from `at` on; r->len: there is none. */
static size_t find(const record *r, size_t at, int type) {
  while (at < r->len && r->events[at].type != type)
    at++;
  return at;
}

static bool duplicate(record *r, int type) {
  size_t at = find(r, 0, type);
  if (at == r->len) return false;
  insert(r, at + 1, r->events[at]);
  return true;
}

/* ---- the mutations: each false when the record has no place for it ------------------------- */

static bool lose_a_message(record *r) {
  size_t at = find(r, 0, TRP_EVENT_HANDLED);
  if (at == r->len) return false;
  erase(r, at);
  return true;
}

/* One of those that are left when the system stops: nothing comes after it. */
static bool lose_a_letter(record *r) {
  for (size_t at = find(r, 0, SCENE_SYSTEM_STOP); at < r->len; at++) {
    if (r->events[at].type != TRP_EVENT_DEAD || r->events[at].id) continue;
    erase(r, at);
    return true;
  }
  return false;
}

static bool handle_twice(record *r) { return duplicate(r, TRP_EVENT_HANDLED); }

static bool is_normal(const record *r, uint32_t msg) {
  size_t at = find(r, 0, SCENE_TELL);
  while (at < r->len && r->events[at].msg != msg)
    at = find(r, at + 1, SCENE_TELL);
  return at < r->len && r->events[at].id == TROUPE_PRIORITY_NORMAL;
}

/* A later message from the same sender to the same receiver, accepted before `at`; 0: none. */
static uint32_t next_in_line(const record *r, size_t at) {
  const event *first = &r->events[at];
  uint32_t msg = 0;
  for (size_t i = 0; i < at; i++) {
    const event *e = &r->events[i];
    bool pair = e->who == first->who && e->with == first->with;
    if (e->type == TRP_EVENT_ACCEPTED && pair && e->msg > first->msg && is_normal(r, e->msg))
      msg = e->msg;
    if (e->type == TRP_EVENT_DELIVERED && e->msg == msg) msg = 0; /* gone already */
  }
  return msg;
}

/* Exchanges two messages of one sender from the delivery of the first on. */
static bool swap_two(record *r) {
  for (size_t at = 0; (at = find(r, at, TRP_EVENT_DELIVERED)) < r->len; at++) {
    uint32_t a = r->events[at].msg, b = is_normal(r, a) ? next_in_line(r, at) : 0;
    if (!b) continue;
    for (size_t i = at; i < r->len; i++) {
      event *e = &r->events[i];
      e->msg = e->msg == a ? b : e->msg == b ? a : e->msg;
    }
    return true;
  }
  return false;
}

static bool fire_early(record *r) {
  size_t at = find(r, 0, TRP_EVENT_TIMER);
  if (at == r->len) return false;
  for (size_t i = 0; i < at; i++) {
    event *e = &r->events[i];
    if (e->type == SCENE_SET_TIMER && e->who == r->events[at].who && e->id == r->events[at].id) {
      e->a += 100000;
      return true;
    }
  }
  return false;
}

static bool say_down_twice(record *r) { return duplicate(r, TRP_EVENT_DOWN); }
static bool name_twice(record *r) { return duplicate(r, TRP_EVENT_NAMED); }

static bool end_an_ask_twice(record *r) {
  size_t at = find(r, 0, TRP_EVENT_ASK_ENDED);
  while (at < r->len && r->events[at + 1].type != SCENE_RESUME) /* a player's, not the port's */
    at = find(r, at + 1, TRP_EVENT_ASK_ENDED);
  if (at == r->len) return false;
  insert(r, at + 1, r->events[at]);
  return true;
}

/* An answer becomes a timeout, though there was time left. */
static bool time_out_early(record *r) {
  for (size_t at = 0; (at = find(r, at, TRP_EVENT_ASK_ENDED)) < r->len; at++) {
    event *end = &r->events[at], *asked = NULL;
    for (size_t i = 1; i < at; i++)
      if (r->events[i].type == SCENE_ASKED && r->events[i].who == end->who &&
          r->events[i].id == end->id)
        asked = &r->events[i];
    if (!asked || end->code != TROUPE_OK) continue;
    size_t began = find(r, 0, SCENE_ASK);
    while (r->events[began].msg != asked->msg)
      began = find(r, began + 1, SCENE_ASK);
    r->events[began].b = UINT32_MAX;
    end->code = TROUPE_E_TIMEOUT;
    return true;
  }
  return false;
}

/* What a full mailbox has refused gets in. */
static bool exceed_the_bound(record *r) {
  for (size_t i = 1; i + 1 < r->len; i++) {
    event *before = &r->events[i - 1], *e = &r->events[i], *after = &r->events[i + 1];
    if (before->type != SCENE_TELL || before->who || after->type != SCENE_TOLD) continue;
    if (e->type != TRP_EVENT_DEAD || e->code != TROUPE_DEAD_MAILBOX_FULL) continue;
    for (size_t j = 0; j < i; j++) /* nobody waits there */
      if (r->events[j].type == TRP_EVENT_PARKED && r->events[j].who == e->who) return false;
    e->type = TRP_EVENT_ACCEPTED;
    e->code = after->code = 0;
    return true;
  }
  return false;
}

static bool lose_a_wake_up(record *r) {
  for (size_t at = 1; (at = find(r, at, TRP_EVENT_DELIVERED)) < r->len; at++) {
    if (r->events[at - 1].type != TRP_EVENT_SLICE) continue;
    insert(r, at - 1, (event){.type = SCENE_IDLE, .at_ns = r->events[at - 2].at_ns});
    return true;
  }
  return false;
}

static bool let_a_message_outrank_a_stop(record *r) {
  size_t at = find(r, 0, TRP_EVENT_DELIVERED);
  if (at == r->len) return false;
  insert(r, at,
         (event){.type = SCENE_STOP, .with = r->events[at].who, .at_ns = r->events[at].at_ns});
  return true;
}

static bool run_after_the_end(record *r) {
  size_t at = find(r, 0, SCENE_FINI);
  if (at == r->len) return false;
  insert(r, at + 1,
         (event){.type = SCENE_RESUME, .who = r->events[at].who, .at_ns = r->events[at].at_ns});
  return true;
}

static bool skip_a_generation(record *r) {
  for (size_t at = 0; (at = find(r, at, TRP_EVENT_STARTING)) < r->len; at++) {
    if (r->events[at].id < 2) continue;
    r->events[at].id++;
    return true;
  }
  return false;
}

static bool end_for_no_reason(record *r) {
  for (size_t at = 0; (at = find(r, at, TRP_EVENT_ENDED)) < r->len; at++) {
    if (r->events[at].code != TROUPE_EXIT_SHUTDOWN || r->events[at + 1].type != SCENE_FINI)
      continue;
    r->events[at].code = TROUPE_EXIT_ERROR;
    return true;
  }
  return false;
}

static const struct {
  const char *name;
  bool (*apply)(record *r);
  const char *refusal;
} mutations[] = {
    {"a message is lost", lose_a_message, NULL}, /* it is still in hand at whatever comes next */
    {"a dead letter is lost", lose_a_letter, "a message was lost without a trace"},
    {"a message is handled twice", handle_twice, "nobody had it in hand"},
    {"two messages change places", swap_two, "messages of one sender change their order"},
    {"a timer fires early", fire_early, "a tick before its time"},
    {"a second down", say_down_twice, NULL},
    {"a name has two owners", name_twice, "a name has two owners"},
    {"an ask ends twice", end_an_ask_twice, NULL},
    {"an ask times out early", time_out_early, "an ask ends with a wrong code"},
    {"the bound is exceeded", exceed_the_bound, "the mailbox is over its bound"},
    {"a wake-up is lost", lose_a_wake_up, NULL}, /* perhaps others are late there too */
    {"a message outranks a stop", let_a_message_outrank_a_stop, "a stop outranks messages"},
    {"it runs after its end", run_after_the_end, "it is called after its end"},
    {"a generation is skipped", skip_a_generation, "a generation begins out of turn"},
    {"it ends for no reason", end_for_no_reason, "the generation ends for a wrong reason"},
};
#define MUTATIONS (sizeof mutations / sizeof *mutations)

static void a_record_with_one_thing_wrong_is_refused(void **state) {
  (void)state;
  record right = {0}, wrong = {0};
  unsigned applied[MUTATIONS] = {0};
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    outcome o;
    size_t at;
    scene_play(seed, FAULT_NONE, &right, &o);
    for (size_t i = 0; i < MUTATIONS; i++) {
      record_clear(&wrong);
      for (size_t e = 0; e < right.len; e++)
        record_add(&wrong, &right.events[e]);
      if (!mutations[i].apply(&wrong)) continue;
      applied[i]++;
      const char *why = model_judge(&wrong, &o, FAULT_NONE, &at);
      if (!why || (mutations[i].refusal && strcmp(why, mutations[i].refusal) != 0))
        fail_msg("%s (seed %llu, event %zu): %s", mutations[i].name, (unsigned long long)seed, at,
                 why ? why : "the model finds nothing");
    }
  }
  for (size_t i = 0; i < MUTATIONS; i++)
    if (applied[i] < LEAST) fail_msg("%s: only in %u records", mutations[i].name, applied[i]);
  record_free(&right);
  record_free(&wrong);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_record_with_one_thing_wrong_is_refused),
  };
  return run_tests(tests);
}
