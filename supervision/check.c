/* The checks of a public supervisor spec: every error begins with the path of the field. */
#include "supervision/spec.h"

#include "actors/room.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Holds TROUPE_SUPERVISOR_DEPTH_MAX steps of "children[4095].supervisor." */
#define PATH_MAX_LEN 1280
#define LONGEST_MS TRP_BACKOFF_LONGEST_MS

/* Where a check is: the path so far, ending in "." unless empty, and where the sentence goes. */
typedef struct place {
  char path[PATH_MAX_LEN];
  char text[256]; /* of the error */
  size_t len;     /* of the path */
  unsigned depth;
  char *msg;
  size_t msg_len;
} place;

/* Writes path and text into the caller's message. */
static int refused(const place *p) {
  if (p->msg && p->msg_len) {
    snprintf(p->msg, p->msg_len, "%.*s%s", (int)p->len, p->path, p->text);
  }
  return TROUPE_E_INVALID;
}

/* Refuses with a sentence that begins with the name of the field. */
#define REFUSE(p, ...) (snprintf((p)->text, sizeof(p)->text, __VA_ARGS__), refused(p))

/* Into a child, or into its supervisor; returns the length to go back to. */
static size_t step_in(place *p, const char *folder, size_t index) {
  size_t before = p->len, room = sizeof p->path - p->len;
  int n = index == SIZE_MAX ? snprintf(p->path + p->len, room, "%s.", folder)
                            : snprintf(p->path + p->len, room, "%s[%zu].", folder, index);
  if (n > 0) p->len += (size_t)n < room ? (size_t)n : room - 1;
  return before;
}

static bool has_control(const char *s) {
  for (; *s; s++) {
    if ((unsigned char)*s < 0x20 || *s == 0x7f) return true;
  }
  return false;
}

static int check_id(place *p, const troupe_supervisor_spec *spec, size_t index) {
  const char *id = spec->children[index].id;
  if (!id) return REFUSE(p, "id: is missing");
  size_t len = strnlen(id, TROUPE_KIND_MAX + 1);
  if (len < 1 || len > TROUPE_KIND_MAX) {
    return REFUSE(p, "id: must have 1 to %d bytes", TROUPE_KIND_MAX);
  }
  if (has_control(id)) return REFUSE(p, "id: must not contain control characters");
  for (size_t i = 0; i < index; i++) {
    if (strcmp(spec->children[i].id, id) == 0) {
      return REFUSE(p, "id: '%s' is also the id of children[%zu]", id, i);
    }
  }
  return TROUPE_OK;
}

static int check_start(place *p, const troupe_child_spec *c) {
  const troupe_spawn_opts *o = &c->start;
  if (!o->behavior && !c->supervisor) return REFUSE(p, "start: is missing");
  if (o->behavior && c->supervisor) return REFUSE(p, "start.behavior: is set beside supervisor");
  if (o->behavior && !o->behavior->receive) return REFUSE(p, "start.behavior.receive: is missing");
  if (o->arg_free) return REFUSE(p, "start.arg_free: must be NULL; set arg_ref and arg_unref");
  if (!c->arg_ref != !c->arg_unref) return REFUSE(p, "arg_ref: must come with arg_unref");
  if (c->supervisor && (o->arg || c->arg_ref))
    return REFUSE(p, "start.arg: is set beside supervisor");
  if (o->name) {
    size_t len = strnlen(o->name, TROUPE_KIND_MAX + 1);
    if (len < 1 || len > TROUPE_KIND_MAX) {
      return REFUSE(p, "start.name: must have 1 to %d bytes", TROUPE_KIND_MAX);
    }
  }
  if (o->mailbox_messages > TRP_ROOM_MESSAGES_MAX) {
    return REFUSE(p, "start.mailbox_messages: must be at most %u", TRP_ROOM_MESSAGES_MAX);
  }
  if (o->mailbox_bytes > TRP_ROOM_BYTES_MAX) return REFUSE(p, "start.mailbox_bytes: is too large");
  return TROUPE_OK;
}

