/* SPDX-License-Identifier: MIT */
#include "mapping/custom_event.h"

#include "base/testing.h"
#include "mapping/testing.h"

#define EMAIL "{\"id\":\"email\",\"type\":\"email\",\"required\":true,\"isPrimaryKey\":true}"
#define FIELDS                                                                                     \
    EMAIL ",{\"id\":\"name\",\"type\":\"text\",\"required\":true},"                                \
          "{\"id\":\"count\",\"type\":\"integer\"},{\"id\":\"amount\",\"type\":\"decimal\"},"      \
          "{\"id\":\"when\",\"type\":\"date\"},{\"id\":\"vip\",\"type\":\"boolean\"},"             \
          "{\"id\":\"second\",\"type\":\"email\"},"                                                \
          "{\"id\":\"phone\",\"type\":\"phone\",\"defaultCountryCode\":\"ES\"},"                   \
          "{\"id\":\"size\",\"type\":\"radio\",\"options\":[\"s\",\"m\",\"7\"]},"                  \
          "{\"id\":\"tags\",\"type\":\"checkbox\",\"options\":[\"a\",\"b\",\"1\"]}"
#define DEFINITION(context, fields)                                                                \
    "{\"context\":\"" context "\",\"name\":\"x\",\"alias\":\"x\",\"fields\":[" fields "]}"

/* One definition, and what it makes of a body. */
struct fixture {
    struct arena arena;
    struct event_definition *definition;
};

static struct fixture fixture_new(const char *text)
{
    struct fixture fixture = {};
    struct problem problem = {};
    fixture.definition = test_definition(str_c(text), &fixture.arena, &problem);
    CHECK(text, fixture.definition != NULL);
    return fixture;
}

static void fixture_done(struct fixture *fixture)
{
    object_release(fixture->definition);
    arena_done(&fixture->arena);
}

static bool map_text(struct fixture *fixture, str text, struct mapped_event *ret_mapped,
                     struct problem *reterr)
{
    json body;
    struct json_error error;
    CHECK(text.ptr, json_read(&fixture->arena, text, 64, &body, &error));
    bool good = custom_event_map(fixture->definition, body, &fixture->arena, ret_mapped, reterr);
    CHECK_INT(text.ptr, problem_has(reterr), !good);
    return good;
}

/* ---- context api ---- */

