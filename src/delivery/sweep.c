/* SPDX-License-Identifier: MIT
 * delivery/sweep.c: the net under the hand-over. Every 10 s of Junctor's time a courier has the
 * store say which deliveries are long due that it should have in memory (those up to read_to, see
 * stock.c), and looks whether it has them. It does, unless a hand-over was lost: nothing else
 * depends on this, and it finds none while all is well.
 *
 * A delivery that is in the snapshot and not in memory may have finished in between. So one look
 * makes a suspect, and only a second one, 10 s later, makes the outlet read it from the store.
 * Deliveries are looked at by id, 256 of an outlet at a time; the next sweep goes on behind them.
 */
#include <stdlib.h>

#include "delivery/internal.h"

#define SWEEP_EVERY_MS 10000
#define LONG_DUE_MS 10000

static bool is_time(struct courier *courier, int64_t now_ms)
{
    /* The wall clock may have been set back. */
    courier->sweep_at_ms = MIN_OF(courier->sweep_at_ms, now_ms + SWEEP_EVERY_MS);
    if (courier->sweeping || courier->stopping || courier->stock.starting ||
        now_ms < courier->sweep_at_ms)
        return false;
    courier->sweep_at_ms = now_ms + SWEEP_EVERY_MS;
    return true;
}

/* What sleeps is in the store alone, and may be due by now. */
static bool is_swept(const struct courier *courier, const struct outlet *outlet)
{
    return outlet_is_open(courier, outlet) && outlet->lines_left == 0 && !outlet->pass &&
           outlet->later_ms > courier_now_ms(courier);
}

void sweep_begin(struct courier *courier, int64_t now_ms)
{
    if (!is_time(courier, now_ms))
        return;
    struct fetch *fetch = NEW(struct fetch);
    fetch->mail.kind = MAIL_SWEEP;
    fetch->courier = courier;
    fetch->due_before_ms = now_ms - LONG_DUE_MS;
    fetch->sweeps = ARENA_ARRAY(&fetch->arena, struct sweep, courier->stock.outlets.count);
    size_t at = 0;
    struct outlet *outlet;
    while ((outlet = map_next(&courier->stock.outlets, &at)) != NULL)
        if (is_swept(courier, outlet))
            fetch->sweeps[fetch->count++] = (struct sweep){
                .outlet = outlet,
                .of = { .organization = outlet->organization, .outlet = outlet->id },
                .after = outlet->sweep_after,
                .to = outlet->read_to,
            };
    courier->sweeping = true;
    fetcher_post(&courier->couriers->fetcher, fetch);
}

/* 0: all of them are in memory. */
static int64_t first_missing(const struct courier *courier, const struct sweep *sweep)
{
    for (int i = 0; i < sweep->count; i++)
        if (sweep->ids[i] <= sweep->outlet->read_to &&
            map_find_int(&courier->stock.parcels, (uint64_t)sweep->ids[i]) == NULL)
            return sweep->ids[i];
    return 0;
}

static void recover(struct courier *courier, struct outlet *outlet, int64_t id)
{
    courier->counts.swept++;
    log_line(courier->couriers->options.log, LOG_ERROR,
             "a due delivery was in the store and not in memory: it is read now",
             LOG_INT("organization", outlet->organization), LOG_INT("outlet", outlet->id),
             LOG_INT("delivery", id));
    stock_miss(&courier->stock, outlet, id);
    outlet_reopen(courier, outlet);
}

static void check(struct courier *courier, const struct sweep *sweep)
{
    struct outlet *outlet = sweep->outlet;
    int64_t missing = is_swept(courier, outlet) ? first_missing(courier, sweep) : 0;
    bool again = missing != 0 && missing == outlet->sweep_suspect;
    outlet->sweep_suspect = again ? 0 : missing;
    if (missing != 0)
        outlet->sweep_after = missing - 1;
    else
        outlet->sweep_after = sweep->count == SWEEP_PAGE ? sweep->ids[sweep->count - 1] : 0;
    if (again)
        recover(courier, outlet, missing);
}

void sweep_take(struct courier *courier, struct fetch *fetch)
{
    courier->sweeping = false;
    for (int i = 0; !fetch->failed && i < fetch->count; i++)
        check(courier, &fetch->sweeps[i]);
    fetch_free(fetch);
}
