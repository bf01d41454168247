/* SPDX-License-Identifier: MIT
 * store/sqlite/sql.c: sql.h over SQLite: preparing, binding, stepping, and the one place where a
 * refusal of the database is logged. */
#include "store/sqlite/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

/* How many of its instructions SQLite runs between two looks at the clock: about 50 us. */
#define PROGRESS_INSTRUCTIONS 2000

#define STATEMENT_HEAD 160

/* ── failures ── */

static bool is_full(const struct sql *sql, int code)
{
    if ((code & 0xff) == SQLITE_FULL)
        return true;
    if ((code & 0xff) != SQLITE_IOERR || sql->db == NULL)
        return false;
    int system = sqlite3_system_errno(sql->db);
    return system == ENOSPC || system == EDQUOT;
}

int sql_failed(struct sql *sql, int code, const char *text)
{
    sql->last_code = code;
    sql->full = is_full(sql, code);
    sql->doomed = sql->in_transaction;
    if (code == SQLITE_INTERRUPT && sql->slow)
        return fail(FAIL_STORE);
    const char *said = sql->db == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(sql->db);
    if (sql->log != NULL)
        log_line(sql->log, LOG_ERROR, "store", LOG_TEXT("error", str_c(said)),
                 LOG_INT("code", code),
                 LOG_TEXT("statement", str_head(str_c(text), STATEMENT_HEAD)));
    return fail(FAIL_STORE);
}

/* ── the connection ── */

static int look_at_clock(void *context)
{
    struct sql *sql = context;
    if (sql->deadline_ms == 0 || clock_mono_ms() < sql->deadline_ms)
        return 0;
    sql->slow = true;
    return 1;
}

