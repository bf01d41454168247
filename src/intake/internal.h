/* SPDX-License-Identifier: MIT
 * intake/internal.h: what the files of this folder share: the committer's insides.
 *
 *   post ──► mailbox ──► queues (lane, organization) ──► batch ──► commit ──► answer, hand over,
 *                                                                              publish
 * committer.c  the thread, and the order of things      admission.c  who may post, from any thread
 * queues.c     fair turns between organizations         batch.c      rows, loads, sums of one batch
 * hot.c        load → apply → write → commit            management.c commands by SQL, new pictures
 * filtering.c  what filters may cost a batch
 * chores.c     what is done beside traffic              result.c     results of attempts
 * recovery.c   the chore that sends again in bulk       reopen.c     sending again
 * backfill.c   the chore of new routes                  exports.c    deliveries of export profiles
 * export_fix.c what these send                          export_due.c that, once they are due
 * export_files.c rows of files
 * orders.c     what arrives for an order                contact.c    making a contact */
#pragma once

#include <pthread.h>

#include "account/picture.h"
#include "base/fail.h"
#include "base/list.h"
#include "intake/committer.h"
#include "intake/result.h"
#include "route/route.h"

#define SHARE_SLOTS 4096

/* How many operations, and of what size, one batch takes at most. */
#define BATCH_OPERATIONS 1024
#define BATCH_BYTES (8 * MIB)
#define MANAGEMENT_OPERATIONS 64

/* ── admission: counters that any thread touches ── */

struct lane_load {
    _Atomic int64_t operations;
    _Atomic int64_t bytes;
};

struct admissions {
    struct lane_load lanes[LANES];
    /* Operations by organization, hashed: two that share a slot share its allowance. */
    atomic_int shares[LANES][SHARE_SLOTS];
    atomic_bool stopping;
    atomic_bool store_down;
    _Atomic int64_t
        backlog_of;          /* unfinished work fills the store, most of it this outlet's; 0: no */
    atomic_int backlog_kind; /* enum endpoint_kind, of that outlet */
};

enum admission admissions_take(struct admissions *admissions, const struct limits *limits,
                               const struct operation *operation);
void admissions_leave(struct admissions *admissions, const struct operation *operation);

/* ── queues: first come first served inside an organization, turns between them ── */

struct queue {
    struct list link; /* among the queues that hold something */
    int64_t organization;
    struct operation *first;
    struct operation **last;
    int64_t round; /* in which `work` was spent */
    int64_t work;  /* filtering.c's */
};

struct lane_queue {
    struct list waiting; /* of struct queue, next in turn first */
    struct list held;    /* by filtering.c, within a round */
    struct list spare;
    struct map by_organization;
    int count;
    int64_t round; /* of filtering.c, and whether those held have waited for one already */
    bool held_back;
};

void lane_queue_init(struct lane_queue *lane);
void lane_queue_done(struct lane_queue *lane);
void lane_queue_add(struct lane_queue *lane, struct operation *operation);
/* One operation of the organization whose turn it is, or NULL. */
struct operation *lane_queue_take(struct lane_queue *lane);
/* The queue whose turn it is, or NULL. */
struct queue *lane_queue_next(const struct lane_queue *lane);
/* The queue whose turn it is waits until lane_queue_release(). */
void lane_queue_hold(struct lane_queue *lane);
/* One operation of those held, which take turns as well, or NULL. */
struct operation *lane_queue_take_held(struct lane_queue *lane);
/* It is their turn again, before all others'. */
void lane_queue_release(struct lane_queue *lane);

/* ── filtering: what filters may cost one batch, which everybody waits for ── */

/* Work is points times bytes: a condition's points, and the bytes of the event it looks at. A
 * thousand points on 512 KiB are 500 Mi. */
#define WORK_OF_A_BATCH (32 * MIB)
/* Of one organization, until all others have had their turn. */
#define WORK_OF_A_TURN (WORK_OF_A_BATCH / 4)
/* So little that a batch full of it makes no difference. */
#define WORK_LIGHT (64 * KIB)

int64_t filtering_work(int64_t points, size_t bytes);

struct filtering {
    struct lane_queue *lane;
    int64_t (*work_of)(void *context, const struct operation *operation); /* at most */
    void *context;
    int64_t spent;
    bool taken; /* there is something in the batch */
    bool began_held;
};

