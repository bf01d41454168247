/* SPDX-License-Identifier: MIT
 * Invariants:
 * (1) a letter is one connection and one transaction with one recipient: who refuses one person
 *     refuses nobody else, and no one sees whom else a mail goes to;
 * (2) which command was answered is read off the conversation, since libcurl's codes tell a refused
 *     sender from a refused recipient only by their message;
 * (3) a password is in no text: of what we send only verbs are looked at.
 *
 * RFC 5321 §4.5.3.2 would wait 5 to 10 minutes for an answer; a mail that is tried again waits
 * less, since all others wait behind it. */
#include "mail/smtp_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/buf.h"
#include "base/fail.h"
#include "mail/message.h"

#define CONNECT_TIMEOUT_MS 10000
#define ANSWER_TIMEOUT_MS 60000
#define WHOLE_TIMEOUT_MS 180000
#define POLL_MS 1000
#define REPLY_MAX ((size_t)600)

/* ── options ── */

bool smtp_tls_read(str text, enum smtp_tls *ret_tls)
{
    static const struct {
        str name;
        enum smtp_tls tls;
    } levels[] = {
        { STR_INIT("required"), SMTP_TLS_REQUIRED },
        { STR_INIT("offered"), SMTP_TLS_OFFERED },
        { STR_INIT("never"), SMTP_TLS_NEVER },
    };

    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        if (!str_equal(levels[i].name, text))
            continue;
        *ret_tls = levels[i].tls;
        return true;
    }
    return false;
}

static bool is_loopback(str host)
{
    static const struct cidr ranges[] = { { { .family = 4, .bytes = { 127 } }, 8 },
                                          { { .family = 6, .bytes = { [15] = 1 } }, 128 } };
    const struct cidr_list loopback = { ranges, COUNT_OF(ranges) };
    struct address address;
    if (address_read(host, &address))
        return cidr_list_contains(&loopback, &address);
    return str_equal_nocase(host, STR("localhost"));
}

static str url_part(CURLU *url, CURLUPart which, unsigned flags, struct arena *arena)
{
    char *text = NULL;
    if (curl_url_get(url, which, &text, flags) != CURLUE_OK)
        return (str){};
    str copy = arena_str(arena, str_c(text));
    curl_free(text);
    return copy;
}

/* What stands behind the host: the name that we say EHLO with. */
static bool is_hello_path(str path)
{
    if (str_starts(path, STR("/")))
        path = str_skip(path, 1);
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] <= ' ' || path.ptr[i] > '~' || strchr("/%?#<>", path.ptr[i]) != NULL)
            return false;
    return true;
}

static str read_parts(CURLU *url, struct arena *arena, struct place *ret_place)
{
    str scheme = url_part(url, CURLUPART_SCHEME, 0, arena);
    str host = url_part(url, CURLUPART_HOST, 0, arena);
    if (!str_equal(scheme, STR("smtp")) && !str_equal(scheme, STR("smtps")))
        return STR("The mail server's URL begins with smtp:// or smtps://");
    if (host.len == 0)
        return STR("The mail server's URL names no host: write smtp://mail.example.org:587");
    if (url_part(url, CURLUPART_QUERY, 0, arena).len > 0 ||
        url_part(url, CURLUPART_FRAGMENT, 0, arena).len > 0 ||
        !is_hello_path(url_part(url, CURLUPART_PATH, 0, arena)))
        return STR("Behind its host and port the mail server's URL holds at most the name to say "
                   "EHLO with: smtp://mail.example.org:587/hub.example.org");
    str port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, arena);
    str shown = arena_format(arena, "%.*s:%.*s", STR_ARG(host), STR_ARG(port));
    if (str_starts(host, STR("[")) && str_ends(host, STR("]")))
        host = str_skip(str_head(host, host.len - 1), 1);
    *ret_place = (struct place){ .host = arena_c(arena, host),
                                 .shown = arena_c(arena, shown),
                                 .loopback = is_loopback(host),
                                 .tls_first = str_equal(scheme, STR("smtps")) };
    return (str){};
}

