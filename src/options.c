/* SPDX-License-Identifier: MIT
 * options.c: reading: the flags are looked through first (for --help and --config), then the file,
 * the variables and the flags are applied in that order, each over the one before. */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/address.h"
#include "options_value.h"

#define FILE_MAX (1 << 20)
#define VARIABLE_PREFIX STR("JUNCTOR_")

struct slot {
    const struct option *option;
    enum option_source source; /* where its value is from; 0: the default */
    int line;                  /* of the file */
};

struct given {
    int slot;
    str value;
};

struct reading {
    struct invocation *call;
    struct arena *arena;
    char *values;
    struct slot *slots;
    int slot_count;
    struct given *given; /* the flags, in their order */
    int given_count;
    str *arguments;
    int argument_count;
    struct problem *reterr;
};

static bool refuse(struct reading *reading, str text)
{
    problem_set(reading->reterr, PROBLEM_INVALID, text);
    return false;
}

#define REFUSE(reading, ...) refuse((reading), arena_format((reading)->arena, __VA_ARGS__))

static void make_slots(struct reading *reading)
{
    const struct command *command = reading->call->command;
    int count = 0;
    for (int t = 0; t < OPTION_TABLES && command->tables[t] != NULL; t++)
        count += command->tables[t]->count;
    reading->slots = ARENA_ARRAY(reading->arena, struct slot, (size_t)count);
    for (int t = 0; t < OPTION_TABLES && command->tables[t] != NULL; t++)
        for (int i = 0; i < command->tables[t]->count; i++) {
            const struct option *option = &command->tables[t]->options[i];
            reading->slots[reading->slot_count++].option = option;
            option_value_default(option, reading->values + option->offset, reading->arena);
        }
}

static int find_slot(const struct reading *reading, str name)
{
    for (int i = 0; i < reading->slot_count; i++)
        if (str_equal(str_c(reading->slots[i].option->name), name))
            return i;
    return -1;
}

/* ", did you mean --listen?", or nothing. */
static str guess(const struct reading *reading, str name, const char *before)
{
    const char *nearest = options_nearest(reading->call->command, name);
    if (nearest == NULL)
        return (str){};
    return arena_format(reading->arena, "; did you mean %s%s?", before, nearest);
}

/* ── looking through the arguments ── */

static bool unknown_flag(struct reading *reading, str name)
{
    return REFUSE(reading, "--%.*s: there is no such option%.*s (junctor %s --help lists them)",
                  STR_ARG(name), STR_ARG(guess(reading, name, "--")), reading->call->command->name);
}

static bool not_as_flag(struct reading *reading, const struct option *option)
{
    return REFUSE(reading,
                  "--%s: not taken as a flag, because others on this machine can read those; set "
                  "%.*s",
                  option->name, STR_ARG(option_variable(option, reading->arena)));
}

/* One "--name", "--name=value" or "--name value". Returns how many arguments it took, 0: refused.
 */
static int take_flag(struct reading *reading, str argument, const char *next)
{
    str value = str_skip(argument, 2);
    bool has_value = str_index(value, '=') >= 0;
    str name = str_cut(&value, '=');
    int slot = find_slot(reading, name);
    if (slot < 0)
        return unknown_flag(reading, name);
    const struct option *option = reading->slots[slot].option;
    if ((option->sources & BY_FLAG) == 0)
        return not_as_flag(reading, option);

    int taken = 1;
    if (!has_value && option->type == OPTION_FLAG) {
        value = STR("true");
    } else if (!has_value) {
        value = str_c(next);
        if (next == NULL || str_starts(value, STR("--")))
            return REFUSE(reading, "--%s: a value is missing: write --%s %.*s", option->name,
                          option->name, STR_ARG(option_value_word(option)));
        taken = 2;
    }
    reading->given[reading->given_count++] = (struct given){ .slot = slot, .value = value };
    return taken;
}

static bool is_help(str argument, enum options_outcome *ret_help)
{
    if (str_equal(argument, STR("--help")) || str_equal(argument, STR("-h")))
        *ret_help = OPTIONS_HELP;
    else if (str_equal(argument, STR("--help=markdown")))
        *ret_help = OPTIONS_HELP_MARKDOWN;
    else
        return false;
    return true;
}

static bool check_argument_count(struct reading *reading)
{
    const struct command *command = reading->call->command;
    int count = reading->argument_count;
    if (count >= command->least_arguments && count <= command->most_arguments)
        return true;
    if (command->most_arguments == 0)
        return REFUSE(reading, "\"%.*s\": junctor %s takes options only (--help lists them)",
                      STR_ARG(reading->arguments[0]), command->name);
    return REFUSE(reading, "too %s arguments: junctor %s takes %s",
                  count < command->least_arguments ? "few" : "many", command->name,
                  command->arguments);
}