/* Each goes with an e-mail address and a name, unless the label says otherwise. */
TEST(api_takes)
{
    static const struct {
        const char *label;
        str body;
        const char *fields;
    } cases[] = {
        { "the least", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"\"}" },
        { "in the order of the definition",
          STR_INIT("{\"count\":1,\"name\":\"n\",\"email\":\"a@b.c\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":1}" },
        { "null is absent", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":null}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\"}" },
        { "trimmed address",
          STR_INIT("{\"email\":\" A@b.C \",\"name\":\" n \",\"second\":\"\\tx@y.z\"}"),
          "{\"email\":\"A@b.C\",\"name\":\" n \",\"second\":\"x@y.z\"}" },
        { "numbers as sent",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"amount\":149.950,\"count\":-7}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":-7,\"amount\":149.950}" },
        { "large numbers",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\","
                   "\"amount\":123456789012345678901234567890.1e-400,"
                   "\"count\":9223372036854775807}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":9223372036854775807,"
          "\"amount\":123456789012345678901234567890.1e-400}" },
        { "a whole number is one however it is written",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":7.0}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":7}" },
        { "dates as sent",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"when\":\"2026-11-21T10:00:00.5+01:00\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"when\":\"2026-11-21T10:00:00.5+01:00\"}" },
        { "a date alone", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"when\":\"2026-11-21\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"when\":\"2026-11-21\"}" },
        { "booleans", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"vip\":false}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"vip\":false}" },
        { "telephone numbers",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"phone\":\"666 777 888\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"phone\":\"+34666777888\"}" },
        { "options",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"size\":\"m\",\"tags\":[\"b\",\"a\"]}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"size\":\"m\",\"tags\":[\"b\",\"a\"]}" },
        { "the first option", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"size\":\"s\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"size\":\"s\"}" },
        { "no option", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"tags\":[]}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"tags\":[]}" },
        { "escapes", STR_INIT("{\"\\u0065mail\":\"a@b.c\",\"name\":\"\\\"\\\\\\n\\u00e9\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"\\\"\\\\\\n\xc3\xa9\"}" },
    };

    CLEANUP(fixture_done) struct fixture fixture = fixture_new(DEFINITION("api", FIELDS));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct mapped_event mapped;
        struct problem problem = {};
        bool good = map_text(&fixture, cases[i].body, &mapped, &problem);
        CHECK_STR(cases[i].label, test_errors(&problem, &fixture.arena), (str){});
        CHECK(cases[i].label, good);
        CHECK_STR(cases[i].label, mapped.fields, str_c(cases[i].fields));
        CHECK_STR(cases[i].label, mapped.email_key, STR("a@b.c"));
        CHECK_INT(cases[i].label, mapped.notes.len, 0);
        CHECK(cases[i].label, !mapped.partial);
    }
}

TEST(api_refuses)
{
    static const struct {
        const char *label;
        str body;
        const char *errors;
    } cases[] = {
        { "no object", STR_INIT("[]"), " type" },
        { "a string", STR_INIT("\"a@b.c\""), " type" },
        { "nothing in it", STR_INIT("{}"), "/email required, /name required" },
        { "null is nothing", STR_INIT("{\"email\":null,\"name\":null}"),
          "/email required, /name required" },
        { "an unknown key", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"a/b\":1}"),
          "/a~1b unknown" },
        { "keys are exact", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"Count\":1}"),
          "/Count unknown" },
        { "unknown though null", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"x\":null}"),
          "/x unknown" },
        { "a key twice", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"name\":\"n\"}"),
          "/name duplicate" },
        { "a key twice, once null", STR_INIT("{\"email\":\"a@b.c\",\"name\":null,\"name\":\"n\"}"),
          "/name duplicate" },
        { "text", STR_INIT("{\"email\":\"a@b.c\",\"name\":1}"), "/name type" },
        { "text with NUL", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"a\\u0000b\"}"),
          "/name format" },
        { "integer as text", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":\"12\"}"),
          "/count type" },
        { "no whole number", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":7.5}"),
          "/count type" },
        { "too large",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":9223372036854775808}"),
          "/count range" },
        { "decimal as text", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"amount\":\"1.5\"}"),
          "/amount type" },
        { "boolean as text", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"vip\":\"true\"}"),
          "/vip type" },
        { "boolean as number", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"vip\":1}"),
          "/vip type" },
        { "no date", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"when\":\"21.11.2026\"}"),
          "/when format" },
        { "date with NUL",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"when\":\"2026\\u000011-21\"}"),
          "/when format" },
        { "date with white space",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"when\":\" 2026-11-21\"}"),
          "/when format" },
        { "date as number", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"when\":1795255200}"),
          "/when type" },
        { "no address", STR_INIT("{\"email\":\"nobody\",\"name\":\"n\",\"second\":\"a@b\"}"),
          "/email format, /second format" },
        { "address as array", STR_INIT("{\"email\":[\"a@b.c\"],\"name\":\"n\"}"), "/email type" },
        { "address with NUL", STR_INIT("{\"email\":\"a@b.c\\u0000\",\"name\":\"n\"}"),
          "/email format" },
        { "no number", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"phone\":\"call me\"}"),
          "/phone format" },
        { "telephone as number",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"phone\":666777888}"), "/phone type" },
        { "no such option", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"size\":\"S\"}"),
          "/size option" },
        { "option as number", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"size\":7}"),
          "/size type" },
        { "options as string", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"tags\":\"a\"}"),
          "/tags type" },
        { "one is none", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"tags\":[\"a\",\"x\"]}"),
          "/tags option" },
        { "an option twice",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"tags\":[\"a\",\"a\"]}"),
          "/tags duplicate" },
        { "one is no string", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"tags\":[1]}"),
          "/tags type" },
        { "all at once", STR_INIT("{\"x\":1,\"email\":1,\"count\":\"\",\"vip\":[],\"size\":{}}"),
          "/x unknown, /email type, /name required, /count type, /vip type, /size type" },
    };

    CLEANUP(fixture_done) struct fixture fixture = fixture_new(DEFINITION("api", FIELDS));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct mapped_event mapped;
        struct problem problem = {};
        CHECK(cases[i].label, !map_text(&fixture, cases[i].body, &mapped, &problem));
        CHECK_STR(cases[i].label, test_errors(&problem, &fixture.arena), str_c(cases[i].errors));
        CHECK_INT(cases[i].label, problem.id, PROBLEM_INVALID);
        for (const struct field_error *at = problem.errors; at != NULL; at = at->next) {
            CHECK(cases[i].label, at->message.len > 10 && str_ends(at->message, STR(".")));
            CHECK(cases[i].label, at->pointer.len == 0 || at->field.len > 0);
        }
    }
}

