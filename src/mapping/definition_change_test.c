/* SPDX-License-Identifier: MIT */
#include "base/testing.h"
#include "mapping/definition.h"
#include "mapping/testing.h"

#define EMAIL "{\"id\":\"email\",\"type\":\"email\",\"required\":true,\"isPrimaryKey\":true}"
#define OF(context, fields)                                                                        \
    "{\"context\":\"" context "\",\"name\":\"x\",\"alias\":\"x\",\"fields\":[" fields "]}"

/* What stands before each change. */
static const char before_text[] =
    OF("webhook", EMAIL ",{\"id\":\"name\",\"type\":\"text\",\"required\":true},"
                        "{\"id\":\"phone\",\"type\":\"phone\",\"defaultCountryCode\":\"ES\"},"
                        "{\"id\":\"size\",\"type\":\"radio\",\"options\":[\"s\",\"m\"]},"
                        "{\"id\":\"other\",\"type\":\"email\",\"jsonPointerPath\":\"/other\"}");

#define NAME "{\"id\":\"name\",\"type\":\"text\",\"required\":true}"
#define PHONE "{\"id\":\"phone\",\"type\":\"phone\",\"defaultCountryCode\":\"ES\"}"
#define SIZE "{\"id\":\"size\",\"type\":\"radio\",\"options\":[\"s\",\"m\"]}"
#define OTHER "{\"id\":\"other\",\"type\":\"email\",\"jsonPointerPath\":\"/other\"}"
#define ALL EMAIL "," NAME "," PHONE "," SIZE "," OTHER

TEST(changes)
{
    static const struct {
        const char *label;
        str after;
        const char *errors;
    } cases[] = {
        { "the same", STR_INIT(OF("webhook", ALL)), "" },
        { "another order", STR_INIT(OF("webhook", OTHER "," SIZE "," PHONE "," NAME "," EMAIL)),
          "" },
        { "fields removed", STR_INIT(OF("webhook", EMAIL)), "" },
        { "a field added", STR_INIT(OF("webhook", ALL ",{\"id\":\"new\",\"type\":\"date\"}")), "" },
        { "name and label",
          STR_INIT(OF("webhook", EMAIL
                      "," NAME "," PHONE ",{\"id\":\"size\",\"name\":\"Size\",\"type\":\"radio\","
                      "\"options\":[{\"id\":\"s\",\"label\":\"Small\"},\"m\"]}," OTHER)),
          "" },
        { "an option added",
          STR_INIT(OF("webhook", EMAIL ",{\"id\":\"size\",\"type\":\"radio\","
                                       "\"options\":[\"l\",\"m\",\"s\",\"a\"]}")),
          "" },
        { "an option removed",
          STR_INIT(
              OF("webhook", EMAIL ",{\"id\":\"size\",\"type\":\"radio\",\"options\":[\"s\"]}")),
          "/fields/1/options locked" },
        { "an option renamed",
          STR_INIT(OF("webhook",
                      EMAIL ",{\"id\":\"size\",\"type\":\"radio\",\"options\":[\"s\",\"M\"]}")),
          "/fields/1/options locked" },
        { "context", STR_INIT(OF("api", EMAIL)), "/context locked" },
        { "the primary key removed",
          STR_INIT(OF("webhook", "{\"id\":\"mail\",\"type\":\"email\",\"required\":true,"
                                 "\"isPrimaryKey\":true}")),
          "/fields/0/required locked, /fields locked" },
        { "another primary key",
          STR_INIT(OF("webhook", "{\"id\":\"email\",\"type\":\"email\",\"required\":true},"
                                 "{\"id\":\"other\",\"type\":\"email\",\"required\":true,"
                                 "\"isPrimaryKey\":true,\"jsonPointerPath\":\"/other\"}")),
          "/fields/0/isPrimaryKey locked, /fields/1/required locked, /fields/1/isPrimaryKey "
          "locked" },
        { "a required field added",
          STR_INIT(OF("webhook", EMAIL ",{\"id\":\"new\",\"type\":\"text\",\"required\":true}")),
          "/fields/1/required locked" },
        { "type",
          STR_INIT(OF("webhook", EMAIL ",{\"id\":\"name\",\"type\":\"date\",\"required\":true}")),
          "/fields/1/type locked" },
        { "type with options",
          STR_INIT(OF("webhook", EMAIL ",{\"id\":\"size\",\"type\":\"text\"}")),
          "/fields/1/type locked" },
        { "required", STR_INIT(OF("webhook", EMAIL ",{\"id\":\"name\",\"type\":\"text\"}")),
          "/fields/1/required locked" },
        { "a pointer given",
          STR_INIT(OF("webhook", EMAIL ",{\"id\":\"name\",\"type\":\"text\",\"required\":true,"
                                       "\"jsonPointerPath\":\"/name\"}")),
          "/fields/1/jsonPointerPath locked" },
        { "a pointer changed",
          STR_INIT(OF("webhook", EMAIL ",{\"id\":\"other\",\"type\":\"email\","
                                       "\"jsonPointerPath\":\"/others\"}")),
          "/fields/1/jsonPointerPath locked" },
        { "a pointer taken away",
          STR_INIT(OF("webhook", EMAIL ",{\"id\":\"other\",\"type\":\"email\"}")),
          "/fields/1/jsonPointerPath locked" },
        { "country",
          STR_INIT(OF("webhook", EMAIL
                      ",{\"id\":\"phone\",\"type\":\"phone\",\"defaultCountryCode\":\"PT\"}")),
          "/fields/1/defaultCountryCode locked" },
    };

    CLEANUP(arena_done) struct arena arena = {};
    struct problem none = {};
    struct event_definition *before = test_definition(str_c(before_text), &arena, &none);
    assert_non_null(before);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct problem problem = {};
        struct event_definition *after = test_definition(cases[i].after, &arena, &problem);
        CHECK(cases[i].label, after != NULL);
        bool may = definition_may_become(before, after, &arena, &problem);
        CHECK_STR(cases[i].label, test_errors(&problem, &arena), str_c(cases[i].errors));
        CHECK_INT(cases[i].label, may, cases[i].errors[0] == '\0');
        object_release(after);
    }
    object_release(before);
}

RUN_TESTS(cmocka_unit_test(changes))
