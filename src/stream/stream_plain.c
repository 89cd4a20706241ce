#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "stream/stream_ops.h"

struct plain_stream {
    struct ww_stream base;
    int fd;
    bool finished; /* our FIN is out */
    bool ran_dry;  /* the last receive emptied the socket */
    int lost;      /* errno of the call that found the connection lost */
    uint64_t in, out;
};

static struct plain_stream *plain_of(struct ww_stream *s)
{
    return (struct plain_stream *)s;
}

static enum ww_io lost(struct plain_stream *p, struct ww_error *err)
{
    /* The kernel reports a reset once and an orderly end ever after, so it has
     * to be remembered here. */
    errno = p->lost;
    error_sys(err, WW_ERR_RESET, "connection lost");
    return WW_IO_FAILED;
}

/* Sorts a failed socket call: not ready yet, our trouble, or over. */
static enum ww_io outcome(struct plain_stream *p, enum ww_io want,
                          struct ww_error *err)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return want;
    p->lost = errno;
    if (errno == ENOMEM || errno == ENOBUFS) {
        error_sys(err, WW_ERR_LOCAL, "connection given up");
        return WW_IO_FAILED;
    }
    return lost(p, err);
}

static enum ww_io plain_handshake(struct ww_stream *s, struct ww_error *err)
{
    (void)s;
    (void)err;
    return WW_IO_DONE; /* TCP's own was over before we got the descriptor */
}

static enum ww_io plain_read(struct ww_stream *s, void *buf, size_t cap,
                             size_t *got, struct ww_error *err)
{
    struct plain_stream *p = plain_of(s);

    /* A short receive has emptied the socket; asking again at once would only
     * cost a system call to hear EAGAIN.  One call is spared, not more: the
     * caller may have waited since. */
    if (p->ran_dry) {
        p->ran_dry = false;
        return WW_IO_WANT_READ;
    }

    ssize_t n;
    do {
        n = recv(p->fd, buf, cap, 0);
    } while (n < 0 && errno == EINTR);

    if (n < 0)
        return outcome(p, WW_IO_WANT_READ, err);
    if (n == 0)
        return p->lost ? lost(p, err) : WW_IO_END;
    p->ran_dry = (size_t)n < cap;
    p->in += (uint64_t)n;
    *got = (size_t)n;
    return WW_IO_DONE;
}

static enum ww_io plain_write(struct ww_stream *s, const void *buf, size_t len,
                              size_t *put, struct ww_error *err)
{
    struct plain_stream *p = plain_of(s);
    ssize_t n;

    if (p->lost)
        return lost(p, err);
    do {
        n = send(p->fd, buf, len, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);

    if (n < 0)
        return outcome(p, WW_IO_WANT_WRITE, err);
    p->out += (uint64_t)n;
    *put = (size_t)n;
    return WW_IO_DONE;
}

static enum ww_io plain_flush(struct ww_stream *s, struct ww_error *err)
{
    (void)err;
    plain_of(s)->ran_dry = false; /* whoever flushes is about to wait */
    return WW_IO_DONE;            /* every write went straight to the kernel */
}

static enum ww_io plain_finish(struct ww_stream *s, struct ww_error *err)
{
    struct plain_stream *p = plain_of(s);

    if (p->lost)
        return lost(p, err);
    if (!p->finished && shutdown(p->fd, SHUT_WR) < 0)
        return outcome(p, WW_IO_WANT_WRITE, err);
    p->finished = true;
    return WW_IO_DONE;
}

static bool plain_pending(const struct ww_stream *s)
{
    (void)s;
    return false; /* the kernel holds everything, and poll sees it */
}

static void plain_info(const struct ww_stream *s, struct ww_stream_info *info)
{
    const struct plain_stream *p = (const struct plain_stream *)s;

    info->wire_in = p->in;
    info->wire_out = p->out;
}

static int plain_fd(const struct ww_stream *s)
{
    return ((const struct plain_stream *)s)->fd;
}

static void plain_free(struct ww_stream *s)
{
    close(plain_of(s)->fd);
    free(s);
}

static const struct ww_stream_ops plain_ops = {
    .handshake = plain_handshake,
    .read = plain_read,
    .write = plain_write,
    .flush = plain_flush,
    .finish = plain_finish,
    .pending = plain_pending,
    .info = plain_info,
    .fd = plain_fd,
    .free = plain_free,
};

struct ww_stream *ww_stream_plain(int fd, struct ww_error *err)
{
    struct plain_stream *p = calloc(1, sizeof *p);
    if (!p) {
        error_sys(err, WW_ERR_LOCAL, "new stream");
        return NULL;
    }
    p->base.ops = &plain_ops;
    p->fd = fd;
    return &p->base;
}
