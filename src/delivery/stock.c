/* SPDX-License-Identifier: MIT
 * Invariants:
 * (1) a delivery is in memory once at most: stock->parcels has it by id;
 * (2) all unfinished deliveries of an outlet with id ≤ read_to are in memory, but for those that
 *     sleep (room.c); in step read_to is INT64_MAX. To let one go lowers read_to below it, or
 *     counts it among those that sleep;
 * (3) nothing is lost: deliveries are handed over behind their commit, so one that was let go
 *     before was committed before, and is in the snapshot of a page that is asked for later; one
 *     that a snapshot does not have was committed after it, is handed over after that, and was kept;
 * (4) nothing is held twice: one that is in a page and is handed over too is found by (1), and when
 *     it has finished meanwhile, by outlet->finished. It cannot have finished and been forgotten
 *     before its hand-over comes: its result was committed in a later batch, and a committer's mail
 *     goes out batch by batch.
 *
 * room.c lets go, pages.c reads, lines.c orders. */
#include "delivery/stock.h"

#include <limits.h>
#include <stdlib.h>

#include "base/arena.h"
#include "delivery/stock_parts.h"

#define SPARE_PARCELS 4096

void stock_init(struct stock *stock, size_t bytes_max)
{
    *stock =
        (struct stock){ .bytes_max = bytes_max, .horizon_ms = STOCK_HORIZON_MS, .starting = true };
    list_init(&stock->turns);
    list_init(&stock->fallen);
}

struct outlet *stock_outlet(struct stock *stock, int64_t organization, int64_t id)
{
    struct outlet *outlet = map_find_int(&stock->outlets, (uint64_t)id);
    if (outlet != NULL)
        return outlet;
    outlet = NEW(struct outlet);
    outlet->id = id;
    outlet->organization = organization;
    outlet->step = stock->starting ? OUTLET_BEHIND : OUTLET_IN_STEP;
    outlet->read_to = stock->starting ? 0 : IN_STEP_TO;
    outlet->let_go_least = outlet->newer_least = outlet->later_ms = NONE;
    list_init(&outlet->turn);
    list_init(&outlet->parcels);
    list_init(&outlet->queued);
    list_init(&outlet->behind);
    list_init(&outlet->fallen);
    (void)map_put_int(&stock->outlets, (uint64_t)id, outlet);
    return outlet;
}

/* ── parcels ── */

static struct parcel *new_parcel(struct stock *stock)
{
    struct parcel *parcel = stock->spare;
    if (parcel == NULL)
        return NEW(struct parcel);
    stock->spare = parcel->next_spare;
    stock->spare_count--;
    *parcel = (struct parcel){};
    return parcel;
}

static void free_parcel(struct stock *stock, struct parcel *parcel)
{
    job_free(parcel->job);
    if (stock->spare_count >= SPARE_PARCELS) {
        free(parcel);
        return;
    }
    parcel->next_spare = stock->spare;
    stock->spare = parcel;
    stock->spare_count++;
}

size_t parcel_bytes(const struct job *job)
{
    return sizeof(struct parcel) + 2 * sizeof(struct map_slot) + job_bytes(job);
}

void stock_give_turn(struct stock *stock, struct outlet *outlet)
{
    if (list_empty(&outlet->turn) && outlet->ready.count > 0)
        list_append(&stock->turns, &outlet->turn);
}

void stock_end_turn(struct outlet *outlet)
{
    list_remove(&outlet->turn);
}

static void make_ready(struct stock *stock, struct parcel *parcel)
{
    parcel->state = PARCEL_READY;
    parcel->heap.key = parcel->manual ? 0 : 1;
    heap_add(&parcel->outlet->ready, &parcel->heap);
    stock_give_turn(stock, parcel->outlet);
}

void stock_queue(struct stock *stock, struct parcel *parcel)
{
    if (parcel->manual || parcel->job->delivery.due_ms <= stock->now_ms) {
        make_ready(stock, parcel);
        return;
    }
    parcel->state = PARCEL_WAITING;
    parcel->heap.key = parcel->job->delivery.due_ms;
    heap_add(&stock->due, &parcel->heap);
}

