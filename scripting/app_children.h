/* Children of an app: what its files share. */
#ifndef TRP_SCRIPTING_APP_CHILDREN_H
#define TRP_SCRIPTING_APP_CHILDREN_H

#include "scripting/app_read.h"

#define TRP_APP_MS_MAX INT32_MAX /* about 24 days */
#define TRP_APP_LONGEST_MS (UINT64_C(366) * 24 * 3600 * 1000)

/* What a child's entry may say beside its kind's own keys, for tables of fields. `S` is the struct
 * that is read into; it has a troupe_child_spec `child` and a uint32_t `type`. */
#define TRP_APP_CHILD_FIELDS(S)                                                                    \
  TRP_TEXT("id", S, child.id, 1, TROUPE_KIND_MAX), TRP_WORD("type", S, type, trp_app_types),       \
      TRP_TEXT("name", S, child.start.name, 1, TROUPE_KIND_MAX),                                   \
      TRP_WORD("restart", S, child.restart, trp_app_restarts),                                     \
      TRP_BOOL("significant", S, child.significant),                                               \
      TRP_U32("shutdown_ms", S, child.shutdown_ms, 1, TRP_APP_MS_MAX, trp_app_shutdowns),          \
      TRP_U32("init_timeout_ms", S, child.init_timeout_ms, 1, TRP_APP_MS_MAX, trp_app_infinity),   \
      TRP_WORD("on_limit", S, child.on_limit, trp_app_on_limits)

extern const trp_word trp_app_types[], trp_app_restarts[], trp_app_shutdowns[], trp_app_infinity[],
    trp_app_on_limits[];

/* The child with that entry as an actor of a script. */
int trp_app_read_script(trp_app_reader *r, trp_wire_slice entry, troupe_child_spec *out);

/* The list at `value`. */
int trp_app_read_children(trp_app_reader *r, trp_wire_slice value, troupe_supervisor_spec *into);

/* Remembers a registered name; refuses its second use. NULL is fine. */
int trp_app_take_name(trp_app_reader *r, const char *name);

/* The table `tools`. */
int trp_app_read_tools(trp_app_reader *r, trp_wire_slice value);
/* Whether an actor may be given this tool: it is registered, or one of the app's. */
bool trp_app_has_tool(const troupe_app *app, const char *name);
/* Writes the names of all tools, for a sentence. */
void trp_app_list_tools(const troupe_app *app, char *out, size_t size);

#endif
