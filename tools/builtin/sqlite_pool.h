/* Connections of the tool `sqlite`: opened through the caller's grants, restricted, and kept for
 * the next call of the same file and mode. Thread: any; one connection serves one call at a time.
 */
#ifndef TRP_TOOLS_BUILTIN_SQLITE_POOL_H
#define TRP_TOOLS_BUILTIN_SQLITE_POOL_H

#include <stdbool.h>

#include <sqlite3.h>

#include <troupe/tool.h>

#include "tools/builtin/args.h"
#include "tools/builtin/builtin.h"

enum { TRP_SQLITE_IDLE_MAX = 8 };

typedef struct trp_connection {
  struct trp_connection *next; /* while idle */
  sqlite3 *db;
  char *path; /* without links */
  bool writable;
  bool tainted;      /* temporary tables, pragmas: not to be seen by the next caller */
  troupe_call *call; /* the one served, for cancelling; NULL while idle */
  int64_t busy_ms, waited_ms;
} trp_connection;

/* Takes a connection to a file, an idle one or a new one.
 *   write   the file may be created; needs a directory granted for writing
 * Returns 0; a negative system code (path, grants, memory); or a positive SQLite code. */
int trp_connection_take(trp_sqlite *pool, troupe_call *call, trp_text path, bool write,
                        int64_t busy_ms, trp_connection **out);

/* Ends what a call has left open and keeps the connection, or closes it. NULL is fine. */
void trp_connection_put(trp_sqlite *pool, trp_connection *c);

#endif
