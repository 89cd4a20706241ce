#include "client/buffer.h"

#include <assert.h>
#include <string.h>

size_t buffer_len(const struct buffer *b)
{
    return b->end - b->start;
}

size_t buffer_room(const struct buffer *b)
{
    return sizeof b->bytes - b->end;
}

const char *buffer_data(const struct buffer *b)
{
    return b->bytes + b->start;
}

char *buffer_tail(struct buffer *b)
{
    return b->bytes + b->end;
}

void buffer_added(struct buffer *b, size_t len)
{
    assert(len <= buffer_room(b));
    b->end += len;
}

/* Closes the gap in front only once it is half of the buffer, so that no byte
 * is moved more than once on its way. */
void buffer_taken(struct buffer *b, size_t len)
{
    assert(len <= buffer_len(b));
    b->start += len;
    if (b->start < sizeof b->bytes / 2 && b->start != b->end)
        return;
    memmove(b->bytes, b->bytes + b->start, b->end - b->start);
    b->end -= b->start;
    b->start = 0;
}

void buffer_put(struct buffer *b, const void *data, size_t len)
{
    assert(len <= buffer_room(b));
    memcpy(buffer_tail(b), data, len);
    buffer_added(b, len);
}

void buffer_puts(struct buffer *b, const char *text)
{
    buffer_put(b, text, strlen(text));
}
