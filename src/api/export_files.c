/* SPDX-License-Identifier: MIT
 * api/export_files.c: the files of export profiles: which there are, and their bytes, of a day that is
 * not over as far as it has come. */
#include "api/exports.h"
#include "api/handlers.h"
#include "mapping/export_file.h"
#include "store/exports.h"

#define FILE_MOST ((size_t)64 * 1024 * 1024)

static int find_profile(struct call *call, struct sql *sql, struct endpoint_row *ret_row)
{
    int64_t id;
    if (!call_id(call, 0, ID_EXPORT_PROFILE, "export profile", &id))
        return CALL_REFUSED;
    /* The files of a deleted one stay. */
    int r = store_read_endpoint(sql, call->caller.organization, id, &call->request->arena, ret_row);
    if (r == STORE_NOT_FOUND || (r == 0 && ret_row->kind != ENDPOINT_EXPORT))
        return call_not_found(call, "export profile");
    return fail(r);
}

/* What is not uploaded yet will never be. */
static int check_abandoned(struct call *call, const struct endpoint_row *profile,
                           bool *ret_abandoned)
{
    struct export_open open = {};
    *ret_abandoned = false;
    if (profile->status != OUTLET_DELETED)
        return 0;
    int r = exports_open(call, profile, &open);
    *ret_abandoned = r == 0 && open.profile.type == EXPORT_FTP;
    return fail(r);
}

static str state_of(const struct export_file *file, bool abandoned, int64_t now_ms)
{
    if (file->uploaded_ms != 0)
        return STR("uploaded");
    if (abandoned)
        return STR("abandoned");
    return file->closes_ms > now_ms ? STR("open") : STR("closed");
}

static void write_name(struct call *call, const struct export_file *file)
{
    char id[ID_TEXT_MAX];
    struct json_writer *out = &call->out;
    json_member_string(out, STR("name"), file->name);
    json_member_string(
        out, STR("href"),
        arena_format(&call->request->arena, "/api/v1/export-profiles/%.*s/files/%.*s",
                     STR_ARG(id_write(ID_EXPORT_PROFILE, file->profile, id)), STR_ARG(file->name)));
}

static void write_file(struct call *call, const struct export_file *file, bool abandoned)
{
    int64_t now_ms = clock_now_ms(call->api->context.clock);
    char day[EXPORT_DAY_LEN];
    struct json_writer *out = &call->out;
    json_begin_object(out);
    write_name(call, file);
    json_member_id(out, STR("routeId"), ID_EXPORT_ROUTE, file->route);
    json_member_string(out, STR("day"), export_day_write(file->day, day));
    json_member_string(out, STR("state"), state_of(file, abandoned, now_ms));
    json_member_int(out, STR("rows"), file->row_count);
    json_member_int(out, STR("bytes"), file->byte_count + (int64_t)file->header.len);
    json_member_instant(out, STR("closesAt"), file->closes_ms);
    json_member_instant(out, STR("uploadedAt"), file->uploaded_ms);
    json_member_id_or_null(out, STR("deliveryId"), ID_DELIVERY, file->delivery);
    json_member_instant(out, STR("createdAt"), file->created_ms);
    json_end_object(out);
}

int export_files_list(struct call *call, struct sql *sql)
{
    struct store_page page = call_page(call);
    page.limit++;
    struct export_file *rows = ARENA_ARRAY(page.arena, struct export_file, (size_t)page.limit);
    struct endpoint_row profile;
    bool abandoned = false;
    int count = 0;
    int r = find_profile(call, sql, &profile);
    if (r == 0)
        r = check_abandoned(call, &profile, &abandoned);
    if (r == 0)
        r = store_list_export_files(sql, &page, profile.id, rows, &count);
    if (r != 0)
        return r;
    (void)call_begin_list(call);
    int shown = call_shown(call, count);
    for (int i = 0; i < shown; i++)
        write_file(call, &rows[i], abandoned);
    call_end_list(call, ID_EXPORT_FILE, count > shown ? rows[shown - 1].id : 0);
    return 0;
}

/* ── a row ── */

