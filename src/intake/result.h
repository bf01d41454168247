/* SPDX-License-Identifier: MIT
 * intake/result.h: the result of an attempt on its way from a courier through the committer. The
 * attempt, and what comes next, are committed in one transaction; then the courier hears of it. */
#pragma once

#include "intake/committer.h"

/* What has changed with the outlet, of which an event is made. Attempts of notices themselves have
 * none. */
enum result_notice { NOTICE_NONE = 0, NOTICE_FAILING, NOTICE_RECOVERED };

struct result {
    struct operation operation; /* kind result_kind; arena: the result's own */
    struct arena arena;
    struct attempt attempt;
    struct work_load *work; /* the committer's own */
    struct delivery before; /* as the courier held it */
    struct delivery after;  /* what the policy decided; state, due_ms, counts, reason */
    str event_type;
    int event_hops;
    enum result_notice notice;
    /* What is to be remembered of the outlet from now on; NULL: as before. */
    const struct outlet_state *outlet_state;
    const struct endpoint *endpoint; /* as it was tried; the courier's, until `committed` */
    bool outlet_closed; /* the outlet was not active when its state was looked at, last thing that
                         * the courier knew */
    int64_t file;       /* that was uploaded; 0: it was none */
    int64_t subject;    /* the event's */
    /* Set by the committer: it is dead, and pauses its line of the outlet as that is now. */
    bool pauses_line;
    /* A 410: the endpoint is to be disabled, with this reason. Empty: no. */
    str disable_reason;
    /* Set by the committer before `committed`: the delivery is no longer unfinished: it was dropped
     * meanwhile. The attempt was recorded, and that it was delivered, if it was. */
    bool gone;
    bool stored; /* false: it could not be committed; the courier posts it again after a pause */
    void (*committed)(struct result *result, void *context); /* on the committer's thread */
    void *context;
};

/* One, with its arena inside; freed by result_free(), which the courier does when it has heard. */
MUST_USE struct result *result_new(void);
void result_free(struct result *result);

/* Posts it: never refused. Any thread. */
void result_post(struct committer *committer, struct result *result);
