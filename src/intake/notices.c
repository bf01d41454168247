/* SPDX-License-Identifier: MIT */
#include "intake/notices.h"

#include "base/id.h"
#include "intake/internal.h"
#include "model/names.h"
#include "json/write.h"

bool notice_is(str event_type)
{
    return str_starts(event_type, STR("endpoint.")) || str_starts(event_type, STR("delivery."));
}

struct notice {
    struct batch *batch;
    struct buf data;
    struct json_writer writer;
    struct event event;
    struct stored_notice stored;
};

/* Deleted meanwhile: its id alone. */
static void write_endpoint(struct notice *notice)
{
    struct json_writer *writer = &notice->writer;
    const struct event *event = &notice->event;
    const struct picture *picture = batch_picture(notice->batch, event->organization);
    const struct endpoint *endpoint =
        picture == NULL ? NULL : objects_find(&picture->endpoints, event->about_outlet);
    json_key(writer, STR("endpoint"));
    json_begin_object(writer);
    enum endpoint_kind kind = endpoint == NULL ? ENDPOINT_WEBHOOK : endpoint->kind;
    json_member_id(writer, STR("id"), endpoint_id_kind(kind), event->about_outlet);
    if (endpoint != NULL) {
        json_member_string(writer, STR("name"), endpoint->name);
        notice->stored.outlet_name = arena_str(batch_arena(notice->batch), endpoint->name);
    }
    json_end_object(writer);
}

static void begin(struct notice *notice, struct batch *batch, str type, int64_t organization,
                  int64_t outlet)
{
    *notice = (struct notice){ .batch = batch,
                               .event = { .type = type,
                                          .organization = organization,
                                          .at_ms = batch_now_ms(batch),
                                          .about_outlet = outlet } };
    buf_init(&notice->data, batch_arena(batch), SIZE_MAX / 2);
    notice->writer = json_writer(&notice->data);
    json_begin_object(&notice->writer);
    write_endpoint(notice);
}

static void end(struct notice *notice)
{
    const struct event *event = &notice->event;
    struct stored_notice *stored = &notice->stored;
    json_end_object(&notice->writer);
    notice->event.data = buf_str(&notice->data);
    batch_take_event(notice->batch, &notice->event);
    stored->organization = event->organization;
    stored->id = event->id;
    stored->kind = event->type;
    stored->outlet = event->about_outlet;
    stored->first_ms = stored->at_ms = event->at_ms;
    stored->times = 1;
    batch_add_notice(notice->batch, stored);
}

/* It counts as an occurrence: what it comes of has been counted. */
static void caused_by(struct notice *notice, const struct result *result)
{
    notice->event.caused_by = result->before.event;
    notice->event.hops = result->event_hops + 1;
}

static void write_delivery(struct notice *notice, const struct result *result)
{
    struct json_writer *writer = &notice->writer;
    const struct delivery *after = &result->after;
    json_key(writer, STR("delivery"));
    json_begin_object(writer);
    json_member_id(writer, STR("id"), ID_DELIVERY, after->id);
    json_member_id(writer, STR("eventId"), ID_EVENT, after->event);
    json_member_string(writer, STR("eventType"), result->event_type);
    json_member_int(writer, STR("attempts"), after->attempt_count);
    json_key(writer, STR("lastStatus"));
    if (after->last_status == 0)
        json_add_null(writer);
    else
        json_add_int(writer, after->last_status);
    json_end_object(writer);
    json_member_text_or_null(writer, STR("error"), result->attempt.error);
}

static void add(struct batch *batch, const struct result *result, str type)
{
    struct notice notice;
    begin(&notice, batch, type, result->before.organization, result->before.outlet);
    write_delivery(&notice, result);
    notice.stored.delivery = result->after.id;
    notice.stored.event_type = result->event_type;
    notice.stored.reason = result->attempt.error;
    caused_by(&notice, result);
    end(&notice);
}

void notices_add(struct batch *batch, const struct result *result, bool dead)
{
    if (notice_is(result->event_type))
        return;
    if (result->notice == NOTICE_FAILING)
        add(batch, result, STR("endpoint.failing"));
    else if (result->notice == NOTICE_RECOVERED)
        add(batch, result, STR("endpoint.recovered"));
    if (dead)
        add(batch, result, STR("delivery.dead"));
}

void notices_disabled(struct batch *batch, int64_t organization, int64_t outlet, str reason)
{
    struct notice notice;
    begin(&notice, batch, STR("endpoint.disabled"), organization, outlet);
    json_member_string(&notice.writer, STR("reason"), reason);
    notice.stored.reason = reason;
    end(&notice);
}
