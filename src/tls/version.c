#include "tls/version.h"

#include <openssl/crypto.h>
#include <openssl/opensslv.h>

void tls_library_versions(const char **built, const char **running)
{
    *built = OPENSSL_VERSION_TEXT;
    *running = OpenSSL_version(OPENSSL_VERSION);
}
