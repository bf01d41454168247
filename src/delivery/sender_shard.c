/* SPDX-License-Identifier: MIT
 * At the end of each transfer libcurl walks through all connections and all pins that are kept
 * together. So these lie in shards by the target's host and port, with the lines that use them:
 * that thousands of targets hang is not felt by the others.
 *
 * Invariants: (1) a line is used for targets of its shard only; (2) connections that nobody uses
 * are closed while there are more than `kept_connections` of them, those of the shard first that
 * has been idle longest; (3) a shard that has been idle as long as a connection may live keeps
 * nothing. */
#include <limits.h>

#include "base/clock.h"
#include "delivery/sender_parts.h"

#define KEPT_LINES 256
#define SWEEP_MS 10000

static struct shard *find_shard(struct sender *sender, str place)
{
    uint32_t hash = 2166136261; /* FNV-1a */
    for (size_t i = 0; i < place.len; i++)
        hash = (hash ^ (unsigned char)place.ptr[i]) * 16777619;
    struct shard *shard = &sender->shards[(hash ^ hash >> 16) % SENDER_SHARDS];
    if (shard->share != NULL)
        return shard;
    shard->share = curl_share_init();
    if (shard->share == NULL)
        return NULL;
    (void)curl_share_setopt(shard->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT);
    (void)curl_share_setopt(shard->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    return shard;
}

struct line *shard_take_line(struct sender *sender, const struct target *target)
{
    struct shard *shard = find_shard(sender, str_c(target->place));
    if (shard == NULL)
        return NULL;
    struct line *line = shard->idle;
    if (line == NULL) {
        line = line_new(sender, shard);
        if (line == NULL)
            return NULL;
    } else {
        shard->idle = line->next;
        sender->idle_count--;
    }
    sender->under_way++;
    shard->under_way++;
    shard->used_ms = sender->now_ms;
    return line;
}

void shard_give_line(struct line *line)
{
    struct sender *sender = line->sender;
    struct shard *shard = line->shard;
    line->exchange = NULL;
    sender->under_way--;
    shard->under_way--;
    shard->used_ms = sender->now_ms;
    if (line->once || sender->idle_count >= KEPT_LINES) {
        line_free(line);
        return;
    }
    line->next = shard->idle;
    shard->idle = line;
    sender->idle_count++;
}

/* Its connections are closed. */
static void empty(struct sender *sender, struct shard *shard)
{
    assert(shard->under_way == 0);
    while (shard->idle != NULL) {
        struct line *line = shard->idle;
        shard->idle = line->next;
        sender->idle_count--;
        line_free(line);
    }
    if (shard->share != NULL)
        (void)curl_share_cleanup(shard->share);
    *shard = (struct shard){};
}

/* NULL: none is idle. */
static struct shard *find_oldest(struct sender *sender)
{
    struct shard *oldest = NULL;
    for (size_t i = 0; i < SENDER_SHARDS; i++) {
        struct shard *shard = &sender->shards[i];
        if (shard->share != NULL && shard->under_way == 0 &&
            (oldest == NULL || shard->used_ms < oldest->used_ms))
            oldest = shard;
    }
    return oldest;
}

static void sweep(struct sender *sender)
{
    if (sender->now_ms < sender->sweep_at_ms)
        return;
    sender->sweep_at_ms = sender->now_ms + SWEEP_MS;
    for (size_t i = 0; i < SENDER_SHARDS; i++) {
        struct shard *shard = &sender->shards[i];
        if (shard->under_way == 0 && sender->now_ms - shard->used_ms > CONNECTION_LIFE_S * 1000)
            empty(sender, shard);
    }
}

void shard_bound_all(struct sender *sender)
{
    sender->now_ms = clock_mono_ms();
    sweep(sender);
    bool over = sender->sockets > sender->under_way + sender->options.kept_connections;
    struct shard *oldest = over ? find_oldest(sender) : NULL;
    if (oldest != NULL)
        empty(sender, oldest);
    /* With 1, each transfer that ends closes a connection of its shard that is not in use. libcurl
     * has no bound of its own that counts those alone. */
    (void)curl_multi_setopt(sender->multi, CURLMOPT_MAXCONNECTS,
                            over && oldest == NULL ? 1L : (long)INT_MAX);
}

void shard_free_all(struct sender *sender)
{
    for (size_t i = 0; i < SENDER_SHARDS; i++)
        empty(sender, &sender->shards[i]);
}
