#include "net/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"

/* getaddrinfo() knows no deadline and cannot be interrupted, and a resolver
 * that does not answer holds it for half a minute and more.  So it runs in a
 * thread of its own, and a lookup has two owners: whoever leaves last frees
 * it.  (getaddrinfo_a() would be a thread just the same, with a pool that
 * hanging lookups fill up, and it is glibc's alone.) */
struct lookup {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    int owners;   /* lock */
    bool done;    /* lock; the rest holds still once it is true */
    int status;   /* of getaddrinfo() */
    int os_errno; /* with EAI_SYSTEM */
    struct addr_list found;
    char host[sizeof((struct ww_endpoint *)0)->host];
};

static int ask(const char *host, int flags, struct addr_list *list)
{
    struct addrinfo *found = NULL;
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = flags };
    int status = getaddrinfo(host, NULL, &hints, &found);

    if (status != 0)
        return status;
    for (const struct addrinfo *ai = found; ai; ai = ai->ai_next)
        addr_list_add(list, ai->ai_addr, ai->ai_addrlen);
    freeaddrinfo(found);
    return list->count ? 0 : EAI_NONAME;
}

static struct lookup *lookup_new(const char *host)
{
    struct lookup *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;

    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&l->ended, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&l->lock, NULL);
    l->owners = 1;
    snprintf(l->host, sizeof l->host, "%s", host);
    return l;
}

/* Gives up one owner's share. */
static void lookup_leave(struct lookup *l)
{
    pthread_mutex_lock(&l->lock);
    bool last = --l->owners == 0;
    pthread_mutex_unlock(&l->lock);
    if (!last)
        return;
    pthread_cond_destroy(&l->ended);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static void *lookup_run(void *arg)
{
    struct lookup *l = arg;
    int status = ask(l->host, 0, &l->found);
    int os_errno = errno;

    pthread_mutex_lock(&l->lock);
    l->status = status;
    l->os_errno = os_errno;
    l->done = true;
    pthread_cond_signal(&l->ended);
    pthread_mutex_unlock(&l->lock);
    lookup_leave(l);
    return NULL;
}

/* Starts the thread, which then owns the lookup too.  It takes no signals:
 * those are for threads that the program knows.  Returns an errno value. */
static int lookup_start(struct lookup *l)
{
    pthread_t thread;
    pthread_attr_t attr;
    sigset_t all, before;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    l->owners++;
    int status = pthread_create(&thread, &attr, lookup_run, l);
    if (status != 0)
        l->owners--;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return status;
}

/* Waits for the end of the lookup; false if the deadline came first. */
static bool lookup_wait(struct lookup *l, int64_t deadline)
{
    const struct timespec until = {
        .tv_sec = (time_t)(deadline / 1000),
        .tv_nsec = (long)(deadline % 1000) * 1000000,
    };
    int status = 0;

    pthread_mutex_lock(&l->lock);
    while (!l->done && status == 0) {
        status = deadline == CLOCK_NEVER
                     ? pthread_cond_wait(&l->ended, &l->lock)
                     : pthread_cond_timedwait(&l->ended, &l->lock, &until);
    }
    bool done = l->done;
    pthread_mutex_unlock(&l->lock);
    return done;
}

/* Turns getaddrinfo()'s answers into ours. */
static int outcome(const char *host, int status, int os_errno,
                   struct ww_error *err)
{
    errno = os_errno;
    switch (status) {
    case 0:
        return 0;
    case EAI_SYSTEM:
        return error_sys(err,
                         os_errno == EMFILE || os_errno == ENFILE
                             ? WW_ERR_LOCAL
                             : WW_ERR_CONNECT,
                         "%s: cannot resolve", host);
    case EAI_MEMORY:
        return error_set(err, WW_ERR_LOCAL, "%s: cannot resolve: %s", host,
                         gai_strerror(status));
    default:
        error_set(err, WW_ERR_CONNECT, "%s: cannot resolve: %s", host,
                  gai_strerror(status));
        error_hint(err, status == EAI_AGAIN
                            ? "does this machine reach a name server?"
                            : "is the name spelled correctly?");
        return -1;
    }
}

static int lookup(const char *host, int64_t deadline, struct addr_list *list,
                  struct ww_error *err)
{
    int64_t begun = clock_ms();
    int result = -1;
    struct lookup *l = lookup_new(host);
    if (!l)
        return error_sys(err, WW_ERR_LOCAL, "%s: cannot resolve", host);

    errno = lookup_start(l);
    if (errno != 0) {
        error_sys(err, WW_ERR_LOCAL, "%s: cannot resolve: new thread", host);
        goto out;
    }
    if (!lookup_wait(l, deadline)) {
        error_timeout(err, WW_PHASE_RESOLVE,
                      "%s: resolve: no answer within %.3g s", host,
                      deadline > begun ? (double)(deadline - begun) / 1e3 : 0);
        error_hint(err, "does this machine reach a name server?");
        goto out;
    }
    *list = l->found;
    result = outcome(host, l->status, l->os_errno, err);

out:
    lookup_leave(l);
    return result;
}

/* Both families' loopback addresses, or both wildcards.  To connect, IPv6
 * goes first as RFC 8305 has it; to listen, the one that everybody knows. */
static void add_pair(struct addr_list *list, bool loopback, bool ipv6_first)
{
    const struct sockaddr_in v4 = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(loopback ? INADDR_LOOPBACK : INADDR_ANY),
    };
    const struct sockaddr_in6 v6 = {
        .sin6_family = AF_INET6,
        .sin6_addr = loopback ? in6addr_loopback : in6addr_any,
    };

    if (ipv6_first)
        addr_list_add(list, (const struct sockaddr *)&v6, sizeof v6);
    addr_list_add(list, (const struct sockaddr *)&v4, sizeof v4);
    addr_list_add(list, (const struct sockaddr *)&v6, sizeof v6);
}

/* RFC 6761 section 6.3: nobody has to be asked for this name, and whoever is
 * asked may be wrong. */
static bool is_localhost(const char *host)
{
    return strcasecmp(host, "localhost") == 0 ||
           strcasecmp(host, "localhost.") == 0;
}

static int find(const char *host, enum resolve_use use, int64_t deadline,
                struct addr_list *list, struct ww_error *err)
{
    if (strcmp(host, "*") == 0 && use == RESOLVE_TO_CONNECT) {
        error_set(err, WW_ERR_USAGE, "*: not an address to connect to");
        error_hint(err, "name one host; * is for servers");
        return -1;
    }
    if (strcmp(host, "*") == 0 || is_localhost(host)) {
        add_pair(list, host[0] != '*', use == RESOLVE_TO_CONNECT);
        return 0;
    }
    if (ask(host, AI_NUMERICHOST, list) == 0)
        return 0;
    if (strchr(host, ':')) {
        error_set(err, WW_ERR_CONNECT, "%s: cannot resolve: no such address",
                  host);
        error_hint(err, "what follows the %% must be an interface here");
        return -1;
    }
    return lookup(host, deadline, list, err);
}

int resolve_by(const struct ww_endpoint *endpoint, enum resolve_use use,
               int64_t deadline, struct addr_list *list, struct ww_error *err)
{
    list->count = 0;
    if (find(endpoint->host, use, deadline, list, err) < 0)
        return -1;
    for (size_t i = 0; i < list->count; i++)
        addr_set_port(&list->items[i], endpoint->port);
    return 0;
}
