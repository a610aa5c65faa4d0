#include "tests/replay/record.h"

#include <inttypes.h>
#include <stdlib.h>

#include "actors/base/clock.h"

void record_add(record *r, const event *e) {
  if (r->len == r->room) {
    size_t room = r->room ? 2 * r->room : 1024;
    event *more = realloc(r->events, room * sizeof *more);
    if (!more) abort();
    r->events = more;
    r->room = room;
  }
  r->events[r->len++] = *e;
}

void record_clear(record *r) { r->len = 0; }

void record_free(record *r) {
  free(r->events);
  *r = (record){0};
}

static const char *name_of(int type) {
  static const char *const names[] = {
#define X(name, text) [SCENE_##name] = (text),
      SCENE_EVENT_MAP(X)
#undef X
  };
  return type < TRP_EVENT_TYPES ? trp_event_name((trp_event_type)type) : names[type];
}

static void print_pid(FILE *out, const char *before, uint64_t pid) {
  fprintf(out, "%s<%u.%u>", before, (unsigned)pid, (unsigned)(pid >> 32));
}

void event_print(FILE *out, size_t at, const event *e) {
  fprintf(out, "%5zu %10.3f ms  ", at, (double)e->at_ns / (double)TRP_NS_PER_MS);
  if (e->who)
    print_pid(out, "", e->who);
  else
    fputs("host ", out);
  fprintf(out, " %s%s", e->type < TRP_EVENT_TYPES ? "* " : "", name_of(e->type));
  if (e->with) print_pid(out, " ", e->with);
  if (e->msg) fprintf(out, " #%" PRIu32, e->msg);
  if (e->id) fprintf(out, " id %" PRIu64, e->id);
  if (e->code) fprintf(out, " code %" PRId64, e->code);
  if (e->a) fprintf(out, " a %" PRIu64, e->a);
  if (e->b) fprintf(out, " b %" PRIu64, e->b);
  fputc('\n', out);
}
