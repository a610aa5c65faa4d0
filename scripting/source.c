#include "scripting/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <troupe/error.h>

#include "actors/base/mem.h"
#include "actors/system.h"
#include "tools/beneath.h"

typedef struct cache {
  pthread_mutex_t lock;
  trp_source *first; /* each holds a reference */
} cache;

trp_source *trp_source_ref(trp_source *s) {
  atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
  return s;
}

static void free_source(trp_source *s) {
  trp_free(s->al, s->key, s->key_size);
  trp_free(s->al, s->chunk, s->chunk_size);
  trp_free(s->al, s->text, s->len + 1);
  trp_free(s->al, s, sizeof *s);
}

void trp_source_unref(trp_source *s) {
  /* acq_rel: the last one sees everything the others did with it */
  if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1) free_source(s);
}

static trp_source *new_source(const troupe_allocator *al, const char *key, const char *chunk) {
  trp_source *s = trp_zalloc(al, sizeof *s);
  if (!s) return NULL;
  atomic_init(&s->refs, 1);
  s->al = al;
  s->chunk_size = strlen(chunk) + 1;
  s->chunk = trp_strndup(al, chunk, s->chunk_size - 1);
  if (key) {
    s->key_size = strlen(key) + 1;
    s->key = trp_strndup(al, key, s->key_size - 1);
  }
  if (s->chunk && (s->key || !key)) return s;
  free_source(s);
  return NULL;
}

int trp_source_text(troupe_system *sys, const char *text, size_t len, const char *chunk,
                    trp_source **out) {
  const troupe_allocator *al = &sys->allocator;
  *out = NULL;
  trp_source *s = new_source(al, NULL, chunk);
  if (!s) return TROUPE_E_NO_MEMORY;
  s->len = len;
  s->text = trp_strndup(al, text, len);
  if (!s->text) {
    free_source(s);
    return TROUPE_E_NO_MEMORY;
  }
  *out = s;
  return TROUPE_OK;
}

/* ---- size ---------------------------------------------------------------------------------- */

/* With workers = 0 scripts are compiled on the host's stack, which may be small. */
static const size_t guard = 1 << 20, guard_stepped = 64 << 10;

size_t trp_source_max(const troupe_system *sys) {
  size_t most = sys->config.workers == 0 ? guard_stepped : guard;
  uint32_t wanted = sys->config.max_source_bytes;
  return wanted && wanted < most ? wanted : most;
}

int trp_source_too_large(troupe_system *sys, const char *chunk, char *msg, size_t msg_len) {
  trp_count_limit(sys, TROUPE_LIMIT_SOURCE_BYTES);
  if (msg && msg_len)
    snprintf(msg, msg_len, "%s: too large: the text of a script has at most %zu bytes", chunk + 1,
             trp_source_max(sys));
  return TROUPE_E_SCRIPT;
}

/* ---- files --------------------------------------------------------------------------------- */

static int open_file(const char *root, const char *path, int *fd) {
  if (!root) {
    /* a pipe must not block the thread while it is opened */
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return *fd < 0 ? -errno : 0;
  }
  char whole[PATH_MAX];
  int n = snprintf(whole, sizeof whole, "%s/%s", root, path);
  if (n < 0 || (size_t)n >= sizeof whole) return -ENAMETOOLONG;
  union { /* the roots of other users are not constant */
    const char *in;
    char *out;
  } text = {.in = root};
  trp_root roots = {.given = text.out, .real = text.out};
  return trp_beneath_open(&roots, 1, false, whole, O_RDONLY | O_NONBLOCK, 0, fd);
}

