/* SPDX-License-Identifier: MIT */
#include "base/percent.h"
#include "http/http.h"

static bool is_named(struct request *request, str key, str name)
{
    str plain;
    return str_equal(key, name) ||
           (percent_decode(&request->arena, key, true, &plain) && str_equal(plain, name));
}

bool request_query(struct request *request, str name, str *ret_value, bool *ret_bad)
{
    *ret_bad = false;
    str rest = request->query;
    while (rest.len > 0) {
        str value = str_cut(&rest, '&');
        str key = str_cut(&value, '=');
        if (!is_named(request, key, name))
            continue;
        *ret_bad = !percent_decode(&request->arena, value, true, ret_value);
        return !*ret_bad;
    }
    return false;
}

int request_query_count(struct request *request, str name)
{
    int count = 0;
    str rest = request->query;
    while (rest.len > 0) {
        str parameter = str_cut(&rest, '&');
        count += is_named(request, str_cut(&parameter, '='), name);
    }
    return count;
}
