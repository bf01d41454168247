/* SPDX-License-Identifier: MIT
 * api/cookie.h: the session's cookie (RFC 6265). */
#pragma once

#include "http/http.h"

#define SESSION_COOKIE STR("junctor_session")

/* The first cookie of that name in all Cookie headers. */
MUST_USE bool cookie_find(const struct request *request, str name, str *ret_value);

/* Adds Set-Cookie: for this site only, unseen by scripts; an empty value ends it. */
void cookie_set(struct request *request, str name, str value, int64_t seconds);
