/* SPDX-License-Identifier: MIT */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mail/testing.h"

static X509 *make(const char *name, const char *names, EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    (void)X509_set_version(certificate, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    (void)X509_set_pubkey(certificate, key);
    X509_NAME *subject = X509_get_subject_name(certificate);
    (void)X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                     -1, 0);
    (void)X509_set_issuer_name(certificate, subject);
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, names);
    CHECK_INT(names, X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
    CHECK("signed", X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

static void write_certificate(const char *path, X509 *certificate)
{
    FILE *to = fopen(path, "w");
    CHECK(path, to != NULL && PEM_write_X509(to, certificate) == 1);
    (void)fclose(to);
    X509_free(certificate);
}

void certificates_make(struct certificates *certificates)
{
    const char *folder = certificates->folder;
    (void)snprintf(certificates->folder, sizeof(certificates->folder), "/tmp/junctor-mail-XXXXXX");
    CHECK("folder", mkdtemp(certificates->folder) != NULL);
    (void)snprintf(certificates->good, sizeof(certificates->good), "%s/good.pem", folder);
    (void)snprintf(certificates->wrong_name, sizeof(certificates->wrong_name), "%s/wrong.pem",
                   folder);
    (void)snprintf(certificates->key, sizeof(certificates->key), "%s/key.pem", folder);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    write_certificate(certificates->good, make("good", "DNS:localhost,IP:127.0.0.1", key));
    write_certificate(certificates->wrong_name, make("wrong", "DNS:elsewhere.test", key));
    FILE *to = fopen(certificates->key, "w");
    CHECK("key", to != NULL && PEM_write_PrivateKey(to, key, NULL, NULL, 0, NULL, NULL) == 1);
    (void)fclose(to);
    EVP_PKEY_free(key);
}

void certificates_remove(const struct certificates *certificates)
{
    (void)unlink(certificates->good);
    (void)unlink(certificates->wrong_name);
    (void)unlink(certificates->key);
    (void)rmdir(certificates->folder);
}
