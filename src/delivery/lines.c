/* SPDX-License-Identifier: MIT
 * Invariants:
 * (1) of a line at most one parcel is queued: the one with the least id of all of it that are
 *     unfinished, unless it is under way, was sent by hand, or the line is paused;
 * (2) while a parcel of a line is under way (not by hand), none of it is queued: the next goes when
 *     the result before it has been recorded;
 * (3) one with an id above read_to is not queued: one of its line that is not in memory may be
 *     before it;
 * (4) a line that holds nothing, is not paused and has nothing that sleeps does not exist; (3) and (4)
 *     hold again behind lines_settle_all() when read_to was lowered (lines_stale);
 * (5) none with an id of left_least or above is queued before a pass has brought back what sleeps
 *     of it up to there. lines_left counts the lines that have a left_least, lines_awake those of
 *     them whose next one sleeps. */
#include "delivery/lines.h"

#include <stdlib.h>

#include "base/compare.h"
#include "delivery/stock.h"

static struct parcel *parcel_at(struct heap_link *place)
{
    return CONTAINER_OF(place, struct parcel, place);
}

/* ── lines ── */

static struct line *make_line(struct outlet *outlet, int64_t subject)
{
    struct line *line = map_find_int(&outlet->lines, (uint64_t)subject);
    if (line != NULL)
        return line;
    line = NEW(struct line);
    line->subject = subject;
    line->left_least = line->left_again = INT64_MAX;
    (void)map_put_int(&outlet->lines, (uint64_t)subject, line);
    return line;
}

struct line *lines_find(const struct outlet *outlet, int64_t subject)
{
    if (outlet->order == ORDER_NONE || outlet->lines.count == 0)
        return NULL;
    return map_find_int(&outlet->lines, (uint64_t)(outlet->order == ORDER_STRICT ? 0 : subject));
}

struct line *lines_of(struct outlet *outlet, int64_t subject)
{
    switch (outlet->order) {
    case ORDER_NONE:
        return NULL;
    case ORDER_SUBJECT:
        return subject == 0 ? NULL : make_line(outlet, subject);
    case ORDER_STRICT:
        return make_line(outlet, 0);
    }
    return NULL;
}

static void free_line(struct line *line)
{
    heap_done(&line->parcels);
    free(line);
}

static bool is_idle(const struct line *line)
{
    return line->parcels.count == 0 && line->paused_by == 0 && line->left_least == INT64_MAX;
}

static void drop_if_idle(struct outlet *outlet, struct line *line)
{
    if (!is_idle(line))
        return;
    (void)map_remove_int(&outlet->lines, (uint64_t)line->subject);
    free_line(line);
}

/* ── who may go ── */

/* All of it before that one is in memory, or finished. */
static bool is_known_to(const struct outlet *outlet, const struct line *line, int64_t id)
{
    bool back = line->returning && id <= outlet->pass_after && id < line->left_again;
    return id <= outlet->read_to && (id < line->left_least || back);
}

static struct parcel *find_first(const struct outlet *outlet, const struct line *line)
{
    struct heap_link *first = heap_first(&line->parcels);
    if (first == NULL || line->out > 0 || line->paused_by != 0 ||
        !is_known_to(outlet, line, first->id))
        return NULL;
    struct parcel *parcel = parcel_at(first);
    return parcel->manual || parcel->state == PARCEL_OUT ? NULL : parcel;
}

/* Its next one sleeps, and nothing keeps it from moving. */
static void note_awake(struct outlet *outlet, struct line *line)
{
    struct heap_link *first = heap_first(&line->parcels);
    bool awake = line->left_least != INT64_MAX && line->paused_by == 0 &&
                 (first == NULL || first->id >= line->left_least);
    outlet->lines_awake += awake - line->awake;
    line->awake = awake;
}

void line_settle(struct stock *stock, struct outlet *outlet, struct line *line)
{
    note_awake(outlet, line);
    struct parcel *first = find_first(outlet, line);
    struct parcel *queued = line->queued;
    if (first == queued)
        return;
    if (queued != NULL) {
        stock_unqueue(stock, queued);
        queued->state = PARCEL_IN_LINE;
    }
    line->queued = first;
    if (first != NULL)
        stock_queue(stock, first);
}

static void drop_idle(struct outlet *outlet, size_t count)
{
    struct line **idle = count == 0 ? NULL : xcalloc(count, sizeof(struct line *));
    size_t found = 0;
    size_t at = 0;
    struct line *line;
    while (found < count && (line = map_next(&outlet->lines, &at)) != NULL)
        if (is_idle(line))
            idle[found++] = line;
    for (size_t i = 0; i < found; i++)
        drop_if_idle(outlet, idle[i]);
    free((void *)idle);
}

void lines_settle_all(struct stock *stock, struct outlet *outlet)
{
    size_t at = 0;
    struct line *line;
    size_t idle = 0;
    outlet->lines_stale = false;
    while ((line = map_next(&outlet->lines, &at)) != NULL) {
        line_settle(stock, outlet, line);
        idle += is_idle(line);
    }
    drop_idle(outlet, idle);
}

/* ── coming and going ── */

void line_add(struct stock *stock, struct outlet *outlet, struct parcel *parcel)
{
    struct line *line = parcel->line;
    parcel->place.key = 0;
    parcel->place.id = parcel->heap.id;
    heap_add(&line->parcels, &parcel->place);
    if (parcel->state == PARCEL_OUT && !parcel->manual) {
        parcel->counted = true;
        line->out++;
    }
    line_settle(stock, outlet, line);
}

static void unlink_queued(struct parcel *parcel)
{
    if (parcel->line->queued == parcel)
        parcel->line->queued = NULL;
}

static void uncount(struct parcel *parcel)
{
    if (parcel->counted)
        parcel->line->out--;
    parcel->counted = false;
}

