/* SPDX-License-Identifier: MIT */
#include "store/testing.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/instant.h"

#define START_MS ((int64_t)1800000000000)

/* ── engines ── */

static struct store_options sqlite_options(struct scene *scene)
{
    return (struct store_options){
        .directory = str_c(scene->directory),
        .log = &scene->log,
        .create = true,
    };
}

const struct engine engines[] = { { "sqlite", sqlite_options } };
const int engine_count = COUNT_OF(engines);

/* Which engine the suite runs on now; test programs have one thread. */
static const struct engine **engine_now(void)
{
    static const struct engine *engine = engines;
    return &engine;
}

static int set_up(void **state)
{
    struct scene *scene = NEW(struct scene);
    *state = scene;
    scene_open(scene);
    return 0;
}

static int tear_down(void **state)
{
    scene_close(*state);
    free(*state);
    return 0;
}

int run_suite(const char *name, const struct CMUnitTest *tests, size_t count)
{
    int failed = 0;
    struct CMUnitTest *ours = xcalloc(count, sizeof(*ours));
    for (int i = 0; i < engine_count; i++) {
        *engine_now() = &engines[i];
        char label[96];
        (void)snprintf(label, sizeof(label), "%s on %s", name, engines[i].name);
        memcpy(ours, tests, count * sizeof(*ours));
        for (size_t at = 0; at < count; at++) {
            ours[at].setup_func = set_up;
            ours[at].teardown_func = tear_down;
        }
        failed += _cmocka_run_group_tests(label, ours, count, NULL, NULL);
    }
    free(ours);
    return failed;
}

/* ── scenes ── */

static void open_store(struct scene *scene)
{
    struct problem problem = {};
    struct store_options options = (*engine_now())->options(scene);
    assert_int_equal(store_open(&options, &scene->arena, &scene->store, &problem), 0);
    scene_connect(scene);
}

void scene_connect(struct scene *scene)
{
    assert_int_equal(store_writer_open(scene->store, &scene->writer), 0);
    assert_int_equal(store_reader_open(scene->store, &scene->reader), 0);
}

void scene_disconnect(struct scene *scene)
{
    store_reader_close(scene->reader);
    store_writer_close(scene->writer);
    scene->writer = NULL;
    scene->reader = NULL;
}

static void close_store(struct scene *scene)
{
    scene_disconnect(scene);
    store_close(scene->store);
    scene->store = NULL;
}

pid_t scene_crash(struct scene *scene, const char *point, void (*run)(struct scene *scene))
{
    bool connected = scene->writer != NULL;
    scene_disconnect(scene);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): its only thread */
        (void)setenv("JUNCTOR_CRASH", point, 1);
        run(scene);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (connected)
        scene_connect(scene);
    if (WIFEXITED(status)) {
        assert_int_equal(WEXITSTATUS(status), 0);
        return 0;
    }
    assert_int_equal(WTERMSIG(status), SIGKILL);
    return child;
}

void scene_make(struct scene *scene)
{
    *scene = (struct scene){ .log = { .least = LOG_ERROR, .fd = 2 }, .now_ms = START_MS };
    scene->real_ms = START_MS;
    if (getenv("STORE_TEST_LOG") == NULL)
        scene->log.least = (enum log_level)(LOG_ERROR + 1);
    /* In memory where that is easily had: what is tested is not the disk. */
    const char *temporary = getenv("TMPDIR");
    if (temporary == NULL)
        temporary = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(scene->directory, sizeof(scene->directory), "%.40s/store_XXXXXX", temporary);
    assert_non_null(mkdtemp(scene->directory));
    id_source_init(&scene->ids, 1, 0);
}

void scene_open(struct scene *scene)
{
    scene_make(scene);
    open_store(scene);
}

void scene_reopen(struct scene *scene)
{
    close_store(scene);
    open_store(scene);
}

void scene_path(const struct scene *scene, const char *name, char *to, size_t size)
{
    (void)snprintf(to, size, "%s/%s", scene->directory, name);
}

