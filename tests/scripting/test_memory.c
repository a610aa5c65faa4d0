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

static void a_healthy_actor_survives_steady_churn_near_its_limit(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof churns / sizeof *churns; i++) {
    stage s;
    cast c;
    char source[1024];
    stage_start(&s, 1);
    snprintf(source, sizeof source, "%s fill(%u) %s assert(#live > 100000)", prelude,
             churns[i].live_kib, churns[i].source);
    run_limited(&s, &c, source, (troupe_script_limits){.memory_bytes = 16 * MIB});
    if (c.class_ != TROUPE_EXIT_NORMAL) print_error("%s:\n", churns[i].what);
    expect_class(&c, TROUPE_EXIT_NORMAL);
    stage_stop(&s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_healthy_actor_survives_steady_churn_near_its_limit),
  };
  return run_tests(tests);
}
