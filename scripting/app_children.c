/* Supervisors and their children, and the app as a whole. */
#include "scripting/app_children.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <troupe/error.h>

enum { TYPE_SCRIPT, TYPE_SUPERVISOR };

const trp_word trp_app_types[] = {
    {"script", TYPE_SCRIPT}, {"supervisor", TYPE_SUPERVISOR}, {NULL, 0}};
const trp_word trp_app_restarts[] = {{"permanent", TROUPE_PERMANENT},
                                     {"transient", TROUPE_TRANSIENT},
                                     {"temporary", TROUPE_TEMPORARY},
                                     {NULL, 0}};
const trp_word trp_app_shutdowns[] = {
    {"infinity", TROUPE_INFINITY}, {"kill", TROUPE_SHUTDOWN_KILL}, {NULL, 0}};
const trp_word trp_app_infinity[] = {{"infinity", TROUPE_INFINITY}, {NULL, 0}};
const trp_word trp_app_on_limits[] = {{"escalate", TROUPE_ON_LIMIT_ESCALATE},
                                      {"stop", TROUPE_ON_LIMIT_STOP},
                                      {"quarantine", TROUPE_ON_LIMIT_QUARANTINE},
                                      {NULL, 0}};
static const trp_word strategies[] = {{"one_for_one", TROUPE_ONE_FOR_ONE},
                                      {"one_for_all", TROUPE_ONE_FOR_ALL},
                                      {"rest_for_one", TROUPE_REST_FOR_ONE},
                                      {"escalate", TROUPE_ESCALATE},
                                      {NULL, 0}};
static const trp_word auto_shutdowns[] = {{"never", TROUPE_AUTO_SHUTDOWN_NEVER},
                                          {"any_significant", TROUPE_AUTO_SHUTDOWN_ANY},
                                          {"all_significant", TROUPE_AUTO_SHUTDOWN_ALL},
                                          {NULL, 0}};
static const trp_word unlimited[] = {{"unlimited", TROUPE_ATTEMPTS_UNLIMITED}, {NULL, 0}};

/* ---- backoff ------------------------------------------------------------------------------- */

static int read_backoff(trp_app_reader *r, trp_wire_slice value, void *into) {
  static const trp_field fields[] = {
      TRP_U64("min_ms", troupe_backoff, min_ms, 1, TRP_APP_LONGEST_MS),
      TRP_U64("max_ms", troupe_backoff, max_ms, 1, TRP_APP_LONGEST_MS),
      TRP_NUMBER("factor", troupe_backoff, factor, 1, 1000),
      TRP_NUMBER("jitter", troupe_backoff, jitter, 0, 1),
      TRP_U64("reset_ms", troupe_backoff, reset_ms, 1, TRP_APP_LONGEST_MS),
      TRP_U32("max_attempts", troupe_backoff, max_attempts, 1, TROUPE_RESTARTS_MAX, unlimited),
      TRP_BOOL("first_delayed", troupe_backoff, first_delayed),
      TRP_BOOL("off", troupe_backoff, off),
      TRP_END};
  troupe_backoff *b = into;
  b->jitter = -1; /* tells 0 from a missing field */
  int err = trp_app_read_table(r, value, fields, b);
  if (b->jitter == 0) {
    b->jitter = TROUPE_JITTER_NONE;
  } else if (b->jitter < 0) {
    b->jitter = 0; /* the default */
  }
  return err;
}

/* ---- supervisors --------------------------------------------------------------------------- */

typedef struct draft {
  troupe_child_spec child; /* of a nested one */
  troupe_supervisor_spec spec;
  uint32_t type;
  trp_wire_slice children, tools;
} draft;

#define SUPERVISOR_FIELDS                                                                          \
  TRP_WORD("strategy", draft, spec.strategy, strategies),                                          \
      TRP_COUNT("max_restarts", draft, spec.max_restarts, 0, TROUPE_RESTARTS_MAX,                  \
                TROUPE_RESTARTS_NONE),                                                             \
      TRP_U64("window_ms", draft, spec.window_ms, 1, TRP_APP_LONGEST_MS),                          \
      TRP_READ("backoff", draft, spec.backoff, read_backoff),                                      \
      TRP_WORD("auto_shutdown", draft, spec.auto_shutdown, auto_shutdowns),                        \
      TRP_U32("escalation_timeout_ms", draft, spec.escalation_timeout_ms, 1, TRP_APP_MS_MAX,       \
              trp_app_infinity),                                                                   \
      TRP_BOOL("sticky_done", draft, spec.sticky_done), TRP_VALUE("children", draft, children)

/* Reads the draft's children, if it has any. */
static int finish(trp_app_reader *r, draft *d) {
  d->spec.size = sizeof d->spec;
  r->app->supervisors++;
  if (!d->children.data) return TROUPE_OK;
  size_t back = trp_app_enter(r, "children", 0);
  int err = trp_app_read_children(r, d->children, &d->spec);
  if (!err) trp_app_leave(r, back);
  return err;
}

