/* SPDX-License-Identifier: MIT
 * Any bytes as the parts of a mail, apart by 0xff: whatever they are, the message keeps to its
 * form, has the headers that it should have and no others, and decodes back to what was put in. */
#include "mail/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static str take_line(str *rest)
{
    for (size_t i = 0; i + 1 < rest->len; i++) {
        if (rest->ptr[i] != '\r' || rest->ptr[i + 1] != '\n')
            continue;
        str line = str_head(*rest, i);
        *rest = str_skip(*rest, i + 2);
        return line;
    }
    assert(!"the message ends in a line end");
    return *rest;
}

static void check_form(str message)
{
    while (message.len > 0) {
        str line = take_line(&message);
        for (size_t i = 0; i < line.len; i++)
            assert((line.ptr[i] >= ' ' && line.ptr[i] <= '~') || line.ptr[i] == '\t');
        assert(line.len == 0 || str_trim(line).len > 0);
        bool one_word = str_starts(line, STR(" ")) && str_index(str_skip(line, 1), ' ') < 0;
        assert(line.len <= 76 || (one_word && line.len <= 400));
    }
}

/* One header, unfolded (RFC 5322 §2.2.3). */
static str take_header(str *rest, const char *name, struct arena *arena)
{
    struct buf value;
    buf_init(&value, arena, SIZE_MAX / 2);
    str line = take_line(rest);
    assert(str_starts(line, str_c(name)));
    buf_add(&value, str_skip(line, strlen(name)));
    while (str_starts(*rest, STR(" ")))
        buf_add(&value, take_line(rest));
    return str_trim(buf_str(&value));
}

static int hex(char c)
{
    assert(char_is_digit(c) || (c >= 'A' && c <= 'F'));
    return char_is_digit(c) ? c - '0' : c - 'A' + 10;
}

/* The Q encoding with `underscore`, quoted-printable without. */
static void decode(str text, bool underscore, struct buf *to)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '=' && !underscore && str_starts(str_skip(text, i), STR("=\r\n"))) {
            i += 2;
        } else if (c == '=') {
            assert(i + 2 < text.len);
            buf_char(to, (char)(hex(text.ptr[i + 1]) * 16 + hex(text.ptr[i + 2])));
            i += 2;
        } else if (c == '\r' && !underscore) {
            continue;
        } else {
            buf_char(to, underscore && c == '_' ? ' ' : c);
        }
    }
}

static str decode_words(str text, struct arena *arena)
{
    struct buf decoded;
    buf_init(&decoded, arena, SIZE_MAX / 2);
    while (text.len > 0) {
        str word = str_cut(&text, ' ');
        assert(word.len <= 75 && str_starts(word, STR("=?utf-8?q?")) && str_ends(word, STR("?=")));
        size_t before = decoded.len;
        decode(str_skip(str_head(word, word.len - 2), 10), true, &decoded);
        assert(str_is_utf8(str_skip(buf_str(&decoded), before)));
    }
    return buf_str(&decoded);
}

static str unquote(str text, struct arena *arena)
{
    struct buf plain;
    buf_init(&plain, arena, SIZE_MAX / 2);
    assert(text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"');
    for (size_t i = 1; i + 1 < text.len; i++) {
        if (text.ptr[i] == '\\')
            i++;
        buf_char(&plain, text.ptr[i]);
    }
    return buf_str(&plain);
}

static str decode_phrase(str text, struct arena *arena)
{
    if (str_starts(text, STR("\"")))
        return unquote(text, arena);
    return decode_words(text, arena);
}

static void check_person(str header, const struct message_person *person, struct arena *arena)
{
    str name = message_one_line(person->name, 200, arena);
    if (name.len == 0) {
        assert(str_equal(header, person->address));
        return;
    }
    str end = arena_format(arena, " <%.*s>", STR_ARG(person->address));
    assert(str_ends(header, end));
    assert(str_equal(decode_phrase(str_head(header, header.len - end.len), arena), name));
}

static void check_subject(str header, str subject, struct arena *arena)
{
    str want = message_one_line(subject, 400, arena);
    if (str_starts(header, STR("=?")))
        header = decode_words(header, arena);
    assert(str_equal(header, want));
}

static void check_part(str *rest, const char *type, str want, struct arena *arena)
{
    assert(str_equal(take_line(rest), STR("--=_junctor_part")));
    str kind = arena_format(arena, "Content-Type: text/%s; charset=utf-8", type);
    assert(str_equal(take_line(rest), kind));
    assert(str_equal(take_line(rest), STR("Content-Transfer-Encoding: quoted-printable")));
    assert(take_line(rest).len == 0);
    str from = *rest;
    size_t length = 0;
    while (!str_starts(str_skip(from, length), STR("\r\n--=_junctor_part")))
        length++;
    struct buf decoded;
    buf_init(&decoded, arena, SIZE_MAX / 2);
    decode(str_head(from, length), false, &decoded);
    assert(str_equal(buf_str(&decoded), message_lines(want, arena)));
    *rest = str_skip(from, length + 2);
}

static void check_message(str message, const struct message_parts *parts, struct arena *arena)
{
    check_form(message);
    check_person(take_header(&message, "From:", arena), &parts->from, arena);
    check_person(take_header(&message, "To:", arena), &parts->to, arena);
    check_subject(take_header(&message, "Subject:", arena), parts->subject, arena);
    (void)take_header(&message, "Date:", arena);
    str id = take_header(&message, "Message-ID:", arena);
    assert(str_starts(id, STR("<")) && str_ends(id, STR(">")));
    (void)take_header(&message, "Auto-Submitted:", arena);
    (void)take_header(&message, "MIME-Version:", arena);
    (void)take_header(&message, "Content-Type:", arena);
    assert(take_line(&message).len == 0);
    check_part(&message, "plain", parts->text, arena);
    check_part(&message, "html", parts->html, arena);
    assert(str_equal(message, STR("--=_junctor_part--\r\n")));
}

/* Text that is well-formed, and has no control characters, is not changed at all. */
static void check_text(str text, struct arena *arena)
{
    str lines = message_lines(text, arena);
    assert(str_is_utf8(lines) && str_is_utf8(message_one_line(text, text.len * 3, arena)));
    if (str_is_utf8(text) && !str_has_control(text))
        assert(str_equal(lines, text));
    assert(message_one_line(text, 10, arena).len <= 10);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena CLEANUP(arena_done) arena = {};
    str rest = str_from(data, size);
    struct message_parts parts = {
        .from = { str_cut(&rest, '\xff'), STR("junctor@hub.example") },
        .to = { str_cut(&rest, '\xff'), str_cut(&rest, '\xff') },
        .subject = str_cut(&rest, '\xff'),
        .id = str_cut(&rest, '\xff'),
        .text = str_cut(&rest, '\xff'),
        .html = rest,
        .at_ms = (int64_t)size * 86400000,
    };

    check_text(rest, &arena);
    str message;
    if (message_write(&parts, &arena, &message) == MESSAGE_GOOD)
        check_message(message, &parts, &arena);
    parts.to.address = STR("ann@example.org");
    parts.id = STR("n1");
    enum message_outcome outcome = message_write(&parts, &arena, &message);
    assert(outcome == MESSAGE_GOOD);
    check_message(message, &parts, &arena);
    return 0;
}
