#ifndef SERVER_COUNTERS_H
#define SERVER_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "wirewrap/error.h"

/* What a worker has counted.  Written by its worker alone, read by anybody;
 * a reader may see one counter a little ahead of another. */
struct counters {
    atomic_ullong accepted;
    atomic_ullong over_limit; /* closed at once: --max-connections */
    atomic_ullong no_descriptors;
    atomic_ullong ended[WW_END_ABORTED + 1];
    atomic_ullong full, resumed; /* TLS handshakes */
    atomic_ullong app_in, app_out;
    atomic_ullong wire_in, wire_out;
};

/* Adds without the price of a locked instruction: there is one writer. */
static inline void count(atomic_ullong *counter, unsigned long long n)
{
    atomic_store_explicit(
        counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
        memory_order_relaxed);
}

/* Adds one worker's counters to a sum. */
void counters_add(struct counters *sum, const struct counters *one);

/* Writes them as one line of key=value. */
const char *counters_print(const struct counters *c, char *buf, size_t cap);

#endif
