#ifndef WIREWRAP_TLS_H
#define WIREWRAP_TLS_H

/* TLS: settings, the context built from them, and the layer over a stream.
 *
 * TLS 1.2 and 1.3 only, forward-secret AEAD suites only, no renegotiation, no
 * compression; a client verifies chain and name unless told not to.  OpenSSL
 * does the work and never shows in these headers. */

#include <stdbool.h>

#include "wirewrap/error.h"
#include "wirewrap/stream.h"

enum ww_tls_role {
    WW_TLS_CLIENT,
    WW_TLS_SERVER,
};

/* Where the passphrase of an encrypted key comes from.  `secret` writes it into
 * buf (at most `cap` bytes) and returns its length, or -1 if there is nobody to
 * ask. */
struct ww_ask {
    int (*secret)(void *arg, const char *file, char *buf, int cap);
    void *arg;
};

/* What a context is built from.  Zeroed, it is a client that verifies against
 * the system's trust store.  Files are PEM and are read while the context is
 * built; the texts are borrowed for that time only. */
struct ww_tls_settings {
    enum ww_tls_role role;
    const char *cert_file; /* own chain, leaf first; a server needs one */
    const char *key_file;  /* its private key */
    const char *ca_file;   /* client: whom to trust; NULL: the system's store */
    const char *crl_file;  /* client: revocation lists for the whole chain */
    bool insecure_no_verify; /* client: accept any certificate from anybody */
    struct ww_notify notify; /* hears warnings about our own files; .say may
                                be NULL */
    struct ww_ask ask;       /* asked for the passphrase of an encrypted key;
                                .secret may be NULL: there is none */
};

/* A TLS context: settings made ready.  Constant once built, but it belongs to
 * one thread at a time, because OpenSSL's reference counts are shared by
 * everything made from it; give every thread a clone. */
struct ww_tls;

/* Builds a context, or returns NULL: WW_ERR_FILE names the file and the actual
 * mistake (missing, empty, a directory, DER, certificate and key swapped, key
 * of another certificate, encrypted), WW_ERR_USAGE a setting. */
WW_API WW_MUST_CHECK struct ww_tls *ww_tls_new(
    const struct ww_tls_settings *settings, struct ww_error *err);

/* Builds the same context once more for another thread, from the bytes of the
 * files that the first one read (the system's trust store is read again).  Of
 * a server's, the two have nothing in common but the keys that encrypt session
 * tickets, so that a session of one resumes at the other. */
WW_API WW_MUST_CHECK struct ww_tls *ww_tls_clone(const struct ww_tls *tls,
                                                 struct ww_error *err);

/* Releases a context; its streams must be gone.  NULL is fine. */
WW_API
void ww_tls_free(struct ww_tls *tls);

/* Puts TLS on top of `below`, which may be any stream.  Takes `below` on
 * success only.  `tls` must outlive the stream.  A client gives the name or
 * the address in text that the peer's certificate must prove, which is also
 * sent as server name if it is a name (RFC 6066 section 3 forbids addresses);
 * a server gives NULL.  Returns NULL with WW_ERR_USAGE for an unusable host (or
 * one given by a server), WW_ERR_LOCAL without memory. */
WW_API WW_MUST_CHECK struct ww_stream *ww_stream_tls(struct ww_tls *tls,
                                                     struct ww_stream *below,
                                                     const char *host,
                                                     struct ww_error *err);

#endif
