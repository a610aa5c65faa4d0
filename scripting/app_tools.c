/* The table `tools` of an app: registered tools with other policies, under their own names or
 * others. */
#include <stdio.h>
#include <string.h>

#include <troupe/error.h>

#include "scripting/app_children.h"
#include "tools/registry.h"
#include "tools/retry.h"

#define OPEN_MOST 1000

typedef struct draft {
  troupe_tool_policy policy;
  const char *kind;
  uint32_t preset_none;
  trp_wire_slice retry, breaker;
} draft;

/* ---- finding tools ------------------------------------------------------------------------- */

static const trp_app_tool *find_own(const troupe_app *app, const char *name) {
  const trp_app_tool *t = app->tools;
  while (t && strcmp(t->name, name) != 0)
    t = t->next;
  return t;
}

bool trp_app_has_tool(const troupe_app *app, const char *name) {
  return find_own(app, name) || trp_tool_find(app->sys, name, strlen(name));
}

void trp_app_list_tools(const troupe_app *app, char *out, size_t size) {
  size_t len = 0;
  snprintf(out, size, "none");
  for (const trp_tool *t = trp_tool_next(app->sys, NULL); t && len < size;
       t = trp_tool_next(app->sys, t)) {
    int n = snprintf(out + len, size - len, "%s%s", len ? ", " : "", t->name);
    len += n > 0 ? (size_t)n : 0;
  }
  for (const trp_app_tool *t = app->tools; t && len < size; t = t->next) {
    if (trp_tool_find(app->sys, t->name, strlen(t->name))) continue;
    int n = snprintf(out + len, size - len, "%s%s", len ? ", " : "", t->name);
    len += n > 0 ? (size_t)n : 0;
  }
}

/* ---- policies ------------------------------------------------------------------------------ */

static int read_timeout(trp_app_reader *r, trp_wire_slice value, void *into) {
  static const trp_field fields[] = {
      TRP_U32("attempt_ms", troupe_tool_policy, attempt_ms, 1, TRP_APP_MS_MAX, NULL),
      TRP_U32("total_ms", troupe_tool_policy, total_ms, 1, TRP_APP_MS_MAX, NULL), TRP_END};
  return trp_app_read_table(r, value, fields, into);
}

static int read_retry(trp_app_reader *r, trp_wire_slice value, void *into) {
  static const trp_field fields[] = {
      TRP_U32("attempts", troupe_tool_policy, attempts, 1, TRP_RETRY_ATTEMPTS_MAX, NULL),
      TRP_U32("base_ms", troupe_tool_policy, base_ms, 1, TRP_APP_MS_MAX, NULL),
      TRP_U32("max_ms", troupe_tool_policy, max_ms, 1, TRP_APP_MS_MAX, NULL),
      TRP_NUMBER("factor", troupe_tool_policy, factor, 1, 1000), TRP_END};
  return trp_app_read_table(r, value, fields, into);
}

static int read_breaker(trp_app_reader *r, trp_wire_slice value, void *into) {
  static const trp_field fields[] = {
      TRP_U32("consecutive", troupe_tool_policy, breaker_failures, 1, 1000000, NULL),
      TRP_U32("open_ms", troupe_tool_policy, breaker_open_ms, 1, TRP_APP_MS_MAX, NULL),
      TRP_U32("probes", troupe_tool_policy, breaker_probes, 1, TRP_BREAKER_PROBES_MAX, NULL),
      TRP_END};
  return trp_app_read_table(r, value, fields, into);
}

/* What `retry` and `breaker` say, once it is known that they may be there. */
static int read_parts(trp_app_reader *r, draft *d) {
  static const struct {
    const char *key;
    size_t offset;
    int (*read)(trp_app_reader *r, trp_wire_slice value, void *into);
  } parts[] = {{"retry", offsetof(draft, retry), read_retry},
               {"breaker", offsetof(draft, breaker), read_breaker}};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    trp_wire_slice value;
    memcpy(&value, (char *)d + parts[i].offset, sizeof value);
    if (!value.data) continue;
    if (d->preset_none)
      return trp_app_refuse_key(r, parts[i].key, "has no place beside preset = \"none\"");
    size_t back = trp_app_enter(r, parts[i].key, 0);
    int err = parts[i].read(r, value, &d->policy);
    if (err) return err;
    trp_app_leave(r, back);
  }
  if (d->preset_none) d->policy.preset_none = true;
  return TROUPE_OK;
}

/* The tool that the entry stands for. */
static const trp_tool *find_base(trp_app_reader *r, const char *name, const char *kind) {
  const char *wanted = kind ? kind : name;
  const trp_tool *t = trp_tool_find(r->app->sys, wanted, strlen(wanted));
  if (!t) {
    char known[256];
    trp_app_list_tools(r->app, known, sizeof known);
    size_t back = r->path_len;
    if (kind) trp_app_enter(r, "kind", 0);
    trp_app_refuse(r,
                   kind ? "there is no tool \"%s\"; known are %s"
                        : "there is no tool \"%s\" and no kind is given; known are %s",
                   wanted, known);
    trp_app_leave(r, back);
  } else if (strcmp(wanted, name) != 0 && trp_tool_find(r->app->sys, name, strlen(name))) {
    trp_app_refuse_key(r, "kind", "the name is that of another tool");
    t = NULL;
  }
  return t;
}

static int read_tool(trp_app_reader *r, const char *name, trp_wire_slice value, void *into) {
  static const trp_word presets[] = {{"none", 1}, {NULL, 0}};
  static const trp_field fields[] = {
      TRP_TEXT("kind", draft, kind, 1, TRP_TOOL_NAME_MAX),
      TRP_WORD("preset", draft, preset_none, presets),
      TRP_BOOL("idempotent", draft, policy.idempotent),
      TRP_BOOL("retry_unsafe", draft, policy.retry_unsafe),
      TRP_U32("max_open", draft, policy.max_open, 1, OPEN_MOST, NULL),
      TRP_READ("timeout", draft, policy, read_timeout),
      TRP_VALUE("retry", draft, retry),
      TRP_VALUE("breaker", draft, breaker),
      TRP_END};
  (void)into;
  draft d = {.kind = NULL};
  /* The kind first: what the entry does not say is as with that tool. */
  trp_app_tool *t = trp_app_alloc(r->app, sizeof *t);
  const char *name_copy = trp_app_strndup(r->app, name, strlen(name));
  if (!t || !name_copy) return TROUPE_E_NO_MEMORY;
  int err = trp_app_read_table(r, value, fields, &d);
  if (err) return err;
  const trp_tool *base = find_base(r, name, d.kind);
  if (!base) return TROUPE_E_INVALID;
  d = (draft){.policy = base->policy};
  d.policy.attempts = 0; /* the base's, unless the entry says otherwise */
  err = trp_app_read_table(r, value, fields, &d);
  if (!err) err = read_parts(r, &d);
  if (err) return err;
  char why[256];
  if (trp_tool_derive_check(name, base, &d.policy, why, sizeof why))
    return trp_app_refuse(r, "%s", why);
  *t = (trp_app_tool){r->app->tools, name_copy, base->name, d.policy};
  r->app->tools = t;
  return TROUPE_OK;
}

int trp_app_read_tools(trp_app_reader *r, trp_wire_slice value) {
  return trp_app_read_entries(r, value, TRP_TOOLS_MAX, read_tool, NULL);
}
