/* SPDX-License-Identifier: MIT
 * bench/store_bench.c: what the store does in a second. Each batch writes N events of 1 KB with one
 * delivery each, the next their N results (an attempt of about 1 KB, delivered); contacts are
 * loaded before. Prints one line a batch size.
 *
 *     store_bench DIRECTORY EVENTS CONTACTS BATCH [BATCH …]     (-k: with Idempotency-Keys)
 *     store_bench DIRECTORY KEEP-PERCENT CONTACTS chores        (prune to that size, give it back)
 *
 * BENCH_PRAGMA in the environment is run on the writer first, such as "PRAGMA cache_size = -4096".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/id.h"
#include "store/store.h"

#define ORGANIZATION 1
#define OUTLETS 10
#define CHECKPOINT_PAGES 4000

struct bench {
    struct store *store;
    struct store_writer *writer;
    struct arena arena;
    struct id_source ids;
    int64_t contacts;
    bool keys;
    char body[1024];
    char head[520];
    int64_t us_load, us_write, us_commit, us_checkpoint, us_merge;
    int *latencies_us;
    int batches;
};

static void must(int r, const char *what)
{
    if (r >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, fail_describe(r));
    exit(1);
}

static int64_t cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t draw(struct bench *bench)
{
    return id_draw(&bench->ids, clock_real_ms());
}

static void make_contacts(struct bench *bench)
{
    struct batch_rows rows = {};
    for (int64_t i = 0; i < bench->contacts; i++) {
        struct contact_row *row = ARENA_NEW(&bench->arena, struct contact_row);
        str email = arena_format(&bench->arena, "person.%lld@example.com", (long long)i);
        row->contact = (struct contact){
            .id = draw(bench), .organization = ORGANIZATION, .email = email, .email_key = email
        };
        row->next = rows.contacts;
        rows.contacts = row;
    }
    must(store_begin(bench->writer), "begin");
    must(store_write_batch(bench->writer, &rows), "contacts");
    if (store_commit(bench->writer, bench->ids.last) != COMMIT_DONE)
        must(-1, "commit");
    arena_reset(&bench->arena, 1 << 20);
}

static void write_and_commit(struct bench *bench, const struct batch_rows *rows, int64_t started)
{
    int64_t loaded = clock_mono_us();
    must(store_write_batch(bench->writer, rows), "write");
    int64_t written = clock_mono_us();
    if (store_commit(bench->writer, bench->ids.last) != COMMIT_DONE)
        must(-1, "commit");
    int64_t committed = clock_mono_us();
    bench->us_load += loaded - started;
    bench->us_write += written - loaded;
    bench->us_commit += committed - written;
    must(store_checkpoint(bench->writer, CHECKPOINT_PAGES), "checkpoint");
    int64_t ended = clock_mono_us();
    bench->us_checkpoint += ended - committed;
    bench->latencies_us[bench->batches++] = (int)(ended - started);
}

static struct counter_delta *counters(struct bench *bench, int64_t at_ms, int size,
                                      struct counter_delta sums)
{
    struct counter_delta *first = NULL;
    for (int i = 0; i <= MIN_OF(size, OUTLETS); i++) {
        struct counter_delta *delta = ARENA_NEW(&bench->arena, struct counter_delta);
        *delta = sums;
        delta->organization = ORGANIZATION;
        delta->subject = i;
        delta->minute_ms = at_ms - at_ms % 60000;
        delta->next = first;
        first = delta;
    }
    return first;
}

static void add_key(struct bench *bench, struct batch_rows *rows, const struct event *event)
{
    struct idempotency_row *row = ARENA_NEW(&bench->arena, struct idempotency_row);
    char *key = arena_bytes(&bench->arena, 16);
    for (int i = 0; i < 4; i++) {
        long part = random();
        memcpy(key + (size_t)i * 4, &part, 4);
    }
    *row = (struct idempotency_row){ .next = rows->idempotency,
                                     .organization = ORGANIZATION,
                                     .key = str_from(key, 16),
                                     .request = str_from(key, 16),
                                     .event = event->id,
                                     .at_ms = event->at_ms };
    rows->idempotency = row;
    struct idempotency_load load = { .organization = ORGANIZATION,
                                     .key = row->key,
                                     .since_ms = event->at_ms - 86400000 };
    struct idempotency_load *pointer = &load;
    must(store_load_idempotency(bench->writer, &pointer, 1), "load");
}

/* Returns the work, which the next batch finishes. */
static struct work_row *run_events(struct bench *bench, int count, int64_t at_ms)
{
    struct batch_rows rows = {};
    struct event_row **events_end = &rows.events;
    struct work_row **work_end = &rows.work;
    int64_t started = clock_mono_us();
    must(store_begin(bench->writer), "begin");
    for (int i = 0; i < count; i++) {
        struct contact_load load = { .organization = ORGANIZATION,
                                     .email_key =
                                         arena_format(&bench->arena, "person.%lld@example.com",
                                                      (long long)(random() % bench->contacts)) };
        struct contact_load *pointer = &load;
        must(store_load_contacts(bench->writer, &pointer, 1), "load");
        struct event_row *event = ARENA_NEW(&bench->arena, struct event_row);
        event->wanted = true;
        event->event = (struct event){ .id = draw(bench),
                                       .organization = ORGANIZATION,
                                       .type = STR("custom_event.order"),
                                       .at_ms = at_ms,
                                       .contact = load.id,
                                       .inlet = 77,
                                       .data = str_from(bench->body, sizeof(bench->body)),
                                       .request_id = STR("req_0e3v2k4m1c8r0") };
        *events_end = event;
        events_end = &event->next;
        if (bench->keys)
            add_key(bench, &rows, &event->event);
        struct work_row *work = ARENA_NEW(&bench->arena, struct work_row);
        work->event_type = event->event.type;
        work->delivery = (struct delivery){ .id = draw(bench),
                                            .organization = ORGANIZATION,
                                            .outlet = 1 + i % OUTLETS,
                                            .event = event->event.id,
                                            .created_ms = at_ms,
                                            .due_ms = at_ms };
        *work_end = work;
        work_end = &work->next;
    }
    rows.counters = counters(bench, at_ms, count,
                             (struct counter_delta){ .events = 1, .wanted = 1, .deliveries = 1 });
    write_and_commit(bench, &rows, started);
    return rows.work;
}

