/* SPDX-License-Identifier: MIT */
#include "intake/exports.h"

#include "base/crash.h"
#include "intake/export_files.h"
#include "intake/internal.h"
#include "intake/orders.h"
#include "mapping/export_profile.h"
#include "model/money.h"
#include "model/order_names.h"
#include "route/route.h"

/* ── what is sent ── */

static struct crm_source source_of(struct batch *batch, const struct order *order,
                                   const struct order_occurrence *occurrence)
{
    const struct picture *picture = batch_picture(batch, order->organization);
    const struct campaign *campaign =
        picture == NULL ? NULL : objects_find(&picture->campaigns, order->campaign);
    return (struct crm_source){
        .order = order,
        .type = occurrence->type,
        .amount = occurrence->amount,
        .line = occurrence->line,
        .campaign_name = campaign == NULL ? (str){} : campaign->name,
        .campaign_number = campaign == NULL ? 0 : campaign->number,
        .customer_number = order->customer_number,
        .zone = picture == NULL ? NULL : picture->zone,
    };
}

#define SKIPPED_TEST STR("skipped: test card")
#define SKIPPED_CONVERTED STR("converted")
#define SKIPPED_LONG                                                                               \
    STR("what the field map makes of this order is longer than is sent: 256 KiB in a URL, 16 MiB " \
        "in a body or file")

bool exports_is_converted(const struct order *order, enum customer_type type)
{
    bool before =
        type == CUSTOMER_PARTIAL || type == CUSTOMER_LEAD || type == CUSTOMER_ABANDONED_CART;
    return before && order_is_sold(order);
}

/* Why nothing is sent of it; empty: something is. */
static str why_not(const struct order *order, const struct order_occurrence *occurrence)
{
    if (order->test)
        return SKIPPED_TEST;
    return exports_is_converted(order, occurrence->type) ? SKIPPED_CONVERTED : (str){};
}

static bool render_request(struct batch *batch, const struct endpoint *profile,
                           const struct order *order, const struct order_occurrence *occurrence,
                           str *ret_content)
{
    const struct crm_source source = source_of(batch, order, occurrence);
    return export_content_render(profile->export->map, &source, batch_arena(batch), ret_content);
}

/* Into the file, too. */
static bool render_row(struct batch *batch, struct export_file_record *file,
                       const struct order *order, const struct order_occurrence *occurrence,
                       str *ret_content)
{
    const struct crm_source source = source_of(batch, order, occurrence);
    enum export_cells cells = export_cells_of(file->row.file.guarded);
    if (!export_csv_row(file->map, &source, cells, batch_arena(batch), ret_content))
        return false;
    export_files_add_row(batch, file, *ret_content);
    return true;
}

bool export_is_file(const struct endpoint *profile)
{
    return profile->export->type != EXPORT_POSTBACK;
}

static void end(struct delivery *delivery, enum delivery_state state, str reason, int64_t now_ms)
{
    delivery->state = state;
    delivery->reason = reason;
    delivery->due_ms = 0;
    delivery->finished_ms = now_ms;
}

/* What is to be sent of a delivery, and where it stands then. */
struct fixing {
    const struct endpoint *profile;
    const struct export_route *route; /* of a file */
    const struct order *order;
    const struct order_occurrence *occurrence;
    struct delivery *delivery;
    int64_t file;
    str content;
};

/* A row of a CSV profile is delivered with that: its file lies in the store. One of an FTP profile
 * waits for its file to close. */
static void fix_row(struct batch *batch, struct fixing *fixing)
{
    struct delivery *delivery = fixing->delivery;
    struct export_file_record *file =
        export_files_open(batch, fixing->profile, fixing->route, delivery->due_ms);
    if (file == NULL) /* the batch is not written */
        return;
    bool first = file->row.file.row_count + file->row.rows == 0;
    fixing->file = file->row.file.id;
    if (!render_row(batch, file, fixing->order, fixing->occurrence, &fixing->content))
        end(delivery, DELIVERY_DROPPED, SKIPPED_LONG, batch_now_ms(batch));
    else if (fixing->profile->export->type == EXPORT_CSV)
        end(delivery, DELIVERY_DELIVERED, (str){}, batch_now_ms(batch));
    else
        delivery->due_ms = file->row.file.closes_ms + (first ? 0 : EXPORT_NEVER_MS);
}

