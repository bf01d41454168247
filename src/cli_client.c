/* SPDX-License-Identifier: MIT */
#include "cli_client.h"

#include <curl/curl.h>
#include <stdlib.h>

#define REPLY_MAX ((size_t)64 << 20)
#define REPLY_DEPTH 128

static const struct option options[] = {
    { .name = "url",
      .type = OPTION_URL,
      .sources = BY_FLAG | BY_VARIABLE,
      .offset = offsetof(struct client_options, url),
      .text = "http://127.0.0.1:8080",
      .help = "the hub's address" },
    { .name = "key",
      .type = OPTION_SECRET,
      .sources = BY_FLAG | BY_VARIABLE,
      .offset = offsetof(struct client_options, key),
      .required = true,
      .help = "an API key; the variable hides it from others on this machine" },
    { .name = "ca-file",
      .type = OPTION_PATH,
      .sources = BY_FLAG | BY_VARIABLE,
      .offset = offsetof(struct client_options, ca_file),
      .shown = "the system's",
      .help = "certificates (PEM) to know the hub by, as one that it signed itself" },
};

const struct option_table client_settings = { "The hub", options, COUNT_OF(options) };

struct client {
    CURL *curl;
    struct curl_slist *headers;
    struct arena arena;
    str url;
    const char *ca_file; /* NULL: the system's */
    char error[CURL_ERROR_SIZE];
};

/* A proxy of the environment would stand between this machine and itself. */
static bool is_loopback(str url)
{
    str rest = url;
    (void)str_cut(&rest, ':');
    rest = str_skip(rest, MIN_OF(rest.len, (size_t)2));
    return str_starts(rest, STR("127.")) || str_starts(rest, STR("localhost")) ||
           str_starts(rest, STR("[::1]"));
}

struct client *client_new(const struct client_options *from)
{
    struct client *client = NEW(struct client);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        (client->curl = curl_easy_init()) == NULL) {
        client_free(client);
        (void)cli_fail_text("libcurl does not start");
        return NULL;
    }
    client->url = arena_str(&client->arena, from->url);
    if (from->ca_file.len > 0)
        client->ca_file = arena_c(&client->arena, from->ca_file);
    str authorization =
        arena_format(&client->arena, "Authorization: Bearer %.*s", STR_ARG(from->key));
    client->headers = curl_slist_append(NULL, arena_c(&client->arena, authorization));
    client->headers = curl_slist_append(client->headers, "Content-Type: application/json");
    client->headers = curl_slist_append(client->headers, "Accept: application/json");
    client->headers = curl_slist_append(client->headers, "Expect:");
    return client;
}

void client_free(struct client *client)
{
    if (client == NULL)
        return;
    curl_slist_free_all(client->headers);
    curl_easy_cleanup(client->curl);
    arena_done(&client->arena);
    free(client);
    curl_global_cleanup();
}

void client_freep(struct client **client)
{
    client_free(*client);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct buf *buf = context;
    buf_add(buf, str_from(bytes, size * count));
    return buf_overflowed(buf) ? 0 : size * count;
}

static void prepare(struct client *client, const struct client_request *request, const char *url,
                    struct buf *body)
{
    CURL *curl = client->curl;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "junctor/" JUNCTOR_VERSION);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (client->ca_file != NULL)
        curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file);
    if (is_loopback(client->url))
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    if (request->body.len > 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.ptr);
    } else if (str_equal(str_c(request->method), STR("POST"))) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
    }
}

/* The standing headers are shared: one more is put in front for this request only. */
static CURLcode perform(struct client *client, const struct client_request *request,
                        struct arena *arena)
{
    struct curl_slist more = { .next = client->headers };
    struct curl_slist *headers = client->headers;
    if (request->idempotency_key.len > 0) {
        str line = arena_format(arena, "Idempotency-Key: %.*s", STR_ARG(request->idempotency_key));
        more.data = arena_c(arena, line);
        headers = &more;
    }
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
    return curl_easy_perform(client->curl);
}

bool client_call(struct client *client, const struct client_request *request, struct arena *arena,
                 struct client_reply *ret_reply)
{
    struct buf body;
    buf_init(&body, arena, REPLY_MAX);
    str url = arena_format(arena, "%.*s%.*s", STR_ARG(client->url), STR_ARG(request->path));
    prepare(client, request, arena_c(arena, url), &body);
    CURLcode code = perform(client, request, arena);
    *ret_reply = (struct client_reply){};
    if (code != CURLE_OK) {
        const char *why = client->error[0] != '\0' ? client->error : curl_easy_strerror(code);
        ret_reply->fault =
            arena_format(arena, "%.*s cannot be reached: %s", STR_ARG(client->url), why);
        return false;
    }
    long status = 0;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    ret_reply->status = (int)status;
    ret_reply->body = buf_str(&body);
    struct json_error error;
    json value;
    if (body.len > 0 && json_read(arena, buf_str(&body), REPLY_DEPTH, &value, &error))
        ret_reply->value = value;
    return status >= 200 && status <= 299;
}

static void print_member(const char *before, json object, str key)
{
    str text = json_string(json_get(object, key));
    if (text.len == 0)
        return;
    (void)fputs(before, stderr);
    print_plain(stderr, text);
}

int client_fail(const struct client_reply *reply)
{
    if (reply->status == 0)
        return cli_fail_text("%.*s", STR_ARG(reply->fault));
    if (json_type(reply->value) != JSON_OBJECT)
        return cli_fail_text("the answer is %d, and not from a hub: is the address right?",
                             reply->status);
    (void)fprintf(stderr, "junctor: %d", reply->status);
    print_member(" ", reply->value, STR("title"));
    print_member("\n  ", reply->value, STR("detail"));
    (void)fputc('\n', stderr);
    struct json_walk walk = json_walk(json_get(reply->value, STR("errors")));
    json error;
    while (json_next(&walk, NULL, &error)) {
        bool has_field = json_string(json_get(error, STR("field"))).len > 0;
        print_member("  ", error, has_field ? STR("field") : STR("pointer"));
        print_member(": ", error, STR("message"));
        (void)fputc('\n', stderr);
    }
    print_member("  request ", reply->value, STR("requestId"));
    (void)fputc('\n', stderr);
    return EXIT_FAILED;
}

str client_endpoint_path(struct arena *arena, str id)
{
    return arena_format(arena, "/api/v1/%s/%.*s",
                        str_starts(id, STR("exp_")) ? "export-profiles" : "webhooks",
                        STR_ARG(url_encode(arena, id)));
}

str url_encode(struct arena *arena, str text)
{
    static const char digits[] = "0123456789ABCDEF";
    char *to = arena_bytes(arena, 3 * text.len + 1);
    size_t length = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        bool plain = char_is_digit(text.ptr[i]) || char_is_alpha(text.ptr[i]) ||
                     (byte != 0 && strchr("-._~", byte) != NULL);
        if (plain) {
            to[length++] = text.ptr[i];
            continue;
        }
        to[length++] = '%';
        to[length++] = digits[byte >> 4];
        to[length++] = digits[byte & 15];
    }
    return str_from(to, length);
}
