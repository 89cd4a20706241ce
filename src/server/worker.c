#include "server/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "net/listen.h"
#include "server/conn.h"

/* Most connections that are accepted before those already here get a turn. */
#define ACCEPT_MOST 64

/* How often the log hears of a limit that keeps being hit. */
#define TELL_EVERY_MS 5000

static void tell_limit(struct worker *w, const char *what)
{
    int64_t now = clock_ms();

    if (w->limit_told && now - w->limit_told < TELL_EVERY_MS)
        return;
    w->limit_told = now;
    log_line(&w->log, LOG_WARN, "%s", what);
}

/* Takes one connection more, unless there are too many. */
static bool take_slot(struct worker *w)
{
    unsigned most = w->config->max_connections;
    unsigned open =
        atomic_fetch_add_explicit(&w->shared->open, 1, memory_order_relaxed);

    if (!most || open < most)
        return true;
    atomic_fetch_sub_explicit(&w->shared->open, 1, memory_order_relaxed);
    return false;
}

/* A peer over the limit is closed politely: FIN, and nothing left unread. */
static void turn_away(struct worker *w, int fd)
{
    shutdown(fd, SHUT_WR);
    for (int i = 0; i < 8 && recv(fd, w->in, sizeof w->in, 0) > 0; i++)
        ; /* bounded: the others wait */
    close(fd);
    count(&w->counters.over_limit, 1);
    tell_limit(w, "connection limit reached (--max-connections): new ones are "
                  "closed at once");
}

static void welcome(struct listener *l, int fd, const struct sockaddr_in6 *peer)
{
    struct worker *w = l->worker;

    if (!take_slot(w)) {
        turn_away(w, fd);
        return;
    }
    if (!conn_new(w, l, fd, peer)) {
        atomic_fetch_sub_explicit(&w->shared->open, 1, memory_order_relaxed);
        tell_limit(w, w->err.text);
        return;
    }
    count(&w->counters.accepted, 1);
    loop_sweep(w->loop, true);
}

/* Out of descriptors or memory: the queue of the kernel holds who comes, until
 * the next sweep looks again.  Accepting at once would only spin. */
static void rest(struct listener *l, const char *cause)
{
    struct worker *w = l->worker;
    char why[120];

    snprintf(why, sizeof why,
             "cannot accept: %s; new clients wait (raise ulimit -n, or set "
             "--max-connections)",
             cause);
    count(&w->counters.no_descriptors, 1);
    tell_limit(w, why);
    l->resting = true;
    loop_remove(w->loop, &l->watch);
    loop_sweep(w->loop, true);
}

/* Accepts one connection; false if there was none to accept. */
static bool accept_one(struct listener *l)
{
    struct sockaddr_in6 peer = { 0 };
    socklen_t len = sizeof peer;

    int fd = accept4(l->fd, (struct sockaddr *)&peer, &len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        welcome(l, fd, &peer);
        return true;
    }
    switch (errno) {
    case EAGAIN:
        return false;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
        rest(l, strerror(errno));
        return false;
    default:
        return true; /* that one has gone again: ECONNABORTED and its like */
    }
}

static void on_listener(struct loop_watch *watch, unsigned events)
{
    struct listener *l = (struct listener *)watch;
    unsigned n = 0;

    if (events & LOOP_ERROR) {
        rest(l, "the kernel can't watch for new connections");
        return;
    }
    while (n < l->burst && accept_one(l))
        n++;
    /* One at a time while there is one at a time, so that the usual case asks
     * no question in vain; many at a time when many come. */
    if (n < l->burst)
        l->burst = 1;
    else if (l->burst < ACCEPT_MOST)
        l->burst *= 2;
}

static void wake_listeners(struct worker *w)
{
    for (size_t i = 0; i < w->listener_count; i++) {
        struct listener *l = &w->listeners[i];
        if (!l->resting)
            continue;
        l->resting = false;
        loop_add(w->loop, &l->watch, l->fd, LOOP_READ);
    }
}

/* No new connections; those that the kernel has already made for us are
 * accepted, for they would be reset. */
