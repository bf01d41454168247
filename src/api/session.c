/* SPDX-License-Identifier: MIT
 * api/session.c: logging in and out. What is guessed is limited by address and by e-mail address,
 * and an unknown one takes as long as a wrong password and has the same answer. */
#include "api/call.h"
#include "api/cookie.h"
#include "api/handlers.h"
#include "api/people.h"
#include "mapping/custom_event.h"
#include "mapping/fold.h"
#include "model/names.h"

#define SESSION_S ((int64_t)12 * 3600)
#define TOKEN_LENGTH 43
#define CSRF_LENGTH 32

/* Of no password: what an unknown e-mail address is compared with. As base/secret.c makes them. */
static const char nobody[] = "$argon2id$v=19$m=19456,t=2,p=1$Bf1LexwdZmUvJfySIWmGVw"
                             "$ehk8PhsLKFWbUIUUiGVo/kNG/sugVIKq7/U5KJGkpYc";

struct login {
    uint64_t subjects[2];
    str email_key;
    str password;
    str organization; /* uuid, or empty */
};

/* ── the body ── */

static bool may_guess(struct call *call, struct login *login)
{
    char text[ADDRESS_TEXT_MAX];
    login->subjects[0] = rates_subject("login from", address_write(&call->request->client, text));
    login->subjects[1] = rates_subject("login as", login->email_key);
    for (size_t i = 0; i < COUNT_OF(login->subjects); i++)
        if (!call_may_guess(call, login->subjects[i]))
            return false;
    return true;
}

bool session_check_login(struct call *call)
{
    struct arena *arena = &call->request->arena;
    struct login *login = ARENA_NEW(arena, struct login);
    call->parsed = login;
    login->password = json_string(json_get(call->body, STR("password")));
    (void)body_text(call, "organizationId", &login->organization);
    str email = {};
    str trimmed;
    (void)body_text(call, "email", &email);
    if (!email_key(email, arena, &trimmed, &login->email_key))
        login->email_key = fold_case(email, arena);
    return may_guess(call, login);
}

/* ── on a reader's thread ── */

static int find_person(const struct login *login, struct sql *sql, struct arena *arena,
                       struct session_found *ret_found)
{
    struct user_row user = {};
    struct membership membership;
    int r = store_find_user_by_email(sql, login->email_key, arena, &user);
    if (r < 0)
        return fail(r);
    bool known = r == 0;
    if (!password_matches(login->password, known ? user.password : str_c(nobody)) || !known)
        return STORE_NOT_FOUND;
    r = store_find_membership(sql, user.id, login->organization, arena, &membership);
    if (r != 0)
        return r;
    *ret_found = (struct session_found){
        .session = { .user = user.id, .organization = membership.organization },
        .membership = membership,
    };
    return 0;
}

int session_verify(struct call *call, struct store_reader *reader)
{
    const struct login *login = call->parsed;
    struct arena *arena = &call->request->arena;
    struct session_found *found = ARENA_NEW(arena, struct session_found);
    int r = find_person(login, store_reader_sql(reader), arena, found);
    if (r < 0)
        return fail(r);
    if (r == STORE_NOT_FOUND)
        return call_refuse(call, PROBLEM_UNAUTHENTICATED,
                           STR("E-mail address, password or organization is wrong."));
    int64_t now_ms = clock_now_ms(call->api->context.clock);
    for (size_t i = 0; i < COUNT_OF(login->subjects); i++)
        rates_give_back(call->api->rates, login->subjects[i], now_ms);
    call->caller = (struct caller){ .kind = CALLER_SESSION,
                                    .organization = found->session.organization,
                                    .uuid = found->membership.uuid,
                                    .id = found->session.user,
                                    .role = found->membership.role,
                                    .session = found };
    return 0;
}

/* ── answers ── */

static void write_session(struct call *call, const struct member_row *member)
{
    const struct session_found *found = call->caller.session;
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    json_key(out, STR("user"));
    write_member(out, member);
    json_key(out, STR("organization"));
    json_begin_object(out);
    json_member_string(out, STR("id"), found->membership.uuid);
    json_member_string(out, STR("name"), found->membership.name);
    json_end_object(out);
    json_member_string(out, STR("role"), role_name(found->membership.role));
    json_member_string(out, STR("csrfToken"), found->session.csrf);
    json_member_instant(out, STR("expiresAt"), found->session.expires_ms);
    json_end_object(out);
    call_reply(call, 200);
}

static int answer_session(struct call *call, struct sql *sql)
{
    struct member_row member;
    int r = store_find_member(sql, call->caller.organization, call->caller.id,
                              &call->request->arena, &member);
    if (r < 0)
        return fail(r);
    if (r == STORE_NOT_FOUND) /* removed between the password and here */
        return call_refuse(call, PROBLEM_UNAUTHENTICATED,
                           STR("The session is over. Log in again."));
    write_session(call, &member);
    return 0;
}

int session_create(struct call *call, struct batch *batch)
{
    struct arena *arena = &call->request->arena;
    struct session_row *session = &call->caller.session->session;
    str token = random_text(arena, TOKEN_LENGTH);
    struct digest hash = digest_sha256(token);
    session->csrf = random_text(arena, CSRF_LENGTH);
    session->created_ms = batch_now_ms(batch);
    session->expires_ms = session->created_ms + SESSION_S * 1000;
    int r = answer_session(call, batch_sql(batch));
    if (r != 0)
        return r;
    r = store_insert_session(batch_sql(batch), &hash, session);
    if (r == 0)
        r = call_audit(call, batch, "session.create", id_text(arena, ID_USER, call->caller.id),
                       STR("{}"));
    if (r == 0)
        cookie_set(call->request, SESSION_COOKIE, token, SESSION_S);
    return fail(r);
}

int session_get(struct call *call, struct sql *sql)
{
    return answer_session(call, sql);
}

int session_delete(struct call *call, struct batch *batch)
{
    int r = store_delete_session(batch_sql(batch), &call->caller.token);
    if (r == 0)
        r = call_audit(call, batch, "session.delete",
                       id_text(&call->request->arena, ID_USER, call->caller.id), STR("{}"));
    cookie_set(call->request, SESSION_COOKIE, STR(""), 0);
    call_reply_nothing(call);
    return fail(r);
}
