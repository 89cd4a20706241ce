#ifndef TLS_OWN_CERT_H
#define TLS_OWN_CERT_H

#include "tls/context.h"

/* Our own certificate and key: put to use, and looked at for what will make
 * peers refuse it. */

/* Gives the context the chain (leaf first) and the key.  -1 with WW_ERR_FILE
 * if they do not belong together or OpenSSL finds them too weak. */
int own_cert_use(struct ww_tls *tls, const struct ww_ask *ask,
                 struct ww_error *err);

/* Warns of dates, purpose and file mode. */
void own_cert_warn(const struct ww_tls *tls, const struct ww_notify *notify);

#endif
