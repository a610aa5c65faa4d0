/* The tool `fs.list`: what a directory holds, sorted by path. Links to directories are listed and
 * not entered, so a listing always ends. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/base/mem.h"
#include "tools/builtin/args.h"
#include "tools/builtin/builtin.h"
#include "tools/grants.h"

enum { DEPTH_MAX = 64, DEFAULT_MAX = 10000, SEEN_MAX = 1000000 };
#define ERR_TOO_DEEP (-ELOOP)
#define ERR_TOO_MANY (-EOVERFLOW)

typedef struct entry {
  char *path;
  char *real; /* links that lead somewhere we may go: where; NULL otherwise */
  const char *type;
  int64_t size;
} entry;

typedef struct listing {
  troupe_call *call;
  const troupe_allocator *al;
  bool recursive;
  trp_text suffix;
  size_t max, seen;
  entry *entries;
  size_t len, cap;
  char path[PATH_MAX]; /* of the directory being read */
  size_t path_len;
} listing;

static void free_text(const listing *l, char *s) {
  if (s) trp_free(l->al, s, strlen(s) + 1);
}

static void release(listing *l) {
  for (size_t i = 0; i < l->len; i++) {
    free_text(l, l->entries[i].path);
    free_text(l, l->entries[i].real);
  }
  trp_free(l->al, l->entries, l->cap * sizeof *l->entries);
}

static const char *type_of(mode_t mode) {
  if (S_ISREG(mode)) return "file";
  if (S_ISDIR(mode)) return "dir";
  return S_ISLNK(mode) ? "link" : "other";
}

static int grow(listing *l) {
  if (l->len >= l->max) return ERR_TOO_MANY;
  if (l->len < l->cap) return 0;
  size_t cap = l->cap ? l->cap * 2 : 64;
  entry *more = trp_realloc(l->al, l->entries, l->cap * sizeof *more, cap * sizeof *more);
  if (!more) return -ENOMEM;
  l->entries = more;
  l->cap = cap;
  return 0;
}

/* Follows a link where the caller may go; leaves st and real alone otherwise. */
static void follow(const listing *l, struct stat *st, char *real) {
  int fd;
  if (troupe_call_open(l->call, l->path, l->path_len, O_PATH, 0, &fd)) return;
  struct stat target;
  if (fstat(fd, &target) == 0 && trp_grants_real_path(fd, real) == 0)
    *st = target;
  else
    real[0] = '\0';
  close(fd);
}

/* l->path is the entry's own path. */
static int add(listing *l, struct stat st) {
  size_t n = l->suffix.len;
  if (n > l->path_len) return 0;
  if (n > 0 && memcmp(l->path + l->path_len - n, l->suffix.s, n) != 0) return 0;
  int err = grow(l);
  if (err) return err;
  char real[PATH_MAX] = "";
  if (S_ISLNK(st.st_mode)) follow(l, &st, real);
  entry e = {.path = trp_strndup(l->al, l->path, l->path_len),
             .real = real[0] ? trp_strndup(l->al, real, strlen(real)) : NULL,
             .type = type_of(st.st_mode),
             .size = st.st_size};
  if (!e.path || (real[0] && !e.real)) {
    free_text(l, e.path);
    free_text(l, e.real);
    return -ENOMEM;
  }
  l->entries[l->len++] = e;
  return 0;
}

static int read_dir(listing *l, int fd, unsigned depth);

static int visit(listing *l, int dir, const char *name, unsigned depth) {
  struct stat st;
  size_t before = l->path_len, n = strlen(name);
  if (++l->seen > SEEN_MAX) return ERR_TOO_MANY;
  if (before + 1 + n >= PATH_MAX) return -ENAMETOOLONG;
  if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT ? 0 : -errno;
  if (l->path[before - 1] != '/') l->path[l->path_len++] = '/';
  memcpy(l->path + l->path_len, name, n + 1);
  l->path_len += n;
  int err = add(l, st);
  if (!err && l->recursive && S_ISDIR(st.st_mode)) {
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0)
      err = read_dir(l, fd, depth + 1);
    else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
      err = -errno; /* not just gone */
  }
  l->path_len = before;
  l->path[before] = '\0';
  return err;
}

/* Takes fd. */
static int read_dir(listing *l, int fd, unsigned depth) {
  DIR *d = depth <= DEPTH_MAX ? fdopendir(fd) : NULL;
  if (!d) {
    int err = depth <= DEPTH_MAX ? -errno : ERR_TOO_DEEP;
    close(fd);
    return err;
  }
  int err = 0;
  while (!err && !troupe_call_cancelled(l->call)) {
    errno = 0;
    const struct dirent *e = readdir(d); /* NOLINT(concurrency-mt-unsafe): d is ours alone */
    if (!e) {
      err = -errno;
      break;
    }
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
      err = visit(l, dirfd(d), e->d_name, depth);
  }
  closedir(d);
  return err;
}

static int by_path(const void *a, const void *b) {
  return strcmp(((const entry *)a)->path, ((const entry *)b)->path);
}

static void answer(listing *l) {
  trp_answer a;
  trp_answer_init(&a, l->call);
  if (l->len > 1) qsort(l->entries, l->len, sizeof *l->entries, by_path);
  trp_wire_put_array(&a.w, l->len);
  for (size_t i = 0; i < l->len && !a.w.err; i++) {
    const entry *e = &l->entries[i];
    trp_wire_put_map(&a.w, e->real ? 4 : 3);
    trp_wire_put_cstr(&a.w, "path");
    trp_wire_put_cstr(&a.w, e->path);
    trp_wire_put_cstr(&a.w, "type");
    trp_wire_put_cstr(&a.w, e->type);
    trp_wire_put_cstr(&a.w, "size");
    trp_wire_put_int(&a.w, e->size);
    if (!e->real) continue;
    trp_wire_put_cstr(&a.w, "real");
    trp_wire_put_cstr(&a.w, e->real);
  }
  trp_answer_send(&a);
}

static void fail(listing *l, int err, trp_text path) {
  if (err == ERR_TOO_MANY) {
    troupe_call_fail(l->call, TROUPE_OUTCOME_PERMANENT, "too_big",
                     "there are more entries than `max`");
  } else if (err == ERR_TOO_DEEP) {
    troupe_call_fail(l->call, TROUPE_OUTCOME_PERMANENT, "too_deep",
                     "directories are nested deeper than 64 levels");
  } else {
    trp_fail_path(l->call, err, path);
  }
}

void trp_fs_list_run(troupe_call *call, void *user) {
  (void)user;
  trp_fields f;
  trp_fields_init(&f, call);
  listing l = {.call = call, .al = trp_call_allocator(call)};
  trp_text path = trp_field_required_text(&f, "path");
  l.suffix = trp_field_text(&f, "suffix");
  l.recursive = trp_field_bool(&f, "recursive");
  l.max = (size_t)trp_field_int(&f, "max", 1, SEEN_MAX, DEFAULT_MAX);
  if (f.bad) return;
  int fd;
  int err = troupe_call_open(call, path.s, path.len, O_RDONLY | O_DIRECTORY, 0, &fd);
  if (err) {
    trp_fail_path(call, err, path);
    return;
  }
  while (path.len > 1 && path.s[path.len - 1] == '/')
    path.len--;
  memcpy(l.path, path.s, path.len); /* it was opened, so it is shorter than PATH_MAX */
  l.path_len = path.len;
  err = read_dir(&l, fd, 1);
  if (err)
    fail(&l, err, path);
  else
    answer(&l);
  release(&l);
}
