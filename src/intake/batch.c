/* SPDX-License-Identifier: MIT */
#include "base/instant.h"
#include "intake/exports.h"
#include "intake/internal.h"
#include "mapping/sku.h"

#define ARENA_KEEP ((size_t)4 << 20)

void batch_init(struct batch *batch, struct committer *committer)
{
    batch->committer = committer;
    batch_reset(batch);
}

void batch_done(struct batch *batch)
{
    map_done(&batch->loads);
    map_done(&batch->counters);
    arena_done(&batch->arena);
}

void batch_forget_rows(struct batch *batch)
{
    orders_forget_rows(batch);
    export_files_forget_rows(batch);
    batch->rows = (struct batch_rows){};
    batch->events_end = &batch->rows.events;
    batch->contacts_end = &batch->rows.contacts;
    batch->work_end = &batch->rows.work;
    batch->changes_end = &batch->rows.changes;
    batch->outlet_states_end = &batch->rows.outlet_states;
    batch->paused_lines_end = &batch->rows.paused_lines;
    batch->notices_end = &batch->rows.notices;
    batch->skus_end = &batch->rows.skus;
    batch->exports_end = &batch->rows.exports;
    batch->export_files_end = &batch->rows.export_files;
    batch->attempts_end = &batch->rows.attempts;
    batch->idempotency_end = &batch->rows.idempotency;
    batch->rejections_end = &batch->rows.rejections;
    batch->orders_end = &batch->rows.orders;
    batch->customers_end = &batch->rows.customers;
    map_clear(&batch->counters);
}

void batch_reset(struct batch *batch)
{
    struct committer *committer = batch->committer;
    struct arena arena = batch->arena;
    struct map loads = batch->loads;
    struct map counters = batch->counters;
    map_clear(&loads);
    arena_reset(&arena, ARENA_KEEP);
    *batch = (struct batch){
        .committer = committer, .arena = arena, .loads = loads, .counters = counters
    };
    batch_forget_rows(batch);
    batch->hand_overs_end = &batch->hand_overs;
    batch->now_ms = clock_now_ms(committer->options.clock);
}

bool batch_is_empty(const struct batch *batch)
{
    const struct batch_rows *rows = &batch->rows;
    return rows->events == NULL && rows->contacts == NULL && rows->work == NULL &&
           rows->changes == NULL && rows->attempts == NULL && rows->idempotency == NULL &&
           rows->rejections == NULL && rows->counters == NULL && rows->orders == NULL &&
           rows->customers == NULL && rows->skus == NULL && rows->exports == NULL &&
           rows->export_files == NULL;
}

struct arena *batch_arena(struct batch *batch)
{
    return &batch->arena;
}

int64_t batch_now_ms(const struct batch *batch)
{
    return batch->now_ms;
}

int64_t batch_draw_id(struct batch *batch)
{
    batch->last_id = id_draw(&batch->committer->ids, clock_real_ms());
    return batch->last_id;
}

enum endpoint_kind batch_outlet_kind(struct batch *batch, int64_t organization, int64_t outlet)
{
    const struct picture *picture = batch_picture(batch, organization);
    const struct endpoint *endpoint =
        picture == NULL ? NULL : objects_find(&picture->endpoints, outlet);
    return endpoint == NULL ? ENDPOINT_WEBHOOK : endpoint->kind;
}

/* ── loads ── */

str batch_load_key(struct batch *batch, enum load_tag tag, int64_t organization, str text)
{
    size_t size = 1 + sizeof(organization) + text.len;
    char *key = arena_bytes(&batch->arena, size);
    key[0] = (char)tag;
    memcpy(key + 1, &organization, sizeof(organization));
    if (text.len > 0)
        memcpy(key + 1 + sizeof(organization), text.ptr, text.len);
    return str_from(key, size);
}

/* Room for one more pointer at the end of an arena's array. */
static void *grown(struct batch *batch, void *array, int count, int *room)
{
    if (count < *room)
        return array;
    int wider = *room == 0 ? 64 : *room * 2;
    void **copy = ARENA_ARRAY(&batch->arena, void *, (size_t)wider);
    if (count > 0)
        memcpy(copy, array, (size_t)count * sizeof(void *));
    *room = wider;
    return copy;
}

