/* SPDX-License-Identifier: MIT
 * The text is walked once. At each separator (':', '=', '>') the name is looked for behind it, and
 * when that says secret the value in front of it is masked; what stands between is searched for
 * secrets that show by themselves. */
#include "base/redact.h"

#include "base/buf.h"

/* How far behind a separator its name may begin. */
#define NAME_REACH 120

struct scan {
    str text;
    size_t at;     /* looked at up to here */
    size_t copied; /* in `out` up to here */
    struct buf out;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

static bool one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* '\0' behind the end. */
static char char_at(const struct scan *scan, size_t at)
{
    return at < scan->text.len ? scan->text.ptr[at] : '\0';
}

static bool stands_at(const struct scan *scan, size_t at, str what)
{
    return at <= scan->text.len && str_starts(str_skip(scan->text, at), what);
}

static size_t find(const struct scan *scan, size_t from, str what)
{
    for (size_t at = from; at + what.len <= scan->text.len; at++)
        if (stands_at(scan, at, what))
            return at;
    return scan->text.len;
}

static size_t find_any(const struct scan *scan, size_t from, const char *set)
{
    size_t at = from;
    while (at < scan->text.len && !one_of(scan->text.ptr[at], set))
        at++;
    return at;
}

static size_t skip_space(const struct scan *scan, size_t at)
{
    while (at < scan->text.len && is_space(scan->text.ptr[at]))
        at++;
    return at;
}

/* Puts the mask in place of [from, to), between `quotes` (may be empty). */
static void mask(struct scan *scan, size_t from, size_t to, str quotes)
{
    assert(from >= scan->copied && to >= from);
    buf_add(&scan->out, str_from(scan->text.ptr + scan->copied, from - scan->copied));
    buf_add(&scan->out, quotes);
    buf_add(&scan->out, MASKED);
    buf_add(&scan->out, quotes);
    scan->copied = to;
    scan->at = to;
}

/* ── quotes, also those inside a JSON string: backslashes and a quote ── */

static size_t backslashes_before(const struct scan *scan, size_t at, size_t least)
{
    size_t count = 0;
    while (at - count > least && scan->text.ptr[at - count - 1] == '\\')
        count++;
    return count;
}

/* A quote behind `slashes` backslashes ends at level `level` (that many backslashes are before each
 * of its quotes: 0, 1, 3, …) what was begun there; with fewer, something around it ends. */
static bool closes(size_t slashes, size_t level)
{
    return slashes <= level ? slashes == level || level > 0
                            : (slashes - level) % (2 * (level + 1)) == 0;
}

/* Where the string ends whose quote is at `open`: the place of the backslashes and quote. */
static size_t string_end(const struct scan *scan, size_t open, size_t level)
{
    char quote = scan->text.ptr[open];
    for (size_t at = open + 1; at < scan->text.len; at++) {
        if (scan->text.ptr[at] != quote)
            continue;
        size_t slashes = backslashes_before(scan, at, open + 1);
        if (closes(slashes, level))
            return at - MIN_OF(slashes, level);
    }
    return scan->text.len;
}

/* What string_end() found is passed: backslashes, and the quote. */
static size_t behind_quote(const struct scan *scan, size_t at)
{
    while (char_at(scan, at) == '\\')
        at++;
    return MIN_OF(at + 1, scan->text.len);
}

/* Behind the object or array that begins at `at`. */
static size_t nested_end(const struct scan *scan, size_t at)
{
    size_t depth = 0;
    for (; at < scan->text.len; at++) {
        char c = scan->text.ptr[at];
        if (c == '"')
            at = behind_quote(scan, string_end(scan, at, backslashes_before(scan, at, 0))) - 1;
        else if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            return at + 1;
    }
    return scan->text.len;
}

/* ── the name behind a separator ── */

static size_t reach(size_t at)
{
    return at > NAME_REACH ? at - NAME_REACH : 0;
}

/* `end` is behind the last character of the name. */
static size_t name_start(const struct scan *scan, size_t end, const char *stops)
{
    size_t at = end;
    while (at > reach(end) && !one_of(scan->text.ptr[at - 1], stops))
        at--;
    return at;
}

/* Also the quote that closes the name, with its backslashes; empty: it stands bare. */
static str name_before(const struct scan *scan, size_t separator, str *ret_quote)
{
    size_t end = separator;
    while (end > reach(separator) && is_space(scan->text.ptr[end - 1]))
        end--;
    *ret_quote = (str){};
    const char *stops =
        scan->text.ptr[separator] == '=' ? " \t\r\n&?;,\"'<>{(" : "\r\n&?;,\"'<>{}()";
    if (end > 0 && is_quote(scan->text.ptr[end - 1])) {
        size_t slashes = backslashes_before(scan, end - 1, 0);
        *ret_quote = str_from(scan->text.ptr + end - 1 - slashes, slashes + 1);
        end -= slashes + 1;
        stops = "\"'";
    }
    size_t start = name_start(scan, end, stops);
    return str_from(scan->text.ptr + start, end - start);
}

/* ── values ── */

/* null, and what is empty, says nothing that must be hidden. */
static bool is_nothing(str value)
{
    return value.len == 0 || str_equal(value, STR("null"));
}

static void mask_value(struct scan *scan, size_t from, size_t to, str quotes)
{
    if (is_nothing(str_from(scan->text.ptr + from, to - from)))
        scan->at = to;
    else
        mask(scan, from, to, quotes);
}

/* `open` is the place of its quote, behind `level` backslashes. */
static void mask_string(struct scan *scan, size_t open, size_t level)
{
    mask_value(scan, open + 1, string_end(scan, open, level), (str){});
    scan->at = behind_quote(scan, scan->at);
}

/* A number or a literal of JSON ends at a comma; what is none of them may hold commas. */
static size_t bare_end(const struct scan *scan, size_t at)
{
    bool literal = char_is_digit(char_at(scan, at)) || char_at(scan, at) == '-' ||
                   stands_at(scan, at, STR("true")) || stands_at(scan, at, STR("false")) ||
                   stands_at(scan, at, STR("null"));
    size_t end = find_any(scan, at, literal ? ",}]\"<\r\n" : "}]\"<\r\n");
    while (end > at && (is_space(scan->text.ptr[end - 1]) || scan->text.ptr[end - 1] == '\\'))
        end--;
    return end;
}

/* Of a name with ':' behind it: JSON, or a header line. */
static void mask_after_colon(struct scan *scan, size_t at, str quote)
{
    at = skip_space(scan, at);
    size_t open = at;
    while (char_at(scan, open) == '\\')
        open++;
    if (is_quote(char_at(scan, open)))
        mask_string(scan, open, open - at);
    else if (char_at(scan, at) == '{' || char_at(scan, at) == '[')
        mask(scan, at, nested_end(scan, at), quote.len == 0 ? STR("\"") : quote);
    else
        mask_value(scan, at, bare_end(scan, at), quote);
}

/* Of a name with '=' behind it: a form, a query string, a cookie, an attribute of XML. */
static void mask_after_equals(struct scan *scan, size_t at)
{
    while (char_at(scan, at) == ' ')
        at++;
    size_t open = at;
    while (char_at(scan, open) == '\\')
        open++;
    if (is_quote(char_at(scan, open)))
        mask_string(scan, open, open - at);
    else
        mask_value(scan, at, find_any(scan, at, "&\"<\r\n"), (str){});
}

/* <password type="x">value</password> */
static void scan_element(struct scan *scan, size_t close)
{
    size_t start = name_start(scan, close, "<>");
    str tag = str_from(scan->text.ptr + start, close - start);
    str name = str_cut(&tag, ' ');
    if (start == 0 || scan->text.ptr[start - 1] != '<' || str_starts(name, STR("/")) ||
        !redact_name(name))
        return;
    size_t value = close + 1;
    str raw = STR("<![CDATA[");
    if (stands_at(scan, value, raw))
        mask_value(scan, value + raw.len, find(scan, value + raw.len, STR("]]>")), (str){});
    else
        mask_value(scan, value, find_any(scan, value, "<"), (str){});
}

/* name="password", in a multipart body: the value is behind the next empty line, and what stands
 * before that goes too. */
static bool scan_part(struct scan *scan, size_t at)
{
    if (!is_quote(char_at(scan, at)))
        return false;
    size_t end = string_end(scan, at, 0);
    size_t empty_line = find(scan, end, STR("\r\n\r\n"));
    if (empty_line == scan->text.len ||
        !redact_name(str_from(scan->text.ptr + at + 1, end - at - 1)))
        return false;
    mask_value(scan, end + 1, find(scan, empty_line + 4, STR("\r\n--")), (str){});
    return true;
}

/* https://user:password@host */
static bool scan_userinfo(struct scan *scan, size_t colon)
{
    if (!stands_at(scan, colon, STR("://")))
        return false;
    size_t start = colon + 3;
    size_t end = find_any(scan, start, "@/?#\"'<> \t\r\n");
    size_t divider = start;
    while (divider < end && scan->text.ptr[divider] != ':')
        divider++;
    if (char_at(scan, end) == '@' && divider < end)
        mask_value(scan, divider + 1, end, (str){});
    else
        scan->at = start;
    return true;
}

/* False: there is no secret behind this separator. */
static bool scan_separator(struct scan *scan, size_t at)
{
    size_t before = scan->at;
    char c = scan->text.ptr[at];
    if (c == '>') {
        scan_element(scan, at);
        return scan->at != before;
    }
    if (c == ':' && scan_userinfo(scan, at))
        return true;
    str quote;
    str name = name_before(scan, at, &quote);
    if (c == '=' && str_equal_nocase(name, STR("name")) && scan_part(scan, at + 1))
        return true;
    /* "key" says secret in a query string; elsewhere it mostly does not. */
    if (!redact_name(name) && !(c == '=' && str_equal_nocase(name, STR("key"))))
        return false;
    if (c == ':')
        mask_after_colon(scan, at + 1, quote);
    else
        mask_after_equals(scan, at + 1);
    return scan->at != before;
}

/* ── what shows by itself ── */

static bool is_key_character(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || one_of(c, "_-+/=%:");
}

static bool scan_key(struct scan *scan, size_t at)
{
    static const str prefixes[] = { STR_INIT("jnk_"), STR_INIT("whsec_") };
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        size_t start = at + prefixes[i].len;
        size_t end = start;
        if (!stands_at(scan, at, prefixes[i]))
            continue;
        while (end < scan->text.len && is_key_character(scan->text.ptr[end]))
            end++;
        if (end > start)
            mask(scan, start, end, (str){});
        return end > start;
    }
    return false;
}