void scene_close(struct scene *scene)
{
    static const char *const files[] = { "junctor.db",           "junctor.db-wal", "junctor.db-shm",
                                         "junctor.db-snapshots", "lock",           "backup.db",
                                         "backup.db-wal",        "backup.db-shm" };
    close_store(scene);
    arena_done(&scene->arena);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        char path[128];
        scene_path(scene, files[i], path, sizeof(path));
        (void)unlink(path);
    }
    assert_int_equal(rmdir(scene->directory), 0);
}

/* ── batches ── */

void rows_init(struct rows *rows, struct scene *scene)
{
    *rows = (struct rows){ .scene = scene };
    rows->events_end = &rows->batch.events;
    rows->contacts_end = &rows->batch.contacts;
    rows->work_end = &rows->batch.work;
    rows->changes_end = &rows->batch.changes;
    rows->keys_end = &rows->batch.idempotency;
    rows->rejections_end = &rows->batch.rejections;
    rows->exports_end = &rows->batch.exports;
}

int64_t rows_id(struct rows *rows)
{
    return rows->last_id = id_draw(&rows->scene->ids, rows->scene->real_ms);
}

struct counter_delta *rows_counter(struct rows *rows, int64_t organization, int64_t subject,
                                   int64_t at_ms)
{
    int64_t minute_ms = at_ms - at_ms % MINUTE_MS;
    struct counter_delta *delta = rows->batch.counters;
    for (; delta != NULL; delta = delta->next)
        if (delta->organization == organization && delta->subject == subject &&
            delta->minute_ms == minute_ms)
            return delta;
    delta = ARENA_NEW(&rows->scene->arena, struct counter_delta);
    *delta = (struct counter_delta){ .next = rows->batch.counters,
                                     .organization = organization,
                                     .subject = subject,
                                     .minute_ms = minute_ms };
    return rows->batch.counters = delta;
}

static struct event_row *add_event(struct rows *rows, const struct event *event)
{
    struct event_row *row = ARENA_NEW(&rows->scene->arena, struct event_row);
    row->event = *event;
    *rows->events_end = row;
    rows->events_end = &row->next;
    return row;
}

struct event *rows_event(struct rows *rows, int64_t organization, int64_t contact)
{
    struct event event = {
        .id = rows_id(rows),
        .organization = organization,
        .type = STR("custom_event.order"),
        .at_ms = rows->scene->now_ms,
        .contact = contact,
        .hops = 1,
        .data = STR("{\"order\":1}"),
        .request_id = STR("req_1"),
    };
    struct counter_delta *delta = rows_counter(rows, organization, 0, event.at_ms);
    delta->events++;
    delta->not_wanted++;
    return &add_event(rows, &event)->event;
}

struct event *rows_occurrence(struct rows *rows, const struct event *cause)
{
    struct event event = *cause;
    event.id = rows_id(rows);
    event.caused_by = cause->id;
    event.type = STR("contact.created");
    rows_counter(rows, cause->organization, 0, event.at_ms)->occurrences++;
    return &add_event(rows, &event)->event;
}

struct contact *rows_contact(struct rows *rows, int64_t organization, const char *email)
{
    struct contact_row *row = ARENA_NEW(&rows->scene->arena, struct contact_row);
    row->contact = (struct contact){
        .id = rows_id(rows),
        .organization = organization,
        .email = str_c(email),
        .email_key = str_c(email),
        .created_ms = rows->scene->now_ms,
    };
    *rows->contacts_end = row;
    rows->contacts_end = &row->next;
    return &row->contact;
}

static void make_wanted(struct rows *rows, struct event *event)
{
    struct event_row *row = CONTAINER_OF(event, struct event_row, event);
    if (!row->wanted && event->caused_by == 0) {
        struct counter_delta *delta = rows_counter(rows, event->organization, 0, event->at_ms);
        delta->wanted++;
        delta->not_wanted--;
    }
    row->wanted = true;
}