static void close_listeners(struct worker *w)
{
    for (size_t i = 0; i < w->listener_count; i++) {
        struct listener *l = &w->listeners[i];
        unsigned most = 4096;
        while (!l->resting && most-- > 0 && accept_one(l))
            ;
        if (!l->resting)
            loop_remove(w->loop, &l->watch);
        l->resting = false;
        close(l->fd);
        l->fd = -1;
    }
    w->listener_count = 0;
}

static void on_sweep(void *arg)
{
    struct worker *w = arg;
    int64_t now = clock_ms();
    bool late =
        w->drain_began && now - w->drain_began >= w->config->drain_timeout_ms;
    struct conn *next;

    for (struct conn *c = w->conns; c; c = next) {
        next = c->next;
        conn_tick(c, now);
        if (late && !conn_is_over(c))
            conn_abort(c, "the drain ran out of time");
        if (conn_is_over(c))
            conn_close(c);
    }
    wake_listeners(w);
    if (w->conns)
        return;
    loop_sweep(w->loop, w->drain_began != 0);
    if (w->drain_began)
        loop_stop(w->loop);
}

static void on_settle(void *arg)
{
    struct worker *w = arg;

    log_flush(&w->log);
}

static void on_wake(void *arg)
{
    struct worker *w = arg;

    if (!w->drain_began) {
        w->drain_began = clock_ms();
        close_listeners(w);
        loop_sweep(w->loop, true);
    }
    for (struct conn *c = w->conns; c && atomic_load(&w->shared->hurry);
         c = c->next)
        conn_abort(c, "the server was told to end at once");
    on_sweep(w); /* it may be over already */
}

static void *work(void *arg)
{
    struct worker *w = arg;
    const uint64_t one = 1;

    loop_run(w->loop);
    log_flush(&w->log);
    while (write(w->shared->done, &one, sizeof one) < 0 && errno == EINTR)
        ;
    return NULL;
}

static int add_listeners(struct worker *w, const struct bound *bound,
                         size_t count, struct ww_error *err)
{
    w->listeners = calloc(count, sizeof *w->listeners);
    if (!w->listeners)
        return error_sys(err, WW_ERR_LOCAL, "worker");
    for (size_t i = 0; i < count; i++) {
        struct listener *l = &w->listeners[i];
        l->worker = w;
        l->fd = bound[i].fd;
        l->endpoint = bound[i].endpoint;
        l->burst = 1;
        l->watch.ready = on_listener;
    }
    return 0;
}

struct worker *worker_new(const struct server_config *config,
                          struct shared *shared, struct ww_tls *tls,
                          const struct bound *bound, size_t count,
                          struct ww_error *err)
{
    struct worker *w = calloc(1, sizeof *w);
    if (!w) {
        error_sys(err, WW_ERR_LOCAL, "worker");
        return NULL;
    }
    const struct loop_calls calls = {
        .sweep = on_sweep,
        .settle = on_settle,
        .woken = on_wake,
        .arg = w,
    };
    w->config = config;
    w->shared = shared;
    log_init(&w->log, config->log_level);
    w->loop = loop_new(&calls, err);
    if (!w->loop || add_listeners(w, bound, count, err) < 0) {
        worker_free(w);
        return NULL;
    }
    w->listener_count = count; /* the descriptors are ours from here on */
    w->tls = tls;
    return w;
}

int worker_start(struct worker *w, struct ww_error *err)
{
    sigset_t all;
    sigset_t before;

    for (size_t i = 0; i < w->listener_count; i++)
        loop_add(w->loop, &w->listeners[i].watch, w->listeners[i].fd,
                 LOOP_READ);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&w->thread, NULL, work, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        errno = failed;
        return error_sys(err, WW_ERR_LOCAL, "cannot start a worker");
    }
    return 0;
}

void worker_wake(struct worker *w)
{
    loop_wake(w->loop);
}

void worker_join(struct worker *w)
{
    pthread_join(w->thread, NULL);
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    while (w->conns)
        conn_close(w->conns);
    for (size_t i = 0; i < w->listener_count; i++)
        close(w->listeners[i].fd);
    free(w->listeners);
    loop_free(w->loop);
    ww_tls_free(w->tls);
    free(w);
}
