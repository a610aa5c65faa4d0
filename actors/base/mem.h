/* Allocation through a troupe_allocator. Every block is freed with the size it was allocated with,
 * so accounting needs no header. Everywhere an allocator is taken, NULL means trp_mem_default(). */
#ifndef TRP_BASE_MEM_H
#define TRP_BASE_MEM_H

#include <stddef.h>

#include <troupe/types.h>

/* The C library's; large blocks are mappings, so that what is freed goes back to the system whoever
 * frees it. Shrinking a large block can fail. A constant. Thread: any. */
const troupe_allocator *trp_mem_default(void);

/* size bytes, at least 1. NULL when there is no memory. */
void *trp_alloc(const troupe_allocator *al, size_t size);

/* As trp_alloc, filled with zeros. */
void *trp_zalloc(const troupe_allocator *al, size_t size);

/* Resizes p (NULL: allocates, old_size 0) to new_size bytes, at least 1. NULL when there is no
 * memory; p is then untouched. */
void *trp_realloc(const troupe_allocator *al, void *p, size_t old_size, size_t new_size);

/* Frees p of `size` bytes; does nothing when p is NULL. */
void trp_free(const troupe_allocator *al, void *p, size_t size);

/* A copy of the len bytes at s and a NUL behind them; free with size len + 1. NULL when there is no
 * memory. */
char *trp_strndup(const troupe_allocator *al, const char *s, size_t len);

#endif
