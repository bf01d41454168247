/* SPDX-License-Identifier: MIT
 * Decoding of paths and queries: what is accepted is UTF-8 without NUL and no longer than it was.
 */
#include "base/percent.h"
#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request request = { .query = str_from(data, size) };
    for (int plus = 0; plus < 2; plus++) {
        str text;
        if (!percent_decode(&request.arena, request.query, plus == 1, &text))
            continue;
        assert(text.len <= size && str_is_utf8(text) && str_index(text, '\0') < 0);
    }
    str value;
    bool bad;
    if (request_query(&request, STR("a"), &value, &bad))
        assert(!bad && value.len <= size && str_is_utf8(value));
    arena_done(&request.arena);
    return 0;
}