TEST(messages_say_what_to_do)
{
    static const struct {
        str body;
        const char *message;
    } cases[] = {
        { STR_INIT("{\"email\":\"a@b.c\",\"name\":5}"),
          "Send a string, not a value of type number." },
        { STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"size\":\"x\"}"),
          "Send an option by its id: \"s\", \"m\", \"7\"." },
        { STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"x\":1}"),
          "Leave it out, or add it to the event's fields." },
    };

    CLEANUP(fixture_done) struct fixture fixture = fixture_new(DEFINITION("api", FIELDS));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct mapped_event mapped;
        struct problem problem = {};
        CHECK(cases[i].body.ptr, !map_text(&fixture, cases[i].body, &mapped, &problem));
        CHECK_STR(cases[i].body.ptr, problem.errors->message, str_c(cases[i].message));
    }
}

/* ---- context webhook ---- */

TEST(webhook_takes)
{
    static const struct {
        const char *label;
        str body;
        const char *fields;
        const char *notes; /* "field code, …" */
        bool partial;
    } cases[] = {
        { "what fits",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":1,\"amount\":1.50,\"vip\":true}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":1,\"amount\":1.50,\"vip\":true}", "",
          false },
        { "unknown keys are left out", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"other\":1}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\"}", "", true },
        { "the last of one name", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"name\":\"m\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"m\"}", "name duplicate", true },
        { "the last of one name, wrong",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"name\":\"\\u0000\"}"),
          "{\"email\":\"a@b.c\"}", "name duplicate, name format", true },
        { "null is absent", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":null}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\"}", "", false },
        { "a required field is missing", STR_INIT("{\"email\":\"a@b.c\"}"), "{\"email\":\"a@b.c\"}",
          "name required", true },
        { "a required field is wrong", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"\\u0000\"}"),
          "{\"email\":\"a@b.c\"}", "name format", true },
        { "numbers in strings",
          STR_INIT(
              "{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":\" 12 \",\"amount\":\"149.950\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":12,\"amount\":149.950}",
          "count coerced, amount coerced", true },
        { "whole numbers in strings",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":\"7.0\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":7}", "count coerced", true },
        { "no numbers in strings",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":\"12x\",\"amount\":\"1,5\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\"}", "count type, amount type", true },
        { "other things are no numbers",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":true,\"amount\":\"\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\"}", "count type, amount type", true },
        { "beyond a double", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"amount\":-1e400}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\"}", "amount range", true },
        { "out of range", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"count\":\"1e30\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\"}", "count range", true },
        { "true in a string", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"vip\":\"True\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"vip\":true}", "vip coerced", true },
        { "0 in a string", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"vip\":\"0\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"vip\":false}", "vip coerced", true },
        { "the number 1", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"vip\":1}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"vip\":true}", "vip coerced", true },
        { "neither", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"vip\":\"yes\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\"}", "vip type", true },
        { "a number into text", STR_INIT("{\"email\":\"a@b.c\",\"name\":1.50}"),
          "{\"email\":\"a@b.c\",\"name\":\"1.50\"}", "name coerced", true },
        { "a boolean into text", STR_INIT("{\"email\":\"a@b.c\",\"name\":false}"),
          "{\"email\":\"a@b.c\",\"name\":\"false\"}", "name coerced", true },
        { "an object into text",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":{\"a\": [1.0, \"\\\"\"]}}"),
          "{\"email\":\"a@b.c\",\"name\":\"{\\\"a\\\":[1.0,\\\"\\\\\\\"\\\"]}\"}", "name coerced",
          true },
        { "date with white space",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"when\":\" 2026-11-21 \"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"when\":\"2026-11-21\"}", "", false },
        { "no date", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"when\":5}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\"}", "when type", true },
        { "another address is wrong",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"second\":\"x\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\"}", "second format", true },
        { "telephone as number",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"phone\":666777888}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"phone\":\"+34666777888\"}", "phone coerced",
          true },
        { "no telephone number", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"phone\":true}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\"}", "phone type", true },
        { "option as number", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"size\":7}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"size\":\"7\"}", "size coerced", true },
        { "no such option", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"size\":\"xl\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\"}", "size option", true },
        { "one option", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"tags\":\"a\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"tags\":[\"a\"]}", "tags coerced", true },
        { "one option as number", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"tags\":1}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"tags\":[\"1\"]}", "tags coerced", true },
        { "options with commas", STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"tags\":\"a,b\"}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\"}", "tags option", true },
        { "an option twice",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"tags\":[\"a\",\"b\",\"a\"]}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\",\"tags\":[\"a\",\"b\"]}", "tags coerced", true },
        { "an object is no option",
          STR_INIT("{\"email\":\"a@b.c\",\"name\":\"n\",\"tags\":{\"a\":1}}"),
          "{\"email\":\"a@b.c\",\"name\":\"n\"}", "tags type", true },
    };

    CLEANUP(fixture_done) struct fixture fixture = fixture_new(DEFINITION("webhook", FIELDS));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct mapped_event mapped;
        struct problem problem = {};
        CHECK(cases[i].label, map_text(&fixture, cases[i].body, &mapped, &problem));
        CHECK_STR(cases[i].label, mapped.fields, str_c(cases[i].fields));
        CHECK_INT(cases[i].label, mapped.partial, cases[i].partial);
        str notes = {};
        json list = NULL;
        struct json_error error;
        if (mapped.notes.len > 0)
            CHECK(cases[i].label, json_read(&fixture.arena, mapped.notes, 2, &list, &error));
        struct json_walk walk = json_walk(list);
        json note;
        while (json_next(&walk, NULL, &note)) {
            notes = arena_format(&fixture.arena, "%.*s%s%.*s %.*s", STR_ARG(notes),
                                 notes.len == 0 ? "" : ", ",
                                 STR_ARG(json_string(json_get(note, STR("field")))),
                                 STR_ARG(json_string(json_get(note, STR("code")))));
            CHECK(cases[i].label, json_string(json_get(note, STR("message"))).len > 0);
        }
        CHECK_STR(cases[i].label, notes, str_c(cases[i].notes));
    }
}

