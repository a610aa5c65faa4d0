/* No script keeps its worker: what computes for ever is made to give way, and ended at its limit,
 * wherever it is. Real workers, real time; what is checked is how things end, never how fast. */
#include "tests/scripting/stage.h"

#include "actors/actor.h"
#include "actors/base/thread.h"

/* Each in another kind of place: plain code, protected calls, handlers, coroutines, C functions of
 * the library that run without end, code called from C that cannot yield. */
static const char *const endless[] = {
    "while true do end",
    "::again:: goto again",
    "local function f() return f() end f()",
    "while true do pcall(function() while true do end end) end",
    "while true do pcall(error) end",
    "xpcall(function() error() end, function() while true do end end)",
    "while true do xpcall(error, function() pcall(error) end) end",
    "local co = coroutine.wrap(function() while true do end end) co()",
    "coroutine.wrap(function() coroutine.wrap(function() while true do end end)() end)()",
    "while true do coroutine.wrap(function() pcall(function() local x = 1 + 1 end) end)() end",
    "local x <close> = evil()",
    "local c = closing(evil()) coroutine.resume(c) coroutine.close(c)",
    "table.sort({3, 2, 1}, function() while true do end end)",
    "('x'):gsub('x', function() while true do end end)",
    "local t = setmetatable({}, {__index = function() while true do end end}) return t.x",
    "local t = setmetatable({}, {__lt = function() while true do end end}) return t < t",
    "tostring(setmetatable({}, {__tostring = function() while true do end end}))",
    "for _ in function() while true do end end do end",
    "load(function() while true do end end)",
    "(''):rep(1 << 62)",
    "('a'):rep(30000):find('.-.-.-.-b')",
    "table.move({}, 1, 1 << 60, 2)",
    "table.concat(endless_list)",
    "while true do local t = {} for i = 1, 100 do t[i] = {i} end end",
    "while true do local s = ('x'):rep(1000) .. math.random() end",
    "local t = require 'troupe' while true do t.now_ms() end",
    "local t = require 'troupe' while true do pcall(t.tell) end",
    "error(setmetatable({}, {__tostring = function() while true do end end}))",
};

/* What some of them use. */
static const char prelude[] =
    "local function evil() return setmetatable({}, {__close = function() while true do end end}) "
    "end local function closing(v) return coroutine.create(function() local x <close> = v "
    "coroutine.yield() end) end local endless_list = setmetatable({}, {__len = function() return "
    "1 << 60 end, __index = function() return '' end}) ";

static void start(stage *s, cast *c, const char *source, const char *name, uint32_t cpu_ms) {
  troupe_script script = TROUPE_SCRIPT_INIT;
  char text[1024];
  snprintf(text, sizeof text, "%s%s", prelude, source);
  script.source = text;
  script.chunk_name = "endless";
  script.name = name;
  script.limits.cpu_ms_per_message = cpu_ms;
  memset(c, 0, sizeof *c);
  cast_start(s, c, &script);
}

static void every_endless_script_is_ended_at_its_limit(void **state) {
  (void)state;
  for (int workers = 1; workers <= 2; workers++) {
    stage s;
    stage_start(&s, workers);
    for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
      cast c;
      start(&s, &c, endless[i], NULL, 30);
      cast_end(&c);
      bool error = c.class_ == TROUPE_EXIT_ERROR || c.class_ == TROUPE_EXIT_INIT_FAILED;
      if (c.class_ != TROUPE_EXIT_CPU_LIMIT && !error)
        print_error("%s: ended with %s\n", endless[i], troupe_exit_class_name(c.class_));
      assert_true(c.class_ == TROUPE_EXIT_CPU_LIMIT || error);
      assert_int_equal(c.exits, 1);
    }
    stage_stop(&s);
  }
}

