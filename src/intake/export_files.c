/* SPDX-License-Identifier: MIT */
#include "intake/export_files.h"

#include <limits.h>

#include "base/crash.h"
#include "intake/internal.h"

static str key_of(struct batch *batch, const struct export_file *file)
{
    const int64_t key[] = { file->profile, file->route, file->day };
    return batch_load_key(batch, LOAD_EXPORT_FILE, file->organization, str_from(key, sizeof(key)));
}

static struct export_file_record *keep(struct batch *batch, const struct export_file *file)
{
    str key = key_of(batch, file);
    struct export_file_record *record = map_find(&batch->loads, key);
    if (record == NULL) {
        record = ARENA_NEW(batch_arena(batch), struct export_file_record);
        record->row.file = *file;
        (void)map_put(&batch->loads, key, record);
    }
    (void)map_put(&batch->loads,
                  batch_load_key(batch, LOAD_EXPORT_FILE_BY_ID, file->organization,
                                 str_from(&file->id, sizeof(file->id))),
                  record);
    return record;
}

static struct export_file_record *give_up(struct batch *batch, int failure)
{
    if (batch->failure == 0)
        batch->failure = failure;
    return NULL;
}

/* ── columns ── */

static bool read_columns(struct batch *batch, struct export_file_record *record)
{
    struct problem problem = {};
    struct json_error error;
    struct export_map_input input = { .max_rows = INT_MAX,
                                      .kept = batch_arena(batch),
                                      .arena = batch_arena(batch) };
    return json_read(batch_arena(batch), record->row.file.columns, JSON_DEPTH_MAX, &input.value,
                     &error) &&
           export_map_read(&input, &problem, &record->map);
}

static struct export_file new_file(struct batch *batch, const struct endpoint *profile,
                                   const struct export_route *route, struct export_day day)
{
    struct arena *arena = batch_arena(batch);
    const struct export_profile *export = profile->export;
    enum export_cells cells = export_cells_of(export->guard_cells);
    return (struct export_file){
        .id = batch_draw_id(batch),
        .organization = profile->organization,
        .profile = profile->object.id,
        .route = route->id,
        .day = day.day,
        .name = export_file_name(profile, route, day.day, arena),
        .columns = export_map_write(export->map, arena),
        .header = export_csv_header(export->map, cells, arena),
        .guarded = export->guard_cells,
        .closes_ms = day.closes_ms,
        .created_ms = batch_now_ms(batch),
    };
}

/* ── files ── */

static struct export_file_record *open_day(struct batch *batch, const struct endpoint *profile,
                                           const struct export_route *route, struct export_day day)
{
    const struct export_file wanted = { .organization = profile->organization,
                                        .profile = profile->object.id,
                                        .route = route->id,
                                        .day = day.day };
    struct export_file_record *record = map_find(&batch->loads, key_of(batch, &wanted));
    if (record != NULL)
        return record;
    struct export_file file;
    int r = store_find_export_file(batch_sql(batch), &wanted, batch_arena(batch), &file);
    if (r < 0)
        return give_up(batch, fail(r));
    if (r == STORE_NOT_FOUND)
        file = new_file(batch, profile, route, day);
    record = keep(batch, &file);
    record->row.fresh = r == STORE_NOT_FOUND;
    if (record->map == NULL && !read_columns(batch, record))
        return give_up(batch, fail(FAIL_CORRUPT));
    return record;
}

/* The account may have had another time zone when a file was made, which closed it before its day
 * is over by the one it has now: then the row goes to the next. */
struct export_file_record *export_files_open(struct batch *batch, const struct endpoint *profile,
                                             const struct export_route *route, int64_t due_ms)
{
    const struct picture *picture = batch_picture(batch, profile->organization);
    int64_t now_ms = batch_now_ms(batch);
    struct export_day day = export_day_of(picture->zone, due_ms, now_ms);
    for (;;) {
        struct export_file_record *record = open_day(batch, profile, route, day);
        if (record == NULL ||
            (record->row.file.closes_ms > now_ms && record->row.file.uploaded_ms == 0))
            return record;
        day = export_day_after(picture->zone, day);
    }
}

