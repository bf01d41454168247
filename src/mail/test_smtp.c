/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/mailbox.h"
#include "mail/testing.h"

#define LINE_ROOM 4096
#define KEPT_MAX 2048
#define WAIT_S 20

struct told {
    char at[16], reply[256], to[128];
    bool has_to;
    bool set;
    int left; /* < 0: without end */
    int delay_ms;
};

struct peer {
    struct peer_options options;
    int listener;
    int port;
    SSL_CTX *tls;
    pthread_t thread;
    struct waker stop;
    /* Below: under the mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct arena arena;
    struct told told;
    struct peer_mail mails[KEPT_MAX];
    char *verbs[KEPT_MAX * 32];
    int count, verb_count, connections;
};

struct session {
    struct peer *peer;
    int fd;
    SSL *tls;
    char bytes[LINE_ROOM];
    size_t have;
    struct peer_mail mail;
    struct arena arena;
    bool over;
};

/* ── bytes ── */

/* False: the server stops. */
static bool wait_for(const struct peer *peer, int fd)
{
    struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
                            { .fd = peer->stop.fd, .events = POLLIN } };
    return poll(fds, 2, -1) > 0 && fds[1].revents == 0;
}

static bool get_more(struct session *session)
{
    size_t room = sizeof(session->bytes) - session->have;
    bool ready = session->tls != NULL && SSL_pending(session->tls) > 0;
    if (room == 0 || (!ready && !wait_for(session->peer, session->fd)))
        return false;
    char *to = session->bytes + session->have;
    ssize_t got = session->tls != NULL ? SSL_read(session->tls, to, (int)room)
                                       : recv(session->fd, to, room, 0);
    if (got <= 0)
        return false;
    session->have += (size_t)got;
    return true;
}

/* Without its CRLF, into the session's arena. False: the other side has gone. */
static bool get_line(struct session *session, str *ret_line)
{
    const char *end;
    while ((end = memmem(session->bytes, session->have, "\r\n", 2)) == NULL)
        if (!get_more(session))
            return false;
    size_t length = (size_t)(end - session->bytes);
    *ret_line = str_c(arena_c(&session->arena, str_from(session->bytes, length)));
    session->have -= length + 2;
    memmove(session->bytes, end + 2, session->have);
    return true;
}

