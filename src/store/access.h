/* SPDX-License-Identifier: MIT
 * store/access.h: who may come in: organizations, users, members, sessions; and the audit trail of
 * what they changed. Shared SQL for both engines. Functions with an organization see nothing of any
 * other. Outcome of every find: STORE_NOT_FOUND. Results live in the arena. */
#pragma once

#include "model/config.h"
#include "store/config.h"

/* ── organizations ── */

struct organization_row {
    int64_t id; /* the small number */
    int64_t version;
    str uuid;
    str name;
    str allowed_addresses; /* comma-separated ranges */
    int64_t rate_per_minute;
    str webhook_secret; /* sealed; empty: none */
    str time_zone;      /* IANA name; inserted empty: the default one (base/zones.h) */
    str test_cards;     /* comma-separated digits; at an insert: 0000000000000000, whatever it is */
    int64_t created_ms;
};

MUST_USE int store_insert_organization(struct sql *sql, const struct organization_row *row);
MUST_USE int store_read_organization(struct sql *sql, int64_t organization, struct arena *arena,
                                     struct organization_row *ret_row);
/* Everything but id, version, uuid and creation. */
MUST_USE int store_update_organization(struct sql *sql, const struct organization_row *row);
MUST_USE int store_count_organizations(struct sql *sql, int64_t *ret_count);
MUST_USE int store_find_organization_by_uuid(struct sql *sql, str uuid, int64_t *ret_id);
/* After a change of its configuration, in the same transaction: pictures of it that were read
 * before have an older version. STORE_NOT_FOUND: there is no such organization. */
MUST_USE int store_raise_version(struct sql *sql, int64_t organization);
/* One more than the highest there is. The writing connection only. */
MUST_USE int store_next_organization(struct sql *sql, int64_t *ret_id);

/* ── users and members ── */

/* A person, whatever organizations they are in: how they log in, and nothing else. */
struct user_row {
    int64_t id;
    str email_key;
    str password; /* hash */
    int64_t created_ms;
};

MUST_USE int store_insert_user(struct sql *sql, const struct user_row *row);
MUST_USE int store_find_user(struct sql *sql, int64_t user, struct arena *arena,
                             struct user_row *ret_row);
MUST_USE int store_find_user_by_email(struct sql *sql, str email_key, struct arena *arena,
                                      struct user_row *ret_row);
MUST_USE int store_update_user(struct sql *sql, int64_t user, str password_hash);
MUST_USE int store_delete_user(struct sql *sql, int64_t user);

/* A person in an organization, as that one calls them. */
struct member_row {
    int64_t user;
    str email;
    str name;
    enum role role;
    int64_t created_ms;
    bool notices; /* wants mails about endpoints in trouble */
};

/* Of the notices that there are already none is for them. */
MUST_USE int store_insert_member(struct sql *sql, int64_t organization,
                                 const struct member_row *row);
/* Name and role. */
MUST_USE int store_update_member(struct sql *sql, int64_t organization,
                                 const struct member_row *row);
MUST_USE int store_delete_member(struct sql *sql, int64_t organization, int64_t user);
MUST_USE int store_find_member(struct sql *sql, int64_t organization, int64_t user,
                               struct arena *arena, struct member_row *ret_row);
/* Newest first, by user. */
MUST_USE int store_list_members(struct sql *sql, const struct store_page *page,
                                struct member_row *ret_rows, int *ret_count);
MUST_USE int store_count_owners(struct sql *sql, int64_t organization, int64_t *ret_count);

/* Where a user is a member. */
struct membership {
    int64_t organization;
    str uuid;
    str name;
    enum role role;
};

/* In the organization of that uuid; with an empty one, in the oldest. */
MUST_USE int store_find_membership(struct sql *sql, int64_t user, str uuid, struct arena *arena,
                                   struct membership *ret_membership);
MUST_USE int store_count_memberships(struct sql *sql, int64_t user, int64_t *ret_count);

/* ── sessions: found by the SHA-256 of their token ── */

struct session_row {
    int64_t user;
    int64_t organization;
    str csrf;
    int64_t created_ms;
    int64_t expires_ms;
};

/* A session with what a call needs to know of its user. */
struct session_found {
    struct session_row session;
    struct membership membership;
};

MUST_USE int store_insert_session(struct sql *sql, const struct digest *token,
                                  const struct session_row *row);
/* Expired ones, and those of someone who is no member any more, are not found. */
MUST_USE int store_find_session(struct sql *sql, const struct digest *token, int64_t now_ms,
                                struct arena *arena, struct session_found *ret_found);
MUST_USE int store_delete_session(struct sql *sql, const struct digest *token);
/* Of a user in one organization, or in all (0); `except` (may be NULL) stays. */
MUST_USE int store_delete_sessions(struct sql *sql, int64_t user, int64_t organization,
                                   const struct digest *except);
/* Some of those that have run out before go. How many; below 0: failure. */
MUST_USE int64_t store_prune_sessions(struct sql *sql, int64_t before_ms, int most);

/* ── audit ── */

struct audit_row {
    int64_t id;
    int64_t organization;
    int64_t at_ms;
    str actor;  /* "usr_…", "key_…", "setup", or "hub" */
    str action; /* "webhook.create" */
    str object; /* the id of what was changed */
    str detail; /* JSON object, without secrets */
    str client; /* address */
    str request_id;
};

MUST_USE int store_insert_audit(struct sql *sql, const struct audit_row *row);
/* Newest first. */
MUST_USE int store_list_audit(struct sql *sql, const struct store_page *page,
                              struct audit_row *ret_rows, int *ret_count);
