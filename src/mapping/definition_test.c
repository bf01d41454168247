/* SPDX-License-Identifier: MIT */
#include "mapping/definition.h"

#include "base/testing.h"
#include "mapping/pointer_tree.h"
#include "mapping/testing.h"

/* The e-mail field every definition needs. */
#define EMAIL "{\"id\":\"email\",\"type\":\"email\",\"required\":true,\"isPrimaryKey\":true}"

/* A whole definition around `fields`. */
#define API(fields)                                                                                \
    "{\"context\":\"api\",\"name\":\"Order\",\"alias\":\"order\",\"fields\":[" fields "]}"
#define WEBHOOK(fields)                                                                            \
    "{\"context\":\"webhook\",\"name\":\"Order\",\"alias\":\"order\",\"fields\":[" fields "]}"

static void expect(const char *label, str text, const char *want_errors)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct problem problem = {};
    struct event_definition *definition = test_definition(text, &arena, &problem);
    CHECK_STR(label, test_errors(&problem, &arena), str_c(want_errors));
    CHECK_INT(label, definition != NULL, want_errors[0] == '\0');
    CHECK_INT(label, problem_has(&problem), definition == NULL);
    for (const struct field_error *at = problem.errors; at != NULL; at = at->next)
        CHECK(label, at->message.len > 10 && str_ends(at->message, STR(".")));
    object_release(definition);
}

TEST(reads_the_example)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct problem problem = {};
    struct event_definition *definition = test_definition(
        STR(WEBHOOK(EMAIL
                    ",{\"id\":\"phone\",\"name\":\"Telephone\",\"type\":\"phone\","
                    "\"defaultCountryCode\":\"ES\",\"jsonPointerPath\":\"/customer/phones/0\"},"
                    "{\"id\":\"size\",\"type\":\"radio\",\"required\":true,"
                    "\"options\":[\"s\",{\"id\":\"m\",\"label\":\"Medium\"},{\"id\":\"l\"}]}")),
        &arena, &problem);
    assert_non_null(definition);
    CHECK_INT("context", definition->context, CONTEXT_WEBHOOK);
    CHECK_STR("name", definition->name, STR("Order"));
    CHECK_STR("alias", definition->alias, STR("order"));
    CHECK_STR("type", definition->type, STR("custom_event.order"));
    CHECK_INT("fields", definition->field_count, 3);
    CHECK_INT("primary", definition->primary, 0);
    const struct field *email = &definition->fields[0];
    CHECK_STR("the name is the id", email->name, STR("email"));
    CHECK("primary, required", email->primary && email->required && !email->has_pointer);
    const struct field *phone = &definition->fields[1];
    CHECK_STR("name", phone->name, STR("Telephone"));
    CHECK("optional", !phone->required && !phone->primary);
    CHECK_STR("country", phone->country, STR("ES"));
    CHECK("has a pointer", phone->has_pointer);
    CHECK_INT("of three tokens", phone->pointer.count, 3);
    const struct field *size = &definition->fields[2];
    CHECK_INT("options", size->option_count, 3);
    CHECK_STR("a string is both", size->options[0].label, STR("s"));
    CHECK_STR("a label", size->options[1].label, STR("Medium"));
    CHECK_STR("no label", size->options[2].label, STR("l"));
    CHECK("by id", map_find(&definition->by_id, STR("size")) == size);
    CHECK("tree", definition->tree != NULL && definition->tree->child_count == 3);
    object_release(definition);
}

