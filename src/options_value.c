/* SPDX-License-Identifier: MIT */
#include "options_value.h"

#include <inttypes.h>

#include "base/address.h"
#include "base/buf.h"

#define SHOWN_MAX 100

struct suffix {
    str name;
    int64_t factor;
};

/* The largest first: numbers are shown with the first that divides them. */
static const struct suffix byte_suffixes[] = {
    { STR_INIT("TiB"), INT64_C(1) << 40 },
    { STR_INIT("GiB"), INT64_C(1) << 30 },
    { STR_INIT("MiB"), INT64_C(1) << 20 },
    { STR_INIT("KiB"), INT64_C(1) << 10 },
    { STR_INIT("B"), 1 },
};

static const struct suffix time_suffixes[] = {
    { STR_INIT("d"), 86400000 }, { STR_INIT("h"), 3600000 }, { STR_INIT("m"), 60000 },
    { STR_INIT("s"), 1000 },     { STR_INIT("ms"), 1 },
};

static bool is_bytes(const struct option *option)
{
    return option->unit != NULL && str_equal(str_c(option->unit), STR("bytes"));
}

/* The value in quotes for an error, cut where it is long. */
static str shown(str text, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, 8 * SHOWN_MAX);
    buf_quoted(&buf, str_head(text, SHOWN_MAX));
    if (text.len > SHOWN_MAX)
        buf_add(&buf, STR("…"));
    return buf_str(&buf);
}

static str number_text(const struct option *option, int64_t number, struct arena *arena)
{
    if (option->type == OPTION_DURATION) {
        for (size_t i = 0; i < COUNT_OF(time_suffixes); i++)
            if (number != 0 && number % time_suffixes[i].factor == 0)
                return arena_format(arena, "%" PRId64 "%.*s", number / time_suffixes[i].factor,
                                    STR_ARG(time_suffixes[i].name));
    } else if (is_bytes(option)) {
        for (size_t i = 0; i + 1 < COUNT_OF(byte_suffixes); i++)
            if (number != 0 && number % byte_suffixes[i].factor == 0)
                return arena_format(arena, "%" PRId64 "%.*s", number / byte_suffixes[i].factor,
                                    STR_ARG(byte_suffixes[i].name));
    }
    return arena_format(arena, "%" PRId64, number);
}

str option_range_text(const struct option *option, struct arena *arena)
{
    if (option->least == option->most)
        return (str){};
    return arena_format(arena, "%.*s to %.*s", STR_ARG(number_text(option, option->least, arena)),
                        STR_ARG(number_text(option, option->most, arena)));
}

static bool in_range(const struct option *option, int64_t number, struct arena *arena,
                     str *reterr_text)
{
    bool any = option->least == option->most;
    if (!any && (number < option->least || number > option->most)) {
        *reterr_text = arena_format(
            arena, "%.*s is too %s: give %.*s", STR_ARG(number_text(option, number, arena)),
            number < option->least ? "small" : "large", STR_ARG(option_range_text(option, arena)));
        return false;
    }
    if (option->step > 0 && number % option->step != 0) {
        *reterr_text = arena_format(arena, "%.*s is no multiple of %.*s",
                                    STR_ARG(number_text(option, number, arena)),
                                    STR_ARG(number_text(option, option->step, arena)));
        return false;
    }
    return true;
}

/* Digits, then perhaps white space, then one of the suffixes (or nothing, where `bare` allows it).
 */
static bool read_scaled(str text, const struct suffix *suffixes, size_t count, bool bare,
                        int64_t *ret_number)
{
    size_t digits = 0;
    while (digits < text.len && char_is_digit(text.ptr[digits]))
        digits++;
    int64_t number;
    if (digits == 0 || !str_to_int64(str_head(text, digits), &number))
        return false;
    str suffix = str_trim(str_skip(text, digits));
    int64_t factor = suffix.len == 0 && (bare || number == 0) ? 1 : 0;
    for (size_t i = 0; i < count; i++)
        if (str_equal_nocase(suffix, suffixes[i].name))
            factor = suffixes[i].factor;
    return factor != 0 && !__builtin_mul_overflow(number, factor, ret_number);
}

