/* SPDX-License-Identifier: MIT */
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