#define CARD_LEAST 13
#define CARD_MOST 19

static bool is_luhn(const char *digits, size_t count)
{
    int sum = 0;
    for (size_t i = 0; i < count; i++) {
        int digit = digits[count - 1 - i] - '0';
        int twice = digit * 2;
        sum += i % 2 == 0 ? digit : twice - (twice > 9 ? 9 : 0);
    }
    return sum % 10 == 0;
}

/* Behind one separator of a card number, if a digit follows; else `at`. */
static size_t skip_divider(const struct scan *scan, size_t at)
{
    size_t length = stands_at(scan, at, STR("%20")) ? 3 : one_of(char_at(scan, at), " -+") ? 1 : 0;
    return char_is_digit(char_at(scan, at + length)) ? at + length : at;
}

/* A group of digits begins at `at`. The groups that make a card number are masked, the others are
 * passed by one at a time. */
static void scan_digits(struct scan *scan, size_t at)
{
    char digits[CARD_MOST];
    size_t count = 0;
    size_t card = at;        /* where it ends; `at`: there is none */
    size_t first_group = at; /* its end */
    for (size_t end = at; end < scan->text.len && char_is_digit(scan->text.ptr[end]);) {
        for (; char_is_digit(char_at(scan, end)); end++, count++)
            if (count < CARD_MOST)
                digits[count] = scan->text.ptr[end];
        if (first_group == at)
            first_group = end;
        if (count >= CARD_LEAST && count <= CARD_MOST && is_luhn(digits, count))
            card = end;
        if (count >= CARD_MOST)
            break;
        end = skip_divider(scan, end);
    }
    if (card > at)
        mask(scan, at, card, (str){});
    else
        scan->at = first_group;
}

