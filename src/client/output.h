#ifndef CLIENT_OUTPUT_H
#define CLIENT_OUTPUT_H

#include <stddef.h>

#include "client/buffer.h"
#include "wirewrap/error.h"

/* Where the conversation's answers go: standard output. */
struct output {
    int fd;
    size_t most; /* bytes that one write takes without waiting */
};

void output_init(struct output *out);

/* Writes once what fits of what is in `from`, which must not be empty, after
 * poll has called the descriptor writable.  Returns 0, or -1 when writing
 * failed; os_errno is EPIPE when nobody reads any more. */
int output_write(const struct output *out, struct buffer *from,
                 struct ww_error *err);

#endif
