#ifndef CLIENT_BUFFER_H
#define CLIENT_BUFFER_H

#include <stddef.h>

/* A bounded queue of bytes, always in one piece, so that a write that has to
 * be offered again offers the same bytes.  Zeroed, it is empty. */

#define BUFFER_CAP 65536

struct buffer {
    size_t start, end; /* what is in it lies between them */
    char bytes[BUFFER_CAP];
};

/* How many bytes wait in it, and how many more can be put behind them. */
size_t buffer_len(const struct buffer *b);
size_t buffer_room(const struct buffer *b);

/* Where the waiting bytes begin, and where new ones go. */
const char *buffer_data(const struct buffer *b);
char *buffer_tail(struct buffer *b);

/* Says that `len` bytes were put at the tail, or taken from the front. */
void buffer_added(struct buffer *b, size_t len);
void buffer_taken(struct buffer *b, size_t len);

/* Copies `len` bytes to the tail; there must be room. */
void buffer_put(struct buffer *b, const void *data, size_t len);
void buffer_puts(struct buffer *b, const char *text);

#endif
