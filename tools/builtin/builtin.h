/* The ready-made tools, each in a file of its own; registered by troupe_batteries_register. Shapes
 * of arguments and results are in include/troupe/batteries.h. */
#ifndef TRP_TOOLS_BUILTIN_BUILTIN_H
#define TRP_TOOLS_BUILTIN_BUILTIN_H

#include <troupe/tool.h>

/* On a pool thread. */
void trp_echo_run(troupe_call *call, void *user);
void trp_fs_list_run(troupe_call *call, void *user);
void trp_fs_read_run(troupe_call *call, void *user);
void trp_fs_write_run(troupe_call *call, void *user);
void trp_gunzip_run(troupe_call *call, void *user);

/* user writes to one file descriptor, which is not closed. */
typedef struct trp_console trp_console;
trp_console *trp_console_new(const troupe_allocator *al, int fd); /* NULL: no memory */
void trp_console_free(void *user);
void trp_console_run(troupe_call *call, void *user);

/* user is a cache of connections. */
typedef struct trp_sqlite trp_sqlite;
trp_sqlite *trp_sqlite_new(const troupe_allocator *al); /* NULL: no memory */
void trp_sqlite_free(void *user);
void trp_sqlite_run(troupe_call *call, void *user);

/* On the loop thread. */
void trp_exec_start(troupe_call *call, void *user);
void trp_exec_cancel(troupe_call *call, void *user);

#endif
