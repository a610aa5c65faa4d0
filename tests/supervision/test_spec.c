#include "tests/supervision/tree.h"

#include "supervision/spec.h"

typedef struct fixture {
  kid kids[3];
  troupe_child_spec children[3];
  troupe_child_spec inner_children[2];
  troupe_supervisor_spec inner, spec;
} fixture;

/* a, b, and a supervisor c with d and e: valid. */
static fixture *fresh(void) {
  static fixture f;
  memset(&f, 0, sizeof f);
  f.spec = f.inner = (troupe_supervisor_spec)TROUPE_SUPERVISOR_SPEC_INIT;
  static const char *const ids[] = {"a", "b", "c", "d", "e"};
  for (int i = 0; i < 5; i++) {
    troupe_child_spec *c = i < 3 ? &f.children[i] : &f.inner_children[i - 3];
    c->id = ids[i];
    if (i == 2)
      c->supervisor = &f.inner;
    else
      c->start.behavior = &kid_behavior;
  }
  f.inner.children = f.inner_children;
  f.inner.children_len = 2;
  f.spec.children = f.children;
  f.spec.children_len = 3;
  return &f;
}

static void refused(const fixture *f, const char *sentence) {
  char msg[256];
  assert_int_equal(troupe_supervisor_spec_check(&f->spec, msg, sizeof msg), TROUPE_E_INVALID);
  assert_string_equal(msg, sentence);
  assert_int_equal(troupe_supervisor_spec_check(&f->spec, NULL, 0), TROUPE_E_INVALID);
  char little[8];
  assert_int_equal(troupe_supervisor_spec_check(&f->spec, little, sizeof little), TROUPE_E_INVALID);
  assert_int_equal(strncmp(little, sentence, 7), 0);
}

static void a_good_spec_passes(void **state) {
  (void)state;
  char msg[64] = "x";
  assert_int_equal(troupe_supervisor_spec_check(&fresh()->spec, msg, sizeof msg), TROUPE_OK);
  assert_string_equal(msg, "");
  assert_int_equal(troupe_supervisor_spec_check(NULL, msg, sizeof msg), TROUPE_E_INVALID);
  assert_string_equal(msg, "spec: is missing");
}

static void errors_of_the_supervisor_name_the_field(void **state) {
  (void)state;
  fixture *f = fresh();
  f->spec.size = 8;
  refused(f, "size: must be that of the struct");
  f = fresh();
  f->spec.strategy = (troupe_strategy)4;
  refused(f, "strategy: must be one_for_one, one_for_all, rest_for_one or escalate");
  f = fresh();
  f->spec.auto_shutdown = (troupe_auto_shutdown)9;
  refused(f, "auto_shutdown: must be never, any_significant or all_significant");
  f = fresh();
  f->spec.max_restarts = TROUPE_RESTARTS_MAX + 1;
  refused(f, "max_restarts: must be at most 1000000");
  f->spec.max_restarts = TROUPE_RESTARTS_NONE;
  assert_int_equal(troupe_supervisor_spec_check(&f->spec, NULL, 0), TROUPE_OK);
  f->spec.window_ms = TRP_BACKOFF_LONGEST_MS + 1;
  refused(f, "window_ms: must be at most 366 days");
  f = fresh();
  f->spec.backoff.factor = 0.5;
  refused(f, "backoff.factor: must be from 1 to 1000000");
  f = fresh();
  f->spec.children = NULL;
  refused(f, "children: is missing");
  f->spec.children_len = TROUPE_CHILDREN_MAX + 1;
  refused(f, "children: must be at most 4096");
}

static void errors_of_a_child_name_its_place(void **state) {
  (void)state;
  fixture *f = fresh();
  f->children[1].id = NULL;
  refused(f, "children[1].id: is missing");
  f->children[1].id = "";
  refused(f, "children[1].id: must have 1 to 64 bytes");
  char longest[66];
  memset(longest, 'x', 65);
  longest[65] = '\0';
  f->children[1].id = longest;
  refused(f, "children[1].id: must have 1 to 64 bytes");
  longest[64] = '\0';
  assert_int_equal(troupe_supervisor_spec_check(&f->spec, NULL, 0), TROUPE_OK);
  f->children[1].id = "a\tb";
  refused(f, "children[1].id: must not contain control characters");
  f->children[1].id = "a";
  refused(f, "children[1].id: 'a' is also the id of children[0]");

  f = fresh();
  f->children[2].restart = (troupe_restart)3;
  refused(f, "children[2].restart: must be permanent, transient or temporary");
  f = fresh();
  f->children[0].on_limit = (troupe_on_limit)3;
  refused(f, "children[0].on_limit: must be escalate, stop or quarantine");
  f = fresh();
  f->children[0].window_ms = UINT64_MAX;
  refused(f, "children[0].window_ms: must be at most 366 days");
  f = fresh();
  f->children[0].significant = true;
  refused(f, "children[0].significant: needs an auto_shutdown other than never");
  f->spec.auto_shutdown = TROUPE_AUTO_SHUTDOWN_ANY;
  refused(f, "children[0].significant: a permanent child never ends for good");
  f->children[0].restart = TROUPE_TEMPORARY;
  assert_int_equal(troupe_supervisor_spec_check(&f->spec, NULL, 0), TROUPE_OK);
}

