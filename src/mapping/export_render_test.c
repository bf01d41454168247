/* SPDX-License-Identifier: MIT */
#include "mapping/export_render.h"

#include "mapping/test_conditions.h"
#include "mapping/test_maps.h"
#include "mapping/test_order.h"
#include "mapping/testing.h"

#include "base/testing.h"

#define URL "https://postingmydata.com/partials.php"

static const struct export_map *read_map(const char *text, struct arena *arena)
{
    struct problem problem = {};
    const struct export_map *map = test_map(test_quotes(arena, text), arena, &problem);
    if (map == NULL)
        fail_msg("%s: %.*s", text, STR_ARG(test_errors(&problem, arena)));
    return map;
}

static struct export_request render(const struct export_map *map, const struct crm_source *source,
                                    struct arena *arena)
{
    struct export_request request;
    CHECK("rendered", export_render(map, STR(URL), source, arena, &request));
    return request;
}

/* "GET url|Name: value|…|body", the body only where there is one. */
static str shown(const struct export_request *request, struct arena *arena)
{
    str text = arena_format(arena, "%.*s %.*s", STR_ARG(request->method), STR_ARG(request->url));
    for (int i = 0; i < request->header_count; i++)
        text = arena_format(arena, "%.*s|%.*s: %.*s", STR_ARG(text),
                            STR_ARG(request->headers[i].name), STR_ARG(request->headers[i].value));
    if (request->has_body)
        text = arena_format(arena, "%.*s|%.*s", STR_ARG(text), STR_ARG(request->body));
    return text;
}

#define SOME "'a b':'x+y z','order':'[orderId]','zip':'[postalCode]','s':'[sourceId]'"
#define FORM "a+b=x%2By+z&order=1042&zip=00501&s=17"
#define QUERY "?a%20b=x%2By%20z&order=1042&zip=00501&s=17"
#define OBJECT "{'a b':'x+y z','order':1042,'zip':'00501','s':17}"
#define H(name, value) "'header:" name "':'" value "',"

