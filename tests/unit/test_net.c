#include "wirewrap/net.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/addr.h"
#include "net/listen.h"
#include "net/resolve.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define SOON         ww_deadline(10000) /* a limit, not a time to wait */
#define SIBLINGS     4
#define SPREAD       64 /* connections; a socket gets none once in 10^7 runs */

/* What notify was told, one line each. */
struct notes {
    char text[4000];
};

static void take_note(void *arg, const char *text)
{
    struct notes *notes = arg;
    size_t used = strlen(notes->text);
    snprintf(notes->text + used, sizeof notes->text - used, "%s\n", text);
}

static struct ww_endpoint at(const char *host, uint16_t port)
{
    struct ww_endpoint endpoint = { .scheme = WW_SCHEME_TCP, .port = port };
    snprintf(endpoint.host, sizeof endpoint.host, "%s", host);
    return endpoint;
}

static uint16_t port_of(int fd)
{
    struct ww_endpoint endpoint = { 0 };
    assert_int_equal(listen_address(fd, &endpoint), 0);
    return endpoint.port;
}

/* Listens on the only address of `host`. */
static int listen_one(const char *host, uint16_t port)
{
    struct ww_error err = { 0 };
    struct ww_endpoint endpoint = at(host, port);
    int fds[2];

    int count = ww_listen(&endpoint, fds, COUNT(fds), NULL, &err);
    assert_string_equal(err.text, "");
    assert_int_equal(count, 1);
    return fds[0];
}

static int dial(const char *host, uint16_t port)
{
    struct ww_error err = { 0 };
    struct ww_endpoint endpoint = at(host, port);

    int fd = ww_dial(&endpoint, SOON, NULL, &err);
    assert_string_equal(err.text, "");
    assert_true(fd >= 0);
    return fd;
}

static int option(int fd, int level, int name)
{
    int value = 0;
    socklen_t len = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

static int accept_soon(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    assert_int_equal(poll(&p, 1, 10000), 1);
    int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(accepted >= 0);
    return accepted;
}

/* Binds a port without listening, so that it is refused and nobody else gets
 * it.  `port` 0 lets the kernel choose. */
static int hold(const char *host, uint16_t port)
{
    struct addr_list list;
    struct ww_endpoint endpoint = at(host, port);

    assert_int_equal(
        resolve_by(&endpoint, RESOLVE_TO_LISTEN, SOON, &list, NULL), 0);
    int fd = socket(list.items[0].any.sa_family, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    if (bind(fd, &list.items[0].any, list.items[0].len) == 0)
        return fd;
    close(fd);
    return -1;
}

/* True, and said, on a machine without IPv6. */
static bool lacks_ipv6(void)
{
    int fd = hold("::1", 0);
    if (fd < 0)
        print_message("# this machine has no ::1: skipped\n");
    else
        close(fd);
    return fd < 0;
}

/* Holds one port of the kernel's choice on 127.0.0.1 and ::1. */
static uint16_t hold_both(int fds[2])
{
    for (int i = 0; i < 16; i++) {
        fds[0] = hold("127.0.0.1", 0);
        uint16_t port = port_of(fds[0]);
        fds[1] = hold("::1", port);
        if (fds[1] >= 0)
            return port;
        close(fds[0]);
    }
    fail_msg("no port is free in both families");
    return 0;
}

/* Listens on ::1, on a port that is free on 127.0.0.1: not even a connection
 * in TIME_WAIT is there. */
static int listen_on_ipv6_only(uint16_t *port)
{
    int held[2];

    *port = hold_both(held);
    assert_int_equal(listen(held[1], 16), 0);
    close(held[0]);
    return held[1];
}

/* Listens on one family's loopback address while the other refuses the same
 * port, or does not exist. */
static int listen_alone(const char *host, int *held)
{
    for (int i = 0; i < 16; i++) {
        int listener = listen_one(host, 0);
        *held = hold(host[0] == ':' ? "127.0.0.1" : "::1", port_of(listener));
        if (*held >= 0 || errno != EADDRINUSE)
            return listener;
        close(listener);
    }
    fail_msg("no port is free in both families");
    return -1;
}

/* Goes to a machine of its own: an empty network namespace with loopback up.
 * Returns what come_back() needs, or -1 where that is not permitted. */
static int leave(void)
{
    struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

    if (home >= 0 && unshare(CLONE_NEWNET) < 0) {
        close(home);
        return -1;
    }
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
    close(fd);
    return home;
}

static void come_back(int home)
{
    assert_int_equal(setns(home, CLONE_NEWNET), 0);
    close(home);
}

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    bool written = fd >= 0 && write(fd, text, strlen(text)) > 0;
    if (fd >= 0)
        close(fd);
    return written;
}

/* --- addresses ------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name, *host;
    enum resolve_use use;
    const char *want; /* addresses, each with a blank behind it */
} resolved[] = {
    { "IPv4", "127.0.0.1", RESOLVE_TO_CONNECT, "127.0.0.1:7 " },
    { "IPv6", "::1", RESOLVE_TO_CONNECT, "[::1]:7 " },
    { "IPv6, written long", "0:0::0001", RESOLVE_TO_LISTEN, "[::1]:7 " },
    { "a zone id", "fe80::1%lo", RESOLVE_TO_CONNECT, "[fe80::1%lo]:7 " },
    { "localhost", "localhost", RESOLVE_TO_CONNECT, "[::1]:7 127.0.0.1:7 " },
    { "localhost to listen on", "localhost", RESOLVE_TO_LISTEN,
      "127.0.0.1:7 [::1]:7 " },
    { "LocalHost", "LocalHost", RESOLVE_TO_LISTEN, "127.0.0.1:7 [::1]:7 " },
    { "localhost.", "localhost.", RESOLVE_TO_LISTEN, "127.0.0.1:7 [::1]:7 " },
    { "everything", "*", RESOLVE_TO_LISTEN, "0.0.0.0:7 [::]:7 " },
};
/* clang-format on */

