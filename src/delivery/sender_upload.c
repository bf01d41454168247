/* SPDX-License-Identifier: MIT
 * Files have threads of their own, one each while it is under way. libcurl's multi interface cannot
 * be used for them: in FTP and SFTP it waits inside one call for what the server says to the end of
 * a file, to commands behind it and to QUIT, as long as the server likes (libcurl's TODO: "more
 * non-blocking"), and the courier with all its targets would wait with it.
 *
 * Invariants: (1) at most UPLOADS_AT_ONCE threads a sender; who comes later waits in line; (2) each
 * upload ends once, by sender_take(); (3) its thread is over by then. */
#include <stdlib.h>

#include "base/thread.h"
#include "delivery/upload_run.h"

#define UPLOADS_AT_ONCE 32

static void *upload_main(void *argument)
{
    struct upload_run *run = argument;
    struct uploads *uploads = &run->sender->uploads;
    thread_name("upload", -1);
    upload_perform(run);
    mailbox_post(&uploads->ended, &run->link);
    return NULL;
}

static void end(struct upload_run *run)
{
    struct exchange *exchange = run->exchange;
    exchange->run = NULL;
    sender_add_done(run->sender, exchange);
    arena_done(&run->arena);
    curl_url_cleanup(run->url);
    free(run);
}

static void end_unsent(struct upload_run *run, enum exchange_end how, str detail)
{
    run->exchange->end = how;
    run->exchange->detail = detail;
    end(run);
}

static void start_waiting(struct sender *sender)
{
    struct uploads *uploads = &sender->uploads;
    while (!list_empty(&uploads->waiting) && uploads->running < UPLOADS_AT_ONCE) {
        struct upload_run *run = LIST_ENTRY(uploads->waiting.next, struct upload_run, queue);
        list_remove(&run->queue);
        if (pthread_create(&run->thread, NULL, upload_main, run) != 0) {
            end_unsent(run, EXCHANGE_BROKEN, STR("the system gives no thread for it"));
            return; /* the next one is tried at the next step */
        }
        uploads->running++;
    }
}

void uploads_init(struct sender *sender)
{
    list_init(&sender->uploads.waiting);
    mailbox_init(&sender->uploads.ended, sender_wake, sender);
}

void upload_start(struct sender *sender, struct exchange *exchange)
{
    struct upload_run *run = NEW(struct upload_run);
    run->sender = sender;
    run->exchange = exchange;
    run->url = curl_url_dup(exchange->target->url);
    list_init(&run->queue);
    exchange->run = run;
    str fault = upload_fault(exchange->upload);
    if (fault.len > 0) {
        end_unsent(run, EXCHANGE_BROKEN, fault);
        return;
    }
    list_append(&sender->uploads.waiting, &run->queue);
    start_waiting(sender);
}

void upload_stop(struct exchange *exchange)
{
    struct upload_run *run = exchange->run;
    if (list_empty(&run->queue)) {
        atomic_store(&run->stopping, true);
        return;
    }
    list_remove(&run->queue);
    end_unsent(run, EXCHANGE_STOPPED, (str){});
}

void uploads_take_ended(struct sender *sender)
{
    struct message *at = mailbox_take(&sender->uploads.ended);
    while (at != NULL) {
        struct upload_run *run = CONTAINER_OF(at, struct upload_run, link);
        at = at->next;
        (void)pthread_join(run->thread, NULL);
        sender->uploads.running--;
        end(run);
    }
    start_waiting(sender);
}
