/* SPDX-License-Identifier: MIT */
#include "store/access.h"

#include "base/fail.h"
#include "base/zones.h"
#include "model/names.h"
#include "store/notices.h"
#include "store/rows.h"

/* ── organizations ── */

int store_insert_organization(struct sql *sql, const struct organization_row *row)
{
    struct sql_value secret = SQL_B(row->webhook_secret);
    if (row->webhook_secret.len == 0)
        secret = (struct sql_value)SQL_N();
    return sql_changed(SQL_RUN(
        sql,
        "INSERT INTO organizations (id, uuid, name, version, allowed_addresses, rate_per_minute,"
        " webhook_secret, time_zone, created_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        SQL_I(row->id), SQL_T(row->uuid), SQL_T(row->name), SQL_I(row->version),
        SQL_T(row->allowed_addresses), SQL_I(row->rate_per_minute), secret,
        SQL_T(row->time_zone.len > 0 ? row->time_zone : STR(ZONE_DEFAULT)),
        SQL_I(row->created_ms)));
}

int store_read_organization(struct sql *sql, int64_t organization, struct arena *arena,
                            struct organization_row *ret_row)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT version, uuid, name, allowed_addresses, rate_per_minute, webhook_secret, time_zone,"
        " test_cards, created_ms FROM organizations WHERE id = $1",
        SQL_I(organization));
    int r = sql_found(sql_next(&query));
    if (r != 0)
        return r;
    *ret_row = (struct organization_row){
        .id = organization,
        .version = sql_int(&query, 0),
        .uuid = sql_text(&query, 1, arena),
        .name = sql_text(&query, 2, arena),
        .allowed_addresses = sql_text(&query, 3, arena),
        .rate_per_minute = sql_int(&query, 4),
        .webhook_secret = sql_blob(&query, 5, arena),
        .time_zone = sql_text(&query, 6, arena),
        .test_cards = sql_text(&query, 7, arena),
        .created_ms = sql_int(&query, 8),
    };
    return 0;
}

int store_update_organization(struct sql *sql, const struct organization_row *row)
{
    struct sql_value secret = SQL_B(row->webhook_secret);
    if (row->webhook_secret.len == 0)
        secret = (struct sql_value)SQL_N();
    return sql_changed(SQL_RUN(sql,
                               "UPDATE organizations SET name = $1, allowed_addresses = $2,"
                               " rate_per_minute = $3, webhook_secret = $4, time_zone = $5,"
                               " test_cards = $6 WHERE id = $7",
                               SQL_T(row->name), SQL_T(row->allowed_addresses),
                               SQL_I(row->rate_per_minute), secret, SQL_T(row->time_zone),
                               SQL_T(row->test_cards), SQL_I(row->id)));
}

int store_raise_version(struct sql *sql, int64_t organization)
{
    int64_t changed = SQL_RUN(sql, "UPDATE organizations SET version = version + 1 WHERE id = $1",
                              SQL_I(organization));
    if (changed < 0)
        return fail((int)changed);
    return changed == 0 ? STORE_NOT_FOUND : 0;
}

int store_count_organizations(struct sql *sql, int64_t *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(sql, "SELECT COUNT(*) FROM organizations");
    return sql_one_int(&query, ret_count);
}

int store_find_organization_by_uuid(struct sql *sql, str uuid, int64_t *ret_id)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT id FROM organizations WHERE uuid = $1", SQL_T(uuid));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_id = sql_int(&query, 0);
    return r;
}

int store_next_organization(struct sql *sql, int64_t *ret_id)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT COALESCE(MAX(id), 0) + 1 FROM organizations");
    return sql_one_int(&query, ret_id);
}

/* ── users and members ── */

int store_insert_user(struct sql *sql, const struct user_row *row)
{
    return sql_changed(SQL_RUN(sql,
                               "INSERT INTO users (id, email_key, password, created_ms)"
                               " VALUES ($1, $2, $3, $4)",
                               SQL_I(row->id), SQL_T(row->email_key), SQL_T(row->password),
                               SQL_I(row->created_ms)));
}

static int take_user(struct sql_query *query, struct arena *arena, struct user_row *ret_row)
{
    int r = sql_found(sql_next(query));
    if (r != 0)
        return r;
    *ret_row = (struct user_row){
        .id = sql_int(query, 0),
        .email_key = sql_text(query, 1, arena),
        .password = sql_text(query, 2, arena),
        .created_ms = sql_int(query, 3),
    };
    return 0;
}

