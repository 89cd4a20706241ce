#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <stdint.h>

#include "net/addr.h"
#include "wirewrap/endpoint.h"
#include "wirewrap/error.h"

enum resolve_use {
    RESOLVE_TO_CONNECT,
    RESOLVE_TO_LISTEN, /* "*" stands for all addresses of both families */
};

/* Finds the addresses of an endpoint, at least one, with its port, until
 * `deadline`.  Addresses in numbers and "localhost" need no resolver.
 * Returns 0, or -1: WW_ERR_CONNECT for a name without address,
 * WW_ERR_TIMEOUT with WW_PHASE_RESOLVE, WW_ERR_USAGE for "*" where it means
 * nothing, WW_ERR_LOCAL without memory, threads or descriptors.  Safe in any
 * thread. */
WW_MUST_CHECK
int resolve_by(const struct ww_endpoint *endpoint, enum resolve_use use,
               int64_t deadline, struct addr_list *list, struct ww_error *err);

#endif
