#ifndef SUPPORT_MEM_STREAM_H
#define SUPPORT_MEM_STREAM_H

/* Two streams joined in memory, which misbehave as they are told.
 *
 * An end that is freed, or finished, is END for the other one once that has
 * read what was under way.  No call but mem_stream_pair() allocates. */

#include <stdint.h>

#include "wirewrap/stream.h"

#define MEM_LOG 4096

/* How both ends behave; zeroed: as well as they can. */
struct mem_rules {
    size_t step; /* most bytes per call; 0: any number */
    size_t cap;  /* most bytes under way in one direction; 0: 64 KiB */
    int refuse;  /* every so many reads, and writes, come back; 0: none */
};

enum mem_op {
    MEM_READ,
    MEM_WRITE,
};

/* Makes a pair; `rules` may be NULL. */
void mem_stream_pair(const struct mem_rules *rules, struct ww_stream *ends[2]);

/* Lets the nth call from now (1: the next) fail with `kind`, and all that
 * follow; after a write, what is under way may still be read. */
void mem_stream_fail(struct ww_stream *end, enum mem_op op, int nth,
                     enum ww_err kind);

/* True once that has happened. */
bool mem_stream_has_failed(const struct ww_stream *end);

/* Lets the connection of this end be lost, as by a reset. */
void mem_stream_cut(struct ww_stream *end);

/* How often it was called. */
int mem_stream_calls(const struct ww_stream *end, enum mem_op op);

/* What this end has written, the first MEM_LOG bytes of it; returns how many
 * these are.  They belong to the pair. */
size_t mem_stream_sent(const struct ww_stream *end, const uint8_t **bytes);

#endif
