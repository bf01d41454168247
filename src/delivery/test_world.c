/* SPDX-License-Identifier: MIT
 * The committer of test_world.h: what it commits, and the mail it sends behind it. */
#include "delivery/test_world.h"

#include <string.h>

#include "base/testing.h"

uint64_t world_draw(struct world *world, uint64_t below)
{
    return test_random(&world->seed) % below;
}

void world_post(struct world *world, struct mail mail)
{
    assert(world->last < (int)COUNT_OF(world->mail));
    world->mail[world->last++] = mail;
}

/* ── the committer ── */

/* What a delivery stands in line for; −1: nothing. */
int64_t world_line(const struct world *world, int64_t id)
{
    switch (world->order[world->deliveries[id].outlet]) {
    case ORDER_NONE:
        return -1;
    case ORDER_SUBJECT:
        return world->deliveries[id].subject > 0 ? world->deliveries[id].subject : -1;
    case ORDER_STRICT:
        return 0;
    }
    return -1;
}

/* One that is paused already stays so by the first. */
static void commit_pause(struct world *world, int64_t id)
{
    int64_t key = world_line(world, id);
    int64_t *paused_by = world->paused_by[world->deliveries[id].outlet];
    if (key < 0 || paused_by[key] != 0)
        return;
    paused_by[key] = id;
    world->pauses++;
}

void world_commit_results(struct world *world)
{
    int taken = (int)world_draw(world, (uint64_t)world->inbox_count + 1);
    for (int i = 0; i < taken; i++) {
        struct mail mail = world->inbox[i];
        world->deliveries[mail.id].unfinished = !mail.finished;
        world->deliveries[mail.id].due_ms = mail.due_ms;
        if (mail.dead)
            commit_pause(world, mail.id);
        world->unsent[world->unsent_count++] = mail;
    }
    world->inbox_count -= taken;
    memmove(world->inbox, world->inbox + taken, (size_t)world->inbox_count * sizeof(struct mail));
}

/* Mostly at once; some soon, some far beyond the horizon. */
int64_t world_draw_delay(struct world *world)
{
    switch (world_draw(world, 8)) {
    case 0:
        return (int64_t)world_draw(world, 50);
    case 1:
        return (int64_t)world_draw(world, 2000);
    default:
        return 0;
    }
}

static void commit_new(struct world *world, int most)
{
    for (int i = (int)world_draw(world, (uint64_t)most); i > 0 && world->count < DELIVERIES_MAX;
         i--) {
        int64_t id = ++world->count;
        world->deliveries[id].outlet = (int)world_draw(world, OUTLETS);
        world->deliveries[id].subject = (int64_t)world_draw(world, SUBJECTS);
        world->deliveries[id].due_ms = world->now_ms + world_draw_delay(world);
        world->deliveries[id].unfinished = true;
        world->unsent[world->unsent_count++] = (struct mail){ .kind = MAIL_JOB, .id = id };
    }
}

static bool forget_pause(struct world *world, int64_t id)
{
    int64_t *paused_by = world->paused_by[world->deliveries[id].outlet];
    for (int i = 0; i < SUBJECTS; i++) {
        if (paused_by[i] != id)
            continue;
        paused_by[i] = 0;
        return true;
    }
    return false;
}

void world_commit_pass_over(struct world *world)
{
    int64_t *paused_by = world->paused_by[world_draw(world, OUTLETS)];
    int64_t id = paused_by[world_draw(world, SUBJECTS)];
    if (id != 0 && forget_pause(world, id))
        world->unsent[world->unsent_count++] = (struct mail){ .kind = MAIL_PASS_OVER, .id = id };
}

/* In a batch of its own, as it is. */
static void commit_resend(struct world *world)
{
    if (world->count == 0)
        return;
    int64_t id = 1 + (int64_t)world_draw(world, (uint64_t)world->count);
    forget_pause(world, id);
    world->deliveries[id].reopened = true;
    world->deliveries[id].unfinished = true;
    world->deliveries[id].due_ms = world->now_ms;
    world->deliveries[id].asked_for++;
    world->unsent[world->unsent_count++] = (struct mail){ .kind = MAIL_MANUAL, .id = id };
}

/* In bulk: it takes its place among the others. */
static void commit_recovery(struct world *world)
{
    if (world->count == 0)
        return;
    int64_t id = 1 + (int64_t)world_draw(world, (uint64_t)world->count);
    if (world->deliveries[id].unfinished)
        return;
    (void)forget_pause(world, id);
    world->deliveries[id].reopened = true;
    world->deliveries[id].unfinished = true;
    world->deliveries[id].due_ms = world->now_ms;
    world->unsent[world->unsent_count++] = (struct mail){ .kind = MAIL_JOB, .id = id };
}

void world_commit(struct world *world, int most)
{
    if (world->unsent_count > 0) /* its mail goes before the next commit */
        return;
    if (world_draw(world, 3) == 0) {
        commit_resend(world);
        return;
    }
    if (world_draw(world, 3) == 0) {
        world_commit_pass_over(world);
        commit_recovery(world);
        return;
    }
    world_commit_results(world);
    commit_new(world, most);
}

void world_send_mail(struct world *world)
{
    for (int i = 0; i < world->unsent_count; i++)
        world_post(world, world->unsent[i]);
    world->unsent_count = 0;
}
