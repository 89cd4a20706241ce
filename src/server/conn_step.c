#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "server/conn.h"
#include "server/hello.h"
#include "stream/stream_ops.h"

/* What a connection does when it can: a handler for each state, and the one
 * function that calls them. */

/* How much one connection may take in per wake-up before the others' turn. */
#define CONN_BUDGET ((size_t)64 * 1024)

/* How much of its answers a client has to take within the write time-out. */
#define CONN_PROGRESS ((uint64_t)16 * 1024)

void conn_end_with(struct conn *c, const struct ww_error *err)
{
    if (c->failed)
        return;
    c->failed = true;
    c->end = (uint8_t)ww_error_end(err);
    c->phase = (uint8_t)err->phase;
    c->why = strdup(err->text);
}

/* Says FIN and waits for the peer's.  The socket may hold what the stream will
 * never read, and closing on that would send a reset, which can overtake the
 * alert or the answer that is on its way. */
static void refuse(struct conn *c)
{
    struct ww_error ignored = { 0 };

    if (stream_flush(c->stream, &ignored) == WW_IO_FAILED) {
        c->state = CONN_OVER;
        return;
    }
    shutdown(ww_stream_fd(c->stream), SHUT_WR);
    c->parting_ms = clock_ms();
    c->blocked_ms = 0;
    c->state = CONN_REFUSED;
}

static void fail(struct conn *c, const struct ww_error *err)
{
    /* TLS may have had to answer the peer (a KeyUpdate, say) behind our own
     * goodbye; that what it says is not wanted any more is no reset. */
    if (c->state == CONN_PARTING && err->kind == WW_ERR_RESET) {
        c->state = CONN_REFUSED;
        return;
    }
    conn_end_with(c, err);
    if (err->kind == WW_ERR_TLS || err->kind == WW_ERR_CERT)
        refuse(c);
    else
        c->state = CONN_OVER;
}

/* Keeps the rest of an answer that the stream did not take. */
static int keep(struct conn *c, const uint8_t *data, size_t len,
                struct ww_error *err)
{
    c->answer = malloc(len);
    if (!c->answer)
        return error_sys(err, WW_ERR_LOCAL, "answer of %zu bytes", len);
    memcpy(c->answer, data, len);
    c->answer_pos = 0;
    c->answer_len = len;
    return 0;
}

/* Hands an answer to the stream, and keeps what it does not take. */
static enum ww_io put(struct conn *c, const uint8_t *data, size_t len,
                      struct ww_error *err)
{
    c->out += len;
    c->owed = c->owed || len > 0;
    while (len > 0) {
        size_t n = 0;
        enum ww_io io = ww_stream_write(c->stream, data, len, &n, err);
        if (io != WW_IO_DONE) {
            if (io != WW_IO_FAILED && keep(c, data, len, err) < 0)
                io = WW_IO_FAILED;
            return io;
        }
        data += n;
        len -= n;
    }
    return WW_IO_DONE;
}

/* Hands on what was kept, and sees off what the stream has gathered. */
static enum ww_io push(struct conn *c, struct ww_error *err)
{
    while (c->answer) {
        size_t n = 0;
        enum ww_io io = ww_stream_write(c->stream, c->answer + c->answer_pos,
                                        c->answer_len - c->answer_pos, &n, err);
        if (io != WW_IO_DONE)
            return io;
        c->active_ms = clock_ms();
        c->answer_pos += n;
        if (c->answer_pos == c->answer_len) {
            free(c->answer);
            c->answer = NULL;
        }
    }
    return c->blocked_ms ? stream_flush(c->stream, err) : WW_IO_DONE;
}

static enum ww_io shake(struct conn *c, struct ww_error *err)
{
    struct worker *w = c->worker;

    enum ww_io io = ww_stream_handshake(c->stream, err);
    if (io != WW_IO_DONE)
        return io;

    struct ww_stream_info info;
    ww_stream_info(c->stream, &info);
    count(info.resumed ? &w->counters.resumed : &w->counters.full, 1);
    c->shaken_us = clock_us();
    c->active_ms = c->shaken_us / 1000;
    c->state = CONN_SERVING;
    return WW_IO_DONE;
}

/* A TLS client on the plain port gets the service's answer, which it will not
 * understand, and an end, which it will; our own client knows its hello. */
static void note_hello(struct conn *c)
{
    struct ww_error why = { 0 };

    error_set(&why, WW_ERR_TLS,
              "a TLS client is talking to the plain port: serve tls:// there, "
              "or connect without TLS");
    conn_end_with(c, &why);
}

/* Answers one piece of input. */
static enum ww_io answer(struct conn *c, const uint8_t *in, size_t len,
                         struct ww_error *err)
{
    struct worker *w = c->worker;
    const struct service *service = w->config->service;
    bool last = false;

    if (c->in == 0 && c->listener->endpoint.scheme == WW_SCHEME_TCP &&
        hello_is_tls(in, len)) {
        note_hello(c);
        last = true;
    }
    size_t n = service->feed(&c->service, in, len, w->out);
    c->in += len;
    c->active_ms = clock_ms();
    if (w->config->once && c->out + n > 0)
        last = true;
    if (last) {
        n += service->end(&c->service, w->out + n);
        c->state = CONN_FINISHING;
    }
    return put(c, w->out, n, err);
}

static enum ww_io serve(struct conn *c, struct ww_error *err)
{
    struct worker *w = c->worker;
    size_t taken = 0;

