/* SPDX-License-Identifier: MIT
 * api/client_clicks.c: that somebody has come to a page: an event of type lander_click, and a session
 * that the page's later calls may name. */
#include "api/client.h"
#include "api/handlers.h"
#include "store/catalog.h"

#define SESSION_LENGTH 32

struct click {
    str page;
    str session;
    int64_t campaign; /* 0: not said */
};

static bool is_session(str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!char_is_alpha(text.ptr[i]) && !char_is_digit(text.ptr[i]) && text.ptr[i] != '-')
            return false;
    return text.len <= 64;
}

static bool is_page(str text)
{
    static const str pages[] = { STR_INIT("presellPage"),  STR_INIT("leadPage"),
                                 STR_INIT("checkoutPage"), STR_INIT("upsellPage1"),
                                 STR_INIT("upsellPage2"),  STR_INIT("upsellPage3"),
                                 STR_INIT("upsellPage4"),  STR_INIT("thankyouPage") };

    for (size_t i = 0; i < COUNT_OF(pages); i++)
        if (str_equal_nocase(text, pages[i]))
            return true;
    return false;
}

static int read_click(struct client_work *work, struct click *ret_click)
{
    const struct client_call *client = work->client;
    struct call *call = work->call;
    int64_t number = client->said.campaign;
    *ret_click = (struct click){ .page = client_text(&client->pairs, "pageType"),
                                 .session = client_text(&client->pairs, "sessionId") };
    if (!is_page(ret_click->page))
        return client_refuse_field(call, "pageType",
                                   "must be presellPage, leadPage, checkoutPage, upsellPage1 to "
                                   "upsellPage4 or thankyouPage");
    if (!is_session(ret_click->session))
        return client_refuse_field(call, "sessionId", "must be the one of an earlier answer");
    if (number == 0 && ret_click->session.len == 0)
        return client_refuse_field(call, "campaignId", CLIENT_REQUIRED);
    if (ret_click->session.len == 0)
        ret_click->session = random_text(&call->request->arena, SESSION_LENGTH);
    if (number == 0)
        return 0;
    int r = store_find_campaign_number(batch_sql(work->batch), call->caller.organization, number,
                                       &ret_click->campaign);
    return r == STORE_NOT_FOUND ? client_refuse_field(call, "campaignId", "is no campaign's number")
                                : fail(r);
}

static str click_data(struct client_work *work, const struct click *click, int64_t event)
{
    const struct client_order *said = &work->client->said;
    struct buf buf;
    buf_init(&buf, &work->call->request->arena, SIZE_MAX / 2);
    struct json_writer out = json_writer(&buf);
    json_begin_object(&out);
    json_member_id(&out, STR("id"), ID_EVENT, event);
    json_member_string(&out, STR("pageType"), click->page);
    json_member_string(&out, STR("sessionId"), click->session);
    json_member_id_or_null(&out, STR("campaignId"), ID_CAMPAIGN, click->campaign);
    json_key(&out, STR("fields"));
    json_begin_object(&out);
    for (int i = 0; i < CRM_VALUE_COUNT; i++)
        if (said->facts.values[i].len > 0)
            json_member_string(&out, crm_field_name((enum crm_field)i), said->facts.values[i]);
    json_end_object(&out);
    if (said->rest.len > 0)
        json_member_raw(&out, STR("received"), said->rest);
    json_end_object(&out);
    return buf_str(&buf);
}

static int import_click(struct client_work *work)
{
    struct click click;
    struct call *call = work->call;
    int r = read_click(work, &click);
    if (r != 0)
        return r;
    struct event event = { .id = batch_draw_id(work->batch),
                           .organization = call->caller.organization,
                           .type = STR("lander_click"),
                           .at_ms = batch_now_ms(work->batch),
                           .inlet = call->caller.id,
                           .hops = work->client->hops,
                           .request_id = call->request->id };
    event.data = click_data(work, &click, event.id);
    batch_take_event(work->batch, &event);
    struct json_writer *out = client_begin(call);
    json_begin_object(out);
    json_member_string(out, STR("sessionId"), click.session);
    json_end_object(out);
    client_end(call);
    return 0;
}

int client_import_click(struct call *call, struct batch *batch)
{
    return client_run(call, batch, import_click);
}
