/* SPDX-License-Identifier: MIT
 * delivery/sender_parts.h: what the files of the sender share:
 *
 *   sender_http.c       an exchange: its start, its end
 *   sender_end.c        how it ended, from what libcurl and OpenSSL say
 *   sender_transport.c  what a transport asks of libcurl
 *   sender_line.c       an easy handle and its callbacks: what goes out and comes in
 *   sender_shard.c      kept connections, pins and idle lines, by target
 *   sender_loop.c       sockets and timer
 *   sender_upload.c     an exchange that is a file: its thread, its start, its end
 *   upload_transfer.c   the file's way to the server
 *   upload_paths.c      its paths and commands
 *   upload_talk.c       what is said
 *   upload_end.c        how that ended
 *
 * For these files only. */
#pragma once

#include "base/list.h"
#include "delivery/sender_http.h"
#include "delivery/sender_loop.h"

#define SENDER_SHARDS 64
#define HEAD_MAX ((size_t)64 * 1024) /* of an answer, interim ones and trailers with it */
#define CONNECTION_LIFE_S 300L       /* then a new one, to an address that is looked up anew */

/* An easy handle with its callbacks; lines are used again and again. */
struct line {
    struct sender *sender;
    struct shard *shard;
    CURL *easy;
    struct exchange *exchange; /* NULL: idle */
    struct target *target;     /* whose URL the easy handle has; one reference */
    struct line *next;
    bool request_target; /* one of its own is set */
    bool tls;            /* the target's URL is https */
    bool once;           /* not used again: it holds what is another's */
    /* What the easy handle is set to. */
    enum request_method method;
    long version;
    int64_t connect_ms;
    int64_t whole_ms;
    char error[CURL_ERROR_SIZE];
};

struct shard {
    CURLSH *share; /* NULL: nothing is kept here */
    struct line *idle;
    int under_way;
    int64_t used_ms; /* monotonic: when a line was last taken or given back */
};

/* Files under way; the mailbox is where their threads say that they are over. */
struct uploads {
    struct mailbox ended;
    struct list waiting; /* for a thread */
    int running;
};

struct sender {
    struct sender_options options;
    struct uploads uploads;
    CURLM *multi;
    struct sender_loop loop;
    struct shard shards[SENDER_SHARDS];
    int under_way;
    int sockets;    /* open, those of kept connections too */
    int idle_count; /* lines of all shards */
    int64_t now_ms; /* monotonic, at the newest step */
    int64_t sweep_at_ms;
    struct exchange *done;
    struct exchange **done_end;
};

#define SET(easy, option, value) (void)curl_easy_setopt((easy), (option), (value))

/* NULL: libcurl has no memory for it. */
MUST_USE struct line *line_new(struct sender *sender, struct shard *shard);
void line_free(struct line *line);

/* Sets which authorities are trusted. */
void line_trust(CURL *easy, const struct sender_options *options);

/* Sets the line to its exchange's transport. False: `end` and `detail` say why it cannot be. */
MUST_USE bool transport_apply(struct line *line);

/* Certificate and authorities of the exchange's transport. False: as above. */
MUST_USE bool transport_apply_tls(CURL *easy, struct exchange *exchange);

/* What libcurl's code means as long as nothing has been sent. */
enum exchange_end end_of_code(CURLcode code, CURL *easy, const struct exchange *exchange);
/* Fills in what came of the line's exchange. */
void end_note(struct line *line, CURLcode code);

/* A line for that target; shard_give_line() takes it back. NULL: libcurl has no memory for it. */
MUST_USE struct line *shard_take_line(struct sender *sender, const struct target *target);
void shard_give_line(struct line *line);
/* Closes what is kept and has grown old, or is too much. */
void shard_bound_all(struct sender *sender);
void shard_free_all(struct sender *sender);

/* Gives it to sender_take(). */
void sender_add_done(struct sender *sender, struct exchange *exchange);

/* ── files ── */

void uploads_init(struct sender *sender);
/* The exchange has an upload. */
void upload_start(struct sender *sender, struct exchange *exchange);
/* It ends within about a second. */
void upload_stop(struct exchange *exchange);
void uploads_take_ended(struct sender *sender);
