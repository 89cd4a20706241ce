#include "server/loop.h"

#include <errno.h>
#include <ev.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"

struct loop {
    struct ev_loop *ev;
    struct loop_calls calls;
    ev_timer sweep;
    ev_prepare settle;
    ev_async wake;
};

_Static_assert(sizeof(ev_io) <= sizeof(long[8]), "loop_watch.space");

static ev_io *io_of(struct loop_watch *w)
{
    return (ev_io *)w->space;
}

static void on_ready(struct ev_loop *ev, ev_io *io, int revents)
{
    struct loop_watch *w = io->data;
    unsigned events = 0;

    (void)ev;
    if (revents & (EV_READ | EV_ERROR))
        events |= LOOP_READ;
    if (revents & (EV_WRITE | EV_ERROR))
        events |= LOOP_WRITE;
    if (revents & EV_ERROR)
        events |= LOOP_ERROR;
    w->ready(w, events);
}

static void on_sweep(struct ev_loop *ev, ev_timer *timer, int revents)
{
    const struct loop *l = timer->data;

    (void)ev;
    (void)revents;
    l->calls.sweep(l->calls.arg);
}

static void on_settle(struct ev_loop *ev, ev_prepare *prepare, int revents)
{
    const struct loop *l = prepare->data;

    (void)ev;
    (void)revents;
    l->calls.settle(l->calls.arg);
}

static void on_wake(struct ev_loop *ev, ev_async *async, int revents)
{
    const struct loop *l = async->data;

    (void)ev;
    (void)revents;
    l->calls.woken(l->calls.arg);
}

/* libev would abort() when epoll_wait() fails, for want of memory say.  It
 * goes on after this returns, so a short rest is all that is needed. */
static void on_trouble(const char *what) EV_NOEXCEPT
{
    (void)what;
    poll(NULL, 0, 10);
}

/* True if the loop's own two descriptors (epoll's, and the one that wakes it)
 * are to be had.  Without the second, libev would try for ever. */
static bool has_descriptors(void)
{
    int one = eventfd(0, EFD_CLOEXEC);
    int two = eventfd(0, EFD_CLOEXEC);
    int saved = errno;
    bool enough = one >= 0 && two >= 0;

    if (one >= 0)
        close(one);
    if (two >= 0)
        close(two);
    errno = saved;
    return enough;
}

struct loop *loop_new(const struct loop_calls *calls, struct ww_error *err)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        goto fail;
    l->calls = *calls;
    ev_set_syserr_cb(on_trouble);
    if (!has_descriptors())
        goto fail;
    l->ev = ev_loop_new(EVFLAG_NOENV | EVBACKEND_EPOLL);
    if (!l->ev)
        goto fail;

    ev_timer_init(&l->sweep, on_sweep, 0., LOOP_SWEEP_MS / 1000.);
    ev_prepare_init(&l->settle, on_settle);
    ev_async_init(&l->wake, on_wake);
    l->sweep.data = l->settle.data = l->wake.data = l;
    ev_prepare_start(l->ev, &l->settle);
    ev_async_start(l->ev, &l->wake);
    return l;

fail:
    error_sys(err, WW_ERR_LOCAL, "cannot make an event loop");
    if (errno == EMFILE || errno == ENFILE)
        error_hint(err, "raise the limit of open files (ulimit -n)");
    free(l);
    return NULL;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    ev_loop_destroy(l->ev);
    free(l);
}

static int wanted(unsigned events)
{
    return (events & LOOP_READ ? EV_READ : 0) |
           (events & LOOP_WRITE ? EV_WRITE : 0);
}

void loop_add(struct loop *l, struct loop_watch *w, int fd, unsigned events)
{
    ev_io *io = io_of(w);

    ev_io_init(io, on_ready, fd, wanted(events));
    io->data = w;
    ev_io_start(l->ev, io);
}

void loop_remove(struct loop *l, struct loop_watch *w)
{
    ev_io_stop(l->ev, io_of(w));
}

void loop_want(struct loop *l, struct loop_watch *w, unsigned events)
{
    ev_io *io = io_of(w);
    int want = wanted(events);

    if (ev_is_active(io) && (io->events & (EV_READ | EV_WRITE)) == want)
        return;
    ev_io_stop(l->ev, io);
    ev_io_modify(io, want);
    ev_io_start(l->ev, io);
}

void loop_sweep(struct loop *l, bool on)
{
    if (on && !ev_is_active(&l->sweep)) {
        ev_now_update(l->ev);
        ev_timer_again(l->ev, &l->sweep);
    } else if (!on) {
        ev_timer_stop(l->ev, &l->sweep);
    }
}

void loop_run(struct loop *l)
{
    ev_run(l->ev, 0);
}

void loop_stop(struct loop *l)
{
    ev_break(l->ev, EVBREAK_ALL);
}

void loop_wake(struct loop *l)
{
    ev_async_send(l->ev, &l->wake);
}