struct export_file_record *export_files_find(struct batch *batch, int64_t organization, int64_t id)
{
    struct export_file_record *record =
        map_find(&batch->loads, batch_load_key(batch, LOAD_EXPORT_FILE_BY_ID, organization,
                                               str_from(&id, sizeof(id))));
    if (record != NULL)
        return record;
    struct export_file file;
    int r = store_read_export_file(batch_sql(batch), organization, id, batch_arena(batch), &file);
    if (r != 0)
        return give_up(batch, fail(r < 0 ? r : FAIL_CORRUPT));
    record = keep(batch, &file);
    if (record->map == NULL && !read_columns(batch, record))
        return give_up(batch, fail(FAIL_CORRUPT));
    return record;
}

static void add(struct batch *batch, struct export_file_record *record)
{
    if (record->added)
        return;
    record->added = true;
    record->row.next = NULL;
    *batch->export_files_end = &record->row;
    batch->export_files_end = &record->row.next;
}

void export_files_add_row(struct batch *batch, struct export_file_record *file, str row)
{
    file->row.rows++;
    file->row.bytes += (int64_t)row.len;
    add(batch, file);
}

void export_files_tried(struct batch *batch, struct export_file_record *file, int64_t delivery,
                        int64_t uploaded_ms)
{
    file->row.delivery = delivery;
    file->row.uploaded_ms = file->row.file.uploaded_ms = uploaded_ms;
    add(batch, file);
    struct committer *committer = batch->committer;
    if (uploaded_ms != 0 && !atomic_exchange(&committer->settling, true))
        committer->chores.next_ms[CHORE_SETTLE] = 0;
}

/* What a management batch has written may grow in its next operation. */
void export_files_forget_rows(struct batch *batch)
{
    for (struct export_file_row *row = batch->rows.export_files; row != NULL; row = row->next) {
        struct export_file_record *record = CONTAINER_OF(row, struct export_file_record, row);
        record->added = row->fresh = false;
        row->file.row_count += row->rows; /* or the next operation's row would be its first, too */
        row->file.byte_count += row->bytes;
        row->rows = row->bytes = row->delivery = row->uploaded_ms = 0;
    }
}

/* ── an uploaded file's other rows ── */

#define ROWS_A_STEP 256

struct step {
    struct operation operation;
    bool none; /* there is no such file */
};

static void deliver_row(struct batch *batch, struct delivery_found *row)
{
    struct delivery *delivery = &row->delivery;
    delivery->state = DELIVERY_DELIVERED;
    delivery->finished_ms = batch_now_ms(batch);
    batch_add_change(batch, delivery, row->event_type, true, NULL);
    batch_counter(batch, delivery->organization, 0, delivery->created_ms)->delivered++;
    batch_counter(batch, delivery->organization, delivery->outlet, delivery->created_ms)
        ->delivered++;
}

static int execute_step(struct operation *operation, struct batch *batch)
{
    struct step *step = CONTAINER_OF(operation, struct step, operation);
    struct delivery_found *rows =
        ARENA_ARRAY(batch_arena(batch), struct delivery_found, ROWS_A_STEP);
    struct export_file file;
    int count = 0;
    int r = store_find_unsettled_file(batch_sql(batch), batch_arena(batch), &file);
    step->none = r == STORE_NOT_FOUND;
    if (r != 0)
        return fail(MIN_OF(r, 0));
    r = store_list_export_file_work(batch_sql(batch), &file, ROWS_A_STEP, batch_arena(batch), rows,
                                    &count);
    for (int i = 0; r == 0 && i < count; i++)
        deliver_row(batch, &rows[i]);
    if (r == 0 && count < ROWS_A_STEP)
        r = store_settle_file(batch_sql(batch), &file);
    CRASH_POINT("settle");
    return fail(r);
}

static const struct operation_kind step_kind = {
    .name = "rows of a file",
    .lane = LANE_UPKEEP,
    .always = true, /* it is the committer's own */
    .execute = execute_step,
    .answer = operation_answer_nobody,
};

int export_files_settle(struct committer *committer)
{
    struct step step = { .operation = { .kind = &step_kind } };
    bool done = management_run_own(committer, &step.operation);
    if (!done)
        return fail(FAIL_STORE);
    CRASH_POINT("settled");
    if (step.none)
        atomic_store(&committer->settling, false);
    return step.none ? 0 : CHORE_MORE;
}
