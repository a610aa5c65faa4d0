/* Opening beneath roots: openat2 first, a walk of our own where that gives up. Called by grants. */
#include "tools/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  MAX_TURNS = 256, /* links and ".." in one path */
  AGAIN = 1        /* walk_once: go on with another path */
};

/* Appends "/part" unless part is empty. */
static int append(char *out, size_t *len, const char *part, size_t part_len) {
  if (part_len == 0) return 0;
  if (*len + 1 + part_len >= PATH_MAX) return -ENAMETOOLONG;
  out[(*len)++] = '/';
  memcpy(out + *len, part, part_len);
  *len += part_len;
  return 0;
}

static int append_clean(char *out, size_t *len, const char *path, size_t path_len) {
  size_t at = 0;
  while (at < path_len) {
    const char *slash = memchr(path + at, '/', path_len - at);
    size_t end = slash ? (size_t)(slash - path) : path_len;
    bool dot = end - at == 1 && path[at] == '.';
    int err = dot ? 0 : append(out, len, path + at, end - at);
    if (err) return err;
    at = end + 1;
  }
  return 0;
}

int trp_path_clean(const char *path, size_t len, char *out) {
  size_t n = 0;
  out[0] = '\0';
  if (len == 0 || memchr(path, '\0', len)) return -EINVAL;
  if (len >= PATH_MAX) return -ENAMETOOLONG;
  if (path[0] != '/') {
    if (!getcwd(out, PATH_MAX)) return -errno;
    n = strcmp(out, "/") == 0 ? 0 : strlen(out);
  }
  int err = append_clean(out, &n, path, len);
  if (err) return err;
  if (n == 0) out[n++] = '/';
  out[n] = '\0';
  return 0;
}

