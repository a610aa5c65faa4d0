/* Scripts seen from outside: hosts that tell and ask, restarts, ends, and memory that fails. */
#include "tests/scripting/stage.h"

#include <troupe/tool.h>

/* Payloads, by hand: msgpack. */
#define ARGS(text) (text), sizeof(text) - 1

static const char counter[] =
    "local troupe = require 'troupe'\n"
    "local counter = troupe.actor 'counter'\n"
    "local total = 0\n"
    "function counter:init(args) self.n = args and args.start or 0 total = total + 1 counter.seen "
    "= "
    "(counter.seen or 0) + 1 end\n"
    "function counter.on:add(k) self.n = self.n + k return self.n end\n"
    "function counter.on:state() return self.n * 100 + total * 10 + counter.seen end\n"
    "function counter.on:fail(m) self.n = 99 error(m) end\n"
    "function counter.on:object() error(setmetatable({}, {__tostring = function() while true do "
    "end "
    "end})) end\n"
    "function counter.on:none() end\n"
    "function counter.on:slow() troupe.sleep(50) return 5 end\n"
    "function counter.on:from() return troupe.from() == nil end\n"
    "function counter.on:hog() local t = {} while true do t[#t + 1] = ('x'):rep(5000) .. #t end "
    "end\n"
    "return counter\n";

/* A script under a parent; settled. */
static troupe_pid begin(stage *s, cast *c, const char *source, unsigned restarts) {
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source = source;
  script.limits.memory_bytes = 1 << 20;
  troupe_grants *g = cast_grants();
  script.grants = g;
  memset(c, 0, sizeof *c);
  c->restarts_left = restarts;
  cast_start(s, c, &script);
  troupe_grants_unref(g);
  world_settle(&s->w);
  return c->pid;
}

static int ask(stage *s, troupe_pid pid, const char *kind, const char *args, size_t len,
               char *reply, size_t *reply_len) {
  void *data;
  char msg[256] = "";
  size_t data_len;
  troupe_ask_opts opts = {.size = sizeof opts, .timeout_ms = 1000};
  int err =
      troupe_ask_wait(s->w.sys, pid, &opts, kind, args, len, &data, &data_len, msg, sizeof msg);
  *reply_len = 0;
  if (!err && data_len <= 16) {
    *reply_len = data_len;
    if (data_len) memcpy(reply, data, data_len);
    reply[data_len] = 0;
  } else if (err) {
    memcpy(reply, msg, 63);
  }
  if (!err) troupe_reply_free(s->w.sys, data, data_len);
  return err;
}

static void a_host_tells_and_asks_with_msgpack(void **state) {
  (void)state;
  stage s;
  cast c;
  char reply[64] = {0};
  size_t len;
  stage_start(&s, 0);
  troupe_pid pid = begin(&s, &c, counter, 0);
  assert_int_equal(c.started, 1);
  assert_int_equal(troupe_tell(s.w.sys, pid, "add", ARGS("\x91\x02")), TROUPE_OK);
  assert_int_equal(ask(&s, pid, "add", ARGS("\x91\x05"), reply, &len), TROUPE_OK);
  assert_int_equal(len, 1);
  assert_int_equal(reply[0], 7);
  assert_int_equal(ask(&s, pid, "none", NULL, 0, reply, &len), TROUPE_OK);
  assert_int_equal(len, 1);
  assert_int_equal((unsigned char)reply[0], 0xc0);
  assert_int_equal(ask(&s, pid, "from", NULL, 0, reply, &len), TROUPE_OK);
  assert_int_equal((unsigned char)reply[0], 0xc3); /* a host is nobody */
  assert_int_equal(ask(&s, pid, "nonsense", NULL, 0, reply, &len), TROUPE_E_NO_HANDLER);
  /* what is no array of arguments harms nobody */
  static const char *const bad[] = {"\x05", "\x92\x01", "\xdd\xff\xff\xff\xff", "\xc1",
                                    "\x91\xc7\x09\x01"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(ask(&s, pid, "add", bad[i], strlen(bad[i]), reply, &len), TROUPE_E_FORMAT);
    assert_int_equal(troupe_tell(s.w.sys, pid, "add", bad[i], strlen(bad[i])), TROUPE_OK);
  }
  assert_int_equal(ask(&s, pid, "add", ARGS("\x91\x00"), reply, &len), TROUPE_OK);
  assert_int_equal(reply[0], 7);
  troupe_stop(s.w.sys, pid);
  cast_end(&c);
  expect_class(&c, TROUPE_EXIT_SHUTDOWN);
  stage_stop(&s);
}

