#ifndef STREAM_STAGE_H
#define STREAM_STAGE_H

#include <stdint.h>

#include "wirewrap/stream.h"

/* Staging: one receive and one gathered send per wake-up.
 *
 * OpenSSL reads a record in two calls (head, body) and writes each record by
 * itself; on a socket every one of them is a system call.  A stage under the
 * TLS layer receives as much as there is into a room that all connections of
 * a worker share, and gathers what is written until stream_flush().  Between
 * two flushes the room belongs to one stream; what that stream can't finish
 * (input that nobody has read yet, output that the socket does not take) moves
 * to memory of its own until it can, so an idle stream holds no buffer. */

/* The answer to a full room may be three times as long, and has the heads of
 * its records. */
#define STAGE_IN  (64 * 1024)
#define STAGE_OUT (256 * 1024)

/* The shared room: one per worker, zeroed at first, and outliving every
 * stream that uses it. */
struct stage_room {
    struct ww_stream *user; /* who has bytes in here; NULL after its flush */
    size_t in_pos, in_len;
    size_t out_len;
    uint8_t in[STAGE_IN];
    uint8_t out[STAGE_OUT];
};

/* Puts a stage on top of `below`.  Takes `below` on success only; keeps
 * `room`.  Every use has to end with stream_flush() before another stream of
 * the same room is used. */
WW_MUST_CHECK
struct ww_stream *stage_new(struct ww_stream *below, struct stage_room *room,
                            struct ww_error *err);

#endif
