/* The tool `sqlite`: queries, statements and transactions on one file. Shapes: troupe/batteries.h.
 */
#include <sqlite3.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <troupe/error.h>

#include "tools/builtin/args.h"
#include "tools/builtin/builtin.h"
#include "tools/builtin/sqlite_pool.h"

enum { BAD_ARGUMENTS = -1, TOO_MUCH = -2 }; /* beside SQLite's codes, which are not negative */

typedef struct session {
  troupe_call *call;
  trp_connection *conn;
  sqlite3 *db;
  trp_buf rows, columns; /* encoded, without the array's header */
  trp_wire_writer row_writer, column_writer;
  size_t row_count, column_count;
  unsigned executed; /* statements that may have changed something and were completed */
  bool transaction;
  char why[200]; /* BAD_ARGUMENTS */
} session;

static int bad(session *s, const char *why) {
  snprintf(s->why, sizeof s->why, "%s", why);
  return BAD_ARGUMENTS;
}

/* ---- errors -------------------------------------------------------------------------------- */

static const char *name_of(int rc) {
#define NAME(code)                                                                                 \
  case code:                                                                                       \
    return #code
  switch (rc) {
    NAME(SQLITE_CONSTRAINT_CHECK);
    NAME(SQLITE_CONSTRAINT_FOREIGNKEY);
    NAME(SQLITE_CONSTRAINT_NOTNULL);
    NAME(SQLITE_CONSTRAINT_PRIMARYKEY);
    NAME(SQLITE_CONSTRAINT_ROWID);
    NAME(SQLITE_CONSTRAINT_TRIGGER);
    NAME(SQLITE_CONSTRAINT_UNIQUE);
  default:
    break;
  }
  switch (rc & 0xff) {
    NAME(SQLITE_AUTH);
    NAME(SQLITE_BUSY);
    NAME(SQLITE_CANTOPEN);
    NAME(SQLITE_CONSTRAINT);
    NAME(SQLITE_CORRUPT);
    NAME(SQLITE_FULL);
    NAME(SQLITE_INTERRUPT);
    NAME(SQLITE_IOERR);
    NAME(SQLITE_LOCKED);
    NAME(SQLITE_MISMATCH);
    NAME(SQLITE_NOMEM);
    NAME(SQLITE_NOTADB);
    NAME(SQLITE_RANGE);
    NAME(SQLITE_READONLY);
    NAME(SQLITE_SCHEMA);
    NAME(SQLITE_TOOBIG);
  default:
    return "SQLITE_ERROR";
  }
#undef NAME
}

static void fail_sqlite(troupe_call *call, int rc, const char *text, bool nothing_done) {
  int primary = rc & 0xff;
  bool locked = primary == SQLITE_BUSY || primary == SQLITE_LOCKED;
  troupe_outcome outcome = TROUPE_OUTCOME_PERMANENT;
  if (locked || primary == SQLITE_NOMEM) outcome = TROUPE_OUTCOME_TRANSIENT;
  if (primary == SQLITE_INTERRUPT) outcome = TROUPE_OUTCOME_CANCELLED;
  if (locked && nothing_done) troupe_call_set_not_executed(call);
  troupe_call_fail(call, outcome, name_of(rc), text);
}

static void fail(session *s, int rc) {
  if (rc == BAD_ARGUMENTS) {
    troupe_call_fail(s->call, TROUPE_OUTCOME_PERMANENT, "invalid", s->why);
  } else if (rc == TOO_MUCH) {
    troupe_call_fail(s->call, TROUPE_OUTCOME_PERMANENT, "too_big",
                     "the rows are more than the tool's limit");
  } else {
    /* without memory the connection may not know: it was the result that could not be written */
    const char *text = rc == SQLITE_NOMEM ? sqlite3_errstr(rc) : sqlite3_errmsg(s->db);
    fail_sqlite(s->call, rc, text, s->transaction || s->executed == 0);
  }
}

/* ---- values in ----------------------------------------------------------------------------- */

