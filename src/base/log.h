/* SPDX-License-Identifier: MIT
 * base/log.h: one line an event, JSON or logfmt, on standard error. Any thread: a line is one
 * write. Field names are fixed words of the program; values are escaped. Secrets have no way in. */
#pragma once

#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum log_format { LOG_LOGFMT, LOG_JSON };

/* Immutable once made; passed down by pointer. */
struct log {
    enum log_level least;
    enum log_format format;
    int fd;
};

struct log_field {
    const char *name;
    str text; /* when `is_int` is false */
    int64_t number;
    bool is_int;
};

/* The formatter would take the braces for a block. */
/* clang-format off */
#define LOG_TEXT(field, value) { .name = (field), .text = (value) }
#define LOG_INT(field, value) { .name = (field), .number = (value), .is_int = true }
/* clang-format on */

/* log_line(log, LOG_WARN, "webhook disabled", LOG_TEXT("webhook", id), LOG_INT("status", 410)); */
#define log_line(log, level, message, ...)                                                         \
    log_fields((log), (level), (message), (struct log_field[]){ __VA_ARGS__ },                     \
               sizeof((struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field))

/* Lines longer than 8 KiB are cut, and end in "…". */
void log_fields(const struct log *log, enum log_level level, const char *message,
                const struct log_field *fields, size_t count);
