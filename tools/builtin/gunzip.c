/* The tool `gunzip`: inflates gzip data or a gzip file, also of several members, into one string.
 * The output is bounded before it grows, so a small bomb costs at most the limit. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZLIB_CONST
#include <zlib.h>

#include "tools/builtin/args.h"
#include "tools/builtin/builtin.h"
#include "tools/builtin/utf8.h"

/* HEADER: of the result, a msgpack string with a length of 32 bits; the text follows in place. */
enum { PIECE = 65536, GZIP_WINDOW = 15 + 16, HEADER = 5 };

typedef enum verdict { MORE, DONE, CORRUPT, TOO_BIG, NO_MEMORY, CANCELLED } verdict;

typedef struct inflater {
  troupe_call *call;
  z_stream z;
  trp_buf out;       /* the header's room, then the text */
  bool utf8;         /* nothing else is wanted */
  uint64_t position; /* compressed bytes taken */
  bool inside;       /* a member has begun and not ended */
  bool any;          /* a member has been read */
  const char *why;   /* CORRUPT: what is wrong */
} inflater;

static verdict corrupt(inflater *f, const char *why) {
  f->why = why;
  return CORRUPT;
}

/* One step of inflating into the room there is. */
static verdict step(inflater *f) {
  size_t room = f->out.limit - f->out.len;
  if (room > PIECE) room = PIECE;
  /* At the limit, one byte tells a stream that ends here from one that goes on. */
  uint8_t spare;
  uint8_t *to = room ? trp_buf_reserve(&f->out, room) : &spare;
  if (!to) return NO_MEMORY;
  f->z.next_out = to;
  f->z.avail_out = room ? (uInt)room : 1;
  uInt had_in = f->z.avail_in, had_out = f->z.avail_out;
  int rc = inflate(&f->z, Z_NO_FLUSH);
  f->position += had_in - f->z.avail_in;
  uInt produced = had_out - f->z.avail_out;
  if (room)
    trp_buf_commit(&f->out, produced);
  else if (produced)
    return TOO_BIG;
  if (rc == Z_MEM_ERROR) return NO_MEMORY;
  if (rc == Z_STREAM_END) {
    f->inside = false;
    f->any = true;
    return MORE;
  }
  if (rc != Z_OK && rc != Z_BUF_ERROR) return corrupt(f, f->z.msg ? f->z.msg : "bad data");
  return MORE;
}

/* Takes all of a piece of input. */
static verdict feed(inflater *f, const uint8_t *data, size_t len) {
  f->z.next_in = data;
  f->z.avail_in = (uInt)len;
  while (f->z.avail_in > 0 || (f->inside && f->z.avail_out == 0)) {
    if (troupe_call_cancelled(f->call)) return CANCELLED;
    if (!f->inside) {
      if (f->any && *f->z.next_in == 0) { /* padding, as tapes leave it */
        f->z.next_in++;
        f->z.avail_in--;
        f->position++;
        continue;
      }
      if (inflateReset(&f->z) != Z_OK) return corrupt(f, "bad state");
      f->inside = true;
    }
    verdict v = step(f);
    if (v != MORE) return v;
  }
  return MORE;
}

static verdict feed_all(inflater *f, trp_text data) {
  while (data.s && data.len > 0) {
    size_t n = data.len < PIECE ? data.len : PIECE;
    verdict v = feed(f, (const uint8_t *)data.s, n);
    if (v != MORE) return v;
    data.s += n;
    data.len -= n;
  }
  return MORE;
}

/* *err: 0, or why the file could not be read. */
static verdict feed_file(inflater *f, trp_text path, int *err) {
  uint8_t piece[16384];
  struct stat st;
  int fd;
  *err = troupe_call_open(f->call, path.s, path.len, O_RDONLY | O_NONBLOCK, 0, &fd);
  if (*err) return MORE;
  if (fstat(fd, &st) < 0)
    *err = -errno;
  else if (!S_ISREG(st.st_mode))
    *err = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
  verdict v = MORE;
  while (!*err && v == MORE) {
    ssize_t n = read(fd, piece, sizeof piece);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) *err = -errno;
    if (n <= 0) break;
    v = feed(f, piece, (size_t)n);
  }
  f->z.next_in = NULL; /* `piece` ends here */
  f->z.avail_in = 0;
  close(fd);
  return v;
}

static void answer_text(inflater *f) {
  uint8_t *header = f->out.data;
  size_t len = f->out.len - HEADER;
  size_t valid = f->utf8 ? trp_utf8_valid(header + HEADER, len) : len;
  if (valid < len) {
    char text[80];
    snprintf(text, sizeof text, "the text is not UTF-8 from byte %zu on", valid + 1);
    troupe_call_fail(f->call, TROUPE_OUTCOME_PERMANENT, "not_utf8", text);
    return;
  }
  header[0] = 0xdb; /* str 32 */
  for (int i = 1; i < HEADER; i++)
    header[i] = (uint8_t)(len >> (8 * (HEADER - 1 - i)));
  troupe_call_finish(f->call, f->out.data, f->out.len);
}

static void answer(inflater *f, verdict v) {
  char text[160];
  if (v == MORE) v = f->any && !f->inside ? DONE : corrupt(f, "the data is truncated");
  switch (v) {
  case MORE:
  case DONE:
    answer_text(f);
    break;
  case CORRUPT:
    snprintf(text, sizeof text, "%s, at compressed byte %" PRIu64, f->why, f->position);
    troupe_call_fail(f->call, TROUPE_OUTCOME_PERMANENT, "corrupt", text);
    break;
  case TOO_BIG:
    snprintf(text, sizeof text, "the data inflates to more than %zu bytes", f->out.limit - HEADER);
    troupe_call_fail(f->call, TROUPE_OUTCOME_PERMANENT, "too_big", text);
    break;
  case NO_MEMORY:
    trp_fail_memory(f->call);
    break;
  case CANCELLED:
    troupe_call_fail(f->call, TROUPE_OUTCOME_CANCELLED, "cancelled", "the caller gave up");
    break;
  }
}

void trp_gunzip_run(troupe_call *call, void *user) {
  (void)user;
  trp_fields f;
  trp_fields_init(&f, call);
  int64_t limit = (int64_t)troupe_call_max_result(call) - HEADER;
  if (limit < 1) limit = 1;
  trp_text path = trp_field_text(&f, "path");
  trp_text data = trp_field_text(&f, "data");
  int64_t max = trp_field_int(&f, "max_bytes", 1, INT64_MAX, limit);
  bool utf8 = trp_field_bool(&f, "utf8");
  if (!path.s == !data.s) trp_fields_refuse(&f, "path", "or \"data\" must be given, and not both");
  if (f.bad) return;
  inflater i = {.call = call, .utf8 = utf8};
  if (inflateInit2(&i.z, GZIP_WINDOW) != Z_OK) {
    trp_fail_memory(call);
    return;
  }
  trp_buf_init(&i.out, trp_call_allocator(call), (size_t)(max < limit ? max : limit) + HEADER);
  int err = 0;
  verdict v = NO_MEMORY;
  if (trp_buf_reserve(&i.out, HEADER)) {
    trp_buf_commit(&i.out, HEADER);
    v = path.s ? feed_file(&i, path, &err) : feed_all(&i, data);
  }
  if (err)
    trp_fail_path(call, err, path);
  else
    answer(&i, v);
  trp_buf_fini(&i.out);
  inflateEnd(&i.z);
}
