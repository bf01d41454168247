/* SPDX-License-Identifier: MIT */
#include "mapping/export_render.h"

#include "base/percent.h"
#include "json/write.h"

/* ── the address ── */

static bool has_scheme(str url, str scheme)
{
    return str_equal_nocase(str_head(url, scheme.len), scheme);
}

static bool is_printable(str url)
{
    for (size_t i = 0; i < url.len; i++)
        if (url.ptr[i] <= ' ' || url.ptr[i] > '~')
            return false;
    return true;
}

str export_url_check(str url)
{
    if (str_index(url, '?') >= 0) /* word for word: people look for this text */
        return STR("Invalid Postback URL: cannot contain a question mark");
    if (str_index(url, '#') >= 0)
        return STR("Invalid Postback URL: cannot contain a fragment (#)");
    size_t scheme = has_scheme(url, STR("http://"))    ? sizeof("http://") - 1
                    : has_scheme(url, STR("https://")) ? sizeof("https://") - 1
                                                       : 0;
    if (scheme == 0)
        return STR("Invalid Postback URL: must begin with http:// or https://");
    if (url.len == scheme || url.ptr[scheme] == '/')
        return STR("Invalid Postback URL: has no host");
    if (url.len > EXPORT_URL_MAX)
        return STR("Invalid Postback URL: has more than 2048 characters");
    if (!is_printable(url))
        return STR(
            "Invalid Postback URL: must be ASCII without white space; percent-encode the rest");
    return (str){};
}

/* ── values ── */

static str value_of(const struct export_row *row, const struct crm_source *source,
                    struct arena *arena)
{
    return row->is_field ? crm_value(source, row->field, arena) : row->text;
}

/* "a=b&c=d" */
static void add_parameters(struct buf *buf, const struct export_map *map,
                           const struct crm_source *source, str space)
{
    bool first = true;
    for (int i = 0; i < map->row_count; i++) {
        const struct export_row *row = &map->rows[i];
        if (row->role != EXPORT_PARAMETER)
            continue;
        if (!first)
            buf_char(buf, '&');
        first = false;
        percent_encode(buf, row->name, space);
        buf_char(buf, '=');
        percent_encode(buf, value_of(row, source, buf->arena), space);
    }
}

