/* SPDX-License-Identifier: MIT */
#include "mailing.h"

#include <stdlib.h>

#include "base/fail.h"
#include "mail/message.h"
#include "mailing_ground.h"

/* Somebody waits for the answer. */
#define TEST_CONNECT_MS 5000
#define TEST_WHOLE_MS 15000

static_assert((int)SMTP_BY_ADDRESS == (int)SMTP_TLS_UNSAID, "the setting's choices");
static_assert((int)SMTP_REQUIRED == (int)SMTP_TLS_REQUIRED, "the setting's choices");
static_assert((int)SMTP_OFFERED == (int)SMTP_TLS_OFFERED, "the setting's choices");
static_assert((int)SMTP_NEVER == (int)SMTP_TLS_NEVER, "the setting's choices");

struct mailing {
    struct mailing_options options;
    struct mailing_ground ground;
    struct mailer *mailer;
    struct message_person from;
    struct smtp *test; /* whoever has set `testing` has it */
    atomic_bool testing;
};

bool mailing_configured(const struct config *config)
{
    return config->smtp_url.len > 0;
}

static struct mailer_options mailer_options_of(const struct config *config)
{
    return (struct mailer_options){ .smtp_url = config->smtp_url,
                                    .smtp_user = config->smtp_user,
                                    .smtp_password = config->smtp_password,
                                    .tls = (enum smtp_tls)config->smtp_tls,
                                    .ca_file = config->smtp_ca_file,
                                    .from = config->mail_from,
                                    .public_url = config->public_url };
}

static bool refuse(struct problem *reterr, str text)
{
    problem_set(reterr, PROBLEM_INVALID, text);
    return false;
}

/* Not looked at when they are read: other commands may be given only some of them. */
static bool check_together(const struct config *config, struct problem *reterr)
{
    if (config->smtp_url.len > 0 && config->mail_from.len == 0)
        return refuse(reterr, STR("smtp-url is set and mail-from is not: mails need an address "
                                  "that they come from"));
    if (config->smtp_url.len == 0 && config->mail_from.len > 0)
        return refuse(reterr, STR("mail-from is set and smtp-url is not: say which mail server "
                                  "takes the mails"));
    if (config->smtp_url.len == 0 && config->smtp_user.len + config->smtp_password.len > 0)
        return refuse(reterr, STR("smtp-user or smtp-password is set and smtp-url is not: say "
                                  "which mail server they are for"));
    return true;
}

bool mailing_check(const struct config *config, struct arena *arena, struct problem *reterr)
{
    const struct mailer_options options = mailer_options_of(config);
    struct message_person from;
    str wrong = {};
    if (!check_together(config, reterr))
        return false;
    if (!mailing_configured(config) || mailer_check(&options, arena, &wrong))
        return true;
    const char *setting = message_person_read(config->mail_from, &from) ? "smtp-url" : "mail-from";
    return refuse(reterr, arena_format(arena, "%s: %.*s", setting, STR_ARG(wrong)));
}

/* ── life ── */

static int start_test(struct mailing *mailing)
{
    const struct config *config = mailing->options.config;
    const struct smtp_options options = { .url = config->smtp_url,
                                          .user = config->smtp_user,
                                          .password = config->smtp_password,
                                          .tls = (enum smtp_tls)config->smtp_tls,
                                          .ca_file = config->smtp_ca_file,
                                          .connect_timeout_ms = TEST_CONNECT_MS,
                                          .answer_timeout_ms = TEST_WHOLE_MS,
                                          .whole_timeout_ms = TEST_WHOLE_MS };
    return fail(smtp_new(&options, &mailing->test));
}

