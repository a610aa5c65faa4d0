/* Text of scripts: read once for each file and system, immutable, shared by reference.
 *
 * Thread: any. Locks: one for the cache, a leaf; reading happens outside of it. */
#ifndef TRP_SCRIPTING_SOURCE_H
#define TRP_SCRIPTING_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include <troupe/types.h>

typedef struct trp_source {
  _Atomic uint32_t refs;
  const troupe_allocator *al;
  struct trp_source *next; /* in the cache */
  char *key;               /* of the cache; NULL for text that is not from a file */
  char *chunk;             /* "@file.lua" or "=name": what error messages show */
  char *text;
  size_t key_size, chunk_size, len;
} trp_source;

trp_source *trp_source_ref(trp_source *s);
void trp_source_unref(trp_source *s); /* NULL is fine */

/* The most bytes a script's text may have: the system's max_source_bytes, if that is less than the
 * guard of the C stack it is compiled on. */
size_t trp_source_max(const troupe_system *sys);
/* The error of a text that has more; counts it. Returns TROUPE_E_SCRIPT. */
int trp_source_too_large(troupe_system *sys, const char *chunk, char *msg, size_t msg_len);

/* A file. With a root it must lie beneath that folder, also through links; `path` is then relative
 * to it and without "..". Without, path is the host's and may be anything. root   an absolute clean
 * path, or NULL chunk  the name shown in error messages Returns TROUPE_OK with a reference;
 * TROUPE_E_SCRIPT (too large, a pipe, not text); TROUPE_E_NO_MEMORY; a libuv code. msg receives a
 * sentence. */
int trp_source_file(troupe_system *sys, const char *root, const char *path, const char *chunk,
                    trp_source **out, char *msg, size_t msg_len);

/* A copy of a text. */
int trp_source_text(troupe_system *sys, const char *text, size_t len, const char *chunk,
                    trp_source **out);

/* The part to compile: without a byte-order mark and a first line that begins with '#', but with
 * that line's end, so that lines keep their numbers. */
const char *trp_source_code(const trp_source *s, size_t *len);

#endif
