/* SPDX-License-Identifier: MIT */
#include "delivery/testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/fail.h"
#include "model/outlet_json.h"
#include "store/sealed.h"

#define WAIT_S 20

/* ── the store ── */

static struct work_item *find_work(struct bed *bed, int64_t id)
{
    for (int i = 0; i < bed->work_count; i++)
        if (bed->work[i].delivery.id == id)
            return &bed->work[i];
    return NULL;
}

static int read_start(void *context, struct arena *arena, struct start_read *ret_start)
{
    struct bed *bed = context;
    (void)pthread_mutex_lock(&bed->mutex);
    struct outlet_work *outlets =
        ARENA_ARRAY(arena, struct outlet_work, (size_t)bed->work_count + 1);
    int count = 0;
    for (int i = 0; i < bed->work_count; i++) {
        const struct delivery *delivery = &bed->work[i].delivery;
        bool known = false;
        for (int k = 0; k < count; k++)
            known = known || outlets[k].outlet == delivery->outlet;
        if (!known)
            outlets[count++] = (struct outlet_work){ .organization = delivery->organization,
                                                     .outlet = delivery->outlet };
    }
    bool failed = bed->fail_reads;
    (void)pthread_mutex_unlock(&bed->mutex);
    *ret_start = (struct start_read){ .outlets = outlets, .outlet_count = count };
    return failed ? FAIL_STORE : 0;
}

static bool is_in(const struct work_span *span, const struct delivery *delivery)
{
    return delivery->outlet == span->of.outlet && delivery->id > span->after &&
           delivery->id <= span->to;
}

static int read_work(void *context, const struct work_wanted *wanted, struct arena *arena,
                     struct work_item *ret_items, struct work_page *ret_page)
{
    struct bed *bed = context;
    (void)pthread_mutex_lock(&bed->mutex);
    *ret_page = (struct work_page){ .last = wanted->span.after, .later_ms = INT64_MAX };
    for (int i = 0; i < bed->work_count && ret_page->count < wanted->limit; i++) {
        const struct work_item *item = &bed->work[i];
        if (!is_in(&wanted->span, &item->delivery))
            continue;
        ret_page->last = item->delivery.id;
        if (item->delivery.due_ms > wanted->due_to_ms) {
            ret_page->later_ms = MIN_OF(ret_page->later_ms, item->delivery.due_ms);
            continue;
        }
        ret_items[ret_page->count] = *item;
        ret_items[ret_page->count++].event.data = arena_str(arena, item->event.data);
    }
    ret_page->whole = ret_page->count < wanted->limit;
    bed->pages_read++;
    bool failed = bed->fail_reads;
    int pause_ms = bed->slow_read_ms;
    (void)pthread_mutex_unlock(&bed->mutex);
    if (pause_ms > 0)
        (void)usleep((useconds_t)pause_ms * 1000);
    return failed ? FAIL_STORE : 0;
}

static int read_due(void *context, const struct due_wanted *wanted, int64_t *ret_ids,
                    int *ret_count)
{
    struct bed *bed = context;
    (void)pthread_mutex_lock(&bed->mutex);
    int count = 0;
    for (int i = 0; i < bed->work_count && count < wanted->limit; i++) {
        const struct delivery *delivery = &bed->work[i].delivery;
        if (is_in(&wanted->span, delivery) && delivery->due_ms < wanted->before_ms)
            ret_ids[count++] = delivery->id;
    }
    bool failed = bed->fail_reads;
    (void)pthread_mutex_unlock(&bed->mutex);
    *ret_count = count;
    return failed ? FAIL_STORE : 0;
}

/* ── the committer ── */

static void post(void *context, struct result *result)
{
    struct bed *bed = context;
    mailbox_post(&bed->mailbox, &result->operation.link);
}

static void keep_record(struct bed *bed, const struct result *result)
{
    if (bed->count == bed->room) {
        bed->room = MAX_OF(bed->room * 2, 64);
        bed->records = xrealloc(bed->records, (size_t)bed->room * sizeof(*bed->records));
    }
    struct record *record = &bed->records[bed->count++];
    struct arena *arena = &bed->arena;
    *record = (struct record){ .before = result->before,
                               .after = result->after,
                               .attempt = result->attempt };
    record->after.reason = arena_str(arena, result->after.reason);
    record->disable_reason = arena_str(arena, result->disable_reason);
    record->has_state = result->outlet_state != NULL;
    if (record->has_state)
        record->state = *result->outlet_state;
    struct attempt *attempt = &record->attempt;
    attempt->request_head = arena_str(arena, attempt->request_head);
    attempt->response_head = arena_str(arena, attempt->response_head);
    attempt->response_body = arena_str(arena, attempt->response_body);
    attempt->url = arena_str(arena, attempt->url);
    attempt->error = arena_str(arena, attempt->error);
    attempt->sealed = arena_str(arena, attempt->sealed);
}

