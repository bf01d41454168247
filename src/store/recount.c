/* SPDX-License-Identifier: MIT
 * store/recount.c: counts the ledger again, from the rows, and says where it differs. For doctors:
 * it reads everything once. In SQL that both engines speak.
 *
 * One organization at a time, and of it one outlet at a time, so that memory holds the minutes of
 * two subjects and of the inlets. Compared are the minutes with the rows (but for those that
 * pruning has touched), the days with their minutes, and the sum over all with the days. Attempts
 * are counted in minutes of their own, and not compared; nor is what filters turned away, since it
 * leaves no row. */
#include "base/buf.h"
#include "base/fail.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/map.h"
#include "model/names.h"
#include "store/settings.h"
#include "store/store.h"

#define LINES_BYTES ((size_t)256 * 1024)

enum column {
    EVENTS = 0,
    WANTED,
    NOT_WANTED,
    OCCURRENCES,
    DELIVERIES,
    DELIVERED,
    DEAD,
    DROPPED,
    REJECTED,
    COLUMNS,
};

static const char *const column_names[] = {
    [EVENTS] = "events",
    [WANTED] = "wanted",
    [NOT_WANTED] = "not_wanted",
    [OCCURRENCES] = "occurrences",
    [DELIVERIES] = "deliveries",
    [DELIVERED] = "delivered",
    [DEAD] = "dead",
    [DROPPED] = "dropped",
    [REJECTED] = "rejected",
};

struct sums {
    int64_t of[COLUMNS];
};

/* What the rows of one subject and minute come to. */
struct tally {
    int64_t key[2]; /* subject, minute */
    struct sums sums;
    bool compared;
};

struct tallies {
    struct map by_key;
    struct arena arena;
};

struct recount {
    struct sql *sql;
    int64_t organization;
    str uuid;
    int64_t pruned_ms;
    int64_t minutes_from_ms;
    struct tallies whole;  /* the organization and its inlets */
    struct tallies outlet; /* the one at hand */
    enum id_kind outlet_ids;
    struct buf lines;
    int count;
};

/* ── tallies ── */

static struct sums *tally_of(struct tallies *tallies, int64_t subject, int64_t at_ms)
{
    const int64_t key[2] = { subject, at_ms - at_ms % MINUTE_MS };
    struct tally *tally = map_find(&tallies->by_key, str_from(key, sizeof(key)));
    if (tally == NULL) {
        tally = ARENA_NEW(&tallies->arena, struct tally);
        memcpy(tally->key, key, sizeof(key));
        (void)map_put(&tallies->by_key, str_from(tally->key, sizeof(tally->key)), tally);
    }
    return &tally->sums;
}

static void tallies_clear(struct tallies *tallies)
{
    map_clear(&tallies->by_key);
    arena_reset(&tallies->arena, 65536);
}

static void tallies_done(struct tallies *tallies)
{
    map_done(&tallies->by_key);
    arena_done(&tallies->arena);
}

/* ── the rows ── */

static int tally_events(struct recount *recount)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        recount->sql, "SELECT at_ms, inlet, caused_by, wanted FROM events WHERE organization = $1",
        SQL_I(recount->organization));
    int r;
    while ((r = sql_next(&query)) > 0) {
        int64_t at_ms = sql_int(&query, 0);
        int64_t inlet = sql_int(&query, 1);
        struct sums *sums = tally_of(&recount->whole, 0, at_ms);
        if (sql_int(&query, 2) != 0) {
            sums->of[OCCURRENCES]++;
            continue;
        }
        sums->of[EVENTS]++;
        sums->of[sql_int(&query, 3) != 0 ? WANTED : NOT_WANTED]++;
        if (inlet != 0)
            tally_of(&recount->whole, inlet, at_ms)->of[EVENTS]++;
    }
    return r;
}

