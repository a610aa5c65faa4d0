#include "tests/tools/builtin/tool_bench.h"

#include <sqlite3.h>

static trp_wire_writer *begin(tool_bench *b, const char *path, const char *op, size_t more) {
  trp_wire_writer *w = bench_args(b, 2 + more);
  bench_field(b, "path", path);
  bench_field(b, "op", op);
  return w;
}

static void run_sql(tool_bench *b, const char *op, const char *sql) {
  begin(b, bench_path(b, "rw/db"), op, 1);
  bench_field(b, "sql", sql);
  bench_call(b, "sqlite");
}

static void must_run(tool_bench *b, const char *sql) {
  run_sql(b, "exec", sql);
  expect_ok(b);
}

/* The one row's integer field. */
static int64_t one_int(tool_bench *b, const char *sql, const char *field) {
  int64_t i = INT64_MIN;
  trp_wire_slice rows;
  run_sql(b, "query", sql);
  expect_ok(b);
  assert_int_equal(trp_wire_find(b->value, b->len, "rows", &rows), 0);
  trp_wire_reader r;
  trp_wire_token t;
  trp_wire_reader_init(&r, rows.data, rows.len);
  assert_int_equal(trp_wire_next(&r, &t), 0);
  assert_int_equal(t.len, 1);
  assert_int_equal(trp_wire_get_int(r.p, (size_t)(r.end - r.p), field, &i), 0);
  return i;
}

static size_t list_len(tool_bench *b, const char *key) {
  trp_wire_slice list;
  trp_wire_reader r;
  trp_wire_token t;
  expect_ok(b);
  assert_int_equal(trp_wire_find(b->value, b->len, key, &list), 0);
  trp_wire_reader_init(&r, list.data, list.len);
  assert_int_equal(trp_wire_next(&r, &t), 0);
  assert_int_equal(t.type, TRP_WIRE_ARRAY);
  return t.len;
}

static void values_go_in_and_come_out(void **state) {
  tool_bench *b = *state;
  must_run(b, "CREATE TABLE t (i, f, s, b, n); CREATE INDEX x ON t (i);");
  assert_int_equal(list_len(b, "rows"), 0);
  trp_wire_writer *w = begin(b, bench_path(b, "rw/db"), "exec", 2);
  bench_field(b, "sql", "INSERT INTO t VALUES (?, ?, ?, ?, ?)");
  trp_wire_put_cstr(w, "params");
  trp_wire_put_array(w, 4);
  trp_wire_put_int(w, INT64_MIN);
  trp_wire_put_double(w, 1.5);
  trp_wire_put_str(w, "a\0\xff", 3);
  trp_wire_put_bin(w, "\0\1", 2);
  bench_call(b, "sqlite");
  assert_int_equal(field_int(b, "changes"), 1);
  assert_int_equal(field_int(b, "last_id"), 1);
  run_sql(b, "query", "SELECT * FROM t -- a comment");
  assert_int_equal(list_len(b, "rows"), 1);
  assert_int_equal(list_len(b, "columns"), 5);
  assert_int_equal(field_int(b, "changes"), 0);
  trp_wire_slice rows;
  assert_int_equal(trp_wire_find(b->value, b->len, "rows", &rows), 0);
  trp_wire_reader r;
  trp_wire_token t;
  trp_wire_reader_init(&r, rows.data, rows.len);
  trp_wire_next(&r, &t);
  size_t len = (size_t)(r.end - r.p);
  int64_t i;
  double d;
  const char *s;
  size_t n;
  assert_int_equal(trp_wire_get_int(r.p, len, "i", &i), 0);
  assert_true(i == INT64_MIN);
  assert_int_equal(trp_wire_get_double(r.p, len, "f", &d), 0);
  assert_true(d > 1.4 && d < 1.6);
  assert_int_equal(trp_wire_get_str(r.p, len, "s", &s, &n), 0);
  assert_int_equal(n, 3);
  assert_int_equal(trp_wire_get_str(r.p, len, "b", &s, &n), 0);
  assert_int_equal(n, 2);
  assert_int_equal(trp_wire_get_str(r.p, len, "n", &s, &n), TROUPE_E_NOT_FOUND);
}

