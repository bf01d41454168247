/* SPDX-License-Identifier: MIT
 * A pattern of n characters has n + 1 places, one before each character and one at the end. A set
 * of places is a word of 128 bits: those that the text so far may have led to. */
#include "mapping/like.h"

#include "mapping/fold.h"

#define PLACE(i) ((unsigned __int128)1 << (i))

struct letter {
    uint32_t character;
    unsigned __int128 before; /* the places that this character leads on from, '?' left out */
};

struct like {
    bool fold;
    int count;                   /* characters of the pattern */
    unsigned __int128 stays;     /* places where a '*' takes any character */
    unsigned __int128 wild;      /* places before a '?' */
    unsigned char of_ascii[128]; /* letters by character: index + 1 */
    int letter_count;
    struct letter letters[LIKE_MAX];
};

static const struct letter *find_letter(const struct like *like, uint32_t character)
{
    if (character < COUNT_OF(like->of_ascii)) {
        int known = like->of_ascii[character];
        return known == 0 ? NULL : &like->letters[known - 1];
    }
    for (int i = 0; i < like->letter_count; i++)
        if (like->letters[i].character == character)
            return &like->letters[i];
    return NULL;
}

static uint32_t take(const struct like *like, str *text)
{
    uint32_t character = fold_take(text);
    return like->fold ? fold_character(character) : character;
}

/* ---- making ---- */

static void add_letter(struct like *like, uint32_t character)
{
    const struct letter *known = find_letter(like, character);
    ptrdiff_t at = known == NULL ? like->letter_count : known - like->letters;
    if (known == NULL) {
        like->letters[at].character = character;
        like->letter_count++;
        if (character < COUNT_OF(like->of_ascii))
            like->of_ascii[character] = (unsigned char)like->letter_count;
    }
    like->letters[at].before |= PLACE(like->count);
}

/* Takes one character of the pattern. Not called when the pattern is full, but for a '*'. */
static void add_next(struct like *like, enum like_form form, str *text)
{
    bool special = form == LIKE_PATTERN;
    char c = text->ptr[0];
    if (special && c == '*') {
        *text = str_skip(*text, 1);
        like->stays |= PLACE(like->count);
        return;
    }
    bool wild = special && c == '?';
    if (special && c == '\\' && text->len > 1) /* at the end it is a character like others */
        *text = str_skip(*text, 1);
    uint32_t character = take(like, text);
    if (wild)
        like->wild |= PLACE(like->count);
    else
        add_letter(like, character);
    like->count++;
}

const struct like *like_new(struct arena *arena, enum like_form form, str text, bool fold)
{
    struct like *like = ARENA_NEW(arena, struct like);
    like->fold = fold;
    if (form == LIKE_CONTAINS || form == LIKE_ENDS)
        like->stays |= PLACE(0);
    while (text.len > 0) {
        if (like->count == LIKE_MAX && (form != LIKE_PATTERN || text.ptr[0] != '*'))
            return NULL;
        add_next(like, form, &text);
    }
    if (form == LIKE_CONTAINS || form == LIKE_STARTS)
        like->stays |= PLACE(like->count);
    return like;
}

/* ---- matching ---- */

bool like_matches(const struct like *like, str text)
{
    unsigned __int128 end = PLACE(like->count);
    unsigned __int128 places = PLACE(0);
    /* At an end that stays, the rest of the text changes nothing. */
    while (text.len > 0 && places != 0 && (places & end & like->stays) == 0) {
        const struct letter *letter = find_letter(like, take(like, &text));
        unsigned __int128 leads_on = like->wild | (letter == NULL ? 0 : letter->before);
        places = (places & leads_on) << 1 | (places & like->stays);
    }
    return (places & end) != 0;
}
