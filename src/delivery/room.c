/* SPDX-License-Identifier: MIT
 * delivery/room.c: the part of the stock that keeps within its memory.
 *
 * First an outlet lets go of what sleeps: deliveries that are due later than the horizon, and those
 * in lines that cannot move before it. They are remembered in sum: the least due time of the ones,
 * and for each line the least id. What comes behind them can be read and sent meanwhile; they are
 * read again (pages.c) when their time has come. Then it lets go of its newest half.
 *
 * Invariants:
 * (1) bytes is what all parcels and the pages being read cost; it passes bytes_max only by what one
 *     outlet needs to get on;
 * (2) an outlet with more than its share lets go before others do, but not of its last one: what
 *     has been read once gets its turn. When all hold but one, they take turns;
 * (3) what sleeps is due at outlet->later_ms or later, or has an id of line->left_least or above. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/compare.h"
#include "delivery/stock_parts.h"

#define RESIDENCE_MS 1000 /* what has been read is kept so long, at least */
#define NO_ROOM_PAUSE_MS 100
#define THIN_PAUSE_MS 1000

static void note_fallen(struct stock *stock, struct outlet *outlet)
{
    if (list_empty(&outlet->fallen))
        list_append(&stock->fallen, &outlet->fallen);
}

void room_note_let_go(struct stock *stock, struct outlet *outlet, int64_t id)
{
    note_fallen(stock, outlet);
    stock->fallen_behind += outlet->step == OUTLET_IN_STEP;
    if (outlet->reading)
        stock_note_not_kept(outlet, id);
    outlet->read_to = MIN_OF(outlet->read_to, id - 1);
    outlet->pass_to = MIN_OF(outlet->pass_to, outlet->read_to); /* behind it the tail is read */
    outlet->step = OUTLET_BEHIND;
    outlet->missed = true;
    outlet->lines_stale = true;
}

void stock_miss(struct stock *stock, struct outlet *outlet, int64_t id)
{
    assert(map_find_int(&stock->parcels, (uint64_t)id) == NULL);
    room_note_let_go(stock, outlet, id);
}

/* All is read anew, from the beginning, when there is anything that sleeps. */
static void forget_sleepers(struct stock *stock, struct outlet *outlet)
{
    bool any = lines_forget_left(outlet) || outlet->later_ms != NONE;
    outlet->later_ms = NONE;
    outlet->pass = false;
    if (any)
        room_note_let_go(stock, outlet, 1);
}

void stock_let_go(struct stock *stock, struct outlet *outlet)
{
    LIST_EACH(&outlet->parcels, at)
    {
        struct parcel *parcel = parcel_of(at);
        if (parcel->state == PARCEL_OUT)
            continue;
        room_note_let_go(stock, outlet, parcel->heap.id);
        parcel_remove(stock, parcel);
    }
    forget_sleepers(stock, outlet);
    stock_end_turn(outlet);
}

void stock_set_order(struct stock *stock, struct outlet *outlet, enum outlet_order order)
{
    if (outlet->order == order)
        return;
    forget_sleepers(stock, outlet);
    lines_rebuild(stock, outlet, order);
    stock_take_pauses(stock, outlet);
}

/* ── what sleeps ── */

static bool sleeps(const struct stock *stock, const struct parcel *parcel)
{
    if (parcel->manual || parcel->state == PARCEL_OUT || parcel->state == PARCEL_READY)
        return false;
    if (parcel->outlet->order == ORDER_STRICT) /* nothing behind it can go */
        return false;
    if (parcel->line != NULL)
        return line_rests(parcel->line, parcel, stock->now_ms + stock->horizon_ms);
    return parcel->job->delivery.due_ms > stock->now_ms + stock->horizon_ms;
}

static void let_sleep(struct outlet *outlet, const struct parcel *parcel)
{
    int64_t due_ms = parcel->job->delivery.due_ms;
    if (parcel->line != NULL) {
        line_leave(outlet, parcel->line, parcel->heap.id);
        return;
    }
    outlet->later_ms = MIN_OF(outlet->later_ms, due_ms);
    if (outlet->pass)
        outlet->pass_later_ms = MIN_OF(outlet->pass_later_ms, due_ms);
}

