#include "stream/stage.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "stream/stream_ops.h"

/* Bytes that had to leave the room; freed as soon as they are used up. */
struct kept {
    uint8_t *data;
    size_t pos, len;
};

struct stage {
    struct ww_stream base;
    struct ww_stream *below;
    struct stage_room *room;
    struct kept in, out;
    bool received; /* since the last flush: the others are due */
    bool mute;     /* output was lost, so none may follow */
    bool deaf;     /* the same for input */
};

static struct stage *stage_of(struct ww_stream *s)
{
    return (struct stage *)s;
}

static void kept_clear(struct kept *k)
{
    free(k->data);
    *k = (struct kept){ 0 };
}

static int kept_fill(struct kept *k, const uint8_t *data, size_t len,
                     struct ww_error *err)
{
    assert(!k->data);
    k->data = malloc(len);
    if (!k->data)
        return error_sys(err, WW_ERR_LOCAL, "staging %zu bytes", len);
    memcpy(k->data, data, len);
    k->pos = 0;
    k->len = len;
    return 0;
}

static size_t take(void *buf, size_t cap, const uint8_t *from, size_t *pos,
                   size_t len)
{
    size_t n = len - *pos < cap ? len - *pos : cap;

    memcpy(buf, from + *pos, n);
    *pos += n;
    return n;
}

static enum ww_io broken(struct ww_error *err)
{
    error_set(err, WW_ERR_RESET, "connection lost: staged bytes are missing");
    return WW_IO_FAILED;
}

/* Makes the room ours until the next flush. */
static struct stage_room *claim(struct stage *g)
{
    struct stage_room *room = g->room;

    assert(!room->user || room->user == &g->base);
    if (!room->user) {
        room->user = &g->base;
        room->in_pos = room->in_len = room->out_len = 0;
    }
    return room;
}

static enum ww_io stage_handshake(struct ww_stream *s, struct ww_error *err)
{
    return ww_stream_handshake(stage_of(s)->below, err);
}

static enum ww_io stage_read(struct ww_stream *s, void *buf, size_t cap,
                             size_t *got, struct ww_error *err)
{
    struct stage *g = stage_of(s);

    if (g->in.data) {
        *got = take(buf, cap, g->in.data, &g->in.pos, g->in.len);
        if (g->in.pos == g->in.len)
            kept_clear(&g->in);
        return WW_IO_DONE;
    }
    if (g->deaf)
        return broken(err);

    struct stage_room *room = claim(g);
    if (room->in_pos == room->in_len) {
        /* One receive per wake-up is fair to the other connections; whether
         * there is more, the loop will say. */
        if (g->received)
            return WW_IO_WANT_READ;
        size_t len = 0;
        enum ww_io io =
            ww_stream_read(g->below, room->in, sizeof room->in, &len, err);
        if (io != WW_IO_DONE)
            return io;
        g->received = true;
        room->in_pos = 0;
        room->in_len = len;
    }
    *got = take(buf, cap, room->in, &room->in_pos, room->in_len);
    return WW_IO_DONE;
}

/* Sends what had to be kept, the oldest bytes of all. */
static enum ww_io send_kept(struct stage *g, struct ww_error *err)
{
    if (g->mute)
        return broken(err);
    while (g->out.data) {
        size_t put = 0;
        enum ww_io io = ww_stream_write(g->below, g->out.data + g->out.pos,
                                        g->out.len - g->out.pos, &put, err);
        g->mute = io == WW_IO_FAILED;
        if (io != WW_IO_DONE)
            return io;
        g->out.pos += put;
        if (g->out.pos == g->out.len)
            kept_clear(&g->out);
    }
    return WW_IO_DONE;
}

/* Sends what lies in the room; what the socket refuses is kept. */
static enum ww_io send_room(struct stage *g, struct ww_error *err)
{
    struct stage_room *room = g->room;
    size_t pos = 0;
    enum ww_io io = WW_IO_DONE;

