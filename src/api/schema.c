/* SPDX-License-Identifier: MIT */
#include "api/schema.h"

#include "base/instant.h"
#include "model/money.h"
#include "json/write.h"

#define AUDIT_VALUE_MAX 2048
#define AUDIT_MAX ((size_t)32 << 10)

struct check {
    struct arena *arena;
    struct problem *reterr;
    str pointer; /* of the value that is looked at */
    str field;
};

static bool wrong(const struct check *check, const char *code, str message)
{
    problem_add(check->reterr, check->arena,
                (struct field_error){ .pointer = check->pointer,
                                      .field = check->field,
                                      .code = str_c(code),
                                      .message = message });
    return false;
}

static str pointer_to(struct arena *arena, str parent, str name)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX / 2);
    buf_add(&buf, parent);
    json_pointer_add(&buf, name);
    return buf_str(&buf);
}

/* Characters (code points) of UTF-8. */
static int64_t text_length(str text)
{
    int64_t length = 0;
    for (size_t i = 0; i < text.len; i++)
        length += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return length;
}

static bool bounded(const struct check *check, const struct member *member, int64_t value,
                    const char *what)
{
    if (value >= member->least && (member->most == 0 || value <= member->most))
        return true;
    if (member->most == 0)
        return wrong(
            check, "range",
            arena_format(check->arena, "Send at least %lld%s.", (long long)member->least, what));
    return wrong(check, "range",
                 arena_format(check->arena, "Send %lld to %lld%s.", (long long)member->least,
                              (long long)member->most, what));
}

str choices_text(struct arena *arena, const char *const *choices)
{
    struct buf text;
    buf_init(&text, arena, 4096);
    buf_add(&text, STR("Send one of: "));
    for (const char *const *at = choices; *at != NULL; at++)
        buf_format(&text, "%s%s", at == choices ? "" : ", ", *at);
    buf_char(&text, '.');
    return buf_str(&text);
}

static bool is_choice(const struct check *check, const struct member *member, str text)
{
    if (member->choices == NULL)
        return true;
    for (const char *const *at = member->choices; *at != NULL; at++)
        if (str_equal(str_c(*at), text))
            return true;
    return wrong(check, "option", choices_text(check->arena, member->choices));
}

static bool has_nul(str text)
{
    return str_index(text, '\0') >= 0;
}

static bool refuse_nul(const struct check *check)
{
    return wrong(check, "format", STR("Send text without the character U+0000."));
}

static bool check_string(const struct check *check, const struct member *member, json value)
{
    str text = json_string(value);
    if (has_nul(text))
        return refuse_nul(check);
    if (str_equal(str_c(member->name), STR("name")) && str_has_control(str_trim(text)))
        return wrong(check, "format",
                     STR("Send a name without control characters, line ends and tabs included."));
    /* White space alone says nothing. */
    if (member->least > 0 && str_trim(text).len == 0)
        return wrong(check, "required", STR("Send a text that is not empty."));
    return bounded(check, member, text_length(text), " characters") &&
           is_choice(check, member, text);
}

static bool check_strings(const struct check *check, const struct member *member, json value)
{
    if (!bounded(check, member, (int64_t)json_count(value), " elements"))
        return false;
    const struct member element = { .choices = member->choices, .least = 1, .most = 500 };
    struct json_walk walk = json_walk(value);
    json item;
    bool good = true;
    for (int i = 0; json_next(&walk, NULL, &item); i++) {
        struct check at = *check;
        at.pointer = arena_format(check->arena, "%.*s/%d", STR_ARG(check->pointer), i);
        if (json_type(item) == JSON_STRING)
            good = check_string(&at, &element, item) && good;
        else
            good = wrong(&at, "type", STR("Send a string.")) && good;
    }
    return good;
}

static bool check_integer(const struct check *check, const struct member *member, json value)
{
    int64_t number;
    if (!json_to_int64(value, &number))
        return wrong(check, "type", STR("Send a whole number."));
    return bounded(check, member, number, "");
}

static bool check_integers(const struct check *check, const struct member *member, json value)
{
    const struct member element = { .least = member->item_least, .most = member->item_most };
    if (!bounded(check, member, (int64_t)json_count(value), " elements"))
        return false;
    struct json_walk walk = json_walk(value);
    json item;
    bool good = true;
    for (int i = 0; json_next(&walk, NULL, &item); i++) {
        struct check at = *check;
        at.pointer = arena_format(check->arena, "%.*s/%d", STR_ARG(check->pointer), i);
        good = check_integer(&at, &element, item) && good;
    }
    return good;
}