static int bind_token(session *s, sqlite3_stmt *st, int at, const trp_wire_token *t) {
  switch (t->type) {
  case TRP_WIRE_NIL:
    return sqlite3_bind_null(st, at);
  case TRP_WIRE_BOOL:
    return sqlite3_bind_int(st, at, t->as.boolean);
  case TRP_WIRE_INT:
    return sqlite3_bind_int64(st, at, t->as.integer);
  case TRP_WIRE_FLOAT:
    return sqlite3_bind_double(st, at, t->as.number);
  case TRP_WIRE_STR: /* the arguments outlive the statement */
    return sqlite3_bind_text64(st, at, (const char *)t->data, t->len, SQLITE_STATIC, SQLITE_UTF8);
  case TRP_WIRE_BIN:
    return sqlite3_bind_blob64(st, at, t->data, t->len, SQLITE_STATIC);
  case TRP_WIRE_UINT:
  case TRP_WIRE_ARRAY:
  case TRP_WIRE_MAP:
  case TRP_WIRE_EXT:
    break;
  }
  return bad(s, "a parameter must be nil, a boolean, a number or a string");
}

/* The place of :name, @name or $name; 0: none. */
static int place_of(sqlite3_stmt *st, const trp_wire_token *key) {
  char name[130];
  if (key->type != TRP_WIRE_STR || key->len > sizeof name - 2) return 0;
  memcpy(name + 1, key->data, key->len);
  name[key->len + 1] = '\0';
  for (const char *mark = ":@$"; *mark; mark++) {
    name[0] = *mark;
    int at = sqlite3_bind_parameter_index(st, name);
    if (at) return at;
  }
  return 0;
}

/* Binds the array (by position) or map (by name) that comes next. What is missing is NULL. */
static int bind_row(session *s, sqlite3_stmt *st, trp_wire_reader *r) {
  trp_wire_token all, key, value;
  sqlite3_clear_bindings(st);
  if (trp_wire_next(r, &all)) return bad(s, "bad encoding");
  if (all.type == TRP_WIRE_NIL) return SQLITE_OK;
  bool named = all.type == TRP_WIRE_MAP;
  if (!named && all.type != TRP_WIRE_ARRAY) return bad(s, "params must be a table");
  if (!named && all.len > (size_t)sqlite3_bind_parameter_count(st))
    return bad(s, "there are more params than placeholders");
  for (size_t i = 0; i < all.len; i++) {
    int at = (int)i + 1;
    if (named) {
      if (trp_wire_next(r, &key)) return bad(s, "bad encoding");
      at = place_of(st, &key);
      if (!at) return bad(s, "params names a placeholder that the statement does not have");
    }
    if (trp_wire_next(r, &value)) return bad(s, "bad encoding");
    int rc = bind_token(s, st, at, &value);
    if (rc != SQLITE_OK) return rc;
  }
  return SQLITE_OK;
}

/* ---- rows out ------------------------------------------------------------------------------ */

static void put_value(trp_wire_writer *w, sqlite3_stmt *st, int i) {
  switch (sqlite3_column_type(st, i)) {
  case SQLITE_INTEGER:
    trp_wire_put_int(w, sqlite3_column_int64(st, i));
    break;
  case SQLITE_FLOAT:
    trp_wire_put_double(w, sqlite3_column_double(st, i));
    break;
  case SQLITE_TEXT: {
    const unsigned char *text = sqlite3_column_text(st, i);
    trp_wire_put_str(w, text, (size_t)sqlite3_column_bytes(st, i));
    break;
  }
  case SQLITE_BLOB: {
    const void *blob = sqlite3_column_blob(st, i);
    trp_wire_put_bin(w, blob, (size_t)sqlite3_column_bytes(st, i));
    break;
  }
  default: /* an int of SQLite's, not an enum */
    trp_wire_put_nil(w);
    break;
  }
}

static int writer_code(const trp_wire_writer *w) {
  if (w->err == TROUPE_OK) return SQLITE_OK;
  return w->err == TROUPE_E_TOO_BIG ? TOO_MUCH : SQLITE_NOMEM;
}

static int put_row(session *s, sqlite3_stmt *st) {
  int n = sqlite3_column_count(st);
  trp_wire_put_map(&s->row_writer, (size_t)n);
  for (int i = 0; i < n; i++) {
    const char *name = sqlite3_column_name(st, i);
    trp_wire_put_cstr(&s->row_writer, name ? name : "");
    put_value(&s->row_writer, st, i);
  }
  s->row_count++;
  return writer_code(&s->row_writer);
}

/* The rows of the last statement that has columns are the call's. */
static int begin_rows(session *s, sqlite3_stmt *st) {
  int n = sqlite3_column_count(st);
  if (n == 0) return SQLITE_OK;
  trp_buf_clear(&s->rows);
  trp_buf_clear(&s->columns);
  s->row_count = 0;
  s->column_count = (size_t)n;
  for (int i = 0; i < n; i++) {
    const char *name = sqlite3_column_name(st, i);
    trp_wire_put_cstr(&s->column_writer, name ? name : "");
  }
  return writer_code(&s->column_writer);
}