struct delivery *rows_work(struct rows *rows, struct event *event, int64_t outlet)
{
    make_wanted(rows, event);
    struct work_row *row = ARENA_NEW(&rows->scene->arena, struct work_row);
    row->event_type = event->type;
    row->delivery = (struct delivery){
        .id = rows_id(rows),
        .organization = event->organization,
        .outlet = outlet,
        .event = event->id,
        .created_ms = event->at_ms,
        .due_ms = event->at_ms,
    };
    *rows->work_end = row;
    rows->work_end = &row->next;
    rows_counter(rows, event->organization, 0, event->at_ms)->deliveries++;
    rows_counter(rows, event->organization, outlet, event->at_ms)->deliveries++;
    return &row->delivery;
}

static void count_state(struct rows *rows, const struct delivery *delivery,
                        enum delivery_state state, int by)
{
    int64_t subjects[] = { 0, delivery->outlet };
    for (size_t i = 0; i < COUNT_OF(subjects); i++) {
        struct counter_delta *delta =
            rows_counter(rows, delivery->organization, subjects[i], delivery->created_ms);
        delta->delivered += state == DELIVERY_DELIVERED ? by : 0;
        delta->dead += state == DELIVERY_DEAD ? by : 0;
        delta->dropped += state == DELIVERY_DROPPED ? by : 0;
    }
}

static const struct attempt *make_attempt(struct rows *rows, const struct delivery *delivery,
                                          bool success)
{
    struct attempt *attempt = ARENA_NEW(&rows->scene->arena, struct attempt);
    *attempt = (struct attempt){
        .delivery = delivery->id,
        .organization = delivery->organization,
        .number = delivery->attempt_count,
        .started_ms = rows->scene->now_ms,
        .duration_us = 1500,
        .sealed = STR("a sealed request, and the head of its answer"),
        .status = success ? 200 : 500,
        .response_body = success ? STR("ok") : STR("no"),
        .response_length = 2,
        .error = !success ? STR("The answer was 500.") : (str){},
    };
    return attempt;
}

struct delivery_change *rows_change(struct rows *rows, const struct delivery *delivery,
                                    enum delivery_state state, bool with_attempt)
{
    struct delivery_change *change = ARENA_NEW(&rows->scene->arena, struct delivery_change);
    change->after = *delivery;
    change->event_type = STR("custom_event.order");
    change->was_pending = delivery->state == DELIVERY_PENDING;
    change->after.state = state;
    if (with_attempt) {
        change->after.attempt_count++;
        change->after.last_status = state == DELIVERY_DELIVERED ? 200 : 500;
        change->attempt = make_attempt(rows, &change->after, state == DELIVERY_DELIVERED);
    }
    if (state == DELIVERY_PENDING)
        change->after.due_ms += 5000;
    change->after.finished_ms = state == DELIVERY_PENDING ? 0 : rows->scene->now_ms;
    count_state(rows, delivery, delivery->state, -1);
    count_state(rows, delivery, state, 1);
    *rows->changes_end = change;
    rows->changes_end = &change->next;
    return change;
}

struct export_delivery_row *rows_export(struct rows *rows, const struct delivery *delivery,
                                        const char *content)
{
    struct export_delivery_row *row = ARENA_NEW(&rows->scene->arena, struct export_delivery_row);
    *row = (struct export_delivery_row){
        .delivery = delivery->id,
        .organization = delivery->organization,
        .outlet = delivery->outlet,
        .event = delivery->event,
        .order = 7,
        .content = str_c(content),
    };
    *rows->exports_end = row;
    rows->exports_end = &row->next;
    return row;
}

void rows_key(struct rows *rows, const struct event *event, const char *key)
{
    struct idempotency_row *row = ARENA_NEW(&rows->scene->arena, struct idempotency_row);
    *row = (struct idempotency_row){
        .organization = event->organization,
        .key = str_c(key),
        .request = STR("0123456789abcdef"),
        .event = event->id,
        .contact = event->contact,
        .at_ms = event->at_ms,
    };
    *rows->keys_end = row;
    rows->keys_end = &row->next;
}

