/* SPDX-License-Identifier: MIT
 * cli_help.c: `junctor help` and `junctor version`. */
#include <ares.h>
#include <curl/curl.h>
#include <llhttp.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <sqlite3.h>
#include <uv.h>
#include <yyjson.h>

#include "cli.h"

void help_print(FILE *to)
{
    (void)fputs("Junctor: receives what happened, keeps it, and delivers it until they have it.\n\n"
                "usage: junctor COMMAND [OPTIONS]\n\n",
                to);
    for (int i = 0; commands[i] != NULL; i++)
        (void)fprintf(to, "  %-10s%s\n", commands[i]->name, commands[i]->line);
    (void)fputs(
        "\njunctor COMMAND --help says more. Exit codes: 0 done, 1 failed, 2 wrong usage.\n", to);
}

static int run_help(const struct invocation *call)
{
    if (call->argument_count == 0) {
        help_print(stdout);
        return EXIT_OK;
    }
    const struct command *command = command_find(call->arguments[0]);
    if (command == NULL)
        return command_unknown(call->arguments[0]);
    options_print_help(command, stdout);
    return EXIT_OK;
}

const struct command help_command = {
    .name = "help",
    .line = "lists the commands, or says more of one",
    .arguments = "[COMMAND]",
    .most_arguments = 1,
    .run = run_help,
};

#define TEXT_OF(number) #number
#define TEXT(macro) TEXT_OF(macro)

/* What is linked now, whatever the headers said; llhttp and yyjson tell only what they were built
 * against. */
void versions_each(void (*each)(void *context, const char *name, const char *version),
                   void *context)
{
    each(context, "junctor", JUNCTOR_VERSION);
    each(context, "libuv", uv_version_string());
    each(context, "openssl", OpenSSL_version(OPENSSL_FULL_VERSION_STRING));
    each(context, "sqlite", sqlite3_libversion());
    each(context, "libcurl", curl_version_info(CURLVERSION_NOW)->version);
    each(context, "c-ares", ares_version(NULL));
    each(context, "libsodium", sodium_version_string());
    each(context, "llhttp",
         TEXT(LLHTTP_VERSION_MAJOR) "." TEXT(LLHTTP_VERSION_MINOR) "." TEXT(LLHTTP_VERSION_PATCH));
    each(context, "yyjson", YYJSON_VERSION_STRING);
}

static void print_version(void *context, const char *name, const char *version)
{
    (void)fprintf(context, "%-10s%s\n", name, version);
}

static int run_version(const struct invocation *call)
{
    (void)call;
    versions_each(print_version, stdout);
    return EXIT_OK;
}

const struct command version_command = {
    .name = "version",
    .line = "prints the versions of the program and of its libraries",
    .arguments = "",
    .run = run_version,
};