/* Strict, where postbacks are not: no sign of a currency, no groups of digits. */
static bool is_decimal(str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!char_is_digit(text.ptr[i]) && text.ptr[i] != '.' && text.ptr[i] != '-')
            return false;
    return true;
}

static bool check_money(const struct check *check, const struct member *member, json value)
{
    bool number = json_type(value) == JSON_NUMBER;
    if (!number && json_type(value) != JSON_STRING)
        return wrong(check, "type",
                     arena_format(check->arena, "Send a string or a number, not %.*s.",
                                  STR_ARG(json_type_name(value))));
    str text = number ? json_number(value) : json_string(value);
    int64_t minor;
    if (!is_decimal(text) || !money_read(text, &minor))
        return wrong(check, "format",
                     STR("Send an amount such as \"29.40\": at most ten thousand million, with at "
                         "most two digits behind the point."));
    char least[MONEY_TEXT_MAX];
    if (minor >= member->least)
        return true;
    return wrong(check, "range",
                 arena_format(check->arena, "Send at least %.*s.",
                              STR_ARG(money_write(member->least, least))));
}

static bool check_instant(const struct check *check, json value)
{
    int64_t at_ms;
    if (instant_read(json_string(value), &at_ms))
        return true;
    return wrong(check, "format",
                 STR("Send a moment as in RFC 3339, such as 2026-11-21T10:00:00Z."));
}

/* What JSON type a shape takes; JSON_ABSENT: any. */
static enum json_type type_of(enum shape shape)
{
    switch (shape) {
    case SHAPE_STRING:
    case SHAPE_INSTANT:
        return JSON_STRING;
    case SHAPE_INTEGER:
        return JSON_NUMBER;
    case SHAPE_BOOLEAN:
        return JSON_BOOL;
    case SHAPE_OBJECT:
    case SHAPE_MAP:
        return JSON_OBJECT;
    case SHAPE_STRINGS:
    case SHAPE_INTEGERS:
    case SHAPE_OBJECTS:
        return JSON_ARRAY;
    case SHAPE_MONEY:
    case SHAPE_ANY:
    case SHAPE_NONE:
        break;
    }
    return JSON_ABSENT;
}

static const char *type_phrase(enum json_type type)
{
    switch (type) {
    case JSON_STRING:
        return "a string";
    case JSON_NUMBER:
        return "a number";
    case JSON_BOOL:
        return "true or false";
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_ABSENT:
    case JSON_NULL:
        break;
    }
    return "something else";
}

static bool has_type(const struct check *check, enum json_type wanted, json value)
{
    if (wanted == JSON_ABSENT || json_type(value) == wanted)
        return true;
    return wrong(check, "type",
                 arena_format(check->arena, "Send %s, not %.*s.", type_phrase(wanted),
                              STR_ARG(json_type_name(value))));
}

/* Each text with a U+0000 in it is told where it stands, and so is each such name; no more of them
 * than are listed, since a pointer may be as long as the body. */
static bool check_nul(const struct check *check, json value)
{
    bool array = json_type(value) == JSON_ARRAY;
    if (!json_has_nul(value))
        return true;
    if (json_type(value) == JSON_STRING)
        return refuse_nul(check);
    struct json_walk walk = json_walk(value);
    str name = {};
    json member;
    for (int i = 0; json_next(&walk, array ? NULL : &name, &member); i++) {
        if (check->reterr->error_count >= PROBLEM_ERRORS_MAX)
            break;
        if (!has_nul(name) && !json_has_nul(member))
            continue;
        struct check at = *check;
        at.pointer = array ? arena_format(check->arena, "%.*s/%d", STR_ARG(check->pointer), i)
                           : pointer_to(check->arena, check->pointer, name);
        at.field = array ? check->field : name;
        if (has_nul(name))
            (void)refuse_nul(&at);
        else
            (void)check_nul(&at, member);
    }
    return false;
}

static bool check_object(const struct check *whole, const struct schema *schema, json object);

/* Each element of an array, or the object itself. */
static bool check_deep(const struct check *check, const struct member *member, json value)
{
    if ((member->flags & MEMBER_DEEP) == 0)
        return check_nul(check, value);
    if (json_type(value) == JSON_OBJECT)
        return check_object(check, member->of, value);
    if (!bounded(check, member, (int64_t)json_count(value), " elements"))
        return false;
    bool good = true;
    struct json_walk walk = json_walk(value);
    json item;
    for (int i = 0; json_next(&walk, NULL, &item); i++) {
        struct check at = *check;
        at.pointer = arena_format(check->arena, "%.*s/%d", STR_ARG(check->pointer), i);
        good = check_object(&at, member->of, item) && good;
    }
    return good;
}