struct contact_load *batch_load_contact(struct batch *batch, int64_t organization, str email_key)
{
    str key = batch_load_key(batch, LOAD_CONTACT, organization, email_key);
    struct contact_load *load = map_find(&batch->loads, key);
    if (load != NULL)
        return load;
    load = ARENA_NEW(&batch->arena, struct contact_load);
    *load = (struct contact_load){ .organization = organization, .email_key = email_key };
    (void)map_put(&batch->loads, key, load);
    batch->contacts = grown(batch, batch->contacts, batch->contact_count, &batch->contact_room);
    batch->contacts[batch->contact_count++] = load;
    return load;
}

struct idempotency_load *batch_load_idempotency(struct batch *batch, int64_t organization,
                                                str key_hash)
{
    str key = batch_load_key(batch, LOAD_IDEMPOTENCY, organization, key_hash);
    struct idempotency_load *load = map_find(&batch->loads, key);
    if (load != NULL)
        return load;
    load = ARENA_NEW(&batch->arena, struct idempotency_load);
    *load = (struct idempotency_load){ .organization = organization,
                                       .key = key_hash,
                                       .since_ms = batch->now_ms - DAY_MS };
    (void)map_put(&batch->loads, key, load);
    batch->idempotency =
        grown(batch, batch->idempotency, batch->idempotency_count, &batch->idempotency_room);
    batch->idempotency[batch->idempotency_count++] = load;
    return load;
}

/* Of one key, the spellings hang behind the first: they may be one SKU. */
static struct sku_load *first_spelling(struct batch *batch, int64_t organization, int64_t campaign,
                                       str sku, str *ret_key)
{
    str text = arena_format(&batch->arena, "%lld %.*s", (long long)campaign, STR_ARG(sku));
    *ret_key = batch_load_key(batch, LOAD_SKU, organization, text);
    return map_find(&batch->loads, *ret_key);
}

struct sku_load *batch_load_sku(struct batch *batch, int64_t organization, int64_t campaign,
                                str text)
{
    str key;
    str folded = sku_key(text, &batch->arena);
    struct sku_load *first = first_spelling(batch, organization, campaign, folded, &key);
    for (struct sku_load *at = first; at != NULL; at = at->next_spelling)
        if (str_equal(at->text, text))
            return at;
    struct sku_load *load = ARENA_NEW(&batch->arena, struct sku_load);
    *load = (struct sku_load){
        .organization = organization, .campaign = campaign, .text = text, .key = folded
    };
    if (first == NULL) {
        (void)map_put(&batch->loads, key, load);
    } else {
        load->next_spelling = first->next_spelling;
        first->next_spelling = load;
    }
    batch->skus = grown(batch, batch->skus, batch->sku_count, &batch->sku_room);
    batch->skus[batch->sku_count++] = load;
    return load;
}

struct work_load *batch_load_work(struct batch *batch, int64_t organization, int64_t outlet,
                                  int64_t id)
{
    str key = batch_load_key(batch, LOAD_WORK, organization, str_from(&id, sizeof(id)));
    struct work_load *load = map_find(&batch->loads, key);
    if (load != NULL)
        return load;
    load = ARENA_NEW(&batch->arena, struct work_load);
    *load = (struct work_load){ .organization = organization, .outlet = outlet, .id = id };
    (void)map_put(&batch->loads, key, load);
    batch->work = grown(batch, batch->work, batch->work_count, &batch->work_room);
    batch->work[batch->work_count++] = load;
    return load;
}

int batch_load_records(struct batch *batch, struct store_writer *writer)
{
    int r = store_load_contacts(writer, batch->contacts, batch->contact_count);
    if (r == 0)
        r = store_load_idempotency(writer, batch->idempotency, batch->idempotency_count);
    /* Once: the store does not know what this transaction has appended. */
    batch->idempotency_count = 0;
    if (r == 0)
        r = store_load_work(writer, batch->work, batch->work_count, &batch->arena);
    if (r == 0)
        r = orders_load(batch, store_writer_sql(writer));
    if (r == 0)
        r = store_load_skus(writer, batch->skus, batch->sku_count, &batch->arena);
    return fail(r);
}

/* ── rows ── */

