/* SPDX-License-Identifier: MIT
 * A first byte that chooses a definition, or, when it is '!', a definition and a newline; then a
 * body. What is mapped is JSON with the fields in order, and maps to itself. */
#include "mapping/custom_event.h"

#include "mapping/pointer_tree.h"
#include "mapping/testing.h"
#include "json/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EMAIL "{\"id\":\"email\",\"type\":\"email\",\"required\":true,\"isPrimaryKey\":true"
#define FIELDS                                                                                     \
    EMAIL "},{\"id\":\"t\",\"type\":\"text\",\"required\":true},{\"id\":\"i\",\"type\":"           \
          "\"integer\"},{\"id\":\"d\",\"type\":\"decimal\"},{\"id\":\"w\",\"type\":\"date\"},"     \
          "{\"id\":\"b\",\"type\":\"boolean\"},{\"id\":\"e\",\"type\":\"email\"},"                 \
          "{\"id\":\"p\",\"type\":\"phone\",\"defaultCountryCode\":\"GB\"},"                       \
          "{\"id\":\"q\",\"type\":\"phone\"},"                                                     \
          "{\"id\":\"r\",\"type\":\"radio\",\"options\":[\"x\",\"y\",\"1\"]},"                     \
          "{\"id\":\"c\",\"type\":\"checkbox\",\"options\":[\"x\",\"y\",\"1\"]}"
#define DEFINITION(context, fields)                                                                \
    "{\"context\":\"" context "\",\"name\":\"x\",\"alias\":\"x\",\"fields\":[" fields "]}"

static const char *const definitions[] = {
    DEFINITION("api", FIELDS),
    DEFINITION("webhook", FIELDS),
    DEFINITION("webhook",
               EMAIL ",\"jsonPointerPath\":\"/a/m\"},"
                     "{\"id\":\"x\",\"type\":\"text\",\"jsonPointerPath\":\"\"},"
                     "{\"id\":\"y\",\"type\":\"text\",\"jsonPointerPath\":\"/a\"},"
                     "{\"id\":\"z\",\"type\":\"integer\",\"jsonPointerPath\":\"/a/0\"},"
                     "{\"id\":\"u\",\"type\":\"decimal\",\"jsonPointerPath\":\"/a/10\"},"
                     "{\"id\":\"v\",\"type\":\"boolean\",\"jsonPointerPath\":\"/a/m/~0~1\"},"
                     "{\"id\":\"w\",\"type\":\"text\",\"jsonPointerPath\":\"/0/1\"}"),
};

/* Each pointer alone finds what the tree of all finds. */
static void check_tree(struct arena *arena, const struct event_definition *definition, json body)
{
    json *values = ARENA_ARRAY(arena, json, (size_t)definition->field_count);
    bool *repeated = ARENA_ARRAY(arena, bool, (size_t)definition->field_count);
    bool more = pointer_tree_find(definition->tree, body, arena, values, repeated);
    (void)more;
    for (int i = 0; i < definition->field_count; i++)
        assert(json_pointer_find(&definition->fields[i].pointer, body) == values[i]);
}

/* The keys are ids of fields, in the order of the definition. */
static json check_fields(struct arena *arena, const struct event_definition *definition, str text)
{
    json fields;
    struct json_error error;
    bool read = json_read(arena, text, 2, &fields, &error);
    assert(read && json_type(fields) == JSON_OBJECT);
    const struct field *last = NULL;
    struct json_walk walk = json_walk(fields);
    str key;
    json value;
    while (json_next(&walk, &key, &value)) {
        const struct field *field = map_find(&definition->by_id, key);
        assert(field != NULL && (last == NULL || field > last));
        assert(!json_has_nul(value));
        last = field;
    }
    return fields;
}

static bool has_pointers(const struct event_definition *definition)
{
    for (int i = 0; i < definition->field_count; i++)
        if (definition->fields[i].has_pointer)
            return true;
    return false;
}

static void check_mapped(struct arena *arena, const struct event_definition *definition,
                         const struct mapped_event *mapped)
{
    str trimmed;
    str key;
    bool is_email = email_key(mapped->email, arena, &trimmed, &key);
    assert(is_email && str_equal(trimmed, mapped->email) && str_equal(key, mapped->email_key));
    json notes;
    struct json_error error;
    assert(mapped->notes.len == 0 || json_read(arena, mapped->notes, 2, &notes, &error));
    assert(mapped->notes.len == 0 || (definition->context == CONTEXT_WEBHOOK && mapped->partial));
    json fields = check_fields(arena, definition, mapped->fields);
    if (has_pointers(definition))
        return;
    struct mapped_event again;
    struct problem problem = {};
    bool good = custom_event_map(definition, fields, arena, &again, &problem);
    assert(good && str_equal(again.fields, mapped->fields));
    assert(str_equal(again.email_key, mapped->email_key));
}

static void check_definition(struct arena *arena, const struct event_definition *definition)
{
    struct buf text;
    buf_init(&text, arena, SIZE_MAX);
    struct json_writer writer = json_writer(&text);
    json_begin_object(&writer);
    json_member_string(&writer, STR("context"),
                       definition->context == CONTEXT_API ? STR("api") : STR("webhook"));
    json_member_string(&writer, STR("name"), definition->name);
    json_member_string(&writer, STR("alias"), definition->alias);
    str fields = definition_fields_write(definition, arena);
    json_member_raw(&writer, STR("fields"), fields);
    json_end_object(&writer);
    struct problem problem = {};
    struct event_definition *again = test_definition(buf_str(&text), arena, &problem);
    assert(again != NULL && str_equal(definition_fields_write(again, arena), fields));
    bool may = definition_may_become(definition, again, arena, &problem);
    assert(may);
    object_release(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    CLEANUP(arena_done) struct arena arena = {};
    str rest = str_from(data + 1, size - 1);
    bool given = data[0] == '!';
    str text = given ? str_cut(&rest, '\n') : str_c(definitions[data[0] % COUNT_OF(definitions)]);
    struct problem problem = {};
    struct event_definition *definition = test_definition(text, &arena, &problem);
    assert(problem_has(&problem) == (definition == NULL));
    if (definition == NULL)
        return 0;
    if (given)
        check_definition(&arena, definition);
    json body;
    struct json_error error;
    if (json_read(&arena, rest, 64, &body, &error)) {
        struct mapped_event mapped;
        check_tree(&arena, definition, body);
        if (custom_event_map(definition, body, &arena, &mapped, &problem)) {
            assert(!problem_has(&problem));
            check_mapped(&arena, definition, &mapped);
        } else {
            assert(problem_has(&problem) && problem.text.len > 0);
        }
    }
    object_release(definition);
    return 0;
}
