/* Names of actors. A name belongs to the logical actor: it stays over restarts and is freed when
 * the actor is gone, before anybody is told. */
#ifndef TRP_ACTORS_NAMES_H
#define TRP_ACTORS_NAMES_H

#include <pthread.h>

#include <troupe/types.h>

typedef struct trp_name {
  struct trp_name *next;
  troupe_pid pid; /* 0: reserved */
  uint64_t hash;
  size_t len;
  char text[];
} trp_name;

typedef struct trp_names {
  const troupe_allocator *al;
  pthread_mutex_t lock; /* a leaf */
  trp_name **buckets;
  size_t nbuckets, count;
} trp_names;

void trp_names_init(trp_names *n, const troupe_allocator *al);
void trp_names_fini(trp_names *n);

/* Takes a name for an actor that cannot be reached yet: from here on nobody else gets it, and
 * nobody finds it before trp_names_publish. TROUPE_OK, TROUPE_E_ALREADY_REGISTERED,
 * TROUPE_E_NO_MEMORY. Thread: any. */
int trp_names_reserve(trp_names *n, const char *name);
/* Says whose a reserved name is. */
void trp_names_publish(trp_names *n, const char *name, troupe_pid pid);
void trp_names_remove(trp_names *n, const char *name, troupe_pid pid);
troupe_pid trp_names_find(trp_names *n, const char *name, size_t len);

#endif
