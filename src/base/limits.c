/* SPDX-License-Identifier: MIT */
#include "base/limits.h"

#include <stddef.h>

#include "base/attr.h"

const struct limit_kind limit_kinds[] = {
#define LIMIT_ROW(member, setting, normal, least, most, unit, help)                                \
    { setting, normal, least, most, unit, help, (uint32_t)offsetof(struct limits, member) },
    LIMITS(LIMIT_ROW)
#undef LIMIT_ROW
};

const int limit_count = COUNT_OF(limit_kinds);

void limits_init(struct limits *limits)
{
    *limits = (struct limits){
#define LIMIT_NORMAL(member, setting, normal, least, most, unit, help) .member = (normal),
        LIMITS(LIMIT_NORMAL)
#undef LIMIT_NORMAL
    };
}
