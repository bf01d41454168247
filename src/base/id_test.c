/* SPDX-License-Identifier: MIT */
#include "base/id.h"

#include "base/testing.h"

#define NOW_MS ((int64_t)1795255200000) /* 2026-11-21 */

TEST(rises)
{
    struct id_source source;
    id_source_init(&source, 5, 0);
    int64_t last = 0;
    for (int i = 0; i < 50000; i++) {
        int64_t id = id_draw(&source, NOW_MS + i / 20000);
        CHECK("rises", id > last);
        CHECK_INT("names its hub", id >> ID_COUNTER_BITS & (ID_HUBS - 1), 5);
        last = id;
    }
    CHECK("runs on when a millisecond is full", id_real_ms(last) - NOW_MS < 10);
}

TEST(does_not_mind_the_clock)
{
    struct id_source source;
    id_source_init(&source, 0, 0);
    int64_t first = id_draw(&source, NOW_MS);
    int64_t second = id_draw(&source, NOW_MS - 3600000);
    CHECK("rises though the clock went back", second > first);
    CHECK("and stays near", id_real_ms(second) - NOW_MS <= 1);
    CHECK("catches up", id_real_ms(id_draw(&source, NOW_MS + 100)) == NOW_MS + 100);
    CHECK("before 2020", id_draw(&source, 0) > 0);
    id_source_init(&source, 0, 0);
    CHECK("never 0", id_draw(&source, 0) > 0);
}

TEST(starts_above_what_is_stored)
{
    struct id_source source;
    id_source_init(&source, 255, 0);
    int64_t stored = id_draw(&source, NOW_MS + 5000);
    id_source_init(&source, 0, stored);
    CHECK("above", id_draw(&source, NOW_MS) > stored);
}

TEST(hubs_never_draw_the_same)
{
    struct id_source a;
    struct id_source b;
    id_source_init(&a, 1, 0);
    id_source_init(&b, 2, 0);
    int64_t of_a[20000];
    for (int i = 0; i < 20000; i++)
        of_a[i] = id_draw(&a, NOW_MS);
    int at = 0;
    for (int i = 0; i < 20000; i++) {
        int64_t id = id_draw(&b, NOW_MS);
        while (at < 20000 && of_a[at] < id)
            at++;
        CHECK("of one hub only", at == 20000 || of_a[at] != id);
    }
}

TEST(floors)
{
    CHECK_INT("back and forth", id_real_ms(id_floor(NOW_MS)), NOW_MS);
    struct id_source source;
    id_source_init(&source, 0, 0);
    int64_t id = id_draw(&source, NOW_MS);
    CHECK("not above", id_floor(NOW_MS) <= id);
    CHECK("below the next", id < id_floor(NOW_MS + 1));
    CHECK_INT("before 2020", id_floor(0), 0);
}

TEST(writes_and_reads)
{
    static const int64_t ids[] = { 1, 31, 32, 0x0123456789abcdef, INT64_MAX };
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        char text[ID_TEXT_MAX];
        int64_t again;
        str id = id_write(ID_EVENT, ids[i], text);
        CHECK_INT("length", id.len, 17);
        CHECK("reads", id_read(ID_EVENT, id, &again));
        CHECK_INT("the same", again, ids[i]);
        CHECK("not as another kind", !id_read(ID_DELIVERY, id, &again));
    }
    char text[ID_TEXT_MAX];
    CHECK_STR("one", id_write(ID_EVENT, 1, text), STR("evt_0000000000001"));
    CHECK_STR("last", id_write(ID_REQUEST, INT64_MAX, text), STR("req_7zzzzzzzzzzzz"));
}

TEST(refuses)
{
    static const struct {
        const char *label;
        str text;
    } cases[] = {
        { "nothing", {} },
        { "short", STR_INIT("evt_000000000001") },
        { "long", STR_INIT("evt_00000000000001") },
        { "zero", STR_INIT("evt_0000000000000") },
        { "no underscore", STR_INIT("evt-0000000000001") },
        { "a letter Crockford leaves out", STR_INIT("evt_000000000000u") },
        { "o for 0", STR_INIT("evt_o000000000001") },
        { "above 63 bits", STR_INIT("evt_8000000000000") },
        { "above 64 bits", STR_INIT("evt_g000000000001") },
        { "NUL", STR_INIT("evt_000000000000\0") },
        { "high byte", STR_INIT("evt_000000000000\xff") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t id;
        CHECK(cases[i].label, !id_read(ID_EVENT, cases[i].text, &id));
    }
    int64_t id;
    CHECK("upper case is read", id_read(ID_EVENT, STR("EVT_000000000000A"), &id) && id == 10);
}

TEST(text_sorts_as_numbers)
{
    uint64_t random = 5;
    for (int i = 0; i < 10000; i++) {
        int64_t a = (int64_t)(test_random(&random) >> 1);
        int64_t b = (int64_t)(test_random(&random) >> 1);
        char a_text[ID_TEXT_MAX];
        char b_text[ID_TEXT_MAX];
        int order = str_compare(id_write(ID_EVENT, a, a_text), id_write(ID_EVENT, b, b_text));
        CHECK("same order", a == b ? order == 0 : (a < b) == (order < 0));
    }
}

RUN_TESTS(cmocka_unit_test(rises), cmocka_unit_test(does_not_mind_the_clock),
          cmocka_unit_test(starts_above_what_is_stored), cmocka_unit_test(hubs_never_draw_the_same),
          cmocka_unit_test(floors), cmocka_unit_test(writes_and_reads), cmocka_unit_test(refuses),
          cmocka_unit_test(text_sorts_as_numbers))
