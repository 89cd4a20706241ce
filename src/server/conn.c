#include "server/conn.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

/* How long the peer's goodbye is waited for once ours is out. */
#define CONN_PARTING_MS       2000
#define CONN_PARTING_DRAIN_MS 1000

/* How long nothing may have come before a drain calls a connection idle, and
 * how long it waits for a handshake that is under way. */
#define CONN_IDLE_DRAIN_MS  200
#define CONN_SHAKE_DRAIN_MS 1000

static struct conn *conn_of(struct loop_watch *w)
{
    return (struct conn *)w;
}

static void conn_ready(struct loop_watch *watch, unsigned events)
{
    struct conn *c = conn_of(watch);

    /* Each state asks for what it needs, whatever came. */
    if (events & LOOP_ERROR)
        conn_abort(c, "the kernel can't watch one connection more");
    else
        conn_step(c);
    if (c->state == CONN_OVER)
        conn_close(c);
}

/* Ends it because a deadline has passed. */
static void expire(struct conn *c, enum ww_phase phase, const char *text)
{
    struct ww_error err = { 0 };

    error_timeout(&err, phase, "%s", text);
    conn_end_with(c, &err);
    c->state = CONN_OVER;
}

/* Looks once more before a silent connection is ended: what has arrived since
 * the loop last looked is answered.  True if it is to be ended still. */
static bool is_silent(struct conn *c)
{
    uint64_t before = c->in;

    conn_step(c);
    return c->state == CONN_SERVING && !c->blocked_ms && c->in == before;
}

/* Nothing has moved for as long as may be: says goodbye, and waits for the
 * client's, for a line of its that crosses with ours must not meet a closed
 * socket. */
static void part_with_idle(struct conn *c)
{
    struct ww_error err = { 0 };

    error_timeout(&err, WW_PHASE_IDLE, "nothing came from the client");
    conn_end_with(c, &err);
    conn_finish(c);
}

static void tick_serving(struct conn *c, int64_t now)
{
    const struct server_config *config = c->worker->config;

    if (c->blocked_ms && now - c->blocked_ms >= config->write_timeout_ms)
        expire(c, WW_PHASE_WRITE, "the client does not read its answers");
    else if (!c->blocked_ms && now - c->active_ms >= config->idle_timeout_ms &&
             is_silent(c))
        part_with_idle(c);
}

/* A drain ends what is idle, and when half of its time is over also what would
 * go on for ever; who does not read his answers has the time that is left. */
static void tick_draining(struct conn *c, int64_t now)
{
    int64_t drain = c->worker->drain_began;
    bool late = now - drain >= c->worker->config->drain_timeout_ms / 2;

    if (c->state != CONN_SERVING || c->blocked_ms)
        return;
    bool idle = now - drain >= CONN_IDLE_DRAIN_MS &&
                now - c->active_ms >= CONN_IDLE_DRAIN_MS;
    if (!idle && !late)
        return;
    bool silent = is_silent(c);
    if (silent || (late && c->state == CONN_SERVING && !c->blocked_ms))
        conn_finish(c);
}

void conn_abort(struct conn *c, const char *why)
{
    struct ww_error err = { 0 };

    error_set(&err, WW_ERR_FAILED, "%s", why);
    conn_end_with(c, &err);
    c->state = CONN_OVER;
}

void conn_tick(struct conn *c, int64_t now)
{
    const struct server_config *config = c->worker->config;
    int64_t drain = c->worker->drain_began;
    int64_t patience = drain ? CONN_PARTING_DRAIN_MS : CONN_PARTING_MS;

    switch ((enum conn_state)c->state) {
    case CONN_SHAKING:
        if (now - c->began_us / 1000 >= config->handshake_timeout_ms)
            expire(c, WW_PHASE_HANDSHAKE, "no complete TLS handshake");
        else if (drain && now - drain >= CONN_SHAKE_DRAIN_MS)
            conn_abort(c, "no TLS handshake before the server stopped");
        break;
    case CONN_SERVING:
    case CONN_FINISHING:
        tick_serving(c, now);
        if (drain)
            tick_draining(c, now);
        break;
    case CONN_PARTING:
        if (now - c->parting_ms >= patience)
            expire(c, WW_PHASE_IDLE, "the client did not say goodbye");
        break;
    case CONN_REFUSED:
        if (now - c->parting_ms >= patience)
            c->state = CONN_OVER;
        break;
    case CONN_OVER:
        break;
    }
}

