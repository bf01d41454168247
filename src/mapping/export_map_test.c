/* SPDX-License-Identifier: MIT */
#include "mapping/export_map.h"

#include "mapping/test_conditions.h"
#include "mapping/test_maps.h"
#include "mapping/testing.h"

#include "base/testing.h"

static const struct export_map *read_map(const char *text, struct arena *arena)
{
    struct problem problem = {};
    const struct export_map *map = test_map(test_quotes(arena, text), arena, &problem);
    if (map == NULL)
        fail_msg("%s: %.*s", text, STR_ARG(test_errors(&problem, arena)));
    return map;
}

TEST(the_seed)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct problem problem = {};
    const struct export_map *map = test_map(STR(TEST_SEED_MAP), &arena, &problem);
    CHECK("read", map != NULL);
    CHECK_INT("rows", map->row_count, 25);
    int fields = 0;
    for (int i = 0; i < map->row_count; i++)
        fields += map->rows[i].is_field;
    CHECK_INT("fields", fields, 23);
    CHECK_STR("first", map->rows[0].name, STR("country"));
    CHECK_INT("first", map->rows[0].field.field, CRM_COUNTRY);
    CHECK_INT("of a line", map->rows[1].field.slot, CRM_SLOT_QTY);
    CHECK_STR("last", map->rows[24].name, STR("pluginInstanceId"));
    CHECK_STR("static", map->rows[24].text, STR("your-plugin-instance-id"));
    CHECK_STR("method", map->method, STR("GET"));
    CHECK("no card", !export_map_needs_pci(map));

    str object;
    CHECK("as an object", export_map_write_object(map, &arena, &object));
    json before, after;
    struct json_error error;
    CHECK("read", json_read(&arena, STR(TEST_SEED_MAP), 8, &before, &error));
    CHECK("read", json_read(&arena, object, 8, &after, &error));
    struct json_walk walk = json_walk(before);
    struct json_walk again = json_walk(after);
    str key, key_again;
    json value, value_again;
    while (json_next(&walk, &key, &value)) {
        CHECK("as many", json_next(&again, &key_again, &value_again));
        CHECK_STR("key", key_again, key);
        CHECK_STR("value", json_string(value_again), json_string(value));
    }
    CHECK("no more", !json_next(&again, &key_again, &value_again));
}

/* As rows, and as an object where that can say it. */
TEST(there_and_back)
{
    static const struct {
        const char *rows;
        const char *object; /* NULL: it cannot */
    } cases[] = {
        { "[]", "{}" },
        { "[{'exportName':'a','field':'FIRSTNAME'},{'exportName':'b','static':'[x] y'}]",
          "{'a':'[FIRSTNAME]','b':'[x] y'}" },
        { "[{'exportName':'a','static':''},{'exportName':'A','static':'[]'}]",
          "{'a':'','A':'[]'}" },
        { "[{'exportName':'a','static':'Hello [firstName] there'}]",
          "{'a':'Hello [firstName] there'}" },
        { "[{'exportName':'header:X-Key','static':'v'},{'exportName':'zip','field':'postalcode'}]",
          "{'header:X-Key':'v','zip':'[postalcode]'}" },
        { "[{'exportName':'a','static':'[firstName]'}]", NULL },
        { "[{'exportName':'a','static':'[unknown]'}]", NULL },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        const struct export_map *map = read_map(cases[i].rows, &arena);
        str rows = test_quotes(&arena, cases[i].rows);
        CHECK_STR(cases[i].rows, export_map_write(map, &arena), rows);
        str object;
        CHECK(cases[i].rows,
              export_map_write_object(map, &arena, &object) == (cases[i].object != NULL));
        if (cases[i].object == NULL)
            continue;
        CHECK_STR(cases[i].rows, object, test_quotes(&arena, cases[i].object));
        map = read_map(cases[i].object, &arena);
        CHECK_STR(cases[i].object, export_map_write(map, &arena), rows);
    }
}