/* OPTIONS_READ: all were understood. */
static enum options_outcome look_through(struct reading *reading, const struct option_input *input)
{
    bool options_end = false;
    for (int i = 0; i < input->argument_count;) {
        str argument = str_c(input->arguments[i]);
        enum options_outcome help;
        if (!options_end && is_help(argument, &help))
            return help;
        if (!options_end && str_equal(argument, STR("--"))) {
            options_end = true;
            i++;
        } else if (!options_end && str_starts(argument, STR("--"))) {
            bool last = i + 1 == input->argument_count;
            int taken = take_flag(reading, argument, last ? NULL : input->arguments[i + 1]);
            if (taken == 0)
                return OPTIONS_WRONG;
            i += taken;
        } else if (!options_end && argument.len > 1 && argument.ptr[0] == '-') {
            (void)REFUSE(reading, "%.*s: options begin with two dashes", STR_ARG(argument));
            return OPTIONS_WRONG;
        } else {
            reading->arguments[reading->argument_count++] = argument;
            i++;
        }
    }
    return check_argument_count(reading) ? OPTIONS_READ : OPTIONS_WRONG;
}

/* ── applying ── */

/* `where` is what the error begins with: "--loops", "JUNCTOR_LOOPS", "junctor.conf:3: loops". */
static bool apply(struct reading *reading, int slot, enum option_source source, str value,
                  str where)
{
    struct slot *at = &reading->slots[slot];
    void *member = reading->values + at->option->offset;
    if (at->option->type == OPTION_CIDRS && at->source != source)
        memset(member, 0, sizeof(struct cidr_list)); /* of a source that counts for less */
    str fault = {};
    if (!option_value_read(at->option, value, reading->arena, member, &fault))
        return REFUSE(reading, "%.*s: %.*s", STR_ARG(where), STR_ARG(fault));
    at->source = source;
    return true;
}

static bool apply_flags(struct reading *reading)
{
    for (int i = 0; i < reading->given_count; i++) {
        const struct given *given = &reading->given[i];
        const char *name = reading->slots[given->slot].option->name;
        str where = arena_format(reading->arena, "--%s", name);
        if (!apply(reading, given->slot, BY_FLAG, given->value, where))
            return false;
    }
    return true;
}

/* "JUNCTOR_MAX_HOPS" → "max-hops" */
static str variable_to_name(str variable, struct arena *arena)
{
    str tail = str_skip(variable, VARIABLE_PREFIX.len);
    char *name = arena_bytes(arena, tail.len);
    for (size_t i = 0; i < tail.len; i++)
        name[i] = tail.ptr[i] == '_' ? '-' : char_lower(tail.ptr[i]);
    return str_from(name, tail.len);
}

/* A variable that only looks like ours is no error: container platforms make such names up. */
static void warn_of_variable(struct reading *reading, str variable, str name)
{
    if (options_nearest(reading->call->command, name) == NULL || problem_has(reading->reterr))
        return;
    (void)REFUSE(reading, "%.*s is set, but there is no setting \"%.*s\"%.*s", STR_ARG(variable),
                 STR_ARG(name), STR_ARG(guess(reading, name, "")));
}

static bool apply_variables(struct reading *reading, const char *const *environment)
{
    for (int i = 0; environment != NULL && environment[i] != NULL; i++) {
        str value = str_c(environment[i]);
        str variable = str_cut(&value, '=');
        if (!str_starts(variable, VARIABLE_PREFIX) || value.len == 0)
            continue;
        str name = variable_to_name(variable, reading->arena);
        int slot = find_slot(reading, name);
        if (slot < 0)
            warn_of_variable(reading, variable, name);
        else if ((reading->slots[slot].option->sources & BY_VARIABLE) != 0 &&
                 !apply(reading, slot, BY_VARIABLE, value, variable))
            return false;
    }
    return true;
}

/* ── the file ── */

static bool read_whole(struct reading *reading, str path, str *ret_text)
{
    FILE *file = fopen(arena_c(reading->arena, path), "re");
    if (file == NULL)
        return REFUSE(reading, "--config: %.*s cannot be opened: %m", STR_ARG(path));
    char *text = arena_bytes(reading->arena, FILE_MAX + 1);
    size_t length = fread(text, 1, FILE_MAX + 1, file);
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    if (failed)
        return REFUSE(reading, "--config: %.*s cannot be read: is it a file?", STR_ARG(path));
    if (length > FILE_MAX)
        return REFUSE(reading, "--config: %.*s is longer than 1 MiB: is it the right file?",
                      STR_ARG(path));
    *ret_text = str_from(text, length);
    return true;
}