static void parameters_may_be_named(void **state) {
  tool_bench *b = *state;
  trp_wire_writer *w = NULL;
  must_run(b, "CREATE TABLE t (a, b)");
  w = begin(b, bench_path(b, "rw/db"), "exec", 2);
  bench_field(b, "sql", "INSERT INTO t VALUES (:a, $b)");
  trp_wire_put_cstr(w, "params");
  trp_wire_put_map(w, 2);
  trp_wire_put_cstr(w, "b");
  trp_wire_put_int(w, 2);
  trp_wire_put_cstr(w, "a");
  trp_wire_put_bool(w, true);
  bench_call(b, "sqlite");
  assert_int_equal(field_int(b, "changes"), 1);
  assert_int_equal(one_int(b, "SELECT a * 10 + b AS v FROM t", "v"), 12);
}

static void a_transaction_is_all_or_nothing(void **state) {
  tool_bench *b = *state;
  must_run(b, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT UNIQUE)");
  for (int round = 0; round < 2; round++) {
    trp_wire_writer *w = begin(b, bench_path(b, "rw/db"), "transaction", 1);
    trp_wire_put_cstr(w, "statements");
    trp_wire_put_array(w, 2);
    trp_wire_put_map(w, 2);
    bench_field(b, "sql", "INSERT INTO t (v) VALUES (?)");
    trp_wire_put_cstr(w, "rows");
    trp_wire_put_array(w, 3);
    for (int i = 0; i < 3; i++) {
      char v[16];
      snprintf(v, sizeof v, "%d", round == 0 ? i % 2 : i); /* twice the same in the first round */
      trp_wire_put_array(w, 1);
      trp_wire_put_cstr(w, v);
    }
    trp_wire_put_map(w, 1);
    bench_field(b, "sql", "SELECT count(*) AS n FROM t");
    bench_call(b, "sqlite");
    if (round == 0) {
      expect_failure(b, "SQLITE_CONSTRAINT_UNIQUE", TROUPE_OUTCOME_PERMANENT);
      assert_int_equal(one_int(b, "SELECT count(*) AS n FROM t", "n"), 0);
    } else {
      assert_int_equal(field_int(b, "changes"), 3);
      assert_int_equal(list_len(b, "rows"), 1);
    }
  }
}

static void ten_thousand_rows_go_in_at_once(void **state) {
  tool_bench *b = *state;
  must_run(b, "CREATE TABLE t (a INTEGER, b TEXT)");
  trp_wire_writer *w = begin(b, bench_path(b, "rw/db"), "transaction", 1);
  trp_wire_put_cstr(w, "statements");
  trp_wire_put_array(w, 1);
  trp_wire_put_map(w, 2);
  bench_field(b, "sql", "INSERT INTO t VALUES (?, ?)");
  trp_wire_put_cstr(w, "rows");
  trp_wire_put_array(w, 10000);
  for (int i = 0; i < 10000; i++) {
    trp_wire_put_array(w, 2);
    trp_wire_put_int(w, i);
    trp_wire_put_cstr(w, "some text in the row");
  }
  bench_call(b, "sqlite");
  assert_int_equal(field_int(b, "changes"), 10000);
  assert_int_equal(one_int(b, "SELECT sum(a) AS s FROM t", "s"), 49995000);
  run_sql(b, "query", "SELECT t.* FROM t, t AS u LIMIT 100000");
  expect_failure(b, "too_big", TROUPE_OUTCOME_PERMANENT);
}

static void other_files_are_out_of_reach(void **state) {
  tool_bench *b = *state;
  char sql[300];
  must_run(b, "CREATE TABLE t (a)");
  snprintf(sql, sizeof sql, "ATTACH '%s' AS x", bench_path(b, "out/db"));
  run_sql(b, "exec", sql);
  expect_failure(b, "SQLITE_AUTH", TROUPE_OUTCOME_PERMANENT);
  snprintf(sql, sizeof sql, "VACUUM INTO '%s'", bench_path(b, "out/db"));
  run_sql(b, "exec", sql);
  assert_int_not_equal(b->code, TROUPE_OK);
  assert_int_not_equal(access(bench_path(b, "out/db"), F_OK), 0);
  must_run(b, "VACUUM");
  run_sql(b, "exec", "PRAGMA temp_store_directory = '/tmp'");
  expect_failure(b, "SQLITE_AUTH", TROUPE_OUTCOME_PERMANENT);
  run_sql(b, "query", "SELECT load_extension('x')");
  assert_int_not_equal(b->code, TROUPE_OK);
  begin(b, bench_path(b, "out/db"), "exec", 1);
  bench_field(b, "sql", "CREATE TABLE t (a)");
  bench_call(b, "sqlite");
  expect_failure(b, "EACCES", TROUPE_OUTCOME_PERMANENT);
  begin(b, bench_path(b, "ro/db"), "exec", 1);
  bench_field(b, "sql", "CREATE TABLE t (a)");
  bench_call(b, "sqlite");
  expect_failure(b, "EACCES", TROUPE_OUTCOME_PERMANENT);
  begin(b, bench_path(b, "rw/none"), "query", 1);
  bench_field(b, "sql", "SELECT 1");
  bench_call(b, "sqlite");
  expect_failure(b, "ENOENT", TROUPE_OUTCOME_PERMANENT);
}

