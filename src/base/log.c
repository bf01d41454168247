/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/instant.h"

#define LINE_MAX_BYTES 8192
#define LINE_TAIL 24 /* kept free for what says that the line was cut, and for what closes it */

struct line {
    char bytes[LINE_MAX_BYTES];
    size_t len;
    bool cut;     /* nothing more is added */
    bool dropped; /* a field was left out whole: no value ends in "…" */
};

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};

static size_t room(const struct line *line)
{
    size_t cap = sizeof(line->bytes) - LINE_TAIL;
    return line->len < cap ? cap - line->len : 0;
}

/* Into the room that is kept free. */
static void add_tail(struct line *line, str s)
{
    memcpy(line->bytes + line->len, s.ptr, s.len);
    line->len += s.len;
}

/* All of it, or nothing more. */
static void add(struct line *line, str s)
{
    if (line->cut || s.len > room(line))
        line->cut = true;
    else if (s.len > 0)
        add_tail(line, s);
}

/* Takes one character off the front of `s` and adds it as JSON strings have it. Bytes that are not
 * UTF-8 are shown by their number. */
static void add_character(struct line *line, str *s, bool utf8)
{
    unsigned char c = (unsigned char)s->ptr[0];
    size_t length = c < 0xc0 || !utf8 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    char escape[8] = "";
    if (c == '"' || c == '\\')
        (void)snprintf(escape, sizeof(escape), "\\%c", c);
    else if (c == '\n')
        (void)snprintf(escape, sizeof(escape), "\\n");
    else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8))
        (void)snprintf(escape, sizeof(escape), "\\u%04x", c);
    add(line, escape[0] != '\0' ? str_c(escape) : str_head(*s, length));
    *s = str_skip(*s, length);
}

static void add_quoted(struct line *line, str s)
{
    add(line, STR("\""));
    if (line->cut)
        return;
    bool utf8 = str_is_utf8(s);
    while (s.len > 0 && !line->cut)
        add_character(line, &s, utf8);
    add_tail(line, line->cut ? STR("…\"") : STR("\""));
}

static bool needs_quotes(str s)
{
    if (s.len == 0)
        return true;
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == '"' || s.ptr[i] == '=' ||
            s.ptr[i] == '\\' || s.ptr[i] == 0x7f)
            return true;
    return !str_is_utf8(s);
}

static void add_name(struct line *line, enum log_format format, const char *name)
{
    if (format == LOG_JSON) {
        if (line->len > 1)
            add(line, STR(","));
        add_quoted(line, str_c(name));
        add(line, STR(":"));
    } else {
        if (line->len > 0)
            add(line, STR(" "));
        add(line, str_c(name));
        add(line, STR("="));
    }
}

static void add_field(struct line *line, enum log_format format, const struct log_field *field)
{
    size_t length_before = line->len;
    add_name(line, format, field->name);
    size_t length_named = line->len;
    bool named = !line->cut;
    if (field->is_int) {
        char number[24];
        int length = snprintf(number, sizeof(number), "%lld", (long long)field->number);
        add(line, str_from(number, (size_t)length));
    } else if (format == LOG_JSON || needs_quotes(field->text) || field->text.len > room(line)) {
        add_quoted(line, field->text);
    } else {
        add(line, field->text);
    }
    line->dropped = line->cut && (!named || line->len == length_named);
    if (line->dropped)
        line->len = length_before;
}

void log_fields(const struct log *log, enum log_level level, const char *message,
                const struct log_field *fields, size_t count)
{
    if (level < log->least)
        return;
    struct line line;
    line.len = 0;
    line.cut = false;
    line.dropped = false;
    char time_text[INSTANT_TEXT_LEN];
    instant_write(clock_real_ms(), time_text);
    const struct log_field head[] = {
        LOG_TEXT("time", str_from(time_text, sizeof(time_text))),
        LOG_TEXT("level", str_c(level_names[level])),
        LOG_TEXT("msg", str_c(message)),
    };
    if (log->format == LOG_JSON)
        add(&line, STR("{"));
    for (size_t i = 0; i < COUNT_OF(head); i++)
        add_field(&line, log->format, &head[i]);
    for (size_t i = 0; i < count && !line.cut; i++)
        if (fields[i].name != NULL)
            add_field(&line, log->format, &fields[i]);
    if (line.dropped)
        add_tail(&line, log->format == LOG_JSON ? STR(",\"cut\":\"…\"") : STR(" …"));
    add_tail(&line, log->format == LOG_JSON ? STR("}\n") : STR("\n"));
    ssize_t written = write(log->fd, line.bytes, line.len);
    (void)written; /* there is nowhere to say that the log is gone */
}