bool conn_is_over(const struct conn *c)
{
    return c->state == CONN_OVER;
}

/* Builds the stack of streams for a listener's scheme.  Takes `fd`. */
static struct ww_stream *wrap(struct worker *w, enum ww_scheme scheme, int fd,
                              struct ww_error *err)
{
    struct ww_stream *top = ww_stream_plain(fd, err);
    if (!top) {
        close(fd);
        return NULL;
    }
    if (scheme == WW_SCHEME_TCP)
        return top;

    struct ww_stream *stage = stage_new(top, &w->room, err);
    if (!stage)
        goto fail;
    top = stage;
    struct ww_stream *tls = ww_stream_tls(w->tls, stage, NULL, err);
    if (!tls)
        goto fail;
    return tls;

fail:
    ww_stream_free(top);
    return NULL;
}

struct conn *conn_new(struct worker *w, const struct listener *listener, int fd,
                      const struct sockaddr_in6 *peer)
{
    enum ww_scheme scheme = listener->endpoint.scheme;

    w->err.kind = WW_ERR_NONE;
    struct ww_stream *stream = wrap(w, scheme, fd, &w->err);
    struct conn *c = stream ? calloc(1, sizeof *c) : NULL;
    if (!c) {
        if (stream)
            error_sys(&w->err, WW_ERR_LOCAL, "new connection");
        ww_stream_free(stream);
        return NULL;
    }
    c->worker = w;
    c->listener = listener;
    c->stream = stream;
    c->peer = *peer;
    c->state = scheme == WW_SCHEME_TCP ? CONN_SERVING : CONN_SHAKING;
    c->began_us = clock_us();
    c->active_ms = c->began_us / 1000;
    c->next = w->conns;
    if (c->next)
        c->next->prev = c;
    w->conns = c;
    c->watch.ready = conn_ready;
    loop_add(w->loop, &c->watch, fd, LOOP_READ);
    return c;
}

/* True if there are answers that did not get as far as the kernel. */
static bool is_cut(const struct conn *c)
{
    return c->answer ||
           (c->owed && (c->end == WW_END_ABORTED || c->end == WW_END_RESET));
}

/* An answer that is given up half way must not look whole.  TLS says so by the
 * close_notify that is missing; a plain stream has only the reset. */
static void reset_on_close(const struct conn *c)
{
    static const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

    if (c->listener->endpoint.scheme == WW_SCHEME_TCP)
        setsockopt(ww_stream_fd(c->stream), SOL_SOCKET, SO_LINGER, &at_once,
                   sizeof at_once);
}

void conn_close(struct conn *c)
{
    struct worker *w = c->worker;
    struct ww_stream_info info;

    ww_stream_info(c->stream, &info);
    if (is_cut(c))
        reset_on_close(c);
    count(&w->counters.ended[c->end], 1);
    count(&w->counters.app_in, c->in);
    count(&w->counters.app_out, c->out);
    count(&w->counters.wire_in, info.wire_in);
    count(&w->counters.wire_out, info.wire_out);
    conn_log(c, &info);

    loop_remove(w->loop, &c->watch);
    if (c->prev)
        c->prev->next = c->next;
    else
        w->conns = c->next;
    if (c->next)
        c->next->prev = c->prev;
    atomic_fetch_sub_explicit(&w->shared->open, 1, memory_order_relaxed);
    ww_stream_free(c->stream);
    free(c->answer);
    free(c->why);
    free(c);
}
