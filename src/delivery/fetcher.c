/* SPDX-License-Identifier: MIT
 * delivery/fetcher.c: reads unfinished work for the couriers, on one thread with a reader of its
 * own, so that a slow store stalls no sender. */
#include <stdlib.h>

#include "base/fail.h"
#include "base/thread.h"
#include "delivery/internal.h"

#define ARENA_KEPT ((size_t)1 << 20)

void fetch_free(struct fetch *fetch)
{
    jobs_free(fetch->jobs);
    arena_done(&fetch->arena);
    free(fetch);
}

static struct job *job_from(const struct work_item *item)
{
    return job_new(&item->delivery, content_new(&item->event), NULL);
}

static int read_page(struct fetcher *fetcher, struct fetch *fetch, struct arena *arena)
{
    struct work_item *items = ARENA_ARRAY(arena, struct work_item, (size_t)fetch->wanted.limit);
    int r = fetcher->ground.read_work(fetcher->ground.context, &fetch->wanted, arena, items,
                                      &fetch->page);
    if (r < 0)
        return fail(r);
    struct message **end = NULL;
    for (int i = 0; i < fetch->page.count; i++) {
        struct job *job = job_from(&items[i]);
        job->link.next = NULL;
        if (end == NULL)
            fetch->jobs = job;
        else
            *end = &job->link;
        end = &job->link.next;
    }
    return 0;
}

static int read_start(struct fetcher *fetcher, struct fetch *fetch)
{
    return fail(fetcher->ground.read_start(fetcher->ground.context, &fetch->arena, &fetch->start));
}

static int read_due(struct fetcher *fetcher, struct fetch *fetch)
{
    int64_t ids[SWEEP_PAGE];
    int r = 0;
    for (int i = 0; r == 0 && i < fetch->count; i++) {
        struct sweep *sweep = &fetch->sweeps[i];
        const struct due_wanted wanted = {
            .span = { .of = sweep->of, .after = sweep->after, .to = sweep->to },
            .limit = SWEEP_PAGE,
            .before_ms = fetch->due_before_ms,
        };
        r = fetcher->ground.read_due(fetcher->ground.context, &wanted, ids, &sweep->count);
        if (r == 0 && sweep->count > 0)
            sweep->ids = memcpy(ARENA_ARRAY(&fetch->arena, int64_t, (size_t)sweep->count), ids,
                                (size_t)sweep->count * sizeof(*ids));
    }
    return fail(r);
}

static int read_for(struct fetcher *fetcher, struct fetch *fetch, struct arena *arena)
{
    if (fetch->mail.kind == MAIL_PAGE)
        return read_page(fetcher, fetch, arena);
    return fetch->mail.kind == MAIL_START ? read_start(fetcher, fetch) : read_due(fetcher, fetch);
}

static void run(struct fetcher *fetcher, struct fetch *fetch, struct arena *arena)
{
    int r = read_for(fetcher, fetch, arena);
    fetch->failed = r < 0;
    if (fetch->failed)
        log_line(fetcher->log, LOG_ERROR, "unfinished deliveries cannot be read; trying again",
                 LOG_TEXT("error", str_c(fail_describe(r))));
    arena_reset(arena, ARENA_KEPT);
    courier_post(fetch->courier, &fetch->mail);
}

static void *fetcher_main(void *argument)
{
    struct fetcher *fetcher = argument;
    struct arena arena = {};
    thread_name("fetcher", -1);
    for (;;) {
        struct message *at = mailbox_take(&fetcher->mailbox);
        if (at == NULL) {
            if (atomic_load(&fetcher->stopping))
                break;
            waker_wait(&fetcher->waker, -1);
        }
        while (at != NULL) {
            struct message *next = at->next;
            run(fetcher, CONTAINER_OF(at, struct fetch, mail.link), &arena);
            at = next;
        }
    }
    arena_done(&arena);
    return NULL;
}

void fetcher_post(struct fetcher *fetcher, struct fetch *fetch)
{
    mailbox_post(&fetcher->mailbox, &fetch->mail.link);
}

int fetcher_start(struct fetcher *fetcher, const struct courier_ground *ground,
                  const struct log *log)
{
    fetcher->ground = *ground;
    fetcher->log = log;
    atomic_init(&fetcher->stopping, false);
    int r = waker_init(&fetcher->waker);
    if (r < 0)
        return fail(r);
    mailbox_init(&fetcher->mailbox, waker_wake, &fetcher->waker);
    r = -pthread_create(&fetcher->thread, NULL, fetcher_main, fetcher);
    fetcher->running = r == 0;
    return fail(r);
}

void fetcher_stop(struct fetcher *fetcher)
{
    if (fetcher->running) {
        atomic_store(&fetcher->stopping, true);
        waker_wake(&fetcher->waker);
        (void)pthread_join(fetcher->thread, NULL);
        fetcher->running = false;
    }
    waker_done(&fetcher->waker);
}