/* Reads an open file into s. TROUPE_E_TOO_BIG: it is larger than max. */
static int read_all(trp_source *s, int fd, size_t max, const char **why) {
  struct stat st;
  if (fstat(fd, &st) != 0) return -errno;
  if (!S_ISREG(st.st_mode)) {
    *why = "not a file";
    return TROUPE_E_SCRIPT;
  }
  if (st.st_size < 0 || (uint64_t)st.st_size > max) return TROUPE_E_TOO_BIG;
  size_t want = (size_t)st.st_size, have = 0;
  char *text = trp_alloc(s->al, want + 1);
  if (!text) return TROUPE_E_NO_MEMORY;
  while (have < want) {
    ssize_t n = read(fd, text + have, want - have);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break; /* shorter than it was: what is there counts */
    have += (size_t)n;
  }
  s->text = text;
  if (have < want) { /* freed by its size */
    char *fit = trp_realloc(s->al, text, want + 1, have + 1);
    if (fit) {
      s->text = fit;
    } else {
      memset(text + have, ' ', want - have);
      have = want;
    }
  }
  s->len = have;
  s->text[have] = 0;
  if (have && s->text[0] == '\x1b') {
    *why = "compiled code is not accepted, only text";
    return TROUPE_E_SCRIPT;
  }
  return TROUPE_OK;
}

static void free_cache(troupe_system *sys, void *ptr) {
  cache *c = ptr;
  while (c->first) {
    trp_source *s = c->first;
    c->first = s->next;
    trp_source_unref(s);
  }
  pthread_mutex_destroy(&c->lock);
  trp_free(&sys->allocator, c, sizeof *c);
}

static cache *cache_of(troupe_system *sys) {
  cache *c = trp_system_ext(sys, TRP_EXT_SCRIPTS);
  if (c) return c;
  c = trp_zalloc(&sys->allocator, sizeof *c);
  if (!c) return NULL;
  pthread_mutex_init(&c->lock, NULL);
  cache *there = trp_system_set_ext(sys, TRP_EXT_SCRIPTS, c, free_cache);
  if (there != c) free_cache(sys, c);
  return there;
}

/* Under the lock. Returns a reference. */
static trp_source *find(cache *c, const char *key) {
  for (trp_source *s = c->first; s; s = s->next)
    if (strcmp(s->key, key) == 0) return trp_source_ref(s);
  return NULL;
}

int trp_source_file(troupe_system *sys, const char *root, const char *path, const char *chunk,
                    trp_source **out, char *msg, size_t msg_len) {
  *out = NULL;
  cache *c = cache_of(sys);
  if (!c) return TROUPE_E_NO_MEMORY;
  char key[PATH_MAX + 8]; /* "//" occurs in no clean path: what a root guards is cached apart */
  int n = snprintf(key, sizeof key, "%s//%s", root ? root : "", path);
  if (n < 0 || (size_t)n >= sizeof key) return -ENAMETOOLONG;
  pthread_mutex_lock(&c->lock);
  *out = find(c, key);
  pthread_mutex_unlock(&c->lock);
  if (*out) return TROUPE_OK;

  const char *why = NULL;
  int fd = -1;
  trp_source *s = new_source(&sys->allocator, key, chunk);
  int err = s ? open_file(root, path, &fd) : TROUPE_E_NO_MEMORY;
  if (!err) {
    err = read_all(s, fd, trp_source_max(sys), &why);
    close(fd);
  }
  if (err == TROUPE_E_TOO_BIG) {
    err = trp_source_too_large(sys, chunk, msg, msg_len);
    trp_source_unref(s);
    return err;
  }
  if (err) {
    if (msg && msg_len)
      snprintf(msg, msg_len, "%s: %s", chunk + 1, why ? why : troupe_strerror(err));
    trp_source_unref(s);
    return err;
  }
  pthread_mutex_lock(&c->lock);
  *out = find(c, key); /* another thread was faster */
  if (!*out) {
    *out = trp_source_ref(s);
    s->next = c->first;
    c->first = s;
    s = NULL;
  }
  pthread_mutex_unlock(&c->lock);
  trp_source_unref(s);
  return TROUPE_OK;
}

const char *trp_source_code(const trp_source *s, size_t *len) {
  const char *at = s->text, *end = s->text + s->len;
  if (s->len >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) at += 3;
  if (at < end && *at == '#') {
    const char *eol = memchr(at, '\n', (size_t)(end - at));
    at = eol ? eol : end;
  }
  *len = (size_t)(end - at);
  return at;
}
