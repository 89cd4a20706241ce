#ifndef CLIENT_PUMP_H
#define CLIENT_PUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "client/buffer.h"
#include "client/input.h"
#include "client/output.h"
#include "client/signals.h"
#include "client/terminal.h"
#include "wirewrap/stream.h"

/* How much is kept of what came first: as long as the head of a TLS record. */
#define PUMP_HEAD 5

/* The conversation itself: input -> up -> stream -> down -> output, in one
 * thread, both directions at once.  Neither waits for the other, so a server
 * that answers before it has read everything cannot lock us up. */
struct pump {
    struct ww_stream *stream; /* kept; its handshake is done */
    struct input in;
    struct output out;
    struct terminal terminal;
    bool interactive; /* a person is there: `terminal` is used */
    bool idle_always;
    int64_t idle_timeout_ms;
    const struct signals *signals; /* kept, and held */

    /* What follows is the pump's own and starts as zero. */
    bool speaking; /* there may be something to send, if only our end */
    bool hearing;  /* the server has not ended, and reading did not fail */
    bool finished; /* our end is out */
    bool broken;   /* a step of the stream failed, or reading the input did */
    int signal;    /* what interrupted us, or 0 */
    /* What the last step of each direction waits for; DONE: nothing. */
    enum ww_io read_wait, write_wait;
    int64_t silent_since; /* when the server's silence began to count */
    uint64_t sent, received;
    unsigned char head[PUMP_HEAD]; /* the first bytes received */
    struct buffer up, down;
};

/* Lets the conversation happen; what was received is written out before it
 * returns, whatever ended it.  Returns 0 when both sides said all they had, or
 * a signal came; -1 with the first thing that went wrong. */
int pump_run(struct pump *p, struct ww_error *err);

/* True if our end would tell the truth: all that was to be sent is out. */
bool pump_may_finish(const struct pump *p);

#endif
