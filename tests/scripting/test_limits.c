/* The tables of limits: defaults, ranges, narrowing over any number of generations of children; and
 * what is not seen from a script alone. What scripts see of each limit: lua/limits.lua. */
#include "tests/scripting/stage.h"

#include <troupe/tool.h>

#include <time.h>

#include "actors/base/clock.h"
#include "actors/base/rand.h"
#include "scripting/limits.h"

/* The rows, to walk through them. */
typedef struct row {
  const char *name;
  size_t offset;
  uint64_t standard, least, most;
} row;
static const row rows[] = {
#define X(NAME, field, standard, least, most, what)                                                \
  {"limits." #field, offsetof(trp_limits, field), standard, least, most},
    TRP_LIMIT_MAP(X)
#undef X
#define X(field, path, standard) {path, offsetof(trp_limits, field), standard, 1, UINT32_MAX},
        TRP_BOUND_MAP(X)
#undef X
};
enum { ROWS = sizeof rows / sizeof *rows };

static uint64_t *at(trp_limits *l, size_t i) {
  return (uint64_t *)(void *)((char *)l + rows[i].offset);
}

static void what_is_not_said_has_its_default(void **state) {
  (void)state;
  trp_limits l = {0};
  trp_limits_complete(&l, NULL, UINT64_MAX);
  for (size_t i = 0; i < ROWS; i++) {
    assert_int_equal(*at(&l, i), rows[i].standard);
    assert_in_range(rows[i].standard, rows[i].least, rows[i].most);
  }
  l = (trp_limits){0};
  trp_limits_complete(&l, NULL, 1000);
  assert_int_equal(l.message_bytes, 1000); /* the system's own limit caps it */
}

static void each_limit_has_a_range_and_a_parent(void **state) {
  (void)state;
  for (size_t i = 0; i < ROWS; i++) {
    char text[TRP_LIMIT_TEXT] = "";
    trp_limits parent = {0}, child = {0};
    *at(&parent, i) = 10;
    trp_limits_complete(&parent, NULL, UINT64_MAX);
    for (uint64_t v = 9; v <= 11; v++) { /* under, at, over */
      *at(&child, i) = v;
      assert_int_equal(trp_limits_wider(&child, &parent, text, sizeof text), v > 10);
    }
    assert_non_null(strstr(text, rows[i].name));
    assert_non_null(strstr(text, "which is 10"));
    *at(&child, i) = 0;
    assert_false(trp_limits_wider(&child, &parent, text, sizeof text));
    trp_limits_complete(&child, &parent, UINT64_MAX);
    assert_int_equal(*at(&child, i), 10);

    trp_limits l = {0};
    *at(&l, i) = rows[i].most;
    assert_false(trp_limits_outside(&l, text, sizeof text));
    *at(&l, i) = rows[i].most + 1;
    bool has_range = strncmp(rows[i].name, "limits.", 7) == 0; /* the kernel checks the others */
    assert_int_equal(trp_limits_outside(&l, text, sizeof text), has_range);
    if (has_range) assert_non_null(strstr(text, rows[i].name));
  }
}

static void each_counted_limit_has_a_sentence(void **state) {
  (void)state;
  trp_limits l = {0};
  trp_limits_complete(&l, NULL, UINT64_MAX);
#define X(NAME, field, standard, least, most, what) TROUPE_LIMIT_##NAME,
  static const troupe_limit counted[] = {TRP_LIMIT_MAP(X)};
#undef X
  for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
    char text[TRP_LIMIT_TEXT], start[64];
    trp_limits_say(&l, counted[i], text, sizeof text);
    snprintf(start, sizeof start, "limits.%s: no more than ", troupe_limit_name(counted[i]));
    assert_memory_equal(text, start, strlen(start));
  }
  assert_string_equal(troupe_limit_name(TROUPE_LIMIT_COUNT), "unknown");
}