void filtering_begin(struct filtering *filtering);
/* The next operation that costs a batch no more than it may, or NULL. */
struct operation *filtering_take(struct filtering *filtering);
/* Then: one of those that were held up, or NULL. They wait for a batch of others, but not for two. */
struct operation *filtering_take_held(struct filtering *filtering);
void filtering_end(struct filtering *filtering);

/* ── batch ── */

/* A picture in the making: published behind the commit. */
struct change {
    struct change *next;
    struct picture *picture;   /* NULL: the organization is gone */
    struct endpoint **outlets; /* new, changed or deleted; one reference each */
    int outlet_count;
    int outlet_room;
    struct operation *waiting; /* those whose answer comes when all loops use it */
};

struct hand_over {
    struct hand_over *next;
    struct delivery delivery;
    const struct event *event;
    bool manual;
    bool passed_over;
};

struct batch {
    struct committer *committer;
    struct arena arena;
    int64_t now_ms;
    int64_t last_id;
    struct batch_rows rows;
    struct event_row **events_end;
    struct contact_row **contacts_end;
    struct work_row **work_end;
    struct delivery_change **changes_end;
    struct attempt_row **attempts_end;
    struct idempotency_row **idempotency_end;
    struct rejection_row **rejections_end;
    struct outlet_state_row **outlet_states_end;
    struct paused_line_row **paused_lines_end;
    struct notice_row **notices_end;
    struct order_row **orders_end;
    struct customer_row **customers_end;
    struct map loads; /* what is loaded and made, by a key of bytes: batch_load_key() */
    struct order_wish *order_wishes; /* not looked for yet */
    struct sku_row **skus_end;
    struct export_delivery_row **exports_end;
    struct export_file_row **export_files_end;
    struct contact_load **contacts;
    struct idempotency_load **idempotency;
    struct work_load **work;
    struct sku_load **skus;
    int contact_count, idempotency_count, work_count, sku_count;
    int contact_room, idempotency_room, work_room, sku_room;
    struct map counters;
    struct hand_over *hand_overs;
    struct hand_over **hand_overs_end;
    struct message *jobs_first;
    struct job *jobs_last;
    struct change *changes; /* management only */
    int64_t event_count, delivery_count;
    bool noticed; /* it has notices for people */
    int failure;  /* of a read in `apply`: the batch is not written */
};

/* What batch->loads has, by table. */
enum load_tag {
    LOAD_CONTACT = 'c',
    LOAD_IDEMPOTENCY = 'i',
    LOAD_WORK = 'w',
    LOAD_ORDER_BY_CLIENT_ID = 'o',
    LOAD_ORDER_BY_SENDER_ID = 's',
    LOAD_ORDER = 'O',
    LOAD_CUSTOMER = 'k',
    LOAD_NUMBERS = 'n',
    LOAD_SKU = 'S',
    LOAD_EXPORT_FILE = 'f',
    LOAD_EXPORT_FILE_BY_ID = 'F',
    LOAD_EXPORT_FILE_WHOLE = 'W',
};

/* tag, organization, text: one map serves all tables. */
str batch_load_key(struct batch *batch, enum load_tag tag, int64_t organization, str text);

/* ENDPOINT_WEBHOOK of one that has been deleted. */
enum endpoint_kind batch_outlet_kind(struct batch *batch, int64_t organization, int64_t outlet);

void batch_init(struct batch *batch, struct committer *committer);
void batch_done(struct batch *batch);
/* Empty again, for the next. */
void batch_reset(struct batch *batch);
MUST_USE int batch_load_records(struct batch *batch, struct store_writer *writer);
bool batch_is_empty(const struct batch *batch);
/* They have been written; what is to be handed over stays. */
void batch_forget_rows(struct batch *batch);
/* After the commit: makes jobs of the new work, before any answer; then hands them over. */
void batch_make_jobs(struct batch *batch);
void batch_hand_over(struct batch *batch);

/* ── orders.c ── */

/* Looks for what has been wished for. */
MUST_USE int orders_load(struct batch *batch, struct sql *sql);
/* They have been written. */
void orders_forget_rows(struct batch *batch);

/* ── export_files.c ── */

/* They have been written. */
void export_files_forget_rows(struct batch *batch);
/* A chore: the rows of files that have been uploaded. */
MUST_USE int export_files_settle(struct committer *committer);

/* ── rejections: the first of each minute are kept ── */

struct rejection_budget {
    struct map counts; /* organization, inlet, reason → struct rejection_count */
    struct arena arena;
    int64_t minute_ms;
};

