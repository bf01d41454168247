/* SPDX-License-Identifier: MIT
 * intake/exports.h: from an occurrence of an order to the deliveries of the export profiles that ask
 * for it, and what these send. That is fixed when a delivery is first due: at once where there is no
 * delay, in the transaction of the event itself; else then, by a chore of the committer, or by the
 * courier that comes to it first, which posts a preparation (export_due.c). */
#pragma once

#include "intake/committer.h"
#include "store/store.h"

/* What somebody is before he has bought is not sent of one who has. */
bool exports_is_converted(const struct order *order, enum customer_type type);

/* Of a batch's event that is an occurrence. Returns whether any profile asks for it. */
bool exports_add(struct batch *batch, const struct event *event);

/* Of an occurrence of some time ago, as the store has it; nothing of it has been sent. It is due at
 * once, or with the next sweep. */
void exports_add_late(struct batch *batch, const struct event *event, const struct order *order,
                      const struct export_ask *ask);
bool export_is_file(const struct endpoint *profile);

/* What happened, by the event's data, as orders.c wrote it. False: it says nothing of the kind. Any
 * thread. */
MUST_USE bool exports_read_occurrence(str text, struct arena *arena,
                                      struct order_occurrence *ret_occurrence);

enum preparation_verdict {
    PREPARED_NOTHING = 0, /* it could not be stored: post it again */
    PREPARED_CONTENT,     /* `content` is what it sends */
    PREPARED_LATER,       /* it is due again at `after.due_ms`; with `content`, if it has any */
    PREPARED_FILE,        /* its file is closed, and goes now: `file` */
    PREPARED_ENDED,       /* it is dropped or delivered: `after` */
    PREPARED_GONE,        /* it is no longer unfinished, or its profile is deleted */
};

struct preparation {
    struct operation operation;
    struct arena arena; /* the courier's, with the operation and what comes back */
    struct delivery before;
    const struct content *content_before; /* the event's: borrowed until the answer */
    bool manual;                          /* asked for by a resend: a file goes once more */
    struct work_load *work;               /* the committer's own */
    /* What came of it: */
    enum preparation_verdict verdict;
    struct delivery after;
    str content;
    struct export_file file;
    void (*prepared)(struct preparation *preparation); /* on the committer's thread */
};

/* Posts it: never refused. Any thread. */
void preparation_post(struct committer *committer, struct preparation *preparation);
