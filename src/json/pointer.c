/* SPDX-License-Identifier: MIT
 * RFC 6901. */
#include "json/json.h"

/* What the two characters at the front of `escape` stand for: ~1 for '/', ~0 for '~', others for
 * nothing ('\0'). */
static char meaning(str escape)
{
    if (escape.len < 2 || (escape.ptr[1] != '0' && escape.ptr[1] != '1'))
        return '\0';
    return escape.ptr[1] == '0' ? '~' : '/';
}

/* False: *reterr_at is the '~' that starts no escape. */
static bool unescape(struct arena *arena, str text, str *ret_token, size_t *reterr_at)
{
    char *token = arena_bytes(arena, text.len);
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool escaped = text.ptr[i] == '~';
        char c = escaped ? meaning(str_skip(text, i)) : text.ptr[i];
        if (escaped && c == '\0') {
            *reterr_at = i;
            return false;
        }
        token[count++] = c;
        i += escaped;
    }
    *ret_token = str_from(token, count);
    return true;
}

static size_t count_slashes(str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '/';
    return count;
}

bool json_pointer_read(struct arena *arena, str text, struct json_pointer *ret_pointer,
                       size_t *reterr_offset)
{
    if (text.len > 0 && text.ptr[0] != '/') {
        *reterr_offset = 0;
        return false;
    }
    size_t count = count_slashes(text);
    str *tokens = ARENA_ARRAY(arena, str, count);
    size_t offset = 1;
    for (size_t i = 0; i < count; i++) {
        str rest = str_skip(text, offset);
        str escaped = str_cut(&rest, '/');
        size_t wrong_at;
        if (!unescape(arena, escaped, &tokens[i], &wrong_at)) {
            *reterr_offset = offset + wrong_at;
            return false;
        }
        offset += escaped.len + 1;
    }
    *ret_pointer = (struct json_pointer){ .tokens = tokens, .count = (int)count };
    return true;
}

void json_pointer_add(struct buf *buf, str token)
{
    buf_char(buf, '/');
    for (size_t i = 0; i < token.len; i++) {
        if (token.ptr[i] == '~')
            buf_add(buf, STR("~0"));
        else if (token.ptr[i] == '/')
            buf_add(buf, STR("~1"));
        else
            buf_char(buf, token.ptr[i]);
    }
}

int64_t json_pointer_index(str token)
{
    int64_t index;
    bool canonical =
        token.len > 0 && char_is_digit(token.ptr[0]) && (token.ptr[0] != '0' || token.len == 1);
    return canonical && str_to_int64(token, &index) ? index : -1;
}

json json_pointer_find(const struct json_pointer *pointer, json document)
{
    json value = document;
    for (int i = 0; i < pointer->count && value != NULL; i++) {
        str token = pointer->tokens[i];
        value = json_type(value) == JSON_ARRAY ? json_element(value, json_pointer_index(token))
                                               : json_get_last(value, token);
    }
    return value;
}
