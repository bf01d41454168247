/* SPDX-License-Identifier: MIT */
#include "api/mask.h"

#include "base/map.h"

/* Whatever their value is, it is not shown. */
static bool header_is_secret(str name, const struct secret_names *secret)
{
    for (int i = 0; i < secret->count; i++)
        if (str_equal_nocase(name, secret->at[i]))
            return true;
    /* Good for one body and a few minutes, and needed to see why a check of it fails. */
    if (str_equal_nocase(name, STR("webhook-signature")))
        return false;
    return redact_name(name);
}

static str cut_line(str *rest)
{
    str line = str_cut(rest, '\n');
    if (str_ends(line, STR("\r")))
        line.len--;
    return line;
}

str head_first_line(str head)
{
    return cut_line(&head);
}

static str readable(str value, struct arena *arena)
{
    if (str_is_utf8(value))
        return value;
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX / 2);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c < 0x80) {
            buf_char(&buf, (char)c);
        } else {
            buf_char(&buf, (char)(0xc0 | c >> 6));
            buf_char(&buf, (char)(0x80 | (c & 0x3f)));
        }
    }
    return buf_str(&buf);
}

struct header_line {
    str name;
    str value;
};

/* False: the head ends here. */
static bool next_header(str *rest, struct header_line *ret_line)
{
    while (rest->len > 0) {
        str value = cut_line(rest);
        str name = str_cut(&value, ':');
        if (name.len == 0)
            continue;
        *ret_line = (struct header_line){ .name = str_trim(name), .value = str_trim(value) };
        return true;
    }
    return false;
}

/* One name with all its values. */
struct named {
    struct named *next;
    str name;
    struct buf value;
};

static struct named *find_or_add(struct map *names, struct named ***end, str name,
                                 struct arena *arena)
{
    char *lower = arena_bytes(arena, name.len);
    for (size_t i = 0; i < name.len; i++)
        lower[i] = char_lower(name.ptr[i]);
    struct named *named = map_find(names, str_from(lower, name.len));
    if (named != NULL)
        return named;
    named = ARENA_NEW(arena, struct named);
    named->name = name;
    buf_init(&named->value, arena, SIZE_MAX / 2);
    (void)map_put(names, str_from(lower, name.len), named);
    **end = named;
    *end = &named->next;
    return named;
}

void json_add_headers(struct json_writer *writer, str head, const struct secret_names *secret,
                      struct arena *arena)
{
    struct map CLEANUP(map_done) names = {};
    struct named *first = NULL;
    struct named **end = &first;
    struct header_line line;
    (void)cut_line(&head); /* the request line, or the status line */
    while (next_header(&head, &line)) {
        struct named *named = find_or_add(&names, &end, line.name, arena);
        if (named->value.ptr != NULL)
            buf_add(&named->value, STR(", "));
        buf_add(&named->value, line.value.len == 0 ? STR(" ") : line.value);
    }
    json_begin_object(writer);
    for (const struct named *at = first; at != NULL; at = at->next) {
        str value = header_is_secret(at->name, secret) ? MASKED : str_trim(buf_str(&at->value));
        json_member_string(writer, readable(at->name, arena), readable(value, arena));
    }
    json_end_object(writer);
}
