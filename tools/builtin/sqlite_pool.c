#include "tools/builtin/sqlite_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "actors/base/mem.h"
#include "tools/grants.h"

/* LIKE and GLOB do not look at cancelling and cost value times pattern. */
enum {
  VALUE_MAX = 64 << 20,
  SQL_MAX = 1 << 20,
  PATTERN_MAX = 500,
  OPS_BETWEEN_LOOKS = 1000,
  NAP_MS = 5
};

struct trp_sqlite {
  const troupe_allocator *al;
  pthread_mutex_t lock; /* guards the list; a leaf */
  trp_connection *idle; /* most recently used first */
  int count;
};

trp_sqlite *trp_sqlite_new(const troupe_allocator *al) {
  trp_sqlite *pool = trp_zalloc(al, sizeof *pool);
  if (!pool) return NULL;
  pool->al = al;
  pthread_mutex_init(&pool->lock, NULL);
  return pool;
}

static void close_connection(const trp_sqlite *pool, trp_connection *c) {
  if (!c) return;
  sqlite3_close_v2(c->db);
  if (c->path) trp_free(pool->al, c->path, strlen(c->path) + 1);
  trp_free(pool->al, c, sizeof *c);
}

void trp_sqlite_free(void *user) {
  trp_sqlite *pool = user;
  while (pool->idle) {
    trp_connection *c = pool->idle;
    pool->idle = c->next;
    close_connection(pool, c);
  }
  pthread_mutex_destroy(&pool->lock);
  trp_free(pool->al, pool, sizeof *pool);
}

/* ---- restrictions -------------------------------------------------------------------------- */

/* Pragmas about this file, this connection's meaning of SQL, or nothing. Not among them: what
 * belongs to the process (heap limits, directories), what lets memory grow (cache_size, temp_store,
 * mmap_size), and what takes the place of our busy handler (busy_timeout). */
static bool is_allowed_pragma(const char *name) {
  static const char *const allowed[] = {"analysis_limit",     "application_id",
                                        "auto_vacuum",        "case_sensitive_like",
                                        "collation_list",     "compile_options",
                                        "data_version",       "database_list",
                                        "defer_foreign_keys", "encoding",
                                        "foreign_key_check",  "foreign_key_list",
                                        "foreign_keys",       "freelist_count",
                                        "function_list",      "ignore_check_constraints",
                                        "incremental_vacuum", "index_info",
                                        "index_list",         "index_xinfo",
                                        "integrity_check",    "journal_mode",
                                        "journal_size_limit", "locking_mode",
                                        "max_page_count",     "module_list",
                                        "optimize",           "page_count",
                                        "page_size",          "pragma_list",
                                        "query_only",         "quick_check",
                                        "recursive_triggers", "reverse_unordered_selects",
                                        "schema_version",     "secure_delete",
                                        "synchronous",        "table_info",
                                        "table_list",         "table_xinfo",
                                        "user_version",       "wal_autocheckpoint",
                                        "wal_checkpoint"};
  for (size_t i = 0; name && i < sizeof allowed / sizeof *allowed; i++) {
    if (sqlite3_stricmp(name, allowed[i]) == 0) return true; /* SQL knows no case */
  }
  return false;
}

/* Other files are out of reach: no ATTACH but the nameless one that VACUUM uses. What would be seen
 * by the next user of the connection taints it. */
static int authorize(void *ctx, int action, const char *a, const char *b, const char *database,
                     const char *trigger) {
  trp_connection *c = ctx;
  (void)database, (void)trigger;
  switch (action) {
  case SQLITE_ATTACH:
    c->tainted = true;
    return a && a[0] == '\0' ? SQLITE_OK : SQLITE_DENY;
  case SQLITE_PRAGMA:
    if (b) c->tainted = true;
    return is_allowed_pragma(a) ? SQLITE_OK : SQLITE_DENY;
  case SQLITE_CREATE_TEMP_INDEX:
  case SQLITE_CREATE_TEMP_TABLE:
  case SQLITE_CREATE_TEMP_TRIGGER:
  case SQLITE_CREATE_TEMP_VIEW:
    c->tainted = true;
    return SQLITE_OK;
  default: /* an int of SQLite's, not an enum: everything else stays inside the file */
    return SQLITE_OK;
  }
}

static int on_progress(void *ctx) {
  const trp_connection *c = ctx;
  return c->call && troupe_call_cancelled(c->call);
}

/* Another connection holds the lock: wait a little, not longer than the caller does. */
static int on_busy(void *ctx, int times) {
  trp_connection *c = ctx;
  (void)times;
  if (c->waited_ms >= c->busy_ms || on_progress(c)) return 0;
  nanosleep(&(struct timespec){.tv_nsec = NAP_MS * 1000000L}, NULL);
  c->waited_ms += NAP_MS;
  return 1;
}

