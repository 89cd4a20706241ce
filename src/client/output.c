#include "client/output.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

/* The descriptor is shared with other processes, so it cannot be made
 * non-blocking.  What poll calls writable takes PIPE_BUF bytes at once; a file
 * takes everything. */
void output_init(struct output *out)
{
    struct stat st;

    out->fd = STDOUT_FILENO;
    out->most = PIPE_BUF;
    if (fstat(out->fd, &st) == 0 && S_ISREG(st.st_mode))
        out->most = BUFFER_CAP;
}

int output_write(const struct output *out, struct buffer *from,
                 struct ww_error *err)
{
    size_t len = buffer_len(from);
    ssize_t n =
        write(out->fd, buffer_data(from), len < out->most ? len : out->most);

    if (n < 0) {
        if (errno == EINTR || errno == EAGAIN)
            return 0;
        return error_sys(err, WW_ERR_FAILED, "standard output");
    }
    buffer_taken(from, (size_t)n);
    return 0;
}
