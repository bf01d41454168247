/* SPDX-License-Identifier: MIT
 * Invariants:
 * (1) a person's mark, stored or remembered, never moves back, and moves only over what a mail has
 *     told or never will;
 * (2) an organization is said up to N when nobody is left who could be told at once, or somebody
 *     has been told: the others are late, and are told up to N as soon as they can be;
 * (3) at least PACE_LEAST_MS lie between two mails to one person, late ones included;
 * (4) a failure that is not the person's (no server, no login) ends the look's mails, and holds
 *     back all of them, since each would only fail the same way;
 * (5) whom mails have failed to reach come last, organizations and people; and a look waits for one
 *     slow failure of an organization at most: what it costs the others does not grow with its
 *     people. */
#include "mail/mailer.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/id.h"
#include "base/mailbox.h"
#include "base/map.h"
#include "base/thread.h"
#include "mail/message.h"

#define LOOK_MS MINUTE_MS
#define LEAST_WAIT_MS ((int64_t)1000)
#define PAUSE_MOST_MS (60 * MINUTE_MS)
#define NOTICES_MAX 10000
#define SLOW_MS 2000 /* a mail that does not go holds up the others from so long on */
#define ARENA_KEPT ((size_t)1 << 20)
#define KEY_SIZE (2 * sizeof(int64_t))

/* What is remembered of a person, while there is something to remember. */
struct note {
    char key[KEY_SIZE]; /* organization and person */
    struct mailer_told told;
    bool unstored;    /* `told` has to be reported again */
    int64_t fixed_to; /* a mail up to this may have been sent: repeated as it was; 0: none */
    int64_t again_ms; /* no mail before; 0: any time */
    int failures;     /* in a row */
};

struct mailer {
    struct arena arena; /* the options */
    struct mailer_options options;
    struct message_person from;
    struct smtp *smtp;
    struct mailbox mailbox;
    struct waker waker;
    pthread_t thread;
    bool started;
    bool running;
    atomic_bool stopping;
    /* The thread's own: */
    struct map notes;
    int64_t server_again_ms; /* nothing is sent before */
    int server_failures;
    int64_t next_ms; /* when the next look is due; INT64_MAX: nothing is */
    int64_t waiting;

    struct {
        _Atomic int64_t sent, failed, refused, waiting, asked, looked;
    } counts;
};

struct look {
    struct message link; /* first */
};

/* One organization in one look. */
struct round {
    struct mailer *mailer;
    const struct mailer_waiting *waiting;
    int64_t to; /* what its people are to be told up to */
    int told;   /* who need nothing more */
    int left;   /* who do */
    bool slow;  /* a mail has failed slowly: the rest is for the next look */
};

int64_t mailer_pause_ms(int failures)
{
    int64_t pause_ms = MINUTE_MS;
    for (int i = 1; i < failures && pause_ms < PAUSE_MOST_MS; i++)
        pause_ms *= 2;
    return MIN_OF(pause_ms, PAUSE_MOST_MS);
}

static int64_t now_of(const struct mailer *mailer)
{
    return clock_now_ms(mailer->options.clock);
}

static void wake_at(struct mailer *mailer, int64_t at_ms)
{
    mailer->next_ms = MIN_OF(mailer->next_ms, at_ms);
}

/* ── notes ── */

static void write_key(char *key, int64_t organization, int64_t person)
{
    memcpy(key, &organization, sizeof(organization));
    memcpy(key + sizeof(organization), &person, sizeof(person));
}

static struct note *find_note(struct round *round, int64_t person)
{
    char key[KEY_SIZE];
    write_key(key, round->waiting->organization, person);
    return map_find(&round->mailer->notes, str_from(key, KEY_SIZE));
}

static struct note *need_note(struct round *round, int64_t person)
{
    struct note *note = find_note(round, person);
    if (note != NULL)
        return note;
    note = NEW(struct note);
    note->told.organization = round->waiting->organization;
    note->told.person = person;
    write_key(note->key, note->told.organization, person);
    (void)map_put(&round->mailer->notes, str_from(note->key, KEY_SIZE), note);
    return note;
}

