#ifndef TLS_DATE_H
#define TLS_DATE_H

#include <openssl/asn1.h>

/* Writes a certificate's date as "2026-11-22 17:04 UTC"; returns buf. */
const char *date_print(const ASN1_TIME *at, char *buf, size_t cap);

#endif
