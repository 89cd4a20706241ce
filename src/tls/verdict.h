#ifndef TLS_VERDICT_H
#define TLS_VERDICT_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "wirewrap/error.h"

/* Why the peer's certificate was not accepted, in words. */

/* What a client wants proved, and what came of it.  Owned by its stream. */
struct verdict {
    char host[256];   /* name or address, as it is verified */
    bool is_address;  /* then it is never sent as server name */
    long code;        /* X509_V_ERR_..., or 0 */
    char words[360];  /* set with the code */
    const char *hint; /* static, or NULL */
};

/* Makes the handshake fail unless the peer proves that it is `host`; with
 * `verify` false it only sends the name.  NULL with WW_ERR_USAGE for a host
 * that can't be proved, WW_ERR_LOCAL without memory. */
struct verdict *verdict_new(SSL *ssl, const char *host, bool verify,
                            struct ww_error *err);

/* Records the verdict as an error. */
void verdict_tell(const struct verdict *v, struct ww_error *err);

#endif
