#include "mem_stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "stream/stream_ops.h"

#define MEM_CAP (64UL * 1024)

/* One direction. */
struct mem_pipe {
    uint8_t *data; /* a ring */
    size_t cap, pos, len;
    bool ended; /* nothing more will be written */
    bool cut;   /* and that by accident */
    bool gone;  /* the writer is, so nobody reads the other direction */
    size_t log_len;
    uint8_t log[MEM_LOG];
};

struct mem_pair {
    struct mem_rules rules;
    struct mem_pipe pipes[2]; /* number i is written by end i */
    int ends;
};

struct mem_stream {
    struct ww_stream base;
    struct mem_pair *pair;
    int side;
    int calls[2];       /* by enum mem_op */
    int fail_at[2];     /* which of the calls; 0: none */
    enum ww_err failed; /* WW_ERR_NONE while it has not */
    enum ww_err fail_kind;
    bool unreadable; /* it was a read that failed */
    bool finished;
    uint64_t in, out;
};

static struct mem_stream *mem_of(struct ww_stream *s)
{
    return (struct mem_stream *)s;
}

static enum ww_io lost(const struct mem_stream *m, struct ww_error *err)
{
    error_set(err, m->failed, "memory: connection lost");
    return WW_IO_FAILED;
}

static enum ww_io lose(struct mem_stream *m, enum ww_err kind,
                       struct ww_error *err)
{
    m->failed = kind;
    return lost(m, err);
}

static size_t smallest(size_t a, size_t b, size_t step)
{
    size_t n = a < b ? a : b;
    return step && step < n ? step : n;
}

/* Counts a call; true if it is one that has to be refused. */
static bool refused(struct mem_stream *m, enum mem_op op)
{
    int every = m->pair->rules.refuse;
    return every && m->calls[op] % every == 0;
}

static enum ww_io mem_handshake(struct ww_stream *s, struct ww_error *err)
{
    (void)s;
    (void)err;
    return WW_IO_DONE;
}

static enum ww_io mem_read(struct ww_stream *s, void *buf, size_t cap,
                           size_t *got, struct ww_error *err)
{
    struct mem_stream *m = mem_of(s);
    struct mem_pipe *pipe = &m->pair->pipes[1 - m->side];
    uint8_t *to = buf;

    m->calls[MEM_READ]++;
    if (m->unreadable)
        return lost(m, err);
    if (m->calls[MEM_READ] == m->fail_at[MEM_READ]) {
        m->unreadable = true;
        return lose(m, m->fail_kind, err);
    }
    if (pipe->len == 0 && m->failed)
        return lost(m, err);
    if (pipe->len == 0 && pipe->cut)
        return lose(m, WW_ERR_RESET, err);
    if (pipe->len == 0 && pipe->ended)
        return WW_IO_END;
    if (pipe->len == 0 || refused(m, MEM_READ))
        return WW_IO_WANT_READ;

    size_t n = smallest(pipe->len, cap, m->pair->rules.step);
    for (size_t i = 0; i < n; i++)
        to[i] = pipe->data[(pipe->pos + i) % pipe->cap];
    pipe->pos = (pipe->pos + n) % pipe->cap;
    pipe->len -= n;
    m->in += n;
    *got = n;
    return WW_IO_DONE;
}

static void note(struct mem_pipe *pipe, const uint8_t *from, size_t len)
{
    size_t n = smallest(len, MEM_LOG - pipe->log_len, 0);

    memcpy(pipe->log + pipe->log_len, from, n);
    pipe->log_len += n;
}

static enum ww_io mem_write(struct ww_stream *s, const void *buf, size_t len,
                            size_t *put, struct ww_error *err)
{
    struct mem_stream *m = mem_of(s);
    struct mem_pipe *pipe = &m->pair->pipes[m->side];
    const uint8_t *from = buf;

    m->calls[MEM_WRITE]++;
    if (m->failed)
        return lost(m, err);
    if (m->calls[MEM_WRITE] == m->fail_at[MEM_WRITE])
        return lose(m, m->fail_kind, err);
    if (m->finished || m->pair->pipes[1 - m->side].gone)
        return lose(m, WW_ERR_RESET, err);
    if (pipe->len == pipe->cap || refused(m, MEM_WRITE))
        return WW_IO_WANT_WRITE;

    size_t n = smallest(pipe->cap - pipe->len, len, m->pair->rules.step);
    for (size_t i = 0; i < n; i++)
        pipe->data[(pipe->pos + pipe->len + i) % pipe->cap] = from[i];
    pipe->len += n;
    note(pipe, from, n);
    m->out += n;
    *put = n;
    return WW_IO_DONE;
}

