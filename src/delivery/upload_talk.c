/* SPDX-License-Identifier: MIT
 * What libcurl asks and tells while it talks to a file server: where the conversation stands, and
 * what is kept of it. All of it on the run's thread. */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "delivery/upload_run.h"

#define LAST_REPLY_MS 500
#define QUIT_MS 1000 /* for the answer to our goodbye */

/* ── what is said ── */

/* As much as still fits. */
static void append(struct buf *part, str more)
{
    buf_add(part, str_head(more, part->max - part->len));
}

void upload_add_line(struct buf *part, str what, str of)
{
    append(part, what);
    append(part, of);
    append(part, STR("\r\n"));
}

int64_t upload_since_began_us(const struct exchange *exchange)
{
    return exchange->timing.name_us + clock_mono_us() - exchange->began_us;
}

static int64_t time_of(CURL *easy, CURLINFO what)
{
    curl_off_t us = 0;
    (void)curl_easy_getinfo(easy, what, &us);
    return us;
}

void upload_note_connection(struct upload_run *run)
{
    struct exchange_timing *timing = &run->exchange->timing;
    int64_t before_us = timing->name_us + run->began_us - run->exchange->began_us;
    int64_t tls_us = time_of(run->easy, CURLINFO_APPCONNECT_TIME_T);
    run->connect_us = time_of(run->easy, CURLINFO_CONNECT_TIME_T);
    timing->connect_us = run->connect_us > 0 ? before_us + run->connect_us : 0;
    timing->tls_us = tls_us > 0 ? before_us + tls_us : 0;
}

static enum upload_phase phase_of(str command, enum upload_phase now)
{
    static const struct {
        str verb;
        enum upload_phase phase;
    } phases[] = {
        { STR_INIT("CWD"), UPLOAD_OPEN },    { STR_INIT("MKD"), UPLOAD_OPEN },
        { STR_INIT("EPSV"), UPLOAD_OPEN },   { STR_INIT("PASV"), UPLOAD_OPEN },
        { STR_INIT("STOR"), UPLOAD_OPEN },   { STR_INIT("SIZE"), UPLOAD_RENAME },
        { STR_INIT("RNFR"), UPLOAD_RENAME }, { STR_INIT("DELE"), UPLOAD_RENAME },
    };

    str verb = str_cut(&command, ' ');
    for (size_t i = 0; i < COUNT_OF(phases); i++)
        if (str_equal(verb, phases[i].verb))
            return phases[i].phase;
    return now;
}

static void note_command(struct upload_run *run, str line)
{
    struct exchange *exchange = run->exchange;
    bool secret = str_starts(line, STR("PASS "));
    append(&exchange->request, secret ? STR("PASS ***\r\n") : line);
    if (str_starts(line, STR("QUIT"))) {
        run->quitting = true;
        run->quit_at_ms = clock_mono_ms();
        return;
    }
    str command = arena_str(exchange->arena, secret ? STR("PASS") : str_trim(line));
    if (exchange->phase <= UPLOAD_LOGIN) /* libcurl counts the data connection as one more */
        upload_note_connection(run);
    if (run->asked_count < UPLOAD_ASKED)
        run->asked[run->asked_count++] = command;
    exchange->phase = phase_of(command, exchange->phase);
}

/* "213 N", to SIZE (RFC 3659 §4). */
static void note_size(struct upload_run *run)
{
    str text = run->reply_text;
    (void)str_cut(&text, ' ');
    int64_t size;
    run->size_wrong = run->reply == 213 && str_starts(run->command, STR("SIZE ")) &&
                      str_to_int64(text, &size) && size != run->exchange->upload->size;
}

static void note_final_reply(struct upload_run *run, int code, str line)
{
    struct exchange *exchange = run->exchange;
    if (run->settled)
        return;
    run->command = (str){};
    if (run->asked_count > 0) {
        run->command = run->asked[0];
        run->asked_count--;
        memmove(run->asked, run->asked + 1, sizeof(run->asked[0]) * (size_t)run->asked_count);
    }
    run->reply = code;
    run->reply_text = arena_str(exchange->arena, str_head(str_trim(line), UPLOAD_DETAIL_MAX));
    run->settled = run->reply >= 400 && str_starts(run->command, STR("STOR "));
    if (str_starts(run->command, STR("STOR ")))
        exchange->timing.first_byte_us = upload_since_began_us(exchange);
    note_size(run);
}

/* RFC 959 §4.2: the last line of a reply has a space behind its code, and 1xx announces another. */
static void note_reply(struct upload_run *run, str line)
{
    struct exchange *exchange = run->exchange;
    run->connected = true;
    if (exchange->phase == UPLOAD_CONNECT) {
        exchange->phase = UPLOAD_LOGIN;
        upload_note_connection(run);
    }
    run->head_over = exchange->head.len + line.len > exchange->head.max;
    append(&exchange->head, line);
    int64_t code;
    if (!run->quitting && line.len >= 4 && line.ptr[3] == ' ' &&
        str_to_int64(str_head(line, 3), &code) && code >= 200)
        note_final_reply(run, (int)code, line);
}

