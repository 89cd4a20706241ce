#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "base/error.h"
#include "stream/stream_ops.h"

/* The blocking driver: every call repeats its step until it is through, and
 * then sends what a layer below may have gathered. */

int stream_wait(int fd, enum ww_io io, int64_t deadline, enum ww_phase phase,
                struct ww_error *err)
{
    struct pollfd p = {
        .fd = fd,
        .events = io == WW_IO_WANT_READ ? POLLIN : POLLOUT,
    };
    int n = 0;

    /* Asked first: a peer that drips is always ready. */
    while (clock_left(deadline) != 0) {
        n = poll(&p, 1, clock_left(deadline));
        if (n >= 0 || errno != EINTR)
            break;
        n = 0;
    }
    if (n < 0)
        return error_sys(err, WW_ERR_LOCAL, "poll");
    if (n == 0)
        return error_timeout(err, phase, "%s: out of time", phase_name(phase));
    return 0;
}

/* True while the step has to be repeated; waits as it asked. */
static bool again(struct ww_stream *s, enum ww_io *io, int64_t deadline,
                  enum ww_phase phase, struct ww_error *err)
{
    if (*io != WW_IO_WANT_READ && *io != WW_IO_WANT_WRITE)
        return false;
    if (stream_wait(ww_stream_fd(s), *io, deadline, phase, err) < 0) {
        *io = WW_IO_FAILED;
        return false;
    }
    return true;
}

/* Sends what is gathered before anybody waits for an answer to it. */
static enum ww_io flush_by(struct ww_stream *s, int64_t deadline,
                           enum ww_phase phase, struct ww_error *err)
{
    enum ww_io io;

    do {
        io = stream_flush(s, err);
    } while (again(s, &io, deadline, phase, err));
    return io;
}

/* The same before waiting for input, which a stage receives once per flush.  A
 * failure is for the next write to tell: what the peer has sent before may
 * still be read. */
static enum ww_io flush_to_read(struct ww_stream *s)
{
    enum ww_io io = stream_flush(s, NULL);

    return io == WW_IO_WANT_WRITE ? io : WW_IO_WANT_READ;
}

enum ww_io ww_handshake_by(struct ww_stream *s, int64_t deadline,
                           struct ww_error *err)
{
    enum ww_io io;

    do {
        io = ww_stream_handshake(s, err);
        enum ww_io sent = flush_by(s, deadline, WW_PHASE_HANDSHAKE, err);
        if (sent == WW_IO_FAILED)
            return sent;
    } while (again(s, &io, deadline, WW_PHASE_HANDSHAKE, err));
    return io;
}

enum ww_io ww_read_by(struct ww_stream *s, void *buf, size_t cap, size_t *got,
                      int64_t deadline, struct ww_error *err)
{
    enum ww_io io;

    do {
        io = ww_stream_read(s, buf, cap, got, err);
        if (io == WW_IO_WANT_READ)
            io = flush_to_read(s);
    } while (again(s, &io, deadline, WW_PHASE_IDLE, err));
    return io;
}

enum ww_io ww_write_by(struct ww_stream *s, const void *buf, size_t len,
                       int64_t deadline, struct ww_error *err)
{
    const char *next = buf;

    while (len > 0) {
        size_t put = 0;
        enum ww_io io = ww_stream_write(s, next, len, &put, err);
        if (io == WW_IO_DONE) {
            next += put;
            len -= put;
        } else if (!again(s, &io, deadline, WW_PHASE_WRITE, err)) {
            return io;
        }
    }
    return flush_by(s, deadline, WW_PHASE_WRITE, err);
}

enum ww_io ww_finish_by(struct ww_stream *s, int64_t deadline,
                        struct ww_error *err)
{
    enum ww_io io;

    do {
        io = ww_stream_finish(s, err);
    } while (again(s, &io, deadline, WW_PHASE_WRITE, err));
    if (io != WW_IO_DONE)
        return io;
    return flush_by(s, deadline, WW_PHASE_WRITE, err);
}
