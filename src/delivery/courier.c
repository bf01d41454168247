/* SPDX-License-Identifier: MIT
 * delivery/courier.c: the thread of one courier. A turn: mail, what is due, names, new attempts,
 * libcurl, what is over; then it waits for any of them.
 *
 * Invariants: (1) all of struct courier but the mailbox and the atomics belongs to its thread; (2)
 * nothing is started while UNRECORDED_MAX attempts are unrecorded, under way or not; (3) a message
 * counts in mail_waiting until what it caused counts in `active`, so that their sum is 0 only when
 * there is nothing to do. */
#include <signal.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/thread.h"
#include "delivery/internal.h"

#define NAME_SOCKETS 64
#define WAIT_MAX_MS 1000
#define READ_PAUSE_MS 1000
#define COUNT_PAUSE_MS 500
#define LOOKS_A_TURN 64
#define ROUND_PAUSE_MS 10

int64_t courier_now_ms(const struct courier *courier)
{
    return clock_now_ms(courier->couriers->options.clock);
}

void courier_post(struct courier *courier, struct mail *mail)
{
    (void)atomic_fetch_add(&courier->mail_waiting, 1);
    mailbox_post(&courier->mailbox, &mail->link);
}

/* ── reading the store ── */

static struct fetch *new_fetch(struct courier *courier, enum mail_kind kind)
{
    struct fetch *fetch = NEW(struct fetch);
    fetch->mail.kind = kind;
    fetch->courier = courier;
    return fetch;
}

static bool read_outlet(struct courier *courier, struct outlet *outlet)
{
    if (!stock_begin_read(&courier->stock, outlet))
        return false;
    struct fetch *fetch = new_fetch(courier, MAIL_PAGE);
    fetch->outlet = outlet;
    int64_t *skip = ARENA_ARRAY(&fetch->arena, int64_t, (size_t)outlet->lines_left + 1);
    fetch->wanted = (struct work_wanted){
        .span = { .of = { .organization = outlet->organization, .outlet = outlet->id },
                  .after = outlet->read_after,
                  .to = outlet->read_before },
        .limit = outlet->read_limit,
        .due_to_ms = outlet->read_due_ms,
        .by_subject = outlet->order == ORDER_SUBJECT,
        .skip = skip,
        .skip_count = lines_resting(outlet, skip),
    };
    fetcher_post(&courier->couriers->fetcher, fetch);
    return true;
}

static void read_list(struct courier *courier, int64_t mono_ms)
{
    if (courier->list_again_ms == 0 || mono_ms < courier->list_again_ms)
        return;
    courier->list_again_ms = 0;
    fetcher_post(&courier->couriers->fetcher, new_fetch(courier, MAIL_START));
}

/* Memory has let go of some of theirs. */
static void take_fallen(struct courier *courier)
{
    while (!list_empty(&courier->stock.fallen)) {
        struct outlet *outlet = LIST_ENTRY(courier->stock.fallen.next, struct outlet, fallen);
        list_remove(&outlet->fallen);
        outlet_reopen(courier, outlet);
    }
}

static struct outlet *behind_of(struct list *link)
{
    return LIST_ENTRY(link, struct outlet, behind);
}

/* All outlets that are behind are looked at in rounds: one a turn while they are few, else some a
 * turn, and then a pause. So thousands of them cost a turn no more than some dozens. */
static void begin_round(struct courier *courier, int64_t mono_ms)
{
    if (!list_empty(&courier->behind))
        return;
    courier->look_again = !list_empty(&courier->looked_at) && mono_ms < courier->round_at_ms;
    if (courier->look_again)
        return;
    courier->unread = false;
    courier->round_began_ms = mono_ms;
    list_move_all(&courier->behind, &courier->looked_at);
}

static void look_at(struct courier *courier, struct outlet *outlet, int64_t mono_ms)
{
    list_remove(&outlet->behind);
    list_append(&courier->looked_at, &outlet->behind);
    outlet->waits = outlet_waits(courier, outlet);
    if (stock_wants_page(&courier->stock, outlet) &&
        (outlet->read_again_ms > mono_ms || !read_outlet(courier, outlet)))
        courier->unread = true;
}

