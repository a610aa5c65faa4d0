/* An app inside the library: what was read from app.lua, until it is started and freed.
 *
 *   app.c           loading, starting, freeing
 *   app_run.c       running app.lua
 *   app_object.c    troupe.app, the Lua side
 *   app_read.c      values by tables of fields
 *   app_children.c  children and supervisors
 *   app_script.c    one script: limits, mailbox, permissions
 *   app_tools.c     policies of tools
 *
 * Everything it points to lives in its own blocks of memory and in `data`. Thread: one at a time.
 */
#ifndef TRP_SCRIPTING_APP_H
#define TRP_SCRIPTING_APP_H

#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include <troupe/app.h>
#include <troupe/supervisor.h>
#include <troupe/tool.h>

#include "scripting/script.h"

#define TRP_APP_KIND "troupe.app" /* the ask that the app's actor answers with its data */

/* A tool under a name of the app's: a registered one with another policy. */
typedef struct trp_app_tool {
  struct trp_app_tool *next;
  const char *name;
  const char *base; /* the registered tool it stands for; may be the same name */
  troupe_tool_policy policy;
} trp_app_tool;

/* A registered name of some child, to find the second use. */
typedef struct trp_app_name {
  struct trp_app_name *next;
  const char *name;
} trp_app_name;

/* A script of the app; holds one reference. */
typedef struct trp_app_script {
  struct trp_app_script *next;
  trp_script *script;
} trp_app_script;

struct trp_app_block;

struct troupe_app {
  troupe_system *sys;
  struct trp_app_block *blocks;
  const char *file, *folder; /* of app.lua */
  void *data;                /* what troupe.app returned; encoded */
  size_t data_len;
  troupe_supervisor_spec spec;
  trp_app_tool *tools;
  trp_app_name *names;
  trp_app_script *scripts;
  size_t actors, supervisors;
};

/* Zeroed memory that lives as long as the app; NULL: none. */
void *trp_app_alloc(troupe_app *app, size_t size);
char *trp_app_strndup(troupe_app *app, const char *s, size_t len);

/* troupe.app(table): a Lua half. Refuses what cannot be sent, with the place of the call. */
int trp_app_open(lua_State *L);

/* Runs app.lua and fills in app->data. */
int trp_app_run(troupe_app *app, const char *path, int argc, char *const argv[], char *msg,
                size_t msg_len);

struct trp_app_reader;

/* Reads app->data into app->spec and app->tools. */
int trp_app_read(struct trp_app_reader *r);

#endif
