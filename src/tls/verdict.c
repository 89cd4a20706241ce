#include "tls/verdict.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "tls/date.h"

/* Room for one name out of a certificate, escaped. */
#define NAME_MAX_TEXT 120

static const char hint_trust[] =
    "if you trust that issuer, name its certificate with --ca FILE";
static const char hint_name[] =
    "connect by a name of the certificate, or give it with --servername NAME";
static const char hint_clock[] = "is the clock of this machine right?";

static void print_name(char *buf, size_t cap, const X509_NAME *name)
{
    char *text = NULL;
    BIO *out = BIO_new(BIO_s_mem());

    buf[0] = '\0';
    if (out && X509_NAME_print_ex(
                   out, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) > 0) {
        long len = BIO_get_mem_data(out, &text);
        if (len > 0)
            text_escape(buf, cap, text, (size_t)len);
    }
    if (!buf[0])
        snprintf(buf, cap, "a certificate without subject");
    BIO_free(out);
}

/* Writes one alternative name; false if it is of no kind that names hosts. */
static bool print_alt(char *buf, size_t cap, const GENERAL_NAME *alt)
{
    char address[INET6_ADDRSTRLEN];
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(alt, &type);

    if (type != GEN_DNS && type != GEN_IPADD)
        return false;
    const unsigned char *data = ASN1_STRING_get0_data(value);
    int len = ASN1_STRING_length(value);
    if (type == GEN_DNS) {
        text_escape(buf, cap, data, (size_t)len);
        return true;
    }
    if (len != 4 && len != 16)
        return false;
    inet_ntop(len == 4 ? AF_INET : AF_INET6, data, address, sizeof address);
    snprintf(buf, cap, "%s", address);
    return true;
}

/* Lists what names the certificate offers. */
static void print_alts(char *buf, size_t cap, X509 *cert)
{
    GENERAL_NAMES *alts =
        X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    size_t used = 0;

    buf[0] = '\0';
    for (int i = 0; alts && i < sk_GENERAL_NAME_num(alts); i++) {
        char one[NAME_MAX_TEXT];
        if (!print_alt(one, sizeof one, sk_GENERAL_NAME_value(alts, i)))
            continue;
        if (used + strlen(one) + sizeof ", ..." >= cap) {
            snprintf(buf + used, cap - used, ", ...");
            break;
        }
        used += (size_t)snprintf(buf + used, cap - used, "%s%s",
                                 used ? ", " : "", one);
    }
    if (!buf[0])
        snprintf(buf, cap, "no host at all");
    GENERAL_NAMES_free(alts);
}

/* Says in words what OpenSSL found wrong, and sets the hint. */
static void describe(struct verdict *v, X509 *cert, char *buf, size_t cap)
{
    char subject[NAME_MAX_TEXT] = "a certificate";
    char issuer[NAME_MAX_TEXT] = "somebody";
    char other[200];

    if (cert) {
        print_name(subject, sizeof subject, X509_get_subject_name(cert));
        print_name(issuer, sizeof issuer, X509_get_issuer_name(cert));
    }
    switch (v->code) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        v->hint = hint_trust;
        snprintf(buf, cap, "the issuer of '%s' is not trusted: '%s'", subject,
                 issuer);
        return;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        v->hint = hint_trust;
        snprintf(buf, cap, "'%s' is self-signed and not trusted", subject);
        return;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        v->hint = hint_trust;
        snprintf(buf, cap, "the root of the chain is not trusted: '%s'",
                 subject);
        return;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        v->hint = hint_name;
        if (cert)
            print_alts(other, sizeof other, cert);
        snprintf(buf, cap, "it is not for '%s' but for %s", v->host,
                 cert ? other : "somebody else");
        return;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        v->hint = hint_clock;
        date_print(cert ? X509_get0_notAfter(cert) : NULL, other, sizeof other);
        snprintf(buf, cap, "'%s' expired on %s", subject, other);
        return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        v->hint = hint_clock;
        date_print(cert ? X509_get0_notBefore(cert) : NULL, other,
                   sizeof other);
        snprintf(buf, cap, "'%s' is not valid before %s", subject, other);
        return;
    case X509_V_ERR_CERT_REVOKED:
        snprintf(buf, cap, "'%s' has been revoked by '%s'", subject, issuer);
        return;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
        snprintf(buf, cap, "no CRL covers issuer '%s'", issuer);
        return;
    default:
        snprintf(buf, cap, "'%s' does not pass", subject);
    }
}

/* Only records: what OpenSSL has decided stands. */
static int record(int preok, X509_STORE_CTX *ctx)
{
    const SSL *ssl =
        X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct verdict *v = SSL_get_app_data(ssl);
    char words[300];

    if (preok || !v || v->code)
        return preok;
    v->code = X509_STORE_CTX_get_error(ctx);
    describe(v, X509_STORE_CTX_get_current_cert(ctx), words, sizeof words);
    snprintf(v->words, sizeof v->words, "%s (%s)", words,
             X509_verify_cert_error_string(v->code));
    return preok;
}

/* Takes the zone off an address and the final dot off a name: neither is part
 * of what a certificate proves.  False if the host is too long for a name. */
static bool trim_host(struct verdict *v, const char *host)
{
    unsigned char address[16];

    size_t len = strlen(host);
    if (len == 0 || len >= sizeof v->host)
        return false;
    memcpy(v->host, host, len + 1);
    char *zone = strchr(v->host, '%');
    if (zone)
        *zone = '\0';
    v->is_address = inet_pton(AF_INET, v->host, address) == 1 ||
                    inet_pton(AF_INET6, v->host, address) == 1;
    if (!v->is_address && len > 1 && v->host[len - 1] == '.')
        v->host[len - 1] = '\0';
    return true;
}

/* A first dot means "any name that ends so" to OpenSSL, which is for policies
 * and not for a peer that was called by its name. */
static bool is_usable(const struct verdict *v)
{
    return v->host[0] && v->host[0] != '.';
}

/* An address is never sent as server name (RFC 6066 section 3). */
static bool insist(SSL *ssl, struct verdict *v, bool verify)
{
    if (v->is_address)
        return !verify ||
               X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), v->host);
    return SSL_set_tlsext_host_name(ssl, v->host) &&
           (!verify || SSL_set1_host(ssl, v->host));
}

struct verdict *verdict_new(SSL *ssl, const char *host, bool verify,
                            struct ww_error *err)
{
    struct verdict *v = calloc(1, sizeof *v);
    if (!v) {
        error_sys(err, WW_ERR_LOCAL, "new TLS stream");
        return NULL;
    }
    if (!trim_host(v, host) || !is_usable(v)) {
        error_set(err, WW_ERR_USAGE,
                  "'%.100s' is no name that a certificate could prove", host);
        free(v);
        return NULL;
    }
    if (!insist(ssl, v, verify)) {
        error_set(err, WW_ERR_LOCAL, "new TLS stream: out of memory");
        ERR_clear_error();
        free(v);
        return NULL;
    }
    SSL_set_app_data(ssl, v);
    if (verify)
        SSL_set_verify(ssl, SSL_VERIFY_PEER, record);
    return v;
}

void verdict_tell(const struct verdict *v, struct ww_error *err)
{
    error_set(err, WW_ERR_CERT, "certificate not accepted: %s",
              v->code ? v->words : "for a reason that OpenSSL keeps to itself");
    if (v->hint)
        error_hint(err, "%s", v->hint);
}