static void record_result(struct bed *bed, struct result *result)
{
    struct work_item *item = find_work(bed, result->before.id);
    result->stored = bed->refuse == 0;
    result->gone = false;
    if (!result->stored) {
        bed->refuse--;
        return;
    }
    keep_record(bed, result);
    result->gone = item == NULL;
    if (item == NULL)
        return;
    item->delivery = result->after;
    item->delivery.reason = (str){};
    if (result->after.state != DELIVERY_PENDING) {
        free((void *)(uintptr_t)item->event.data.ptr);
        *item = bed->work[--bed->work_count];
        /* By id again. */
        for (int i = (int)(item - bed->work); i + 1 < bed->work_count; i++) {
            struct work_item swap = bed->work[i];
            if (swap.delivery.id < bed->work[i + 1].delivery.id)
                break;
            bed->work[i] = bed->work[i + 1];
            bed->work[i + 1] = swap;
        }
    }
}

static void answer(struct bed *bed, struct operation *operation)
{
    struct result *result = CONTAINER_OF(operation, struct result, operation);
    record_result(bed, result);
    result->committed(result, result->context);
}

static void *bed_main(void *argument)
{
    struct bed *bed = argument;
    while (!atomic_load(&bed->stopping)) {
        waker_wait(&bed->waker, 20);
        (void)pthread_mutex_lock(&bed->mutex);
        struct message *at = mailbox_take(&bed->mailbox);
        while (at != NULL) {
            struct message *next = at->next;
            struct operation *operation = CONTAINER_OF(at, struct operation, link);
            if (bed->hold > 0) {
                operation->next = bed->held;
                bed->held = operation;
            } else {
                answer(bed, operation);
            }
            at = next;
        }
        while (bed->hold == 0 && bed->held != NULL) {
            struct operation *operation = bed->held;
            bed->held = operation->next;
            answer(bed, operation);
        }
        (void)pthread_cond_broadcast(&bed->changed);
        (void)pthread_mutex_unlock(&bed->mutex);
    }
    return NULL;
}

/* ── life ── */

void bed_init(struct bed *bed)
{
    *bed = (struct bed){ .next_id = 1000 };
    (void)pthread_mutex_init(&bed->mutex, NULL);
    (void)pthread_cond_init(&bed->changed, NULL);
    limits_init(&bed->limits);
    clock_init(&bed->clock, true, 0);
    bed->log = (struct log){ .least = LOG_ERROR, .fd = STDERR_FILENO };
    CHECK("ranges", cidr_list_read(STR("127.0.0.0/8, ::1"), &bed->arena, &bed->options.allow_egress,
                                   &(str){}));
    bed->options.count = 1;
    bed->options.limits = &bed->limits;
    bed->options.clock = &bed->clock;
    bed->options.log = &bed->log;
    bed->options.seal_key = &bed->seal_key;
    bed->options.user_agent = STR("Junctor/test");
    bed->options.connect_timeout_ms = 500;
    bed->options.whole_timeout_ms = 800;
}

void bed_start(struct bed *bed)
{
    CHECK_INT("waker", waker_init(&bed->waker), 0);
    mailbox_init(&bed->mailbox, waker_wake, &bed->waker);
    CHECK_INT("thread", pthread_create(&bed->thread, NULL, bed_main, bed), 0);
    const struct courier_ground ground = {
        .context = bed,
        .post = post,
        .read_start = read_start,
        .read_work = read_work,
        .read_due = read_due,
    };
    CHECK_INT("start", couriers_start_on(&bed->options, &ground, &bed->couriers), 0);
}

void bed_done(struct bed *bed)
{
    couriers_stop(bed->couriers, 200);
    atomic_store(&bed->stopping, true);
    waker_wake(&bed->waker);
    (void)pthread_join(bed->thread, NULL);
    couriers_free(bed->couriers);
    for (int i = 0; i < bed->work_count; i++)
        free((void *)(uintptr_t)bed->work[i].event.data.ptr);
    free(bed->work);
    free(bed->records);
    waker_done(&bed->waker);
    arena_done(&bed->arena);
}

/* ── what tests do ── */

static struct credential copy_credential(const struct credential *from, struct arena *arena)
{
    struct credential copy = *from;
    str *const texts[] = { &copy.username,  &copy.password,      &copy.token, &copy.token_url,
                           &copy.client_id, &copy.client_secret, &copy.scope, &copy.audience };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = arena_str(arena, *texts[i]);
    return copy;
}