static void pragmas_of_the_process_are_out_of_reach_however_spelled(void **state) {
  tool_bench *b = *state;
  static const char *const denied[] = {"PRAGMA hard_heap_limit = 1",
                                       "PRAGMA soft_heap_limit = 1",
                                       "PRAGMA TEMP_STORE_DIRECTORY = '/var/tmp'",
                                       "PRAGMA main.cache_size = -10000000",
                                       "PRAGMA temp_store = MEMORY",
                                       "PRAGMA mmap_size = 1000000000",
                                       "PRAGMA busy_timeout = 1000000000",
                                       "PRAGMA \"Temp_Store\" = 2"};
  must_run(b, "CREATE TABLE t (a)");
  for (size_t i = 0; i < sizeof denied / sizeof *denied; i++) {
    run_sql(b, "query", denied[i]);
    expect_failure(b, "SQLITE_AUTH", TROUPE_OUTCOME_PERMANENT);
  }
  assert_int_equal(sqlite3_hard_heap_limit64(-1), 0);
  assert_null(sqlite3_temp_directory);
  assert_int_equal(one_int(b, "PRAGMA User_Version", "user_version"), 0);
  assert_int_equal(one_int(b, "SELECT count(*) AS n FROM pragma_table_info('t')", "n"), 1);
}

/* It costs text times pattern, and nothing can interrupt it. */
static void a_pattern_that_would_take_minutes_is_refused(void **state) {
  tool_bench *b = *state;
  must_run(b, "CREATE TABLE t (a)");
  run_sql(b, "query", "SELECT hex(zeroblob(500000)) LIKE '%' || hex(zeroblob(20000)) || '1'");
  expect_failure(b, "SQLITE_ERROR", TROUPE_OUTCOME_PERMANENT);
}

/* Opening a pipe to read would wait for a writer, in a pool thread, for ever. */
static void a_pipe_in_the_place_of_a_journal_is_refused(void **state) {
  tool_bench *b = *state;
  must_run(b, "CREATE TABLE t (a)");
  static const char *const names[] = {"rw/db-journal", "rw/db-wal", "rw/db-shm"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    assert_int_equal(mkfifo(bench_path(b, names[i]), 0600), 0);
    run_sql(b, "query", "SELECT * FROM t");
    expect_failure(b, "EINVAL", TROUPE_OUTCOME_PERMANENT);
    assert_int_equal(unlink(bench_path(b, names[i])), 0);
  }
  run_sql(b, "query", "SELECT * FROM t");
  expect_ok(b);
}

static void misuse_is_named(void **state) {
  tool_bench *b = *state;
  must_run(b, "CREATE TABLE t (a NOT NULL)");
  run_sql(b, "query", "INSERT INTO t VALUES (1)");
  expect_failure(b, "invalid", TROUPE_OUTCOME_PERMANENT);
  run_sql(b, "query", "SELECT 1; SELECT 2");
  expect_failure(b, "invalid", TROUPE_OUTCOME_PERMANENT);
  run_sql(b, "exec", "  -- nothing\n");
  expect_failure(b, "invalid", TROUPE_OUTCOME_PERMANENT);
  run_sql(b, "exec", "BEGIN; INSERT INTO t VALUES (1)");
  expect_failure(b, "invalid", TROUPE_OUTCOME_PERMANENT);
  assert_int_equal(one_int(b, "SELECT count(*) AS n FROM t;", "n"), 0);
  run_sql(b, "exec", "SELEKT 1");
  expect_failure(b, "SQLITE_ERROR", TROUPE_OUTCOME_PERMANENT);
  run_sql(b, "exec", "INSERT INTO t VALUES (NULL)");
  expect_failure(b, "SQLITE_CONSTRAINT_NOTNULL", TROUPE_OUTCOME_PERMANENT);
  run_sql(b, "drop", "x");
  expect_failure(b, "invalid", TROUPE_OUTCOME_REJECTED);
  bench_put_file(b, "rw/text", "this is not a database, not at all, no", 38);
  begin(b, bench_path(b, "rw/text"), "exec", 1);
  bench_field(b, "sql", "CREATE TABLE t (a)");
  bench_call(b, "sqlite");
  expect_failure(b, "SQLITE_NOTADB", TROUPE_OUTCOME_PERMANENT);
  trp_wire_writer *w = begin(b, bench_path(b, "rw/db"), "exec", 2);
  bench_field(b, "sql", "SELECT 1");
  trp_wire_put_cstr(w, "params");
  trp_wire_put_array(w, 1);
  trp_wire_put_int(w, 1);
  bench_call(b, "sqlite");
  expect_failure(b, "invalid", TROUPE_OUTCOME_PERMANENT);
  w = begin(b, bench_path(b, "rw/db"), "exec", 1);
  trp_wire_put_cstr(w, "sql");
  trp_wire_put_str(w, "SELECT 1\0;", 10);
  bench_call(b, "sqlite");
  expect_failure(b, "invalid", TROUPE_OUTCOME_PERMANENT);
}

