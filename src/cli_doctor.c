/* SPDX-License-Identifier: MIT
 * cli_doctor.c: `junctor doctor`: looks a data directory over, beside a running hub too: it changes
 * nothing. Each check reports findings; one that is wrong makes the exit code 1. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/fail.h"
#include "cli_data.h"
#include "store/sealed.h"
#include "store/settings.h"
#include "json/write.h"

#define LINES_SHOWN 100
#define REPORT_MAX ((size_t)16 << 20)
#define DISK_WRONG (64 * MIB)
#define DISK_LITTLE (1024 * MIB)
#define WAL_MUCH (256 * MIB)
#define CLOCK_AHEAD_MS 5000
#define ATTEMPTS_TRIED 1000 /* of each organization */
#define YEAR_2024_MS INT64_C(1704067200000)

struct doctor_options {
    struct config config; /* first */
    bool ledger;
    bool json;
};

static const struct option rows[] = {
    { .name = "ledger",
      .type = OPTION_FLAG,
      .sources = BY_FLAG,
      .offset = offsetof(struct doctor_options, ledger),
      .help = "count the ledger anew from all rows, and name each difference; may take long" },
    { .name = "json",
      .type = OPTION_FLAG,
      .sources = BY_FLAG,
      .offset = offsetof(struct doctor_options, json),
      .help = "print JSON" },
};

static const struct option_table table = { "Options", rows, COUNT_OF(rows) };

enum finding { FINDING_WRONG = 0, FINDING_NOTE, FINDING_FINE };

static const char *const finding_names[] = {
    [FINDING_WRONG] = "wrong",
    [FINDING_NOTE] = "note",
    [FINDING_FINE] = "fine",
};

struct doctor {
    const struct doctor_options *options;
    const struct config *config;
    struct arena *arena;
    struct data data;
    struct store_reader *reader; /* NULL: the database cannot be opened */
    const char *check;           /* that runs now */
    int wrong;
    struct buf buf; /* of the JSON report */
    struct json_writer json;
};

static void report(struct doctor *doctor, enum finding finding, const char *format, ...)
    PRINTF_LIKE(3, 4);

static void report(struct doctor *doctor, enum finding finding, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    str line = str_from(text, length < 0 ? 0 : (size_t)length);
    doctor->wrong += finding == FINDING_WRONG;
    if (doctor->options->json) {
        json_begin_object(&doctor->json);
        json_member_string(&doctor->json, STR("check"), str_c(doctor->check));
        json_member_string(&doctor->json, STR("finding"), str_c(finding_names[finding]));
        json_member_string(&doctor->json, STR("text"), line);
        json_end_object(&doctor->json);
    } else {
        (void)printf("%-6s %-12s ", finding_names[finding], doctor->check);
        print_plain(stdout, line);
        (void)fputc('\n', stdout);
        (void)fflush(stdout);
    }
    free(text);
}

static str size_text(int64_t bytes, struct arena *arena)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    double size = (double)bytes;
    size_t unit = 0;
    while (size >= 1024 && unit + 1 < COUNT_OF(units)) {
        size /= 1024;
        unit++;
    }
    return arena_format(arena, unit == 0 ? "%.0f %s" : "%.1f %s", size, units[unit]);
}

/* ── what needs no database ── */

static void check_directory(struct doctor *doctor)
{
    const char *path = arena_c(doctor->arena, doctor->config->data);
    struct stat status;
    if (stat(path, &status) < 0)
        report(doctor, FINDING_WRONG, "%s cannot be looked at: %m", path);
    else if (!S_ISDIR(status.st_mode))
        report(doctor, FINDING_WRONG, "%s is not a directory", path);
    else if (access(path, R_OK | W_OK | X_OK) < 0)
        report(doctor, FINDING_WRONG, "%s may not be read and written by this user: %m", path);
    else if ((status.st_mode & 077) != 0)
        report(doctor, FINDING_NOTE, "%s is open to others (mode %04o): chmod 700 it", path,
               status.st_mode & 07777);
    else
        report(doctor, FINDING_FINE, "%s, mode %04o", path, status.st_mode & 07777);
}