static int tally_rejections(struct recount *recount)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(recount->sql,
                  "SELECT minute_ms, inlet, rejected FROM rejection_counts WHERE organization = $1",
                  SQL_I(recount->organization));
    int r;
    while ((r = sql_next(&query)) > 0) {
        int64_t minute_ms = sql_int(&query, 0);
        int64_t inlet = sql_int(&query, 1);
        int64_t rejected = sql_int(&query, 2);
        tally_of(&recount->whole, 0, minute_ms)->of[REJECTED] += rejected;
        if (inlet != 0)
            tally_of(&recount->whole, inlet, minute_ms)->of[REJECTED] += rejected;
    }
    return r;
}

static void tally_delivery(struct recount *recount, int64_t outlet, int64_t created_ms, int state)
{
    struct sums *both[] = { tally_of(&recount->whole, 0, created_ms),
                            tally_of(&recount->outlet, outlet, created_ms) };
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        both[i]->of[DELIVERIES]++;
        if (state >= 0)
            both[i]->of[state]++;
    }
}

static int tally_unfinished(struct recount *recount, int64_t outlet)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        recount->sql, "SELECT created_ms FROM work WHERE organization = $1 AND outlet = $2",
        SQL_I(recount->organization), SQL_I(outlet));
    int r;
    while ((r = sql_next(&query)) > 0)
        tally_delivery(recount, outlet, sql_int(&query, 0), -1);
    return r;
}

static int column_of(enum delivery_state state)
{
    switch (state) {
    case DELIVERY_DELIVERED:
        return DELIVERED;
    case DELIVERY_DEAD:
        return DEAD;
    case DELIVERY_DROPPED:
        return DROPPED;
    case DELIVERY_PENDING:
        break;
    }
    return -1;
}

static int tally_finished(struct recount *recount, int64_t outlet)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(recount->sql,
                  "SELECT created_ms, state FROM deliveries WHERE organization = $1"
                  " AND outlet = $2",
                  SQL_I(recount->organization), SQL_I(outlet));
    int r;
    while ((r = sql_next(&query)) > 0) {
        enum delivery_state state;
        if (!delivery_state_read(sql_text(&query, 1, &arena), &state))
            return fail(FAIL_CORRUPT);
        tally_delivery(recount, outlet, sql_int(&query, 0), column_of(state));
        arena_reset(&arena, 65536);
    }
    return r;
}

/* ── differences ── */

/* Whose sums, of when. */
struct place {
    int64_t subject;
    enum id_kind kind; /* of the subject */
    const char *span;  /* "minute", "day"; NULL: over all */
    int64_t start_ms;
};

/* The sum of one column, and what it should be. */
struct difference {
    enum column column;
    int64_t ledger;
    int64_t counted;
    const char *by;
};

static void say(struct recount *recount, const struct place *place,
                const struct difference *difference)
{
    struct buf *lines = &recount->lines;
    recount->count++;
    buf_format(lines, "organization %.*s", STR_ARG(recount->uuid));
    if (place->subject != 0) {
        char id[ID_TEXT_MAX];
        buf_format(lines, ", %.*s", STR_ARG(id_write(place->kind, place->subject, id)));
    }
    if (place->span != NULL) {
        char moment[INSTANT_TEXT_LEN];
        instant_write(place->start_ms, moment);
        buf_format(lines, ", %s of %.*s", place->span, INSTANT_TEXT_LEN, moment);
    }
    buf_format(lines, ": %s is %lld in the ledger, %lld by %s\n", column_names[difference->column],
               (long long)difference->ledger, (long long)difference->counted, difference->by);
}

/* NULL: all zero. */
static void compare(struct recount *recount, const struct place *place, const struct sums *ledger,
                    const struct sums *counted, const char *by)
{
    static const struct sums nothing;
    ledger = ledger == NULL ? &nothing : ledger;
    counted = counted == NULL ? &nothing : counted;
    for (int column = 0; column < COLUMNS; column++) {
        const struct difference difference = { (enum column)column, ledger->of[column],
                                               counted->of[column], by };
        if (difference.ledger != difference.counted)
            say(recount, place, &difference);
    }
}

static void add_sums(struct sums *to, const struct sums *from)
{
    for (int column = 0; column < COLUMNS; column++)
        to->of[column] += from->of[column];
}

/* ── the ledger of one subject ── */

struct day {
    struct day *next;
    int64_t start_ms;
    struct sums minutes;
    bool compared;
};

