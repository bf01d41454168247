/* SPDX-License-Identifier: MIT */
#include "base/test_certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/testing.h"

static void add_extension(X509 *certificate, X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    CHECK(value, extension != NULL);
    CHECK_INT(value, X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

struct wish {
    const char *name;
    const char *names; /* subjectAltName; NULL: an authority */
    long days;         /* valid until, from now */
    long from_days;    /* valid from, from now; 0: 30 days ago */
};

/* `issuer` NULL: signed by itself. */
static X509 *make(const struct wish *wish, X509 *issuer, EVP_PKEY *key, long serial)
{
    X509 *certificate = X509_new();
    (void)X509_set_version(certificate, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate),
                          (wish->from_days == 0 ? -30L : wish->from_days) * 86400);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), wish->days * 86400);
    (void)X509_set_pubkey(certificate, key);
    X509_NAME *name = X509_get_subject_name(certificate);
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)wish->name,
                                     -1, -1, 0);
    X509 *by = issuer == NULL ? certificate : issuer;
    (void)X509_set_issuer_name(certificate, X509_get_subject_name(by));
    add_extension(certificate, by, NID_basic_constraints,
                  wish->names == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (wish->names != NULL)
        add_extension(certificate, by, NID_subject_alt_name, wish->names);
    CHECK("signed", X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

static void write_certificate(const struct certificates *certificates, char *path, size_t room,
                              const char *file, X509 *certificate)
{
    (void)snprintf(path, room, "%s/%s", certificates->folder, file);
    FILE *to = fopen(path, "w");
    CHECK(path, to != NULL);
    CHECK_INT(path, PEM_write_X509(to, certificate), 1);
    (void)fclose(to);
    X509_free(certificate);
}

#define WRITE(certificates, member, certificate)                                                   \
    write_certificate((certificates), (certificates)->member, sizeof((certificates)->member),      \
                      #member ".pem", (certificate))

static void write_key(const struct certificates *certificates, char *path, size_t room,
                      const char *file, EVP_PKEY *key, char *password)
{
    (void)snprintf(path, room, "%s/%s", certificates->folder, file);
    FILE *to = fopen(path, "w");
    const EVP_CIPHER *cipher = password == NULL ? NULL : EVP_aes_128_cbc();
    CHECK(path,
          to != NULL && PEM_write_PKCS8PrivateKey(to, key, cipher, NULL, 0, NULL, password) == 1);
    (void)fclose(to);
}

#define WRITE_KEY(certificates, member, key, password)                                             \
    write_key((certificates), (certificates)->member, sizeof((certificates)->member),              \
              #member ".pem", (key), (password))

static void make_keys(struct certificates *certificates, EVP_PKEY *key)
{
    char password[] = "secret";
    EVP_PKEY *other = EVP_EC_gen("P-256");
    WRITE_KEY(certificates, key, key, NULL);
    WRITE_KEY(certificates, encrypted_key, key, password);
    WRITE_KEY(certificates, other_key, other, NULL);
    EVP_PKEY_free(other);
}

void certificates_make(struct certificates *certificates)
{
    (void)snprintf(certificates->folder, sizeof(certificates->folder), "/tmp/junctor-tls-XXXXXX");
    CHECK("folder", mkdtemp(certificates->folder) != NULL);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *authority = make(&(struct wish){ .name = "Test authority", .days = 30 }, NULL, key, 1);
    X509 *other = make(&(struct wish){ .name = "Another authority", .days = 30 }, NULL, key, 6);
    static const char own[] = "DNS:localhost,DNS:good.test,IP:127.0.0.1";
    WRITE(certificates, good, make(&(struct wish){ "localhost", own, 30, 0 }, authority, key, 2));
    WRITE(certificates, wrong_name,
          make(&(struct wish){ "elsewhere.test", "DNS:elsewhere.test", 30, 0 }, authority, key, 3));
    WRITE(certificates, expired,
          make(&(struct wish){ "localhost", own, -1, 0 }, authority, key, 4));
    WRITE(certificates, not_yet,
          make(&(struct wish){ "localhost", own, 30, 2 }, authority, key, 7));
    WRITE(certificates, unknown, make(&(struct wish){ "localhost", own, 30, 0 }, NULL, key, 5));
    WRITE(certificates, stranger, make(&(struct wish){ "localhost", own, 30, 0 }, other, key, 8));
    WRITE(certificates, client,
          make(&(struct wish){ "A hub", "DNS:hub.test", 30, 0 }, authority, key, 9));
    WRITE(certificates, other_client,
          make(&(struct wish){ "A hub", "DNS:hub.test", 30, 0 }, authority, key, 10));
    WRITE(certificates, authority, authority);
    WRITE(certificates, other_authority, other);
    make_keys(certificates, key);
    EVP_PKEY_free(key);
}

void certificates_remove(const struct certificates *certificates)
{
    const char *const files[] = {
        certificates->authority,     certificates->other_authority,
        certificates->good,          certificates->wrong_name,
        certificates->expired,       certificates->not_yet,
        certificates->unknown,       certificates->stranger,
        certificates->client,        certificates->other_client,
        certificates->key,           certificates->other_key,
        certificates->encrypted_key,
    };
    for (size_t i = 0; i < COUNT_OF(files); i++)
        (void)unlink(files[i]);
    (void)rmdir(certificates->folder);
}
