/* SPDX-License-Identifier: MIT
 * options_help.c: the tables as text for people: --help, and Markdown for docs/settings.md. */
#include "options_value.h"

#include "base/buf.h"

#define HELP_COLUMN 30
#define HELP_WIDTH 88
#define NAME_MAX_LEN 64

/* ── the nearest name ── */

static int distance(str a, str b)
{
    int row[NAME_MAX_LEN + 1];
    for (size_t j = 0; j <= b.len; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= a.len; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= b.len; j++) {
            int change = diagonal + (a.ptr[i - 1] == b.ptr[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = MIN_OF(change, MIN_OF(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.len];
}

bool name_is_near(str text, str name, int *best)
{
    if (text.len > NAME_MAX_LEN || name.len > NAME_MAX_LEN)
        return false;
    int apart = distance(text, name);
    /* "datas" is meant to be "data", "port" is not meant to be "loops". */
    int allowed = MAX_OF(1, (int)MIN_OF(text.len, name.len) / 3);
    if (apart > allowed || apart >= *best)
        return false;
    *best = apart;
    return true;
}

const char *options_nearest(const struct command *command, str text)
{
    const char *nearest = NULL;
    int best = INT32_MAX;
    for (int t = 0; t < OPTION_TABLES && command->tables[t] != NULL; t++)
        for (int i = 0; i < command->tables[t]->count; i++) {
            const char *name = command->tables[t]->options[i].name;
            if (name_is_near(text, str_c(name), &best))
                nearest = name;
        }
    return nearest;
}

/* ── --help ── */

static void pad(FILE *to, int spaces)
{
    (void)fprintf(to, "%*s", spaces, "");
}

/* Words from the column on, wrapped; the cursor is at `column` already. */
static void print_wrapped(FILE *to, int column, int width, str text)
{
    int at = column;
    while (text.len > 0) {
        str word = str_cut(&text, ' ');
        if (at > column && at + 1 + (int)word.len > width) {
            (void)fputc('\n', to);
            pad(to, column);
            at = column;
        } else if (at > column) {
            (void)fputc(' ', to);
            at++;
        }
        (void)fprintf(to, "%.*s", STR_ARG(word));
        at += (int)word.len;
    }
    (void)fputc('\n', to);
}

/* "help (default 8, 1 to 256 threads; JUNCTOR_LOOPS only)" */
static str describe(const struct option *option, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, 4096);
    buf_add(&buf, str_c(option->help));
    str normal = option_default_text(option, arena);
    str range = option_range_text(option, arena);
    const char *separator = " (";
    if (normal.len > 0 && option->type != OPTION_FLAG) {
        buf_format(&buf, "%sdefault %.*s", separator, STR_ARG(normal));
        separator = ", ";
    }
    if (range.len > 0) {
        buf_format(&buf, "%s%.*s", separator, STR_ARG(range));
        separator = ", ";
    }
    if (option->unit != NULL && !str_equal(str_c(option->unit), STR("bytes")) && range.len > 0)
        buf_format(&buf, " %s", option->unit);
    if (option->required) {
        buf_format(&buf, "%srequired", separator);
        separator = ", ";
    }
    /* Where a file may say it too, the notes tell of variables once for all. */
    if (option->sources == (BY_FLAG | BY_VARIABLE)) {
        buf_format(&buf, "%sor %.*s", separator, STR_ARG(option_variable(option, arena)));
        separator = ", ";
    }
    if (*separator == ',')
        buf_char(&buf, ')');
    return buf_str(&buf);
}

static void print_option(FILE *to, const struct option *option, struct arena *arena)
{
    str word = option_value_word(option);
    str name = (option->sources & BY_FLAG) == 0
                   ? option_variable(option, arena)
                   : arena_format(arena, "--%s%s%.*s", option->name, word.len > 0 ? " " : "",
                                  STR_ARG(word));
    (void)fprintf(to, "  %.*s", STR_ARG(name));
    if (name.len + 4 > HELP_COLUMN) {
        (void)fputc('\n', to);
        pad(to, HELP_COLUMN);
    } else {
        pad(to, HELP_COLUMN - 2 - (int)name.len);
    }
    print_wrapped(to, HELP_COLUMN, HELP_WIDTH, describe(option, arena));
}

void options_print_help(const struct command *command, FILE *to)
{
    struct arena arena = {};
    (void)fprintf(to, "junctor %s: %s\n\nusage: junctor %s [OPTIONS]%s%s\n", command->name,
                  command->line, command->name, command->arguments[0] == '\0' ? "" : " ",
                  command->arguments);
    int tables = command->own_tables == 0 ? OPTION_TABLES : command->own_tables;
    for (int t = 0; t < tables && command->tables[t] != NULL; t++) {
        (void)fprintf(to, "\n%s:\n", command->tables[t]->title);
        for (int i = 0; i < command->tables[t]->count; i++)
            print_option(to, &command->tables[t]->options[i], &arena);
    }
    if (command->own_tables > 0)
        (void)fputs(
            "\nThe settings of junctor serve are understood too; here --data, --config and\n"
            "--sealing-key-file matter. junctor serve --help describes them.\n",
            to);
    if (command->notes != NULL) {
        (void)fputc('\n', to);
        str notes = str_c(command->notes);
        while (notes.len > 0)
            print_wrapped(to, 0, HELP_WIDTH, str_cut(&notes, '\n'));
    }
    arena_done(&arena);
}

/* ── Markdown ── */

/* In a table's cell a '|' ends the cell. */
static void print_cell(FILE *to, str text)
{
    for (size_t i = 0; i < text.len; i++)
        (void)fprintf(to, text.ptr[i] == '|' ? "\\%c" : "%c", text.ptr[i]);
    (void)fputs(" |", to);
}

static void print_row(FILE *to, const struct option *option, struct arena *arena)
{
    str word = option_value_word(option);
    (void)fputs("| ", to);
    if ((option->sources & BY_FLAG) != 0)
        print_cell(to, arena_format(arena, "`--%s%s%.*s`", option->name, word.len > 0 ? " " : "",
                                    STR_ARG(word)));
    else
        print_cell(to, STR("none"));
    (void)fputc(' ', to);
    print_cell(to, (option->sources & BY_VARIABLE) == 0
                       ? STR("none")
                       : arena_format(arena, "`%.*s`", STR_ARG(option_variable(option, arena))));
    str normal = option_default_text(option, arena);
    (void)fputc(' ', to);
    print_cell(to, normal.len == 0 ? STR("none") : normal);
    str range = option_range_text(option, arena);
    (void)fputc(' ', to);
    print_cell(to, range.len == 0 ? STR("any") : range);
    (void)fputc(' ', to);
    print_cell(to, str_c(option->help));
    (void)fputc('\n', to);
}

void options_print_markdown(const struct command *command, FILE *to)
{
    struct arena arena = {};
    (void)fprintf(to,
                  "# `junctor %s`: %s\n\n<!-- Made by `junctor %s --help=markdown`; a test "
                  "compares. Change the table in src/, not this page. -->\n",
                  command->name, command->line, command->name);
    if (command->notes != NULL)
        (void)fprintf(to, "\n%s\n", command->notes);
    for (int t = 0; t < OPTION_TABLES && command->tables[t] != NULL; t++) {
        (void)fprintf(to,
                      "\n## %s\n\n| flag | variable | default | range | what |\n"
                      "|---|---|---|---|---|\n",
                      command->tables[t]->title);
        for (int i = 0; i < command->tables[t]->count; i++)
            print_row(to, &command->tables[t]->options[i], &arena);
    }
    arena_done(&arena);
}
