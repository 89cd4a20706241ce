#ifndef TLS_FAILURE_H
#define TLS_FAILURE_H

#include "tls/below.h"
#include "tls/verdict.h"

/* Puts OpenSSL's error queue into words, after a call that failed for good,
 * and empties it.  `verdict` is NULL on a server. */
void failure_tell(struct below *below, const struct verdict *verdict,
                  bool shaking, struct ww_error *err);

#endif
