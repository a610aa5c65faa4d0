#include "tests/test.h"

#include "tools/grants.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/beneath.h"

/* A tree:
 * in/{file,sub/file,abs->…/in/file,rel->sub/file,up->../out/secret,away->…/out,cross->…/two/f,
 * loop->loop}, out/secret, two/f; alias->in */
typedef struct tree {
  char base[64];
  char text[256];
} tree;

static const char *at(tree *t, const char *name) {
  snprintf(t->text, sizeof t->text, "%s/%s", t->base, name);
  return t->text;
}

static void put(tree *t, const char *name) {
  int fd = open(at(t, name), O_WRONLY | O_CREAT, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, name, strlen(name)), (ssize_t)strlen(name));
  close(fd);
}

static void put_link(tree *t, const char *target, const char *name) {
  char path[256];
  snprintf(path, sizeof path, "%s", at(t, name));
  if (target[0] == '@') {
    char absolute[256];
    snprintf(absolute, sizeof absolute, "%s", at(t, target + 1));
    assert_int_equal(symlink(absolute, path), 0);
  } else {
    assert_int_equal(symlink(target, path), 0);
  }
}

static int make_tree(void **state) {
  tree *t = calloc(1, sizeof *t);
  if (!t) return -1;
  snprintf(t->base, sizeof t->base, "/tmp/troupe-grants-XXXXXX");
  if (!mkdtemp(t->base)) return -1;
  mkdir(at(t, "in"), 0700);
  mkdir(at(t, "in/sub"), 0700);
  mkdir(at(t, "out"), 0700);
  mkdir(at(t, "two"), 0700);
  put(t, "in/file");
  put(t, "in/sub/file");
  put(t, "out/secret");
  put(t, "two/f");
  put_link(t, "@in/file", "in/abs");
  put_link(t, "sub/file", "in/rel");
  put_link(t, "../out/secret", "in/up");
  put_link(t, "@out", "in/away");
  put_link(t, "@two/f", "in/cross");
  put_link(t, "loop", "in/loop");
  put_link(t, "new", "in/dangling");
  put_link(t, "/proc/self/root", "in/magic");
  put_link(t, "in", "alias");
  *state = t;
  return 0;
}

static int drop_tree(void **state) {
  tree *t = *state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", t->base);
  int err = system(command); /* NOLINT(cert-env33-c,concurrency-mt-unsafe): a test's own */
  free(t);
  return err;
}

static trp_grants *grants_of(tree *t, const char *root, bool writable) {
  trp_grants *g;
  assert_int_equal(troupe_grants_new(&g, NULL), 0);
  assert_int_equal(troupe_grants_add_fs(g, at(t, root), writable), 0);
  troupe_grants_seal(g);
  return g;
}

static int try_open(const trp_grants *g, const char *path, int flags) {
  int fd;
  int err = trp_grants_open(g, path, strlen(path), flags, 0600, &fd);
  if (err == 0) {
    assert_true(fd >= 0);
    close(fd);
  } else {
    assert_int_equal(fd, -1);
  }
  return err;
}

static void paths_open_beneath_the_root_only(void **state) {
  tree *t = *state;
  trp_grants *g = grants_of(t, "in", false);
  struct {
    const char *path;
    int err;
  } cases[] = {
      {"in/file", 0},
      {"in", 0},
      {"in/", 0},
      {"in//sub/./file", 0},
      {"in/sub/../file", 0},
      {"in/missing", -ENOENT},
      {"in/file/x", -ENOTDIR},
      {"in/abs", 0},
      {"in/rel", 0},
      {"in/up", -EACCES},
      {"in/away/secret", -EACCES},
      {"in/cross", -EACCES},
      {"in/loop", -ELOOP},
      {"in/magic/etc/passwd", -EACCES},
      {"in/../out/secret", -EACCES},
      {"in/../in/file", 0},
      {"in/sub/../../in/file", 0},
      {"in/../../../../../../etc/passwd", -EACCES},
      {"out/secret", -EACCES},
      {"inn", -EACCES},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int err = try_open(g, at(t, cases[i].path), O_RDONLY);
    if (err != cases[i].err) print_message("%s: %d, not %d\n", cases[i].path, err, cases[i].err);
    assert_int_equal(err, cases[i].err);
  }
  assert_int_equal(try_open(g, "", O_RDONLY), -EINVAL);
  assert_int_equal(try_open(g, "/etc/passwd", O_RDONLY), -EACCES);
  assert_int_equal(try_open(g, "file", O_RDONLY), -EACCES); /* relative to the working directory */
  int fd;
  assert_int_equal(trp_grants_open(g, "/tmp\0x", 6, O_RDONLY, 0, &fd), -EINVAL);
  char *longer = malloc(PATH_MAX + 10);
  assert_non_null(longer);
  memset(longer, 'a', PATH_MAX + 9);
  longer[0] = '/';
  longer[PATH_MAX + 9] = '\0';
  assert_int_equal(try_open(g, longer, O_RDONLY), -ENAMETOOLONG);
  longer[400] = '\0';
  char path[1024];
  snprintf(path, sizeof path, "%s%s", at(t, "in"), longer);
  assert_int_equal(try_open(g, path, O_RDONLY), -ENAMETOOLONG);
  free(longer);
  troupe_grants_unref(g);
}

