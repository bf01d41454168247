/* SPDX-License-Identifier: MIT
 * api/contacts.c: contacts, and the events about them. */
#include "api/call.h"
#include "api/handlers.h"
#include "mapping/fold.h"
#include "store/lists.h"

static void write_contact(struct json_writer *out, const struct contact *contact)
{
    json_begin_object(out);
    json_member_id(out, STR("id"), ID_CONTACT, contact->id);
    json_member_string(out, STR("email"), contact->email);
    json_member_instant(out, STR("createdAt"), contact->created_ms);
    json_end_object(out);
}

/* The page goes on behind the contact that the cursor names. */
static int search(struct call *call, struct sql *sql, const struct store_page *page,
                  struct contact *rows, int *ret_count)
{
    struct contact_search search = {};
    struct contact last = {};
    (void)call_query(call, "email", &search.prefix);
    search.prefix = fold_case(str_trim(search.prefix), page->arena);
    int r = 0;
    if (page->before != INT64_MAX)
        r = store_read_contact(sql, page->organization, page->before, page->arena, &last);
    if (r < 0)
        return fail(r);
    if (r == STORE_NOT_FOUND) {
        problem_add(&call->problem, page->arena,
                    (struct field_error){ .field = STR("cursor"),
                                          .code = STR("format"),
                                          .message = STR("There is no such page any more.") });
        return CALL_REFUSED;
    }
    search.after = last.email_key;
    return fail(store_search_contacts(sql, page, &search, rows, ret_count));
}

int contacts_list(struct call *call, struct sql *sql)
{
    struct store_page page = call_page(call);
    page.limit++;
    struct contact *rows = ARENA_ARRAY(page.arena, struct contact, (size_t)page.limit);
    str prefix;
    int count = 0;
    int r = call_query(call, "email", &prefix) ? search(call, sql, &page, rows, &count)
                                               : store_list_contacts(sql, &page, rows, &count);
    if (r != 0)
        return fail(r);
    struct json_writer *out = call_begin_list(call);
    int shown = call_shown(call, count);
    for (int i = 0; i < shown; i++)
        write_contact(out, &rows[i]);
    call_end_list(call, ID_CONTACT, count > shown ? rows[shown - 1].id : 0);
    return 0;
}

/* Of the path. CALL_REFUSED: there is none. */
static int find(struct call *call, struct sql *sql, struct contact *ret_contact)
{
    int64_t id;
    if (!call_id(call, 0, ID_CONTACT, "contact", &id))
        return CALL_REFUSED;
    int r =
        store_read_contact(sql, call->caller.organization, id, &call->request->arena, ret_contact);
    return r == STORE_NOT_FOUND ? call_not_found(call, "contact") : fail(r);
}

int contacts_get(struct call *call, struct sql *sql)
{
    struct contact contact;
    int r = find(call, sql, &contact);
    if (r != 0)
        return r;
    write_contact(call_json(call), &contact);
    call_reply(call, 200);
    return 0;
}

/* ── activity ── */

static void add_member(struct json_writer *out, const char *name, json data)
{
    json value = json_get(data, str_c(name));
    json_key(out, str_c(name));
    if (value == NULL)
        json_add_null(out);
    else
        json_add_value(out, value);
}

static void write_activity(struct call *call, const struct event *event)
{
    struct json_writer *out = &call->out;
    struct json_error error;

    json data = NULL;
    if (!json_read(&call->request->arena, event->data, JSON_DEPTH_MAX, &data, &error))
        data = NULL;
    json_begin_object(out);
    json_member_id(out, STR("id"), ID_EVENT, event->id);
    json_member_string(out, STR("type"), event->type);
    json_member_instant(out, STR("at"), event->at_ms);
    add_member(out, "integration", data);
    add_member(out, "event", data);
    add_member(out, "fields", data);
    json_member_id_or_null(out, STR("causedBy"), ID_EVENT, event->caused_by);
    json_end_object(out);
}

/* An id whose event retention has taken is passed over. */
static int write_activities(struct call *call, struct sql *sql, const int64_t *ids, int *count)
{
    int r = 0;
    for (int i = 0; r >= 0 && i < *count; i++) {
        if (call_has_enough(call)) {
            *count = i;
            break;
        }
        struct event_found found;
        r = store_read_event(sql, call->caller.organization, ids[i], &call->request->arena, &found);
        if (r == 0)
            write_activity(call, &found.event);
    }
    return MIN_OF(r, 0);
}

int contacts_activity(struct call *call, struct sql *sql)
{
    int64_t *ids = ARENA_ARRAY(&call->request->arena, int64_t, (size_t)call->limit + 1);
    struct contact contact;
    int count = 0;
    int r = find(call, sql, &contact);
    if (r == 0)
        r = store_read_activity(sql, call->caller.organization, contact.id,
                                call->before == INT64_MAX ? 0 : call->before, call->limit + 1, ids,
                                &count);
    if (r != 0)
        return fail(r);
    (void)call_begin_list(call);
    int shown = call_shown(call, count);
    r = write_activities(call, sql, ids, &shown);
    call_end_list(call, ID_EVENT, count > shown ? ids[shown - 1] : 0);
    return fail(r);
}
