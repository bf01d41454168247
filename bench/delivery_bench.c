/* SPDX-License-Identifier: MIT
 * bench/delivery_bench.c: couriers against a sink: deliveries a second, and what each costs of the
 * courier's CPU time. The committer is a function that records nothing.
 *
 *   delivery_bench URL [DELIVERIES [OUTLETS [PORT HANGING]]]
 *
 * HANGING outlets more send to that port of as many loopback addresses, where nothing answers. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "delivery/internal.h"
#include "model/outlet_json.h"

struct bench {
    struct couriers *couriers;
    struct mailbox mailbox;
    struct waker waker;
    int64_t recorded;
    int64_t failed;
};

static void post(void *context, struct result *result)
{
    struct bench *bench = context;
    mailbox_post(&bench->mailbox, &result->operation.link);
}

static int read_start(void *context, struct arena *arena, struct start_read *ret_start)
{
    (void)context;
    (void)arena;
    *ret_start = (struct start_read){};
    return 0;
}

static int read_work(void *context, const struct work_wanted *wanted, struct arena *arena,
                     struct work_item *ret_items, struct work_page *ret_page)
{
    (void)context;
    (void)arena;
    (void)ret_items;
    *ret_page =
        (struct work_page){ .last = wanted->span.after, .whole = true, .later_ms = INT64_MAX };
    return 0;
}

static int read_due(void *context, const struct due_wanted *wanted, int64_t *ret_ids,
                    int *ret_count)
{
    (void)context;
    (void)wanted;
    (void)ret_ids;
    *ret_count = 0;
    return 0;
}

static void add_outlet(struct bench *bench, int64_t id, const char *url)
{
    struct endpoint *webhook = object_new(sizeof(*webhook));
    webhook->object.id = id;
    webhook->organization = 1;
    webhook->url = arena_str(&webhook->object.arena, str_c(url));
    webhook->signing = true;
    webhook->policy = policy_of_webhooks();
    webhook->secret = STR("0123456789abcdef0123456789abcdef");
    couriers_outlet_changed(bench->couriers, webhook);
}

static struct job *new_job(int64_t id, int64_t outlet)
{
    static char data[1024];
    memset(data, '1', sizeof(data));
    const struct delivery delivery = { .id = id, .organization = 1, .outlet = outlet, .event = id };
    const struct event event = { .id = id,
                                 .type = STR("custom_event.order"),
                                 .data = str_from(data, sizeof(data)) };
    return job_new(&delivery, content_new(&event), NULL);
}

static void record(struct bench *bench, int wait_ms)
{
    waker_wait(&bench->waker, wait_ms);
    struct message *at = mailbox_take(&bench->mailbox);
    while (at != NULL) {
        struct message *next = at->next;
        struct operation *operation = CONTAINER_OF(at, struct operation, link);
        struct result *result = CONTAINER_OF(operation, struct result, operation);
        result->stored = true;
        bool counted = result->after.outlet < 1000000;
        bench->recorded += counted;
        bench->failed += counted && result->attempt.error.len > 0;
        if (counted && result->attempt.error.len > 0 && bench->failed < 3)
            fprintf(stderr, "%.*s\n", STR_ARG(result->attempt.error));
        result->committed(result, result->context);
        at = next;
    }
}

/* One batch, of up to 256. Returns how many. */
static int64_t hand_over(struct bench *bench, int64_t handed, int64_t count, int64_t outlets)
{
    struct job *first = NULL;
    struct job *last = NULL;
    int64_t most = MIN_OF(count - handed, 256);
    for (int64_t i = 0; i < most; i++) {
        struct job *job = new_job(handed + i + 1, (handed + i) % outlets + 1);
        if (first == NULL)
            first = job;
        else
            last->link.next = &job->link;
        last = job;
    }
    couriers_hand_over(bench->couriers, first, last);
    return most;
}

/* No more than 20,000 ahead. */
static void run(struct bench *bench, int64_t count, int64_t outlets)
{
    int64_t handed = 0;
    while (bench->recorded < count) {
        while (handed < count && handed - bench->recorded < 20000)
            handed += hand_over(bench, handed, count, outlets);
        record(bench, 5);
    }
}

static int64_t cpu_us(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}

/* Who never answers, each with eight deliveries under way. */
static void add_hanging(struct bench *bench, int64_t count, const char *port)
{
    for (int64_t i = 0; i < count; i++) {
        char url[64];
        (void)snprintf(url, sizeof(url), "http://127.1.%d.%d:%s/", (int)i / 250, (int)i % 250 + 1,
                       port);
        add_outlet(bench, 1000000 + i, url);
        for (int k = 0; k < 8; k++) {
            struct job *job = new_job(100000000 + i * 8 + k, 1000000 + i);
            couriers_hand_over(bench->couriers, job, job);
        }
    }
    for (int i = 0; i < 100; i++)
        record(bench, 10);
    struct couriers_stats stats;
    couriers_read_stats(bench->couriers, &stats);
    printf("%lld hang: ", (long long)stats.sending);
}

/* Waits until they have seen that the store is empty. */
static bool start(struct bench *bench, struct couriers_options *options, struct arena *arena)
{
    str wrong;
    if (!cidr_list_read(STR("127.0.0.0/8"), arena, &options->allow_egress, &wrong) ||
        waker_init(&bench->waker) < 0)
        return false;
    mailbox_init(&bench->mailbox, waker_wake, &bench->waker);
    const struct courier_ground ground = { .context = bench,
                                           .post = post,
                                           .read_start = read_start,
                                           .read_work = read_work,
                                           .read_due = read_due };
    if (couriers_start_on(options, &ground, &bench->couriers) < 0)
        return false;
    while (couriers_busy(bench->couriers) > 0)
        (void)usleep(1000);
    return true;
}

static void measure(struct bench *bench, int64_t count, int64_t outlets)
{
    int64_t cpu_before_us = cpu_us();
    int64_t began_us = clock_mono_us();
    run(bench, count, outlets);
    int64_t took_us = clock_mono_us() - began_us;
    printf("%lld deliveries, %lld failed, %.0f a second, %.1f us CPU each\n", (long long)count,
           (long long)bench->failed, (double)count * 1e6 / (double)took_us,
           (double)(cpu_us() - cpu_before_us) / (double)count);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 1;
    int64_t count = argc > 2 ? strtoll(argv[2], NULL, 10) : 100000;
    int64_t outlets = argc > 3 ? strtoll(argv[3], NULL, 10) : 8;
    int64_t hanging = argc > 5 ? strtoll(argv[5], NULL, 10) : 0;
    struct limits limits;
    limits_init(&limits);
    struct clock clock;
    clock_init(&clock, false, 0);
    const struct seal_key seal_key = { .bytes = { 1 } };
    const struct log log = { .least = LOG_ERROR, .fd = STDERR_FILENO };
    CLEANUP(arena_done) struct arena arena = {};
    struct couriers_options options = { .count = 1,
                                        .limits = &limits,
                                        .clock = &clock,
                                        .log = &log,
                                        .seal_key = &seal_key,
                                        .user_agent = STR("Junctor/bench") };
    struct bench bench = {};
    if (!start(&bench, &options, &arena))
        return 1;
    for (int64_t i = 0; i < outlets; i++)
        add_outlet(&bench, i + 1, argv[1]);
    if (hanging > 0)
        add_hanging(&bench, hanging, argv[4]);
    measure(&bench, count, outlets);
    _exit(0);
}
