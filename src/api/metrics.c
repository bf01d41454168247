/* SPDX-License-Identifier: MIT
 * api/metrics.c: each loop counts for itself; who reads adds them up. */
#include "api/metrics.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/call.h"
#include "delivery/delivery.h"
#include "store/ledger.h"

#define CLASSES 6 /* 1xx … 5xx by their first digit; 0: the client was gone */

struct route_count {
    _Atomic int64_t classes[CLASSES];
    _Atomic int64_t micros;
};

struct metrics {
    _Atomic(struct route_count *) loops[METRICS_LOOPS]; /* each: routes and, first, none */
};

struct metrics *metrics_new(void)
{
    return NEW(struct metrics);
}

void metrics_free(struct metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (size_t i = 0; i < METRICS_LOOPS; i++)
        free(atomic_load(&metrics->loops[i]));
    free(metrics);
}

void metrics_add_loop(struct metrics *metrics, int loop)
{
    assert(loop >= 0 && loop < METRICS_LOOPS);
    if (atomic_load(&metrics->loops[loop]) == NULL)
        atomic_store(&metrics->loops[loop],
                     xcalloc((size_t)route_count + 1, sizeof(struct route_count)));
}

void metrics_count(struct metrics *metrics, int loop, int route, int status, int64_t micros)
{
    struct route_count *counts = atomic_load_explicit(&metrics->loops[loop], memory_order_relaxed);
    struct route_count *count = &counts[route + 1];
    int class = status == 499 ? 0 : status / 100;
    if (class < 0 || class >= CLASSES)
        class = 0;
    (void)atomic_fetch_add_explicit(&count->classes[class], 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&count->micros, micros, memory_order_relaxed);
}

/* ── writing ── */

