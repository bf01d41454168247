/* SPDX-License-Identifier: MIT
 * api/client.c: who is calling, and the answers. */
#include "api/client.h"

#include "base/date.h"
#include "inlet/konnektive.h"

/* ── answers ── */

struct json_writer *client_begin(struct call *call)
{
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    json_member_string(out, STR("result"), STR("SUCCESS"));
    json_key(out, STR("message"));
    return out;
}

void client_end(struct call *call)
{
    json_end_object(&call->out);
    call_reply(call, 200);
}

/* A field counts once, by what was found first. */
static bool is_first(const struct problem *problem, const struct field_error *error)
{
    const struct field_error *at = problem->errors;
    while (at != error && !str_equal(at->field, error->field))
        at = at->next;
    return at == error;
}

static void write_reason(struct call *call, struct json_writer *out)
{
    const struct problem *problem = &call->problem;
    char address[ADDRESS_TEXT_MAX];
    if (problem->id == PROBLEM_FORBIDDEN) {
        json_add_string(out, arena_format(&call->request->arena, "IP must be whitelisted - %.*s",
                                          STR_ARG(address_write(&call->request->client, address))));
        return;
    }
    if (problem->errors == NULL) {
        json_add_string(out, problem->text);
        return;
    }
    json_begin_object(out);
    for (const struct field_error *at = problem->errors; at != NULL; at = at->next)
        if (is_first(problem, at))
            json_member_string(out, at->field, at->message);
    json_end_object(out);
}

void client_reply_problem(struct call *call)
{
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    json_member_string(out, STR("result"), STR("ERROR"));
    json_key(out, STR("message"));
    write_reason(call, out);
    json_end_object(out);
    request_reply_json(call->request, 200, buf_str(&call->text));
}

int client_refuse(struct call *call, const char *text)
{
    return call_refuse(call, PROBLEM_INVALID, str_c(text));
}

int client_refuse_field(struct call *call, const char *field, const char *reason)
{
    client_wrong(&call->problem, &call->request->arena, field, "invalid", str_c(reason));
    return CALL_REFUSED;
}

const struct zone *client_zone(const struct call *call)
{
    return client_of(call)->zone;
}

/* ── days ── */

static bool read_part(str *rest, char separator, int64_t *ret_value)
{
    str text = str_cut(rest, separator);
    return text.len <= 4 && str_to_int64(text, ret_value) && *ret_value > 0;
}

bool client_read_day(str text, int64_t *ret_day)
{
    int64_t year;
    int64_t month;
    int64_t day;
    str rest = str_trim(text);
    rest = str_cut(&rest, str_index(rest, 'T') >= 0 ? 'T' : ' ');
    bool iso = str_index(rest, '-') > 0;
    bool good = iso ? read_part(&rest, '-', &year) && read_part(&rest, '-', &month) &&
                          read_part(&rest, '-', &day)
                    : read_part(&rest, '/', &month) && read_part(&rest, '/', &day) &&
                          read_part(&rest, '/', &year);
    if (!good || rest.len > 0)
        return false;
    if (year < 100)
        year += 2000;
    if (year < 1970 || month > 12 || day > date_month_days(year, month))
        return false;
    *ret_day = date_to_days(year, month, day);
    return true;
}

/* ── who is calling ── */

static bool finish(struct call *call, int r)
{
    call_finish(call, r);
    return true;
}

/* The same for a login that there is not and for a wrong password. */
static bool refuse_login(struct call *call)
{
    char text[ADDRESS_TEXT_MAX];
    log_line(call->api->context.log, LOG_INFO, "client login refused",
             LOG_TEXT("request", call->request->id),
             LOG_TEXT("client", address_write(&call->request->client, text)));
    (void)call_refuse(call, PROBLEM_UNAUTHENTICATED, STR("loginId or password is wrong"));
    return finish(call, 0);
}

/* Of that login, from that address: nobody locks out others. */
static uint64_t guess_of(const struct call *call, str login)
{
    char text[ADDRESS_TEXT_MAX];
    str subject =
        arena_format(&call->request->arena, "%.*s %.*s",
                     STR_ARG(address_write(&call->request->client, text)), STR_ARG(login));
    return rates_subject("client login", subject);
}

/* With a good login. True: the reply is filled in. */
static bool proceed(struct call *call, const struct picture *picture, const struct plugin *plugin)
{
    struct client_call *client = call->parsed;
    struct arena *arena = &call->request->arena;
    call->caller = (struct caller){ .kind = CALLER_CLIENT,
                                    .organization = picture->object.id,
                                    .uuid = arena_str(arena, picture_uuid(picture)),
                                    .id = plugin->object.id };
    client->zone = picture->zone;
    bool good = call_organization_rules(call, picture);
    if (call->route->command == NULL)
        return good ? call_proceed(call, NULL) : finish(call, 0);
    if (!good || !client_order_read(&client->pairs, picture->test_cards, arena, &client->said,
                                    &call->problem))
        client->refusal = call->problem;
    call->problem = (struct problem){};
    return call_proceed(call, NULL);
}

/* A wrong password asks the store as an unknown login does, so that both take their time. */
bool client_identify(struct call *call)
{
    struct client_call *client = ARENA_NEW(&call->request->arena, struct client_call);
    call->parsed = client;
    if (!konnektive_read_call(&call->api->context.inlet, call->request, &client->pairs,
                              &client->hops, &call->problem))
        return finish(call, 0);
    client->login = pairs_take(&client->pairs, "loginId");
    client->password = pairs_take(&client->pairs, "password");
    if (client->login.len == 0 || client->login.len > CLIENT_LOGIN_MAX)
        return refuse_login(call);
    uint64_t guess = guess_of(call, client->login);
    if (!call_may_guess(call, guess))
        return finish(call, 0);
    const struct picture *picture = NULL;
    const struct plugin *plugin =
        directory_find_login(call_loop(call)->directory, client->login, &picture);
    bool good = plugin != NULL && bytes_equal_secret(client->password, plugin->client_password);
    if (good || !call->fetched)
        rates_give_back(call->api->rates, guess, clock_now_ms(call->api->context.clock));
    if (good)
        return proceed(call, picture, plugin);
    if (!call->fetched)
        return fetch_by_login(call, client->login) ? false : finish(call, 0);
    return call->failure < 0 ? finish(call, call->failure) : refuse_login(call);
}