static enum ww_io mem_flush(struct ww_stream *s, struct ww_error *err)
{
    (void)s;
    (void)err;
    return WW_IO_DONE;
}

static enum ww_io mem_finish(struct ww_stream *s, struct ww_error *err)
{
    struct mem_stream *m = mem_of(s);

    if (m->failed)
        return lost(m, err);
    m->finished = true;
    m->pair->pipes[m->side].ended = true;
    return WW_IO_DONE;
}

static bool mem_pending(const struct ww_stream *s)
{
    (void)s;
    return false; /* as if it were a socket's */
}

static void mem_info(const struct ww_stream *s, struct ww_stream_info *info)
{
    const struct mem_stream *m = (const struct mem_stream *)s;

    info->wire_in = m->in;
    info->wire_out = m->out;
}

static int mem_fd(const struct ww_stream *s)
{
    (void)s;
    return -1;
}

static void mem_free(struct ww_stream *s)
{
    struct mem_stream *m = mem_of(s);
    struct mem_pair *pair = m->pair;

    pair->pipes[m->side].ended = true;
    pair->pipes[m->side].gone = true;
    if (--pair->ends == 0) {
        free(pair->pipes[0].data);
        free(pair->pipes[1].data);
        free(pair);
    }
    free(m);
}

static const struct ww_stream_ops mem_ops = {
    .handshake = mem_handshake,
    .read = mem_read,
    .write = mem_write,
    .flush = mem_flush,
    .finish = mem_finish,
    .pending = mem_pending,
    .info = mem_info,
    .fd = mem_fd,
    .free = mem_free,
};

static void *room(size_t size)
{
    void *p = calloc(1, size);
    if (!p)
        abort();
    return p;
}

void mem_stream_pair(const struct mem_rules *rules, struct ww_stream *ends[2])
{
    struct mem_pair *pair = room(sizeof *pair);

    if (rules)
        pair->rules = *rules;
    for (int i = 0; i < 2; i++) {
        struct mem_stream *m = room(sizeof *m);
        struct mem_pipe *pipe = &pair->pipes[i];
        pipe->cap = pair->rules.cap ? pair->rules.cap : MEM_CAP;
        pipe->data = room(pipe->cap);
        m->base.ops = &mem_ops;
        m->pair = pair;
        m->side = i;
        ends[i] = &m->base;
        pair->ends++;
    }
}

void mem_stream_fail(struct ww_stream *end, enum mem_op op, int nth,
                     enum ww_err kind)
{
    struct mem_stream *m = mem_of(end);

    m->fail_at[op] = m->calls[op] + nth;
    m->fail_kind = kind;
}

bool mem_stream_has_failed(const struct ww_stream *end)
{
    return ((const struct mem_stream *)end)->failed != WW_ERR_NONE;
}

void mem_stream_cut(struct ww_stream *end)
{
    struct mem_stream *m = mem_of(end);
    struct mem_pipe *pipe = &m->pair->pipes[m->side];

    pipe->cut = true;
    pipe->gone = true;
    m->failed = WW_ERR_RESET;
    m->unreadable = true;
}

int mem_stream_calls(const struct ww_stream *end, enum mem_op op)
{
    return ((const struct mem_stream *)end)->calls[op];
}

size_t mem_stream_sent(const struct ww_stream *end, const uint8_t **bytes)
{
    const struct mem_stream *m = (const struct mem_stream *)end;
    const struct mem_pipe *pipe = &m->pair->pipes[m->side];

    *bytes = pipe->log;
    return pipe->log_len;
}
