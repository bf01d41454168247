/* SPDX-License-Identifier: MIT
 * intake/filtering.c: what filters may cost one batch, which everybody waits for. Pure: it counts
 * work (points times bytes), not time, and says which operations wait for the next batch.
 *
 * 1. All filters look at all of an event: in this batch or in a later one.
 * 2. Within an organization nothing overtakes: what is behind one that is held up waits with it.
 * 3. What costs nothing or little is not held up by what others cost.
 * 4. A batch's filters cost at most WORK_OF_A_BATCH, WORK_OF_A_TURN, what is light, and one event.
 * 5. Those held up take turns, one at least in each second batch, and are next in turn behind it. A
 *    batch without them goes first, so that those who came while a heavy event was looked at do not
 *    wait for the next one, too. */
#include "intake/internal.h"

/* What looking costs though there is nothing to see, in bytes. */
#define BYTES_AT_LEAST 256

int64_t filtering_work(int64_t points, size_t bytes)
{
    return points * (int64_t)(bytes + BYTES_AT_LEAST);
}

void filtering_begin(struct filtering *filtering)
{
    filtering->lane->round++;
}

void filtering_end(struct filtering *filtering)
{
    lane_queue_release(filtering->lane);
}

static bool fits(const struct filtering *filtering, const struct queue *queue, int64_t work)
{
    return work <= WORK_LIGHT || (work <= WORK_OF_A_TURN && queue->work < WORK_OF_A_TURN &&
                                  filtering->spent < WORK_OF_A_BATCH);
}

struct operation *filtering_take(struct filtering *filtering)
{
    struct lane_queue *lane = filtering->lane;
    struct queue *queue;
    while ((queue = lane_queue_next(lane)) != NULL) {
        int64_t work = filtering->work_of(filtering->context, queue->first);
        if (queue->round != lane->round)
            queue->work = 0;
        queue->round = lane->round;
        if (fits(filtering, queue, work)) {
            queue->work += work;
            filtering->spent += work;
            filtering->taken = true;
            return lane_queue_take(lane);
        }
        lane_queue_hold(lane);
    }
    return NULL;
}

static bool holds_back(struct filtering *filtering)
{
    struct lane_queue *lane = filtering->lane;
    if (filtering->began_held)
        return filtering->spent >= WORK_OF_A_BATCH;
    lane->held_back = filtering->taken && !lane->held_back;
    return lane->held_back;
}

struct operation *filtering_take_held(struct filtering *filtering)
{
    if (list_empty(&filtering->lane->held) || holds_back(filtering))
        return NULL;
    filtering->began_held = true;
    struct operation *operation = lane_queue_take_held(filtering->lane);
    filtering->spent += filtering->work_of(filtering->context, operation);
    return operation;
}
