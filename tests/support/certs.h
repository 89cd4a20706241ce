#ifndef SUPPORT_CERTS_H
#define SUPPORT_CERTS_H

/* Certificates for tests: those in $WW_TEST_CERTS, or else a set that
 * scripts/gen-certs.sh makes for this run. */

#include "wirewrap/tls.h"

/* A group's setup and teardown.  The zoo (see gen-certs.sh) is made too where
 * it is asked for; in $WW_TEST_CERTS it may be missing. */
int certs_setup(void **state);
int certs_setup_zoo(void **state);
int certs_teardown(void **state);

/* The path of a file of the set, or of the scratch directory of this run.  The
 * texts are good for the next 15 calls. */
const char *certs_path(const char *name);
const char *certs_scratch(const char *name);

/* Runs shell commands, with $certs and $scratch set; they have to succeed. */
void certs_shell(const char *commands);

/* Contexts of the set: a server with server.pem, a client that trusts ca.pem. */
struct ww_tls *certs_server(void);
struct ww_tls *certs_client(void);

#endif