/* As the ledger is read: minutes, then days, then the sum over all, each in the order of time. */
struct walk {
    struct recount *recount;
    struct tallies *tallies;
    int64_t subject;
    struct arena arena;
    struct day *days;
    struct day *newest;
    struct sums all; /* of the days */
    bool all_compared;
};

static struct day *day_of(struct walk *walk, int64_t start_ms)
{
    if (walk->newest != NULL && walk->newest->start_ms == start_ms)
        return walk->newest;
    struct day *day = ARENA_NEW(&walk->arena, struct day);
    day->start_ms = start_ms;
    if (walk->newest == NULL)
        walk->days = day;
    else
        walk->newest->next = day;
    return walk->newest = day;
}

static struct place place_of(const struct walk *walk, const char *span, int64_t start_ms)
{
    bool is_outlet = walk->tallies == &walk->recount->outlet;
    return (struct place){ walk->subject,
                           is_outlet ? walk->recount->outlet_ids : ID_EVENT_DEFINITION, span,
                           start_ms };
}

static void see_minute(struct walk *walk, int64_t start_ms, const struct sums *ledger)
{
    add_sums(&day_of(walk, start_ms - start_ms % DAY_MS)->minutes, ledger);
    if (start_ms <= walk->recount->pruned_ms)
        return;
    const int64_t key[2] = { walk->subject, start_ms };
    struct tally *tally = map_find(&walk->tallies->by_key, str_from(key, sizeof(key)));
    if (tally != NULL)
        tally->compared = true;
    const struct place place = place_of(walk, "minute", start_ms);
    compare(walk->recount, &place, ledger, tally == NULL ? NULL : &tally->sums, "its rows");
}

static void see_day(struct walk *walk, int64_t start_ms, const struct sums *ledger)
{
    add_sums(&walk->all, ledger);
    if (start_ms < walk->recount->minutes_from_ms)
        return;
    struct day *day = walk->days;
    while (day != NULL && day->start_ms < start_ms)
        day = day->next;
    bool found = day != NULL && day->start_ms == start_ms;
    if (found)
        day->compared = true;
    const struct place place = place_of(walk, "day", start_ms);
    compare(walk->recount, &place, ledger, found ? &day->minutes : NULL, "its minutes");
}

static void see_all(struct walk *walk, const struct sums *ledger)
{
    const struct place place = place_of(walk, NULL, 0);
    walk->all_compared = true;
    compare(walk->recount, &place, ledger, &walk->all, "the days");
}

static void see_end(struct walk *walk)
{
    for (struct day *day = walk->days; day != NULL; day = day->next) {
        const struct place place = place_of(walk, "day", day->start_ms);
        if (!day->compared)
            compare(walk->recount, &place, NULL, &day->minutes, "its minutes");
    }
    if (!walk->all_compared)
        see_all(walk, NULL);
}

static void see_row(struct walk *walk, const struct sql_query *query)
{
    struct sums ledger;
    int64_t start_ms = sql_int(query, 1);
    for (int column = 0; column < COLUMNS; column++)
        ledger.of[column] = sql_int(query, 2 + column);
    switch (sql_int(query, 0)) {
    case 0:
        see_minute(walk, start_ms, &ledger);
        break;
    case 1:
        see_day(walk, start_ms, &ledger);
        break;
    default:
        see_all(walk, &ledger);
    }
}

static int compare_subject(struct recount *recount, struct tallies *tallies, int64_t subject)
{
    struct walk walk = { .recount = recount, .tallies = tallies, .subject = subject };
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(recount->sql,
                  "SELECT span, start_ms, events, wanted, not_wanted, occurrences, deliveries,"
                  " delivered, dead, dropped, rejected FROM counters"
                  " WHERE organization = $1 AND subject = $2 ORDER BY span, start_ms",
                  SQL_I(recount->organization), SQL_I(subject));
    int r;
    while ((r = sql_next(&query)) > 0)
        see_row(&walk, &query);
    if (r == 0)
        see_end(&walk);
    arena_done(&walk.arena);
    return r;
}