/* Of maps that were saved before they were trimmed, too. */
TEST(a_header_has_no_white_space_at_its_ends)
{
    CLEANUP(arena_done) struct arena arena = {};
    const struct export_map *map =
        read_map("{'header:X-Key':' a b\\t','header:Content-Type':'application/json ',"
                 "'header:X-Blank':' ','plain':' c '}",
                 &arena);
    CHECK("json", map->json);
    CHECK_STR("rows", export_map_write(map, &arena),
              test_quotes(&arena,
                          "[{'exportName':'header:X-Key','static':'a b'},"
                          "{'exportName':'header:Content-Type','static':'application/json'},"
                          "{'exportName':'header:X-Blank','static':''},"
                          "{'exportName':'plain','static':' c '}]"));
}

#define H(name, value) "'header:" name "':'" value "'"

/* B3: which method, and where the parameters go. */
TEST(how_it_is_sent)
{
    static const struct {
        const char *map;
        str method;
        bool in_body, json;
    } cases[] = {
        { "{'a':'b'}", STR_INIT("GET"), false, false },
        { "{" H("X-Key", "v") "}", STR_INIT("POST"), true, false },
        { "{" H("Content-Type", "text/plain") "}", STR_INIT("POST"), true, false },
        { "{" H("content-type", "Application/JSON") "}", STR_INIT("POST"), true, true },
        { "{'HEADER:CONTENT-TYPE':'application/json; charset=utf-8'}", STR_INIT("POST"), true,
          true },
        { "{" H("Content-Type", "application/jsonp") "}", STR_INIT("POST"), true, false },
        { "{" H("httpMethod", "POST") "}", STR_INIT("POST"), false, false },
        { "{" H("HTTPMETHOD", "delete") "}", STR_INIT("DELETE"), false, false },
        { "{" H("httpMethod", "Put") "," H("httpMethodType", "get") "}", STR_INIT("PUT"), false,
          false },
        { "{" H("httpMethodType", "Post") "," H("httpMethod", "PATCH") "}", STR_INIT("PATCH"), true,
          false },
        { "{" H("httpMethod", "POST") "," H("Content-Type", "application/json") "}",
          STR_INIT("POST"), false, true },
        { "{" H("httpMethod", "POST") "," H("httpmethodtype", "POST") "," H("Content-Type",
                                                                            "application/json") "}",
          STR_INIT("POST"), true, true },
        { "{" H("httpMethodType", "POST") "}", STR_INIT("GET"), false, false },
        { "{" H("httpMethodType", "POST") "," H("X-Key", "v") "}", STR_INIT("POST"), true, false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        const struct export_map *map = read_map(cases[i].map, &arena);
        CHECK_STR(cases[i].map, map->method, cases[i].method);
        CHECK_INT(cases[i].map, map->in_body, cases[i].in_body);
        CHECK_INT(cases[i].map, map->json, cases[i].json);
    }
}

TEST(what_is_wrong)
{
    static const struct {
        const char *map;
        const char *errors;
    } cases[] = {
        { "'x'", "/mappings type" },
        { "null", "/mappings type" },
        { "[1]", "/mappings/0 type" },
        { "[{}]", "/mappings/0/exportName required, /mappings/0/field required" },
        { "[{'exportName':'a'}]", "/mappings/0/field required" },
        { "[{'exportName':'a','field':'city','static':'x'}]", "/mappings/0/field conflict" },
        { "[{'exportName':'a','field':'city','colour':'x'}]", "/mappings/0/colour unknown" },
        { "[{'exportName':1,'static':'x'}]", "/mappings/0/exportName type" },
        { "[{'exportName':'','static':'x'}]", "/mappings/0/exportName range" },
        { "[{'exportName':' ','static':'x'}]", "/mappings/0/exportName range" },
        { "[{'exportName':'a\\u0000','static':'x'}]", "/mappings/0/exportName format" },
        { "[{'exportName':'a\\n','static':'x'}]", "/mappings/0/exportName format" },
        { "[{'exportName':'a','static':400}]", "/mappings/0/static type" },
        { "[{'exportName':'a','static':'\\u0000'}]", "/mappings/0/static format" },
        { "[{'exportName':'a','field':true}]", "/mappings/0/field type" },
        { "[{'exportName':'a','field':'frstName'}]", "/mappings/0/field unknown" },
        { "[{'exportName':'a','field':'[firstName]'}]", "/mappings/0/field unknown" },
        { "[{'exportName':'a','static':'1'},{'exportName':'a','static':'2'}]",
          "/mappings/1/exportName duplicate" },
        { "{'a':'1','a':'2'}", "/mappings/a duplicate" },
        { "{'a/b~':'[nothing]'}", "/mappings/a~1b~0 unknown" },
        { "{'a':1,'b':null,'c':['x']}", "/mappings/a type, /mappings/b type, /mappings/c type" },
        { "{" H("X-Key", "1") "," H("x-key", "2") "}", "/mappings/header:x-key duplicate" },
        { "{" H("", "1") "}", "/mappings/header: format" },
        { "{" H("X Key", "1") "}", "/mappings/header:X Key format" },
        { "{" H("X:", "1") "}", "/mappings/header:X: format" },
        { "{" H("Host", "x") "," H("content-length", "1") "}",
          "/mappings/header:Host reserved, /mappings/header:content-length reserved" },
        { "{" H("Transfer-Encoding", "x") "," H("CONNECTION", "close") "}",
          "/mappings/header:Transfer-Encoding reserved, /mappings/header:CONNECTION reserved" },
        { "{" H("X-Key", "a\\r\\nb") "}", "/mappings/header:X-Key format" },
        { "{" H("X-Key", "\\u007f") "}", "/mappings/header:X-Key format" },
        { "{" H("X-Key", "[firstName]") "}", "/mappings/header:X-Key static_only" },
        { "[{'exportName':'header:X-Key','field':'city'}]", "/mappings/0/field static_only" },
        { "{" H("httpMethod", "GET") "}", "/mappings/header:httpMethod option" },
        { "{" H("httpMethod", "BREW") "}", "/mappings/header:httpMethod option" },
        { "{" H("httpMethodType", "PUT") "}", "/mappings/header:httpMethodType option" },
        { "{" H("httpMethod", "PUT") "," H("HttpMethod", "PUT") "}",
          "/mappings/header:HttpMethod duplicate" },
        /* Several at once. */
        { "[{'exportName':'a','field':'x1'},{'exportName':'','static':'x'},"
          "{'exportName':'header:Host','static':'x'}]",
          "/mappings/0/field unknown, /mappings/1/exportName range, "
          "/mappings/2/exportName reserved" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct problem problem = {};
        const struct export_map *map =
            test_map(test_quotes(&arena, cases[i].map), &arena, &problem);
        CHECK(cases[i].map, map == NULL);
        CHECK_INT(cases[i].map, problem.id, PROBLEM_INVALID);
        CHECK_STR(cases[i].map, test_errors(&problem, &arena), str_c(cases[i].errors));
    }
}

TEST(what_may_have_been_meant)
{
    static const struct {
        const char *map;
        const char *message;
    } cases[] = {
        { "[{'exportName':'first','field':'frstName'}]",
          "Row 1 (first): there is no field [frstName]; did you mean firstName, lastName?" },
        { "{'x':'1','sku':'[product3sku]'}",
          "Row 2 (sku): there is no field [product3sku]; did you mean product3_sku? A fixed text "
          "in brackets needs rows, as \"static\"." },
        { "[{'exportName':'a','field':'product01_sku'}]",
          "Row 1 (a): there is no field [product01_sku]; did you mean product1_sku?" },
        { "[{'exportName':'a','field':'product0010price'}]",
          "Row 1 (a): there is no field [product0010price]; did you mean product10_price?" },
        { "[{'exportName':'a','field':'[city]'}]",
          "Row 1 (a): there is no field [[city]]; did you mean city?" },
        { "[{'exportName':'a','field':'Tracking'}]",
          "Row 1 (a): there is no field [Tracking]; did you mean trackingNumber?" },
        { "[{'exportName':'a','field':'Static'}]",
          "Row 1 (a): there is no field [Static]; send a fixed text as \"static\", without "
          "\"field\"." },
        { "[{'exportName':'a','field':'zzzzzz'}]",
          "Row 1 (a): there is no field [zzzzzz]; the catalogue of fields lists what there is." },
        { "[{'exportName':'a','field':''}]",
          "Row 1 (a): there is no field []; the catalogue of fields lists what there is." },
        { "[{'exportName':'header:X','field':'city'}]",
          "Row 1: \"header:X\" is a header: give it a static value." },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct problem problem = {};
        CHECK(cases[i].map, test_map(test_quotes(&arena, cases[i].map), &arena, &problem) == NULL);
        CHECK_STR(cases[i].map, problem.errors->message, str_c(cases[i].message));
    }
}

/* `count` rows "0":"x" …, or one whose name or value is `len` long. */
static str make_map(int count, size_t name_len, size_t value_len, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX);
    for (int i = 0; i < count; i++) {
        buf_format(&buf, "%s\"%d", i == 0 ? "{" : ",", i % 10);
        for (size_t k = 1; k < name_len; k++)
            buf_add(&buf, STR("\xc3\xa4"));
        buf_format(&buf, "%d\":\"", i);
        for (size_t k = 0; k < value_len; k++)
            buf_char(&buf, 'v');
        buf_char(&buf, '"');
    }
    buf_char(&buf, '}');
    return buf_str(&buf);
}

TEST(caps)
{
    static const struct {
        const char *label;
        int count;
        size_t name_len, value_len;
        const char *code;
    } cases[] = {
        { "rows", 500, 1, 1, "" },   { "one row more", 501, 1, 1, "range" },
        { "name", 1, 199, 1, "" },   { "longer name", 1, 200, 1, "range" },
        { "value", 1, 1, 4096, "" }, { "longer value", 1, 1, 4097, "range" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct problem problem = {};
        str text = make_map(cases[i].count, cases[i].name_len, cases[i].value_len, &arena);
        (void)test_map(text, &arena, &problem);
        str code = problem.errors == NULL ? (str){} : problem.errors->code;
        CHECK_STR(cases[i].label, code, str_c(cases[i].code));
    }
}

TEST(warnings)
{
    static const struct {
        const char *map;
        const char *codes;
        bool needs_pci;
    } cases[] = {
        { "{'a':'[firstName]'}", "", false },
        { "{" H("Content-Type", "application/json") "}", "", false },
        { "{" H("httpMethod", "POST") "," H("Content-Type", "application/json") "}", "json_in_url ",
          false },
        { "{'a':'[cardNumber]','b':'[achRoutingNumber]'}", "always_empty ", true },
        { "{'a':'[cardLast4]'}", "", false },
        { "[{'exportName':'a','static':'[cardNumber]'}]", "", false },
        { "{" H("httpMethodType", "POST") "}", "method_type_alone ", false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct export_warning list[EXPORT_WARNINGS_MAX];
        const struct export_map *map = read_map(cases[i].map, &arena);
        int count = export_map_warnings(map, &arena, list);
        str codes = {};
        for (int k = 0; k < count; k++)
            codes = arena_format(&arena, "%.*s%.*s ", STR_ARG(codes), STR_ARG(list[k].code));
        CHECK_STR(cases[i].map, codes, str_c(cases[i].codes));
        CHECK_INT(cases[i].map, export_map_needs_pci(map), cases[i].needs_pci);
    }
}

RUN_TESTS(cmocka_unit_test(the_seed), cmocka_unit_test(there_and_back),
          cmocka_unit_test(a_header_has_no_white_space_at_its_ends),
          cmocka_unit_test(how_it_is_sent), cmocka_unit_test(what_is_wrong),
          cmocka_unit_test(what_may_have_been_meant), cmocka_unit_test(caps),
          cmocka_unit_test(warnings))