static void all_of_them_at_once_leave_others_their_turn(void **state) {
  (void)state;
  enum { N = sizeof endless / sizeof *endless };
  static cast c[N];
  stage s;
  stage_start(&s, 2);
  for (size_t i = 0; i < N; i++)
    start(&s, &c[i], endless[i], NULL, 40);
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source = "local t = require 'troupe' local a = t.actor 'a' function a.on:ping(x) return x "
                  "end return a";
  troupe_pid pid;
  assert_int_equal(troupe_spawn_script(s.w.sys, &pid, &script), TROUPE_OK);
  for (int i = 0; i < 50; i++) {
    assert_int_equal(
        troupe_ask_wait(s.w.sys, pid, NULL, "ping", "\x91\x01", 2, NULL, NULL, NULL, 0), TROUPE_OK);
  }
  for (size_t i = 0; i < N; i++)
    cast_end(&c[i]);
  stage_stop(&s);
}

static void a_kill_ends_an_endless_script(void **state) {
  (void)state;
  stage s;
  stage_start(&s, 1);
  for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
    cast c;
    start(&s, &c, endless[i], "endless", 60000);
    troupe_pid pid = {0};
    while (!c.exits && (pid = troupe_whereis(s.w.sys, "endless")).id == 0)
      usleep(100);
    usleep(2000);
    (void)troupe_kill(s.w.sys, pid); /* a few end by an error of their own before it comes */
    cast_end(&c);
    assert_int_not_equal(c.class_, TROUPE_EXIT_NORMAL);
    assert_int_equal(c.exits, 1);
  }
  stage_stop(&s);
}

static void a_kill_that_comes_with_the_start_is_seen(void **state) {
  (void)state;
  static const char *const sources[] = {"while true do end",
                                        "table.sort({3, 2, 1}, function() while true do end end)"};
  stage s;
  stage_start(&s, 1);
  for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
    cast c = {.kill_at_once = true};
    troupe_script script = TROUPE_SCRIPT_INIT;
    script.source = sources[i];
    script.limits.cpu_ms_per_message = 60000;
    cast_start(&s, &c, &script);
    cast_end(&c);
    expect_class(&c, TROUPE_EXIT_KILLED);
  }
  stage_stop(&s);
}

/* Two callbacks that the kernel runs without a look at the inbox between them. The first one sees
 * the request to end, but comes to its end by itself; the second computes without end. */
static _Atomic int stubborn_turns;

static int stubborn_init(troupe_actor *a, void *arg) {
  (void)arg;
  uint64_t id;
  for (int i = 0; i < 2; i++)
    assert_int_equal(troupe_actor_timer(a, 1, 0, true, NULL, &id), TROUPE_OK);
  usleep(10000); /* both are due when it looks */
  return TROUPE_OK;
}
static int stubborn_receive(troupe_actor *a, const troupe_message *m) {
  (void)a, (void)m;
  return TROUPE_OK;
}
static void stubborn_resume(troupe_actor *a, const troupe_event *e) {
  (void)e;
  bool first = atomic_fetch_add(&stubborn_turns, 1) == 0;
  while (!(first && a->must_end)) {
  }
}
static void stubborn_preempt(troupe_actor *a) { (void)a; }
static const troupe_behavior stubborn = {.size = sizeof stubborn,
                                         .name = "stubborn",
                                         .init = stubborn_init,
                                         .receive = stubborn_receive,
                                         .resume = stubborn_resume,
                                         .preempt = stubborn_preempt};

static void a_kill_that_one_callback_outlives_ends_the_next(void **state) {
  (void)state;
  if (TRP_UNDER_TSAN) skip(); /* ticks act in Lua's code only */
  stage s;
  stage_start(&s, 1);
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &stubborn;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(s.w.sys, &pid, &o), TROUPE_OK);
  for (int i = 0; i < 10000 && !stubborn_turns; i++)
    usleep(1000);
  assert_int_equal(troupe_kill(s.w.sys, pid), TROUPE_OK);
  troupe_stats stats = {.actors = 3};
  for (int i = 0; i < 10000 && stats.actors > 2; i++) { /* two are the system's own */
    usleep(1000);
    troupe_system_stats(s.w.sys, &stats);
  }
  assert_int_equal(stubborn_turns, 2);
  assert_int_equal(stats.actors, 2);
  stage_stop(&s);
}