int store_find_user(struct sql *sql, int64_t user, struct arena *arena, struct user_row *ret_row)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql, "SELECT id, email_key, password, created_ms FROM users WHERE id = $1", SQL_I(user));
    return take_user(&query, arena, ret_row);
}

int store_find_user_by_email(struct sql *sql, str email_key, struct arena *arena,
                             struct user_row *ret_row)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT id, email_key, password, created_ms FROM users WHERE email_key = $1",
                  SQL_T(email_key));
    return take_user(&query, arena, ret_row);
}

int store_update_user(struct sql *sql, int64_t user, str password_hash)
{
    return sql_changed(SQL_RUN(sql, "UPDATE users SET password = $1 WHERE id = $2",
                               SQL_T(password_hash), SQL_I(user)));
}

int store_delete_user(struct sql *sql, int64_t user)
{
    return sql_changed(SQL_RUN(sql, "DELETE FROM users WHERE id = $1", SQL_I(user)));
}

int store_insert_member(struct sql *sql, int64_t organization, const struct member_row *row)
{
    int r = store_close_notices(sql, organization);
    if (r < 0)
        return fail(r);
    return sql_changed(
        SQL_RUN(sql,
                "INSERT INTO members (organization, user_id, email, name, role, created_ms,"
                " notices, told_to) VALUES ($1, $2, $3, $4, $5, $6, $7,"
                " (SELECT COALESCE(MAX(id), 0) FROM notices WHERE organization = $1))",
                SQL_I(organization), SQL_I(row->user), SQL_T(row->email), SQL_T(row->name),
                SQL_T(role_name(row->role)), SQL_I(row->created_ms), SQL_I(row->notices)));
}

int store_update_member(struct sql *sql, int64_t organization, const struct member_row *row)
{
    return sql_changed(SQL_RUN(
        sql, "UPDATE members SET name = $1, role = $2 WHERE organization = $3 AND user_id = $4",
        SQL_T(row->name), SQL_T(role_name(row->role)), SQL_I(organization), SQL_I(row->user)));
}

int store_delete_member(struct sql *sql, int64_t organization, int64_t user)
{
    return sql_changed(SQL_RUN(sql, "DELETE FROM members WHERE organization = $1 AND user_id = $2",
                               SQL_I(organization), SQL_I(user)));
}

/* A role that this program does not know may do nothing. */
static enum role take_role(const struct sql_query *query, int column, struct arena *arena)
{
    enum role role = ROLE_NONE;
    if (!role_read(sql_text(query, column, arena), &role))
        return ROLE_NONE;
    return role;
}

#define MEMBER_COLUMNS "SELECT user_id, email, name, role, created_ms, notices FROM members"

static struct member_row take_member(const struct sql_query *query, struct arena *arena)
{
    return (struct member_row){
        .user = sql_int(query, 0),
        .email = sql_text(query, 1, arena),
        .name = sql_text(query, 2, arena),
        .role = take_role(query, 3, arena),
        .created_ms = sql_int(query, 4),
        .notices = sql_int(query, 5) != 0,
    };
}

int store_find_member(struct sql *sql, int64_t organization, int64_t user, struct arena *arena,
                      struct member_row *ret_row)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, MEMBER_COLUMNS " WHERE organization = $1 AND user_id = $2",
                  SQL_I(organization), SQL_I(user));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_row = take_member(&query, arena);
    return r;
}

int store_list_members(struct sql *sql, const struct store_page *page, struct member_row *ret_rows,
                       int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  MEMBER_COLUMNS " WHERE organization = $1 AND user_id < $2"
                                 " ORDER BY user_id DESC LIMIT $3",
                  SQL_I(page->organization), SQL_I(page->before), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = take_member(&query, page->arena);
    *ret_count = count;
    return fail(r);
}

int store_count_owners(struct sql *sql, int64_t organization, int64_t *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT COUNT(*) FROM members WHERE organization = $1 AND role = $2",
                  SQL_I(organization), SQL_T(role_name(ROLE_OWNER)));
    return sql_one_int(&query, ret_count);
}

int store_find_membership(struct sql *sql, int64_t user, str uuid, struct arena *arena,
                          struct membership *ret_membership)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT o.id, o.uuid, o.name, m.role FROM members m"
                  " JOIN organizations o ON o.id = m.organization"
                  " WHERE m.user_id = $1 AND ($2 = '' OR o.uuid = $2) ORDER BY o.id LIMIT 1",
                  SQL_I(user), SQL_T(uuid));
    int r = sql_found(sql_next(&query));
    if (r != 0)
        return r;
    *ret_membership = (struct membership){
        .organization = sql_int(&query, 0),
        .uuid = sql_text(&query, 1, arena),
        .name = sql_text(&query, 2, arena),
        .role = take_role(&query, 3, arena),
    };
    return 0;
}

