/* SPDX-License-Identifier: MIT
 * api/secrets.h: the secrets that are handed out: how they are drawn, shown and stored. Any thread.
 */
#pragma once

#include "base/secret.h"
#include "store/config.h"

/* A new API key, "jnk_" and 40 letters and digits; sets row->hash and row->hint. It is shown once
 * and stored nowhere. */
MUST_USE str api_key_draw(struct api_key_row *row, struct arena *arena);

/* A new signing key; sets row->secret to it, sealed. Returns how it is shown. */
MUST_USE str webhook_secret_draw(struct endpoint_row *row, const struct seal_key *seal_key,
                                 struct arena *arena);

/* A signing key as it is shown, of 24 to 64 bytes. False: it is none. */
MUST_USE bool webhook_secret_read(str text, struct arena *arena, str *ret_key);

/* "whsec_" and the signing key in base64, as Standard Webhooks has it. */
str webhook_secret_text(str key, struct arena *arena);
