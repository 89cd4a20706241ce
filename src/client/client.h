#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "wirewrap/wirewrap.h"

/* One conversation: standard input to the server, its answer to standard
 * output. */

struct client_config {
    struct ww_endpoint endpoint; /* tcp or tls */
    struct ww_tls *tls;          /* kept; NULL for tcp */
    const char *servername;     /* name to send and to verify; NULL: the host */
    const char *message;        /* sent with a newline in place of the input;
                                    NULL: read standard input */
    bool insecure;              /* tls does not verify; said on stderr */
    bool verbose;               /* summary on stderr */
    int64_t connect_timeout_ms; /* resolve and connect together */
    int64_t handshake_timeout_ms;
    int64_t idle_timeout_ms;
    bool idle_always; /* silence counts even while only the input is awaited */
};

/* Runs the conversation.  Returns the exit status: an enum ww_err, and then
 * *err says why, or without a word 128 + the number of the signal that ended
 * it (SIGPIPE's when nobody reads standard output any more).  To be called
 * once, from the main thread: it takes over SIGINT, SIGTERM, SIGHUP and
 * ignores SIGPIPE. */
int client_run(const struct client_config *config, struct ww_error *err);

#endif
