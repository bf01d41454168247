/* SPDX-License-Identifier: MIT
 * api/users.c: the people of an organization.
 *
 * Rules: nobody gives a role, or touches somebody, that is worth more than they are themselves; an
 * organization keeps at least one owner; one organization has no say over the password of somebody
 * who is in another one too; and none learns what another calls its people. */
#include "api/call.h"
#include "api/handlers.h"
#include "api/people.h"
#include "mapping/custom_event.h"
#include "model/names.h"
#include "store/notices.h"

struct user_change {
    int64_t user; /* whose; 0: a new one */
    bool self;
    str email;
    str email_key;
    str name;       /* empty: stays */
    str password;   /* in clear; empty: stays */
    str current;    /* the old one, in clear */
    str hash;       /* of the new one */
    enum role role; /* ROLE_NONE: stays */
    bool notices_given;
    bool notices;
};

void write_member(struct json_writer *out, const struct member_row *member)
{
    json_begin_object(out);
    json_member_id(out, STR("id"), ID_USER, member->user);
    json_member_string(out, STR("email"), member->email);
    json_member_string(out, STR("name"), member->name);
    json_member_string(out, STR("role"), role_name(member->role));
    json_member_bool(out, STR("notices"), member->notices);
    json_member_instant(out, STR("createdAt"), member->created_ms);
    json_end_object(out);
}

/* ── reading ── */

int users_list(struct call *call, struct sql *sql)
{
    struct store_page page = call_page(call);
    page.limit++;
    struct member_row *rows = ARENA_ARRAY(page.arena, struct member_row, (size_t)page.limit);
    int count = 0;
    int r = store_list_members(sql, &page, rows, &count);
    if (r < 0)
        return fail(r);
    struct json_writer *out = call_begin_list(call);
    int shown = call_shown(call, count);
    for (int i = 0; i < shown; i++)
        write_member(out, &rows[i]);
    call_end_list(call, ID_USER, count > shown ? rows[shown - 1].user : 0);
    return 0;
}

static int answer_member(struct call *call, struct sql *sql, int64_t user, int status)
{
    struct member_row member;
    int r = store_find_member(sql, call->caller.organization, user, &call->request->arena, &member);
    if (r == STORE_NOT_FOUND)
        return call_not_found(call, "user");
    if (r < 0)
        return fail(r);
    write_member(call_json(call), &member);
    call_reply(call, status);
    return 0;
}

int users_get(struct call *call, struct sql *sql)
{
    int64_t user;
    if (!call_id(call, 0, ID_USER, "user", &user))
        return CALL_REFUSED;
    return answer_member(call, sql, user, 200);
}

/* ── rules ── */

/* May the caller give this role, or touch somebody who has it? */
static bool role_allowed(struct call *call, enum role role)
{
    if ((role_scopes(role) & ~caller_scopes(&call->caller)) == 0)
        return true;
    (void)call_refuse_code(call, PROBLEM_FORBIDDEN, "role",
                           arena_format(&call->request->arena,
                                        "The role %.*s is worth more than whoever asks has.",
                                        STR_ARG(role_name(role))));
    return false;
}

static int last_owner(struct call *call, struct sql *sql, const struct member_row *member)
{
    int64_t owners = 0;
    if (member->role != ROLE_OWNER)
        return 0;
    int r = store_count_owners(sql, call->caller.organization, &owners);
    if (r < 0)
        return fail(r);
    if (owners > 1)
        return 0;
    return call_refuse(call, PROBLEM_CONFLICT,
                       STR("This is the last owner. Make someone else an owner first."));
}

/* ── making ── */

static void read_role(struct call *call, struct user_change *change)
{
    str role;
    if (body_text(call, "role", &role) && !role_read(role, &change->role))
        call_wrong(call, "role", "option", STR("Send owner, admin, editor or viewer."));
}