static void check_key_file(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    const char *path = arena_c(doctor->arena, config->sealing_key_file);
    struct stat status;
    struct seal_key key;
    struct problem problem = {};
    if (sealing_key_open(config, false, doctor->arena, &key, &problem) < 0)
        report(doctor, FINDING_WRONG, "%.*s", STR_ARG(problem.text));
    else if (config->sealing_key.len > 0)
        report(doctor, FINDING_FINE, "from JUNCTOR_SEALING_KEY");
    else if (stat(path, &status) == 0 && (status.st_mode & 077) != 0)
        report(doctor, FINDING_WRONG, "%s may be read by others (mode %04o): chmod 600 it", path,
               status.st_mode & 07777);
    else
        report(doctor, FINDING_FINE, "%s", path);
}

/* Taken and given back at once. */
static void check_lock(struct doctor *doctor)
{
    struct store_lock *lock = NULL;
    struct problem problem = {};
    int r = store_lock(doctor->config->data, false, doctor->arena, &lock, &problem);
    store_unlock(lock);
    if (r < 0)
        report(doctor, FINDING_WRONG, "%.*s", STR_ARG(problem.text));
    else
        report(doctor, FINDING_FINE, "%s", r == 0 ? "no hub runs on it" : "a hub runs on it");
}

static void check_settings(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    int64_t cores = MIN_OF(uv_available_parallelism(), 8);
    for (int i = 0; i < limit_count; i++) {
        int64_t value;
        memcpy(&value, (const char *)&config->limits + limit_kinds[i].offset, sizeof(value));
        if (value < limit_kinds[i].normal)
            report(doctor, FINDING_NOTE, "%s is %" PRId64 ", less than the default of %" PRId64,
                   limit_kinds[i].setting, value, limit_kinds[i].normal);
    }
    if (config->loops < cores)
        report(doctor, FINDING_NOTE, "loops is %" PRId64 ": %" PRId64 " cores could receive",
               config->loops, cores);
    if (config->log_level == LOG_DEBUG)
        report(doctor, FINDING_NOTE, "log-level is debug: every request is written down");
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 &&
        (int64_t)MIN_OF(files.rlim_max, (rlim_t)INT64_MAX) < config->limits.connections)
        report(doctor, FINDING_NOTE,
               "this shell allows at most %lld open files, max-connections is %" PRId64
               ": raise it where the hub starts (ulimit -Hn, LimitNOFILE)",
               (long long)files.rlim_max, config->limits.connections);
    report(doctor, FINDING_FINE, "%" PRId64 " loops, %" PRId64 " couriers, %" PRId64 " readers",
           config->loops, config->couriers, config->readers);
}

static void report_version(void *context, const char *name, const char *version)
{
    struct doctor *doctor = context;
    report(doctor, FINDING_FINE, "%s %s", name, version);
}

static void check_versions(struct doctor *doctor)
{
    versions_each(report_version, doctor);
}

/* ── what the database says ── */

static struct sql *database(const struct doctor *doctor)
{
    return store_reader_sql(doctor->reader);
}

static void report_failure(struct doctor *doctor, int r)
{
    report(doctor, FINDING_WRONG, "the database cannot be asked: %s", fail_text(r));
}

static void check_key_value(struct doctor *doctor)
{
    str noted;
    struct seal_key key;
    struct problem problem = {};
    int r = store_setting_get(database(doctor), SETTING_SEAL_KEY_CHECK, doctor->arena, &noted);
    if (r < 0)
        report_failure(doctor, r);
    else if (r == 0)
        report(doctor, FINDING_NOTE, "no hub has run on this database yet");
    else if (sealing_key_open(doctor->config, false, doctor->arena, &key, &problem) < 0)
        report(doctor, FINDING_WRONG, "it cannot be held against the database: it is not there");
    else if (!str_equal(seal_key_check(&key, doctor->arena), noted))
        report(doctor, FINDING_WRONG, "it is not the key that this database was made with");
    else
        report(doctor, FINDING_FINE, "it is the one that this database was made with");
}

