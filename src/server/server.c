#include "server/server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "net/listen.h"
#include "server/worker.h"

#define BOUND_MAX 256

/* Signals this close together are one wish: timeout(1) sends each one twice. */
#define SAME_STOP_MS 5

/* The whole of a running server; lives on server_run()'s stack. */
struct server {
    const struct server_config *config;
    struct shared shared;
    struct bound bound[BOUND_MAX]; /* what the first worker will listen on */
    size_t bound_count;
    struct worker **workers;
    unsigned worker_count;
    unsigned started;
    int signals;         /* a signalfd */
    int64_t drain_began; /* 0: not yet */
    struct log log;
};

/* ---- opening ---- */

static void say_note(void *arg, const char *text)
{
    struct server *s = arg;

    log_line(&s->log, LOG_WARN, "%s", text);
    log_flush(&s->log);
}

static int bind_one(struct server *s, const struct ww_endpoint *endpoint,
                    struct ww_error *err)
{
    const struct ww_notify notify = { say_note, s };
    int fds[BOUND_MAX];

    int n = ww_listen(endpoint, fds, BOUND_MAX - s->bound_count, &notify, err);
    for (int i = 0; i < n; i++) {
        struct bound *b = &s->bound[s->bound_count++];
        b->fd = fds[i];
        b->endpoint = *endpoint;
        if (listen_address(b->fd, &b->endpoint) < 0)
            return error_sys(err, WW_ERR_LOCAL, "listening socket");
    }
    return n < 0 ? -1 : 0;
}

static int bind_all(struct server *s, struct ww_error *err)
{
    const struct server_config *config = s->config;

    for (size_t i = 0; i < config->endpoint_count; i++) {
        if (s->bound_count == BOUND_MAX)
            return error_set(err, WW_ERR_USAGE, "more than %d addresses",
                             BOUND_MAX);
        if (bind_one(s, &config->endpoints[i], err) < 0)
            return -1;
    }
    return 0;
}

static void close_bound(struct bound *bound, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bound[i].fd >= 0)
            close(bound[i].fd);
}

/* The sockets of the n-th worker: the first has those that reserved the
 * addresses, the others get siblings of them. */
static int worker_sockets(const struct server *s, unsigned nth,
                          struct bound *out, struct ww_error *err)
{
    for (size_t i = 0; i < s->bound_count; i++) {
        out[i] = s->bound[i];
        if (nth == 0)
            continue;
        out[i].fd = listen_sibling(s->bound[i].fd, err);
        if (out[i].fd < 0) {
            close_bound(out, i);
            return -1;
        }
    }
    return 0;
}

static struct worker *make_worker(struct server *s, unsigned nth,
                                  struct ww_error *err)
{
    struct worker *w = NULL;
    struct ww_tls *tls = NULL;
    struct bound *bound = calloc(s->bound_count, sizeof *bound);
    if (!bound) {
        error_sys(err, WW_ERR_LOCAL, "worker");
        return NULL;
    }

    if (s->config->tls && !(tls = ww_tls_clone(s->config->tls, err)))
        goto out;
    if (worker_sockets(s, nth, bound, err) < 0)
        goto out;
    w = worker_new(s->config, &s->shared, tls, bound, s->bound_count, err);
    if (w)
        tls = NULL;
    else if (nth > 0)
        close_bound(bound, s->bound_count);

out:
    ww_tls_free(tls);
    free(bound);
    return w;
}

static int make_workers(struct server *s, struct ww_error *err)
{
    unsigned count = s->config->workers;

    s->workers = calloc(count, sizeof(struct worker *));
    if (!s->workers)
        return error_sys(err, WW_ERR_LOCAL, "workers");
    /* The first comes last: it takes the sockets that the others' are made
     * from, and until then they are the server's to close. */
    s->worker_count = count;
    for (unsigned i = count; i-- > 0;) {
        s->workers[i] = make_worker(s, i, err);
        if (!s->workers[i])
            return -1;
    }
    for (size_t i = 0; i < s->bound_count; i++)
        s->bound[i].fd = -1;
    return 0;
}

static int start_workers(struct server *s, struct ww_error *err)
{
    for (; s->started < s->worker_count; s->started++)
        if (worker_start(s->workers[s->started], err) < 0)
            return -1;
    return 0;
}

/* ---- signals ---- */

/* Takes the signals that are commands.  A shell starts background jobs with
 * SIGINT ignored, and an ignored signal never arrives, blocked or not. */
static int take_signals(struct server *s, struct ww_error *err)
{
    static const int taken[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1 };
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        signal(taken[i], SIG_DFL);
        sigaddset(&set, taken[i]);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC);
    s->shared.done = eventfd(0, EFD_CLOEXEC);
    if (s->signals < 0 || s->shared.done < 0)
        return error_sys(err, WW_ERR_LOCAL, "signals");
    return 0;
}