static const char *join(const struct addr_list *list, char *buf, size_t cap)
{
    char text[ADDR_TEXT];
    size_t used = 0;

    buf[0] = '\0';
    for (size_t i = 0; i < list->count && used < cap; i++)
        used += (size_t)snprintf(buf + used, cap - used, "%s ",
                                 addr_format(&list->items[i], text));
    return buf;
}

static void needs_no_resolver(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(resolved); i++) {
        struct ww_error err = { 0 };
        struct ww_endpoint endpoint = at(resolved[i].host, 7);
        struct addr_list list;
        char text[200];

        print_message("# %s\n", resolved[i].name);
        /* No time at all: whoever asks anybody fails. */
        assert_int_equal(resolve_by(&endpoint, resolved[i].use, 0, &list, &err),
                         0);
        assert_string_equal(join(&list, text, sizeof text), resolved[i].want);
    }
}

static void add(struct addr_list *list, const char *host)
{
    struct ww_endpoint endpoint = at(host, 7);
    struct addr_list one;

    assert_int_equal(resolve_by(&endpoint, RESOLVE_TO_LISTEN, 0, &one, NULL),
                     0);
    addr_list_add(list, &one.items[0].any, one.items[0].len);
}

/* clang-format off */
static const struct {
    const char *name, *hosts[6], *want;
} interleaved[] = {
    { "one", { "::1" }, "[::1]:7 " },
    { "one family", { "1.1.1.1", "2.2.2.2" }, "1.1.1.1:7 2.2.2.2:7 " },
    { "IPv6 leads", { "::1", "::2", "::3", "1.1.1.1" },
      "[::1]:7 1.1.1.1:7 [::2]:7 [::3]:7 " },
    { "IPv4 leads", { "1.1.1.1", "::1", "::2", "2.2.2.2" },
      "1.1.1.1:7 [::1]:7 2.2.2.2:7 [::2]:7 " },
    { "twice the same", { "1.1.1.1", "::1", "1.1.1.1", "::1" },
      "1.1.1.1:7 [::1]:7 " },
};
/* clang-format on */

static void families_take_turns(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(interleaved); i++) {
        struct addr_list list = { 0 };
        char text[400];

        print_message("# %s\n", interleaved[i].name);
        for (size_t j = 0; j < 6 && interleaved[i].hosts[j]; j++)
            add(&list, interleaved[i].hosts[j]);
        addr_list_interleave(&list);
        assert_string_equal(join(&list, text, sizeof text),
                            interleaved[i].want);
    }
}

