#include "stream/stream_ops.h"

enum ww_io ww_stream_handshake(struct ww_stream *s, struct ww_error *err)
{
    return s->ops->handshake(s, err);
}

enum ww_io ww_stream_read(struct ww_stream *s, void *buf, size_t cap,
                          size_t *got, struct ww_error *err)
{
    return s->ops->read(s, buf, cap, got, err);
}

enum ww_io ww_stream_write(struct ww_stream *s, const void *buf, size_t len,
                           size_t *put, struct ww_error *err)
{
    return s->ops->write(s, buf, len, put, err);
}

enum ww_io stream_flush(struct ww_stream *s, struct ww_error *err)
{
    return s->ops->flush(s, err);
}

enum ww_io ww_stream_finish(struct ww_stream *s, struct ww_error *err)
{
    return s->ops->finish(s, err);
}

bool ww_stream_pending(const struct ww_stream *s)
{
    return s->ops->pending(s);
}

void ww_stream_info(const struct ww_stream *s, struct ww_stream_info *info)
{
    *info = (struct ww_stream_info){ 0 };
    s->ops->info(s, info);
}

int ww_stream_fd(const struct ww_stream *s)
{
    return s->ops->fd(s);
}

void ww_stream_free(struct ww_stream *s)
{
    if (s)
        s->ops->free(s);
}
