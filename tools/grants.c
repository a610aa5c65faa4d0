/* Sets of grants. Called by the scripting layer and hosts (building), spawns (narrowing), tool
 * calls (questions) and tools (opening files). */
#include "tools/grants.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actors/base/assert.h"
#include "actors/base/mem.h"
#include "tools/beneath.h"

typedef struct text_list {
  char **items;
  size_t len, cap;
} text_list;

struct troupe_grants {
  /* any thread */
  _Atomic uint32_t refs;
  /* builder's thread until sealed, then constant */
  const troupe_allocator *al;
  bool sealed;
  bool all_names;
  uint32_t spawn;
  text_list lists[TRP_GRANT_LISTS];
  trp_root *roots;
  size_t root_count, root_cap;
};

#define X(name, lua) [TRP_GRANT_##name] = (lua),
static const char *const list_names[TRP_GRANT_LISTS] = {TRP_GRANT_MAP(X)};
#undef X

static const size_t text_max[TRP_GRANT_LISTS] = {64, 255, PATH_MAX - 1, 512};

static void free_text(const trp_grants *g, char *text) {
  if (text) trp_free(g->al, text, strlen(text) + 1);
}

int troupe_grants_new(troupe_grants **out, const troupe_allocator *al) {
  *out = trp_zalloc(al, sizeof **out);
  if (!*out) return TROUPE_E_NO_MEMORY;
  (*out)->al = al;
  atomic_init(&(*out)->refs, 1);
  return TROUPE_OK;
}

void troupe_grants_seal(troupe_grants *g) { g->sealed = true; }

troupe_grants *troupe_grants_ref(troupe_grants *g) {
  if (g) atomic_fetch_add_explicit(&g->refs, 1, memory_order_relaxed);
  return g;
}

void troupe_grants_unref(troupe_grants *g) {
  /* acq_rel: whoever frees sees what all others did with the set before */
  if (!g || atomic_fetch_sub_explicit(&g->refs, 1, memory_order_acq_rel) != 1) return;
  for (int i = 0; i < TRP_GRANT_LISTS; i++) {
    text_list *l = &g->lists[i];
    for (size_t j = 0; j < l->len; j++)
      free_text(g, l->items[j]);
    trp_free(g->al, l->items, l->cap * sizeof *l->items);
  }
  for (size_t i = 0; i < g->root_count; i++) {
    free_text(g, g->roots[i].given);
    free_text(g, g->roots[i].real);
  }
  trp_free(g->al, g->roots, g->root_cap * sizeof *g->roots);
  trp_free(g->al, g, sizeof *g);
}

/* Room for one more; *items has *cap entries of size bytes. */
static int grow(const trp_grants *g, void *items, size_t len, size_t *cap, size_t size) {
  void **array = items;
  if (len >= TROUPE_GRANTS_MAX) return TROUPE_E_LIMIT;
  if (len < *cap) return TROUPE_OK;
  size_t more = *cap ? *cap * 2 : 4;
  void *p = trp_realloc(g->al, *array, *cap * size, more * size);
  if (!p) return TROUPE_E_NO_MEMORY;
  *array = p;
  *cap = more;
  return TROUPE_OK;
}

static bool list_has(const text_list *l, const char *text, size_t len) {
  for (size_t i = 0; i < l->len; i++) {
    if (strlen(l->items[i]) == len && memcmp(l->items[i], text, len) == 0) return true;
  }
  return false;
}

int trp_grants_add(trp_grants *g, trp_grant which, const char *text, size_t len) {
  text_list *l = &g->lists[which];
  if (g->sealed || len == 0 || len > text_max[which] || memchr(text, '\0', len))
    return TROUPE_E_INVALID;
  if (which == TRP_GRANT_EXEC && text[0] != '/') return TROUPE_E_INVALID;
  if (list_has(l, text, len)) return TROUPE_OK;
  void *items = l->items;
  int err = grow(g, &items, l->len, &l->cap, sizeof *l->items);
  l->items = items;
  if (err) return err;
  char *copy = trp_strndup(g->al, text, len);
  if (!copy) return TROUPE_E_NO_MEMORY;
  l->items[l->len++] = copy;
  return TROUPE_OK;
}

