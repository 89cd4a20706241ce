#include <openssl/err.h>
#include <stdlib.h>

#include "base/error.h"
#include "stream/stream_ops.h"
#include "tls/context.h"
#include "tls/failure.h"

/* The life of a TLS stream; only ever moves downwards. */
enum tls_state {
    TLS_SHAKING,  /* handshake under way, no data may pass */
    TLS_OPEN,     /* both directions usable */
    TLS_FINISHED, /* our close_notify is out, reading still allowed */
    TLS_LOST,     /* writing has failed below; what came before may be read */
    TLS_BROKEN,   /* failed: no SSL call may follow but SSL_free */
};

struct tls_stream {
    struct ww_stream base;
    enum tls_state state;
    bool shaken; /* there are facts to tell, whatever happened since */
    SSL *ssl;
    struct verdict *verdict; /* client only */
    struct below below;      /* what OpenSSL reads from and writes to */
};

static struct tls_stream *tls_of(struct ww_stream *s)
{
    return (struct tls_stream *)s;
}

/* Clears what an earlier failure may have left in OpenSSL's queue, which is
 * the thread's and not the connection's. */
static SSL *ready(struct tls_stream *t, struct ww_error *err)
{
    t->below.err = err;
    t->below.failed = false;
    ERR_clear_error();
    return t->ssl;
}

/* The only place that interprets a failed SSL call. */
static enum ww_io outcome(struct tls_stream *t, int rc, struct ww_error *err)
{
    /* Once the peer has said goodbye, OpenSSL answers so to a send that has
     * failed, too. */
    switch (t->below.failed ? SSL_ERROR_SYSCALL : SSL_get_error(t->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return WW_IO_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return WW_IO_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return WW_IO_END;
    default:
        break;
    }
    failure_tell(&t->below, t->verdict, t->state == TLS_SHAKING, err);
    t->state = TLS_BROKEN;
    return WW_IO_FAILED;
}

/* The same for a call that only sends: a stream below that takes no more may
 * still have something to read. */
static enum ww_io outcome_out(struct tls_stream *t, int rc,
                              struct ww_error *err)
{
    enum ww_io io = outcome(t, rc, err);

    if (io == WW_IO_FAILED && t->below.failed)
        t->state = TLS_LOST;
    return io;
}

static enum ww_io broken(struct ww_error *err)
{
    error_set(err, WW_ERR_FAILED, "TLS: the stream has failed before");
    return WW_IO_FAILED;
}

static enum ww_io tls_handshake(struct ww_stream *s, struct ww_error *err)
{
    struct tls_stream *t = tls_of(s);

    if (t->state == TLS_LOST || t->state == TLS_BROKEN)
        return broken(err);
    if (t->state != TLS_SHAKING)
        return WW_IO_DONE;
    int rc = SSL_do_handshake(ready(t, err));
    if (rc != 1)
        return outcome(t, rc, err);
    t->state = TLS_OPEN;
    t->shaken = true;
    return WW_IO_DONE;
}

static enum ww_io tls_read(struct ww_stream *s, void *buf, size_t cap,
                           size_t *got, struct ww_error *err)
{
    struct tls_stream *t = tls_of(s);

    if (t->state == TLS_SHAKING || t->state == TLS_BROKEN)
        return broken(err);
    int rc = SSL_read_ex(ready(t, err), buf, cap, got);
    return rc == 1 ? WW_IO_DONE : outcome(t, rc, err);
}

static enum ww_io tls_write(struct ww_stream *s, const void *buf, size_t len,
                            size_t *put, struct ww_error *err)
{
    struct tls_stream *t = tls_of(s);

    if (t->state != TLS_OPEN)
        return broken(err);
    int rc = SSL_write_ex(ready(t, err), buf, len, put);
    return rc == 1 ? WW_IO_DONE : outcome_out(t, rc, err);
}

static enum ww_io tls_flush(struct ww_stream *s, struct ww_error *err)
{
    return stream_flush(tls_of(s)->below.stream, err);
}

static enum ww_io tls_finish(struct ww_stream *s, struct ww_error *err)
{
    struct tls_stream *t = tls_of(s);