/* Those that say nothing any more: also of people who have not been met for a day, who are gone. */
static void forget_notes(struct mailer *mailer, struct arena *arena)
{
    int64_t now_ms = now_of(mailer);
    struct note **idle = ARENA_ARRAY(arena, struct note *, mailer->notes.count);
    size_t count = 0;
    struct note *note;
    for (size_t at = 0; (note = map_next(&mailer->notes, &at)) != NULL;)
        if (!note->unstored && note->again_ms + (note->failures > 0 ? DAY_MS : 0) <= now_ms)
            idle[count++] = note;
    for (size_t i = 0; i < count; i++) {
        (void)map_remove(&mailer->notes, str_from(idle[i]->key, KEY_SIZE));
        free(idle[i]);
    }
}

static void free_notes(struct mailer *mailer)
{
    struct note *note;
    for (size_t at = 0; (note = map_next(&mailer->notes, &at)) != NULL;)
        free(note);
    map_done(&mailer->notes);
}

/* ── reports ── */

/* A spell of failures is one line, when it begins. */
static void log_told(const struct mailer *mailer, const struct mailer_told *told, bool first)
{
    char text[ID_TEXT_MAX];
    str person = id_write(ID_USER, told->person, text);
    if (told->end == MAILER_SENT)
        log_line(mailer->options.log, LOG_INFO, "mail sent", LOG_TEXT("user", person));
    else if (told->end == MAILER_REFUSED)
        log_line(mailer->options.log, LOG_ERROR, "a mail was refused", LOG_TEXT("user", person),
                 LOG_TEXT("error", told->error));
    else if (told->end == MAILER_LATER && first)
        log_line(mailer->options.log, LOG_ERROR, "a mail could not be sent; trying again",
                 LOG_TEXT("user", person), LOG_TEXT("error", told->error),
                 LOG_INT("pause_s", (told->again_ms - told->at_ms) / 1000));
}

static void report(struct mailer *mailer, struct note *note)
{
    const struct mailer_ground *ground = &mailer->options.ground;
    int r = ground->report_told(ground->context, &note->told);
    /* What is tried again is reported again anyway. */
    note->unstored = r < 0 && note->told.end != MAILER_LATER;
    note->told.error = (str){}; /* it lives as long as the look */
    if (note->unstored)
        wake_at(mailer, now_of(mailer) + LOOK_MS);
}

/* ── one person ── */

static void count_end(struct mailer *mailer, enum mailer_end end)
{
    (void)atomic_fetch_add(&mailer->counts.sent, end == MAILER_SENT);
    (void)atomic_fetch_add(&mailer->counts.failed, end == MAILER_LATER || end == MAILER_REFUSED);
    (void)atomic_fetch_add(&mailer->counts.refused, end == MAILER_REFUSED);
}

/* The person is told up to there, or never will be. */
static void settle(struct mailer *mailer, struct note *note, enum mailer_end end, int64_t to)
{
    int64_t now_ms = now_of(mailer);
    note->told.end = end;
    note->told.told_to = to;
    note->told.at_ms = now_ms;
    note->told.again_ms = 0;
    note->failures = 0;
    note->fixed_to = 0;
    note->again_ms = end == MAILER_SENT ? now_ms + PACE_LEAST_MS : 0;
}

static void put_off(struct mailer *mailer, struct note *note, int64_t again_ms)
{
    note->told.end = MAILER_LATER;
    note->told.at_ms = now_of(mailer);
    note->told.again_ms = again_ms;
    wake_at(mailer, again_ms);
}

static void put_off_person(struct mailer *mailer, struct note *note)
{
    note->failures++;
    note->again_ms = now_of(mailer) + mailer_pause_ms(note->failures);
    put_off(mailer, note, note->again_ms);
}

static void put_off_all(struct mailer *mailer, struct note *note)
{
    mailer->server_failures++;
    mailer->server_again_ms = now_of(mailer) + mailer_pause_ms(mailer->server_failures);
    put_off(mailer, note, mailer->server_again_ms);
}

static void conclude(struct mailer *mailer, struct note *note, const struct smtp_result *result,
                     int64_t to)
{
    bool server = result->end == SMTP_SERVER_LATER || result->end == SMTP_SERVER_REFUSES;
    if (result->end == SMTP_STOPPED)
        return;
    note->told.error = result->text;
    note->told.everybody = server;
    note->fixed_to = result->maybe_sent ? to : 0;
    if (server)
        put_off_all(mailer, note);
    else if (result->end == SMTP_PERSON_LATER)
        put_off_person(mailer, note);
    else
        settle(mailer, note, result->end == SMTP_SENT ? MAILER_SENT : MAILER_REFUSED, to);
    if (!server)
        mailer->server_failures = 0;
    count_end(mailer, note->told.end);
    log_told(mailer, &note->told, (server ? mailer->server_failures : note->failures) == 1);
    report(mailer, note);
}

