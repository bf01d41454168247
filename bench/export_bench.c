/* SPDX-License-Identifier: MIT
 * bench/export_bench.c: what it takes to find out who asks for what has happened to an order, with
 * many export profiles.
 *
 *   export_bench [PROFILES [ROUTES [ROUNDS]]]        1000 profiles of 20 routes each; 20000 rounds
 *
 * Prints microseconds a match: "mixed": the routes of a profile are of different customer types, with
 * one to three of 200 campaigns, or, one in ten, a product, each; "one type": all are of the same. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "route/route.h"

#define CAMPAIGNS 200
#define PRODUCTS 200
#define ORDERS 64

struct bench {
    struct picture *picture;
    uint64_t seed;
};

/* xorshift64*, Vigna */
static int64_t draw(struct bench *bench, int64_t below)
{
    bench->seed ^= bench->seed >> 12;
    bench->seed ^= bench->seed << 25;
    bench->seed ^= bench->seed >> 27;
    return (int64_t)((bench->seed * UINT64_C(0x2545f4914f6cdd1d) >> 32) % (uint64_t)below);
}

/* Sorted, as routes have them. */
static const int64_t *draw_ids(struct bench *bench, struct arena *arena, int64_t most, int count)
{
    int64_t *ids = ARENA_ARRAY(arena, int64_t, (size_t)count);
    int64_t step = most / count;
    for (int i = 0; i < count; i++)
        ids[i] = i * step + draw(bench, step) + 1;
    return ids;
}

static void add_profile(struct bench *bench, int64_t id, int route_count, bool one_type)
{
    struct endpoint *endpoint = object_new(sizeof(*endpoint));
    struct arena *arena = &endpoint->object.arena;
    struct export_route *routes = ARENA_ARRAY(arena, struct export_route, (size_t)route_count);
    int64_t first = draw(bench, CUSTOMER_TYPE_COUNT);
    for (int i = 0; i < route_count; i++) {
        struct export_route *route = &routes[i];
        route->id = id * 1000 + i;
        route->type =
            one_type ? CUSTOMER_NEW_SALE : (enum customer_type)((first + i) % CUSTOMER_TYPE_COUNT);
        if (draw(bench, 10) == 0) {
            route->product_count = 1;
            route->products = draw_ids(bench, arena, PRODUCTS, 1);
        } else {
            route->campaign_count = 1 + (int)draw(bench, 3);
            route->campaigns = draw_ids(bench, arena, CAMPAIGNS, route->campaign_count);
        }
    }
    struct export_profile *profile = ARENA_NEW(arena, struct export_profile);
    *profile = (struct export_profile){ .routes = routes, .route_count = route_count };
    endpoint->object.id = id;
    endpoint->kind = ENDPOINT_EXPORT;
    endpoint->export = profile;
    picture_put(bench->picture, OBJECT_ENDPOINT, endpoint);
}

static int64_t match(const struct bench *bench, const struct order *order, enum customer_type type)
{
    static const bool about[] = { true, true };
    struct export_walk walk = export_walk(&bench->picture->asks[type], order, type, about);
    int64_t found = 0;
    while (export_walk_next(&walk) != NULL)
        found++;
    return found;
}

static void measure(const char *label, bool one_type, int profiles, int routes, int64_t rounds)
{
    struct bench bench = { .picture = picture_new(1), .seed = 7 };
    for (int i = 0; i < profiles; i++)
        add_profile(&bench, i + 1, routes, one_type);
    picture_finish(bench.picture);
    struct order_line lines[ORDERS][2] = {};
    struct order orders[ORDERS] = {};
    for (int i = 0; i < ORDERS; i++) {
        lines[i][0].product = draw(&bench, PRODUCTS) + 1;
        lines[i][1].linked = draw(&bench, PRODUCTS) + 1;
        orders[i].campaign = draw(&bench, CAMPAIGNS) + 1;
        orders[i].lines = lines[i];
        orders[i].line_count = 2;
    }
    int64_t found = 0;
    int64_t began_us = clock_mono_us();
    for (int64_t i = 0; i < rounds; i++) {
        enum customer_type type =
            one_type ? CUSTOMER_NEW_SALE : (enum customer_type)(i % CUSTOMER_TYPE_COUNT);
        found += match(&bench, &orders[i % ORDERS], type);
    }
    int64_t took_us = clock_mono_us() - began_us;
    printf("%s: %.2f us a match, %.1f profiles found\n", label, (double)took_us / (double)rounds,
           (double)found / (double)rounds);
    object_release(bench.picture);
}

int main(int argc, char **argv)
{
    int profiles = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 1000;
    int routes = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 20;
    int64_t rounds = argc > 3 ? strtoll(argv[3], NULL, 10) : 20000;
    measure("mixed", false, profiles, routes, rounds);
    measure("one type", true, profiles, routes, rounds / 20 + 1);
    return 0;
}
