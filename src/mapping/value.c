/* SPDX-License-Identifier: MIT */
#include "mapping/value.h"

#include "base/instant.h"
#include "mapping/custom_event.h"
#include "mapping/phone.h"

static const struct flaw no_flaw;

static struct flaw flaw(str code, str message)
{
    return (struct flaw){ .code = code, .message = message };
}

static struct flaw wrong_type(const struct value_reader *reader, const char *wanted, json value)
{
    return flaw(STR("type"), arena_format(reader->arena, "Send %s, not a value of type %.*s.",
                                          wanted, STR_ARG(json_type_name(value))));
}

/* ---- the text of a value ---- */

/* A string; forgiving, the text of a number or a boolean too. */
static bool scalar_text(struct value_reader *reader, json value, str *ret_text)
{
    enum json_type type = json_type(value);
    if (type == JSON_STRING) {
        *ret_text = json_string(value);
        return true;
    }
    if (!reader->forgiving || (type != JSON_NUMBER && type != JSON_BOOL))
        return false;
    *ret_text =
        type == JSON_NUMBER ? json_number(value) : (json_bool(value) ? STR("true") : STR("false"));
    reader->coerced = true;
    return true;
}

/* The text of a number: of a number, or forgiving, of a string that holds one. */
static bool number_text(struct value_reader *reader, json value, str *ret_text)
{
    if (json_type(value) == JSON_NUMBER) {
        *ret_text = json_number(value);
        return true;
    }
    str text = str_trim(json_string(value));
    if (!reader->forgiving || !json_is_number(text))
        return false;
    *ret_text = text;
    reader->coerced = true;
    return true;
}

/* ---- one function a type ---- */

static struct flaw write_text(struct value_reader *reader, const struct field *field, json value,
                              struct json_writer *writer)
{
    (void)field;
    str text;
    if (!scalar_text(reader, value, &text)) {
        if (!reader->forgiving)
            return wrong_type(reader, "a string", value);
        /* An array or an object: its JSON. */
        struct buf inner;
        buf_init(&inner, reader->arena, writer->buf->max);
        struct json_writer inner_writer = json_writer(&inner);
        json_add_value(&inner_writer, value);
        if (buf_overflowed(&inner))
            writer->buf->overflow = true;
        text = buf_str(&inner);
        reader->coerced = true;
    }
    if (str_index(text, '\0') >= 0)
        return flaw(STR("format"), STR("Leave out the character U+0000."));
    json_add_string(writer, text);
    return no_flaw;
}

static struct flaw write_decimal(struct value_reader *reader, const struct field *field, json value,
                                 struct json_writer *writer)
{
    (void)field;
    str text;
    if (!number_text(reader, value, &text))
        return wrong_type(reader, "a number", value);
    if (!json_number_fits_double(text))
        return flaw(STR("range"), STR("Send a number from -1.7976931348623157e308 to "
                                      "1.7976931348623157e308."));
    json_add_raw(writer, text);
    return no_flaw;
}

static struct flaw write_integer(struct value_reader *reader, const struct field *field, json value,
                                 struct json_writer *writer)
{
    (void)field;
    str text;
    if (!number_text(reader, value, &text))
        return wrong_type(reader, "a whole number", value);
    int64_t number;
    if (!json_number_is_whole(text))
        return flaw(STR("type"), STR("Send a whole number, without a fraction."));
    if (!json_number_to_int64(text, &number))
        return flaw(STR("range"),
                    STR("Send a whole number from -9223372036854775808 to 9223372036854775807."));
    json_add_int(writer, number);
    return no_flaw;
}

static struct flaw write_boolean(struct value_reader *reader, const struct field *field, json value,
                                 struct json_writer *writer)
{
    (void)field;
    if (json_type(value) == JSON_BOOL) {
        json_add_bool(writer, json_bool(value));
        return no_flaw;
    }
    str text;
    if (!reader->forgiving || !scalar_text(reader, value, &text))
        return wrong_type(reader, "true or false", value);
    text = str_trim(text);
    bool yes = str_equal_nocase(text, STR("true")) || str_equal(text, STR("1"));
    bool no = str_equal_nocase(text, STR("false")) || str_equal(text, STR("0"));
    if (!yes && !no)
        return flaw(STR("type"), STR("Send true or false."));
    reader->coerced = true;
    json_add_bool(writer, yes);
    return no_flaw;
}

static struct flaw write_email(struct value_reader *reader, const struct field *field, json value,
                               struct json_writer *writer)
{
    (void)field;
    if (json_type(value) != JSON_STRING)
        return wrong_type(reader, "a string", value);
    if (!email_key(json_string(value), reader->arena, &reader->email, &reader->email_key))
        return flaw(STR("format"), STR("Send an e-mail address, such as name@example.org."));
    json_add_string(writer, reader->email);
    return no_flaw;
}

