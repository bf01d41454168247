/* SPDX-License-Identifier: MIT
 * api/route_rules.c: what must hold of every row of the route table. */
#include "api/routes.h"

static const char *handler_fault(const struct route *route)
{
    int first = (route->immediate != NULL) + (route->ingest != NULL) + (route->query != NULL) +
                (route->slow != NULL);
    if (first > 1)
        return "more than one function does it";
    if (first == 0 && route->command == NULL)
        return "no function does it";
    if (first == 1 && route->command != NULL && route->slow == NULL)
        return "a command follows what it may not follow";
    if (route->again != NULL && route->command == NULL)
        return "only commands make something once";
    if (route->event != (route->ingest != NULL))
        return "only inlets take events";
    return NULL;
}

const char *route_fault(const struct route *route)
{
    if (route->who == WHO_NOBODY)
        return "nobody may come in";
    bool alone = (route->who & (route->who - 1)) == 0;
    if ((route->who & (WHO_ANYONE | WHO_INLET | WHO_PLUGIN | WHO_CLIENT)) != 0 && !alone)
        return "anyone, inlet, plugin and client stand alone";
    if (((route->who & WHO_KEY) != 0) != (route->scope != SCOPE_NONE))
        return "a scope goes with keys";
    if (((route->who & WHO_SESSION) != 0) != (route->role != ROLE_NONE))
        return "a role goes with sessions";
    if ((route->who & (WHO_INLET | WHO_PLUGIN)) != 0 && route->ingest == NULL)
        return "an inlet takes events";
    if (route->status < 200 || route->status > 299 ||
        (route->status == 204) != (route->answer == NULL && route->content_type == NULL))
        return "status and answer do not fit";
    if (route->id == NULL || route->tag == NULL || route->summary == NULL)
        return "it is not described";
    return handler_fault(route);
}

int route_query_count(const struct route *route)
{
    int count = 0;
    while (route->query_parameters != NULL && route->query_parameters[count].name != NULL)
        count++;
    return count;
}
