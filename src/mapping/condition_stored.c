/* SPDX-License-Identifier: MIT
 * Conditions out of the store. Caps that have been lowered since do not make them unreadable. */
#include "mapping/condition.h"

bool conditions_read_stored(str text, str pointer, struct arena *kept,
                            const struct conditions **ret_conditions)
{
    struct arena CLEANUP(arena_done) scratch = {};
    const struct limits limits = { .json_depth = JSON_DEPTH_MAX,
                                   .filter_groups = INT32_MAX,
                                   .filter_conditions = INT32_MAX };
    struct conditions_input input = {
        .pointer = pointer, .limits = &limits, .kept = kept, .arena = &scratch
    };
    struct problem problem = {};
    struct json_error error;
    return json_read(&scratch, text, JSON_DEPTH_MAX, &input.value, &error) &&
           conditions_read(&input, &problem, ret_conditions);
}