static int start(struct mailing *mailing)
{
    const struct mailing_options *options = &mailing->options;
    struct mailer_options mailer = mailer_options_of(options->config);
    mailing->ground = (struct mailing_ground){ .committer = options->committer,
                                               .clock = options->clock,
                                               .log = options->log,
                                               .held = options->held };
    int r = store_reader_open(options->store, &mailing->ground.reader);
    if (r < 0)
        return fail(r);
    mailer.clock = options->clock;
    mailer.log = options->log;
    mailer.ground = mailing_ground_of(&mailing->ground);
    r = start_test(mailing);
    return r < 0 ? fail(r) : fail(mailer_start(&mailer, &mailing->mailer));
}

int mailing_start(const struct mailing_options *options, struct mailing **ret_mailing)
{
    if (!mailing_configured(options->config))
        return 0;
    struct mailing *mailing = NEW(struct mailing);
    mailing->options = *options;
    bool read = message_person_read(options->config->mail_from, &mailing->from);
    assert(read); /* mailing_check() has looked at it */
    int r = start(mailing);
    if (r < 0) {
        mailing_free(mailing);
        return fail(r);
    }
    *ret_mailing = mailing;
    return 0;
}

void mailing_end(struct mailing *mailing)
{
    if (mailing == NULL)
        return;
    smtp_stop(mailing->test);
    mailer_end(mailing->mailer);
}

void mailing_free(struct mailing *mailing)
{
    if (mailing == NULL)
        return;
    mailer_stop(mailing->mailer);
    smtp_free(mailing->test);
    store_reader_close(mailing->ground.reader);
    free(mailing);
}

void mailing_look(struct mailing *mailing)
{
    if (mailing != NULL)
        mailer_look(mailing->mailer);
}

bool mailing_busy(const struct mailing *mailing)
{
    if (mailing == NULL)
        return false;
    struct mailer_counts counts = mailer_counts(mailing->mailer);
    return counts.asked > counts.looked;
}

/* ── a test by hand ── */

static str test_message(const struct mailing *mailing, const struct api_mail_test *test,
                        struct arena *arena)
{
    static const char text[] = "This is a test: mails about endpoints that fail come from here.\n";
    char draw[ID_TEXT_MAX];
    int64_t now_ms = clock_now_ms(mailing->options.clock);
    const struct message_parts parts = {
        .from = mailing->from,
        .to = { test->name, test->address },
        .subject = STR("Junctor can send you mail"),
        .text = str_c(text),
        .html = arena_format(arena, "<p>%s</p>\n", text),
        .id = arena_format(arena, "test.%lld.%.*s", (long long)now_ms,
                           STR_ARG(id_write(ID_USER, test->user, draw))),
        .at_ms = now_ms,
    };
    str message = {};
    return message_write(&parts, arena, &message) == MESSAGE_GOOD ? message : (str){};
}

static void send_test(struct mailing *mailing, struct api_mail_test *test, struct arena *arena)
{
    str message = test_message(mailing, test, arena);
    if (message.len == 0) {
        test->error = STR("Your address is not one that mail can be sent to: change it");
        return;
    }
    const struct smtp_letter letter = { .from = mailing->from.address,
                                        .to = test->address,
                                        .message = message };
    struct smtp_result result = smtp_send(mailing->test, &letter, arena);
    test->sent = result.end == SMTP_SENT;
    test->reply = result.reply;
    test->error = test->sent || result.text.len > 0 ? result.text : STR("The hub is stopping");
}

static bool run_test(void *context, struct api_mail_test *test, struct arena *arena)
{
    struct mailing *mailing = context;
    if (atomic_exchange(&mailing->testing, true))
        return false;
    send_test(mailing, test, arena);
    atomic_store(&mailing->testing, false);
    return true;
}

static void read_counts(void *context, struct api_mail_counts *ret_counts)
{
    const struct mailing *mailing = context;
    struct mailer_counts counts = mailer_counts(mailing->mailer);
    *ret_counts = (struct api_mail_counts){ .sent = counts.sent,
                                            .failed = counts.failed,
                                            .waiting = counts.waiting };
}

struct api_mail mailing_face(struct mailing *mailing)
{
    return (struct api_mail){ .context = mailing, .test = run_test, .read_counts = read_counts };
}
