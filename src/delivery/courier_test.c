/* SPDX-License-Identifier: MIT
 * Couriers against a receiver that misbehaves: what it sees, and what is recorded. */
#include "delivery/testing.h"

static void start_with(struct bed *bed, struct receiver **receiver, const char *path)
{
    *receiver = receiver_new(NULL);
    bed_init(bed);
    bed_start(bed);
    bed_webhook(bed, &(struct webhook_text){ .id = 7,
                                             .url = url_at(bed, receiver_port(*receiver), path),
                                             .secret = "key of the tests" });
}

static void stop(struct bed *bed, struct receiver *receiver)
{
    bed_done(bed);
    receiver_free(receiver);
}

TEST(delivers)
{
    struct bed bed;
    struct receiver *receiver;
    start_with(&bed, &receiver, "/ok");
    int64_t id = bed_deliver(&bed, 7, "{\"a\":1}");
    struct record record = bed_record(&bed, 0);
    CHECK_INT("delivery", record.before.id, id);
    CHECK_INT("state", record.after.state, DELIVERY_DELIVERED);
    CHECK_INT("status", record.attempt.status, 200);
    CHECK_STR("error", record.attempt.error, STR(""));
    CHECK_STR("body", record.attempt.response_body, STR("{\"ok\":true}"));
    struct received received = receiver_get(receiver, 0);
    CHECK_STR("request", record.attempt.request_head, received.head);
    CHECK_STR("body", received.body,
              STR("{\"type\":\"custom_event.order\",\"timestamp\":\"2023-11-14T22:13:20.123Z\","
                  "\"data\":{\"a\":1}}"));
    bed_settle(&bed);
    stop(&bed, receiver);
}

RUN_TESTS(cmocka_unit_test(delivers))
