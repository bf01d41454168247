/* SPDX-License-Identifier: MIT
 * api/inlets.c: the addresses where events come in. The inlet does the work. */
#include "api/call.h"
#include "api/handlers.h"
#include "inlet/konnektive.h"

bool inlets_take_api(struct call *call, const struct picture *picture)
{
    return inlet_take_api_event(&call->api->context.inlet, call->request, picture, call->path[0]);
}

bool inlets_take_postback(struct call *call, const struct picture *picture)
{
    return konnektive_take(&call->api->context.inlet, call->request, picture, call->parsed);
}

bool inlets_take_endpoint(struct call *call, const struct picture *picture)
{
    return inlet_take_webhook_event(&call->api->context.inlet, call->request, picture,
                                    call->path[1]);
}
