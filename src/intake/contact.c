/* SPDX-License-Identifier: MIT */
#include "intake/contact.h"

#include "json/write.h"

static str contact_data(struct batch *batch, int64_t event, const struct contact *contact)
{
    struct buf buf;
    buf_init(&buf, batch_arena(batch), SIZE_MAX);
    struct json_writer writer = json_writer(&buf);
    json_begin_object(&writer);
    json_member_id(&writer, STR("id"), ID_EVENT, event);
    json_key(&writer, STR("contact"));
    json_begin_object(&writer);
    json_member_id(&writer, STR("id"), ID_CONTACT, contact->id);
    json_member_string(&writer, STR("email"), contact->email);
    json_member_instant(&writer, STR("createdAt"), contact->created_ms);
    json_end_object(&writer);
    json_end_object(&writer);
    return buf_str(&buf);
}

void contact_add(struct batch *batch, const struct contact *contact, const struct event *cause)
{
    batch_add_contact(batch, contact);
    struct event created = { .id = batch_draw_id(batch),
                             .organization = contact->organization,
                             .type = STR("contact.created"),
                             .at_ms = contact->created_ms,
                             .contact = contact->id,
                             .caused_by = cause->id,
                             .hops = cause->hops,
                             .request_id = cause->request_id };
    created.data = contact_data(batch, created.id, contact);
    batch_take_event(batch, &created);
}
