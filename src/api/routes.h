/* SPDX-License-Identifier: MIT
 * api/routes.h: the one route table. Each row says who may come in, by which rule, what it takes
 * and gives, and which function does it; the OpenAPI document is made of the same rows. A row
 * without a rule is refused at start. For the files of this folder. */
#pragma once

#include "api/schema.h"
#include "base/id.h"
#include "http/http.h"
#include "intake/committer.h"
#include "model/config.h"
#include "store/readers.h"

struct call;

/* Bits. A forgotten one lets nobody in. */
enum route_who {
    WHO_NOBODY = 0,
    WHO_ANYONE = 1,  /* alone */
    WHO_INLET = 2,   /* alone: the organization's uuid in the path, and its webhook secret if set */
    WHO_KEY = 4,     /* by `scope` */
    WHO_SESSION = 8, /* by `role` */
    WHO_PLUGIN = 16, /* alone: an instance of a plugin and its secret, which the request names */
    WHO_CLIENT = 32, /* alone: loginId and password of a plugin's client API, as parameters */
    WHO_CALLER = WHO_KEY | WHO_SESSION,
};

/* A query parameter. */
struct parameter {
    const char *name; /* NULL: the end */
    enum shape shape; /* string, instant, boolean; integer: from 1 to INT32_MAX */
    const char *const *choices;
    const char *help;
    const char *example;
};

#define ROUTE_PROBLEMS 8

/* Rows of a page, without ?limit=. */
#define PAGE_NORMAL ((int64_t)50)

struct route {
    enum http_method method;
    const char *pattern;
    enum route_who who;
    enum scope scope;
    enum role role;          /* the least one */
    bool event;              /* the body is an event's: its own cap, read by the inlet */
    bool test;               /* there with the test clock only */
    enum endpoint_kind kind; /* where the path names an endpoint */

    /* What does it. One of the first four; slow may be followed by a command, unless it answers. */
    void (*immediate)(struct call *call);                             /* on the loop */
    bool (*ingest)(struct call *call, const struct picture *picture); /* on the loop, parks */
    int (*query)(struct call *call, struct sql *sql);                 /* reader, in a snapshot */
    int (*slow)(struct call *call, struct store_reader *reader);      /* reader, may block */
    int (*command)(struct call *call, struct batch *batch);           /* in the committer */
    bool (*check)(struct call *call); /* of the body, before any of them; or NULL */
    /* Of what is made once under one Idempotency-Key: answers for what was made before, whose id stands
     * behind the path's others. The command sets call->made. NULL: the header is not looked at. */
    int (*again)(struct call *call, struct sql *sql);
    enum id_kind makes;
    /* Once the command is committed and before it is answered, on the committer's thread; must not
     * block. Or NULL. */
    void (*committed)(struct call *call);

    /* What it takes and gives. */
    const struct schema *body;    /* NULL: none is taken; one that comes is not looked at */
    bool body_optional;           /* a request without one is fine: call->body is NULL */
    const struct schema *answer;  /* NULL: none (204), or not JSON */
    int status;                   /* of success */
    const struct schema *preview; /* 200: the answer when nothing is done; NULL: it always is */
    bool list;                    /* {"data": [answer …], "next"}, ?limit=&cursor= */
    enum id_kind cursor;          /* of lists */
    const struct parameter *query_parameters;
    enum problem_id also[ROUTE_PROBLEMS]; /* beside those that follow from the rest */

    /* For people. */
    const char *id; /* operationId */
    const char *tag;
    const char *summary;
    const char *help;         /* more of it; may be NULL */
    const char *content_type; /* of an answer that is not JSON */
};

extern const struct route routes[];
extern const int route_count;

/* What is wrong with a row, or NULL. */
const char *route_fault(const struct route *route);

int route_query_count(const struct route *route);
