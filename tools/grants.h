/* Grants inside the library: building from text of any length, questions, narrowing, opening files.
 * Thread: a set under construction belongs to one thread; a sealed one to any. NULL grants nothing.
 */
#ifndef TRP_TOOLS_GRANTS_H
#define TRP_TOOLS_GRANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <troupe/grants.h>

typedef struct troupe_grants trp_grants;

/* X(constant, name in specs) */
#define TRP_GRANT_MAP(X)                                                                           \
  X(TOOLS, "tools")                                                                                \
  X(NAMES, "names")                                                                                \
  X(EXEC, "exec")                                                                                  \
  X(NET, "net")
typedef enum trp_grant {
#define X(name, lua) TRP_GRANT_##name,
  TRP_GRANT_MAP(X)
#undef X
      TRP_GRANT_LISTS
} trp_grant;

/* Adds an entry that is not NUL-terminated. Returns as the troupe_grants_add_ functions. */
int trp_grants_add(trp_grants *g, trp_grant which, const char *text, size_t len);
int trp_grants_add_root(trp_grants *g, const char *root, size_t len, bool writable);

/* The entries of a list, for those who show them; NULL past the end. Valid as long as the set. */
const char *trp_grants_entry(const trp_grants *g, trp_grant which, size_t index);

/* Does a list hold exactly this text? Names: also when all names are granted. */
bool trp_grants_has(const trp_grants *g, trp_grant which, const char *text, size_t len);

static inline bool trp_grants_may_tool(const trp_grants *g, const char *name, size_t len) {
  return trp_grants_has(g, TRP_GRANT_TOOLS, name, len);
}
static inline bool trp_grants_may_name(const trp_grants *g, const char *name, size_t len) {
  return trp_grants_has(g, TRP_GRANT_NAMES, name, len);
}
static inline bool trp_grants_may_exec(const trp_grants *g, const char *program, size_t len) {
  return trp_grants_has(g, TRP_GRANT_EXEC, program, len);
}
/* Is there any directory (with write: one that may be written)? */
bool trp_grants_any_root(const trp_grants *g, bool write);
uint32_t trp_grants_spawn(const trp_grants *g);

/* A child asks for `wanted`, its parent has `parent`. What exceeds is refused, never cut silently.
 *
 *   out   a new reference to wanted when all of it is within parent; NULL otherwise
 *   msg   receives a sentence that names the entry that exceeds; may be NULL
 *
 * Returns TROUPE_OK or TROUPE_E_DENIED. wanted NULL: nothing is wanted, *out is NULL.
 */
int trp_grants_narrow(const trp_grants *parent, trp_grants *wanted, trp_grants **out, char *msg,
                      size_t msg_len);

/* Opens a path beneath a granted directory. Relative paths start at the working directory. A link
 * may lead anywhere inside the granted directories.
 *
 *   flags   of open(2); writing, creating and truncating need a writable directory. O_CLOEXEC is
 * added. mode    of a file that is created
 *
 * Thread any; may block.
 * Returns 0, UV_EACCES (outside, or read-only here), UV_EINVAL (empty, NUL inside),
 * UV_ENAMETOOLONG, or what the system says; *fd is then -1.
 */
int trp_grants_open(const trp_grants *g, const char *path, size_t len, int flags, mode_t mode,
                    int *fd);

/* Opens the directory that holds the path's last component, O_PATH, for calls such as renameat.
 *   write   the directory must be granted for writing
 *   name    receives the last component; of NAME_MAX + 1 bytes
 * Returns also UV_EISDIR for paths that end in ".." or are "/". */
int trp_grants_open_parent(const trp_grants *g, const char *path, size_t len, bool write, int *fd,
                           char *name);

/* The path without links of something opened, PATH_MAX bytes. Returns 0 or a system code. */
int trp_grants_real_path(int fd, char *out);

#endif
