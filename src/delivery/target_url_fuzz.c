/* SPDX-License-Identifier: MIT
 * Any bytes as a webhook's URL: what the check takes can be parsed, has a host and a port, no
 * password, and an address in it is public. */
#include "delivery/egress.h"
#include "delivery/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_target(const struct target *target)
{
    assert(target->host[0] != '\0' && strpbrk(target->host, "/?#@\\ ") == NULL);
    assert(target->port > 0 && target->port < 65536);
    const struct cidr_list nothing = {};
    struct egress_refusal refusal;
    assert(target->literal.family == 0 || egress_allows(&target->literal, &nothing, &refusal));
    char *part = NULL;
    assert(curl_url_get(target->url, CURLUPART_USER, &part, 0) == CURLUE_NO_USER);
    assert(curl_url_get(target->url, CURLUPART_PASSWORD, &part, 0) == CURLUE_NO_PASSWORD);
    assert(curl_url_get(target->url, CURLUPART_FRAGMENT, &part, 0) == CURLUE_NO_FRAGMENT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {};
    const struct cidr_list nothing = {};
    str url = str_from(data, size);
    if (url_fault(url, false, &nothing, &arena).len > 0)
        return 0;
    assert(url_fault(url, true, &nothing, &arena).len == 0);
    struct target *target = target_new(url);
    assert(target != NULL);
    check_target(target);
    target_release(target);
    return 0;
}