struct told_notices {
    struct mailer_range range;
    struct notice *at;
    int count;
};

/* The same notices for the same person make the same Message-ID. */
static enum message_outcome write_message(struct round *round, const struct mailer_person *person,
                                          const struct told_notices *notices, struct arena *arena,
                                          str *ret_message)
{
    const struct mailer *mailer = round->mailer;
    const struct mail_digest_question question = { .organization = round->waiting->name,
                                                   .public_url = mailer->options.public_url,
                                                   .notices = notices->at,
                                                   .count = notices->count };
    struct mail_digest digest = mail_digest_write(&question, arena);
    const struct message_parts parts = {
        .from = mailer->from,
        .to = { person->name, person->address },
        .subject = digest.subject,
        .text = digest.text,
        .html = digest.html,
        .id = arena_format(arena, "%lld.%lld.%lld", (long long)notices->range.after,
                           (long long)notices->range.to, (long long)person->id),
        .at_ms = now_of(mailer),
    };
    return message_write(&parts, arena, ret_message);
}

static struct smtp_result send_notices(struct round *round, const struct mailer_person *person,
                                       const struct told_notices *notices, struct arena *arena)
{
    struct mailer *mailer = round->mailer;
    str message = {};
    if (write_message(round, person, notices, arena, &message) != MESSAGE_GOOD) {
        str text = arena_format(arena, "%.*s is not one that mail can be sent to: change it",
                                STR_ARG(person->address));
        return (struct smtp_result){ .end = SMTP_PERSON_REFUSED, .text = text };
    }
    const struct smtp_letter letter = { .from = mailer->from.address,
                                        .to = person->address,
                                        .message = message };
    return smtp_send(mailer->smtp, &letter, arena);
}

/* From the person's mark on. */
static void tell(struct round *round, const struct mailer_person *person, int64_t mark)
{
    struct mailer *mailer = round->mailer;
    struct note *note = need_note(round, person->id);
    struct arena CLEANUP(arena_done) arena = {};
    struct told_notices notices = {
        .range = { .organization = round->waiting->organization,
                   .after = mark,
                   .to = note->fixed_to > mark ? note->fixed_to : round->to,
                   .limit = NOTICES_MAX },
    };
    const struct mailer_ground *ground = &mailer->options.ground;
    int r =
        ground->read_notices(ground->context, &notices.range, &arena, &notices.at, &notices.count);
    if (r < 0) {
        wake_at(mailer, now_of(mailer) + LOOK_MS);
        return;
    }
    if (notices.count == 0) {
        settle(mailer, note, MAILER_NOTHING, notices.range.to);
        report(mailer, note);
    } else {
        int64_t began_ms = clock_mono_ms();
        struct smtp_result result = send_notices(round, person, &notices, &arena);
        round->slow = result.end != SMTP_SENT && clock_mono_ms() - began_ms >= SLOW_MS;
        conclude(mailer, note, &result, notices.range.to);
    }
    if (note->told.told_to < round->to)
        wake_at(mailer, MAX_OF(note->again_ms, mailer->server_again_ms));
}

/* Counts the person as told, or left. */
static void turn_to(struct round *round, const struct mailer_person *person)
{
    struct mailer *mailer = round->mailer;
    struct note *note = find_note(round, person->id);
    if (note != NULL && note->unstored)
        report(mailer, note);
    int64_t mark = MAX_OF(person->told_to, note == NULL ? 0 : note->told.told_to);
    int64_t again_ms = MAX_OF(mailer->server_again_ms, note == NULL ? 0 : note->again_ms);
    if (mark < round->to && again_ms > now_of(mailer)) {
        wake_at(mailer, again_ms);
    } else if (mark < round->to && (note == NULL || !note->unstored)) {
        tell(round, person, mark);
        note = find_note(round, person->id);
        mark = MAX_OF(mark, note->told.told_to);
    }
    round->told += mark >= round->to;
    round->left += mark < round->to;
}

/* ── one organization ── */

static bool is_due(struct mailer *mailer, const struct mailer_waiting *waiting)
{
    if (waiting->unsaid.count == 0)
        return false;
    int64_t now_ms = now_of(mailer);
    int64_t due_ms = pace_due_ms(&waiting->pace, &waiting->unsaid, now_ms);
    if (due_ms > now_ms)
        wake_at(mailer, due_ms);
    return due_ms <= now_ms;
}

