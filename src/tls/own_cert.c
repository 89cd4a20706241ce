#include "tls/own_cert.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "tls/date.h"

#define SOON_DAYS 7

/* Fails with the file's name and OpenSSL's reason. */
static int refuse(const struct pem *pem, const char *what, struct ww_error *err)
{
    char name[240];
    const char *why = ERR_reason_error_string(ERR_peek_error());

    error_set(err, WW_ERR_FILE, "%s: %s (%s)", pem_name(pem, name, sizeof name),
              what, why ? why : "unknown failure");
    ERR_clear_error();
    return -1;
}

static int use_chain(struct ww_tls *tls, const STACK_OF(X509) * certs,
                     struct ww_error *err)
{
    const struct pem *pem = &tls->source.cert;

    if (SSL_CTX_use_certificate(tls->ctx, sk_X509_value(certs, 0)) != 1)
        return refuse(pem, "the certificate can't be used", err);
    for (int i = 1; i < sk_X509_num(certs); i++)
        if (!SSL_CTX_add1_chain_cert(tls->ctx, sk_X509_value(certs, i)))
            return refuse(pem, "an intermediate can't be used", err);
    return 0;
}

static int use_key(struct ww_tls *tls, const X509 *leaf, EVP_PKEY *key,
                   struct ww_error *err)
{
    char cert_name[240];
    char key_name[240];

    if (X509_check_private_key(leaf, key) != 1) {
        ERR_clear_error();
        error_set(err, WW_ERR_FILE, "%s does not belong to %s",
                  pem_name(&tls->source.key, key_name, sizeof key_name),
                  pem_name(&tls->source.cert, cert_name, sizeof cert_name));
        error_hint(err, "the certificate of the server comes first in its "
                        "file, then the intermediates");
        return -1;
    }
    if (SSL_CTX_use_PrivateKey(tls->ctx, key) != 1)
        return refuse(&tls->source.key, "the key can't be used", err);
    return 0;
}

int own_cert_use(struct ww_tls *tls, const struct ww_ask *ask,
                 struct ww_error *err)
{
    EVP_PKEY *key = NULL;
    int result = -1;

    STACK_OF(X509) *certs = pem_certs(&tls->source.cert, tls->lib, err);
    if (!certs)
        goto out;
    key = pem_key(&tls->source.key, ask, tls->lib, err);
    if (!key)
        goto out;
    ERR_clear_error();
    if (use_chain(tls, certs, err) < 0)
        goto out;
    result = use_key(tls, sk_X509_value(certs, 0), key, err);

out:
    EVP_PKEY_free(key);
    sk_X509_pop_free(certs, X509_free);
    return result;
}

static void warn_dates(const char *name, const X509 *leaf,
                       const struct ww_notify *notify)
{
    char when[64];
    int days = 0;
    int seconds = 0;

    if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0)
        notify_say(notify, "%s is not valid before %s", name,
                   date_print(X509_get0_notBefore(leaf), when, sizeof when));
    if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0) {
        notify_say(notify, "%s expired on %s", name,
                   date_print(X509_get0_notAfter(leaf), when, sizeof when));
        return;
    }
    if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(leaf)) &&
        days < SOON_DAYS)
        notify_say(notify, "%s expires soon, on %s", name,
                   date_print(X509_get0_notAfter(leaf), when, sizeof when));
}

void own_cert_warn(const struct ww_tls *tls, const struct ww_notify *notify)
{
    char name[240];
    X509 *leaf = SSL_CTX_get0_certificate(tls->ctx);
    bool server = tls->source.role == WW_TLS_SERVER;

    pem_name(&tls->source.cert, name, sizeof name);
    warn_dates(name, leaf, notify);
    if (X509_check_purpose(
            leaf, server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT,
            0) != 1)
        notify_say(notify, "%s is not meant for a TLS %s; peers will refuse it",
                   name, server ? "server" : "client");
    if (server && X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1) < 0)
        notify_say(notify,
                   "%s names no host (no subjectAltName); clients will "
                   "refuse it",
                   name);
    pem_warn_mode(&tls->source.key, notify);
}