/* ── the whole ── */

static void scan_one(struct scan *scan, bool by_name)
{
    size_t at = scan->at;
    char c = scan->text.ptr[at];
    if (by_name && one_of(c, ":=>") && scan_separator(scan, at))
        return;
    if ((c == 'j' || c == 'w') && scan_key(scan, at))
        return;
    if (char_is_digit(c))
        scan_digits(scan, at);
    else
        scan->at = at + 1;
}

/* The first `most` bytes of the text, with what is behind them looked at, too. */
static str run(str text, size_t most, bool by_name, struct arena *arena)
{
    struct scan scan = { .text = text };
    size_t end = MIN_OF(most, text.len);
    buf_init(&scan.out, arena, SIZE_MAX / 2);
    while (scan.at < end)
        scan_one(&scan, by_name);
    if (scan.copied == 0)
        return str_head(text, end);
    if (scan.copied < end)
        buf_add(&scan.out, str_from(text.ptr + scan.copied, end - scan.copied));
    return buf_str(&scan.out);
}

str redact(str text, struct arena *arena)
{
    return run(text, text.len, true, arena);
}

str redact_plain(str text, struct arena *arena)
{
    return run(text, text.len, false, arena);
}

/* Without the beginning of a character whose rest was cut off. */
static str whole_characters(str text)
{
    size_t back = 0;
    while (back < 3 && back < text.len &&
           ((unsigned char)text.ptr[text.len - 1 - back] & 0xc0) == 0x80)
        back++;
    if (back == text.len)
        return text;
    unsigned char first = (unsigned char)text.ptr[text.len - 1 - back];
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    return length > back + 1 ? str_head(text, text.len - 1 - back) : text;
}

/* A key or a card number that begins before the cut is seen whole with so many bytes more. */
#define BEHIND_CUT 64

str redact_head(str text, size_t most, struct arena *arena)
{
    str seen = str_head(text, MIN_OF(most, text.len) + BEHIND_CUT);
    str kept = run(seen, most, true, arena);
    return text.len <= most && kept.len <= most ? kept : whole_characters(str_head(kept, most));
}
