#include "tls/context.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "tls/below.h"
#include "tls/own_cert.h"

/* Everything that decides how safe a connection is, is set here and not left
 * to the system's openssl.cnf, which may be looser or stricter.  The server
 * prefers AES-128: SHA-384 makes each handshake dearer (4 %), and there is no
 * practical gain in strength. */

#define SUITES_13                                                              \
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"                           \
    "TLS_CHACHA20_POLY1305_SHA256"
#define SUITES_12                                                              \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"               \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"               \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define SECURITY_LEVEL 2 /* 112 bits: no RSA below 2048, no SHA-1 */

static const unsigned char session_context[] = "wirewrap";

/* Fails with what OpenSSL has to say. */
static int refuse(const char *what, struct ww_error *err)
{
    const char *why = ERR_reason_error_string(ERR_peek_error());

    error_set(err, WW_ERR_FAILED, "TLS: %s: %s", what,
              why ? why : "out of memory");
    ERR_clear_error();
    return -1;
}

/* Offers the hybrid post-quantum group where OpenSSL (3.5 and later) has it,
 * with a key share for X25519 too, so that a peer without it loses no round
 * trip. */
static bool set_groups(SSL_CTX *ctx)
{
    /* Not const: the macro that takes them would cast that away. */
    char lists[][40] = {
        "*X25519MLKEM768:*X25519:P-256:P-384",
        "X25519:P-256:P-384",
    };

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (SSL_CTX_set1_groups_list(ctx, lists[i])) {
            ERR_clear_error();
            return true;
        }
    }
    return false;
}

static int set_protocol(SSL_CTX *ctx, struct ww_error *err)
{
    SSL_CTX_set_security_level(ctx, SECURITY_LEVEL);
    if (!SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) ||
        !SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) ||
        !SSL_CTX_set_cipher_list(ctx, SUITES_12) ||
        !SSL_CTX_set_ciphersuites(ctx, SUITES_13) || !set_groups(ctx))
        return refuse("protocol settings", err);

    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_clear_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF |
                                   SSL_OP_LEGACY_SERVER_CONNECT |
                                   SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
    /* Buffers released while idle halve the memory of a connection. */
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS |
                              SSL_MODE_NO_AUTO_CHAIN);
    return 0;
}

/* Trusts the certificates of the CA file, and nobody else. */
static int trust_file(struct ww_tls *tls, X509_STORE *store,
                      struct ww_error *err)
{
    STACK_OF(X509) *certs = pem_certs(&tls->source.ca, tls->lib, err);
    int result = certs ? 0 : -1;

    for (int i = 0; certs && i < sk_X509_num(certs) && result == 0; i++)
        if (!X509_STORE_add_cert(store, sk_X509_value(certs, i)))
            result = refuse("trust store", err);
    sk_X509_pop_free(certs, X509_free);
    return result;
}

/* Wants a revocation list for every certificate of the chain. */
static int check_revocation(struct ww_tls *tls, X509_STORE *store,
                            struct ww_error *err)
{
    STACK_OF(X509_CRL) *crls = pem_crls(&tls->source.crl, tls->lib, err);
    int result = crls ? 0 : -1;

    for (int i = 0; crls && i < sk_X509_CRL_num(crls) && result == 0; i++)
        if (!X509_STORE_add_crl(store, sk_X509_CRL_value(crls, i)))
            result = refuse("revocation list", err);
    if (result == 0 &&
        !X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK |
                                         X509_V_FLAG_CRL_CHECK_ALL))
        result = refuse("revocation check", err);
    sk_X509_CRL_pop_free(crls, X509_CRL_free);
    return result;
}

static int set_client(struct ww_tls *tls, struct ww_error *err)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(tls->ctx);
    X509_STORE *store = SSL_CTX_get_cert_store(tls->ctx);

    SSL_CTX_set_session_cache_mode(tls->ctx, SSL_SESS_CACHE_OFF);
    if (tls->source.insecure_no_verify) {
        SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_NONE, NULL);
        return 0;
    }
    SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER, NULL);
    /* Names come from the SAN alone, and a wildcard is a whole label (RFC 9525
     * section 6.3).  The purpose stays the default of the role: with strict
     * checking and none, OpenSSL once forgot the CA check (CVE-2021-3450). */
    X509_VERIFY_PARAM_set_hostflags(param,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                        X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (!X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT))
        return refuse("verification settings", err);
    if (!tls->source.ca.data && !SSL_CTX_set_default_verify_paths(tls->ctx))
        return refuse("the system's trust store", err);
    if (tls->source.ca.data && trust_file(tls, store, err) < 0)
        return -1;
    return tls->source.crl.data ? check_revocation(tls, store, err) : 0;
}

static int set_server(struct ww_tls *tls, struct ww_error *err)
{
    /* One ticket instead of two: each costs 6 % of a handshake.  They are
     * stateless, so that every worker resumes what any of them began. */
    SSL_CTX_set_session_cache_mode(tls->ctx, SSL_SESS_CACHE_OFF);
    if (!SSL_CTX_set_num_tickets(tls->ctx, 1) ||
        !SSL_CTX_set_session_id_context(tls->ctx, session_context,
                                        sizeof session_context - 1) ||
        !SSL_CTX_set_tlsext_ticket_keys(tls->ctx, tls->source.ticket_keys,
                                        TICKET_KEYS))
        return refuse("session settings", err);
    return 0;
}

