/* SPDX-License-Identifier: MIT */
#include "account/directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* Writes the uuid of an organization: UUID_TEXT_LEN bytes and a NUL. */
static void write_uuid(int64_t organization, char *uuid)
{
    (void)snprintf(uuid, UUID_TEXT_LEN + 1, "00000000-0000-4000-8000-%012d", (int)organization);
}

/* An organization of that version with keys whose secrets are the numbers from `first_key` on. */
static struct picture *new_picture(int64_t organization, int64_t version, int first_key, int keys)
{
    struct picture *picture = picture_new(organization);
    picture->version = version;
    char uuid[UUID_TEXT_LEN + 1];
    write_uuid(organization, uuid);
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

static const struct picture *find(struct directory *directory, int64_t organization)
{
    char uuid[UUID_TEXT_LEN + 1];
    write_uuid(organization, uuid);
    return directory_find_by_uuid(directory, str_from(uuid, UUID_TEXT_LEN));
}

static const struct picture *find_key(struct directory *directory, int secret)
{
    struct digest hash = digest_sha256(str_from(&secret, sizeof(secret)));
    const struct picture *picture = NULL;
    const struct api_key *key = directory_find_key(directory, &hash, &picture);
    if (key != NULL)
        assert_memory_equal(key->hash.bytes, hash.bytes, DIGEST_SIZE);
    return picture;
}

/* With a plugin of that login. */
static struct picture *with_login(struct picture *picture, const char *login)
{
    struct plugin *plugin = object_new(sizeof(*plugin));
    plugin->object.id = 500 + picture->object.id;
    plugin->client_login = arena_str(&plugin->object.arena, str_c(login));
    picture_put(picture, OBJECT_PLUGIN, plugin);
    return picture;
}

/* The organization whose plugin has it; 0: none. */
static int64_t find_login(struct directory *directory, const char *login)
{
    const struct picture *picture = NULL;
    const struct plugin *plugin = directory_find_login(directory, str_c(login), &picture);
    if (plugin == NULL)
        return 0;
    assert_int_equal(plugin->object.id, 500 + picture->object.id);
    return picture->object.id;
}

static void finds_logins(void **state)
{
    (void)state;
    struct directory *directory = directory_new(2);
    directory_put(directory, with_login(new_picture(1, 1, 1, 0), "one"));
    directory_put(directory, with_login(new_picture(2, 1, 2, 0), ""));
    assert_int_equal(find_login(directory, "one"), 1);
    assert_int_equal(find_login(directory, "two"), 0);
    assert_int_equal(find_login(directory, ""), 0);
    directory_put(directory, with_login(new_picture(1, 2, 1, 0), "two"));
    assert_int_equal(find_login(directory, "one"), 0);
    assert_int_equal(find_login(directory, "two"), 1);
    /* It goes from one organization to another, whose picture comes first. */
    directory_put(directory, with_login(new_picture(2, 2, 2, 0), "two"));
    assert_int_equal(find_login(directory, "two"), 2);
    directory_put(directory, with_login(new_picture(1, 3, 1, 0), ""));
    assert_int_equal(find_login(directory, "two"), 2);
    directory_put(directory, new_picture(3, 1, 3, 0)); /* the least used goes */
    directory_put(directory, new_picture(4, 1, 4, 0));
    assert_int_equal(find_login(directory, "two"), 0);
    directory_free(directory);
}

static void finds_by_every_name(void **state)
{
    (void)state;
    struct directory *directory = directory_new(10);
    directory_put(directory, new_picture(1, 1, 1, 2));
    directory_put(directory, new_picture(2, 1, 10, 1));
    assert_int_equal(find(directory, 1)->object.id, 1);
    assert_int_equal(find(directory, 2)->object.id, 2);
    assert_int_equal(find_key(directory, 2)->object.id, 1);
    assert_int_equal(find_key(directory, 10)->object.id, 2);
    assert_null(find_key(directory, 3));
    assert_null(find(directory, 3));
    directory_free(directory);
}

static void keeps_the_newer_version(void **state)
{
    (void)state;
    struct directory *directory = directory_new(10);
    directory_put(directory, new_picture(1, 5, 1, 1));
    directory_put(directory, new_picture(1, 4, 2, 1));
    assert_int_equal(find(directory, 1)->version, 5);
    assert_non_null(find_key(directory, 1));
    assert_null(find_key(directory, 2));
    directory_put(directory, new_picture(1, 5, 3, 1));
    assert_null(find_key(directory, 3));
    directory_put(directory, new_picture(1, 6, 2, 1));
    assert_int_equal(find(directory, 1)->version, 6);
    assert_null(find_key(directory, 1)); /* revoked */
    assert_non_null(find_key(directory, 2));
    directory_free(directory);
}

static void drops_the_longest_unused(void **state)
{
    (void)state;
    struct directory *directory = directory_new(3);
    for (int i = 1; i <= 3; i++)
        directory_put(directory, new_picture(i, 1, i * 10, 1));
    assert_non_null(find(directory, 1));
    directory_put(directory, new_picture(4, 1, 40, 1));
    assert_null(find(directory, 2));
    assert_null(find_key(directory, 20));
    assert_non_null(find(directory, 1));
    assert_non_null(find(directory, 3));
    assert_non_null(find_key(directory, 40));
    directory_put(directory, new_picture(3, 2, 30, 1)); /* another version takes no place */
    for (int i = 1; i <= 4; i++)
        assert_true((find(directory, i) == NULL) == (i == 2));
    directory_free(directory);
}

static void survives_many(void **state)
{
    (void)state;
    struct directory *directory = directory_new(50);
    for (int i = 1; i <= 2000; i++) {
        directory_put(directory, new_picture(1 + i % 97, i, i * 3, i % 4));
        (void)find(directory, 1 + (i * 7) % 97);
    }
    int count = 0;
    for (int i = 1; i <= 97; i++)
        count += find(directory, i) != NULL;
    assert_int_equal(count, 50);
    directory_free(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_logins),
        cmocka_unit_test(finds_by_every_name),
        cmocka_unit_test(keeps_the_newer_version),
        cmocka_unit_test(drops_the_longest_unused),
        cmocka_unit_test(survives_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