static void each_generation_is_fresh(void **state) {
  (void)state;
  stage s;
  cast c;
  char reply[64] = {0};
  size_t len;
  stage_start(&s, 0);
  troupe_pid pid = begin(&s, &c, counter, 2);
  assert_int_equal(ask(&s, pid, "add", ARGS("\x91\x05"), reply, &len), TROUPE_OK);
  assert_int_equal(ask(&s, pid, "fail", ARGS("\x91\xa4oops"), reply, &len), TROUPE_E_CRASHED);
  assert_int_equal(c.class_, TROUPE_EXIT_ERROR);
  assert_int_equal(c.code, TROUPE_E_ERROR);
  assert_string_equal(c.reason, "script:7: oops");
  assert_non_null(strstr(c.traceback, "script:7:"));
  assert_null(strstr(c.traceback, "[C]: in ?"));
  troupe_tell(s.w.sys, pid, "add", ARGS("\x91\x01"));
  assert_int_equal(ask(&s, pid, "state", NULL, 0, reply, &len), TROUPE_OK);
  assert_int_equal(reply[0], 111); /* n is 1; the chunk and init ran once in this generation */
  /* the message after the one that failed is handled by the next generation */
  troupe_tell(s.w.sys, pid, "fail", ARGS("\x91\xa4oops"));
  troupe_tell(s.w.sys, pid, "add", ARGS("\x91\x02"));
  assert_int_equal(ask(&s, pid, "add", ARGS("\x91\x00"), reply, &len), TROUPE_OK);
  assert_int_equal(reply[0], 2);
  assert_int_equal(c.exits, 2);
  assert_int_equal(c.started, 3);
  troupe_stop(s.w.sys, pid);
  cast_end(&c);
  stage_stop(&s);
}

static void errors_leave_as_text_and_run_no_code(void **state) {
  (void)state;
  stage s;
  cast c;
  char reply[64] = {0};
  size_t len;
  stage_start(&s, 0);
  troupe_pid pid = begin(&s, &c, counter, 0);
  assert_int_equal(ask(&s, pid, "object", NULL, 0, reply, &len), TROUPE_E_CRASHED);
  cast_end(&c);
  expect_class(&c, TROUPE_EXIT_ERROR);
  assert_string_equal(c.reason, "(error object without a message)");
  static const struct {
    const char *source, *reason;
    int code;
  } cases[] = {
      {"error('plain', 0)", "plain", TROUPE_E_ERROR},
      {"error()", "(error object is a nil value)", TROUPE_E_ERROR},
      {"error(42)", "42", TROUPE_E_ERROR},
      {"error(true)", "true", TROUPE_E_ERROR},
      {"error(print)", "(error object is a function value)", TROUPE_E_ERROR},
      {"error({code = 'timeout', message = 'm'})", "m", TROUPE_E_TIMEOUT},
      {"error({code = 'E_X', message = 'm'})", "E_X: m", TROUPE_E_ERROR},
      {"error({code = 5, message = {}})", "(error object without a message)", TROUPE_E_ERROR},
      {"error(setmetatable({}, {__index = function() error 'no' end}))",
       "(error object without a message)", TROUPE_E_ERROR},
      {"local x <close> = setmetatable({}, {__close = function() error('closing', 0) end}) error "
       "'x'",
       "closing", TROUPE_E_ERROR},
      {"local seen local t = setmetatable({}, {__close = function(_, e) seen = e end})\n"
       "local u <close> = setmetatable({}, {__close = function() error(seen.note, 0) end})\n"
       "local x <close> = t error({note = 'as it was raised'})",
       "as it was raised", TROUPE_E_ERROR},
      {"return return", NULL, 0},
  };
  for (size_t i = 0; i + 1 < sizeof cases / sizeof *cases; i++) {
    cast_run(&s, &c, cases[i].source);
    assert_int_equal(c.started, 0);
    expect_class(&c, TROUPE_EXIT_INIT_FAILED);
    assert_int_equal(c.code, cases[i].code);
    if (cases[i].reason) assert_string_equal(c.reason, cases[i].reason);
  }
  cast_run(&s, &c, "require 'troupe'.sleep(1) error('later', 0)");
  assert_int_equal(c.started, 1);
  expect_class(&c, TROUPE_EXIT_ERROR);
  assert_string_equal(c.reason, "later");
  cast_run(
      &s, &c,
      "require 'troupe'.after(5, function() error('timer', 0) end) require 'troupe'.sleep(50)");
  expect_class(&c, TROUPE_EXIT_ERROR);
  assert_string_equal(c.reason, "timer");
  stage_stop(&s);
}

