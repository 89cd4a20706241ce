#ifndef WIREWRAP_ENDPOINT_H
#define WIREWRAP_ENDPOINT_H

/* Endpoints: where to connect to or listen on, `[SCHEME://][HOST][:PORT]`.
 *
 * Plain data, filled by ww_endpoint_parse() or by hand; nothing to release. */

#include <stddef.h>
#include <stdint.h>

#include "wirewrap/error.h"

enum ww_scheme {
    WW_SCHEME_TCP,  /* plain */
    WW_SCHEME_TLS,  /* wrapped: the TLS handshake follows TCP's */
    WW_SCHEME_AUTO, /* server only: told apart by the first bytes */
};

#define WW_PORT_PLAIN 12000 /* default of tcp and auto */
#define WW_PORT_TLS   12443 /* default of tls */

/* Longest text of an endpoint, with the terminating NUL. */
#define WW_ENDPOINT_TEXT 288

struct ww_endpoint {
    enum ww_scheme scheme;
    uint16_t port;  /* host byte order; 0: let the kernel choose (server) */
    char host[256]; /* name or address without brackets; "*": all addresses */
};

/* Reads an endpoint.  `fallback` is the scheme where the text names none.
 * Left out, the host is "localhost" and the port the scheme's default.  An
 * IPv6 address stands in brackets, a zone id ("%eth0") inside them (RFC 3986
 * section 3.2.2, RFC 6874 without the percent-encoding).  Returns 0, or -1
 * with WW_ERR_USAGE and an error that quotes the text. */
WW_API WW_MUST_CHECK int ww_endpoint_parse(struct ww_endpoint *endpoint,
                                           const char *text,
                                           enum ww_scheme fallback,
                                           struct ww_error *err);

/* Writes `endpoint` as text ("tls://[::1]:12443") into buf, which should hold
 * WW_ENDPOINT_TEXT bytes; a smaller one truncates.  Returns buf. */
WW_API
const char *ww_endpoint_format(const struct ww_endpoint *endpoint, char *buf,
                               size_t cap);

#endif
