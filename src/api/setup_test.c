/* SPDX-License-Identifier: MIT */
#include "api/setup.h"
#include "base/zone_file.h"
#include "base/zones.h"

#include <stdio.h>

#include "account/picture.h"
#include "store/access.h"
#include "store/testing.h"

struct stage {
    struct clock clock;
    struct limits limits;
    struct seal_key seal_key;
    struct setup setup;
};

static void stage_init(struct stage *stage, struct scene *scene)
{
    *stage = (struct stage){ .seal_key = { .bytes = { 7 } } };
    clock_init(&stage->clock, true, scene->now_ms);
    limits_init(&stage->limits);
    stage->setup = (struct setup){ .writer = scene->writer,
                                   .ids = &scene->ids,
                                   .clock = &stage->clock,
                                   .seal_key = &stage->seal_key,
                                   .limits = &stage->limits };
}

static const struct setup_request request = {
    .organization = STR_INIT("Acme"),
    .email = STR_INIT(" Ada@Example.com "),
    .password = STR_INIT("correct horse"),
};

static void makes_an_organization(void **state)
{
    struct scene *scene = *state;
    struct stage stage;
    stage_init(&stage, scene);
    struct setup_result result;
    struct problem problem = {};
    assert_int_equal(setup_organization(&stage.setup, &request, &scene->arena, &result, &problem),
                     0);
    assert_true(uuid_is_valid(result.organization_id));
    assert_true(str_starts(result.api_key, STR("jnk_")));

    struct sql *sql = store_reader_sql(scene->reader);
    struct user_row user;
    int64_t organization = 0;
    struct digest hash = digest_sha256(result.api_key);
    assert_int_equal(picture_find_by_key(sql, &hash, &organization), 0);
    assert_int_equal(organization, result.organization);
    assert_int_equal(store_find_user_by_email(sql, STR("ada@example.com"), &scene->arena, &user),
                     0);
    struct member_row member;
    assert_int_equal(store_find_member(sql, organization, user.id, &scene->arena, &member), 0);
    assert_true(str_equal(member.email, STR("Ada@Example.com")));
    assert_true(password_matches(STR("correct horse"), user.password));

    /* Another one, of the same person, who keeps the password. */
    struct setup_request second = request;
    second.password = STR("another password");
    struct setup_result other;
    assert_int_equal(setup_organization(&stage.setup, &second, &scene->arena, &other, &problem), 0);
    assert_int_equal(other.organization, result.organization + 1);
    assert_true(str_equal(other.user_id, result.user_id));
}

static void refuses_what_is_wrong(void **state)
{
    static const struct {
        struct setup_request request;
        const char *field;
    } cases[] = {
        { { STR_INIT(" "), STR_INIT("a@b.example"), STR_INIT("0123456789"), {} }, "organization" },
        { { STR_INIT("A"), STR_INIT("nobody"), STR_INIT("0123456789"), {} }, "email" },
        { { STR_INIT("A"), STR_INIT("a@b.example"), STR_INIT("short"), {} }, "password" },
    };
    struct scene *scene = *state;
    struct stage stage;
    stage_init(&stage, scene);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct setup_result result;
        struct problem problem = {};
        assert_int_equal(
            setup_organization(&stage.setup, &cases[i].request, &scene->arena, &result, &problem),
            SETUP_REFUSED);
        assert_true(str_equal(problem.errors->field, str_c(cases[i].field)));
    }
    assert_int_equal(scene_number(scene, "SELECT COUNT(*) FROM organizations"), 0);
}

static void makes_the_example(void **state)
{
    struct scene *scene = *state;
    struct stage stage;
    stage_init(&stage, scene);
    struct setup_result result;
    struct setup_example example;
    struct problem problem = {};
    str url = STR("http://127.0.0.1:9/");
    assert_int_equal(setup_organization(&stage.setup, &request, &scene->arena, &result, &problem),
                     0);
    assert_int_equal(setup_example(&stage.setup, result.organization, url, &scene->arena, &example),
                     0);
    assert_true(str_starts(example.webhook_secret, STR("whsec_")));

    struct zones *zones = zones_new(ZONE_DIRECTORY);
    const struct picture_source source = { store_reader_sql(scene->reader), &stage.seal_key,
                                           &stage.limits, zones };
    struct picture *picture = NULL;
    assert_int_equal(picture_read(&source, result.organization, &picture), 0);
    assert_non_null(map_find(&picture->by_alias, STR("hello")));
    assert_int_equal(picture->endpoints.count, 1);
    object_release(picture);
    zones_free(zones);

    assert_int_equal(setup_example(&stage.setup, result.organization, url, &scene->arena, &example),
                     SETUP_REFUSED);
    assert_int_equal(scene_number(scene, "SELECT COUNT(*) FROM endpoints"), 1);
    str key;
    assert_int_equal(
        setup_api_key(&stage.setup, result.organization, STR("new"), &scene->arena, &key), 0);
    assert_int_equal(setup_api_key(&stage.setup, 77, STR("new"), &scene->arena, &key),
                     STORE_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(makes_an_organization),
        SCENE_TEST(refuses_what_is_wrong),
        SCENE_TEST(makes_the_example),
    };
    return RUN_SUITE("setup", tests);
}