void batch_add_event(struct batch *batch, const struct event *event, bool wanted)
{
    struct event_row *row = ARENA_NEW(&batch->arena, struct event_row);
    row->event = *event;
    row->wanted = wanted;
    *batch->events_end = row;
    batch->events_end = &row->next;
    batch->event_count++;
}

void batch_add_contact(struct batch *batch, const struct contact *contact)
{
    struct contact_row *row = ARENA_NEW(&batch->arena, struct contact_row);
    row->contact = *contact;
    *batch->contacts_end = row;
    batch->contacts_end = &row->next;
}

static struct hand_over *add_hand_over(struct batch *batch, const struct delivery *delivery,
                                       const struct event *event)
{
    struct hand_over *hand_over = ARENA_NEW(&batch->arena, struct hand_over);
    hand_over->delivery = *delivery;
    hand_over->event = event;
    *batch->hand_overs_end = hand_over;
    batch->hand_overs_end = &hand_over->next;
    return hand_over;
}

void batch_pass_over(struct batch *batch, const struct delivery *delivery)
{
    static const struct event nothing = { .type = STR_INIT(""), .data = STR_INIT("") };
    add_hand_over(batch, delivery, &nothing)->passed_over = true;
}

void batch_add_parked_delivery(struct batch *batch, const struct delivery *delivery, str event_type)
{
    struct work_row *row = ARENA_NEW(&batch->arena, struct work_row);
    row->delivery = *delivery;
    row->event_type = event_type;
    *batch->work_end = row;
    batch->work_end = &row->next;
    batch->delivery_count++;
}

static struct hand_over *add_delivery(struct batch *batch, const struct delivery *delivery,
                                      const struct event *event)
{
    batch_add_parked_delivery(batch, delivery, event->type);
    return add_hand_over(batch, delivery, event);
}

void batch_add_delivery(struct batch *batch, const struct delivery *delivery,
                        const struct event *event)
{
    (void)add_delivery(batch, delivery, event);
}

void batch_add_manual_delivery(struct batch *batch, const struct delivery *delivery,
                               const struct event *event)
{
    add_delivery(batch, delivery, event)->manual = true;
    batch_counter(batch, delivery->organization, 0, delivery->created_ms)->deliveries++;
    batch_counter(batch, delivery->organization, delivery->outlet, delivery->created_ms)
        ->deliveries++;
}

void batch_add_change(struct batch *batch, const struct delivery *after, str event_type,
                      bool was_pending, const struct attempt *attempt)
{
    struct delivery_change *row = ARENA_NEW(&batch->arena, struct delivery_change);
    *row = (struct delivery_change){
        .after = *after, .event_type = event_type, .was_pending = was_pending, .attempt = attempt
    };
    *batch->changes_end = row;
    batch->changes_end = &row->next;
}

void batch_add_ended_delivery(struct batch *batch, const struct delivery *delivery, str event_type)
{
    batch_add_change(batch, delivery, event_type, false, NULL);
    struct delivery_change *row = CONTAINER_OF(batch->changes_end, struct delivery_change, next);
    row->fresh = true;
    batch->delivery_count++;
}

void batch_add_export(struct batch *batch, const struct export_delivery_row *from)
{
    struct export_delivery_row *row = ARENA_NEW(&batch->arena, struct export_delivery_row);
    *row = *from;
    row->next = NULL;
    *batch->exports_end = row;
    batch->exports_end = &row->next;
    if (row->fix_ms != 0)
        exports_due_at(batch->committer, row->fix_ms);
}

void batch_send_again(struct batch *batch, const struct delivery *delivery,
                      const struct event *event, bool manual)
{
    add_hand_over(batch, delivery, event)->manual = manual;
}

void batch_add_attempt(struct batch *batch, const struct attempt *attempt)
{
    struct attempt_row *row = ARENA_NEW(&batch->arena, struct attempt_row);
    row->attempt = attempt;
    *batch->attempts_end = row;
    batch->attempts_end = &row->next;
}

void batch_add_outlet_state(struct batch *batch, const struct outlet_state *state)
{
    struct outlet_state_row *row = ARENA_NEW(&batch->arena, struct outlet_state_row);
    row->state = *state;
    *batch->outlet_states_end = row;
    batch->outlet_states_end = &row->next;
}