static void a_locked_database_is_transient(void **state) {
  tool_bench *b = *state;
  sqlite3 *db;
  must_run(b, "CREATE TABLE t (a)");
  assert_int_equal(sqlite3_open(bench_path(b, "rw/db"), &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
  trp_wire_writer *w = begin(b, bench_path(b, "rw/db"), "exec", 2);
  bench_field(b, "sql", "INSERT INTO t VALUES (1)");
  trp_wire_put_cstr(w, "busy_ms");
  trp_wire_put_int(w, 10);
  bench_call(b, "sqlite");
  expect_failure(b, "SQLITE_BUSY", TROUPE_OUTCOME_TRANSIENT);
  assert_int_equal(b->attempts, 3); /* nothing had been executed: retried */
  sqlite3_close(db);
  must_run(b, "INSERT INTO t VALUES (1)");
}

static void a_replaced_file_is_opened_anew(void **state) {
  tool_bench *b = *state;
  must_run(b, "CREATE TABLE t (a); INSERT INTO t VALUES (1)");
  assert_int_equal(one_int(b, "SELECT a FROM t", "a"), 1);
  unlink(bench_path(b, "rw/db"));
  must_run(b, "CREATE TABLE t (a); INSERT INTO t VALUES (2)");
  assert_int_equal(one_int(b, "SELECT a FROM t", "a"), 2);
}

static void temporary_tables_are_not_seen_by_the_next_call(void **state) {
  tool_bench *b = *state;
  must_run(b, "CREATE TEMP TABLE secret (a)");
  run_sql(b, "exec", "SELECT * FROM secret");
  expect_failure(b, "SQLITE_ERROR", TROUPE_OUTCOME_PERMANENT);
}

static void a_query_without_end_stops_with_its_caller(void **state) {
  tool_bench *b = *state;
  must_run(b, "CREATE TABLE t (a)");
  begin(b, bench_path(b, "rw/db"), "query", 1);
  bench_field(
      b, "sql",
      "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT max(i) FROM r");
  bench_start(b, "sqlite");
  troupe_tool_info info = {.size = sizeof info};
  for (int i = 0; i < 5000 && info.open == 0; i++) {
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    troupe_tool_read_info(b->sys, "sqlite", &info);
  }
  assert_int_equal(troupe_kill(b->sys, b->pid), 0);
  for (int i = 0; i < 5000 && info.open > 0; i++) {
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    troupe_tool_read_info(b->sys, "sqlite", &info);
  }
  assert_int_equal(info.open, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_BENCH(values_go_in_and_come_out),
      WITH_BENCH(parameters_may_be_named),
      WITH_BENCH(a_transaction_is_all_or_nothing),
      WITH_BENCH(ten_thousand_rows_go_in_at_once),
      WITH_BENCH(other_files_are_out_of_reach),
      WITH_BENCH(pragmas_of_the_process_are_out_of_reach_however_spelled),
      WITH_BENCH(a_pattern_that_would_take_minutes_is_refused),
      WITH_BENCH(a_pipe_in_the_place_of_a_journal_is_refused),
      WITH_BENCH(misuse_is_named),
      WITH_BENCH(a_locked_database_is_transient),
      WITH_BENCH(a_replaced_file_is_opened_anew),
      WITH_BENCH(temporary_tables_are_not_seen_by_the_next_call),
      WITH_BENCH(a_query_without_end_stops_with_its_caller),
  };
  return run_tests(tests);
}
