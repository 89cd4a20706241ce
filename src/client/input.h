#ifndef CLIENT_INPUT_H
#define CLIENT_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "client/buffer.h"
#include "wirewrap/error.h"

/* What the conversation sends: standard input, or a message and a newline in
 * its place. */
struct input {
    int fd;           /* to poll before reading; -1: a message, always ready */
    const char *text; /* the rest of the message; borrowed */
    size_t len;
    bool ended; /* all of it has been read */
};

/* `message` NULL: standard input. */
void input_init(struct input *in, const char *message);

/* Reads once, as much as `to` has room for, which must not be none; sets
 * `ended` at the end.  Returns 0, or -1 when reading failed.  Waits if there
 * is nothing to read: the descriptor is shared with other processes and stays
 * as they have set it, so poll it first. */
int input_read(struct input *in, struct buffer *to, struct ww_error *err);

#endif
