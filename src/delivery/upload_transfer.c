/* SPDX-License-Identifier: MIT
 * A file's way to its server, by libcurl, on a thread of its own.
 *
 *   send: log in, directory, temporary name, the bytes, their confirmation, rename ──► done
 *                                 │ no    ▲                                    │ no
 *                                 └► clear┘   replace: the old goes aside, ◄───┘
 *                                             rename, the old away ──► done
 *                                               └ no ──► restore
 *
 * Invariants: (1) a file has its name only after the server has confirmed all its bytes, and, where
 * it says sizes, their number; (2) whatever breaks off where, the file that had the name before is
 * there under it or under .NAME.old, or a whole new one is; (3) no socket is opened to an address
 * that the egress guard refuses, nor a data connection to another host than the control connection
 * is to; (4) nothing is sent to an SFTP server, the login included, before its host key is known to
 * be one of those pinned; (5) of what is kept of the conversation nothing is the password; (6) it
 * never asks an agent, a file or the terminal for a key. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "delivery/headers.h"
#include "delivery/upload_run.h"

#define SLOWEST (16 * 1024) /* bytes a second that the whole takes at least, behind its time */
#define LOOK_LATE_MS 2000
#define CONVERSATION_MAX ((size_t)64 * 1024)

/* ── what libcurl is told ── */

