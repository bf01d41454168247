/* SPDX-License-Identifier: MIT */
#include "json/write.h"

#include "base/instant.h"

/* What is written next stands alone, or behind a comma; behind it a comma is due. */
static struct buf *separate(struct json_writer *writer)
{
    if (writer->comma)
        buf_char(writer->buf, ',');
    writer->comma = true;
    return writer->buf;
}

static void begin(struct json_writer *writer, char bracket)
{
    buf_char(separate(writer), bracket);
    writer->comma = false;
}

static void end(struct json_writer *writer, char bracket)
{
    buf_char(writer->buf, bracket);
    writer->comma = true;
}

void json_begin_object(struct json_writer *writer)
{
    begin(writer, '{');
}

void json_end_object(struct json_writer *writer)
{
    end(writer, '}');
}

void json_begin_array(struct json_writer *writer)
{
    begin(writer, '[');
}

void json_end_array(struct json_writer *writer)
{
    end(writer, ']');
}

void json_key(struct json_writer *writer, str key)
{
    buf_quoted(separate(writer), key);
    buf_char(writer->buf, ':');
    writer->comma = false;
}

void json_add_string(struct json_writer *writer, str text)
{
    buf_quoted(separate(writer), text);
}

void json_add_int(struct json_writer *writer, int64_t value)
{
    buf_int(separate(writer), value);
}

void json_add_bool(struct json_writer *writer, bool value)
{
    json_add_raw(writer, value ? STR("true") : STR("false"));
}

void json_add_null(struct json_writer *writer)
{
    json_add_raw(writer, STR("null"));
}

void json_add_instant(struct json_writer *writer, int64_t at_ms)
{
    if (at_ms == 0) {
        json_add_null(writer);
        return;
    }
    char text[INSTANT_TEXT_LEN];
    instant_write(at_ms, text);
    json_add_string(writer, str_from(text, sizeof(text)));
}

void json_add_raw(struct json_writer *writer, str text)
{
    buf_add(separate(writer), text);
}

/* Recursion is no deeper than json_read() let the value be. */
static void add_members(struct json_writer *writer, json container)
{
    struct json_walk walk = json_walk(container);
    str key;
    json value;
    while (json_next(&walk, &key, &value)) {
        if (walk.object)
            json_key(writer, key);
        json_add_value(writer, value);
    }
}

void json_add_value(struct json_writer *writer, json value)
{
    switch (json_type(value)) {
    case JSON_ABSENT:
    case JSON_NULL:
        json_add_null(writer);
        break;
    case JSON_BOOL:
        json_add_bool(writer, json_bool(value));
        break;
    case JSON_NUMBER:
        json_add_raw(writer, json_number(value));
        break;
    case JSON_STRING:
        json_add_string(writer, json_string(value));
        break;
    case JSON_ARRAY:
        json_begin_array(writer);
        add_members(writer, value);
        json_end_array(writer);
        break;
    case JSON_OBJECT:
        json_begin_object(writer);
        add_members(writer, value);
        json_end_object(writer);
        break;
    }
}

void json_member_string(struct json_writer *writer, str key, str text)
{
    json_key(writer, key);
    json_add_string(writer, text);
}

void json_member_text_or_null(struct json_writer *writer, str key, str text)
{
    json_key(writer, key);
    if (text.len == 0)
        json_add_null(writer);
    else
        json_add_string(writer, text);
}

void json_member_int(struct json_writer *writer, str key, int64_t value)
{
    json_key(writer, key);
    json_add_int(writer, value);
}

void json_member_bool(struct json_writer *writer, str key, bool value)
{
    json_key(writer, key);
    json_add_bool(writer, value);
}

void json_member_instant(struct json_writer *writer, str key, int64_t at_ms)
{
    json_key(writer, key);
    json_add_instant(writer, at_ms);
}

void json_member_raw(struct json_writer *writer, str key, str text)
{
    json_key(writer, key);
    json_add_raw(writer, text);
}

void json_member_id(struct json_writer *writer, str key, enum id_kind kind, int64_t id)
{
    char text[ID_TEXT_MAX];
    json_member_string(writer, key, id_write(kind, id, text));
}

void json_member_id_or_null(struct json_writer *writer, str key, enum id_kind kind, int64_t id)
{
    if (id != 0) {
        json_member_id(writer, key, kind, id);
        return;
    }
    json_key(writer, key);
    json_add_null(writer);
}
