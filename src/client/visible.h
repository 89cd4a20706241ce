#ifndef CLIENT_VISIBLE_H
#define CLIENT_VISIBLE_H

#include <stddef.h>

#include "client/buffer.h"

/* Bytes from a peer, made harmless for a terminal: valid UTF-8 is shown as it
 * is, control characters and everything else as \xNN.  Zeroed, it is ready. */
struct visible {
    unsigned char held[4]; /* the beginning of a character, not yet whole */
    size_t len;
};

/* Most that one byte adds: itself and three that were held, escaped. */
#define VISIBLE_MOST 16

/* Shows one more byte, or holds it until its character is whole. */
void visible_add(struct visible *v, unsigned char byte, struct buffer *to);

/* Shows what is still held; no more of its character will come. */
void visible_end(struct visible *v, struct buffer *to);

#endif
