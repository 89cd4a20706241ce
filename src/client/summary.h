#ifndef CLIENT_SUMMARY_H
#define CLIENT_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "client/pump.h"
#include "wirewrap/stream.h"

/* What the client tells about a connection, on standard error. */

/* Prints one line behind the program's name. */
WW_PRINTF(1, 2)
void summary_say(const char *fmt, ...);

/* Tells what the handshake made, and how long it took; nothing for plain. */
void summary_handshake(const struct ww_stream *s, bool insecure,
                       int64_t time_us);

/* Tells what the conversation moved, how it ended and how long all took. */
void summary_end(const struct ww_stream *s, const struct pump *p,
                 enum ww_end end, int64_t time_us);

#endif