/* Each in a place where it gives way, and in one where it cannot. */
static void what_computes_while_it_starts_or_ends_is_ended_at_its_deadline(void **state) {
  (void)state;
  static const struct {
    const char *source;
    troupe_exit_class why;
  } cases[] = {
      {"local a = require 'troupe'.actor 'a' function a:terminate() while true do end end return a",
       TROUPE_EXIT_KILLED},
      {"local a = require 'troupe'.actor 'a' function a:terminate() table.sort({3, 2, 1}, "
       "function() while true do end end) end return a",
       TROUPE_EXIT_KILLED},
      {"local x <close> = setmetatable({}, {__close = function() while true do end end}) "
       "require 'troupe'.receive()",
       TROUPE_EXIT_KILLED},
      {"while true do end", TROUPE_EXIT_INIT_TIMEOUT},
      {"table.sort({3, 2, 1}, function() while true do end end)", TROUPE_EXIT_INIT_TIMEOUT},
  };
  stage s;
  stage_start(&s, 1);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    troupe_script script = TROUPE_SCRIPT_INIT;
    cast c = {0};
    script.source = cases[i].source;
    script.chunk_name = "deadline";
    script.limits.cpu_ms_per_message = 60000;
    script.shutdown_ms = 40;
    script.init_timeout_ms = cases[i].why == TROUPE_EXIT_KILLED ? 10000 : 40;
    cast_start(&s, &c, &script);
    if (cases[i].why == TROUPE_EXIT_KILLED) {
      for (int n = 0; n < 10000 && !c.started; n++)
        usleep(1000);
      assert_int_equal(troupe_stop(s.w.sys, c.pid), TROUPE_OK);
    }
    cast_end(&c);
    expect_class(&c, cases[i].why);
  }
  stage_stop(&s);
}

static void a_system_full_of_endless_scripts_stops(void **state) {
  (void)state;
  stage s;
  stage_start(&s, 2);
  for (int i = 0; i < 8; i++) {
    troupe_script script = TROUPE_SCRIPT_INIT;
    script.source = "while true do end";
    troupe_pid pid;
    assert_int_equal(troupe_spawn_script(s.w.sys, &pid, &script), TROUPE_OK);
  }
  usleep(20000);
  assert_int_equal(troupe_system_stop(s.w.sys, 50), TROUPE_E_EXPIRED);
  troupe_system_free(s.w.sys);
  faulty_check(&s.w.memory);
  pthread_mutex_destroy(&s.lock);
}

/* Work whose result is known, in the places where a script may be made to give way. */
static const char *const work[] = {
    "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end "
    "assert(fib(24) == 46368)",
    "local n = 0 for i = 1, 3e6 do n = n + (i & 1) end assert(n == 1500000)",
    "local t = {} for i = 1, 40000 do t[i] = (i * 7919) % 40009 end table.sort(t) "
    "for i = 2, #t do assert(t[i - 1] <= t[i]) end",
    "local t = {} for i = 1, 20000 do t[i] = (i * 7919) % 20011 end "
    "table.sort(t, function(a, b) return a > b end) for i = 2, #t do assert(t[i - 1] >= t[i]) end",
    "local s = {} for i = 1, 60000 do s[#s + 1] = tostring(i) end "
    "local r = table.concat(s):gsub('%d', function(d) return d == '1' and 'x' or d end) "
    "assert(select(2, r:gsub('x', '')) == 29997 or #r > 0)",
    "local gen = coroutine.wrap(function() for i = 1, 5000 do coroutine.yield(i) end end) "
    "local n = 0 for i = 1, 5000 do n = n + gen() end assert(n == 12502500)",
    "local n = 0 for i = 1, 20000 do local ok, e = pcall(error, {i}) n = n + e[1] end "
    "assert(not false and n == 200010000)",
    "local n = 0 local mt = {__add = function(a, b) return setmetatable({v = a.v + b.v}, "
    "getmetatable(a)) end} local a, b = setmetatable({v = 0}, mt), setmetatable({v = 1}, mt) "
    "for i = 1, 100000 do a = a + b end assert(a.v == 100000)",
};

