/* SPDX-License-Identifier: MIT */
#include "mail/mailer.h"

#include "mail/test_bed.h"

/* ── what it promises ── */

TEST(gathers_and_tells_each)
{
    struct bed *bed = bed_new();
    (void)bed_notice(bed, 1, NOTICE_FAILING);
    bed_pass(bed, 59 * SECOND);
    int64_t last = bed_notice(bed, 1, NOTICE_DEAD);
    CHECK_INT("held", peer_connections(bed->peer), 0);
    bed_pass(bed, SECOND);
    CHECK_INT("mails", peer_count(bed->peer), 2);
    bed_check_mail(bed, 0, 0, last, ANN);
    bed_check_mail(bed, 1, 0, last, BOB);
    struct peer_mail mail = peer_get(bed->peer, 0);
    CHECK_STR("from", mail.from, STR("junctor@hub.example"));
    CHECK_STR("to", mail.to, STR("ann@example.org"));
    CHECK("subject", strstr(mail.data.ptr, "Subject: Junctor: 1 endpoint of Acme fails, 1 delivery "
                                           "died\r\n") != NULL);
    CHECK("to nobody else", strstr(mail.data.ptr, "bob") == NULL);
    CHECK_INT("mark", bed_mark(bed, ANN), last);
    CHECK_INT("mark", bed_mark(bed, BOB), last);
    CHECK_INT("said", bed_said_to(bed), last);
    bed_pass(bed, 24 * 60 * MINUTE_MS);
    CHECK_INT("once", peer_count(bed->peer), 2);
    CHECK_INT("sent", mailer_counts(bed->mailer).sent, 2);
    CHECK_INT("failed", mailer_counts(bed->mailer).failed, 0);
    bed_free(bed);
}

TEST(keeps_the_pace)
{
    struct bed *bed = bed_new();
    (void)bed_notice(bed, 1, NOTICE_DEAD);
    bed_pass(bed, MINUTE_MS);
    CHECK_INT("first", peer_count(bed->peer), 2);
    (void)bed_notice(bed, 1, NOTICE_DEAD);
    bed_pass(bed, 15 * MINUTE_MS - 1);
    CHECK_INT("not yet", peer_count(bed->peer), 2);
    bed_pass(bed, 1);
    CHECK_INT("second", peer_count(bed->peer), 4);
    (void)bed_notice(bed, 1, NOTICE_DEAD);
    bed_pass(bed, 29 * MINUTE_MS);
    CHECK_INT("twice as long", peer_count(bed->peer), 4);
    (void)bed_notice(bed, 1, NOTICE_DISABLED);
    bed_pass(bed, 59 * SECOND);
    CHECK_INT("an urgent one is held, too", peer_count(bed->peer), 4);
    bed_pass(bed, SECOND);
    CHECK_INT("third", peer_count(bed->peer), 6);
    bed_free(bed);
}

/* Who fails is tried again alone. */
TEST(one_of_several_fails)
{
    struct bed *bed = bed_new();
    peer_say(bed->peer, &(struct peer_line){
                            .at = "RCPT", .reply = "450 greylisted", .to = "bob@example.org" });
    int64_t first = bed_notice(bed, 1, NOTICE_DEAD);
    bed_pass(bed, MINUTE_MS);
    CHECK_INT("Ann", bed_mark(bed, ANN), first);
    CHECK_INT("Bob", bed_mark(bed, BOB), 0);
    CHECK_INT("said", bed_said_to(bed), first);
    CHECK_INT("waiting", mailer_counts(bed->mailer).waiting, 1);
    struct record record = bed_told(bed, BOB);
    CHECK_INT("later", record.told.end, MAILER_LATER);
    CHECK_INT("again", record.told.again_ms, clock_now_ms(&bed->clock) + MINUTE_MS);
    CHECK("error", strstr(record.error, "(450 greylisted)") != NULL);
    bed_pass(bed, MINUTE_MS - 1);
    CHECK_INT("not before", peer_commands(bed->peer, "RCPT"), 2);
    bed_pass(bed, 1);
    CHECK_INT("again", peer_commands(bed->peer, "RCPT"), 3);
    peer_obey(bed->peer);
    bed_pass(bed, 2 * MINUTE_MS);
    CHECK_INT("Bob has it", bed_mark(bed, BOB), first);
    CHECK_INT("Ann once", bed_mails_to(bed, "ann@example.org"), 1);
    CHECK_INT("waiting", mailer_counts(bed->mailer).waiting, 0);
    /* 12 minutes later Ann's next is due, for Bob it would be too early. */
    int64_t second = bed_notice(bed, 1, NOTICE_DEAD);
    bed_pass(bed, 12 * MINUTE_MS);
    CHECK_INT("Ann", bed_mark(bed, ANN), second);
    CHECK_INT("Bob", bed_mark(bed, BOB), first);
    bed_pass(bed, 3 * MINUTE_MS);
    CHECK_INT("Bob", bed_mark(bed, BOB), second);
    CHECK_INT("Ann", bed_mails_to(bed, "ann@example.org"), 2);
    CHECK_INT("Bob", bed_mails_to(bed, "bob@example.org"), 2);
    bed_free(bed);
}

