/* Ready-made tools, in the library libtroupe_batteries. Each checks the calling actor's grants
 * itself, so none but console needs an entry in permissions.tools.
 *
 * Arguments and results are msgpack; written here as Lua tables. Failures have the outcome
 * REJECTED ("invalid", "denied": nothing was done), PERMANENT (also "invalid", where sqlite finds
 * it only in the statement), or TRANSIENT (EIO, EMFILE, ENFILE, ENOMEM, EAGAIN, locked databases).
 * Codes of the operating system are its names: "ENOENT", "EACCES" (also: not granted), "EISDIR",
 * "ENOSPC". Results have at most the tool's max_result_bytes and the caller's own limit: "too_big"
 * beyond that. Only TRANSIENT failures and timeouts count for a tool's circuit breaker, so no bad
 * file or argument opens it.
 *
 *   echo     { value = v } -> v
 *           Grants: none. Idempotent.
 *
 *   console  { text =, newline = true } -> { tty =, columns = }
 *           Writes to the host's standard output; calls do not mix. Without text it only answers:
 *           whether that is a terminal, and its width (80 when unknown). "EAGAIN": it has accepted
 *           nothing for 5 s. Part of the text may have been written before a failure.
 *           Grants: tools = { "console" }, the one tool that needs it. No retry.
 *
 *   fs.list  { path =, recursive = false, suffix = "", max = 10000 }
 *            -> { { path =, type = "file" | "dir" | "link" | "other", size =, real = } … }
 *           Sorted by path; `path` begins with the argument. Links show the type and size of what
 *           they lead to, and its path in `real`; type "link" is one that leads nowhere or
 *           outside. They are not entered. More entries than max: "too_big"; more than 64 levels:
 *           "too_deep". Grants: fs. Idempotent.
 *
 *   fs.read  { path =, offset = 0, max_bytes = } -> string
 *           With max_bytes at most so many bytes, "" at the end; without, a file that does not
 *           fit a result is "too_big". Grants: fs. Idempotent.
 *
 *   fs.write { path =, data =, append = false, sync = false } -> bytes written
 *           Replaces the file as a whole (temporary file, rename), keeping its mode, or appends;
 *           creates it when missing. A link is followed. `sync`: on disk before it returns.
 *           Grants: fs, writable.
 *
 *   gunzip   { path = | data =, max_bytes =, utf8 = false } -> string
 *           Several members are one string. Bad or truncated data: "corrupt", with the position;
 *           more than max_bytes: "too_big"; with utf8, any other text: "not_utf8", with the
 *           position. Grants: fs for path, none for data. Idempotent.
 *
 *   sqlite   { path =, op = "query", sql =, params =, busy_ms = 2000 }
 *            { path =, op = "exec", sql =, params = }
 *            { path =, op = "transaction",
 *              statements = { { sql =, params = | rows = { {…} … } } … } }
 *            -> { rows = { { column = value } … }, columns = { name … }, changes =, last_id = }
 *           query reads, with one statement; exec runs one statement with params or any number
 *           without; transaction runs all or nothing, each statement once or once for each of its
 *           rows. params and rows are lists by position or tables by name (:name, @name, $name);
 *           what is missing is NULL, and NULL comes back as nil. rows are those of the last
 *           statement that has columns; changes counts those of triggers too. No ATTACH. Codes:
 *           "SQLITE_BUSY" (TRANSIENT, after busy_ms), "SQLITE_CONSTRAINT_UNIQUE" and the like,
 *           "SQLITE_FULL"… Do not read a database by fs.read while it is written: POSIX would
 *           drop SQLite's locks. Grants: fs for query, writable fs for the others.
 *
 *   exec     { argv = { "/usr/bin/x", … }, stdin =, timeout_ms =, max_bytes =, cwd =, env = {} }
 *            -> { status =, signal =, stdout =, stderr = }
 *           No shell. argv[1] must be granted exactly as written. The environment is PATH,
 *           LANG=C.UTF-8 and env (not LD_…). The program has its own process group and session:
 *           on timeout ("timeout"), too much output ("too_big") or when the caller ends, the
 *           group gets SIGTERM and 200 ms later SIGKILL; what is left of it 200 ms after the
 *           program's end is killed too. signal is missing when the program ended by itself. cwd
 *           must be in a granted directory; without it the program runs where the host does.
 *           Grants: exec; fs for cwd.
 */
#ifndef TROUPE_BATTERIES_H
#define TROUPE_BATTERIES_H

#include <stddef.h>

#include <troupe/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Registers all of them.
 * Thread   any, once for each system.
 * Returns  TROUPE_OK, TROUPE_E_ALREADY_REGISTERED, UV_ENOMEM */
TROUPE_API int troupe_batteries_register(troupe_system *sys);

/* As troupe_versions, for SQLite, zlib and jansson. */
TROUPE_API size_t troupe_batteries_versions(char *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
