/* SPDX-License-Identifier: MIT
 * A postback as a query, or behind a '{' as JSON. Whatever it says is taken by the life of an order;
 * a change that comes again tells nothing; the order of the parameters and the secret do not matter
 * to its key; and no card number gets through. */
#include "record/postback.h"

#include "json/write.h"

#define SECRET "hush-hush-hush"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_pairs(str text, struct arena *arena, struct pairs *ret_pairs)
{
    struct problem problem = {};
    json object;
    struct json_error error;
    if (text.len == 0 || text.ptr[0] != '{')
        return pairs_add_query(ret_pairs, text, arena, &problem);
    return json_read(arena, text, 64, &object, &error) &&
           pairs_add_json(ret_pairs, object, arena, &problem);
}

static void check_json(str text, enum json_type type, struct arena *arena)
{
    json value;
    struct json_error error;
    if (text.len == 0)
        return;
    bool good = json_read(arena, text, 4, &value, &error);
    assert(good && json_type(value) == type && json_count(value) > 0);
}

static void check_facts(const struct order_facts *facts)
{
    assert(facts->line_count >= 0 && facts->line_count <= ORDER_LINES_MAX);
    assert(facts->lines_said == (facts->line_count > 0) && !facts->lines_are_all);
    assert(!facts->total_said || facts->total >= 0);
    assert(facts->values[CRM_CARD_LAST4].len <= 4);
    for (int i = 0; i < CRM_VALUE_COUNT; i++)
        assert((facts->values[i].ptr == NULL) == (facts->values[i].len == 0));
    for (int i = 0; i < facts->line_count; i++) {
        const struct order_line *line = &facts->lines[i];
        assert(line->quantity >= 0 && line->price >= -1 && line->ship_price >= -1 &&
               line->cycle >= 0);
        assert(line->sku.len > 0 || line->name.len > 0 || line->sender_id.len > 0);
    }
}

static void check_life(const struct order_input *input, struct arena *arena)
{
    struct order order = {};
    struct order_outcome outcome;
    order_apply(&order, input, arena, &outcome);
    assert(outcome.verdict == ORDER_APPLIED && order.state != SALE_NONE);
    order_apply(&order, input, arena, &outcome);
    assert((outcome.verdict == ORDER_REPEATED) == (input->change.kind != CHANGE_NONE));
    assert(input->change.kind == CHANGE_NONE || outcome.occurrence_count == 0);
    assert(order.line_count == 0 || input->facts.lines_said);
    for (int i = 0; i < order.line_count; i++)
        assert(order.lines[i].quantity >= 1 && order.lines[i].price >= 0 &&
               order.lines[i].ship_price >= 0);
}

static bool holds_secret(str text)
{
    str secret = STR(SECRET);
    return text.len > 0 && memmem(text.ptr, text.len, secret.ptr, secret.len) != NULL;
}

/* The other way round, and with a secret. */
static void check_again(const struct pairs *pairs, const struct postback *first,
                        const struct postback_context *context, struct arena *arena)
{
    struct pairs turned = { .at = ARENA_ARRAY(arena, struct pair, (size_t)pairs->count + 1) };
    for (int i = pairs->count - 1; i >= 0; i--)
        if (!str_equal_nocase(pairs->at[i].name, STR("secret")))
            turned.at[turned.count++] = pairs->at[i];
    turned.at[turned.count++] = (struct pair){ STR("secret"), STR(SECRET) };
    struct postback again;
    struct problem problem = {};
    bool good = postback_read(&turned, context, arena, &again, &problem);
    assert(good && str_equal(again.secret, STR(SECRET)));
    for (int i = 0; i < pairs->count; i++)
        if (holds_secret(pairs->at[i].name) || holds_secret(pairs->at[i].text))
            return;
    assert(!holds_secret(again.rest) && !holds_secret(again.notes));
    /* Of several names for the same the first counts, so that their order matters. */
    if (first->notes.len == 0 && again.notes.len == 0)
        assert(again.input.change.key == first->input.change.key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {};
    const struct zone zone = { .first_s = -5 * 3600 };
    const struct postback_context context = { .now_ms = 1795000000000, .zone = &zone };
    struct pairs pairs = {};
    struct problem problem = {};
    struct postback postback;
    if (!read_pairs(str_from(data, size), &arena, &pairs))
        return 0;
    if (!postback_read(&pairs, &context, &arena, &postback, &problem)) {
        assert(problem_has(&problem) && problem.id == PROBLEM_INVALID);
        return 0;
    }
    assert(postback.client_order_id.len > 0 || postback.sender_order_id.len > 0);
    assert(!postback.input.strict && postback.input.facts.said_ms <= context.now_ms + 86400000);
    assert((postback.input.change.kind == CHANGE_NONE) == (postback.input.change.key == 0));
    check_json(postback.notes, JSON_ARRAY, &arena);
    check_json(postback.notes_if_repeated, JSON_ARRAY, &arena);
    assert((postback.input.change.kind == CHANGE_NONE) == (postback.notes_if_repeated.len == 0));
    check_json(postback.rest, JSON_OBJECT, &arena);
    check_facts(&postback.input.facts);
    check_life(&postback.input, &arena);
    check_again(&pairs, &postback, &context, &arena);
    return 0;
}