void stock_unqueue(struct stock *stock, struct parcel *parcel)
{
    if (parcel->state == PARCEL_READY)
        heap_remove(&parcel->outlet->ready, &parcel->heap);
    else if (parcel->state == PARCEL_WAITING)
        heap_remove(&stock->due, &parcel->heap);
}

/* Where it belongs, when it is not under way. */
static void place(struct stock *stock, struct parcel *parcel)
{
    if (parcel->line == NULL || parcel->manual)
        stock_queue(stock, parcel);
    else
        parcel->state = PARCEL_IN_LINE;
}

void parcel_insert(struct stock *stock, struct outlet *outlet, struct job *job)
{
    struct parcel *parcel = new_parcel(stock);
    parcel->outlet = outlet;
    parcel->job = job;
    parcel->manual = job->manual;
    parcel->heap.id = job->delivery.id;
    parcel->since_ms = stock->now_ms;
    parcel->bytes = parcel_bytes(job);
    struct parcel *before = map_put_int(&stock->parcels, (uint64_t)job->delivery.id, parcel);
    assert(before == NULL);
    list_append(&outlet->parcels, &parcel->link);
    stock->outlets_in_use += outlet->parcel_count == 0;
    outlet->parcel_count++;
    outlet->bytes += parcel->bytes;
    stock->bytes += parcel->bytes;
    parcel->line = lines_of(outlet, job->content->subject);
    place(stock, parcel);
    if (parcel->line != NULL)
        line_add(stock, outlet, parcel);
}

void parcel_remove(struct stock *stock, struct parcel *parcel)
{
    struct outlet *outlet = parcel->outlet;
    stock_unqueue(stock, parcel);
    if (parcel->line != NULL)
        line_remove(stock, outlet, parcel);
    (void)map_remove_int(&stock->parcels, (uint64_t)parcel->heap.id);
    list_remove(&parcel->link);
    outlet->parcel_count--;
    stock->outlets_in_use -= outlet->parcel_count == 0;
    outlet->bytes -= parcel->bytes;
    stock->bytes -= parcel->bytes;
    free_parcel(stock, parcel);
}

/* ── start ── */

void stock_list_outlet(struct stock *stock, int64_t organization, int64_t id)
{
    stock_outlet(stock, organization, id)->listed = true;
}

/* One that is not listed had no work when the list was read; what was committed since has been
 * handed over since, and is missed only if that was before now. */
void stock_started(struct stock *stock)
{
    stock->starting = false;
    map_done(&stock->resumed);
    size_t at = 0;
    struct outlet *outlet;
    while ((outlet = map_next(&stock->outlets, &at)) != NULL) {
        if (outlet->listed || outlet->missed || outlet->reading)
            continue;
        outlet->step = OUTLET_IN_STEP;
        outlet->read_to = IN_STEP_TO;
    }
}

/* ── hand-over ── */

/* One that the order has not told the line of yet; or that is still to be read from the store. */
static void end_pause(struct stock *stock, struct outlet *outlet, int64_t delivery)
{
    if (stock->starting)
        (void)map_put_int(&stock->resumed, (uint64_t)delivery, outlet);
    for (int i = 0; i < outlet->pause_count; i++)
        if (outlet->pauses[i].delivery == delivery)
            outlet->pauses[i--] = outlet->pauses[--outlet->pause_count];
}

/* A recovery has made it due, with a fresh schedule; what is handed over is no older than what was
 * read. What is under way says itself what comes next. */
static void renew(struct stock *stock, struct parcel *parcel, struct job *job)
{
    if (parcel->manual || parcel->state == PARCEL_OUT) {
        job_free(job);
        return;
    }
    job_free(parcel->job);
    parcel->job = job;
    if (parcel->state == PARCEL_WAITING) {
        stock_unqueue(stock, parcel);
        stock_queue(stock, parcel);
    }
}

/* It is in memory already: handed over and read, or asked for by hand or in bulk. */
static void merge(struct stock *stock, struct parcel *parcel, struct job *job)
{
    if (!job->manual) {
        renew(stock, parcel, job);
        return;
    }
    if (parcel->state == PARCEL_OUT) {
        parcel->manual_again = true;
        job_free(job);
        return;
    }
    stock_unqueue(stock, parcel);
    job_free(parcel->job);
    parcel->job = job; /* it knows what the resend has changed */
    parcel->manual = true;
    make_ready(stock, parcel);
    if (parcel->line != NULL)
        line_asked_for(stock, parcel->outlet, parcel);
}

