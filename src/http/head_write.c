/* SPDX-License-Identifier: MIT
 * http/head_write.c: the head of a reply, built by hand: it is made once a request. Pure. */
#include <time.h>

#include "http/internal.h"

static const struct {
    int status;
    str line; /* behind "HTTP/1.1 " */
} statuses[] = {
    { 200, STR_INIT("200 OK") },
    { 201, STR_INIT("201 Created") },
    { 202, STR_INIT("202 Accepted") },
    { 204, STR_INIT("204 No Content") },
    { 301, STR_INIT("301 Moved Permanently") },
    { 302, STR_INIT("302 Found") },
    { 303, STR_INIT("303 See Other") },
    { 304, STR_INIT("304 Not Modified") },
    { 307, STR_INIT("307 Temporary Redirect") },
    { 308, STR_INIT("308 Permanent Redirect") },
    { 400, STR_INIT("400 Bad Request") },
    { 401, STR_INIT("401 Unauthorized") },
    { 403, STR_INIT("403 Forbidden") },
    { 404, STR_INIT("404 Not Found") },
    { 405, STR_INIT("405 Method Not Allowed") },
    { 406, STR_INIT("406 Not Acceptable") },
    { 408, STR_INIT("408 Request Timeout") },
    { 409, STR_INIT("409 Conflict") },
    { 410, STR_INIT("410 Gone") },
    { 412, STR_INIT("412 Precondition Failed") },
    { 413, STR_INIT("413 Content Too Large") },
    { 414, STR_INIT("414 URI Too Long") },
    { 415, STR_INIT("415 Unsupported Media Type") },
    { 416, STR_INIT("416 Range Not Satisfiable") },
    { 417, STR_INIT("417 Expectation Failed") },
    { 422, STR_INIT("422 Unprocessable Content") },
    { 428, STR_INIT("428 Precondition Required") },
    { 429, STR_INIT("429 Too Many Requests") },
    { 431, STR_INIT("431 Request Header Fields Too Large") },
    { 500, STR_INIT("500 Internal Server Error") },
    { 501, STR_INIT("501 Not Implemented") },
    { 502, STR_INIT("502 Bad Gateway") },
    { 503, STR_INIT("503 Service Unavailable") },
    { 504, STR_INIT("504 Gateway Timeout") },
    { 505, STR_INIT("505 HTTP Version Not Supported") },
    { 508, STR_INIT("508 Loop Detected") },
};

/* Enough for any status, any length and all fixed text. */
#define FIXED_MAX 320

static char *put(char *to, str s)
{
    if (s.len > 0)
        memcpy(to, s.ptr, s.len);
    return to + s.len;
}

static char *put_number(char *to, size_t number)
{
    char digits[20];
    char *at = digits + sizeof(digits);
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return put(to, str_from(at, (size_t)(digits + sizeof(digits) - at)));
}

static char *put_status(char *to, int status)
{
    for (size_t i = 0; i < COUNT_OF(statuses); i++)
        if (statuses[i].status == status)
            return put(to, statuses[i].line);
    /* The reason may be empty, the space before it may not (RFC 9112 §4). */
    assert(status >= 200 && status <= 999);
    to = put_number(to, (size_t)status);
    *to++ = ' ';
    return to;
}

bool reply_has_body(int status)
{
    return status != 204 && status != 304;
}

size_t reply_head_size(const struct request *request)
{
    const struct reply *reply = &request->reply;
    return FIXED_MAX + reply->content_type.len + request->id.len + reply->headers.len;
}

char *reply_head_write(const struct request *request, const char *date, str connection_header,
                       char *to)
{
    const struct reply *reply = &request->reply;
    to = put(to, STR("HTTP/1.1 "));
    to = put_status(to, reply->status);
    to = put(to, STR("\r\nDate: "));
    to = put(to, str_from(date, DATE_LEN));
    if (reply_has_body(reply->status)) {
        if (reply->content_type.len > 0) {
            to = put(to, STR("\r\nContent-Type: "));
            to = put(to, reply->content_type);
        }
        to = put(to, STR("\r\nContent-Length: "));
        to = put_number(to, reply->body.len);
    }
    to = put(to, STR("\r\nX-Request-Id: "));
    to = put(to, request->id);
    to = put(to, STR("\r\n"));
    to = put(to, connection_header);
    to = put(to, reply->headers);
    return put(to, STR("\r\n"));
}

static char *put_two(char *to, int number)
{
    *to++ = (char)('0' + number / 10 % 10);
    *to++ = (char)('0' + number % 10);
    return to;
}

/* IMF-fixdate (RFC 9110 §5.6.7), by hand since strftime() asks the locale. */
void date_write(int64_t unix_s, char *to)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t time = (time_t)unix_s;
    struct tm tm = {};
    (void)gmtime_r(&time, &tm);
    to = put(to, str_from(days + (ptrdiff_t)tm.tm_wday * 3, 3));
    to = put(to, STR(", "));
    to = put_two(to, tm.tm_mday);
    *to++ = ' ';
    to = put(to, str_from(months + (ptrdiff_t)tm.tm_mon * 3, 3));
    *to++ = ' ';
    to = put_two(to, (tm.tm_year + 1900) / 100);
    to = put_two(to, tm.tm_year % 100);
    *to++ = ' ';
    to = put_two(to, tm.tm_hour);
    *to++ = ':';
    to = put_two(to, tm.tm_min);
    *to++ = ':';
    to = put_two(to, tm.tm_sec);
    (void)put(to, STR(" GMT"));
}
