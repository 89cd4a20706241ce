#ifndef NET_LISTEN_H
#define NET_LISTEN_H

/* What a server with several workers needs beyond ww_listen(). */

#include "wirewrap/endpoint.h"
#include "wirewrap/error.h"

/* Opens one more listening socket on the address of `fd`, which comes from
 * ww_listen() and must still listen: the kernel spreads new connections among
 * them.  A connection that waits in a queue is lost when that socket is
 * closed.  Returns the descriptor, or -1 with WW_ERR_LOCAL. */
WW_MUST_CHECK
int listen_sibling(int fd, struct ww_error *err);

/* Fills in host and port as the kernel knows them; the scheme stays.  Returns
 * 0, or -1 if `fd` is no socket. */
int listen_address(int fd, struct ww_endpoint *out);

#endif
