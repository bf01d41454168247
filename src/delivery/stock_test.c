/* SPDX-License-Identifier: MIT
 * The stock against a model of what is around it: a store, a committer that commits in batches and
 * then sends its mail, a reader whose snapshots are taken late and arrive later still. All of it in
 * random order: nothing may be lost, and nothing sent twice. */
#include "delivery/stock.h"

#include <stdlib.h>

#include "base/testing.h"
#include "delivery/test_jobs.h"
#include "delivery/test_world.h"

/* ── the reader ── */

static struct outlet *outlet_at(struct world *world, int index)
{
    return stock_outlet(&world->stock, 1, index + 1);
}

static bool is_skipped(const struct outlet *outlet, int64_t subject)
{
    int64_t skip[SUBJECTS + 1];
    int count = lines_resting(outlet, skip);
    for (int i = 0; i < count; i++)
        if (skip[i] == subject)
            return true;
    return false;
}

/* As store_read_work() does; which lines rest is asked when the page is asked for. */
static void ask(struct world *world, int index)
{
    const struct outlet *outlet = outlet_at(world, index);
    world->reading[index] = 1;
    for (int64_t subject = 0; subject < SUBJECTS; subject++)
        world->skipped[index][subject] =
            outlet->order == ORDER_SUBJECT && subject != 0 && is_skipped(outlet, subject);
    world->by_subject[index] = outlet->order == ORDER_SUBJECT;
}

static void take_snapshot(struct world *world, int index)
{
    if (world->reading[index] != 1)
        return;
    const struct outlet *outlet = outlet_at(world, index);
    struct mail page = { .kind = MAIL_PAGE,
                         .outlet = index,
                         .last = outlet->read_after,
                         .later_ms = INT64_MAX,
                         .whole = true };
    page.ids = malloc((size_t)outlet->read_limit * sizeof(*page.ids));
    for (int64_t id = outlet->read_after + 1; id <= MIN_OF(world->count, outlet->read_before);
         id++) {
        if (!world->deliveries[id].unfinished || world->deliveries[id].outlet != index)
            continue;
        if (page.count == outlet->read_limit) {
            page.whole = false;
            break;
        }
        int64_t subject = world->deliveries[id].subject;
        int64_t due_ms = world->deliveries[id].due_ms;
        bool in_line = world->by_subject[index] && subject != 0;
        page.last = id;
        if (in_line ? world->skipped[index][subject] : due_ms > outlet->read_due_ms) {
            if (!in_line)
                page.later_ms = MIN_OF(page.later_ms, due_ms);
            continue;
        }
        page.ids[page.count++] = id;
    }
    /* A full page is not known to be the last. */
    page.whole = page.whole && page.count < outlet->read_limit;
    world->sleepers += stock_has_sleepers(outlet);
    world->page[index] = page;
    world->reading[index] = 2;
}

static void deliver_page(struct world *world, int index)
{
    if (world->reading[index] != 2)
        return;
    world->reading[index] = 3;
    world_post(world, world->page[index]);
}

/* ── the courier ── */

static struct job *make_job(struct world *world, int64_t id, bool manual)
{
    const struct delivery delivery = { .id = id,
                                       .organization = 1,
                                       .outlet = world->deliveries[id].outlet + 1,
                                       .due_ms = world->deliveries[id].due_ms,
                                       .attempt_count = world->deliveries[id].sent };
    struct job *job = test_job(&delivery, world->deliveries[id].subject);
    job->manual = manual;
    return job;
}

static void take_page(struct world *world, const struct mail *mail)
{
    struct outlet *outlet = outlet_at(world, mail->outlet);
    world->reading[mail->outlet] = 0;
    if (world_draw(world, 10) == 0) {
        stock_read_failed(&world->stock, outlet);
        free(mail->ids);
        return;
    }
    struct job *first = NULL;
    struct message **end = NULL;
    for (int i = 0; i < mail->count; i++) {
        struct job *job = make_job(world, mail->ids[i], false);
        job->link.next = NULL;
        if (first == NULL)
            first = job;
        else
            *end = &job->link;
        end = &job->link.next;
    }
    free(mail->ids);
    struct stock_page page = {
        .jobs = first, .last = mail->last, .whole = mail->whole, .later_ms = mail->later_ms
    };
    stock_take_page(&world->stock, outlet, &page, world->now_ms);
    world->closings += outlet->step == OUTLET_IN_STEP;
}