static void fix(struct batch *batch, struct fixing *fixing)
{
    struct delivery *delivery = fixing->delivery;
    str why = why_not(fixing->order, fixing->occurrence);
    if (why.len > 0)
        end(delivery, DELIVERY_DROPPED, why, batch_now_ms(batch));
    else if (export_is_file(fixing->profile))
        fix_row(batch, fixing);
    else if (!render_request(batch, fixing->profile, fixing->order, fixing->occurrence,
                             &fixing->content))
        end(delivery, DELIVERY_DROPPED, SKIPPED_LONG, batch_now_ms(batch));
}

/* ── at the event ── */

static void count_end(struct batch *batch, const struct delivery *delivery)
{
    const int64_t subjects[] = { 0, delivery->outlet };
    for (size_t i = 0; i < COUNT_OF(subjects); i++) {
        struct counter_delta *sums =
            batch_counter(batch, delivery->organization, subjects[i], delivery->created_ms);
        sums->dropped += delivery->state == DELIVERY_DROPPED;
        sums->delivered += delivery->state == DELIVERY_DELIVERED;
    }
}

static void count(struct batch *batch, const struct delivery *delivery)
{
    batch_counter(batch, delivery->organization, 0, delivery->created_ms)->deliveries++;
    batch_counter(batch, delivery->organization, delivery->outlet, delivery->created_ms)
        ->deliveries++;
    count_end(batch, delivery);
}

static void add_row(struct batch *batch, const struct fixing *fixing)
{
    const struct delivery *delivery = fixing->delivery;
    const struct export_delivery_row row = {
        .delivery = delivery->id,
        .organization = delivery->organization,
        .outlet = delivery->outlet,
        .event = delivery->event,
        .order = fixing->order->id,
        .route = fixing->route == NULL ? 0 : fixing->route->id,
        .file = fixing->file,
        .content = fixing->content,
    };
    batch_add_export(batch, &row);
}

/* The event as it is sent: the hand-over reads it when the batch's work is done. */
static const struct event *as_sent(struct batch *batch, const struct event *event, str content)
{
    if (content.len == 0)
        return event;
    struct event *sent = ARENA_NEW(batch_arena(batch), struct event);
    *sent = *event;
    sent->data = content;
    sent->rendered = true;
    return sent;
}

/* Of what happened a while ago: at once, or with the next sweep. */
static int64_t due_of(const struct endpoint *profile, int64_t at_ms, int64_t now_ms)
{
    const struct export_profile *export = profile->export;
    int64_t due_ms = export_due_ms(export, profile->created_ms, at_ms);
    if (due_ms >= now_ms)
        return due_ms;
    return export->compatible
               ? export_due_ms(export, profile->created_ms, now_ms - export->delay_ms)
               : now_ms;
}

/* `now_ms`: due then, at the earliest. */
static void add_delivery(struct batch *batch, const struct event *event,
                         const struct export_ask *ask, int64_t now_ms)
{
    const struct endpoint *profile = ask->profile;
    struct delivery delivery = {
        .id = batch_draw_id(batch),
        .organization = event->organization,
        .outlet = profile->object.id,
        .event = event->id,
        .created_ms = now_ms,
        .state = DELIVERY_PENDING,
        .due_ms = due_of(profile, event->at_ms, now_ms),
    };
    struct fixing fixing = { .profile = profile,
                             .route = export_is_file(profile) ? ask->route : NULL,
                             .order = event->occurred_to,
                             .occurrence = event->occurrence,
                             .delivery = &delivery };
    /* What a file takes is sent with that: not while nothing is to be sent. */
    bool waits = profile->export->type == EXPORT_CSV && profile->status != OUTLET_ACTIVE;
    if (event->occurred_to->test || (delivery.due_ms <= now_ms && !waits))
        fix(batch, &fixing);
    count(batch, &delivery);
    add_row(batch, &fixing);
    if (delivery.state != DELIVERY_PENDING)
        batch_add_ended_delivery(batch, &delivery, event->type);
    else if (export_due_is_never(delivery.due_ms, delivery.created_ms))
        batch_add_parked_delivery(batch, &delivery, event->type);
    else
        batch_add_delivery(batch, &delivery, as_sent(batch, event, fixing.content));
}