static int set_up(struct sql *sql, int cache_kib)
{
    char text[512];
    (void)sqlite3_extended_result_codes(sql->db, 1);
    (void)sqlite3_busy_timeout(sql->db, BUSY_MS);
    (void)sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    (void)sqlite3_db_config(sql->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_progress_handler(sql->db, PROGRESS_INSTRUCTIONS, look_at_clock, sql);
    /* Page size and auto_vacuum take effect on an empty file only. fullfsync is for macOS, where
     * fsync does not reach the disk. Debian's SQLite overwrites what is deleted; pages that are
     * given back are not worth that. */
    (void)snprintf(text, sizeof(text),
                   "PRAGMA cache_size = -%d; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
                   "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;"
                   "PRAGMA checkpoint_fullfsync = ON; PRAGMA foreign_keys = OFF;"
                   "PRAGMA secure_delete = OFF; PRAGMA wal_autocheckpoint = 0;"
                   "PRAGMA journal_size_limit = 67108864;",
                   cache_kib);
    return sql_script(sql, text);
}

int sql_open(struct sql *sql, const char *path, int flags, int cache_kib)
{
    assert(sql->db == NULL);
    int code = sqlite3_open_v2(path, &sql->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                               SQLITE_VFS_NAME);
    /* As is the default nearly everywhere. Without it a commit would be padded behind its sync,
     * which vfs.c does not hand on. */
    int powersafe_overwrite = 1;
    if (code == SQLITE_OK)
        (void)sqlite3_file_control(sql->db, "main", SQLITE_FCNTL_POWERSAFE_OVERWRITE,
                                   &powersafe_overwrite);
    int r = code == SQLITE_OK ? set_up(sql, cache_kib) : sql_failed(sql, code, path);
    if (r < 0)
        sql_close(sql);
    return r;
}

void sql_close(struct sql *sql)
{
    for (size_t i = 0; i < sql->room; i++) {
        if (sql->statements[i] == NULL)
            continue;
        (void)sqlite3_finalize(sql->statements[i]->handle);
        free(sql->statements[i]);
    }
    free(sql->statements);
    if (sql->db != NULL) {
        int code = sqlite3_close(sql->db);
        assert(code == SQLITE_OK);
    }
    *sql =
        (struct sql){ .log = sql->log, .run_count = sql->run_count, .last_code = sql->last_code };
}

int sql_script(struct sql *sql, const char *text)
{
    int code = sqlite3_exec(sql->db, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : sql_failed(sql, code, text);
}

/* ── statements ── */

static size_t slot_of(const struct sql *sql, const char *text)
{
    size_t at = ((uintptr_t)text * 0x9e3779b97f4a7c15u) >> 32 & (sql->room - 1);
    while (sql->statements[at] != NULL && sql->statements[at]->text != text)
        at = (at + 1) & (sql->room - 1);
    return at;
}

static void make_room(struct sql *sql)
{
    if ((sql->count + 1) * 2 <= sql->room)
        return;
    struct sql_statement **old = sql->statements;
    size_t old_room = sql->room;
    sql->room = old_room == 0 ? 64 : old_room * 2;
    sql->statements = xcalloc(sql->room, sizeof(struct sql_statement *));
    for (size_t i = 0; i < old_room; i++)
        if (old[i] != NULL)
            sql->statements[slot_of(sql, old[i]->text)] = old[i];
    free(old);
}

/* The order of first use must be the order of the numbers: PostgreSQL goes by the number, SQLite by
 * the order. */
static void check_parameters(sqlite3_stmt *handle, int count)
{
    assert(sqlite3_bind_parameter_count(handle) == count);
    for (int i = 1; i <= count; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "$%d", i);
        const char *found = sqlite3_bind_parameter_name(handle, i);
        assert(found != NULL && strcmp(found, name) == 0);
    }
}

static int prepare(struct sql *sql, const char *text, int count,
                   struct sql_statement **ret_statement)
{
    make_room(sql);
    size_t slot = slot_of(sql, text);
    struct sql_statement *statement = sql->statements[slot];
    if (statement == NULL) {
        sqlite3_stmt *handle = NULL;
        int code = sqlite3_prepare_v3(sql->db, text, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL);
        if (code != SQLITE_OK)
            return sql_failed(sql, code, text);
        check_parameters(handle, count);
        statement = NEW(struct sql_statement);
        *statement = (struct sql_statement){ .text = text, .handle = handle };
        sql->statements[slot] = statement;
        sql->count++;
    }
#ifdef JUNCTOR_TEST_BUILD
    assert(strcmp(sqlite3_sql(statement->handle), text) == 0); /* not a literal? */
#endif
    assert(!statement->busy); /* sql_done() first */
    *ret_statement = statement;
    return 0;
}

static int bind_one(sqlite3_stmt *handle, int at, const struct sql_value *value,
                    sqlite3_destructor_type keep)
{
    /* SQLite takes a null pointer for NULL, whatever the length. */
    const char *ptr = value->bytes.ptr == NULL ? "" : value->bytes.ptr;
    switch (value->type) {
    case SQL_NULL:
        return sqlite3_bind_null(handle, at);
    case SQL_INT:
        return sqlite3_bind_int64(handle, at, value->number);
    case SQL_TEXT:
        return sqlite3_bind_text64(handle, at, ptr, value->bytes.len, keep, SQLITE_UTF8);
    case SQL_BLOB:
        return sqlite3_bind_blob64(handle, at, ptr, value->bytes.len, keep);
    }
    return SQLITE_MISUSE;
}

struct request {
    const char *text;
    const struct sql_value *values; /* from [1] on */
    int count;
    sqlite3_destructor_type keep; /* whether their bytes are copied */
};

/* On success the statement is there, bound. */
static int begin_statement(struct sql *sql, const struct request *request,
                           struct sql_statement **ret_statement)
{
    if (sql->db == NULL || (sql->in_transaction && sql->doomed))
        return fail(FAIL_STORE);
    if (sql->slow || look_at_clock(sql) != 0)
        return fail(FAIL_STORE);
    struct sql_statement *statement = NULL;
    int r = prepare(sql, request->text, request->count, &statement);
    if (r < 0)
        return r;
    assert(statement != NULL);
    for (int i = 1; i <= request->count; i++) {
        int code = bind_one(statement->handle, i, &request->values[i], request->keep);
        if (code != SQLITE_OK)
            return sql_failed(sql, code, request->text);
    }
    sql->run_count++;
    *ret_statement = statement;
    return 0;
}

static struct sql_query start_query(struct sql *sql, const struct request *request)
{
    struct sql_query query = { .sql = sql };
    query.failure = begin_statement(sql, request, &query.statement);
    if (query.failure < 0)
        query.statement = NULL;
    if (query.statement != NULL)
        query.statement->busy = true;
    return query;
}

struct sql_query sql_start(struct sql *sql, const char *text, const struct sql_value *values,
                           int count)
{
    const struct request request = { text, values, count, SQLITE_TRANSIENT };
    return start_query(sql, &request);
}

struct sql_query sql_borrow(struct sql *sql, const char *text, const struct sql_value *values,
                            int count)
{
    const struct request request = { text, values, count, SQLITE_STATIC };
    return start_query(sql, &request);
}

int sql_next(struct sql_query *query)
{
    if (query->failure < 0 || query->statement == NULL)
        return query->failure;
    int code = sqlite3_step(query->statement->handle);
    if (code == SQLITE_ROW)
        return 1;
    if (code != SQLITE_DONE)
        query->failure = sql_failed(query->sql, code, query->statement->text);
    /* At the end too: a further step would run the statement again. */
    int failure = query->failure;
    sql_done(query);
    query->failure = failure;
    return failure;
}

void sql_done(struct sql_query *query)
{
    if (query->statement == NULL)
        return;
    (void)sqlite3_reset(query->statement->handle); /* its failure has been reported */
    query->statement->busy = false;
    query->statement = NULL;
}

int64_t sql_run(struct sql *sql, const char *text, const struct sql_value *values, int count)
{
    const struct request request = { text, values, count, SQLITE_STATIC };
    struct sql_statement *statement = NULL;
    int r = begin_statement(sql, &request, &statement);
    if (r < 0)
        return r;
    assert(statement != NULL);
    int64_t before = sqlite3_total_changes64(sql->db);
    int code;
    do
        code = sqlite3_step(statement->handle);
    while (code == SQLITE_ROW);
    int64_t changes = sqlite3_total_changes64(sql->db) - before;
    if (code != SQLITE_DONE)
        changes = sql_failed(sql, code, text);
    (void)sqlite3_reset(statement->handle);
    return changes;
}

int64_t sql_count(const struct sql *sql)
{
    return sql->run_count;
}

int sql_number(struct sql *sql, const char *text, int64_t *ret_number)
{
    struct sql_query CLEANUP(sql_done) query = sql_start(sql, text, NULL, 0);
    int r = sql_next(&query);
    if (r < 0)
        return r;
    *ret_number = r == 0 ? 0 : sql_int(&query, 0);
    return 0;
}

/* ── columns ── */

int64_t sql_int(const struct sql_query *query, int column)
{
    assert(query->statement != NULL); /* a row is there */
    return sqlite3_column_int64(query->statement->handle, column);
}

bool sql_is_null(const struct sql_query *query, int column)
{
    return sqlite3_column_type(query->statement->handle, column) == SQLITE_NULL;
}

str sql_bytes(const struct sql_query *query, int column)
{
    /* STRICT tables hold what the column says: this converts nothing. */
    const void *ptr = sqlite3_column_blob(query->statement->handle, column);
    return str_from(ptr, (size_t)sqlite3_column_bytes(query->statement->handle, column));
}

str sql_text(const struct sql_query *query, int column, struct arena *arena)
{
    return arena_str(arena, sql_bytes(query, column));
}

str sql_blob(const struct sql_query *query, int column, struct arena *arena)
{
    return arena_str(arena, sql_bytes(query, column));
}
