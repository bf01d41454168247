/* SPDX-License-Identifier: MIT
 * store/sqlite/keys.c: which event an Idempotency-Key belongs to.
 *
 * Keys are hashes: an index over them is touched at a page of its own by nearly every event, and
 * each page goes to the WAL and into the file whole. So batches append keys in the order of their
 * events, and the newest are found in memory; beside traffic, 65,536 at a time are sorted and put
 * into the index, where many of them share a page.
 *
 *   appended ──► `young`: a map by hash ──► `sorting`: in the index's order ──► idempotency_index
 *
 * Invariants: (1) a key of an event up to `indexed_to` is in the index, a later one in memory; the
 * start reads it back from the table. (2) Memory takes up what a batch has appended when its COMMIT
 * is certain. (3) The index holds hashes and may point to what is gone: the row in the table says
 * what counts. A key comes again a day later, so a hash may have several events. */
#include "store/sqlite/internal.h"

#include <stdlib.h>

#include "base/clock.h"

#define MOVED_AT_ONCE 64 /* entries between two looks at the clock */

/* The hash is a part of the key: both are strong hashes of what the sender sent. */
static uint64_t hash_of(str key)
{
    uint64_t hash = 0;
    assert(key.len >= sizeof(hash));
    memcpy(&hash, key.ptr, sizeof(hash));
    return hash;
}

static int64_t bucket_of(int64_t at_ms)
{
    return at_ms / KEY_BUCKET_MS;
}

/* ── lists of entries ── */

static void list_add(struct key_list *list, struct key_entry entry)
{
    if (list->count == list->room) {
        list->room = MAX_OF(list->room * 2, 1024);
        list->entries = xrealloc(list->entries, list->room * sizeof(*list->entries));
    }
    list->entries[list->count++] = entry;
}

static void list_free(struct key_list *list)
{
    free(list->entries);
    *list = (struct key_list){};
}

static int compare_entries(const void *left, const void *right)
{
    const struct key_entry *a = left;
    const struct key_entry *b = right;
    if (a->bucket != b->bucket)
        return a->bucket < b->bucket ? -1 : 1;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->event < b->event ? -1 : a->event > b->event;
}

/* ── memory ── */

void keys_free(struct keys *keys)
{
    map_done(&keys->map);
    list_free(&keys->young);
    list_free(&keys->sorting);
    keys->published = keys->sorted = 0;
}

void keys_commit(struct keys *keys)
{
    for (; keys->published < keys->young.count; keys->published++) {
        const struct key_entry *entry = &keys->young.entries[keys->published];
        /* Of one hash, the newest event: an older one has expired. */
        (void)map_put_int(&keys->map, entry->hash, (void *)(uintptr_t)entry->event);
    }
}

void keys_roll_back(struct keys *keys)
{
    keys->young.count = keys->published;
}

static int recall_young(struct store_writer *writer)
{
    struct sql_query query CLEANUP(sql_done) = SQL_QUERY(
        &writer->sql, "SELECT event, key, at_ms FROM idempotency WHERE event > $1 ORDER BY event",
        SQL_I(writer->keys.indexed_to));
    int r;
    while ((r = sql_next(&query)) > 0) {
        str key = sql_bytes(&query, 1);
        if (key.len < sizeof(uint64_t))
            return fail(FAIL_CORRUPT);
        list_add(&writer->keys.young, (struct key_entry){ .bucket = bucket_of(sql_int(&query, 2)),
                                                          .hash = hash_of(key),
                                                          .event = sql_int(&query, 0) });
    }
    return r;
}

static int recall_buckets(struct store_writer *writer)
{
    int r = sql_number(&writer->sql, "SELECT min(bucket) FROM idempotency_index",
                       &writer->keys.first_bucket);
    if (r == 0)
        r = sql_number(&writer->sql, "SELECT max(bucket) FROM idempotency_index",
                       &writer->keys.last_bucket);
    return r;
}

static int recall_place(struct store_writer *writer)
{
    struct sql_query query CLEANUP(sql_done) =
        SQL_QUERY(&writer->sql, "SELECT state FROM chores WHERE name = 'keys'");
    int r = sql_next(&query);
    writer->keys.indexed_to = 0;
    if (r > 0 && !str_to_int64(sql_bytes(&query, 0), &writer->keys.indexed_to))
        return fail(FAIL_CORRUPT);
    return MIN_OF(r, 0);
}

