/* SPDX-License-Identifier: MIT
 * api/once.c: what is made once, however often it is asked for under one Idempotency-Key.
 *
 * The key is kept with what was made, in the transaction that makes it, as keys of custom events are
 * (store.h: idempotency_row; for 24 hours). Nothing of an answer is stored: a repeat reads the thing
 * as it is now, by the function that shows it, and what was shown once is not shown again. */
#include "api/call.h"

#define KEY_MAX 255
#define HASH_KEPT 16

struct once {
    unsigned char key[HASH_KEPT];
    unsigned char request[HASH_KEPT];
};

/* Bodies may hold secrets that can be guessed: without the sealing key their hash says nothing. */
static void hash(const struct call *call, unsigned char to[HASH_KEPT], const str *parts, int count)
{
    const struct seal_key *seal_key = call->api->context.seal_key;
    struct hmac *CLEANUP(hmac_freep) hmac =
        hmac_new(str_from(seal_key->bytes, sizeof(seal_key->bytes)));
    hmac_begin(hmac);
    hmac_add(hmac, STR("Idempotency-Key"));
    for (int i = 0; i < count; i++) {
        char length[sizeof(uint64_t)];
        uint64_t bytes = parts[i].len;
        memcpy(length, &bytes, sizeof(length));
        hmac_add(hmac, str_from(length, sizeof(length)));
        hmac_add(hmac, parts[i]);
    }
    const struct digest digest = hmac_finish(hmac);
    memcpy(to, digest.bytes, HASH_KEPT);
}

static int path_count(const struct route *route)
{
    int count = 0;
    for (const char *at = route->pattern; *at != '\0'; at++)
        count += *at == '{';
    return count;
}

bool once_read(struct call *call)
{
    struct request *request = call->request;
    str name = STR("Idempotency-Key");
    const str *header = request_header(request, name);
    if (header == NULL)
        return true;
    if (header->len == 0 || header->len > KEY_MAX || request_header_count(request, name) > 1) {
        (void)call_refuse(call, PROBLEM_MALFORMED,
                          STR("The Idempotency-Key must come once, with 1 to 255 characters."));
        return false;
    }
    call->once = ARENA_NEW(&request->arena, struct once);
    /* The organization too: of one hash the store's memory knows one key. */
    str parts[3 + ROUTE_PARAMETERS_MAX] = { call->caller.uuid, str_c(call->route->id), *header };
    int count = path_count(call->route);
    for (int i = 0; i < count; i++)
        parts[3 + i] = call->path[i];
    hash(call, call->once->key, parts, 3 + count);
    hash(call, call->once->request, &request->body, 1);
    return true;
}

static int repeat(struct call *call, struct batch *batch, const struct idempotency_load *load)
{
    const struct route *route = call->route;
    if (memcmp(load->request, call->once->request, HASH_KEPT) != 0)
        return call_refuse(call, PROBLEM_KEY_REUSED,
                           STR("This Idempotency-Key came with another body within 24 hours. Use a "
                               "new key for another request."));
    call->made = (struct made){ .id = load->contact, .event = load->event };
    call->path[path_count(route)] = id_text(&call->request->arena, route->makes, load->contact);
    int r = route->again(call, batch_sql(batch));
    if (r == 0)
        call->request->reply.status = route->status;
    if (r != CALL_REFUSED)
        return fail(r);
    call->problem = (struct problem){};
    return call_refuse(call, PROBLEM_GONE,
                       STR("What this Idempotency-Key has made was deleted since. Use a new key to "
                           "make another."));
}

static void remember(struct call *call, struct batch *batch, struct idempotency_load *load)
{
    const struct once *once = call->once;
    assert(call->made.id != 0);
    load->event = call->made.event != 0 ? call->made.event : batch_draw_id(batch);
    load->contact = call->made.id;
    memcpy(load->request, once->request, HASH_KEPT);
    const struct idempotency_row row = { .organization = call->caller.organization,
                                         .key = load->key,
                                         .request = str_from(once->request, HASH_KEPT),
                                         .event = load->event,
                                         .contact = load->contact,
                                         .at_ms = batch_now_ms(batch) };
    batch_add_idempotency(batch, &row);
}

int once_run(struct call *call, struct batch *batch)
{
    struct idempotency_load *load = batch_load_idempotency(batch, call->caller.organization,
                                                           str_from(call->once->key, HASH_KEPT));
    int r = batch_load(batch);
    if (r < 0)
        return fail(r);
    if (load->event != 0)
        return repeat(call, batch, load);
    r = call->route->command(call, batch);
    if (r == 0)
        remember(call, batch, load);
    return r;
}