static int step_all(session *s, sqlite3_stmt *st) {
  int rc = sqlite3_step(st);
  while (rc == SQLITE_ROW) {
    rc = put_row(s, st);
    if (rc == SQLITE_OK) rc = sqlite3_step(st);
  }
  if (rc != SQLITE_DONE) return rc;
  if (!sqlite3_stmt_readonly(st)) s->executed++;
  return sqlite3_reset(st);
}

/* ---- statements ---------------------------------------------------------------------------- */

/* Prepares the first statement of sql; *st is NULL when there is only white space left. */
static int prepare(session *s, trp_text *sql, sqlite3_stmt **st) {
  const char *tail = NULL;
  *st = NULL;
  if (sql->len > 0 && memchr(sql->s, '\0', sql->len)) return bad(s, "sql holds a zero byte");
  int rc = sqlite3_prepare_v2(s->db, sql->s, (int)sql->len, st, &tail);
  if (rc != SQLITE_OK) return rc;
  sql->len -= (size_t)(tail - sql->s);
  sql->s = tail;
  return SQLITE_OK;
}

static int run_one(session *s, trp_text *sql, trp_wire_slice params, bool query, bool *any) {
  sqlite3_stmt *st = NULL;
  int rc = prepare(s, sql, &st);
  *any = st != NULL;
  if (rc != SQLITE_OK || !st) return rc;
  if (query && !sqlite3_stmt_readonly(st)) rc = bad(s, "op \"query\" only reads: use op \"exec\"");
  if (rc == SQLITE_OK) rc = begin_rows(s, st);
  if (rc == SQLITE_OK && params.len) {
    trp_wire_reader r;
    trp_wire_reader_init(&r, params.data, params.len);
    rc = bind_row(s, st, &r);
  }
  if (rc == SQLITE_OK) rc = step_all(s, st);
  sqlite3_finalize(st);
  return rc;
}

/* One statement with parameters, or, without parameters and to execute, any number. */
static int run_script(session *s, trp_text sql, trp_wire_slice params, bool query) {
  bool any, first = true;
  for (;; first = false) {
    int rc = run_one(s, &sql, params, query, &any);
    if (rc != SQLITE_OK) return rc;
    if (!any && sql.len == 0) return first ? bad(s, "sql holds no statement") : SQLITE_OK;
    if (!any) continue; /* a comment, or a lone semicolon */
    if (query || params.len) {
      sqlite3_stmt *more = NULL;
      while (sql.len > 0 && !more && rc == SQLITE_OK)
        rc = prepare(s, &sql, &more);
      sqlite3_finalize(more);
      if (more || rc != SQLITE_OK) return bad(s, "only one statement is possible here");
      return SQLITE_OK;
    }
  }
}

/* One statement, once for each row of parameters. */
static int run_rows(session *s, trp_text sql, trp_wire_slice rows) {
  sqlite3_stmt *st = NULL;
  trp_wire_reader r;
  trp_wire_token all;
  trp_wire_reader_init(&r, rows.data, rows.len);
  if (trp_wire_next(&r, &all) || all.type != TRP_WIRE_ARRAY)
    return bad(s, "rows must be a list of tables");
  int rc = prepare(s, &sql, &st);
  if (rc == SQLITE_OK && !st) rc = bad(s, "sql holds no statement");
  if (rc == SQLITE_OK) rc = begin_rows(s, st);
  for (size_t i = 0; i < all.len && rc == SQLITE_OK; i++) {
    rc = bind_row(s, st, &r);
    if (rc == SQLITE_OK) rc = step_all(s, st);
  }
  sqlite3_finalize(st);
  return rc;
}

static int run_entry(session *s, const uint8_t *data, size_t len) {
  trp_text sql = {0};
  trp_wire_slice params, rows;
  if (trp_wire_get_str(data, len, "sql", &sql.s, &sql.len) != TROUPE_OK)
    return bad(s, "each of statements must have a string \"sql\"");
  bool many = trp_wire_find(data, len, "rows", &rows) == TROUPE_OK;
  bool one = trp_wire_find(data, len, "params", &params) == TROUPE_OK;
  if (many && one) return bad(s, "a statement has params or rows, not both");
  return many ? run_rows(s, sql, rows) : run_script(s, sql, params, false);
}