int trp_grants_add_root(trp_grants *g, const char *root, size_t len, bool writable) {
  char given[PATH_MAX], real[PATH_MAX];
  if (g->sealed) return TROUPE_E_INVALID;
  int err = trp_path_clean(root, len, given);
  if (err == -EINVAL) return TROUPE_E_INVALID;
  if (err) return err;
  if (!realpath(given, real)) return -errno;
  int fd = open(real, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -errno;
  close(fd);
  for (size_t i = 0; i < g->root_count; i++) {
    trp_root *r = &g->roots[i];
    if (strcmp(r->real, real) != 0 || strcmp(r->given, given) != 0) continue;
    r->writable = r->writable || writable;
    return TROUPE_OK;
  }
  void *roots = g->roots;
  err = grow(g, &roots, g->root_count, &g->root_cap, sizeof *g->roots);
  g->roots = roots;
  if (err) return err;
  trp_root r = {.given = trp_strndup(g->al, given, strlen(given)),
                .real = trp_strndup(g->al, real, strlen(real)),
                .writable = writable};
  if (!r.given || !r.real) {
    free_text(g, r.given);
    free_text(g, r.real);
    return TROUPE_E_NO_MEMORY;
  }
  g->roots[g->root_count++] = r;
  return TROUPE_OK;
}

int troupe_grants_add_tool(troupe_grants *g, const char *name) {
  return trp_grants_add(g, TRP_GRANT_TOOLS, name, strlen(name));
}

int troupe_grants_add_name(troupe_grants *g, const char *name) {
  return trp_grants_add(g, TRP_GRANT_NAMES, name, strlen(name));
}

int troupe_grants_add_exec(troupe_grants *g, const char *program) {
  return trp_grants_add(g, TRP_GRANT_EXEC, program, strlen(program));
}

int troupe_grants_add_net(troupe_grants *g, const char *host_and_port) {
  return trp_grants_add(g, TRP_GRANT_NET, host_and_port, strlen(host_and_port));
}

int troupe_grants_add_fs(troupe_grants *g, const char *root, bool writable) {
  return trp_grants_add_root(g, root, strlen(root), writable);
}

int troupe_grants_add_all_names(troupe_grants *g) {
  if (g->sealed) return TROUPE_E_INVALID;
  g->all_names = true;
  return TROUPE_OK;
}

int troupe_grants_set_spawn(troupe_grants *g, uint32_t count) {
  if (g->sealed) return TROUPE_E_INVALID;
  g->spawn = count;
  return TROUPE_OK;
}

/* ---- questions ----------------------------------------------------------------------------- */

const char *trp_grants_entry(const trp_grants *g, trp_grant which, size_t index) {
  return g && index < g->lists[which].len ? g->lists[which].items[index] : NULL;
}

bool trp_grants_has(const trp_grants *g, trp_grant which, const char *text, size_t len) {
  if (!g) return false;
  if (which == TRP_GRANT_NAMES && g->all_names) return true;
  return list_has(&g->lists[which], text, len);
}

bool trp_grants_any_root(const trp_grants *g, bool write) {
  for (size_t i = 0; g && i < g->root_count; i++) {
    if (!write || g->roots[i].writable) return true;
  }
  return false;
}

uint32_t trp_grants_spawn(const trp_grants *g) { return g ? g->spawn : 0; }

static bool covers_root(const trp_grants *parent, const trp_root *wanted) {
  for (size_t i = 0; parent && i < parent->root_count; i++) {
    const trp_root *r = &parent->roots[i];
    if (trp_path_within(wanted->real, r->real) && (r->writable || !wanted->writable)) return true;
  }
  return false;
}

/* The first entry of wanted that parent does not have, and the name of its list; NULL: none. */
static const char *find_excess(const trp_grants *parent, const trp_grants *wanted,
                               const char **entry) {
  for (int i = 0; i < TRP_GRANT_LISTS; i++) {
    for (size_t j = 0; j < wanted->lists[i].len; j++) {
      *entry = wanted->lists[i].items[j];
      if (!trp_grants_has(parent, (trp_grant)i, *entry, strlen(*entry))) return list_names[i];
    }
  }
  *entry = "all";
  if (wanted->all_names && !(parent && parent->all_names)) return "names";
  for (size_t i = 0; i < wanted->root_count; i++) {
    *entry = wanted->roots[i].given;
    if (!covers_root(parent, &wanted->roots[i]))
      return wanted->roots[i].writable ? "fs (rw)" : "fs (r)";
  }
  return NULL;
}

int trp_grants_narrow(const trp_grants *parent, trp_grants *wanted, trp_grants **out, char *msg,
                      size_t msg_len) {
  const char *entry;
  *out = NULL;
  if (msg && msg_len) msg[0] = '\0';
  if (!wanted) return TROUPE_OK;
  TRP_ASSERT(wanted->sealed);
  const char *list = find_excess(parent, wanted, &entry);
  if (list) {
    if (msg && msg_len)
      snprintf(msg, msg_len, "permissions.%s: \"%s\" is not granted to the parent", list, entry);
    return TROUPE_E_DENIED;
  }
  if (wanted->spawn > trp_grants_spawn(parent)) {
    if (msg && msg_len)
      snprintf(msg, msg_len, "permissions.spawn: %u is more than the parent's %u", wanted->spawn,
               trp_grants_spawn(parent));
    return TROUPE_E_DENIED;
  }
  *out = troupe_grants_ref(wanted);
  return TROUPE_OK;
}

/* ---- files --------------------------------------------------------------------------------- */

int trp_grants_open(const trp_grants *g, const char *path, size_t len, int flags, mode_t mode,
                    int *fd) {
  char clean[PATH_MAX];
  *fd = -1;
  int err = trp_path_clean(path, len, clean);
  if (err) return err;
  if (!g) return -EACCES;
  bool write = !(flags & O_PATH) &&
               ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC | O_APPEND)) != 0);
  return trp_beneath_open(g->roots, g->root_count, write, clean, flags, mode, fd);
}

int trp_grants_open_parent(const trp_grants *g, const char *path, size_t len, bool write, int *fd,
                           char *name) {
  char clean[PATH_MAX];
  *fd = -1;
  int err = trp_path_clean(path, len, clean);
  if (err) return err;
  if (!g) return -EACCES;
  char *slash = strrchr(clean, '/');
  size_t n = strlen(slash + 1);
  if (n == 0 || strcmp(slash + 1, "..") == 0) return -EISDIR;
  if (n > NAME_MAX) return -ENAMETOOLONG;
  memcpy(name, slash + 1, n + 1);
  *slash = '\0';
  return trp_beneath_open(g->roots, g->root_count, write, slash == clean ? "/" : clean,
                          O_PATH | O_DIRECTORY, 0, fd);
}

int trp_grants_real_path(int fd, char *out) {
  char link[32];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, out, PATH_MAX - 1);
  if (n < 0) return -errno;
  out[n] = '\0';
  return 0;
}
