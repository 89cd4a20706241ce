#include "tls/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

#define PEM_MAX ((size_t)4 * 1024 * 1024)

/* clang-format off */
static const struct {
    const char *noun;
    const char *marks[3]; /* beginnings of the PEM labels that serve */
    const char *content;
} roles[] = {
    [PEM_CERT] = { "certificate", { "CERTIFICATE-", "TRUSTED CERTIFICATE-" },
                   "certificate" },
    [PEM_KEY]  = { "key", { "PRIVATE KEY-", "ENCRYPTED PRIVATE KEY-" },
                   "private key" },
    [PEM_CA]   = { "CA", { "CERTIFICATE-", "TRUSTED CERTIFICATE-" },
                   "certificate" },
    [PEM_CRL]  = { "CRL", { "X509 CRL-" }, "revocation list" },
};
/* clang-format on */

const char *pem_name(const struct pem *pem, char *buf, size_t cap)
{
    char path[200];

    text_escape(path, sizeof path, pem->path, strlen(pem->path));
    snprintf(buf, cap, "%s file '%s'", roles[pem->role].noun, path);
    return buf;
}

/* Records what is wrong with a file; -1, or -1 as NULL's companion. */
WW_PRINTF(3, 4)
static int refuse(const struct pem *pem, struct ww_error *err, const char *fmt,
                  ...)
{
    char name[240];
    char why[160];
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    return error_set(err, WW_ERR_FILE, "%s: %s",
                     pem_name(pem, name, sizeof name), why);
}

static int refuse_sys(const struct pem *pem, struct ww_error *err)
{
    int saved = errno;

    refuse(pem, err, "%s", strerror(saved));
    if (saved == ENOENT)
        error_hint(err, "scripts/gen-certs.sh makes certificates and keys");
    if (saved == EACCES)
        error_hint(err, "run as a user who may read it");
    return -1;
}

static int read_all(struct pem *pem, int fd, struct ww_error *err)
{
    pem->data = malloc(PEM_MAX + 1);
    if (!pem->data)
        return error_sys(err, WW_ERR_LOCAL, "%s", pem->path);

    while (pem->len <= PEM_MAX) {
        ssize_t n = read(fd, pem->data + pem->len, PEM_MAX + 1 - pem->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return refuse_sys(pem, err);
        if (n == 0)
            break;
        pem->len += (size_t)n;
    }
    if (pem->len > PEM_MAX)
        return refuse(pem, err, "is larger than %zu MiB", PEM_MAX >> 20);
    char *exact = realloc(pem->data, pem->len + 1);
    if (exact)
        pem->data = exact;
    pem->data[pem->len] = '\0';
    return 0;
}

/* True if the text has a PEM block of one of the role's kinds. */
static bool holds(const char *text, enum pem_role role)
{
    for (const char *at = text; (at = strstr(at, "-----BEGIN ")); at++) {
        const char *label = at + strlen("-----BEGIN ");
        for (int i = 0; i < 3 && roles[role].marks[i]; i++) {
            const char *mark = roles[role].marks[i];
            if (strncmp(label, mark, strlen(mark)) == 0)
                return true;
        }
        /* "EC PRIVATE KEY", "RSA PRIVATE KEY": the old kinds of keys */
        const char *space = strchr(label, ' ');
        if (role == PEM_KEY && space &&
            strncmp(space + 1, "PRIVATE KEY-", 12) == 0)
            return true;
    }
    return false;
}

/* Finds out what a file is that is not what it should be. */
static int name_mistake(const struct pem *pem, struct ww_error *err)
{
    if (pem->len == 0)
        return refuse(pem, err, "is empty");
    if ((unsigned char)pem->data[0] == 0x30) {
        refuse(pem, err, "is DER, not PEM");
        if (pem->role == PEM_KEY)
            error_hint(err, "openssl pkey -inform DER -in FILE -out FILE.pem");
        else
            error_hint(err, "openssl %s -inform DER -in FILE -out FILE.pem",
                       pem->role == PEM_CRL ? "crl" : "x509");
        return -1;
    }
    if (pem->role != PEM_KEY && holds(pem->data, PEM_KEY)) {
        refuse(pem, err, "holds a private key and no %s",
               roles[pem->role].content);
        error_hint(err, "are the certificate and the key swapped?");
        return -1;
    }
    if (pem->role == PEM_KEY && holds(pem->data, PEM_CERT)) {
        refuse(pem, err, "holds a certificate and no private key");
        error_hint(err, "are the certificate and the key swapped?");
        return -1;
    }
    return refuse(pem, err, "holds no %s in PEM", roles[pem->role].content);
}

static int load_checked(struct pem *pem, int fd, struct ww_error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return refuse_sys(pem, err);
    if (S_ISDIR(st.st_mode))
        return refuse(pem, err, "is a directory");
    if (read_all(pem, fd, err) < 0)
        return -1;
    if (pem->len == 0 || !holds(pem->data, pem->role))
        return name_mistake(pem, err);
    return 0;
}

int pem_load(struct pem *pem, enum pem_role role, const char *path,
             struct ww_error *err)
{
    *pem = (struct pem){ .role = role, .path = strdup(path) };
    if (!pem->path)
        return error_sys(err, WW_ERR_LOCAL, "%s", path);

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        refuse_sys(pem, err);
        pem_clear(pem);
        return -1;
    }
    int result = load_checked(pem, fd, err);
    close(fd);
    if (result < 0)
        pem_clear(pem);
    return result;
}