void batch_add_paused_line(struct batch *batch, const struct paused_line *line)
{
    struct paused_line_row *row = ARENA_NEW(&batch->arena, struct paused_line_row);
    row->line = *line;
    *batch->paused_lines_end = row;
    batch->paused_lines_end = &row->next;
}

void batch_add_notice(struct batch *batch, const struct stored_notice *notice)
{
    if (!batch->committer->options.keep_notices)
        return;
    struct notice_row *row = ARENA_NEW(&batch->arena, struct notice_row);
    row->notice = *notice;
    *batch->notices_end = row;
    batch->notices_end = &row->next;
    batch->noticed = true;
}

void batch_add_sku(struct batch *batch, struct sku_load *load)
{
    assert(load->id == 0);
    struct sku_row *row = ARENA_NEW(&batch->arena, struct sku_row);
    row->sku = (struct sku){ .id = batch_draw_id(batch),
                             .organization = load->organization,
                             .campaign = load->campaign,
                             .text = load->text,
                             .key = load->key,
                             .imported = true,
                             .created_ms = batch->now_ms,
                             .updated_ms = batch->now_ms };
    *batch->skus_end = row;
    batch->skus_end = &row->next;
    str key;
    struct sku_load *at =
        first_spelling(batch, load->organization, load->campaign, load->key, &key);
    for (; at != NULL; at = at->next_spelling) {
        at->id = row->sku.id;
        at->found_text = load->text;
    }
}

void batch_add_idempotency(struct batch *batch, const struct idempotency_row *from)
{
    struct idempotency_row *row = ARENA_NEW(&batch->arena, struct idempotency_row);
    *row = *from;
    row->next = NULL;
    *batch->idempotency_end = row;
    batch->idempotency_end = &row->next;
}

void batch_add_rejection(struct batch *batch, const struct rejection *rejection)
{
    struct committer *committer = batch->committer;
    struct rejection_row *row = ARENA_NEW(&batch->arena, struct rejection_row);
    row->rejection = *rejection;
    bool kept = rejection_budget_take(&committer->rejections, rejection, rejection->at_ms,
                                      committer->options.limits->rejections_kept);
    row->rejection.id = kept ? batch_draw_id(batch) : 0;
    *batch->rejections_end = row;
    batch->rejections_end = &row->next;
    batch_counter(batch, rejection->organization, 0, rejection->at_ms)->rejected++;
    if (rejection->inlet != 0)
        batch_counter(batch, rejection->organization, rejection->inlet, rejection->at_ms)
            ->rejected++;
}

struct counter_delta *batch_counter(struct batch *batch, int64_t organization, int64_t subject,
                                    int64_t at_ms)
{
    const int64_t key[3] = { organization, subject, at_ms - at_ms % MINUTE_MS };
    struct counter_delta *delta = map_find(&batch->counters, str_from(key, sizeof(key)));
    if (delta != NULL)
        return delta;
    str kept = arena_str(&batch->arena, str_from(key, sizeof(key)));
    delta = ARENA_NEW(&batch->arena, struct counter_delta);
    *delta = (struct counter_delta){ .next = batch->rows.counters,
                                     .organization = organization,
                                     .subject = subject,
                                     .minute_ms = key[2] };
    batch->rows.counters = delta;
    (void)map_put(&batch->counters, kept, delta);
    return delta;
}

/* ── events ── */

static void add_delivery_of(struct batch *batch, const struct event *event,
                            const struct endpoint *endpoint)
{
    const struct delivery delivery = {
        .id = batch_draw_id(batch),
        .organization = event->organization,
        .outlet = endpoint->object.id,
        .event = event->id,
        .created_ms = event->at_ms,
        .state = DELIVERY_PENDING,
        .due_ms = event->at_ms + endpoint->policy.delay_ms,
    };
    batch_add_delivery(batch, &delivery, event);
    batch_counter(batch, event->organization, 0, event->at_ms)->deliveries++;
    batch_counter(batch, event->organization, endpoint->object.id, event->at_ms)->deliveries++;
}

/* An event's data, as filters look at it. */
struct reading {
    struct arena arena;
    bool done;
    json data;
};

