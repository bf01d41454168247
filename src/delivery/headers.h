/* SPDX-License-Identifier: MIT
 * delivery/headers.h: the header lines of a request beside those of content.h: what an endpoint's
 * transport adds, its credential and headers of its own, and how they are hidden in what is kept
 * of an attempt. Pure. */
#pragma once

#include <curl/curl.h>

#include "base/arena.h"
#include "model/outlet.h"

/* libcurl's lists are plain structs; these and their lines live where the request lives. */
struct header_list {
    struct curl_slist *first;
    struct curl_slist *last;
};

void headers_add(struct header_list *list, char *line, struct arena *arena);

/* "Authorization: Basic …" (RFC 7617, the text is UTF-8) or "Authorization: Bearer …" (RFC 6750).
 * Empty: there is no credential, or it takes a token that is fetched (token.h). */
str headers_authorization(const struct credential *credential, struct arena *arena);
str headers_bearer(str token, struct arena *arena);

/* Those that the user has set, in their order, byte for byte but for white space at their ends, which
 * is refused since, and which HTTP/2 has no place for. So is that of a token. */
void headers_add_own(struct header_list *list, const struct transport *transport,
                     struct arena *arena);

/* A request's head with the values masked that are secrets of this transport, so that what is kept
 * of an attempt never has them. The head itself when there are none. */
str headers_mask(str head, const struct transport *transport, struct arena *arena);

/* What came back, with the secrets masked that were sent: some targets answer with the request.
 * Values of less than HEADERS_ECHO_LEAST bytes stay: they would be found in any text. `cut`: more
 * came than the text has, so that a secret's beginning may stand at its end; it is masked from
 * HEADERS_ECHO_CUT_LEAST bytes on. Fewer tell little, and many a text ends with them. */
#define HEADERS_ECHO_LEAST 8
#define HEADERS_ECHO_CUT_LEAST 4
str headers_mask_echo(str text, bool cut, const struct curl_slist *sent,
                      const struct transport *transport, struct arena *arena);

/* A text of the other side's with that secret masked wherever it stands, from HEADERS_ECHO_LEAST
 * bytes on. */
str headers_mask_secret(str text, str secret, struct arena *arena);
