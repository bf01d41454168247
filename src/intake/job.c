/* SPDX-License-Identifier: MIT */
#include "intake/job.h"

#include <stdlib.h>

/* A copy of `like` with these. */
static struct content *copy(const struct content *like, str data, str type)
{
    struct content *content = xmalloc(sizeof(*content) + data.len + type.len);
    *content = *like;
    atomic_init(&content->references, 1);
    memcpy(content->bytes, data.ptr, data.len);
    memcpy(content->bytes + data.len, type.ptr, type.len);
    content->data = str_from(content->bytes, data.len);
    content->type = str_from(content->bytes + data.len, type.len);
    return content;
}

struct content *content_new(const struct event *event)
{
    const struct content like = { .event = event->id,
                                  .at_ms = event->at_ms,
                                  .hops = event->hops,
                                  .subject = event_subject(event),
                                  .rendered = event->rendered };
    return copy(&like, event->data, event->type);
}

struct content *content_fixed(const struct content *content, str data)
{
    struct content *fixed = copy(content, data, content->type);
    fixed->rendered = true;
    return fixed;
}

struct content *content_keep(struct content *content)
{
    (void)atomic_fetch_add_explicit(&content->references, 1, memory_order_relaxed);
    return content;
}

void content_release(struct content *content)
{
    if (content == NULL)
        return;
    if (atomic_fetch_sub_explicit(&content->references, 1, memory_order_acq_rel) == 1)
        free(content);
}

struct job *job_new(const struct delivery *delivery, struct content *content,
                    struct endpoint *endpoint)
{
    struct job *job = NEW(struct job);
    job->delivery = *delivery;
    job->delivery.reason = (str){};
    job->content = content;
    job->endpoint = endpoint;
    return job;
}

void job_free(struct job *job)
{
    if (job == NULL)
        return;
    content_release(job->content);
    object_release(job->endpoint);
    free(job);
}

size_t job_bytes(const struct job *job)
{
    /* Shared content is charged to each job: what a courier is told to bound is the worst case. */
    return sizeof(*job) + sizeof(*job->content) + job->content->data.len + job->content->type.len;
}
