/* SPDX-License-Identifier: MIT
 * Invariants:
 * (1) what comes in makes no header and no line end of a header: names and subjects pass
 *     message_one_line(), everything else in a header is checked character by character;
 * (2) every line ends in CRLF, no CR or LF stands alone (RFC 5322 §2.3), and all is printable ASCII
 *     but for tabs;
 * (3) lines are 76 characters at most (RFC 2045 §6.7 (5), RFC 2047 §2), but for a header line that
 *     holds a single longer address or id, which cannot be folded;
 * (4) no body holds the boundary: "=_" cannot come out of quoted-printable (RFC 2045 §6.7). */
#include "mail/message.h"

#include "base/instant.h"

#define ADDRESS_MAX 254 /* RFC 5321 §4.5.3.1.3, without its angle brackets */
#define LOCAL_MAX 64
#define LABEL_MAX 63
#define ID_MAX 64
#define LINE_MAX_CHARS 76
#define ENCODED_WORD_MAX 75 /* RFC 2047 §2 */
#define NAME_MAX_BYTES 200
#define SUBJECT_MAX 400
/* Of both bodies: a byte becomes U+FFFD, that nine, and soft line breaks come to it. */
#define MESSAGE_MAX (20 * MESSAGE_TEXT_MAX)

#define CRLF STR("\r\n")
#define BOUNDARY "=_junctor_part"

/* ── what comes in ── */

/* One character off the front; what is no UTF-8 becomes U+FFFD, a byte at a time. */
static str take_character(str *rest)
{
    unsigned char first = (unsigned char)rest->ptr[0];
    size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    str character = str_head(*rest, length);
    bool good = str_is_utf8(character);
    *rest = str_skip(*rest, good ? character.len : 1);
    return good ? character : STR("\xef\xbf\xbd");
}

static bool is_space(str character)
{
    return str_equal(character, STR(" ")) || str_has_control(character);
}

/* Without the last characters, until `max` bytes are left. */
static str cut_to(str text, size_t max)
{
    size_t length = MIN_OF(text.len, max);
    while (length > 0 && length < text.len && ((unsigned char)text.ptr[length] & 0xc0) == 0x80)
        length--;
    return str_head(text, length);
}

str message_one_line(str text, size_t max, struct arena *arena)
{
    struct buf line;
    buf_init(&line, arena, text.len * 3 + 1);
    bool space = false;
    while (text.len > 0) {
        str character = take_character(&text);
        if (is_space(character)) {
            space = line.len > 0;
            continue;
        }
        if (space)
            buf_char(&line, ' ');
        space = false;
        buf_add(&line, character);
    }
    str whole = buf_str(&line);
    static const str more = STR_INIT("…");
    if (whole.len <= max || max < more.len)
        return cut_to(whole, max);
    return arena_format(arena, "%.*s%.*s", STR_ARG(cut_to(whole, max - more.len)), STR_ARG(more));
}

str message_lines(str text, struct arena *arena)
{
    struct buf lines;
    buf_init(&lines, arena, text.len * 3 + 1);
    while (text.len > 0) {
        str character = take_character(&text);
        if (str_equal(character, STR("\r"))) {
            buf_char(&lines, '\n');
            if (str_starts(text, STR("\n")))
                text = str_skip(text, 1);
        } else if (str_equal(character, STR("\n")) || str_equal(character, STR("\t")) ||
                   !str_has_control(character)) {
            buf_add(&lines, character);
        }
    }
    return buf_str(&lines);
}

/* RFC 5322 §3.2.3. */
static bool is_atext(char c)
{
    return char_is_alpha(c) || char_is_digit(c) ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Neither ends with a dot nor has two in a row. */
static bool is_dot_atom(str text)
{
    char before = '.';
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '.' ? before == '.' : !is_atext(c))
            return false;
        before = c;
    }
    return before != '.';
}