/* A round goes on. */
static bool is_looking(const struct courier *courier)
{
    return !courier->stopping && !courier->stock.starting && !list_empty(&courier->behind) &&
           courier->stock.reading < READS_AT_ONCE;
}

static void read_behind(struct courier *courier, int64_t mono_ms)
{
    take_fallen(courier);
    if (courier->stopping)
        return;
    if (courier->stock.starting) {
        read_list(courier, mono_ms);
        return;
    }
    begin_round(courier, mono_ms);
    for (int looks = 0; looks < LOOKS_A_TURN && is_looking(courier); looks++)
        look_at(courier, behind_of(courier->behind.next), mono_ms);
    if (is_looking(courier))
        courier->round_at_ms = courier->round_began_ms + ROUND_PAUSE_MS;
}

static bool anything_to_read(const struct courier *courier)
{
    return courier->stock.starting || courier->stock.reading > 0 || courier->sweeping ||
           !list_empty(&courier->stock.fallen) || !list_empty(&courier->behind) ||
           courier->look_again || courier->unread;
}

static void take_page(struct courier *courier, struct fetch *fetch)
{
    struct outlet *outlet = fetch->outlet;
    if (fetch->failed) {
        stock_read_failed(&courier->stock, outlet);
        outlet->read_again_ms = clock_mono_ms() + READ_PAUSE_MS;
    } else {
        struct stock_page page = { .jobs = fetch->jobs,
                                   .last = fetch->page.last,
                                   .whole = fetch->page.whole,
                                   .later_ms = fetch->page.later_ms };
        fetch->jobs = NULL;
        stock_take_page(&courier->stock, outlet, &page, courier_now_ms(courier));
        if (outlet->step == OUTLET_IN_STEP && !stock_has_sleepers(outlet))
            list_remove(&outlet->behind);
    }
    if (!outlet_is_open(courier, outlet)) /* it was closed meanwhile */
        outlet_reopen(courier, outlet);
    fetch_free(fetch);
}

static void reopen_all(struct courier *courier)
{
    size_t at = 0;
    struct outlet *outlet;
    while ((outlet = map_next(&courier->stock.outlets, &at)) != NULL)
        outlet_reopen(courier, outlet);
}

static bool is_own(const struct courier *courier, int64_t outlet)
{
    return courier_of(courier->couriers, outlet) == courier;
}

static void load_start(struct courier *courier, const struct start_read *start)
{
    for (int i = 0; i < start->outlet_count; i++)
        if (is_own(courier, start->outlets[i].outlet))
            stock_list_outlet(&courier->stock, start->outlets[i].organization,
                              start->outlets[i].outlet);
    for (int i = 0; i < start->state_count; i++)
        if (is_own(courier, start->states[i].outlet))
            outlet_load_state(courier, &start->states[i]);
    for (int i = 0; i < start->pause_count; i++)
        if (is_own(courier, start->pauses[i].outlet))
            stock_load_pause(&courier->stock, &start->pauses[i]);
}

static void take_start(struct courier *courier, struct fetch *fetch)
{
    if (fetch->failed) {
        courier->list_again_ms = clock_mono_ms() + READ_PAUSE_MS;
        fetch_free(fetch);
        return;
    }
    load_start(courier, &fetch->start);
    fetch_free(fetch);
    stock_started(&courier->stock);
    reopen_all(courier);
}

/* ── mail ── */

/* It came with the job, before anything else was known of it. */
static void adopt_endpoint(struct courier *courier, struct outlet *outlet, struct job *job)
{
    if (outlet->endpoint != NULL || outlet->deleted || job->endpoint == NULL)
        return;
    struct endpoint *endpoint = job->endpoint;
    job->endpoint = NULL;
    outlet_set_endpoint(courier, outlet, endpoint);
}

static void take_jobs(struct courier *courier, struct mail_jobs *jobs)
{
    int64_t now_ms = courier_now_ms(courier);
    for (struct job *job = jobs->first, *next; job != NULL; job = next) {
        struct message *link = job->link.next;
        next = link == NULL ? NULL : CONTAINER_OF(link, struct job, link);
        struct outlet *outlet =
            stock_outlet(&courier->stock, job->delivery.organization, job->delivery.outlet);
        adopt_endpoint(courier, outlet, job);
        if (job->passed_over)
            stock_pass_over(&courier->stock, outlet, job->delivery.id);
        if (outlet->deleted || job->passed_over)
            job_free(job);
        else
            stock_take_job(&courier->stock, job, now_ms);
        if (!outlet_is_open(courier, outlet))
            outlet_reopen(courier, outlet);
    }
    free(jobs);
}

