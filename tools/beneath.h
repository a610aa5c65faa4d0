/* Opens paths so that nothing outside of some directories can be reached, whatever links, "..", or
 * renames meanwhile lie on the way. Pure system calls; keeps nothing open. Thread: any; may block.
 */
#ifndef TRP_TOOLS_BENEATH_H
#define TRP_TOOLS_BENEATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct trp_root {
  char *given; /* absolute, as its owner wrote it */
  char *real;  /* without links */
  bool writable;
} trp_root;

/* Makes a path absolute (relative ones start at the working directory) and takes out "//", "/./"
 * and a final "/". ".." stays: only the kernel knows where it leads. out   of PATH_MAX bytes
 * Returns 0, UV_EINVAL (empty, NUL inside), UV_ENAMETOOLONG, or what getcwd says. */
int trp_path_clean(const char *path, size_t len, char *out);

/* True when `path` is `root` or lies below it, by its letters. */
bool trp_path_within(const char *path, const char *root);

/* Opens a clean path that lies beneath one of the roots. Links may lead anywhere inside the roots.
 *   write   only writable roots count
 *   flags   of open(2); O_CLOEXEC and O_NOCTTY are added
 * Returns 0, UV_EACCES (outside), or what the system says; *fd is then -1. */
int trp_beneath_open(const trp_root *roots, size_t count, bool write, const char *path, int flags,
                     mode_t mode, int *fd);

/* The same, component by component: for kernels without openat2, and for links with absolute
 * targets, which openat2 refuses even when they stay inside. */
int trp_beneath_walk(const trp_root *roots, size_t count, bool write, const char *path, int flags,
                     mode_t mode, int *fd);

#endif