static bool check_value(const struct check *check, const struct member *member, json value)
{
    if (json_type(value) == JSON_NULL && (member->flags & MEMBER_NULLABLE) != 0)
        return true;
    if (!has_type(check, type_of(member->shape), value))
        return false;
    switch (member->shape) {
    case SHAPE_STRING:
        return check_string(check, member, value);
    case SHAPE_INSTANT:
        return check_instant(check, value);
    case SHAPE_INTEGER:
        return check_integer(check, member, value);
    case SHAPE_MONEY:
        return check_money(check, member, value);
    case SHAPE_STRINGS:
        return check_strings(check, member, value);
    case SHAPE_INTEGERS:
        return check_integers(check, member, value);
    case SHAPE_OBJECT:
    case SHAPE_OBJECTS:
        return check_deep(check, member, value);
    case SHAPE_MAP:
    case SHAPE_ANY:
        return check_nul(check, value);
    case SHAPE_BOOLEAN:
    case SHAPE_NONE:
        break;
    }
    return true;
}

static const struct member *find_member(const struct schema *schema, str name)
{
    for (const struct member *at = schema->members; at->name != NULL; at++)
        if (str_equal(str_c(at->name), name))
            return at;
    return NULL;
}

static struct check check_of_member(const struct check *whole, str name)
{
    struct check check = *whole;
    check.pointer = pointer_to(whole->arena, whole->pointer, name);
    check.field = name;
    return check;
}

static bool has_required(const struct check *whole, const struct schema *schema, json object)
{
    bool good = true;
    for (const struct member *at = schema->members; at->name != NULL; at++) {
        if ((at->flags & MEMBER_REQUIRED) == 0 || json_get(object, str_c(at->name)) != NULL)
            continue;
        const struct check check = check_of_member(whole, str_c(at->name));
        good = wrong(&check, "required", STR("This value is missing.")) && good;
    }
    return good;
}

static bool check_object(const struct check *whole, const struct schema *schema, json object)
{
    if (!has_type(whole, JSON_OBJECT, object))
        return false;
    bool good = has_required(whole, schema, object);
    uint64_t seen = 0; /* by the member's place in the table */
    struct json_walk walk = json_walk(object);
    str name;
    json value;
    while (json_next(&walk, &name, &value)) {
        const struct member *member = find_member(schema, name);
        const struct check check = check_of_member(whole, name);
        if (member == NULL) {
            good = wrong(&check, "unknown", STR("There is no value of this name."));
            continue;
        }
        uint64_t bit = (uint64_t)1 << (member - schema->members);
        if ((seen & bit) != 0)
            good = wrong(&check, "duplicate", STR("This value comes twice."));
        else
            good = check_value(&check, member, value) && good;
        seen |= bit;
    }
    return good;
}

bool schema_check(const struct schema *schema, json body, struct arena *arena,
                  struct problem *reterr)
{
    const struct check whole = { .arena = arena, .reterr = reterr };
    return check_object(&whole, schema, body);
}

str schema_audit(const struct schema *schema, json body, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, AUDIT_MAX);
    struct json_writer writer = json_writer(&buf);
    json_begin_object(&writer);
    struct json_walk walk = json_walk(body);
    str name;
    json value;
    while (json_next(&walk, &name, &value)) {
        const struct member *member = find_member(schema, name);
        if (member == NULL)
            continue;
        if ((member->flags & (MEMBER_SECRET | MEMBER_SEALED)) != 0) {
            bool secret = (member->flags & MEMBER_SECRET) != 0;
            json_member_string(&writer, name, secret ? STR("(secret)") : STR("(sealed)"));
            continue;
        }
        struct buf text;
        buf_init(&text, arena, SIZE_MAX / 2);
        struct json_writer value_writer = json_writer(&text);
        json_add_value(&value_writer, value);
        if (text.len > AUDIT_VALUE_MAX)
            json_member_string(&writer, name, arena_format(arena, "(%zu bytes)", text.len));
        else
            json_member_raw(&writer, name, buf_str(&text));
    }
    json_end_object(&writer);
    return buf_overflowed(&buf) ? STR("{}") : buf_str(&buf);
}
