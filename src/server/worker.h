#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/counters.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/server.h"
#include "stream/stage.h"

/* A worker: one thread that accepts and serves, and shares nothing while it
 * does. */

#define WORKER_IN (64 * 1024)

/* One of a worker's listening sockets. */
struct listener {
    struct loop_watch watch;
    struct worker *worker;
    struct ww_endpoint endpoint; /* as bound */
    int fd;
    unsigned burst; /* how many to accept per wake-up */
    bool resting;   /* out of descriptors: back at the next sweep */
};

/* What the workers have in common beside the settings. */
struct shared {
    atomic_uint open;     /* connections of all workers, for the limit */
    atomic_bool draining; /* set before the workers are woken */
    atomic_bool hurry;    /* the drain is over: end at once */
    int done;             /* an eventfd that counts the workers that ended */
};

struct worker {
    pthread_t thread;
    const struct server_config *config;
    struct shared *shared;
    struct ww_tls *tls; /* its own; NULL if no endpoint is TLS */
    struct loop *loop;
    struct listener *listeners;
    size_t listener_count;
    struct conn *conns;  /* a list, newest first */
    int64_t drain_began; /* 0: not draining */
    int64_t limit_told;  /* when the log last heard of a limit */
    struct counters counters;
    struct log log;
    struct ww_error err; /* of the step that runs */
    struct stage_room room;
    uint8_t in[WORKER_IN];
    uint8_t out[SERVICE_ROOM(WORKER_IN)];
};

/* A listening socket and where it listens. */
struct bound {
    int fd;
    struct ww_endpoint endpoint;
};

/* Makes a worker for the listening sockets.  Takes them and `tls` (may be
 * NULL) on success; NULL with the cause otherwise. */
struct worker *worker_new(const struct server_config *config,
                          struct shared *shared, struct ww_tls *tls,
                          const struct bound *bound, size_t count,
                          struct ww_error *err);

/* Starts its thread; 0 or -1. */
int worker_start(struct worker *w, struct ww_error *err);

/* Tells it that shared->draining or shared->hurry has been set; from any
 * thread. */
void worker_wake(struct worker *w);

/* Waits until its thread, which was started, has ended. */
void worker_join(struct worker *w);

/* Releases it; its thread has been joined, or never was started.  NULL is
 * fine. */
void worker_free(struct worker *w);

#endif
