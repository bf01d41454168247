/* SPDX-License-Identifier: MIT */
#include "mapping/like.h"

#include "base/testing.h"
#include "mapping/test_naive.h"

static str random_letters(uint64_t *dice, struct arena *arena, const char *const *letters,
                          int count)
{
    str text = {};
    for (uint64_t left = test_random(dice) % 9; left > 0; left--)
        text = arena_format(arena, "%.*s%s", STR_ARG(text),
                            letters[test_random(dice) % (uint64_t)count]);
    return text;
}

TEST(patterns_match_as_by_trial)
{
    static const char *const letters[] = { "a", "b", "\xc3\xa4", "\\" };
    static const char *const signs[] = {
        "a", "b", "\xc3\xa4", "?", "*", "*", "\\?", "\\*", "\\\\"
    };
    int matches = 0;
    for (uint64_t round = 1; round <= 20000; round++) {
        CLEANUP(arena_done) struct arena arena = {};
        uint64_t dice = round;
        str pattern = random_letters(&dice, &arena, signs, COUNT_OF(signs));
        str text = random_letters(&dice, &arena, letters, COUNT_OF(letters));
        const struct like *like = like_new(&arena, LIKE_PATTERN, pattern, false);
        bool match = like_matches(like, text);
        CHECK_INT(pattern.ptr, match, naive_like(pattern, text));
        matches += match;
    }
    CHECK("both happen", matches > 1000 && matches < 19000);
}

/* The last place of a pattern is the last bit of a word. */
TEST(patterns_of_full_length)
{
    CLEANUP(arena_done) struct arena arena = {};
    char text[200];
    memset(text, 'a', sizeof(text));
    char pattern[LIKE_MAX + 3];
    memset(pattern, 'a', sizeof(pattern));
    str longest = str_from(pattern, LIKE_MAX);
    const struct like *exact = like_new(&arena, LIKE_PATTERN, longest, false);
    CHECK("matches", like_matches(exact, str_from(text, LIKE_MAX)));
    CHECK("not one more", !like_matches(exact, str_from(text, LIKE_MAX + 1)));
    CHECK("not one less", !like_matches(exact, str_from(text, LIKE_MAX - 1)));
    const struct like *within = like_new(&arena, LIKE_CONTAINS, longest, true);
    text[150] = 'b';
    CHECK("within", like_matches(within, str_from(text, sizeof(text))));
    text[100] = 'b';
    CHECK("not within", !like_matches(within, str_from(text, sizeof(text))));
    pattern[0] = pattern[LIKE_MAX + 1] = '*';
    CHECK("stars do not count",
          like_new(&arena, LIKE_PATTERN, str_from(pattern, LIKE_MAX + 2), false) != NULL);
    CHECK("characters do",
          like_new(&arena, LIKE_PATTERN, str_from(pattern, LIKE_MAX + 3), false) == NULL);
}

RUN_TESTS(cmocka_unit_test(patterns_match_as_by_trial), cmocka_unit_test(patterns_of_full_length))
