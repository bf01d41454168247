/* SPDX-License-Identifier: MIT
 * api/exports.h: what the files about export profiles share. */
#pragma once

#include "api/endpoints.h"
#include "mapping/crm_value.h"
#include "mapping/export_map.h"

/* A profile as it is stored, in the clear. Lives in the request's arena. */
struct export_open {
    struct export_profile profile;
    str url; /* of a postback, or of a file server (mapping/export_server.h); empty: neither */
};

MUST_USE int exports_open(struct call *call, const struct endpoint_row *row,
                          struct export_open *ret_open);
/* Sets the row's url and settings, sealed. */
void exports_seal(struct call *call, const struct export_open *open, struct endpoint_row *row);

/* Whether the value of this row of a field map is shown masked: of a header whose name says so. */
bool export_row_is_secret(const struct export_row *row);

/* Refuses to delete a campaign or product that routes name. Returns 0 or CALL_REFUSED. */
MUST_USE int exports_check_free(struct call *call, struct batch *batch, enum object_kind kind,
                                int64_t id);

/* Strings for the array of warnings that call->out is in. */
MUST_USE int exports_warn(struct call *call, const struct endpoint_row *row,
                          const struct export_open *open);

/* "file" of a delivery: which one it is a row of, and what of it there is for this order; null: it is
 * none, or none yet. Bytes are as they are sent, with their ends of lines. */
MUST_USE int export_files_write_row(struct call *call, struct sql *sql,
                                    const struct delivery *delivery);

/* A string for the array of warnings that call->out is in, when today's file of such occurrences has
 * been begun by other settings than those of `open`. */
MUST_USE int export_files_warn(struct call *call, struct sql *sql, const struct endpoint_row *row,
                               const struct export_open *open, const struct crm_source *source);

/* ── what a body says (export_body.c) ── */

/* Puts what the body gives over what is there: of `open`, and of the row all but that.
 * CALL_REFUSED: it cannot be. */
MUST_USE int export_body_take(struct call *call, struct export_open *open,
                              struct endpoint_row *row);
