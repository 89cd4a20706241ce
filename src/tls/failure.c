#include "tls/failure.h"

#include <openssl/err.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define EXCERPT 40

static const char hint_nobody[] =
    "the server may be full, or not speak TLS on this port";

/* Tells what the peer speaks in place of TLS. */
static void tell_plain(const struct below *below, struct ww_error *err)
{
    static const char *const methods[] = { "GET ",     "POST ", "HEAD ",
                                           "OPTIONS ", "PUT ",  "CONNECT " };
    char excerpt[4 * EXCERPT + 1];
    size_t len = below->head_len < EXCERPT ? below->head_len : EXCERPT;
    const char *kind = "plain text";

    if (text_printable(below->head, len) < len && len > 0)
        kind = "bytes that are not TLS";
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (len >= strlen(methods[i]) &&
            memcmp(below->head, methods[i], strlen(methods[i])) == 0)
            kind = "an HTTP request in plain text";

    text_escape(excerpt, sizeof excerpt, below->head, len);
    if (below->is_client) {
        error_set(err, WW_ERR_TLS,
                  "TLS handshake: the server answered with %s: '%s'", kind,
                  excerpt);
        error_hint(err, "if it is a plain server, use tcp:// in place of "
                        "tls://");
    } else {
        error_set(err, WW_ERR_TLS, "%s on the TLS port, it starts with '%s'",
                  kind, excerpt);
    }
}

static void tell_end(const struct below *below, bool shaking,
                     struct ww_error *err)
{
    const char *peer = below->is_client ? "server" : "client";

    if (!shaking)
        error_set(err, WW_ERR_TRUNCATED,
                  "the stream was cut off: it ended without close_notify");
    else if (below->head_len == 0)
        error_set(err, WW_ERR_TLS,
                  "TLS handshake: the %s closed the connection without a word",
                  peer);
    else
        error_set(err, WW_ERR_TLS,
                  "TLS handshake: the %s closed the connection half way", peer);
}

static void tell_code(unsigned long code, const char *phase, const char *peer,
                      struct ww_error *err)
{
    int reason = ERR_GET_REASON(code);
    const char *text = ERR_reason_error_string(code);

    if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET)
        error_set(err, WW_ERR_TLS, "%s: the %s refused it with the alert '%s'",
                  phase, peer,
                  SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
    else
        error_set(err, WW_ERR_TLS, "%s: %s", phase,
                  text ? text : "unknown failure");
}

void failure_tell(struct below *below, const struct verdict *verdict,
                  bool shaking, struct ww_error *err)
{
    unsigned long code = ERR_peek_error();
    const char *phase = shaking ? "TLS handshake" : "TLS";

    if (below->failed) {
        if (shaking)
            error_prefix(err, "%s", phase);
        if (shaking && below->is_client && below->head_len == 0)
            error_hint(err, "%s", hint_nobody);
    } else if (below->echoed) {
        error_set(err, WW_ERR_TLS,
                  "TLS handshake: the server echoed our hello back: it is a "
                  "plain echo-type server");
        error_hint(err, "use tcp:// in place of tls://");
    } else if (shaking && below->alien) {
        below_fill_head(below);
        if (!below->is_client)
            below_send_alert(below);
        tell_plain(below, err);
    } else if (below->at_end) {
        tell_end(below, shaking, err);
    } else if (verdict && verdict->code) {
        verdict_tell(verdict, err);
    } else {
        tell_code(code, phase, below->is_client ? "server" : "client", err);
    }
    ERR_clear_error();
}
