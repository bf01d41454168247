/* SPDX-License-Identifier: MIT
 * delivery/request.c: what is sent of a delivery, by the kind of its endpoint: here alone it is asked
 * for. */
#include "delivery/internal.h"
#include "mapping/export_render.h"
#include "model/names.h"

/* Those of the hub. */
static void add_content_headers(struct dispatch *dispatch, const struct content_signing *signing)
{
    struct arena *arena = &dispatch->arena;
    char *lines[CONTENT_HEADERS];
    int hops = dispatch->parcel->job->content->hops + 1;
    int count = content_headers(signing, hops, arena, lines);
    dispatch->headers = (struct header_list){};
    for (int i = 0; i < count; i++)
        headers_add(&dispatch->headers, lines[i], arena);
    /* libcurl: do not send it */
    headers_add(&dispatch->headers, arena_c(arena, STR("Expect:")), arena);
}

/* The newest first; none: its deliveries are not signed. */
static const struct content_key *signing_keys(struct dispatch *dispatch, int *ret_count)
{
    const struct outlet *outlet = dispatch->outlet;
    *ret_count = 0;
    if (outlet->key == NULL)
        return NULL;
    const struct endpoint *endpoint = outlet->endpoint; /* whose keys these are */
    struct content_key *keys =
        ARENA_ARRAY(&dispatch->arena, struct content_key, (size_t)endpoint->old_secret_count + 1);
    keys[(*ret_count)++] = (struct content_key){ .hmac = outlet->key };
    for (int i = 0; i < endpoint->old_secret_count; i++)
        keys[(*ret_count)++] = (struct content_key){
            .hmac = outlet->old_keys[i],
            .until_ms = endpoint->old_secrets[i].until_ms,
        };
    return keys;
}

static void make_webhook_request(struct dispatch *dispatch, struct content_signing *signing)
{
    const struct content *content = dispatch->parcel->job->content;
    signing->type = STR("application/json");
    signing->body = content_body(content, dispatch->endpoint->format, &dispatch->arena);
    signing->keys = signing_keys(dispatch, &signing->key_count);
}

/* Other headers than its type are the transport's. */
static bool make_export_request(struct dispatch *dispatch, struct content_signing *signing)
{
    struct exchange *exchange = &dispatch->exchange;
    struct export_content content;
    if (!export_content_read(dispatch->parcel->job->content->data, &content) ||
        !request_method_read(content.method, &exchange->method))
        return false;
    signing->type = content.type;
    if (content.in_body)
        signing->body = content.parameters;
    if (content.in_body || content.parameters.len == 0)
        return true;
    exchange->request_target = target_request(
        dispatch->target, content.parameters,
        dispatch->proxy != NULL && !target_is_tls(dispatch->target), &dispatch->arena);
    return exchange->request_target != NULL;
}

bool request_make(struct dispatch *dispatch, int64_t now_ms)
{
    const struct endpoint *endpoint = dispatch->endpoint;
    struct exchange *exchange = &dispatch->exchange;
    struct content_signing signing = { .delivery = dispatch->parcel->job->delivery.id,
                                       .outlet_kind = endpoint_id_kind(endpoint->kind),
                                       .outlet = dispatch->parcel->job->delivery.outlet,
                                       .at_ms = now_ms };
    exchange->target = dispatch->target;
    exchange->transport = &endpoint->transport;
    exchange->fresh = dispatch->parcel->fresh;
    if (dispatch->upload.name.len > 0) {
        exchange->upload = &dispatch->upload;
        return true;
    }
    if (endpoint->kind == ENDPOINT_WEBHOOK)
        make_webhook_request(dispatch, &signing);
    else if (!make_export_request(dispatch, &signing))
        return false;
    add_content_headers(dispatch, &signing);
    exchange->body = signing.body;
    exchange->proxy = dispatch->proxy;
    return true;
}
