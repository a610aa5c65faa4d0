/* Heaps near their limits: collections come in time, and what is over ends the right actor. */
#include "tests/scripting/stage.h"

#include "scripting/limits.h"

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)

static void run_limited(stage *s, cast *c, const char *source, troupe_script_limits limits) {
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source = source;
  script.chunk_name = "test";
  script.limits = limits;
  memset(c, 0, sizeof *c);
  troupe_grants *g = cast_grants();
  script.grants = g;
  cast_start(s, c, &script);
  troupe_grants_unref(g);
  cast_end(c);
}

/* ---- the soft limit ------------------------------------------------------------------------ */

/* `fill(kib)` keeps that much alive, in small tables; `churn` makes this much garbage. */
static const char prelude[] =
    "local live = {} "
    "local function fill(kib) while collectgarbage 'count' < kib do live[#live + 1] = {#live} end "
    "end ";

typedef struct churn {
  const char *what;
  unsigned live_kib; /* kept meanwhile, as Lua counts it; its cells take a tenth more */
  const char *source;
} churn;

static const churn churns[] = {
    {"small tables", 14600, "for i = 1, 20000 do local t = {i, x = i} end"},
    {"strings", 14600, "for i = 1, 20000 do local s = 'a string of some length ' .. i end"},
    {"growing tables", 14600, "for i = 1, 300 do local t = {} for j = 1, 100 do t[j] = j end end"},
    {"large blocks", 14600, "for i = 1, 100 do local s = ('x'):rep(20000) .. i end"},
    {"mappings", 14000, "for i = 1, 30 do local s = ('x'):rep(200000) .. i end"},
    {"closures", 14600, "for i = 1, 20000 do local f = function() return i end end"},
    {"coroutines", 14600, "for i = 1, 2000 do coroutine.wrap(function() local t = {i} end)() end"},
    {"suspended coroutines", 14600,
     "for i = 1, 2000 do coroutine.wrap(function() coroutine.yield(i) end)() end"},
    {"all sizes", 14600,
     "for i = 1, 3000 do local s = ('y'):rep(i * 7 % 3000) local t = {} t[i % 40] = s end"},
    {"inside coroutines", 14600,
     "coroutine.wrap(function() coroutine.wrap(function() for i = 1, 20000 do "
     "local t = {i} end end)() end)()"},
    {"inside a comparator", 14600,
     "table.sort({3, 2, 1}, function(a, b) for i = 1, 20000 do local t = "
     "{i} end return a < b end)"},
    {"inside pcall", 14600, "for i = 1, 20000 do pcall(function() local t = {i} end) end"},
};

static void survives(const churn *c, bool alone) {
  stage s;
  cast churner, other;
  char source[1024];
  stage_start(&s, 1);
  snprintf(source, sizeof source, "%s fill(%u) %s assert(#live > 100000)", prelude, c->live_kib,
           c->source);
  if (!alone) { /* wants the worker at each tick, so collections give way half-way */
    troupe_script endless = TROUPE_SCRIPT_INIT;
    endless.source = "while true do end";
    endless.limits.cpu_ms_per_message = 60000;
    memset(&other, 0, sizeof other);
    cast_start(&s, &other, &endless);
  }
  run_limited(&s, &churner, source, (troupe_script_limits){.memory_bytes = 16 * MIB});
  if (churner.class_ != TROUPE_EXIT_NORMAL) print_error("%s:\n", c->what);
  expect_class(&churner, TROUPE_EXIT_NORMAL);
  if (!alone) assert_int_equal(troupe_kill(s.w.sys, other.pid), TROUPE_OK);
  stage_stop(&s);
}

static void a_healthy_actor_survives_steady_churn_near_its_limit(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof churns / sizeof *churns; i++)
    survives(&churns[i], true);
}

/* Much is taken in each single instruction, so not one may run before a collection is over. */
static void it_survives_where_others_want_the_worker(void **state) {
  (void)state;
  static const churn blocks = {
      "blocks", 14450,
      "local x = ('x'):rep(60000) for i = 1, 30 do "
      "local s = x .. i s = x .. i s = x .. i s = x .. i s = x .. i s = x .. i s = x .. i end"};
  survives(&blocks, false);
}

/* An endless churn near the limit collects for ever; it gives way all the same, and ends. */
static void a_collection_gives_way_and_is_ended_at_the_cpu_limit(void **state) {
  (void)state;
  stage s;
  cast c, other;
  char source[1024];
  stage_start(&s, 1);
  snprintf(source, sizeof source, "%s fill(14600) while true do local t = {} end", prelude);
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source = source;
  script.limits = (troupe_script_limits){.memory_bytes = 16 * MIB, .cpu_ms_per_message = 1000};
  memset(&c, 0, sizeof c);
  memset(&other, 0, sizeof other);
  cast_start(&s, &c, &script);
  /* On the same worker, with many slices of its own. */
  run_limited(&s, &other, "local t = require 'troupe' for i = 1, 50 do t.sleep(1) end",
              (troupe_script_limits){0});
  expect_class(&other, TROUPE_EXIT_NORMAL);
  cast_end(&c);
  expect_class(&c, TROUPE_EXIT_CPU_LIMIT);
  stage_stop(&s);
}

