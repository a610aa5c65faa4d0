/* Random trees, random ends, against a model that knows only the rules: after each end, which
 * children run and how often each has begun an init. Without delays, so that everything settles
 * before the next end. */
#include "tests/supervision/tree.h"

#include "actors/base/rand.h"

#define RUNS 2000
#define STEPS 12
#define SUPS 4
#define MAX_CHILDREN 4
#define TIMES 64

typedef struct sup sup;

typedef struct node { /* a child: a leaf, or a supervisor */
  kid *leaf;
  sup *inner;
  troupe_restart restart;
  bool significant;
  bool up, removed, done; /* done: ended cleanly by itself, and is kept */
  int inits, fails;       /* leaf: how often it began, how often it will still fail */
} node;

struct sup {
  troupe_supervisor_spec spec;
  troupe_child_spec specs[MAX_CHILDREN];
  node kids[MAX_CHILDREN];
  unsigned n, restarts, used;
  uint64_t times[TIMES];
  sup *parent;
  node *place; /* in the parent */
  bool up;
};

typedef struct model {
  tree t;
  sup sups[SUPS];
  unsigned nsups, nleaves;
  trp_rand rand;
} model;

static unsigned below(model *m, unsigned n) { return (unsigned)trp_rand_below(&m->rand, n); }

/* ---- a random tree ------------------------------------------------------------------------- */

static sup *make(model *m, sup *parent) {
  sup *s = &m->sups[m->nsups++];
  s->parent = parent;
  s->spec = (troupe_supervisor_spec)TROUPE_SUPERVISOR_SPEC_INIT;
  s->spec.strategy = (troupe_strategy)below(m, 4);
  s->restarts = below(m, 5);
  s->spec.max_restarts = s->restarts ? s->restarts : TROUPE_RESTARTS_NONE;
  s->spec.window_ms = 1000;
  s->spec.backoff.off = true;
  s->spec.sticky_done = below(m, 2);
  s->spec.auto_shutdown = (troupe_auto_shutdown)below(m, 3);
  s->n = 1 + below(m, MAX_CHILDREN);
  s->spec.children = s->specs;
  for (unsigned i = 0; i < s->n; i++) {
    node *k = &s->kids[i];
    k->restart = (troupe_restart)below(m, 3);
    k->significant = s->spec.auto_shutdown && k->restart != TROUPE_PERMANENT && below(m, 2);
    if (m->nsups < SUPS && below(m, 3) == 0) {
      k->inner = make(m, s);
      k->inner->place = k;
      s->specs[i] = (troupe_child_spec){.supervisor = &k->inner->spec};
    } else if (m->nleaves < KIDS) {
      k->leaf = &m->t.kids[m->nleaves];
      s->specs[i] = m->t.specs[m->nleaves++];
    } else {
      s->n = i;
      break;
    }
    static const char *const ids[] = {"0", "1", "2", "3"};
    s->specs[i].id = ids[i];
    s->specs[i].restart = k->restart;
    s->specs[i].significant = k->significant;
  }
  s->spec.children_len = s->n;
  return s;
}

/* ---- the rules ----------------------------------------------------------------------------- */

static void stop_node(node *k);

static void stop_sup(sup *s) {
  for (unsigned i = 0; i < s->n; i++)
    stop_node(&s->kids[i]);
  s->up = false;
}

static void stop_node(node *k) {
  if (k->up && k->inner) stop_sup(k->inner);
  k->up = false;
}

static bool start_sup(sup *s);

static bool start_node(node *k) {
  k->done = false;
  if (k->inner) {
    k->up = start_sup(k->inner);
    return k->up;
  }
  k->inits++;
  if (k->fails > 0) {
    k->fails--;
    return false;
  }
  k->up = true;
  return true;
}

static bool start_sup(sup *s) {
  s->used = 0;
  for (unsigned i = 0; i < s->n; i++)
    s->kids[i].removed = s->kids[i].up = false;
  for (unsigned i = 0; i < s->n; i++) {
    if (start_node(&s->kids[i])) continue;
    stop_sup(s);
    return false;
  }
  s->up = true;
  return true;
}

static bool allow(sup *s, uint64_t now) {
  unsigned kept = 0;
  for (unsigned i = 0; i < s->used; i++) {
    if (now - s->times[i] < 1000) s->times[kept++] = s->times[i];
  }
  s->used = kept;
  if (kept >= s->restarts) return false;
  s->times[s->used++] = now;
  return true;
}

static void end_node(sup *s, node *k, bool clean, uint64_t now);

static void end_sup(sup *s, bool clean, uint64_t now) {
  stop_sup(s);
  if (s->parent) end_node(s->parent, s->place, clean, now);
}

static bool wanted(const sup *s, const node *k) {
  bool stays_done = k->done && s->spec.sticky_done && k->restart == TROUPE_TRANSIENT;
  return !k->removed && !stays_done;
}

