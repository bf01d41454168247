/* SPDX-License-Identifier: MIT
 * api/export_fields.c: the catalogue of what export profiles map. */
#include "api/call.h"
#include "api/handlers.h"
#include "model/crm_field.h"

static void write_aliases(struct json_writer *out, const struct crm_entry *entry)
{
    struct crm_ref ref;
    enum crm_field field;
    bool single = crm_find(entry->name, &ref); /* not of a line, whose names have a number */
    json_key(out, STR("aliases"));
    json_begin_array(out);
    for (int i = 0; single && i < crm_name_count; i++) {
        str name = crm_name(i, &field);
        if (field == ref.field && !str_equal_nocase(name, entry->name))
            json_add_string(out, name);
    }
    json_end_array(out);
}

void export_fields_list(struct call *call)
{
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    json_key(out, STR("data"));
    json_begin_array(out);
    for (int i = 0; i < crm_entry_count; i++) {
        const struct crm_entry *entry = &crm_entries[i];
        json_begin_object(out);
        json_member_string(out, STR("name"), entry->name);
        json_member_string(out, STR("token"),
                           arena_format(&call->request->arena, "[%.*s]", STR_ARG(entry->name)));
        json_member_string(out, STR("description"), entry->description);
        json_member_string(out, STR("group"), crm_group_name(entry->group));
        write_aliases(out, entry);
        json_member_bool(out, STR("sensitive"), entry->sensitive);
        json_end_object(out);
    }
    json_end_array(out);
    json_end_object(out);
    call_reply(call, 200);
}