/* Returns what is wrong with it, or nothing. */
static str read_place(const struct smtp_options *options, struct arena *arena,
                      struct place *ret_place)
{
    if (options->url.len == 0 || !str_is_utf8(options->url) || str_has_control(options->url))
        return STR("The mail server's URL cannot be read: write smtp://mail.example.org:587");
    char *text = arena_c(arena, options->url);
    CURLU *url = curl_url();
    str wrong = STR("The mail server's URL cannot be read: write smtp://mail.example.org:587");
    if (url != NULL && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK)
        wrong = read_parts(url, arena, ret_place);
    curl_url_cleanup(url);
    if (wrong.len == 0 && ret_place->tls_first && options->tls == SMTP_TLS_NEVER)
        wrong = STR("smtps:// is TLS from the first byte, and the level says never: write smtp://");
    ret_place->url = text;
    return wrong;
}

bool smtp_check(const struct smtp_options *options, struct arena *arena, str *reterr_text)
{
    struct place place = {};
    str wrong = read_place(options, arena, &place);
    if (wrong.len > 0)
        *reterr_text = wrong;
    return wrong.len == 0;
}

/* ── callbacks, all with the talk as their context ── */

static size_t give_message(char *to, size_t unit, size_t count, void *context)
{
    struct talk *talk = context;
    str now = str_head(talk->rest, unit * count);
    if (now.len > 0)
        memcpy(to, now.ptr, now.len);
    talk->rest = str_skip(talk->rest, now.len);
    return now.len;
}

/* The server's lines come by `trace`, too; without this libcurl would print them. */
static size_t ignore(char *data, size_t unit, size_t count, void *context)
{
    (void)data;
    (void)context;
    return unit * count;
}

/* libcurl waits inside of its perform for what is said to a message and to QUIT, where no wake-up
 * reaches it; when the connection is shut down, it ends. Whoever takes the descriptor out closes
 * it, so it is never another connection's. */
static void let_socket_go(struct smtp *smtp, int next, bool shut)
{
    int fd = atomic_exchange(&smtp->socket, next);
    if (fd < 0)
        return;
    if (shut)
        (void)shutdown(fd, SHUT_RDWR);
    (void)close(fd);
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
    (void)purpose;
    struct talk *talk = context;
    int fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    if (fd >= 0)
        let_socket_go(talk->smtp, fcntl(fd, F_DUPFD_CLOEXEC, 0), false);
    return fd;
}

/* For a stop that came before there was a connection. */
static int look_for_stop(void *context, curl_off_t down_of, curl_off_t down, curl_off_t up_of,
                         curl_off_t up)
{
    (void)down_of;
    (void)down;
    (void)up_of;
    (void)up;
    const struct talk *talk = context;
    return atomic_load(&talk->smtp->stopping) ? 1 : 0;
}

static void note_step(struct talk *talk, enum step step)
{
    talk->step = step;
    talk->reply = 0;
    talk->reply_text.len = 0;
}

static void note_command(struct talk *talk, str line)
{
    static const struct {
        str verb;
        enum step step;
    } verbs[] = {
        { STR_INIT("EHLO"), STEP_HELLO },   { STR_INIT("HELO"), STEP_HELLO },
        { STR_INIT("STARTTLS"), STEP_TLS }, { STR_INIT("AUTH"), STEP_LOGIN },
        { STR_INIT("MAIL"), STEP_SENDER },  { STR_INIT("RCPT"), STEP_RECIPIENT },
        { STR_INIT("DATA"), STEP_DATA },
    };

    line = str_trim(line);
    str verb = str_cut(&line, ' ');
    talk->over = talk->over || str_equal(verb, STR("QUIT"));
    for (size_t i = 0; i < COUNT_OF(verbs) && !talk->over; i++)
        if (str_equal(verbs[i].verb, verb))
            note_step(talk, verbs[i].step);
}

/* RFC 5321 §4.2: "550-text" and at last "550 text". */
static void note_reply(struct talk *talk, str line)
{
    int64_t code;
    if (talk->over || line.len < 4 || !str_to_int64(str_head(line, 3), &code) || code < 200)
        return;
    talk->reply = (int)code;
    str text = str_trim(str_skip(line, 4));
    if (text.len + 1 > talk->reply_text.max - talk->reply_text.len)
        return;
    if (talk->reply_text.len > 0)
        buf_char(&talk->reply_text, ' ');
    buf_add(&talk->reply_text, text);
}