/* Whatever is asked for, over whatever number of levels: nobody has more than any of its ancestors.
 */
static void nothing_ever_grows_on_the_way_down(void **state) {
  (void)state;
  trp_rand rand;
  trp_rand_init(&rand, 20);
  for (int round = 0; round < 2000; round++) {
    trp_limits chain[6] = {0};
    for (int depth = 0; depth < 6; depth++) {
      trp_limits *l = &chain[depth], *parent = depth ? &chain[depth - 1] : NULL;
      for (size_t i = 0; i < ROWS; i++) {
        uint64_t most = parent ? *at(parent, i) : rows[i].most;
        if (trp_rand_below(&rand, 2)) *at(l, i) = 1 + trp_rand_below(&rand, most + most / 4 + 1);
      }
      char text[TRP_LIMIT_TEXT];
      if (parent && trp_limits_wider(l, parent, text, sizeof text)) *l = (trp_limits){0};
      trp_limits_complete(l, parent, UINT64_MAX);
      for (size_t i = 0; parent && i < ROWS; i++)
        assert_true(*at(l, i) >= 1 && *at(l, i) <= *at(parent, i));
    }
  }
}

/* A guard is not for a host to remove either. */
static void a_host_is_held_to_the_range(void **state) {
  (void)state;
  stage s;
  char msg[256] = "";
  troupe_pid pid;
  stage_start(&s, 0);
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source = "return 1";
  script.msg = msg;
  script.msg_len = sizeof msg;
  script.limits.load_bytes = (64 << 10) + 1;
  assert_int_equal(troupe_spawn_script(s.w.sys, &pid, &script), TROUPE_E_INVALID);
  assert_string_equal(msg, "limits.load_bytes is at most 65536");
  script.limits.load_bytes = 64 << 10;
  assert_int_equal(troupe_spawn_script(s.w.sys, &pid, &script), TROUPE_OK);
  stage_stop(&s);
}

static void the_size_of_sources_is_the_systems(void **state) {
  (void)state;
  for (int wanted = 0; wanted <= 1; wanted++) {
    troupe_config cfg = TROUPE_CONFIG_INIT;
    troupe_system *sys;
    char msg[256] = "", text[100];
    cfg.workers = 0;
    cfg.max_source_bytes = wanted ? 50 : 0;
    assert_int_equal(troupe_system_start(&sys, &cfg), TROUPE_OK);
    troupe_script script = TROUPE_SCRIPT_INIT;
    memset(text, '-', sizeof text);
    script.source = text;
    script.msg = msg;
    script.msg_len = sizeof msg;
    for (size_t len = 49; len <= 51; len++) {
      script.source_len = len;
      int err = troupe_check_script(sys, &script);
      assert_int_equal(err, wanted && len > 50 ? TROUPE_E_SCRIPT : TROUPE_OK);
    }
    if (wanted)
      assert_string_equal(msg, "script: too large: the text of a script has at most 50 bytes");
    troupe_stats stats;
    troupe_system_stats(sys, &stats);
    assert_int_equal(stats.limits[TROUPE_LIMIT_SOURCE_BYTES], wanted);
    assert_int_equal(troupe_system_stop(sys, 1000), TROUPE_OK);
    troupe_system_free(sys);
  }
}

static void actors_are_counted_when_there_are_too_many(void **state) {
  (void)state;
  stage s;
  cast c;
  stage_start(&s, 0);
  cast_run(&s, &c,
           "local troupe = require 'troupe' local code\n"
           "local before = troupe.stats().limits.max_actors\n"
           "local source = \"local a = require 'troupe'.actor 'a' return a\"\n"
           "for i = 1, 500 do assert(troupe.spawn { source = source }) end\n"
           "local _, e = troupe.try_spawn { source = source }\n"
           "assert(e.code == 'limit' and e.message:find 'permissions.spawn', e.message)\n"
           "assert(troupe.stats().limits.spawn == 1)");
  expect_class(&c, TROUPE_EXIT_NORMAL);
  stage_stop(&s);
  world w;
  world_start(&w); /* with 4,096 actors at most */
  static probe p;
  troupe_spawn_opts o = probe_opts(&p);
  troupe_pid pid;
  int err;
  while ((err = troupe_spawn(w.sys, &pid, &o)) == TROUPE_OK) {
  }
  assert_int_equal(err, TROUPE_E_LIMIT);
  troupe_stats stats;
  troupe_system_stats(w.sys, &stats);
  assert_int_equal(stats.limits[TROUPE_LIMIT_MAX_ACTORS], 1);
  world_stop(&w);
}

