#ifndef SERVER_HELLO_H
#define SERVER_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True if a stream that begins with these bytes begins with a TLS ClientHello
 * (RFC 8446 sections 4 and 5.1, every version back to TLS 1.0).  Needs 11
 * bytes; fewer are never one. */
bool hello_is_tls(const uint8_t *data, size_t len);

#endif