/* What is over the limit in one request ends the actor whatever a collection could have freed. */
static void the_hard_limit_stays_hard(void **state) {
  (void)state;
  static const char *const bombs[] = {
      "local t = {} while true do t[#t + 1] = {} end",
      "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
      "local s = 'x' while true do s = s .. s end",
      "pcall(string.rep, 'x', 1 << 30)",
      "local t = {} for i = 1, 1e9 do t[i] = i end",
      "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
      "local function f() return 1 + f() end while true do pcall(f) end",
  };
  for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
    stage s;
    cast c;
    stage_start(&s, 1);
    run_limited(&s, &c, bombs[i],
                (troupe_script_limits){.memory_bytes = 4 * MIB, .cpu_ms_per_message = 3000});
    expect_class(&c, TROUPE_EXIT_MEMORY_LIMIT);
    assert_non_null(strstr(c.reason, "memory_bytes is 4,194,304; it held "));
    stage_stop(&s);
  }
}

/* ---- what is kept outside of the heap ------------------------------------------------------ */

/* Tells that wait for room in a full mailbox: their messages are the sender's. */
static void parked_messages_count(void **state) {
  (void)state;
  stage s;
  cast c;
  stage_start(&s, 0);
  run_limited(&s, &c,
              "local t = require 'troupe' "
              "local to = t.spawn { source = [[local t = require 'troupe' t.sleep(60000)]], "
              "  mailbox = { messages = 1 } } "
              "to:tell 'first' "
              "local text = ('x'):rep(200000) "
              "for i = 1, 30 do t.after(1, function() to:tell('x', text) end) end "
              "t.sleep(3000) error 'not ended'",
              (troupe_script_limits){.memory_bytes = 4 * MIB});
  expect_class(&c, TROUPE_EXIT_MEMORY_LIMIT);
  assert_non_null(strstr(c.reason, "outside of its heap"));
  stage_stop(&s);
}

static void timers_and_asks_count(void **state) {
  (void)state;
  static const char *const sources[] = {
      "local t = require 'troupe' local f = function() end "
      "for i = 1, 20000 do t.after(60000, f) end error 'not ended'",
      "local t = require 'troupe' local me = t.self() "
      "for i = 1, 20000 do me:monitor() end error 'not ended'",
  };
  for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
    stage s;
    cast c;
    stage_start(&s, 0);
    troupe_script_limits limits = {.memory_bytes = 2 * MIB, .timers = 1000000, .monitors = 1000000};
    run_limited(&s, &c, sources[i], limits);
    expect_class(&c, TROUPE_EXIT_MEMORY_LIMIT);
    stage_stop(&s);
  }
}

/* Foreign bytes cannot end an actor: what it would have to keep is refused. */
static void kept_asks_are_refused_before_they_end_the_receiver(void **state) {
  (void)state;
  stage s;
  cast c;
  stage_start(&s, 0);
  run_limited(
      &s, &c,
      "local t = require 'troupe' "
      "local to = t.spawn { limits = { memory_bytes = 2 << 20 }, monitor = false, source = [[ "
      "  local t = require 'troupe' local kept = {} "
      "  while true do local m = t.receive() kept[#kept + 1] = m.ask m = nil end]] } "
      "local text, refused, late = ('x'):rep(100000), 0, 0 "
      "for i = 1, 60 do local ok, err = to:with{ timeout_ms = 10 }:try_ask('x', text) "
      "  if err.code == 'too_big' then refused = refused + 1 "
      "  else assert(err.code == 'timeout', err.code) late = late + 1 end end "
      "assert(refused > 20 and late > 5, refused .. ' ' .. late) "
      "assert(to:tell 'alive' == true)",
      (troupe_script_limits){0});
  expect_class(&c, TROUPE_EXIT_NORMAL);
  stage_stop(&s);
}

/* ---- who shares ---------------------------------------------------------------------------- */