void bed_webhook(struct bed *bed, const struct webhook_text *text)
{
    struct endpoint *endpoint = object_new(sizeof(*endpoint));
    endpoint->object.id = text->id;
    endpoint->organization = 1;
    endpoint->url = arena_str(&endpoint->object.arena, str_c(text->url));
    endpoint->status = text->status;
    endpoint->format = text->format;
    endpoint->policy = policy_of(ENDPOINT_WEBHOOK);
    endpoint->signing = text->secret != NULL;
    endpoint->secret = arena_str(&endpoint->object.arena, str_c(text->secret));
    endpoint->transport.certificate = arena_str(&endpoint->object.arena, str_c(text->certificate));
    endpoint->transport.private_key = arena_str(&endpoint->object.arena, str_c(text->key));
    if (text->credential != NULL)
        endpoint->transport.credential = copy_credential(text->credential, &endpoint->object.arena);
    couriers_outlet_changed(bed->couriers, endpoint);
}

static char *copy_text(const char *text)
{
    return xstrdup(str_c(text));
}

int64_t bed_commit(struct bed *bed, int64_t outlet, const char *data)
{
    (void)pthread_mutex_lock(&bed->mutex);
    if (bed->work_count == bed->work_room) {
        bed->work_room = MAX_OF(bed->work_room * 2, 64);
        bed->work = xrealloc(bed->work, (size_t)bed->work_room * sizeof(*bed->work));
    }
    int64_t id = bed->next_id++;
    int64_t now_ms = clock_now_ms(&bed->clock);
    bed->work[bed->work_count++] = (struct work_item){
        .delivery = { .id = id,
                      .organization = 1,
                      .outlet = outlet,
                      .event = id + 1000000,
                      .created_ms = now_ms,
                      .due_ms = now_ms },
        .event = { .id = id + 1000000,
                   .organization = 1,
                   .type = STR("custom_event.order"),
                   .at_ms = 1700000000123,
                   .hops = 2,
                   .data = { copy_text(data), strlen(data) } },
    };
    (void)pthread_mutex_unlock(&bed->mutex);
    return id;
}

void bed_hand_over(struct bed *bed, int64_t id, bool manual)
{
    (void)pthread_mutex_lock(&bed->mutex);
    const struct work_item *item = find_work(bed, id);
    struct content *content = content_new(&item->event);
    struct job *job = job_new(&item->delivery, content, NULL);
    (void)pthread_mutex_unlock(&bed->mutex);
    job->manual = manual;
    couriers_hand_over(bed->couriers, job, job);
}

int64_t bed_deliver(struct bed *bed, int64_t outlet, const char *data)
{
    int64_t id = bed_commit(bed, outlet, data);
    bed_hand_over(bed, id, false);
    return id;
}

void bed_wait(struct bed *bed, int count)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    (void)pthread_mutex_lock(&bed->mutex);
    int r = 0;
    while (bed->count < count && r == 0)
        r = pthread_cond_timedwait(&bed->changed, &bed->mutex, &until);
    int have = bed->count;
    (void)pthread_mutex_unlock(&bed->mutex);
    if (have < count)
        fail_msg("%d results in %d s, not %d", have, WAIT_S, count);
}

struct record bed_record(struct bed *bed, int index)
{
    bed_wait(bed, index + 1);
    (void)pthread_mutex_lock(&bed->mutex);
    struct record record = bed->records[index];
    (void)pthread_mutex_unlock(&bed->mutex);
    CLEANUP(arena_done) struct arena arena = {};
    struct attempt opened = record.attempt;
    CHECK("sealed", attempt_open(&bed->seal_key, &opened, &arena));
    CHECK_STR("the target", opened.url, record.attempt.url);
    CHECK_STR("the request", opened.request_head, record.attempt.request_head);
    CHECK_STR("the answer", opened.response_head, record.attempt.response_head);
    return record;
}

int bed_count(struct bed *bed)
{
    (void)pthread_mutex_lock(&bed->mutex);
    int count = bed->count;
    (void)pthread_mutex_unlock(&bed->mutex);
    return count;
}

void bed_settle(struct bed *bed)
{
    int64_t until_ms = clock_mono_ms() + (int64_t)WAIT_S * 1000;
    while (couriers_busy(bed->couriers) > 0) {
        if (clock_mono_ms() > until_ms)
            fail_msg("still busy after %d s: %d", WAIT_S, couriers_busy(bed->couriers));
        (void)usleep(1000);
    }
}

void bed_advance(struct bed *bed, int64_t ms)
{
    (void)clock_advance(&bed->clock, ms);
    couriers_time_moved(bed->couriers);
}

char *url_at(struct bed *bed, int port, const char *path)
{
    (void)pthread_mutex_lock(&bed->mutex);
    str url = arena_format(&bed->arena, "http://127.0.0.1:%d%s", port, path);
    char *text = arena_c(&bed->arena, url);
    (void)pthread_mutex_unlock(&bed->mutex);
    return text;
}
