/* SPDX-License-Identifier: MIT */
#include "base/testing.h"
#include "mapping/custom_event.h"
#include "mapping/fold.h"

TEST(keys)
{
    static const struct {
        str email;
        str key; /* empty: refused */
    } cases[] = {
        { STR_INIT("john.doe@example.org"), STR_INIT("john.doe@example.org") },
        { STR_INIT(" John.DOE@Example.ORG\t"), STR_INIT("john.doe@example.org") },
        { STR_INIT("a@b.c"), STR_INIT("a@b.c") },
        { STR_INIT("o'hara+tag_1%x@sub-domain.example.co"),
          STR_INIT("o'hara+tag_1%x@sub-domain.example.co") },
        { STR_INIT("..a..@docomo.ne.jp"), STR_INIT("..a..@docomo.ne.jp") },
        { STR_INIT("\xc3\x84rger@Stra\xc3\x9f"
                   "e.DE"),
          STR_INIT("\xc3\xa4rger@stra\xc3\x9f"
                   "e.de") },
        { STR_INIT("\xce\xa3@\xce\x91\xce\x92.gr"), STR_INIT("\xcf\x83@\xce\xb1\xce\xb2.gr") },
        { STR_INIT("\xcf\x82@x.gr"), STR_INIT("\xcf\x83@x.gr") },
        { STR_INIT("a@xn--bcher-kva.example"), STR_INIT("a@xn--bcher-kva.example") },
        { STR_INIT("\xe2\x82\xac\xe2\x80\x90@b.c"), STR_INIT("\xe2\x82\xac\xe2\x80\x90@b.c") },
        { STR_INIT("\xc3\xa0\xe2\x80\xb0@b.c"), STR_INIT("\xc3\xa0\xe2\x80\xb0@b.c") },
        { STR_INIT(""), {} },
        { STR_INIT("@"), {} },
        { STR_INIT("a"), {} },
        { STR_INIT("a@"), {} },
        { STR_INIT("@b.c"), {} },
        { STR_INIT("a@b"), {} },
        { STR_INIT("user@localhost"), {} },
        { STR_INIT("a@b@c.d"), {} },
        { STR_INIT("a@.b.c"), {} },
        { STR_INIT("a@.c"), {} },
        { STR_INIT("a@b.-"), {} },
        { STR_INIT("a@b..c"), {} },
        { STR_INIT("a@b.c."), {} },
        { STR_INIT("a@-b.c"), {} },
        { STR_INIT("a@b-.c"), {} },
        { STR_INIT("a@b_c.d"), {} },
        { STR_INIT("a@[192.0.2.1]"), {} },
        { STR_INIT("a b@c.d"), {} },
        { STR_INIT("a@b c.d"), {} },
        { STR_INIT("\"a\"@b.c"), {} },
        { STR_INIT("a,b@c.d"), {} },
        { STR_INIT("a;b@c.d"), {} },
        { STR_INIT("John <a@b.c>"), {} },
        { STR_INIT("a@b.c>"), {} },
        { STR_INIT("a\\b@c.d"), {} },
        { STR_INIT("(x)a@b.c"), {} },
        { STR_INIT("mailto:a@b.c"), {} },
        { STR_INIT("a\n@b.c"), {} },
        { STR_INIT("a\0@b.c"), {} },
        { STR_INIT("a@b.c\0"), {} },
        { STR_INIT("a\x7f@b.c"), {} },
        { STR_INIT("a\xc2\xa0@b.c"), {} },
        { STR_INIT("a\xc2\x85@b.c"), {} },
        { STR_INIT("a\xe2\x80\x8b@b.c"), {} },
        { STR_INIT("a\xe2\x80\x8f@b.c"), {} },
        { STR_INIT("a\xe2\x80\xaf@b.c"), {} },
        { STR_INIT("\xc2\xa0"
                   "a@b.c"),
          {} },
        { STR_INIT("a\xe2\x80\xa8@b.c"), {} },
        { STR_INIT("a\xff@b.c"), {} },
        { STR_INIT("a@b.\xc3"), {} },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        str trimmed;
        str key = {};
        bool good = email_key(cases[i].email, &arena, &trimmed, &key);
        CHECK_STR(cases[i].email.ptr, key, cases[i].key);
        CHECK_INT(cases[i].email.ptr, good, cases[i].key.len > 0);
        if (good)
            CHECK_STR(cases[i].email.ptr, trimmed, str_trim(cases[i].email));
    }
}