TEST(requests)
{
    static const struct {
        const char *map;
        const char *request;
    } cases[] = {
        { "{" SOME "}", "GET " URL QUERY },
        { "{}", "GET " URL },
        { "{" H("X-Key", "v") SOME "}",
          "POST " URL "|X-Key: v|Content-Type: application/x-www-form-urlencoded|" FORM },
        { "{" H("Content-Type", "text/plain") SOME "}",
          "POST " URL "|Content-Type: text/plain|" FORM },
        { "{" H("content-type", "Application/JSON; charset=utf-8") SOME "}",
          "POST " URL "|content-type: Application/JSON; charset=utf-8|" OBJECT },
        { "{" H("httpMethod", "delete") SOME "}", "DELETE " URL QUERY },
        { "{" H("httpMethod", "PUT") H("httpMethodType", "GET") SOME "}", "PUT " URL QUERY },
        { "{" H("httpMethod", "patch") H("httpmethodtype", "post") SOME "}",
          "PATCH " URL "|Content-Type: application/x-www-form-urlencoded|" FORM },
        { "{" H("httpMethod", "POST") H("Content-Type", "application/json") SOME "}",
          "POST " URL QUERY "|Content-Type: application/json" },
        { "{" H("httpMethod", "POST") H("httpMethodType", "POST")
              H("Content-Type", "application/json") "'x':'[product9_sku]'}",
          "POST " URL "|Content-Type: application/json|{'x':''}" },
        { "{'header:Content-Type':'application/json'}",
          "POST " URL "|Content-Type: application/json|{}" },
        { "{'n':'[cardNumber]','m':'[shipFirstName]'}", "GET " URL "?n=&m=" },
        { "{'a':'Hello [firstName]'}", "GET " URL "?a=Hello%20%5BfirstName%5D" },
        { "[{'exportName':'a','static':'[firstName]'}]", "GET " URL "?a=%5BfirstName%5D" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct export_request request =
            render(read_map(cases[i].map, &arena), &test_source, &arena);
        CHECK_STR(cases[i].map, shown(&request, &arena), test_quotes(&arena, cases[i].request));
    }
}

/* S1.28 */
TEST(the_example_of_the_guide)
{
    CLEANUP(arena_done) struct arena arena = {};
    const struct export_map *map =
        read_map("[{'exportName':'first_name','field':'firstName'},"
                 "{'exportName':'order_date','field':'orderDate'},"
                 "{'exportName':'list_id','static':'400'},"
                 "{'exportName':'email_address','field':'emailAddress'},"
                 "{'exportName':'campaign_number','field':'campaignId'}]",
                 &arena);
    struct export_request request = render(map, &test_source, &arena);
    CHECK_STR("URL", request.url,
              STR("https://postingmydata.com/partials.php?first_name=Ann&order_date="
                  "2026-09-17%2016%3A23%3A08&list_id=400&email_address=a%40x.org"
                  "&campaign_number=1"));
}

/* S0.24 */
TEST(all_25_of_the_seed)
{
    static const char *const values[] = {
        "US",
        "6",
        "1042",
        "NY",
        "neuro-1",
        "Floor 3",
        "c/o Bob",
        "Ann",
        "MA",
        "+1 212 555 0100",
        "SALE",
        "US",
        "your-org-id",
        "Neuro & Co",
        "COMPLETE",
        "00501",
        "282.00",
        "2 Side St",
        "New York",
        "O'Neill \"Ärger\"",
        "Boston",
        "1 Main St, #2",
        "a@x.org",
        "02101",
        "your-plugin-instance-id",
    };

    CLEANUP(arena_done) struct arena arena = {};
    struct problem problem = {};
    const struct export_map *map = test_map(STR(TEST_SEED_MAP), &arena, &problem);
    struct buf with_header;
    buf_init(&with_header, &arena, SIZE_MAX);
    buf_add(&with_header, STR("{\"header:Content-Type\":\"application/json\","));
    buf_add(&with_header, str_skip(STR(TEST_SEED_MAP), 1));
    const struct export_map *posted = test_map(buf_str(&with_header), &arena, &problem);
    CHECK("read", map != NULL && posted != NULL);
    struct export_request request = render(posted, &test_source, &arena);
    json body;
    struct json_error error;
    CHECK("JSON", json_read(&arena, request.body, 2, &body, &error));
    CHECK_INT("all", json_count(body), 25);
    for (int i = 0; i < map->row_count; i++) {
        json value = json_get(body, map->rows[i].name);
        str text = json_type(value) == JSON_NUMBER ? json_number(value) : json_string(value);
        CHECK_STR(map->rows[i].name.ptr, text, str_c(values[i]));
    }
}

TEST(numbers)
{
    static const struct {
        const char *order_id;
        const char *body;
    } cases[] = {
        { "0", "{'a':0}" },
        { "279415", "{'a':279415}" },
        { "999999999999999", "{'a':999999999999999}" },
        { "1000000000000000", "{'a':'1000000000000000'}" },
        { "007", "{'a':'007'}" },
        { "-5", "{'a':'-5'}" },
        { "1e3", "{'a':'1e3'}" },
        { "3ABA6A99DD", "{'a':'3ABA6A99DD'}" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct order order = test_order;
        struct crm_source source = test_source;
        source.order = &order;
        order.sender_order_id = str_c(cases[i].order_id);
        const struct export_map *map =
            read_map("{'header:Content-Type':'application/json','a':'[orderId]'}", &arena);
        CHECK_STR(cases[i].order_id, render(map, &source, &arena).body,
                  test_quotes(&arena, cases[i].body));
        struct export_map strings = *map;
        strings.all_strings = true;
        str text = arena_format(&arena, "{\"a\":\"%s\"}", cases[i].order_id);
        CHECK_STR("all strings", render(&strings, &source, &arena).body, text);
    }
}

TEST(what_is_fixed)
{
    static const struct {
        const char *map;
        const char *content;
    } cases[] = {
        { "{'n':'[firstName]','order':'[orderId]'}", "GET url \nn=Ann&order=1042" },
        { "{'n':'a b'}", "GET url \nn=a%20b" },
        { "{" H("X-Key", "v") "'n':'a b'}", "POST body application/x-www-form-urlencoded\nn=a+b" },
        { "{" H("Content-Type", "Text/Plain; charset=utf-8") "'n':'a b'}",
          "POST body Text/Plain; charset=utf-8\nn=a+b" },
        { "{" H("Content-Type", "application/json") "'n':'a\\nb','order':'[orderId]'}",
          "POST body application/json\n{'n':'a\\nb','order':1042}" },
        { "{'header:httpMethod':'DELETE'}", "DELETE url \n" },
        { "{" H("httpMethod", "PUT") H("Content-Type", "application/json") "'n':'1'}",
          "PUT url application/json\nn=1" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        const struct export_map *map = read_map(cases[i].map, &arena);
        str text;
        struct export_content content;
        CHECK("rendered", export_content_render(map, &test_source, &arena, &text));
        CHECK_STR(cases[i].map, text, test_quotes(&arena, cases[i].content));
        CHECK("read", export_content_read(text, &content));
        str again = arena_format(&arena, "%.*s %s %.*s\n%.*s", STR_ARG(content.method),
                                 content.in_body ? "body" : "url", STR_ARG(content.type),
                                 STR_ARG(content.parameters));
        CHECK_STR("its parts", again, text);
    }
}

TEST(a_type_that_was_fixed_with_white_space)
{
    struct export_content content;
    CHECK("read", export_content_read(STR("POST body text/plain \t\nn=1"), &content));
    CHECK_STR("type", content.type, STR("text/plain"));
}

TEST(what_is_no_content)
{
    static const char *const texts[] = {
        "",         "GET url",    "{\"customerType\":\"lead\"}", "\n", "GET where \nn=1",
        "GET\nn=1", " url \nn=1",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct export_content content;
        CHECK(texts[i], !export_content_read(str_c(texts[i]), &content));
    }
}

/* The map has changed since: what was fixed stays, and other headers are the map's of now. */
TEST(the_type_is_that_of_the_time_of_fixing)
{
    static const struct {
        const char *label, *before, *now, *request;
    } cases[] = {
        { "another", "{" H("Content-Type", "application/json") "'n':'1'}",
          "{" H("X-Key", "v") H("Content-Type", "text/plain") "'m':'2'}",
          "POST " URL "|X-Key: v|Content-Type: application/json|{'n':'1'}" },
        { "none any more", "{" H("Content-Type", "application/json") "'n':'1'}", "{'m':'2'}",
          "POST " URL "|Content-Type: application/json|{'n':'1'}" },
        { "none before", "{'n':'1'}",
          "{" H("X-Key", "v") H("Content-Type", "text/plain") "'m':'2'}",
          "GET " URL "?n=1|X-Key: v" },
        { "the form's", "{" H("X-Key", "v") "'n':'1'}",
          "{" H("Content-Type", "text/plain") "'m':'2'}",
          "POST " URL "|Content-Type: application/x-www-form-urlencoded|n=1" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        str text;
        struct export_content content;
        struct export_request request;
        CHECK("rendered", export_content_render(read_map(cases[i].before, &arena), &test_source,
                                                &arena, &text));
        CHECK("read", export_content_read(text, &content));
        export_request_make(&content, read_map(cases[i].now, &arena), STR(URL), &arena, &request);
        CHECK_STR(cases[i].label, shown(&request, &arena), test_quotes(&arena, cases[i].request));
    }
}

TEST(too_much)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct order order = test_order;
    struct crm_source source = test_source;
    struct export_request request;
    size_t len = EXPORT_REQUEST_MAX / 2;
    char *many = arena_bytes(&arena, len);
    memset(many, 'x', len);
    order.values[CRM_USER_AGENT] = str_from(many, len);
    source.order = &order;
    const struct export_map *map = read_map("{'a':'[userAgent]','b':'[userAgent]'}", &arena);
    CHECK("refused", !export_render(map, STR(URL), &source, &arena, &request));
}

/* ── random values ── */

static str draw_text(uint64_t *seed, struct arena *arena)
{
    static const char *const pieces[] = {
        "a",
        "Z",
        "0",
        " ",
        "+",
        "&",
        "=",
        "%",
        "%41",
        "?",
        "#",
        "/",
        "\"",
        "'",
        "\\",
        ",",
        "\r\n",
        "\n",
        "\t",
        ";",
        "[x]",
        "~",
        "-",
        "\x01",
        "\x7f",
        "\xc3\xa4",
        "\xe2\x82\xac",
        "\xf0\x9f\x98\x80",
        "@",
        "=1+1",
        "null",
    };

    struct buf buf;
    buf_init(&buf, arena, 4096);
    for (uint64_t i = test_random(seed) % 12; i > 0; i--)
        buf_add(&buf, str_c(pieces[test_random(seed) % COUNT_OF(pieces)]));
    return buf_str(&buf);
}

static int digit_of(char c)
{
    return char_is_digit(c) ? c - '0' : c - 'A' + 10;
}

static str decode(str text, bool form, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, 8192);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        CHECK("encoded", c > ' ' && c <= '~' && (form || c != '+'));
        if (c == '%') {
            CHECK("whole", i + 2 < text.len);
            c = (char)(digit_of(text.ptr[i + 1]) << 4 | digit_of(text.ptr[i + 2]));
            i += 2;
        } else if (form && c == '+') {
            c = ' ';
        }
        buf_char(&buf, c);
    }
    return buf_str(&buf);
}

#define DRAWN 6

struct drawn {
    struct export_row rows[DRAWN];
    struct export_map map;
    struct order order;
    struct crm_source source;
    str values[DRAWN];
};

static void draw(struct drawn *drawn, uint64_t *seed, struct arena *arena)
{
    drawn->order = test_order;
    drawn->source = test_source;
    drawn->source.order = &drawn->order;
    for (int i = 0; i < DRAWN; i++) {
        str name = draw_text(seed, arena);
        drawn->values[i] = draw_text(seed, arena);
        drawn->order.values[CRM_CUSTOM1 + i] = drawn->values[i];
        drawn->rows[i] = (struct export_row){
            .name = arena_format(arena, "%d%.*s", i, STR_ARG(name)),
            .is_field = i % 2 == 0,
            .text = drawn->values[i],
        };
        drawn->rows[i].field.field = (enum crm_field)(CRM_CUSTOM1 + i);
    }
    drawn->map =
        (struct export_map){ .rows = drawn->rows, .row_count = DRAWN, .method = STR("GET") };
}

static void check_decoded(const struct drawn *drawn, str text, bool form, struct arena *arena)
{
    for (int i = 0; i < DRAWN; i++) {
        str value = str_cut(&text, '&');
        str name = str_cut(&value, '=');
        CHECK_STR("name", decode(name, form, arena), drawn->rows[i].name);
        CHECK_STR("value", decode(value, form, arena), drawn->values[i]);
    }
    CHECK_INT("no more", text.len, 0);
}

static str take_cell(str *rest, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, 8192);
    if (rest->ptr[0] != '"') {
        size_t len = 0;
        while (rest->ptr[len] != ',' && rest->ptr[len] != '\r')
            len++;
        buf_add(&buf, str_head(*rest, len));
        *rest = str_skip(*rest, len);
        return buf_str(&buf);
    }
    size_t i = 1;
    for (; rest->ptr[i] != '"' || rest->ptr[i + 1] == '"'; i++) {
        buf_char(&buf, rest->ptr[i]);
        i += rest->ptr[i] == '"';
    }
    *rest = str_skip(*rest, i + 1);
    return buf_str(&buf);
}