/* Where nobody wants mail, none has gone, and the pace stays. */
static void report_said(const struct round *round)
{
    struct mailer *mailer = round->mailer;
    const struct mailer_waiting *waiting = round->waiting;
    struct mailer_said said = { .organization = waiting->organization,
                                .said_to = round->to,
                                .pace = waiting->pace };
    if (round->told + round->left > 0)
        said.pace = pace_mailed(&waiting->pace, &waiting->unsaid, now_of(mailer));
    const struct mailer_ground *ground = &mailer->options.ground;
    if (ground->report_said(ground->context, &said) < 0)
        wake_at(mailer, now_of(mailer) + LOOK_MS);
}

/* Those whom the last mail did not reach come last. */
static void turn_to_people(struct round *round, const struct mailer_person *people, int count,
                           struct arena *arena)
{
    struct mailer *mailer = round->mailer;
    bool *failed = ARENA_ARRAY(arena, bool, (size_t)count + 1);
    for (int i = 0; i < count; i++) {
        const struct note *note = find_note(round, people[i].id);
        failed[i] = note != NULL && note->failures > 0;
    }
    for (int last = 0; last <= 1; last++)
        for (int i = 0; i < count && !atomic_load(&mailer->stopping); i++) {
            if (failed[i] != (last == 1))
                continue;
            if (round->slow)
                round->left++;
            else
                turn_to(round, &people[i]);
        }
}

static void turn_to_organization(struct mailer *mailer, const struct mailer_waiting *waiting,
                                 struct arena *arena)
{
    bool due = is_due(mailer, waiting);
    struct round round = { .mailer = mailer,
                           .waiting = waiting,
                           .to = due ? waiting->newest : waiting->said_to };
    if (round.to <= 0)
        return;
    const struct mailer_ground *ground = &mailer->options.ground;
    struct mailer_person *people = NULL;
    int count = 0;
    if (ground->read_people(ground->context, waiting->organization, arena, &people, &count) < 0) {
        wake_at(mailer, now_of(mailer) + LOOK_MS);
        return;
    }
    turn_to_people(&round, people, count, arena);
    if (round.slow)
        wake_at(mailer, now_of(mailer));
    mailer->waiting += round.left;
    if (due && !atomic_load(&mailer->stopping) && (round.told > 0 || round.left == 0))
        report_said(&round);
}

/* Whether there is a person of it whom the last mail did not reach. */
static bool has_failed(const struct mailer *mailer, int64_t organization)
{
    const struct note *note;
    for (size_t at = 0; (note = map_next(&mailer->notes, &at)) != NULL;)
        if (note->failures > 0 && note->told.organization == organization)
            return true;
    return false;
}

static void turn_to_all(struct mailer *mailer, const struct mailer_waiting *waiting, int count,
                        struct arena *arena)
{
    bool *failed = ARENA_ARRAY(arena, bool, (size_t)count + 1);
    for (int i = 0; i < count; i++)
        failed[i] = has_failed(mailer, waiting[i].organization);
    for (int last = 0; last <= 1; last++)
        for (int i = 0; i < count && !atomic_load(&mailer->stopping); i++)
            if (failed[i] == (last == 1))
                turn_to_organization(mailer, &waiting[i], arena);
}

static void look(struct mailer *mailer, struct arena *arena)
{
    const struct mailer_ground *ground = &mailer->options.ground;
    struct mailer_waiting *waiting = NULL;
    int count = 0;
    mailer->next_ms = INT64_MAX;
    mailer->waiting = 0;
    if (ground->read_waiting(ground->context, arena, &waiting, &count) < 0)
        wake_at(mailer, now_of(mailer) + LOOK_MS);
    turn_to_all(mailer, waiting, count, arena);
    atomic_store(&mailer->counts.waiting, mailer->waiting);
    forget_notes(mailer, arena);
    arena_reset(arena, ARENA_KEPT);
}

/* ── the thread ── */

/* Returns how many there were. */
static int take_looks(struct mailer *mailer)
{
    int count = 0;
    for (struct message *at = mailbox_take(&mailer->mailbox); at != NULL; count++) {
        struct message *next = at->next;
        free(CONTAINER_OF(at, struct look, link));
        at = next;
    }
    return count;
}

/* Looks are made each minute even when nothing is known to be due: a time that was changed, or a
 * report that was lost, is found then. And never without a pause, whatever the ground answers. */