/* Not all: libcurl breaks off. */
static size_t receive_reply(char *data, size_t unit, size_t count, void *context)
{
    struct upload_run *run = context;
    note_reply(run, str_from(data, unit * count));
    return run->head_over || run->size_wrong ? 0 : unit * count;
}

/* libcurl shows no packets of SFTP, but says how far it has come. */
static void note_progress(struct upload_run *run, str text)
{
    static const str methods = STR_INIT("SSH authentication methods available: ");
    struct exchange *exchange = run->exchange;
    if (!run->sftp)
        return;
    if (str_starts(text, methods)) {
        exchange->login_methods = arena_str(exchange->arena, str_trim(str_skip(text, methods.len)));
        upload_add_line(&exchange->head, STR("authentication methods: "), exchange->login_methods);
        upload_add_line(&exchange->request, STR("login "), exchange->upload->user);
    } else if (str_starts(text, STR("Authentication complete"))) {
        exchange->phase = UPLOAD_OPEN;
        upload_add_line(&exchange->head, STR("logged in"), (str){});
        if (run->stage == STAGE_SEND)
            upload_add_line(&exchange->request, STR("put "),
                            upload_temporary(run, exchange->arena));
    }
}

static int trace(CURL *easy, curl_infotype type, char *data, size_t size, void *context)
{
    (void)easy;
    struct upload_run *run = context;
    if (type == CURLINFO_HEADER_OUT)
        note_command(run, str_from(data, size));
    else if (type == CURLINFO_TEXT)
        note_progress(run, str_from(data, size));
    return 0;
}

/* ── what libcurl asks ── */

static bool is_tried(const struct upload_run *run, const struct address *address)
{
    for (int i = 0; i < run->tried_count; i++)
        if (address_equal(&run->tried[i], address))
            return true;
    return false;
}