    enum ww_io io = push(c, err);
    while (io == WW_IO_DONE && c->state == CONN_SERVING) {
        size_t got = 0;
        io = ww_stream_read(c->stream, w->in, sizeof w->in, &got, err);
        if (io != WW_IO_DONE)
            break;
        taken += got;
        io = answer(c, w->in, got, err);
        if (io == WW_IO_DONE && taken >= CONN_BUDGET &&
            !ww_stream_pending(c->stream))
            io = WW_IO_WANT_READ;
    }
    if (io != WW_IO_END)
        return io;

    c->peer_ended = true;
    c->state = CONN_FINISHING;
    return put(c, w->out, w->config->service->end(&c->service, w->out), err);
}

/* Sends the last answers and our goodbye. */
static enum ww_io finish(struct conn *c, struct ww_error *err)
{
    enum ww_io io = push(c, err);
    if (io == WW_IO_DONE)
        io = ww_stream_finish(c->stream, err);
    if (io == WW_IO_DONE)
        io = stream_flush(c->stream, err);
    if (io == WW_IO_FAILED && c->peer_ended && !c->owed)
        io = WW_IO_DONE; /* it left after its goodbye, and misses but ours */
    if (io != WW_IO_DONE)
        return io;

    if (c->peer_ended) {
        c->state = CONN_OVER;
    } else {
        shutdown(ww_stream_fd(c->stream), SHUT_WR);
        c->parting_ms = clock_ms();
        c->state = CONN_PARTING;
    }
    return io;
}

/* Throws away what still comes, up to the peer's goodbye.  Ours has been said
 * and nothing is expected any more, so that a bare FIN, which many clients
 * answer with, cuts nothing off. */
static enum ww_io part(struct conn *c, struct ww_error *err)
{
    struct worker *w = c->worker;
    size_t taken = 0;
    enum ww_io io = WW_IO_DONE;

    while (io == WW_IO_DONE) {
        size_t got = 0;
        io = ww_stream_read(c->stream, w->in, sizeof w->in, &got, err);
        taken += got;
        if (io == WW_IO_DONE && taken >= CONN_BUDGET &&
            !ww_stream_pending(c->stream))
            io = WW_IO_WANT_READ;
    }
    if (io == WW_IO_FAILED && err->kind == WW_ERR_TRUNCATED)
        io = WW_IO_END;
    if (io == WW_IO_END)
        c->state = CONN_OVER;
    return io;
}

/* The same below the stream, which has failed. */
static enum ww_io swallow(struct conn *c)
{
    struct worker *w = c->worker;

    ssize_t n = recv(ww_stream_fd(c->stream), w->in, sizeof w->in, 0);
    if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
        return WW_IO_WANT_READ;
    if (n < 0) {
        error_sys(&c->worker->err, WW_ERR_RESET, "connection lost");
        conn_end_with(c, &c->worker->err);
    }
    c->state = CONN_OVER;
    return WW_IO_DONE;
}

static enum ww_io run(struct conn *c, struct ww_error *err)
{
    switch ((enum conn_state)c->state) {
    case CONN_SHAKING:
        return shake(c, err);
    case CONN_SERVING:
        return serve(c, err);
    case CONN_FINISHING:
        return finish(c, err);
    case CONN_PARTING:
        return part(c, err);
    case CONN_REFUSED:
        return swallow(c);
    case CONN_OVER:
        break;
    }
    return WW_IO_DONE;
}

/* Runs the clock of the write time-out while output waits.  It starts again
 * when a good piece has gone, so that who reads slowly is served, and who only
 * drips is not. */
static void note_blocked(struct conn *c, bool blocked)
{
    struct ww_stream_info info;

    if (!blocked) {
        c->blocked_ms = 0;
        return;
    }
    ww_stream_info(c->stream, &info);
    if (c->blocked_ms && info.wire_out - c->blocked_out < CONN_PROGRESS)
        return;
    c->blocked_ms = clock_ms();
    c->blocked_out = info.wire_out;
}

/* Sends what this wake-up has gathered, and says what to wait for. */
static void settle(struct conn *c, enum ww_io io, struct ww_error *err)
{
    bool blocked = io == WW_IO_WANT_WRITE;

    if (c->state != CONN_REFUSED) {
        enum ww_io sent = stream_flush(c->stream, err);
        if (sent == WW_IO_FAILED) {
            fail(c, err);
            return;
        }
        blocked = blocked || sent == WW_IO_WANT_WRITE;
    }
    note_blocked(c, blocked);
    c->owed = blocked;
    loop_want(c->worker->loop, &c->watch, blocked ? LOOP_WRITE : LOOP_READ);
}

void conn_step(struct conn *c)
{
    struct ww_error *err = &c->worker->err;
    enum ww_io io;
    uint8_t before;

    err->kind = WW_ERR_NONE;
    err->phase = WW_PHASE_NONE;
    do {
        before = c->state;
        io = run(c, err);
        if (io == WW_IO_FAILED)
            fail(c, err);
    } while (c->state != before && c->state != CONN_OVER);
    if (c->state != CONN_OVER)
        settle(c, io, err);
}

void conn_finish(struct conn *c)
{
    struct worker *w = c->worker;

    w->err = (struct ww_error){ 0 };
    c->state = CONN_FINISHING;
    size_t n = w->config->service->end(&c->service, w->out);
    if (put(c, w->out, n, &w->err) == WW_IO_FAILED)
        fail(c, &w->err);
    else
        conn_step(c);
}
