#ifndef TLS_VERSION_H
#define TLS_VERSION_H

/* Names OpenSSL as compiled against and as running.  The texts are static. */
void tls_library_versions(const char **built, const char **running);

#endif