int keys_recall(struct store_writer *writer)
{
    keys_free(&writer->keys);
    int r = recall_place(writer);
    if (r == 0)
        r = recall_buckets(writer);
    if (r == 0)
        r = recall_young(writer);
    keys_commit(&writer->keys);
    return r;
}

/* ── appending ── */

int keys_append(struct store_writer *writer, const struct idempotency_row *rows)
{
    for (const struct idempotency_row *row = rows; row != NULL; row = row->next) {
        if (SQL_RUN(&writer->sql,
                    "INSERT INTO idempotency (event, organization, key, request, contact, at_ms)"
                    " VALUES ($1, $2, $3, $4, $5, $6)",
                    SQL_I(row->event), SQL_I(row->organization), SQL_B(row->key),
                    SQL_B(row->request), SQL_I(row->contact), SQL_I(row->at_ms)) < 0)
            return fail(FAIL_STORE);
        list_add(&writer->keys.young, (struct key_entry){ .bucket = bucket_of(row->at_ms),
                                                          .hash = hash_of(row->key),
                                                          .event = row->event });
    }
    return 0;
}

/* ── finding ── */

/* 1: the event's key is the wanted one, and counts. */
static int read_row(struct sql *sql, int64_t event, struct idempotency_load *load)
{
    struct sql_query query CLEANUP(sql_done) = SQL_BORROW(
        sql,
        "SELECT contact, request FROM idempotency"
        " WHERE event = $1 AND organization = $2 AND key = $3 AND at_ms >= $4",
        SQL_I(event), SQL_I(load->organization), SQL_B(load->key), SQL_I(load->since_ms));
    int r = sql_next(&query);
    if (r <= 0)
        return r;
    str request = sql_bytes(&query, 1);
    if (request.len != sizeof(load->request))
        return fail(FAIL_CORRUPT);
    load->event = event;
    load->contact = sql_int(&query, 0);
    memcpy(load->request, request.ptr, request.len);
    return 1;
}