static void one_family_leaves_room_for_the_other(void **state)
{
    struct addr_list list = { 0 };
    char host[40];

    (void)state;
    for (int i = 1; i < 40; i++) {
        snprintf(host, sizeof host, "::%d", i);
        add(&list, host);
    }
    add(&list, "127.0.0.1");
    assert_int_equal(list.count, ADDR_PER_FAMILY + 1);
    addr_list_interleave(&list);
    assert_int_equal(list.items[1].any.sa_family, AF_INET);
}

/* Where a name server is missing, or slow, time runs out instead. */
static void a_name_that_does_not_exist(void **state)
{
    struct ww_error err = { 0 };
    struct ww_endpoint endpoint = at("wirewrap.invalid", 7);

    (void)state;
    assert_int_equal(ww_dial(&endpoint, ww_deadline(2000), NULL, &err), -1);
    if (err.kind == WW_ERR_TIMEOUT) {
        assert_int_equal(err.phase, WW_PHASE_RESOLVE);
        assert_non_null(strstr(err.text, "wirewrap.invalid: resolve: "));
    } else {
        assert_int_equal(err.kind, WW_ERR_CONNECT);
        assert_non_null(strstr(err.text, "wirewrap.invalid: cannot resolve"));
    }
    assert_true(err.hint[0]);
}

/* The threads outlive their waiter, and have to clean up by themselves. */
static void a_resolver_that_is_not_waited_for(void **state)
{
    struct ww_endpoint endpoint = at("wirewrap.invalid", 7);
    struct addr_list list;

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct ww_error err = { 0 };
        int64_t deadline = ww_deadline(i / 4);
        assert_int_equal(
            resolve_by(&endpoint, RESOLVE_TO_CONNECT, deadline, &list, &err),
            -1);
        assert_true(err.kind == WW_ERR_TIMEOUT || err.kind == WW_ERR_CONNECT);
    }
}

static void an_interface_that_does_not_exist(void **state)
{
    struct ww_error err = { 0 };
    struct ww_endpoint endpoint = at("fe80::1%nowhere9", 7);

    (void)state;
    assert_int_equal(ww_dial(&endpoint, SOON, NULL, &err), -1);
    assert_int_equal(err.kind, WW_ERR_CONNECT);
    assert_string_equal(err.text,
                        "fe80::1%nowhere9: cannot resolve: no such address");
    assert_non_null(strstr(err.hint, "% must be an interface"));
}

/* --- dialling -------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name, *listen_on, *dial_to;
} reached[] = {
    { "IPv4",                            "127.0.0.1", "127.0.0.1" },
    { "IPv6",                            "::1",       "::1" },
    { "localhost that is IPv4 only",     "127.0.0.1", "localhost" },
    { "localhost that is IPv6 only",     "::1",       "localhost" },
    { "IPv4 in IPv6",                    "127.0.0.1", "::ffff:127.0.0.1" },
};
/* clang-format on */

static void dial_reaches_a_listener(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(reached); i++) {
        print_message("# %s\n", reached[i].name);
        if (reached[i].listen_on[0] == ':' && lacks_ipv6())
            continue;
        int held;
        int listener = listen_alone(reached[i].listen_on, &held);
        int fd = dial(reached[i].dial_to, port_of(listener));
        int accepted = accept_soon(listener);

        assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        assert_true(option(fd, IPPROTO_TCP, TCP_NODELAY));
        assert_true(option(accepted, IPPROTO_TCP, TCP_NODELAY));
        close(accepted);
        close(fd);
        close(listener);
        if (held >= 0)
            close(held);
    }
}

static void dial_reports_every_attempt(void **state)
{
    if (lacks_ipv6())
        return;

    struct notes notes = { 0 };
    const struct ww_notify notify = { take_note, &notes };
    struct ww_error err = { 0 };
    int held;
    int listener = listen_alone("127.0.0.1", &held);
    unsigned port = port_of(listener);
    struct ww_endpoint endpoint = at("localhost", (uint16_t)port);
    char want[300];

    (void)state;
    int fd = ww_dial(&endpoint, SOON, &notify, &err);
    snprintf(want, sizeof want,
             "trying [::1]:%u\n[::1]:%u: Connection refused\n"
             "trying 127.0.0.1:%u\nconnected to 127.0.0.1:%u\n",
             port, port, port, port);
    assert_string_equal(notes.text, want);
    close(fd);
    close(listener);
    close(held);
}