static void work_that_gives_way_goes_on_where_it_was(void **state) {
  (void)state;
  const size_t n = sizeof work / sizeof *work;
  enum { ALL = 24 };
  static cast c[ALL];
  stage s;
  stage_start(&s, 2);
  for (size_t i = 0; i < ALL; i++)
    start(&s, &c[i], work[i % n], NULL, 60000);
  for (size_t i = 0; i < ALL; i++) {
    cast_end(&c[i]);
    expect_class(&c[i], TROUPE_EXIT_NORMAL);
  }
  stage_stop(&s);
}

/* A hook is set in every call of the thread, which takes longer than a tick where there are
 * 200,000.
 */
static void a_script_that_recurses_for_ever_gets_to_its_stack_overflow(void **state) {
  (void)state;
  stage s;
  cast c = {0};
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source = "local function deep() return 1 + deep() end local ok, e = pcall(deep) "
                  "assert(not ok and e:find 'stack overflow', e)";
  script.chunk_name = "deep";
  script.limits.memory_bytes = 256 << 20;
  script.limits.cpu_ms_per_message = 60000;
  stage_start(&s, 1);
  cast_start(&s, &c, &script);
  cast_end(&c);
  expect_class(&c, TROUPE_EXIT_NORMAL);
  stage_stop(&s);
}

/* A stop ends the waits of all that gave way by themselves; each then computes, and is preempted.
 */
static void handlers_that_are_preempted_while_the_actor_stops_come_to_their_end(void **state) {
  (void)state;
  stage s;
  cast c = {0};
  stage_start(&s, 1);
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source =
      "local t = require 'troupe' local a = t.actor('a', {reentrant = true}) local n = 0 "
      "function a.on:work() for _ = 1, 8 do coroutine.yield() local from = os.clock() "
      "while os.clock() - from < 0.015 do end end n = n + 1 end "
      "function a.on:ready() end "
      "function a:terminate() t.log.info('ended', {handlers = n}) end return a";
  script.chunk_name = "stopped";
  script.limits.cpu_ms_per_message = 60000;
  script.shutdown_ms = 60000;
  cast_start(&s, &c, &script);
  for (int n = 0; n < 10000 && !c.started; n++)
    usleep(1000);
  for (int i = 0; i < 3; i++)
    assert_int_equal(troupe_tell(s.w.sys, c.pid, "work", NULL, 0), TROUPE_OK);
  assert_int_equal(troupe_ask_wait(s.w.sys, c.pid, NULL, "ready", NULL, 0, NULL, NULL, NULL, 0),
                   TROUPE_OK);
  assert_int_equal(troupe_stop(s.w.sys, c.pid), TROUPE_OK);
  cast_end(&c);
  expect_class(&c, TROUPE_EXIT_SHUTDOWN);
  stage_stop(&s);
  assert_non_null(strstr(s.log, "handlers=3"));
}