static void set_tls(struct upload_run *run)
{
    char *scheme = NULL;
    (void)curl_url_get(run->exchange->target->url, CURLUPART_SCHEME, &scheme, 0);
    bool ftps = str_equal_nocase(str_c(scheme), STR("ftps"));
    run->tls = ftps;
    run->sftp = str_equal_nocase(str_c(scheme), STR("sftp"));
    curl_free(scheme);
    SET(run->easy, CURLOPT_USE_SSL, (long)(ftps ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    SET(run->easy, CURLOPT_FTPSSLAUTH, (long)CURLFTPAUTH_TLS);
    SET(run->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2); /* at least */
    line_trust(run->easy, &run->sender->options);
}

/* A file that goes on slowly is given time: what has none is one that does not. */
struct upload_times upload_times_of(const struct upload_run *run)
{
    const struct exchange *exchange = run->exchange;
    const struct sender_options *options = &run->sender->options;
    int64_t whole_ms = exchange_whole_ms(exchange, options->whole_timeout_ms);
    int64_t connect_ms = exchange_connect_ms(exchange, options->connect_timeout_ms);
    return (struct upload_times){ .connect_ms = MIN_OF(connect_ms, whole_ms),
                                  .quiet_ms = whole_ms,
                                  .whole_ms = whole_ms + exchange->upload->size / SLOWEST * 1000 };
}

/* The run looks by itself; libcurl's own stand behind that, with what a look may come late. */
static void set_timeouts(struct upload_run *run)
{
    const struct upload_times times = upload_times_of(run);
    long quiet_s = (long)(times.quiet_ms / 1000) + LOOK_LATE_MS / 1000;
    SET(run->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)times.connect_ms + LOOK_LATE_MS);
    SET(run->easy, CURLOPT_TIMEOUT_MS, (long)times.whole_ms + LOOK_LATE_MS);
    SET(run->easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, quiet_s);
}

static void set_transfer(struct upload_run *run)
{
    CURL *easy = run->easy;
    struct exchange *exchange = run->exchange;
    const struct upload *upload = exchange->upload;
    upload_set_path(run);
    SET(easy, CURLOPT_PROTOCOLS_STR, "ftp,ftps,sftp");
    SET(easy, CURLOPT_PROXY, "");
    SET(easy, CURLOPT_NOPROXY, "*");
    SET(easy, CURLOPT_NOSIGNAL, 1L);
    SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(easy, CURLOPT_RESOLVE, exchange->pin);
    SET(easy, CURLOPT_USERNAME, arena_c(&run->arena, upload->user));
    SET(easy, CURLOPT_PASSWORD, arena_c(&run->arena, upload->password));
    SET(easy, CURLOPT_SSH_AUTH_TYPES, (long)(CURLSSH_AUTH_PASSWORD | CURLSSH_AUTH_KEYBOARD));
    SET(easy, CURLOPT_FTP_SKIP_PASV_IP, 1L);
    SET(easy, CURLOPT_FORBID_REUSE, (long)!run->sftp); /* it goes with the handle, broken off */
    run->commands = upload_commands(run);
    SET(easy, CURLOPT_POSTQUOTE, run->commands);
    if (run->stage != STAGE_SEND) {
        SET(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    SET(easy, CURLOPT_UPLOAD, 1L);
    SET(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)upload->size);
    SET(easy, CURLOPT_FTP_CREATE_MISSING_DIRS,
        (long)(upload->make_directories ? CURLFTP_CREATE_DIR : CURLFTP_CREATE_DIR_NONE));
}

/* ── one connection ── */

static void note_facts(struct upload_run *run)
{
    struct exchange *exchange = run->exchange;
    if (!run->connected || run->sftp)
        upload_note_connection(run);
    if (run->connect_us > 0 && exchange->phase == UPLOAD_CONNECT)
        exchange->phase = UPLOAD_LOGIN; /* the server has said nothing yet */
    char *remote = NULL;
    long verify = 0;
    (void)curl_easy_getinfo(run->easy, CURLINFO_PRIMARY_IP, &remote);
    (void)curl_easy_getinfo(run->easy, CURLINFO_SSL_VERIFYRESULT, &verify);
    exchange->verify = verify;
    struct address address;
    if (remote != NULL && address_read(str_c(remote), &address))
        exchange->remote = address;
}

static void note_end(struct upload_run *run, CURLcode code)
{
    struct exchange *exchange = run->exchange;
    exchange->late = run->late || code == CURLE_OPERATION_TIMEDOUT;
    exchange->end = upload_end_of(run, code);
    exchange->status = run->reply;
    str detail = run->reply >= 400 ? run->reply_text : str_trim(str_c(run->error));
    if (detail.len == 0)
        detail = str_c(curl_easy_strerror(code));
    exchange->detail = code == CURLE_OK
                           ? (str){}
                           : arena_str(exchange->arena, str_head(detail, UPLOAD_DETAIL_MAX));
}

/* libcurl does not say when it gives these. */
static void note_sftp_commands(struct upload_run *run, CURLcode code)
{
    if (!run->sftp || (code != CURLE_OK && code != CURLE_QUOTE_ERROR))
        return;
    for (const struct curl_slist *at = run->commands; at != NULL; at = at->next)
        upload_add_line(&run->exchange->request, str_c(at->data), (str){});
    upload_add_line(&run->exchange->head, code == CURLE_OK ? STR("done") : run->exchange->detail,
                    (str){});
}

static void begin_connection(struct upload_run *run)
{
    run->tried_count = run->asked_count = 0;
    run->began_us = clock_mono_us();
    run->connect_us = run->exchange->timing.tls_us = 0;
    run->control = -1;
    run->settled = false;
    run->connected = run->quitting = run->key_refused = run->size_wrong = run->late = false;
    run->began_ms = run->moved_ms = clock_mono_ms();
    run->command = run->reply_text = (str){};
    run->reply = 0;
    run->error[0] = '\0';
    if (run->stage == STAGE_SEND)
        run->exchange->uploaded = run->exchange->timing.sent_us = 0;
    run->exchange->phase = UPLOAD_CONNECT;
    run->exchange->refused = run->exchange->opened = run->exchange->tls_begun = false;
}

/* A server has a key of each type, and shows the one that is asked for; libssh2 asks for the type
 * that a known_hosts file has for the host. The key in it is not looked at: judge_host_key() is. */
static int open_known_hosts(struct upload_run *run)
{
    if (run->key_type == NULL)
        return -1;
    const struct target *target = run->exchange->target;
    str line = arena_format(&run->arena, "[%s]:%d %s AAAAC3NzaC1lZDI1NTE5AAAAIA==\n", target->host,
                            target->port, run->key_type);
    int fd = memfd_create("known_hosts", MFD_CLOEXEC);
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (fd >= 0 && write(fd, line.ptr, line.len) == (ssize_t)line.len)
        SET(run->easy, CURLOPT_SSH_KNOWNHOSTS, path);
    return fd;
}

static void perform(struct upload_run *run)
{
    begin_connection(run);
    run->easy = curl_easy_init();
    if (run->easy == NULL) {
        run->exchange->end = EXCHANGE_BROKEN;
        run->exchange->detail = STR("libcurl has no memory for it");
        return;
    }
    set_tls(run);
    set_timeouts(run);
    upload_listen(run);
    set_transfer(run);
    int CLEANUP(close_fd) known_hosts = open_known_hosts(run);
    (void)known_hosts; /* libcurl opens it by its name while it connects */
    if (transport_apply_tls(run->easy, run->exchange)) {
        CURLcode code = curl_easy_perform(run->easy);
        note_facts(run);
        note_end(run, code);
        note_sftp_commands(run, code);
    }
    if (run->sftp)
        upload_break_off(run);
    curl_easy_cleanup(run->easy);
}

/* ── host keys ── */

/* Before 1.11 libssh2 copies memory over itself when it is asked for what libcurl asks for then. */
static bool may_ask_for_rsa(void)
{
    const char *version = curl_version_info(CURLVERSION_NOW)->libssh_version;
    return version != NULL && strverscmp(version, "libssh2/1.11") >= 0;
}

static void try_other_keys(struct upload_run *run)
{
    static const struct {
        const char *type;
        str name;
    } types[] = { { "ssh-ed25519", STR_INIT("(ED25519)") },
                  { "ecdsa-sha2-nistp256", STR_INIT("(ECDSA)") },
                  { "ssh-rsa", STR_INIT("(RSA)") } };
    struct exchange *exchange = run->exchange;
    size_t count = may_ask_for_rsa() ? COUNT_OF(types) : COUNT_OF(types) - 1;
    for (size_t i = 0; i < count && run->key_refused; i++) {
        str seen = exchange->server_keys;
        if (memmem(seen.ptr, seen.len, types[i].name.ptr, types[i].name.len) != NULL)
            continue;
        run->key_type = types[i].type;
        perform(run);
        if (run->connected || exchange->end == EXCHANGE_STOPPED)
            continue;
        /* It has none of that type. */
        run->key_refused = true;
        exchange->end = EXCHANGE_HOST_KEY;
    }
}

/* ── the whole ── */

struct refusal {
    enum exchange_end end;
    str detail;
    int status;
};

static struct refusal note_refusal(const struct exchange *exchange)
{
    return (struct refusal){ exchange->end, exchange->detail, exchange->status };
}

/* What was tried to get past it did not help: its words are told. */
static void tell_refusal(struct exchange *exchange, const struct refusal *refusal)
{
    if (exchange->end == EXCHANGE_STOPPED)
        return;
    exchange->end = refusal->end;
    exchange->detail = refusal->detail;
    exchange->status = refusal->status;
}

static bool stage_succeeds(struct upload_run *run, enum upload_stage stage)
{
    run->stage = stage;
    perform(run);
    return run->exchange->end == EXCHANGE_ANSWERED;
}

/* Some servers let nothing be overwritten: neither what a try has left that was cut off, */
static void clear_and_send(struct upload_run *run)
{
    struct refusal refusal = note_refusal(run->exchange);
    if (stage_succeeds(run, STAGE_CLEAR))
        (void)stage_succeeds(run, STAGE_SEND);
    else
        tell_refusal(run->exchange, &refusal);
}

/* nor a whole file by a rename. */
static void replace(struct upload_run *run)
{
    struct refusal refusal = note_refusal(run->exchange);
    if (stage_succeeds(run, STAGE_REPLACE))
        return;
    (void)stage_succeeds(run, STAGE_RESTORE);
    tell_refusal(run->exchange, &refusal);
}

static void mask_password(struct upload_run *run)
{
    struct exchange *exchange = run->exchange;
    str password = exchange->upload->password;
    exchange->request_head = buf_str(&exchange->request);
    exchange->response_head =
        headers_mask_secret(buf_str(&exchange->head), password, exchange->arena);
    exchange->detail = headers_mask_secret(exchange->detail, password, exchange->arena);
}

static bool note_gone(struct exchange *exchange)
{
    const struct upload *upload = exchange->upload;
    bool gone = upload->is_gone != NULL && upload->is_gone(upload->context);
    if (gone)
        exchange->end = EXCHANGE_FILE_GONE;
    return gone;
}

static void perform_all(struct upload_run *run)
{
    struct exchange *exchange = run->exchange;
    if (note_gone(exchange))
        return;
    perform(run);
    if (run->key_refused)
        try_other_keys(run);
    if (exchange->end == EXCHANGE_NO_PERMISSION)
        clear_and_send(run);
    if (exchange->end == EXCHANGE_NOT_RENAMED)
        replace(run);
    if (exchange->end == EXCHANGE_NO_FILE)
        (void)note_gone(exchange);
}

void upload_perform(struct upload_run *run)
{
    struct exchange *exchange = run->exchange;
    exchange->began_us = clock_mono_us();
    buf_init(&exchange->request, exchange->arena, CONVERSATION_MAX);
    buf_init(&exchange->head, exchange->arena, CONVERSATION_MAX);
    perform_all(run);
    exchange->timing.whole_us = upload_since_began_us(exchange);
    exchange->sent = exchange->uploaded == exchange->upload->size;
    mask_password(run);
}
