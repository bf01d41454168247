/* SPDX-License-Identifier: MIT
 * http/sender.c: what trusted proxies say about the sender. Nobody else is believed. */
#include "http/internal.h"

/* "a.b.c.d", "a.b.c.d:port", "v6", "[v6]" or "[v6]:port": proxies write all of them. */
static bool read_hop(str text, struct address *ret_address)
{
    text = str_trim(text);
    if (text.len > 0 && text.ptr[0] == '[') {
        text = str_skip(text, 1);
        return str_index(text, ']') >= 0 && address_read(str_cut(&text, ']'), ret_address);
    }
    if (address_read(text, ret_address))
        return true;
    return str_index(text, '.') >= 0 && address_read(str_cut(&text, ':'), ret_address);
}

/* Takes the last element off a comma-separated list. */
static str cut_last(str *list)
{
    size_t start = list->len;
    while (start > 0 && list->ptr[start - 1] != ',')
        start--;
    str last = str_skip(*list, start);
    list->len = start == 0 ? 0 : start - 1;
    return last;
}

/* From the nearest hop backwards, as long as those who speak are trusted. True: `client` is it. */
static bool walk_hops(str list, const struct cidr_list *trusted, struct address *client)
{
    while (list.len > 0) {
        struct address hop;
        /* What cannot be read cannot be passed: the last one that could is as far as trust goes. */
        if (!read_hop(cut_last(&list), &hop))
            return true;
        *client = hop;
        if (!cidr_list_contains(trusted, &hop))
            return true;
    }
    return false;
}

static bool id_is_fit(str id)
{
    if (id.len == 0 || id.len > REQUEST_ID_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

void sender_learn(struct request *request, const struct connection *connection)
{
    if (!connection->trusted)
        return;
    const struct cidr_list *trusted = &connection->loop->server->trusted_proxies;
    bool found = false;
    bool has_protocol = false;
    /* Several lines are one list (RFC 9110 §5.3): the last line is the nearest. */
    for (int i = request->header_count - 1; i >= 0; i--) {
        const struct http_header *header = &request->headers[i];
        if (!found && str_equal_nocase(header->name, STR("X-Forwarded-For"))) {
            found = walk_hops(header->value, trusted, &request->client);
        } else if (!has_protocol && str_equal_nocase(header->name, STR("X-Forwarded-Proto"))) {
            str list = header->value;
            request->secure = str_equal_nocase(str_trim(cut_last(&list)), STR("https"));
            has_protocol = true;
        } else if (str_equal_nocase(header->name, STR("X-Request-Id")) &&
                   id_is_fit(header->value)) {
            request->id = header->value;
        }
    }
}
