#include "actors/base/machine.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

/* The number in a file; UINT64_MAX when it holds none ("max") or cannot be read. */
static uint64_t read_number(const char *path) {
  char text[32] = "", *end;
  FILE *f = fopen(path, "re");
  if (!f) return UINT64_MAX;
  if (!fgets(text, sizeof text, f)) text[0] = 0;
  fclose(f);
  unsigned long long n = strtoull(text, &end, 10);
  return end == text ? UINT64_MAX : n;
}

/* The least of a group's limit and of those above it. Inside a container the group's own path is
 * often not visible; then only the root of the hierarchy is, which is the container's. */
static uint64_t least_limit(const char *hierarchy, char *group, const char *file) {
  char path[PATH_MAX];
  uint64_t least = UINT64_MAX;
  for (;;) {
    int n = snprintf(path, sizeof path, "%s%s/%s", hierarchy, group, file);
    uint64_t limit = n < (int)sizeof path ? read_number(path) : UINT64_MAX;
    if (limit < least) least = limit;
    char *slash = strrchr(group, '/');
    if (!slash) return least;
    *slash = 0;
  }
}

/* A line of /proc/self/cgroup is "number:controllers:/path"; version 2 has number 0 and no
 * controllers. */
static uint64_t limit_of_line(const char *root, char *line) {
  char hierarchy[PATH_MAX];
  char *controllers = strchr(line, ':');
  char *group = controllers ? strchr(controllers + 1, ':') : NULL;
  if (!group) return UINT64_MAX;
  *group++ = 0;
  group[strcspn(group, "\n")] = 0;
  if (controllers[1] == 0) {
    snprintf(hierarchy, sizeof hierarchy, "%s/sys/fs/cgroup", root);
    return least_limit(hierarchy, group, "memory.max");
  }
  char *rest = NULL;
  for (char *name = strtok_r(controllers + 1, ",", &rest); name;
       name = strtok_r(NULL, ",", &rest)) {
    if (strcmp(name, "memory") != 0) continue;
    snprintf(hierarchy, sizeof hierarchy, "%s/sys/fs/cgroup/memory", root);
    return least_limit(hierarchy, group, "memory.limit_in_bytes");
  }
  return UINT64_MAX;
}

uint64_t trp_machine_cgroup_memory(const char *root) {
  char line[PATH_MAX];
  uint64_t least = UINT64_MAX;
  snprintf(line, sizeof line, "%s/proc/self/cgroup", root);
  FILE *f = fopen(line, "re");
  if (!f) return least;
  while (fgets(line, sizeof line, f)) {
    uint64_t limit = limit_of_line(root, line);
    if (limit < least) least = limit;
  }
  fclose(f);
  return least;
}

uint64_t trp_machine_memory(void) {
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  uint64_t ram = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
  uint64_t group = trp_machine_cgroup_memory("");
  if (ram == 0) return group == UINT64_MAX ? 0 : group;
  return group < ram ? group : ram;
}