TEST(lengths)
{
    static const struct {
        const char *label;
        int local, labels, label_length;
        bool good;
    } cases[] = {
        { "local of 64", 64, 2, 10, true },  { "local of 65", 65, 2, 10, false },
        { "label of 63", 5, 2, 63, true },   { "label of 64", 5, 2, 64, false },
        { "254 in all", 62, 3, 63, true },   { "255 in all", 63, 3, 63, false },
        { "domain of 191", 1, 3, 63, true }, { "domain of 255", 1, 4, 63, false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        char letters[70];
        memset(letters, 'a', sizeof(letters));
        str text = arena_format(&arena, "%.*s@", cases[i].local, letters);
        for (int k = 0; k < cases[i].labels; k++)
            text = arena_format(&arena, "%.*s%s%.*s", STR_ARG(text), k == 0 ? "" : ".",
                                cases[i].label_length, letters);
        str trimmed;
        str key;
        CHECK_INT(cases[i].label, email_key(text, &arena, &trimmed, &key), cases[i].good);
    }
}

TEST(folds)
{
    static const struct {
        const char *label;
        str text;
        str want;
    } cases[] = {
        { "nothing", {}, {} },
        { "ASCII", STR_INIT("AZaz09@[`{"), STR_INIT("azaz09@[`{") },
        { "Latin-1", STR_INIT("\xc3\x80\xc3\x96\xc3\x97\xc3\x98\xc3\x9e\xc3\x9f"),
          STR_INIT("\xc3\xa0\xc3\xb6\xc3\x97\xc3\xb8\xc3\xbe\xc3\x9f") },
        { "Latin Extended-A, every other", STR_INIT("\xc4\x80\xc4\x81\xc4\x82"),
          STR_INIT("\xc4\x81\xc4\x81\xc4\x83") },
        { "dotted I stays", STR_INIT("\xc4\xb0"), STR_INIT("\xc4\xb0") },
        { "dotless i stays", STR_INIT("\xc4\xb1"), STR_INIT("\xc4\xb1") },
        { "Cyrillic", STR_INIT("\xd0\x90\xd0\xaf\xd0\x81"), STR_INIT("\xd0\xb0\xd1\x8f\xd1\x91") },
        { "a final sigma is one", STR_INIT("\xcf\x82"), STR_INIT("\xcf\x83") },
        { "capital sharp s", STR_INIT("\xe1\xba\x9e"), STR_INIT("\xc3\x9f") },
        { "two bytes become three", STR_INIT("\xc8\xba"), STR_INIT("\xe2\xb1\xa5") },
        { "Angstrom sign", STR_INIT("\xe2\x84\xab"), STR_INIT("\xc3\xa5") },
        { "Kelvin sign never becomes k", STR_INIT("\xe2\x84\xaa"), STR_INIT("\xe2\x84\xaa") },
        { "long s never becomes s", STR_INIT("\xc5\xbf"), STR_INIT("\xc5\xbf") },
        { "Cherokee", STR_INIT("\xea\xad\xb0"), STR_INIT("\xe1\x8e\xa0") },
        { "fullwidth", STR_INIT("\xef\xbc\xa1"), STR_INIT("\xef\xbd\x81") },
        { "Deseret", STR_INIT("\xf0\x90\x90\x80"), STR_INIT("\xf0\x90\x90\xa8") },
        { "Adlam, the last", STR_INIT("\xf0\x9e\xa4\xa1"), STR_INIT("\xf0\x9e\xa5\x83") },
        { "no letter", STR_INIT("\xe2\x82\xac\xf0\x9f\x98\x80\xe4\xb8\xad"),
          STR_INIT("\xe2\x82\xac\xf0\x9f\x98\x80\xe4\xb8\xad") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        CHECK_STR(cases[i].label, fold_case(cases[i].text, &arena), cases[i].want);
    }
}

/* Keys of keys are the same, for every character there is. */
TEST(folding_twice_changes_nothing)
{
    CLEANUP(arena_done) struct arena arena = {};
    for (uint32_t c = 0x80; c < 0x110000; c++) {
        if (c >= 0xd800 && c < 0xe000)
            continue;
        char text[4];
        size_t length = c >= 0x10000 ? 4 : c >= 0x800 ? 3 : 2;
        uint32_t rest = c;
        for (size_t i = length - 1; i > 0; i--, rest >>= 6)
            text[i] = (char)(0x80 | (rest & 0x3f));
        text[0] = (char)((0xf00 >> length) | rest);
        str once = fold_case(str_from(text, length), &arena);
        CHECK("UTF-8", str_is_utf8(once));
        CHECK("not ASCII", (unsigned char)once.ptr[0] >= 0x80);
        CHECK_STR("twice", fold_case(once, &arena), once);
        arena_reset(&arena, 1 << 16);
    }
}

RUN_TESTS(cmocka_unit_test(keys), cmocka_unit_test(lengths), cmocka_unit_test(folds),
          cmocka_unit_test(folding_twice_changes_nothing))
