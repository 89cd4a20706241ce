#ifndef TLS_BELOW_H
#define TLS_BELOW_H

#include <openssl/bio.h>

#include "wirewrap/stream.h"

/* The BIO through which OpenSSL reads from and writes to the stream below. */

/* The first bytes of a peer, kept while the handshake runs, tell what it
 * speaks if it is not TLS. */
#define BELOW_HEAD 48

struct below {
    struct ww_stream *stream;
    struct ww_error *err; /* borrowed from the caller during each step */
    bool at_end;          /* the peer's FIN has been seen */
    bool failed;          /* the stream below has failed, *err told why */
    bool is_client;
    bool echoed; /* client: the peer sent our own hello back */
    bool alien;  /* the first bytes are not TLS */
    uint8_t head_len;
    uint8_t head[BELOW_HEAD];
};

/* Makes the table of functions; one per context, freed with BIO_meth_free. */
BIO_METHOD *below_method(void);

/* Makes a BIO over `below`, which must outlive it; NULL without memory. */
BIO *below_bio(const BIO_METHOD *method, struct below *below);

/* Adds what else has arrived to the first bytes, of which OpenSSL takes but
 * the five of a record's head before it gives up.  Nobody may read from the
 * stream after that. */
void below_fill_head(struct below *below);

/* Answers a peer that does not speak TLS in the only way there is, with a fatal
 * alert, of which OpenSSL sends none in that case. */
void below_send_alert(struct below *below);

#endif
