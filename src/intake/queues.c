/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/list.h"
#include "intake/internal.h"

void lane_queue_init(struct lane_queue *lane)
{
    list_init(&lane->waiting);
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

struct operation *lane_queue_take(struct lane_queue *lane)
{
    if (list_empty(&lane->waiting))
        return NULL;
    struct queue *queue = LIST_ENTRY(lane->waiting.next, struct queue, link);
    struct operation *operation = queue->first;
    queue->first = operation->next;
    lane->count--;
    list_remove(&queue->link);
    if (queue->first != NULL) {
        list_append(&lane->waiting, &queue->link); /* to the end of the turn */
    } else {
        (void)map_remove_int(&lane->by_organization, (uint64_t)queue->organization);
        list_append(&lane->spare, &queue->link);
    }
    operation->next = NULL;
    return operation;
}
