/* SPDX-License-Identifier: MIT
 * A line of conditions, and a document behind it. Whatever can be saved gives one answer, the same
 * each time, and the explanation gives it too. The line is read as a path as well. */
#include "mapping/path.h"
#include "mapping/test_conditions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct counter {
    struct path_visitor visitor;
    size_t count;
};

static bool count_value(struct path_visitor *visitor, json value)
{
    assert(json_type(value) != JSON_ABSENT);
    CONTAINER_OF(visitor, struct counter, visitor)->count++;
    return false;
}

/* A path leads to a value once at most, and a document has no more values than bytes. */
static void try_path(struct arena *arena, str text, json document, size_t size)
{
    struct path path;
    struct path_error error;
    if (!path_read(arena, text, &path, &error)) {
        assert(error.offset <= text.len && error.text.len > 0);
        return;
    }
    struct counter counter = { .visitor.visit = count_value };
    bool stopped = path_visit(&path, document, &counter.visitor);
    assert(!stopped && counter.count <= size);
}

static void try_document(struct arena *arena, const struct conditions *conditions, json document)
{
    bool match = conditions_match(conditions, document);
    struct conditions_verdict verdict = conditions_explain(conditions, document, arena);
    assert(verdict.match == match);
    assert(verdict.text.len > 0 && str_is_utf8(verdict.text));
    assert(str_starts(verdict.pointer, STR("/filter/")));
    assert(conditions_match(conditions, document) == match);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct limits limits;
    limits_init(&limits);
    str text = str_from(data, size);
    str line = str_cut(&text, '\n');
    json document = test_json(&arena, text);
    try_path(&arena, line, document, size);
    struct problem problem = {};
    const struct conditions *conditions = test_conditions(&arena, line, &limits, &problem);
    assert((conditions == NULL) == problem_has(&problem));
    if (conditions == NULL)
        return 0;
    try_document(&arena, conditions, document);
    try_document(&arena, conditions, NULL);
    return 0;
}