/* Each may have 8 MiB, all together 4 MiB: the one that goes over it ends. */
static void a_subtree_is_bounded_as_a_whole(void **state) {
  (void)state;
  stage s;
  cast c;
  stage_start(&s, 0);
  run_limited(&s, &c,
              "local t = require 'troupe' local alive = {} "
              "local hold = { source = [[local t = require 'troupe' local x = ('x'):rep(1000000) "
              "  t.receive() assert(#x)]] } "
              "while true do "
              "  local ref, e = t.try_spawn(hold) "
              "  if not ref then "
              "    assert(#alive >= 2 and #alive < 4, #alive) "
              "    assert(e.message:find 'subtree_memory_bytes, 4,194,304, is used up', e.message) "
              "    break end "
              "  alive[#alive + 1] = ref end "
              "alive[1]:kill() t.sleep(10) "
              "assert(t.try_spawn(hold))", /* who has ended makes room again */
              (troupe_script_limits){.memory_bytes = 8 * MIB, .subtree_memory_bytes = 4 * MIB});
  expect_class(&c, TROUPE_EXIT_NORMAL);
  stage_stop(&s);
}

/* As its own limit does: what it is asked with is refused, and it goes on. */
static void a_message_does_not_use_up_the_subtree_s_memory(void **state) {
  (void)state;
  stage s;
  cast c;
  stage_start(&s, 0);
  run_limited(
      &s, &c,
      "local t = require 'troupe' "
      "local to = t.spawn { limits = { subtree_memory_bytes = 1 << 20 }, source = "
      "  [[local a = require 'troupe'.actor 'a' function a.on.x() return 1 end return a]] } "
      "local fit, refused = 0, 0 "
      "for size = 100000, 1000000, 25000 do "
      "  local ok, err = to:try_ask('x', ('y'):rep(size)) "
      "  if ok then fit = fit + 1 "
      "  else assert(err.code == 'too_big', err.code) refused = refused + 1 end end "
      "assert(fit > 5 and refused > 5, fit .. ' ' .. refused)",
      (troupe_script_limits){0});
  expect_class(&c, TROUPE_EXIT_NORMAL);
  stage_stop(&s);
}

static void a_hog_meets_the_system_s_memory_and_others_go_on(void **state) {
  (void)state;
  stage s;
  cast hog, other;
  stage_start_bounded(&s, 1, 16 * MIB);
  run_limited(&s, &hog, "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
              (troupe_script_limits){.memory_bytes = 1024 * MIB});
  expect_class(&hog, TROUPE_EXIT_MEMORY_LIMIT);
  assert_non_null(strstr(hog.reason, "the system's memory, 16,777,216 bytes, is used up"));
  run_limited(&s, &other, "local s = ('x'):rep(1000000) assert(#s == 1000000)",
              (troupe_script_limits){0});
  expect_class(&other, TROUPE_EXIT_NORMAL);
  troupe_stats stats;
  troupe_system_stats(s.w.sys, &stats);
  assert_true(stats.limits[TROUPE_LIMIT_SYSTEM_MEMORY] >= 1);
  stage_stop(&s);
}

/* A thousand mailboxes of 16 MiB in a system of 24 MiB: tells are refused, nobody ends. */
static void full_mailboxes_of_many_actors_refuse_tells(void **state) {
  (void)state;
  stage s;
  cast c;
  stage_start_bounded(&s, 0, 24 * MIB);
  run_limited(
      &s, &c,
      "local t = require 'troupe' local refs, text, refused = {}, ('x'):rep(500000), nil "
      "for i = 1, 100 do refs[i] = t.spawn { source = [[ "
      "  local t = require 'troupe' t.sleep(60000)]] } end "
      "for i = 1, 100 do local ok, why = refs[i]:tell('x', text) "
      "  if not ok then refused = why break end end "
      "assert(refused == 'no_memory', refused) "
      "local ok, e = t.try_spawn { source = 'return 1' } "
      "while ok do ok, e = t.try_spawn { source = 'local t = require [[troupe]] t.sleep(60000)' } "
      "end "
      "assert(e.code == 'limit' and e.message:find 'memory', e.message) "
      "for i = 1, 100 do assert(refs[i]:tell 'still there' or true) end "
      "assert(t.stats().dead.no_memory >= 1)",
      (troupe_script_limits){0});
  expect_class(&c, TROUPE_EXIT_NORMAL);
  stage_stop(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_healthy_actor_survives_steady_churn_near_its_limit),
      cmocka_unit_test(it_survives_where_others_want_the_worker),
      cmocka_unit_test(a_collection_gives_way_and_is_ended_at_the_cpu_limit),
      cmocka_unit_test(the_hard_limit_stays_hard),
      cmocka_unit_test(parked_messages_count),
      cmocka_unit_test(timers_and_asks_count),
      cmocka_unit_test(kept_asks_are_refused_before_they_end_the_receiver),
      cmocka_unit_test(a_subtree_is_bounded_as_a_whole),
      cmocka_unit_test(a_message_does_not_use_up_the_subtree_s_memory),
      cmocka_unit_test(a_hog_meets_the_system_s_memory_and_others_go_on),
      cmocka_unit_test(full_mailboxes_of_many_actors_refuse_tells),
  };
  return run_tests(tests);
}
