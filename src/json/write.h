/* SPDX-License-Identifier: MIT
 * json/write.h: writing JSON into a buf: commas by itself, nothing else. Overflow is the buf's. */
#pragma once

#include "base/buf.h"
#include "base/id.h"
#include "json/json.h"

struct json_writer {
    struct buf *buf;
    bool comma; /* the next value or key needs one before it */
};

static inline struct json_writer json_writer(struct buf *buf)
{
    return (struct json_writer){ .buf = buf };
}

void json_begin_object(struct json_writer *writer);
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer);
void json_end_array(struct json_writer *writer);
void json_key(struct json_writer *writer, str key);

void json_add_string(struct json_writer *writer, str text);
void json_add_int(struct json_writer *writer, int64_t value);
void json_add_bool(struct json_writer *writer, bool value);
void json_add_null(struct json_writer *writer);
/* RFC 3339, or null when at_ms is 0. */
void json_add_instant(struct json_writer *writer, int64_t at_ms);
/* JSON already. */
void json_add_raw(struct json_writer *writer, str text);
/* A value that was read: as it was, numbers to the digit. */
void json_add_value(struct json_writer *writer, json value);

/* key and value in one. */
void json_member_string(struct json_writer *writer, str key, str text);
/* An id as people see it: "evt_0e3v2k4m1c8r0". */
void json_member_id(struct json_writer *writer, str key, enum id_kind kind, int64_t id);
/* null for 0 */
void json_member_id_or_null(struct json_writer *writer, str key, enum id_kind kind, int64_t id);
/* null when the text is empty */
void json_member_text_or_null(struct json_writer *writer, str key, str text);
void json_member_int(struct json_writer *writer, str key, int64_t value);
void json_member_bool(struct json_writer *writer, str key, bool value);
void json_member_instant(struct json_writer *writer, str key, int64_t at_ms);
void json_member_raw(struct json_writer *writer, str key, str text);
