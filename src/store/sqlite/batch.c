/* SPDX-License-Identifier: MIT
 * store/sqlite/batch.c: writing what one batch has made: prepared statements in a loop. */
#include "store/sqlite/internal.h"

#include "base/id.h"
#include "model/names.h"
#include "store/catalog.h"
#include "store/exports.h"
#include "store/notices.h"
#include "store/orders.h"

#define ARENA_KEPT ((size_t)16 * 1024)

/* A statement that must change exactly one row. */
static int one_row(struct sql *sql, int64_t changed, const char *what, int64_t id)
{
    if (changed == 1)
        return 0;
    if (changed < 0)
        return fail(FAIL_STORE);
    log_line(sql->log, LOG_ERROR, "a row is not where it was", LOG_TEXT("table", str_c(what)),
             LOG_INT("id", id));
    sql->doomed = sql->in_transaction;
    return fail(FAIL_CORRUPT);
}

/* ── events, contacts, keys ── */

static int64_t write_event(struct sql *sql, const struct event_row *row)
{
    const struct event *event = &row->event;
    return SQL_RUN(sql,
                   "INSERT INTO events (id, organization, at_ms, type, contact, inlet, caused_by,"
                   " wanted, hops, request_id, data, notes, raw, order_id)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
                   SQL_I(event->id), SQL_I(event->organization), SQL_I(event->at_ms),
                   SQL_T(event->type), SQL_I(event->contact), SQL_I(event->inlet),
                   SQL_I(event->caused_by), SQL_I(row->wanted), SQL_I(event->hops),
                   SQL_T(event->request_id), SQL_B(event->data), sql_optional_text(event->notes),
                   sql_optional_blob(event->raw), SQL_I(event->order));
}

static int64_t write_contact(struct sql *sql, const struct contact *contact)
{
    return SQL_RUN(sql,
                   "INSERT INTO contacts (id, organization, email_key, email, created_ms)"
                   " VALUES ($1, $2, $3, $4, $5)",
                   SQL_I(contact->id), SQL_I(contact->organization), SQL_T(contact->email_key),
                   SQL_T(contact->email), SQL_I(contact->created_ms));
}

/* ── work and deliveries ── */

static int64_t insert_work(struct sql *sql, const struct delivery *delivery, str event_type)
{
    return SQL_RUN(sql,
                   "INSERT INTO work (organization, outlet, id, event, event_type, created_ms,"
                   " due_ms, attempt_count, schedule_step, last_status, once, reason, hub, epoch)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0)",
                   SQL_I(delivery->organization), SQL_I(delivery->outlet), SQL_I(delivery->id),
                   SQL_I(delivery->event), SQL_T(event_type), SQL_I(delivery->created_ms),
                   SQL_I(delivery->due_ms), SQL_I(delivery->attempt_count),
                   SQL_I(delivery->schedule_step), SQL_I(delivery->last_status),
                   SQL_I(delivery->once), sql_optional_text(delivery->reason));
}

int copy_event(struct sql *sql, int64_t organization, int64_t outlet, int64_t id)
{
    int64_t changed =
        SQL_RUN(sql,
                "UPDATE work SET (body, body_at_ms, body_hops, body_subject) ="
                " (SELECT data, at_ms, hops, COALESCE(NULLIF(order_id, 0), contact) FROM events"
                " WHERE events.id = work.event)"
                " WHERE organization = $1 AND outlet = $2 AND id = $3"
                " AND EXISTS (SELECT 1 FROM events WHERE events.id = work.event)",
                SQL_I(organization), SQL_I(outlet), SQL_I(id));
    return one_row(sql, changed, "events", id);
}

static int write_work(struct store_writer *writer, const struct delivery *delivery, str event_type)
{
    if (insert_work(&writer->sql, delivery, event_type) < 0)
        return fail(FAIL_STORE);
    bool late = id_real_ms(delivery->id) - id_real_ms(delivery->event) > LATE_MS;
    if (late || delivery->event < writer->prune.carried_id)
        return copy_event(&writer->sql, delivery->organization, delivery->outlet, delivery->id);
    return 0;
}

static int update_work(struct sql *sql, const struct delivery *delivery)
{
    int64_t changed = SQL_RUN(
        sql,
        "UPDATE work SET due_ms = $1, attempt_count = $2, schedule_step = $3,"
        " last_status = $4, once = $5, reason = $6"
        " WHERE organization = $7 AND outlet = $8 AND id = $9",
        SQL_I(delivery->due_ms), SQL_I(delivery->attempt_count), SQL_I(delivery->schedule_step),
        SQL_I(delivery->last_status), SQL_I(delivery->once), sql_optional_text(delivery->reason),
        SQL_I(delivery->organization), SQL_I(delivery->outlet), SQL_I(delivery->id));
    return one_row(sql, changed, "work", delivery->id);
}

