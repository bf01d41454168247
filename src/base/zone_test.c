/* SPDX-License-Identifier: MIT */
#include "base/zone.h"

#include "base/buf.h"
#include "base/date.h"
#include "base/instant.h"
#include "base/testing.h"
#include "base/zone_file.h"
#include "base/zones.h"

static struct zone load(const char *name, struct arena *arena)
{
    struct zone zone;
    CHECK_INT(name, zone_load(ZONE_DIRECTORY, str_c(name), arena, &zone), 0);
    return zone;
}

/* As Node's Intl has them: a second before the change, and at it. */
TEST(changes_of_places)
{
    static const struct {
        const char *name;
        int64_t at;
        int before_s, after_s;
    } cases[] = {
        { "America/New_York", 1772953200, -18000, -14400 },
        { "America/New_York", 1793512800, -14400, -18000 },
        { "America/New_York", 2215062000, -18000, -14400 },
        { "America/New_York", 2235621600, -14400, -18000 },
        { "Europe/Berlin", 1774746000, 3600, 7200 },
        { "Europe/Berlin", 1792890000, 7200, 3600 },
        { "Europe/Berlin", 2216250000, 3600, 7200 },
        { "Europe/Berlin", 2234998800, 7200, 3600 },
        { "Asia/Kolkata", 1772953200, 19800, 19800 },
        { "Asia/Kolkata", 2216250000, 19800, 19800 },
        { "Australia/Lord_Howe", 1775314800, 39600, 37800 },
        { "Australia/Lord_Howe", 1791041400, 37800, 39600 },
        { "Australia/Lord_Howe", 2216818800, 39600, 37800 },
        { "Australia/Lord_Howe", 2233150200, 37800, 39600 },
        { "UTC", 1772953200, 0, 0 },
        { "Etc/UTC", 2216250000, 0, 0 },
        { "Africa/Casablanca", 1618106400, 3600, 0 },
        { "Africa/Casablanca", 1621130400, 0, 3600 },
        { "Europe/Dublin", 2216250000, 0, 3600 },
        { "Europe/Dublin", 2234998800, 3600, 0 },
        { "Pacific/Apia", 1325239200, -36000, 50400 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct zone zone = load(cases[i].name, &arena);
        CHECK_INT(cases[i].name, zone_offset(&zone, cases[i].at - 1), cases[i].before_s);
        CHECK_INT(cases[i].name, zone_offset(&zone, cases[i].at), cases[i].after_s);
    }
}

TEST(what_clocks_show)
{
    static const struct {
        const char *name;
        int64_t at;
        str text;
    } cases[] = {
        { "UTC", 0, STR_INIT("1970-01-01 00:00:00") },
        { "UTC", -1, STR_INIT("1969-12-31 23:59:59") },
        { "America/New_York", 1789676588, STR_INIT("2026-09-17 16:23:08") },
        { "America/New_York", 1793512799, STR_INIT("2026-11-01 01:59:59") },
        { "America/New_York", 1793512800, STR_INIT("2026-11-01 01:00:00") },
        { "Australia/Lord_Howe", 2233150200, STR_INIT("2040-10-07 02:30:00") },
        { "Asia/Kolkata", 1767225600, STR_INIT("2026-01-01 05:30:00") },
        { "UTC", INT64_MAX, STR_INIT("9999-12-31 23:59:59") },
        { "UTC", INT64_MIN, STR_INIT("0001-01-01 00:00:00") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        char text[ZONE_TEXT_LEN];
        struct zone zone = load(cases[i].name, &arena);
        CHECK_STR(cases[i].name, zone_write(&zone, cases[i].at, text), cases[i].text);
    }
}

TEST(days)
{
    static const struct {
        const char *name;
        int year, month, day;
        int64_t begin;
        int64_t seconds;
    } cases[] = {
        { "UTC", 2026, 11, 21, 1795219200, 86400 },
        { "America/New_York", 2026, 3, 8, 1772946000, 23 * 3600 },
        { "America/New_York", 2026, 11, 1, 1793505600, 25 * 3600 },
        { "America/New_York", 2040, 11, 4, 2235614400, 25 * 3600 },
        { "America/New_York", 2026, 7, 4, 1783137600, 24 * 3600 },
        { "Europe/Berlin", 2026, 3, 29, 1774738800, 23 * 3600 },
        { "Europe/Berlin", 2040, 10, 28, 2234988000, 25 * 3600 },
        { "Australia/Lord_Howe", 2026, 4, 5, 1775307600, 24 * 3600 + 1800 },
        { "Australia/Lord_Howe", 2026, 10, 4, 1791034200, 24 * 3600 - 1800 },
        { "Asia/Kolkata", 2026, 3, 29, 1774722600, 24 * 3600 },
        /* Its midnight was left out, and came twice. */
        { "America/Sao_Paulo", 2018, 11, 4, 1541300400, 23 * 3600 },
        { "America/Sao_Paulo", 2019, 2, 16, 1550282400, 25 * 3600 },
        /* There was no such day. */
        { "Pacific/Apia", 2011, 12, 30, 1325239200, 0 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct zone zone = load(cases[i].name, &arena);
        int64_t day = date_to_days(cases[i].year, cases[i].month, cases[i].day);
        int64_t begin = zone_day_begin(&zone, day);
        CHECK_INT(cases[i].name, begin, cases[i].begin);
        CHECK_INT(cases[i].name, zone_day_begin(&zone, day + 1) - begin, cases[i].seconds);
        CHECK(cases[i].name, zone_day(&zone, begin - 1) < day);
        CHECK(cases[i].name, zone_day(&zone, begin) >= day);
    }
}

TEST(rules)
{
    static const struct {
        const char *text;
        int64_t at;
        int offset_s;
    } cases[] = {
        { "UTC0", 0, 0 },
        { "<-0330>3:30:15", 0, -12615 },
        { "<+14>-14", 0, 50400 },
        { "EST5EDT,M3.2.0,M11.1.0", 2215061999, -18000 },
        { "EST5EDT,M3.2.0,M11.1.0", 2215062000, -14400 },
        { "IST-1GMT0,M10.5.0,M3.5.0/1", 2216249999, 0 },
        { "IST-1GMT0,M10.5.0,M3.5.0/1", 2216250000, 3600 },
        { "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 2216249999, -7200 },
        { "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 2216250000, -3600 },
        /* All of the year is daylight saving time. */
        { "XXX3EDT4,0/0,J365/23", 1798772399, -14400 },
        { "XXX3EDT4,0/0,J365/23", 1798772400, -14400 },
        { "XXX3EDT4,0/0,J365/23", 1798776000, -14400 },
        /* 29 February counts in the one, and not in the other. */
        { "AAA0BBB,59/0,J300", 1835481600 - 86400, 3600 },
        { "AAA0BBB,J60/0,J300", 1835481600 - 1, 0 },
        { "AAA0BBB,J60/0,J300", 1835481600, 3600 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct zone zone = { .has_rule = true };
        CHECK(cases[i].text, zone_rule_read(str_c(cases[i].text), &zone.rule));
        CHECK_INT(cases[i].text, zone_offset(&zone, cases[i].at), cases[i].offset_s);
    }
}

TEST(what_is_no_rule)
{
    static const char *const cases[] = {
        "",
        "UTC",
        "AB0",
        "<AB>0",
        "<ABC0",
        "UTC25",
        "UTC0:60",
        "UTC0:0:60",
        "EST5EDT",
        "EST5EDT,M3.2.0",
        "EST5EDT,M13.2.0,M11.1.0",
        "EST5EDT,M3.6.0,M11.1.0",
        "EST5EDT,M3.0.0,M11.1.0",
        "EST5EDT,M3.2.7,M11.1.0",
        "EST5EDT,J0,J365",
        "EST5EDT,0,366",
        "EST5EDT,0,365/168",
        "EST5EDT,0,1,2",
        "EST5EDT,0000,1",
        "UTC0 ",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK(cases[i], !zone_rule_read(str_c(cases[i]), &(struct zone_rule){}));
}

TEST(names)
{
    static const struct {
        const char *name;
        bool good;
    } cases[] = {
        { "UTC", true },
        { "America/Argentina/Buenos_Aires", true },
        { "Etc/GMT+5", true },
        { "Etc/GMT-14", true },
        { "", false },
        { "/etc/passwd", false },
        { "../UTC", false },
        { "Europe/../UTC", false },
        { "Europe//Berlin", false },
        { "Europe/", false },
        { "zone.tab", false },
        { "Europe/Berlin\n", false },
        { "01234567890123456789012345678901234567890123456789012345678901234", false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK(cases[i].name, zone_name_is_valid(str_c(cases[i].name)) == cases[i].good);
}

TEST(files_there_are_not)
{
    static const char *const cases[] = {
        "America", "Europe/Atlantis", "europe/berlin/x", "leapseconds", "../UTC", "UTC/x",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct zone zone;
        CHECK_INT(cases[i], zone_load(ZONE_DIRECTORY, str_c(cases[i]), &arena, &zone),
                  ZONE_UNKNOWN);
        CHECK_INT("UTC needs none", zone_load("/nowhere", STR("UTC"), &arena, &zone), 0);
    }
}

/* ── files that are not right ── */

static void put_32(struct buf *buf, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_char(buf, (char)(value >> shift));
}

struct parts {
    char version;
    uint32_t leaps, changes, types;
    uint32_t second; /* the low half of the second change */
    char index;
    uint32_t offset_s;
    const char *footer;
};

static void put_header(struct buf *buf, const struct parts *parts, bool empty)
{
    buf_add(buf, STR("TZif"));
    buf_char(buf, parts->version);
    for (int i = 0; i < 15; i++)
        buf_char(buf, '\0');
    put_32(buf, 0);
    put_32(buf, 0);
    put_32(buf, empty ? 0 : parts->leaps);
    put_32(buf, empty ? 0 : parts->changes);
    put_32(buf, empty ? 0 : parts->types);
    put_32(buf, 0);
}

static str make_file(const struct parts *parts, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, 4096);
    put_header(&buf, parts, true);
    put_header(&buf, parts, false);
    for (uint32_t i = 0; i < parts->changes; i++) {
        put_32(&buf, 0);
        put_32(&buf, i == 0 ? 1000 : parts->second);
    }
    for (uint32_t i = 0; i < parts->changes; i++)
        buf_char(&buf, i == 0 ? '\0' : parts->index);
    for (uint32_t i = 0; i < parts->types; i++) {
        put_32(&buf, i == 0 ? 3600 : parts->offset_s);
        buf_char(&buf, '\0');
        buf_char(&buf, '\0');
    }
    for (uint32_t i = 0; i < parts->leaps; i++)
        for (int k = 0; k < 3; k++)
            put_32(&buf, 0);
    buf_add(&buf, str_c(parts->footer));
    return buf_str(&buf);
}

#define GOOD                                                                                       \
    .version = '2', .changes = 2, .types = 2, .second = 2000, .index = 1, .offset_s = 7200,        \
    .footer = "\nAAA-3\n"

/* A later initializer of a member replaces the one of GOOD. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"

TEST(files)
{
    static const struct {
        const char *label;
        struct parts parts;
        bool good;
    } cases[] = {
        { "as it should be", { GOOD }, true },
        { "version 3", { GOOD, .version = '3' }, true },
        { "no rule", { GOOD, .footer = "\n\n" }, true },
        { "no changes", { GOOD, .changes = 0 }, true },
        { "version 1", { GOOD, .version = '\0' }, false },
        { "leap seconds", { GOOD, .leaps = 1 }, false },
        { "no types", { GOOD, .changes = 0, .types = 0 }, false },
        { "a type there is not", { GOOD, .index = 2 }, false },
        { "not rising", { GOOD, .second = 1000 }, false },
        { "an offset of days", { GOOD, .offset_s = 100000 }, false },
        { "no footer", { GOOD, .footer = "" }, false },
        { "half a footer", { GOOD, .footer = "\nAAA-3" }, false },
        { "a footer that is none", { GOOD, .footer = "\nAAA\n" }, false },
        { "more behind it", { GOOD, .footer = "\nAAA-3\n\n" }, false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct zone zone;
        str file = make_file(&cases[i].parts, &arena);
        CHECK(cases[i].label, zone_read(file, &arena, &zone) == cases[i].good);
    }
}

#pragma GCC diagnostic pop

TEST(cut_files)
{
    CLEANUP(arena_done) struct arena arena = {};
    const struct parts parts = { GOOD };
    str file = make_file(&parts, &arena);
    struct zone zone;
    for (size_t len = 0; len < file.len; len++)
        CHECK("cut", !zone_read(str_head(file, len), &arena, &zone));
    CHECK("whole", zone_read(file, &arena, &zone));
    CHECK_INT("before", zone_offset(&zone, 0), 3600);
    CHECK_INT("first", zone_offset(&zone, 1999), 3600);
    CHECK_INT("by the rule", zone_offset(&zone, 2000), 10800);
}

TEST(moments_of_clocks)
{
    static const struct {
        const char *label;
        const char *name;
        str local; /* as if it were UTC */
        int64_t at;
    } cases[] = {
        { "in summer", "America/New_York", STR_INIT("2026-09-17T16:23:08Z"), 1789676588 },
        { "the first of the two", "America/New_York", STR_INIT("2026-11-01T01:30:00Z"),
          1793511000 },
        { "behind both", "America/New_York", STR_INIT("2026-11-01T02:00:00Z"), 1793516400 },
        { "before the gap", "America/New_York", STR_INIT("2026-03-08T01:59:59Z"), 1772953199 },
        { "left out: the change", "America/New_York", STR_INIT("2026-03-08T02:30:00Z"),
          1772953200 },
        { "behind the gap", "America/New_York", STR_INIT("2026-03-08T03:00:00Z"), 1772953200 },
        { "by the rule", "America/New_York", STR_INIT("2040-07-01T00:00:00Z"), 2224728000 },
        { "UTC", "UTC", STR_INIT("1969-12-31T23:59:59Z"), -1 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct zone zone = load(cases[i].name, &arena);
        int64_t local_ms = 0;
        CHECK(cases[i].label, instant_read(cases[i].local, &local_ms));
        CHECK_INT(cases[i].label, zone_moment(&zone, local_ms / 1000), cases[i].at);
    }
}

TEST(zones_are_read_once)
{
    struct zones *zones = zones_new(ZONE_DIRECTORY);
    const struct zone *berlin = zones_find(zones, STR("Europe/Berlin"));
    CHECK("found", berlin != NULL);
    CHECK_INT("read", zone_offset(berlin, 1774746000), 7200);
    CHECK("others", zones_find(zones, STR("Asia/Kolkata")) != berlin);
    CHECK("the same", zones_find(zones, STR("Europe/Berlin")) == berlin);
    CHECK("none", zones_find(zones, STR("Europe/Atlantis")) == NULL);
    CHECK("none", zones_find(zones, STR("")) == NULL);
    zones_free(zones);
    zones_free(NULL);
}

TEST(zones_without_files)
{
    struct zones *zones = zones_new("/nowhere");
    const struct zone *zone = zones_find(zones, STR(ZONE_DEFAULT));
    CHECK("known by its rule", zone != NULL);
    CHECK_INT("summer", zone_offset(zone, 1789676588), -4 * 3600);
    CHECK_INT("winter", zone_offset(zone, 1793512800), -5 * 3600);
    CHECK("UTC", zones_find(zones, STR("UTC")) != NULL);
    CHECK("none", zones_find(zones, STR("Europe/Berlin")) == NULL);
    zones_free(zones);
}

RUN_TESTS(cmocka_unit_test(moments_of_clocks), cmocka_unit_test(zones_are_read_once),
          cmocka_unit_test(zones_without_files), cmocka_unit_test(changes_of_places),
          cmocka_unit_test(what_clocks_show), cmocka_unit_test(days), cmocka_unit_test(rules),
          cmocka_unit_test(what_is_no_rule), cmocka_unit_test(names),
          cmocka_unit_test(files_there_are_not), cmocka_unit_test(files),
          cmocka_unit_test(cut_files))