static void the_walk_agrees_with_the_kernel(void **state) {
  tree *t = *state;
  char real[256];
  assert_non_null(realpath(at(t, "in"), real) ? real : NULL);
  trp_root root = {.given = real, .real = real, .writable = true};
  const char *paths[] = {"file", "sub/file", "sub/../file", "missing",     "file/x",
                         "abs",  "rel",      "up",          "away/secret", "loop",
                         "",     "..",       "sub/..",      "dangling"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    for (int kind = 0; kind < 3; kind++) {
      int flags = kind == 0 ? O_RDONLY : kind == 1 ? O_PATH : O_RDONLY | O_DIRECTORY;
      char path[512];
      snprintf(path, sizeof path, "%s/%s", real, paths[i]);
      int a, b;
      int err_a = trp_beneath_open(&root, 1, false, path, flags, 0, &a);
      int err_b = trp_beneath_walk(&root, 1, false, path, flags, 0, &b);
      if (err_a != err_b) print_message("%s (%d): %d and %d\n", path, kind, err_a, err_b);
      assert_int_equal(err_a, err_b);
      if (err_a) continue;
      char name_a[PATH_MAX], name_b[PATH_MAX];
      assert_int_equal(trp_grants_real_path(a, name_a), 0);
      assert_int_equal(trp_grants_real_path(b, name_b), 0);
      assert_string_equal(name_a, name_b);
      close(a);
      close(b);
    }
  }
}

static void writing_needs_a_writable_root(void **state) {
  tree *t = *state;
  trp_grants *r = grants_of(t, "in", false);
  trp_grants *rw = grants_of(t, "in", true);
  assert_int_equal(try_open(r, at(t, "in/file"), O_WRONLY), -EACCES);
  assert_int_equal(try_open(r, at(t, "in/file"), O_RDWR), -EACCES);
  assert_int_equal(try_open(r, at(t, "in/file"), O_RDONLY | O_TRUNC), -EACCES);
  assert_int_equal(try_open(r, at(t, "in/fresh"), O_RDONLY | O_CREAT), -EACCES);
  assert_int_equal(try_open(rw, at(t, "in/file"), O_RDWR), 0);
  assert_int_equal(try_open(rw, at(t, "in/fresh"), O_WRONLY | O_CREAT | O_EXCL), 0);
  assert_int_equal(try_open(rw, at(t, "in/up"), O_WRONLY | O_CREAT), -EACCES);
  assert_int_equal(try_open(rw, at(t, "in/dangling"), O_WRONLY | O_CREAT), 0);
  assert_int_equal(access(at(t, "in/new"), F_OK), 0);
  char name[NAME_MAX + 1];
  int fd;
  const char *path = at(t, "in/sub/file");
  assert_int_equal(trp_grants_open_parent(r, path, strlen(path), true, &fd, name), -EACCES);
  assert_int_equal(trp_grants_open_parent(rw, path, strlen(path), true, &fd, name), 0);
  assert_string_equal(name, "file");
  close(fd);
  path = at(t, "in/sub/..");
  assert_int_equal(trp_grants_open_parent(rw, path, strlen(path), true, &fd, name), -EISDIR);
  path = at(t, "in");
  assert_int_equal(trp_grants_open_parent(rw, path, strlen(path), true, &fd, name), -EACCES);
  assert_int_equal(try_open(NULL, at(t, "in/file"), O_RDONLY), -EACCES);
  troupe_grants_unref(r);
  troupe_grants_unref(rw);
}

