#ifndef TLS_CONTEXT_H
#define TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "tls/pem.h"
#include "wirewrap/tls.h"

#define TICKET_KEYS 80 /* what SSL_CTX_set_tlsext_ticket_keys() takes */

/* What a clone is built from: the files' bytes, not their names. */
struct tls_source {
    enum ww_tls_role role;
    bool insecure_no_verify;
    struct pem cert, key, ca, crl;
    unsigned char ticket_keys[TICKET_KEYS];
};

struct ww_tls {
    struct tls_source source;
    OSSL_LIB_CTX *lib; /* a server's own; NULL: the process's default */
    SSL_CTX *ctx;
    BIO_METHOD *below;
};

#endif