int export_files_write_row(struct call *call, struct sql *sql, const struct delivery *delivery)
{
    struct arena *arena = &call->request->arena;
    struct json_writer *out = &call->out;
    struct export_delivery_row row;
    struct export_file file;
    json_key(out, STR("file"));
    int r = store_find_export(sql, delivery->organization, delivery->id, arena, &row);
    if (r == 0)
        r = row.file == 0 ? STORE_NOT_FOUND
                          : store_read_export_file(sql, row.organization, row.file, arena, &file);
    if (r != 0) {
        json_add_null(out);
        return fail(MIN_OF(r, 0));
    }
    json_begin_object(out);
    write_name(call, &file);
    json_member_string(out, STR("header"), file.header);
    json_member_string(out, STR("row"), row.content);
    json_member_id_or_null(out, STR("deliveryId"), ID_DELIVERY, file.delivery);
    json_end_object(out);
    return 0;
}

/* ── that it goes on as it was begun ── */

static bool is_as_begun(const struct export_profile *profile, const struct export_file *file,
                        struct arena *arena)
{
    return file->guarded == profile->guard_cells &&
           str_equal(file->columns, export_map_write(profile->map, arena));
}

int export_files_warn(struct call *call, struct sql *sql, const struct endpoint_row *row,
                      const struct export_open *open, const struct crm_source *source)
{
    struct arena *arena = &call->request->arena;
    const struct export_profile *profile = &open->profile;
    int64_t now_ms = clock_now_ms(call->api->context.clock);
    for (int i = 0; profile->type != EXPORT_POSTBACK && i < profile->route_count; i++) {
        const struct export_file wanted = { .organization = row->organization,
                                            .profile = row->id,
                                            .route = profile->routes[i].id,
                                            .day =
                                                export_day_of(source->zone, now_ms, now_ms).day };
        struct export_file file;
        if (profile->routes[i].type != source->type)
            continue;
        int r = store_find_export_file(sql, &wanted, arena, &file);
        if (r < 0)
            return fail(r);
        if (r == 0 && !is_as_begun(profile, &file, arena)) {
            json_add_string(&call->out,
                            STR("Today's file has been begun with other columns, or with another "
                                "guardCells, and goes on with those: header and row are as shown "
                                "here from the next file on."));
            return 0;
        }
    }
    return 0;
}

/* ── one ── */

static int find_file(struct call *call, struct sql *sql, struct export_file *ret_file)
{
    struct endpoint_row profile;
    int r = find_profile(call, sql, &profile);
    if (r != 0)
        return r;
    r = store_find_export_file_by_name(sql, call->caller.organization, profile.id, call->path[1],
                                       &call->request->arena, ret_file);
    return r == STORE_NOT_FOUND ? call_not_found(call, "file") : fail(r);
}

int export_files_get(struct call *call, struct sql *sql)
{
    struct arena *arena = &call->request->arena;
    struct export_file file;
    struct buf bytes;
    int64_t last;
    int r = find_file(call, sql, &file);
    if (r != 0)
        return r;
    buf_init(&bytes, arena, FILE_MOST);
    buf_add(&bytes, file.header);
    const struct export_file_part part = { .organization = file.organization,
                                           .file = file.id,
                                           .most = FILE_MOST };
    r = store_read_export_file_part(sql, &part, &bytes, &last);
    if (r < 0)
        return fail(r);
    if (buf_overflowed(&bytes))
        return call_refuse(call, PROBLEM_CONFLICT,
                           STR("The file has more than 64 MiB, which is more than is sent here. "
                               "Have it uploaded by a profile of type ftp."));
    if (bytes.len < file.header.len + (size_t)file.byte_count)
        return call_refuse(call, PROBLEM_GONE,
                           STR("Rows of this file are older than what is kept (--retention)."));
    request_add_header(call->request, STR("Content-Disposition"),
                       arena_format(arena, "attachment; filename=\"%.*s\"", STR_ARG(file.name)));
    request_reply(call->request, 200, STR("text/csv; charset=utf-8"), buf_str(&bytes));
    return 0;
}
