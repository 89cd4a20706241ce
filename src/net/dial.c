#include "wirewrap/net.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "net/addr.h"
#include "net/resolve.h"

#define HEAD_START_MS 250
#define ATTEMPTS_MAX  16 /* addresses of one endpoint */
#define FATES_SHOWN   4  /* of them in an error */

/* One address; `started` of them in struct dial have been tried. */
struct attempt {
    const struct addr *addr;
    int fd;       /* -1 once it is over */
    int os_errno; /* why it is over */
};

struct dial {
    struct attempt attempts[ATTEMPTS_MAX];
    size_t count;
    size_t started;
    size_t running;
    int64_t next_start; /* not before this, while others are running */
    int winner;         /* the connected socket, or -1 */
    const struct ww_notify *notify;
};

static void lose(struct dial *d, struct attempt *a, int os_errno)
{
    char text[ADDR_TEXT];

    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
    a->os_errno = os_errno;
    d->running--;
    d->next_start = 0; /* whoever comes next need not wait for this one */
    notify_say(d->notify, "%s: %s", addr_format(a->addr, text),
               strerror(os_errno));
}

/* On one machine, a client whose ephemeral port happens to be the one that it
 * connects to is answered by itself: TCP's simultaneous open.  Nobody listens
 * there, and that is what has to be said. */
static bool is_own_echo(int fd)
{
    struct addr local, peer;
    return addr_local(fd, &local) == 0 && addr_peer(fd, &peer) == 0 &&
           addr_equal(&local, &peer);
}

static void win(struct dial *d, struct attempt *a)
{
    char text[ADDR_TEXT];

    if (is_own_echo(a->fd)) {
        lose(d, a, ECONNREFUSED);
        return;
    }
    d->winner = a->fd;
    a->fd = -1;
    d->running--;
    notify_say(d->notify, "connected to %s", addr_format(a->addr, text));
}

static void start_next(struct dial *d)
{
    struct attempt *a = &d->attempts[d->started++];
    char text[ADDR_TEXT];
    int one = 1;

    notify_say(d->notify, "trying %s", addr_format(a->addr, text));
    d->next_start = clock_ms() + HEAD_START_MS;
    d->running++;
    a->fd = socket(a->addr->any.sa_family,
                   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* A connect() that a signal interrupts goes on all the same. */
    if (a->fd < 0 ||
        setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0 ||
        (connect(a->fd, &a->addr->any, a->addr->len) < 0 &&
         errno != EINPROGRESS && errno != EINTR))
        lose(d, a, errno);
}

/* Finds out how an attempt ended that poll(2) has pointed at. */
static void settle(struct dial *d, struct attempt *a)
{
    int os_errno = 0;
    socklen_t len = sizeof os_errno;

    if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &os_errno, &len) < 0)
        os_errno = errno;
    if (os_errno == 0)
        win(d, a);
    else
        lose(d, a, os_errno);
}

/* Waits until an attempt ends, the next one is due, or the deadline. */
static int wait_some(struct dial *d, int64_t deadline, struct ww_error *err)
{
    struct pollfd polls[ATTEMPTS_MAX];
    int64_t until = deadline;

    if (d->started < d->count && d->next_start < until)
        until = d->next_start;
    for (size_t i = 0; i < d->started; i++)
        polls[i] =
            (struct pollfd){ .fd = d->attempts[i].fd, .events = POLLOUT };
    if (poll(polls, d->started, clock_left(until)) < 0)
        return errno == EINTR ? 0 : error_sys(err, WW_ERR_FAILED, "poll");

    for (size_t i = 0; i < d->started && d->winner < 0; i++) {
        if (polls[i].revents)
            settle(d, &d->attempts[i]);
    }
    return 0;
}

/* True if all attempts that are over ended with this error. */
static bool all_ended_with(const struct dial *d, int os_errno)
{
    for (size_t i = 0; i < d->started; i++) {
        if (d->attempts[i].os_errno != os_errno)
            return false;
    }
    return true;
}

static const struct attempt *find_failed(const struct dial *d, int os_errno)
{
    for (size_t i = 0; i < d->started; i++) {
        if (d->attempts[i].os_errno == os_errno)
            return &d->attempts[i];
    }
    return NULL;
}

