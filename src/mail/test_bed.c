/* SPDX-License-Identifier: MIT */
#include "mail/test_bed.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fail.h"

#define WAIT_MS 20000

/* ── the ground ── */

void bed_lock(struct bed *bed)
{
    (void)pthread_mutex_lock(&bed->mutex);
}

void bed_unlock(struct bed *bed)
{
    (void)pthread_mutex_unlock(&bed->mutex);
}

static bool wants_turn(struct bed *bed, struct mailer_waiting *waiting)
{
    waiting->newest = waiting->said_to;
    waiting->unsaid = (struct pace_unsaid){};
    for (int i = 0; i < bed->notice_count; i++) {
        const struct notice *notice = &bed->notices[i].notice;
        if (bed->notices[i].organization != waiting->organization || notice->id <= waiting->said_to)
            continue;
        waiting->newest = MAX_OF(waiting->newest, notice->id);
        pace_add(&waiting->unsaid, notice->at_ms, notice->kind == NOTICE_DISABLED);
    }
    bool late = false;
    for (int i = 0; i < bed->people_count; i++)
        late = late || (bed->people[i].organization == waiting->organization &&
                        bed->people[i].person.told_to < waiting->said_to);
    return late || waiting->unsaid.count > 0;
}

static int read_waiting(void *context, struct arena *arena, struct mailer_waiting **ret_waiting,
                        int *ret_count)
{
    struct bed *bed = context;
    struct mailer_waiting *waiting = ARENA_ARRAY(arena, struct mailer_waiting, ORGANIZATIONS);
    int count = 0;
    bed_lock(bed);
    for (int i = 0; i < ORGANIZATIONS; i++) {
        waiting[count] = bed->organizations[i];
        if (waiting[count].organization != 0)
            count += wants_turn(bed, &waiting[count]);
    }
    bool failed = bed->fail.waiting;
    bed_unlock(bed);
    if (failed)
        return FAIL_STORE;
    *ret_waiting = waiting;
    *ret_count = count;
    return 0;
}

static int read_people(void *context, int64_t organization, struct arena *arena,
                       struct mailer_person **ret_people, int *ret_count)
{
    struct bed *bed = context;
    struct mailer_person *people = ARENA_ARRAY(arena, struct mailer_person, PEOPLE);
    int count = 0;
    bed_lock(bed);
    for (int i = 0; i < bed->people_count; i++)
        if (bed->people[i].organization == organization)
            people[count++] = bed->people[i].person;
    bool failed = bed->fail.people;
    bed_unlock(bed);
    if (failed)
        return FAIL_STORE;
    *ret_people = people;
    *ret_count = count;
    return 0;
}

static int read_notices(void *context, const struct mailer_range *range, struct arena *arena,
                        struct notice **ret_notices, int *ret_count)
{
    struct bed *bed = context;
    struct notice *notices = ARENA_ARRAY(arena, struct notice, NOTICES);
    int count = 0;
    bed_lock(bed);
    for (int i = 0; i < bed->notice_count; i++) {
        const struct bed_notice *notice = &bed->notices[i];
        if (notice->organization == range->organization && notice->notice.id > range->after &&
            notice->notice.id <= range->to)
            notices[count++] = notice->notice;
    }
    bool failed = bed->fail.notices;
    bed_unlock(bed);
    if (failed)
        return FAIL_STORE;
    *ret_notices = notices;
    *ret_count = count;
    return 0;
}

static int report_told(void *context, const struct mailer_told *told)
{
    struct bed *bed = context;
    bed_lock(bed);
    bool failed = bed->fail.told;
    assert(bed->told_count < RECORDS);
    if (!failed) {
        struct record *record = &bed->told[bed->told_count++];
        record->told = *told;
        (void)snprintf(record->error, sizeof(record->error), "%.*s", STR_ARG(told->error));
    }
    for (int i = 0; i < bed->people_count && !failed; i++) {
        struct mailer_person *person = &bed->people[i].person;
        if (person->id == told->person && told->end != MAILER_LATER)
            person->told_to = MAX_OF(person->told_to, told->told_to);
    }
    bed_unlock(bed);
    return failed ? FAIL_STORE : 0;
}

static int report_said(void *context, const struct mailer_said *said)
{
    struct bed *bed = context;
    bed_lock(bed);
    bool failed = bed->fail.said;
    assert(bed->said_count < RECORDS);
    if (!failed)
        bed->said[bed->said_count++] = *said;
    for (int i = 0; i < ORGANIZATIONS && !failed; i++) {
        if (bed->organizations[i].organization != said->organization)
            continue;
        bed->organizations[i].said_to = said->said_to;
        bed->organizations[i].pace = said->pace;
    }
    bed_unlock(bed);
    return failed ? FAIL_STORE : 0;
}

/* ── the bed ── */