static bool is_label(str label)
{
    if (label.len < 1 || label.len > LABEL_MAX || label.ptr[0] == '-' ||
        label.ptr[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!char_is_alpha(label.ptr[i]) && !char_is_digit(label.ptr[i]) && label.ptr[i] != '-')
            return false;
    return true;
}

static bool is_domain(str domain)
{
    if (domain.len == 0 || str_ends(domain, STR(".")))
        return false;
    while (domain.len > 0)
        if (!is_label(str_cut(&domain, '.')))
            return false;
    return true;
}

bool message_address_is_good(str address)
{
    str domain = address;
    str local = str_cut(&domain, '@');
    return address.len <= ADDRESS_MAX && local.len <= LOCAL_MAX && is_dot_atom(local) &&
           is_domain(domain);
}

bool message_person_read(str text, struct message_person *ret_person)
{
    text = str_trim(text);
    struct message_person person = { .address = text };
    if (str_ends(text, STR(">"))) {
        person.address = str_head(text, text.len - 1);
        person.name = str_trim(str_cut(&person.address, '<'));
    }
    str name = person.name;
    if (name.len >= 2 && str_starts(name, STR("\"")) && str_ends(name, STR("\"")))
        person.name = str_skip(str_head(name, name.len - 1), 1);
    if (!message_address_is_good(person.address))
        return false;
    *ret_person = person;
    return true;
}

/* ── headers ── */

struct header {
    struct buf *to;
    size_t column;
};

static struct header header_begin(struct buf *to, const char *name)
{
    buf_add(to, str_c(name));
    buf_char(to, ':');
    return (struct header){ .to = to, .column = strlen(name) + 1 };
}

static void header_end(const struct header *header)
{
    buf_add(header->to, CRLF);
}

/* With a space before it, on a new line when it does not fit (RFC 5322 §2.2.3). */
static void add_word(struct header *header, str word)
{
    if (header->column + 1 + word.len > LINE_MAX_CHARS) {
        buf_add(header->to, CRLF);
        header->column = 0;
    }
    buf_char(header->to, ' ');
    buf_add(header->to, word);
    header->column += 1 + word.len;
}

static bool is_printable_ascii(str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] > '~')
            return false;
    return true;
}

/* What would be taken for an encoded word, though it is none. */
static bool has_word_mark(str text)
{
    for (; text.len > 1; text = str_skip(text, 1))
        if (str_starts(text, STR("=?")))
            return true;
    return false;
}

static void add_hex(struct buf *to, char c)
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned char byte = (unsigned char)c;
    const char text[] = { '=', digits[byte >> 4], digits[byte & 15] };
    buf_add(to, str_from(text, sizeof(text)));
}

/* RFC 2047 §4.2, of which only what §5 (3) allows inside a display name, which is the least. */
static str encode_character(str character, struct arena *arena)
{
    struct buf encoded;
    buf_init(&encoded, arena, 16);
    for (size_t i = 0; i < character.len; i++) {
        char c = character.ptr[i];
        if (c == ' ')
            buf_char(&encoded, '_');
        else if (char_is_alpha(c) || char_is_digit(c) || (c != '\0' && strchr("!*+-/", c) != NULL))
            buf_char(&encoded, c);
        else
            add_hex(&encoded, c);
    }
    return buf_str(&encoded);
}

/* As many characters as fit into one encoded word of at most `max` bytes; never a part of one
 * (RFC 2047 §5). */
static str take_encoded_word(str *rest, size_t max, struct arena *arena)
{
    struct buf word;
    buf_init(&word, arena, ENCODED_WORD_MAX);
    buf_add(&word, STR("=?utf-8?q?"));
    while (rest->len > 0) {
        str after = *rest;
        str encoded = encode_character(take_character(&after), arena);
        if (word.len + encoded.len + 2 > max)
            break;
        buf_add(&word, encoded);
        *rest = after;
    }
    buf_add(&word, STR("?="));
    assert(!buf_overflowed(&word));
    return buf_str(&word);
}

/* White space between two encoded words is not part of the text (RFC 2047 §6.2). */
static void add_encoded(struct header *header, str text)
{
    struct arena *arena = header->to->arena;
    while (text.len > 0) {
        size_t left = LINE_MAX_CHARS - 1 - MIN_OF(header->column, (size_t)LINE_MAX_CHARS - 1);
        bool fits = left >= sizeof("=?utf-8?q?=F0=9F=98=80?=") - 1;
        size_t max = fits ? MIN_OF(left, (size_t)ENCODED_WORD_MAX) : ENCODED_WORD_MAX;
        add_word(header, take_encoded_word(&text, max, arena));
    }
}

static bool has_long_word(str text)
{
    while (text.len > 0)
        if (str_cut(&text, ' ').len > ENCODED_WORD_MAX)
            return true;
    return false;
}

static void add_subject(struct buf *to, str subject)
{
    struct header header = header_begin(to, "Subject");
    str text = message_one_line(subject, SUBJECT_MAX, to->arena);
    if (is_printable_ascii(text) && !has_word_mark(text) && !has_long_word(text))
        while (text.len > 0)
            add_word(&header, str_cut(&text, ' '));
    else
        add_encoded(&header, text);
    header_end(&header);
}

/* RFC 5322 §3.2.4. */
static str quoted_string(str text, struct arena *arena)
{
    struct buf quoted;
    buf_init(&quoted, arena, text.len * 2 + 2);
    buf_char(&quoted, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            buf_char(&quoted, '\\');
        buf_char(&quoted, text.ptr[i]);
    }
    buf_char(&quoted, '"');
    return buf_str(&quoted);
}