/* Where (bucket, hash) stands in the sorted list, or would. */
static size_t lower_bound(const struct key_list *list, const struct key_entry *wanted)
{
    size_t low = 0;
    size_t high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_entries(&list->entries[middle], wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int find_sorting(struct store_writer *writer, int64_t bucket, struct idempotency_load *load)
{
    const struct key_list *list = &writer->keys.sorting;
    const struct key_entry wanted = { .bucket = bucket, .hash = hash_of(load->key) };
    int r = 0;
    for (size_t at = lower_bound(list, &wanted);
         r == 0 && at < list->count && list->entries[at].bucket == bucket &&
         list->entries[at].hash == wanted.hash;
         at++)
        r = read_row(&writer->sql, list->entries[at].event, load);
    return r;
}

static int find_indexed(struct store_writer *writer, int64_t bucket, struct idempotency_load *load)
{
    struct sql_query query CLEANUP(sql_done) =
        SQL_BORROW(&writer->sql,
                   "SELECT event FROM idempotency_index WHERE bucket = $1 AND hash = $2"
                   " ORDER BY event DESC",
                   SQL_I(bucket), SQL_I((int64_t)hash_of(load->key)));
    int r;
    while ((r = sql_next(&query)) > 0) {
        r = read_row(&writer->sql, sql_int(&query, 0), load);
        if (r != 0)
            return r;
    }
    return r;
}

static int find_older(struct store_writer *writer, struct idempotency_load *load)
{
    const struct keys *keys = &writer->keys;
    int64_t oldest = bucket_of(load->since_ms);
    int r = 0;
    if (keys->sorting.count > 0) {
        int64_t first = MAX_OF(oldest, keys->sorting.entries[0].bucket);
        int64_t bucket = keys->sorting.entries[keys->sorting.count - 1].bucket;
        for (; r == 0 && bucket >= first; bucket--)
            r = find_sorting(writer, bucket, load);
    }
    oldest = MAX_OF(oldest, keys->first_bucket);
    for (int64_t bucket = keys->last_bucket; r == 0 && bucket >= oldest; bucket--)
        r = find_indexed(writer, bucket, load);
    return r;
}

int store_load_idempotency(struct store_writer *writer, struct idempotency_load **loads, int count)
{
    for (int i = 0; i < count; i++) {
        struct idempotency_load *load = loads[i];
        load->event = 0;
        load->contact = 0;
        void *event = map_find_int(&writer->keys.map, hash_of(load->key));
        int r = event == NULL ? 0 : read_row(&writer->sql, (int64_t)(uintptr_t)event, load);
        if (r == 0)
            r = find_older(writer, load);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ── indexing ── */

static void start_sorting(struct keys *keys)
{
    assert(keys->published == keys->young.count);
    keys->sorting = keys->young;
    keys->sorting_to = keys->young.entries[keys->young.count - 1].event;
    keys->sorted = 0;
    keys->young = (struct key_list){};
    keys->published = 0;
    map_clear(&keys->map);
    qsort(keys->sorting.entries, keys->sorting.count, sizeof(*keys->sorting.entries),
          compare_entries);
}

/* Again after a kill in between: what is there already stays. */
static int index_entry(struct store_writer *writer, const struct key_entry *entry)
{
    int64_t r = SQL_RUN(&writer->sql,
                        "INSERT INTO idempotency_index (bucket, hash, event) VALUES ($1, $2, $3)"
                        " ON CONFLICT (bucket, hash, event) DO NOTHING",
                        SQL_I(entry->bucket), SQL_I((int64_t)entry->hash), SQL_I(entry->event));
    if (r < 0)
        return fail(FAIL_STORE);
    struct keys *keys = &writer->keys;
    keys->last_bucket = MAX_OF(keys->last_bucket, entry->bucket);
    if (keys->first_bucket == 0 || entry->bucket < keys->first_bucket)
        keys->first_bucket = entry->bucket;
    return 0;
}

static int note_place(struct store_writer *writer)
{
    int64_t r = SQL_RUN(&writer->sql,
                        "INSERT INTO chores (name, state, at_ms) VALUES ('keys', CAST($1 AS TEXT),"
                        " $2) ON CONFLICT (name) DO UPDATE SET state = excluded.state,"
                        " at_ms = excluded.at_ms",
                        SQL_I(writer->keys.sorting_to), SQL_I(clock_real_ms()));
    return r < 0 ? fail(FAIL_STORE) : 0;
}

static int index_some(struct store_writer *writer, int budget_ms)
{
    struct keys *keys = &writer->keys;
    int64_t until_us = clock_mono_us() + (int64_t)budget_ms * 1000 / 2; /* the rest is COMMIT's */
    int r = 0;
    do
        for (int i = 0; r == 0 && i < MOVED_AT_ONCE && keys->sorted < keys->sorting.count; i++)
            r = index_entry(writer, &keys->sorting.entries[keys->sorted++]);
    while (r == 0 && keys->sorted < keys->sorting.count && clock_mono_us() < until_us);
    if (r == 0 && keys->sorted == keys->sorting.count)
        r = note_place(writer);
    return r;
}

int store_index_keys_step(struct store_writer *writer, int budget_ms)
{
    struct keys *keys = &writer->keys;
    if (keys->sorting.count == 0 && keys->young.count < keys->at_once)
        return 0;
    int r = chore_begin(writer);
    if (r < 0)
        return r;
    if (keys->sorting.count == 0)
        start_sorting(keys);
    r = index_some(writer, budget_ms);
    CRASH_POINT("index");
    r = r < 0 ? chore_fail(writer, r) : chore_commit(writer);
    if (r < 0)
        return r;
    if (keys->sorted == keys->sorting.count && keys->sorting.count > 0) {
        keys->indexed_to = keys->sorting_to;
        list_free(&keys->sorting);
    }
    return CHORE_MORE;
}

/* ── pruning ── */

/* A bucket of the index goes when all in it has expired; rows one by one. */
int keys_prune(struct store_writer *writer, int64_t before_ms, int limit)
{
    int64_t gone = SQL_RUN(&writer->sql,
                           "DELETE FROM idempotency_index WHERE (bucket, hash, event) IN"
                           " (SELECT bucket, hash, event FROM idempotency_index WHERE bucket < $1"
                           " ORDER BY bucket, hash, event LIMIT $2)",
                           SQL_I(bucket_of(before_ms)), SQL_I(limit));
    if (gone == 0)
        gone = SQL_RUN(&writer->sql,
                       "DELETE FROM idempotency WHERE at_ms < $1 AND event IN"
                       " (SELECT event FROM idempotency ORDER BY event LIMIT $2)",
                       SQL_I(before_ms), SQL_I(limit));
    if (gone < 0)
        return fail(FAIL_STORE);
    return gone > 0 ? 1 : recall_buckets(writer);
}