static void check_record(str record, const struct drawn *drawn, bool names, struct arena *arena)
{
    for (int i = 0; i < DRAWN; i++) {
        CHECK_STR("cell", take_cell(&record, arena),
                  names ? drawn->rows[i].name : drawn->values[i]);
        CHECK("behind it", record.ptr[0] == (i == DRAWN - 1 ? '\r' : ','));
        record = str_skip(record, 1);
    }
    CHECK_STR("end", record, STR("\n"));
}

/* What is rendered decodes to the same values, whatever they are. */
TEST(values_arrive_as_they_are)
{
    uint64_t seed = 11;
    for (int round = 0; round < 2000; round++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct drawn drawn;
        draw(&drawn, &seed, &arena);
        str url = render(&drawn.map, &drawn.source, &arena).url;
        CHECK("URL", str_starts(url, STR(URL "?")));
        check_decoded(&drawn, str_skip(url, sizeof(URL)), false, &arena);
        drawn.map.in_body = true;
        check_decoded(&drawn, render(&drawn.map, &drawn.source, &arena).body, true, &arena);
        drawn.map.json = true;
        json body;
        struct json_error error;
        str text = render(&drawn.map, &drawn.source, &arena).body;
        if (!json_read(&arena, text, 2, &body, &error))
            fail_msg("%.*s: %.*s", STR_ARG(error.text), STR_ARG(text));
        for (int i = 0; i < DRAWN; i++)
            CHECK_STR("value", json_string(json_get(body, drawn.rows[i].name)), drawn.values[i]);
        str record;
        CHECK("row",
              export_csv_row(&drawn.map, &drawn.source, EXPORT_CELLS_EXACT, &arena, &record));
        check_record(record, &drawn, false, &arena);
        check_record(export_csv_header(&drawn.map, EXPORT_CELLS_EXACT, &arena), &drawn, true,
                     &arena);
    }
}