static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *socket_address)
{
    (void)purpose;
    struct upload_run *run = context;
    struct exchange *exchange = run->exchange;
    struct address address = address_from_sockaddr(&socket_address->addr);
    if (!egress_allows(&address, &run->sender->options.allow_egress, &exchange->refusal)) {
        exchange->refused = true;
        return CURL_SOCKET_BAD;
    }
    if (run->connected && !is_tried(run, &address))
        return CURL_SOCKET_BAD;
    if (!run->connected && run->tried_count < UPLOAD_ADDRESSES)
        run->tried[run->tried_count++] = exchange->remote = address;
    if (run->socket_count == UPLOAD_ADDRESSES)
        return CURL_SOCKET_BAD;
    int fd = socket(socket_address->family, socket_address->socktype | SOCK_CLOEXEC,
                    socket_address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    exchange->opened = true;
    if (!run->connected)
        run->control = fd;
    run->sockets[run->socket_count++] = fd;
    return fd;
}

/* A server that does not go on with a file closes the data connection, and says why on the other;
 * libcurl closes both when it notices the first. */
static void read_last_reply(struct upload_run *run)
{
    char text[512];
    struct pollfd ready = { .fd = run->control, .events = POLLIN };
    if (poll(&ready, 1, LAST_REPLY_MS) != 1)
        return;
    ssize_t size = recv(run->control, text, sizeof(text), MSG_DONTWAIT);
    str rest = size > 0 ? str_from(text, (size_t)size) : (str){};
    while (rest.len > 0) {
        str line = str_trim(str_cut(&rest, '\n'));
        note_reply(run, arena_format(&run->arena, "%.*s\r\n", STR_ARG(line)));
    }
}

static int close_socket(void *context, curl_socket_t fd)
{
    struct upload_run *run = context;
    enum upload_phase phase = run->exchange->phase;
    bool sending = phase == UPLOAD_SEND || phase == UPLOAD_CONFIRM;
    if (fd == run->control && sending && !run->sftp && !run->tls && !run->quitting && !run->late)
        read_last_reply(run);
    if (fd == run->control)
        run->control = -1;
    for (int i = 0; i < run->socket_count; i++)
        if (run->sockets[i] == fd)
            run->sockets[i] = run->sockets[--run->socket_count];
    return close(fd);
}

static CURLcode tls_begins(CURL *easy, void *tls, void *context)
{
    (void)easy;
    (void)tls;
    struct upload_run *run = context;
    run->exchange->tls_begun = true;
    return CURLE_OK;
}

static const char *key_type(enum curl_khtype type)
{
    switch (type) {
    case CURLKHTYPE_RSA:
        return "RSA";
    case CURLKHTYPE_ECDSA:
        return "ECDSA";
    case CURLKHTYPE_ED25519:
        return "ED25519";
    case CURLKHTYPE_DSS:
    case CURLKHTYPE_RSA1:
    case CURLKHTYPE_UNKNOWN:
        break;
    }
    return "of another type";
}

static int judge_host_key(void *context, int type, const char *key, size_t size)
{
    struct upload_run *run = context;
    struct exchange *exchange = run->exchange;
    str fingerprint = upload_fingerprint(str_from(key, size), exchange->arena);
    str named = arena_format(exchange->arena, "%.*s (%s)", STR_ARG(fingerprint),
                             key_type((enum curl_khtype)type));
    run->connected = true;
    exchange->phase = UPLOAD_LOGIN;
    if (exchange->server_keys.len == 0 ||
        memmem(exchange->server_keys.ptr, exchange->server_keys.len, named.ptr, named.len) == NULL)
        exchange->server_keys =
            arena_format(exchange->arena, "%.*s%s%.*s", STR_ARG(exchange->server_keys),
                         exchange->server_keys.len > 0 ? ", " : "", STR_ARG(named));
    upload_add_line(&exchange->head, STR("host key "), named);
    run->key_refused = !upload_host_key_is(exchange->upload->host_keys, fingerprint);
    return run->key_refused ? CURLKHMATCH_MISMATCH : CURLKHMATCH_OK;
}

static size_t read_file(char *to, size_t unit, size_t count, void *context)
{
    struct upload_run *run = context;
    struct exchange *exchange = run->exchange;
    const struct upload *upload = exchange->upload;
    size_t size = (size_t)MIN_OF((int64_t)(unit * count), upload->size - exchange->uploaded);
    if (exchange->phase == UPLOAD_OPEN)
        exchange->phase = UPLOAD_SEND;
    if (size > 0 && upload->read(upload->context, exchange->uploaded, to, size) < 0) {
        run->read_failed = true;
        upload_break_off(run);
        return CURL_READFUNC_ABORT;
    }
    exchange->uploaded += (int64_t)size;
    if (exchange->uploaded == upload->size && exchange->timing.sent_us == 0) {
        exchange->phase = UPLOAD_CONFIRM;
        exchange->timing.sent_us = upload_since_began_us(exchange);
    }
    return size;
}

static bool is_late(struct upload_run *run, int64_t now_ms)
{
    const struct exchange *exchange = run->exchange;
    const struct upload_times times = upload_times_of(run);
    int64_t moved_to = exchange->uploaded + exchange->phase;
    if (moved_to != run->moved_to)
        run->moved_ms = now_ms;
    run->moved_to = moved_to;
    if (exchange->phase <= UPLOAD_LOGIN)
        return now_ms - run->began_ms >= times.connect_ms;
    return now_ms - run->moved_ms >= times.quiet_ms || now_ms - run->began_ms >= times.whole_ms;
}

/* libcurl says goodbye to an SFTP server, and where that is not said at once it leaks what libssh2
 * holds: 87 KB with many a connection in 8.14. Without a connection it says nothing. */
void upload_break_off(struct upload_run *run)
{
    for (int i = 0; i < run->socket_count; i++)
        (void)shutdown(run->sockets[i], SHUT_RDWR);
}

/* Once a second at least, wherever libcurl waits. Not 0: it breaks off. */
static int look_up(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                   curl_off_t up)
{
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    struct upload_run *run = context;
    int64_t now_ms = clock_mono_ms();
    if (run->quitting)
        return now_ms - run->quit_at_ms > QUIT_MS;
    run->late = run->late || is_late(run, now_ms);
    if (!run->late && !atomic_load(&run->stopping))
        return 0;
    upload_break_off(run);
    return 1;
}

void upload_listen(struct upload_run *run)
{
    CURL *easy = run->easy;
    SET(easy, CURLOPT_ERRORBUFFER, run->error);
    SET(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(easy, CURLOPT_OPENSOCKETDATA, run);
    SET(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    SET(easy, CURLOPT_CLOSESOCKETDATA, run);
    SET(easy, CURLOPT_SSL_CTX_FUNCTION, tls_begins);
    SET(easy, CURLOPT_SSL_CTX_DATA, run);
    SET(easy, CURLOPT_HEADERFUNCTION, receive_reply);
    SET(easy, CURLOPT_HEADERDATA, run);
    SET(easy, CURLOPT_READFUNCTION, read_file);
    SET(easy, CURLOPT_READDATA, run);
    SET(easy, CURLOPT_XFERINFOFUNCTION, look_up);
    SET(easy, CURLOPT_XFERINFODATA, run);
    SET(easy, CURLOPT_NOPROGRESS, 0L);
    SET(easy, CURLOPT_SSH_HOSTKEYFUNCTION, judge_host_key);
    SET(easy, CURLOPT_SSH_HOSTKEYDATA, run);
    SET(easy, CURLOPT_DEBUGFUNCTION, trace);
    SET(easy, CURLOPT_DEBUGDATA, run);
    SET(easy, CURLOPT_VERBOSE, 1L); /* what calls `trace` */
}