static struct flaw write_phone(struct value_reader *reader, const struct field *field, json value,
                               struct json_writer *writer)
{
    str text;
    if (json_type(value) == JSON_BOOL || !scalar_text(reader, value, &text))
        return wrong_type(reader, "a string", value);
    str number;
    if (!phone_read(text, field->country, reader->arena, &number))
        return flaw(STR("format"),
                    field->country.len > 0
                        ? STR("Send a telephone number: 6 to 15 digits, with '+' and the calling "
                              "code before them if it is not a national one.")
                        : STR("Send a telephone number with its calling code: '+' and 6 to 15 "
                              "digits."));
    json_add_string(writer, number);
    return no_flaw;
}

static struct flaw write_date(struct value_reader *reader, const struct field *field, json value,
                              struct json_writer *writer)
{
    (void)field;
    if (json_type(value) != JSON_STRING)
        return wrong_type(reader, "a string", value);
    str text = reader->forgiving ? str_trim(json_string(value)) : json_string(value);
    int64_t at_ms;
    if (!instant_read(text, &at_ms))
        return flaw(STR("format"), STR("Send a date or a moment as RFC 3339 has it: 2026-01-31, or "
                                       "2026-01-31T10:00:00Z."));
    json_add_string(writer, text);
    return no_flaw;
}

/* ---- options ---- */

/* Its index, or −1. */
static int find_option(const struct field *field, str id)
{
    int low = 0;
    int high = field->option_count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        int option = field->option_order[middle];
        int order = str_compare(field->options[option].id, id);
        if (order == 0)
            return option;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

#define OPTIONS_NAMED_BYTES 200

/* Names the first options, as many as a sentence can bear. */
static struct flaw no_such_option(const struct value_reader *reader, const struct field *field)
{
    struct buf list;
    buf_init(&list, reader->arena, 8192);
    int named = 0;
    for (; named < field->option_count && list.len < OPTIONS_NAMED_BYTES; named++) {
        buf_add(&list, named == 0 ? STR("") : STR(", "));
        buf_quoted(&list, field->options[named].id);
    }
    const char *more = named < field->option_count ? ", …" : "";
    return flaw(STR("option"), arena_format(reader->arena, "Send an option by its id: %.*s%s.",
                                            STR_ARG(buf_str(&list)), more));
}

static struct flaw write_radio(struct value_reader *reader, const struct field *field, json value,
                               struct json_writer *writer)
{
    str id;
    if (!scalar_text(reader, value, &id))
        return wrong_type(reader, "a string", value);
    if (find_option(field, id) < 0)
        return no_such_option(reader, field);
    json_add_string(writer, id);
    return no_flaw;
}

/* `seen` has a place for each option. */
static struct flaw write_choice(struct value_reader *reader, const struct field *field, json value,
                                bool *seen, struct json_writer *writer)
{
    str id;
    if (!scalar_text(reader, value, &id))
        return wrong_type(reader, "strings in the array", value);
    int option = find_option(field, id);
    if (option < 0)
        return no_such_option(reader, field);
    if (seen[option] && !reader->forgiving)
        return flaw(STR("duplicate"), STR("Send each option once."));
    if (seen[option])
        reader->coerced = true;
    else
        json_add_string(writer, id);
    seen[option] = true;
    return no_flaw;
}

static struct flaw write_checkbox(struct value_reader *reader, const struct field *field,
                                  json value, struct json_writer *writer)
{
    bool list = json_type(value) == JSON_ARRAY;
    bool *seen = ARENA_ARRAY(reader->arena, bool, (size_t)field->option_count);
    json_begin_array(writer);
    if (!list) {
        if (!reader->forgiving || json_type(value) == JSON_OBJECT)
            return wrong_type(reader, "an array of strings", value);
        reader->coerced = true;
        struct flaw wrong = write_choice(reader, field, value, seen, writer);
        json_end_array(writer);
        return wrong;
    }
    struct json_walk walk = json_walk(value);
    json choice;
    while (json_next(&walk, NULL, &choice)) {
        struct flaw wrong = write_choice(reader, field, choice, seen, writer);
        if (wrong.code.len > 0)
            return wrong;
    }
    json_end_array(writer);
    return no_flaw;
}

struct flaw value_write(struct value_reader *reader, const struct field *field, json value,
                        struct json_writer *writer)
{
    static struct flaw (*const writers[])(struct value_reader *, const struct field *, json,
                                          struct json_writer *) = {
        [FIELD_TEXT] = write_text,         [FIELD_INTEGER] = write_integer,
        [FIELD_DECIMAL] = write_decimal,   [FIELD_DATE] = write_date,
        [FIELD_BOOLEAN] = write_boolean,   [FIELD_EMAIL] = write_email,
        [FIELD_PHONE] = write_phone,       [FIELD_RADIO] = write_radio,
        [FIELD_CHECKBOX] = write_checkbox,
    };
    assert(field->type != FIELD_NONE && (size_t)field->type < COUNT_OF(writers));
    return writers[field->type](reader, field, value, writer);
}
