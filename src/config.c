/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <uv.h>

#include "base/secret.h"
#include "delivery/delivery.h"

#define SECOND INT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define TIB (1024 * 1024 * MIB)

#define AT(member) .sources = BY_ALL, .offset = offsetof(struct config, member)

static const struct option settings[] = {
    { .name = "config",
      .type = OPTION_PATH,
      .sources = BY_FLAG | BY_VARIABLE,
      .offset = offsetof(struct config, file),
      .help = "file with settings, NAME = VALUE lines" },
    { .name = "data",
      .type = OPTION_PATH,
      AT(data),
      .value = "DIR",
      .text = "data",
      .help = "data directory: database, sealing key, lock" },
    { .name = "listen",
      .type = OPTION_LISTEN,
      AT(listen),
      .text = "127.0.0.1:8080",
      .help = "where to listen for HTTP; port 0 lets the system choose" },
    { .name = "public-url",
      .type = OPTION_URL,
      AT(public_url),
      .shown = "made from each request's Host",
      .help = "how the outside reaches this hub: begins the URLs that it hands out" },
    { .name = "tls-cert",
      .type = OPTION_PATH,
      AT(tls_cert_file),
      .help = "certificate chain (PEM): listen with TLS; read again on SIGHUP" },
    { .name = "tls-key",
      .type = OPTION_PATH,
      AT(tls_key_file),
      .help = "private key (PEM) of the certificate" },
    { .name = "trusted-proxy",
      .type = OPTION_CIDRS,
      AT(trusted_proxies),
      .help = "proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; may be repeated" },
    { .name = "allow-egress",
      .type = OPTION_CIDRS,
      AT(allow_egress),
      .help = "private, loopback or reserved addresses that deliveries may reach all the same; "
              "may be repeated" },
    { .name = "name-servers",
      .type = OPTION_TEXT,
      AT(name_servers),
      .value = "ADDRESS[:PORT],…",
      .shown = "the system's",
      .help = "DNS servers that targets' names are asked of" },
    { .name = "connect-timeout",
      .type = OPTION_DURATION,
      AT(connect_timeout_ms),
      .normal = 10 * SECOND,
      .least = 10,
      .most = HOUR,
      .help = "how long connecting to a target may take, names and TLS included" },
    { .name = "attempt-timeout",
      .type = OPTION_DURATION,
      AT(attempt_timeout_ms),
      .normal = 30 * SECOND,
      .least = 10,
      .most = HOUR,
      .help = "how long a whole attempt may take" },
    { .name = "stop-grace",
      .type = OPTION_DURATION,
      AT(stop_grace_ms),
      .normal = 10 * SECOND,
      .least = 0,
      .most = HOUR,
      .help = "how long running attempts may go on when the hub stops; the rest stays pending" },
    { .name = "retention",
      .type = OPTION_DURATION,
      AT(retention_ms),
      .normal = 30 * DAY,
      .least = 0,
      .most = 36500 * DAY,
      .step = DAY,
      .help = "how long history is kept, in days; 0d: nothing goes by its age" },
    { .name = "max-history",
      .type = OPTION_INT,
      AT(max_history_bytes),
      .normal = 0,
      .least = 0,
      .most = 1024 * TIB,
      .unit = "bytes",
      .shown = "half of the disk's free space at the first start, at least 10GiB where the disk "
               "has it",
      .help = "how large the history may grow; then the oldest goes, unfinished work never" },
    { .name = "sealing-key-file",
      .type = OPTION_PATH,
      AT(sealing_key_file),
      .shown = "sealing.key in the data directory",
      .help = "key that seals stored secrets; made at the first start, keep a copy elsewhere" },
    { .name = "sealing-key",
      .type = OPTION_SECRET,
      .sources = BY_VARIABLE,
      .offset = offsetof(struct config, sealing_key),
      .help = "the key itself, 64 hexadecimal digits, instead of the file" },
    { .name = "smtp-url",
      .type = OPTION_TEXT,
      AT(smtp_url),
      .value = "URL",
      .help = "mail server that takes mails to people about endpoints in trouble: "
              "smtp://HOST:587 or smtps://HOST; without it no mails go" },
    { .name = "smtp-user",
      .type = OPTION_TEXT,
      AT(smtp_user),
      .help = "who the hub logs in as there; without it, and without a user in the URL, it does "
              "not log in" },
    { .name = "smtp-password",
      .type = OPTION_SECRET,
      .sources = BY_VARIABLE | BY_FILE,
      .offset = offsetof(struct config, smtp_password),
      .help = "the password for that" },
    { .name = "smtp-tls",
      .type = OPTION_CHOICE,
      AT(smtp_tls),
      .choices = "auto|required|offered|never",
      .text = "auto",
      .help = "auto: required, but on a loopback address never; required: nothing but a greeting "
              "goes in the clear; offered: TLS when the server offers it, so whoever is between "
              "can take the offer away, and read the password" },
    { .name = "smtp-ca",
      .type = OPTION_PATH,
      AT(smtp_ca_file),
      .shown = "the system's",
      .help = "certificates (PEM) to trust in a mail server instead" },
    { .name = "mail-from",
      .type = OPTION_TEXT,
      AT(mail_from),
      .value = "ADDRESS",
      .help = "what mails come from: \"Junctor <junctor@example.org>\", or the address alone" },
    { .name = "log-format",
      .type = OPTION_CHOICE,
      AT(log_format),
      .choices = "logfmt|json",
      .text = "logfmt",
      .help = "form of the log lines on standard error" },
    { .name = "log-level",
      .type = OPTION_CHOICE,
      AT(log_level),
      .choices = "debug|info|warn|error",
      .text = "info",
      .help = "least level that is logged" },
    { .name = "loops",
      .type = OPTION_INT,
      AT(loops),
      .normal = 0,
      .least = 0,
      .most = 256,
      .unit = "threads",
      .shown = "one for each core, at most 8",
      .help = "threads that receive; 0: the default" },
    { .name = "couriers",
      .type = OPTION_INT,
      AT(couriers),
      .normal = 0,
      .least = 0,
      .most = COURIERS_MAX,
      .unit = "threads",
      .shown = "1, and one more for each 4 cores",
      .help = "threads that deliver; 0: the default" },
    { .name = "readers",
      .type = OPTION_INT,
      AT(readers),
      .normal = 2,
      .least = 1,
      .most = 64,
      .unit = "threads",
      .help = "threads that answer management queries" },
    { .name = "first-run",
      .type = OPTION_FLAG,
      AT(first_run),
      .help = "make an example when the data directory is new, start a receiver for it, and print "
              "how to try it" },
    { .name = "first-run-receiver",
      .type = OPTION_LISTEN,
      AT(first_run_receiver),
      .text = "127.0.0.1:8081",
      .help = "where the receiver of --first-run listens" },
    { .name = "test-clock",
      .type = OPTION_FLAG,
      AT(test_clock),
      .help = "Junctor's time stands still until POST /test/clock moves it; for tests only" },
};

