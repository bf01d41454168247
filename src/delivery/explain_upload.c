/* SPDX-License-Identifier: MIT
 * The same holds as in explain.c: nothing of others but as printable ASCII, no secret. */
#include "delivery/explain.h"

/* Quoted, and with what the server said in brackets. */
struct words {
    const char *place;
    str user;
    str name;
    str where; /* "/a/b", or "the directory that the login leads to" */
    str said;
    const char *protocol; /* "FTP" or "SFTP" */
};

static bool is_sftp(const struct exchange *exchange)
{
    char *scheme = NULL;
    (void)curl_url_get(exchange->target->url, CURLUPART_SCHEME, &scheme, 0);
    bool sftp = str_equal_nocase(str_c(scheme), STR("sftp"));
    curl_free(scheme);
    return sftp;
}

static struct words make_words(const struct exchange *exchange, struct arena *arena)
{
    const struct upload *upload = exchange->upload;
    str detail = explain_printable(exchange->detail, arena);
    return (struct words){
        .place = exchange->target->place,
        .user = upload->user,
        .name = upload->name,
        .where = upload->directory.len > 0 ? upload->directory
                                           : STR("the directory that the login leads to"),
        .said = detail.len > 0 ? arena_format(arena, " (%.*s)", STR_ARG(detail)) : (str){},
        .protocol = is_sftp(exchange) ? "SFTP" : "FTP",
    };
}

static str explain_login(const struct exchange *exchange, const struct words *words,
                         struct arena *arena)
{
    str methods = explain_printable(exchange->login_methods, arena);
    bool none = methods.len > 0 && memmem(methods.ptr, methods.len, "password", 8) == NULL &&
                memmem(methods.ptr, methods.len, "keyboard", 8) == NULL;
    if (none)
        return arena_format(arena,
                            "%s takes no passwords (it takes %.*s): have its operator allow them "
                            "for %.*s",
                            words->place, STR_ARG(methods), STR_ARG(words->user));
    return arena_format(arena, "%s refused the login of %.*s%.*s: check user and password",
                        words->place, STR_ARG(words->user), STR_ARG(words->said));
}

static str explain_host_key(const struct exchange *exchange, const struct words *words,
                            struct arena *arena)
{
    str shown = exchange->server_keys;
    str pinned = exchange->upload->host_keys;
    if (pinned.len == 0)
        return arena_format(arena,
                            "No host key is pinned for %s, so nothing was sent. It shows %.*s: "
                            "compare that with what its operator says, and set one of them as the "
                            "host key",
                            words->place, STR_ARG(shown));
    return arena_format(arena,
                        "The host key of %s is not the pinned one, so nothing was sent: pinned is "
                        "%.*s, and it shows %.*s. Somebody may stand in between; only when its "
                        "operator confirms the new key, set that as the host key",
                        words->place, STR_ARG(pinned), STR_ARG(shown));
}

static str explain_directory(const struct exchange *exchange, const struct words *words,
                             struct arena *arena)
{
    if (exchange->upload->make_directories)
        return arena_format(arena,
                            "%s has no directory %.*s and lets %.*s make none%.*s: make it there, "
                            "or change the directory",
                            words->place, STR_ARG(words->where), STR_ARG(words->user),
                            STR_ARG(words->said));
    return arena_format(arena,
                        "%s has no directory %.*s%.*s: make it there, or change the directory",
                        words->place, STR_ARG(words->where), STR_ARG(words->said));
}

static str explain_refusal(const struct exchange *exchange, const struct words *words,
                           struct arena *arena)
{
    switch (exchange->end) {
    case EXCHANGE_NO_PERMISSION:
        return arena_format(arena,
                            "%s does not let %.*s write into %.*s%.*s: give that user the right "
                            "to, or change the directory",
                            words->place, STR_ARG(words->user), STR_ARG(words->where),
                            STR_ARG(words->said));
    case EXCHANGE_DISK_FULL:
        return arena_format(arena,
                            "%s has no room for the file of %lld bytes%.*s: make room on its disk, "
                            "or in the quota of %.*s",
                            words->place, (long long)exchange->upload->size, STR_ARG(words->said),
                            STR_ARG(words->user));
    case EXCHANGE_NOT_RENAMED:
        return arena_format(arena,
                            "%s has the whole file as .%.*s.part in %.*s and does not let it be "
                            "renamed to %.*s%.*s: give %.*s the right to rename there",
                            words->place, STR_ARG(words->name), STR_ARG(words->where),
                            STR_ARG(words->name), STR_ARG(words->said), STR_ARG(words->user));
    default:
        return arena_format(arena, "%s did not take the file%.*s", words->place,
                            STR_ARG(words->said));
    }
}