static void take_endpoint(struct courier *courier, struct mail_endpoint *mail)
{
    struct endpoint *endpoint = mail->endpoint;
    free(mail);
    struct outlet *outlet =
        stock_outlet(&courier->stock, endpoint->organization, endpoint->object.id);
    outlet_set_endpoint(courier, outlet, endpoint);
}

static void take_mail(struct courier *courier, struct mail *mail)
{
    switch (mail->kind) {
    case MAIL_JOBS:
        take_jobs(courier, CONTAINER_OF(mail, struct mail_jobs, mail));
        break;
    case MAIL_ENDPOINT:
        take_endpoint(courier, CONTAINER_OF(mail, struct mail_endpoint, mail));
        break;
    case MAIL_RECORDED:
        dispatch_recorded(CONTAINER_OF(mail, struct dispatch, mail));
        break;
    case MAIL_PREPARED:
        dispatch_prepared(CONTAINER_OF(mail, struct dispatch, mail));
        break;
    case MAIL_PAGE:
        take_page(courier, CONTAINER_OF(mail, struct fetch, mail));
        break;
    case MAIL_START:
        take_start(courier, CONTAINER_OF(mail, struct fetch, mail));
        break;
    case MAIL_SWEEP:
        sweep_take(courier, CONTAINER_OF(mail, struct fetch, mail));
        break;
    case MAIL_RELEASE:
        courier->held = false;
        free(mail);
        reopen_all(courier);
        break;
    case MAIL_TIME: {
        struct mail_time *time = CONTAINER_OF(mail, struct mail_time, mail);
        time->next = courier->time_waiting;
        courier->time_waiting = time;
        break;
    }
    case MAIL_STOP:
        courier->stopping = true;
        courier->stop_at_ms =
            clock_mono_ms() + CONTAINER_OF(mail, struct mail_stop, mail)->grace_ms;
        free(mail);
        break;
    }
}

static void take_all_mail(struct courier *courier, int64_t *ret_count)
{
    int64_t count = 0;
    struct message *at = mailbox_take(&courier->mailbox);
    while (at != NULL) {
        struct message *next = at->next;
        take_mail(courier, CONTAINER_OF(at, struct mail, link));
        at = next;
        count++;
    }
    *ret_count = count;
}

/* ── a turn ── */

static void move_due(struct courier *courier, int64_t now_ms)
{
    stock_move_due(&courier->stock, now_ms);
    struct heap_link *first;
    while ((first = heap_first(&courier->timers)) != NULL && first->key <= now_ms) {
        heap_remove(&courier->timers, first);
        stock_give_turn(&courier->stock, CONTAINER_OF(first, struct outlet, timer));
    }
}

static bool may_start(const struct courier *courier)
{
    return !courier->stopping && courier->unrecorded + courier->under_way < UNRECORDED_MAX;
}

static void start_attempts(struct courier *courier)
{
    while (may_start(courier) && !list_empty(&courier->stock.turns)) {
        struct outlet *outlet = LIST_ENTRY(courier->stock.turns.next, struct outlet, turn);
        bool probe;
        struct parcel *parcel = outlet_take(courier, outlet, &probe);
        if (parcel != NULL)
            dispatch_begin(courier, parcel, probe);
    }
}

static void conclude_attempts(struct courier *courier)
{
    struct exchange *exchange;
    while ((exchange = sender_take(courier->sender)) != NULL) {
        if (exchange->owner == EXCHANGE_OF_TOKEN)
            token_conclude(exchange);
        else
            dispatch_conclude(CONTAINER_OF(exchange, struct dispatch, exchange));
    }
}

static void answer_time(struct courier *courier)
{
    if (anything_to_read(courier) && !courier->stopping)
        return;
    while (courier->time_waiting != NULL) {
        struct mail_time *mail = courier->time_waiting;
        courier->time_waiting = mail->next;
        if (atomic_fetch_sub(&mail->wait->missing, 1) == 1)
            waker_wake(&mail->wait->waker);
        time_wait_release(mail->wait);
        free(mail);
    }
}