bool users_check_new(struct call *call)
{
    struct arena *arena = &call->request->arena;
    struct user_change *change = ARENA_NEW(arena, struct user_change);
    call->parsed = change;
    (void)body_text(call, "email", &change->email);
    (void)body_text(call, "name", &change->name);
    change->password = json_string(json_get(call->body, STR("password")));
    read_role(call, change);
    if (!email_key(change->email, arena, &change->email, &change->email_key))
        call_wrong(call, "email", "format", STR("Send an e-mail address."));
    return !problem_has(&call->problem) && role_allowed(call, change->role);
}

int users_hash(struct call *call, struct store_reader *reader)
{
    (void)reader;
    struct user_change *change = call->parsed;
    change->hash = password_hash(change->password, &call->request->arena);
    return 0;
}

/* The person of that address; made when there is none. */
static int find_or_make(struct call *call, struct batch *batch, const struct user_change *change,
                        int64_t *ret_user)
{
    struct arena *arena = &call->request->arena;
    struct sql *sql = batch_sql(batch);
    struct user_row user;
    struct member_row member;
    int r = store_find_user_by_email(sql, change->email_key, arena, &user);
    if (r < 0)
        return fail(r);
    if (r == 0) {
        *ret_user = user.id;
        r = store_find_member(sql, call->caller.organization, user.id, arena, &member);
        if (r == 0)
            return call_refuse(call, PROBLEM_CONFLICT,
                               STR("Someone with this e-mail address is here already."));
        return MIN_OF(r, 0);
    }
    user = (struct user_row){ .id = batch_draw_id(batch),
                              .email_key = change->email_key,
                              .password = change->hash,
                              .created_ms = batch_now_ms(batch) };
    *ret_user = user.id;
    return fail(store_insert_user(sql, &user));
}

int users_create(struct call *call, struct batch *batch)
{
    const struct user_change *change = call->parsed;
    int64_t user = 0;
    int r = find_or_make(call, batch, change, &user);
    const struct member_row member = { .user = user,
                                       .email = change->email,
                                       .name = change->name,
                                       .role = change->role,
                                       .created_ms = batch_now_ms(batch),
                                       .notices = true };
    if (r == 0)
        r = store_insert_member(batch_sql(batch), call->caller.organization, &member);
    if (r == 0)
        r = call_audit(call, batch, "user.create", id_text(&call->request->arena, ID_USER, user),
                       (str){});
    call->made.id = user;
    if (r == 0)
        r = answer_member(call, batch_sql(batch), user, 201);
    return fail(r);
}

/* ── changing ── */

static bool may_change(struct call *call, const struct user_change *change)
{
    if (!change->self && call->caller.kind == CALLER_SESSION && call->caller.role < ROLE_ADMIN) {
        (void)call_refuse_code(call, PROBLEM_FORBIDDEN, "role",
                               STR("Only admins and owners may change other people."));
        return false;
    }
    if (change->self && change->password.len > 0 && change->current.len == 0) {
        call_wrong(call, "currentPassword", "required",
                   STR("Send the present password with the new one."));
        return false;
    }
    return change->role == ROLE_NONE || role_allowed(call, change->role);
}

/* Guesses at the present password are limited as logins are. */
static bool may_guess(struct call *call, const struct user_change *change)
{
    char text[ID_TEXT_MAX];
    if (!change->self || change->password.len == 0)
        return true;
    str user = id_write(ID_USER, change->user, text);
    return call_may_guess(call, rates_subject("password of", user));
}

bool users_check_change(struct call *call)
{
    struct user_change *change = ARENA_NEW(&call->request->arena, struct user_change);
    call->parsed = change;
    if (!call_id(call, 0, ID_USER, "user", &change->user))
        return false;
    change->self = call->caller.kind == CALLER_SESSION && call->caller.id == change->user;
    (void)body_text(call, "name", &change->name);
    change->password = json_string(json_get(call->body, STR("password")));
    change->current = json_string(json_get(call->body, STR("currentPassword")));
    change->notices_given = body_bool(call, "notices", &change->notices);
    read_role(call, change);
    return !problem_has(&call->problem) && may_change(call, change) && may_guess(call, change);
}