void bed_start(struct bed *bed)
{
    struct arena CLEANUP(arena_done) arena = {};
    const struct mailer_options options = {
        .smtp_url = arena_format(&arena, "smtp://127.0.0.1:%d", peer_port(bed->peer)),
        .from = STR("Junctor <junctor@hub.example>"),
        .clock = &bed->clock,
        .log = &bed->log,
        .ground = { .context = bed,
                    .read_waiting = read_waiting,
                    .read_people = read_people,
                    .read_notices = read_notices,
                    .report_told = report_told,
                    .report_said = report_said },
    };

    str wrong = {};
    CHECK("settings", mailer_check(&options, &arena, &wrong));
    bed->looks = 0;
    CHECK_INT("start", mailer_start(&options, &bed->mailer), 0);
}

void bed_person(struct bed *bed, int64_t organization, int64_t id, str address)
{
    bed_lock(bed);
    bed->people[bed->people_count++] =
        (struct bed_person){ organization, { .id = id, .name = STR("A B"), .address = address } };
    bed_unlock(bed);
}

/* Acme, with Ann and Bob; Umbrella with nobody. */
struct bed *bed_new(void)
{
    struct bed *bed = NEW(struct bed);
    (void)pthread_mutex_init(&bed->mutex, NULL);
    clock_init(&bed->clock, true, 0);
    bed->log = (struct log){ .least = LOG_ERROR + 1, .fd = STDERR_FILENO };
    bed->organizations[0] = (struct mailer_waiting){ .organization = 1, .name = STR("Acme") };
    bed->organizations[1] = (struct mailer_waiting){ .organization = 2, .name = STR("Umbrella") };
    bed_person(bed, 1, ANN, STR("ann@example.org"));
    bed_person(bed, 1, BOB, STR("bob@example.org"));
    bed->peer = peer_new(NULL);
    bed_start(bed);
    return bed;
}

void bed_free(struct bed *bed)
{
    mailer_stop(bed->mailer);
    peer_free(bed->peer);
    (void)pthread_mutex_destroy(&bed->mutex);
    free(bed);
}

/* A whole look, at least. */
void bed_look(struct bed *bed)
{
    bed->looks++;
    mailer_look(bed->mailer);
    for (int waited = 0; mailer_counts(bed->mailer).looked < bed->looks; waited++) {
        CHECK("the mailer looks", waited < WAIT_MS);
        (void)usleep(1000);
    }
}

void bed_pass(struct bed *bed, int64_t ms)
{
    (void)clock_advance(&bed->clock, ms);
    bed_look(bed);
}

int64_t bed_notice(struct bed *bed, int64_t organization, enum notice_kind kind)
{
    bed_lock(bed);
    assert(bed->notice_count < NOTICES);
    struct bed_notice *notice = &bed->notices[bed->notice_count++];
    notice->organization = organization;
    notice->notice = (struct notice){
        .id = 100 + bed->notice_count, .kind = kind, .at_ms = clock_now_ms(&bed->clock), .outlet = 1
    };
    int64_t id = notice->notice.id;
    bed_unlock(bed);
    bed_look(bed);
    return id;
}

void bed_fail(struct bed *bed, struct bed_failures failures)
{
    bed_lock(bed);
    bed->fail = failures;
    bed_unlock(bed);
}

int64_t bed_mark(struct bed *bed, int64_t person)
{
    int64_t mark = -1;
    bed_lock(bed);
    for (int i = 0; i < bed->people_count; i++)
        if (bed->people[i].person.id == person)
            mark = bed->people[i].person.told_to;
    bed_unlock(bed);
    return mark;
}

int64_t bed_said_to(struct bed *bed)
{
    bed_lock(bed);
    int64_t to = bed->organizations[0].said_to;
    bed_unlock(bed);
    return to;
}

/* The newest report on that person. */
struct record bed_told(struct bed *bed, int64_t person)
{
    struct record record = {};
    bed_lock(bed);
    for (int i = 0; i < bed->told_count; i++)
        if (bed->told[i].told.person == person)
            record = bed->told[i];
    bed_unlock(bed);
    return record;
}

int bed_mails_to(struct bed *bed, const char *address)
{
    int count = 0;
    for (int i = 0; i < peer_count(bed->peer); i++)
        count += str_equal(peer_get(bed->peer, i).to, str_c(address));
    return count;
}

/* "<after.to.person@hub.example>": what a mail tells is in its id. */
void bed_read_id(const struct peer_mail *mail, long long *ret_parts)
{
    static const char begin[] = "Message-ID: <";
    const char *id = strstr(mail->data.ptr, begin);
    assert_non_null(id);
    str rest = str_c(id + strlen(begin));
    rest = str_cut(&rest, '@');
    for (int i = 0; i < 3; i++) {
        int64_t part = 0;
        CHECK("id", str_to_int64(str_cut(&rest, '.'), &part));
        ret_parts[i] = part;
    }
    CHECK_INT("id", rest.len, 0);
}

void bed_check_mail(struct bed *bed, int index, int64_t after, int64_t to, int64_t person)
{
    long long parts[3];
    struct peer_mail mail = peer_get(bed->peer, index);
    bed_read_id(&mail, parts);
    CHECK_INT("after", parts[0], after);
    CHECK_INT("to", parts[1], to);
    CHECK_INT("person", parts[2], person);
}
