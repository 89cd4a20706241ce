#include "client/input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

void input_init(struct input *in, const char *message)
{
    *in = (struct input){ .fd = STDIN_FILENO };
    if (message) {
        in->fd = -1;
        in->text = message;
        in->len = strlen(message);
    }
}

/* The newline behind the message has no place in it and is put last. */
static void read_message(struct input *in, struct buffer *to)
{
    size_t room = buffer_room(to);
    size_t len = in->len < room ? in->len : room;

    buffer_put(to, in->text, len);
    in->text += len;
    in->len -= len;
    if (in->len == 0 && len < room) {
        buffer_puts(to, "\n");
        in->ended = true;
    }
}

int input_read(struct input *in, struct buffer *to, struct ww_error *err)
{
    if (in->fd < 0) {
        read_message(in, to);
        return 0;
    }

    ssize_t n = read(in->fd, buffer_tail(to), buffer_room(to));
    if (n < 0) {
        if (errno == EINTR || errno == EAGAIN)
            return 0;
        return error_sys(err, WW_ERR_FAILED, "standard input");
    }
    if (n == 0)
        in->ended = true;
    buffer_added(to, (size_t)n);
    return 0;
}