/* Not before a filter asks for it. What is no JSON lacks every field. */
static json read_data(struct reading *reading, str data)
{
    struct json_error error;
    if (!reading->done && !json_read(&reading->arena, data, JSON_DEPTH_MAX, &reading->data, &error))
        reading->data = NULL;
    reading->done = true;
    return reading->data;
}

static void count_filtered(struct batch *batch, const struct event *event, int64_t outlet)
{
    batch_counter(batch, event->organization, 0, event->at_ms)->filtered++;
    batch_counter(batch, event->organization, outlet, event->at_ms)->filtered++;
}

/* Returns whether there is any. */
static bool add_deliveries(struct batch *batch, const struct event *event)
{
    const struct picture *picture = batch_picture(batch, event->organization);
    struct reading reading = {};
    bool wanted = false;
    for (int i = 0; picture != NULL && i < picture->webhook_count; i++) {
        const struct endpoint *endpoint = picture->webhooks[i];
        if (endpoint->object.id == event->about_outlet || !endpoint_wants(endpoint, event->type))
            continue;
        if (endpoint->filter != NULL &&
            !endpoint_lets_through(endpoint, read_data(&reading, event->data))) {
            count_filtered(batch, event, endpoint->object.id);
            continue;
        }
        wanted = true;
        add_delivery_of(batch, event, endpoint);
    }
    arena_done(&reading.arena);
    return exports_add(batch, event) || wanted;
}

void batch_take_event(struct batch *batch, struct event *event)
{
    if (event->id == 0)
        event->id = batch_draw_id(batch);
    /* The row and the hand-over look at the same event until the commit is through. */
    struct event *kept = ARENA_NEW(&batch->arena, struct event);
    *kept = *event;
    bool wanted = add_deliveries(batch, kept);
    batch_add_event(batch, event, wanted);
    struct counter_delta *sums = batch_counter(batch, event->organization, 0, event->at_ms);
    if (event->caused_by != 0) {
        sums->occurrences++;
        return;
    }
    sums->events++;
    *(wanted ? &sums->wanted : &sums->not_wanted) += 1;
    if (event->inlet != 0)
        batch_counter(batch, event->organization, event->inlet, event->at_ms)->events++;
}

/* ── behind the commit ── */

/* Before the answers: what events borrow from their operations goes with these. */
void batch_make_jobs(struct batch *batch)
{
    struct message **end = &batch->jobs_first;
    struct content *content =
        NULL; /* of the newest event: its deliveries come one behind another */
    const struct event *of = NULL;
    for (struct hand_over *at = batch->hand_overs; at != NULL; at = at->next) {
        if (at->event != of) {
            content_release(content);
            of = at->event;
            content = content_new(of);
        }
        struct job *job = job_new(&at->delivery, content_keep(content), NULL);
        job->manual = at->manual;
        job->passed_over = at->passed_over;
        *end = &job->link;
        end = &job->link.next;
        batch->jobs_last = job;
    }
    content_release(content);
}

void batch_hand_over(struct batch *batch)
{
    const struct committer_hooks *hooks = &batch->committer->options.hooks;
    if (batch->noticed && hooks->noticed != NULL)
        hooks->noticed(hooks->context);
    if (batch->jobs_last == NULL)
        return;
    struct job *first = CONTAINER_OF(batch->jobs_first, struct job, link);
    struct job *last = batch->jobs_last;
    batch->jobs_first = NULL;
    batch->jobs_last = NULL;
    hooks->hand_over(hooks->context, first, last);
}

bool rejection_budget_take(struct rejection_budget *budget, const struct rejection *rejection,
                           int64_t at_ms, int64_t kept_at_most)
{
    int64_t minute_ms = at_ms - at_ms % MINUTE_MS;
    if (minute_ms != budget->minute_ms) {
        map_clear(&budget->counts);
        arena_reset(&budget->arena, ARENA_KEEP);
        budget->minute_ms = minute_ms;
    }
    str key = arena_format(&budget->arena, "%lld %lld %.*s", (long long)rejection->organization,
                           (long long)rejection->inlet, STR_ARG(rejection->reason));
    int64_t *count = map_find(&budget->counts, key);
    if (count == NULL) {
        count = ARENA_NEW(&budget->arena, int64_t);
        (void)map_put(&budget->counts, key, count);
    }
    return ++*count <= kept_at_most;
}
