#ifndef SERVER_CONN_H
#define SERVER_CONN_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "server/worker.h"

/* One connection: from the accepted socket to the line in the log. */

/* Its life; only ever moves downwards. */
enum conn_state {
    CONN_SHAKING,   /* TLS handshake; the deadline is absolute */
    CONN_SERVING,   /* reads and answers */
    CONN_FINISHING, /* reads no more; last answers and our goodbye go out */
    CONN_PARTING,   /* our goodbye is out, the peer's is awaited */
    CONN_REFUSED,   /* not served: what comes is thrown away until it ends, for
                       closing on unread bytes would send a reset */
    CONN_OVER,      /* only conn_close() may follow */
};

struct conn {
    struct loop_watch watch; /* first, see conn_of() */
    struct worker *worker;
    const struct listener *listener;
    struct conn *prev, *next;
    struct ww_stream *stream;
    uint8_t *answer; /* what the stream did not take yet; NULL: nothing */
    size_t answer_pos, answer_len;
    struct service_state service;
    uint8_t state;
    bool peer_ended;
    bool owed;   /* answers of this wake-up are not with the kernel yet */
    bool failed; /* `end`, `phase` and `why` are set */
    uint8_t end;
    uint8_t phase;
    char *why; /* reason for the log; may be NULL */
    int64_t began_us;
    int64_t shaken_us;    /* when the handshake was through; 0 before */
    int64_t active_ms;    /* when the last byte moved */
    int64_t blocked_ms;   /* since when output waits without progress; 0: no */
    uint64_t blocked_out; /* bytes that had left for the wire by then */
    int64_t parting_ms;   /* when our goodbye went out */
    uint64_t in, out;     /* bytes of the application */
    struct sockaddr_in6 peer; /* or a sockaddr_in */
};

/* Takes an accepted socket into service.  NULL if there is no memory for it;
 * the socket is closed then. */
struct conn *conn_new(struct worker *w, const struct listener *listener, int fd,
                      const struct sockaddr_in6 *peer);

/* Does as much as can be done without waiting, and says to the loop what to
 * wait for (conn_step.c). */
void conn_step(struct conn *c);

/* Reads no more, answers what is held back, and says goodbye; for one that is
 * being served (conn_step.c). */
void conn_finish(struct conn *c);

/* Notes how it ends; the first cause wins. */
void conn_end_with(struct conn *c, const struct ww_error *err);

/* Looks at the clock: ends what is overdue, and in a drain what is idle. */
void conn_tick(struct conn *c, int64_t now_ms);

/* Gives it up, as it stands. */
void conn_abort(struct conn *c, const char *why);

/* True if only conn_close() is left to do. */
bool conn_is_over(const struct conn *c);

/* Logs, counts, closes and releases it. */
void conn_close(struct conn *c);

/* Writes the line for the log (conn_log.c). */
void conn_log(struct conn *c, const struct ww_stream_info *info);

#endif
