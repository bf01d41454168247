/* SPDX-License-Identifier: MIT
 * Any bytes as the answer of a token endpoint: a token that a header can carry, with a life, or
 * words for people that have no line end and not the client's secret. The first byte chooses the
 * status. */
#include "delivery/oauth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = { 200, 201, 302, 400, 401, 503 };
    static const struct credential credential = { .kind = CREDENTIAL_OAUTH2,
                                                  .client_secret = STR_INIT("hush-hush") };
    if (size < 1)
        return 0;
    struct arena arena = {};
    str body = str_from(data + 1, size - 1);
    const struct oauth_answer answer = { .status = statuses[data[0] % COUNT_OF(statuses)],
                                         .body = body,
                                         .length = (int64_t)body.len };
    struct oauth_token token = {};
    str wrong = oauth_read(&answer, &credential, &arena, &token);
    if (wrong.len == 0) {
        assert(token.value.len > 0 && token.value.len <= OAUTH_TOKEN_MAX);
        assert(token.life_ms > 0 && token.life_ms <= OAUTH_LIFE_MAX_MS);
        for (size_t i = 0; i < token.value.len; i++)
            assert(token.value.ptr[i] > ' ' && token.value.ptr[i] < 0x7f);
    } else {
        assert(wrong.len < 1024 && str_is_utf8(wrong) && !str_has_control(wrong));
        assert(memmem(wrong.ptr, wrong.len, "hush-hush", 9) == NULL);
    }
    arena_done(&arena);
    return 0;
}