static bool apply_line(struct reading *reading, str path, int number, str line)
{
    bool has_value = str_index(line, '=') >= 0;
    str value = line;
    str name = str_trim(str_cut(&value, '='));
    value = str_trim(value);
    str where = arena_format(reading->arena, "%.*s:%d", STR_ARG(path), number);
    if (!has_value)
        return REFUSE(reading, "%.*s: write lines as NAME = VALUE, and comments with # before them",
                      STR_ARG(where));
    int slot = find_slot(reading, name);
    if (slot < 0)
        return REFUSE(reading, "%.*s: there is no setting \"%.*s\"%.*s", STR_ARG(where),
                      STR_ARG(name), STR_ARG(guess(reading, name, "")));
    struct slot *at = &reading->slots[slot];
    if ((at->option->sources & BY_FILE) == 0)
        return REFUSE(reading, "%.*s: \"%.*s\" is not taken from a file", STR_ARG(where),
                      STR_ARG(name));
    if (at->line > 0 && at->option->type != OPTION_CIDRS)
        return REFUSE(reading, "%.*s: \"%.*s\" is set a second time, line %d was the first",
                      STR_ARG(where), STR_ARG(name), at->line);
    at->line = number;
    where = arena_format(reading->arena, "%.*s: %.*s", STR_ARG(where), STR_ARG(name));
    return apply(reading, slot, BY_FILE, value, where);
}

static bool apply_file(struct reading *reading, str path)
{
    str text;
    if (!read_whole(reading, path, &text))
        return false;
    for (int number = 1; text.len > 0; number++) {
        str line = str_trim(str_cut(&text, '\n'));
        if (line.len > 0 && line.ptr[0] != '#' && !apply_line(reading, path, number, line))
            return false;
    }
    return true;
}

/* The file's name comes from a flag, else from a variable. Empty: none. */
static str file_name(const struct reading *reading, const char *const *environment)
{
    int slot = find_slot(reading, STR("config"));
    str path = {};
    if (slot < 0)
        return path;
    for (int i = 0; environment != NULL && environment[i] != NULL; i++)
        if (str_starts(str_c(environment[i]), STR("JUNCTOR_CONFIG=")))
            path = str_c(environment[i] + sizeof("JUNCTOR_CONFIG=") - 1);
    for (int i = 0; i < reading->given_count; i++)
        if (reading->given[i].slot == slot)
            path = reading->given[i].value;
    return path;
}

static bool refuse_missing(struct reading *reading, const struct option *option)
{
    str variable = {};
    if ((option->sources & BY_VARIABLE) != 0)
        variable = arena_format(reading->arena, " or set %.*s",
                                STR_ARG(option_variable(option, reading->arena)));
    return REFUSE(reading, "--%s is missing: write --%s %.*s%.*s, %s", option->name, option->name,
                  STR_ARG(option_value_word(option)), STR_ARG(variable), option->help);
}

static bool check_required(struct reading *reading)
{
    for (int i = 0; i < reading->slot_count; i++) {
        const struct option *option = reading->slots[i].option;
        if (option->required && reading->slots[i].source == 0)
            return refuse_missing(reading, option);
    }
    return true;
}

static bool apply_all(struct reading *reading, const struct option_input *input)
{
    str file = file_name(reading, input->environment);
    if (file.len > 0 && !apply_file(reading, file))
        return false;
    return apply_variables(reading, input->environment) && apply_flags(reading) &&
           check_required(reading);
}

enum options_outcome options_read(struct invocation *call, const struct option_input *input,
                                  struct problem *reterr)
{
    size_t most = (size_t)input->argument_count + 1;
    struct reading reading = {
        .call = call,
        .arena = call->arena,
        .values = arena_alloc(call->arena, MAX_OF(call->command->size, (size_t)1)),
        .given = ARENA_ARRAY(call->arena, struct given, most),
        .arguments = ARENA_ARRAY(call->arena, str, most),
        .reterr = reterr,
    };
    make_slots(&reading);
    enum options_outcome outcome = look_through(&reading, input);
    if (outcome != OPTIONS_READ)
        return outcome;
    if (!apply_all(&reading, input))
        return OPTIONS_WRONG;
    if (call->command->finish != NULL &&
        !call->command->finish(reading.values, call->arena, reterr))
        return OPTIONS_WRONG;
    call->values = reading.values;
    call->arguments = reading.arguments;
    call->argument_count = reading.argument_count;
    return OPTIONS_READ;
}
