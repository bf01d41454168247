/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/list.h"
#include "intake/internal.h"

void lane_queue_init(struct lane_queue *lane)
{
    list_init(&lane->waiting);
    list_init(&lane->held);
    list_init(&lane->spare);
}

void lane_queue_done(struct lane_queue *lane)
{
    assert(lane->count == 0);
    LIST_EACH(&lane->spare, at)
    free(LIST_ENTRY(at, struct queue, link));
    map_done(&lane->by_organization);
}

static struct queue *open_queue(struct lane_queue *lane, int64_t organization)
{
    struct queue *queue = NULL;
    if (list_empty(&lane->spare)) {
        queue = NEW(struct queue);
        list_init(&queue->link);
    } else {
        queue = LIST_ENTRY(lane->spare.next, struct queue, link);
        list_remove(&queue->link);
    }
    queue->organization = organization;
    queue->round = 0;
    queue->first = NULL;
    queue->last = &queue->first;
    list_append(&lane->waiting, &queue->link);
    (void)map_put_int(&lane->by_organization, (uint64_t)organization, queue);
    return queue;
}

void lane_queue_add(struct lane_queue *lane, struct operation *operation)
{
    struct queue *queue = map_find_int(&lane->by_organization, (uint64_t)operation->organization);
    if (queue == NULL)
        queue = open_queue(lane, operation->organization);
    operation->next = NULL;
    *queue->last = operation;
    queue->last = &operation->next;
    lane->count++;
}

/* Of the first queue of `list`, which goes to its end when it holds more. */
static struct operation *take(struct lane_queue *lane, struct list *list)
{
    if (list_empty(list))
        return NULL;
    struct queue *queue = LIST_ENTRY(list->next, struct queue, link);
    struct operation *operation = queue->first;
    queue->first = operation->next;
    lane->count--;
    list_remove(&queue->link);
    if (queue->first != NULL) {
        list_append(list, &queue->link); /* to the end of the turn */
    } else {
        (void)map_remove_int(&lane->by_organization, (uint64_t)queue->organization);
        list_append(&lane->spare, &queue->link);
    }
    operation->next = NULL;
    return operation;
}

struct operation *lane_queue_take(struct lane_queue *lane)
{
    return take(lane, &lane->waiting);
}

struct queue *lane_queue_next(const struct lane_queue *lane)
{
    return list_empty(&lane->waiting) ? NULL : LIST_ENTRY(lane->waiting.next, struct queue, link);
}

void lane_queue_hold(struct lane_queue *lane)
{
    struct list *first = lane->waiting.next;
    list_remove(first);
    list_append(&lane->held, first);
}

struct operation *lane_queue_take_held(struct lane_queue *lane)
{
    return take(lane, &lane->held);
}

void lane_queue_release(struct lane_queue *lane)
{
    while (!list_empty(&lane->held)) {
        struct list *last = lane->held.prev;
        list_remove(last);
        list_append(lane->waiting.next, last); /* before the first */
    }
}
