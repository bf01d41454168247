/* SPDX-License-Identifier: MIT
 * api/api.h: the HTTP face of the hub: the route table, who may use it, and one file a resource. */
#pragma once

#include "account/directory.h"
#include "http/http.h"
#include "inlet/inlet.h"
#include "intake/committer.h"
#include "store/readers.h"

struct api;
struct couriers;

/* What the hub does for the API. Each may be called from any thread. */
struct api_hub {
    void *context;
    bool (*ready)(void *context);
    /* Attempts, runs and commits under way or due now. */
    int (*busy)(void *context);
    /* The test clock: moves Junctor's time, and returns it once everything that is due by then is
     * queued. May block: called on a reader's thread. */
    int64_t (*advance)(void *context, int64_t advance_ms);
    /* The store knows that the outlets that were held after a restore are held no more. Must not
     * block. */
    void (*released)(void *context);
    /* True while they are held. */
    bool (*held)(void *context);
};

/* A mail by hand, to whoever asks for it, and what came of it. */
struct api_mail_test {
    int64_t user;
    str name;
    str address;
    bool sent; /* answers, in the arena: the mail server has taken it over */
    int reply; /* its last code; 0: none */
    str error; /* what went wrong and what to do; empty: sent */
};

struct api_mail_counts {
    int64_t sent;
    int64_t failed;
    int64_t waiting; /* people whose mail cannot go now */
};

/* Mails about endpoints in trouble. Each may be called from any thread. */
struct api_mail {
    void *context; /* NULL: none go, and the others are not called */
    /* May block for some seconds. False: another one is under way. */
    bool (*test)(void *context, struct api_mail_test *test, struct arena *arena);
    void (*read_counts)(void *context, struct api_mail_counts *ret_counts);
};

struct api_context {
    struct committer *committer;
    struct readers *readers;
    struct couriers *couriers; /* to look at; may be NULL */
    const struct limits *limits;
    const struct clock *clock;
    const struct log *log;
    const struct seal_key *seal_key;
    struct zones *zones;
    struct inlet_context inlet;
    struct cidr_list allow_egress;
    str public_url; /* "https://hub.example"; empty: as the request came */
    struct api_hub hub;
    struct api_mail mail;
};

/* Asserts that each route has its rule. What the context points to must outlive the API. */
MUST_USE struct api *api_new(const struct api_context *context);
/* When no loop runs any more. */
void api_free(struct api *api);

struct http_handler api_handler(struct api *api);

/* For figures: the server that the handler serves, once it has started. Any thread. */
void api_set_server(struct api *api, const struct http_server *server);

/* Gives a picture to each loop of the server, one reference each (committer_hooks.publish), and
 * calls publication_done() for each loop that uses it. Any thread. */
void api_publish(struct http_server *server, struct picture *picture,
                 struct publication *publication);
