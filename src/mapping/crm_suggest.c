/* SPDX-License-Identifier: MIT */
#include "mapping/crm_suggest.h"

#include "base/buf.h"

#define LETTERS_MAX 48
#define SUGGESTED_MAX 3
#define NEAR_MAX 2
#define PART_OF_IT (NEAR_MAX + 1)
#define NOT_NEAR (NEAR_MAX + 2)

/* Letters and digits of a name in lower case; a line's number is left out, and kept beside. */
struct plain {
    char letters[LETTERS_MAX];
    size_t len;
    str line; /* digits; "1" when none were given */
};

static void add(struct plain *plain, str text)
{
    for (size_t i = 0; i < text.len && plain->len < LETTERS_MAX; i++)
        if (char_is_alpha(text.ptr[i]) || char_is_digit(text.ptr[i]))
            plain->letters[plain->len++] = char_lower(text.ptr[i]);
}

/* Above 0, without the zeros in front of it. */
static str number_of(str digits)
{
    while (digits.ptr[0] == '0')
        digits = str_skip(digits, 1);
    return digits;
}

static struct plain plain_of(str name)
{
    static const str product = STR_INIT("product");
    struct plain plain = { .line = STR_INIT("1") };
    name = str_starts(name, STR("[")) ? str_skip(name, 1) : name;
    if (name.len <= product.len || !str_equal_nocase(str_head(name, product.len), product)) {
        add(&plain, name);
        return plain;
    }
    str rest = str_skip(name, product.len);
    size_t digits = 0;
    while (digits < rest.len && char_is_digit(rest.ptr[digits]))
        digits++;
    int64_t line;
    if (str_to_int64(str_head(rest, digits), &line) && line >= 1 && line <= CRM_LINES_MAX)
        plain.line = number_of(str_head(rest, digits));
    /* The catalogue's "productN_sku" */
    if (digits == 0 && rest.ptr[0] == 'N')
        digits = 1;
    add(&plain, product);
    add(&plain, str_skip(rest, digits));
    return plain;
}

/* How many letters must be put in, taken out or changed (Levenshtein). */
static size_t distance(const struct plain *a, const struct plain *b)
{
    size_t row[LETTERS_MAX + 1];
    for (size_t k = 0; k <= b->len; k++)
        row[k] = k;
    for (size_t i = 1; i <= a->len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= b->len; k++) {
            size_t change = diagonal + (a->letters[i - 1] != b->letters[k - 1]);
            diagonal = row[k];
            row[k] = MIN_OF(MIN_OF(row[k], row[k - 1]) + 1, change);
        }
    }
    return row[b->len];
}

static bool contains(const struct plain *whole, const struct plain *part)
{
    return part->len >= 4 && memmem(whole->letters, whole->len, part->letters, part->len) != NULL;
}

/* 0: the same but for its spelling. */
static size_t score(const struct plain *name, const struct plain *entry)
{
    size_t far = distance(name, entry);
    if (far <= NEAR_MAX && far * 3 <= name->len)
        return far;
    return contains(entry, name) || contains(name, entry) ? PART_OF_IT : NOT_NEAR;
}

static void add_name(struct buf *list, str name, str line)
{
    if (list->len > 0)
        buf_add(list, STR(", "));
    if (!str_starts(name, STR("productN_"))) {
        buf_add(list, name);
        return;
    }
    buf_add(list, STR("product"));
    buf_add(list, line);
    buf_add(list, str_skip(name, sizeof("productN") - 1));
}

str crm_suggest(str name, struct arena *arena)
{
    struct plain plain = plain_of(name);
    struct buf list;
    buf_init(&list, arena, (size_t)1024);
    int count = 0;
    /* What is only a part is of interest when nothing is nearer. */
    for (size_t wanted = 0; wanted <= (count == 0 ? PART_OF_IT : NEAR_MAX); wanted++) {
        for (int i = 0; i < crm_entry_count && count < SUGGESTED_MAX; i++) {
            struct plain entry = plain_of(crm_entries[i].name);
            if (plain.len == 0 || score(&plain, &entry) != wanted)
                continue;
            add_name(&list, crm_entries[i].name, plain.line);
            count++;
        }
    }
    return buf_str(&list);
}
