/* SPDX-License-Identifier: MIT
 * libcurl is lenient in what it takes for a URL, and normalizes hosts: "http://2130706433/" and
 * "http://0x7f.1/" are 127.0.0.1 to it. So what it made of the text is judged, not the text; and
 * where it would guess, the text is refused. */
#include "delivery/url.h"

#include <stdio.h>
#include <stdlib.h>

#include "delivery/egress.h"

#define HOST_MAX 253 /* RFC 1035 §2.3.4, without the root's dot */

static void url_cleanup(CURLU **url)
{
    curl_url_cleanup(*url);
}

static void part_free(char **part)
{
    curl_free(*part);
}

/* NULL: there is none. */
static char *get_part(CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

static bool starts_nocase(str text, str prefix)
{
    return text.len >= prefix.len && str_equal_nocase(str_head(text, prefix.len), prefix);
}

/* What stands behind "http://" or "https://"; false: neither is there. */
static bool skip_scheme(str url, str *ret_rest)
{
    static const str schemes[] = { STR_INIT("http://"), STR_INIT("https://") };
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        if (starts_nocase(url, schemes[i])) {
            *ret_rest = str_skip(url, schemes[i].len);
            return true;
        }
    }
    return false;
}

static str check_bytes(str url)
{
    if (url.len == 0)
        return STR("Enter the URL that events are to be sent to.");
    if (url.len > TARGET_URL_MAX)
        return STR("The URL is longer than 2048 bytes.");
    for (size_t i = 0; i < url.len; i++) {
        unsigned char c = (unsigned char)url.ptr[i];
        if (c <= ' ' || c == 0x7f || c == '\\')
            return STR("The URL holds a space, a backslash or a control character: write those "
                       "percent-encoded (a space is %20).");
    }
    return (str){};
}

/* libcurl would need the process' locale to make punycode of a host, and sends other bytes as they
 * are. */
static str check_ascii(str url, size_t host_end)
{
    for (size_t i = 0; i < url.len; i++) {
        if ((unsigned char)url.ptr[i] < 0x80)
            continue;
        return i < host_end
                   ? STR("Write the URL's host in its ASCII form (xn--…), as browsers copy it "
                         "from their address bar.")
                   : STR("Behind the host a URL may hold ASCII only: percent-encode the rest.");
    }
    return (str){};
}

static str check_form(str url, bool with_user)
{
    str wrong = check_bytes(url);
    if (wrong.len > 0)
        return wrong;
    str rest;
    if (!skip_scheme(url, &rest))
        return STR("The URL must begin with https:// (or http://).");
    if (str_index(rest, '#') >= 0)
        return STR("The URL has a fragment (#…), which is never sent: leave it out.");
    str authority = rest;
    for (size_t i = 0; i < rest.len && authority.len == rest.len; i++)
        if (rest.ptr[i] == '/' || rest.ptr[i] == '?')
            authority.len = i;
    size_t host_end = url.len - rest.len + authority.len;
    if (!with_user && str_index(authority, '@') >= 0)
        return STR(
            "The URL holds a user name or password, which would be seen wherever the URL is: "
            "leave it out, and check webhook-signature instead.");
    while (with_user && str_index(authority, '@') >= 0)
        (void)str_cut(&authority, '@');
    if (authority.len == 0 || authority.ptr[0] == ':')
        return STR("The URL has no host: https://HOST/PATH is its form.");
    return check_ascii(url, host_end);
}

/* ── parsing ── */

static CURLU *parse(str url)
{
    CURLU *parsed = curl_url();
    if (parsed == NULL)
        return NULL;
    char *text = xstrdup(url);
    CURLUcode code = curl_url_set(parsed, CURLUPART_URL, text, 0);
    free(text);
    if (code != CURLUE_OK) {
        curl_url_cleanup(parsed);
        return NULL;
    }
    return parsed;
}

/* The host as it is looked up and connected to: lower case, no brackets. */
static char *read_host(CURLU *url)
{
    char *CLEANUP(part_free) host = get_part(url, CURLUPART_HOST, 0);
    if (host == NULL)
        return NULL;
    str text = str_c(host);
    if (text.len >= 2 && text.ptr[0] == '[')
        text = str_from(text.ptr + 1, text.len - 2);
    char *lower = xstrdup(text);
    for (char *at = lower; *at != '\0'; at++)
        *at = char_lower(*at);
    return lower;
}

static int read_port(CURLU *url)
{
    char *CLEANUP(part_free) port = get_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    int64_t value = 0;
    return port != NULL && str_to_int64(str_c(port), &value) && value <= 65535 ? (int)value : 0;
}

