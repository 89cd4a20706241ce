#ifndef SUPPORT_TALK_H
#define SUPPORT_TALK_H

/* One side of a conversation over any stream, driven without ever blocking,
 * as a loop would: one wake-up of this side, one of the other.  Every step is
 * held against the contract in wirewrap/stream.h while it runs. */

#include <stdint.h>

#include "wirewrap/stream.h"

struct talk {
    struct ww_stream *s;

    /* What to do. */
    const void *out; /* to send */
    size_t out_len;
    size_t chunk;   /* most bytes per write; 0: all there are */
    size_t cap;     /* most bytes per read; 0: all that fit */
    bool ends;      /* finish once everything is sent */
    bool waits;     /* but not before the other side's end */
    void *in;       /* where to put what comes */
    size_t in_cap;  /* how much fits; that much more would be too much */
    size_t in_want; /* over after so many bytes */
    bool to_end;    /* over after the other side's end */

    /* What came of it. */
    bool shaken, finished, ended, failed;
    size_t sent, got;
    struct ww_error err;
    short events; /* what poll has to wait for */
};

/* True when everything is done, or it failed. */
bool talk_over(const struct talk *t);

/* Lets one side do what it can, and flush; true if that was anything. */
bool talk_step(struct talk *t);

/* Lets both take turns until they are over.  One that fails has its stream
 * freed, so that the other one learns of it. */
void talk_run(struct talk *a, struct talk *b);

#endif