bool exports_add(struct batch *batch, const struct event *event)
{
    const struct picture *picture = batch_picture(batch, event->organization);
    const struct order_occurrence *occurrence = event->occurrence;
    if (picture == NULL || occurrence == NULL || picture->asks[occurrence->type].count == 0)
        return false;
    bool about[ORDER_LINES_MAX];
    order_occurrence_lines(event->occurred_to, occurrence, about);
    struct export_walk walk =
        export_walk(&picture->asks[occurrence->type], event->occurred_to, occurrence->type, about);
    const struct export_ask *ask;
    while ((ask = export_walk_next(&walk)) != NULL)
        add_delivery(batch, event, ask, event->at_ms);
    return walk.last != NULL;
}

/* Of the event's data, as orders.c wrote it. */
static bool read_occurrence(str text, struct arena *arena, struct order_occurrence *ret_occurrence)
{
    json data;
    struct json_error error;
    int64_t line = -1;
    *ret_occurrence = (struct order_occurrence){ .line = -1 };
    if (!json_read(arena, text, JSON_DEPTH_MAX, &data, &error) ||
        !customer_type_read(json_string(json_get(data, STR("customerType"))),
                            &ret_occurrence->type))
        return false;
    str amount = json_string(json_get(data, STR("amount")));
    if (amount.len > 0 && !money_read(amount, &ret_occurrence->amount))
        return false;
    if (json_to_int64(json_get(data, STR("line")), &line))
        ret_occurrence->line = (int)line;
    return true;
}

static bool asks(const struct export_route *route, const struct order *order,
                 const struct order_occurrence *occurrence)
{
    bool about[ORDER_LINES_MAX];
    order_occurrence_lines(order, occurrence, about);
    return export_route_asks(route, order, occurrence->type, about) == EXPORT_WANTED;
}

void exports_add_late(struct batch *batch, const struct event *event, const struct order *order,
                      const struct export_ask *ask)
{
    struct order_occurrence *occurrence = ARENA_NEW(batch_arena(batch), struct order_occurrence);
    if (!read_occurrence(event->data, batch_arena(batch), occurrence) ||
        !asks(ask->route, order, occurrence))
        return;
    struct event *late = ARENA_NEW(batch_arena(batch), struct event);
    *late = *event;
    late->occurrence = occurrence;
    late->occurred_to = order;
    add_delivery(batch, late, ask, batch_now_ms(batch));
}

/* ── when it is due ── */

static struct preparation *preparation_of(struct operation *operation)
{
    return CONTAINER_OF(operation, struct preparation, operation);
}

static void load_preparation(struct operation *operation, struct batch *batch)
{
    struct preparation *preparation = preparation_of(operation);
    const struct delivery *before = &preparation->before;
    preparation->work = batch_load_work(batch, before->organization, before->outlet, before->id);
    orders_want_known(batch, before->organization, preparation->content_before->subject);
}

/* What `after` says is how it ends. */
static void end_prepared(struct batch *batch, struct preparation *preparation)
{
    preparation->verdict = PREPARED_ENDED;
    preparation->work->found = false;
    batch_add_change(batch, &preparation->after, preparation->content_before->type, true, NULL);
    count_end(batch, &preparation->after);
}

/* ── a file that has closed ── */

/* `csv`: it lies here, and that is all. */
static void prepare_file(struct batch *batch, struct preparation *preparation, int64_t id, bool csv)
{
    const struct export_file_record *record =
        export_files_find(batch, preparation->before.organization, id);
    if (record == NULL)
        return;
    const struct export_file *file = &record->row.file;
    /* One that is sent again (then it is due anew) has its file go once more, for all of them. */
    bool there = file->uploaded_ms != 0 && file->uploaded_ms >= preparation->before.due_ms;
    if (csv || (there && !preparation->manual)) {
        end(&preparation->after, DELIVERY_DELIVERED, (str){}, batch_now_ms(batch));
        end_prepared(batch, preparation);
    } else if (file->closes_ms > batch_now_ms(batch)) {
        preparation->after.due_ms = file->closes_ms;
        preparation->verdict = PREPARED_LATER;
        batch_add_change(batch, &preparation->after, preparation->content_before->type, true, NULL);
    } else {
        preparation->verdict = PREPARED_FILE;
        preparation->file = *file;
        preparation->file.name = arena_str(&preparation->arena, file->name);
        preparation->file.header = arena_str(&preparation->arena, file->header);
    }
}

