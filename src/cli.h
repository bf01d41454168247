/* SPDX-License-Identifier: MIT
 * cli.h: the commands, and what several of them share. */
#pragma once

#include <stdio.h>

#include "base/buf.h"
#include "base/problem.h"
#include "options.h"
#include "json/json.h"

/* In the order of `junctor help`. */
#define COMMANDS(X)                                                                                \
    X(serve)                                                                                       \
    X(init)                                                                                        \
    X(key)                                                                                         \
    X(doctor)                                                                                      \
    X(backup)                                                                                      \
    X(restore)                                                                                     \
    X(release)                                                                                     \
    X(receive)                                                                                     \
    X(send)                                                                                        \
    X(tail)                                                                                        \
    X(resend)                                                                                      \
    X(recover)                                                                                     \
    X(version)                                                                                     \
    X(help)

#define COMMAND_DECLARATION(name) extern const struct command name##_command;
COMMANDS(COMMAND_DECLARATION)
#undef COMMAND_DECLARATION

/* All of them, NULL at the end. */
extern const struct command *const commands[];

/* NULL: there is none of that name. */
const struct command *command_find(str name);

/* "junctor: no such command; did you mean …?" on standard error. Returns EXIT_USAGE. */
int command_unknown(str name);

/* The list of commands. */
void help_print(FILE *to);

/* Calls `each` for the program and each library. */
void versions_each(void (*each)(void *context, const char *name, const char *version),
                   void *context);

/* ── printing (cli_print.c) ── */

/* The problem on standard error, with its field errors. Returns EXIT_FAILED. */
COLD int cli_fail(const struct problem *problem);

/* The same for one sentence. */
COLD int cli_fail_text(const char *format, ...) PRINTF_LIKE(1, 2);

/* Text from outside, for a terminal: control characters but \n and \t are shown as \xNN. */
void print_plain(FILE *to, str text);

/* JSON over several lines, without a line's end; text that is no JSON as print_plain(). */
void print_json(FILE *to, str text);

/* This machine's time of day and a space, "10:00:00 ", on standard output. */
void print_clock(void);

/* A whole file or stream of at most `max` bytes. < 0: −errno, or −EFBIG. */
MUST_USE int read_stream(FILE *from, size_t max, struct arena *arena, str *ret_text);
