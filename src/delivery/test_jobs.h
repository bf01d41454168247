/* SPDX-License-Identifier: MIT
 * delivery/test_jobs.h: jobs for the tests of the stock. */
#pragma once

#include "intake/job.h"

static inline struct job *test_job(const struct delivery *delivery, int64_t subject)
{
    const struct event event = {
        .id = delivery->id, .type = STR("t"), .contact = subject, .data = STR("0123456789")
    };
    return job_new(delivery, content_new(&event), NULL);
}