static void errors_of_a_start_name_their_part(void **state) {
  (void)state;
  static const troupe_behavior mute = {.size = sizeof mute};
  fixture *f = fresh();
  f->inner_children[1].start.behavior = NULL;
  refused(f, "children[2].supervisor.children[1].start: is missing");
  f->inner_children[1].start.behavior = &mute;
  refused(f, "children[2].supervisor.children[1].start.behavior.receive: is missing");
  f = fresh();
  f->children[2].start.behavior = &kid_behavior;
  refused(f, "children[2].start.behavior: is set beside supervisor");
  f = fresh();
  f->children[0].start.name = "";
  refused(f, "children[0].start.name: must have 1 to 64 bytes");
  f = fresh();
  f->children[0].arg_ref = kid_ref;
  refused(f, "children[0].arg_ref: must come with arg_unref");
  f = fresh();
  f->children[0].start.arg_free = free;
  refused(f, "children[0].start.arg_free: must be NULL; set arg_ref and arg_unref");
  f = fresh();
  f->children[2].start.arg = f;
  refused(f, "children[2].start.arg: is set beside supervisor");
  f = fresh();
  f->children[0].start.mailbox_messages = UINT32_MAX;
  refused(f, "children[0].start.mailbox_messages: must be at most 8388607");
  f = fresh();
  f->children[0].start.mailbox_bytes = UINT64_MAX;
  refused(f, "children[0].start.mailbox_bytes: is too large");
}

static void nesting_has_a_depth(void **state) {
  (void)state;
  troupe_supervisor_spec specs[TROUPE_SUPERVISOR_DEPTH_MAX + 1];
  troupe_child_spec children[TROUPE_SUPERVISOR_DEPTH_MAX + 1];
  memset(children, 0, sizeof children);
  for (int i = 0; i <= TROUPE_SUPERVISOR_DEPTH_MAX; i++) {
    specs[i] = (troupe_supervisor_spec)TROUPE_SUPERVISOR_SPEC_INIT;
    if (i == 0) continue;
    children[i] = (troupe_child_spec){.id = "x", .supervisor = &specs[i - 1]};
    specs[i].children = &children[i];
    specs[i].children_len = 1;
  }
  char msg[2048];
  assert_int_equal(
      troupe_supervisor_spec_check(&specs[TROUPE_SUPERVISOR_DEPTH_MAX - 1], msg, sizeof msg),
      TROUPE_OK);
  assert_int_equal(
      troupe_supervisor_spec_check(&specs[TROUPE_SUPERVISOR_DEPTH_MAX], msg, sizeof msg),
      TROUPE_E_INVALID);
  assert_non_null(strstr(msg, "children[0].supervisor.children[0].supervisor"));
  assert_non_null(strstr(msg, "more than 32 supervisors in one another"));

  children[1].supervisor = &specs[1]; /* a ring is only deep */
  assert_int_equal(troupe_supervisor_spec_check(&specs[1], msg, sizeof msg), TROUPE_E_INVALID);
}

static void a_copy_owns_everything_but_the_argument(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    faulty m;
    faulty_init(&m, n);
    fixture *f = fresh();
    char name[] = "service";
    f->children[0].start.name = name;
    f->children[0].start.arg = &f->kids[0];
    f->children[0].arg_ref = kid_ref;
    f->children[0].arg_unref = kid_unref;
    f->inner_children[0].start.arg = &f->kids[1];
    f->inner_children[0].arg_ref = kid_ref;
    f->inner_children[0].arg_unref = kid_unref;
    trp_supervisor_spec *copy;
    int err = trp_supervisor_spec_new(&copy, &m.allocator, &f->spec);
    if (err == TROUPE_OK) {
      name[0] = 'X';
      assert_string_equal(copy->children[0].start.name, "service");
      assert_int_equal(f->kids[0].refs, 1);
      troupe_spawn_opts o = trp_supervisor_spec_start(copy, 0);
      assert_int_equal(f->kids[0].refs, 2);
      o.arg_free(o.arg);
      o = trp_supervisor_spec_start(copy, 2);
      trp_supervisor_spec_unref(copy);
      assert_int_equal(f->kids[1].refs, 1); /* the inner spec lives by its own reference */
      o.arg_free(o.arg);
    } else {
      assert_int_equal(err, TROUPE_E_NO_MEMORY);
      assert_null(copy);
    }
    assert_int_equal(f->kids[0].refs, 0);
    assert_int_equal(f->kids[1].refs, 0);
    faulty_check(&m);
    if (err == TROUPE_OK && m.calls < n) break;
  }
}

static void defaults_are_filled_in(void **state) {
  (void)state;
  fixture *f = fresh();
  f->children[1].shutdown_ms = TROUPE_SHUTDOWN_KILL;
  trp_supervisor_spec *s;
  assert_int_equal(trp_supervisor_spec_new(&s, NULL, &f->spec), TROUPE_OK);
  assert_int_equal(s->max_restarts, 3);
  assert_int_equal(s->window_ms, 60000);
  assert_int_equal(s->escalation_timeout_ms, 10000);
  assert_int_equal(s->children[0].shutdown_ms, 5000);
  assert_int_equal(s->children[1].shutdown_ms, 0);
  assert_true(s->children[2].shutdown_ms == TROUPE_INFINITY);
  assert_true(s->children[2].start.init_timeout_ms == TROUPE_INFINITY);
  assert_false(s->children[0].limited);
  trp_supervisor_spec_unref(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_good_spec_passes),
      cmocka_unit_test(errors_of_the_supervisor_name_the_field),
      cmocka_unit_test(errors_of_a_child_name_its_place),
      cmocka_unit_test(errors_of_a_start_name_their_part),
      cmocka_unit_test(nesting_has_a_depth),
      cmocka_unit_test(a_copy_owns_everything_but_the_argument),
      cmocka_unit_test(defaults_are_filled_in),
  };
  return run_tests(tests);
}