static void the_memory_limit_leaves_the_actor(void **state) {
  (void)state;
  stage s;
  cast c;
  char reply[64] = {0};
  size_t len;
  stage_start(&s, 0);
  troupe_pid pid = begin(&s, &c, counter, 1);
  assert_int_equal(ask(&s, pid, "hog", NULL, 0, reply, &len), TROUPE_E_CRASHED);
  expect_class(&c, TROUPE_EXIT_MEMORY_LIMIT);
  assert_int_equal(ask(&s, pid, "add", ARGS("\x91\x05"), reply, &len), TROUPE_OK);
  assert_int_equal(reply[0], 5);
  troupe_stop(s.w.sys, pid);
  cast_end(&c);
  static const char *const hogs[] = {
      "while true do pcall(function() local t = {} while true do t[#t + 1] = {} end end) end",
      "local s = 'x' while true do s = s .. s end",
      "local t = {} for i = 1, 1e9 do t[i] = i end",
      "string.rep('x', 1 << 40)",
      "local co = coroutine.wrap(function() local s = 'x' while true do s = s .. s end end) co()",
      "local x <close> = setmetatable({}, {__close = print}) local s = ('x'):rep(1 << 40)",
      "table.concat({}, 'x', 1, 1 << 31)",
      "local function f(...) return f(1, ...) end f()",
      "require 'troupe'.sleep(1) local s = 'x' while true do s = s .. s end",
  };
  for (size_t i = 0; i < sizeof hogs / sizeof *hogs; i++) {
    begin(&s, &c, hogs[i], 0);
    cast_end(&c);
    if (c.class_ != TROUPE_EXIT_MEMORY_LIMIT && c.class_ != TROUPE_EXIT_INIT_FAILED)
      print_error("%s: %s\n", hogs[i], troupe_exit_class_name(c.class_));
    assert_true(c.class_ == TROUPE_EXIT_MEMORY_LIMIT || c.class_ == TROUPE_EXIT_INIT_FAILED);
  }
  /* so little that not even the state can be made */
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source = "return 1";
  script.limits.memory_bytes = 4096;
  memset(&c, 0, sizeof c);
  cast_start(&s, &c, &script);
  cast_end(&c);
  expect_class(&c, TROUPE_EXIT_MEMORY_LIMIT);
  stage_stop(&s);
}

static void hang(troupe_call *call, void *user) { (void)call, (void)user; }
static void give_up(troupe_call *call, void *user) {
  (void)user;
  troupe_call_fail(call, TROUPE_OUTCOME_CANCELLED, "cancelled", "nobody waits");
}

static void count_reply(void *ctx, const troupe_event *event) {
  assert_true(event->code == TROUPE_E_CRASHED || event->code == TROUPE_E_STOPPED);
  ++*(unsigned *)ctx;
}

static void ends_settle_what_handlers_wait_for(void **state) {
  (void)state;
  static const char source[] =
      "local troupe = require 'troupe'\n"
      "local a = troupe.actor('waiter', { reentrant = true })\n"
      "local other\n"
      "function a:init() other = troupe.spawn { source = [[require 'troupe'.sleep(1000000)]], "
      "mailbox = "
      "{ messages = 1 } } other:tell 'fill' end\n"
      "function a.on:all()\n"
      "  for i = 1, 20 do\n"
      "    troupe.after(i, function() other:with { wait_ms = 100000 }:tell 'x' end)\n"
      "    troupe.after(i, function() other:with { wait_ms = 100000 }:ask 'x' end)\n"
      "    troupe.after(i, function() troupe.sleep(100000) end)\n"
      "    troupe.after(i, function() troupe.call('echo', 1) end)\n"
      "    troupe.after(100000, print) troupe.every(100000, print) troupe.self():monitor()\n"
      "  end\n"
      "end\n"
      "function a.on:keep() self.h = troupe.reply_later() end\n"
      "function a.on:wait() troupe.sleep(1000000) end\n"
      "function a.on:hog() local s = 'x' while true do s = s .. s end end\n"
      "function a.on:fail() error 'x' end\n"
      "function a.on:exit() troupe.exit() end\n"
      "return a\n";
  static const char *const ends[] = {"hog", "fail", "exit", "", "kill"};
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    stage s;
    cast c;
    stage_start(&s, 0);
    const troupe_tool_ops ops = {.size = sizeof ops, .start = hang, .cancel = give_up};
    const troupe_tool_policy policy = {.size = sizeof policy, .preset_none = true};
    assert_int_equal(troupe_tool_register(s.w.sys, "echo", &ops, NULL, &policy, NULL, 0), 0);
    troupe_pid pid = begin(&s, &c, source, 0);
    troupe_tell(s.w.sys, pid, "all", NULL, 0);
    unsigned answers = 0;
    assert_int_equal(troupe_ask(s.w.sys, pid, NULL, "keep", NULL, 0, count_reply, &answers), 0);
    for (int n = 0; n < 10; n++)
      troupe_tell(s.w.sys, pid, "wait", NULL, 0);
    world_pass(&s.w, 50);
    if (c.exits) print_error("%s\n", c.reason);
    assert_int_equal(c.exits, 0);
    if (strcmp(ends[i], "kill") == 0)
      troupe_kill(s.w.sys, pid);
    else if (ends[i][0])
      troupe_tell(s.w.sys, pid, ends[i], NULL, 0);
    else
      troupe_stop(s.w.sys, pid);
    cast_end(&c);
    assert_int_equal(answers, 1);
    stage_stop(&s); /* nothing is left, and sent = handled + dead */
  }
}

