#include "tls/below.h"

#include <string.h>

/* Tells OpenSSL in its own terms how a step on the lower stream ended.  "Not
 * now" has to be -1: on 0, SSL_shutdown() believes that its alert went out. */
static int translate(BIO *bio, enum ww_io io, size_t moved)
{
    struct below *below = BIO_get_data(bio);

    switch (io) {
    case WW_IO_DONE:
        return (int)moved;
    case WW_IO_WANT_READ:
        BIO_set_retry_read(bio);
        return -1;
    case WW_IO_WANT_WRITE:
        BIO_set_retry_write(bio);
        return -1;
    case WW_IO_END:
        below->at_end = true;
        return 0;
    case WW_IO_FAILED:
        below->failed = true;
        return -1;
    }
    return -1;
}

/* True if the first bytes can't begin a record (RFC 8446 section 5.1: type 20 to
 * 24, major version 3), nor on a server the hello of SSL 2.0, which TLS clients
 * once used.  OpenSSL would wait for five bytes of them. */
static bool is_alien(const struct below *below)
{
    const uint8_t *head = below->head;

    if (!below->is_client && head[0] >= 0x80)
        return false;
    return head[0] < 20 || head[0] > 24 ||
           (below->head_len > 1 && head[1] != 3);
}

/* Keeps the first bytes.  A record of type handshake (22) whose message is a
 * ClientHello (1) is never a server's: it is our own, sent back by a server
 * that echoes.  OpenSSL would find that out too, but only after waiting for
 * the rest of a record that may never come whole (RFC 8446 section 5.1). */
static void note_head(struct below *below, const char *buf, size_t got)
{
    size_t room = sizeof below->head - below->head_len;
    size_t n = got < room ? got : room;

    memcpy(below->head + below->head_len, buf, n);
    below->head_len = (uint8_t)(below->head_len + n);
    below->echoed = below->is_client && below->head_len >= 6 &&
                    below->head[0] == 22 && below->head[1] == 3 &&
                    below->head[5] == 1;
    below->alien = is_alien(below);
}

void below_fill_head(struct below *below)
{
    size_t got = 0;

    while (below->head_len < sizeof below->head &&
           ww_stream_read(below->stream, below->head + below->head_len,
                          sizeof below->head - below->head_len, &got,
                          NULL) == WW_IO_DONE)
        below->head_len = (uint8_t)(below->head_len + got);
}

void below_send_alert(struct below *below)
{
    /* Record head, then fatal (2) and protocol_version (70): RFC 8446 sections
     * 5.1 and 6.  The stream is given up whether it takes it or not. */
    static const uint8_t alert[] = { 21, 3, 1, 0, 2, 2, 70 };
    size_t put = 0;

    if (ww_stream_write(below->stream, alert, sizeof alert, &put, NULL) !=
        WW_IO_DONE)
        return;
}

static int below_read(BIO *bio, char *buf, int cap)
{
    struct below *below = BIO_get_data(bio);
    size_t got = 0;

    BIO_clear_retry_flags(bio);
    if (cap <= 0 || below->echoed || below->alien)
        return -1;
    enum ww_io io =
        ww_stream_read(below->stream, buf, (size_t)cap, &got, below->err);
    if (io == WW_IO_DONE && below->head_len < sizeof below->head)
        note_head(below, buf, got);
    return below->echoed || below->alien ? -1 : translate(bio, io, got);
}

static int below_write(BIO *bio, const char *buf, int len)
{
    struct below *below = BIO_get_data(bio);
    size_t put = 0;

    BIO_clear_retry_flags(bio);
    if (len <= 0)
        return -1;
    enum ww_io io =
        ww_stream_write(below->stream, buf, (size_t)len, &put, below->err);
    return translate(bio, io, put);
}

static long below_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    const struct below *below = BIO_get_data(bio);

    (void)num;
    (void)ptr;
    switch (cmd) {
    case BIO_CTRL_FLUSH:
        return 1; /* whoever drives the stream flushes it */
    case BIO_CTRL_EOF:
        return below->at_end;
    default:
        return 0;
    }
}

BIO_METHOD *below_method(void)
{
    /* No index of its own: nobody looks for it by type, and a process has
     * only some hundred to give away. */
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "wirewrap");

    if (!method || !BIO_meth_set_read(method, below_read) ||
        !BIO_meth_set_write(method, below_write) ||
        !BIO_meth_set_ctrl(method, below_ctrl)) {
        BIO_meth_free(method);
        return NULL;
    }
    return method;
}

BIO *below_bio(const BIO_METHOD *method, struct below *below)
{
    BIO *bio = BIO_new(method);

    if (bio) {
        BIO_set_data(bio, below);
        BIO_set_init(bio, 1);
    }
    return bio;
}