/* What a mail server says of one person, whatever it is, holds up nobody else. */
TEST(a_reply_to_one_person_is_that_persons)
{
    static const char *const replies[] = { "421 too many recipients", "450 later",
                                           "530 5.7.1 log in", "535 5.7.8 who are you" };
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        struct bed *bed = bed_new();
        bed_person(bed, 2, CYD, STR("cyd@example.org"));
        peer_say(bed->peer,
                 &(struct peer_line){ .at = "RCPT", .reply = replies[i], .to = "ann@example.org" });
        int64_t first = bed_notice(bed, 1, NOTICE_DEAD);
        (void)bed_notice(bed, 2, NOTICE_DEAD);
        bed_pass(bed, MINUTE_MS);
        CHECK_INT(replies[i], bed_mails_to(bed, "bob@example.org"), 1);
        CHECK_INT(replies[i], bed_mails_to(bed, "cyd@example.org"), 1);
        CHECK_INT(replies[i], bed_told(bed, ANN).told.end, MAILER_LATER);
        CHECK(replies[i], !bed_told(bed, ANN).told.everybody);
        peer_obey(bed->peer);
        bed_pass(bed, MINUTE_MS);
        CHECK_INT(replies[i], bed_mark(bed, ANN), first);
        bed_free(bed);
    }
}

/* Ann and two others are slow to be refused: Cyd of another organization waits for one of them, and
 * when they are tried again for none. */
TEST(slow_failures_hold_up_others_once)
{
    struct bed *bed = bed_new();
    bed_person(bed, 1, 4, STR("ann@example.org"));
    bed_person(bed, 1, 5, STR("ann@example.org"));
    bed_person(bed, 2, CYD, STR("cyd@example.org"));
    peer_say(bed->peer,
             &(struct peer_line){
                 .at = "RCPT", .reply = "450 no", .to = "ann@example.org", .delay_ms = 2100 });
    (void)bed_notice(bed, 1, NOTICE_DEAD);
    int64_t last = bed_notice(bed, 2, NOTICE_DEAD);
    bed_pass(bed, MINUTE_MS);
    CHECK_INT("Cyd", bed_mark(bed, CYD), last);
    CHECK_STR("first of all", peer_get(bed->peer, 0).to, STR("cyd@example.org"));
    peer_wait(bed->peer, "RCPT", 5); /* the others' turn comes without a further word */
    bed_look(bed);
    CHECK_INT("Bob", bed_mails_to(bed, "bob@example.org"), 1);
    CHECK_INT("left", mailer_counts(bed->mailer).waiting, 3);
    int tried = peer_commands(bed->peer, "RCPT");
    last = bed_notice(bed, 2, NOTICE_DISABLED);
    bed_pass(bed, 15 * MINUTE_MS);
    CHECK_INT("Cyd again", bed_mark(bed, CYD), last);
    CHECK_INT("and one of the slow", peer_commands(bed->peer, "RCPT"), tried + 2);
    bed_free(bed);
}