/* A whole number as JSON spells it, that a double holds exactly. */
static bool is_plain_number(str text)
{
    if (text.len < 1 || text.len > 15 || (text.len > 1 && text.ptr[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!char_is_digit(text.ptr[i]))
            return false;
    return true;
}

/* What Konnektive sends as numbers. */
static bool is_numeric(const struct export_row *row)
{
    switch ((int)row->field.field) {
    case CRM_ORDER_ID:
    case CRM_ACTUAL_ORDER_ID:
    case CRM_CAMPAIGN_ID:
    case CRM_CUSTOMER_ID:
    case CRM_SOURCE_ID:
        return row->is_field;
    default:
        return false;
    }
}

static void add_object(struct buf *buf, const struct export_map *map,
                       const struct crm_source *source)
{
    struct json_writer writer = json_writer(buf);
    json_begin_object(&writer);
    for (int i = 0; i < map->row_count; i++) {
        const struct export_row *row = &map->rows[i];
        if (row->role != EXPORT_PARAMETER)
            continue;
        str value = value_of(row, source, buf->arena);
        if (!map->all_strings && is_numeric(row) && is_plain_number(value))
            json_member_raw(&writer, row->name, value);
        else
            json_member_string(&writer, row->name, value);
    }
    json_end_object(&writer);
}

/* ── what is fixed ── */

/* Empty: none is sent. */
static str content_type_of(const struct export_map *map)
{
    for (int i = 0; i < map->row_count; i++)
        if (map->rows[i].role == EXPORT_HEADER &&
            str_equal_nocase(map->rows[i].header, STR("Content-Type")))
            return map->rows[i].text;
    return map->in_body ? STR("application/x-www-form-urlencoded") : (str){};
}

bool export_content_render(const struct export_map *map, const struct crm_source *source,
                           struct arena *arena, str *ret_content)
{
    struct buf buf;
    buf_init(&buf, arena, EXPORT_REQUEST_MAX);
    buf_add(&buf, map->method);
    buf_add(&buf, map->in_body ? STR(" body ") : STR(" url "));
    buf_add(&buf, content_type_of(map));
    buf_char(&buf, '\n');
    if (map->in_body && map->json)
        add_object(&buf, map, source);
    else
        add_parameters(&buf, map, source, map->in_body ? STR("+") : STR("%20"));
    *ret_content = buf_str(&buf);
    return !buf_overflowed(&buf) && (map->in_body || buf.len <= EXPORT_QUERY_MAX);
}

bool export_content_read(str text, struct export_content *ret_content)
{
    if (str_index(text, '\n') < 0)
        return false;
    str head = str_cut(&text, '\n');
    str method = str_cut(&head, ' ');
    str place = str_cut(&head, ' ');
    *ret_content = (struct export_content){ .method = method,
                                            .in_body = str_equal(place, STR("body")),
                                            .type = str_trim(head),
                                            .parameters = text };
    return method.len > 0 && (ret_content->in_body || str_equal(place, STR("url")));
}

/* ── the request ── */

/* The content's own type stands where the map has one, or last. */
static void add_headers(const struct export_content *content, const struct export_map *map,
                        struct arena *arena, struct export_request *request)
{
    struct export_header *headers =
        ARENA_ARRAY(arena, struct export_header, (size_t)map->row_count + 1);
    const struct export_header type = { STR("Content-Type"), content->type };
    bool typed = type.value.len == 0;
    for (int i = 0; i < map->row_count; i++) {
        const struct export_row *row = &map->rows[i];
        if (row->role != EXPORT_HEADER)
            continue;
        struct export_header header = { row->header, row->text };
        if (str_equal_nocase(row->header, type.name)) {
            if (typed)
                continue;
            header.value = type.value;
            typed = true;
        }
        headers[request->header_count++] = header;
    }
    if (!typed)
        headers[request->header_count++] = type;
    request->headers = headers;
}

void export_request_make(const struct export_content *content, const struct export_map *map,
                         str url, struct arena *arena, struct export_request *ret_request)
{
    assert(str_index(url, '?') < 0);
    *ret_request =
        (struct export_request){ .method = content->method,
                                 .url = url,
                                 .query = content->in_body ? (str){} : content->parameters,
                                 .has_body = content->in_body,
                                 .body = content->in_body ? content->parameters : (str){} };
    add_headers(content, map, arena, ret_request);
    if (ret_request->query.len > 0)
        ret_request->url =
            arena_format(arena, "%.*s?%.*s", STR_ARG(url), STR_ARG(ret_request->query));
}

bool export_render(const struct export_map *map, str url, const struct crm_source *source,
                   struct arena *arena, struct export_request *ret_request)
{
    str text;
    struct export_content content;
    if (!export_content_render(map, source, arena, &text) || !export_content_read(text, &content))
        return false;
    export_request_make(&content, map, url, arena, ret_request);
    return true;
}

/* ── files ── */

static bool looks_like_formula(str text)
{
    static const char signs[] = "=+-@\t\r";
    return text.len > 0 && text.ptr[0] != '\0' && strchr(signs, text.ptr[0]) != NULL;
}

static bool needs_quotes(str text)
{
    return str_index(text, ',') >= 0 || str_index(text, '"') >= 0 || str_index(text, '\r') >= 0 ||
           str_index(text, '\n') >= 0;
}

static void add_cell(struct buf *buf, str text, enum export_cells cells)
{
    bool guarded = cells == EXPORT_CELLS_GUARDED && looks_like_formula(text);
    bool quoted = needs_quotes(text);
    buf_add(buf, quoted ? STR("\"") : (str){});
    buf_add(buf, guarded ? STR("'") : (str){});
    while (quoted && text.len > 0) {
        bool more = str_index(text, '"') >= 0;
        buf_add(buf, str_cut(&text, '"'));
        buf_add(buf, more ? STR("\"\"") : (str){});
    }
    buf_add(buf, text);
    buf_add(buf, quoted ? STR("\"") : (str){});
}

/* `source` is NULL for the header. */
static bool write_record(const struct export_map *map, const struct crm_source *source,
                         enum export_cells cells, struct arena *arena, str *ret_record)
{
    int columns = 0;
    struct buf buf;
    buf_init(&buf, arena, EXPORT_REQUEST_MAX);
    for (int i = 0; i < map->row_count; i++) {
        const struct export_row *row = &map->rows[i];
        if (row->role != EXPORT_PARAMETER)
            continue;
        if (columns++ > 0)
            buf_char(&buf, ',');
        add_cell(&buf, source == NULL ? row->name : value_of(row, source, arena), cells);
    }
    if (columns == 1 && buf.len == 0) /* else many would take it for no record at all */
        buf_add(&buf, STR("\"\""));
    buf_add(&buf, STR("\r\n"));
    *ret_record = buf_str(&buf);
    return !buf_overflowed(&buf);
}

str export_csv_header(const struct export_map *map, enum export_cells cells, struct arena *arena)
{
    str record;
    bool whole = write_record(map, NULL, cells, arena, &record);
    assert(whole); /* names have a cap */
    return record;
}

bool export_csv_row(const struct export_map *map, const struct crm_source *source,
                    enum export_cells cells, struct arena *arena, str *ret_row)
{
    return write_record(map, source, cells, arena, ret_row);
}