static void links_may_lead_from_one_root_into_another(void **state) {
  tree *t = *state;
  trp_grants *g;
  assert_int_equal(troupe_grants_new(&g, NULL), 0);
  assert_int_equal(troupe_grants_add_fs(g, at(t, "alias"), true), 0);
  assert_int_equal(troupe_grants_add_fs(g, at(t, "two"), false), 0);
  troupe_grants_seal(g);
  assert_int_equal(try_open(g, at(t, "in/cross"), O_RDONLY), 0);
  assert_int_equal(try_open(g, at(t, "in/cross"), O_WRONLY), -EACCES);
  assert_int_equal(try_open(g, at(t, "alias/file"), O_RDONLY), 0); /* as the grant was written */
  assert_int_equal(try_open(g, at(t, "in/file"), O_RDONLY), 0);
  troupe_grants_unref(g);
}

static void the_whole_file_system_can_be_a_root(void **state) {
  tree *t = *state;
  trp_grants *g;
  assert_int_equal(troupe_grants_new(&g, NULL), 0);
  assert_int_equal(troupe_grants_add_fs(g, "/", false), 0);
  troupe_grants_seal(g);
  assert_int_equal(try_open(g, "/", O_RDONLY), 0);
  assert_int_equal(try_open(g, "/../..", O_RDONLY), 0);
  assert_int_equal(try_open(g, at(t, "in/up"), O_RDONLY), 0);
  assert_int_equal(try_open(g, at(t, "in/away/secret"), O_RDONLY), 0);
  troupe_grants_unref(g);
}

static void a_root_that_became_a_link_is_not_followed(void **state) {
  tree *t = *state;
  trp_grants *g = grants_of(t, "in/sub", true);
  char from[256];
  snprintf(from, sizeof from, "%s", at(t, "in/sub"));
  assert_int_equal(rename(from, at(t, "in/moved")), 0);
  put_link(t, "@out", "in/sub");
  assert_int_not_equal(try_open(g, at(t, "in/sub/secret"), O_RDONLY), 0);
  troupe_grants_unref(g);
}

static void bad_entries_are_refused_and_sealed_sets_stay(void **state) {
  tree *t = *state;
  trp_grants *g;
  assert_int_equal(troupe_grants_new(&g, NULL), 0);
  assert_int_equal(troupe_grants_add_tool(g, ""), TROUPE_E_INVALID);
  assert_int_equal(trp_grants_add(g, TRP_GRANT_TOOLS, "a\0b", 3), TROUPE_E_INVALID);
  assert_int_equal(troupe_grants_add_exec(g, "bin/true"), TROUPE_E_INVALID);
  assert_int_equal(troupe_grants_add_fs(g, at(t, "nowhere"), false), -ENOENT);
  assert_int_equal(troupe_grants_add_fs(g, at(t, "in/file"), false), -ENOTDIR);
  assert_int_equal(troupe_grants_add_fs(g, "", false), TROUPE_E_INVALID);
  char name[32];
  for (int i = 0; i < TROUPE_GRANTS_MAX; i++) {
    snprintf(name, sizeof name, "t%d", i);
    assert_int_equal(troupe_grants_add_tool(g, name), 0);
  }
  assert_int_equal(troupe_grants_add_tool(g, "t1"), 0);
  assert_int_equal(troupe_grants_add_tool(g, "more"), TROUPE_E_LIMIT);
  troupe_grants_seal(g);
  assert_int_equal(troupe_grants_add_name(g, "n"), TROUPE_E_INVALID);
  assert_int_equal(troupe_grants_set_spawn(g, 1), TROUPE_E_INVALID);
  assert_true(trp_grants_may_tool(g, "t7", 2));
  assert_false(trp_grants_may_tool(g, "t", 1));
  assert_false(trp_grants_may_tool(NULL, "t7", 2));
  troupe_grants_unref(g);
}