TEST(webhook_needs_the_address)
{
    static const struct {
        const char *label;
        str body;
        const char *error;
    } cases[] = {
        { "missing", STR_INIT("{\"name\":\"n\"}"), "/email required" },
        { "null", STR_INIT("{\"email\":null}"), "/email required" },
        { "wrong", STR_INIT("{\"email\":\"nobody\",\"count\":\"x\"}"), "/email format" },
        { "a number", STR_INIT("{\"email\":5}"), "/email type" },
        { "an array", STR_INIT("[1,2]"), "/email required" },
        { "a string", STR_INIT("\"a@b.c\""), "/email required" },
    };

    CLEANUP(fixture_done) struct fixture fixture = fixture_new(DEFINITION("webhook", FIELDS));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct mapped_event mapped;
        struct problem problem = {};
        CHECK(cases[i].label, !map_text(&fixture, cases[i].body, &mapped, &problem));
        CHECK_STR(cases[i].label, test_errors(&problem, &fixture.arena), str_c(cases[i].error));
    }
}

#define AT(id, type, pointer)                                                                      \
    "{\"id\":\"" id "\",\"type\":\"" type "\",\"jsonPointerPath\":\"" pointer "\"}"
#define EMAIL_AT(pointer)                                                                          \
    "{\"id\":\"email\",\"type\":\"email\",\"required\":true,\"isPrimaryKey\":true,"                \
    "\"jsonPointerPath\":\"" pointer "\"}"