static void refused_by_one_address(void **state)
{
    struct ww_error err = { 0 };
    int held = hold("127.0.0.1", 0);
    struct ww_endpoint endpoint = at("127.0.0.1", port_of(held));
    char want[200];

    (void)state;
    assert_int_equal(ww_dial(&endpoint, SOON, NULL, &err), -1);
    snprintf(want, sizeof want,
             "tcp://127.0.0.1:%u: cannot connect: Connection refused",
             endpoint.port);
    assert_string_equal(err.text, want);
    assert_string_equal(err.hint, "is the server running, and on this port?");
    assert_int_equal(err.kind, WW_ERR_CONNECT);
    assert_int_equal(err.os_errno, ECONNREFUSED);
    close(held);
}

static void refused_by_both_families(void **state)
{
    if (lacks_ipv6())
        return;

    struct ww_error err = { 0 };
    int held[2];
    struct ww_endpoint endpoint = at("localhost", hold_both(held));
    char want[200];

    (void)state;
    assert_int_equal(ww_dial(&endpoint, SOON, NULL, &err), -1);
    snprintf(want, sizeof want,
             "tcp://localhost:%u: cannot connect: ::1: Connection refused; "
             "127.0.0.1: Connection refused",
             endpoint.port);
    assert_string_equal(err.text, want);
    assert_string_equal(err.hint, "is the server running, and on this port?");
    assert_int_equal(err.kind, WW_ERR_CONNECT);
    close(held[0]);
    close(held[1]);
}

/* A queue of one: further connections get no answer, and wait. */
static void the_deadline_passes(void **state)
{
    int held = hold("127.0.0.1", 0);
    struct ww_endpoint endpoint = at("127.0.0.1", port_of(held));
    struct ww_error err = { 0 };
    int fds[8];
    size_t count = 0;

    (void)state;
    assert_int_equal(listen(held, 0), 0);
    while (count < COUNT(fds)) {
        fds[count] = ww_dial(&endpoint, ww_deadline(300), NULL, &err);
        if (fds[count] < 0)
            break;
        count++;
    }
    assert_in_range(count, 1, COUNT(fds) - 1);
    assert_int_equal(err.kind, WW_ERR_TIMEOUT);
    assert_int_equal(err.phase, WW_PHASE_CONNECT);
    assert_non_null(strstr(err.text, ": connect: no answer within 0.3 s"));
    while (count)
        close(fds[--count]);
    close(held);
}

/* ::1 does not answer, and 127.0.0.1 gets its chance all the same. */
static void a_silent_address_does_not_hold_up_the_other(void **state)
{
    if (lacks_ipv6())
        return;

    int held[2];
    int fds[8];
    uint16_t port = hold_both(held);
    struct ww_endpoint silent = at("::1", port);
    struct notes notes = { 0 };
    const struct ww_notify notify = { take_note, &notes };
    size_t count = 0;

    (void)state;
    assert_int_equal(listen(held[0], 16), 0);
    assert_int_equal(listen(held[1], 0), 0);
    while (count < COUNT(fds)) {
        fds[count] = ww_dial(&silent, ww_deadline(300), NULL, NULL);
        if (fds[count] < 0)
            break;
        count++;
    }
    assert_in_range(count, 1, COUNT(fds) - 1);

    struct ww_endpoint endpoint = at("localhost", port);
    fds[count] = ww_dial(&endpoint, SOON, &notify, NULL);
    assert_true(fds[count++] >= 0);
    assert_non_null(strstr(notes.text, "connected to 127.0.0.1:"));
    assert_null(strstr(notes.text, "refused"));
    while (count)
        close(fds[--count]);
    close(held[0]);
    close(held[1]);
}

static void all_addresses_are_for_servers(void **state)
{
    struct ww_error err = { 0 };
    struct ww_endpoint endpoint = at("*", 7);

    (void)state;
    assert_int_equal(ww_dial(&endpoint, SOON, NULL, &err), -1);
    assert_int_equal(err.kind, WW_ERR_USAGE);
}