int pem_copy(struct pem *to, const struct pem *from, struct ww_error *err)
{
    *to = (struct pem){ .role = from->role };
    if (!from->data)
        return 0;
    to->path = strdup(from->path);
    to->data = malloc(from->len + 1);
    if (!to->path || !to->data) {
        pem_clear(to);
        return error_set(err, WW_ERR_LOCAL, "%s: out of memory", from->path);
    }
    memcpy(to->data, from->data, from->len + 1);
    to->len = from->len;
    return 0;
}

void pem_clear(struct pem *pem)
{
    if (pem->data)
        OPENSSL_cleanse(pem->data, pem->len);
    free(pem->data);
    free(pem->path);
    pem->data = NULL;
    pem->path = NULL;
    pem->len = 0;
}

/* A read buffer over the bytes, or NULL without memory. */
static BIO *source(const struct pem *pem)
{
    return BIO_new_mem_buf(pem->data, (int)pem->len);
}

/* True if reading stopped because the blocks were used up. */
static bool at_last_block(void)
{
    unsigned long code = ERR_peek_last_error();
    bool last = ERR_GET_LIB(code) == ERR_LIB_PEM &&
                ERR_GET_REASON(code) == PEM_R_NO_START_LINE;

    if (last)
        ERR_clear_error();
    return last;
}

static void refuse_damaged(const struct pem *pem, int nth, struct ww_error *err)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());

    refuse(pem, err, "%s number %d is damaged (%s)", roles[pem->role].content,
           nth, why ? why : "unknown failure");
    ERR_clear_error();
}

STACK_OF(X509) *
    pem_certs(const struct pem *pem, OSSL_LIB_CTX *lib, struct ww_error *err)
{
    STACK_OF(X509) *certs = sk_X509_new_null();
    BIO *in = source(pem);
    bool ok = certs && in;

    while (ok) {
        X509 *cert = X509_new_ex(lib, NULL);
        if (!cert || !PEM_read_bio_X509_AUX(in, &cert, NULL, NULL)) {
            X509_free(cert);
            break;
        }
        ok = sk_X509_push(certs, cert) > 0;
        if (!ok)
            X509_free(cert);
    }
    if (!ok || !at_last_block() || sk_X509_num(certs) == 0) {
        refuse_damaged(pem, sk_X509_num(certs) + 1, err);
        sk_X509_pop_free(certs, X509_free);
        certs = NULL;
    }
    BIO_free(in);
    return certs;
}