static void count_outlets(struct courier *courier, int64_t mono_ms)
{
    if (mono_ms < courier->count_again_ms)
        return;
    courier->count_again_ms = mono_ms + COUNT_PAUSE_MS;
    int64_t open = 0;
    int64_t behind = 0;
    size_t at = 0;
    const struct outlet *outlet;
    while ((outlet = map_next(&courier->stock.outlets, &at)) != NULL) {
        open += outlet->breaker.state != BREAKER_CLOSED;
        behind += outlet->step != OUTLET_IN_STEP && !outlet->deleted;
    }
    courier->counts.open_breakers = open;
    courier->counts.outlets_behind = behind;
}

static void note_gauges(struct courier *courier, int64_t mail)
{
    const struct stock *stock = &courier->stock;
    courier->counts.held_jobs = (int64_t)stock->parcels.count;
    courier->counts.held_bytes = (int64_t)stock->bytes;
    courier->counts.sending = courier->under_way;
    courier->counts.fallen_behind = stock->fallen_behind;
    courier->counts.come_in_step = stock->come_in_step;
    bool more = !list_empty(&stock->turns) || (!courier->stopping && anything_to_read(courier));
    atomic_store(&courier->active,
                 courier->under_way + courier->unrecorded + courier->fetching + more);
    (void)atomic_fetch_sub(&courier->mail_waiting, mail);
}

static int64_t sooner(int64_t wait_ms, int64_t at_ms, int64_t now_ms)
{
    return at_ms == INT64_MAX ? wait_ms : MIN_OF(wait_ms, MAX_OF(at_ms - now_ms, 0));
}

static int64_t wait_ms(struct courier *courier, int64_t mono_ms)
{
    int64_t wait_ms = WAIT_MAX_MS;
    if (!courier->couriers->options.clock->test) {
        int64_t now_ms = courier_now_ms(courier);
        const struct heap_link *timer = heap_first(&courier->timers);
        wait_ms = sooner(wait_ms, stock_next_due(&courier->stock), now_ms);
        wait_ms = sooner(wait_ms, timer == NULL ? INT64_MAX : timer->key, now_ms);
    }
    LIST_EACH(&courier->to_post, at)
    wait_ms = sooner(wait_ms, LIST_ENTRY(at, struct dispatch, link)->post_at_ms, mono_ms);
    wait_ms = sooner(wait_ms, tokens_next_ms(courier), mono_ms);
    int names_ms = resolver_timeout_ms(courier->resolver, mono_ms);
    if (names_ms >= 0)
        wait_ms = MIN_OF(wait_ms, names_ms);
    if (courier->look_again)
        wait_ms = sooner(wait_ms, courier->round_at_ms, mono_ms);
    if (courier->stopping && !courier->stopped_all)
        wait_ms = sooner(wait_ms, courier->stop_at_ms, mono_ms);
    return is_looking(courier) ? 0 : wait_ms;
}

static void wait_for_work(struct courier *courier)
{
    struct curl_waitfd fds[NAME_SOCKETS];
    int count = resolver_fds(courier->resolver, fds, NAME_SOCKETS);
    sender_wait(courier->sender, fds, count, (int)wait_ms(courier, clock_mono_ms()));
    resolver_step(courier->resolver, fds, count, clock_mono_ms());
}

static bool is_over(struct courier *courier, int64_t mono_ms)
{
    if (!courier->stopping)
        return false;
    if (!courier->stopped_all && mono_ms >= courier->stop_at_ms) {
        courier->stopped_all = true;
        dispatch_stop_all(courier);
        conclude_attempts(courier);
    }
    if (courier->under_way == 0 && courier->fetching > 0) { /* nobody waits for them */
        tokens_stop_all(courier);
        conclude_attempts(courier);
    }
    return courier->under_way == 0 && courier->unrecorded == 0 && courier->fetching == 0;
}

