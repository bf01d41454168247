/* SPDX-License-Identifier: MIT
 * A pointer, a newline, a document: the pointer is written as it was read, and the whole of it
 * finds what its tokens find one after the other. */
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tokens(struct arena *arena, const struct json_pointer *pointer, str text)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX);
    for (int i = 0; i < pointer->count; i++)
        json_pointer_add(&buf, pointer->tokens[i]);
    assert(str_equal(buf_str(&buf), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {};
    str rest = str_from(data, size);
    str text = str_cut(&rest, '\n');
    struct json_pointer pointer;
    size_t offset;
    if (!json_pointer_read(&arena, text, &pointer, &offset)) {
        assert(offset < text.len && (offset == 0 || text.ptr[offset] == '~'));
        return 0;
    }
    check_tokens(&arena, &pointer, text);
    json document;
    struct json_error error;
    if (!json_read(&arena, rest, 64, &document, &error))
        return 0;
    json found = document;
    for (int i = 0; i < pointer.count; i++) {
        const struct json_pointer step = { .tokens = &pointer.tokens[i], .count = 1 };
        found = json_pointer_find(&step, found);
    }
    assert(json_pointer_find(&pointer, document) == found);
    return 0;
}
