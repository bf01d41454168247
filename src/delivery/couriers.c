/* SPDX-License-Identifier: MIT
 * delivery/couriers.c: the couriers together: start, stop, and the doors from other threads. An
 * outlet is always the same courier's. */
#include <stdlib.h>

#include "base/crash.h"
#include "base/fail.h"
#include "delivery/internal.h"
#include "store/outlets.h"

#define CONNECT_TIMEOUT_MS 10000
#define WHOLE_TIMEOUT_MS 30000

/* Outlets that were made one after another have ids one apart: mix them. */
struct courier *courier_of(struct couriers *couriers, int64_t outlet)
{
    uint64_t mixed = (uint64_t)outlet * 0x9e3779b97f4a7c15U;
    return &couriers->at[(mixed >> 32) % (uint64_t)couriers->count];
}

/* ── doors ── */

static struct mail *new_mail(enum mail_kind kind)
{
    struct mail *mail = NEW(struct mail);
    mail->kind = kind;
    return mail;
}

struct chain {
    struct mail_jobs *mail;
    struct message **end;
};

static void add_job(struct chain *chain, struct job *job)
{
    job->link.next = NULL;
    if (chain->mail == NULL) {
        chain->mail = NEW(struct mail_jobs);
        chain->mail->mail.kind = MAIL_JOBS;
        chain->mail->first = job;
    } else {
        *chain->end = &job->link;
    }
    chain->end = &job->link.next;
}

void couriers_hand_over(struct couriers *couriers, struct job *first, struct job *last)
{
    struct chain chains[COURIERS_MAX] = {};
    for (struct job *job = first, *next; job != NULL; job = next) {
        struct message *link = job == last ? NULL : job->link.next;
        next = link == NULL ? NULL : CONTAINER_OF(link, struct job, link);
        add_job(&chains[courier_of(couriers, job->delivery.outlet) - couriers->at], job);
    }
    for (int i = 0; i < couriers->count; i++)
        if (chains[i].mail != NULL)
            courier_post(&couriers->at[i], &chains[i].mail->mail);
}

void couriers_outlet_changed(struct couriers *couriers, struct endpoint *endpoint)
{
    struct mail_endpoint *mail = NEW(struct mail_endpoint);
    mail->mail.kind = MAIL_ENDPOINT;
    mail->endpoint = endpoint;
    courier_post(courier_of(couriers, endpoint->object.id), &mail->mail);
}

void couriers_release(struct couriers *couriers)
{
    for (int i = 0; i < couriers->count; i++)
        courier_post(&couriers->at[i], new_mail(MAIL_RELEASE));
}

void time_wait_release(struct time_wait *wait)
{
    if (atomic_fetch_sub(&wait->references, 1) > 1)
        return;
    waker_done(&wait->waker);
    free(wait);
}

void couriers_time_moved(struct couriers *couriers)
{
    struct time_wait *wait = NEW(struct time_wait);
    atomic_init(&wait->missing, couriers->count);
    atomic_init(&wait->references, couriers->count + 1);
    if (waker_init(&wait->waker) < 0) { /* no descriptor left: do not wait */
        free(wait);
        return;
    }
    for (int i = 0; i < couriers->count; i++) {
        struct mail_time *mail = NEW(struct mail_time);
        mail->mail.kind = MAIL_TIME;
        mail->wait = wait;
        courier_post(&couriers->at[i], &mail->mail);
    }
    while (atomic_load(&wait->missing) > 0)
        waker_wait(&wait->waker, -1);
    time_wait_release(wait);
}

int couriers_busy(struct couriers *couriers)
{
    int64_t busy = 0;
    for (int i = 0; i < couriers->count; i++) {
        /* In this order: see invariant (3) of courier.c. */
        busy += atomic_load(&couriers->at[i].mail_waiting);
        busy += atomic_load(&couriers->at[i].active);
    }
    return (int)busy;
}

void couriers_read_stats(struct couriers *couriers, struct couriers_stats *ret_stats)
{
    *ret_stats = (struct couriers_stats){};
    for (int i = 0; i < couriers->count; i++) {
        const struct courier_counts *counts = &couriers->at[i].counts;
        ret_stats->attempts += counts->attempts;
        ret_stats->delivered += counts->delivered;
        ret_stats->failed += counts->failed;
        ret_stats->dead += counts->dead;
        ret_stats->swept += counts->swept;
        ret_stats->held_jobs += counts->held_jobs;
        ret_stats->held_bytes += counts->held_bytes;
        ret_stats->open_breakers += counts->open_breakers;
        ret_stats->outlets_behind += counts->outlets_behind;
        ret_stats->sending += counts->sending;
        ret_stats->fallen_behind += counts->fallen_behind;
        ret_stats->come_in_step += counts->come_in_step;
        figures_add(&ret_stats->figures, &couriers->at[i].figures);
    }
}

bool couriers_is_sending(struct couriers *couriers, int64_t delivery)
{
    for (int i = 0; i < couriers->count; i++)
        for (int slot = 0; slot < UNRECORDED_MAX; slot++)
            if (atomic_load_explicit(&couriers->at[i].sending[slot], memory_order_relaxed) ==
                delivery)
                return true;
    return false;
}

struct outlet_hold couriers_find_hold(struct couriers *couriers, int64_t outlet)
{
    return holds_find(&couriers->holds, outlet);
}

/* ── life ── */