static void take_recorded(struct world *world, const struct mail *mail)
{
    struct parcel *parcel = map_find_int(&world->stock.parcels, (uint64_t)mail->id);
    CHECK("the parcel is there", parcel != NULL && parcel->state == PARCEL_OUT);
    world->deliveries[mail->id].out = false;
    if (mail->dead)
        stock_pause_line(&world->stock, parcel);
    if (mail->finished) {
        stock_forget(&world->stock, parcel);
        return;
    }
    parcel->job->delivery.due_ms = mail->due_ms;
    stock_put_back(&world->stock, parcel, world->now_ms);
    int index = world->deliveries[mail->id].outlet;
    if (!world->open[index])
        stock_let_go(&world->stock, outlet_at(world, index));
}

/* What the store has, at some moment before the stock has started; it comes later. */
static void read_pauses(struct world *world)
{
    for (int index = 0; index < OUTLETS; index++)
        for (int64_t subject = 0; subject < SUBJECTS; subject++)
            if (world->paused_by[index][subject] != 0)
                world->pauses_read[world->pauses_read_count++] =
                    (struct paused_line){ .organization = 1,
                                          .outlet = index + 1,
                                          .subject = subject,
                                          .delivery = world->paused_by[index][subject] };
}

static bool is_reading_pauses(const struct world *world)
{
    return world->stock.starting && world->pauses_read_count > 0;
}

static void start(struct world *world)
{
    for (int i = 0; i < world->pauses_read_count; i++)
        stock_load_pause(&world->stock, &world->pauses_read[i]);
    stock_started(&world->stock);
}

static void take_mail(struct world *world)
{
    if (world->first == world->last)
        return;
    const struct mail *mail = &world->mail[world->first++];
    switch (mail->kind) {
    case MAIL_JOB:
    case MAIL_MANUAL:
        world->deliveries[mail->id].reopened = false;
        stock_take_job(&world->stock, make_job(world, mail->id, mail->kind == MAIL_MANUAL),
                       world->now_ms);
        int index = world->deliveries[mail->id].outlet;
        if (!world->open[index])
            stock_let_go(&world->stock, outlet_at(world, index));
        break;
    case MAIL_RECORDED:
        take_recorded(world, mail);
        break;
    case MAIL_PASS_OVER:
        stock_pass_over(&world->stock, outlet_at(world, world->deliveries[mail->id].outlet),
                        mail->id);
        break;
    case MAIL_PAGE:
        take_page(world, mail);
        if (!world->open[mail->outlet])
            stock_let_go(&world->stock, outlet_at(world, mail->outlet));
        break;
    }
}

static void read_page(struct world *world, int index)
{
    struct outlet *outlet = outlet_at(world, index);
    outlet->waits = world_draw(world, 3) == 0;
    if (world->reading[index] != 0 || !world->open[index] ||
        !stock_wants_page(&world->stock, outlet))
        return;
    if (stock_begin_read(&world->stock, outlet))
        ask(world, index);
}

/* Nothing of its line that is older may be unfinished, and none of it under way. */
static void check_order(const struct world *world, int64_t id)
{
    int64_t line = world_line(world, id);
    int index = world->deliveries[id].outlet;
    for (int64_t other = 1; line >= 0 && other <= world->count; other++) {
        if (other == id || world->deliveries[other].outlet != index ||
            world_line(world, other) != line)
            continue;
        bool before =
            other < id && world->deliveries[other].unfinished && !world->deliveries[other].reopened;
        bool out = world->deliveries[other].out && !world->deliveries[other].by_hand;
        if (before || out)
            fail_msg("history %llu: %lld goes while %lld is %s", (unsigned long long)world->history,
                     (long long)id, (long long)other, out ? "out" : "before it");
    }
}

static void send_one(struct world *world, int index)
{
    struct outlet *outlet = outlet_at(world, index);
    struct parcel *parcel = outlet_first(&world->stock, outlet);
    if (parcel == NULL || !world->open[index])
        return;
    int64_t id = parcel->heap.id;
    world->deliveries[id].by_hand = parcel->manual;
    if (!parcel->manual)
        check_order(world, id);
    if (world->deliveries[id].out || !world->deliveries[id].unfinished)
        fail_msg("history %llu: %lld is %s", (unsigned long long)world->history, (long long)id,
                 world->deliveries[id].out ? "sent twice at once" : "sent though it is finished");
    world->deliveries[id].out = true;
    world->deliveries[id].sent++;
    stock_take_out(&world->stock, parcel);
    bool finished = world_draw(world, 4) > 0;
    world->inbox[world->inbox_count++] =
        (struct mail){ .kind = MAIL_RECORDED,
                       .id = id,
                       .finished = finished,
                       .due_ms = world->now_ms + world_draw_delay(world),
                       .dead = finished && world_draw(world, 8) == 0 };
}

