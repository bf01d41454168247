/* SPDX-License-Identifier: MIT */
#include "intake/backfill.h"

#include "base/crash.h"
#include "intake/exports.h"
#include "intake/internal.h"
#include "intake/orders.h"
#include "model/order_names.h"
#include "store/exports.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define ORDERS_A_STEP 64
#define OCCURRENCES_MOST 1000 /* of one order and type, in a day */

struct step {
    struct operation operation;
    struct batch *batch;
    struct backfill backfill;
    const struct endpoint *profile;
    const struct export_route *route;
    bool none; /* there is none left */
};

/* ── beginning ── */

int backfill_begin(struct batch *batch, const struct endpoint_row *profile, int64_t route)
{
    int64_t since_ms = batch_now_ms(batch) - DAY_MS;
    const struct backfill backfill = { .route = route,
                                       .organization = profile->organization,
                                       .profile = profile->id,
                                       .since_ms = since_ms,
                                       .until = batch_draw_id(batch),
                                       .updated_ms = since_ms };
    struct committer *committer = batch->committer;
    int r = store_insert_backfill(batch_sql(batch), &backfill);
    if (r == 0 && !atomic_exchange(&committer->backfilling, true))
        committer->chores.next_ms[CHORE_BACKFILL] = 0;
    return fail(r);
}

/* ── one order ── */

static int add_occurrence(struct step *step, const struct order *order, const struct event *event)
{
    const struct export_delivery_row key = {
        .organization = event->organization,
        .order = event->order,
        .event = event->id,
        .outlet = step->profile->object.id,
        .route = export_is_file(step->profile) ? step->route->id : 0,
    };
    int r = store_find_exported(batch_sql(step->batch), &key);
    if (r == STORE_NOT_FOUND) {
        const struct export_ask ask = { .profile = step->profile, .route = step->route };
        exports_add_late(step->batch, event, order, &ask);
        return 0;
    }
    return fail(MIN_OF(r, 0));
}

static int take_order(struct step *step, int64_t id)
{
    struct batch *batch = step->batch;
    const struct occurrences_wanted wanted = { .backfill = &step->backfill,
                                               .order = id,
                                               .type = customer_type_event(step->route->type),
                                               .limit = OCCURRENCES_MOST };
    struct event *events = ARENA_ARRAY(batch_arena(batch), struct event, OCCURRENCES_MOST);
    int count = 0;
    int r =
        store_list_old_occurrences(batch_sql(batch), &wanted, batch_arena(batch), events, &count);
    if (r < 0 || count == 0)
        return fail(r);
    orders_want_known(batch, step->backfill.organization, id);
    r = batch_load(batch);
    const struct order *order = r < 0 ? NULL : orders_find(batch, step->backfill.organization, id);
    for (int i = 0; r == 0 && order != NULL && i < count; i++)
        r = add_occurrence(step, order, &events[i]);
    return fail(r);
}

/* ── a step ── */

/* False: profile or route have been deleted meanwhile. */
static bool find_route(struct step *step)
{
    const struct picture *picture = batch_picture(step->batch, step->backfill.organization);
    step->profile =
        picture == NULL ? NULL : objects_find(&picture->endpoints, step->backfill.profile);
    step->route = NULL;
    if (step->profile == NULL || step->profile->export == NULL)
        return false;
    const struct export_profile *export = step->profile->export;
    for (int i = 0; i < export->route_count; i++)
        if (export->routes[i].id == step->backfill.route)
            step->route = &export->routes[i];
    return step->route != NULL;
}

static int take_orders(struct step *step, int *ret_count)
{
    struct changed_order orders[ORDERS_A_STEP];
    struct backfill *backfill = &step->backfill;
    int r = store_list_changed_orders(batch_sql(step->batch), backfill, ORDERS_A_STEP, orders,
                                      ret_count);
    for (int i = 0; r == 0 && i < *ret_count; i++) {
        r = take_order(step, orders[i].id);
        backfill->updated_ms = orders[i].updated_ms;
        backfill->order = orders[i].id;
    }
    return fail(r);
}

static int execute_step(struct operation *operation, struct batch *batch)
{
    struct step *step = CONTAINER_OF(operation, struct step, operation);
    struct sql *sql = batch_sql(batch);
    step->batch = batch;
    int r = store_find_backfill(sql, &step->backfill);
    if (r != 0) {
        step->none = r == STORE_NOT_FOUND;
        return fail(MIN_OF(r, 0));
    }
    int count = 0;
    if (find_route(step))
        r = take_orders(step, &count);
    if (r == 0)
        r = count == ORDERS_A_STEP ? store_update_backfill(sql, &step->backfill)
                                   : store_delete_backfill(sql, &step->backfill);
    CRASH_POINT("backfill");
    return fail(r);
}

static const struct operation_kind step_kind = {
    .name = "back-fill step",
    .lane = LANE_UPKEEP,
    .always = true, /* it is the committer's own */
    .execute = execute_step,
    .answer = operation_answer_nobody,
};

int backfill_step(struct committer *committer)
{
    struct step step = { .operation = { .kind = &step_kind } };
    bool done = management_run_own(committer, &step.operation);
    if (!done)
        return fail(FAIL_STORE);
    CRASH_POINT("backfilled");
    if (step.none)
        atomic_store(&committer->backfilling, false);
    return step.none ? 0 : CHORE_MORE;
}
