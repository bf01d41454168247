/* SPDX-License-Identifier: MIT
 * options.h: what a command can be told, as a table: each row is a flag (--NAME VALUE or
 * --NAME=VALUE), and where its `sources` say so a JUNCTOR_NAME variable and a line `NAME = VALUE`
 * of the configuration file. Values are written into a plain struct by offset. Flag before variable
 * before file before default. Knows no setting by name but `config`, the file's. */
#pragma once

#include <stdio.h>

#include "base/arena.h"
#include "base/problem.h"

/* What a value is, and the type of the member it is written to. */
enum option_type {
    OPTION_TEXT = 0, /* str: any text without control characters */
    OPTION_PATH,     /* str: not empty */
    OPTION_URL,      /* str: http:// or https://, without '/' at its end */
    OPTION_LISTEN,   /* str: ADDRESS:PORT, [ADDRESS]:PORT */
    OPTION_SECRET,   /* str: never printed, in errors either */
    OPTION_INT,      /* int64_t; with the unit "bytes" KiB, MiB and GiB are understood */
    OPTION_DURATION, /* int64_t: milliseconds, read with ms, s, m, h or d behind the number */
    OPTION_FLAG,     /* bool: --NAME alone, or =true, =false */
    OPTION_CHOICE,   /* an enum: the index in `choices` */
    OPTION_CIDRS,    /* struct cidr_list: commas between, and again and again */
};

enum option_source {
    BY_FLAG = 1,
    BY_VARIABLE = 2,
    BY_FILE = 4,
    BY_ALL = BY_FLAG | BY_VARIABLE | BY_FILE,
};

struct option {
    const char *name;
    enum option_type type;
    unsigned sources; /* of enum option_source */
    size_t offset;
    const char *value;   /* what stands for the value in --help; NULL: the type's own word */
    const char *choices; /* "logfmt|json" */
    const char *text;    /* the default, read as if it had been given; NULL: `normal` */
    int64_t normal;      /* the default of a number */
    int64_t least;       /* range of a number; least == most: any */
    int64_t most;
    int64_t step; /* a duration is a multiple of it; 0: any */
    const char *unit;
    const char *shown; /* the default in words; NULL: as it is */
    const char *help;
    bool required;
};

struct option_table {
    const char *title; /* above its rows in --help and in the documentation */
    const struct option *options;
    int count;
};

#define OPTION_TABLES 3

struct invocation;

struct command {
    const char *name;
    const char *line;      /* what it does, in one line */
    const char *arguments; /* "ALIAS [BODY]"; "" without */
    int least_arguments;
    int most_arguments;
    const struct option_table *tables[OPTION_TABLES]; /* NULL where there are fewer */
    int own_tables; /* the rest are serve's settings, described there; 0: all are described here */
    size_t size;    /* of the struct that the values are written into */
    /* Behind the reading: what depends on other values. May be NULL. */
    bool (*finish)(void *values, struct arena *arena, struct problem *reterr);
    const char *notes;                         /* printed behind the options; may be NULL */
    int (*run)(const struct invocation *call); /* returns the exit code */
};

/* One call of a command. */
struct invocation {
    const struct command *command;
    struct arena *arena;
    const void *values; /* the struct of command->size bytes */
    const str *arguments;
    int argument_count;
};

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct option_input {
    const char *const *arguments; /* behind the command's name */
    int argument_count;
    const char *const *environment; /* "NAME=VALUE", NULL at the end */
};

enum options_outcome {
    OPTIONS_WRONG = 0, /* reterr says what and what to do */
    OPTIONS_READ,
    OPTIONS_HELP,          /* --help or -h */
    OPTIONS_HELP_MARKDOWN, /* --help=markdown */
};

/* Fills in call->values, arguments and argument_count; call->command and arena are the caller's.
 * `reterr` is also set by OPTIONS_READ when a variable looks like one of ours and is none. */
MUST_USE enum options_outcome
options_read(struct invocation *call, const struct option_input *input, struct problem *reterr);

void options_print_help(const struct command *command, FILE *to);
void options_print_markdown(const struct command *command, FILE *to);

/* The name that `text` was probably meant to be, or NULL. */
const char *options_nearest(const struct command *command, str text);

/* True when `name` may be what `text` was meant to be, and is nearer than *best edits: then *best
 * is its distance. Start with *best = INT32_MAX. */
bool name_is_near(str text, str name, int *best);