bool trp_path_within(const char *path, const char *root) {
  size_t n = strlen(root);
  if (n == 1) return true; /* "/" */
  return strncmp(path, root, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* The part of a path behind a root it lies within; "" for the root itself. */
static const char *behind(const char *path, const char *root) {
  const char *rest = path + strlen(root);
  while (*rest == '/')
    rest++;
  return rest;
}

/* The root with the longest match, and what follows it. */
static const trp_root *match(const trp_root *roots, size_t count, bool write, const char *path,
                             const char **rest) {
  const trp_root *best = NULL;
  for (size_t i = 0; i < count; i++) {
    const trp_root *r = &roots[i];
    if (write && !r->writable) continue;
    const char *name = trp_path_within(path, r->real)    ? r->real
                       : trp_path_within(path, r->given) ? r->given
                                                         : NULL;
    if (!name) continue;
    if (best && strlen(best->real) >= strlen(r->real)) continue;
    best = r;
    *rest = behind(path, name);
  }
  return best;
}

static int open2(int dir, const char *path, int flags, mode_t mode, uint64_t resolve) {
  struct open_how how = {
      .flags = (uint64_t)(unsigned)flags, .mode = flags & O_CREAT ? mode : 0, .resolve = resolve};
  for (int turn = 0;; turn++) {
    long fd = syscall(SYS_openat2, dir, path, &how, sizeof how);
    if (fd >= 0) return (int)fd;
    /* EAGAIN: something was renamed during the look-up */
    if (errno == EINTR || (errno == EAGAIN && turn < 8)) continue;
    return -errno;
  }
}

static int open1(int dir, const char *name, int flags, mode_t mode) {
  for (;;) {
    int fd = openat(dir, name, flags, mode);
    if (fd >= 0) return fd;
    if (errno != EINTR) return -errno;
  }
}

/* Opens a resolved root; a link that has taken the place of one of its parts is not followed. */
static int open_root(const char *real) {
  const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
  int dir = open1(AT_FDCWD, "/", flags, 0);
  while (dir >= 0 && *real) {
    while (*real == '/')
      real++;
    size_t n = strcspn(real, "/");
    if (n == 0) break;
    char name[NAME_MAX + 1];
    int next = -ENAMETOOLONG;
    if (n <= NAME_MAX) {
      memcpy(name, real, n);
      name[n] = '\0';
      next = open1(dir, name, flags, 0);
    }
    close(dir);
    dir = next;
    real += n;
  }
  return dir;
}

int trp_beneath_open(const trp_root *roots, size_t count, bool write, const char *path, int flags,
                     mode_t mode, int *fd) {
  const char *rest = NULL;
  const trp_root *root = match(roots, count, write, path, &rest);
  *fd = -1;
  if (!root) return -EACCES;
  flags |= O_CLOEXEC;
  if (!(flags & O_PATH)) flags |= O_NOCTTY; /* openat2 wants few flags beside O_PATH */
  int dir = open2(AT_FDCWD, root->real, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS);
  int err = dir;
  if (dir >= 0) {
    err = open2(dir, *rest ? rest : ".", flags, mode, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
    close(dir);
  }
  if (err >= 0) {
    *fd = err;
    return 0;
  }
  /* ENOSYS, EPERM: no such call, or a filter forbids it. ELOOP: also links of /proc. */
  bool walk = err == -EXDEV || err == -ENOSYS || err == -EPERM || err == -EAGAIN || err == -ELOOP;
  return walk ? trp_beneath_walk(roots, count, write, path, flags, mode, fd) : err;
}

/* ---- the walk ------------------------------------------------------------------------------ */

/* Where a walk stands: the directory `dir`, whose path without links is `here`. */
typedef struct position {
  int dir;
  char here[PATH_MAX];
  size_t len; /* 0: "/" */
} position;

/* next = here + "/" + target + "/" + rest, or from "/" when target is absolute. */
static int turn(const position *p, const char *target, const char *rest, char *next) {
  size_t n = 0;
  if (target[0] != '/') {
    memcpy(next, p->here, p->len);
    n = p->len;
  }
  int err = append_clean(next, &n, target, strlen(target));
  if (!err) err = append_clean(next, &n, rest, strlen(rest));
  if (err) return err;
  if (n == 0) next[n++] = '/';
  next[n] = '\0';
  return AGAIN;
}

/* next = the parent of here + "/" + rest. */
static int turn_up(position *p, const char *rest, char *next) {
  while (p->len > 0 && p->here[p->len - 1] != '/')
    p->len--;
  if (p->len > 0) p->len--;
  return turn(p, "", rest, next);
}

/* Follows `name`, on which opening failed with err, when it is a link. */
static int follow(const position *p, const char *name, int err, const char *rest, char *next) {
  char target[PATH_MAX];
  ssize_t n = readlinkat(p->dir, name, target, sizeof target - 1);
  if (n < 0) return err;
  if (n == 0 || n == sizeof target - 1) return -ENAMETOOLONG;
  target[n] = '\0';
  return turn(p, target, rest, next);
}

static bool is_link(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 && S_ISLNK(st.st_mode);
}

static int last(const position *p, const char *name, int flags, mode_t mode, char *next, int *out) {
  int fd = open1(p->dir, name, flags | O_NOFOLLOW, mode);
  bool wants_link = (flags & O_NOFOLLOW) != 0;
  if (fd >= 0 && (flags & O_PATH) && !wants_link && is_link(fd)) {
    close(fd);
    fd = -ELOOP;
  }
  if (fd >= 0) {
    *out = fd;
    return 0;
  }
  if (wants_link || (fd != -ELOOP && fd != -ENOTDIR)) return fd;
  return follow(p, name, fd, "", next);
}

static int walk_once(const trp_root *root, const char *rest, int flags, mode_t mode, char *next,
                     int *out) {
  position p = {.dir = open_root(root->real)};
  if (p.dir < 0) return p.dir;
  p.len = strcmp(root->real, "/") == 0 ? 0 : strlen(root->real);
  memcpy(p.here, root->real, p.len);
  int err = 0;
  if (!*rest) err = last(&p, ".", flags, mode, next, out);
  while (*rest) {
    char name[NAME_MAX + 1];
    size_t n = strcspn(rest, "/");
    err = -ENAMETOOLONG;
    if (n > NAME_MAX) break;
    memcpy(name, rest, n);
    name[n] = '\0';
    rest += n;
    while (*rest == '/')
      rest++;
    if (strcmp(name, "..") == 0)
      err = turn_up(&p, rest, next);
    else if (!*rest)
      err = last(&p, name, flags, mode, next, out);
    else {
      int dir = open1(p.dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
      err = dir >= 0 ? 0 : follow(&p, name, dir, rest, next);
      if (dir >= 0) {
        close(p.dir);
        p.dir = dir;
        err = append(p.here, &p.len, name, n);
      }
    }
    if (err) break;
  }
  close(p.dir);
  return err;
}

int trp_beneath_walk(const trp_root *roots, size_t count, bool write, const char *path, int flags,
                     mode_t mode, int *fd) {
  char now[PATH_MAX], next[PATH_MAX];
  *fd = -1;
  if (strlen(path) >= sizeof now) return -ENAMETOOLONG;
  memcpy(now, path, strlen(path) + 1);
  for (int i = 0; i < MAX_TURNS; i++) {
    const char *rest = NULL;
    const trp_root *root = match(roots, count, write, now, &rest);
    if (!root) return -EACCES;
    int err = walk_once(root, rest, flags | O_CLOEXEC, mode, next, fd);
    if (err != AGAIN) return err;
    memcpy(now, next, strlen(next) + 1);
  }
  return -ELOOP;
}