int users_verify(struct call *call, struct store_reader *reader)
{
    struct user_change *change = call->parsed;
    struct arena *arena = &call->request->arena;
    struct user_row user;
    if (change->password.len == 0)
        return 0;
    if (change->self) {
        int r = store_find_user(store_reader_sql(reader), change->user, arena, &user);
        if (r < 0)
            return fail(r);
        if (r == STORE_NOT_FOUND || !password_matches(change->current, user.password)) {
            call_wrong(call, "currentPassword", "wrong", STR("This is not the present password."));
            return CALL_REFUSED;
        }
    }
    change->hash = password_hash(change->password, arena);
    return 0;
}

/* One organization must not take over who is in another one too. */
static int check_alone(struct call *call, struct sql *sql, const struct user_change *change)
{
    int64_t memberships = 0;
    if (change->self || change->hash.len == 0)
        return 0;
    int r = store_count_memberships(sql, change->user, &memberships);
    if (r < 0)
        return fail(r);
    if (memberships == 1)
        return 0;
    return call_refuse_code(call, PROBLEM_FORBIDDEN, "self",
                            STR("Only this person may change their password."));
}

static int check_change(struct call *call, struct sql *sql, const struct user_change *change,
                        const struct member_row *member)
{
    if (!change->self && !role_allowed(call, member->role))
        return CALL_REFUSED;
    int r = check_alone(call, sql, change);
    if (r == 0 && change->role != ROLE_NONE && change->role != member->role)
        r = last_owner(call, sql, member);
    return r;
}

static int write_change(struct call *call, struct sql *sql, const struct user_change *change,
                        struct member_row *member)
{
    if (change->name.len > 0)
        member->name = change->name;
    if (change->role != ROLE_NONE)
        member->role = change->role;
    int r = store_update_member(sql, call->caller.organization, member);
    if (r == 0 && change->notices_given)
        r = store_want_notices(sql, call->caller.organization, change->user, change->notices);
    if (r == 0 && change->hash.len > 0)
        r = store_update_user(sql, change->user, change->hash);
    if (r == 0 && change->hash.len > 0)
        r = store_delete_sessions(sql, change->user, 0, change->self ? &call->caller.token : NULL);
    return fail(r);
}

int users_change(struct call *call, struct batch *batch)
{
    const struct user_change *change = call->parsed;
    struct sql *sql = batch_sql(batch);
    struct member_row member;
    int r = store_find_member(sql, call->caller.organization, change->user, &call->request->arena,
                              &member);
    if (r == STORE_NOT_FOUND)
        return call_not_found(call, "user");
    if (r == 0)
        r = check_change(call, sql, change, &member);
    if (r == 0)
        r = write_change(call, sql, change, &member);
    if (r == 0)
        r = call_audit(call, batch, "user.update",
                       id_text(&call->request->arena, ID_USER, change->user), (str){});
    if (r == 0)
        r = answer_member(call, sql, change->user, 200);
    return fail(r);
}

/* ── removing ── */

static int remove_member(struct call *call, struct sql *sql, int64_t user)
{
    int64_t memberships = 0;
    int r = store_delete_member(sql, call->caller.organization, user);
    if (r == 0)
        r = store_delete_sessions(sql, user, call->caller.organization, NULL);
    if (r == 0)
        r = store_count_memberships(sql, user, &memberships);
    if (r == 0 && memberships == 0)
        r = store_delete_user(sql, user);
    return fail(r);
}

int users_delete(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct member_row member;
    int64_t user;
    if (!call_id(call, 0, ID_USER, "user", &user))
        return CALL_REFUSED;
    int r = store_find_member(sql, call->caller.organization, user, &call->request->arena, &member);
    if (r == STORE_NOT_FOUND)
        return call_not_found(call, "user");
    if (r == 0 && !role_allowed(call, member.role))
        return CALL_REFUSED;
    if (r == 0)
        r = last_owner(call, sql, &member);
    if (r == 0)
        r = remove_member(call, sql, user);
    if (r == 0)
        r = call_audit(call, batch, "user.delete", id_text(&call->request->arena, ID_USER, user),
                       (str){});
    call_reply_nothing(call);
    return fail(r);
}