static void hint_at(const struct dial *d, struct ww_error *err)
{
    if (all_ended_with(d, ECONNREFUSED))
        error_hint(err, "is the server running, and on this port?");
    else if (find_failed(d, EMFILE) || find_failed(d, ENFILE))
        error_hint(err, "raise the limit of open files (ulimit -n)");
    else if (find_failed(d, EINVAL) && addr_lacks_zone(d->attempts[0].addr))
        error_hint(err, "a link-local address needs its interface: "
                        "[fe80::1%%eth0]");
}

/* Tells the fate of every address but the last, whose errno text comes from
 * error_sys(): "::1: Connection refused; 127.0.0.1". */
static void list_fates(const struct dial *d, char *buf, size_t cap)
{
    size_t used = 0;
    size_t last = d->started - 1;
    char host[ADDR_TEXT];

    buf[0] = '\0';
    for (size_t i = 0; i < last && i < FATES_SHOWN && used < cap; i++)
        used += (size_t)snprintf(buf + used, cap - used, "%s: %s; ",
                                 addr_host(d->attempts[i].addr, host),
                                 strerror(d->attempts[i].os_errno));
    if (last > FATES_SHOWN && used < cap)
        used += (size_t)snprintf(buf + used, cap - used, "%zu more; ",
                                 last - FATES_SHOWN);
    if (used < cap)
        snprintf(buf + used, cap - used, "%s",
                 addr_host(d->attempts[last].addr, host));
}

static int fail(const struct dial *d, const struct ww_endpoint *endpoint,
                struct ww_error *err)
{
    char where[WW_ENDPOINT_TEXT];
    char fates[300];
    enum ww_err kind = find_failed(d, EMFILE) || find_failed(d, ENFILE)
                           ? WW_ERR_LOCAL
                           : WW_ERR_CONNECT;

    ww_endpoint_format(endpoint, where, sizeof where);
    list_fates(d, fates, sizeof fates);
    errno = d->attempts[d->started - 1].os_errno;
    if (strcmp(fates, endpoint->host) == 0) /* one address, and just named */
        error_sys(err, kind, "%s: cannot connect", where);
    else
        error_sys(err, kind, "%s: cannot connect: %s", where, fates);
    hint_at(d, err);
    return -1;
}

/* Runs the attempts until one wins, all have lost, or time is up: then some
 * are still running. */
static int race(struct dial *d, int64_t deadline, struct ww_error *err)
{
    while (d->winner < 0 && (d->running || d->started < d->count)) {
        if (d->started < d->count &&
            (d->running == 0 || clock_left(d->next_start) == 0))
            start_next(d);
        if (d->winner >= 0 || d->running == 0)
            continue;
        if (wait_some(d, deadline, err) < 0)
            return -1;
        if (d->running && clock_left(deadline) == 0)
            return 0;
    }
    return 0;
}

/* Says why there is no winner. */
static int outcome(const struct dial *d, const struct ww_endpoint *endpoint,
                   int64_t time_ms, struct ww_error *err)
{
    char where[WW_ENDPOINT_TEXT];

    if (!d->running)
        return fail(d, endpoint, err);
    return error_timeout(err, WW_PHASE_CONNECT,
                         "%s: connect: no answer within %.3g s",
                         ww_endpoint_format(endpoint, where, sizeof where),
                         time_ms > 0 ? (double)time_ms / 1e3 : 0);
}

static void dial_init(struct dial *d, const struct addr_list *addrs,
                      const struct ww_notify *notify)
{
    *d = (struct dial){ .winner = -1, .notify = notify };
    d->count = addrs->count < ATTEMPTS_MAX ? addrs->count : ATTEMPTS_MAX;
    for (size_t i = 0; i < d->count; i++)
        d->attempts[i] = (struct attempt){ .addr = &addrs->items[i], .fd = -1 };
}

static void dial_clear(struct dial *d)
{
    for (size_t i = 0; i < d->started; i++) {
        if (d->attempts[i].fd >= 0)
            close(d->attempts[i].fd);
    }
}

int ww_dial(const struct ww_endpoint *endpoint, int64_t deadline,
            const struct ww_notify *notify, struct ww_error *err)
{
    struct addr_list addrs;
    struct dial d;
    int64_t begun = clock_ms();

    if (resolve_by(endpoint, RESOLVE_TO_CONNECT, deadline, &addrs, err) < 0)
        return -1;
    addr_list_interleave(&addrs);
    dial_init(&d, &addrs, notify);
    if (race(&d, deadline, err) == 0 && d.winner < 0)
        outcome(&d, endpoint, deadline - begun, err);
    dial_clear(&d);
    return d.winner;
}
