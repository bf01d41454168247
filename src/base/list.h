/* SPDX-License-Identifier: MIT
 * base/list.h: a doubly linked list whose links lie in the members. Not thread-safe. */
#pragma once

#include "base/attr.h"

struct list {
    struct list *next;
    struct list *prev;
};

static inline void list_init(struct list *list)
{
    list->next = list;
    list->prev = list;
}

static inline int list_empty(const struct list *list)
{
    return list->next == list;
}

static inline void list_append(struct list *list, struct list *link)
{
    link->prev = list->prev;
    link->next = list;
    list->prev->next = link;
    list->prev = link;
}

/* Leaves the link alone in the world, so that removing it twice does no harm. */
static inline void list_remove(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

/* All of `from`, in their order, to the end of `to`. */
static inline void list_move_all(struct list *to, struct list *from)
{
    if (list_empty(from))
        return;
    from->next->prev = to->prev;
    from->prev->next = to;
    to->prev->next = from->next;
    to->prev = from->prev;
    list_init(from);
}

#define LIST_ENTRY(link, type, member) CONTAINER_OF(link, type, member)

/* The body may remove `at`, and nothing else. */
#define LIST_EACH(head, at)                                                                        \
    for (struct list *at = (head)->next, *at##_next = at->next; at != (head);                      \
         at = at##_next, at##_next = at->next)
