#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include <stddef.h>
#include <stdint.h>

/* Services: bytes in, bytes out, no I/O.  Constant tables; any thread. */

/* No service makes more than this out of one byte: U+0390 and a few others
 * grow from two bytes to six in upper case. */
#define SERVICE_GROWTH 3

/* Bytes of an unfinished character that may wait for their rest. */
#define SERVICE_HELD 3

/* Room that an answer to `len` bytes may need. */
#define SERVICE_ROOM(len) (SERVICE_GROWTH * ((len) + SERVICE_HELD))

/* What one byte stream carries from one piece to the next; zeroed at first. */
struct service_state {
    uint8_t held[SERVICE_HELD];
    uint8_t held_len;
};

struct service {
    const char *name;
    /* Turns the next piece of the input into the next piece of the answer;
     * `out` holds SERVICE_ROOM(len) bytes and does not overlap `in`.  Returns
     * how many were written. */
    size_t (*feed)(struct service_state *state, const uint8_t *in, size_t len,
                   uint8_t *out);
    /* The input is over: writes what was still held back, at most SERVICE_HELD
     * bytes, and returns how many. */
    size_t (*end)(struct service_state *state, uint8_t *out);
};

/* Finds a service by its name, or returns NULL. */
const struct service *service_find(const char *name);

#endif