static void keep_options(struct couriers *couriers, const struct couriers_options *from)
{
    struct couriers_options *options = &couriers->options;
    struct arena *arena = &couriers->arena;
    *options = *from;
    if (options->connect_timeout_ms == 0)
        options->connect_timeout_ms = CONNECT_TIMEOUT_MS;
    if (options->whole_timeout_ms == 0)
        options->whole_timeout_ms = WHOLE_TIMEOUT_MS;
    options->user_agent = arena_str(arena, from->user_agent);
    options->name_servers = arena_str(arena, from->name_servers);
    options->ca_file = arena_str(arena, from->ca_file);
    struct cidr *ranges = ARENA_ARRAY(arena, struct cidr, from->allow_egress.count);
    if (from->allow_egress.count > 0)
        memcpy(ranges, from->allow_egress.ranges, from->allow_egress.count * sizeof(*ranges));
    options->allow_egress.ranges = ranges;
}

static int start_all(struct couriers *couriers)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return fail(FAIL_LIBRARY);
    int r = fetcher_start(&couriers->fetcher, &couriers->ground, couriers->options.log);
    for (int i = 0; r == 0 && i < couriers->count; i++)
        r = courier_start(&couriers->at[i], couriers);
    return fail(r);
}

static struct couriers *new_couriers(const struct couriers_options *options)
{
    struct couriers *couriers = NEW(struct couriers);
    keep_options(couriers, options);
    couriers->count = MIN_OF(MAX_OF(options->count, 1), COURIERS_MAX);
    couriers->at = xcalloc((size_t)couriers->count, sizeof(*couriers->at));
    couriers->fetcher.waker.fd = -1;
    holds_init(&couriers->holds);
    return couriers;
}

/* Takes `couriers` over, also when it fails. */
static int start_on(struct couriers *couriers, const struct courier_ground *ground,
                    struct couriers **ret_couriers)
{
    couriers->ground = *ground;
    int r = start_all(couriers);
    if (r < 0) {
        couriers_stop(couriers, 0);
        couriers_free(couriers);
        return fail(r);
    }
    *ret_couriers = couriers;
    return 0;
}

int couriers_start_on(const struct couriers_options *options, const struct courier_ground *ground,
                      struct couriers **ret_couriers)
{
    return start_on(new_couriers(options), ground, ret_couriers);
}

void couriers_stop(struct couriers *couriers, int grace_ms)
{
    for (int i = 0; i < couriers->count; i++) {
        if (!couriers->at[i].running)
            continue;
        struct mail_stop *mail = NEW(struct mail_stop);
        mail->mail.kind = MAIL_STOP;
        mail->grace_ms = grace_ms;
        courier_post(&couriers->at[i], &mail->mail);
    }
    for (int i = 0; i < couriers->count; i++) {
        if (couriers->at[i].running)
            (void)pthread_join(couriers->at[i].thread, NULL);
        couriers->at[i].running = false;
    }
    fetcher_stop(&couriers->fetcher);
}

void couriers_free(struct couriers *couriers)
{
    if (couriers == NULL)
        return;
    for (int i = 0; i < couriers->count; i++)
        courier_done(&couriers->at[i]);
    store_reader_close(couriers->reader);
    holds_done(&couriers->holds);
    free(couriers->at);
    arena_done(&couriers->arena);
    curl_global_cleanup();
    free(couriers);
}

/* ── on the store and the committer ── */

static void post_result(void *context, struct result *result)
{
    struct couriers *couriers = context;
    CRASH_POINT("after-send");
    result_post(couriers->options.committer, result);
}

static void prepare(void *context, struct preparation *preparation)
{
    struct couriers *couriers = context;
    preparation_post(couriers->options.committer, preparation);
}

static int read_start(void *context, struct arena *arena, struct start_read *ret_start)
{
    struct couriers *couriers = context;
    struct start_read start = {};
    int r = store_read_begin(couriers->reader);
    if (r < 0)
        return fail(r);
    struct sql *sql = store_reader_sql(couriers->reader);
    r = store_read_outlets_with_work(sql, arena, &start.outlets, &start.outlet_count);
    if (r == 0)
        r = store_read_outlet_states(sql, arena, &start.states, &start.state_count);
    if (r == 0)
        r = store_read_paused_lines(sql, arena, &start.pauses, &start.pause_count);
    store_read_end(couriers->reader);
    *ret_start = start;
    return fail(r);
}

static int read_work(void *context, const struct work_wanted *wanted, struct arena *arena,
                     struct work_item *ret_items, struct work_page *ret_page)
{
    struct couriers *couriers = context;
    int r = store_read_begin(couriers->reader);
    if (r < 0)
        return fail(r);
    r = store_read_work(store_reader_sql(couriers->reader), wanted, arena, ret_items, ret_page);
    store_read_end(couriers->reader);
    return fail(r);
}

static int read_due(void *context, const struct due_wanted *wanted, int64_t *ret_ids,
                    int *ret_count)
{
    struct couriers *couriers = context;
    int r = store_read_begin(couriers->reader);
    if (r < 0)
        return fail(r);
    r = store_read_due(store_reader_sql(couriers->reader), &wanted->span, wanted->before_ms,
                       wanted->limit, ret_ids, ret_count);
    store_read_end(couriers->reader);
    return fail(r);
}

int couriers_start(const struct couriers_options *options, struct couriers **ret_couriers)
{
    struct couriers *couriers = new_couriers(options);
    int r = store_reader_open(options->store, &couriers->reader);
    if (r < 0) {
        couriers_free(couriers);
        return fail(r);
    }
    const struct courier_ground ground = { .context = couriers,
                                           .post = post_result,
                                           .prepare = prepare,
                                           .read_start = read_start,
                                           .read_work = read_work,
                                           .read_due = read_due };
    return start_on(couriers, &ground, ret_couriers);
}
