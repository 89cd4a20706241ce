#include "talk.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "stream/stream_ops.h"

/* Neither is reached while all is well: how long a socket may stay silent, and
 * how many rounds in memory may pass without a byte, refusals among them. */
#define LIMIT_MS   20000
#define LIMIT_IDLE 100

/* Notes how a step ended; true if it may go on at once. */
static bool went_on(struct talk *t, enum ww_io io)
{
    switch (io) {
    case WW_IO_DONE:
        break;
    case WW_IO_WANT_READ:
        t->events |= POLLIN;
        break;
    case WW_IO_WANT_WRITE:
        t->events |= POLLOUT;
        break;
    case WW_IO_END:
        t->ended = true;
        break;
    case WW_IO_FAILED:
        t->failed = true;
        break;
    }
    assert_int_equal(t->err.kind != WW_ERR_NONE, t->failed);
    assert_int_equal(t->err.text[0] != '\0', t->failed);
    return io == WW_IO_DONE;
}

static void talk_write(struct talk *t)
{
    const char *out = t->out;
    bool more = true;

    while (more && t->sent < t->out_len) {
        size_t len = t->out_len - t->sent;
        size_t put = 0;
        if (t->chunk && t->chunk < len)
            len = t->chunk;
        enum ww_io io =
            ww_stream_write(t->s, out + t->sent, len, &put, &t->err);
        more = went_on(t, io);
        assert_int_not_equal(io, WW_IO_END);
        assert_int_equal(put > 0, io == WW_IO_DONE);
        assert_true(put <= len);
        t->sent += put;
    }
}

static bool wants_in(const struct talk *t)
{
    return !t->failed && !t->ended && (t->to_end || t->got < t->in_want);
}

static void talk_read(struct talk *t)
{
    char *in = t->in;
    char extra;
    bool more = true;

    while (more && wants_in(t)) {
        bool full = t->got == t->in_cap;
        size_t cap = full ? 1 : t->in_cap - t->got;
        size_t got = 0;
        if (t->cap && t->cap < cap)
            cap = t->cap;
        enum ww_io io = ww_stream_read(t->s, full ? &extra : in + t->got, cap,
                                       &got, &t->err);
        more = went_on(t, io);
        assert_int_equal(got > 0, io == WW_IO_DONE);
        assert_true(got <= cap);
        assert_true(t->got + got <= t->in_cap); /* no more than was sent */
        t->got += got;
    }
}

static void talk_finish(struct talk *t)
{
    bool due = t->ends && !t->finished && t->sent == t->out_len &&
               (!t->waits || t->ended);

    if (due && !t->failed) {
        enum ww_io io = ww_stream_finish(t->s, &t->err);
        assert_int_not_equal(io, WW_IO_END);
        t->finished = went_on(t, io);
    }
}

bool talk_over(const struct talk *t)
{
    return t->failed ||
           (t->shaken && t->sent == t->out_len && (!t->ends || t->finished) &&
            t->got >= t->in_want && (!t->to_end || t->ended));
}

static uint64_t wire(const struct talk *t)
{
    struct ww_stream_info info;

    ww_stream_info(t->s, &info);
    return info.wire_in + info.wire_out;
}

bool talk_step(struct talk *t)
{
    uint64_t before = wire(t) + t->sent + t->got + t->finished + t->ended;

    t->events = 0;
    if (!t->shaken)
        t->shaken = went_on(t, ww_stream_handshake(t->s, &t->err));
    if (t->shaken) {
        talk_write(t);
        talk_read(t);
        talk_finish(t);
    }
    if (!t->failed)
        went_on(t, stream_flush(t->s, &t->err));
    return wire(t) + t->sent + t->got + t->finished + t->ended != before;
}

/* Sleeps until one of both may go on. */
static void idle(const struct talk *a, const struct talk *b, int *rounds)
{
    struct pollfd p[2] = { { .fd = -1 }, { .fd = -1 } };
    const struct talk *const both[2] = { a, b };

    for (int i = 0; i < 2; i++)
        if (both[i]->s && both[i]->events)
            p[i] = (struct pollfd){ .fd = ww_stream_fd(both[i]->s),
                                    .events = both[i]->events };
    if (p[0].fd >= 0 || p[1].fd >= 0)
        assert_in_range(poll(p, 2, LIMIT_MS), 1, 2);
    else
        assert_in_range(++*rounds, 1, LIMIT_IDLE);
}

static bool turn(struct talk *t)
{
    if (!t->s || (talk_over(t) && !(t->events & POLLOUT)))
        return false;
    bool moved = talk_step(t);
    if (t->failed) {
        ww_stream_free(t->s);
        t->s = NULL;
        moved = true;
    }
    return moved;
}

void talk_run(struct talk *a, struct talk *b)
{
    int rounds = 0;

    while (!talk_over(a) || !talk_over(b)) {
        bool moved = turn(a);
        moved |= turn(b);
        if (moved)
            rounds = 0;
        else
            idle(a, b, &rounds);
    }
}
