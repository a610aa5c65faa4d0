/* A kill at every point of every call: the n-th trial of a scene is disturbed at the n-th point,
 * for n = 1, 2, 3, ... until a scene ends undisturbed. The points are
 *
 *   both ends of each native half    the actor is left before it begins, or at its end
 *   each operation on the ledger     inside a half: as at its end; outside of the frame: a kill
 * comes each turn of any actor           a kill comes before it
 *
 * Between an end and the next begin a script owns nothing that it did not own at that end, so that
 * this is every place in which it can be left. */
#include "tests/scripting/trial.h"

static void harm(trial *t, trp_point which) {
  troupe_actor *a = trial_inside(t);
  if (!a)
    (void)troupe_kill(t->s.w.sys, t->victim.pid);
  else if (which == TRP_POINT_BEGIN)
    trp_frame_leave(trial_frame(t), TROUPE_EXIT_KILLED);
  else
    trp_frame_leave_later(trial_frame(t), TROUPE_EXIT_KILLED);
}

static void at_point(void *ctx, trp_point which) {
  trial *t = ctx;
  troupe_actor *a = trial_inside(t);
  if (which == TRP_POINT_LEDGER) {
    if (a && !trial_frame(t)->native) t->unsheltered++;
  } else {
    if (!a) return;
    trp_actor_ledger(a)->points = &t->points;
  }
  if (++t->seen == t->harm_at) harm(t, which);
}

static void between(trial *t) {
  if (++t->seen == t->harm_at) harm(t, TRP_POINT_LEDGER);
}

static void kill_at_every_point(const scene *which) {
  static trial t;
  trial_open(&t, which, 0);
  t.points = (trp_points){.at = at_point, .ctx = &t};
  t.between = between;
  trial_frame(&t)->points = &t.points;
  trial_play(&t);
  expect_class(&t.victim, TROUPE_EXIT_NORMAL);
  bool harmed = true;
  for (t.harm_at = 1; harmed; t.harm_at += TRIAL_STEP) {
    trial_play(&t);
    harmed = t.seen >= t.harm_at;
    if (t.victim.class_ != TROUPE_EXIT_KILLED) expect_class(&t.victim, TROUPE_EXIT_NORMAL);
  }
  print_message("%s: %ld points\n", which->name, t.seen);
  trial_close(&t);
}

static void a_kill_at_any_point_leaves_nothing(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
    kill_at_every_point(&scenes[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_kill_at_any_point_leaves_nothing)};
  return run_tests(tests);
}