    while (pos < room->out_len && io == WW_IO_DONE) {
        size_t put = 0;
        io = ww_stream_write(g->below, room->out + pos, room->out_len - pos,
                             &put, err);
        pos += put;
    }
    size_t left = room->out_len - pos;
    room->out_len = 0;
    if (io == WW_IO_WANT_WRITE &&
        kept_fill(&g->out, room->out + pos, left, err) < 0)
        io = WW_IO_FAILED;
    g->mute = io == WW_IO_FAILED;
    return io;
}

static enum ww_io stage_write(struct ww_stream *s, const void *buf, size_t len,
                              size_t *put, struct ww_error *err)
{
    struct stage *g = stage_of(s);

    enum ww_io io = send_kept(g, err);
    if (io != WW_IO_DONE)
        return io;

    struct stage_room *room = claim(g);
    if (room->out_len == sizeof room->out) {
        io = send_room(g, err);
        if (io != WW_IO_DONE)
            return io;
    }
    size_t n = sizeof room->out - room->out_len;
    if (n > len)
        n = len;
    memcpy(room->out + room->out_len, buf, n);
    room->out_len += n;
    *put = n;
    return WW_IO_DONE;
}

/* Moves what must outlast the room out of it. */
static enum ww_io leave_room(struct stage *g, enum ww_io io,
                             struct ww_error *err)
{
    struct stage_room *room = g->room;

    if (io == WW_IO_DONE)
        io = send_room(g, err);
    if (room->in_pos < room->in_len &&
        kept_fill(&g->in, room->in + room->in_pos, room->in_len - room->in_pos,
                  err) < 0) {
        io = WW_IO_FAILED;
        g->deaf = true;
    }
    room->user = NULL;
    return io;
}

static enum ww_io stage_flush(struct ww_stream *s, struct ww_error *err)
{
    struct stage *g = stage_of(s);

    enum ww_io io = send_kept(g, err);
    if (g->room->user == s)
        io = leave_room(g, io, err);
    g->received = false;
    return io == WW_IO_DONE ? stream_flush(g->below, err) : io;
}

static enum ww_io stage_finish(struct ww_stream *s, struct ww_error *err)
{
    enum ww_io io = stage_flush(s, err);

    return io == WW_IO_DONE ? ww_stream_finish(stage_of(s)->below, err) : io;
}

static bool stage_pending(const struct ww_stream *s)
{
    const struct stage *g = (const struct stage *)s;

    return g->in.data ||
           (g->room->user == s && g->room->in_pos < g->room->in_len) ||
           ww_stream_pending(g->below);
}

static void stage_info(const struct ww_stream *s, struct ww_stream_info *info)
{
    ww_stream_info(((const struct stage *)s)->below, info);
}

static int stage_fd(const struct ww_stream *s)
{
    return ww_stream_fd(((const struct stage *)s)->below);
}

static void stage_free(struct ww_stream *s)
{
    struct stage *g = stage_of(s);

    if (g->room->user == s)
        g->room->user = NULL;
    kept_clear(&g->in);
    kept_clear(&g->out);
    ww_stream_free(g->below);
    free(g);
}

static const struct ww_stream_ops stage_ops = {
    .handshake = stage_handshake,
    .read = stage_read,
    .write = stage_write,
    .flush = stage_flush,
    .finish = stage_finish,
    .pending = stage_pending,
    .info = stage_info,
    .fd = stage_fd,
    .free = stage_free,
};

struct ww_stream *stage_new(struct ww_stream *below, struct stage_room *room,
                            struct ww_error *err)
{
    struct stage *g = calloc(1, sizeof *g);
    if (!g) {
        error_sys(err, WW_ERR_LOCAL, "new stage");
        return NULL;
    }
    g->base.ops = &stage_ops;
    g->room = room;
    g->below = below;
    return &g->base;
}
