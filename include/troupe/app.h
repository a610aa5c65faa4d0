/* Apps: a Lua file that returns `troupe.app{...}`, the description of a tree of supervised scripts
 * with its tools. docs/reference/app.md lists every key.
 *
 * The file runs as a script of its own, in the sandbox and with the default limits, without any
 * permission; only its data leaves it. What the data grants to the app's actors is the decision of
 * whoever runs the file: read it before you run it.
 */
#ifndef TROUPE_APP_H
#define TROUPE_APP_H

#include <stddef.h>

#include <troupe/supervisor.h>
#include <troupe/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An app that was loaded and checked. */
typedef struct troupe_app troupe_app;

/* Runs app.lua in an actor of its own, reads what it returns, and compiles every script it names.
 * No actor of the app starts, no tool is registered. Tools that the app is to use must be
 * registered before. Scripts are found relative to the folder of app.lua, which is also where their
 * `require` and `spawn` look; directories in permissions.fs relative to the working directory.
 *
 *   path        app.lua
 *   argc, argv  its arguments `...`; NULL when argc is 0
 *   msg         receives one sentence about an error: "app.lua:3: ..." or "app.children[2].limits.
 *               memory_bytes: must be ..." (counted from 1, as in Lua); may be NULL, 0
 *
 * Memory   copies path and argv. *out is freed with troupe_app_free; it is NULL on an error.
 * Thread   any host thread; waits until app.lua has run, at most 30 s.
 * Returns  TROUPE_OK; TROUPE_E_SCRIPT (a file does not compile, app.lua fails or takes too long, or
 *          returns something else); TROUPE_E_INVALID (the data is wrong); UV_ENOENT and other codes
 *          of the system (a script cannot be read); TROUPE_E_SYSTEM_STOPPED; UV_ENOMEM
 */
TROUPE_API int troupe_app_load(troupe_system *sys, const char *path, int argc, char *const argv[],
                               troupe_app **out, char *msg, size_t msg_len);

/* Registers the app's tools and starts its root supervisor. An app is started at most once.
 *
 *   opts   a name for the root, and a callback for its end; may be NULL
 *
 * Memory   copies what it needs: the app may be freed at once.
 * Thread   one at a time for each app.
 * Returns  as troupe_supervisor_start and troupe_tool_register. Tools that were registered before
 *          an error stay. *out is 0 on an error.
 */
TROUPE_API int troupe_app_start(troupe_system *sys, troupe_pid *out, const troupe_app *app,
                                const troupe_supervisor_opts *opts, char *msg, size_t msg_len);

/* How many actors of scripts, and how many supervisors, the root included, the app starts with.
 * Either may be NULL. Thread: any. */
TROUPE_API void troupe_app_count(const troupe_app *app, size_t *actors, size_t *supervisors);

/* Before the system is freed. NULL is fine. Thread: any. */
TROUPE_API void troupe_app_free(troupe_app *app);

#ifdef __cplusplus
}
#endif
#endif