/* libcurl is told to leave signals alone, and OpenSSL may write to a closed socket. */
static void block_broken_pipe(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void *courier_main(void *argument)
{
    struct courier *courier = argument;
    thread_name("courier", (int)(courier - courier->couriers->at));
    block_broken_pipe();
    for (;;) {
        int64_t mail;
        int64_t mono_ms = clock_mono_ms();
        take_all_mail(courier, &mail);
        move_due(courier, courier_now_ms(courier));
        sweep_begin(courier, courier_now_ms(courier));
        read_behind(courier, mono_ms);
        dispatch_post_again(courier, mono_ms);
        start_attempts(courier);
        sender_step(courier->sender);
        conclude_attempts(courier);
        tokens_go_on(courier, mono_ms);
        start_attempts(courier);
        answer_time(courier);
        count_outlets(courier, mono_ms);
        note_gauges(courier, mail);
        if (is_over(courier, clock_mono_ms()))
            return NULL;
        wait_for_work(courier);
    }
}

/* ── life ── */

static int open_network(struct courier *courier)
{
    const struct couriers_options *options = &courier->couriers->options;
    const struct sender_options sender = { .allow_egress = options->allow_egress,
                                           .user_agent = options->user_agent,
                                           .ca_file = options->ca_file,
                                           .connect_timeout_ms = options->connect_timeout_ms,
                                           .whole_timeout_ms = options->whole_timeout_ms,
                                           .response_kept = options->limits->response_kept,
                                           .response_read = options->limits->response_read };
    int r = sender_new(&sender, &courier->sender);
    if (r == 0)
        r = resolver_new(options->name_servers, &courier->resolver);
    return fail(r);
}

int courier_start(struct courier *courier, struct couriers *couriers)
{
    courier->couriers = couriers;
    courier->held = couriers->options.held;
    courier->list_again_ms = 1;       /* at once */
    courier->sweep_at_ms = INT64_MAX; /* bounded by the first look */
    atomic_init(&courier->active, 1); /* the list of outlets is to be read */
    stock_init(&courier->stock,
               (size_t)(couriers->options.limits->courier_bytes / couriers->count));
    list_init(&courier->behind);
    list_init(&courier->looked_at);
    list_init(&courier->dispatches);
    list_init(&courier->to_post);
    list_init(&courier->fetches);
    list_init(&courier->token_lines);
    courier->sending = xcalloc(UNRECORDED_MAX, sizeof(*courier->sending));
    courier->free_slots = xcalloc(UNRECORDED_MAX, sizeof(*courier->free_slots));
    for (int slot = 0; slot < UNRECORDED_MAX; slot++)
        courier->free_slots[courier->free_slot_count++] = slot;
    int r = open_network(courier);
    if (r < 0)
        return fail(r);
    mailbox_init(&courier->mailbox, sender_wake, courier->sender);
    r = -pthread_create(&courier->thread, NULL, courier_main, courier);
    courier->running = r == 0;
    return fail(r);
}

/* What came too late for the thread. */
static void free_mail(struct mail *mail)
{
    switch (mail->kind) {
    case MAIL_JOBS:
        jobs_free(CONTAINER_OF(mail, struct mail_jobs, mail)->first);
        free(mail);
        break;
    case MAIL_ENDPOINT:
        object_release(CONTAINER_OF(mail, struct mail_endpoint, mail)->endpoint);
        free(mail);
        break;
    case MAIL_PAGE:
    case MAIL_START:
    case MAIL_SWEEP:
        fetch_free(CONTAINER_OF(mail, struct fetch, mail));
        break;
    case MAIL_TIME:
        time_wait_release(CONTAINER_OF(mail, struct mail_time, mail)->wait);
        free(mail);
        break;
    case MAIL_RELEASE:
    case MAIL_STOP:
        free(mail);
        break;
    case MAIL_RECORDED:
    case MAIL_PREPARED:
        assert(!"a thread ends with all its results recorded");
    }
}

void courier_done(struct courier *courier)
{
    struct message *at = mailbox_take(&courier->mailbox);
    while (at != NULL) {
        struct message *next = at->next;
        free_mail(CONTAINER_OF(at, struct mail, link));
        at = next;
    }
    size_t slot = 0;
    struct outlet *outlet;
    while ((outlet = map_next(&courier->stock.outlets, &slot)) != NULL)
        outlet_done(courier, outlet);
    stock_done(&courier->stock);
    dispatch_free_spare(courier);
    free((void *)(uintptr_t)courier->sending);
    free(courier->free_slots);
    heap_done(&courier->timers);
    map_done(&courier->places);
    resolver_free(courier->resolver);
    sender_free(courier->sender);
}