/* It waits for what has to be read before it, and takes the room for that. */
static bool is_ahead(const struct parcel *parcel)
{
    return parcel->line != NULL && parcel->state == PARCEL_IN_LINE &&
           parcel->heap.id > parcel->outlet->read_to;
}

void room_thin(struct stock *stock, struct outlet *outlet)
{
    if (outlet->thin_again_ms > stock->now_ms)
        return;
    outlet->thin_again_ms = stock->now_ms + THIN_PAUSE_MS;
    LIST_EACH(&outlet->parcels, at)
    {
        struct parcel *parcel = parcel_of(at);
        if (is_ahead(parcel))
            room_note_let_go(stock, outlet, parcel->heap.id);
        else if (sleeps(stock, parcel))
            let_sleep(outlet, parcel);
        else
            continue;
        parcel_remove(stock, parcel);
        note_fallen(stock, outlet);
    }
}

/* ── the newest ── */

static bool may_go(const struct parcel *parcel)
{
    return parcel->state != PARCEL_OUT && !parcel->manual;
}

/* The id that half of those which may go lie below; at least one does. */
static int64_t middle_id(const struct outlet *outlet)
{
    int64_t *ids = xmalloc((size_t)outlet->parcel_count * sizeof(*ids));
    size_t count = 0;
    LIST_EACH(&outlet->parcels, at)
    if (may_go(parcel_of(at)))
        ids[count++] = parcel_of(at)->heap.id;
    qsort(ids, count, sizeof(*ids), compare_int64);
    int64_t middle = count < 2 ? NONE : ids[count / 2];
    free(ids);
    return middle;
}

static void let_newer_half_go(struct stock *stock, struct outlet *outlet)
{
    size_t before = outlet->bytes;
    room_thin(stock, outlet);
    if (outlet->bytes <= before / 2)
        return;
    int64_t middle = middle_id(outlet);
    LIST_EACH(&outlet->parcels, at)
    {
        struct parcel *parcel = parcel_of(at);
        if (!may_go(parcel) || parcel->heap.id < middle)
            continue;
        room_note_let_go(stock, outlet, parcel->heap.id);
        parcel_remove(stock, parcel);
    }
}

/* ── shares ── */

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

bool room_make(struct stock *stock, struct outlet *outlet, size_t bytes)
{
    if (stock->bytes + bytes <= stock->bytes_max)
        return true;
    if (outlet->bytes > 0 && outlet->bytes + bytes > share(stock)) {
        room_thin(stock, outlet);
        return stock->bytes + bytes <= stock->bytes_max;
    }
    struct outlet *most = largest(stock);
    if (most != NULL)
        let_newer_half_go(stock, most);
    return stock->bytes + bytes <= stock->bytes_max || stock->parcels.count == 0;
}

size_t room_of_own(const struct stock *stock, const struct outlet *outlet)
{
    return room_left(share(stock), outlet->bytes);
}

size_t room_of_page(const struct stock *stock, const struct outlet *outlet)
{
    size_t all = room_left(stock->bytes_max, stock->bytes);
    return MAX_OF(MIN_OF(all, room_of_own(stock, outlet)), all / 2);
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

bool room_claim(struct stock *stock, struct outlet *outlet)
{
    if (room_of_page(stock, outlet) >= room_of_own(stock, outlet))
        return true;
    struct outlet *most = largest(stock);
    if (most != NULL && most != outlet && most->bytes > share(stock))
        let_newer_half_go(stock, most);
    if (outlet->parcel_count > 0 ||
        room_left(stock->bytes_max, stock->bytes) > outlet->item_bytes ||
        (stock->parcels.count == 0 && stock->reading == 0))
        return true;
    most = yielding(stock, outlet);
    if (most != NULL)
        stock_let_go(stock, most);
    else
        stock->no_room_until_ms = stock->now_ms + NO_ROOM_PAUSE_MS;
    return most != NULL;
}