/* ── an order that is due ── */

static void prepare_order(struct batch *batch, struct preparation *preparation,
                          struct fixing *fixing)
{
    struct delivery *after = &preparation->after;
    int64_t due_ms = after->due_ms;
    fix(batch, fixing);
    if (fixing->content.len > 0) {
        add_row(batch, fixing);
        preparation->content = arena_str(&preparation->arena, fixing->content);
    }
    if (after->state != DELIVERY_PENDING) {
        end_prepared(batch, preparation);
    } else if (after->due_ms != due_ms) {
        preparation->verdict = PREPARED_LATER;
        batch_add_change(batch, after, preparation->content_before->type, true, NULL);
    } else {
        preparation->verdict = PREPARED_CONTENT;
    }
}

static void prepare(struct batch *batch, struct preparation *preparation,
                    const struct endpoint *profile)
{
    const struct delivery *before = &preparation->before;
    const struct content *content = preparation->content_before;
    struct export_delivery_row row;
    struct order_occurrence occurrence;
    int r = store_find_export(batch_sql(batch), before->organization, before->id,
                              batch_arena(batch), &row);
    if (r != 0) {
        batch->failure = r < 0 ? r : FAIL_CORRUPT;
        return;
    }
    if (content->rendered) {
        prepare_file(batch, preparation, row.file, profile->export->type == EXPORT_CSV);
        return;
    }
    const struct order *order = orders_find(batch, before->organization, content->subject);
    if (order == NULL || !read_occurrence(content->data, batch_arena(batch), &occurrence)) {
        end(&preparation->after, DELIVERY_DROPPED, STR("the order is not there any more"),
            batch_now_ms(batch));
        end_prepared(batch, preparation);
        return;
    }
    const struct export_route route = { .id = row.route, .type = occurrence.type };
    struct fixing fixing = { .profile = profile,
                             .route = export_is_file(profile) ? &route : NULL,
                             .order = order,
                             .occurrence = &occurrence,
                             .delivery = &preparation->after };
    prepare_order(batch, preparation, &fixing);
}

static bool apply_preparation(struct operation *operation, struct batch *batch)
{
    struct preparation *preparation = preparation_of(operation);
    const struct delivery *before = &preparation->before;
    const struct picture *picture = batch_picture(batch, before->organization);
    const struct endpoint *profile =
        picture == NULL ? NULL : objects_find(&picture->endpoints, before->outlet);
    preparation->verdict = PREPARED_GONE;
    preparation->after = *before;
    if (preparation->work->found && profile != NULL && profile->export != NULL)
        prepare(batch, preparation, profile);
    CRASH_POINT("prepare");
    return true;
}

static void answer_preparation(struct operation *operation, enum operation_outcome outcome)
{
    struct preparation *preparation = preparation_of(operation);
    if (outcome == OPERATION_FAILED)
        preparation->verdict = PREPARED_NOTHING;
    else
        CRASH_POINT("prepared");
    preparation->prepared(preparation);
}

static const struct operation_kind preparation_kind = {
    .name = "preparation",
    .lane = LANE_RESULTS,
    .always = true,
    .load = load_preparation,
    .apply = apply_preparation,
    .answer = answer_preparation,
};

void preparation_post(struct committer *committer, struct preparation *preparation)
{
    preparation->operation.kind = &preparation_kind;
    preparation->operation.arena = &preparation->arena;
    preparation->operation.organization = preparation->before.organization;
    preparation->operation.bytes = preparation->arena.held;
    enum admission admission = committer_post(committer, &preparation->operation);
    assert(admission == ADMITTED);
}
