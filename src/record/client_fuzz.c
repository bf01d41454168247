/* SPDX-License-Identifier: MIT
 * A client's call as a query. Either each wrong parameter is named, or the life of an order takes what
 * it says; and of a card number four digits get through. */
#include "record/client.h"

#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_errors(const struct problem *problem)
{
    assert(problem->id == PROBLEM_INVALID && problem->errors != NULL);
    for (const struct field_error *at = problem->errors; at != NULL; at = at->next)
        assert(at->field.len > 0 && at->message.len > 0);
}

static void check_said(const struct client_order *said, struct arena *arena)
{
    const struct order_facts *facts = &said->facts;
    json rest;
    struct json_error error;
    if (said->rest.len > 0) {
        bool good = json_read(arena, said->rest, 4, &rest, &error);
        assert(good && json_type(rest) == JSON_OBJECT);
    }
    assert(said->campaign >= 0 && said->customer >= 0 && said->order_number >= 0);
    assert(said->client_order_id.len <= 4 * CLIENT_ORDER_ID_MAX);
    assert(facts->values[CRM_CARD_LAST4].len <= 4);
    assert(facts->line_count <= CRM_LINES_MAX + 1);
    for (int i = 0; i < facts->line_count; i++) {
        assert(said->lines[i].product.len > 0 && said->lines[i].slot <= CRM_LINES_MAX);
        assert(facts->lines[i].quantity >= 1 && facts->lines[i].price >= -1 &&
               facts->lines[i].ship_price >= -1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct pairs pairs = {};
    struct problem problem = {};
    struct client_order said;
    if (!pairs_add_query(&pairs, str_from(data, size), &arena, &problem))
        return 0;
    if (!client_order_read(&pairs, STR("0000000000000000"), &arena, &said, &problem)) {
        check_errors(&problem);
        return 0;
    }
    check_said(&said, &arena);
    struct order order = {};
    struct order_outcome outcome;
    struct order_input input = { .facts = said.facts, .strict = true, .now_ms = 1 };
    input.facts.lines_said = false;
    input.facts.state = SALE_COMPLETE;
    order_apply(&order, &input, &arena, &outcome);
    assert(outcome.verdict == ORDER_APPLIED && order.state == SALE_COMPLETE);
    return 0;
}