static bool read_number(const struct option *option, str text, struct arena *arena, int64_t *member,
                        str *reterr_text)
{
    int64_t number;
    bool read = false;
    const char *form = "a whole number in digits";
    if (option->type == OPTION_DURATION) {
        read = read_scaled(text, time_suffixes, COUNT_OF(time_suffixes), false, &number);
        form = "a duration: a whole number with ms, s, m, h or d behind it, as in 30s";
    } else if (is_bytes(option)) {
        read = read_scaled(text, byte_suffixes, COUNT_OF(byte_suffixes), true, &number);
        form = "a number of bytes: digits alone, or with KiB, MiB or GiB behind them, as in 64MiB";
    } else {
        read = read_scaled(text, NULL, 0, true, &number);
    }
    if (!read) {
        *reterr_text = arena_format(arena, "%.*s is not %s", STR_ARG(shown(text, arena)), form);
        return false;
    }
    if (!in_range(option, number, arena, reterr_text))
        return false;
    *member = number;
    return true;
}

static bool read_flag(str text, struct arena *arena, bool *member, str *reterr_text)
{
    static const str yes[] = { STR_INIT("true"), STR_INIT("yes"), STR_INIT("on"), STR_INIT("1") };
    static const str no[] = { STR_INIT("false"), STR_INIT("no"), STR_INIT("off"), STR_INIT("0") };
    for (size_t i = 0; i < COUNT_OF(yes); i++) {
        bool is_yes = str_equal_nocase(text, yes[i]);
        if (is_yes || str_equal_nocase(text, no[i])) {
            *member = is_yes;
            return true;
        }
    }
    *reterr_text =
        arena_format(arena, "%.*s is neither true nor false", STR_ARG(shown(text, arena)));
    return false;
}

static bool read_choice(const struct option *option, str text, struct arena *arena, int *member,
                        str *reterr_text)
{
    str rest = str_c(option->choices);
    for (int i = 0; rest.len > 0; i++) {
        if (str_equal_nocase(str_cut(&rest, '|'), text)) {
            *member = i;
            return true;
        }
    }
    *reterr_text =
        arena_format(arena, "%.*s is none of %s", STR_ARG(shown(text, arena)), option->choices);
    return false;
}

static bool read_cidrs(str text, struct arena *arena, struct cidr_list *member, str *reterr_text)
{
    struct cidr_list list;
    str part = {};
    if (!cidr_list_read(text, arena, &list, &part)) {
        *reterr_text = arena_format(arena,
                                    "%.*s is not a range of addresses: write it as 10.0.0.0/8 or "
                                    "fd00::/8, with zeros behind the prefix",
                                    STR_ARG(shown(part, arena)));
        return false;
    }
    if (member->count == 0) {
        *member = list;
        return true;
    }
    size_t count = member->count + list.count;
    struct cidr *ranges = ARENA_ARRAY(arena, struct cidr, count);
    memcpy(ranges, member->ranges, member->count * sizeof(*ranges));
    if (list.count > 0)
        memcpy(ranges + member->count, list.ranges, list.count * sizeof(*ranges));
    *member = (struct cidr_list){ .ranges = ranges, .count = count };
    return true;
}

static bool has_control(str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return true;
    return false;
}

static bool is_listen(str text)
{
    ptrdiff_t colon = -1;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == ':')
            colon = (ptrdiff_t)i;
    int64_t port;
    if (colon < 0)
        return false;
    str digits = str_skip(text, (size_t)colon + 1);
    if (digits.len == 0 || digits.len > 5 || !str_to_int64(digits, &port) || port < 0 ||
        port > 65535)
        return false;
    str host = str_head(text, (size_t)colon);
    struct address address;
    if (str_starts(host, STR("[")) && str_ends(host, STR("]")) && host.len > 2)
        return address_read(str_head(str_skip(host, 1), host.len - 2), &address) &&
               address.family == 6;
    return address_read(host, &address) && address.family == 4;
}

