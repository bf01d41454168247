/* SPDX-License-Identifier: MIT
 * mapping/export_map_write.c: a field map as JSON again, and what is odd about it. */
#include "mapping/export_map.h"

#include "json/write.h"

bool export_map_needs_pci(const struct export_map *map)
{
    for (int i = 0; i < map->row_count; i++)
        if (map->rows[i].is_field && crm_is_sensitive(map->rows[i].field.field))
            return true;
    return false;
}

str export_map_write(const struct export_map *map, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX); /* what was read had a cap */
    struct json_writer writer = json_writer(&buf);
    json_begin_array(&writer);
    for (int i = 0; i < map->row_count; i++) {
        const struct export_row *row = &map->rows[i];
        json_begin_object(&writer);
        json_member_string(&writer, STR("exportName"), row->name);
        json_member_string(&writer, row->is_field ? STR("field") : STR("static"), row->text);
        json_end_object(&writer);
    }
    json_end_array(&writer);
    return buf_str(&buf);
}

bool export_map_write_object(const struct export_map *map, struct arena *arena, str *ret_object)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX);
    struct json_writer writer = json_writer(&buf);
    json_begin_object(&writer);
    for (int i = 0; i < map->row_count; i++) {
        const struct export_row *row = &map->rows[i];
        str field;
        if (!row->is_field && export_token(row->text, &field))
            return false;
        json_member_string(&writer, row->name,
                           row->is_field ? arena_format(arena, "[%.*s]", STR_ARG(row->text))
                                         : row->text);
    }
    json_end_object(&writer);
    *ret_object = buf_str(&buf);
    return true;
}

static bool has_role(const struct export_map *map, enum export_role role)
{
    for (int i = 0; i < map->row_count; i++)
        if (map->rows[i].role == role)
            return true;
    return false;
}

static str list_sensitive(const struct export_map *map, struct arena *arena)
{
    struct buf list;
    buf_init(&list, arena, SIZE_MAX);
    for (int i = 0; i < map->row_count; i++) {
        if (!map->rows[i].is_field || !crm_is_sensitive(map->rows[i].field.field))
            continue;
        if (list.len > 0)
            buf_add(&list, STR(", "));
        buf_add(&list, map->rows[i].name);
    }
    return buf_str(&list);
}

int export_map_warnings(const struct export_map *map, struct arena *arena,
                        struct export_warning warnings[EXPORT_WARNINGS_MAX])
{
    int count = 0;
    if (map->json && !map->in_body)
        warnings[count++] = (struct export_warning){
            STR("json_in_url"),
            STR("The Content-Type is application/json, but the parameters go into the URL: set "
                "header:httpMethodType to POST to send them as JSON in the body.")
        };
    str sensitive = list_sensitive(map, arena);
    if (sensitive.len > 0)
        warnings[count++] = (struct export_warning){
            STR("always_empty"),
            arena_format(arena,
                         "Junctor keeps no card and bank account numbers: empty is always %.*s.",
                         STR_ARG(sensitive))
        };
    if (has_role(map, EXPORT_PLACE) && !has_role(map, EXPORT_METHOD))
        warnings[count++] = (struct export_warning){
            STR("method_type_alone"),
            STR("header:httpMethodType changes nothing without header:httpMethod.")
        };
    return count;
}
