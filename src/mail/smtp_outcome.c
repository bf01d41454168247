/* SPDX-License-Identifier: MIT
 * Invariants: (1) a text for every end but SMTP_SENT; (2) what a server said comes into it as one
 * line and cut short, and not at all where it repeats the password. */
#include <errno.h>

#include "base/digest.h"
#include "base/fail.h"
#include "mail/message.h"
#include "mail/smtp_internal.h"

#define QUOTED_MAX 200

static bool was_taken(const struct talk *talk, CURLcode code)
{
    return code == CURLE_OK || (talk->step == STEP_MESSAGE && talk->reply == 250);
}

/* RFC 4954 §6 */
static bool is_about_login(int reply)
{
    return reply == 530 || (reply >= 534 && reply <= 538);
}

/* A reply of 400 or more. From the recipient on it may be about that person alone, whatever it is:
 * were it the server's affair, one person would hold up all others. One about the login will not stay
 * so. */
static enum smtp_end end_of_reply(const struct talk *talk)
{
    bool later = talk->reply < 500;
    if (talk->step >= STEP_RECIPIENT)
        return later || is_about_login(talk->reply) ? SMTP_PERSON_LATER : SMTP_PERSON_REFUSED;
    return later ? SMTP_SERVER_LATER : SMTP_SERVER_REFUSES;
}

enum smtp_end smtp_end_of(const struct talk *talk, CURLcode code)
{
    if (was_taken(talk, code))
        return SMTP_SENT;
    if (atomic_load(&talk->smtp->stopping))
        return SMTP_STOPPED;
    if (talk->reply >= 400)
        return end_of_reply(talk);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_USE_SSL_FAILED ||
        code == CURLE_LOGIN_DENIED || code == CURLE_SSL_CACERT_BADFILE)
        return SMTP_SERVER_REFUSES;
    /* Were it the server's affair, one letter that it cannot digest would hold up all others. */
    return talk->step >= STEP_RECIPIENT ? SMTP_PERSON_LATER : SMTP_SERVER_LATER;
}