static int trace(CURL *easy, curl_infotype type, char *data, size_t size, void *context)
{
    (void)easy;
    struct talk *talk = context;
    if (type == CURLINFO_HEADER_OUT)
        note_command(talk, str_from(data, size));
    else if (type == CURLINFO_DATA_OUT && talk->step == STEP_DATA)
        note_step(talk, STEP_MESSAGE);
    else if (type == CURLINFO_HEADER_IN)
        note_reply(talk, str_from(data, size));
    return 0;
}

/* ── one letter ── */

#define SET(easy, option, value) (void)curl_easy_setopt((easy), (option), (value))

static long use_tls(const struct smtp *smtp)
{
    switch (smtp->options.tls) {
    case SMTP_TLS_UNSAID:
        return smtp->place.loopback ? CURLUSESSL_NONE : CURLUSESSL_ALL;
    case SMTP_TLS_OFFERED:
        return CURLUSESSL_TRY;
    case SMTP_TLS_NEVER:
        return CURLUSESSL_NONE;
    case SMTP_TLS_REQUIRED:
        break;
    }
    return CURLUSESSL_ALL;
}

static void set_connection(CURL *easy, const struct smtp *smtp, struct arena *arena)
{
    const struct smtp_options *options = &smtp->options;
    SET(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    SET(easy, CURLOPT_URL, smtp->place.url);
    SET(easy, CURLOPT_PROXY, "");
    SET(easy, CURLOPT_NOPROXY, "*");
    SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(easy, CURLOPT_USE_SSL, use_tls(smtp));
    SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (options->ca_file.len > 0) {
        SET(easy, CURLOPT_CAINFO, arena_c(arena, options->ca_file));
        SET(easy, CURLOPT_CAPATH, NULL);
    }
    if (options->user.len > 0)
        SET(easy, CURLOPT_USERNAME, arena_c(arena, options->user));
    if (options->password.len > 0)
        SET(easy, CURLOPT_PASSWORD, arena_c(arena, options->password));
    SET(easy, CURLOPT_FORBID_REUSE, 1L);
    SET(easy, CURLOPT_NOSIGNAL, 1L);
    SET(easy, CURLOPT_QUICK_EXIT, 1L); /* a name that is being looked up does not hold up a stop */
    SET(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
    SET(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)((options->answer_timeout_ms + 999) / 1000));
    SET(easy, CURLOPT_TIMEOUT_MS, (long)options->whole_timeout_ms);
}

static void set_talk(CURL *easy, struct talk *talk)
{
    SET(easy, CURLOPT_ERRORBUFFER, talk->error);
    SET(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(easy, CURLOPT_OPENSOCKETDATA, talk);
    SET(easy, CURLOPT_UPLOAD, 1L);
    SET(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)talk->rest.len);
    SET(easy, CURLOPT_READFUNCTION, give_message);
    SET(easy, CURLOPT_READDATA, talk);
    SET(easy, CURLOPT_WRITEFUNCTION, ignore);
    SET(easy, CURLOPT_XFERINFOFUNCTION, look_for_stop);
    SET(easy, CURLOPT_XFERINFODATA, talk);
    SET(easy, CURLOPT_NOPROGRESS, 0L);
    SET(easy, CURLOPT_DEBUGFUNCTION, trace);
    SET(easy, CURLOPT_DEBUGDATA, talk);
    SET(easy, CURLOPT_VERBOSE, 1L); /* what calls `trace` */
}

static CURLcode perform(struct smtp *smtp, CURL *easy)
{
    if (curl_multi_add_handle(smtp->multi, easy) != CURLM_OK)
        return CURLE_FAILED_INIT;
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    for (bool over = false; !over && !atomic_load(&smtp->stopping);) {
        int running, queued;
        (void)curl_multi_perform(smtp->multi, &running);
        const CURLMsg *message = curl_multi_info_read(smtp->multi, &queued);
        over = message != NULL && message->msg == CURLMSG_DONE;
        if (over)
            code = message->data.result;
        else
            (void)curl_multi_poll(smtp->multi, NULL, 0, POLL_MS, NULL);
    }
    (void)curl_multi_remove_handle(smtp->multi, easy);
    let_socket_go(smtp, -1, false);
    return code;
}

/* ── letters ── */

static CURLcode send_with(CURL *easy, struct talk *talk, const struct smtp_letter *letter,
                          struct arena *arena)
{
    struct curl_slist to = { .data = arena_c(arena, letter->to) };
    set_connection(easy, talk->smtp, arena);
    set_talk(easy, talk);
    SET(easy, CURLOPT_MAIL_FROM, arena_c(arena, letter->from));
    SET(easy, CURLOPT_MAIL_RCPT, &to);
    CURLcode code = perform(talk->smtp, easy);
    SET(easy, CURLOPT_MAIL_RCPT, NULL); /* it borrows the list */
    return code;
}

struct smtp_result smtp_send(struct smtp *smtp, const struct smtp_letter *letter,
                             struct arena *arena)
{
    assert(message_address_is_good(letter->from) && message_address_is_good(letter->to));
    CURL *easy = curl_easy_init();
    if (easy == NULL)
        return (struct smtp_result){ .text = STR("libcurl has no memory for a mail") };
    struct talk talk = { .smtp = smtp, .rest = letter->message };
    buf_init(&talk.reply_text, arena, REPLY_MAX);
    CURLcode code = send_with(easy, &talk, letter, arena);
    struct smtp_result result = { .end = smtp_end_of(&talk, code), .reply = talk.reply };
    result.maybe_sent = result.end != SMTP_SENT && talk.step == STEP_MESSAGE && talk.reply == 0;
    result.text = smtp_explain(&talk, code, easy, arena);
    curl_easy_cleanup(easy);
    return result;
}

void smtp_stop(struct smtp *smtp)
{
    atomic_store(&smtp->stopping, true);
    let_socket_go(smtp, -1, true);
    (void)curl_multi_wakeup(smtp->multi);
}

/* ── life ── */

static void keep_options(struct smtp *smtp, const struct smtp_options *options)
{
    struct smtp_options *kept = &smtp->options;
    *kept = *options;
    kept->url = arena_str(&smtp->arena, options->url);
    kept->user = arena_str(&smtp->arena, options->user);
    kept->password = arena_str(&smtp->arena, options->password);
    kept->ca_file = arena_str(&smtp->arena, options->ca_file);
    kept->connect_timeout_ms =
        kept->connect_timeout_ms > 0 ? kept->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    kept->answer_timeout_ms =
        kept->answer_timeout_ms > 0 ? kept->answer_timeout_ms : ANSWER_TIMEOUT_MS;
    kept->whole_timeout_ms = kept->whole_timeout_ms > 0 ? kept->whole_timeout_ms : WHOLE_TIMEOUT_MS;
}

/* The URL's, where the options have none: what the server says is searched for it. */
static void take_login(struct smtp *smtp)
{
    struct smtp_options *kept = &smtp->options;
    CURLU *url = curl_url();
    if (url != NULL && curl_url_set(url, CURLUPART_URL, smtp->place.url, 0) == CURLUE_OK) {
        if (kept->user.len == 0)
            kept->user = url_part(url, CURLUPART_USER, CURLU_URLDECODE, &smtp->arena);
        if (kept->password.len == 0)
            kept->password = url_part(url, CURLUPART_PASSWORD, CURLU_URLDECODE, &smtp->arena);
    }
    curl_url_cleanup(url);
}

int smtp_new(const struct smtp_options *options, struct smtp **ret_smtp)
{
    struct smtp *smtp = NEW(struct smtp);
    atomic_init(&smtp->stopping, false);
    atomic_init(&smtp->socket, -1);
    keep_options(smtp, options);
    str wrong = read_place(&smtp->options, &smtp->arena, &smtp->place);
    if (wrong.len == 0)
        take_login(smtp);
    smtp->multi = curl_multi_init();
    if (wrong.len > 0 || smtp->multi == NULL) {
        smtp_free(smtp);
        return fail(wrong.len > 0 ? -EINVAL : FAIL_LIBRARY);
    }
    *ret_smtp = smtp;
    return 0;
}

void smtp_free(struct smtp *smtp)
{
    if (smtp == NULL)
        return;
    (void)curl_multi_cleanup(smtp->multi);
    arena_done(&smtp->arena);
    free(smtp);
}
