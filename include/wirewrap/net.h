#ifndef WIREWRAP_NET_H
#define WIREWRAP_NET_H

/* Sockets: connecting and listening, before any question of plain or TLS.
 *
 * Accepting is accept4(2) with SOCK_NONBLOCK and SOCK_CLOEXEC on what
 * ww_listen() gave.  Descriptors that come from here are non-blocking, close-on-exec and have
 * Nagle's algorithm off; whoever gets one closes it (or hands it to a stream).
 * Both calls may be used from any thread. */

#include <stddef.h>
#include <stdint.h>

#include "wirewrap/endpoint.h"
#include "wirewrap/error.h"

/* The moment `timeout_ms` from now, in milliseconds of the monotonic clock:
 * what every `deadline` in this library is measured in.  INT64_MAX is never. */
WW_API
int64_t ww_deadline(int64_t timeout_ms);

/* Connects to an endpoint, trying its addresses of both families (16 at most)
 * with a head start of 250 ms each ("happy eyeballs", RFC 8305); the first that
 * answers wins and the others are closed.  "localhost" needs no resolver
 * (RFC 6761 section 6.3).  Returns the descriptor, or -1: WW_ERR_CONNECT with
 * the fate of the first of them, WW_ERR_TIMEOUT with WW_PHASE_RESOLVE or
 * WW_PHASE_CONNECT, WW_ERR_LOCAL without descriptors, memory or threads,
 * WW_ERR_USAGE for the host "*".  `notify` may be NULL
 * and otherwise hears about every attempt.  A resolver that hangs past the
 * deadline is left to a thread of its own, which ends by itself. */
WW_API WW_MUST_CHECK int ww_dial(const struct ww_endpoint *endpoint,
                                 int64_t deadline,
                                 const struct ww_notify *notify,
                                 struct ww_error *err);

/* Listens on every address that the endpoint's host has, at most `cap` of
 * them, and stores the descriptors.  With port 0 all share one port of the
 * kernel's choice.  A family that this machine lacks is skipped, and `notify`
 * (may be NULL) told; any other failure closes what was opened.  An address
 * that any other program listens on is "in use", SO_REUSEPORT or not.  Returns
 * how many, or -1: WW_ERR_LOCAL for an address in use or not permitted,
 * WW_ERR_CONNECT for a name without address, WW_ERR_TIMEOUT for one that is
 * not resolved within 10 s. */
WW_API WW_MUST_CHECK int ww_listen(const struct ww_endpoint *endpoint, int *fds,
                                   size_t cap, const struct ww_notify *notify,
                                   struct ww_error *err);

#endif
