/* SPDX-License-Identifier: MIT
 * delivery/pages.c: the part of the stock that reads: pages of what an outlet has in the store
 * behind read_to, and, when there are some that sleep (room.c), passes over what lies before it.
 *
 * Invariants:
 * (1) a page that was asked for with id > read_to adds all of those up to its last one, but for
 *     those that sleep. What finished while it was being read is in outlet->finished and is not
 *     taken in again. What was handed over meanwhile and not kept may be newer than the page (a
 *     recovery has made it due): from there on the page is read again;
 * (2) an outlet comes in step by a page that was read whole, with nothing let go since it was asked
 *     for. CLOSING is for getting on: once a page came whole, what is handed over is kept while the
 *     last page is being read;
 * (3) a pass takes in all with id ≤ pass_to that are due by the horizon and in no line that rests;
 *     at its end later_ms is the least due time of the others, and the lines that came awake before
 *     it began are whole again. */
#include <stdlib.h>

#include "base/arena.h"
#include "delivery/stock_parts.h"

#define FIRST_PAGE ((size_t)32) /* how large the bodies are is not known yet */
#define WAITING_PAGE ((size_t)4)
#define UNKNOWN_BYTES ((size_t)4096)
#define PASS_PAUSE_MS 1000

/* ── what to read ── */

/* In strict order a page's worth is enough: only the first can go. */
static bool wants_tail(const struct outlet *outlet)
{
    return outlet->step != OUTLET_IN_STEP &&
           (outlet->order != ORDER_STRICT || outlet->parcel_count < (int)STOCK_PAGE);
}

static void end_pass(struct outlet *outlet)
{
    outlet->pass = false;
    outlet->later_ms = outlet->pass_later_ms;
    lines_end_return(outlet);
}

/* Half the horizon before the first is due; or a line that was left can move. */
static bool wants_pass(const struct stock *stock, struct outlet *outlet)
{
    if (outlet->pass && outlet->pass_after >= outlet->pass_to)
        end_pass(outlet);
    if (outlet->pass)
        return true;
    return outlet->pass_again_ms <= stock->now_ms &&
           (outlet->later_ms <= stock->now_ms + stock->horizon_ms / 2 || outlet->lines_awake > 0);
}

bool stock_has_sleepers(const struct outlet *outlet)
{
    return outlet->later_ms != NONE || outlet->lines_left > 0;
}

static bool has_room(const struct stock *stock, const struct outlet *outlet)
{
    if (outlet->parcel_count == 0)
        return room_left(stock->bytes_max, stock->bytes) > outlet->item_bytes ||
               stock->no_room_until_ms <= stock->now_ms;
    return MAX_OF(room_of_page(stock, outlet), room_of_own(stock, outlet)) > outlet->item_bytes;
}

bool stock_wants_page(struct stock *stock, struct outlet *outlet)
{
    size_t enough = outlet->waits ? 1 : STOCK_READY_LOW;
    if (outlet->reading || outlet->ready.count >= enough ||
        (!wants_pass(stock, outlet) && !wants_tail(outlet)))
        return false;
    if (has_room(stock, outlet))
        return true;
    room_thin(stock, outlet);
    return has_room(stock, outlet);
}

static void begin_pass(struct stock *stock, struct outlet *outlet)
{
    if (outlet->pass)
        return;
    outlet->pass = true;
    outlet->pass_after = 0;
    outlet->pass_to = outlet->read_to;
    outlet->pass_later_ms = NONE;
    outlet->pass_again_ms = stock->now_ms + PASS_PAUSE_MS;
    lines_begin_return(outlet);
}

static size_t page_max(const struct outlet *outlet)
{
    if (outlet->waits)
        return WAITING_PAGE;
    return outlet->item_bytes == 0 ? FIRST_PAGE : STOCK_PAGE;
}

