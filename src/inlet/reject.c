/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "inlet/internal.h"

struct reject_operation {
    struct operation operation;
    struct request *request;
    struct rejection rejection;
    struct problem problem;
};

static bool apply_reject(struct operation *operation, struct batch *batch)
{
    const struct reject_operation *self =
        CONTAINER_OF(operation, struct reject_operation, operation);
    batch_add_rejection(batch, &self->rejection);
    return true;
}

static void answer_reject(struct operation *operation, enum operation_outcome outcome)
{
    struct reject_operation *self = CONTAINER_OF(operation, struct reject_operation, operation);
    if (outcome == OPERATION_FAILED)
        inlet_answer_failed(self->request);
    else
        request_reply_problem(self->request, &self->problem);
    request_done(self->request);
}

static const struct operation_kind reject_kind = {
    .name = "rejection",
    .lane = LANE_INGEST,
    .apply = apply_reject,
    .answer = answer_reject,
};

/* NOLINTNEXTLINE(readability-function-size): as inlet_rejection(), which it fills in */
bool inlet_reject(const struct inlet_context *inlet, struct request *request, int64_t organization,
                  int64_t inlet_id, str inlet_name, const struct problem *problem)
{
    struct reject_operation *self = ARENA_NEW(&request->arena, struct reject_operation);
    self->request = request;
    self->problem = *problem;
    self->rejection = inlet_rejection(inlet, request, organization, inlet_id, inlet_name, problem);
    self->operation = (struct operation){ .kind = &reject_kind,
                                          .organization = organization,
                                          .arena = &request->arena,
                                          .bytes = request->arena.held };
    enum admission admission = committer_post(inlet->committer, &self->operation);
    if (admission == ADMITTED)
        return false;
    inlet_answer_refused(inlet, request, admission);
    return true;
}

/* ── refusals that nobody waits for ── */

struct note_operation {
    struct operation operation;
    struct arena arena; /* holds all that the rejection views, and not this */
    struct rejection rejection;
};

static bool apply_note(struct operation *operation, struct batch *batch)
{
    const struct note_operation *self = CONTAINER_OF(operation, struct note_operation, operation);
    batch_add_rejection(batch, &self->rejection);
    return true;
}

static void free_note(struct note_operation *self)
{
    arena_done(&self->arena);
    free(self);
}

static void answer_note(struct operation *operation, enum operation_outcome outcome)
{
    (void)outcome; /* the sender has its answer */
    free_note(CONTAINER_OF(operation, struct note_operation, operation));
}

static const struct operation_kind note_kind = {
    .name = "noted rejection",
    .lane = LANE_INGEST,
    .apply = apply_note,
    .answer = answer_note,
};

/* NOLINTNEXTLINE(readability-function-size): as inlet_rejection(), whose twin it is */
void inlet_note(const struct inlet_context *inlet, const struct request *request,
                int64_t organization, int64_t inlet_id, str inlet_name,
                const struct problem *problem)
{
    struct note_operation *self = NEW(struct note_operation);
    char client[ADDRESS_TEXT_MAX];
    self->rejection = (struct rejection){
        .organization = organization,
        .at_ms = clock_now_ms(inlet->clock),
        .inlet = inlet_id,
        .inlet_name = arena_str(&self->arena, inlet_name),
        .status = problem_kind(problem->id)->status,
        .reason = str_c(problem_kind(problem->id)->slug),
        .detail = arena_str(&self->arena, problem->text),
        .client = arena_str(&self->arena, address_write(&request->client, client)),
        .request_id = arena_str(&self->arena, request->id),
        .body_length = MAX_OF(request->body_length, (int64_t)0),
    };
    self->operation = (struct operation){ .kind = &note_kind,
                                          .organization = organization,
                                          .arena = &self->arena,
                                          .bytes = sizeof(*self) + self->arena.held };
    if (committer_post(inlet->committer, &self->operation) == ADMITTED)
        return;
    log_line(inlet->log, LOG_WARN, "a rejection could not be recorded",
             LOG_TEXT("inlet", self->rejection.inlet_name),
             LOG_TEXT("reason", self->rejection.reason));
    free_note(self);
}
