/* Grants: what an actor may do. A set of them is built, sealed, and then never changes; actors
 * share sealed sets. Nothing is granted by default. A child's set is never wider than its parent's.
 *
 *   tools   names of registered tools
 *   names   registered actors it may look up
 *   fs      directories, each readable or writable; opens the tools fs.*, sqlite and gunzip
 *   exec    absolute paths of programs; opens the tool exec
 *   net     "host:port"; no tool asks for it yet
 *   spawn   how many actors it may have as children and children's children
 */
#ifndef TROUPE_GRANTS_H
#define TROUPE_GRANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <troupe/error.h>
#include <troupe/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TROUPE_GRANTS_MAX 1024 /* entries in each of the lists */

typedef struct troupe_grants troupe_grants;

/* An empty set with one reference.
 *   al   borrowed for the life of the set; NULL: the C library's
 * Thread any. Returns TROUPE_OK or UV_ENOMEM; *out is then NULL. */
TROUPE_API int troupe_grants_new(troupe_grants **out, const troupe_allocator *al);

/* Each adds one entry; adding what is there already is fine.
 *
 * Memory   copies the text.
 * Thread   one at a time, before the set is sealed.
 * Returns  TROUPE_OK, TROUPE_E_INVALID (empty, over its length limit, sealed), TROUPE_E_LIMIT,
 *          UV_ENOMEM
 */
TROUPE_API int troupe_grants_add_tool(troupe_grants *g, const char *name);
TROUPE_API int troupe_grants_add_name(troupe_grants *g, const char *name);
TROUPE_API int troupe_grants_add_all_names(troupe_grants *g);
/* program must be absolute; it is compared as it is written, links are not followed. */
TROUPE_API int troupe_grants_add_exec(troupe_grants *g, const char *program);
TROUPE_API int troupe_grants_add_net(troupe_grants *g, const char *host_and_port);
/* root must exist and be a directory; it is resolved now, relative to the working directory. Paths
 * may later begin with it as given or as resolved. Returns also what resolving says (UV_ENOENT…).
 */
TROUPE_API int troupe_grants_add_fs(troupe_grants *g, const char *root, bool writable);
TROUPE_API int troupe_grants_set_spawn(troupe_grants *g, uint32_t count);

/* Makes the set immutable: from now on any thread may use it. Needed before it is given to an
 * actor.
 */
TROUPE_API void troupe_grants_seal(troupe_grants *g);

/* Sealed sets are shared by reference. unref frees with the last one; NULL is fine. Thread: any. */
TROUPE_API troupe_grants *troupe_grants_ref(troupe_grants *g);
TROUPE_API void troupe_grants_unref(troupe_grants *g);

#ifdef __cplusplus
}
#endif
#endif