static void report_sealed(struct doctor *doctor, const char *what, int r,
                          const struct sealed_sum *sum)
{
    if (r < 0)
        report_failure(doctor, r);
    else if (sum->broken > 0)
        report(doctor, FINDING_WRONG,
               "%" PRId64 " of %" PRId64 " %s do not open: they were sealed with another key, "
               "moved, or changed",
               sum->broken, sum->opened + sum->broken, what);
    else
        report(doctor, FINDING_FINE, "%" PRId64 " %s open", sum->opened, what);
}

/* Of the attempts the newest: the others were made in the same way. */
static void check_sealed(struct doctor *doctor)
{
    struct seal_key key;
    struct problem problem = {};
    struct sealed_sum sum;
    if (sealing_key_open(doctor->config, false, doctor->arena, &key, &problem) < 0)
        return; /* that has been said */
    int r = store_try_webhooks(database(doctor), &key, &sum);
    report_sealed(doctor, "addresses and secrets of webhooks", r, &sum);
    r = store_try_plugins(database(doctor), &key, &sum);
    report_sealed(doctor, "secrets of plugins", r, &sum);
    r = store_try_attempts(database(doctor), &key, ATTEMPTS_TRIED, &sum);
    report_sealed(doctor, "newest attempts", r, &sum);
}

static void check_disk(struct doctor *doctor)
{
    struct store_size size;
    int r = store_size(database(doctor), &size);
    if (r < 0) {
        report_failure(doctor, r);
        return;
    }
    enum finding finding = size.disk_free_bytes < DISK_WRONG    ? FINDING_WRONG
                           : size.disk_free_bytes < DISK_LITTLE ? FINDING_NOTE
                                                                : FINDING_FINE;
    report(doctor, finding, "%.*s free; the database has %.*s, of which %.*s are unused",
           STR_ARG(size_text(size.disk_free_bytes, doctor->arena)),
           STR_ARG(size_text(size.file_bytes, doctor->arena)),
           STR_ARG(size_text(size.free_bytes, doctor->arena)));
    if (size.wal_bytes > WAL_MUCH)
        report(doctor, FINDING_NOTE, "the write-ahead log has %.*s: does something read for long?",
               STR_ARG(size_text(size.wal_bytes, doctor->arena)));
}

static void check_clock(struct doctor *doctor)
{
    int64_t now_ms = clock_real_ms();
    int64_t newest;
    int r = store_highest_id(database(doctor), &newest);
    if (r < 0)
        report_failure(doctor, r);
    else if (now_ms < YEAR_2024_MS)
        report(doctor, FINDING_WRONG, "this machine's clock is not set");
    else if (newest > 0 && id_real_ms(newest) > now_ms + CLOCK_AHEAD_MS)
        report(doctor, FINDING_NOTE,
               "this machine's clock is %" PRId64 " s behind the newest entry: was it set back?",
               (id_real_ms(newest) - now_ms) / 1000);
    else
        report(doctor, FINDING_FINE, "not behind the newest entry");
}

static void check_held(struct doctor *doctor)
{
    bool held;
    int r = store_is_held(database(doctor), &held);
    if (r < 0)
        report_failure(doctor, r);
    else if (held)
        report(doctor, FINDING_NOTE,
               "restored from a backup: nothing is sent until "
               "`junctor release`");
    else
        report(doctor, FINDING_FINE, "not held back");
}

static void report_lines(struct doctor *doctor, int r, str lines, int count, const char *fine)
{
    if (r < 0) {
        report_failure(doctor, r);
        return;
    }
    int shown = 0;
    while (lines.len > 0 && shown < LINES_SHOWN) {
        str line = str_trim(str_cut(&lines, '\n'));
        if (line.len == 0)
            continue;
        report(doctor, FINDING_WRONG, "%.*s", STR_ARG(line));
        shown++;
    }
    if (count > shown)
        report(doctor, FINDING_WRONG, "and %d more", count - shown);
    if (count == 0)
        report(doctor, FINDING_FINE, "%s", fine);
}