static void toggle(struct world *world, int index)
{
    world->open[index] = !world->open[index];
    if (!world->open[index]) {
        world->let_go++;
        stock_let_go(&world->stock, outlet_at(world, index));
    }
}

/* Nothing is in step of time with what is under way: the store forgets pauses with the order. */
static void change_order(struct world *world, int index)
{
    enum outlet_order order = (enum outlet_order)world_draw(world, 3);
    for (int i = 0; i < SUBJECTS; i++)
        if (order != world->order[index])
            world->paused_by[index][i] = 0;
    world->order[index] = order;
    stock_set_order(&world->stock, outlet_at(world, index), world->order[index]);
}

static bool line_is_out(const struct world *world, int index)
{
    for (int i = 1; i <= world->count; i++)
        if (world->deliveries[i].out && world->deliveries[i].outlet == index)
            return true;
    return false;
}

/* The invariants at the head of lines.c; (3) and (4) once what has changed for all lines is seen to. */
static void check_line(const struct outlet *outlet, const struct line *line)
{
    int queued = 0;
    int out = 0;
    int64_t least = INT64_MAX;
    LIST_EACH(&outlet->parcels, at)
    {
        const struct parcel *parcel = LIST_ENTRY(at, struct parcel, link);
        if (parcel->line != line)
            continue;
        bool goes = parcel->state == PARCEL_WAITING || parcel->state == PARCEL_READY;
        queued += goes && !parcel->manual;
        out += parcel->counted;
        least = MIN_OF(least, parcel->heap.id);
    }
    CHECK("(1) one, and the least",
          queued == (line->queued != NULL) && (queued == 0 || line->queued->heap.id == least));
    CHECK("(1) unless it is paused", queued == 0 || line->paused_by == 0);
    CHECK("(2)", line->out == out && (queued == 0 || out == 0));
    CHECK("(3)", queued == 0 || outlet->lines_stale || least <= outlet->read_to);
    CHECK("(4)", outlet->lines_stale || line->parcels.count > 0 || line->paused_by != 0 ||
                     line->left_least != INT64_MAX);
    CHECK("(5)", queued == 0 || line->returning || least < line->left_least);
}

static void check_lines(const struct outlet *outlet)
{
    size_t at = 0;
    int left = 0;
    int awake = 0;
    const struct line *line;
    while ((line = map_next(&outlet->lines, &at)) != NULL) {
        check_line(outlet, line);
        left += line->left_least != INT64_MAX;
        awake += line->awake;
    }
    CHECK_INT("(5) lines_left", outlet->lines_left, left);
    CHECK_INT("(5) lines_awake", outlet->lines_awake, awake);
}

static void check_sums(struct world *world)
{
    size_t bytes = 0;
    size_t parcels = 0;
    for (int i = 0; i < OUTLETS; i++) {
        const struct outlet *outlet = outlet_at(world, i);
        size_t own = 0;
        int count = 0;
        LIST_EACH(&outlet->parcels, at)
        {
            own += LIST_ENTRY(at, struct parcel, link)->bytes;
            count++;
        }
        CHECK_INT("bytes of an outlet", outlet->bytes, own);
        CHECK_INT("parcels of an outlet", outlet->parcel_count, count);
        check_lines(outlet);
        CHECK("in step", outlet->step != OUTLET_IN_STEP || outlet->read_to == INT64_MAX);
        bytes += own + outlet->reserved;
        parcels += (size_t)count;
    }
    CHECK_INT("bytes", world->stock.bytes, bytes);
    CHECK_INT("parcels", world->stock.parcels.count, parcels);
}

