#include "scripting/modules.h"

#include <pthread.h>
#include <string.h>

#include "actors/base/mem.h"
#include "actors/system.h"

enum { MODULES_MAX = 64 };

typedef struct modules {
  pthread_mutex_t lock;
  size_t count;
  struct {
    const char *name;
    lua_CFunction open;
  } list[MODULES_MAX];
} modules;

static void free_modules(troupe_system *sys, void *ptr) {
  modules *m = ptr;
  pthread_mutex_destroy(&m->lock);
  trp_free(&sys->allocator, m, sizeof *m);
}

static modules *modules_of(troupe_system *sys) {
  modules *m = trp_system_ext(sys, TRP_EXT_MODULES);
  if (m) return m;
  m = trp_zalloc(&sys->allocator, sizeof *m);
  if (!m) return NULL;
  pthread_mutex_init(&m->lock, NULL);
  modules *there = trp_system_set_ext(sys, TRP_EXT_MODULES, m, free_modules);
  if (there != m) free_modules(sys, m);
  return there;
}

int trp_script_module(troupe_system *sys, const char *name, lua_CFunction open) {
  modules *m = modules_of(sys);
  if (!m) return TROUPE_E_NO_MEMORY;
  int err = TROUPE_OK;
  pthread_mutex_lock(&m->lock);
  for (size_t i = 0; i < m->count; i++)
    if (strcmp(m->list[i].name, name) == 0) err = TROUPE_E_ALREADY_REGISTERED;
  if (!err && m->count == MODULES_MAX) err = TROUPE_E_LIMIT;
  if (!err) {
    m->list[m->count].name = name;
    m->list[m->count++].open = open;
  }
  pthread_mutex_unlock(&m->lock);
  return err;
}

const char *trp_script_module_at(troupe_system *sys, size_t n, lua_CFunction *open) {
  modules *m = trp_system_ext(sys, TRP_EXT_MODULES);
  const char *name = NULL;
  if (!m) return NULL;
  pthread_mutex_lock(&m->lock);
  if (n < m->count) {
    name = m->list[n].name;
    *open = m->list[n].open;
  }
  pthread_mutex_unlock(&m->lock);
  return name;
}

lua_CFunction trp_script_module_find(troupe_system *sys, const char *name) {
  lua_CFunction open = NULL;
  const char *at;
  for (size_t i = 0; (at = trp_script_module_at(sys, i, &open)) != NULL; i++)
    if (strcmp(at, name) == 0) return open;
  return NULL;
}
