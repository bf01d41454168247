/* SPDX-License-Identifier: MIT */
#include "store/sealed.h"

#include "store/testing.h"

static const struct seal_key key = { .bytes = { 1, 2, 3 } };

static struct attempt example(struct arena *arena)
{
    struct attempt attempt = {
        .delivery = INT64_C(0x1122334455667788),
        .number = 258,
        .url = STR("https://example.com/hook?token=hush"),
        .request_head = STR("POST /hook?token=hush HTTP/1.1\r\nHost: example.com\r\n"),
        .response_head = STR("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n"),
    };
    struct arena CLEANUP(arena_done) scratch = {};
    attempt_seal(&key, &attempt, &scratch, arena);
    return attempt;
}

static struct attempt stored(const struct attempt *attempt)
{
    return (struct attempt){ .delivery = attempt->delivery,
                             .number = attempt->number,
                             .sealed = attempt->sealed };
}

static void opens_as_it_was(void **state)
{
    (void)state;
    struct arena CLEANUP(arena_done) arena = {};
    const struct attempt attempt = example(&arena);
    struct attempt opened = stored(&attempt);
    assert_true(attempt_open(&key, &opened, &arena));
    assert_true(str_equal(opened.url, attempt.url));
    assert_true(str_equal(opened.request_head, attempt.request_head));
    assert_true(str_equal(opened.response_head, attempt.response_head));
    assert_null(memmem(attempt.sealed.ptr, attempt.sealed.len, "hush", 4));

    struct attempt empty = { .delivery = 1, .number = 1 };
    attempt_seal(&key, &empty, &arena, &arena);
    assert_true(attempt_open(&key, &empty, &arena));
    assert_int_equal(empty.url.len + empty.request_head.len + empty.response_head.len, 0);
}

static void opens_nowhere_else(void **state)
{
    (void)state;
    struct arena CLEANUP(arena_done) arena = {};
    const struct attempt attempt = example(&arena);
    struct attempt moved = stored(&attempt);
    moved.delivery++;
    assert_false(attempt_open(&key, &moved, &arena));
    moved = stored(&attempt);
    moved.number--;
    assert_false(attempt_open(&key, &moved, &arena));
    moved = stored(&attempt);
    const struct seal_key other = { .bytes = { 9 } };
    assert_false(attempt_open(&other, &moved, &arena));
    moved.sealed = str_head(moved.sealed, moved.sealed.len - 1);
    assert_false(attempt_open(&key, &moved, &arena));
    moved.sealed = seal(&key, STR("short"), &arena);
    assert_false(attempt_open(&key, &moved, &arena));
}

static void insert(struct scene *scene, int64_t organization, const struct attempt *attempt)
{
    assert_int_equal(SQL_RUN(store_writer_sql(scene->writer),
                             "INSERT INTO attempts (organization, delivery, number, started_ms,"
                             " duration_us, manual, status, sealed, response_length,"
                             " response_truncated) VALUES ($1, $2, $3, 0, 0, 0, 0, $4, 0, 0)",
                             SQL_I(organization), SQL_I(attempt->delivery), SQL_I(attempt->number),
                             SQL_B(attempt->sealed)),
                     1);
}

static void those_that_do_not_open_are_counted(void **state)
{
    struct scene *scene = *state;
    scene_organization(scene, 1);
    scene_organization(scene, 2);
    struct attempt attempt = example(&scene->arena);
    insert(scene, 1, &attempt);
    attempt.number = 1; /* moved */
    insert(scene, 2, &attempt);
    struct sealed_sum sum;
    struct sql *sql = store_writer_sql(scene->writer);
    assert_int_equal(store_try_attempts(sql, &key, 10, &sum), 0);
    assert_int_equal(sum.opened, 1);
    assert_int_equal(sum.broken, 1);
    assert_int_equal(store_try_attempts(sql, &key, 0, &sum), 0);
    assert_int_equal(sum.opened + sum.broken, 0);
    scene_outlet(scene, 1, 7); /* with something else in place of both */
    assert_int_equal(store_try_webhooks(sql, &key, &sum), 0);
    assert_int_equal(sum.broken, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(opens_as_it_was),
        SCENE_TEST(opens_nowhere_else),
        SCENE_TEST(those_that_do_not_open_are_counted),
    };
    return RUN_SUITE("sealed", tests);
}