/* True: keep this one whole. */
bool rejection_budget_take(struct rejection_budget *budget, const struct rejection *rejection,
                           int64_t at_ms, int64_t kept_at_most);

/* ── chores ── */

enum chore {
    CHORE_PRUNE,
    CHORE_VACUUM,
    CHORE_MERGE,
    CHORE_KEYS,
    CHORE_DROP,
    CHORE_RECOVER,
    CHORE_BACKFILL,
    CHORE_SETTLE,
    CHORE_FIX,
    CHORES,
};

struct chores {
    int64_t next_ms[CHORES]; /* monotonic */
    bool more[CHORES];
    int next;
    bool urgent;         /* history is a tenth over its cap: senders wait for pruning */
    struct list outlets; /* deleted ones whose work is to be dropped */
    struct list recoveries;
};

struct committer {
    struct committer_options options;
    struct store_writer *writer;
    struct mailbox mailbox;
    struct waker waker;
    pthread_t thread;
    struct admissions admissions;
    struct lane_queue lanes[LANES];
    struct id_source ids;
    struct map pictures; /* organization → struct picture, one reference each */
    struct batch batch;
    struct rejection_budget rejections;
    struct chores chores;
    int64_t busy_until_ms;          /* monotonic: until then there is load */
    int64_t next_chore_ms;          /* monotonic: under load, no chore before */
    int64_t next_tick_ms;           /* monotonic */
    atomic_int running;             /* batches, publications under way */
    atomic_int recoveries;          /* that are not over */
    atomic_bool backfilling;        /* there may be one in the store */
    atomic_bool settling;           /* there may be a file with rows to be delivered */
    _Atomic int64_t exports_due_ms; /* an export may be to be fixed then, and none before */

    struct {
        _Atomic int64_t batches, operations, commit_us, failures, unknown, events, deliveries;
    } stats;
};

/* ── the steps of the thread ── */

void hot_run(struct committer *committer);
void management_run(struct committer *committer);
/* A batch of one operation that nobody posted, of a kind that is `always` admitted; it is answered.
 * False: it failed, nothing of it is there. */
MUST_USE bool management_run_own(struct committer *committer, struct operation *operation);
/* The answer to such an operation. */
void operation_answer_nobody(struct operation *operation, enum operation_outcome outcome);
void chores_init(struct chores *chores);
void chores_done(struct chores *chores);
/* One short step of what is due, if anything is. Returns true when more waits at once. */
bool chores_step(struct committer *committer, bool busy);
/* At start: takes up what a stop or a kill has left half done. */
MUST_USE int chores_resume(struct committer *committer);
/* Unfinished work of this deleted outlet is to be dropped. */
void chores_drop_outlet(struct committer *committer, int64_t organization, int64_t outlet);

/* The chore of recovery.c: one step of one recovery. */
MUST_USE int recoveries_step(struct committer *committer, int budget_ms);
MUST_USE int recoveries_resume(struct committer *committer);
void recoveries_done(struct chores *chores);

/* The chore of backfill.c. */
MUST_USE int backfill_step(struct committer *committer);

/* The chore of export_due.c. Its thread alone; the last on any. */
MUST_USE int exports_fix_due(struct committer *committer, int budget_ms);
void exports_due_at(struct committer *committer, int64_t fix_ms);
bool exports_are_due(const struct committer *committer);

/* The picture there is now, read when it is not in memory; NULL: no such organization or a failure
 * (*ret_failure < 0). */
const struct picture *committer_picture(struct committer *committer, int64_t organization,
                                        int *ret_failure);
/* Replaces; takes the reference. */
void committer_put_picture(struct committer *committer, int64_t organization,
                           struct picture *picture);

/* COMMIT with its three outcomes: true when the batch is there. */
MUST_USE bool committer_commit(struct committer *committer, int64_t batch);
/* In a commit that cannot be settled: what is queued is answered instead of left to wait. */
void committer_fail_queued(struct committer *committer);

/* Answers, and takes it off the lane's count. */
void committer_answer(struct committer *committer, struct operation *operation,
                      enum operation_outcome outcome);

extern const struct operation_kind publication_kind;

struct publication {
    struct operation operation; /* kind publication_kind: comes back through the mailbox */
    struct committer *committer;
    atomic_int waiting; /* loops that do not use it yet */
    struct operation *answers;
};

/* Publishes what a management batch has changed. */
void publications_send(struct committer *committer, struct change *changes);
void publication_finish(struct committer *committer, struct publication *publication);
