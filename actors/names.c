#include "actors/names.h"

#include <string.h>

#include <troupe/error.h>

#include "actors/base/mem.h"

void trp_names_init(trp_names *n, const troupe_allocator *al) {
  *n = (trp_names){.al = al};
  pthread_mutex_init(&n->lock, NULL);
}

void trp_names_fini(trp_names *n) {
  for (size_t i = 0; i < n->nbuckets; i++) {
    for (trp_name *e = n->buckets[i], *next; e; e = next) {
      next = e->next;
      trp_free(n->al, e, sizeof *e + e->len + 1);
    }
  }
  trp_free(n->al, n->buckets, n->nbuckets * sizeof(trp_name *));
  pthread_mutex_destroy(&n->lock);
}

static uint64_t hash_of(const char *s, size_t len) { /* FNV-1a */
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < len; i++)
    h = (h ^ (uint8_t)s[i]) * UINT64_C(0x100000001b3);
  return h;
}

/* The link that points at the entry, or at NULL where it would be. Needs buckets. */
static trp_name **place(trp_names *n, const char *name, size_t len, uint64_t hash) {
  trp_name **at = &n->buckets[hash % n->nbuckets];
  while (*at && ((*at)->hash != hash || (*at)->len != len || memcmp((*at)->text, name, len) != 0)) {
    at = &(*at)->next;
  }
  return at;
}

static int grow(trp_names *n) {
  size_t want = n->nbuckets ? n->nbuckets * 2 : 16;
  trp_name **fresh = trp_zalloc(n->al, want * sizeof(trp_name *));
  if (!fresh) return TROUPE_E_NO_MEMORY;
  for (size_t i = 0; i < n->nbuckets; i++) {
    for (trp_name *e = n->buckets[i], *next; e; e = next) {
      next = e->next;
      e->next = fresh[e->hash % want];
      fresh[e->hash % want] = e;
    }
  }
  trp_free(n->al, n->buckets, n->nbuckets * sizeof(trp_name *));
  n->buckets = fresh;
  n->nbuckets = want;
  return TROUPE_OK;
}

int trp_names_reserve(trp_names *n, const char *name) {
  size_t len = strlen(name);
  uint64_t hash = hash_of(name, len);
  int err = TROUPE_OK;
  pthread_mutex_lock(&n->lock);
  if (n->count >= n->nbuckets) err = grow(n);
  if (err == TROUPE_OK) {
    trp_name **at = place(n, name, len, hash);
    trp_name *e = NULL;
    if (*at)
      err = TROUPE_E_ALREADY_REGISTERED;
    else if (!(e = trp_alloc(n->al, sizeof *e + len + 1)))
      err = TROUPE_E_NO_MEMORY;
    if (e) {
      *e = (trp_name){.hash = hash, .len = len};
      memcpy(e->text, name, len + 1);
      *at = e;
      n->count++;
    }
  }
  pthread_mutex_unlock(&n->lock);
  return err;
}

void trp_names_publish(trp_names *n, const char *name, troupe_pid pid) {
  size_t len = strlen(name);
  pthread_mutex_lock(&n->lock);
  (*place(n, name, len, hash_of(name, len)))->pid = pid;
  pthread_mutex_unlock(&n->lock);
}

void trp_names_remove(trp_names *n, const char *name, troupe_pid pid) {
  size_t len = strlen(name);
  pthread_mutex_lock(&n->lock);
  trp_name **at = n->nbuckets ? place(n, name, len, hash_of(name, len)) : NULL;
  if (at && *at && (*at)->pid.id == pid.id) {
    trp_name *e = *at;
    *at = e->next;
    n->count--;
    trp_free(n->al, e, sizeof *e + len + 1);
  }
  pthread_mutex_unlock(&n->lock);
}

troupe_pid trp_names_find(trp_names *n, const char *name, size_t len) {
  troupe_pid pid = {0};
  pthread_mutex_lock(&n->lock);
  if (n->nbuckets) {
    trp_name **at = place(n, name, len, hash_of(name, len));
    if (*at) pid = (*at)->pid;
  }
  pthread_mutex_unlock(&n->lock);
  return pid;
}
