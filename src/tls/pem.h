#ifndef TLS_PEM_H
#define TLS_PEM_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "wirewrap/tls.h"

/* PEM files: read once, and the actual mistake named when one does not serve.
 * All of these return NULL (or -1) with WW_ERR_FILE and the file's name. */

/* Which file it is, for messages. */
enum pem_role {
    PEM_CERT,
    PEM_KEY,
    PEM_CA,
    PEM_CRL,
};

/* The bytes of one file. */
struct pem {
    enum pem_role role;
    char *path; /* for messages */
    char *data;
    size_t len;
};

/* Reads a file of at most 4 MiB that holds what its role asks for. */
int pem_load(struct pem *pem, enum pem_role role, const char *path,
             struct ww_error *err);

/* Copies what is loaded; an empty one stays empty. */
int pem_copy(struct pem *to, const struct pem *from, struct ww_error *err);

/* Wipes and releases the bytes. */
void pem_clear(struct pem *pem);

/* Parses all certificates, in the order of the file. */
STACK_OF(X509) *
    pem_certs(const struct pem *pem, OSSL_LIB_CTX *lib, struct ww_error *err);

/* Parses all revocation lists. */
STACK_OF(X509_CRL) *
    pem_crls(const struct pem *pem, OSSL_LIB_CTX *lib, struct ww_error *err);

/* Parses the key, asking for a passphrase where it is encrypted, and replaces
 * the bytes by the plain key, so that nobody is asked again. */
EVP_PKEY *pem_key(struct pem *pem, const struct ww_ask *ask, OSSL_LIB_CTX *lib,
                  struct ww_error *err);

/* Warns of a key file that others than its owner may read. */
void pem_warn_mode(const struct pem *pem, const struct ww_notify *notify);

/* "certificate file 'x.pem'": how messages name a file. */
const char *pem_name(const struct pem *pem, char *buf, size_t cap);

#endif
