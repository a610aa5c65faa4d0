#include <stdio.h>

#include <jansson.h>
#include <sqlite3.h>
#include <zlib.h>

#include <troupe/batteries.h>

size_t troupe_batteries_versions(char *out, size_t size) {
  int n = snprintf(out, size, "SQLite %s\nzlib %s\njansson %s\n", sqlite3_libversion(),
                   zlibVersion(), JANSSON_VERSION);
  return n > 0 ? (size_t)n : 0;
}