int store_count_memberships(struct sql *sql, int64_t user, int64_t *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT COUNT(*) FROM members WHERE user_id = $1", SQL_I(user));
    return sql_one_int(&query, ret_count);
}

/* ── sessions ── */

int store_insert_session(struct sql *sql, const struct digest *token, const struct session_row *row)
{
    return sql_changed(
        SQL_RUN(sql,
                "INSERT INTO sessions (token, user_id, organization, csrf, created_ms, expires_ms)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                SQL_B(digest_str(token)), SQL_I(row->user), SQL_I(row->organization),
                SQL_T(row->csrf), SQL_I(row->created_ms), SQL_I(row->expires_ms)));
}

int store_find_session(struct sql *sql, const struct digest *token, int64_t now_ms,
                       struct arena *arena, struct session_found *ret_found)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT s.user_id, s.organization, s.csrf, s.created_ms, s.expires_ms,"
                  " o.uuid, o.name, m.role FROM sessions s"
                  " JOIN members m ON m.organization = s.organization AND m.user_id = s.user_id"
                  " JOIN organizations o ON o.id = s.organization"
                  " WHERE s.token = $1 AND s.expires_ms > $2",
                  SQL_B(digest_str(token)), SQL_I(now_ms));
    int r = sql_found(sql_next(&query));
    if (r != 0)
        return r;
    *ret_found = (struct session_found){
        .session = {
            .user = sql_int(&query, 0),
            .organization = sql_int(&query, 1),
            .csrf = sql_text(&query, 2, arena),
            .created_ms = sql_int(&query, 3),
            .expires_ms = sql_int(&query, 4),
        },
        .membership = {
            .organization = sql_int(&query, 1),
            .uuid = sql_text(&query, 5, arena),
            .name = sql_text(&query, 6, arena),
            .role = take_role(&query, 7, arena),
        },
    };
    return 0;
}

int store_delete_session(struct sql *sql, const struct digest *token)
{
    return sql_changed(
        SQL_RUN(sql, "DELETE FROM sessions WHERE token = $1", SQL_B(digest_str(token))));
}

int64_t store_prune_sessions(struct sql *sql, int64_t before_ms, int most)
{
    return SQL_RUN(sql,
                   "DELETE FROM sessions WHERE token IN (SELECT token FROM sessions"
                   " WHERE expires_ms < $1 ORDER BY expires_ms LIMIT $2)",
                   SQL_I(before_ms), SQL_I(most));
}

int store_delete_sessions(struct sql *sql, int64_t user, int64_t organization,
                          const struct digest *except)
{
    struct digest none = {};
    return sql_changed(SQL_RUN(
        sql,
        "DELETE FROM sessions WHERE user_id = $1 AND ($2 = 0 OR organization = $2) AND token <> $3",
        SQL_I(user), SQL_I(organization), SQL_B(digest_str(except == NULL ? &none : except))));
}

/* ── audit ── */

int store_insert_audit(struct sql *sql, const struct audit_row *row)
{
    return sql_changed(
        SQL_RUN(sql,
                "INSERT INTO audit (id, organization, at_ms, actor, action, object, detail, client,"
                " request_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                SQL_I(row->id), SQL_I(row->organization), SQL_I(row->at_ms), SQL_T(row->actor),
                SQL_T(row->action), SQL_T(row->object), SQL_T(row->detail), SQL_T(row->client),
                SQL_T(row->request_id)));
}

int store_list_audit(struct sql *sql, const struct store_page *page, struct audit_row *ret_rows,
                     int *ret_count)
{
    struct arena *arena = page->arena;
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT id, at_ms, actor, action, object, detail, client, request_id FROM audit"
                  " WHERE organization = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
                  SQL_I(page->organization), SQL_I(page->before), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = (struct audit_row){
            .id = sql_int(&query, 0),
            .organization = page->organization,
            .at_ms = sql_int(&query, 1),
            .actor = sql_text(&query, 2, arena),
            .action = sql_text(&query, 3, arena),
            .object = sql_text(&query, 4, arena),
            .detail = sql_text(&query, 5, arena),
            .client = sql_text(&query, 6, arena),
            .request_id = sql_text(&query, 7, arena),
        };
    *ret_count = count;
    return fail(r);
}