static int read_supervisor(trp_app_reader *r, trp_wire_slice entry, troupe_child_spec *out) {
  static const trp_field fields[] = {TRP_APP_CHILD_FIELDS(draft), SUPERVISOR_FIELDS, TRP_END};
  if (r->app->supervisors >= TROUPE_CHILDREN_MAX)
    return trp_app_refuse(r, "more than %d supervisors", TROUPE_CHILDREN_MAX);
  draft d = {.type = TYPE_SUPERVISOR};
  int err = trp_app_read_table(r, entry, fields, &d);
  if (!err && !d.child.id) err = trp_app_refuse_key(r, "id", "is missing");
  if (!err) err = trp_app_take_name(r, d.child.start.name);
  if (!err) err = finish(r, &d);
  if (err) return err;
  troupe_supervisor_spec *spec = trp_app_alloc(r->app, sizeof *spec);
  if (!spec) return TROUPE_E_NO_MEMORY;
  *spec = d.spec;
  *out = d.child;
  out->supervisor = spec;
  return TROUPE_OK;
}

/* ---- children ------------------------------------------------------------------------------ */

int trp_app_take_name(trp_app_reader *r, const char *name) {
  if (!name) return TROUPE_OK;
  for (const trp_app_name *n = r->app->names; n; n = n->next)
    if (strcmp(n->name, name) == 0)
      return trp_app_refuse_key(r, "name", "is already the name of another child");
  trp_app_name *n = trp_app_alloc(r->app, sizeof *n);
  if (!n) return TROUPE_E_NO_MEMORY;
  *n = (trp_app_name){r->app->names, name};
  r->app->names = n;
  return TROUPE_OK;
}

static int read_child(trp_app_reader *r, trp_wire_slice entry, size_t index, void *into) {
  troupe_child_spec *list = into;
  const char *type = NULL;
  size_t len = 0;
  trp_wire_get_str(entry.data, entry.len, "type", &type, &len);
  if (type && len == strlen("supervisor") && memcmp(type, "supervisor", len) == 0)
    return read_supervisor(r, entry, &list[index]);
  return trp_app_read_script(r, entry, &list[index]);
}

int trp_app_read_children(trp_app_reader *r, trp_wire_slice value, troupe_supervisor_spec *into) {
  size_t len = 0;
  int err = trp_app_list_len(r, value, TROUPE_CHILDREN_MAX, &len);
  if (err || len == 0) return err;
  troupe_child_spec *list = trp_app_alloc(r->app, len * sizeof *list);
  if (!list) return TROUPE_E_NO_MEMORY;
  into->children = list;
  into->children_len = len;
  return trp_app_read_list(r, value, TROUPE_CHILDREN_MAX, read_child, list);
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* Appends at most what fits. */
static void append(char *out, size_t size, size_t *len, const char *s, size_t n) {
  if (*len + n >= size) n = size - 1 - *len;
  memcpy(out + *len, s, n);
  *len += n;
  out[*len] = 0;
}

static bool skip(const char **at, const char *word) {
  size_t n = strlen(word);
  if (strncmp(*at, word, n) != 0) return false;
  *at += n;
  return true;
}

/* What supervision says about its own structs, in the words of app.lua: counted from 1, nested
 * supervisors without a step of their own, names where they are written. */
static int translate(trp_app_reader *r, const char *said) {
  char text[512];
  size_t len = 0;
  append(text, sizeof text, &len, "app.", 4);
  for (const char *at = said; *at;) {
    if (skip(&at, "children[")) {
      char *end;
      char step[32];
      unsigned long index = strtoul(at, &end, 10);
      int n = snprintf(step, sizeof step, "children[%lu", index + 1);
      append(text, sizeof text, &len, step, (size_t)n);
      at = end;
    } else if (!skip(&at, "supervisor.") && !skip(&at, "start.")) {
      append(text, sizeof text, &len, at++, 1);
    }
  }
  if (r->msg && r->msg_len) snprintf(r->msg, r->msg_len, "%s", text);
  return TROUPE_E_INVALID;
}

int trp_app_read(trp_app_reader *r) {
  static const trp_field fields[] = {SUPERVISOR_FIELDS, TRP_VALUE("tools", draft, tools), TRP_END};
  const trp_wire_slice all = {.data = r->app->data, .len = r->app->data_len};
  draft d = {.type = TYPE_SUPERVISOR};
  int err = trp_app_read_table(r, all, fields, &d);
  if (!err && d.tools.data) { /* before the children, which may name them */
    size_t back = trp_app_enter(r, "tools", 0);
    err = trp_app_read_tools(r, d.tools);
    if (!err) trp_app_leave(r, back);
  }
  if (!err && !d.children.data) err = trp_app_refuse_key(r, "children", "is missing");
  if (!err) err = finish(r, &d);
  if (err) return err;
  if (d.spec.children_len == 0) return trp_app_refuse_key(r, "children", "is empty");
  r->app->spec = d.spec;
  char said[512];
  err = troupe_supervisor_spec_check(&r->app->spec, said, sizeof said);
  return err ? translate(r, said) : TROUPE_OK;
}
