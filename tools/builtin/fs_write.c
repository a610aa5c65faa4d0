/* The tool `fs.write`: replaces a file as a whole, or appends to it. Replacing goes through a
 * temporary file in the same directory and a rename, so that a reader sees the old or the new text
 * and a failure leaves the old one. What is not a regular file (a device) is written to directly.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/builtin/args.h"
#include "tools/builtin/builtin.h"
#include "tools/grants.h"

typedef struct job {
  troupe_call *call;
  trp_text path, data;
  bool append, sync;
} job;

static int write_all(int fd, const job *j) {
  size_t done = 0;
  while (done < j->data.len) {
    ssize_t n = write(fd, j->data.s + done, j->data.len - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -errno;
    done += (size_t)n;
  }
  return j->sync && fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

/* Errors of a full disk may come as late as here. */
static int close_written(int fd) { return close(fd) < 0 && errno != EINTR ? -errno : 0; }

static int write_in_place(const job *j, int flags) {
  int fd;
  int err =
      troupe_call_open(j->call, j->path.s, j->path.len, O_WRONLY | O_NONBLOCK | flags, 0666, &fd);
  if (err) return err;
  err = write_all(fd, j);
  int late = close_written(fd);
  return err ? err : late;
}

static int make_temporary(int dir, char *name, size_t size, int *fd) {
  for (int i = 0; i < 16; i++) {
    uint64_t id;
    if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id) return -EAGAIN;
    snprintf(name, size, ".troupe-%016" PRIx64, id);
    *fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (*fd >= 0) return 0;
    if (errno != EEXIST) return -errno;
  }
  return -EEXIST;
}

/* old: the file that is replaced, or NULL */
static int replace_in(int dir, const char *name, const struct stat *old, const job *j) {
  char temporary[64];
  int fd;
  int err = make_temporary(dir, temporary, sizeof temporary, &fd);
  if (err) return err;
  err = write_all(fd, j);
  if (!err && old && fchmod(fd, old->st_mode & 07777) < 0) err = -errno;
  int late = close_written(fd);
  if (!err) err = late;
  if (!err && renameat(dir, temporary, dir, name) < 0) err = -errno;
  if (err) unlinkat(dir, temporary, 0);
  return err;
}

/* `where` is the path without links of what exists there, or the path as given. */
static int replace(const job *j, trp_text where, const struct stat *old) {
  char name[NAME_MAX + 1];
  int dir;
  int err = troupe_call_open_parent(j->call, where.s, where.len, true, &dir, name);
  if (err) return err;
  err = replace_in(dir, name, old, j);
  close(dir);
  return err;
}

static int write_file(const job *j) {
  char real[PATH_MAX];
  struct stat st;
  int fd;
  if (j->append) return write_in_place(j, O_APPEND | O_CREAT);
  int err = troupe_call_open(j->call, j->path.s, j->path.len, O_PATH, 0, &fd);
  if (err == -ENOENT) return replace(j, j->path, NULL);
  if (err) return err;
  err = fstat(fd, &st) < 0 ? -errno : trp_grants_real_path(fd, real);
  close(fd);
  if (err) return err;
  if (S_ISDIR(st.st_mode)) return -EISDIR;
  if (!S_ISREG(st.st_mode)) return write_in_place(j, 0);
  return replace(j, (trp_text){real, strlen(real)}, &st);
}

void trp_fs_write_run(troupe_call *call, void *user) {
  (void)user;
  trp_fields f;
  trp_fields_init(&f, call);
  job j = {.call = call};
  j.path = trp_field_required_text(&f, "path");
  j.data = trp_field_text(&f, "data");
  j.append = trp_field_bool(&f, "append");
  j.sync = trp_field_bool(&f, "sync");
  if (!j.data.s) trp_fields_refuse(&f, "data", "must be a string");
  if (f.bad) return;
  int err = write_file(&j);
  if (err)
    trp_fail_path(call, err, j.path);
  else
    trp_answer_int(call, (int64_t)j.data.len);
}