bool stock_begin_read(struct stock *stock, struct outlet *outlet)
{
    assert(!outlet->reading);
    if (!room_claim(stock, outlet))
        return false;
    size_t item_bytes = outlet->item_bytes == 0 ? UNKNOWN_BYTES : outlet->item_bytes;
    size_t fit = room_of_page(stock, outlet) / item_bytes;
    outlet->reading = true;
    outlet->read_is_pass = wants_pass(stock, outlet);
    if (outlet->read_is_pass)
        begin_pass(stock, outlet);
    outlet->read_after = outlet->read_is_pass ? outlet->pass_after : outlet->read_to;
    outlet->read_before = outlet->read_is_pass ? outlet->pass_to : NONE;
    outlet->read_due_ms = stock_has_sleepers(outlet) || outlet->read_is_pass
                              ? stock->now_ms + stock->horizon_ms
                              : NONE;
    outlet->read_limit = (int)MIN_OF(MAX_OF(fit, (size_t)1), page_max(outlet));
    outlet->let_go_least = outlet->newer_least = NONE;
    outlet->finished_count = 0;
    outlet->reserved = (size_t)outlet->read_limit * item_bytes;
    stock->bytes += outlet->reserved;
    stock->reading++;
    return true;
}

/* ── what was read ── */

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
    if (!outlet->read_is_pass)
        outlet->step = OUTLET_BEHIND;
}

static bool finished_meanwhile(const struct outlet *outlet, int64_t id)
{
    for (int i = 0; i < outlet->finished_count; i++)
        if (outlet->finished[i] == id)
            return true;
    return false;
}

static bool is_wanted(const struct stock *stock, const struct outlet *outlet, const struct job *job)
{
    int64_t id = job->delivery.id;
    bool overtaken = outlet->read_is_pass ? id > outlet->read_to : id >= outlet->newer_least;
    return !overtaken && map_find_int(&stock->parcels, (uint64_t)id) == NULL &&
           !finished_meanwhile(outlet, id) &&
           !line_leaves_out(lines_find(outlet, job->content->subject), id);
}

static void insert_page(struct stock *stock, struct outlet *outlet, struct job *jobs)
{
    size_t bytes = 0;
    size_t count = 0;
    for (struct job *job = jobs, *next; job != NULL; job = next) {
        next = job->link.next == NULL ? NULL : CONTAINER_OF(job->link.next, struct job, link);
        bytes += parcel_bytes(job);
        count++;
        if (is_wanted(stock, outlet, job))
            parcel_insert(stock, outlet, job);
        else
            job_free(job);
    }
    if (count > 0)
        outlet->item_bytes = bytes / count;
}

void jobs_free(struct job *jobs)
{
    while (jobs != NULL) {
        struct message *next = jobs->link.next;
        job_free(jobs);
        jobs = next == NULL ? NULL : CONTAINER_OF(next, struct job, link);
    }
}

static void end_tail(struct stock *stock, struct outlet *outlet, const struct stock_page *page)
{
    bool in_step = page->whole && outlet->let_go_least == NONE;
    stock->come_in_step += in_step;
    outlet->step = in_step ? OUTLET_IN_STEP : page->whole ? OUTLET_CLOSING : OUTLET_BEHIND;
    outlet->read_to = in_step ? IN_STEP_TO : MIN_OF(page->last, outlet->let_go_least - 1);
    outlet->later_ms = MIN_OF(outlet->later_ms, page->later_ms);
}

/* One that was broken off meanwhile (the outlet was closed) has nothing to end. */
static void end_pass_page(struct outlet *outlet, const struct stock_page *page)
{
    if (!outlet->pass)
        return;
    outlet->pass_after = page->last;
    outlet->pass_later_ms = MIN_OF(outlet->pass_later_ms, page->later_ms);
    if (page->whole)
        end_pass(outlet);
}

void stock_take_page(struct stock *stock, struct outlet *outlet, struct stock_page *page,
                     int64_t now_ms)
{
    assert(outlet->reading);
    stock->now_ms = now_ms;
    insert_page(stock, outlet, page->jobs);
    page->jobs = NULL;
    if (outlet->read_is_pass)
        end_pass_page(outlet, page);
    else
        end_tail(stock, outlet, page);
    end_read(stock, outlet);
    lines_settle_all(stock, outlet);
}