STACK_OF(X509_CRL) *
    pem_crls(const struct pem *pem, OSSL_LIB_CTX *lib, struct ww_error *err)
{
    STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
    BIO *in = source(pem);
    bool ok = crls && in;

    while (ok) {
        X509_CRL *crl = X509_CRL_new_ex(lib, NULL);
        if (!crl || !PEM_read_bio_X509_CRL(in, &crl, NULL, NULL)) {
            X509_CRL_free(crl);
            break;
        }
        ok = sk_X509_CRL_push(crls, crl) > 0;
        if (!ok)
            X509_CRL_free(crl);
    }
    if (!ok || !at_last_block() || sk_X509_CRL_num(crls) == 0) {
        refuse_damaged(pem, sk_X509_CRL_num(crls) + 1, err);
        sk_X509_CRL_pop_free(crls, X509_CRL_free);
        crls = NULL;
    }
    BIO_free(in);
    return crls;
}

/* What the passphrase callback of OpenSSL needs to know and to tell. */
struct secret {
    const struct pem *pem;
    const struct ww_ask *ask;
    bool wanted;
    bool given;
};

static int give_secret(char *buf, int cap, int writing, void *arg)
{
    struct secret *s = arg;

    (void)writing;
    s->wanted = true;
    if (!s->ask || !s->ask->secret)
        return -1;
    int len = s->ask->secret(s->ask->arg, s->pem->path, buf, cap);
    s->given = len >= 0;
    return len;
}

static void refuse_key(const struct secret *s, struct ww_error *err)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());

    if (s->given) {
        refuse(s->pem, err, "the passphrase does not open it");
    } else if (s->wanted) {
        refuse(s->pem, err,
               "is encrypted, and there is no terminal to ask "
               "for its passphrase");
        error_hint(err, "openssl pkey -in FILE -out PLAIN.key (and keep it "
                        "readable by its user only)");
    } else {
        refuse(s->pem, err, "is damaged (%s)", why ? why : "unknown failure");
    }
    ERR_clear_error();
}

/* Keeps the key as it is now, in the clear, for the clones. */
static int keep_plain(struct pem *pem, const EVP_PKEY *key)
{
    char *text = NULL;
    BIO *out = BIO_new(BIO_s_secmem());
    int result = -1;

    if (!out ||
        !PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL))
        goto out;
    long len = BIO_get_mem_data(out, &text);
    char *copy = len > 0 ? malloc((size_t)len + 1) : NULL;
    if (!copy)
        goto out;
    memcpy(copy, text, (size_t)len);
    copy[len] = '\0';
    OPENSSL_cleanse(pem->data, pem->len);
    free(pem->data);
    pem->data = copy;
    pem->len = (size_t)len;
    result = 0;

out:
    BIO_free(out);
    return result;
}

EVP_PKEY *pem_key(struct pem *pem, const struct ww_ask *ask, OSSL_LIB_CTX *lib,
                  struct ww_error *err)
{
    struct secret secret = { .pem = pem, .ask = ask };
    BIO *in = source(pem);
    EVP_PKEY *key = NULL;

    if (in)
        key = PEM_read_bio_PrivateKey_ex(in, NULL, give_secret, &secret, lib,
                                         NULL);
    if (!key)
        refuse_key(&secret, err);
    BIO_free(in);
    if (key && secret.wanted && keep_plain(pem, key) < 0) {
        refuse(pem, err, "out of memory");
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

void pem_warn_mode(const struct pem *pem, const struct ww_notify *notify)
{
    char name[240];
    struct stat st;

    if (stat(pem->path, &st) < 0 || !S_ISREG(st.st_mode) ||
        !(st.st_mode & (S_IRGRP | S_IROTH)))
        return;
    notify_say(notify, "%s can be read by others (mode %04o); chmod 600 it",
               pem_name(pem, name, sizeof name), st.st_mode & 07777);
}
