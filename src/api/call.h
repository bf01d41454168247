/* SPDX-License-Identifier: MIT
 * api/call.h: one request on its way through the API. For the files of this folder.
 *
 *   head ──► route ──► request
 *                         │ anyone ───────────────────────────────────────────┐
 *                         │ key, inlet ──► directory ──(miss: fetch)──────────┤
 *                         │ cookie ──► session, on a reader's thread ─────────┤
 *                         │                                                   ▼
 *                         │        rules: address, rate, scope or role, CSRF ──► read: path, query,
 *                         │                                                      body ──► check
 *                         ▼                                                                │
 *                     answered ◄── immediate │ ingest │ query │ slow ──► command ◄─────────┘
 *
 * The call lies in its request's arena and belongs to whoever has the request: its loop, a reader's
 * thread, or the committer. The organization comes from the caller alone, in every statement. */
#pragma once

#include "account/directory.h"
#include "api/api.h"
#include "api/rate.h"
#include "api/routes.h"
#include "base/fail.h"
#include "base/id.h"
#include "store/config.h"
#include "store/readers.h"
#include "json/write.h"

struct metrics;

struct api {
    struct api_context context;
    struct router *router;
    struct rates *rates;
    struct metrics *metrics;
    str openapi;
    struct arena arena;
    atomic_int slow;                            /* slow calls under way */
    _Atomic(const struct http_server *) server; /* for figures; NULL before it has started */
};

/* What belongs to one loop. */
struct loop_state {
    struct api *api;
    struct http_loop *http;
    int index;
    struct directory *directory;
    struct map fetches; /* what is looked for → struct fetch */
};

enum caller_kind { CALLER_ANYONE = 0, CALLER_KEY, CALLER_SESSION, CALLER_CLIENT };

struct caller {
    enum caller_kind kind;
    int64_t organization;
    str uuid;   /* of the organization; empty on inlets */
    int64_t id; /* of the key, the user, or the plugin */
    unsigned scopes;
    enum role role; /* of a session's user */
    struct session_found *session;
    struct digest token; /* of a session */
};

/* What a command has made, for a repeat of it. */
struct made {
    int64_t id;    /* of the route's kind `makes` */
    int64_t event; /* that it came by; 0: none */
};

struct once; /* an Idempotency-Key: once.c */

struct call {
    struct request *request;
    struct api *api;
    const struct route *route;
    str path[ROUTE_PARAMETERS_MAX]; /* decoded */
    struct caller caller;
    struct problem refusal; /* the server's own: the request is not whole, this is the answer */
    bool fetched;           /* the store has been asked for the organization */
    int failure;            /* of asking */
    json body;              /* of routes that take one */
    const str *query;  /* values in the order of the route's parameters; no pointer: not given */
    void *parsed;      /* what the route's check made of it */
    struct once *once; /* NULL: no Idempotency-Key came, or the route looks at none */
    struct made made;
    int64_t before; /* lists: where the page starts */
    int limit;
    struct problem problem; /* when it has one, it is the answer */
    str headers;            /* of the reply, from before the command */
    struct buf text;        /* of the answer */
    struct json_writer out;
    struct reader_task task;
    struct operation operation;
    struct call *next; /* of those that wait for the same fetch */
};

/* A command's way to say no: nothing was written. */
enum { CALL_REFUSED = 1 };

/* ── answering ── */

/* A writer for the answer's body. */
struct json_writer *call_json(struct call *call);
/* Answers with what was written. */
void call_reply(struct call *call, int status);
/* Without a body: 204. */
void call_reply_nothing(struct call *call);
/* The problem is the answer. Returns CALL_REFUSED. */
int call_refuse(struct call *call, enum problem_id id, str text);
/* The same with one error that names a code. */
int call_refuse_code(struct call *call, enum problem_id id, const char *code, str text);
/* One wrong value of the body (422 when it is the first problem): "name", or "list/2" of one. Its
 * `field` is the last name of that. */
void call_wrong(struct call *call, const char *member, const char *code, str message);
/* More is waiting than the hub holds: send it again. Returns CALL_REFUSED. */
int call_refuse_full(struct call *call);
/* "There is no {what} with this id." */
int call_not_found(struct call *call, const char *what);

/* ── the way (call.c) ── */

/* On the loop. True: the reply is filled in. */
MUST_USE bool call_start(struct call *call);
/* After the caller is known. `reader` (may be NULL) is the thread's that this runs on, with an open
 * snapshot. True: the reply is filled in. */
MUST_USE bool call_proceed(struct call *call, struct store_reader *reader);
/* Fills in the reply for what a handler returned. */
void call_finish(struct call *call, int r);
/* Parks the call, to go on in `run` on a reader's thread. True: no room, the reply is filled in. */
MUST_USE bool call_read_later(struct call *call,
                              void (*run)(struct reader_task *task, struct store_reader *reader),
                              bool snapshot);

