#include "net/listen.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "net/addr.h"
#include "net/resolve.h"
#include "wirewrap/net.h"

/* With SO_REUSEPORT on all sockets, two servers of one user share a port
 * without a word, and each gets half of the connections.  So the first socket
 * of an address binds and listens without the option, which fails where
 * anybody listens already, and gets it afterwards: from then on siblings may
 * join (inet_reuseport_add_sock() in Linux takes a listening socket into the
 * group when the first sibling comes).  Asking first with a socket that is
 * closed again, or a lock file, would leave a gap in time. */

#define BACKLOG         4096 /* the kernel cuts it to net.core.somaxconn */
#define RESOLVE_TIME_MS 10000
#define PORT_TRIES      16 /* for a port that is free in both families */

struct listening {
    const struct ww_endpoint *endpoint;
    const struct ww_notify *notify;
    struct addr_list addrs;
    int *fds;
    size_t cap;
    size_t count;
    uint16_t port; /* 0 until the kernel has chosen */
    int skipped;   /* errno of the family that was skipped last, or 0 */
};

static int set_on(int fd, int level, int option)
{
    int one = 1;
    return setsockopt(fd, level, option, &one, sizeof one);
}

/* SO_REUSEADDR lets a server start again while connections of the last one
 * are in TIME_WAIT; IPV6_V6ONLY because every family has its own socket.
 * Accepted sockets inherit TCP_NODELAY on Linux: one call less for each. */
static int set_options(int fd, int family)
{
    if (set_on(fd, SOL_SOCKET, SO_REUSEADDR) < 0 ||
        set_on(fd, IPPROTO_TCP, TCP_NODELAY) < 0)
        return -1;
    return family == AF_INET6 ? set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY) : 0;
}

/* Opens a listening socket; `alone` means that nobody may be there yet.
 * Returns the descriptor, or -1 with errno. */
static int open_socket(const struct addr *addr, bool alone)
{
    int family = addr->any.sa_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;

    if (set_options(fd, family) < 0 ||
        (!alone && set_on(fd, SOL_SOCKET, SO_REUSEPORT) < 0) ||
        bind(fd, &addr->any, addr->len) < 0 || listen(fd, BACKLOG) < 0 ||
        (alone && set_on(fd, SOL_SOCKET, SO_REUSEPORT) < 0)) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static void close_all(struct listening *l)
{
    while (l->count)
        close(l->fds[--l->count]);
}

/* An error that means "not on this machine" rather than "not now".  IPv6 that
 * is switched off shows only when ::1 is bound; but who names one address
 * wants that one. */
static bool is_missing_family(const struct listening *l,
                              const struct addr *addr, int os_errno)
{
    if (os_errno == EADDRNOTAVAIL)
        return addr->any.sa_family == AF_INET6 && l->addrs.count > 1;
    return os_errno == EAFNOSUPPORT || os_errno == EPROTONOSUPPORT;
}

static void hint_at(const struct addr *addr, int os_errno, struct ww_error *err)
{
    char host[ADDR_TEXT];

    switch (os_errno) {
    case EADDRINUSE:
        error_hint(err, "stop the other server or choose another port "
                        "(:0 lets the kernel choose)");
        break;
    case EACCES:
        error_hint(err, "ports below 1024 need root or CAP_NET_BIND_SERVICE; "
                        "take one from 1024");
        break;
    case EADDRNOTAVAIL:
        error_hint(err,
                   "this machine does not have the address %s; "
                   "* stands for all that it has",
                   addr_host(addr, host));
        break;
    case EMFILE:
    case ENFILE:
        error_hint(err, "raise the limit of open files (ulimit -n)");
        break;
    default:
        if (addr_lacks_zone(addr))
            error_hint(err, "a link-local address needs its interface: "
                            "[fe80::1%%eth0]");
    }
}

/* Names the address itself rather than the name that it came from: of
 * localhost's two it matters which one is in use. */
static int fail(const struct listening *l, const struct addr *addr,
                int os_errno, struct ww_error *err)
{
    struct ww_endpoint where = *l->endpoint;
    char text[WW_ENDPOINT_TEXT];

    addr_host(addr, where.host);
    errno = os_errno;
    error_sys(err, WW_ERR_LOCAL, "%s: cannot listen",
              ww_endpoint_format(&where, text, sizeof text));
    hint_at(addr, os_errno, err);
    return -1;
}

/* Opens the first socket of an address, or skips it.  Returns 0, or -1 with
 * errno. */
static int add(struct listening *l, struct addr *addr)
{
    struct addr bound;
    char host[ADDR_TEXT];

    addr_set_port(addr, l->port);
    int fd = open_socket(addr, true);
    if (fd >= 0) {
        l->fds[l->count++] = fd;
        if (addr_local(fd, &bound) < 0)
            return -1;
        l->port = addr_port(&bound);
        return 0;
    }
    if (!is_missing_family(l, addr, errno))
        return -1;
    l->skipped = errno;
    notify_say(l->notify, "not listening on %s: %s", addr_host(addr, host),
               strerror(l->skipped));
    return 0;
}

/* One pass over all addresses.  Returns how many sockets are open, 0 if the
 * kernel's choice of a port was taken in another family, or -1. */
static int add_all(struct listening *l, struct ww_error *err)
{
    l->port = l->endpoint->port;
    for (size_t i = 0; i < l->addrs.count && l->count < l->cap; i++) {
        struct addr *addr = &l->addrs.items[i];
        if (add(l, addr) == 0)
            continue;
        bool again = errno == EADDRINUSE && l->endpoint->port == 0 && l->count;
        if (!again)
            fail(l, addr, errno, err);
        close_all(l);
        return again ? 0 : -1;
    }
    if (l->count == 0)
        return fail(l, &l->addrs.items[0], l->skipped, err);
    return (int)l->count;
}

int ww_listen(const struct ww_endpoint *endpoint, int *fds, size_t cap,
              const struct ww_notify *notify, struct ww_error *err)
{
    struct listening l = { .endpoint = endpoint, .notify = notify };
    int count = 0;

    assert(cap > 0);
    l.fds = fds;
    l.cap = cap;
    if (resolve_by(endpoint, RESOLVE_TO_LISTEN, ww_deadline(RESOLVE_TIME_MS),
                   &l.addrs, err) < 0)
        return -1;
    for (int i = 0; i < PORT_TRIES && count == 0; i++)
        count = add_all(&l, err);
    return count ? count : fail(&l, &l.addrs.items[0], EADDRINUSE, err);
}

int listen_sibling(int fd, struct ww_error *err)
{
    struct addr addr;
    char text[ADDR_TEXT];

    if (addr_local(fd, &addr) < 0)
        return error_sys(err, WW_ERR_LOCAL, "cannot listen");
    int sibling = open_socket(&addr, false);
    if (sibling < 0) {
        int saved = errno;
        addr_format(&addr, text);
        errno = saved;
        error_sys(err, WW_ERR_LOCAL, "%s: cannot listen", text);
        hint_at(&addr, saved, err);
    }
    return sibling;
}

int listen_address(int fd, struct ww_endpoint *out)
{
    struct addr addr;

    if (addr_local(fd, &addr) < 0)
        return -1;
    addr_host(&addr, out->host);
    out->port = addr_port(&addr);
    return 0;
}
