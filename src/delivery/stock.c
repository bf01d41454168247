/* SPDX-License-Identifier: MIT
 * Invariants:
 * (1) a delivery is in memory once at most: stock->parcels has it by id;
 * (2) all unfinished deliveries of an outlet with id ≤ read_to are in memory; in step read_to is
 *     INT64_MAX. To let one go lowers read_to below it;
 * (3) a page that was asked for with id > read_to adds all of those up to its last one. What
 * finished while it was being read is in outlet->finished and is not taken in again; (4) an outlet
 * comes in step by a page that was read whole, with nothing let go since it was asked for. Nothing
 * is lost: deliveries are handed over behind their commit, so one that was let go before was
 * committed before, and is in the page's snapshot; one that the snapshot does not have was
 * committed after it, is handed over after that, and was kept. Nothing is held twice: one that is
 * in the page and is handed over too is found by (1), and when it has finished, by (3). It cannot
 * have finished and been forgotten before its hand-over comes: its result was committed in a later
 * batch, and a committer's mail goes out batch by batch. CLOSING is for getting on: once a page
 * came whole, what is handed over is kept while the last page is being read; (5) bytes is what all
 * parcels and the pages being read cost; it passes bytes_max only by what one outlet needs to get
 * on. Over it, an outlet with more than its share lets go of the newest, but not of its last one:
 * what has been read once gets its turn. */
#include "delivery/stock.h"

#include <stdlib.h>

#include "base/arena.h"

#define FIRST_PAGE ((size_t)32) /* how large the bodies are is not known yet */
#define UNKNOWN_BYTES ((size_t)4096)
#define SPARE_PARCELS 4096
#define RESIDENCE_MS 1000 /* what has been read is kept so long, at least */
#define NO_ROOM_PAUSE_MS 100
#define IN_STEP_TO INT64_MAX
#define NONE INT64_MAX

void stock_init(struct stock *stock, size_t bytes_max)
{
    *stock = (struct stock){ .bytes_max = bytes_max, .starting = true };
    list_init(&stock->turns);
}

