#ifndef WIREWRAP_STREAM_H
#define WIREWRAP_STREAM_H

/* Streams: one set of calls for plain TCP and for TLS.
 *
 * A stream is a stack of layers, each knowing only the one below.  Nothing
 * here waits: every step does what it can and says what it waits for.  Wait
 * for that on ww_stream_fd() with a loop of your own, or use the calls whose
 * names end in _by, which wait themselves, up to a deadline.
 *
 * A stream belongs to one thread at a time.  Failure is final, and every later
 * call fails again, with one exception: when a write or a finish has failed,
 * what the peer had sent before may still be read, up to the failure that
 * follows it.  SIGPIPE is never raised. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wirewrap/error.h"
#include "wirewrap/net.h"

struct ww_stream;

/* How one step of I/O ended.  Every step returns exactly one of these; errno
 * means nothing to the caller. */
enum ww_io {
    WW_IO_DONE,       /* finished, or moved at least one byte */
    WW_IO_WANT_READ,  /* call again once the descriptor is readable */
    WW_IO_WANT_WRITE, /* call again once it is writable, reads included */
    WW_IO_END,        /* the peer ended its side in an orderly way */
    WW_IO_FAILED,     /* broken for good; *err says why */
};

/* Facts about a stream.  Texts belong to the stream and are NULL where they do
 * not apply (all of them on a plain one). */
struct ww_stream_info {
    const char *version;  /* "TLSv1.3" */
    const char *suite;    /* "TLS_AES_128_GCM_SHA256" */
    const char *group;    /* "X25519" */
    const char *identity; /* the name or address the certificate proved */
    bool resumed;         /* an abbreviated handshake */
    uint64_t wire_in;     /* bytes received from below TLS, headers of TCP */
    uint64_t wire_out;    /* and IP not counted; same for bytes sent */
};

/* Wraps a connected, non-blocking socket.  Takes `fd` on success; on failure
 * (NULL) the caller still owns it. */
WW_API WW_MUST_CHECK struct ww_stream *ww_stream_plain(int fd,
                                                       struct ww_error *err);

/* Moves connection setup one step on; a no-op (DONE) on a plain stream.  Must
 * have returned DONE before the first read or write.  Fails with WW_ERR_TLS,
 * WW_ERR_CERT (nothing was sent to the peer but the refusal) or what the
 * stream below failed with, WW_ERR_RESET mostly. */
WW_API WW_MUST_CHECK enum ww_io ww_stream_handshake(struct ww_stream *s,
                                                    struct ww_error *err);

/* Reads up to `cap` bytes, which must not be 0; *got is set on DONE and is
 * then at least 1.  END is close_notify in TLS and FIN on a plain stream; a
 * FIN alone in TLS fails with WW_ERR_TRUNCATED (RFC 8446 section 6.1). */
WW_API WW_MUST_CHECK enum ww_io ww_stream_read(struct ww_stream *s, void *buf,
                                               size_t cap, size_t *got,
                                               struct ww_error *err);

/* Writes up to `len` bytes, which must not be 0; *put may be less than `len`.
 * After a WANT the next write must offer the same bytes again, or more after
 * them.  DONE means handed to the kernel, not received. */
WW_API WW_MUST_CHECK enum ww_io ww_stream_write(struct ww_stream *s,
                                                const void *buf, size_t len,
                                                size_t *put,
                                                struct ww_error *err);

/* Ends our side (close_notify in TLS, FIN on a plain stream) without waiting
 * for the peer's end; reading goes on (half-close).  Repeated calls are
 * harmless. */
WW_API WW_MUST_CHECK enum ww_io ww_stream_finish(struct ww_stream *s,
                                                 struct ww_error *err);

/* True if bytes are buffered above the socket, so that polling alone would
 * miss them: read again before going to sleep. */
WW_API
bool ww_stream_pending(const struct ww_stream *s);

/* Fills in what is known so far; may be called at any time. */
WW_API
void ww_stream_info(const struct ww_stream *s, struct ww_stream_info *info);

/* The descriptor to wait on; it stays the stream's. */
WW_API
int ww_stream_fd(const struct ww_stream *s);

/* Releases the stream, everything below it and the descriptor.  NULL is fine.
 * Never blocks and never sends; call ww_stream_finish() first for that. */
WW_API
void ww_stream_free(struct ww_stream *s);

/* The blocking driver: the steps above, repeated until they are through or
 * `deadline` (see ww_deadline) has passed, which fails with WW_ERR_TIMEOUT and
 * the phase.  The deadline is absolute: a peer that drips bytes does not
 * stretch it.  They return DONE, END (read only) or FAILED. */
WW_API WW_MUST_CHECK enum ww_io ww_handshake_by(struct ww_stream *s,
                                                int64_t deadline,
                                                struct ww_error *err);

/* Waits for at least one byte. */
WW_API WW_MUST_CHECK enum ww_io ww_read_by(struct ww_stream *s, void *buf,
                                           size_t cap, size_t *got,
                                           int64_t deadline,
                                           struct ww_error *err);

/* Writes all `len` bytes. */
WW_API WW_MUST_CHECK enum ww_io ww_write_by(struct ww_stream *s,
                                            const void *buf, size_t len,
                                            int64_t deadline,
                                            struct ww_error *err);

/* Ends our side and sees the goodbye off. */
WW_API WW_MUST_CHECK enum ww_io ww_finish_by(struct ww_stream *s,
                                             int64_t deadline,
                                             struct ww_error *err);

#endif