static str explain_cut(const struct exchange *exchange, const struct words *words,
                       struct arena *arena)
{
    if (exchange->end == EXCHANGE_RESET)
        return arena_format(arena,
                            "%s broke the connection off before the file%.*s: check that it speaks "
                            "%s at this port",
                            words->place, STR_ARG(words->said), words->protocol);
    return arena_format(arena,
                        "The way to %s was cut when %lld of %lld bytes were out%.*s: nothing has "
                        "the file's name there. If it stays so, see whether its disk is full",
                        words->place, (long long)exchange->uploaded,
                        (long long)exchange->upload->size, STR_ARG(words->said));
}

static str explain_phase(const struct exchange *exchange, const struct explain_limits *limits,
                         const struct words *words, struct arena *arena)
{
    int64_t connect_ms = exchange_connect_ms(exchange, limits->connect_timeout_ms);
    int64_t whole_ms = exchange_whole_ms(exchange, limits->whole_timeout_ms);
    str connect = explain_seconds(MIN_OF(connect_ms, whole_ms), arena);
    str whole = explain_seconds(whole_ms, arena);
    switch (exchange->phase) {
    case UPLOAD_CONNECT: /* another end says so */
    case UPLOAD_LOGIN:
        return arena_format(arena,
                            "%s took the connection and did not let %.*s in within %.*s: check "
                            "that it speaks %s at this port",
                            words->place, STR_ARG(words->user), STR_ARG(connect), words->protocol);
    case UPLOAD_OPEN:
        return arena_format(arena, "%s let %.*s in and was not ready for the file within %.*s",
                            words->place, STR_ARG(words->user), STR_ARG(whole));
    case UPLOAD_SEND:
        return arena_format(arena,
                            "%s stopped taking the file: %lld of %lld bytes were out, and it took "
                            "nothing for %.*s, or less than 16 KiB a second in all",
                            words->place, (long long)exchange->uploaded,
                            (long long)exchange->upload->size, STR_ARG(whole));
    case UPLOAD_CONFIRM:
        return arena_format(
            arena,
            "%s was sent the whole file of %lld bytes and did not confirm it within "
            "%.*s; it is sent again",
            words->place, (long long)exchange->upload->size, STR_ARG(whole));
    case UPLOAD_RENAME:
        break;
    }
    return arena_format(arena,
                        "%s has the whole file as .%.*s.part and did not rename it within %.*s; it "
                        "is sent again",
                        words->place, STR_ARG(words->name), STR_ARG(whole));
}

static str explain_tls(const struct exchange *exchange, const struct words *words,
                       struct arena *arena)
{
    if (exchange->end == EXCHANGE_NO_AUTH_TLS)
        return arena_format(arena,
                            "%s does not take AUTH TLS%.*s, so nothing was sent: have it speak "
                            "FTPS, or use plain FTP, which everybody on the way can read",
                            words->place, STR_ARG(words->said));
    if (exchange->late)
        return arena_format(arena,
                            "No TLS connection to %s in time: the server took the connection and "
                            "did not go on; check that it speaks FTPS at this port",
                            words->place);
    return arena_format(arena,
                        "No TLS connection to %s%.*s: FTPS with TLS from the first byte is usual "
                        "at port 990 alone; check the port, and that it takes TLS 1.2 or 1.3",
                        words->place, STR_ARG(words->said));
}

str explain_upload(const struct exchange *exchange, const struct explain_limits *limits,
                   struct arena *arena)
{
    struct words words = make_words(exchange, arena);
    switch (exchange->end) {
    case EXCHANGE_LOGIN:
        return explain_login(exchange, &words, arena);
    case EXCHANGE_HOST_KEY:
        return explain_host_key(exchange, &words, arena);
    case EXCHANGE_NO_DIRECTORY:
        return explain_directory(exchange, &words, arena);
    case EXCHANGE_NO_PERMISSION:
    case EXCHANGE_DISK_FULL:
    case EXCHANGE_NOT_STORED:
    case EXCHANGE_NOT_RENAMED:
        return explain_refusal(exchange, &words, arena);
    case EXCHANGE_RESET:
    case EXCHANGE_CUT:
        return explain_cut(exchange, &words, arena);
    case EXCHANGE_NO_ANSWER:
        return explain_phase(exchange, limits, &words, arena);
    case EXCHANGE_TLS:
    case EXCHANGE_NO_AUTH_TLS:
        return explain_tls(exchange, &words, arena);
    case EXCHANGE_NO_DATA_CONNECTION:
        return arena_format(arena,
                            "%s gave no data connection%.*s: its passive ports must be open in "
                            "the firewalls on the way",
                            words.place, STR_ARG(words.said));
    case EXCHANGE_HEAD_TOO_LARGE:
        return arena_format(arena, "%s said more than 64 KiB: it was broken off", words.place);
    case EXCHANGE_NO_FILE:
        return STR("The file to send could not be read from the hub's store; its log says why");
    case EXCHANGE_FILE_GONE:
        return STR("Rows of this file are older than what is kept (--retention): it cannot be sent "
                   "any more");
    default:
        return (str){};
    }
}
