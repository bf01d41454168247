/* SPDX-License-Identifier: MIT
 * Invariants:
 * (1) of a line at most one parcel is queued: the one with the least id of all of it that are
 *     unfinished, unless it is under way, was sent by hand, or the line is paused;
 * (2) while a parcel of a line is under way (not by hand), none of it is queued: the next goes when
 *     the result before it has been recorded;
 * (3) one with an id above read_to is not queued: one of its line that is not in memory may be
 *     before it;
 * (4) a line that holds nothing and is not paused does not exist. */
#include "delivery/lines.h"

#include <stdlib.h>

#include "delivery/stock.h"

static struct parcel *parcel_at(struct heap_link *place)
{
    return CONTAINER_OF(place, struct parcel, place);
}

/* ── lines ── */

static struct line *make_line(struct outlet *outlet, int64_t subject)
{
    struct line *line = map_find_int(&outlet->lines, (uint64_t)subject);
    if (line != NULL)
        return line;
    line = NEW(struct line);
    line->subject = subject;
    (void)map_put_int(&outlet->lines, (uint64_t)subject, line);
    return line;
}

struct line *lines_of(struct outlet *outlet, int64_t subject)
{
    switch (outlet->order) {
    case ORDER_NONE:
        return NULL;
    case ORDER_SUBJECT:
        return subject == 0 ? NULL : make_line(outlet, subject);
    case ORDER_STRICT:
        return make_line(outlet, 0);
    }
    return NULL;
}

static void free_line(struct line *line)
{
    heap_done(&line->parcels);
    free(line);
}

static void drop_if_idle(struct outlet *outlet, struct line *line)
{
    if (line->parcels.count > 0 || line->paused_by != 0)
        return;
    (void)map_remove_int(&outlet->lines, (uint64_t)line->subject);
    free_line(line);
}

/* ── who may go ── */

static struct parcel *find_first(const struct outlet *outlet, const struct line *line)
{
    struct heap_link *first = heap_first(&line->parcels);
    if (first == NULL || line->out > 0 || line->paused_by != 0 || first->id > outlet->read_to)
        return NULL;
    struct parcel *parcel = parcel_at(first);
    return parcel->manual || parcel->state == PARCEL_OUT ? NULL : parcel;
}

void line_settle(struct stock *stock, struct outlet *outlet, struct line *line)
{
    struct parcel *first = find_first(outlet, line);
    struct parcel *queued = line->queued;
    if (first == queued)
        return;
    if (queued != NULL) {
        stock_unqueue(stock, queued);
        queued->state = PARCEL_IN_LINE;
    }
    line->queued = first;
    if (first != NULL)
        stock_queue(stock, first);
}

void lines_settle_all(struct stock *stock, struct outlet *outlet)
{
    size_t at = 0;
    struct line *line;
    outlet->lines_stale = false;
    while ((line = map_next(&outlet->lines, &at)) != NULL)
        line_settle(stock, outlet, line);
}

/* ── coming and going ── */

void line_add(struct stock *stock, struct outlet *outlet, struct parcel *parcel)
{
    struct line *line = parcel->line;
    parcel->place.key = 0;
    parcel->place.id = parcel->heap.id;
    heap_add(&line->parcels, &parcel->place);
    if (parcel->state == PARCEL_OUT && !parcel->manual) {
        parcel->counted = true;
        line->out++;
    }
    line_settle(stock, outlet, line);
}

static void unlink_queued(struct parcel *parcel)
{
    if (parcel->line->queued == parcel)
        parcel->line->queued = NULL;
}

static void uncount(struct parcel *parcel)
{
    if (parcel->counted)
        parcel->line->out--;
    parcel->counted = false;
}

void line_remove(struct stock *stock, struct outlet *outlet, struct parcel *parcel)
{
    struct line *line = parcel->line;
    heap_remove(&line->parcels, &parcel->place);
    uncount(parcel);
    unlink_queued(parcel);
    parcel->line = NULL;
    line_settle(stock, outlet, line);
    drop_if_idle(outlet, line);
}

void line_asked_for(struct stock *stock, struct outlet *outlet, struct parcel *parcel)
{
    unlink_queued(parcel);
    line_settle(stock, outlet, parcel->line);
}

void line_taken_out(struct stock *stock, struct outlet *outlet, struct parcel *parcel)
{
    struct line *line = parcel->line;
    unlink_queued(parcel);
    if (!parcel->manual) {
        parcel->counted = true;
        line->out++;
    }
    line_settle(stock, outlet, line);
}

void line_put_back(struct stock *stock, struct outlet *outlet, struct parcel *parcel)
{
    uncount(parcel);
    line_settle(stock, outlet, parcel->line);
}

/* ── pauses ── */

void lines_resume(struct stock *stock, struct outlet *outlet, int64_t delivery)
{
    size_t at = 0;
    struct line *line;
    while ((line = map_next(&outlet->lines, &at)) != NULL) {
        if (line->paused_by != delivery)
            continue;
        line->paused_by = 0;
        line_settle(stock, outlet, line);
        drop_if_idle(outlet, line);
        return;
    }
}

/* ── another order ── */

void lines_done(struct outlet *outlet)
{
    size_t at = 0;
    struct line *line;
    while ((line = map_next(&outlet->lines, &at)) != NULL)
        free_line(line);
    map_done(&outlet->lines);
}

static void leave_line(struct stock *stock, struct parcel *parcel)
{
    heap_remove(&parcel->line->parcels, &parcel->place);
    parcel->counted = false;
    parcel->line = NULL;
    if (parcel->state == PARCEL_IN_LINE)
        stock_queue(stock, parcel);
}

void lines_rebuild(struct stock *stock, struct outlet *outlet, enum outlet_order order)
{
    LIST_EACH(&outlet->parcels, at)
    {
        struct parcel *parcel = LIST_ENTRY(at, struct parcel, link);
        if (parcel->line != NULL)
            leave_line(stock, parcel);
    }
    lines_done(outlet);
    outlet->order = order;
    LIST_EACH(&outlet->parcels, at)
    {
        struct parcel *parcel = LIST_ENTRY(at, struct parcel, link);
        parcel->line = lines_of(outlet, parcel->job->content->subject);
        if (parcel->line == NULL)
            continue;
        if (!parcel->manual && parcel->state != PARCEL_OUT) {
            stock_unqueue(stock, parcel);
            parcel->state = PARCEL_IN_LINE;
        }
        line_add(stock, outlet, parcel);
    }
}