/* Rows of minutes that the ledger does not know at all. */
static void report_unseen(struct recount *recount, struct tallies *tallies)
{
    const struct tally *tally;
    for (size_t at = 0; (tally = map_next(&tallies->by_key, &at)) != NULL;) {
        const struct walk walk = { .recount = recount,
                                   .tallies = tallies,
                                   .subject = tally->key[0] };
        const struct place place = place_of(&walk, "minute", tally->key[1]);
        if (!tally->compared && tally->key[1] > recount->pruned_ms)
            compare(recount, &place, NULL, &tally->sums, "its rows");
    }
}

/* ── organizations ── */

static int recount_outlet(struct recount *recount, int64_t outlet)
{
    int r = tally_unfinished(recount, outlet);
    if (r == 0)
        r = tally_finished(recount, outlet);
    if (r == 0)
        r = compare_subject(recount, &recount->outlet, outlet);
    if (r == 0)
        report_unseen(recount, &recount->outlet);
    tallies_clear(&recount->outlet);
    return r;
}

static int recount_outlets(struct recount *recount)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        recount->sql, "SELECT id, kind FROM endpoints WHERE organization = $1 ORDER BY id",
        SQL_I(recount->organization));
    int r;
    while ((r = sql_next(&query)) > 0) {
        enum endpoint_kind kind;
        if (!endpoint_kind_read(sql_text(&query, 1, recount->lines.arena), &kind))
            kind = ENDPOINT_WEBHOOK;
        recount->outlet_ids = endpoint_id_kind(kind);
        r = recount_outlet(recount, sql_int(&query, 0));
        if (r < 0)
            return r;
    }
    return r;
}

/* The organization itself, and its inlets: the subjects that are no outlets. */
static int recount_others(struct recount *recount)
{
    int64_t subject = -1;
    for (;;) {
        struct sql_query CLEANUP(sql_done) query =
            SQL_QUERY(recount->sql,
                      "SELECT subject FROM counters WHERE organization = $1 AND subject > $2"
                      " ORDER BY subject LIMIT 1",
                      SQL_I(recount->organization), SQL_I(subject));
        int r = sql_next(&query);
        if (r <= 0)
            return r;
        subject = sql_int(&query, 0);
        struct sql_query CLEANUP(sql_done) outlet =
            SQL_QUERY(recount->sql, "SELECT 1 FROM endpoints WHERE organization = $1 AND id = $2",
                      SQL_I(recount->organization), SQL_I(subject));
        r = sql_next(&outlet);
        if (r == 0)
            r = compare_subject(recount, &recount->whole, subject);
        if (r < 0)
            return r;
    }
}

static int recount_organization(struct recount *recount)
{
    int r = tally_events(recount);
    if (r == 0)
        r = tally_rejections(recount);
    if (r == 0)
        r = recount_outlets(recount);
    if (r == 0)
        r = recount_others(recount);
    if (r == 0)
        report_unseen(recount, &recount->whole);
    tallies_clear(&recount->whole);
    return r;
}

static int recount_all(struct recount *recount, struct arena *arena)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(recount->sql, "SELECT id, uuid FROM organizations ORDER BY id");
    int r;
    while ((r = sql_next(&query)) > 0) {
        recount->organization = sql_int(&query, 0);
        recount->uuid = sql_text(&query, 1, arena);
        r = recount_organization(recount);
        if (r < 0)
            return r;
    }
    return r;
}

int store_recount(struct sql *sql, struct arena *arena, str *ret_lines, int *ret_count)
{
    struct recount recount = { .sql = sql };
    buf_init(&recount.lines, arena, LINES_BYTES);
    int r = store_setting_get_int(sql, SETTING_PRUNED_MS, &recount.pruned_ms);
    if (r == 0)
        r = store_setting_get_int(sql, SETTING_MINUTES_FROM_MS, &recount.minutes_from_ms);
    if (r == 0)
        r = recount_all(&recount, arena);
    tallies_done(&recount.whole);
    tallies_done(&recount.outlet);
    if (r < 0)
        return r;
    *ret_lines = buf_str(&recount.lines);
    *ret_count = recount.count;
    return 0;
}
