/* SPDX-License-Identifier: MIT
 * cli_init.c: `junctor init` and `junctor key`, which write to a data directory while no hub runs
 * on it. */
#include <errno.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/fail.h"
#include "cli_data.h"
#include "store/access.h"
#include "json/write.h"

#define PASSWORD_MAX 4096
#define ANSWER_MAX 65536

/* ── init ── */

struct init_options {
    struct config config; /* first */
    str organization;
    str email;
    str password;
    str password_file;
    bool json;
};

static const struct option init_rows[] = {
    { .name = "organization",
      .type = OPTION_TEXT,
      .sources = BY_FLAG,
      .required = true,
      .offset = offsetof(struct init_options, organization),
      .value = "NAME",
      .help = "the organization's name" },
    { .name = "email",
      .type = OPTION_TEXT,
      .sources = BY_FLAG,
      .required = true,
      .offset = offsetof(struct init_options, email),
      .value = "ADDRESS",
      .help = "its owner's e-mail address" },
    { .name = "password",
      .type = OPTION_SECRET,
      .sources = BY_FLAG | BY_VARIABLE,
      .offset = offsetof(struct init_options, password),
      .help = "the owner's password; the variable and --password-file hide it from others on this "
              "machine" },
    { .name = "password-file",
      .type = OPTION_PATH,
      .sources = BY_FLAG,
      .offset = offsetof(struct init_options, password_file),
      .help = "file whose first line is the password; - is standard input" },
    { .name = "json",
      .type = OPTION_FLAG,
      .sources = BY_FLAG,
      .offset = offsetof(struct init_options, json),
      .help = "print JSON" },
};

static const struct option_table init_table = { "Options", init_rows, COUNT_OF(init_rows) };

static bool read_password_file(str path, struct arena *arena, str *ret_password)
{
    bool is_stdin = str_equal(path, STR("-"));
    FILE *file = is_stdin ? stdin : fopen(arena_c(arena, path), "re");
    if (file == NULL) {
        (void)cli_fail_text("--password-file: %.*s cannot be opened: %m", STR_ARG(path));
        return false;
    }
    str text = {};
    int r = read_stream(file, PASSWORD_MAX, arena, &text);
    if (!is_stdin)
        (void)fclose(file);
    if (r < 0) {
        (void)cli_fail_text("--password-file: it cannot be read, or is longer than 4 KiB");
        return false;
    }
    str line = str_cut(&text, '\n');
    if (str_ends(line, STR("\r")))
        line.len--;
    *ret_password = line;
    return true;
}

static bool find_password(const struct init_options *options, struct arena *arena,
                          str *ret_password)
{
    *ret_password = options->password;
    if (options->password_file.len > 0)
        return read_password_file(options->password_file, arena, ret_password);
    if (options->password.len == 0)
        (void)cli_fail_text("a password is missing: give --password-file FILE (- reads standard "
                            "input), or set JUNCTOR_PASSWORD");
    return options->password.len > 0;
}

static void print_result(const struct init_options *options, const struct setup_result *result,
                         struct arena *arena)
{
    if (!options->json) {
        (void)printf("organization  %.*s, %.*s\nowner         %.*s, %.*s\nAPI key       %.*s\n\n"
                     "Keep the key: it is not shown again. Next: junctor serve --data %.*s\n",
                     STR_ARG(options->organization), STR_ARG(result->organization_id),
                     STR_ARG(options->email), STR_ARG(result->user_id), STR_ARG(result->api_key),
                     STR_ARG(options->config.data));
        return;
    }
    struct buf buf;
    buf_init(&buf, arena, ANSWER_MAX);
    struct json_writer writer = json_writer(&buf);
    json_begin_object(&writer);
    json_member_string(&writer, STR("organizationId"), result->organization_id);
    json_member_string(&writer, STR("userId"), result->user_id);
    json_member_string(&writer, STR("apiKey"), result->api_key);
    json_end_object(&writer);
    (void)printf("%.*s\n", STR_ARG(buf_str(&buf)));
}

static int run_init(const struct invocation *call)
{
    const struct init_options *options = call->values;
    struct setup_request request = { .organization = options->organization,
                                     .email = options->email };
    if (!find_password(options, call->arena, &request.password))
        return EXIT_USAGE;
    struct data CLEANUP(data_done) data = {};
    struct setup setup;
    if (!data_open(&data, &options->config, true, call->arena) ||
        !data_prepare_setup(&data, &options->config, &setup))
        return EXIT_FAILED;
    struct setup_result result;
    struct problem problem = {};
    int r = setup_organization(&setup, &request, call->arena, &result, &problem);
    if (r != 0)
        return data_fail(r, &problem);
    print_result(options, &result, call->arena);
    return EXIT_OK;
}