static void run_results(struct bench *bench, struct work_row *work, int count, int64_t at_ms)
{
    struct batch_rows rows = {};
    struct delivery_change **end = &rows.changes;
    int64_t started = clock_mono_us();
    must(store_begin(bench->writer), "begin");
    for (; work != NULL; work = work->next) {
        struct work_load load = { .organization = ORGANIZATION,
                                  .outlet = work->delivery.outlet,
                                  .id = work->delivery.id };
        struct work_load *pointer = &load;
        must(store_load_work(bench->writer, &pointer, 1, &bench->arena), "load");
        struct attempt *attempt = ARENA_NEW(&bench->arena, struct attempt);
        *attempt = (struct attempt){ .delivery = work->delivery.id,
                                     .organization = ORGANIZATION,
                                     .number = 1,
                                     .started_ms = at_ms,
                                     .duration_us = 1234,
                                     .status = 200,
                                     .url = STR("https://example.com/hooks/junctor"),
                                     .request_head = str_from(bench->head, sizeof(bench->head)),
                                     .response_head = str_from(bench->head, 250),
                                     .response_body = STR("{\"ok\":true}"),
                                     .response_length = 11 };
        struct delivery_change *change = ARENA_NEW(&bench->arena, struct delivery_change);
        change->after = work->delivery;
        change->after.state = DELIVERY_DELIVERED;
        change->after.attempt_count = 1;
        change->after.last_status = 200;
        change->after.finished_ms = at_ms;
        change->was_pending = true;
        change->event_type = work->event_type;
        change->attempt = attempt;
        *end = change;
        end = &change->next;
    }
    rows.counters =
        counters(bench, at_ms, count, (struct counter_delta){ .delivered = 1, .attempts = 1 });
    write_and_commit(bench, &rows, started);
}