static int delete_work(struct sql *sql, const struct delivery *delivery)
{
    int64_t changed =
        SQL_RUN(sql, "DELETE FROM work WHERE organization = $1 AND outlet = $2 AND id = $3",
                SQL_I(delivery->organization), SQL_I(delivery->outlet), SQL_I(delivery->id));
    return one_row(sql, changed, "work", delivery->id);
}

static int write_export(struct store_writer *writer, const struct export_delivery_row *row)
{
    int64_t changed = SQL_RUN(
        &writer->sql,
        "INSERT INTO exports (delivery, organization, outlet, event, order_id, route, file,"
        " content, fix_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        " ON CONFLICT (delivery) DO UPDATE SET file = excluded.file, content = excluded.content,"
        " fix_ms = excluded.fix_ms",
        SQL_I(row->delivery), SQL_I(row->organization), SQL_I(row->outlet), SQL_I(row->event),
        SQL_I(row->order), SQL_I(row->route), SQL_I(row->file), sql_optional_blob(row->content),
        SQL_I(row->fix_ms));
    return changed < 0 ? fail(FAIL_STORE) : 0;
}

static int write_export_file(struct sql *sql, const struct export_file_row *row)
{
    int r = row->fresh ? store_insert_export_file(sql, &row->file) : 0;
    return r == 0 ? store_update_export_file(sql, row) : fail(r);
}

static int64_t insert_delivery(struct sql *sql, const struct delivery *delivery, str event_type)
{
    return SQL_RUN(sql,
                   "INSERT INTO deliveries (organization, outlet, id, event, event_type,"
                   " created_ms, state, attempt_count, last_status, reason, finished_ms)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                   SQL_I(delivery->organization), SQL_I(delivery->outlet), SQL_I(delivery->id),
                   SQL_I(delivery->event), SQL_T(event_type), SQL_I(delivery->created_ms),
                   SQL_T(delivery_state_name(delivery->state)), SQL_I(delivery->attempt_count),
                   SQL_I(delivery->last_status), sql_optional_text(delivery->reason),
                   SQL_I(delivery->finished_ms));
}

static int delete_delivery(struct sql *sql, const struct delivery *delivery)
{
    int64_t changed =
        SQL_RUN(sql, "DELETE FROM deliveries WHERE organization = $1 AND outlet = $2 AND id = $3",
                SQL_I(delivery->organization), SQL_I(delivery->outlet), SQL_I(delivery->id));
    return one_row(sql, changed, "deliveries", delivery->id);
}

static int64_t write_attempt(struct sql *sql, const struct attempt *attempt)
{
    return SQL_RUN(sql,
                   "INSERT INTO attempts (organization, delivery, number, started_ms, duration_us,"
                   " manual, status, sealed, response_body, response_length,"
                   " response_truncated, error, name_us, connect_us, tls_us, first_byte_us,"
                   " address)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,"
                   " $16, $17)"
                   " ON CONFLICT (organization, delivery, number) DO NOTHING",
                   SQL_I(attempt->organization), SQL_I(attempt->delivery), SQL_I(attempt->number),
                   SQL_I(attempt->started_ms), SQL_I(attempt->duration_us), SQL_I(attempt->manual),
                   SQL_I(attempt->status), SQL_B(attempt->sealed),
                   sql_optional_blob(attempt->response_body), SQL_I(attempt->response_length),
                   SQL_I(attempt->response_truncated), sql_optional_text(attempt->error),
                   SQL_I(attempt->name_us), SQL_I(attempt->connect_us), SQL_I(attempt->tls_us),
                   SQL_I(attempt->first_byte_us), sql_optional_text(attempt->address));
}

/* Moves the row to where its new state belongs. */
static int write_state(struct store_writer *writer, const struct delivery_change *change)
{
    struct sql *sql = &writer->sql;
    const struct delivery *after = &change->after;
    bool pending = after->state == DELIVERY_PENDING;
    if (change->was_pending && pending)
        return update_work(sql, after);
    int r = change->fresh         ? 0
            : change->was_pending ? delete_work(sql, after)
                                  : delete_delivery(sql, after);
    if (r < 0)
        return r;
    if (pending)
        return write_work(writer, after, change->event_type);
    return insert_delivery(sql, after, change->event_type) < 0 ? fail(FAIL_STORE) : 0;
}

static int write_change(struct store_writer *writer, const struct delivery_change *change)
{
    if (change->attempt != NULL && write_attempt(&writer->sql, change->attempt) < 0)
        return fail(FAIL_STORE);
    return write_state(writer, change);
}

