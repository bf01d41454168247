/* SPDX-License-Identifier: MIT */
#include "store/readers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/thread.h"

/* Each thread has a mailbox of its own; tasks are dealt to the one with the least to do. */
struct reader_thread {
    struct readers *readers;
    struct mailbox mailbox;
    struct waker waker;
    struct store_reader *reader;
    pthread_t thread;
    bool started;
    atomic_int queued;
};

struct readers {
    int count;
    int max_queued;
    atomic_bool stopping;
    struct reader_thread threads[];
};

static void run_task(struct reader_thread *self, struct reader_task *task)
{
    bool snapshot = task->snapshot;
    /* A snapshot that cannot be had shows at the task's first statement. */
    bool open = snapshot && store_read_begin(self->reader) == 0;
    task->run(task, self->reader);
    if (open)
        store_read_end(self->reader);
    (void)atomic_fetch_sub(&self->queued, 1);
}

static void *reader_main(void *argument)
{
    struct reader_thread *self = argument;
    thread_name("reader", (int)(self - self->readers->threads));
    for (;;) {
        struct message *at = mailbox_take(&self->mailbox);
        if (at == NULL && atomic_load(&self->readers->stopping))
            return NULL;
        if (at == NULL)
            waker_wait(&self->waker, -1);
        while (at != NULL) {
            struct message *next = at->next;
            run_task(self, CONTAINER_OF(at, struct reader_task, link));
            at = next;
        }
    }
}

static int start_thread(struct readers *readers, struct store *store, struct reader_thread *self)
{
    self->readers = readers;
    self->waker.fd = -1;
    int r = waker_init(&self->waker);
    if (r < 0)
        return fail(r);
    mailbox_init(&self->mailbox, waker_wake, &self->waker);
    r = store_reader_open(store, &self->reader);
    if (r < 0)
        return fail(r);
    r = -pthread_create(&self->thread, NULL, reader_main, self);
    self->started = r == 0;
    return fail(r);
}

int readers_start(struct store *store, int threads, int max_queued, struct readers **ret_readers)
{
    struct readers *readers =
        xcalloc(1, sizeof(*readers) + (size_t)threads * sizeof(readers->threads[0]));
    readers->max_queued = max_queued;
    for (int i = 0; i < threads; i++) {
        readers->count++;
        int r = start_thread(readers, store, &readers->threads[i]);
        if (r < 0) {
            readers_free(readers);
            return fail(r);
        }
    }
    *ret_readers = readers;
    return 0;
}

void readers_free(struct readers *readers)
{
    if (readers == NULL)
        return;
    atomic_store(&readers->stopping, true);
    for (int i = 0; i < readers->count; i++) {
        struct reader_thread *self = &readers->threads[i];
        if (self->started) {
            waker_wake(&self->waker);
            (void)pthread_join(self->thread, NULL);
        }
        store_reader_close(self->reader);
        waker_done(&self->waker);
    }
    free(readers);
}

bool readers_post(struct readers *readers, struct reader_task *task)
{
    struct reader_thread *least = &readers->threads[0];
    for (int i = 1; i < readers->count; i++)
        if (atomic_load(&readers->threads[i].queued) < atomic_load(&least->queued))
            least = &readers->threads[i];
    if (atomic_fetch_add(&least->queued, 1) >= readers->max_queued) {
        (void)atomic_fetch_sub(&least->queued, 1);
        return false;
    }
    mailbox_post(&least->mailbox, &task->link);
    return true;
}

int readers_busy(const struct readers *readers)
{
    int busy = 0;
    for (int i = 0; i < readers->count; i++)
        busy += atomic_load(&readers->threads[i].queued);
    return busy;
}
