/* SPDX-License-Identifier: MIT */
#include "base/mailbox.h"

#include <pthread.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/testing.h"

#define SENDERS 4
#define MESSAGES 20000

struct note {
    struct message message;
    int sender;
    int number;
};

struct sender {
    struct mailbox *box;
    struct note *notes; /* MESSAGES of them */
    pthread_t thread;
};

static void *send_all(void *context)
{
    struct sender *sender = context;
    for (int i = 0; i < MESSAGES; i++)
        mailbox_post(sender->box, &sender->notes[i].message);
    return NULL;
}

static void start(struct sender *senders, struct mailbox *box, struct arena *arena)
{
    for (int s = 0; s < SENDERS; s++) {
        senders[s].box = box;
        senders[s].notes = ARENA_ARRAY(arena, struct note, MESSAGES);
        for (int i = 0; i < MESSAGES; i++) {
            senders[s].notes[i].sender = s;
            senders[s].notes[i].number = i;
        }
        assert_int_equal(pthread_create(&senders[s].thread, NULL, send_all, &senders[s]), 0);
    }
}

TEST(keeps_the_order_of_each_sender)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct waker waker;
    assert_int_equal(waker_init(&waker), 0);
    struct mailbox box;
    mailbox_init(&box, waker_wake, &waker);
    struct sender senders[SENDERS];
    start(senders, &box, &arena);
    int next[SENDERS] = {};
    int left = SENDERS * MESSAGES;
    int empty_waits = 0;
    while (left > 0) {
        /* Longer than the test may take: only a lost wake-up runs into it. */
        waker_wait(&waker, 10000);
        struct message *at = mailbox_take(&box);
        empty_waits = at == NULL ? empty_waits + 1 : 0;
        CHECK("woken for something", empty_waits < 1000);
        for (struct message *following; at != NULL; at = following) {
            following = at->next;
            struct note *note = CONTAINER_OF(at, struct note, message);
            CHECK_INT("in order", note->number, next[note->sender]++);
            left--;
        }
    }
    for (int s = 0; s < SENDERS; s++)
        (void)pthread_join(senders[s].thread, NULL);
    CHECK("nothing left", mailbox_take(&box) == NULL);
    waker_done(&waker);
}

static void count_wakes(void *context)
{
    (*(int *)context)++;
}

TEST(wakes_once_between_takes)
{
    int wakes = 0;
    struct mailbox box;
    struct message messages[3] = {};
    mailbox_init(&box, count_wakes, &wakes);
    CHECK("empty", mailbox_take(&box) == NULL);
    mailbox_post(&box, &messages[0]);
    mailbox_post(&box, &messages[1]);
    CHECK_INT("once", wakes, 1);
    struct message *oldest = mailbox_take(&box);
    CHECK("oldest first",
          oldest == &messages[0] && oldest->next == &messages[1] && messages[1].next == NULL);
    mailbox_post(&box, &messages[2]);
    CHECK_INT("and again", wakes, 2);
    CHECK("the newest", mailbox_take(&box) == &messages[2]);
}

TEST(waker_waits_and_wakes)
{
    struct waker waker;
    assert_int_equal(waker_init(&waker), 0);
    int64_t start_ms = clock_mono_ms();
    waker_wait(&waker, 20);
    CHECK("waits", clock_mono_ms() - start_ms >= 19);
    waker_wake(&waker);
    waker_wake(&waker);
    waker_wait(&waker, -1); /* unwoken, it would never come back */
    start_ms = clock_mono_ms();
    waker_wait(&waker, 20);
    CHECK("two wakes are one", clock_mono_ms() - start_ms >= 19);
    waker_done(&waker);
    waker_done(&waker);
}

RUN_TESTS(cmocka_unit_test(keeps_the_order_of_each_sender),
          cmocka_unit_test(wakes_once_between_takes), cmocka_unit_test(waker_waits_and_wakes))