/* Nothing is lost, and one connection a try finds out that nothing works. */
TEST(server_is_down)
{
    static const int64_t pauses[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
    struct bed *bed = bed_new();
    peer_say(bed->peer, &(struct peer_line){ .at = "greeting", .reply = "421 closed for today" });
    (void)bed_notice(bed, 1, NOTICE_DEAD);
    bed_pass(bed, MINUTE_MS);
    for (size_t i = 0; i < COUNT_OF(pauses); i++) {
        CHECK_INT("one try", peer_connections(bed->peer), i + 1);
        bed_pass(bed, pauses[i] * MINUTE_MS - 1);
        CHECK_INT("not before", peer_connections(bed->peer), i + 1);
        if (i + 1 < COUNT_OF(pauses))
            bed_pass(bed, 1);
    }
    CHECK_INT("said", bed_said_to(bed), 0);
    CHECK_INT("waiting", mailer_counts(bed->mailer).waiting, 2);
    CHECK_INT("failed", mailer_counts(bed->mailer).failed, COUNT_OF(pauses));
    int64_t last = bed_notice(bed, 1, NOTICE_DEAD);
    peer_obey(bed->peer);
    bed_pass(bed, 1);
    CHECK_INT("mails", peer_count(bed->peer), 2);
    bed_check_mail(bed, 0, 0, last, ANN);
    bed_check_mail(bed, 1, 0, last, BOB);
    /* The next failure begins with a minute again. */
    peer_say(bed->peer, &(struct peer_line){ .at = "MAIL", .reply = "550 not you" });
    (void)bed_notice(bed, 1, NOTICE_DEAD);
    bed_pass(bed, 15 * MINUTE_MS);
    CHECK("error", strstr(bed_told(bed, ANN).error, "refused the sender") != NULL);
    peer_obey(bed->peer);
    bed_pass(bed, MINUTE_MS);
    CHECK_INT("mails", peer_count(bed->peer), 4);
    bed_free(bed);
}

TEST(refused_person)
{
    struct bed *bed = bed_new();
    bed_person(bed, 1, CYD, STR("nowhere"));
    peer_say(bed->peer, &(struct peer_line){
                            .at = "RCPT", .reply = "550 no such user", .to = "ann@example.org" });
    int64_t first = bed_notice(bed, 1, NOTICE_DEAD);
    bed_pass(bed, MINUTE_MS);
    CHECK_INT("Ann", bed_told(bed, ANN).told.end, MAILER_REFUSED);
    CHECK("error", strstr(bed_told(bed, ANN).error, "(550 no such user)") != NULL);
    CHECK_INT("no address", bed_told(bed, CYD).told.end, MAILER_REFUSED);
    CHECK("error", strstr(bed_told(bed, CYD).error, "not one that mail can be sent to") != NULL);
    CHECK_INT("Bob", bed_told(bed, BOB).told.end, MAILER_SENT);
    CHECK_INT("said", bed_said_to(bed), first);
    CHECK_INT("refused", mailer_counts(bed->mailer).refused, 2);
    bed_pass(bed, 60 * MINUTE_MS);
    CHECK_INT("it is not tried again", peer_commands(bed->peer, "RCPT"), 2);
    (void)bed_notice(bed, 1, NOTICE_DEAD);
    bed_pass(bed, MINUTE_MS);
    CHECK_INT("but the next is", peer_commands(bed->peer, "RCPT"), 4);
    bed_free(bed);
}

/* What cannot be stored is remembered: no second mail. */
TEST(marks_cannot_be_stored)
{
    struct bed *bed = bed_new();
    bed_fail(bed, (struct bed_failures){ .told = true, .said = true });
    int64_t first = bed_notice(bed, 1, NOTICE_DEAD);
    bed_pass(bed, MINUTE_MS);
    CHECK_INT("mails", peer_count(bed->peer), 2);
    CHECK_INT("mark", bed_mark(bed, ANN), 0);
    (void)bed_notice(bed, 1, NOTICE_DEAD);
    bed_pass(bed, 60 * MINUTE_MS);
    CHECK_INT("none before it is stored", peer_count(bed->peer), 2);
    bed_fail(bed, (struct bed_failures){ .said = true });
    bed_pass(bed, MINUTE_MS);
    CHECK_INT("reported", bed_told(bed, ANN).told.end, MAILER_SENT);
    bed_check_mail(bed, 2, first, first + 1, ANN);
    bed_pass(bed, 60 * MINUTE_MS);
    bed_fail(bed, (struct bed_failures){});
    bed_pass(bed, 60 * MINUTE_MS);
    CHECK_INT("each once", peer_count(bed->peer), 4);
    CHECK_INT("said", bed_said_to(bed), first + 1);
    bed_free(bed);
}

TEST(ground_cannot_be_read)
{
    static const struct bed_failures all[] = { { .waiting = true },
                                               { .people = true },
                                               { .notices = true } };
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct bed *bed = bed_new();
        bed_fail(bed, all[i]);
        int64_t first = bed_notice(bed, 1, NOTICE_DEAD);
        bed_pass(bed, 2 * MINUTE_MS);
        CHECK_INT("mails", peer_count(bed->peer), 0);
        CHECK_INT("said", bed_said_to(bed), 0);
        bed_fail(bed, (struct bed_failures){});
        bed_pass(bed, MINUTE_MS);
        CHECK_INT("mails", peer_count(bed->peer), 2);
        CHECK_INT("said", bed_said_to(bed), first);
        bed_free(bed);
    }
}