static void no_descriptors_left(void **state)
{
    struct ww_error err = { 0 };
    struct ww_endpoint endpoint = at("localhost", 7);
    struct rlimit before, none;
    int fds[2];

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int dialled = ww_dial(&endpoint, SOON, NULL, &err);
    struct ww_error listen_err = { 0 };
    int listening = ww_listen(&endpoint, fds, COUNT(fds), NULL, &listen_err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);

    assert_int_equal(dialled, -1);
    assert_int_equal(err.kind, WW_ERR_LOCAL);
    assert_int_equal(err.os_errno, EMFILE);
    assert_int_equal(listening, -1);
    assert_int_equal(listen_err.kind, WW_ERR_LOCAL);
    assert_int_equal(listen_err.os_errno, EMFILE);
}

/* With one ephemeral port only, a client that dials it has to use it. */
static void a_connection_to_oneself_is_refused(void **state)
{
    struct ww_error err = { 0 };
    struct ww_endpoint endpoint = at("127.0.0.1", 40000);

    (void)state;
    int home = leave();
    if (home < 0) {
        print_message("# not possible here: skipped\n");
        return;
    }
    bool set =
        write_file("/proc/sys/net/ipv4/ip_local_port_range", "40000 40000");
    int fd = ww_dial(&endpoint, SOON, NULL, &err);
    come_back(home);
    if (!set) {
        print_message("# not possible here: skipped\n");
        return;
    }
    assert_int_equal(fd, -1);
    assert_int_equal(err.kind, WW_ERR_CONNECT);
    assert_int_equal(err.os_errno, ECONNREFUSED);
}

/* --- listening ------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name, *host, *first, *second;
} listened[] = {
    { "IPv4",      "127.0.0.1", "127.0.0.1", NULL },
    { "IPv6",      "::1",       "::1",       NULL },
    { "localhost", "localhost", "127.0.0.1", "::1" },
    { "all",       "*",         "0.0.0.0",   "::" },
};
/* clang-format on */

static void listens_on_every_address_and_one_port(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(listened); i++) {
        struct ww_error err = { 0 };
        struct ww_endpoint endpoint = at(listened[i].host, 0);
        struct ww_endpoint bound[2] = { { 0 }, { 0 } };
        int want = listened[i].second ? 2 : 1;
        int fds[4];

        print_message("# %s\n", listened[i].name);
        if ((listened[i].second || listened[i].first[0] == ':') && lacks_ipv6())
            continue;
        assert_int_equal(ww_listen(&endpoint, fds, COUNT(fds), NULL, &err),
                         want);
        for (int j = 0; j < want; j++) {
            assert_int_equal(listen_address(fds[j], &bound[j]), 0);
            assert_true(fcntl(fds[j], F_GETFL) & O_NONBLOCK);
            assert_true(fcntl(fds[j], F_GETFD) & FD_CLOEXEC);
            close(fds[j]);
        }
        assert_string_equal(bound[0].host, listened[i].first);
        assert_int_not_equal(bound[0].port, 0);
        if (want == 2) {
            assert_string_equal(bound[1].host, listened[i].second);
            assert_int_equal(bound[1].port, bound[0].port);
        }
    }
}

static void listens_on_no_more_than_fit(void **state)
{
    struct ww_endpoint endpoint = at("localhost", 0);
    int fds[2] = { -1, -1 };

    (void)state;
    assert_int_equal(ww_listen(&endpoint, fds, 1, NULL, NULL), 1);
    assert_int_equal(fds[1], -1);
    close(fds[0]);
}

/* Expects that `host`:`port` is taken. */
static void assert_in_use(const char *host, uint16_t port)
{
    struct ww_error err = { 0 };
    struct ww_endpoint endpoint = at(host, port);
    int fds[2];

    assert_int_equal(ww_listen(&endpoint, fds, COUNT(fds), NULL, &err), -1);
    assert_int_equal(err.kind, WW_ERR_LOCAL);
    assert_int_equal(err.os_errno, EADDRINUSE);
    assert_non_null(
        strstr(err.text, ": cannot listen: Address already in use"));
    assert_non_null(strstr(err.hint, "stop the other server"));
}