void stock_note_not_kept(struct outlet *outlet, int64_t id)
{
    outlet->let_go_least = MIN_OF(outlet->let_go_least, id);
    if (id > outlet->read_to)
        outlet->newer_least = MIN_OF(outlet->newer_least, id);
}

void stock_take_job(struct stock *stock, struct job *job, int64_t now_ms)
{
    const struct delivery *delivery = &job->delivery;
    struct outlet *outlet = stock_outlet(stock, delivery->organization, delivery->outlet);
    stock->now_ms = now_ms;
    if (delivery->attempt_count > 0) /* it has been sent again, and may have been dead */
        end_pause(stock, outlet, delivery->id);
    lines_resume(stock, outlet, job);
    struct parcel *held = map_find_int(&stock->parcels, (uint64_t)delivery->id);
    if (held != NULL) {
        merge(stock, held, job);
        return;
    }
    if (!job->manual && line_leaves_out(lines_find(outlet, job->content->subject), delivery->id)) {
        job_free(job);
        return;
    }
    bool wanted = job->manual || outlet->step == OUTLET_CLOSING || delivery->id <= outlet->read_to;
    if (wanted && room_make(stock, outlet, parcel_bytes(job))) {
        parcel_insert(stock, outlet, job);
        return;
    }
    if (wanted)
        room_note_let_go(stock, outlet, delivery->id);
    else if (outlet->reading)
        stock_note_not_kept(outlet, delivery->id);
    outlet->missed = true;
    job_free(job);
}

/* ── time, and what happens to a parcel ── */

void stock_move_due(struct stock *stock, int64_t now_ms)
{
    struct heap_link *first;
    stock->now_ms = now_ms;
    while ((first = heap_first(&stock->due)) != NULL && first->key <= now_ms) {
        struct parcel *parcel = CONTAINER_OF(first, struct parcel, heap);
        heap_remove(&stock->due, first);
        make_ready(stock, parcel);
    }
}

int64_t stock_next_due(const struct stock *stock)
{
    const struct heap_link *first = heap_first(&stock->due);
    return first == NULL ? NONE : first->key;
}

struct parcel *outlet_first(struct stock *stock, struct outlet *outlet)
{
    if (outlet->lines_stale)
        lines_settle_all(stock, outlet);
    struct heap_link *first = heap_first(&outlet->ready);
    return first == NULL ? NULL : CONTAINER_OF(first, struct parcel, heap);
}

#define LOOKED_AT ((size_t)1024) /* a heap has its smallest in front, roughly */
#define TRIED_MORE 2

static struct parcel *ready_at(const struct outlet *outlet, size_t i)
{
    return CONTAINER_OF(outlet->ready.links[i], struct parcel, heap);
}

struct parcel *outlet_next_probe(struct stock *stock, struct outlet *outlet)
{
    struct parcel *next = outlet_first(stock, outlet);
    size_t count = MIN_OF(outlet->ready.count, LOOKED_AT);
    int least = INT_MAX;
    for (size_t i = 1; i <= count; i++)
        least = MIN_OF(least, ready_at(outlet, i)->job->delivery.attempt_count);
    bool found = false;
    for (size_t i = 1; i <= count; i++) {
        struct parcel *parcel = ready_at(outlet, i);
        bool older = !found || parcel->heap.id < next->heap.id;
        if (parcel->job->delivery.attempt_count - least > TRIED_MORE || !older)
            continue;
        next = parcel;
        found = true;
    }
    return next;
}

void stock_take_out(struct stock *stock, struct parcel *parcel)
{
    assert(parcel->state == PARCEL_READY);
    stock_unqueue(stock, parcel);
    parcel->state = PARCEL_OUT;
    if (parcel->line != NULL)
        line_taken_out(stock, parcel->outlet, parcel);
}