static void put(struct session *session, const char *reply)
{
    str bytes = arena_format(&session->arena, "%s\r\n", reply);
    while (bytes.len > 0 && !session->over) {
        ssize_t sent = session->tls != NULL ? SSL_write(session->tls, bytes.ptr, (int)bytes.len)
                                            : send(session->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        session->over = sent <= 0;
        bytes = sent <= 0 ? bytes : str_skip(bytes, (size_t)sent);
    }
}

static void hang(struct session *session)
{
    do
        session->have = 0;
    while (get_more(session));
    session->over = true;
}

/* ── what it was told to say ── */

static void note_verb(struct session *session, const char *verb)
{
    struct peer *peer = session->peer;
    (void)pthread_mutex_lock(&peer->mutex);
    assert(peer->verb_count < (int)COUNT_OF(peer->verbs));
    peer->verbs[peer->verb_count++] = arena_c(&peer->arena, str_c(verb));
    (void)pthread_cond_broadcast(&peer->changed);
    (void)pthread_mutex_unlock(&peer->mutex);
}

static bool is_told(struct session *session, const char *at, char *ret_reply, int *ret_delay_ms)
{
    struct peer *peer = session->peer;
    (void)pthread_mutex_lock(&peer->mutex);
    struct told *told = &peer->told;
    bool now = told->set && told->left != 0 && strcmp(told->at, at) == 0 &&
               (!told->has_to || str_equal(session->mail.to, str_c(told->to)));
    if (now) {
        (void)snprintf(ret_reply, sizeof(told->reply), "%s", told->reply);
        *ret_delay_ms = told->delay_ms;
        told->left -= told->left > 0;
    }
    (void)pthread_mutex_unlock(&peer->mutex);
    return now;
}

/* False: it has said something else than `usual`. */
static bool say(struct session *session, const char *at, const char *usual)
{
    char reply[sizeof((struct told){}.reply)];
    int delay_ms = 0;
    bool told = is_told(session, at, reply, &delay_ms);
    note_verb(session, at); /* from here on it may be told something else */
    if (!told) {
        put(session, usual);
        return true;
    }
    if (delay_ms > 0)
        (void)nanosleep(
            &(struct timespec){ .tv_sec = delay_ms / 1000, .tv_nsec = delay_ms % 1000 * 1000000L },
            NULL);
    if (strcmp(reply, PEER_HANG) == 0)
        hang(session);
    else if (strcmp(reply, PEER_CLOSE) == 0)
        session->over = true;
    else
        put(session, reply);
    return false;
}

/* ── commands ── */

static str address_in(struct session *session, str rest)
{
    (void)str_cut(&rest, '<');
    return arena_str(&session->arena, str_cut(&rest, '>'));
}

static void do_hello(struct session *session, str rest)
{
    const struct peer_options *options = &session->peer->options;
    session->mail.hello = rest;
    char reply[256];
    (void)snprintf(reply, sizeof(reply), "250-peer.test%s%s%s\r\n250 SIZE 1000000",
                   options->starttls && session->tls == NULL ? "\r\n250-STARTTLS" : "",
                   options->auth != NULL ? "\r\n250-AUTH " : "",
                   options->auth != NULL ? options->auth : "");
    (void)say(session, "EHLO", reply);
}

static void begin_tls(struct session *session)
{
    session->have = 0;
    session->tls = SSL_new(session->peer->tls);
    (void)SSL_set_fd(session->tls, session->fd);
    session->over = SSL_accept(session->tls) != 1;
    session->mail.tls = !session->over;
}

static void do_starttls(struct session *session, str rest)
{
    (void)rest;
    if (say(session, "STARTTLS", "220 go ahead"))
        begin_tls(session);
}

static str decoded(struct session *session, str text)
{
    str bytes = {};
    if (!base64_read(&session->arena, text, &bytes))
        return STR("?");
    return bytes;
}

static str ask(struct session *session, const char *prompt)
{
    str line = {};
    put(session, prompt);
    if (!get_line(session, &line))
        session->over = true;
    return decoded(session, line);
}

static str login_plain(struct session *session, str initial)
{
    str bytes = initial.len > 0 ? decoded(session, initial) : ask(session, "334 ");
    (void)str_cut(&bytes, '\0');
    str user = str_cut(&bytes, '\0');
    return arena_format(&session->arena, "%.*s:%.*s", STR_ARG(user), STR_ARG(bytes));
}

static str login_login(struct session *session, str initial)
{
    str user = initial.len > 0 ? decoded(session, initial) : ask(session, "334 VXNlcm5hbWU6");
    str password = ask(session, "334 UGFzc3dvcmQ6");
    return arena_format(&session->arena, "%.*s:%.*s", STR_ARG(user), STR_ARG(password));
}

static void do_auth(struct session *session, str rest)
{
    str mechanism = str_cut(&rest, ' ');
    bool plain = str_equal(mechanism, STR("PLAIN"));
    str login = plain ? login_plain(session, rest) : login_login(session, rest);
    bool good = str_equal(login, STR("ann:secret"));
    if (say(session, "AUTH", good ? "235 welcome" : "535 5.7.8 who are you") && good)
        session->mail.login = login;
}

static void do_mail(struct session *session, str rest)
{
    session->mail.from = address_in(session, rest);
    (void)say(session, "MAIL", "250 ok");
}

static void do_rcpt(struct session *session, str rest)
{
    session->mail.to = address_in(session, rest);
    (void)say(session, "RCPT", "250 ok");
}

static str copy(struct peer *peer, str text)
{
    return arena_str(&peer->arena, text);
}

static void keep(struct session *session, str data)
{
    struct peer *peer = session->peer;
    (void)pthread_mutex_lock(&peer->mutex);
    assert(peer->count < KEPT_MAX);
    peer->mails[peer->count] = session->mail;
    struct peer_mail *mail = &peer->mails[peer->count++];
    mail->from = copy(peer, mail->from);
    mail->to = copy(peer, mail->to);
    mail->hello = copy(peer, mail->hello);
    mail->login = copy(peer, mail->login);
    mail->data = str_c(arena_c(&peer->arena, data));
    (void)pthread_mutex_unlock(&peer->mutex);
}

static void do_data(struct session *session, str rest)
{
    (void)rest;
    if (!say(session, "DATA", "354 go on"))
        return;
    struct buf data;
    buf_init(&data, &session->arena, SIZE_MAX / 2);
    str line;
    while (!session->over && get_line(session, &line) && !str_equal(line, STR("."))) {
        buf_add(&data, str_starts(line, STR(".")) ? str_skip(line, 1) : line);
        buf_add(&data, STR("\r\n"));
    }
    /* Kept before it is answered, so that who has the answer finds it. */
    int before = peer_count(session->peer);
    keep(session, buf_str(&data));
    if (!say(session, ".", "250 taken")) {
        (void)pthread_mutex_lock(&session->peer->mutex);
        session->peer->count = before;
        (void)pthread_mutex_unlock(&session->peer->mutex);
    }
}

static void do_quit(struct session *session, str rest)
{
    (void)rest;
    (void)say(session, "QUIT", "221 bye");
    session->over = true;
}

static const struct {
    const char *verb;
    void (*run)(struct session *session, str rest);
} commands[] = {
    { "EHLO", do_hello }, { "STARTTLS", do_starttls }, { "AUTH", do_auth }, { "MAIL", do_mail },
    { "RCPT", do_rcpt },  { "DATA", do_data },         { "QUIT", do_quit },
};

static void obey(struct session *session, str line)
{
    str verb = str_cut(&line, ' ');
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (!str_equal(verb, str_c(commands[i].verb)))
            continue;
        commands[i].run(session, line);
        return;
    }
    put(session, "502 no such command");
}

