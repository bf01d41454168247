/* SPDX-License-Identifier: MIT
 * api/setup.h: the first organization, before or without a running hub: by `junctor init`, and at
 * the first start. Each function is one transaction on the writing connection, with its audit row.
 */
#pragma once

#include "base/clock.h"
#include "base/id.h"
#include "base/limits.h"
#include "base/problem.h"
#include "base/secret.h"
#include "store/store.h"

struct setup {
    struct store_writer *writer;
    struct id_source *ids; /* from above the highest id in the store */
    const struct clock *clock;
    const struct seal_key *seal_key;
    const struct limits *limits;
};

struct setup_request {
    str organization; /* its name */
    str email;        /* of its owner */
    str password;
    str user_name; /* empty: the e-mail address */
};

/* What was made. Texts live in the arena. */
struct setup_result {
    int64_t organization; /* the small number */
    str organization_id;  /* uuid */
    str user_id;          /* "usr_…" */
    str api_key;          /* the owner's, with every scope */
};

enum { SETUP_REFUSED = 1 };

/* An organization, its owner, and a key. SETUP_REFUSED: reterr says which value is wrong. Hashes
 * the password: takes some 50 ms. */
MUST_USE int setup_organization(const struct setup *setup, const struct setup_request *request,
                                struct arena *arena, struct setup_result *ret_result,
                                struct problem *reterr);

/* An API key with every scope, named `name`: for one that was lost. STORE_NOT_FOUND: there is no
 * such organization. */
MUST_USE int setup_api_key(const struct setup *setup, int64_t organization, str name,
                           struct arena *arena, str *ret_api_key);

struct setup_example {
    str integration_id;
    str event_id;
    str event_path; /* where to send it: "/custom-events/alias/hello?createContact=true" */
    str event_body; /* what to send */
    str webhook_id;
    str webhook_secret; /* "whsec_…" */
};

/* The integration "Example" with the custom event `hello` (context api), and a webhook endpoint for
 * everything to `url`. SETUP_REFUSED: there is an event of that alias already. */
MUST_USE int setup_example(const struct setup *setup, int64_t organization, str url,
                           struct arena *arena, struct setup_example *ret_example);
