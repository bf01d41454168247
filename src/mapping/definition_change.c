/* SPDX-License-Identifier: MIT */
#include "mapping/definition.h"
#include "model/names.h"
#include "json/json.h"

struct change {
    const struct event_definition *before;
    const struct event_definition *after;
    struct arena *arena;
    struct problem *reterr;
};

static void locked(const struct change *change, str pointer, str field, str message)
{
    problem_add(
        change->reterr, change->arena,
        (struct field_error){
            .pointer = pointer, .field = field, .code = STR("locked"), .message = message });
}

/* `member` of the field that stands at `index` in what was sent. */
static void locked_member(const struct change *change, int index, const char *member)
{
    str id = change->after->fields[index].id;
    locked(change, arena_format(change->arena, "/fields/%d/%s", index, member), str_c(member),
           arena_format(change->arena,
                        "Leave %s of \"%.*s\" as it is, or add a field of another id: events may "
                        "have come with it.",
                        member, STR_ARG(id)));
}

static bool same_pointer(const struct field *a, const struct field *b)
{
    return a->has_pointer == b->has_pointer && str_equal(a->pointer_text, b->pointer_text);
}

/* Both lists in the order of their ids. */
static bool keeps_options(const struct field *before, const struct field *after)
{
    int at = 0;
    for (int i = 0; i < before->option_count; i++) {
        str id = before->options[before->option_order[i]].id;
        while (at < after->option_count &&
               str_compare(after->options[after->option_order[at]].id, id) < 0)
            at++;
        if (at == after->option_count || !str_equal(after->options[after->option_order[at]].id, id))
            return false;
    }
    return true;
}

static void check_field(const struct change *change, int index, const struct field *before)
{
    const struct field *after = &change->after->fields[index];
    if (after->type != before->type)
        locked_member(change, index, "type");
    else if (!keeps_options(before, after))
        locked_member(change, index, "options");
    if (after->required != before->required)
        locked_member(change, index, "required");
    if (after->primary != before->primary)
        locked_member(change, index, "isPrimaryKey");
    if (!same_pointer(before, after))
        locked_member(change, index, "jsonPointerPath");
    if (!str_equal(after->country, before->country))
        locked_member(change, index, "defaultCountryCode");
}

static void check_new_field(const struct change *change, int index)
{
    const struct field *field = &change->after->fields[index];
    if (!field->required)
        return;
    locked(change, arena_format(change->arena, "/fields/%d/required", index), STR("required"),
           STR("Send \"required\": false: senders do not know a field that is added later."));
}

bool definition_may_become(const struct event_definition *before,
                           const struct event_definition *after, struct arena *arena,
                           struct problem *reterr)
{
    const struct change change = {
        .before = before, .after = after, .arena = arena, .reterr = reterr
    };
    int errors_before = reterr->error_count;
    if (after->context != before->context)
        locked(&change, STR("/context"), STR("context"),
               arena_format(arena, "Leave it at %.*s, or make another event.",
                            STR_ARG(context_name(before->context))));
    for (int i = 0; i < after->field_count; i++) {
        const struct field *old = map_find(&before->by_id, after->fields[i].id);
        if (old == NULL)
            check_new_field(&change, i);
        else
            check_field(&change, i, old);
    }
    str primary = before->fields[before->primary].id;
    if (map_find(&after->by_id, primary) == NULL)
        locked(&change, STR("/fields"), STR("fields"),
               arena_format(arena, "Keep the primary key \"%.*s\": contacts are found by it.",
                            STR_ARG(primary)));
    return reterr->error_count == errors_before;
}
