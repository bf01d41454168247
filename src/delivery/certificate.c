/* SPDX-License-Identifier: MIT */
#include "delivery/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <time.h>

static void bio_cleanup(BIO **bio)
{
    BIO_free(*bio);
}

static void x509_cleanup(X509 **certificate)
{
    X509_free(*certificate);
}

static void pkey_cleanup(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static BIO *open_text(str text)
{
    return text.len > INT32_MAX ? NULL : BIO_new_mem_buf(text.ptr, (int)text.len);
}

/* Never asks anybody for a password. */
static int no_password(char *buffer, int size, int writing, void *context)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static X509 *read_one(BIO *bio)
{
    return bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, no_password, NULL);
}

static X509 *read_first(str text)
{
    BIO *CLEANUP(bio_cleanup) bio = open_text(text);
    X509 *first = read_one(bio);
    ERR_clear_error();
    return first;
}

static EVP_PKEY *read_key(str text)
{
    BIO *CLEANUP(bio_cleanup) bio = open_text(text);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    ERR_clear_error();
    return key;
}

/* One block of PEM (RFC 7468). */
struct block {
    char *label;
    char *head;
    unsigned char *bytes;
    long size;
};

static void block_done(struct block *block)
{
    OPENSSL_free(block->label);
    OPENSSL_free(block->head);
    OPENSSL_free(block->bytes);
    *block = (struct block){};
}

static bool is_certificate(const struct block *block)
{
    const unsigned char *bytes = block->bytes;
    X509 *CLEANUP(x509_cleanup) read = d2i_X509(NULL, &bytes, block->size);
    return read != NULL;
}

static const str something_else =
    STR_INIT("Something else than certificates is in it, such as a private key: each block begins "
             "with -----BEGIN CERTIFICATE-----.");
static const str cut = STR_INIT("A certificate in it cannot be read: it was cut or changed.");

/* Whoever may look at the endpoint sees them: nothing else stands among them, nor what OpenSSL
 * would pass over, such as a key whose lines are indented. */
str certificates_fault(str certificates)
{
    static const str key = STR_INIT("PRIVATE KEY");
    BIO *CLEANUP(bio_cleanup) bio = open_text(certificates);
    int count = 0;
    str wrong = {};
    if (certificates.len > 0 &&
        memmem(certificates.ptr, certificates.len, key.ptr, key.len) != NULL)
        return something_else;
    for (;;) {
        struct block CLEANUP(block_done) block = {};
        if (bio == NULL ||
            PEM_read_bio(bio, &block.label, &block.head, &block.bytes, &block.size) != 1)
            break;
        if (strcmp(block.label, PEM_STRING_X509) != 0)
            wrong = something_else;
        else if (!is_certificate(&block))
            wrong = cut;
        count++;
    }
    bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (count == 0 && ended)
        return STR("There is no certificate in PEM in it: one begins with -----BEGIN "
                   "CERTIFICATE-----.");
    return wrong.len > 0 || ended ? wrong : cut;
}

str certificate_fault(str certificate, str private_key)
{
    X509 *CLEANUP(x509_cleanup) first = read_first(certificate);
    EVP_PKEY *CLEANUP(pkey_cleanup) key = read_key(private_key);
    str wrong = certificates_fault(certificate);
    if (wrong.len > 0 || first == NULL)
        return wrong;
    if (key == NULL)
        return STR("Send its private key too, in PEM and not encrypted: it begins with -----BEGIN "
                   "PRIVATE KEY-----.");
    bool fits = X509_check_private_key(first, key) == 1;
    ERR_clear_error();
    if (!fits)
        return STR("The private key is not that of the certificate: the first certificate must be "
                   "the hub's own, with its chain behind it.");
    if (X509_cmp_current_time(X509_get0_notAfter(first)) < 0)
        return STR("The certificate has expired.");
    return (str){};
}

static int64_t time_ms(const ASN1_TIME *time)
{
    struct tm parts;
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return 0;
    return (int64_t)timegm(&parts) * 1000;
}

bool certificate_read(str certificate, struct arena *arena, struct certificate_facts *ret_facts)
{
    X509 *CLEANUP(x509_cleanup) first = read_first(certificate);
    BIO *CLEANUP(bio_cleanup) name = BIO_new(BIO_s_mem());
    if (first == NULL || name == NULL ||
        X509_NAME_print_ex(name, X509_get_subject_name(first), 0, XN_FLAG_RFC2253) < 0)
        return false;
    char *text = NULL;
    long length = BIO_get_mem_data(name, &text);
    *ret_facts = (struct certificate_facts){
        .subject = arena_str(arena, str_from(text, (size_t)MAX_OF(length, 0))),
        .expires_ms = time_ms(X509_get0_notAfter(first)),
    };
    return true;
}