static void restart_range(sup *s, unsigned first, unsigned end, uint64_t now) {
  for (;;) {
    for (unsigned i = first; i < end; i++) {
      stop_node(&s->kids[i]);
      if (s->kids[i].restart == TROUPE_TEMPORARY) s->kids[i].removed = true;
    }
    unsigned failed = first;
    while (failed < end && (!wanted(s, &s->kids[failed]) || start_node(&s->kids[failed])))
      failed++;
    if (failed == end) return;
    if (!allow(s, now)) {
      end_sup(s, false, now);
      return;
    }
    if (s->spec.strategy != TROUPE_ONE_FOR_ALL) first = failed;
  }
}

static bool others_left(const sup *s, const node *k) {
  for (unsigned i = 0; i < s->n; i++) {
    if (&s->kids[i] != k && s->kids[i].significant && s->kids[i].up) return true;
  }
  return false;
}

/* A child has ended by itself. */
static void end_node(sup *s, node *k, bool clean, uint64_t now) {
  unsigned i = (unsigned)(k - s->kids);
  k->up = false;
  bool escalates = s->spec.strategy == TROUPE_ESCALATE;
  bool back = k->restart == TROUPE_PERMANENT || (k->restart == TROUPE_TRANSIENT && !clean);
  if (back && !escalates) {
    bool all = s->spec.strategy == TROUPE_ONE_FOR_ALL, one = s->spec.strategy == TROUPE_ONE_FOR_ONE;
    if (allow(s, now))
      restart_range(s, all ? 0 : i, one ? i + 1 : s->n, now);
    else
      end_sup(s, false, now);
    return;
  }
  if (escalates && !clean) {
    end_sup(s, false, now);
  } else if (k->significant &&
             (s->spec.auto_shutdown == TROUPE_AUTO_SHUTDOWN_ANY || !others_left(s, k))) {
    end_sup(s, true, now);
  } else {
    k->removed = k->restart == TROUPE_TEMPORARY;
    k->done = true;
  }
}

/* ---- comparing ----------------------------------------------------------------------------- */

static void compare(model *m, unsigned run, unsigned step) {
  for (unsigned s = 0; s < m->nsups; s++) {
    for (unsigned i = 0; i < m->sups[s].n; i++) {
      const node *k = &m->sups[s].kids[i];
      if (!k->leaf) continue;
      if (k->leaf->up != k->up || k->leaf->inits != k->inits) {
        fail_msg("run %u step %u: %s is %s after %d inits, expected %s after %d; trace: %s", run,
                 step, k->leaf->id, k->leaf->up ? "up" : "down", k->leaf->inits,
                 k->up ? "up" : "down", k->inits, m->t.trace);
      }
    }
  }
  assert_int_equal(m->t.ends, !m->sups[0].up);
}

/* Ends one random running leaf, sometimes so that its next inits fail. */
static void step(model *m) {
  unsigned first = below(m, KIDS);
  sup *s = NULL;
  node *k = NULL;
  for (unsigned n = 0; n < KIDS && !k; n++) {
    const kid *wanted = &m->t.kids[(first + n) % KIDS];
    for (unsigned j = 0; j < m->nsups; j++) {
      for (unsigned i = 0; i < m->sups[j].n; i++) {
        node *c = &m->sups[j].kids[i];
        if (c->leaf == wanted && c->up) s = &m->sups[j], k = c;
      }
    }
  }
  if (!k) return;
  static const char *const how[] = {"crash", "crash", "memory", "normal", "shutdown"};
  unsigned h = below(m, 5);
  if (below(m, 6) == 0) {
    unsigned victim = below(m, m->nleaves), fails = 1 + below(m, 2);
    for (unsigned j = 0; j < m->nsups; j++) {
      for (unsigned i = 0; i < m->sups[j].n; i++) {
        node *c = &m->sups[j].kids[i];
        if (c->leaf == &m->t.kids[victim]) c->fails = c->leaf->fail_inits = (int)fails;
      }
    }
  }
  tree_tell(&m->t, k->leaf->id[0], how[h]);
  end_node(s, k, h >= 3, tree_ms(&m->t));
}

static void the_tree_is_what_the_rules_say(void **state) {
  (void)state;
  trp_rand seeds;
  trp_rand_init(&seeds, test_seed());
  static model m; /* large */
  for (unsigned run = 0; run < RUNS; run++) {
    memset(&m, 0, sizeof m);
    trp_rand_init(&m.rand, trp_rand_next(&seeds));
    tree_open(&m.t, TROUPE_ONE_FOR_ONE, 0);
    m.t.spec = make(&m, NULL)->spec;
    tree_start(&m.t);
    start_sup(&m.sups[0]);
    compare(&m, run, 0);
    for (unsigned i = 1; i <= STEPS && m.sups[0].up; i++) {
      step(&m);
      compare(&m, run, i);
      tree_pass(&m.t, below(&m, 600));
    }
    tree_close(&m.t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_tree_is_what_the_rules_say),
  };
  return run_tests(tests);
}
