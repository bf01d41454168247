/* SPDX-License-Identifier: MIT */
#include "intake/export_fix.h"

#include "intake/export_files.h"
#include "intake/exports.h"
#include "intake/internal.h"
#include "intake/orders.h"
#include "mapping/export_profile.h"

static struct crm_source source_of(struct batch *batch, const struct order *order,
                                   const struct order_occurrence *occurrence)
{
    const struct picture *picture = batch_picture(batch, order->organization);
    const struct campaign *campaign =
        picture == NULL ? NULL : objects_find(&picture->campaigns, order->campaign);
    return (struct crm_source){
        .order = order,
        .type = occurrence->type,
        .occurred = true,
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

void export_fix_end(struct delivery *delivery, enum delivery_state state, str reason,
                    int64_t now_ms)
{
    delivery->state = state;
    delivery->reason = reason;
    delivery->due_ms = 0;
    delivery->finished_ms = now_ms;
}

/* A row of a CSV profile is delivered with that: its file lies in the store. One of an FTP profile
 * waits for its file to close. */
static void fix_row(struct batch *batch, struct export_fixing *fixing)
{
    struct delivery *delivery = fixing->delivery;
    struct export_file_record *file =
        export_files_open(batch, fixing->profile, fixing->route, delivery->due_ms);
    if (file == NULL) /* the batch is not written */
        return;
    bool first = file->row.file.row_count + file->row.rows == 0;
    fixing->file = file->row.file.id;
    if (!render_row(batch, file, fixing->order, fixing->occurrence, &fixing->content))
        export_fix_end(delivery, DELIVERY_DROPPED, SKIPPED_LONG, batch_now_ms(batch));
    else if (fixing->profile->export->type == EXPORT_CSV)
        export_fix_end(delivery, DELIVERY_DELIVERED, (str){}, batch_now_ms(batch));
    else
        delivery->due_ms = file->row.file.closes_ms + (first ? 0 : EXPORT_NEVER_MS);
}

bool export_fix_waits(const struct endpoint *profile)
{
    return profile->export->type == EXPORT_CSV && profile->status != OUTLET_ACTIVE;
}

void export_fix(struct batch *batch, struct export_fixing *fixing)
{
    struct delivery *delivery = fixing->delivery;
    str why = why_not(fixing->order, fixing->occurrence);
    if (why.len > 0)
        export_fix_end(delivery, DELIVERY_DROPPED, why, batch_now_ms(batch));
    else if (export_is_file(fixing->profile))
        fix_row(batch, fixing);
    else if (!render_request(batch, fixing->profile, fixing->order, fixing->occurrence,
                             &fixing->content))
        export_fix_end(delivery, DELIVERY_DROPPED, SKIPPED_LONG, batch_now_ms(batch));
}

/* ── what the store keeps of it ── */

void export_fix_store(struct batch *batch, const struct export_fixing *fixing)
{
    const struct delivery *delivery = fixing->delivery;
    bool open = delivery->state == DELIVERY_PENDING && fixing->content.len == 0 &&
                !export_fix_waits(fixing->profile);
    const struct export_delivery_row row = {
        .delivery = delivery->id,
        .organization = delivery->organization,
        .outlet = delivery->outlet,
        .event = delivery->event,
        .order = fixing->order->id,
        .route = fixing->route == NULL ? 0 : fixing->route->id,
        .file = fixing->file,
        .content = fixing->content,
        .fix_ms = open ? delivery->due_ms : 0,
    };
    batch_add_export(batch, &row);
}

void export_fix_count_end(struct batch *batch, const struct delivery *delivery)
{
    const int64_t subjects[] = { 0, delivery->outlet };
    for (size_t i = 0; i < COUNT_OF(subjects); i++) {
        struct counter_delta *sums =
            batch_counter(batch, delivery->organization, subjects[i], delivery->created_ms);
        sums->dropped += delivery->state == DELIVERY_DROPPED;
        sums->delivered += delivery->state == DELIVERY_DELIVERED;
    }
}