    if (t->state == TLS_FINISHED)
        return WW_IO_DONE;
    if (t->state != TLS_OPEN)
        return broken(err);
    /* A message of the protocol itself, an answer to a KeyUpdate say, may be
     * half out, and OpenSSL refuses to shut down in the middle of it. */
    int rc = 1;
    ready(t, err);
    if (!SSL_is_init_finished(t->ssl))
        rc = SSL_do_handshake(t->ssl);
    if (rc == 1)
        rc = SSL_shutdown(t->ssl);
    if (rc < 0)
        return outcome_out(t, rc, err);
    t->state = TLS_FINISHED;
    return WW_IO_DONE;
}

static bool tls_pending(const struct ww_stream *s)
{
    const struct tls_stream *t = (const struct tls_stream *)s;

    return SSL_pending(t->ssl) > 0 || ww_stream_pending(t->below.stream);
}

/* The common name of a group; OpenSSL 3.0 has numbers and its own spelling. */
static const char *group_name(SSL *ssl)
{
    int nid = (int)SSL_get_negotiated_group(ssl);

    switch (nid) {
    case NID_undef:
        return NULL;
    case NID_X25519:
        return "X25519";
    case NID_X9_62_prime256v1:
        return "P-256";
    case NID_secp384r1:
        return "P-384";
    default:
        return SSL_group_to_name(ssl, nid);
    }
}

static const char *identity(const struct tls_stream *t)
{
    if (!t->verdict || SSL_get_verify_mode(t->ssl) == SSL_VERIFY_NONE)
        return NULL;
    return t->verdict->is_address ? t->verdict->host
                                  : SSL_get0_peername(t->ssl);
}

static void tls_info(const struct ww_stream *s, struct ww_stream_info *info)
{
    const struct tls_stream *t = (const struct tls_stream *)s;

    ww_stream_info(t->below.stream, info);
    if (!t->shaken)
        return;
    info->version = SSL_get_version(t->ssl);
    info->suite = SSL_get_cipher_name(t->ssl);
    info->group = group_name(t->ssl);
    info->identity = identity(t);
    info->resumed = SSL_session_reused(t->ssl);
}

static int tls_fd(const struct ww_stream *s)
{
    return ww_stream_fd(((const struct tls_stream *)s)->below.stream);
}

static void tls_free(struct ww_stream *s)
{
    struct tls_stream *t = tls_of(s);

    SSL_free(t->ssl); /* releases the BIO too */
    ww_stream_free(t->below.stream);
    free(t->verdict);
    free(t);
}

static const struct ww_stream_ops tls_ops = {
    .handshake = tls_handshake,
    .read = tls_read,
    .write = tls_write,
    .flush = tls_flush,
    .finish = tls_finish,
    .pending = tls_pending,
    .info = tls_info,
    .fd = tls_fd,
    .free = tls_free,
};

static struct tls_stream *tls_new(struct ww_tls *tls, struct ww_error *err)
{
    BIO *bio;
    struct tls_stream *t = calloc(1, sizeof *t);
    if (!t)
        goto fail;
    t->base.ops = &tls_ops;
    t->below.is_client = tls->source.role == WW_TLS_CLIENT;

    t->ssl = SSL_new(tls->ctx);
    if (!t->ssl)
        goto fail;
    bio = below_bio(tls->below, &t->below);
    if (!bio)
        goto fail;
    SSL_set_bio(t->ssl, bio, bio); /* the SSL owns it now */
    return t;

fail:
    error_set(err, WW_ERR_LOCAL, "new TLS stream: out of memory");
    ERR_clear_error();
    if (t)
        tls_free(&t->base);
    return NULL;
}

struct ww_stream *ww_stream_tls(struct ww_tls *tls, struct ww_stream *below,
                                const char *host, struct ww_error *err)
{
    if (host && tls->source.role == WW_TLS_SERVER) {
        error_set(err, WW_ERR_USAGE, "a TLS server expects nobody by name");
        return NULL;
    }
    struct tls_stream *t = tls_new(tls, err);
    if (!t)
        return NULL;
    if (t->below.is_client) {
        t->verdict = verdict_new(t->ssl, host ? host : "",
                                 !tls->source.insecure_no_verify, err);
        if (!t->verdict) {
            tls_free(&t->base);
            return NULL;
        }
        SSL_set_connect_state(t->ssl);
    } else {
        SSL_set_accept_state(t->ssl);
    }
    t->below.stream = below; /* ours from here on */
    return &t->base;
}
