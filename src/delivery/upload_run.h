/* SPDX-License-Identifier: MIT
 * delivery/upload_run.h: what the files of uploads share: one of them under way. From its thread's
 * start on it belongs to that thread, with the exchange, until the thread posts it; but for
 * `stopping`, which anybody may set. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "delivery/sender_parts.h"

#define UPLOAD_ADDRESSES 16
#define UPLOAD_ASKED 4 /* libcurl does not always wait for an answer */
#define UPLOAD_DETAIL_MAX ((size_t)300)

/* What is done on one connection. */
enum upload_stage {
    STAGE_SEND = 0, /* the file; then it gets its name */
    STAGE_CLEAR,    /* of what an earlier try has left, where it may not be overwritten */
    STAGE_REPLACE,  /* of a file that is there whole: the one before makes room for it */
    STAGE_RESTORE,  /* the one before has its name again */
};

struct upload_run {
    struct message link; /* first */
    struct list queue;   /* in sender->uploads.waiting */
    struct sender *sender;
    struct exchange *exchange;
    pthread_t thread;
    atomic_bool stopping;

    /* The thread's own. */
    struct arena arena;
    CURLU *url; /* of the server, without a path */
    bool sftp;
    const char *key_type; /* of host keys, that is asked for; NULL: as libssh2 likes */
    /* Of the connection: */
    enum upload_stage stage;
    CURL *easy;
    struct curl_slist *commands;   /* behind the file */
    int sockets[UPLOAD_ADDRESSES]; /* that are open */
    int socket_count;
    int64_t began_us;   /* monotonic */
    int64_t connect_us; /* by libcurl; 0: not connected */
    int64_t began_ms;   /* monotonic */
    int64_t moved_ms;   /* monotonic: when it last came on */
    int64_t moved_to;   /* phase and bytes */
    bool late;
    struct address tried[UPLOAD_ADDRESSES]; /* that the control connection may be to */
    int tried_count;
    bool connected; /* the server has said something */
    bool quitting;
    int64_t quit_at_ms; /* monotonic */
    bool read_failed;
    bool head_over;  /* more replies than are kept */
    bool size_wrong; /* the server says that it has another size */
    bool key_refused;
    /* ftp: */
    str asked[UPLOAD_ASKED]; /* commands that are not answered yet; in exchange->arena */
    int asked_count;
    str command; /* the newest that is; empty: none but the greeting */
    int reply;   /* to that; 0: none yet */
    str reply_text;
    bool settled; /* what comes after it is of no interest */
    int control;  /* the newest socket that is no data connection's; −1: none is open */
    bool tls;     /* it is encrypted, or is to be */
    char error[CURL_ERROR_SIZE];
};

struct upload_times {
    int64_t connect_ms; /* until the login is over */
    int64_t quiet_ms;   /* without any progress */
    int64_t whole_ms;
};

struct upload_times upload_times_of(const struct upload_run *run);

/* On the run's thread: does all of it, and fills in the exchange. */
void upload_perform(struct upload_run *run);

/* What libcurl's code and the conversation say together. */
enum exchange_end upload_end_of(const struct upload_run *run, CURLcode code);

/* Sets the easy handle's callbacks. */
void upload_listen(struct upload_run *run);
/* Nothing more is said or heard, whatever libcurl goes on with. */
void upload_break_off(struct upload_run *run);
/* A line of the conversation: as much as still fits. */
void upload_add_line(struct buf *part, str what, str of);
/* When it was there, and its TLS. */
void upload_note_connection(struct upload_run *run);
int64_t upload_since_began_us(const struct exchange *exchange);

/* Sets the easy handle's URL: what is uploaded to; in the later stages the directory alone. */
void upload_set_path(struct upload_run *run);
/* The temporary file's path in quotes, as OpenSSH's sftp has it. */
str upload_temporary(const struct upload_run *run, struct arena *arena);
/* The stage's commands behind the file. In FTP they are said in its directory. */
struct curl_slist *upload_commands(struct upload_run *run);