const struct command init_command = {
    .name = "init",
    .line =
        "makes an organization with its owner and an API key, and the data directory if need be",
    .arguments = "",
    .tables = { &init_table, &config_settings, &config_caps },
    .own_tables = 1,
    .size = sizeof(struct init_options),
    .finish = config_finish,
    .notes = "Works while no hub runs on the data directory. Once more on the same directory, it "
             "adds another organization; an owner who is known by that e-mail address keeps the "
             "password that is there.",
    .run = run_init,
};

/* ── key ── */

struct key_options {
    struct config config; /* first */
    str name;
    str organization;
    bool json;
};

static const struct option key_rows[] = {
    { .name = "name",
      .type = OPTION_TEXT,
      .sources = BY_FLAG,
      .required = true,
      .offset = offsetof(struct key_options, name),
      .value = "NAME",
      .help = "the key's name" },
    { .name = "organization",
      .type = OPTION_TEXT,
      .sources = BY_FLAG,
      .offset = offsetof(struct key_options, organization),
      .value = "NAME|ID",
      .shown = "the only one there is",
      .help = "whose key it shall be" },
    { .name = "json",
      .type = OPTION_FLAG,
      .sources = BY_FLAG,
      .offset = offsetof(struct key_options, json),
      .help = "print JSON" },
};

static const struct option_table key_table = { "Options", key_rows, COUNT_OF(key_rows) };

/* The organizations that `wanted` may mean: by its id, by its name, or all when it is empty. */
struct search {
    str wanted;
    int found;
    struct organization_row first;
    struct buf names; /* of those that were found, for a choice */
};

static void consider(struct search *search, const struct organization_row *row)
{
    if (search->wanted.len > 0 && !str_equal(row->uuid, search->wanted) &&
        !str_equal(row->name, search->wanted))
        return;
    if (search->found == 0)
        search->first = *row;
    search->found++;
    buf_format(&search->names, "\n  %.*s  %.*s", STR_ARG(row->uuid), STR_ARG(row->name));
}

static int search_all(struct search *search, struct sql *sql, struct arena *arena)
{
    int64_t end = 0;
    int r = store_next_organization(sql, &end);
    for (int64_t id = 1; r >= 0 && id < end; id++) {
        struct organization_row row;
        r = store_read_organization(sql, id, arena, &row);
        if (r == 0)
            consider(search, &row);
    }
    return r < 0 ? fail(r) : 0;
}

/* < 0: it has been said. */
static int find_organization(const struct key_options *options, struct sql *sql,
                             struct arena *arena, struct organization_row *ret_row)
{
    struct search search = { .wanted = options->organization };
    buf_init(&search.names, arena, ANSWER_MAX);
    int r = search_all(&search, sql, arena);
    if (r < 0) {
        (void)data_fail(r, NULL);
        return r;
    }
    if (search.found == 1) {
        *ret_row = search.first;
        return 0;
    }
    if (search.found == 0)
        (void)cli_fail_text("there is no %s: junctor init makes one",
                            options->organization.len > 0 ? "such organization" : "organization");
    else
        (void)cli_fail_text("which organization? Give --organization ID:%.*s",
                            STR_ARG(buf_str(&search.names)));
    return -ENOENT;
}

static int run_key(const struct invocation *call)
{
    const struct key_options *options = call->values;
    struct data CLEANUP(data_done) data = {};
    struct setup setup;
    struct organization_row row = {};
    if (!data_open(&data, &options->config, false, call->arena) ||
        !data_prepare_setup(&data, &options->config, &setup) ||
        find_organization(options, store_writer_sql(data.writer), call->arena, &row) < 0)
        return EXIT_FAILED;
    str key;
    int r = setup_api_key(&setup, row.id, options->name, call->arena, &key);
    if (r != 0)
        return data_fail(r, NULL);
    if (options->json)
        (void)printf("{\"organizationId\":\"%.*s\",\"apiKey\":\"%.*s\"}\n", STR_ARG(row.uuid),
                     STR_ARG(key));
    else
        (void)printf("API key of %.*s, with every right: %.*s\nKeep it: it is not shown again.\n",
                     STR_ARG(row.name), STR_ARG(key));
    return EXIT_OK;
}

const struct command key_command = {
    .name = "key",
    .line = "makes a new API key in a data directory, for one that was lost",
    .arguments = "",
    .tables = { &key_table, &config_settings, &config_caps },
    .own_tables = 1,
    .size = sizeof(struct key_options),
    .finish = config_finish,
    .notes =
        "Works while no hub runs on the data directory. Beside a running hub, keys are made by "
        "POST /api/v1/api-keys.",
    .run = run_key,
};