/* It may have been taken: the same again, under the same id, and what came since comes after it. */
TEST(broken_off_behind_the_message)
{
    struct bed *bed = bed_new();
    peer_say(bed->peer, &(struct peer_line){ .at = ".", .reply = PEER_CLOSE, .times = 2 });
    int64_t first = bed_notice(bed, 1, NOTICE_DEAD);
    bed_pass(bed, MINUTE_MS);
    CHECK_INT("nobody is told", bed_said_to(bed), 0);
    int64_t second = bed_notice(bed, 1, NOTICE_DISABLED);
    bed_pass(bed, MINUTE_MS);
    CHECK_INT("mails", peer_count(bed->peer), 2);
    bed_check_mail(bed, 0, 0, first, ANN);
    bed_check_mail(bed, 1, 0, first, BOB);
    bed_pass(bed, 15 * MINUTE_MS);
    CHECK_INT("mails", peer_count(bed->peer), 4);
    bed_check_mail(bed, 2, first, second, ANN);
    bed_check_mail(bed, 3, first, second, BOB);
    CHECK_INT("said", bed_said_to(bed), second);
    bed_free(bed);
}

/* By the clock alone; a look each minute would come too late for peer_wait(). */
TEST(wakes_by_itself)
{
    struct bed *bed = bed_new();
    mailer_stop(bed->mailer);
    clock_init(&bed->clock, false, 0);
    bed->notices[bed->notice_count++] = (struct bed_notice){
        1, { .id = 1, .outlet = 1, .at_ms = clock_now_ms(&bed->clock) - 59 * SECOND }
    };
    bed_start(bed);
    peer_wait(bed->peer, "QUIT", 2);
    bed_free(bed);
}

TEST(nobody_wants_mail)
{
    struct bed *bed = bed_new();
    int64_t id = bed_notice(bed, 2, NOTICE_DISABLED);
    bed_pass(bed, MINUTE_MS);
    CHECK_INT("connections", peer_connections(bed->peer), 0);
    bed_lock(bed);
    CHECK_INT("said", bed->said_count, 1);
    CHECK_INT("to", bed->said[0].said_to, id);
    CHECK_INT("no mail", bed->said[0].pace.mailed_ms, 0);
    bed_unlock(bed);
    bed_free(bed);
}

TEST(stops_in_a_mail)
{
    struct bed *bed = bed_new();
    peer_say(bed->peer, &(struct peer_line){ .at = ".", .reply = PEER_HANG });
    int64_t first = bed_notice(bed, 1, NOTICE_DEAD);
    (void)clock_advance(&bed->clock, MINUTE_MS);
    mailer_look(bed->mailer);
    peer_wait(bed->peer, ".", 1);
    mailer_stop(bed->mailer);
    CHECK_INT("nothing is reported", bed->told_count + bed->said_count, 0);
    peer_obey(bed->peer);
    bed_start(bed);
    bed_look(bed);
    CHECK_INT("mails", peer_count(bed->peer), 2);
    bed_check_mail(bed, 0, 0, first, ANN);
    bed_free(bed);
}

TEST(pauses)
{
    static const struct {
        int failures;
        int64_t minutes;
    } cases[] = { { 0, 1 }, { 1, 1 }, { 2, 2 }, { 6, 32 }, { 7, 60 }, { 8, 60 }, { 1000000, 60 } };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_INT("pause", mailer_pause_ms(cases[i].failures), cases[i].minutes * MINUTE_MS);
}

TEST(settings)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct mailer_options options = { .smtp_url = STR("smtp://u:geheim@localhost"),
                                      .from = STR("a@b.c") };
    str wrong = {};
    CHECK("good", mailer_check(&options, &arena, &wrong));
    options.from = STR("nobody");
    CHECK("from", !mailer_check(&options, &arena, &wrong));
    CHECK("says so", str_starts(wrong, STR("What mails come from")));
    options.from = STR("a@b.c");
    options.smtp_url = STR("smtp://u:geheim@localhost/a/b");
    CHECK("url", !mailer_check(&options, &arena, &wrong));
    CHECK("no password", memmem(wrong.ptr, wrong.len, "geheim", 6) == NULL);
    struct mailer *mailer = NULL;
    CHECK("start refuses, too", mailer_start(&options, &mailer) < 0);
    mailer_stop(NULL);
}

/* ── any order of faults ── */

