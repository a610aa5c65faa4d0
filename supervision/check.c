/* The checks of a public supervisor spec: every error begins with the path of the field. */
#include "supervision/spec.h"

#include "actors/slot.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PATH_MAX_LEN                                                                               \
  1280 /* holds TROUPE_SUPERVISOR_DEPTH_MAX steps of "children[4095].supervisor." */
#define LONGEST_MS TRP_BACKOFF_LONGEST_MS

/* Where a check is: the path so far, ending in "." unless empty, and where the sentence goes. */
typedef struct place {
  char path[PATH_MAX_LEN];
  size_t len;
  unsigned depth;
  char *msg;
  size_t msg_len;
} place;

__attribute__((format(printf, 2, 3))) static int refuse(const place *p, const char *fmt, ...) {
  if (p->msg && p->msg_len) {
    int n = snprintf(p->msg, p->msg_len, "%.*s", (int)p->len, p->path);
    if (n >= 0 && (size_t)n < p->msg_len) {
      va_list args;
      va_start(args, fmt);
      vsnprintf(p->msg + n, p->msg_len - (size_t)n, fmt, args);
      va_end(args);
    }
  }
  return TROUPE_E_INVALID;
}

/* Appends one step; returns the length to go back to. */
__attribute__((format(printf, 2, 3))) static size_t step_in(place *p, const char *fmt, ...) {
  size_t before = p->len;
  va_list args;
  va_start(args, fmt);
  int n = vsnprintf(p->path + p->len, sizeof p->path - p->len, fmt, args);
  va_end(args);
  if (n > 0) p->len += (size_t)n;
  if (p->len >= sizeof p->path) p->len = sizeof p->path - 1;
  return before;
}

static bool has_control(const char *s) {
  for (; *s; s++) {
    if ((unsigned char)*s < 0x20 || *s == 0x7f) return true;
  }
  return false;
}

static int check_id(const place *p, const troupe_supervisor_spec *spec, size_t index) {
  const char *id = spec->children[index].id;
  if (!id) return refuse(p, "id: is missing");
  size_t len = strnlen(id, TROUPE_KIND_MAX + 1);
  if (len < 1 || len > TROUPE_KIND_MAX) {
    return refuse(p, "id: must have 1 to %d bytes", TROUPE_KIND_MAX);
  }
  if (has_control(id)) return refuse(p, "id: must not contain control characters");
  for (size_t i = 0; i < index; i++) {
    if (strcmp(spec->children[i].id, id) == 0) {
      return refuse(p, "id: '%s' is also the id of children[%zu]", id, i);
    }
  }
  return TROUPE_OK;
}

static int check_start(const place *p, const troupe_child_spec *c) {
  const troupe_spawn_opts *o = &c->start;
  if (!o->behavior && !c->supervisor) return refuse(p, "start: is missing");
  if (o->behavior && c->supervisor) return refuse(p, "start.behavior: is set beside supervisor");
  if (o->behavior && !o->behavior->receive) return refuse(p, "start.behavior.receive: is missing");
  if (o->arg_free) return refuse(p, "start.arg_free: must be NULL; set arg_ref and arg_unref");
  if (!c->arg_ref != !c->arg_unref) return refuse(p, "arg_ref: must come with arg_unref");
  if (c->supervisor && (o->arg || c->arg_ref))
    return refuse(p, "start.arg: is set beside supervisor");
  if (o->name) {
    size_t len = strnlen(o->name, TROUPE_KIND_MAX + 1);
    if (len < 1 || len > TROUPE_KIND_MAX) {
      return refuse(p, "start.name: must have 1 to %d bytes", TROUPE_KIND_MAX);
    }
  }
  if (o->mailbox_messages > TRP_RESERVED_MESSAGES_MAX) {
    return refuse(p, "start.mailbox_messages: must be at most %u", TRP_RESERVED_MESSAGES_MAX);
  }
  if (o->mailbox_bytes > TRP_RESERVED_BYTES_MAX)
    return refuse(p, "start.mailbox_bytes: is too large");
  return TROUPE_OK;
}

static int check_budget(const place *p, uint32_t max_restarts, uint64_t window_ms) {
  if (max_restarts > TROUPE_RESTARTS_MAX && max_restarts != TROUPE_RESTARTS_NONE) {
    return refuse(p, "max_restarts: must be at most %d", TROUPE_RESTARTS_MAX);
  }
  if (window_ms > LONGEST_MS) return refuse(p, "window_ms: must be at most 366 days");
  return TROUPE_OK;
}

static int check_spec(place *p, const troupe_supervisor_spec *spec);

static int check_child(place *p, const troupe_supervisor_spec *spec, size_t index) {
  const troupe_child_spec *c = &spec->children[index];
  int err = check_id(p, spec, index);
  if (err) return err;
  if ((unsigned)c->restart > TROUPE_TEMPORARY) {
    return refuse(p, "restart: must be permanent, transient or temporary");
  }
  if ((unsigned)c->on_limit > TROUPE_ON_LIMIT_QUARANTINE) {
    return refuse(p, "on_limit: must be escalate, stop or quarantine");
  }
  if (c->significant && spec->auto_shutdown == TROUPE_AUTO_SHUTDOWN_NEVER) {
    return refuse(p, "significant: needs an auto_shutdown other than never");
  }
  if (c->significant && c->restart == TROUPE_PERMANENT) {
    return refuse(p, "significant: a permanent child never ends for good");
  }
  err = check_budget(p, c->max_restarts, c->window_ms);
  if (!err) err = check_start(p, c);
  if (err || !c->supervisor) return err;

  if (++p->depth >= TROUPE_SUPERVISOR_DEPTH_MAX) {
    return refuse(p, "supervisor: more than %d supervisors in one another",
                  TROUPE_SUPERVISOR_DEPTH_MAX);
  }
  size_t back = step_in(p, "supervisor.");
  err = check_spec(p, c->supervisor);
  p->len = back;
  p->depth--;
  return err;
}

static int check_spec(place *p, const troupe_supervisor_spec *spec) {
  if (spec->size != sizeof *spec) return refuse(p, "size: must be that of the struct");
  if ((unsigned)spec->strategy > TROUPE_ESCALATE) {
    return refuse(p, "strategy: must be one_for_one, one_for_all, rest_for_one or escalate");
  }
  if ((unsigned)spec->auto_shutdown > TROUPE_AUTO_SHUTDOWN_ALL) {
    return refuse(p, "auto_shutdown: must be never, any_significant or all_significant");
  }
  int err = check_budget(p, spec->max_restarts, spec->window_ms);
  if (err) return err;
  char why[128];
  trp_backoff_config backoff = trp_supervisor_spec_backoff(&spec->backoff);
  if (trp_backoff_config_check(&backoff, why, sizeof why)) return refuse(p, "backoff.%s", why);
  if (spec->children_len > TROUPE_CHILDREN_MAX) {
    return refuse(p, "children: must be at most %d", TROUPE_CHILDREN_MAX);
  }
  if (spec->children_len && !spec->children) return refuse(p, "children: is missing");
  for (size_t i = 0; i < spec->children_len; i++) {
    size_t back = step_in(p, "children[%zu].", i);
    err = check_child(p, spec, i);
    if (err) return err;
    p->len = back;
  }
  return TROUPE_OK;
}

int troupe_supervisor_spec_check(const troupe_supervisor_spec *spec, char *msg, size_t msg_len) {
  place p = {.msg = msg, .msg_len = msg_len};
  if (msg && msg_len) msg[0] = '\0';
  if (!spec) return refuse(&p, "spec: is missing");
  return check_spec(&p, spec);
}
