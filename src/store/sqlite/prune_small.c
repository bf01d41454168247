/* SPDX-License-Identifier: MIT
 * store/sqlite/prune_small.c: the phases of what goes by its moment, or is little: rejections, audit,
 * minutes, keys, sessions, notices, recoveries. prune.c says when each has its turn. */
#include "store/sqlite/prune.h"

#include "store/access.h"
#include "store/exports.h"
#include "store/notices.h"
#include "store/recoveries.h"
#include "store/settings.h"

int prune_rejections(struct pruning *pruning)
{
    return prune_more_if_any(SQL_RUN(pruning->sql,
                                     "DELETE FROM rejections WHERE at_ms < $1 AND id IN"
                                     " (SELECT id FROM rejections ORDER BY id LIMIT $2)",
                                     SQL_I(pruning->at->cut_ms), SQL_I(PRUNE_AT_ONCE)));
}

/* One inlet at a time; its reasons are few. */
int prune_rejection_counts(struct pruning *pruning)
{
    int64_t cut_ms = pruning->at->cut_ms - pruning->at->cut_ms % MINUTE_MS;
    int r = prune_next_outlet(pruning, "SELECT organization, inlet FROM rejection_counts"
                                       " WHERE (organization, inlet) > ($1, $2)"
                                       " ORDER BY organization, inlet LIMIT 1");
    if (r <= 0)
        return r;
    int64_t gone =
        SQL_RUN(pruning->sql,
                "DELETE FROM rejection_counts WHERE organization = $1 AND inlet = $2"
                " AND minute_ms < $3",
                SQL_I(pruning->at->organization), SQL_I(pruning->at->outlet), SQL_I(cut_ms));
    if (gone > 0)
        prune_touch(pruning, cut_ms - 1);
    return gone < 0 ? fail(FAIL_STORE) : 1;
}

int prune_audit(struct pruning *pruning)
{
    if (pruning->retention->audit_before_ms <= 0)
        return 0;
    return prune_more_if_any(SQL_RUN(pruning->sql,
                                     "DELETE FROM audit WHERE at_ms < $1 AND id IN"
                                     " (SELECT id FROM audit ORDER BY id LIMIT $2)",
                                     SQL_I(pruning->retention->audit_before_ms),
                                     SQL_I(PRUNE_AT_ONCE)));
}

static int note_minutes(struct sql *sql, int64_t from_ms)
{
    int64_t noted;
    int r = store_setting_get_int(sql, SETTING_MINUTES_FROM_MS, &noted);
    if (r < 0 || noted == from_ms)
        return r;
    return store_setting_put_int(sql, SETTING_MINUTES_FROM_MS, from_ms);
}

int prune_minutes(struct pruning *pruning)
{
    int64_t before_ms = pruning->retention->minutes_before_ms;
    if (before_ms <= 0)
        return 0;
    before_ms -= before_ms % DAY_MS; /* whole days, so that a day's sum can be checked or not */
    int r = prune_next_outlet(pruning, "SELECT organization, subject FROM counters"
                                       " WHERE (organization, subject) > ($1, $2)"
                                       " ORDER BY organization, subject LIMIT 1");
    if (r < 0)
        return r;
    if (r == 0)
        return note_minutes(pruning->sql, before_ms);
    int64_t gone =
        SQL_RUN(pruning->sql,
                "DELETE FROM counters WHERE organization = $1 AND subject = $2"
                " AND span = 0 AND start_ms < $3",
                SQL_I(pruning->at->organization), SQL_I(pruning->at->outlet), SQL_I(before_ms));
    return gone < 0 ? fail(FAIL_STORE) : 1;
}

int prune_keys(struct pruning *pruning)
{
    return keys_prune(pruning->writer, pruning->retention->idempotency_before_ms, PRUNE_AT_ONCE);
}

int prune_sessions(struct pruning *pruning)
{
    int64_t before_ms = pruning->retention->sessions_before_ms;
    return prune_more_if_any(store_prune_sessions(pruning->sql, before_ms, PRUNE_AT_ONCE));
}

int prune_others(struct pruning *pruning)
{
    const struct prune *at = pruning->at;
    int64_t gone =
        store_prune_notices(pruning->sql, pruning->retention->notices_before_ms, PRUNE_AT_ONCE);
    if (gone == 0)
        gone = store_prune_recoveries(pruning->sql, at->cut_id, at->cut_ms, PRUNE_AT_ONCE);
    if (gone == 0)
        gone = store_prune_export_files(pruning->sql, at->cut_ms, PRUNE_AT_ONCE);
    return prune_more_if_any(gone);
}