static void serve(struct peer *peer, int fd)
{
    struct session *session = NEW(struct session);
    session->peer = peer;
    session->fd = fd;
    if (peer->options.tls_first)
        begin_tls(session);
    if (!session->over)
        (void)say(session, "greeting", "220 peer.test ESMTP");
    str line;
    while (!session->over && get_line(session, &line))
        obey(session, line);
    SSL_free(session->tls);
    arena_done(&session->arena);
    free(session);
    (void)close(fd);
}

static void *peer_main(void *argument)
{
    struct peer *peer = argument;
    while (wait_for(peer, peer->listener)) {
        int fd = accept(peer->listener, NULL, NULL);
        if (fd < 0)
            continue;
        (void)pthread_mutex_lock(&peer->mutex);
        peer->connections++;
        (void)pthread_mutex_unlock(&peer->mutex);
        serve(peer, fd);
    }
    return NULL;
}

/* ── life ── */

static void listen_on_loopback(struct peer *peer)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(at);
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT("bind", bind(peer->listener, (struct sockaddr *)&at, size), 0);
    CHECK_INT("listen", listen(peer->listener, 64), 0);
    CHECK_INT("port", getsockname(peer->listener, (struct sockaddr *)&at, &size), 0);
    peer->port = ntohs(at.sin_port);
}

struct peer *peer_new(const struct peer_options *options)
{
    struct peer *peer = NEW(struct peer);
    if (options != NULL)
        peer->options = *options;
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
    (void)pthread_mutex_init(&peer->mutex, NULL);
    (void)pthread_cond_init(&peer->changed, NULL);
    CHECK_INT("waker", waker_init(&peer->stop), 0);
    if (peer->options.certificate != NULL) {
        peer->tls = SSL_CTX_new(TLS_server_method());
        CHECK_INT("certificate",
                  SSL_CTX_use_certificate_chain_file(peer->tls, peer->options.certificate), 1);
        CHECK_INT("key",
                  SSL_CTX_use_PrivateKey_file(peer->tls, peer->options.key, SSL_FILETYPE_PEM), 1);
    }
    listen_on_loopback(peer);
    CHECK_INT("thread", pthread_create(&peer->thread, NULL, peer_main, peer), 0);
    return peer;
}

void peer_free(struct peer *peer)
{
    waker_wake(&peer->stop);
    (void)pthread_join(peer->thread, NULL);
    (void)close(peer->listener);
    waker_done(&peer->stop);
    SSL_CTX_free(peer->tls);
    arena_done(&peer->arena);
    (void)pthread_mutex_destroy(&peer->mutex);
    (void)pthread_cond_destroy(&peer->changed);
    free(peer);
}

int peer_port(const struct peer *peer)
{
    return peer->port;
}

void peer_say(struct peer *peer, const struct peer_line *line)
{
    (void)pthread_mutex_lock(&peer->mutex);
    struct told *told = &peer->told;
    *told = (struct told){ .set = true,
                           .has_to = line->to != NULL,
                           .left = line->times == 0 ? -1 : line->times,
                           .delay_ms = line->delay_ms };
    (void)snprintf(told->at, sizeof(told->at), "%s", line->at);
    (void)snprintf(told->reply, sizeof(told->reply), "%s", line->reply);
    (void)snprintf(told->to, sizeof(told->to), "%s", line->to == NULL ? "" : line->to);
    (void)pthread_mutex_unlock(&peer->mutex);
}

void peer_obey(struct peer *peer)
{
    (void)pthread_mutex_lock(&peer->mutex);
    peer->told = (struct told){};
    (void)pthread_mutex_unlock(&peer->mutex);
}

static int locked(struct peer *peer, const int *value)
{
    (void)pthread_mutex_lock(&peer->mutex);
    int now = *value;
    (void)pthread_mutex_unlock(&peer->mutex);
    return now;
}

int peer_count(struct peer *peer)
{
    return locked(peer, &peer->count);
}

int peer_connections(struct peer *peer)
{
    return locked(peer, &peer->connections);
}

static int count_verb(const struct peer *peer, const char *verb)
{
    int count = 0;
    for (int i = 0; i < peer->verb_count; i++)
        count += strcmp(peer->verbs[i], verb) == 0;
    return count;
}

int peer_commands(struct peer *peer, const char *verb)
{
    (void)pthread_mutex_lock(&peer->mutex);
    int count = count_verb(peer, verb);
    (void)pthread_mutex_unlock(&peer->mutex);
    return count;
}

struct peer_mail peer_get(struct peer *peer, int index)
{
    (void)pthread_mutex_lock(&peer->mutex);
    assert(index < peer->count);
    struct peer_mail mail = peer->mails[index];
    (void)pthread_mutex_unlock(&peer->mutex);
    return mail;
}

void peer_wait(struct peer *peer, const char *verb, int times)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    (void)pthread_mutex_lock(&peer->mutex);
    int r = 0;
    while (r == 0 && count_verb(peer, verb) < times)
        r = pthread_cond_timedwait(&peer->changed, &peer->mutex, &until);
    int count = count_verb(peer, verb);
    (void)pthread_mutex_unlock(&peer->mutex);
    CHECK(verb, count >= times);
}
