/* SPDX-License-Identifier: MIT
 * mapping/http_header.h: what a header may be that people have their requests carry. Pure. */
#pragma once

#include "base/str.h"

/* RFC 9110 §5.6.2: letters, digits and some signs. */
bool header_name_is_valid(str name);

/* RFC 9110 §5.5; bytes beyond ASCII are taken, control characters are not. */
bool header_value_is_valid(str value);

/* White space at an end is no part of a value (RFC 9110 §5.5), and makes a request by HTTP/2
 * malformed (RFC 9113 §8.2.1). */
bool header_value_has_blank_ends(str value);

/* One that the hub, or HTTP itself, sets in every request: Host, Content-Length, those that belong
 * to the connection, Junctor's own. */
bool header_is_reserved(str name);
