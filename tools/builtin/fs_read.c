/* The tool `fs.read`: a file, or a piece of one, as a string. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/builtin/args.h"
#include "tools/builtin/builtin.h"

enum { PIECE = 65536 };

/* Reads up to max bytes. 0, -ENOMEM, or what the system says. */
static int read_up_to(int fd, uint64_t max, trp_buf *out) {
  while (out->len < max) {
    uint64_t want = max - out->len < PIECE ? max - out->len : PIECE;
    uint8_t *room = trp_buf_reserve(out, (size_t)want);
    if (!room) return -ENOMEM;
    ssize_t n = read(fd, room, (size_t)want);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -errno;
    if (n == 0) break;
    trp_buf_commit(out, (size_t)n);
  }
  return 0;
}

/* Pipes and sockets would wait, directories have no bytes. */
static int check_kind(int fd) {
  struct stat st;
  if (fstat(fd, &st) < 0) return -errno;
  if (S_ISDIR(st.st_mode)) return -EISDIR;
  return S_ISREG(st.st_mode) || S_ISCHR(st.st_mode) ? 0 : -EINVAL;
}

void trp_fs_read_run(troupe_call *call, void *user) {
  (void)user;
  trp_fields f;
  trp_fields_init(&f, call);
  int64_t limit = (int64_t)troupe_call_max_result(call) - 5; /* a string's header */
  if (limit < 0) limit = 0;
  trp_text path = trp_field_required_text(&f, "path");
  int64_t offset = trp_field_int(&f, "offset", 0, INT64_MAX, 0);
  int64_t max = trp_field_int(&f, "max_bytes", 0, INT64_MAX, -1);
  if (f.bad) return;
  bool whole = max < 0;
  if (whole) max = limit + 1; /* one more tells a file that does not fit */
  if (!whole && max > limit) max = limit;

  int fd;
  trp_buf data;
  trp_buf_init(&data, trp_call_allocator(call), (size_t)max);
  int err = troupe_call_open(call, path.s, path.len, O_RDONLY | O_NONBLOCK, 0, &fd);
  if (!err) err = check_kind(fd);
  if (!err && offset > 0 && lseek(fd, offset, SEEK_SET) < 0) err = -errno;
  if (!err) err = read_up_to(fd, (uint64_t)max, &data);
  if (fd >= 0) close(fd);

  if (err) {
    trp_fail_path(call, err, path);
  } else if (whole && data.len > (size_t)limit) {
    troupe_call_fail(
        call, TROUPE_OUTCOME_PERMANENT, "too_big",
        "the file is larger than a result may be: read it in pieces (offset, max_bytes)");
  } else {
    trp_answer_text(call, data.data, data.len);
  }
  trp_buf_fini(&data);
}