/* RFC 5322 §3.4: a name-addr, or the addr-spec alone. */
static void add_person(struct buf *to, const char *name, const struct message_person *person)
{
    struct header header = header_begin(to, name);
    str shown = message_one_line(person->name, NAME_MAX_BYTES, to->arena);
    if (shown.len == 0) {
        add_word(&header, person->address);
        header_end(&header);
        return;
    }
    str quoted = quoted_string(shown, to->arena);
    if (is_printable_ascii(shown) && !has_word_mark(shown) && quoted.len <= ENCODED_WORD_MAX)
        add_word(&header, quoted);
    else
        add_encoded(&header, shown);
    add_word(&header, arena_format(to->arena, "<%.*s>", STR_ARG(person->address)));
    header_end(&header);
}

/* RFC 5322 §3.3. */
static void add_date(struct buf *to, int64_t at_ms)
{
    static const char days[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[INSTANT_TEXT_LEN];
    at_ms = MAX_OF(at_ms, 0);
    instant_write(at_ms, text);
    int day = (int)(at_ms / DAY_MS % 7);
    int month = (text[5] - '0') * 10 + (text[6] - '0');
    buf_format(to, "Date: %.3s, %.2s %.3s %.4s %.8s +0000\r\n", days + (ptrdiff_t)day * 3, text + 8,
               months + (ptrdiff_t)(month - 1) * 3, text, text + 11);
}

/* RFC 5322 §3.6.4: unique by the sender's domain on the right side. */
static void add_id(struct buf *to, const struct message_parts *parts)
{
    struct header header = header_begin(to, "Message-ID");
    str domain = parts->from.address;
    (void)str_cut(&domain, '@');
    add_word(&header, arena_format(to->arena, "<%.*s@%.*s>", STR_ARG(parts->id), STR_ARG(domain)));
    header_end(&header);
}

static void add_head(struct buf *to, const struct message_parts *parts)
{
    add_person(to, "From", &parts->from);
    add_person(to, "To", &parts->to);
    add_subject(to, parts->subject);
    add_date(to, parts->at_ms);
    add_id(to, parts);
    /* RFC 3834 §5: who answers by machine does not answer this. */
    buf_add(to, STR("Auto-Submitted: auto-generated\r\n"
                    "MIME-Version: 1.0\r\n" /* RFC 2045 §4 */
                    "Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"\r\n"));
}

/* ── bodies ── */

/* May text.ptr[at] stand for itself (RFC 2045 §6.7 (2) and (3))? A space at a line's end would get
 * lost on the way; a dot (RFC 5321 §4.5.2) or "From " at its beginning may be altered by servers.
 */
static bool stands_for_itself(str text, size_t at, size_t column)
{
    char c = text.ptr[at];
    if (c == ' ' || c == '\t')
        return at + 1 < text.len && text.ptr[at + 1] != '\n';
    if (column == 0 && (c == '.' || str_starts(str_skip(text, at), STR("From "))))
        return false;
    return c > ' ' && c <= '~' && c != '=';
}

/* Quoted-printable (RFC 2045 §6.7). */
static void add_body(struct buf *to, str text)
{
    size_t column = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\n') {
            buf_add(to, CRLF);
            column = 0;
            continue;
        }
        /* One column stays free for the '=' of a soft line break. */
        if (column + (stands_for_itself(text, i, column) ? 1 : 3) > LINE_MAX_CHARS - 1) {
            buf_add(to, STR("=\r\n"));
            column = 0;
        }
        bool itself = stands_for_itself(text, i, column);
        if (itself)
            buf_char(to, text.ptr[i]);
        else
            add_hex(to, text.ptr[i]);
        column += itself ? 1 : 3;
    }
}

/* The line end before a boundary belongs to the boundary (RFC 2046 §5.1.1). */
static void add_part(struct buf *to, const char *type, str text)
{
    buf_format(to,
               "\r\n--" BOUNDARY "\r\n"
               "Content-Type: text/%s; charset=utf-8\r\n"
               "Content-Transfer-Encoding: quoted-printable\r\n"
               "\r\n",
               type);
    add_body(to, message_lines(text, to->arena));
}

enum message_outcome message_write(const struct message_parts *parts, struct arena *arena,
                                   str *ret_message)
{
    assert(parts->text.len <= MESSAGE_TEXT_MAX && parts->html.len <= MESSAGE_TEXT_MAX);
    if (!message_address_is_good(parts->from.address))
        return MESSAGE_BAD_FROM;
    if (!message_address_is_good(parts->to.address))
        return MESSAGE_BAD_TO;
    if (parts->id.len == 0 || parts->id.len > ID_MAX || !is_dot_atom(parts->id))
        return MESSAGE_BAD_ID;
    struct buf to;
    buf_init(&to, arena, MESSAGE_MAX);
    add_head(&to, parts);
    /* RFC 2046 §5.1.4: the plainest first, what readers should prefer last. */
    add_part(&to, "plain", parts->text);
    add_part(&to, "html", parts->html);
    buf_add(&to, STR("\r\n--" BOUNDARY "--\r\n"));
    assert(!buf_overflowed(&to));
    *ret_message = buf_str(&to);
    return MESSAGE_GOOD;
}