static _Atomic bool released;
static void hold(troupe_call *call, void *user) {
  (void)user;
  while (!released)
    usleep(1000);
  troupe_call_finish(call, NULL, 0);
}
static void release(troupe_call *call, void *user) {
  (void)user;
  released = true;
  troupe_call_finish(call, NULL, 0);
}

static void open_calls_are_counted(void **state) {
  (void)state;
  stage s;
  cast c;
  stage_start(&s, 2);
  const troupe_tool_ops hold_ops = {.size = sizeof hold_ops, .run = hold};
  const troupe_tool_ops release_ops = {.size = sizeof release_ops, .run = release};
  const troupe_tool_policy policy = {.size = sizeof policy};
  released = false;
  assert_int_equal(troupe_tool_register(s.w.sys, "echo", &hold_ops, NULL, &policy, NULL, 0), 0);
  assert_int_equal(troupe_tool_register(s.w.sys, "broken", &release_ops, NULL, &policy, NULL, 0),
                   0);
  cast_run(
      &s, &c,
      "local troupe = require 'troupe'\n"
      "local t = troupe.spawn { limits = { calls = 2 }, permissions = { tools = { 'echo' } },\n"
      "  source = [[local troupe = require 'troupe'\n"
      "  local a = troupe.actor('calls', { reentrant = true })\n"
      "  function a:init() self.done = 0 end\n"
      "  function a.on:call() local v, e = troupe.try_call 'echo'\n"
      "    if e then self.last = e else self.done = self.done + 1 end end\n"
      "  function a.on:state() return { self.done, self.last and self.last.code,\n"
      "    self.last and self.last.message } end\n"
      "  return a]] }\n"
      "t:tell 'call' t:tell 'call'\n"
      "local s = t:ask 'state' assert(s[1] == 0 and s[2] == nil)\n"
      "t:tell 'call'\n"
      "s = t:ask 'state'\n"
      "assert(s[2] == 'limit' and s[3]:find('limits.calls: no more than 2 open', 1, true))\n"
      "assert(troupe.stats().limits.calls == 1)\n"
      "troupe.call 'broken'\n"
      "repeat troupe.sleep(1) until t:ask 'state'[1] == 2\n"
      "t:tell 'call'\n"
      "repeat troupe.sleep(1) until t:ask 'state'[1] == 3");
  expect_class(&c, TROUPE_EXIT_NORMAL);
  stage_stop(&s);
}

static void an_end_by_a_limit_is_counted_and_says_why(void **state) {
  (void)state;
  stage s;
  cast c;
  stage_start(&s, 1);
  cast_run(&s, &c,
           "local troupe = require 'troupe'\n"
           "local function ends(limits, source)\n"
           "  troupe.spawn { limits = limits, monitor = true,\n"
           "    source = 'require \"troupe\".sleep(1) ' .. source }\n"
           "  return troupe.receive()[2]\n"
           "end\n"
           "local why = ends({ cpu_ms_per_message = 20 }, 'while true do end')\n"
           "assert(why.class == 'cpu_limit' and why.reason:find 'more than 20 ms', why.reason)\n"
           "why = ends({ memory_bytes = 1 << 20 }, 'local t = {} for i = 1, 1e9 do t[i] = i end')\n"
           "assert(why.class == 'memory_limit')\n"
           "local limits = troupe.stats().limits\n"
           "assert(limits.cpu_ms_per_message == 1 and limits.memory_bytes == 1)");
  expect_class(&c, TROUPE_EXIT_NORMAL);
  stage_stop(&s);
}

