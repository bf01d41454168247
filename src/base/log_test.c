/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <unistd.h>

#include "base/testing.h"

/* A log that can be read back. */
struct sink {
    struct log log;
    int read_fd;
    char bytes[70000];
};

static void sink_open(struct sink *sink, enum log_format format, enum log_level least)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    sink->read_fd = fds[0];
    sink->log = (struct log){ .least = least, .format = format, .fd = fds[1] };
}

/* What was written, and closes. */
static str sink_close(struct sink *sink)
{
    (void)close(sink->log.fd);
    size_t length = 0;
    ssize_t got;
    while ((got = read(sink->read_fd, sink->bytes + length, sizeof(sink->bytes) - length)) > 0)
        length += (size_t)got;
    (void)close(sink->read_fd);
    return str_from(sink->bytes, length);
}

/* The part behind the time, which is the only thing that changes. */
static str behind(str line, str marker)
{
    for (size_t i = 0; i + marker.len <= line.len; i++)
        if (str_starts(str_skip(line, i), marker))
            return str_skip(line, i);
    return (str){};
}

TEST(logfmt)
{
    struct sink sink;
    sink_open(&sink, LOG_LOGFMT, LOG_DEBUG);
    log_line(&sink.log, LOG_WARN, "webhook disabled", LOG_TEXT("webhook", STR("whk_1")),
             LOG_INT("status", -410), LOG_TEXT("empty", STR("")), LOG_TEXT("why", STR("a \"b\"\n")),
             LOG_TEXT("pair", STR("a=b")), LOG_TEXT("bytes", STR("\x01\x7f")));
    str line = sink_close(&sink);
    CHECK("starts with the time", str_starts(line, STR("time=20")));
    CHECK_STR("line", behind(line, STR("level=")),
              STR("level=warn msg=\"webhook disabled\" webhook=whk_1 status=-410 empty=\"\" "
                  "why=\"a \\\"b\\\"\\n\" pair=\"a=b\" bytes=\"\\u0001\\u007f\"\n"));
}

TEST(json_lines)
{
    struct sink sink;
    sink_open(&sink, LOG_JSON, LOG_DEBUG);
    log_line(&sink.log, LOG_ERROR, "it's \"bad\"", LOG_TEXT("name", STR("\xc3\xa9 \\ \t")),
             LOG_INT("n", INT64_MIN), LOG_TEXT(NULL, STR("left out")));
    str line = sink_close(&sink);
    CHECK("starts with the time", str_starts(line, STR("{\"time\":\"20")));
    CHECK_STR("line", behind(line, STR("\"level\"")),
              STR("\"level\":\"error\",\"msg\":\"it's \\\"bad\\\"\",\"name\":\"\xc3\xa9 \\\\ "
                  "\\u0009\",\"n\":-9223372036854775808}\n"));
}

TEST(leaves_out_what_is_below)
{
    struct sink sink;
    sink_open(&sink, LOG_LOGFMT, LOG_WARN);
    log_line(&sink.log, LOG_INFO, "no", LOG_INT("n", 1));
    log_line(&sink.log, LOG_WARN, "yes", LOG_INT("n", 2));
    str line = sink_close(&sink);
    CHECK_STR("one line", behind(line, STR("level=")), STR("level=warn msg=yes n=2\n"));
}

/* Whether a JSON text ends where it should: quotes closed, brace last. */
static bool is_closed_object(str line)
{
    bool quoted = false;
    int depth = 0;
    for (size_t i = 0; i < line.len; i++) {
        char c = line.ptr[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && c == '{')
            depth++;
        else if (!quoted && c == '}')
            depth--;
        else if (!quoted && strchr(",:0123456789-\n", c) == NULL)
            return false;
    }
    return !quoted && depth == 0 && str_ends(line, STR("}\n"));
}

/* Every length near the cap, so that the cut falls on each part of a field. */
TEST(cuts_long_lines)
{
    static char text[9000];
    memset(text, 'x', sizeof(text));
    for (int format = LOG_LOGFMT; format <= LOG_JSON; format++) {
        for (size_t length = 8000; length < 8300; length++) {
            struct sink sink;
            sink_open(&sink, (enum log_format)format, LOG_DEBUG);
            log_line(&sink.log, LOG_INFO, "long", LOG_TEXT("text", str_from(text, length)),
                     LOG_INT("number", 1234567890), LOG_TEXT("more", STR("a \"\n\xe2\x82\xac")),
                     LOG_INT("last", 1));
            str line = sink_close(&sink);
            CHECK("fits", line.len <= 8192);
            CHECK("one line", str_index(line, '\n') == (ptrdiff_t)line.len - 1);
            CHECK("text", str_is_utf8(line));
            bool whole =
                behind(line, format == LOG_JSON ? STR("\"last\":1}\n") : STR(" last=1\n")).len > 0;
            CHECK("says that it was cut", whole || behind(line, STR("…")).len > 0);
            CHECK("closed", format == LOG_LOGFMT || is_closed_object(line));
        }
    }
}

/* A cut must not go through the middle of a character. */
TEST(cuts_between_characters)
{
    static char text[9000];
    for (size_t i = 0; i + 3 <= sizeof(text); i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    for (size_t ascii = 0; ascii < 4; ascii++) {
        struct sink sink;
        sink_open(&sink, LOG_JSON, LOG_DEBUG);
        log_line(&sink.log, LOG_INFO, "long", LOG_TEXT("pad", str_from("xxxx", ascii)),
                 LOG_TEXT("text", str_from(text, sizeof(text))));
        str line = sink_close(&sink);
        CHECK("text", str_is_utf8(line));
        CHECK("closed", is_closed_object(line));
    }
}

RUN_TESTS(cmocka_unit_test(logfmt), cmocka_unit_test(json_lines),
          cmocka_unit_test(leaves_out_what_is_below), cmocka_unit_test(cuts_long_lines),
          cmocka_unit_test(cuts_between_characters))
