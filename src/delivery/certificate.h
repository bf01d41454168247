/* SPDX-License-Identifier: MIT
 * delivery/certificate.h: certificates as they are pasted into a form (PEM, RFC 7468): what they
 * are, and whether they can be used, told when they are saved and not at the first delivery. */
#pragma once

#include "base/arena.h"

struct certificate_facts {
    str subject; /* RFC 4514, as OpenSSL writes it */
    int64_t expires_ms;
};

/* Certificates and nothing else, one or more: what is wrong, in words, or empty. */
MUST_USE str certificates_fault(str certificates);

/* A certificate, those of its chain behind it, and its key: what is wrong, in words, or empty. */
MUST_USE str certificate_fault(str certificate, str private_key);

/* Of the first one. False: there is none. */
MUST_USE bool certificate_read(str certificate, struct arena *arena,
                               struct certificate_facts *ret_facts);