struct target *target_new(str url)
{
    CURLU *CLEANUP(url_cleanup) parsed = parse(url);
    if (parsed == NULL)
        return NULL;
    char *host = read_host(parsed);
    if (host == NULL)
        return NULL;
    struct target *target = NEW(struct target);
    *target = (struct target){ .references = 1, .host = host, .port = read_port(parsed) };
    if (!address_read(str_c(host), &target->literal))
        target->literal.family = 0;
    size_t room = strlen(host) + sizeof(":65535");
    target->place = xmalloc(room);
    (void)snprintf(target->place, room, "%s:%d", host, target->port);
    target->url = parsed;
    parsed = NULL;
    return target;
}

bool target_is_tls(const struct target *target)
{
    char *CLEANUP(part_free) scheme = NULL;
    (void)curl_url_get(target->url, CURLUPART_SCHEME, &scheme, 0);
    return str_equal_nocase(str_c(scheme), STR("https"));
}

const char *target_request(const struct target *target, str query, bool absolute,
                           struct arena *arena)
{
    char *CLEANUP(part_free) text = NULL;
    CURLUPart part = absolute ? CURLUPART_URL : CURLUPART_PATH;
    if (curl_url_get(target->url, part, &text, 0) != CURLUE_OK)
        return NULL;
    return arena_c(arena, arena_format(arena, "%s?%.*s", text, STR_ARG(query)));
}

struct target *target_keep(struct target *target)
{
    target->references++;
    return target;
}

void target_release(struct target *target)
{
    if (target == NULL || --target->references > 0)
        return;
    curl_url_cleanup(target->url);
    free(target->host);
    free(target->place);
    free(target);
}

bool url_same_place(str a, str b)
{
    struct target *one = target_new(a);
    struct target *other = target_new(b);
    bool same = one != NULL && other != NULL && strcmp(one->place, other->place) == 0;
    target_release(one);
    target_release(other);
    return same;
}

/* ── the check ── */

bool host_is_localhost(str host)
{
    if (str_ends(host, STR(".")))
        host = str_head(host, host.len - 1);
    return str_equal(host, STR("localhost")) || str_ends(host, STR(".localhost"));
}

/* No name ends in a number (URL Standard §3.5): "127.0.0.1." and "256.1.1.1" are addresses that
 * went wrong, and what some resolver makes of them is not to be found out. */
static bool ends_in_number(str host)
{
    if (str_ends(host, STR(".")))
        host = str_head(host, host.len - 1);
    size_t digits = 0;
    while (digits < host.len && char_is_digit(host.ptr[host.len - 1 - digits]))
        digits++;
    return digits > 0 && (digits == host.len || host.ptr[host.len - 1 - digits] == '.');
}

static str check_address(const struct target *target, const struct cidr_list *allow,
                         struct arena *arena)
{
    struct address address = target->literal;
    if (host_is_localhost(str_c(target->host)))
        address = (struct address){ .family = 4, .bytes = { 127, 0, 0, 1 } };
    struct egress_refusal refusal;
    if (address.family == 0 || egress_allows(&address, allow, &refusal))
        return (str){};
    return arena_format(arena, "%.*s.", STR_ARG(egress_explain(&refusal, arena)));
}

static str check_target(const struct target *target, const struct cidr_list *allow,
                        struct arena *arena)
{
    char *CLEANUP(part_free) zone = get_part(target->url, CURLUPART_ZONEID, 0);
    if (zone != NULL)
        return STR("The URL's address has a zone (%…), which means something on one machine only: "
                   "leave it out.");
    if (target->host[0] == '.' || strstr(target->host, "..") != NULL)
        return STR("The URL's host has two dots in a row, or begins with one.");
    if (strlen(target->host) > HOST_MAX)
        return STR("The URL's host name is longer than 253 bytes.");
    if (target->literal.family == 0 && ends_in_number(str_c(target->host)))
        return STR("The URL's host looks like an address, and is none.");
    if (target->port == 0)
        return STR("The URL's port must be 1 to 65535.");
    return check_address(target, allow, arena);
}

str url_fault(str url, bool with_user, const struct cidr_list *allow, struct arena *arena)
{
    str wrong = check_form(url, with_user);
    struct target *target = wrong.len == 0 ? target_new(url) : NULL;
    if (target != NULL)
        wrong = check_target(target, allow, arena);
    else if (wrong.len == 0)
        wrong = STR("This is no URL that can be sent to: https://HOST/PATH is its form.");
    target_release(target);
    return wrong;
}
