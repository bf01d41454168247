/* SPDX-License-Identifier: MIT */
#include "base/testing.h"
#include "mapping/sku.h"

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define UMLAUTS "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x84\xc3\x96\xc3\x9c\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4"

TEST(texts)
{
    static const struct {
        str text;
        str sku; /* empty: refused */
        str key;
    } cases[] = {
        { STR_INIT("ABC-1"), STR_INIT("ABC-1"), STR_INIT("abc-1") },
        { STR_INIT(" \t ABC 1\r\n"), STR_INIT("ABC 1"), STR_INIT("abc 1") },
        { STR_INIT("0"), STR_INIT("0"), STR_INIT("0") },
        { STR_INIT("\xc3\x84pfel"), STR_INIT("\xc3\x84pfel"), STR_INIT("\xc3\xa4pfel") },
        { STR_INIT(HUNDRED), STR_INIT(HUNDRED), STR_INIT(HUNDRED) },
        { STR_INIT("  " HUNDRED "  "), STR_INIT(HUNDRED), STR_INIT(HUNDRED) },
        { STR_INIT(HUNDRED "x"), {}, {} },
        { STR_INIT(""), {}, {} },
        { STR_INIT(" \t\n "), {}, {} },
        { STR_INIT("a\tb"), {}, {} },
        { STR_INIT("a\0b"), {}, {} },
        { STR_INIT("a\x7f"), {}, {} },
        { STR_INIT("a\xc2\x85"
                   "b"),
          {},
          {} },
    };
    struct arena CLEANUP(arena_done) arena = {};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *label = arena_c(&arena, arena_format(&arena, "case %zu", i));
        str sku = {};
        CHECK(label, sku_read(cases[i].text, &sku) == (cases[i].sku.len > 0));
        CHECK_STR(label, sku, cases[i].sku);
        if (sku.len > 0)
            CHECK_STR(label, sku_key(sku, &arena), cases[i].key);
    }
}

/* Characters are counted, not bytes. */
TEST(long_texts)
{
    struct arena CLEANUP(arena_done) arena = {};
    str ten = STR(UMLAUTS);
    str text = {};
    str sku = {};
    for (int i = 0; i < 10; i++)
        text = arena_format(&arena, "%.*s%.*s", STR_ARG(text), STR_ARG(ten));
    CHECK("a hundred umlauts", sku_read(text, &sku));
    CHECK_INT("all of them", (int64_t)sku.len, 200);
    text = arena_format(&arena, "%.*s!", STR_ARG(text));
    CHECK("one more", !sku_read(text, &sku));
}

RUN_TESTS(cmocka_unit_test(texts), cmocka_unit_test(long_texts))