static int check_budget(place *p, uint32_t max_restarts, uint64_t window_ms) {
  if (max_restarts > TROUPE_RESTARTS_MAX && max_restarts != TROUPE_RESTARTS_NONE) {
    return REFUSE(p, "max_restarts: must be at most %d", TROUPE_RESTARTS_MAX);
  }
  if (window_ms > LONGEST_MS) return REFUSE(p, "window_ms: must be at most 366 days");
  return TROUPE_OK;
}

static int check_spec(place *p, const troupe_supervisor_spec *spec);

static int check_child(place *p, const troupe_supervisor_spec *spec, size_t index) {
  const troupe_child_spec *c = &spec->children[index];
  int err = check_id(p, spec, index);
  if (err) return err;
  if ((unsigned)c->restart > TROUPE_TEMPORARY) {
    return REFUSE(p, "restart: must be permanent, transient or temporary");
  }
  if ((unsigned)c->on_limit > TROUPE_ON_LIMIT_QUARANTINE) {
    return REFUSE(p, "on_limit: must be escalate, stop or quarantine");
  }
  if (c->significant && spec->auto_shutdown == TROUPE_AUTO_SHUTDOWN_NEVER) {
    return REFUSE(p, "significant: needs an auto_shutdown other than never");
  }
  if (c->significant && c->restart == TROUPE_PERMANENT) {
    return REFUSE(p, "significant: a permanent child never ends for good");
  }
  err = check_budget(p, c->max_restarts, c->window_ms);
  if (!err) err = check_start(p, c);
  if (err || !c->supervisor) return err;

  if (++p->depth >= TROUPE_SUPERVISOR_DEPTH_MAX) {
    return REFUSE(p, "supervisor: more than %d supervisors in one another",
                  TROUPE_SUPERVISOR_DEPTH_MAX);
  }
  size_t back = step_in(p, "supervisor", SIZE_MAX);
  err = check_spec(p, c->supervisor);
  p->len = back;
  p->depth--;
  return err;
}

static int check_spec(place *p, const troupe_supervisor_spec *spec) {
  if (spec->size != sizeof *spec) return REFUSE(p, "size: must be that of the struct");
  if ((unsigned)spec->strategy > TROUPE_ESCALATE) {
    return REFUSE(p, "strategy: must be one_for_one, one_for_all, rest_for_one or escalate");
  }
  if ((unsigned)spec->auto_shutdown > TROUPE_AUTO_SHUTDOWN_ALL) {
    return REFUSE(p, "auto_shutdown: must be never, any_significant or all_significant");
  }
  int err = check_budget(p, spec->max_restarts, spec->window_ms);
  if (err) return err;
  char why[128];
  trp_backoff_config backoff = trp_supervisor_spec_backoff(&spec->backoff);
  if (trp_backoff_config_check(&backoff, why, sizeof why)) return REFUSE(p, "backoff.%s", why);
  if (spec->children_len > TROUPE_CHILDREN_MAX) {
    return REFUSE(p, "children: must be at most %d", TROUPE_CHILDREN_MAX);
  }
  if (spec->children_len && !spec->children) return REFUSE(p, "children: is missing");
  for (size_t i = 0; i < spec->children_len; i++) {
    size_t back = step_in(p, "children", i);
    err = check_child(p, spec, i);
    if (err) return err;
    p->len = back;
  }
  return TROUPE_OK;
}

int troupe_supervisor_spec_check(const troupe_supervisor_spec *spec, char *msg, size_t msg_len) {
  place p = {.msg = msg, .msg_len = msg_len};
  if (msg && msg_len) msg[0] = '\0';
  if (!spec) return REFUSE(&p, "spec: is missing");
  return check_spec(&p, spec);
}
