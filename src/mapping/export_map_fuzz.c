/* SPDX-License-Identifier: MIT
 * A field map. What is read reads back the same from what is written, as rows and as an object; and
 * an order goes through it. */
#include "mapping/export_render.h"

#include "mapping/test_maps.h"
#include "mapping/test_order.h"

static void check_again(struct arena *arena, const struct export_map *map, str text)
{
    struct problem problem = {};
    const struct export_map *again = test_map(text, arena, &problem);
    assert(again != NULL && again->row_count == map->row_count);
    assert(str_equal(again->method, map->method));
    assert(again->in_body == map->in_body && again->json == map->json);
    assert(export_map_needs_pci(again) == export_map_needs_pci(map));
    assert(str_equal(export_map_write(again, arena), export_map_write(map, arena)));
}

static bool has_line_end(str text)
{
    return str_index(text, '\r') >= 0 || str_index(text, '\n') >= 0;
}

static void check_request(struct arena *arena, const struct export_map *map)
{
    struct export_request request;
    str url = STR("https://x.org/p");
    bool rendered = export_render(map, url, &test_source, arena, &request);
    assert(rendered && str_starts(request.url, url));
    assert(request.has_body == map->in_body);
    assert(!request.has_body || !str_equal(map->method, STR("GET")));
    assert(!request.has_body || request.url.len == url.len);
    assert(request.has_body || request.body.len == 0);
    for (size_t i = 0; i < request.url.len; i++)
        assert(request.url.ptr[i] > ' ' && request.url.ptr[i] <= '~');
    for (int i = 0; i < request.header_count; i++) {
        assert(!has_line_end(request.headers[i].name) && !has_line_end(request.headers[i].value));
        assert(!str_equal_nocase(request.headers[i].name, STR("httpMethod")));
        assert(!str_equal_nocase(request.headers[i].name, STR("httpMethodType")));
    }
    json body;
    struct json_error error;
    assert(!map->in_body || !map->json || json_read(arena, request.body, 2, &body, &error));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct problem problem = {};
    const struct export_map *map = test_map(str_from(data, size), &arena, &problem);
    if (map == NULL)
        return 0;
    check_again(&arena, map, export_map_write(map, &arena));
    str object;
    if (export_map_write_object(map, &arena, &object))
        check_again(&arena, map, object);
    check_request(&arena, map);
    struct export_warning warnings[EXPORT_WARNINGS_MAX];
    (void)export_map_warnings(map, &arena, warnings);
    str row;
    str header = export_csv_header(map, EXPORT_CELLS_EXACT, &arena);
    bool whole = export_csv_row(map, &test_source, EXPORT_CELLS_GUARDED, &arena, &row);
    assert(whole && str_ends(row, STR("\r\n")) && str_ends(header, STR("\r\n")));
    return 0;
}