void line_remove(struct stock *stock, struct outlet *outlet, struct parcel *parcel)
{
    struct line *line = parcel->line;
    heap_remove(&line->parcels, &parcel->place);
    uncount(parcel);
    unlink_queued(parcel);
    parcel->line = NULL;
    line_settle(stock, outlet, line);
    drop_if_idle(outlet, line);
}

void line_asked_for(struct stock *stock, struct outlet *outlet, struct parcel *parcel)
{
    unlink_queued(parcel);
    line_settle(stock, outlet, parcel->line);
}

void line_taken_out(struct stock *stock, struct outlet *outlet, struct parcel *parcel)
{
    struct line *line = parcel->line;
    unlink_queued(parcel);
    if (!parcel->manual) {
        parcel->counted = true;
        line->out++;
    }
    line_settle(stock, outlet, line);
}

void line_put_back(struct stock *stock, struct outlet *outlet, struct parcel *parcel)
{
    uncount(parcel);
    line_settle(stock, outlet, parcel->line);
}

/* ── what sleeps ── */

bool line_leaves_out(const struct line *line, int64_t id)
{
    return line != NULL && id >= (line->returning ? line->left_again : line->left_least);
}

bool line_rests(const struct line *line, const struct parcel *parcel, int64_t until_ms)
{
    const struct heap_link *first = heap_first(&line->parcels);
    if (line_leaves_out(line, parcel->heap.id)) /* one before it sleeps already */
        return true;
    if (first->id == parcel->heap.id)
        return false;
    if (line->paused_by != 0)
        return true;
    return line->queued != NULL && line->queued->state == PARCEL_WAITING &&
           line->queued->job->delivery.due_ms > until_ms;
}

void line_leave(struct outlet *outlet, struct line *line, int64_t id)
{
    outlet->lines_left += line->left_least == INT64_MAX;
    line->left_least = MIN_OF(line->left_least, id);
    line->left_again = MIN_OF(line->left_again, id);
}

int lines_resting(const struct outlet *outlet, int64_t *ret_subjects)
{
    size_t at = 0;
    int count = 0;
    const struct line *line;
    while (outlet->lines_left > 0 && (line = map_next(&outlet->lines, &at)) != NULL)
        if (line->left_least != INT64_MAX && !line->returning)
            ret_subjects[count++] = line->subject;
    qsort(ret_subjects, (size_t)count, sizeof(*ret_subjects), compare_int64);
    return count;
}

void lines_begin_return(struct outlet *outlet)
{
    size_t at = 0;
    struct line *line;
    while (outlet->lines_awake > 0 && (line = map_next(&outlet->lines, &at)) != NULL) {
        line->returning = line->awake;
        line->left_again = INT64_MAX;
    }
}

void lines_end_return(struct outlet *outlet)
{
    size_t at = 0;
    struct line *line;
    while (outlet->lines_left > 0 && (line = map_next(&outlet->lines, &at)) != NULL) {
        if (!line->returning)
            continue;
        line->returning = false;
        line->left_least = line->left_again;
        outlet->lines_left -= line->left_least == INT64_MAX;
        note_awake(outlet, line);
    }
}

bool lines_forget_left(struct outlet *outlet)
{
    bool any = outlet->lines_left > 0;
    size_t at = 0;
    struct line *line;
    while (any && (line = map_next(&outlet->lines, &at)) != NULL) {
        line->left_least = INT64_MAX;
        line->awake = line->returning = false;
    }
    outlet->lines_left = outlet->lines_awake = 0;
    return any;
}

/* ── pauses ── */

static void resume(struct stock *stock, struct outlet *outlet, struct line *line)
{
    line->paused_by = 0;
    line_settle(stock, outlet, line);
    drop_if_idle(outlet, line);
}

void lines_resume(struct stock *stock, struct outlet *outlet, const struct job *job)
{
    struct line *line = lines_find(outlet, job->content->subject);
    if (line != NULL && line->paused_by == job->delivery.id)
        resume(stock, outlet, line);
}

void lines_pass_over(struct stock *stock, struct outlet *outlet, int64_t delivery)
{
    size_t at = 0;
    struct line *line;
    while ((line = map_next(&outlet->lines, &at)) != NULL) {
        if (line->paused_by != delivery)
            continue;
        resume(stock, outlet, line);
        return;
    }
}

/* ── another order ── */

void lines_done(struct outlet *outlet)
{
    size_t at = 0;
    struct line *line;
    while ((line = map_next(&outlet->lines, &at)) != NULL)
        free_line(line);
    map_done(&outlet->lines);
}

static void leave_line(struct stock *stock, struct parcel *parcel)
{
    heap_remove(&parcel->line->parcels, &parcel->place);
    parcel->counted = false;
    parcel->line = NULL;
    if (parcel->state == PARCEL_IN_LINE)
        stock_queue(stock, parcel);
}

void lines_rebuild(struct stock *stock, struct outlet *outlet, enum outlet_order order)
{
    LIST_EACH(&outlet->parcels, at)
    {
        struct parcel *parcel = LIST_ENTRY(at, struct parcel, link);
        if (parcel->line != NULL)
            leave_line(stock, parcel);
    }
    lines_done(outlet);
    outlet->order = order;
    LIST_EACH(&outlet->parcels, at)
    {
        struct parcel *parcel = LIST_ENTRY(at, struct parcel, link);
        parcel->line = lines_of(outlet, parcel->job->content->subject);
        if (parcel->line == NULL)
            continue;
        if (!parcel->manual && parcel->state != PARCEL_OUT) {
            stock_unqueue(stock, parcel);
            parcel->state = PARCEL_IN_LINE;
        }
        line_add(stock, outlet, parcel);
    }
}