/* ── the ledger and rejections ── */

static int64_t add_span(struct sql *sql, const struct counter_delta *delta, int span,
                        int64_t start_ms)
{
    return SQL_RUN(sql,
                   "INSERT INTO counters (organization, subject, span, start_ms, events, wanted,"
                   " not_wanted, occurrences, deliveries, delivered, dead, dropped, rejected,"
                   " attempts, attempts_failed, filtered)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,"
                   " $16)"
                   " ON CONFLICT (organization, subject, span, start_ms) DO UPDATE SET"
                   " events = events + excluded.events, wanted = wanted + excluded.wanted,"
                   " not_wanted = not_wanted + excluded.not_wanted,"
                   " occurrences = occurrences + excluded.occurrences,"
                   " deliveries = deliveries + excluded.deliveries,"
                   " delivered = delivered + excluded.delivered, dead = dead + excluded.dead,"
                   " dropped = dropped + excluded.dropped,"
                   " rejected = rejected + excluded.rejected,"
                   " attempts = attempts + excluded.attempts,"
                   " attempts_failed = attempts_failed + excluded.attempts_failed,"
                   " filtered = filtered + excluded.filtered",
                   SQL_I(delta->organization), SQL_I(delta->subject), SQL_I(span), SQL_I(start_ms),
                   SQL_I(delta->events), SQL_I(delta->wanted), SQL_I(delta->not_wanted),
                   SQL_I(delta->occurrences), SQL_I(delta->deliveries), SQL_I(delta->delivered),
                   SQL_I(delta->dead), SQL_I(delta->dropped), SQL_I(delta->rejected),
                   SQL_I(delta->attempts), SQL_I(delta->attempts_failed), SQL_I(delta->filtered));
}

int write_counters(struct sql *sql, const struct counter_delta *delta)
{
    assert(delta->minute_ms % MINUTE_MS == 0);
    int64_t day_ms = delta->minute_ms - delta->minute_ms % DAY_MS;
    if (add_span(sql, delta, 0, delta->minute_ms) < 0 || add_span(sql, delta, 1, day_ms) < 0 ||
        add_span(sql, delta, 2, 0) < 0)
        return fail(FAIL_STORE);
    return 0;
}

static int64_t keep_rejection(struct sql *sql, const struct rejection *rejection)
{
    return SQL_RUN(sql,
                   "INSERT INTO rejections (id, organization, at_ms, inlet, inlet_name, status,"
                   " reason, detail, client, request_id, body, body_length)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                   SQL_I(rejection->id), SQL_I(rejection->organization), SQL_I(rejection->at_ms),
                   SQL_I(rejection->inlet), SQL_T(rejection->inlet_name), SQL_I(rejection->status),
                   SQL_T(rejection->reason), SQL_T(rejection->detail), SQL_T(rejection->client),
                   SQL_T(rejection->request_id), sql_optional_blob(rejection->body),
                   SQL_I(rejection->body_length));
}

static int64_t count_rejection(struct sql *sql, const struct rejection *rejection)
{
    return SQL_RUN(sql,
                   "INSERT INTO rejection_counts (organization, inlet, reason, minute_ms, rejected)"
                   " VALUES ($1, $2, $3, $4, 1)"
                   " ON CONFLICT (organization, inlet, reason, minute_ms) DO UPDATE SET"
                   " rejected = rejected + 1",
                   SQL_I(rejection->organization), SQL_I(rejection->inlet),
                   SQL_T(rejection->reason),
                   SQL_I(rejection->at_ms - rejection->at_ms % MINUTE_MS));
}

static int write_rejection(struct sql *sql, const struct rejection *rejection)
{
    if (rejection->id != 0 && keep_rejection(sql, rejection) < 0)
        return fail(FAIL_STORE);
    return count_rejection(sql, rejection) < 0 ? fail(FAIL_STORE) : 0;
}

/* ── outlets ── */

static int64_t write_outlet_state(struct sql *sql, const struct outlet_state *state)
{
    if (state->failing_since_ms == 0 && state->wait_ms == 0 && state->hold_until_ms == 0)
        return SQL_RUN(sql, "DELETE FROM outlet_states WHERE organization = $1 AND outlet = $2",
                       SQL_I(state->organization), SQL_I(state->outlet));
    return SQL_RUN(sql,
                   "INSERT INTO outlet_states (organization, outlet, failing_since_ms, wait_ms,"
                   " probe_at_ms, hold_until_ms) VALUES ($1, $2, $3, $4, $5, $6)"
                   " ON CONFLICT (organization, outlet) DO UPDATE SET"
                   " failing_since_ms = excluded.failing_since_ms, wait_ms = excluded.wait_ms,"
                   " probe_at_ms = excluded.probe_at_ms, hold_until_ms = excluded.hold_until_ms",
                   SQL_I(state->organization), SQL_I(state->outlet), SQL_I(state->failing_since_ms),
                   SQL_I(state->wait_ms), SQL_I(state->probe_at_ms), SQL_I(state->hold_until_ms));
}

