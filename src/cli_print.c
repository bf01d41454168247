/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <time.h>

#include "base/clock.h"
#include "base/fail.h"
#include "cli.h"
#include "json/write.h"

#define PRINTED_DEPTH 64
#define PRINTED_MAX ((size_t)64 << 20)

static void print_field_error(const struct field_error *error)
{
    (void)fputs("  ", stderr);
    print_plain(stderr, error->field.len > 0 ? error->field : error->pointer);
    (void)fputs(": ", stderr);
    print_plain(stderr, error->message);
    (void)fputc('\n', stderr);
}

int cli_fail(const struct problem *problem)
{
    bool says_all = problem->text.len > 0 && problem->errors == NULL;
    str text = says_all ? problem->text : str_c(problem_kind(problem->id)->title);
    (void)fputs("junctor: ", stderr);
    print_plain(stderr, text);
    (void)fputc('\n', stderr);
    for (const struct field_error *error = problem->errors; error != NULL; error = error->next)
        print_field_error(error);
    return EXIT_FAILED;
}

int cli_fail_text(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("junctor: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    return EXIT_FAILED;
}

/* How many bytes at the front are one control character (C0, DEL, or C1 in UTF-8). */
static size_t control_length(str text)
{
    unsigned char first = (unsigned char)text.ptr[0];
    if (first == '\n' || first == '\t')
        return 0;
    if (first < 0x20 || first == 0x7f)
        return 1;
    bool is_c1 = text.len > 1 && first == 0xc2 && (unsigned char)text.ptr[1] < 0xa0;
    return is_c1 ? 2 : 0;
}

void print_plain(FILE *to, str text)
{
    bool utf8 = str_is_utf8(text);
    while (text.len > 0) {
        size_t length = control_length(text);
        if (length == 0 && !utf8 && (unsigned char)text.ptr[0] >= 0x80)
            length = 1;
        if (length == 0)
            (void)fputc(text.ptr[0], to);
        for (size_t i = 0; i < length; i++)
            (void)fprintf(to, "\\x%02x", (unsigned char)text.ptr[i]);
        text = str_skip(text, MAX_OF(length, (size_t)1));
    }
}

static void add_line(struct buf *buf, int level)
{
    buf_char(buf, '\n');
    for (int i = 0; i < level; i++)
        buf_add(buf, STR("  "));
}

static void add_value(struct buf *buf, json value, int level);

static void add_members(struct buf *buf, json value, int level)
{
    bool is_object = json_type(value) == JSON_OBJECT;
    buf_char(buf, is_object ? '{' : '[');
    struct json_walk walk = json_walk(value);
    str key;
    json member;
    bool first = true;
    while (json_next(&walk, &key, &member)) {
        if (!first)
            buf_char(buf, ',');
        first = false;
        add_line(buf, level + 1);
        if (is_object) {
            buf_quoted(buf, key);
            buf_add(buf, STR(": "));
        }
        add_value(buf, member, level + 1);
    }
    if (!first)
        add_line(buf, level);
    buf_char(buf, is_object ? '}' : ']');
}

static void add_value(struct buf *buf, json value, int level)
{
    enum json_type type = json_type(value);
    if (type == JSON_OBJECT || type == JSON_ARRAY) {
        add_members(buf, value, level);
        return;
    }
    struct json_writer writer = json_writer(buf);
    json_add_value(&writer, value);
}

void print_json(FILE *to, str text)
{
    struct arena arena = {};
    struct json_error error;
    json value;
    struct buf buf;
    buf_init(&buf, &arena, PRINTED_MAX);
    if (text.len > 0 && json_read(&arena, text, PRINTED_DEPTH, &value, &error))
        add_value(&buf, value, 0);
    bool pretty = buf.len > 0 && !buf_overflowed(&buf);
    print_plain(to, pretty ? buf_str(&buf) : text);
    arena_done(&arena);
}

void print_clock(void)
{
    time_t now = (time_t)(clock_real_ms() / 1000);
    struct tm local;
    if (localtime_r(&now, &local) != NULL)
        (void)printf("%02d:%02d:%02d ", local.tm_hour, local.tm_min, local.tm_sec);
}

int read_stream(FILE *from, size_t max, struct arena *arena, str *ret_text)
{
    struct buf buf;
    buf_init(&buf, arena, max + 1);
    char chunk[4096];
    size_t length;
    while ((length = fread(chunk, 1, sizeof(chunk), from)) > 0) {
        buf_add(&buf, str_from(chunk, length));
        if (buf_overflowed(&buf) || buf.len > max)
            return fail(-EFBIG);
    }
    if (ferror(from) != 0)
        return fail(-EIO);
    *ret_text = buf_str(&buf);
    return 0;
}