/* Makes the context from what is in tls->source. */
static int build(struct ww_tls *tls, const struct ww_ask *ask,
                 struct ww_error *err)
{
    bool server = tls->source.role == WW_TLS_SERVER;

    /* A library context of its own keeps the locks of OpenSSL's algorithm
     * store from being shared between workers (3 to 4 % of a handshake). */
    if (server && !(tls->lib = OSSL_LIB_CTX_new()))
        return refuse("library context", err);
    tls->below = below_method();
    tls->ctx = SSL_CTX_new_ex(
        tls->lib, NULL, server ? TLS_server_method() : TLS_client_method());
    if (!tls->below || !tls->ctx)
        return refuse("context", err);
    if (set_protocol(tls->ctx, err) < 0)
        return -1;
    if (tls->source.cert.data && own_cert_use(tls, ask, err) < 0)
        return -1;
    return server ? set_server(tls, err) : set_client(tls, err);
}

/* Reads the files that the settings name. */
static int load(struct tls_source *source,
                const struct ww_tls_settings *settings, struct ww_error *err)
{
    const struct {
        struct pem *pem;
        enum pem_role role;
        const char *path;
    } files[] = {
        { &source->cert, PEM_CERT, settings->cert_file },
        { &source->key, PEM_KEY, settings->key_file },
        { &source->ca, PEM_CA, settings->ca_file },
        { &source->crl, PEM_CRL, settings->crl_file },
    };

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (files[i].path &&
            pem_load(files[i].pem, files[i].role, files[i].path, err) < 0)
            return -1;
    return 0;
}

static int check(const struct ww_tls_settings *settings, struct ww_error *err)
{
    bool server = settings->role == WW_TLS_SERVER;

    if (!settings->cert_file != !settings->key_file)
        return error_set(err, WW_ERR_USAGE,
                         "a certificate and its key go together");
    if (server && !settings->cert_file)
        return error_set(err, WW_ERR_USAGE,
                         "a TLS server needs a certificate and its key");
    if (server && (settings->ca_file || settings->crl_file ||
                   settings->insecure_no_verify))
        return error_set(err, WW_ERR_USAGE,
                         "a TLS server does not verify its clients: CA, CRL "
                         "and no verification are for clients");
    if (settings->insecure_no_verify &&
        (settings->ca_file || settings->crl_file))
        return error_set(err, WW_ERR_USAGE,
                         "no verification contradicts a CA or CRL file");
    return 0;
}

struct ww_tls *ww_tls_new(const struct ww_tls_settings *settings,
                          struct ww_error *err)
{
    struct ww_tls *tls = NULL;

    if (check(settings, err) < 0)
        return NULL;
    tls = calloc(1, sizeof *tls);
    if (!tls) {
        error_sys(err, WW_ERR_LOCAL, "TLS context");
        return NULL;
    }
    tls->source.role = settings->role;
    tls->source.insecure_no_verify = settings->insecure_no_verify;
    if (load(&tls->source, settings, err) < 0)
        goto fail;
    if (RAND_priv_bytes(tls->source.ticket_keys, TICKET_KEYS) != 1) {
        refuse("ticket keys", err);
        goto fail;
    }
    if (build(tls, &settings->ask, err) < 0)
        goto fail;
    if (tls->source.cert.data)
        own_cert_warn(tls, &settings->notify);
    return tls;

fail:
    ww_tls_free(tls);
    return NULL;
}

struct ww_tls *ww_tls_clone(const struct ww_tls *from, struct ww_error *err)
{
    struct ww_tls *tls = calloc(1, sizeof *tls);
    if (!tls) {
        error_sys(err, WW_ERR_LOCAL, "TLS context");
        return NULL;
    }
    tls->source.role = from->source.role;
    tls->source.insecure_no_verify = from->source.insecure_no_verify;
    memcpy(tls->source.ticket_keys, from->source.ticket_keys, TICKET_KEYS);
    if (pem_copy(&tls->source.cert, &from->source.cert, err) < 0 ||
        pem_copy(&tls->source.key, &from->source.key, err) < 0 ||
        pem_copy(&tls->source.ca, &from->source.ca, err) < 0 ||
        pem_copy(&tls->source.crl, &from->source.crl, err) < 0 ||
        build(tls, NULL, err) < 0) {
        ww_tls_free(tls);
        return NULL;
    }
    return tls;
}

void ww_tls_free(struct ww_tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->ctx);
    BIO_meth_free(tls->below);
    OSSL_LIB_CTX_free(tls->lib);
    pem_clear(&tls->source.cert);
    pem_clear(&tls->source.key);
    pem_clear(&tls->source.ca);
    pem_clear(&tls->source.crl);
    OPENSSL_cleanse(tls->source.ticket_keys, TICKET_KEYS);
    free(tls);
}