TEST(checks_the_top)
{
    static const struct {
        const char *label;
        str text;
        const char *errors;
    } cases[] = {
        { "no object", STR_INIT("[]"), " type" },
        { "nothing in it", STR_INIT("{}"),
          "/context required, /name required, /alias required, /fields required" },
        { "nulls are nothing",
          STR_INIT("{\"context\":null,\"name\":null,\"alias\":null,\"fields\":null}"),
          "/context required, /name required, /alias required, /fields required" },
        { "wrong types", STR_INIT("{\"context\":1,\"name\":[],\"alias\":true,\"fields\":{}}"),
          "/context type, /name type, /alias type, /fields type" },
        { "unknown context",
          STR_INIT("{\"context\":\"API\",\"name\":\"x\",\"alias\":\"x\",\"fields\":[" EMAIL "]}"),
          "/context option" },
        { "an unknown member",
          STR_INIT(
              "{\"context\":\"api\",\"name\":\"x\",\"alias\":\"x\",\"a/b~\":1,\"fields\":[" EMAIL
              "]}"),
          "/a~1b~0 unknown" },
        { "a member twice",
          STR_INIT("{\"context\":\"api\",\"name\":\"x\",\"name\":\"y\",\"alias\":\"x\","
                   "\"fields\":[" EMAIL "]}"),
          "/name duplicate" },
        { "blank name",
          STR_INIT("{\"context\":\"api\",\"name\":\"  \",\"alias\":\"x\",\"fields\":[" EMAIL "]}"),
          "/name range" },
        { "NUL in the name",
          STR_INIT("{\"context\":\"api\",\"name\":\"a\\u0000\",\"alias\":\"x\",\"fields\":[" EMAIL
                   "]}"),
          "/name format" },
        { "NUL in the alias",
          STR_INIT("{\"context\":\"api\",\"name\":\"a\",\"alias\":\"x\\u0000\",\"fields\":[" EMAIL
                   "]}"),
          "/alias format" },
        { "no fields", STR_INIT(API("")), "/fields primary_key" },
        { "all errors at once",
          STR_INIT("{\"context\":\"x\",\"name\":\"\",\"alias\":\"-\",\"fields\":[1,{}]}"),
          "/context option, /name range, /alias format, /fields/0 type, /fields/1/id required, "
          "/fields/1/type required, /fields primary_key" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect(cases[i].label, cases[i].text, cases[i].errors);
}

TEST(refuses_web)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct problem problem = {};
    struct event_definition *definition = test_definition(
        STR("{\"context\":\"web\",\"name\":\"x\",\"alias\":\"x\",\"fields\":[" EMAIL "]}"), &arena,
        &problem);
    CHECK("refused", definition == NULL);
    CHECK_INT("by name", problem.id, PROBLEM_CONTEXT);
    CHECK_STR("where", test_errors(&problem, &arena), STR("/context context_not_available"));
}

TEST(checks_aliases)
{
    static const struct {
        const char *alias;
        bool good;
    } cases[] = {
        { "a", true },        { "7", true },      { "webhook-event-example", true },
        { "a.b_c-D9", true }, { "order.", true }, { "-a", false },
        { ".a", false },      { "_a", false },    { "a b", false },
        { "a/b", false },     { "a*", false },    { "\xc3\xa9", false },
        { "a%20b", false },   { "a\x7f", false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_INT(cases[i].alias, alias_is_valid(str_c(cases[i].alias)), cases[i].good);
    char longest[101];
    memset(longest, 'a', sizeof(longest));
    CHECK("100 letters", alias_is_valid(str_from(longest, 100)));
    CHECK("101 letters", !alias_is_valid(str_from(longest, 101)));
    CHECK("nothing", !alias_is_valid((str){}));
}

TEST(checks_fields)
{
    static const struct {
        const char *label;
        str text;
        const char *errors;
    } cases[] = {
        { "every type",
          STR_INIT(API(EMAIL
                       ",{\"id\":\"a\",\"type\":\"text\"},{\"id\":\"b\",\"type\":\"integer\"},"
                       "{\"id\":\"c\",\"type\":\"decimal\"},{\"id\":\"d\",\"type\":\"date\"},"
                       "{\"id\":\"e\",\"type\":\"boolean\"},{\"id\":\"f\",\"type\":\"email\"},"
                       "{\"id\":\"g\",\"type\":\"phone\"},"
                       "{\"id\":\"h\",\"type\":\"radio\",\"options\":[\"x\"]},"
                       "{\"id\":\"i\",\"type\":\"checkbox\",\"options\":[\"x\"]}")),
          "" },
        { "ids",
          STR_INIT(API(EMAIL ",{\"id\":\"a-1_[x]\",\"type\":\"text\"},"
                             "{\"id\":\"1a\",\"type\":\"text\"},{\"id\":\"a.b\",\"type\":\"text\"},"
                             "{\"id\":\"\",\"type\":\"text\"},{\"id\":7,\"type\":\"text\"},"
                             "{\"id\":\"a\\u0000\",\"type\":\"text\"}")),
          "/fields/2/id format, /fields/3/id format, /fields/4/id range, /fields/5/id type, "
          "/fields/6/id format" },
        { "the same id twice",
          STR_INIT(API(EMAIL ",{\"id\":\"a\",\"type\":\"text\"},{\"id\":\"a\",\"type\":\"text\"}")),
          "/fields/2/id duplicate" },
        { "types",
          STR_INIT(API(EMAIL ",{\"id\":\"a\"},{\"id\":\"b\",\"type\":\"Text\"},"
                             "{\"id\":\"c\",\"type\":1}")),
          "/fields/1/type required, /fields/2/type option, /fields/3/type type" },
        { "booleans",
          STR_INIT(API(EMAIL ",{\"id\":\"a\",\"type\":\"text\",\"required\":\"true\"},"
                             "{\"id\":\"b\",\"type\":\"text\",\"isPrimaryKey\":1}")),
          "/fields/1/required type, /fields/2/isPrimaryKey type" },
        { "an unknown member",
          STR_INIT(API(EMAIL ",{\"id\":\"a\",\"type\":\"text\",\"maxLength\":1}")),
          "/fields/1/maxLength unknown" },
        { "a pointer in context api",
          STR_INIT(API(EMAIL ",{\"id\":\"a\",\"type\":\"text\",\"jsonPointerPath\":\"/a\"}")),
          "/fields/1/jsonPointerPath not_allowed" },
        { "no pointer in context api",
          STR_INIT(API(EMAIL ",{\"id\":\"a\",\"type\":\"text\",\"jsonPointerPath\":null}")), "" },
        { "pointers",
          STR_INIT(WEBHOOK(EMAIL
                           ",{\"id\":\"a\",\"type\":\"text\",\"jsonPointerPath\":\"\"},"
                           "{\"id\":\"b\",\"type\":\"text\",\"jsonPointerPath\":\"/a/~0\"},"
                           "{\"id\":\"c\",\"type\":\"text\",\"jsonPointerPath\":\"a\"},"
                           "{\"id\":\"d\",\"type\":\"text\",\"jsonPointerPath\":\"/a~\"},"
                           "{\"id\":\"e\",\"type\":\"text\",\"jsonPointerPath\":7},"
                           "{\"id\":\"f\",\"type\":\"text\",\"jsonPointerPath\":\"/\\u0000\"}")),
          "/fields/3/jsonPointerPath format, /fields/4/jsonPointerPath format, "
          "/fields/5/jsonPointerPath type, /fields/6/jsonPointerPath type" },
        { "countries",
          STR_INIT(API(EMAIL ",{\"id\":\"a\",\"type\":\"phone\",\"defaultCountryCode\":\"DE\"},"
                             "{\"id\":\"b\",\"type\":\"phone\",\"defaultCountryCode\":\"de\"},"
                             "{\"id\":\"c\",\"type\":\"phone\",\"defaultCountryCode\":\"ZZ\"},"
                             "{\"id\":\"d\",\"type\":\"text\",\"defaultCountryCode\":\"DE\"}")),
          "/fields/2/defaultCountryCode option, /fields/3/defaultCountryCode option, "
          "/fields/4/defaultCountryCode not_allowed" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect(cases[i].label, cases[i].text, cases[i].errors);
}

TEST(says_where_a_pointer_is_wrong)
{
    static const struct {
        str text;
        const char *message;
    } cases[] = {
        { STR_INIT(WEBHOOK(EMAIL ",{\"id\":\"a\",\"type\":\"text\",\"jsonPointerPath\":\"a/b\"}")),
          "At character 0: a JSON Pointer starts with '/' (RFC 6901)." },
        { STR_INIT(WEBHOOK(EMAIL ",{\"id\":\"a\",\"type\":\"text\",\"jsonPointerPath\":\"/a~b\"}")),
          "At character 2: a JSON Pointer has 0 or 1 behind each '~' (RFC 6901)." },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct problem problem = {};
        CHECK(cases[i].text.ptr, test_definition(cases[i].text, &arena, &problem) == NULL);
        CHECK_STR(cases[i].text.ptr, problem.errors->message, str_c(cases[i].message));
    }
    CLEANUP(arena_done) struct arena arena = {};
    char slashes[66];
    memset(slashes, '/', sizeof(slashes));
    const char *const field =
        "{\"context\":\"webhook\",\"name\":\"x\",\"alias\":\"x\",\"fields\":[" EMAIL
        ",{\"id\":\"a\",\"type\":\"text\",\"jsonPointerPath\":";
    expect("as deep as a body", arena_format(&arena, "%s\"%.*s\"}]}", field, 64, slashes), "");
    expect("deeper", arena_format(&arena, "%s\"%.*s\"}]}", field, 65, slashes),
           "/fields/1/jsonPointerPath range");
}

TEST(checks_the_primary_key)
{
    static const struct {
        const char *label;
        str text;
        const char *errors;
    } cases[] = {
        { "none, api", STR_INIT(API("{\"id\":\"a\",\"type\":\"email\",\"required\":true}")),
          "/fields primary_key" },
        { "none, webhook", STR_INIT(WEBHOOK("{\"id\":\"a\",\"type\":\"text\"}")),
          "/fields primary_key" },
        { "two",
          STR_INIT(API(EMAIL ",{\"id\":\"b\",\"type\":\"email\",\"required\":true,"
                             "\"isPrimaryKey\":true}")),
          "/fields/1/isPrimaryKey primary_key" },
        { "not an e-mail address",
          STR_INIT(API("{\"id\":\"a\",\"type\":\"text\",\"required\":true,\"isPrimaryKey\":true}")),
          "/fields/0/isPrimaryKey primary_key" },
        { "not required", STR_INIT(API("{\"id\":\"a\",\"type\":\"email\",\"isPrimaryKey\":true}")),
          "/fields/0/required primary_key" },
        { "false is no claim",
          STR_INIT(API(EMAIL ",{\"id\":\"b\",\"type\":\"email\",\"isPrimaryKey\":false}")), "" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect(cases[i].label, cases[i].text, cases[i].errors);
}

TEST(checks_options)
{
    static const struct {
        const char *label;
        str text;
        const char *errors;
    } cases[] = {
        { "missing", STR_INIT(API(EMAIL ",{\"id\":\"a\",\"type\":\"radio\"}")),
          "/fields/1/options required" },
        { "empty", STR_INIT(API(EMAIL ",{\"id\":\"a\",\"type\":\"checkbox\",\"options\":[]}")),
          "/fields/1/options range" },
        { "no array", STR_INIT(API(EMAIL ",{\"id\":\"a\",\"type\":\"radio\",\"options\":\"x\"}")),
          "/fields/1/options type" },
        { "for another type",
          STR_INIT(API(EMAIL ",{\"id\":\"a\",\"type\":\"text\",\"options\":[\"x\"]}")),
          "/fields/1/options not_allowed" },
        { "ids twice",
          STR_INIT(API(EMAIL ",{\"id\":\"a\",\"type\":\"radio\",\"options\":[\"x\",\"y\","
                             "{\"id\":\"x\",\"label\":\"X\"}]}")),
          "/fields/1/options duplicate" },
        { "what is in them",
          STR_INIT(API(EMAIL ",{\"id\":\"a\",\"type\":\"radio\",\"options\":[\"x\",1,\"\","
                             "{\"label\":\"y\"},{\"id\":\"z\",\"colour\":\"red\"},"
                             "{\"id\":\"\\u0000\"},{\"id\":5}]}")),
          "/fields/1/options/1 type, /fields/1/options/2/id range, /fields/1/options/3/id "
          "required, "
          "/fields/1/options/4/colour unknown, /fields/1/options/5/id format, "
          "/fields/1/options/6/id type" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect(cases[i].label, cases[i].text, cases[i].errors);
}

/* A definition with `count` more fields, or options of one field. */
static str many(struct arena *arena, size_t count, bool options)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX);
    buf_add(&buf, STR("{\"context\":\"api\",\"name\":\"x\",\"alias\":\"x\",\"fields\":[" EMAIL));
    if (options)
        buf_add(&buf, STR(",{\"id\":\"o\",\"type\":\"radio\",\"options\":["));
    for (size_t i = 0; i < count; i++) {
        if (options)
            buf_format(&buf, "%s\"o%zu\"", i == 0 ? "" : ",", i);
        else
            buf_format(&buf, ",{\"id\":\"f%zu\",\"type\":\"text\"}", i);
    }
    buf_add(&buf, options ? STR("]}]}") : STR("]}"));
    return buf_str(&buf);
}

TEST(caps_what_it_takes)
{
    CLEANUP(arena_done) struct arena arena = {};
    expect("200 fields", many(&arena, 199, false), "");
    expect("500 fields", many(&arena, 499, false), "");
    expect("501 fields", many(&arena, 500, false), "/fields range");
    expect("500 options", many(&arena, 500, true), "");
    expect("501 options", many(&arena, 501, true), "/fields/1/options range");
    char name[1000];
    for (size_t i = 0; i < 201; i++)
        memcpy(name + i * 2, "\xc3\xa9", 2);
    const char *const head =
        "{\"context\":\"api\",\"alias\":\"x\",\"fields\":[" EMAIL "],\"name\":";
    expect("200 characters", arena_format(&arena, "%s\"%.*s\"}", head, 400, name), "");
    expect("201 characters", arena_format(&arena, "%s\"%.*s\"}", head, 402, name), "/name range");
    memset(name, 'a', 151);
    const char *const field =
        "{\"context\":\"api\",\"name\":\"x\",\"alias\":\"x\",\"fields\":[" EMAIL
        ",{\"type\":\"text\",\"id\":";
    expect("id of 150", arena_format(&arena, "%s\"%.*s\"}]}", field, 150, name), "");
    expect("id of 151", arena_format(&arena, "%s\"%.*s\"}]}", field, 151, name),
           "/fields/1/id range");
}

TEST(counts_thousands_of_errors)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct buf buf;
    buf_init(&buf, &arena, SIZE_MAX);
    buf_add(&buf, STR("{\"context\":\"api\""));
    for (int i = 0; i < 20000; i++)
        buf_format(&buf, ",\"x%d\":1", i);
    buf_char(&buf, '}');
    struct problem problem = {};
    size_t before = arena.held;
    CHECK("refused", test_definition(buf_str(&buf), &arena, &problem) == NULL);
    CHECK_INT("counted", problem.error_count, 20003);
    CHECK("in little memory", arena.held - before < (size_t)8 << 20);
}

/* What is written reads as the same, and is written the same again. */
TEST(writes_what_it_reads)
{
    static const str texts[] = {
        STR_INIT(API(EMAIL)),
        STR_INIT(WEBHOOK(EMAIL ",{\"id\":\"a\",\"type\":\"text\",\"jsonPointerPath\":\"\"}")),
        STR_INIT(WEBHOOK(EMAIL ",{\"id\":\"a\",\"name\":\"A \\\"b\\\"\",\"type\":\"phone\","
                               "\"jsonPointerPath\":\"/a~1b/0\",\"defaultCountryCode\":\"IT\"}")),
        STR_INIT(API(EMAIL ",{\"id\":\"a\",\"type\":\"checkbox\",\"options\":[\"b\",\"a\","
                           "{\"id\":\"c\",\"label\":\"C\"}]}")),
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct problem problem = {};
        struct event_definition *first = test_definition(texts[i], &arena, &problem);
        assert_non_null(first);
        str fields = definition_fields_write(first, &arena);
        str text = arena_format(
            &arena, "{\"context\":\"%s\",\"name\":\"Order\",\"alias\":\"order\",\"fields\":%.*s}",
            first->context == CONTEXT_API ? "api" : "webhook", STR_ARG(fields));
        struct event_definition *second = test_definition(text, &arena, &problem);
        assert_non_null(second);
        CHECK_STR("the same", definition_fields_write(second, &arena), fields);
        CHECK("and may become it", definition_may_become(first, second, &arena, &problem));
        object_release(first);
        object_release(second);
    }
    CLEANUP(arena_done) struct arena arena = {};
    struct problem problem = {};
    struct event_definition *definition = test_definition(texts[2], &arena, &problem);
    CHECK_STR(
        "all members", definition_fields_write(definition, &arena),
        STR("[{\"id\":\"email\",\"name\":\"email\",\"type\":\"email\",\"required\":true,"
            "\"isPrimaryKey\":true},{\"id\":\"a\",\"name\":\"A \\\"b\\\"\",\"type\":\"phone\","
            "\"required\":false,\"isPrimaryKey\":false,\"jsonPointerPath\":\"/a~1b/0\","
            "\"defaultCountryCode\":\"IT\"}]"));
    object_release(definition);
}

RUN_TESTS(cmocka_unit_test(reads_the_example), cmocka_unit_test(checks_the_top),
          cmocka_unit_test(refuses_web), cmocka_unit_test(checks_aliases),
          cmocka_unit_test(checks_fields), cmocka_unit_test(says_where_a_pointer_is_wrong),
          cmocka_unit_test(checks_the_primary_key), cmocka_unit_test(checks_options),
          cmocka_unit_test(caps_what_it_takes), cmocka_unit_test(counts_thousands_of_errors),
          cmocka_unit_test(writes_what_it_reads))