static void head(struct buf *to, const char *name, const char *type, const char *help)
{
    buf_format(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void figure(struct buf *to, const char *name, const char *type, const char *help,
                   int64_t value)
{
    head(to, name, type, help);
    buf_format(to, "%s %lld\n", name, (long long)value);
}

/* From millionths. */
static void seconds(struct buf *to, int64_t micros)
{
    buf_format(to, "%lld.%06lld\n", (long long)(micros / 1000000), (long long)(micros % 1000000));
}

struct route_sum {
    int64_t classes[CLASSES];
    int64_t micros;
    int64_t requests;
};

static struct route_sum sum_route(const struct metrics *metrics, int route)
{
    struct route_sum sum = {};
    for (size_t loop = 0; loop < METRICS_LOOPS; loop++) {
        const struct route_count *counts = atomic_load(&metrics->loops[loop]);
        if (counts == NULL)
            continue;
        for (size_t i = 0; i < CLASSES; i++) {
            int64_t count =
                atomic_load_explicit(&counts[route + 1].classes[i], memory_order_relaxed);
            sum.classes[i] += count;
            sum.requests += count;
        }
        sum.micros += atomic_load_explicit(&counts[route + 1].micros, memory_order_relaxed);
    }
    return sum;
}

static void add_labels(struct buf *to, int route)
{
    if (route < 0)
        buf_add(to, STR("method=\"\",route=\"\""));
    else
        buf_format(to, "method=\"%.*s\",route=\"%s\"",
                   STR_ARG(http_method_name(routes[route].method)), routes[route].pattern);
}

static void add_requests(const struct metrics *metrics, struct buf *to)
{
    static const char *const names[CLASSES] = { "gone", "1xx", "2xx", "3xx", "4xx", "5xx" };
    head(to, "junctor_http_requests_total", "counter", "Requests answered, by route and status.");
    for (int route = -1; route < route_count; route++) {
        struct route_sum sum = sum_route(metrics, route);
        for (size_t i = 0; i < CLASSES; i++) {
            if (sum.classes[i] == 0)
                continue;
            buf_add(to, STR("junctor_http_requests_total{"));
            add_labels(to, route);
            buf_format(to, ",status=\"%s\"} %lld\n", names[i], (long long)sum.classes[i]);
        }
    }
    head(to, "junctor_http_request_seconds", "summary",
         "From the request to its answer, by route.");
    for (int route = -1; route < route_count; route++) {
        struct route_sum sum = sum_route(metrics, route);
        if (sum.requests == 0)
            continue;
        buf_add(to, STR("junctor_http_request_seconds_sum{"));
        add_labels(to, route);
        buf_add(to, STR("} "));
        seconds(to, sum.micros);
        buf_add(to, STR("junctor_http_request_seconds_count{"));
        add_labels(to, route);
        buf_format(to, "} %lld\n", (long long)sum.requests);
    }
}

static void add_server(const struct api *api, struct buf *to)
{
    const struct http_server *server = atomic_load(&api->server);
    figure(to, "junctor_readers_busy", "gauge", "Queries that run or wait for a reader.",
           readers_busy(api->context.readers));
    if (server == NULL)
        return;
    figure(to, "junctor_loops", "gauge", "Threads that serve connections.",
           http_server_loops(server));
    figure(to, "junctor_connections", "gauge", "Open connections from senders.",
           http_server_connections(server));
    figure(to, "junctor_body_bytes", "gauge", "Bytes of bodies being received.",
           http_server_body_bytes(server));
}

static void add_committer(const struct api *api, struct buf *to)
{
    static const char *const lanes[LANES] = {
        [LANE_RESULTS] = "results",
        [LANE_INGEST] = "ingest",
        [LANE_MANAGEMENT] = "management",
        [LANE_UPKEEP] = "upkeep",
    };
    struct committer_stats stats;
    committer_read_stats(api->context.committer, &stats);
    figure(to, "junctor_batches_total", "counter", "Transactions committed.", stats.batches);
    figure(to, "junctor_operations_total", "counter", "Operations in them.", stats.operations);
    head(to, "junctor_commit_seconds_total", "counter", "Time spent committing.");
    buf_add(to, STR("junctor_commit_seconds_total "));
    seconds(to, stats.commit_us);
    figure(to, "junctor_commit_failures_total", "counter", "Batches that were rolled back.",
           stats.failures);
    figure(to, "junctor_commit_unknown_total", "counter",
           "Commits whose outcome had to be settled.", stats.unknown);
    figure(to, "junctor_needs_restart", "gauge",
           "1: a sync of the database file failed, and the WAL grows until a restart.",
           stats.needs_restart);
    figure(to, "junctor_events_total", "counter", "Events committed since start.", stats.events);
    figure(to, "junctor_deliveries_total", "counter", "Deliveries made since start.",
           stats.deliveries);
    figure(to, "junctor_recoveries_running", "gauge", "Bulk recoveries that are not over.",
           stats.recoveries);
    head(to, "junctor_queued_operations", "gauge", "Operations that wait for the committer.");
    for (size_t lane = 0; lane < LANES; lane++)
        buf_format(to, "junctor_queued_operations{lane=\"%s\"} %lld\n", lanes[lane],
                   (long long)stats.queued[lane]);
    head(to, "junctor_queued_bytes", "gauge", "Bytes of operations that wait for the committer.");
    for (size_t lane = 0; lane < LANES; lane++)
        buf_format(to, "junctor_queued_bytes{lane=\"%s\"} %lld\n", lanes[lane],
                   (long long)stats.queued_bytes[lane]);
}

static void add_results(const struct figures *figures, struct buf *to)
{
    head(to, "junctor_attempt_results_total", "counter", "Attempts, by what came of them.");
    for (int i = 0; i < ATTEMPT_RESULT_COUNT; i++)
        buf_format(to, "junctor_attempt_results_total{result=\"%s\"} %lld\n",
                   attempt_result_labels[i], (long long)figures->results[i]);
}

static void add_phase(const struct histogram *histogram, const char *phase, struct buf *to)
{
    int64_t count = 0;
    for (int i = 0; i < FIGURE_BUCKETS; i++) {
        count += histogram->buckets[i];
        buf_format(to, "junctor_attempt_seconds_bucket{phase=\"%s\",le=\"%g\"} %lld\n", phase,
                   (double)figure_bounds_us[i] / 1000000, (long long)count);
    }
    count += histogram->buckets[FIGURE_BUCKETS];
    buf_format(to, "junctor_attempt_seconds_bucket{phase=\"%s\",le=\"+Inf\"} %lld\n", phase,
               (long long)count);
    buf_format(to, "junctor_attempt_seconds_sum{phase=\"%s\"} ", phase);
    seconds(to, histogram->sum_us);
    buf_format(to, "junctor_attempt_seconds_count{phase=\"%s\"} %lld\n", phase, (long long)count);
}

static void add_phases(const struct figures *figures, struct buf *to)
{
    head(to, "junctor_attempt_seconds", "histogram",
         "How long each phase of attempts took: name, connect, tls, first_byte; and the whole.");
    for (int phase = 0; phase < PHASE_COUNT; phase++)
        add_phase(&figures->phases[phase], attempt_phase_labels[phase], to);
}

static void add_couriers(const struct api *api, struct buf *to)
{
    struct couriers_stats stats;
    if (api->context.couriers == NULL)
        return;
    couriers_read_stats(api->context.couriers, &stats);
    figure(to, "junctor_attempts_total", "counter", "Attempts to deliver.", stats.attempts);
    figure(to, "junctor_attempts_delivered_total", "counter", "Attempts that delivered.",
           stats.delivered);
    figure(to, "junctor_attempts_failed_total", "counter", "Attempts that failed.", stats.failed);
    figure(to, "junctor_deliveries_dead_total", "counter", "Deliveries given up.", stats.dead);
    figure(to, "junctor_sending", "gauge", "Attempts under way.", stats.sending);
    figure(to, "junctor_held_deliveries", "gauge", "Deliveries in the couriers' memory.",
           stats.held_jobs);
    figure(to, "junctor_held_bytes", "gauge", "Bytes of deliveries in the couriers' memory.",
           stats.held_bytes);
    figure(to, "junctor_open_breakers", "gauge", "Endpoints that only get a probe.",
           stats.open_breakers);
    figure(to, "junctor_swept_total", "counter",
           "Due deliveries that only the store had: 0 while all is well.", stats.swept);
    figure(to, "junctor_outlets_behind", "gauge", "Endpoints whose work is read from the store.",
           stats.outlets_behind);
    figure(to, "junctor_outlets_fallen_behind_total", "counter",
           "How often memory has let go of an endpoint's work.", stats.fallen_behind);
    figure(to, "junctor_outlets_come_in_step_total", "counter",
           "How often all of an endpoint's work was in memory again.", stats.come_in_step);
    add_results(&stats.figures, to);
    add_phases(&stats.figures, to);
}

/* Of all organizations together: a label for each would grow with them. */
static void add_deliveries(const struct api *api, struct sql *sql, struct buf *to)
{
    struct ledger ledger;
    int64_t oldest_ms;
    if (store_read_all_deliveries(sql, &ledger) < 0 || store_read_oldest_work(sql, &oldest_ms) < 0)
        return;
    head(to, "junctor_deliveries", "gauge", "Deliveries there have been, by their state.");
    buf_format(to, "junctor_deliveries{state=\"pending\"} %lld\n", (long long)ledger.pending);
    buf_format(to, "junctor_deliveries{state=\"delivered\"} %lld\n", (long long)ledger.delivered);
    buf_format(to, "junctor_deliveries{state=\"dead\"} %lld\n", (long long)ledger.dead);
    buf_format(to, "junctor_deliveries{state=\"dropped\"} %lld\n", (long long)ledger.dropped);
    int64_t now_ms = clock_now_ms(api->context.clock);
    head(to, "junctor_oldest_pending_seconds", "gauge",
         "Age of the oldest unfinished delivery; 0: there is none.");
    buf_add(to, STR("junctor_oldest_pending_seconds "));
    seconds(to, oldest_ms == 0 ? 0 : MAX_OF(now_ms - oldest_ms, 0) * 1000);
}

static void add_mail(const struct api *api, struct buf *to)
{
    const struct api_mail *mail = &api->context.mail;
    struct api_mail_counts counts;
    if (mail->context == NULL)
        return;
    mail->read_counts(mail->context, &counts);
    figure(to, "junctor_mails_sent_total", "counter", "Mails about endpoints in trouble.",
           counts.sent);
    figure(to, "junctor_mails_failed_total", "counter", "Tries to send one that failed.",
           counts.failed);
    figure(to, "junctor_mails_waiting", "gauge", "People whose mail cannot go now.",
           counts.waiting);
}

static void add_store(struct sql *sql, struct buf *to)
{
    struct store_size size;
    if (store_size(sql, &size) < 0)
        return;
    figure(to, "junctor_store_bytes", "gauge", "Size of the database.", size.file_bytes);
    figure(to, "junctor_store_wal_bytes", "gauge", "Size of its write-ahead log.", size.wal_bytes);
    figure(to, "junctor_store_free_bytes", "gauge", "Unused bytes in the database.",
           size.free_bytes);
    figure(to, "junctor_disk_free_bytes", "gauge", "Free bytes on its disk.", size.disk_free_bytes);
}

static int64_t resident_bytes(void)
{
    char text[128];
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return 0;
    str rest = str_from(text, fread(text, 1, sizeof(text), file));
    (void)fclose(file);
    int64_t pages = 0;
    (void)str_cut(&rest, ' '); /* the whole address space */
    if (!str_to_int64(str_cut(&rest, ' '), &pages))
        return 0;
    return pages * sysconf(_SC_PAGESIZE);
}

static void add_process(struct buf *to)
{
    struct rusage usage = {};
    (void)getrusage(RUSAGE_SELF, &usage);
    int64_t micros = (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                     usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    figure(to, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
    head(to, "process_cpu_seconds_total", "counter", "Processor time used.");
    buf_add(to, STR("process_cpu_seconds_total "));
    seconds(to, micros);
    head(to, "junctor_build_info", "gauge", "The program's version.");
    buf_add(to, STR("junctor_build_info{version=\"" JUNCTOR_VERSION "\"} 1\n"));
}

void metrics_write(const struct api *api, struct sql *sql, struct buf *to)
{
    add_requests(api->metrics, to);
    add_server(api, to);
    add_committer(api, to);
    add_couriers(api, to);
    add_deliveries(api, sql, to);
    add_mail(api, to);
    add_store(sql, to);
    add_process(to);
}
