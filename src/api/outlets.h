/* SPDX-License-Identifier: MIT
 * api/outlets.h: the part of a body that all outlets share: policy and transport. They are stored
 * as two texts (model/outlet_json.h). */
#pragma once

#include "api/call.h"
#include "api/mask.h"
#include "model/outlet_json.h"

struct outlet_texts {
    enum endpoint_kind kind;
    str policy;      /* JSON; empty: of a new one */
    str transport;   /* sealed JSON; empty: all as usual */
    bool elsewhere;  /* the change of the URL leads to another host or port; outlets_change() adds:
                     * or that of the proxy */
    bool files;      /* go out, not requests */
    bool authorizes; /* answer of outlets_change(): it sends an Authorization of its own */
};

/* Behind the schema, on a loop: what of it cannot be, whatever the outlet has now. */
void outlets_check(struct call *call);

/* Puts what the body gives over what is there. CALL_REFUSED: together they cannot be. */
MUST_USE int outlets_change(struct call *call, struct outlet_texts *texts);

/* What shows how requests go out. */
struct outlet_shown {
    enum request_method method; /* of a webhook's */
    struct secret_names secret; /* headers whose values are to be masked wherever they are shown */
};

/* Of a stored transport. */
MUST_USE int outlets_read_shown(struct call *call, str transport, struct outlet_shown *ret_shown);

/* As members of the object that call->out is in; secrets masked. */
MUST_USE int outlets_write(struct call *call, const struct outlet_texts *texts);

/* Of a stored policy. */
enum outlet_order outlets_order(struct arena *arena, enum endpoint_kind kind, str policy);

/* Of a stored policy: a delivery may die of it. */
bool outlets_gives_up(struct arena *arena, enum endpoint_kind kind, str policy);

/* Strings for the array of warnings that call->out is in. */
MUST_USE int outlets_warn(struct call *call, const struct outlet_texts *texts);
