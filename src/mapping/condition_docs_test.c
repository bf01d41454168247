/* SPDX-License-Identifier: MIT
 * What docs/conditions.md says, held against what conditions do: its blocks, and each row of its
 * tables. */
#include "mapping/condition.h"

#include <stdio.h>

#include "base/testing.h"
#include "mapping/test_conditions.h"
#include "json/write.h"

struct page {
    struct arena arena;
    struct limits limits;
    str text;
    const struct conditions *conditions; /* of the last block */
    json document;
    int checked;
    bool *used; /* operators, by their place */
};

static str read_page(struct arena *arena)
{
    FILE *file = fopen(CONDITIONS_PAGE, "r");
    assert_non_null(file);
    size_t room = 1 << 20;
    char *bytes = arena_bytes(arena, room);
    size_t length = fread(bytes, 1, room, file);
    CHECK("all of it", length > 0 && length < room);
    (void)fclose(file); /* it was only read */
    return str_from(bytes, length);
}

static const struct conditions *read_conditions(struct page *page, str text)
{
    struct problem problem = {};
    const struct conditions *conditions =
        test_conditions(&page->arena, text, &page->limits, &problem);
    if (conditions == NULL)
        fail_msg("%.*s: %.*s", STR_ARG(text),
                 STR_ARG(problem.errors == NULL ? problem.text : problem.errors->message));
    return conditions;
}

static json read_document(struct page *page, str text)
{
    json document = test_json(&page->arena, text);
    if (document == NULL)
        fail_msg("%.*s: no JSON", STR_ARG(text));
    return document;
}

static void expect(struct page *page, const struct conditions *conditions, str text, bool want)
{
    json document = read_document(page, text);
    page->checked++;
    if (conditions_match(conditions, document) == want)
        return;
    struct conditions_verdict verdict = conditions_explain(conditions, document, &page->arena);
    fail_msg("%.*s should be %s: %.*s", STR_ARG(text), want ? "true" : "false",
             STR_ARG(verdict.text));
}

/* ---- blocks ---- */

static void check_lines(struct page *page, str body, bool want)
{
    while (body.len > 0) {
        str line = str_cut(&body, '\n');
        assert_non_null(page->conditions);
        expect(page, page->conditions, line, want);
    }
}

static void check_block(struct page *page, str kind, str body)
{
    if (str_equal(kind, STR("json conditions")))
        page->conditions = read_conditions(page, body);
    else if (str_equal(kind, STR("json document")))
        page->document = read_document(page, body);
    else if (str_equal(kind, STR("json true")))
        check_lines(page, body, true);
    else if (str_equal(kind, STR("json false")))
        check_lines(page, body, false);
    else
        fail_msg("a block of kind \"%.*s\"", STR_ARG(kind));
}

/* ---- rows ---- */

/* The next text between backticks, or "nothing"; false at the end of the cell. */
static bool take_example(str *cell, str *ret_example)
{
    *cell = str_trim(*cell);
    if (cell->len > 0 && cell->ptr[0] == ',')
        *cell = str_trim(str_skip(*cell, 1));
    if (cell->len == 0)
        return false;
    *ret_example = STR("");
    if (str_starts(*cell, STR("nothing"))) {
        *cell = str_skip(*cell, strlen("nothing"));
        return true;
    }
    if (cell->ptr[0] != '`')
        fail_msg("no example: %.*s", STR_ARG(*cell));
    *cell = str_skip(*cell, 1);
    *ret_example = str_cut(cell, '`');
    return true;
}

static void check_examples(struct page *page, const struct conditions *conditions, str cell,
                           bool want)
{
    str example;
    while (take_example(&cell, &example))
        expect(page, conditions,
               example.len == 0 ? STR("{}")
                                : arena_format(&page->arena, "{\"a\":%.*s}", STR_ARG(example)),
               want);
}

static void note_operator(struct page *page, str name)
{
    for (int i = 0; conditions_operator(i).len > 0; i++)
        if (str_equal(conditions_operator(i), name))
            page->used[i] = true;
}

/* operator, words, value, true for, false for */
static void check_operator(struct page *page, const str *cells)
{
    str operator_cell = cells[0];
    str value_cell = cells[2];
    str name = {};
    str value = {};
    CHECK("named", take_example(&operator_cell, &name));
    bool valued = take_example(&value_cell, &value);
    str text =
        arena_format(&page->arena, "{\"all\":[{\"field\":\"a\",\"operator\":\"%.*s\"%s%.*s}]}",
                     STR_ARG(name), valued ? ",\"value\":" : "", STR_ARG(value));
    const struct conditions *conditions = read_conditions(page, text);
    note_operator(page, name);
    check_examples(page, conditions, cells[3], true);
    check_examples(page, conditions, cells[4], false);
}

/* field, words, values that are found in the last document */
static void check_field(struct page *page, const str *cells)
{
    str field_cell = cells[0];
    str values_cell = cells[2];
    str field = {};
    str value;
    CHECK("named", take_example(&field_cell, &field));
    while (take_example(&values_cell, &value)) {
        struct buf quoted;
        buf_init(&quoted, &page->arena, SIZE_MAX);
        buf_quoted(&quoted, field);
        str text = arena_format(
            &page->arena, "{\"all\":[{\"field\":%.*s,\"operator\":\"equals\",\"value\":%.*s}]}",
            STR_ARG(buf_str(&quoted)), STR_ARG(value));
        page->checked++;
        CHECK(text.ptr, conditions_match(read_conditions(page, text), page->document));
    }
}

/* The heads of tables have no backticks. */
static void check_row(struct page *page, str line)
{
    str cells[6] = {};
    size_t count = 0;
    str rest = str_skip(line, 1);
    while (rest.len > 0 && count < COUNT_OF(cells))
        cells[count++] = str_trim(str_cut(&rest, '|'));
    if (!str_starts(cells[0], STR("`")))
        return;
    if (count == 5)
        check_operator(page, cells);
    else if (count == 3)
        check_field(page, cells);
    else
        fail_msg("%zu cells: %.*s", count, STR_ARG(line));
}

TEST(the_page_is_true)
{
    struct page page = {};
    limits_init(&page.limits);
    page.text = read_page(&page.arena);
    bool used[100] = {};
    page.used = used;
    str rest = page.text;
    while (rest.len > 0) {
        str line = str_cut(&rest, '\n');
        if (str_starts(line, STR("```"))) {
            const char *end = memmem(rest.ptr, rest.len, "\n```\n", 5);
            assert_non_null(end);
            size_t length = (size_t)(end - rest.ptr);
            check_block(&page, str_skip(line, 3), str_head(rest, length));
            rest = str_skip(rest, length + 5);
        } else if (str_starts(line, STR("|"))) {
            check_row(&page, line);
        }
    }
    CHECK("hundreds of examples", page.checked > 250);
    for (int i = 0; conditions_operator(i).len > 0; i++)
        if (!used[i])
            fail_msg("%.*s is not on the page", STR_ARG(conditions_operator(i)));
    arena_done(&page.arena);
}

RUN_TESTS(cmocka_unit_test(the_page_is_true))
