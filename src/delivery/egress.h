/* SPDX-License-Identifier: MIT
 * delivery/egress.h: which addresses deliveries may be sent to. Public ones; of the others those
 * that --allow-egress opens. Pure. */
#pragma once

#include "base/address.h"

/* Why an address is refused. The texts live forever. */
struct egress_refusal {
    struct address address; /* as it was asked about */
    str kind;               /* "loopback", "private", … */
    str range;              /* the range that holds it: what --allow-egress would open */
    bool embedded;          /* `range` holds not the address but the IPv4 address inside it */
};

/* An IPv4 address that an IPv6 one carries (mapped, compatible, NAT64, 6to4) is judged as well:
 * both must be allowed. An address of no family is refused. */
MUST_USE bool egress_allows(const struct address *address, const struct cidr_list *allow,
                            struct egress_refusal *reterr);

/* "127.0.0.1 is loopback (127.0.0.0/8); start the hub with --allow-egress 127.0.0.0/8 to allow
 * it" */
str egress_explain(const struct egress_refusal *refusal, struct arena *arena);