static bool holds(str text, str part)
{
    return part.len > 0 && memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

/* Also as it goes over the wire: AUTH LOGIN has it in base64, AUTH PLAIN behind the user (RFC 4616). */
static bool holds_password(const struct smtp *smtp, str text, struct arena *arena)
{
    str user = smtp->options.user;
    str password = smtp->options.password;
    str plain = arena_format(arena, "%c%.*s%c%.*s", 0, STR_ARG(user), 0, STR_ARG(password));
    return password.len > 0 &&
           (holds(text, password) || holds(text, base64_write(arena, password)) ||
            holds(text, base64_write(arena, plain)));
}

static str explain_reply(const struct talk *talk, struct arena *arena)
{
    static const char *const words[] = {
        [STEP_CONNECT] = "turned the connection away",
        [STEP_HELLO] = "refused our greeting; put a name that it accepts behind the URL's port",
        [STEP_TLS] = "refused to begin TLS",
        [STEP_LOGIN] = "refused the login; check user and password",
        [STEP_SENDER] = "refused the sender; check the address that mails come from",
        [STEP_RECIPIENT] = "refused the recipient; check the address, and that the hub may relay",
        [STEP_DATA] = "refused the message before it was sent",
        [STEP_MESSAGE] = "refused the message",
    };
    const char *word = words[talk->step];
    if (talk->step >= STEP_SENDER && is_about_login(talk->reply))
        word = "wants another login; check user, password, and the level of TLS";
    str text = buf_str(&talk->reply_text);
    if (holds_password(talk->smtp, text, arena))
        text = STR("its words hold the password, and are left out");
    text = message_one_line(text, QUOTED_MAX, arena);
    return arena_format(arena, "The mail server %s %s (%d %.*s)", talk->smtp->place.shown, word,
                        talk->reply, STR_ARG(text));
}

static str explain_connect(const struct talk *talk, CURL *easy, struct arena *arena)
{
    long error = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
    const char *shown = talk->smtp->place.shown;
    if (error == ECONNREFUSED)
        return arena_format(arena,
                            "The mail server %s refused the connection: nothing listens there, or "
                            "a firewall turns it away; check the URL's host and port",
                            shown);
    return arena_format(arena,
                        "The mail server %s cannot be reached (%s): check the URL's host and port, "
                        "and the network",
                        shown, fail_text(error == 0 ? -EHOSTUNREACH : (int)-error));
}

static str explain_time(const struct talk *talk, struct arena *arena)
{
    const char *shown = talk->smtp->place.shown;
    if (talk->step == STEP_CONNECT)
        return arena_format(arena,
                            "The mail server %s does not answer: check the URL's host and port; "
                            "smtps:// is for ports that begin with TLS (465), smtp:// for others",
                            shown);
    return arena_format(arena, "The mail server %s stopped answering in the middle of a mail",
                        shown);
}

static str explain_tls(const struct talk *talk, CURLcode code, str detail, struct arena *arena)
{
    const char *shown = talk->smtp->place.shown;
    if (code == CURLE_USE_SSL_FAILED)
        return arena_format(
            arena,
            "The mail server %s offers no STARTTLS, and without TLS nothing is sent "
            "to it: use a port that has it (587), or set --smtp-tls to offered",
            shown);
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return arena_format(arena,
                            "The certificate of the mail server %s is not good for it (%.*s): it "
                            "must be valid, name this host, and come from an authority that the "
                            "hub trusts",
                            shown, STR_ARG(detail));
    if (code == CURLE_SSL_CACERT_BADFILE)
        return arena_format(arena,
                            "The file of authorities for the mail server cannot be read "
                            "(%.*s)",
                            STR_ARG(detail));
    return arena_format(
        arena,
        "No TLS connection to the mail server %s (%.*s): smtps:// is for ports that "
        "begin with TLS (465), smtp:// for others",
        shown, STR_ARG(detail));
}

static str explain_code(const struct talk *talk, CURLcode code, CURL *easy, struct arena *arena)
{
    const char *shown = talk->smtp->place.shown;
    str detail = str_c(talk->error[0] != '\0' ? talk->error : curl_easy_strerror(code));
    detail = message_one_line(detail, QUOTED_MAX, arena);
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return arena_format(arena,
                            "The name of the mail server %s cannot be resolved: check the URL, and "
                            "the machine's name servers",
                            shown);
    case CURLE_COULDNT_CONNECT:
        return explain_connect(talk, easy, arena);
    case CURLE_OPERATION_TIMEDOUT:
        return explain_time(talk, arena);
    case CURLE_USE_SSL_FAILED:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
        return explain_tls(talk, code, detail, arena);
    case CURLE_LOGIN_DENIED:
        return arena_format(arena,
                            "The mail server %s takes none of the ways to log in that Junctor has: "
                            "check user and password, and the level of TLS",
                            shown);
    case CURLE_WEIRD_SERVER_REPLY:
        return arena_format(arena, "What answers at %s does not speak SMTP: check the URL's port",
                            shown);
    default:
        break;
    }
    return arena_format(arena, "The connection to the mail server %s broke off (%.*s)", shown,
                        STR_ARG(detail));
}

str smtp_explain(const struct talk *talk, CURLcode code, CURL *easy, struct arena *arena)
{
    switch (smtp_end_of(talk, code)) {
    case SMTP_SENT:
        return (str){};
    case SMTP_STOPPED:
        return STR("The hub was stopped before the mail server had taken the mail");
    case SMTP_SERVER_LATER:
    case SMTP_SERVER_REFUSES:
    case SMTP_PERSON_LATER:
    case SMTP_PERSON_REFUSED:
        break;
    }
    return talk->reply >= 400 ? explain_reply(talk, arena) : explain_code(talk, code, easy, arena);
}