void stock_fix_content(struct stock *stock, struct parcel *parcel, str data)
{
    struct job *job = parcel->job;
    struct outlet *outlet = parcel->outlet;
    assert(parcel->state == PARCEL_OUT);
    struct content *fixed = content_fixed(job->content, data);
    content_release(job->content);
    job->content = fixed;
    outlet->bytes -= parcel->bytes;
    stock->bytes -= parcel->bytes;
    parcel->bytes = parcel_bytes(job);
    outlet->bytes += parcel->bytes;
    stock->bytes += parcel->bytes;
}

void stock_put_back(struct stock *stock, struct parcel *parcel, int64_t now_ms)
{
    assert(parcel->state == PARCEL_OUT);
    stock->now_ms = now_ms;
    parcel->manual = parcel->manual_again;
    parcel->manual_again = false;
    place(stock, parcel);
    if (parcel->line != NULL)
        line_put_back(stock, parcel->outlet, parcel);
}

/* ── lines ── */

static void pause_line(struct stock *stock, struct outlet *outlet, int64_t subject,
                       int64_t delivery)
{
    struct line *line = lines_of(outlet, subject);
    if (line == NULL || line->paused_by != 0)
        return;
    line->paused_by = delivery;
    line_settle(stock, outlet, line);
}

void stock_pause_line(struct stock *stock, struct parcel *parcel)
{
    assert(parcel->state == PARCEL_OUT);
    pause_line(stock, parcel->outlet, parcel->job->content->subject, parcel->heap.id);
}

void stock_load_pause(struct stock *stock, const struct paused_line *pause)
{
    if (map_find_int(&stock->resumed, (uint64_t)pause->delivery) != NULL)
        return;
    struct outlet *outlet = stock_outlet(stock, pause->organization, pause->outlet);
    if (outlet->order != ORDER_NONE) {
        pause_line(stock, outlet, pause->subject, pause->delivery);
        return;
    }
    outlet->pauses =
        xrealloc(outlet->pauses, (size_t)(outlet->pause_count + 1) * sizeof(*outlet->pauses));
    outlet->pauses[outlet->pause_count++] = *pause;
}

void stock_take_pauses(struct stock *stock, struct outlet *outlet)
{
    for (int i = 0; i < outlet->pause_count; i++)
        pause_line(stock, outlet, outlet->pauses[i].subject, outlet->pauses[i].delivery);
    free(outlet->pauses);
    outlet->pauses = NULL;
    outlet->pause_count = 0;
}

void stock_pass_over(struct stock *stock, struct outlet *outlet, int64_t delivery)
{
    end_pause(stock, outlet, delivery);
    lines_pass_over(stock, outlet, delivery);
}

static void note_finished(struct outlet *outlet, int64_t id)
{
    if (!outlet->reading || id <= outlet->read_after)
        return;
    if (outlet->finished_count == outlet->finished_room) {
        outlet->finished_room = MAX_OF(outlet->finished_room * 2, 16);
        outlet->finished =
            xrealloc(outlet->finished, (size_t)outlet->finished_room * sizeof(*outlet->finished));
    }
    outlet->finished[outlet->finished_count++] = id;
}

void stock_forget(struct stock *stock, struct parcel *parcel)
{
    assert(parcel->state == PARCEL_OUT);
    note_finished(parcel->outlet, parcel->heap.id);
    if (parcel->manual_again) /* which of the two was committed last, the store knows */
        room_note_let_go(stock, parcel->outlet, parcel->heap.id);
    parcel_remove(stock, parcel);
}

void stock_done(struct stock *stock)
{
    size_t at = 0;
    struct outlet *outlet;
    while ((outlet = map_next(&stock->outlets, &at)) != NULL) {
        LIST_EACH(&outlet->parcels, at_parcel)
        parcel_remove(stock, parcel_of(at_parcel));
        heap_done(&outlet->ready);
        lines_done(outlet);
        free(outlet->pauses);
        free(outlet->finished);
        stock_end_turn(outlet);
        free(outlet);
    }
    map_done(&stock->outlets);
    map_done(&stock->parcels);
    map_done(&stock->resumed);
    heap_done(&stock->due);
    while (stock->spare != NULL) {
        struct parcel *parcel = stock->spare;
        stock->spare = parcel->next_spare;
        free(parcel);
    }
}