static trp_grants *build(tree *t, const char *tool, const char *root, bool rw, uint32_t spawn) {
  trp_grants *g;
  assert_int_equal(troupe_grants_new(&g, NULL), 0);
  if (tool) assert_int_equal(troupe_grants_add_tool(g, tool), 0);
  if (root) assert_int_equal(troupe_grants_add_fs(g, at(t, root), rw), 0);
  troupe_grants_set_spawn(g, spawn);
  troupe_grants_seal(g);
  return g;
}

static void a_child_gets_no_more_than_its_parent_has(void **state) {
  tree *t = *state;
  trp_grants *parent = build(t, "fetch", "in", false, 3);
  struct {
    const char *tool, *root;
    bool rw;
    uint32_t spawn;
    const char *says; /* NULL: allowed */
  } cases[] = {
      {"fetch", "in/sub", false, 3, NULL}, {NULL, NULL, false, 0, NULL},
      {"other", NULL, false, 0, "other"},  {NULL, "out", false, 0, "/out"},
      {NULL, "in/sub", true, 0, "in/sub"}, {NULL, "in/away", false, 0, "away"},
      {NULL, NULL, false, 4, "spawn: 4"},  {NULL, "alias/sub", false, 0, NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    trp_grants *wanted = build(t, cases[i].tool, cases[i].root, cases[i].rw, cases[i].spawn);
    trp_grants *out;
    char msg[200];
    int err = trp_grants_narrow(parent, wanted, &out, msg, sizeof msg);
    if (cases[i].says) {
      assert_int_equal(err, TROUPE_E_DENIED);
      assert_null(out);
      assert_non_null(strstr(msg, cases[i].says));
    } else {
      assert_int_equal(err, 0);
      assert_ptr_equal(out, wanted);
      troupe_grants_unref(out);
    }
    troupe_grants_unref(wanted);
  }
  trp_grants *all, *out;
  assert_int_equal(troupe_grants_new(&all, NULL), 0);
  assert_int_equal(troupe_grants_add_all_names(all), 0);
  troupe_grants_seal(all);
  assert_true(trp_grants_may_name(all, "anybody", 7));
  assert_int_equal(trp_grants_narrow(parent, all, &out, NULL, 0), TROUPE_E_DENIED);
  assert_int_equal(trp_grants_narrow(NULL, all, &out, NULL, 0), TROUPE_E_DENIED);
  assert_int_equal(trp_grants_narrow(parent, NULL, &out, NULL, 0), 0);
  troupe_grants_unref(all);
  troupe_grants_unref(parent);
}

static void building_copes_without_memory(void **state) {
  tree *t = *state;
  for (long n = 1;; n++) {
    faulty f;
    faulty_init(&f, n);
    trp_grants *g;
    int err = troupe_grants_new(&g, &f.allocator);
    if (!err) err = troupe_grants_add_tool(g, "one");
    if (!err) err = troupe_grants_add_name(g, "two");
    if (!err) err = troupe_grants_add_exec(g, "/bin/true");
    if (!err) err = troupe_grants_add_net(g, "localhost:80");
    if (!err) err = troupe_grants_add_fs(g, at(t, "in"), true);
    troupe_grants_unref(g);
    faulty_check(&f);
    if (err == 0 && f.calls < n) break;
    assert_int_equal(err, TROUPE_E_NO_MEMORY);
  }
}

#define WITH_TREE(f) cmocka_unit_test_setup_teardown(f, make_tree, drop_tree)

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_TREE(paths_open_beneath_the_root_only),
      WITH_TREE(the_walk_agrees_with_the_kernel),
      WITH_TREE(writing_needs_a_writable_root),
      WITH_TREE(links_may_lead_from_one_root_into_another),
      WITH_TREE(the_whole_file_system_can_be_a_root),
      WITH_TREE(a_root_that_became_a_link_is_not_followed),
      WITH_TREE(bad_entries_are_refused_and_sealed_sets_stay),
      WITH_TREE(a_child_gets_no_more_than_its_parent_has),
      WITH_TREE(building_copes_without_memory),
  };
  return run_tests(tests);
}