static const struct option caps[] = {
#define CAP_ROW(member, setting, normal_, least_, most_, unit_, help_)                             \
    { .name = setting,                                                                             \
      .type = OPTION_INT,                                                                          \
      AT(limits.member),                                                                           \
      .normal = (normal_),                                                                         \
      .least = (least_),                                                                           \
      .most = (most_),                                                                             \
      .unit = (unit_),                                                                             \
      .help = (help_) },
    LIMITS(CAP_ROW)
#undef CAP_ROW
};

const struct option_table config_settings = { "Settings", settings, COUNT_OF(settings) };
const struct option_table config_caps = { "Caps", caps, COUNT_OF(caps) };

static bool refuse(struct problem *reterr, str text)
{
    problem_set(reterr, PROBLEM_INVALID, text);
    return false;
}

/* "127.0.0.1", "127.0.0.1:53", "::1", "[::1]:53" */
static bool is_name_server(str text)
{
    struct address address;
    if (address_read(text, &address))
        return true;
    str port = text;
    str host = str_cut(&port, ':');
    if (str_starts(text, STR("["))) {
        port = str_skip(text, 1);
        host = str_cut(&port, ']');
        if (!str_starts(port, STR(":")))
            return port.len == 0 && address_read(host, &address);
        port = str_skip(port, 1);
    }
    int64_t number;
    return address_read(host, &address) && str_to_int64(port, &number) && number > 0 &&
           number < 65536;
}

static bool check_name_servers(str list, struct arena *arena, struct problem *reterr)
{
    while (list.len > 0) {
        str one = str_trim(str_cut(&list, ','));
        if (!is_name_server(one))
            return refuse(reterr,
                          arena_format(arena,
                                       "name-servers: \"%.*s\" is not an IP address, with :PORT or "
                                       "without; put commas between several",
                                       STR_ARG(one)));
    }
    return true;
}

static bool check_pairs(const struct config *config, struct problem *reterr)
{
    if ((config->tls_cert_file.len > 0) != (config->tls_key_file.len > 0))
        return refuse(reterr, config->tls_cert_file.len > 0
                                  ? STR("tls-cert is set and tls-key is not: TLS needs both")
                                  : STR("tls-key is set and tls-cert is not: TLS needs both"));
    if (config->first_run &&
        (str_ends(config->listen, STR(":0")) || str_ends(config->first_run_receiver, STR(":0"))))
        return refuse(reterr, STR("first-run prints commands to paste, so it needs ports that are "
                                  "known: give listen and first-run-receiver one"));
    if (config->connect_timeout_ms > config->attempt_timeout_ms)
        return refuse(reterr, STR("connect-timeout is longer than attempt-timeout, which holds for "
                                  "a whole attempt, connecting included: make it shorter"));
    struct seal_key key;
    if (config->sealing_key.len > 0 && !seal_key_read(config->sealing_key, &key))
        return refuse(reterr, STR("JUNCTOR_SEALING_KEY: its value is not 64 hexadecimal digits"));
    return true;
}

bool config_finish(void *values, struct arena *arena, struct problem *reterr)
{
    struct config *config = values;
    int64_t cores = uv_available_parallelism();
    if (config->loops == 0)
        config->loops = MIN_OF(cores, 8);
    if (config->couriers == 0)
        config->couriers = 1 + cores / 4;
    if (config->sealing_key_file.len == 0)
        config->sealing_key_file = arena_format(arena, "%.*s/sealing.key", STR_ARG(config->data));
    return check_name_servers(config->name_servers, arena, reterr) && check_pairs(config, reterr);
}
