/* SPDX-License-Identifier: MIT
 * intake/chores.c: what the committer does beside traffic, a step of at most 20 ms at a time: prune
 * old history, give space back, merge activity runs, index keys, drop the work of deleted outlets,
 * send again in bulk (recovery.c), look through the day before a route (backfill.c), deliver the rows
 * of uploaded files (export_files.c), fix what exports send that are due (export_due.c). Where each
 * stands is in the store, so that a kill costs at most a step. Of the last three a step is so many
 * rows, whatever time they take. */
#include <stdlib.h>

#include "base/instant.h"
#include "intake/internal.h"
#include "model/names.h"

#define STEP_MS 20
#define BUSY_STEP_MS 6
#define FAILURE_PAUSE_MS 1000
#define NOTICES_KEPT_MS (30 * DAY_MS)

struct dropped_outlet {
    struct list link;
    int64_t organization;
    int64_t outlet;
};

static const int64_t pauses_ms[] = {
    [CHORE_PRUNE] = 500,     [CHORE_VACUUM] = 5000, [CHORE_MERGE] = 1000,
    [CHORE_KEYS] = 1000,     [CHORE_DROP] = 0,      [CHORE_RECOVER] = 1000,
    [CHORE_BACKFILL] = 1000, [CHORE_SETTLE] = 1000, [CHORE_FIX] = 100,
};
static_assert(COUNT_OF(pauses_ms) == CHORES, "each chore has its pause");

void chores_init(struct chores *chores)
{
    list_init(&chores->outlets);
    list_init(&chores->recoveries);
}

void chores_done(struct chores *chores)
{
    LIST_EACH(&chores->outlets, at)
    free(LIST_ENTRY(at, struct dropped_outlet, link));
    recoveries_done(chores);
}

void chores_drop_outlet(struct committer *committer, int64_t organization, int64_t outlet)
{
    struct dropped_outlet *dropped = NEW(struct dropped_outlet);
    dropped->organization = organization;
    dropped->outlet = outlet;
    list_append(&committer->chores.outlets, &dropped->link);
}

int chores_resume(struct committer *committer)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(store_writer_sql(committer->writer),
                  "SELECT organization, id FROM endpoints WHERE status = 'deleted' AND EXISTS"
                  " (SELECT 1 FROM work WHERE work.organization = endpoints.organization"
                  " AND work.outlet = endpoints.id)");
    int r;
    while ((r = sql_next(&query)) > 0)
        chores_drop_outlet(committer, sql_int(&query, 0), sql_int(&query, 1));
    atomic_store(&committer->backfilling, true); /* the first step looks */
    atomic_store(&committer->settling, true);
    return r < 0 ? fail(r) : fail(recoveries_resume(committer));
}

static int prune(struct committer *committer, int budget_ms)
{
    const struct committer_options *options = &committer->options;
    int64_t now_ms = clock_now_ms(options->clock);
    const struct retention retention = {
        .before_ms = options->retention_days == 0 ? 0 : now_ms - options->retention_days * DAY_MS,
        .max_bytes = options->max_history_bytes,
        .idempotency_before_ms = now_ms - DAY_MS,
        .sessions_before_ms = now_ms,
        .notices_before_ms = now_ms - NOTICES_KEPT_MS,
    };
    return store_prune_step(committer->writer, &retention, budget_ms);
}

/* The outlet with the most unfinished deliveries, if any has some. */
static int find_backlog(struct committer *committer, int64_t *ret_outlet)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        store_writer_sql(committer->writer),
        "SELECT w.id, w.kind FROM endpoints w JOIN counters c ON c.organization = w.organization"
        " AND c.subject = w.id AND c.span = 2 AND c.start_ms = 0"
        " WHERE c.deliveries > c.delivered + c.dead + c.dropped"
        " ORDER BY c.deliveries - c.delivered - c.dead - c.dropped DESC LIMIT 1");
    int r = sql_next(&query);
    if (r <= 0)
        return fail(r);
    enum endpoint_kind kind;
    if (!endpoint_kind_read(sql_text(&query, 1, &committer->batch.arena), &kind))
        kind = ENDPOINT_WEBHOOK;
    atomic_store(&committer->admissions.backlog_kind, (int)kind);
    *ret_outlet = sql_int(&query, 0);
    return 0;
}

static void close_inlets(struct committer *committer, int64_t outlet, int64_t used_bytes)
{
    bool closed = atomic_exchange(&committer->admissions.backlog_of, outlet) != 0;
    if (closed != (outlet != 0))
        log_line(committer->options.log, LOG_WARN,
                 outlet != 0 ? "unfinished work fills the store: inlets are closed"
                             : "there is room again: inlets are open",
                 LOG_INT("used_bytes", used_bytes),
                 LOG_INT("max_bytes", committer->options.max_history_bytes));
}

