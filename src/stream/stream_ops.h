#ifndef STREAM_STREAM_OPS_H
#define STREAM_STREAM_OPS_H

#include "wirewrap/stream.h"

/* The one seam between plain and TLS.  All slots are filled in every table;
 * nobody tests a slot for NULL.  Each implementation embeds struct ww_stream
 * as its first member `base` and has a file of its own, whose functions carry
 * its name: plain_read, tls_read, mem_read. */
struct ww_stream_ops {
    enum ww_io (*handshake)(struct ww_stream *s, struct ww_error *err);
    enum ww_io (*read)(struct ww_stream *s, void *buf, size_t cap, size_t *got,
                       struct ww_error *err);
    enum ww_io (*write)(struct ww_stream *s, const void *buf, size_t len,
                        size_t *put, struct ww_error *err);
    /* Ends a wake-up: sends what a layer has gathered, puts aside what it
     * borrowed, and passes it on to the layer below. */
    enum ww_io (*flush)(struct ww_stream *s, struct ww_error *err);
    enum ww_io (*finish)(struct ww_stream *s, struct ww_error *err);
    bool (*pending)(const struct ww_stream *s);
    void (*info)(const struct ww_stream *s, struct ww_stream_info *info);
    int (*fd)(const struct ww_stream *s);
    void (*free)(struct ww_stream *s);
};

struct ww_stream {
    const struct ww_stream_ops *ops;
};

/* Sends what the stack has gathered (see stage.h).  DONE when nothing is left
 * to send; WANT_WRITE when the socket took only a part. */
WW_MUST_CHECK
enum ww_io stream_flush(struct ww_stream *s, struct ww_error *err);

/* Waits on `fd` (or only for the deadline, where it is -1) until what `io`
 * wants is there.  Returns 0, or -1 when the deadline passed, which is
 * recorded as a time-out of `phase`. */
int stream_wait(int fd, enum ww_io io, int64_t deadline, enum ww_phase phase,
                struct ww_error *err);

#endif
