/* SPDX-License-Identifier: MIT */
#include "base/limits.h"

#include "base/testing.h"

TEST(every_limit_is_sound)
{
    struct limits limits;
    limits_init(&limits);
    CHECK_INT("all of them", limit_count, sizeof(limits) / sizeof(int64_t));
    for (int i = 0; i < limit_count; i++) {
        const struct limit_kind *kind = &limit_kinds[i];
        CHECK(kind->setting, kind->least <= kind->normal && kind->normal <= kind->most);
        CHECK(kind->setting, strlen(kind->unit) > 0 && strlen(kind->help) > 0);
        for (const char *c = kind->setting; *c != '\0'; c++)
            CHECK(kind->setting, (*c >= 'a' && *c <= 'z') || *c == '-');
        for (int k = 0; k < i; k++)
            CHECK(kind->setting, strcmp(kind->setting, limit_kinds[k].setting) != 0);
        int64_t value;
        memcpy(&value, (const char *)&limits + kind->offset, sizeof(value));
        CHECK_INT(kind->setting, value, kind->normal);
    }
}

/* Those that others rely on. */
TEST(promised_values)
{
    struct limits limits;
    limits_init(&limits);
    CHECK_INT("512 KiB of an event", limits.event_body, 524288);
    CHECK_INT("depth", limits.json_depth, 64);
    CHECK_INT("hops", limits.hops, 8);
    CHECK_INT("page", limits.page, 200);
    CHECK_INT("groups of a filter", limits.filter_groups, 50);
    CHECK_INT("conditions of a group", limits.filter_conditions, 50);
}

RUN_TESTS(cmocka_unit_test(every_limit_is_sound), cmocka_unit_test(promised_values))
