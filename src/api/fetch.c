/* SPDX-License-Identifier: MIT
 * api/fetch.c: organizations that the loop's directory does not hold. A reader reads the picture
 * and posts it back; the loop keeps it, and the calls that waited for it start again. Calls that
 * miss the same thing meanwhile wait for the same fetch. */
#include <stdlib.h>

#include "account/picture.h"
#include "api/call.h"

enum fetch_kind { FETCH_BY_UUID, FETCH_BY_KEY, FETCH_BY_LOGIN };

struct fetch {
    struct reader_task task;
    struct http_task back;
    struct loop_state *loop;
    enum fetch_kind kind;
    struct digest hash;              /* by key */
    char text[CLIENT_LOGIN_MAX + 1]; /* the kind, and behind it the uuid, hash or login */
    size_t text_len;
    struct picture *picture; /* what was found, one reference */
    int failure;
    struct call *first; /* the calls that wait */
    struct call **last;
};

/* With the kind: a login may look like a uuid. */
static str name_of(const struct fetch *fetch)
{
    return str_from(fetch->text, fetch->text_len);
}

static int find_organization(const struct fetch *fetch, struct sql *sql, int64_t *ret_organization)
{
    switch (fetch->kind) {
    case FETCH_BY_UUID:
        return picture_find_by_uuid(sql, str_skip(name_of(fetch), 1), ret_organization);
    case FETCH_BY_KEY:
        return picture_find_by_key(sql, &fetch->hash, ret_organization);
    case FETCH_BY_LOGIN:
        return picture_find_by_login(sql, str_skip(name_of(fetch), 1), ret_organization);
    }
    return FAIL_CORRUPT;
}

/* On a reader's thread. */
static void run_fetch(struct reader_task *task, struct store_reader *reader)
{
    struct fetch *fetch = CONTAINER_OF(task, struct fetch, task);
    const struct api_context *context = &fetch->loop->api->context;
    const struct picture_source source = { .sql = store_reader_sql(reader),
                                           .seal_key = context->seal_key,
                                           .limits = context->limits,
                                           .zones = context->zones };
    int64_t organization;
    int r = find_organization(fetch, source.sql, &organization);
    if (r == 0)
        r = picture_read(&source, organization, &fetch->picture);
    fetch->failure = MIN_OF(r, 0);
    http_loop_post(fetch->loop->http, &fetch->back);
}

/* Back on the loop. */
static void end_fetch(struct http_task *task, struct http_loop *http)
{
    (void)http;
    struct fetch *fetch = CONTAINER_OF(task, struct fetch, back);
    struct loop_state *loop = fetch->loop;
    (void)map_remove(&loop->fetches, name_of(fetch));
    if (fetch->picture != NULL)
        directory_put(loop->directory, fetch->picture);
    for (struct call *call = fetch->first, *next; call != NULL; call = next) {
        next = call->next;
        struct request *request = call->request;
        call->fetched = true;
        call->failure = fetch->failure;
        if (call_start(call))
            request_done(request);
    }
    free(fetch);
}

static bool wait_for(struct call *call, struct fetch *wanted)
{
    struct loop_state *loop = call_loop(call);
    struct fetch *fetch = map_find(&loop->fetches, name_of(wanted));
    if (fetch == NULL) {
        fetch = xmalloc(sizeof(*fetch));
        *fetch = *wanted;
        fetch->loop = loop;
        fetch->task = (struct reader_task){ .run = run_fetch, .snapshot = true };
        fetch->back.run = end_fetch;
        fetch->last = &fetch->first;
        if (!readers_post(loop->api->context.readers, &fetch->task)) {
            free(fetch);
            (void)call_refuse_full(call);
            return false;
        }
        (void)map_put(&loop->fetches, name_of(fetch), fetch);
    }
    call->next = NULL;
    *fetch->last = call;
    fetch->last = &call->next;
    return true;
}

static struct fetch new_fetch(enum fetch_kind kind, str text)
{
    struct fetch wanted = { .kind = kind, .text_len = text.len + 1 };
    assert(text.len > 0 && text.len < sizeof(wanted.text));
    wanted.text[0] = (char)kind;
    memcpy(wanted.text + 1, text.ptr, text.len);
    return wanted;
}

bool fetch_by_uuid(struct call *call, str uuid)
{
    struct fetch wanted = new_fetch(FETCH_BY_UUID, uuid);
    return wait_for(call, &wanted);
}

bool fetch_by_login(struct call *call, str login)
{
    struct fetch wanted = new_fetch(FETCH_BY_LOGIN, login);
    return wait_for(call, &wanted);
}

bool fetch_by_key(struct call *call, const struct digest *hash)
{
    struct fetch wanted = new_fetch(FETCH_BY_KEY, digest_str(hash));
    wanted.hash = *hash;
    return wait_for(call, &wanted);
}
