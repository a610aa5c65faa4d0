#include "tests/test.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/base/machine.h"

/* A file system with a few files, as the kernel would show them. */
typedef struct tree {
  char root[64];
} tree;

static void tree_open(tree *t) {
  snprintf(t->root, sizeof t->root, "/tmp/troupe-machine-XXXXXX");
  assert_non_null(mkdtemp(t->root));
}

static void put(const tree *t, const char *path, const char *text) {
  char whole[512];
  snprintf(whole, sizeof whole, "%s/%s", t->root, path);
  for (char *slash = strchr(whole + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    assert_true(mkdir(whole, 0700) == 0 || errno == EEXIST);
    *slash = '/';
  }
  FILE *f = fopen(whole, "we");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
}

static void tree_close(const tree *t) {
  static const char *const all[] = {"proc/self/cgroup",
                                    "sys/fs/cgroup/a/b/memory.max",
                                    "sys/fs/cgroup/a/memory.max",
                                    "sys/fs/cgroup/memory/a/memory.limit_in_bytes",
                                    "sys/fs/cgroup/memory/memory.limit_in_bytes",
                                    "sys/fs/cgroup/memory/a",
                                    "sys/fs/cgroup/memory",
                                    "sys/fs/cgroup/a/b",
                                    "sys/fs/cgroup/a",
                                    "sys/fs/cgroup",
                                    "sys/fs",
                                    "sys",
                                    "proc/self",
                                    "proc"};
  char whole[512];
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    snprintf(whole, sizeof whole, "%s/%s", t->root, all[i]);
    (void)remove(whole);
  }
  (void)rmdir(t->root);
  assert_int_not_equal(access(t->root, F_OK), 0);
}

static void without_control_groups_there_is_no_limit(void **state) {
  (void)state;
  tree t;
  tree_open(&t);
  assert_true(trp_machine_cgroup_memory(t.root) == UINT64_MAX);
  put(&t, "proc/self/cgroup", "nonsense\n0::\n");
  assert_true(trp_machine_cgroup_memory(t.root) == UINT64_MAX);
  tree_close(&t);
}

static void a_limit_of_version_2_is_the_least_on_the_way_up(void **state) {
  (void)state;
  tree t;
  tree_open(&t);
  put(&t, "proc/self/cgroup", "0::/a/b\n");
  put(&t, "sys/fs/cgroup/a/b/memory.max", "max\n");
  assert_true(trp_machine_cgroup_memory(t.root) == UINT64_MAX);
  put(&t, "sys/fs/cgroup/a/memory.max", "1073741824\n");
  assert_int_equal(trp_machine_cgroup_memory(t.root), 1073741824);
  put(&t, "sys/fs/cgroup/a/b/memory.max", "536870912\n");
  assert_int_equal(trp_machine_cgroup_memory(t.root), 536870912);
  tree_close(&t);
}

static void a_limit_of_version_1_is_found_also_where_only_the_root_is_visible(void **state) {
  (void)state;
  tree t;
  tree_open(&t);
  put(&t, "proc/self/cgroup", "3:cpu,cpuacct:/a\n2:freezer,memory:/a\n0::/\n");
  put(&t, "sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n");
  assert_int_equal(trp_machine_cgroup_memory(t.root), 268435456);
  put(&t, "sys/fs/cgroup/memory/a/memory.limit_in_bytes", "134217728\n");
  assert_int_equal(trp_machine_cgroup_memory(t.root), 134217728);
  tree_close(&t);
}

static void this_machine_has_memory(void **state) {
  (void)state;
  uint64_t bytes = trp_machine_memory();
  assert_true(bytes > (UINT64_C(1) << 20));
  assert_true(bytes <= (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_control_groups_there_is_no_limit),
      cmocka_unit_test(a_limit_of_version_2_is_the_least_on_the_way_up),
      cmocka_unit_test(a_limit_of_version_1_is_found_also_where_only_the_root_is_visible),
      cmocka_unit_test(this_machine_has_memory),
  };
  return run_tests(tests);
}
