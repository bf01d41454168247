/* SPDX-License-Identifier: MIT */
#include "api/cookie.h"

bool cookie_find(const struct request *request, str name, str *ret_value)
{
    for (int i = 0; i < request->header_count; i++) {
        if (!str_equal_nocase(request->headers[i].name, STR("Cookie")))
            continue;
        str rest = request->headers[i].value;
        while (rest.len > 0) {
            str value = str_cut(&rest, ';');
            str key = str_trim(str_cut(&value, '='));
            if (!str_equal(key, name))
                continue;
            *ret_value = str_trim(value);
            return true;
        }
    }
    return false;
}

void cookie_set(struct request *request, str name, str value, int64_t seconds)
{
    request_add_header(request, STR("Set-Cookie"),
                       arena_format(&request->arena,
                                    "%.*s=%.*s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s",
                                    STR_ARG(name), STR_ARG(value), (long long)seconds,
                                    request->secure ? "; Secure" : ""));
}