static void sum_counters(const struct server *s, struct counters *sum)
{
    memset(sum, 0, sizeof *sum);
    for (unsigned i = 0; i < s->worker_count; i++)
        counters_add(sum, &s->workers[i]->counters);
}

static void tell_counters(struct server *s, const char *title)
{
    struct counters sum;
    char text[600];

    sum_counters(s, &sum);
    log_line(&s->log, LOG_INFO, "%s: %s", title,
             counters_print(&sum, text, sizeof text));
}

static void wake_all(struct server *s)
{
    for (unsigned i = 0; i < s->started; i++)
        worker_wake(s->workers[i]);
}

static void drain(struct server *s)
{
    int64_t now = clock_ms();

    if (s->drain_began && now - s->drain_began < SAME_STOP_MS)
        return;
    if (!atomic_exchange(&s->shared.draining, true)) {
        s->drain_began = now;
        log_line(&s->log, LOG_INFO, "draining: %u open, at most %.1f s",
                 atomic_load(&s->shared.open),
                 (double)s->config->drain_timeout_ms / 1000);
    } else {
        log_line(&s->log, LOG_WARN, "second signal: ending at once, %u open",
                 atomic_load(&s->shared.open));
        atomic_store(&s->shared.hurry, true);
    }
    wake_all(s);
}

static void obey(struct server *s, uint32_t signal_number)
{
    switch (signal_number) {
    case SIGUSR1:
        /* Asked for in so many words, so shown at any level. */
        s->log.level = LOG_INFO;
        tell_counters(s, "counters");
        s->log.level = s->config->log_level;
        break;
    case SIGHUP:
        log_line(&s->log, LOG_WARN,
                 "SIGHUP: this version does not reload; restart the server for "
                 "new certificates");
        break;
    default:
        drain(s);
    }
    log_flush(&s->log);
}

/* Waits for signals until all workers have ended. */
static void supervise(struct server *s)
{
    struct pollfd p[] = {
        { .fd = s->signals, .events = POLLIN },
        { .fd = s->shared.done, .events = POLLIN },
    };
    uint64_t ended = 0;

    while (ended < s->started) {
        if (poll(p, 2, -1) < 0)
            continue;
        struct signalfd_siginfo info;
        if ((p[0].revents & POLLIN) &&
            read(s->signals, &info, sizeof info) == sizeof info)
            obey(s, info.ssi_signo);
        uint64_t more = 0;
        if ((p[1].revents & POLLIN) &&
            read(s->shared.done, &more, sizeof more) == sizeof more)
            ended += more;
    }
}

/* ---- the whole ---- */

/* Programs that use select() live with the soft limit; we don't. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void announce(struct server *s)
{
    char text[WW_ENDPOINT_TEXT];

    for (size_t i = 0; i < s->bound_count; i++)
        printf("listening on %s\n",
               ww_endpoint_format(&s->bound[i].endpoint, text, sizeof text));
    printf("ready\n");
    if (fflush(stdout) != 0) {
        /* Told here, and no reason to serve less well or to fail at the end. */
        log_line(&s->log, LOG_WARN, "standard output: %s", strerror(errno));
        __fpurge(stdout);
        clearerr(stdout);
    }
    log_flush(&s->log);
}

static void stop_workers(struct server *s)
{
    atomic_store(&s->shared.draining, true);
    atomic_store(&s->shared.hurry, true);
    wake_all(s);
}

static void clean_up(struct server *s)
{
    for (unsigned i = 0; i < s->started; i++)
        worker_join(s->workers[i]);
    for (unsigned i = 0; s->workers && i < s->worker_count; i++)
        worker_free(s->workers[i]);
    free(s->workers);
    close_bound(s->bound, s->bound_count);
    if (s->signals >= 0)
        close(s->signals);
    if (s->shared.done >= 0)
        close(s->shared.done);
}

int server_run(const struct server_config *config, struct ww_error *err)
{
    struct server s = { .config = config, .signals = -1, .shared.done = -1 };
    int result = -1;

    log_open();
    log_init(&s.log, config->log_level);
    raise_descriptor_limit();
    if (take_signals(&s, err) == 0 && bind_all(&s, err) == 0 &&
        make_workers(&s, err) == 0) {
        result = start_workers(&s, err);
        if (result == 0) {
            announce(&s);
            supervise(&s);
            tell_counters(&s, "stopped");
            log_flush(&s.log);
        } else {
            stop_workers(&s);
        }
    }
    clean_up(&s);
    return result;
}