static int64_t write_paused_line(struct sql *sql, const struct paused_line *line)
{
    return SQL_RUN(sql,
                   "INSERT INTO paused_lines (organization, outlet, subject, delivery, since_ms)"
                   " VALUES ($1, $2, $3, $4, $5)"
                   " ON CONFLICT (organization, outlet, subject) DO NOTHING",
                   SQL_I(line->organization), SQL_I(line->outlet), SQL_I(line->subject),
                   SQL_I(line->delivery), SQL_I(line->since_ms));
}

static int write_outlets(struct sql *sql, const struct batch_rows *rows)
{
    for (struct outlet_state_row *row = rows->outlet_states; row != NULL; row = row->next)
        if (write_outlet_state(sql, &row->state) < 0)
            return fail(FAIL_STORE);
    for (struct paused_line_row *row = rows->paused_lines; row != NULL; row = row->next)
        if (write_paused_line(sql, &row->line) < 0)
            return fail(FAIL_STORE);
    for (struct notice_row *row = rows->notices; row != NULL; row = row->next)
        if (store_add_notice(sql, &row->notice) < 0)
            return fail(FAIL_STORE);
    return 0;
}

/* ── the batch ── */

static int write_orders(struct sql *sql, const struct batch_rows *rows)
{
    struct arena CLEANUP(arena_done) arena = {};
    int r = 0;
    for (struct customer_row *row = rows->customers; r == 0 && row != NULL; row = row->next)
        r = store_insert_customer(sql, &row->customer);
    for (struct order_row *row = rows->orders; r == 0 && row != NULL; row = row->next) {
        r = row->fresh ? store_insert_order(sql, row->order, &arena)
                       : store_update_order(sql, row->order, &arena);
        arena_reset(&arena, ARENA_KEPT);
    }
    return fail(r);
}

static int write_records(struct store_writer *writer, const struct batch_rows *rows)
{
    for (struct event_row *row = rows->events; row != NULL; row = row->next)
        if (write_event(&writer->sql, row) < 0)
            return fail(FAIL_STORE);
    for (struct contact_row *row = rows->contacts; row != NULL; row = row->next)
        if (write_contact(&writer->sql, &row->contact) < 0)
            return fail(FAIL_STORE);
    for (struct sku_row *row = rows->skus; row != NULL; row = row->next)
        if (store_insert_sku(&writer->sql, &row->sku) < 0)
            return fail(FAIL_STORE);
    int r = write_orders(&writer->sql, rows);
    if (r < 0)
        return fail(r);
    r = keys_append(writer, rows->idempotency);
    return r < 0 ? r : activity_append(writer, rows->events);
}

static int write_deliveries(struct store_writer *writer, const struct batch_rows *rows)
{
    int r = 0;
    for (struct work_row *row = rows->work; r == 0 && row != NULL; row = row->next)
        r = write_work(writer, &row->delivery, row->event_type);
    for (struct delivery_change *row = rows->changes; r == 0 && row != NULL; row = row->next)
        r = write_change(writer, row);
    for (struct export_delivery_row *row = rows->exports; r == 0 && row != NULL; row = row->next)
        r = write_export(writer, row);
    for (struct export_file_row *row = rows->export_files; r == 0 && row != NULL; row = row->next)
        r = write_export_file(&writer->sql, row);
    for (struct attempt_row *row = rows->attempts; r == 0 && row != NULL; row = row->next)
        r = write_attempt(&writer->sql, row->attempt) < 0 ? fail(FAIL_STORE) : 0;
    return r;
}

int store_write_batch(struct store_writer *writer, const struct batch_rows *rows)
{
    assert(writer->sql.in_transaction);
    int r = write_records(writer, rows);
    if (r == 0)
        r = write_deliveries(writer, rows);
    if (r == 0)
        r = write_outlets(&writer->sql, rows);
    for (struct rejection_row *row = rows->rejections; r == 0 && row != NULL; row = row->next)
        r = write_rejection(&writer->sql, &row->rejection);
    for (struct counter_delta *delta = rows->counters; r == 0 && delta != NULL; delta = delta->next)
        r = write_counters(&writer->sql, delta);
    return r;
}