/* What is wrong with an address that others are appended to, or NULL. */
static const char *url_fault(str text)
{
    str scheme = STR("http://");
    if (str_starts(text, STR("https://")))
        scheme = STR("https://");
    if (!str_starts(text, scheme) || str_index(text, ' ') >= 0)
        return "is not an address that begins with http:// or https:// and names a host";
    if (str_index(text, '?') >= 0 || str_index(text, '#') >= 0)
        return "has a query (?…) or a fragment (#…): leave it out, paths are appended to this "
               "address";
    str rest = str_skip(text, scheme.len);
    str host = str_cut(&rest, '/');
    if (str_index(host, '@') >= 0)
        return "holds a user name or password (…@): leave it out";
    if (host.len == 0 || host.ptr[0] == ':')
        return "names no host";
    return NULL;
}

/* What is wrong with the text of a str, or NULL. */
static const char *text_fault(const struct option *option, str text)
{
    if (has_control(text))
        return "holds a control character";
    if (option->type == OPTION_PATH && text.len == 0)
        return "is no path";
    if (option->type == OPTION_URL && url_fault(text) != NULL)
        return url_fault(text);
    if (option->type == OPTION_LISTEN && !is_listen(text))
        return "is not ADDRESS:PORT: write it as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080";
    return NULL;
}

static bool read_text(const struct option *option, str text, struct arena *arena, str *member,
                      str *reterr_text)
{
    const char *fault = text_fault(option, text);
    if (fault != NULL) {
        str what = option->type == OPTION_SECRET ? STR("its value") : shown(text, arena);
        *reterr_text = arena_format(arena, "%.*s %s", STR_ARG(what), fault);
        return false;
    }
    while (option->type == OPTION_URL && str_ends(text, STR("/")))
        text.len--;
    *member = arena_str(arena, text);
    return true;
}

bool option_value_read(const struct option *option, str text, struct arena *arena, void *member,
                       str *reterr_text)
{
    if (option->type == OPTION_INT || option->type == OPTION_DURATION)
        return read_number(option, text, arena, member, reterr_text);
    if (option->type == OPTION_FLAG)
        return read_flag(text, arena, member, reterr_text);
    if (option->type == OPTION_CHOICE)
        return read_choice(option, text, arena, member, reterr_text);
    if (option->type == OPTION_CIDRS)
        return read_cidrs(text, arena, member, reterr_text);
    return read_text(option, text, arena, member, reterr_text);
}

void option_value_default(const struct option *option, void *member, struct arena *arena)
{
    if (option->type == OPTION_INT || option->type == OPTION_DURATION) {
        memcpy(member, &option->normal, sizeof(option->normal));
        return;
    }
    if (option->text == NULL)
        return;
    str fault = {};
    bool read = option_value_read(option, str_c(option->text), arena, member, &fault);
    assert(read && "a default must fit its own type");
    (void)read;
}

str option_default_text(const struct option *option, struct arena *arena)
{
    if (option->shown != NULL)
        return str_c(option->shown);
    if (option->type == OPTION_INT || option->type == OPTION_DURATION)
        return number_text(option, option->normal, arena);
    if (option->text != NULL)
        return str_c(option->text);
    return option->type == OPTION_FLAG ? STR("false") : (str){};
}

str option_value_word(const struct option *option)
{
    static const str words[] = {
        [OPTION_TEXT] = STR_INIT("TEXT"),     [OPTION_PATH] = STR_INIT("FILE"),
        [OPTION_URL] = STR_INIT("URL"),       [OPTION_LISTEN] = STR_INIT("ADDRESS:PORT"),
        [OPTION_SECRET] = STR_INIT("SECRET"), [OPTION_INT] = STR_INIT("N"),
        [OPTION_DURATION] = STR_INIT("TIME"), [OPTION_FLAG] = STR_INIT(""),
        [OPTION_CHOICE] = STR_INIT(""),       [OPTION_CIDRS] = STR_INIT("CIDR"),
    };
    if (option->value != NULL)
        return str_c(option->value);
    if (option->type == OPTION_CHOICE)
        return str_c(option->choices);
    if (is_bytes(option))
        return STR("BYTES");
    return words[option->type];
}

str option_variable(const struct option *option, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, 256);
    buf_add(&buf, STR("JUNCTOR_"));
    for (const char *c = option->name; *c != '\0'; c++)
        buf_char(&buf, *c == '-' ? '_' : (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c));
    return buf_str(&buf);
}
