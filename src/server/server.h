#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/log.h"
#include "service/service.h"
#include "wirewrap/wirewrap.h"

/* One service on any number of endpoints, plain and TLS side by side.
 *
 * A worker is a thread with its own loop, listening sockets, TLS context,
 * connections and counters; what they share is this, constant after start. */

struct server_config {
    const struct ww_endpoint *endpoints;
    size_t endpoint_count;
    const struct ww_tls *tls; /* NULL if no endpoint is TLS */
    const struct service *service;
    bool once; /* answer once, then close */
    unsigned workers;
    unsigned max_connections; /* 0: as many as there are descriptors */
    int64_t handshake_timeout_ms;
    int64_t idle_timeout_ms;
    int64_t write_timeout_ms;
    int64_t drain_timeout_ms;
    enum log_level log_level;
};

/* Serves until SIGTERM or SIGINT and a drain.  Prints the addresses and
 * "ready" to standard output.  Returns 0, or -1 with what kept it from
 * starting: nothing is then left half bound.  To be called from the main
 * thread, once: it takes over SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGPIPE. */
int server_run(const struct server_config *config, struct ww_error *err);

#endif