static uint64_t ns_of(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * TRP_NS_PER_S + (uint64_t)t.tv_nsec;
}

/* Alone, and with children that compute as well: a tenth of a core, all together. */
static void endless_scripts_get_their_share(void **state) {
  (void)state;
  for (int children = 0; children <= 3; children += 3) {
    stage s;
    cast c;
    stage_start(&s, 2);
    troupe_script script = TROUPE_SCRIPT_INIT;
    char source[256];
    snprintf(source, sizeof source,
             "local t = require 'troupe' for i = 1, %d do t.spawn { source = "
             "'require \"troupe\".sleep(0) while true do end' } end while true do end",
             children);
    script.source = source;
    script.name = "endless";
    script.limits.cpu_ms_per_s = 100;
    script.limits.cpu_ms_per_message = 60000;
    troupe_grants *g = cast_grants();
    script.grants = g;
    memset(&c, 0, sizeof c);
    cast_start(&s, &c, &script);
    troupe_grants_unref(g);
    usleep(300000);
    uint64_t wall = ns_of(CLOCK_MONOTONIC), cpu = ns_of(CLOCK_PROCESS_CPUTIME_ID);
    usleep(2000000);
    wall = ns_of(CLOCK_MONOTONIC) - wall;
    cpu = ns_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    troupe_stats stats;
    troupe_system_stats(s.w.sys, &stats);
    uint64_t waits = stats.limits[TROUPE_LIMIT_CPU_MS_PER_S];
    print_message("%d endless, 100 ms in a second: %.1f %% of a core, %llu waits\n", children + 1,
                  100.0 * (double)cpu / (double)wall, (unsigned long long)waits);
    assert_true(cpu * 1000 / wall <= 150); /* how much less a busy machine decides */
    assert_true(waits > 0);
    assert_int_equal(troupe_kill(s.w.sys, troupe_whereis(s.w.sys, "endless")), TROUPE_OK);
    cast_end(&c);
    expect_class(&c, TROUPE_EXIT_KILLED);
    stage_stop(&s);
  }
}

/* What a held script misses: nothing, only time. */
static void a_throttled_script_answers_in_the_end(void **state) {
  (void)state;
  stage s;
  cast c;
  stage_start(&s, 2);
  cast_run(&s, &c,
           "local troupe = require 'troupe'\n"
           "local slow = troupe.spawn { limits = { cpu_ms_per_s = 50 }, source = [[\n"
           "  local troupe = require 'troupe'\n"
           "  local a = troupe.actor 'slow'\n"
           "  function a.on:work() local n = 0 for i = 1, 3e5 do n = n + i end return n end\n"
           "  return a]] }\n"
           "for i = 1, 20 do assert(slow:ask 'work' == 45000150000) end\n"
           "slow:stop()");
  expect_class(&c, TROUPE_EXIT_NORMAL);
  stage_stop(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_not_said_has_its_default),
      cmocka_unit_test(each_limit_has_a_range_and_a_parent),
      cmocka_unit_test(each_counted_limit_has_a_sentence),
      cmocka_unit_test(nothing_ever_grows_on_the_way_down),
      cmocka_unit_test(a_host_is_held_to_the_range),
      cmocka_unit_test(the_size_of_sources_is_the_systems),
      cmocka_unit_test(actors_are_counted_when_there_are_too_many),
      cmocka_unit_test(open_calls_are_counted),
      cmocka_unit_test(endless_scripts_get_their_share),
      cmocka_unit_test(a_throttled_script_answers_in_the_end),
      cmocka_unit_test(an_end_by_a_limit_is_counted_and_says_why),
  };
  return run_tests(tests);
}
