/* SPDX-License-Identifier: MIT
 * cli_client.h: a running hub's API, for the commands that speak to one. One request at a time. */
#pragma once

#include "cli.h"

/* What each of these commands is told; the first member of its options. */
struct client_options {
    str url;
    str key;
    str ca_file; /* empty: the system's certificates */
};

extern const struct option_table client_settings;

struct client;

struct client_reply {
    int status; /* 0: the hub was not reached */
    str fault;  /* why not */
    str body;
    json value; /* the body's, or absent */
};

/* NULL: libcurl cannot start; it has been said. */
MUST_USE struct client *client_new(const struct client_options *options);
void client_free(struct client *client);
void client_freep(struct client **client);

struct client_request {
    const char *method;
    str path;            /* "/api/v1/…", encoded */
    str body;            /* JSON; empty: none */
    str idempotency_key; /* empty: none */
};

/* True for a 2xx; else client_fail() says what it was. The reply lives in `arena`. */
MUST_USE bool client_call(struct client *client, const struct client_request *request,
                          struct arena *arena, struct client_reply *ret_reply);

/* What is wrong, on standard error: the problem's title, detail and field errors, or why the hub
 * was not reached. Returns EXIT_FAILED. */
COLD int client_fail(const struct client_reply *reply);

/* "/api/v1/webhooks/whk_…" or "/api/v1/export-profiles/exp_…", whichever an id is of. */
str client_endpoint_path(struct arena *arena, str id);

/* Percent-encoded (RFC 3986), for a path segment or a query's value. */
str url_encode(struct arena *arena, str text);