static void check_integrity(struct doctor *doctor)
{
    str lines = {};
    int count = 0;
    int r = store_check(database(doctor), doctor->arena, &lines, &count);
    report_lines(doctor, r, lines, count, "every page and index is in order");
}

static void check_ledger(struct doctor *doctor)
{
    str lines = {};
    int count = 0;
    /* One snapshot for all its queries: a hub may be counting on meanwhile. */
    int r = store_read_begin_long(doctor->reader);
    if (r == 0) {
        r = store_recount(database(doctor), doctor->arena, &lines, &count);
        store_read_end(doctor->reader);
    }
    report_lines(doctor, r, lines, count, "agrees with the rows");
}

static void check_database(struct doctor *doctor)
{
    const struct store_options options = { .directory = doctor->config->data,
                                           .log = &doctor->data.log };
    struct problem problem = {};
    int r = store_open(&options, doctor->arena, &doctor->data.store, &problem);
    if (r == 0)
        r = store_reader_open(doctor->data.store, &doctor->reader);
    if (r == 0)
        report(doctor, FINDING_FINE, "it opens");
    else if (problem_has(&problem))
        report(doctor, FINDING_WRONG, "%.*s", STR_ARG(problem.text));
    else
        report(doctor, FINDING_WRONG, "%s", fail_text(r));
}

static const struct {
    const char *name;
    void (*run)(struct doctor *doctor);
    bool needs_database;
    bool ledger;
} checks[] = {
    { .name = "versions", .run = check_versions },
    { .name = "directory", .run = check_directory },
    { .name = "lock", .run = check_lock },
    { .name = "settings", .run = check_settings },
    { .name = "sealing key", .run = check_key_file },
    { .name = "database", .run = check_database },
    { .name = "sealing key", .run = check_key_value, .needs_database = true },
    { .name = "sealed", .run = check_sealed, .needs_database = true },
    { .name = "disk", .run = check_disk, .needs_database = true },
    { .name = "clock", .run = check_clock, .needs_database = true },
    { .name = "delivery", .run = check_held, .needs_database = true },
    { .name = "integrity", .run = check_integrity, .needs_database = true },
    { .name = "ledger", .run = check_ledger, .needs_database = true, .ledger = true },
};

static void run_checks(struct doctor *doctor)
{
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        doctor->check = checks[i].name;
        bool wanted = !checks[i].ledger || doctor->options->ledger;
        if (wanted && (!checks[i].needs_database || doctor->reader != NULL))
            checks[i].run(doctor);
    }
}

static void print_report(struct doctor *doctor)
{
    if (!doctor->options->json) {
        (void)printf("\n%s\n", doctor->wrong == 0 ? "in order" : "something is wrong");
        return;
    }
    json_end_array(&doctor->json);
    json_member_bool(&doctor->json, STR("ok"), doctor->wrong == 0);
    json_end_object(&doctor->json);
    (void)printf("%.*s\n", STR_ARG(buf_str(&doctor->buf)));
}

static int run_doctor(const struct invocation *call)
{
    const struct doctor_options *options = call->values;
    struct doctor doctor = {
        .options = options,
        .config = &options->config,
        .arena = call->arena,
        .data.log = { .least = LOG_ERROR, .fd = STDERR_FILENO },
    };
    buf_init(&doctor.buf, call->arena, REPORT_MAX);
    doctor.json = json_writer(&doctor.buf);
    json_begin_object(&doctor.json);
    json_key(&doctor.json, STR("findings"));
    json_begin_array(&doctor.json);
    run_checks(&doctor);
    print_report(&doctor);
    if (doctor.reader != NULL)
        store_reader_close(doctor.reader);
    data_done(&doctor.data);
    return doctor.wrong == 0 ? EXIT_OK : EXIT_FAILED;
}

const struct command doctor_command = {
    .name = "doctor",
    .line = "looks a data directory over, beside a running hub too",
    .arguments = "",
    .tables = { &table, &config_settings, &config_caps },
    .own_tables = 1,
    .size = sizeof(struct doctor_options),
    .finish = config_finish,
    .notes = "Each line is fine, a note, or wrong; the exit code is 1 when something is wrong.",
    .run = run_doctor,
};