static struct parcel *parcel_of(struct list *link)
{
    return LIST_ENTRY(link, struct parcel, link);
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
    outlet->let_go_least = NONE;
    list_init(&outlet->turn);
    list_init(&outlet->parcels);
    list_init(&outlet->queued);
    list_init(&outlet->behind);
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

static size_t parcel_bytes(const struct job *job)
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

static void insert(struct stock *stock, struct outlet *outlet, struct job *job)
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

static void remove_parcel(struct stock *stock, struct parcel *parcel)
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

/* ── letting go ── */

static void note_let_go(struct outlet *outlet, int64_t id)
{
    if (outlet->reading)
        outlet->let_go_least = MIN_OF(outlet->let_go_least, id);
    outlet->read_to = MIN_OF(outlet->read_to, id - 1);
    outlet->step = OUTLET_BEHIND;
    outlet->missed = true;
    outlet->lines_stale = true;
}

void stock_miss(struct stock *stock, struct outlet *outlet, int64_t id)
{
    assert(map_find_int(&stock->parcels, (uint64_t)id) == NULL);
    note_let_go(outlet, id);
}

void stock_let_go(struct stock *stock, struct outlet *outlet)
{
    LIST_EACH(&outlet->parcels, at)
    {
        struct parcel *parcel = parcel_of(at);
        if (parcel->state == PARCEL_OUT)
            continue;
        note_let_go(outlet, parcel->heap.id);
        remove_parcel(stock, parcel);
    }
    stock_end_turn(outlet);
}

static bool may_go(const struct parcel *parcel)
{
    return parcel->state != PARCEL_OUT && !parcel->manual;
}

static int by_id(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* The id that half of those which may go lie below; at least one does. */
static int64_t middle_id(const struct outlet *outlet)
{
    int64_t *ids = xmalloc((size_t)outlet->parcel_count * sizeof(*ids));
    size_t count = 0;
    LIST_EACH(&outlet->parcels, at)
    if (may_go(parcel_of(at)))
        ids[count++] = parcel_of(at)->heap.id;
    qsort(ids, count, sizeof(*ids), by_id);
    int64_t middle = count < 2 ? NONE : ids[count / 2];
    free(ids);
    return middle;
}

static void let_newer_half_go(struct stock *stock, struct outlet *outlet)
{
    int64_t middle = middle_id(outlet);
    LIST_EACH(&outlet->parcels, at)
    {
        struct parcel *parcel = parcel_of(at);
        if (!may_go(parcel) || parcel->heap.id < middle)
            continue;
        note_let_go(outlet, parcel->heap.id);
        remove_parcel(stock, parcel);
    }
}

/* Of those that hold more than one; NULL: there is none. */
static struct outlet *largest(const struct stock *stock)
{
    struct outlet *most = NULL;
    size_t at = 0;
    struct outlet *outlet;
    while ((outlet = map_next(&stock->outlets, &at)) != NULL)
        if (outlet->parcel_count > 1 && (most == NULL || outlet->bytes > most->bytes))
            most = outlet;
    return most;
}

static size_t share(const struct stock *stock)
{
    return stock->bytes_max / (size_t)MAX_OF(stock->outlets_in_use, 1);
}

/* False: the outlet has its share, and all together have no more. */
static bool make_room(struct stock *stock, struct outlet *outlet, size_t bytes)
{
    if (stock->bytes + bytes <= stock->bytes_max)
        return true;
    if (outlet->bytes > 0 && outlet->bytes + bytes > share(stock))
        return false;
    struct outlet *most = largest(stock);
    if (most != NULL)
        let_newer_half_go(stock, most);
    return stock->bytes + bytes <= stock->bytes_max || stock->parcels.count == 0;
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

/* It is in memory already: handed over and read, or asked for by hand. */
static void merge(struct stock *stock, struct parcel *parcel, struct job *job)
{
    if (!job->manual) {
        job_free(job);
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

void stock_take_job(struct stock *stock, struct job *job, int64_t now_ms)
{
    const struct delivery *delivery = &job->delivery;
    struct outlet *outlet = stock_outlet(stock, delivery->organization, delivery->outlet);
    stock->now_ms = now_ms;
    lines_resume(stock, outlet, delivery->id);
    struct parcel *held = map_find_int(&stock->parcels, (uint64_t)delivery->id);
    if (held != NULL) {
        merge(stock, held, job);
        return;
    }
    bool wanted = job->manual || outlet->step == OUTLET_CLOSING || delivery->id <= outlet->read_to;
    if (wanted && make_room(stock, outlet, parcel_bytes(job))) {
        insert(stock, outlet, job);
        return;
    }
    if (wanted)
        note_let_go(outlet, delivery->id);
    else if (outlet->reading)
        outlet->let_go_least = MIN_OF(outlet->let_go_least, delivery->id);
    outlet->missed = true;
    job_free(job);
}

/* ── pages ── */

static size_t left(size_t of, size_t used)
{
    return of - MIN_OF(used, of);
}

/* What is left of its share. */
static size_t own_room(const struct stock *stock, const struct outlet *outlet)
{
    return left(share(stock), outlet->bytes);
}

/* Its share as far as it is free, or half of what is free. */
static size_t page_room(const struct stock *stock, const struct outlet *outlet)
{
    size_t all = left(stock->bytes_max, stock->bytes);
    return MAX_OF(MIN_OF(all, own_room(stock, outlet)), all / 2);
}

bool stock_wants_page(const struct stock *stock, const struct outlet *outlet)
{
    if (outlet->step == OUTLET_IN_STEP || outlet->reading || outlet->ready.count >= STOCK_READY_LOW)
        return false;
    if (outlet->parcel_count == 0)
        return left(stock->bytes_max, stock->bytes) > outlet->item_bytes ||
               stock->no_room_until_ms <= stock->now_ms;
    return MAX_OF(page_room(stock, outlet), own_room(stock, outlet)) > outlet->item_bytes;
}

/* The one parcel of an outlet, which cannot go yet, or has had its time. */
static bool may_yield(const struct stock *stock, const struct outlet *outlet)
{
    if (outlet->parcel_count != 1 || outlet->reading)
        return false;
    const struct parcel *only = parcel_of(outlet->parcels.next);
    return may_go(only) &&
           (only->state == PARCEL_IN_LINE || only->since_ms + RESIDENCE_MS <= stock->now_ms);
}

static struct outlet *yielding(const struct stock *stock, const struct outlet *to)
{
    size_t at = 0;
    struct outlet *outlet;
    while ((outlet = map_next(&stock->outlets, &at)) != NULL)
        if (outlet != to && may_yield(stock, outlet))
            return outlet;
    return NULL;
}

/* One that holds more than its share makes place for one that holds less; and when all hold but
 * one, they take turns. */
static bool claim_share(struct stock *stock, const struct outlet *outlet)
{
    if (page_room(stock, outlet) >= own_room(stock, outlet))
        return true;
    struct outlet *most = largest(stock);
    if (most != NULL && most != outlet && most->bytes > share(stock))
        let_newer_half_go(stock, most);
    if (outlet->parcel_count > 0 || left(stock->bytes_max, stock->bytes) > outlet->item_bytes ||
        (stock->parcels.count == 0 && stock->reading == 0))
        return true;
    most = yielding(stock, outlet);
    if (most != NULL)
        stock_let_go(stock, most);
    else
        stock->no_room_until_ms = stock->now_ms + NO_ROOM_PAUSE_MS;
    return most != NULL;
}

bool stock_begin_read(struct stock *stock, struct outlet *outlet)
{
    assert(!outlet->reading && outlet->step != OUTLET_IN_STEP);
    if (!claim_share(stock, outlet))
        return false;
    size_t item_bytes = outlet->item_bytes == 0 ? UNKNOWN_BYTES : outlet->item_bytes;
    size_t fit = page_room(stock, outlet) / item_bytes;
    size_t most = outlet->item_bytes == 0 ? FIRST_PAGE : STOCK_PAGE;
    outlet->reading = true;
    outlet->read_after = outlet->read_to;
    outlet->read_limit = (int)MIN_OF(MAX_OF(fit, (size_t)1), most);
    outlet->let_go_least = NONE;
    outlet->finished_count = 0;
    outlet->reserved = (size_t)outlet->read_limit * item_bytes;
    stock->bytes += outlet->reserved;
    stock->reading++;
    return true;
}

static void end_read(struct stock *stock, struct outlet *outlet)
{
    assert(outlet->reading);
    outlet->reading = false;
    stock->bytes -= outlet->reserved;
    outlet->reserved = 0;
    stock->reading--;
    free(outlet->finished);
    outlet->finished = NULL;
    outlet->finished_count = outlet->finished_room = 0;
}

void stock_read_failed(struct stock *stock, struct outlet *outlet)
{
    end_read(stock, outlet);
    outlet->step = OUTLET_BEHIND;
}

static bool finished_meanwhile(const struct outlet *outlet, int64_t id)
{
    for (int i = 0; i < outlet->finished_count; i++)
        if (outlet->finished[i] == id)
            return true;
    return false;
}

/* Returns the id of the last one. */
static int64_t insert_page(struct stock *stock, struct outlet *outlet, struct job *jobs)
{
    int64_t last = outlet->read_after;
    size_t bytes = 0;
    size_t count = 0;
    for (struct job *job = jobs, *next; job != NULL; job = next) {
        next = job->link.next == NULL ? NULL : CONTAINER_OF(job->link.next, struct job, link);
        last = job->delivery.id;
        bytes += parcel_bytes(job);
        count++;
        if (map_find_int(&stock->parcels, (uint64_t)last) != NULL ||
            finished_meanwhile(outlet, last))
            job_free(job);
        else
            insert(stock, outlet, job);
    }
    if (count > 0)
        outlet->item_bytes = bytes / count;
    return last;
}

void jobs_free(struct job *jobs)
{
    while (jobs != NULL) {
        struct message *next = jobs->link.next;
        job_free(jobs);
        jobs = next == NULL ? NULL : CONTAINER_OF(next, struct job, link);
    }
}

void stock_take_page(struct stock *stock, struct outlet *outlet, struct job *jobs, bool whole,
                     int64_t now_ms)
{
    assert(outlet->reading);
    stock->now_ms = now_ms;
    int64_t last = insert_page(stock, outlet, jobs);
    bool in_step = whole && outlet->let_go_least == NONE;
    outlet->step = in_step ? OUTLET_IN_STEP : whole ? OUTLET_CLOSING : OUTLET_BEHIND;
    outlet->read_to = in_step ? IN_STEP_TO : MIN_OF(last, outlet->let_go_least - 1);
    end_read(stock, outlet);
    lines_settle_all(stock, outlet);
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

void stock_take_out(struct stock *stock, struct parcel *parcel)
{
    assert(parcel->state == PARCEL_READY);
    stock_unqueue(stock, parcel);
    parcel->state = PARCEL_OUT;
    if (parcel->line != NULL)
        line_taken_out(stock, parcel->outlet, parcel);
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
    struct outlet *outlet = stock_outlet(stock, pause->organization, pause->outlet);
    if (outlet->order != ORDER_NONE) {
        pause_line(stock, outlet, pause->subject, pause->delivery);
        return;
    }
    outlet->pauses =
        xrealloc(outlet->pauses, (size_t)(outlet->pause_count + 1) * sizeof(*outlet->pauses));
    outlet->pauses[outlet->pause_count++] = *pause;
}

static void take_pauses(struct stock *stock, struct outlet *outlet)
{
    for (int i = 0; i < outlet->pause_count; i++)
        pause_line(stock, outlet, outlet->pauses[i].subject, outlet->pauses[i].delivery);
    free(outlet->pauses);
    outlet->pauses = NULL;
    outlet->pause_count = 0;
}

void stock_set_order(struct stock *stock, struct outlet *outlet, enum outlet_order order)
{
    if (outlet->order == order)
        return;
    lines_rebuild(stock, outlet, order);
    take_pauses(stock, outlet);
}

void stock_pass_over(struct stock *stock, struct outlet *outlet, int64_t delivery)
{
    lines_resume(stock, outlet, delivery);
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
        note_let_go(parcel->outlet, parcel->heap.id);
    remove_parcel(stock, parcel);
}

void stock_done(struct stock *stock)
{
    size_t at = 0;
    struct outlet *outlet;
    while ((outlet = map_next(&stock->outlets, &at)) != NULL) {
        LIST_EACH(&outlet->parcels, at_parcel)
        remove_parcel(stock, parcel_of(at_parcel));
        heap_done(&outlet->ready);
        lines_done(outlet);
        free(outlet->pauses);
        free(outlet->finished);
        free(outlet);
    }
    map_done(&stock->outlets);
    map_done(&stock->parcels);
    heap_done(&stock->due);
    while (stock->spare != NULL) {
        struct parcel *parcel = stock->spare;
        stock->spare = parcel->next_spare;
        free(parcel);
    }
}
