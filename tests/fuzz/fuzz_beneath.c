/* Paths of actors: trp_path_clean, and opening beneath granted directories. An input is a path and
 * the targets of two links that lie on its way, so it can lead anywhere. Whatever it is, what has
 * been opened lies inside the granted directories, and the kernel's openat2 and the walk of our own
 * open the same.
 *
 *   target of "in/a" NUL target of "in/d/b" NUL path
 *
 * The granted directories are "in", for writing, and "ro"; "out" holds what nobody may reach. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tools/beneath.h"

enum { ROOTS = 2, PART_MAX = 600 };

static char base[] = "/tmp/troupe-fuzz-XXXXXX";
static char in[PATH_MAX], ro[PATH_MAX];
static trp_root roots[ROOTS];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

static void remove_base(void) {
  (void)nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS); /* NOLINT(concurrency-mt-unsafe) */
}

static void put_file(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  REQUIRE(fd >= 0);
  close(fd);
}

/* The working directory is "in": relative paths begin there. */
static void start(void) {
  static const char *const folders[] = {"in", "in/d", "in/d/e", "ro", "ro/d", "out", "inside"};
  static const char *const files[] = {"in/f",   "in/d/f", "in/d/e/f", "ro/f",
                                      "ro/d/f", "out/f",  "inside/f", "f"};
  REQUIRE(mkdtemp(base) != NULL && chdir(base) == 0 && atexit(remove_base) == 0);
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
    REQUIRE(mkdir(folders[i], 0700) == 0);
  for (size_t i = 0; i < sizeof files / sizeof *files; i++)
    put_file(files[i]);
  REQUIRE(realpath("in", in) && realpath("ro", ro) && chdir("in") == 0);
  roots[0] = (trp_root){.given = in, .real = in, .writable = true};
  roots[1] = (trp_root){.given = ro, .real = ro};
}

/* The next part of the input as a text of at most PART_MAX bytes. */
static void take(const uint8_t **data, size_t *size, char *out) {
  const uint8_t *end = *size ? memchr(*data, 0, *size) : NULL;
  size_t n = end ? (size_t)(end - *data) : *size, step = end ? n + 1 : n;
  size_t kept = n < PART_MAX ? n : PART_MAX;
  if (kept) memcpy(out, *data, kept);
  out[kept] = '\0';
  *data += step;
  *size -= step;
}

/* "@" at a path's beginning stands for the folder above the granted ones, whose name varies. */
static void expand(char *text) {
  char whole[sizeof base + PART_MAX];
  if (text[0] != '@') return;
  snprintf(whole, sizeof whole, "%s%s", base, text + 1);
  snprintf(text, PART_MAX + 1, "%.*s", (int)PART_MAX, whole);
}

static bool is_inside(const char *path, bool write) {
  return trp_path_within(path, in) || (!write && trp_path_within(path, ro));
}

static void check_opened(int fd, bool write) {
  char link[64], real[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, real, sizeof real - 1);
  REQUIRE(n > 0);
  real[n] = '\0';
  if (!is_inside(real, write)) fprintf(stderr, "opened %s\n", real);
  REQUIRE(is_inside(real, write));
}

/* The kernel minds a slash at the end of a link's target, the walk does not. */
static void open_both(const char *path, bool write) {
  int fast, slow, flags = (write ? O_WRONLY : O_RDONLY) | O_NONBLOCK;
  struct stat a, b;
  int fast_err = trp_beneath_open(roots, ROOTS, write, path, flags, 0600, &fast);
  int slow_err = trp_beneath_walk(roots, ROOTS, write, path, flags, 0600, &slow);
  REQUIRE((fast_err == 0) == (fast >= 0) && (slow_err == 0) == (slow >= 0));
  if (fast >= 0) check_opened(fast, write);
  if (slow >= 0) check_opened(slow, write);
  bool agree = (fast >= 0) == (slow >= 0) || fast_err == -ENOTDIR;
  if (!agree) fprintf(stderr, "%s: %d, walk %d\n", path, fast_err, slow_err);
  REQUIRE(agree);
  if (fast >= 0) {
    REQUIRE(fstat(fast, &a) == 0 && fstat(slow, &b) == 0 && a.st_ino == b.st_ino);
    close(fast);
  }
  if (slow >= 0) close(slow);
}

/* Two texts make the same path: cleaning has changed nothing but its letters. */
static void check_clean(const char *path, const char *clean) {
  char again[PATH_MAX];
  REQUIRE(clean[0] == '/' && !strstr(clean, "//") && !strstr(clean, "/./"));
  REQUIRE(clean[1] == '\0' || clean[strlen(clean) - 1] != '/');
  REQUIRE(trp_path_clean(clean, strlen(clean), again) == 0 && strcmp(clean, again) == 0);
  struct stat a, b;
  bool folder_wanted = path[strlen(path) - 1] == '/' || path[strlen(path) - 1] == '.';
  if (folder_wanted) return; /* "f/" and "f/." are errors where "f" is a file */
  int got = lstat(path, &a) == 0 ? 0 : errno;
  if (got == ENOTDIR || got == ENAMETOOLONG || strstr(path, "/.")) return;
  REQUIRE(got == (lstat(clean, &b) == 0 ? 0 : errno));
  REQUIRE(got != 0 || (a.st_ino == b.st_ino && a.st_dev == b.st_dev));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char a[PART_MAX + 1], b[PART_MAX + 1], path[PART_MAX + 1], clean[PATH_MAX];
  if (!roots[0].real) start();
  take(&data, &size, a);
  take(&data, &size, b);
  take(&data, &size, path);
  expand(a);
  expand(b);
  expand(path);
  if (a[0]) REQUIRE(symlink(a, "a") == 0);
  if (b[0]) REQUIRE(symlink(b, "d/b") == 0);
  int err = trp_path_clean(path, strlen(path), clean);
  REQUIRE((err == -EINVAL) == (path[0] == '\0'));
  if (!err) {
    check_clean(path, clean);
    open_both(clean, false);
    open_both(clean, true);
  }
  if (a[0]) REQUIRE(unlink("a") == 0);
  if (b[0]) REQUIRE(unlink("d/b") == 0);
  return 0;
}
