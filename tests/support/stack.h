#ifndef SUPPORT_STACK_H
#define SUPPORT_STACK_H

/* Pairs of streams, built in all the ways that streams can be stacked. */

#include "mem_stream.h"
#include "talk.h"
#include "wirewrap/tls.h"

enum stack_base {
    BASE_UNIX, /* plain over a socket pair */
    BASE_TCP,  /* plain over loopback */
    BASE_MEMORY,
};

struct stack {
    const char *name;
    enum stack_base base;
    bool staged; /* a stage on the base */
    bool tls;    /* and TLS on top */
    struct mem_rules rules;
};

enum pair_side {
    PAIR_CLIENT,
    PAIR_SERVER,
};

struct stage_room;

struct pair {
    const struct stack *stack;
    struct talk side[2];        /* by pair_side; .s is what is on top */
    struct ww_stream *below[2]; /* what is at the bottom, NULL if it is gone */
    struct stage_room *room[2];
};

/* The two ends at the bottom alone. */
void pair_open(struct pair *p, const struct stack *stack);

/* Puts on top what the stack has, for a client that wants `host` proved.
 * Returns 0, or -1 with an error; pair_close() is due in both cases. */
int pair_wrap(struct pair *p, struct ww_tls *const tls[2], const char *host,
              struct ww_error *err);

/* Lets both sides talk; below[] is NULL afterwards where one has failed. */
void pair_run(struct pair *p);

/* Releases what is left. */
void pair_close(struct pair *p);

/* A connected pair of non-blocking sockets over loopback. */
void tcp_pair(int fds[2]);

#endif
