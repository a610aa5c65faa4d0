/* The outcome classes: the decision table, written down a second time. */
#include "tests/test.h"

#include "tools/outcome.h"

#include <errno.h>

typedef struct row {
  troupe_outcome outcome;
  const char *name;
  trp_retry_rule retry;
  trp_breaker_effect effect;
  uint32_t cost;
  bool not_executed;
} row;

static const row rows[] = {
    {TROUPE_OUTCOME_OK, "ok", TRP_RETRY_RULE_NEVER, TRP_BREAKER_EFFECT_SUCCESS, 0, false},
    {TROUPE_OUTCOME_TRANSIENT, "transient", TRP_RETRY_RULE_IF_SAFE, TRP_BREAKER_EFFECT_FAILURE, 1,
     false},
    {TROUPE_OUTCOME_TIMEOUT, "timeout", TRP_RETRY_RULE_IF_SAFE, TRP_BREAKER_EFFECT_FAILURE, 2,
     false},
    {TROUPE_OUTCOME_THROTTLED, "throttled", TRP_RETRY_RULE_AFTER_HINT, TRP_BREAKER_EFFECT_NONE, 1,
     true},
    {TROUPE_OUTCOME_PERMANENT, "permanent", TRP_RETRY_RULE_NEVER, TRP_BREAKER_EFFECT_SUCCESS, 0,
     false},
    {TROUPE_OUTCOME_CANCELLED, "cancelled", TRP_RETRY_RULE_NEVER, TRP_BREAKER_EFFECT_NONE, 0,
     false},
    {TROUPE_OUTCOME_REJECTED, "rejected", TRP_RETRY_RULE_IF_ASKED, TRP_BREAKER_EFFECT_NONE, 1,
     true},
};

static void each_class_decides_as_the_table_says(void **state) {
  (void)state;
  assert_int_equal(sizeof rows / sizeof rows[0], TRP_OUTCOME_COUNT);
  for (size_t i = 0; i < TRP_OUTCOME_COUNT; i++) {
    const row *r = &rows[i];
    assert_int_equal(r->outcome, i);
    assert_int_equal(trp_outcome_retry_rule(r->outcome), r->retry);
    assert_int_equal(trp_outcome_breaker_effect(r->outcome), r->effect);
    assert_int_equal(trp_outcome_retry_cost(r->outcome), r->cost);
    assert_int_equal(trp_outcome_proves_no_execution(r->outcome), r->not_executed);
  }
}

static void names_go_both_ways(void **state) {
  (void)state;
  for (size_t i = 0; i < TRP_OUTCOME_COUNT; i++) {
    troupe_outcome out = TROUPE_OUTCOME_OK;
    assert_string_equal(troupe_outcome_name(rows[i].outcome), rows[i].name);
    assert_true(trp_outcome_from_name(rows[i].name, &out));
    assert_int_equal(out, rows[i].outcome);
  }
}

static void other_names_are_refused_and_other_numbers_are_unknown(void **state) {
  (void)state;
  troupe_outcome out = TROUPE_OUTCOME_PERMANENT;
  assert_false(trp_outcome_from_name("OK", &out));
  assert_false(trp_outcome_from_name("", &out));
  assert_int_equal(out, TROUPE_OUTCOME_PERMANENT);
  assert_string_equal(troupe_outcome_name((troupe_outcome)TRP_OUTCOME_COUNT), "unknown");
}

static void shortage_and_lost_connections_are_transient_the_rest_is_permanent(void **state) {
  (void)state;
  static const int transient[] = {EIO,       EMFILE,      ENFILE,       ENOMEM,   EAGAIN,
                                  EINTR,     EBUSY,       ETIMEDOUT,    EPIPE,    ECONNREFUSED,
                                  ENOTCONN,  ECONNRESET,  ECONNABORTED, ENETDOWN, ENETUNREACH,
                                  EHOSTDOWN, EHOSTUNREACH};
  static const int permanent[] = {ENOENT, EACCES, EPERM, EINVAL, ENOSPC, EEXIST, 0};
  for (size_t i = 0; i < sizeof transient / sizeof transient[0]; i++) {
    assert_int_equal(troupe_outcome_of_errno(-transient[i]), TROUPE_OUTCOME_TRANSIENT);
  }
  for (size_t i = 0; i < sizeof permanent / sizeof permanent[0]; i++) {
    assert_int_equal(troupe_outcome_of_errno(-permanent[i]), TROUPE_OUTCOME_PERMANENT);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_class_decides_as_the_table_says),
      cmocka_unit_test(names_go_both_ways),
      cmocka_unit_test(other_names_are_refused_and_other_numbers_are_unknown),
      cmocka_unit_test(shortage_and_lost_connections_are_transient_the_rest_is_permanent),
  };
  return run_tests(tests);
}
