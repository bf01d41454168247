/* SPDX-License-Identifier: MIT
 * base/test_certificates.h: certificates that are good for something and others that are not, as
 * PEM files in a new folder. For tests only. */
#pragma once

struct certificates {
    char folder[64];
    char authority[96];  /* to be trusted */
    char good[96];       /* for localhost and 127.0.0.1, by that authority */
    char wrong_name[96]; /* for elsewhere.test */
    char expired[96];
    char not_yet[96];
    char unknown[96];         /* by itself */
    char stranger[96];        /* by an authority that is not trusted */
    char other_authority[96]; /* that one */
    char client[96];          /* for a hub, by the authority */
    char other_client[96];
    char key[96]; /* of all of them */
    char encrypted_key[96];
    char other_key[96]; /* of none */
};

void certificates_make(struct certificates *certificates);
void certificates_remove(const struct certificates *certificates);
