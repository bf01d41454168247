/* SPDX-License-Identifier: MIT
 * main.c: one program, many commands: finds the command, reads its options, runs it. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"

const struct command *const commands[] = {
#define COMMAND_ROW(name) &name##_command,
    COMMANDS(COMMAND_ROW)
#undef COMMAND_ROW
        NULL,
};

const struct command *command_find(str name)
{
    for (int i = 0; commands[i] != NULL; i++)
        if (str_equal(str_c(commands[i]->name), name))
            return commands[i];
    return NULL;
}

int command_unknown(str name)
{
    const char *nearest = NULL;
    int best = INT32_MAX;
    for (int i = 0; commands[i] != NULL; i++)
        if (name_is_near(name, str_c(commands[i]->name), &best))
            nearest = commands[i]->name;
    (void)fprintf(stderr, "junctor: there is no command \"%.*s\"%s%s%s (junctor help lists them)\n",
                  STR_ARG(name), nearest == NULL ? "" : "; did you mean ",
                  nearest == NULL ? "" : nearest, nearest == NULL ? "" : "?");
    return EXIT_USAGE;
}

static int run(const struct command *command, int argc, char **argv, struct arena *arena)
{
    struct invocation call = { .command = command, .arena = arena };
    const struct option_input input = {
        .arguments = (const char *const *)argv,
        .argument_count = argc,
        .environment = (const char *const *)environ,
    };
    struct problem problem = {};
    switch (options_read(&call, &input, &problem)) {
    case OPTIONS_WRONG:
        (void)cli_fail(&problem);
        return EXIT_USAGE;
    case OPTIONS_HELP:
        options_print_help(command, stdout);
        return EXIT_OK;
    case OPTIONS_HELP_MARKDOWN:
        options_print_markdown(command, stdout);
        return EXIT_OK;
    case OPTIONS_READ:
        break;
    }
    if (problem_has(&problem))
        (void)cli_fail(&problem);
    return command->run(&call);
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN);
    struct arena arena = {};
    str name = argc > 1 ? str_c(argv[1]) : (str){};
    bool version = str_equal(name, STR("--version"));
    bool help = str_equal(name, STR("--help")) || str_equal(name, STR("-h"));
    const struct command *command = version ? &version_command
                                    : help  ? &help_command
                                            : command_find(name);
    int code = EXIT_USAGE;
    if (argc < 2)
        help_print(stderr);
    else if (command == NULL)
        code = command_unknown(name);
    else
        code = run(command, argc - 2, argv + 2, &arena);
    arena_done(&arena);
    if (fflush(stdout) != 0 && code == EXIT_OK)
        code = cli_fail_text("standard output cannot be written: %m");
    return code;
}