static void merge(struct bench *bench)
{
    int64_t started = clock_mono_us();
    must(store_merge_activity_step(bench->writer, 5), "merge");
    bench->us_merge += clock_mono_us() - started;
}

static int by_size(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void run(struct bench *bench, int64_t events, int size)
{
    bench->us_load = bench->us_write = bench->us_commit = 0;
    bench->us_checkpoint = bench->us_merge = 0;
    bench->batches = 0;
    bench->latencies_us = xcalloc((size_t)(events / size + 1) * 2, sizeof(int));
    int64_t cpu = cpu_us();
    int64_t started = clock_mono_us();
    int64_t merged = 0;
    for (int64_t done = 0; done < events; done += size) {
        int64_t at_ms = clock_real_ms();
        struct work_row *work = run_events(bench, size, at_ms);
        run_results(bench, work, size, at_ms);
        if ((merged += size) >= 512) {
            merge(bench);
            merged = 0;
        }
        arena_reset(&bench->arena, 8 << 20);
    }
    double n = (double)events;
    double us = (double)(clock_mono_us() - started);
    cpu = cpu_us() - cpu;
    qsort(bench->latencies_us, (size_t)bench->batches, sizeof(int), by_size);
    struct store_size size_now = {};
    must(store_size(store_writer_sql(bench->writer), &size_now), "size");
    printf(
        "batch %4d: %7.0f events/s %6.1f us/event (cpu %5.1f): load %.1f write %.1f commit %.1f "
        "checkpoint %.1f merge %.1f | batch p50 %d p99 %d max %d us | file %.0f MB wal %.0f MB\n",
        size, n / us * 1e6, us / n, (double)cpu / n, (double)bench->us_load / n,
        (double)bench->us_write / n, (double)bench->us_commit / n, (double)bench->us_checkpoint / n,
        (double)bench->us_merge / n, bench->latencies_us[bench->batches / 2],
        bench->latencies_us[bench->batches * 99 / 100], bench->latencies_us[bench->batches - 1],
        (double)size_now.file_bytes / 1e6, (double)size_now.wal_bytes / 1e6);
    fflush(stdout);
    free(bench->latencies_us);
}

/* ── reading, and the chores ── */

static void run_reads(struct bench *bench)
{
    struct store_reader *reader;
    int64_t ids[50];
    int count = 0;
    int rows = 0;
    must(store_reader_open(bench->store, &reader), "reader");
    struct sql *sql = store_reader_sql(reader);
    struct contact_load load = { .organization = ORGANIZATION };
    struct contact_load *pointer = &load;
    int64_t us = 0;
    for (int i = 0; i < 1000; i++) {
        load.email_key = arena_format(&bench->arena, "person.%lld@example.com",
                                      (long long)(random() % bench->contacts));
        must(store_load_contacts(bench->writer, &pointer, 1), "load");
        int64_t started = clock_mono_us();
        must(store_read_activity(sql, ORGANIZATION, load.id, 0, 50, ids, &count), "activity");
        us += clock_mono_us() - started;
        rows += count;
    }
    printf("activity of a contact, 50 newest: %.0f us (%.0f rows)\n", (double)us / 1000,
           rows / 1000.0);
    store_reader_close(reader);
}

typedef int chore(struct bench *bench, const struct retention *retention);

static int prune(struct bench *bench, const struct retention *retention)
{
    return store_prune_step(bench->writer, retention, 20);
}

static int vacuum(struct bench *bench, const struct retention *retention)
{
    (void)retention;
    return store_vacuum_step(bench->writer, 20);
}

static void run_chore(struct bench *bench, const char *name, chore *step,
                      const struct retention *retention)
{
    struct store_size before = {};
    struct store_size after = {};
    int64_t longest_us = 0;
    int64_t longest_cpu_us = 0;
    int64_t started = clock_mono_us();
    int steps = 0;
    must(store_size(store_writer_sql(bench->writer), &before), "size");
    for (int r = CHORE_MORE; r == CHORE_MORE; steps++) {
        int64_t step_started = clock_mono_us();
        int64_t step_cpu = cpu_us();
        r = step(bench, retention);
        must(r, name);
        longest_us = MAX_OF(longest_us, clock_mono_us() - step_started);
        longest_cpu_us = MAX_OF(longest_cpu_us, cpu_us() - step_cpu);
        must(store_checkpoint(bench->writer, CHECKPOINT_PAGES), "checkpoint");
    }
    must(store_size(store_writer_sql(bench->writer), &after), "size");
    printf(
        "%s: %.1f s, %d steps, longest %.1f ms (cpu %.1f); used %.0f → %.0f MB, file %.0f → %.0f "
        "MB\n",
        name, (double)(clock_mono_us() - started) / 1e6, steps, (double)longest_us / 1e3,
        (double)longest_cpu_us / 1e3, (double)(before.file_bytes - before.free_bytes) / 1e6,
        (double)(after.file_bytes - after.free_bytes) / 1e6, (double)before.file_bytes / 1e6,
        (double)after.file_bytes / 1e6);
}

static void run_chores(struct bench *bench, int64_t keep_percent)
{
    struct store_size size = {};
    must(store_size(store_writer_sql(bench->writer), &size), "size");
    const struct retention retention = { .max_bytes = (size.file_bytes - size.free_bytes) *
                                                      keep_percent / 100 };
    run_chore(bench, "prune", prune, &retention);
    run_chore(bench, "vacuum", vacuum, &retention);
}

int main(int argc, char **argv)
{
    struct bench bench = {};
    if (argc > 1 && strcmp(argv[1], "-k") == 0) {
        bench.keys = true;
        argv++;
        argc--;
    }
    if (argc < 5) {
        fprintf(stderr, "store_bench [-k] DIRECTORY EVENTS CONTACTS BATCH [BATCH …]\n"
                        "store_bench DIRECTORY KEEP-PERCENT CONTACTS chores\n");
        return 2;
    }
    const struct log log = { .least = LOG_WARN, .fd = 2 };
    const struct store_options options = { .directory = str_c(argv[1]),
                                           .log = &log,
                                           .create = true };
    struct problem problem = {};
    int64_t highest = 0;
    memset(bench.body, 'x', sizeof(bench.body));
    memset(bench.head, 'h', sizeof(bench.head));
    bench.contacts = atoll(argv[3]);
    must(store_open(&options, &bench.arena, &bench.store, &problem) == 0 ? 0 : -1, "open");
    must(store_writer_open(bench.store, &bench.writer), "writer");
    must(store_highest_id(store_writer_sql(bench.writer), &highest), "highest");
    id_source_init(&bench.ids, 1, highest);
    if (getenv("BENCH_PRAGMA") != NULL &&
        sql_run(store_writer_sql(bench.writer), getenv("BENCH_PRAGMA"), NULL, 0) < 0)
        return 1;
    if (highest == 0)
        make_contacts(&bench);
    bool chores = strcmp(argv[4], "chores") == 0;
    if (chores) {
        run_reads(&bench);
        run_chores(&bench, atoll(argv[2]));
        run_reads(&bench);
    }
    for (int i = 4; i < argc && !chores; i++)
        run(&bench, atoll(argv[2]), atoi(argv[i]));
    store_writer_close(bench.writer);
    store_close(bench.store);
    arena_done(&bench.arena);
    return 0;
}
