/* SPDX-License-Identifier: MIT
 * In FTP the server's reply to the newest command says more than libcurl's code does; in SFTP the
 * code is what there is. */
#include "delivery/upload_run.h"

/* RFC 959 §4.2, and what servers make of it. */
static enum exchange_end end_of_store(int reply)
{
    switch (reply) {
    case 452:
    case 552:
        return EXCHANGE_DISK_FULL;
    case 425:
        return EXCHANGE_NO_DATA_CONNECTION;
    case 426:
    case 451:
        return EXCHANGE_CUT;
    case 532:
    case 550:
    case 553:
        return EXCHANGE_NO_PERMISSION;
    default:
        return EXCHANGE_NOT_STORED;
    }
}

static enum exchange_end end_of_reply(const struct upload_run *run)
{
    static const struct {
        str verb;
        enum exchange_end end;
    } ends[] = {
        { STR_INIT("USER"), EXCHANGE_LOGIN },
        { STR_INIT("PASS"), EXCHANGE_LOGIN },
        { STR_INIT("AUTH"), EXCHANGE_NO_AUTH_TLS },
        { STR_INIT("PBSZ"), EXCHANGE_NO_AUTH_TLS },
        { STR_INIT("PROT"), EXCHANGE_NO_AUTH_TLS },
        { STR_INIT("CWD"), EXCHANGE_NO_DIRECTORY },
        { STR_INIT("MKD"), EXCHANGE_NO_DIRECTORY },
        { STR_INIT("EPSV"), EXCHANGE_NO_DATA_CONNECTION },
        { STR_INIT("PASV"), EXCHANGE_NO_DATA_CONNECTION },
        { STR_INIT("RNFR"), EXCHANGE_NOT_RENAMED },
        { STR_INIT("RNTO"), EXCHANGE_NOT_RENAMED },
    };

    str command = run->command;
    str verb = str_cut(&command, ' ');
    if (run->reply == 421) /* it closes, whatever was said */
        return EXCHANGE_NOT_STORED;
    if (str_equal(verb, STR("STOR")))
        return end_of_store(run->reply);
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        if (str_equal(verb, ends[i].verb))
            return ends[i].end;
    return EXCHANGE_NOT_STORED;
}

static enum exchange_end end_of_ftp(const struct upload_run *run, CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_FTP_CANT_GET_HOST:
    case CURLE_FTP_WEIRD_PASV_REPLY:
    case CURLE_FTP_WEIRD_227_FORMAT:
        return run->exchange->refused ? EXCHANGE_BLOCKED : EXCHANGE_NO_DATA_CONNECTION;
    case CURLE_USE_SSL_FAILED:
        return EXCHANGE_NO_AUTH_TLS;
    default:
        return run->exchange->phase >= UPLOAD_SEND ? EXCHANGE_CUT : EXCHANGE_RESET;
    }
}

static enum exchange_end end_of_sftp(const struct upload_run *run, CURLcode code)
{
    switch (code) {
    case CURLE_LOGIN_DENIED:
        return EXCHANGE_LOGIN;
    case CURLE_REMOTE_FILE_NOT_FOUND:
        return EXCHANGE_NO_DIRECTORY;
    case CURLE_REMOTE_ACCESS_DENIED:
        return EXCHANGE_NO_PERMISSION;
    case CURLE_REMOTE_DISK_FULL:
        return EXCHANGE_DISK_FULL;
    case CURLE_QUOTE_ERROR:
        return EXCHANGE_NOT_RENAMED;
    default:
        break;
    }
    switch (run->exchange->phase) {
    case UPLOAD_CONNECT:
    case UPLOAD_LOGIN:
        return EXCHANGE_RESET;
    case UPLOAD_OPEN:
        return EXCHANGE_NOT_STORED;
    case UPLOAD_SEND:
    case UPLOAD_CONFIRM:
    case UPLOAD_RENAME:
        break;
    }
    return EXCHANGE_CUT;
}

/* Where there has been no word of the server's there may be a connection all the same. */
static enum exchange_end end_of_time(const struct exchange *exchange)
{
    if (exchange->phase == UPLOAD_CONNECT && !exchange->tls_begun)
        return EXCHANGE_NO_CONNECTION;
    bool in_tls = exchange->tls_begun && exchange->timing.tls_us == 0;
    return in_tls ? EXCHANGE_TLS : EXCHANGE_NO_ANSWER;
}

static bool is_of_connection(const struct upload_run *run, CURLcode code)
{
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
        return true;
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return !run->connected;
    default:
        return false;
    }
}

enum exchange_end upload_end_of(const struct upload_run *run, CURLcode code)
{
    if (code == CURLE_OK)
        return EXCHANGE_ANSWERED;
    if (run->read_failed)
        return EXCHANGE_NO_FILE;
    if (run->reply >= 400 && !run->sftp && !atomic_load(&run->stopping))
        return end_of_reply(run);
    if (run->late || code == CURLE_OPERATION_TIMEDOUT)
        return end_of_time(run->exchange);
    if (atomic_load(&run->stopping))
        return EXCHANGE_STOPPED;
    if (run->head_over)
        return EXCHANGE_HEAD_TOO_LARGE;
    if (run->size_wrong)
        return EXCHANGE_CUT;
    if (run->key_refused)
        return EXCHANGE_HOST_KEY;
    if (is_of_connection(run, code))
        return end_of_code(code, run->easy, run->exchange);
    return run->sftp ? end_of_sftp(run, code) : end_of_ftp(run, code);
}