/* ── Idempotency-Keys (once.c) ── */

/* On the loop, behind the body. False: the header is wrong, and the problem says how. */
MUST_USE bool once_read(struct call *call);
/* The route's command, in the committer, unless it has been done under this key. As commands. */
MUST_USE int once_run(struct call *call, struct batch *batch);

/* ── who is asking (auth.c) ── */

/* Finds the caller on the loop. True: the reply is filled in. */
MUST_USE bool call_identify(struct call *call);
/* False: the problem says which rule forbids it. */
MUST_USE bool call_rules(struct call *call);
/* Addresses and rates of the organization. False: the problem says which forbids it. */
MUST_USE bool call_organization_rules(struct call *call, const struct picture *picture);
/* The scopes that a role is worth. */
unsigned role_scopes(enum role role);
/* An event's request that the server has refused by itself (call->refusal): its organization is
 * looked for, and gets to see it as a rejection. On the loop. True: the reply is filled in. */
MUST_USE bool call_end_refused(struct call *call);
/* What the caller may hand on. */
unsigned caller_scopes(const struct caller *caller);
/* Counts one guess at a password by rates_subject(): 10 a minute. False: the problem says when
 * there may be another. */
MUST_USE bool call_may_guess(struct call *call, uint64_t subject);

/* ── organizations that are not at hand (fetch.c) ── */

/* Parks the call; it starts again when the organization of that uuid, or with that key, has been
 * looked for. False: no room, the problem is set. */
MUST_USE bool fetch_by_uuid(struct call *call, str uuid);
MUST_USE bool fetch_by_key(struct call *call, const struct digest *hash);
/* The same of the login of a plugin's client API: 1 to CLIENT_LOGIN_MAX bytes. */
MUST_USE bool fetch_by_login(struct call *call, str login);

struct loop_state *call_loop(const struct call *call);

/* ── reading (read.c) ── */

/* Path, query and body, then the route's own check. False: the problem says what is wrong. */
MUST_USE bool call_read(struct call *call);
/* A query parameter's value; false: it was not given. */
bool call_query(const struct call *call, const char *name, str *ret_value);
/* The same of one that is a whole number. */
bool call_query_number(const struct call *call, const char *name, int *ret_number);
/* The same of one that is an id; 0: it was not given. False: it is no id, and the problem is set. */
bool call_query_id(struct call *call, const char *name, enum id_kind kind, int64_t *ret_id);
/* The id in the path; false: it is none, and the problem is set (404, as for ids of nobody). */
MUST_USE bool call_id(struct call *call, int index, enum id_kind kind, const char *what,
                      int64_t *ret_id);

/* Texts of the body: trimmed. False: not given. */
bool body_text(const struct call *call, const char *name, str *ret_text);
bool body_int(const struct call *call, const char *name, int64_t *ret_value);
/* Minor units. */
bool body_money(const struct call *call, const char *name, int64_t *ret_minor);
bool body_bool(const struct call *call, const char *name, bool *ret_value);

/* ── writing ── */

/* Minor units as "29.40". */
void json_member_money(struct json_writer *writer, str key, int64_t minor);
void json_member_int_or_null(struct json_writer *writer, str key, int64_t value);
/* `encoding_key` is "utf8", or "base64" for bytes that are no UTF-8. */
void json_member_bytes(struct json_writer *writer, str key, str encoding_key, str bytes,
                       struct arena *arena);
/* The stored list of comma-separated words as an array. */
void json_member_words(struct json_writer *writer, str key, str words);

/* "https://hub.example", as it is configured or as the request came; empty: neither says it. */
str call_base_url(const struct call *call);

/* ── lists ── */

struct store_page call_page(const struct call *call);
/* {"data":[ … call_end_list(call, next id) */
struct json_writer *call_begin_list(struct call *call);
/* `next` 0: the last page. `kind` is that of the cursor. */
void call_end_list(struct call *call, enum id_kind kind, int64_t next);
/* For lists read with one row more than the page: how many are shown. */
int call_shown(const struct call *call, int rows);
/* The answer is long enough: the page ends here, and the next goes on. */
bool call_has_enough(const struct call *call);

/* ── audit ── */

/* Who is asking, as the audit trail names them. */
str call_actor(const struct call *call);
/* One row of what this call did. `detail` is JSON, or empty for what the body says. */
MUST_USE int call_audit(struct call *call, struct batch *batch, const char *action, str object,
                        str detail);
str id_text(struct arena *arena, enum id_kind kind, int64_t id);
