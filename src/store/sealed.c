/* SPDX-License-Identifier: MIT
 * store/sealed.c. An attempt's plain text: delivery (8 bytes), number, length of the URL, length of
 * the request's head (4 each, all little-endian), then URL, request's head, answer's head. */
#include "store/sealed.h"

#include "base/buf.h"
#include "base/fail.h"
#include "store/store.h"

#define PREFIX_SIZE 20
#define SCRATCH_KEPT ((size_t)256 << 10)

static void put_number(struct buf *buf, uint64_t number, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buf_char(buf, (char)(unsigned char)(number >> 8 * i));
}

static uint64_t take_number(str *text, int bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < bytes; i++)
        number |= (uint64_t)(unsigned char)text->ptr[i] << 8 * i;
    *text = str_skip(*text, (size_t)bytes);
    return number;
}

void attempt_seal(const struct seal_key *key, struct attempt *attempt, struct arena *scratch,
                  struct arena *arena)
{
    size_t size =
        PREFIX_SIZE + attempt->url.len + attempt->request_head.len + attempt->response_head.len;
    assert(size <= UINT32_MAX);
    struct buf plain;
    buf_init(&plain, scratch, size);
    put_number(&plain, (uint64_t)attempt->delivery, 8);
    put_number(&plain, (uint64_t)attempt->number, 4);
    put_number(&plain, attempt->url.len, 4);
    put_number(&plain, attempt->request_head.len, 4);
    buf_add(&plain, attempt->url);
    buf_add(&plain, attempt->request_head);
    buf_add(&plain, attempt->response_head);
    attempt->sealed = seal(key, buf_str(&plain), arena);
}

bool attempt_open(const struct seal_key *key, struct attempt *attempt, struct arena *arena)
{
    str plain;
    if (!unseal(key, attempt->sealed, arena, &plain) || plain.len < PREFIX_SIZE)
        return false;
    if (take_number(&plain, 8) != (uint64_t)attempt->delivery ||
        take_number(&plain, 4) != (uint64_t)attempt->number)
        return false;
    uint64_t url = take_number(&plain, 4);
    uint64_t request = take_number(&plain, 4);
    if (url + request > plain.len)
        return false;
    attempt->url = str_head(plain, url);
    attempt->request_head = str_head(str_skip(plain, url), request);
    attempt->response_head = str_skip(plain, url + request);
    return true;
}

static int try_newest(struct sql *sql, const struct seal_key *key, int64_t organization, int limit,
                      struct sealed_sum *sum)
{
    struct arena CLEANUP(arena_done) scratch = {};
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT delivery, number, sealed FROM attempts WHERE organization = $1"
                  " ORDER BY delivery DESC, number DESC LIMIT $2",
                  SQL_I(organization), SQL_I(limit));
    int r;
    while ((r = sql_next(&query)) > 0) {
        struct attempt attempt = { .delivery = sql_int(&query, 0),
                                   .number = (int)sql_int(&query, 1),
                                   .sealed = sql_blob(&query, 2, &scratch) };
        bool opens = attempt_open(key, &attempt, &scratch);
        sum->opened += opens;
        sum->broken += !opens;
        arena_reset(&scratch, SCRATCH_KEPT);
    }
    return fail(r);
}

int store_try_attempts(struct sql *sql, const struct seal_key *key, int limit,
                       struct sealed_sum *ret_sum)
{
    struct sealed_sum sum = {};
    struct sql_query CLEANUP(sql_done) organizations =
        SQL_QUERY(sql, "SELECT id FROM organizations ORDER BY id");
    int r;
    while ((r = sql_next(&organizations)) > 0) {
        r = try_newest(sql, key, sql_int(&organizations, 0), limit, &sum);
        if (r < 0)
            return fail(r);
    }
    if (r == 0)
        *ret_sum = sum;
    return fail(r);
}

/* A query whose first `columns` columns are all sealed. */
static int try_columns(struct sql_query *query, const struct seal_key *key, int columns,
                       struct sealed_sum *ret_sum)
{
    struct arena CLEANUP(arena_done) scratch = {};
    struct sealed_sum sum = {};
    int r;
    while ((r = sql_next(query)) > 0) {
        for (int column = 0; column < columns; column++) {
            str plain;
            bool opens = unseal(key, sql_blob(query, column, &scratch), &scratch, &plain);
            sum.opened += opens;
            sum.broken += !opens;
        }
        arena_reset(&scratch, SCRATCH_KEPT);
    }
    if (r == 0)
        *ret_sum = sum;
    return fail(r);
}

int store_try_webhooks(struct sql *sql, const struct seal_key *key, struct sealed_sum *ret_sum)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT url, secret FROM endpoints ORDER BY id");
    return try_columns(&query, key, 2, ret_sum);
}

int store_try_plugins(struct sql *sql, const struct seal_key *key, struct sealed_sum *ret_sum)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT secret FROM plugins ORDER BY id");
    return try_columns(&query, key, 1, ret_sum);
}
