/* SPDX-License-Identifier: MIT */
#include "account/directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* An organization of that version with keys whose secrets are the numbers from `first_key` on. */
static struct picture *new_picture(int64_t organization, int64_t version, int first_key, int keys)
{
    struct picture *picture = picture_new(organization);
    picture->version = version;
    char uuid[UUID_TEXT_LEN + 1];
    (void)snprintf(uuid, sizeof(uuid), "00000000-0000-4000-8000-%012d", (int)organization);
    memcpy(picture->uuid, uuid, UUID_TEXT_LEN);
    for (int i = 0; i < keys; i++) {
        struct api_key *key = object_new(sizeof(*key));
        int secret = first_key + i;
        key->object.id = 100 + secret;
        key->hash = digest_sha256(str_from(&secret, sizeof(secret)));
        picture_put(picture, OBJECT_API_KEY, key);
    }
    picture_finish(picture);
    return picture;
}

static const struct picture *find_key(struct directory *directory, int secret)
{
    struct digest hash = digest_sha256(str_from(&secret, sizeof(secret)));
    const struct picture *picture = NULL;
    const struct api_key *key = directory_find_key(directory, &hash, &picture);
    if (key != NULL)
        assert_true(digest_equal(&key->hash, &hash));
    return picture;
}

static void finds_by_every_name(void **state)
{
    (void)state;
    struct directory *directory = directory_new(10);
    directory_put(directory, new_picture(1, 1, 1, 2));
    directory_put(directory, new_picture(2, 1, 10, 1));
    assert_int_equal(directory_find(directory, 1)->object.id, 1);
    assert_int_equal(
        directory_find_by_uuid(directory, STR("00000000-0000-4000-8000-000000000002"))->object.id,
        2);
    assert_int_equal(find_key(directory, 2)->object.id, 1);
    assert_int_equal(find_key(directory, 10)->object.id, 2);
    assert_null(find_key(directory, 3));
    assert_null(directory_find(directory, 3));
    directory_free(directory);
}

static void keeps_the_newer_version(void **state)
{
    (void)state;
    struct directory *directory = directory_new(10);
    directory_put(directory, new_picture(1, 5, 1, 1));
    directory_put(directory, new_picture(1, 4, 2, 1));
    assert_int_equal(directory_find(directory, 1)->version, 5);
    assert_non_null(find_key(directory, 1));
    assert_null(find_key(directory, 2));
    directory_put(directory, new_picture(1, 5, 3, 1));
    assert_null(find_key(directory, 3));
    directory_put(directory, new_picture(1, 6, 2, 1));
    assert_int_equal(directory_find(directory, 1)->version, 6);
    assert_null(find_key(directory, 1)); /* revoked */
    assert_non_null(find_key(directory, 2));
    assert_int_equal(directory_count(directory), 1);
    directory_free(directory);
}

static void drops_the_longest_unused(void **state)
{
    (void)state;
    struct directory *directory = directory_new(3);
    for (int i = 1; i <= 3; i++)
        directory_put(directory, new_picture(i, 1, i * 10, 1));
    assert_non_null(directory_find(directory, 1));
    directory_put(directory, new_picture(4, 1, 40, 1));
    assert_int_equal(directory_count(directory), 3);
    assert_null(directory_find(directory, 2));
    assert_null(find_key(directory, 20));
    assert_non_null(directory_find(directory, 1));
    assert_non_null(directory_find(directory, 3));
    assert_non_null(find_key(directory, 40));
    directory_put(directory, new_picture(3, 2, 30, 1));
    assert_int_equal(directory_count(directory), 3);
    directory_free(directory);
}

static void survives_many(void **state)
{
    (void)state;
    struct directory *directory = directory_new(50);
    for (int i = 1; i <= 2000; i++) {
        directory_put(directory, new_picture(1 + i % 97, i, i * 3, i % 4));
        (void)directory_find(directory, 1 + (i * 7) % 97);
    }
    assert_int_equal(directory_count(directory), 50);
    directory_free(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_every_name),
        cmocka_unit_test(keeps_the_newer_version),
        cmocka_unit_test(drops_the_longest_unused),
        cmocka_unit_test(survives_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