static void draw_faults(struct bed *bed, uint64_t *seed)
{
    static const struct peer_line lines[] = {
        { .at = "greeting", .reply = "421 no" },
        { .at = "MAIL", .reply = "550 no" },
        { .at = "RCPT", .reply = "450 no", .to = "bob@example.org" },
        { .at = "RCPT", .reply = "450 no", .to = "ann@example.org" },
        { .at = "DATA", .reply = "451 no", .times = 1 },
        { .at = ".", .reply = "452 no" },
        { .at = ".", .reply = PEER_CLOSE, .times = 1 },
        { .at = "QUIT", .reply = PEER_CLOSE },
    };

    uint64_t draw = test_random(seed) % (COUNT_OF(lines) * 2);
    if (draw < COUNT_OF(lines))
        peer_say(bed->peer, &lines[draw]);
    else
        peer_obey(bed->peer);
    bed_fail(bed, (struct bed_failures){ .waiting = test_random(seed) % 8 == 0,
                                         .people = test_random(seed) % 8 == 0,
                                         .notices = test_random(seed) % 8 == 0,
                                         .told = test_random(seed) % 8 == 0,
                                         .said = test_random(seed) % 8 == 0 });
}

/* What was sent to that person: each notice once, in order, none left out. */
static void check_chain(struct bed *bed, int64_t person, int64_t last)
{
    long long mark = 0;
    for (int i = 0; i < peer_count(bed->peer); i++) {
        long long parts[3];
        struct peer_mail mail = peer_get(bed->peer, i);
        bed_read_id(&mail, parts);
        if (parts[2] != person)
            continue;
        CHECK_INT("begins where the last one ended", parts[0], mark);
        mark = parts[1];
    }
    CHECK_INT("nothing is left", mark, last);
    CHECK_INT("the mark", bed_mark(bed, person), last);
}

static void check_gaps(struct bed *bed, int64_t person)
{
    int64_t before_ms = 0;
    for (int i = 0; i < bed->told_count; i++) {
        const struct mailer_told *told = &bed->told[i].told;
        if (told->person != person || told->end != MAILER_SENT || told->at_ms == before_ms)
            continue;
        CHECK("15 minutes lie between", told->at_ms - before_ms >= PACE_LEAST_MS);
        before_ms = told->at_ms;
    }
}

TEST(any_order_of_faults)
{
    uint64_t seed = 20261122;
    struct bed *bed = bed_new();
    int64_t last[3] = {};
    bed_person(bed, 2, CYD, STR("cyd@example.net"));
    for (int i = 0; i < 600; i++) {
        if (i % 3 == 0)
            draw_faults(bed, &seed);
        int64_t organization = test_random(&seed) % 4 == 0 ? 2 : 1;
        enum notice_kind kind = test_random(&seed) % 2 == 0 ? NOTICE_DEAD : NOTICE_DISABLED;
        if (test_random(&seed) % 2 == 0 && bed->notice_count < NOTICES)
            last[organization] = bed_notice(bed, organization, kind);
        bed_pass(bed, (int64_t)(test_random(&seed) % (uint64_t)(20 * MINUTE_MS)));
    }
    peer_obey(bed->peer);
    bed_fail(bed, (struct bed_failures){});
    for (int i = 0; i < 10; i++)
        bed_pass(bed, 2 * PACE_MOST_MS);
    check_chain(bed, ANN, last[1]);
    check_chain(bed, BOB, last[1]);
    check_chain(bed, CYD, last[2]);
    for (int64_t person = ANN; person <= CYD; person++)
        check_gaps(bed, person);
    CHECK("there were faults", mailer_counts(bed->mailer).failed > 50);
    CHECK("and mails", peer_count(bed->peer) > 100);
    bed_free(bed);
}

RUN_TESTS(cmocka_unit_test(gathers_and_tells_each), cmocka_unit_test(keeps_the_pace),
          cmocka_unit_test(one_of_several_fails),
          cmocka_unit_test(a_reply_to_one_person_is_that_persons),
          cmocka_unit_test(slow_failures_hold_up_others_once), cmocka_unit_test(server_is_down),
          cmocka_unit_test(refused_person), cmocka_unit_test(marks_cannot_be_stored),
          cmocka_unit_test(ground_cannot_be_read), cmocka_unit_test(broken_off_behind_the_message),
          cmocka_unit_test(nobody_wants_mail), cmocka_unit_test(wakes_by_itself),
          cmocka_unit_test(stops_in_a_mail), cmocka_unit_test(pauses), cmocka_unit_test(settings),
          cmocka_unit_test(any_order_of_faults))
