/* SPDX-License-Identifier: MIT
 * inlet/internal.h: what the inlets share. */
#pragma once

#include "inlet/inlet.h"

/* What the headers say of an event. */
struct inlet_headers {
    str content_type; /* without its parameters; empty: none */
    int hops;         /* of Junctor-Hops; 0 without one */
};

/* Whether the headers can be taken at their word: those that must be there once at most, the body's
 * encodings, and how far the event has come. False: the problem says what to change. */
MUST_USE bool inlet_read_headers(const struct inlet_context *inlet, struct request *request,
                                 struct inlet_headers *ret_headers, struct problem *reterr);

/* "application/json", "application/vnd.x+json"; `type` is without parameters. */
bool inlet_is_json(str type);

/* The request's body as JSON. False: the problem says why not. */
MUST_USE bool inlet_read_json(const struct inlet_context *inlet, struct request *request,
                              json *ret_body, struct problem *reterr);

/* Answers what could not be committed, or not even queued. */
void inlet_answer_failed(struct request *request);
void inlet_answer_refused(const struct inlet_context *inlet, struct request *request,
                          enum admission admission);