static void memory_that_fails_is_an_error_everywhere(void **state) {
  (void)state;
  static const char source[] =
      "local troupe = require 'troupe'\n"
      "local c = troupe.try_spawn { source = [[local a = require 'troupe'.actor 'a' function "
      "a.on:x(v) "
      "return v end return a]], name = 'n', monitor = true, permissions = { names = { 'n' } } }\n"
      "if not c then return end\n"
      "c:try_ask('x', ('y'):rep(3000)) c:tell('x', 1) c:try_ask('x', { 1, 2, c })\n"
      "troupe.after(1, function() end) pcall(troupe.sleep, 2)\n"
      "troupe.self():tell 'a' troupe.receive { timeout_ms = 5 }\n"
      "pcall(c.stop, c, { timeout_ms = 5 })\n";
  long n = 1;
  for (;; n++) {
    stage s;
    cast c;
    stage_start(&s, 0);
    troupe_script script = TROUPE_SCRIPT_INIT;
    troupe_spawn_opts opts;
    char msg[128];
    script.source = source;
    troupe_grants *g = cast_grants();
    script.grants = g;
    memset(&c, 0, sizeof c);
    c.s = &s;
    s.w.memory.calls = 0;
    s.w.memory.fail_at = n;
    int err = trp_script_spawn_opts(s.w.sys, &script, &opts, msg, sizeof msg);
    if (!err) {
      troupe_pid pid;
      (void)troupe_spawn(s.w.sys, &pid, &opts);
      for (int i = 0; i < 20; i++)
        world_pass(&s.w, 10);
      troupe_kill(s.w.sys, pid);
    }
    troupe_grants_unref(g);
    bool past = s.w.memory.calls < n;
    s.w.memory.fail_at = 0;
    world_settle(&s.w);
    stage_stop(&s);
    if (past) break;
  }
  assert_true(n > 100);
}

static void a_blocking_handler_answers_when_it_is_done(void **state) {
  (void)state;
  stage s;
  cast c;
  char reply[64] = {0};
  size_t len;
  stage_start(&s, 2);
  troupe_script script = TROUPE_SCRIPT_INIT;
  troupe_pid pid;
  script.source = counter;
  assert_int_equal(troupe_spawn_script(s.w.sys, &pid, &script), TROUPE_OK);
  (void)c;
  assert_int_equal(ask(&s, pid, "slow", NULL, 0, reply, &len), TROUPE_OK);
  assert_int_equal(reply[0], 5);
  stage_stop(&s);
}

static unsigned lines_with(stage *s, const char *text) {
  unsigned n = 0;
  for (const char *at = s->log; (at = strstr(at, text)); at++)
    n++;
  return n;
}

static void failures_in_a_loop_do_not_fill_the_log(void **state) {
  (void)state;
  stage s;
  cast c;
  stage_start(&s, 0);
  cast_run(&s, &c,
           "local t = require 'troupe' local function fail(n) for i = 1, n do "
           "assert(not t.try_spawn { source = 'error(\"broken\")' }) end end "
           "fail(32) t.sleep(5000) fail(33) t.sleep(5000) fail(500) t.sleep(5000) fail(1)");
  expect_class(&c, TROUPE_EXIT_NORMAL);
  assert_int_equal(lines_with(&s, "ended: init_failed"), 32 + 32 + 32 + 1);
  assert_int_equal(lines_with(&s, "not shown: 1\n"), 1);
  assert_int_equal(lines_with(&s, "not shown: 468\n"), 1);
  troupe_stats stats;
  troupe_system_stats(s.w.sys, &stats);
  assert_int_equal(stats.crashes, 32 + 33 + 500 + 1);
  stage_stop(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_host_tells_and_asks_with_msgpack),
      cmocka_unit_test(each_generation_is_fresh),
      cmocka_unit_test(errors_leave_as_text_and_run_no_code),
      cmocka_unit_test(the_memory_limit_leaves_the_actor),
      cmocka_unit_test(ends_settle_what_handlers_wait_for),
      cmocka_unit_test(memory_that_fails_is_an_error_everywhere),
      cmocka_unit_test(a_blocking_handler_answers_when_it_is_done),
      cmocka_unit_test(failures_in_a_loop_do_not_fill_the_log),
  };
  return run_tests(tests);
}