static void restrict_to_file(trp_connection *c) {
  sqlite3_extended_result_codes(c->db, 1);
  sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config(c->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
  sqlite3_limit(c->db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
  sqlite3_limit(c->db, SQLITE_LIMIT_SQL_LENGTH, SQL_MAX);
  sqlite3_limit(c->db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_MAX);
  sqlite3_set_authorizer(c->db, authorize, c);
  sqlite3_progress_handler(c->db, OPS_BETWEEN_LOOKS, on_progress, c);
  sqlite3_busy_handler(c->db, on_busy, c);
}

/* ---- opening ------------------------------------------------------------------------------- */

/* The path without links of a file that may not exist yet; checks the grants. */
static int resolve(troupe_call *call, trp_text path, bool write, char *real) {
  char name[NAME_MAX + 1];
  struct stat st;
  int fd;
  int err = troupe_call_open(call, path.s, path.len, O_PATH, 0, &fd);
  if (!err) {
    err = fstat(fd, &st) < 0 ? -errno : trp_grants_real_path(fd, real);
    close(fd);
    if (!err && S_ISDIR(st.st_mode)) err = -EISDIR;
    if (!err && !S_ISREG(st.st_mode)) err = -EINVAL;
    if (err || !write) return err;
    err = troupe_call_open_parent(call, real, strlen(real), true, &fd, name);
    if (!err) close(fd);
    return err;
  }
  if (err != -ENOENT || !write) return err;
  err = troupe_call_open_parent(call, path.s, path.len, true, &fd, name);
  if (err) return err;
  err = trp_grants_real_path(fd, real);
  close(fd);
  if (err) return err;
  size_t n = strcmp(real, "/") == 0 ? 0 : strlen(real);
  if (n + 1 + strlen(name) >= PATH_MAX) return -ENAMETOOLONG;
  snprintf(real + n, PATH_MAX - n, "/%s", name);
  return 0;
}

/* What SQLite opens beside the file must be files too: on a pipe it would wait for ever. */
static int check_companions(const char *real) {
  static const char *const endings[] = {"-journal", "-wal", "-shm"};
  char path[PATH_MAX + 16];
  struct stat st;
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    snprintf(path, sizeof path, "%s%s", real, endings[i]);
    if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) return -EINVAL;
  }
  return 0;
}

static trp_connection *take_idle(trp_sqlite *pool, const char *real, bool write) {
  trp_connection *found = NULL;
  pthread_mutex_lock(&pool->lock);
  for (trp_connection **at = &pool->idle; *at && !found; at = found ? at : &(*at)->next) {
    if ((*at)->writable != write || strcmp((*at)->path, real) != 0) continue;
    found = *at;
    *at = found->next;
    pool->count--;
    break;
  }
  pthread_mutex_unlock(&pool->lock);
  if (!found) return NULL;
  int moved = 1; /* the file has been removed or replaced meanwhile */
  if (sqlite3_file_control(found->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
      !moved)
    return found;
  close_connection(pool, found);
  return NULL;
}

static int open_new(const trp_sqlite *pool, const char *real, bool write, trp_connection **out) {
  trp_connection *c = trp_zalloc(pool->al, sizeof *c);
  if (!c) return -ENOMEM;
  c->writable = write;
  c->path = trp_strndup(pool->al, real, strlen(real));
  int flags = SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  flags |= write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  int rc = c->path ? sqlite3_open_v2(real, &c->db, flags, NULL) : -ENOMEM;
  if (rc != SQLITE_OK) {
    close_connection(pool, c);
    return rc;
  }
  restrict_to_file(c);
  *out = c;
  return 0;
}

int trp_connection_take(trp_sqlite *pool, troupe_call *call, trp_text path, bool write,
                        int64_t busy_ms, trp_connection **out) {
  char real[PATH_MAX];
  *out = NULL;
  int err = resolve(call, path, write, real);
  if (!err) err = check_companions(real);
  if (err) return err;
  *out = take_idle(pool, real, write);
  if (!*out) err = open_new(pool, real, write, out);
  if (err) return err;
  (*out)->call = call;
  (*out)->busy_ms = busy_ms;
  (*out)->waited_ms = 0;
  sqlite3_set_last_insert_rowid((*out)->db, 0);
  return 0;
}

void trp_connection_put(trp_sqlite *pool, trp_connection *c) {
  if (!c) return;
  c->call = NULL;
  if (!sqlite3_get_autocommit(c->db)) sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
  trp_connection *oldest = c->tainted ? c : NULL;
  if (!oldest) {
    pthread_mutex_lock(&pool->lock);
    c->next = pool->idle;
    pool->idle = c;
    if (++pool->count > TRP_SQLITE_IDLE_MAX) {
      trp_connection **at = &pool->idle;
      while ((*at)->next)
        at = &(*at)->next;
      oldest = *at;
      *at = NULL;
      pool->count--;
    }
    pthread_mutex_unlock(&pool->lock);
  }
  close_connection(pool, oldest);
}