static int run_transaction(session *s, trp_wire_slice statements) {
  trp_wire_reader r;
  trp_wire_token all;
  trp_wire_reader_init(&r, statements.data, statements.len);
  if (!statements.len || trp_wire_next(&r, &all) || all.type != TRP_WIRE_ARRAY)
    return bad(s, "statements must be a list of tables");
  s->transaction = true;
  int rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
  for (size_t i = 0; i < all.len && rc == SQLITE_OK; i++) {
    const uint8_t *begin = r.p;
    rc = trp_wire_skip(&r, TRP_WIRE_DEPTH) ? bad(s, "bad encoding")
                                           : run_entry(s, begin, (size_t)(r.p - begin));
    if (rc == SQLITE_OK && sqlite3_get_autocommit(s->db))
      rc = bad(s, "a statement must not end the transaction");
  }
  if (rc == SQLITE_OK) rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
  return rc; /* what was not committed is rolled back when the connection is put back */
}

/* ---- the call ------------------------------------------------------------------------------ */

static void answer(session *s, int64_t changes) {
  trp_answer a;
  trp_answer_init(&a, s->call);
  trp_wire_put_map(&a.w, 4);
  trp_wire_put_cstr(&a.w, "rows");
  trp_wire_put_array(&a.w, s->row_count);
  trp_wire_put_raw(&a.w, s->rows.data, s->rows.len);
  trp_wire_put_cstr(&a.w, "columns");
  trp_wire_put_array(&a.w, s->column_count);
  trp_wire_put_raw(&a.w, s->columns.data, s->columns.len);
  trp_wire_put_cstr(&a.w, "changes");
  trp_wire_put_int(&a.w, changes);
  trp_wire_put_cstr(&a.w, "last_id");
  trp_wire_put_int(&a.w, sqlite3_last_insert_rowid(s->db));
  trp_answer_send(&a);
}

typedef enum op { QUERY, EXEC, TRANSACTION, NO_OP } op;

static op op_of(trp_fields *f) {
  static const char *const names[] = {
      [QUERY] = "query", [EXEC] = "exec", [TRANSACTION] = "transaction"};
  trp_text t = trp_field_text(f, "op");
  if (!t.s) return QUERY;
  for (int i = QUERY; i < NO_OP; i++) {
    if (t.len == strlen(names[i]) && memcmp(t.s, names[i], t.len) == 0) return (op)i;
  }
  trp_fields_refuse(f, "op", "must be \"query\", \"exec\" or \"transaction\"");
  return NO_OP;
}

void trp_sqlite_run(troupe_call *call, void *user) {
  trp_sqlite *pool = user;
  trp_fields f;
  trp_wire_slice params, statements;
  trp_fields_init(&f, call);
  trp_text path = trp_field_required_text(&f, "path");
  op what = op_of(&f);
  trp_text sql = {0};
  if (what != TRANSACTION) sql = trp_field_required_text(&f, "sql");
  int64_t busy_ms = trp_field_int(&f, "busy_ms", 0, 600000, 2000);
  trp_field_value(&f, "params", &params);
  trp_field_value(&f, "statements", &statements);
  if (f.bad) return;

  session s = {.call = call};
  int rc = trp_connection_take(pool, call, path, what != QUERY, busy_ms, &s.conn);
  if (rc < 0)
    trp_fail_path(call, rc, path);
  else if (rc > 0)
    fail_sqlite(call, rc, sqlite3_errstr(rc), true);
  if (rc) return;
  s.db = s.conn->db;
  const troupe_allocator *al = trp_call_allocator(call);
  trp_buf_init(&s.rows, al, troupe_call_max_result(call));
  trp_buf_init(&s.columns, al, troupe_call_max_result(call));
  trp_wire_writer_init(&s.row_writer, &s.rows);
  trp_wire_writer_init(&s.column_writer, &s.columns);

  int64_t before = sqlite3_total_changes64(s.db);
  rc = what == TRANSACTION ? run_transaction(&s, statements)
                           : run_script(&s, sql, params, what == QUERY);
  if (rc == SQLITE_OK && !sqlite3_get_autocommit(s.db))
    rc = bad(&s, "the transaction was not committed: use op \"transaction\"");
  if (rc != SQLITE_OK)
    fail(&s, rc);
  else
    answer(&s, sqlite3_total_changes64(s.db) - before);
  trp_connection_put(pool, s.conn);
  trp_buf_fini(&s.rows);
  trp_buf_fini(&s.columns);
}