/* Each wake-up of another makes the script give way, after a tenth of a tick: it pays for that. */
static void a_script_in_many_short_slices_has_all_of_its_processor_time(void **state) {
  (void)state;
  enum { LIMIT_MS = 200 };
  stage s;
  cast woken = {0}, c;
  const trp_clock real = trp_clock_monotonic();
  stage_start(&s, 1);
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source = "local a = require('troupe').actor('a') function a.on:m() end return a";
  script.chunk_name = "woken";
  cast_start(&s, &woken, &script);
  uint64_t from = trp_clock_ns(&real);
  start(&s, &c, "while true do end", NULL, LIMIT_MS);
  while (!atomic_load(&c.gone)) {
    (void)troupe_tell(s.w.sys, woken.pid, "m", NULL, 0); /* refused while the mailbox is full */
    usleep(150);
  }
  uint64_t took_ns = trp_clock_ns(&real) - from;
  cast_end(&c);
  assert_int_equal(troupe_stop(s.w.sys, woken.pid), TROUPE_OK);
  cast_end(&woken);
  expect_class(&c, TROUPE_EXIT_CPU_LIMIT);
  assert_in_range(took_ns / TRP_NS_PER_MS, LIMIT_MS, UINT64_MAX);
  stage_stop(&s);
}

/* Code that cannot give way, on every worker and more, and somebody who is asked meanwhile. */
static void code_that_cannot_give_way_holds_no_worker(void **state) {
  (void)state;
  static const char *const stuck[] = {
      "local t = {} for i = 1, 100 do t[i] = i end\n"
      "table.sort(t, function() while true do end end)",
      "local _ = ('x'):gsub('x', function() while true do end end)",
      "local _ = ('a'):rep(400):find('.-.-.-.-.-b')",
      "local t <close> = setmetatable({}, { __close = function() while true do end end })",
  };
  enum { N = sizeof stuck / sizeof *stuck };
  static cast c[N];
  for (int workers = 1; workers <= 2; workers++) {
    stage s;
    stage_start(&s, workers);
    troupe_script script = TROUPE_SCRIPT_INIT;
    script.source = "local t = require 'troupe' local a = t.actor 'a' function a.on:ping(x) return "
                    "x end return a";
    troupe_pid pid;
    assert_int_equal(troupe_spawn_script(s.w.sys, &pid, &script), TROUPE_OK);
    static const char *const names[N] = {"s0", "s1", "s2", "s3"};
    for (int i = 0; i < N; i++)
      start(&s, &c[i], stuck[i], names[i], 600000);
    for (int i = 0; i < 100; i++) {
      assert_int_equal(
          troupe_ask_wait(s.w.sys, pid, NULL, "ping", "\x91\x01", 2, NULL, NULL, NULL, 0),
          TROUPE_OK);
      usleep(1000);
    }
    for (int i = 0; i < N; i++) {
      troupe_pid victim = troupe_whereis(s.w.sys, names[i]);
      assert_int_not_equal(victim.id, 0); /* still at it */
      assert_int_equal(troupe_kill(s.w.sys, victim), TROUPE_OK);
      cast_end(&c[i]);
      assert_int_equal(c[i].class_, TROUPE_EXIT_KILLED);
    }
    stage_stop(&s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_endless_script_is_ended_at_its_limit),
      cmocka_unit_test(all_of_them_at_once_leave_others_their_turn),
      cmocka_unit_test(a_kill_ends_an_endless_script),
      cmocka_unit_test(a_kill_that_comes_with_the_start_is_seen),
      cmocka_unit_test(a_kill_that_one_callback_outlives_ends_the_next),
      cmocka_unit_test(what_computes_while_it_starts_or_ends_is_ended_at_its_deadline),
      cmocka_unit_test(handlers_that_are_preempted_while_the_actor_stops_come_to_their_end),
      cmocka_unit_test(a_system_full_of_endless_scripts_stops),
      cmocka_unit_test(work_that_gives_way_goes_on_where_it_was),
      cmocka_unit_test(a_script_that_recurses_for_ever_gets_to_its_stack_overflow),
      cmocka_unit_test(a_script_in_many_short_slices_has_all_of_its_processor_time),
      cmocka_unit_test(code_that_cannot_give_way_holds_no_worker),
  };
  return run_tests(tests);
}