/* SO_REUSEPORT on the sockets of one server must not let a second one in. */
static void a_second_server_is_kept_out(void **state)
{
    struct ww_error err = { 0 };
    int first = listen_one("127.0.0.1", 0);
    uint16_t port = port_of(first);

    (void)state;
    assert_in_use("127.0.0.1", port);
    assert_in_use("*", port);
    int sibling = listen_sibling(first, &err);
    assert_true(sibling >= 0);
    assert_int_equal(port_of(sibling), port);
    assert_in_use("127.0.0.1", port);
    assert_in_use("*", port);
    close(first);
    assert_in_use("127.0.0.1", port);
    close(sibling);
    close(listen_one("127.0.0.1", port));
}

/* The other family's port is taken: nothing may stay bound of the first. */
static void a_failure_leaves_nothing_bound(void **state)
{
    if (lacks_ipv6())
        return;

    uint16_t port;
    int other = listen_on_ipv6_only(&port);

    (void)state;
    assert_in_use("localhost", port);
    int held = hold("127.0.0.1", port);
    assert_true(held >= 0);
    close(held);
    close(other);
}

static void in_use_names_the_address(void **state)
{
    if (lacks_ipv6())
        return;

    struct ww_error err = { 0 };
    uint16_t port;
    int other = listen_on_ipv6_only(&port);
    struct ww_endpoint endpoint = at("localhost", port);
    char want[100];
    int fds[2];

    (void)state;
    assert_int_equal(ww_listen(&endpoint, fds, COUNT(fds), NULL, &err), -1);
    snprintf(want, sizeof want,
             "tcp://[::1]:%u: cannot listen: Address already in use",
             endpoint.port);
    assert_string_equal(err.text, want);
    close(other);
}

/* Accepts whatever waits at any of the listeners; returns how many. */
static int drain(const int *listeners, int *got)
{
    int total = 0;
    for (int i = 0; i < SIBLINGS; i++) {
        int fd;
        while ((fd = accept(listeners[i], NULL, NULL)) >= 0) {
            close(fd);
            got[i]++;
            total++;
        }
    }
    return total;
}

static void siblings_share_the_connections(void **state)
{
    struct ww_error err = { 0 };
    int listeners[SIBLINGS], got[SIBLINGS] = { 0 };
    struct pollfd polls[SIBLINGS];
    int fds[SPREAD];

    (void)state;
    listeners[0] = listen_one("127.0.0.1", 0);
    for (int i = 1; i < SIBLINGS; i++) {
        listeners[i] = listen_sibling(listeners[0], &err);
        assert_true(listeners[i] >= 0);
    }
    for (int i = 0; i < SIBLINGS; i++)
        polls[i] = (struct pollfd){ .fd = listeners[i], .events = POLLIN };
    for (int i = 0; i < SPREAD; i++)
        fds[i] = dial("127.0.0.1", port_of(listeners[0]));
    for (int total = 0; total < SPREAD; total += drain(listeners, got))
        assert_true(poll(polls, SIBLINGS, 10000) > 0);

    for (int i = 0; i < SIBLINGS; i++) {
        print_message("# listener %d: %d connections\n", i, got[i]);
        assert_true(got[i] > 0);
        close(listeners[i]);
    }
    for (int i = 0; i < SPREAD; i++)
        close(fds[i]);
}

/* The side that closes first keeps the connection in TIME_WAIT. */
static void restarts_over_connections_in_time_wait(void **state)
{
    struct ww_error err = { 0 };
    int listener = listen_one("127.0.0.1", 0);
    int sibling = listen_sibling(listener, &err);
    uint16_t port = port_of(listener);
    struct pollfd both[2] = { { .fd = listener, .events = POLLIN },
                              { .fd = sibling, .events = POLLIN } };

    (void)state;
    int fd = dial("127.0.0.1", port);
    assert_int_equal(poll(both, 2, 10000), 1);
    close(accept_soon(both[0].revents ? listener : sibling));
    struct pollfd ended = { .fd = fd, .events = POLLIN };
    assert_int_equal(poll(&ended, 1, 10000), 1);
    close(fd);
    close(listener);
    close(sibling);

    assert_int_equal(hold("127.0.0.1", port), -1); /* TIME_WAIT is real */
    listener = listen_one("127.0.0.1", port);
    sibling = listen_sibling(listener, &err);
    assert_true(sibling >= 0);
    close(listener);
    close(sibling);
}