static int wait_ms(const struct mailer *mailer)
{
    return (int)MIN_OF(MAX_OF(mailer->next_ms - now_of(mailer), LEAST_WAIT_MS), LOOK_MS);
}

static void *mailer_main(void *argument)
{
    struct mailer *mailer = argument;
    struct arena arena = {};
    thread_name("mailer", -1);
    while (!atomic_load(&mailer->stopping)) {
        int looks = take_looks(mailer);
        look(mailer, &arena);
        (void)atomic_fetch_add(&mailer->counts.looked, looks);
        if (!atomic_load(&mailer->stopping))
            waker_wait(&mailer->waker, wait_ms(mailer));
    }
    arena_done(&arena);
    return NULL;
}

void mailer_look(struct mailer *mailer)
{
    (void)atomic_fetch_add(&mailer->counts.asked, 1);
    mailbox_post(&mailer->mailbox, &NEW(struct look)->link);
}

struct mailer_counts mailer_counts(const struct mailer *mailer)
{
    return (struct mailer_counts){ .sent = atomic_load(&mailer->counts.sent),
                                   .failed = atomic_load(&mailer->counts.failed),
                                   .refused = atomic_load(&mailer->counts.refused),
                                   .waiting = atomic_load(&mailer->counts.waiting),
                                   .asked = atomic_load(&mailer->counts.asked),
                                   .looked = atomic_load(&mailer->counts.looked) };
}

/* ── life ── */

static struct smtp_options smtp_options_of(const struct mailer_options *options)
{
    return (struct smtp_options){ .url = options->smtp_url,
                                  .user = options->smtp_user,
                                  .password = options->smtp_password,
                                  .tls = options->tls,
                                  .ca_file = options->ca_file };
}

bool mailer_check(const struct mailer_options *options, struct arena *arena, str *reterr_text)
{
    const struct smtp_options smtp = smtp_options_of(options);
    if (!smtp_check(&smtp, arena, reterr_text))
        return false;
    struct message_person from;
    if (message_person_read(options->from, &from))
        return true;
    *reterr_text =
        STR("What mails come from is no address: write \"Junctor <junctor@example.org>\"");
    return false;
}

static void keep_options(struct mailer *mailer, const struct mailer_options *options)
{
    struct mailer_options *kept = &mailer->options;
    *kept = *options;
    /* smtp_new() copies its own. */
    kept->smtp_url = kept->smtp_user = kept->smtp_password = kept->ca_file = (str){};
    kept->from = arena_str(&mailer->arena, options->from);
    kept->public_url = arena_str(&mailer->arena, options->public_url);
}

static int start(struct mailer *mailer, const struct mailer_options *options)
{
    if (!message_person_read(mailer->options.from, &mailer->from))
        return fail(-EINVAL);
    const struct smtp_options smtp = smtp_options_of(options);
    int r = smtp_new(&smtp, &mailer->smtp);
    if (r < 0)
        return fail(r);
    r = waker_init(&mailer->waker);
    if (r < 0)
        return fail(r);
    mailbox_init(&mailer->mailbox, waker_wake, &mailer->waker);
    r = -pthread_create(&mailer->thread, NULL, mailer_main, mailer);
    mailer->started = mailer->running = r == 0;
    return fail(r);
}

int mailer_start(const struct mailer_options *options, struct mailer **ret_mailer)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return fail(FAIL_LIBRARY);
    struct mailer *mailer = NEW(struct mailer);
    mailer->waker.fd = -1;
    keep_options(mailer, options);
    int r = start(mailer, options);
    if (r < 0) {
        mailer_stop(mailer);
        return fail(r);
    }
    *ret_mailer = mailer;
    return 0;
}

void mailer_end(struct mailer *mailer)
{
    if (mailer == NULL || !mailer->running)
        return;
    mailer->running = false;
    atomic_store(&mailer->stopping, true);
    smtp_stop(mailer->smtp);
    waker_wake(&mailer->waker);
    (void)pthread_join(mailer->thread, NULL);
}

void mailer_stop(struct mailer *mailer)
{
    if (mailer == NULL)
        return;
    mailer_end(mailer);
    if (mailer->started)
        (void)take_looks(mailer);
    waker_done(&mailer->waker);
    smtp_free(mailer->smtp);
    free_notes(mailer);
    arena_done(&mailer->arena);
    free(mailer);
    curl_global_cleanup();
}