TEST(webhook_follows_pointers)
{
    static const struct {
        const char *label;
        const char *definition;
        str body;
        const char *fields; /* NULL: refused, for want of an address */
        bool partial;
    } cases[] = {
        { "nested, escaped", DEFINITION("webhook", EMAIL_AT("/a/b/0/c~1d")),
          STR_INIT("{\"a\":{\"b\":[{\"c/d\":\"a@b.c\"}]}}"), "{\"email\":\"a@b.c\"}", false },
        { "a missing path is an absent field",
          DEFINITION("webhook", EMAIL_AT("/a") "," AT("x", "text", "/b/c")),
          STR_INIT("{\"a\":\"a@b.c\",\"b\":{}}"), "{\"email\":\"a@b.c\"}", false },
        { "a path through a string",
          DEFINITION("webhook", EMAIL_AT("/a") "," AT("x", "text", "/b/c")),
          STR_INIT("{\"a\":\"a@b.c\",\"b\":\"c\"}"), "{\"email\":\"a@b.c\"}", true },
        { "an array as body",
          DEFINITION("webhook", EMAIL_AT("/1/mail") "," AT("n", "integer", "/0")),
          STR_INIT("[7,{\"mail\":\"a@b.c\"}]"), "{\"email\":\"a@b.c\",\"n\":7}", false },
        { "more elements", DEFINITION("webhook", EMAIL_AT("/0")), STR_INIT("[\"a@b.c\",1]"),
          "{\"email\":\"a@b.c\"}", true },
        { "an element between", DEFINITION("webhook", EMAIL_AT("/2") "," AT("x", "text", "/10")),
          STR_INIT("[0,1,\"a@b.c\",3,4,5,6,7,8,9,\"ten\"]"), "{\"email\":\"a@b.c\",\"x\":\"ten\"}",
          true },
        { "- is no element", DEFINITION("webhook", EMAIL_AT("/-")), STR_INIT("[\"a@b.c\"]"), NULL,
          false },
        { "- is a key", DEFINITION("webhook", EMAIL_AT("/-")), STR_INIT("{\"-\":\"a@b.c\"}"),
          "{\"email\":\"a@b.c\"}", false },
        { "0 is a key, too", DEFINITION("webhook", EMAIL_AT("/0")), STR_INIT("{\"0\":\"a@b.c\"}"),
          "{\"email\":\"a@b.c\"}", false },
        { "no leading zeros", DEFINITION("webhook", EMAIL_AT("/00")), STR_INIT("[\"a@b.c\"]"), NULL,
          false },
        { "the whole document", DEFINITION("webhook", EMAIL_AT("/a") "," AT("all", "text", "")),
          STR_INIT("{\"a\":\"a@b.c\",\"b\":1}"),
          "{\"email\":\"a@b.c\",\"all\":\"{\\\"a\\\":\\\"a@b.c\\\",\\\"b\\\":1}\"}", true },
        { "a document that is the address", DEFINITION("webhook", EMAIL_AT("")),
          STR_INIT("\"a@b.c\""), "{\"email\":\"a@b.c\"}", false },
        { "two fields at one place",
          DEFINITION("webhook", EMAIL_AT("/m") "," AT("copy", "text", "/m")),
          STR_INIT("{\"m\":\"a@b.c\"}"), "{\"email\":\"a@b.c\",\"copy\":\"a@b.c\"}", false },
        { "one inside the other",
          DEFINITION("webhook", EMAIL_AT("/c/mail") "," AT("c", "text", "/c")),
          STR_INIT("{\"c\":{\"mail\":\"a@b.c\",\"n\":1}}"),
          "{\"email\":\"a@b.c\",\"c\":\"{\\\"mail\\\":\\\"a@b.c\\\",\\\"n\\\":1}\"}", true },
        { "an array and its first element",
          DEFINITION("webhook",
                     EMAIL_AT("/m") "," AT("first", "text",
                                           "/t/0") ",{\"id\":\"t\",\"type\":"
                                                   "\"checkbox\",\"options\":[\"a\",\"b\"]}"),
          STR_INIT("{\"m\":\"a@b.c\",\"t\":[\"a\",\"b\"]}"),
          "{\"email\":\"a@b.c\",\"first\":\"a\",\"t\":[\"a\",\"b\"]}", false },
        { "without a pointer: the key of its id",
          DEFINITION("webhook", EMAIL_AT("/c/mail") ",{\"id\":\"n\",\"type\":\"integer\"}"),
          STR_INIT("{\"c\":{\"mail\":\"a@b.c\"},\"n\":1}"), "{\"email\":\"a@b.c\",\"n\":1}",
          false },
        { "with a pointer: not the key of its id", DEFINITION("webhook", EMAIL_AT("/mail")),
          STR_INIT("{\"mail\":\"a@b.c\",\"email\":\"x@y.z\"}"), "{\"email\":\"a@b.c\"}", true },
        { "the last of one name, on the way", DEFINITION("webhook", EMAIL_AT("/c/mail")),
          STR_INIT("{\"c\":{\"mail\":\"x@y.z\"},\"c\":{\"mail\":\"a@b.c\"}}"),
          "{\"email\":\"a@b.c\"}", true },
        { "unknown keys below", DEFINITION("webhook", EMAIL_AT("/c/mail")),
          STR_INIT("{\"c\":{\"mail\":\"a@b.c\",\"x\":1}}"), "{\"email\":\"a@b.c\"}", true },
        { "the empty key", DEFINITION("webhook", EMAIL_AT("/")), STR_INIT("{\"\":\"a@b.c\"}"),
          "{\"email\":\"a@b.c\"}", false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(fixture_done) struct fixture fixture = fixture_new(cases[i].definition);
        struct mapped_event mapped;
        struct problem problem = {};
        bool good = map_text(&fixture, cases[i].body, &mapped, &problem);
        CHECK_INT(cases[i].label, good, cases[i].fields != NULL);
        if (!good)
            continue;
        CHECK_STR(cases[i].label, mapped.fields, str_c(cases[i].fields));
        CHECK_INT(cases[i].label, mapped.partial, cases[i].partial);
    }
}

TEST(webhook_says_where_the_address_should_be)
{
    CLEANUP(fixture_done)
    struct fixture fixture = fixture_new(DEFINITION("webhook", EMAIL_AT("/customer/email")));
    struct mapped_event mapped;
    struct problem problem = {};
    CHECK("refused", !map_text(&fixture, STR("{}"), &mapped, &problem));
    CHECK_STR("where", test_errors(&problem, &fixture.arena), STR("/customer/email required"));
    CHECK_STR("which", problem.errors->field, STR("email"));
}

/* ---- limits ---- */

/* Each of many fields takes the whole document: the result would be hundreds of times as large. */
TEST(bounds_what_it_makes)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct buf text;
    buf_init(&text, &arena, SIZE_MAX);
    buf_add(&text,
            STR("{\"context\":\"webhook\",\"name\":\"x\",\"alias\":\"x\",\"fields\":[" EMAIL));
    for (int i = 0; i < 400; i++)
        buf_format(&text, ",{\"id\":\"f%d\",\"type\":\"text\",\"jsonPointerPath\":\"\"}", i);
    buf_add(&text, STR("]}"));
    CLEANUP(fixture_done) struct fixture fixture = fixture_new(arena_c(&arena, buf_str(&text)));
    char *filler = arena_bytes(&arena, 100000);
    memset(filler, '"', 100000);
    buf_init(&text, &arena, SIZE_MAX);
    buf_add(&text, STR("{\"email\":\"a@b.c\",\"x\":"));
    buf_quoted(&text, str_from(filler, 100000));
    buf_char(&text, '}');
    struct mapped_event mapped;
    struct problem problem = {};
    CHECK("refused", !map_text(&fixture, buf_str(&text), &mapped, &problem));
    CHECK_INT("by name", problem.id, PROBLEM_TOO_LARGE);
    CHECK("in little memory", fixture.arena.held < (size_t)32 << 20);
}

