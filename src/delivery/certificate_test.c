/* SPDX-License-Identifier: MIT */
#include "delivery/certificate.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/testing.h"
#include "delivery/testing.h"

static str read_file(const char *name, struct arena *arena)
{
    char *bytes = arena_bytes(arena, 65536);
    FILE *file = fopen(name, "re");
    assert_non_null(file);
    size_t length = fread(bytes, 1, 65536, file);
    (void)fclose(file);
    return str_from(bytes, length);
}

struct scene {
    struct certificates files;
    struct arena arena;
    str good, expired, key;
};

static int set_up(void **state)
{
    struct scene *scene = NEW(struct scene);
    certificates_make(&scene->files);
    scene->good = read_file(scene->files.good, &scene->arena);
    scene->expired = read_file(scene->files.expired, &scene->arena);
    scene->key = read_file(scene->files.key, &scene->arena);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    certificates_remove(&scene->files);
    arena_done(&scene->arena);
    free(scene);
    return 0;
}

static bool says(str fault, const char *part)
{
    return memmem(fault.ptr, fault.len, part, strlen(part)) != NULL;
}

TEST(client_certificates)
{
    struct scene *scene = *state;
    struct arena *arena = &scene->arena;
    static const char other_key[] =
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
        "-----END PRIVATE KEY-----\n"; /* RFC 8410 §10.3 */
    str with_key = arena_format(arena, "%.*s%.*s", STR_ARG(scene->good), STR_ARG(scene->key));
    str chain = arena_format(arena, "%.*s%.*s", STR_ARG(scene->good), STR_ARG(scene->expired));
    str cut = str_head(chain, chain.len - 60);
    CHECK_INT("good", certificate_fault(scene->good, scene->key).len, 0);
    CHECK_INT("with a chain", certificate_fault(chain, scene->key).len, 0);
    CHECK("no key", says(certificate_fault(scene->good, (str){}), "private key too"));
    CHECK("another's key", says(certificate_fault(scene->good, STR(other_key)), "not that of"));
    CHECK("no certificate", says(certificate_fault(scene->key, scene->key), "Something else"));
    CHECK("with its key", says(certificate_fault(with_key, scene->key), "Something else"));
    CHECK("a chain that is cut", says(certificate_fault(cut, scene->key), "cannot be read"));
    CHECK("expired", says(certificate_fault(scene->expired, scene->key), "expired"));
    CHECK("cut", says(certificate_fault(str_head(scene->good, scene->good.len / 2), scene->key),
                      "cut or changed"));
    CHECK("none", says(certificate_fault(STR("hello"), scene->key), "no certificate"));
}

TEST(facts)
{
    struct scene *scene = *state;
    struct certificate_facts facts;
    CHECK("read", certificate_read(scene->good, &scene->arena, &facts));
    CHECK("subject", says(facts.subject, "CN="));
    CHECK("expires", facts.expires_ms > 1700000000000);
    CHECK("none", !certificate_read(STR("x"), &scene->arena, &facts));
}

TEST(authorities)
{
    struct scene *scene = *state;
    str two =
        arena_format(&scene->arena, "%.*s%.*s", STR_ARG(scene->good), STR_ARG(scene->expired));
    str with_key =
        arena_format(&scene->arena, "%.*s%.*s", STR_ARG(scene->good), STR_ARG(scene->key));
    CHECK_INT("one", certificates_fault(scene->good).len, 0);
    CHECK_INT("two", certificates_fault(two).len, 0);
    str glued = arena_format(&scene->arena, "%.*s%.*s", (int)str_trim(scene->good).len,
                             scene->good.ptr, STR_ARG(scene->good));
    str indented = arena_format(&scene->arena, "%.*s  -----BEGIN PRIVATE KEY-----\n  MC4C\n",
                                STR_ARG(scene->good));
    CHECK("with a key", says(certificates_fault(with_key), "private key"));
    CHECK("a key that is no block", says(certificates_fault(indented), "private key"));
    CHECK("glued together", says(certificates_fault(glued), "cut or changed"));
    CHECK("none", says(certificates_fault(STR("hello")), "no certificate"));
    CHECK("cut", says(certificates_fault(str_head(two, two.len - 60)), "cannot be read"));
}

RUN_TESTS(cmocka_unit_test_setup_teardown(client_certificates, set_up, tear_down),
          cmocka_unit_test_setup_teardown(facts, set_up, tear_down),
          cmocka_unit_test_setup_teardown(authorities, set_up, tear_down))
