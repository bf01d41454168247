/* SPDX-License-Identifier: MIT
 * api/rotation.h: new signing secrets of endpoints, and the ones before, which go on signing beside
 * them until their time has passed. For the files of this folder. */
#pragma once

#include "api/call.h"

/* Of the ones before, beside the one that is there. */
#define OLD_SECRETS_MAX 5

/* As the member `oldSecrets` of the object that call->out is in: until when each still signs. */
MUST_USE int rotation_write(struct call *call, const struct endpoint_row *row);

/* Takes those out of the row whose time has passed. */
MUST_USE int rotation_forget_ended(struct call *call, struct endpoint_row *row, int64_t now_ms);