static void step(struct world *world, int most)
{
    int index = (int)world_draw(world, OUTLETS);
    switch (world_draw(world, 12)) {
    case 0:
        world_commit(world, most);
        break;
    case 1:
    case 2:
        world_send_mail(world);
        break;
    case 3:
        take_snapshot(world, index);
        break;
    case 4:
        deliver_page(world, index);
        break;
    case 5:
        read_page(world, index);
        break;
    case 6:
        if (world_draw(world, 20) == 0)
            toggle(world, index);
        if (world_draw(world, 30) == 0 && !line_is_out(world, index) && !is_reading_pauses(world))
            change_order(world, index);
        break;
    case 7:
        world->now_ms += (int64_t)world_draw(world, 20);
        stock_move_due(&world->stock, world->now_ms);
        break;
    case 8:
        send_one(world, index);
        break;
    default:
        take_mail(world);
    }
}

static bool all_finished(const struct world *world)
{
    for (int i = 1; i <= world->count; i++)
        if (world->deliveries[i].unfinished || world->deliveries[i].out)
            return false;
    return true;
}

/* No new work; everything open: it must come to an end. */
static void drain(struct world *world)
{
    for (int i = 0; i < OUTLETS; i++)
        world->open[i] = true;
    for (int i = 0; i < 50000 && !all_finished(world); i++) {
        world_commit_results(world);
        for (int n = 0; n < 20; n++)
            world_commit_pass_over(world);
        world_send_mail(world);
        while (world->first < world->last)
            take_mail(world);
        world->now_ms += 20;
        stock_move_due(&world->stock, world->now_ms);
        for (int k = 0; k < OUTLETS; k++) {
            read_page(world, k);
            take_snapshot(world, k);
            deliver_page(world, k);
            for (int n = 0; n < 20; n++)
                send_one(world, k);
        }
    }
    for (int i = 1; i <= world->count; i++)
        if (world->deliveries[i].unfinished)
            fail_msg("history %llu: %d was lost", (unsigned long long)world->history, i);
    CHECK("no more than was asked for", all_finished(world));
}

static void done(struct world *world)
{
    for (int i = 0; i < OUTLETS; i++)
        if (world->reading[i] == 2)
            free(world->page[i].ids);
    for (int i = world->first; i < world->last; i++)
        if (world->mail[i].kind == MAIL_PAGE)
            free(world->mail[i].ids);
    stock_done(&world->stock);
}

#define STEPS 4000
#define STARTED_AT 1000

/* That the histories have what they are there for. */
struct seen {
    int closings, pauses, pauses_read, sleepers;
};

static void run_history(uint64_t seed, struct seen *seen)
{
    struct world *world = calloc(1, sizeof(*world));
    world->history = seed;
    world->seed = seed * 0x9e3779b97f4a7c15U + 1;
    size_t room =
        (size_t)1000 << world_draw(world, 9); /* from a handful of parcels to all of them */
    stock_init(&world->stock, room);
    world->stock.horizon_ms = 40;
    bool listed = world_draw(world, 2) == 0;
    for (int i = 0; i < OUTLETS; i++) {
        world->open[i] = world_draw(world, 4) > 0;
        change_order(world, i);
        if (listed)
            stock_list_outlet(&world->stock, 1, i + 1);
    }
    /* The list is read before anything is committed: it is empty, or has outlets without work. */
    if (world_draw(world, 2) == 0)
        stock_started(&world->stock);
    int most = 1 + (int)world_draw(world, 30);
    for (int i = 0; i < STEPS; i++) {
        step(world, most);
        if (world->stock.starting && world->pauses_read_count == 0)
            read_pauses(world);
        if (i == STARTED_AT)
            start(world);
        if (i % 50 == 0)
            check_sums(world);
    }
    if (world->stock.bytes > room + 20000)
        fail_msg("%zu bytes, %zu allowed", world->stock.bytes, room);
    drain(world);
    check_sums(world);
    seen->closings += world->closings;
    seen->pauses += world->pauses;
    seen->pauses_read += world->pauses_read_count;
    seen->sleepers += world->sleepers;
    done(world);
    free(world);
}

TEST(nothing_lost_nothing_twice)
{
    struct seen seen = {};
    const char *only = getenv("SEED");
    if (only != NULL) {
        run_history(strtoull(only, NULL, 10), &seen);
        return;
    }
    for (uint64_t seed = 1; seed <= 400; seed++)
        run_history(seed, &seen);
    CHECK("outlets came in step again", seen.closings > 400);
    CHECK("lines were paused", seen.pauses > 400);
    CHECK("pauses were read at the start", seen.pauses_read > 50);
    CHECK("pages were read around what sleeps", seen.sleepers > 400);
}

RUN_TESTS(cmocka_unit_test(nothing_lost_nothing_twice))