TEST(counts_thousands_of_unknown_keys)
{
    CLEANUP(fixture_done) struct fixture fixture = fixture_new(DEFINITION("api", FIELDS));
    struct buf text;
    buf_init(&text, &fixture.arena, SIZE_MAX);
    buf_add(&text, STR("{\"email\":\"a@b.c\",\"name\":\"n\""));
    for (int i = 0; i < 30000; i++)
        buf_format(&text, ",\"x%d\":1", i);
    buf_char(&text, '}');
    struct mapped_event mapped;
    struct problem problem = {};
    CHECK("refused", !map_text(&fixture, buf_str(&text), &mapped, &problem));
    CHECK_INT("counted", problem.error_count, 30000);
    for (const struct field_error *at = problem.errors; at != NULL; at = at->next)
        CHECK("what is kept is whole", str_starts(at->pointer, STR("/x")) && at->field.len > 0);
}

TEST(many_fields_in_any_order)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct buf definition;
    buf_init(&definition, &arena, SIZE_MAX);
    buf_add(&definition,
            STR("{\"context\":\"api\",\"name\":\"x\",\"alias\":\"x\",\"fields\":[" EMAIL));
    for (int i = 0; i < 499; i++)
        buf_format(&definition, ",{\"id\":\"f%d\",\"type\":\"integer\"}", i);
    buf_add(&definition, STR("]}"));
    CLEANUP(fixture_done)
    struct fixture fixture = fixture_new(arena_c(&arena, buf_str(&definition)));
    struct buf body;
    struct buf want;
    buf_init(&body, &arena, SIZE_MAX);
    buf_init(&want, &arena, SIZE_MAX);
    buf_char(&body, '{');
    buf_add(&want, STR("{\"email\":\"a@b.c\""));
    for (int i = 0; i < 499; i++) {
        int field = i * 7 % 499; /* 499 is a prime: all of them, once */
        buf_format(&body, "\"f%d\":%d,", field, field);
        buf_format(&want, ",\"f%d\":%d", i, i);
    }
    buf_add(&body, STR("\"email\":\"a@b.c\"}"));
    buf_char(&want, '}');
    struct mapped_event mapped;
    struct problem problem = {};
    CHECK("taken", map_text(&fixture, buf_str(&body), &mapped, &problem));
    CHECK_STR("all of them", mapped.fields, buf_str(&want));
}

RUN_TESTS(cmocka_unit_test(api_takes), cmocka_unit_test(api_refuses),
          cmocka_unit_test(messages_say_what_to_do), cmocka_unit_test(webhook_takes),
          cmocka_unit_test(webhook_needs_the_address), cmocka_unit_test(webhook_follows_pointers),
          cmocka_unit_test(webhook_says_where_the_address_should_be),
          cmocka_unit_test(bounds_what_it_makes),
          cmocka_unit_test(counts_thousands_of_unknown_keys),
          cmocka_unit_test(many_fields_in_any_order))