void rows_rejection(struct rows *rows, int64_t organization, int64_t inlet, const char *reason)
{
    struct rejection_row *row = ARENA_NEW(&rows->scene->arena, struct rejection_row);
    row->rejection = (struct rejection){
        .id = rows_id(rows),
        .organization = organization,
        .at_ms = rows->scene->now_ms,
        .inlet = inlet,
        .inlet_name = STR("custom_event.order"),
        .status = 422,
        .reason = str_c(reason),
        .detail = STR("a value is missing"),
        .body = STR("{}"),
        .body_length = 2,
    };
    *rows->rejections_end = row;
    rows->rejections_end = &row->next;
    rows_counter(rows, organization, 0, row->rejection.at_ms)->rejected++;
    if (inlet != 0)
        rows_counter(rows, organization, inlet, row->rejection.at_ms)->rejected++;
}

enum commit_outcome rows_try(struct rows *rows)
{
    struct store_writer *writer = rows->scene->writer;
    if (store_begin(writer) < 0)
        return COMMIT_REFUSED;
    if (store_write_batch(writer, &rows->batch) < 0) {
        store_rollback(writer);
        return COMMIT_REFUSED;
    }
    return store_commit(writer, rows->last_id);
}

void rows_commit(struct rows *rows)
{
    assert_int_equal(rows_try(rows), COMMIT_DONE);
}

struct delivery scene_fill(struct scene *scene, int64_t organization, int64_t outlet, int count)
{
    struct rows rows;
    struct delivery last = {};
    rows_init(&rows, scene);
    for (int i = 0; i < count; i++)
        last = *rows_work(&rows, rows_event(&rows, organization, 1 + i % 10), outlet);
    rows_commit(&rows);
    return last;
}

void scene_organization(struct scene *scene, int64_t organization)
{
    char uuid[UUID_TEXT_LEN + 1];
    (void)snprintf(uuid, sizeof(uuid), "00000000-0000-4000-8000-%012d", (int)organization);
    assert_int_equal(SQL_RUN(store_writer_sql(scene->writer),
                             "INSERT INTO organizations (id, uuid, name, version,"
                             " allowed_addresses, rate_per_minute, created_ms)"
                             " VALUES ($1, $2, 'a shop', 1, '', 0, $3)",
                             SQL_I(organization), SQL_T(str_c(uuid)), SQL_I(scene->now_ms)),
                     1);
}

void scene_outlet(struct scene *scene, int64_t organization, int64_t outlet)
{
    assert_int_equal(SQL_RUN(store_writer_sql(scene->writer),
                             "INSERT INTO endpoints (id, organization, name, url, event_types,"
                             " format, signing, secret, status, status_reason, created_ms,"
                             " updated_ms) VALUES ($1, $2, 'hook', $3,"
                             " '[\"*\"]', 'standard', 1, $3, 'active', '', 0, 0)",
                             SQL_I(outlet), SQL_I(organization), SQL_B(STR("sealed"))),
                     1);
}

/* ── looking ── */

int64_t scene_number(struct scene *scene, const char *text)
{
    struct sql_query CLEANUP(sql_done) query =
        sql_start(store_reader_sql(scene->reader), text, NULL, 0);
    assert_int_equal(sql_next(&query), 1);
    return sql_int(&query, 0);
}

int scene_work(struct scene *scene, int64_t organization, int64_t outlet,
               struct work_item *ret_items, int limit)
{
    const struct work_wanted wanted = {
        .span = { .of = { organization, outlet }, .to = INT64_MAX },
        .limit = limit,
        .due_to_ms = INT64_MAX,
    };
    struct work_page page;
    assert_int_equal(
        store_read_work(store_reader_sql(scene->reader), &wanted, &scene->arena, ret_items, &page),
        0);
    return page.count;
}

void scene_check(struct scene *scene)
{
    struct sql *sql = store_writer_sql(scene->writer);
    str lines = {};
    int count = -1;
    assert_int_equal(store_check(sql, &scene->arena, &lines, &count), 0);
    if (count > 0)
        print_error("%.*s", STR_ARG(lines));
    assert_int_equal(count, 0);
    assert_int_equal(store_recount(sql, &scene->arena, &lines, &count), 0);
    if (count > 0)
        print_error("%.*s", STR_ARG(lines));
    assert_int_equal(count, 0);
}