/* Rather than ending unfinished work, inlets are closed when history fits no more although nothing
 * finished is left to prune; or, while senders bring more than pruning can make room for, when a
 * tenth too much is there. They open when it fits. */
static int watch_backlog(struct committer *committer, int pruned)
{
    int64_t max_bytes = committer->options.max_history_bytes;
    if (max_bytes == 0 || pruned < 0)
        return pruned;
    struct store_size size;
    int r = store_size(store_writer_sql(committer->writer), &size);
    if (r < 0)
        return fail(r);
    int64_t used_bytes = size.file_bytes - size.free_bytes;
    committer->chores.urgent = used_bytes > max_bytes + max_bytes / 10;
    bool closed = atomic_load(&committer->admissions.backlog_of) != 0;
    int64_t slack = pruned == CHORE_MORE && !closed ? max_bytes / 10 : 0;
    int64_t outlet = 0;
    if (used_bytes > max_bytes + slack)
        r = find_backlog(committer, &outlet);
    close_inlets(committer, outlet, used_bytes);
    return r < 0 ? fail(r) : pruned;
}

static int drop(struct committer *committer, int budget_ms)
{
    struct chores *chores = &committer->chores;
    if (list_empty(&chores->outlets))
        return 0;
    struct dropped_outlet *first = LIST_ENTRY(chores->outlets.next, struct dropped_outlet, link);
    int r = store_drop_outlet_step(committer->writer, first->organization, first->outlet,
                                   STR("its endpoint was deleted"),
                                   clock_now_ms(committer->options.clock), budget_ms);
    if (r == 0) {
        list_remove(&first->link);
        free(first);
        return list_empty(&chores->outlets) ? 0 : CHORE_MORE;
    }
    return r;
}

static int run(struct committer *committer, enum chore chore, int budget_ms)
{
    switch (chore) {
    case CHORE_PRUNE:
        return watch_backlog(committer, prune(committer, budget_ms));
    case CHORE_VACUUM:
        return store_vacuum_step(committer->writer, budget_ms);
    case CHORE_MERGE:
        return store_merge_activity_step(committer->writer, budget_ms);
    case CHORE_KEYS:
        return store_index_keys_step(committer->writer, budget_ms);
    case CHORE_DROP:
        return drop(committer, budget_ms);
    case CHORE_RECOVER:
        return recoveries_step(committer, budget_ms);
    case CHORE_BACKFILL:
        return backfill_step(committer);
    case CHORE_SETTLE:
        return export_files_settle(committer);
    case CHORE_FIX:
        return exports_fix_due(committer, budget_ms);
    case CHORES:
        break;
    }
    assert(!"a chore");
    return 0;
}

/* What waits for its turn, and for no moment. A recovery that failed waits a little. */
static bool is_due(const struct committer *committer, int chore, int64_t now_ms)
{
    const struct chores *chores = &committer->chores;
    bool soon = chores->more[chore] || now_ms >= chores->next_ms[chore];
    switch ((enum chore)chore) {
    case CHORE_DROP:
        return !list_empty(&chores->outlets);
    case CHORE_RECOVER: /* none is begun that a courier about to stop would not take */
        return soon && !list_empty(&chores->recoveries) &&
               !atomic_load(&committer->admissions.stopping);
    case CHORE_BACKFILL:
        return soon && atomic_load(&committer->backfilling) &&
               !atomic_load(&committer->admissions.stopping);
    case CHORE_SETTLE:
        return soon && atomic_load(&committer->settling);
    case CHORE_FIX:
        return soon && exports_are_due(committer);
    case CHORE_PRUNE:
    case CHORE_VACUUM:
    case CHORE_MERGE:
    case CHORE_KEYS:
    case CHORES:
        break;
    }
    return soon;
}

bool chores_step(struct committer *committer, bool busy)
{
    struct chores *chores = &committer->chores;
    int64_t now_ms = clock_mono_ms();
    for (int turn = 0; turn < CHORES; turn++) {
        int chore = (chores->next + turn) % CHORES;
        if (!is_due(committer, chore, now_ms))
            continue;
        int r = run(committer, (enum chore)chore, busy ? BUSY_STEP_MS : STEP_MS);
        if (r < 0)
            log_line(committer->options.log, LOG_WARN, "chore failed", LOG_INT("chore", chore),
                     LOG_TEXT("error", str_c(fail_describe(r))));
        chores->more[chore] = r == CHORE_MORE;
        chores->next_ms[chore] = clock_mono_ms() + (r < 0 ? FAILURE_PAUSE_MS : pauses_ms[chore]);
        chores->next = (chore + 1) % CHORES;
        return r == CHORE_MORE || chores->more[CHORE_RECOVER];
    }
    return false;
}