/* ── files ── */

TEST(records)
{
    static const struct {
        const char *label;
        const char *map;
        enum export_cells cells;
        const char *header, *row;
    } cases[] = {
        { "plain", "{'a':'[firstName]','b':'x'}", EXPORT_CELLS_EXACT, "a,b\r\n", "Ann,x\r\n" },
        { "quoted", "{'a,b':'[lastName]','c':'[address1]'}", EXPORT_CELLS_EXACT, "\"a,b\",c\r\n",
          "\"O'Neill \"\"Ärger\"\"\",\"1 Main St, #2\"\r\n" },
        { "line ends", "{'a':'x\\ny','b':'x\\ry'}", EXPORT_CELLS_EXACT, "a,b\r\n",
          "\"x\ny\",\"x\ry\"\r\n" },
        { "headers are no columns", "{'header:X':'v','header:httpMethod':'PUT','a':'1'}",
          EXPORT_CELLS_EXACT, "a\r\n", "1\r\n" },
        { "exact", "{'=a':'=1+1','b':'-5.00'}", EXPORT_CELLS_EXACT, "=a,b\r\n", "=1+1,-5.00\r\n" },
        { "guarded", "{'=a':'=1+1','b':'-5.00','c':'+1','d':'@x','e':'x=','f':''}",
          EXPORT_CELLS_GUARDED, "'=a,b,c,d,e,f\r\n", "'=1+1,'-5.00,'+1,'@x,x=,\r\n" },
        { "guarded and quoted", "{'a':'=1,2','b':'\\tx','c':'\\rx'}", EXPORT_CELLS_GUARDED,
          "a,b,c\r\n", "\"'=1,2\",'\tx,\"'\rx\"\r\n" },
        { "nothing in its only column", "{'a':'[cardNumber]'}", EXPORT_CELLS_EXACT, "a\r\n",
          "\"\"\r\n" },
        { "no column", "{}", EXPORT_CELLS_EXACT, "\r\n", "\r\n" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        const struct export_map *map = read_map(cases[i].map, &arena);
        str row;
        CHECK(cases[i].label, export_csv_row(map, &test_source, cases[i].cells, &arena, &row));
        CHECK_STR(cases[i].label, row, str_c(cases[i].row));
        CHECK_STR(cases[i].label, export_csv_header(map, cases[i].cells, &arena),
                  str_c(cases[i].header));
    }
}

/* ── addresses ── */

TEST(urls)
{
    static const struct {
        const char *url;
        const char *fault; /* how it begins */
    } cases[] = {
        { URL, "" },
        { "http://localhost:8080", "" },
        { "HTTPS://x.org/a%20b", "" },
        { "https://api.tryconexus.com/api/v1/plugins/webhooks/konnektive", "" },
        { "https://x.org/?secret=x", "Invalid Postback URL: cannot contain a question mark" },
        { "https://x.org/?", "Invalid Postback URL: cannot contain a question mark" },
        { "https://x.org/a?a=b&c=d", "Invalid Postback URL: cannot contain a question mark" },
        { "x?", "Invalid Postback URL: cannot contain a question mark" },
        { "https://x.org/#?", "Invalid Postback URL: cannot contain a question mark" },
        { "https://x.org/#a", "Invalid Postback URL: cannot contain a fragment" },
        { "", "Invalid Postback URL: must begin" },
        { "x.org/a", "Invalid Postback URL: must begin" },
        { "ftp://x.org/a", "Invalid Postback URL: must begin" },
        { "/a", "Invalid Postback URL: must begin" },
        { "https://", "Invalid Postback URL: has no host" },
        { "https:///a", "Invalid Postback URL: has no host" },
        { "https://x.org/a b", "Invalid Postback URL: must be ASCII" },
        { "https://x.org/\n", "Invalid Postback URL: must be ASCII" },
        { "https://x.org/\xc3\xa4", "Invalid Postback URL: must be ASCII" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str fault = export_url_check(str_c(cases[i].url));
        str want = str_c(cases[i].fault);
        CHECK(cases[i].url, str_starts(fault, want) && (want.len > 0) == (fault.len > 0));
        if (str_index(str_c(cases[i].url), '?') >= 0)
            CHECK_STR(cases[i].url, fault, want);
    }
}

RUN_TESTS(cmocka_unit_test(requests), cmocka_unit_test(the_example_of_the_guide),
          cmocka_unit_test(all_25_of_the_seed), cmocka_unit_test(numbers),
          cmocka_unit_test(what_is_fixed), cmocka_unit_test(what_is_no_content),
          cmocka_unit_test(a_type_that_was_fixed_with_white_space),
          cmocka_unit_test(the_type_is_that_of_the_time_of_fixing), cmocka_unit_test(too_much),
          cmocka_unit_test(values_arrive_as_they_are), cmocka_unit_test(records),
          cmocka_unit_test(urls))