static void a_family_that_is_missing_is_skipped(void **state)
{
    struct notes notes = { 0 };
    const struct ww_notify notify = { take_note, &notes };
    struct ww_error err = { 0 };
    struct ww_endpoint both = at("localhost", 0), one = at("::1", 0);
    int fds[2] = { -1, -1 }, count = 0, alone = 0;

    (void)state;
    int home = leave();
    if (home < 0) {
        print_message("# not possible here: skipped\n");
        return;
    }
    bool off = write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
    if (off) {
        count = ww_listen(&both, fds, COUNT(fds), &notify, NULL);
        alone = ww_listen(&one, fds + 1, 1, &notify, &err);
    }
    come_back(home);
    if (!off) {
        print_message("# not possible here: skipped\n");
        return;
    }
    assert_int_equal(count, 1);
    assert_string_equal(
        notes.text, "not listening on ::1: Cannot assign requested address\n");
    assert_int_equal(alone, -1);
    assert_int_equal(err.kind, WW_ERR_LOCAL);
    close(fds[0]);
}

/* 203.0.113.0/24 is for documentation and on no machine (RFC 5737). */
static void an_address_of_another_machine(void **state)
{
    struct ww_error err = { 0 };
    struct ww_endpoint endpoint = at("203.0.113.1", 0);
    int fd;

    (void)state;
    assert_int_equal(ww_listen(&endpoint, &fd, 1, NULL, &err), -1);
    assert_int_equal(err.kind, WW_ERR_LOCAL);
    assert_non_null(strstr(err.hint, "does not have the address 203.0.113.1"));
}

static void a_port_that_needs_a_privilege(void **state)
{
    struct ww_error err = { 0 };
    struct ww_endpoint endpoint = at("127.0.0.1", 1);
    uid_t before = geteuid();
    int fd = -1;

    (void)state;
    if (before == 0)
        assert_int_equal(seteuid(65534), 0);
    int count = ww_listen(&endpoint, &fd, 1, NULL, &err);
    if (before == 0)
        assert_int_equal(seteuid(0), 0);
    if (count == 1) { /* a system without privileged ports */
        close(fd);
        print_message("# no privileged ports here: skipped\n");
        return;
    }
    assert_int_equal(err.kind, WW_ERR_LOCAL);
    assert_int_equal(err.os_errno, EACCES);
    assert_non_null(strstr(err.hint, "below 1024"));
}

/* A first cause is kept, and the call fails all the same. */
static void an_error_that_is_there_already_stays(void **state)
{
    struct ww_error err = { .kind = WW_ERR_FILE, .text = "before" };
    int held = hold("127.0.0.1", 0);
    struct ww_endpoint endpoint = at("127.0.0.1", port_of(held));

    (void)state;
    assert_int_equal(ww_dial(&endpoint, SOON, NULL, &err), -1);
    assert_string_equal(err.text, "before");
    close(held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(needs_no_resolver),
        cmocka_unit_test(families_take_turns),
        cmocka_unit_test(one_family_leaves_room_for_the_other),
        cmocka_unit_test(a_name_that_does_not_exist),
        cmocka_unit_test(a_resolver_that_is_not_waited_for),
        cmocka_unit_test(an_interface_that_does_not_exist),
        cmocka_unit_test(dial_reaches_a_listener),
        cmocka_unit_test(dial_reports_every_attempt),
        cmocka_unit_test(refused_by_one_address),
        cmocka_unit_test(refused_by_both_families),
        cmocka_unit_test(the_deadline_passes),
        cmocka_unit_test(a_silent_address_does_not_hold_up_the_other),
        cmocka_unit_test(all_addresses_are_for_servers),
        cmocka_unit_test(no_descriptors_left),
        cmocka_unit_test(a_connection_to_oneself_is_refused),
        cmocka_unit_test(listens_on_every_address_and_one_port),
        cmocka_unit_test(listens_on_no_more_than_fit),
        cmocka_unit_test(a_second_server_is_kept_out),
        cmocka_unit_test(a_failure_leaves_nothing_bound),
        cmocka_unit_test(in_use_names_the_address),
        cmocka_unit_test(siblings_share_the_connections),
        cmocka_unit_test(restarts_over_connections_in_time_wait),
        cmocka_unit_test(a_family_that_is_missing_is_skipped),
        cmocka_unit_test(an_address_of_another_machine),
        cmocka_unit_test(a_port_that_needs_a_privilege),
        cmocka_unit_test(an_error_that_is_there_already_stays),
    };
    return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
