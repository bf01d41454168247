/* SPDX-License-Identifier: MIT
 * delivery/test_scene.h: a bed with a receiver, as the tests of couriers start from. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include "delivery/testing.h"

#define SECONDS ((int64_t)1000)
#define MINUTES (60 * SECONDS)
#define HOURS (60 * MINUTES)

struct scene {
    struct bed bed;
    struct receiver *receiver;
};

static inline int set_up(void **state)
{
    struct scene *scene = NEW(struct scene);
    scene->receiver = receiver_new(NULL);
    bed_init(&scene->bed);
    *state = scene;
    return 0;
}

static inline int tear_down(void **state)
{
    struct scene *scene = *state;
    bed_done(&scene->bed);
    receiver_free(scene->receiver);
    free(scene);
    return 0;
}

static inline void set_webhook(struct scene *scene, int64_t id, const char *path,
                               enum outlet_status status)
{
    struct bed *bed = &scene->bed;
    bed_webhook(bed,
                &(struct webhook_text){ .id = id,
                                        .url = url_at(bed, receiver_port(scene->receiver), path),
                                        .status = status,
                                        .secret = "key" });
}

static inline void webhook(struct scene *scene, int64_t id, const char *path)
{
    set_webhook(scene, id, path, OUTLET_ACTIVE);
}

static inline struct credential token_client(struct scene *scene, const char *token_path)
{
    return (struct credential){
        .kind = CREDENTIAL_OAUTH2,
        .token_url = str_c(url_at(&scene->bed, receiver_port(scene->receiver), token_path)),
        .client_id = STR("me"),
        .client_secret = STR("hush-hush"),
        .scope = STR("orders"),
    };
}

static inline bool is_said(str text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static inline void deliver(struct bed *bed, int64_t outlet, int count)
{
    for (int i = 0; i < count; i++)
        (void)bed_deliver(bed, outlet, "{}");
}

static inline void deliver_and_settle(struct bed *bed, int64_t outlet, int count)
{
    deliver(bed, outlet, count);
    bed_settle(bed);
}

static inline void advance_and_settle(struct bed *bed, int64_t ms)
{
    bed_advance(bed, ms);
    bed_settle(bed);
}

/* How many records say that a delivery to this outlet was delivered. Fails when one is so twice. */
static inline int count_delivered(struct bed *bed, int64_t outlet)
{
    int count = 0;
    int64_t *ids = calloc((size_t)bed_count(bed) + 1, sizeof(*ids));
    for (int i = 0; i < bed_count(bed); i++) {
        struct record record = bed_record(bed, i);
        if (record.before.outlet != outlet || record.after.state != DELIVERY_DELIVERED)
            continue;
        for (int k = 0; k < count && count < 5000; k++)
            CHECK("once", ids[k] != record.before.id);
        ids[count++] = record.before.id;
    }
    free(ids);
    return count;
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
