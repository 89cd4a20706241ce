#ifndef CLIENT_VISIBLE_H
#define CLIENT_VISIBLE_H

#include <stddef.h>

#include "client/buffer.h"

/* Bytes from a peer, made harmless for a terminal: valid UTF-8 is shown as it
 * is, control characters and everything else as \xNN.  Of CRLF only the line
 * feed is shown.  Zeroed, it is ready. */
struct visible {
    unsigned char held[4]; /* what depends on the next byte: the beginning of a
                              character, or a carriage return */
    size_t len;
};

/* Most that one byte adds: itself and three that were held, escaped. */
#define VISIBLE_MOST 16

/* Shows one more byte, or holds it until the next one decides. */
void visible_add(struct visible *v, unsigned char byte, struct buffer *to);

/* Shows what is still held; nothing that belongs to it will come. */
void visible_end(struct visible *v, struct buffer *to);

#endif
