#include "wirewrap/endpoint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/text.h"
#include "net/addr.h"

/* clang-format off */
static const struct {
    const char *name;
    uint16_t port;
} schemes[] = {
    [WW_SCHEME_TCP]  = { "tcp",  WW_PORT_PLAIN },
    [WW_SCHEME_TLS]  = { "tls",  WW_PORT_TLS },
    [WW_SCHEME_AUTO] = { "auto", WW_PORT_PLAIN },
};
/* clang-format on */

#define SCHEME_COUNT (sizeof schemes / sizeof schemes[0])

/* What is being read, for the parts of the parser and their complaints. */
struct reading {
    const char *text; /* all of it, as given */
    const char *rest; /* what has not been read yet */
    struct ww_endpoint got;
    struct ww_error *err;
};

WW_PRINTF(3, 4)
static int refuse(const struct reading *r, const char *hint, const char *fmt,
                  ...)
{
    char quoted[200];
    char why[150];
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    text_escape(quoted, sizeof quoted, r->text, strlen(r->text));
    error_set(r->err, WW_ERR_USAGE, "endpoint \"%s\": %s", quoted, why);
    error_hint(r->err, "%s", hint);
    return -1;
}

/* Copies a host that has been looked at already, except for its length. */
static int keep_host(struct reading *r, const char *host, size_t len)
{
    if (len >= sizeof r->got.host)
        return refuse(r, "at most 255 characters fit", "the host is too long");
    memcpy(r->got.host, host, len);
    r->got.host[len] = '\0';
    return 0;
}

static int check_bytes(const struct reading *r)
{
    for (const char *p = r->text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c <= ' ' || c == 0x7f)
            return refuse(r, "write it without: [SCHEME://][HOST][:PORT]",
                          "a blank or control character");
        if (c > 0x7f)
            return refuse(r, "write an international name as xn--...",
                          "not plain ASCII");
    }
    return 0;
}

static int read_scheme(struct reading *r)
{
    const char *end = strstr(r->text, "://");
    if (!end)
        return 0;

    size_t len = (size_t)(end - r->text);
    r->rest = end + strlen("://");
    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        if (strlen(schemes[i].name) == len &&
            strncasecmp(schemes[i].name, r->text, len) == 0) {
            r->got.scheme = (enum ww_scheme)i;
            return 0;
        }
    }
    char quoted[40];
    return refuse(r, "the schemes are tcp and tls", "unknown scheme \"%s\"",
                  text_escape(quoted, sizeof quoted, r->text, len));
}

static int read_bracketed(struct reading *r)
{
    const char *host = r->rest + 1;
    const char *end = strchr(host, ']');
    if (!end)
        return refuse(r, "write [::1]:PORT", "the closing ] is missing");

    size_t len = (size_t)(end - host);
    if (!addr_is_ipv6(host, len))
        return refuse(r, "brackets are for IPv6 addresses, as in [::1]:PORT",
                      "no IPv6 address between the brackets");
    if (end[1] && end[1] != ':')
        return refuse(r, "after the ] only :PORT may follow",
                      "more text after the ]");
    r->rest = end + 1;
    return keep_host(r, host, len);
}

/* A colon too many is nearly always an IPv6 address as other programs show
 * it; where the port begins in `::1:12000` nobody can tell. */
static int refuse_colons(const struct reading *r)
{
    char hint[100] = "an IPv6 address stands in brackets: write [::1]:PORT";
    if (addr_is_ipv6(r->rest, strlen(r->rest)))
        snprintf(hint, sizeof hint, "write [%s]:PORT or [%s]", r->rest,
                 r->rest);
    return refuse(r, hint, "an IPv6 address without brackets, or a : too many");
}

/* A name that ends in a number can only be an IPv4 address (RFC 6943 section
 * 3.1.1 shows what happens where programs read short forms differently), and
 * one that is nothing but a number was meant to be a port. */
static int check_numeric(const struct reading *r, const char *host, size_t len)
{
    char addr[INET_ADDRSTRLEN] = "";
    struct in_addr parsed;

    if (strspn(host, "0123456789") >= len) {
        char hint[60];
        snprintf(hint, sizeof hint, "a port alone is written :%.*s",
                 (int)(len > 20 ? 20 : len), host);
        return refuse(r, hint, "a number is not a host");
    }
    if (len < sizeof addr)
        memcpy(addr, host, len);
    if (inet_pton(AF_INET, addr, &parsed) != 1)
        return refuse(r, "write four numbers up to 255, as in 127.0.0.1",
                      "not an IPv4 address");
    return 0;
}

static int check_name(const struct reading *r, const char *host, size_t len)
{
    size_t digits = 0; /* at the end, in the last label */

    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)host[i]) && !strchr("-._", host[i])) {
            char quoted[8];
            text_escape(quoted, sizeof quoted, host + i, 1);
            return refuse(r, "a name has letters, digits, - and .",
                          "'%s' in the host", quoted);
        }
    }
    while (digits < len && isdigit((unsigned char)host[len - digits - 1]))
        digits++;
    if (digits && (digits == len || host[len - digits - 1] == '.'))
        return check_numeric(r, host, len);
    return 0;
}

static int read_host(struct reading *r)
{
    if (strchr(r->rest, '/'))
        return refuse(r, "leave out everything from the / on",
                      "an endpoint has no path");
    if (r->rest[0] == '[')
        return read_bracketed(r);

    const char *host = r->rest;
    size_t len = strcspn(host, ":");
    if (strchr(host, ':') != strrchr(host, ':'))
        return refuse_colons(r);

    r->rest = host + len;
    if (len == 0)
        return keep_host(r, "localhost", strlen("localhost"));
    if ((len != 1 || host[0] != '*') && check_name(r, host, len) < 0)
        return -1;
    return keep_host(r, host, len);
}

static int read_port(struct reading *r)
{
    r->got.port = schemes[r->got.scheme].port;
    if (!*r->rest)
        return 0;

    const char *digits = r->rest + 1;
    unsigned long port = 0;
    if (!*digits)
        return refuse(r, "without the colon it is the default port",
                      "no port after the colon");
    if (digits[strspn(digits, "0123456789")])
        return refuse(r, "a port is a number from 0 to 65535",
                      "the port is not a number");
    for (const char *p = digits; *p && port <= UINT16_MAX; p++)
        port = port * 10 + (unsigned long)(*p - '0');
    if (port > UINT16_MAX)
        return refuse(r, "a port is a number from 0 to 65535",
                      "the port is too large");
    r->got.port = (uint16_t)port;
    return 0;
}

int ww_endpoint_parse(struct ww_endpoint *endpoint, const char *text,
                      enum ww_scheme fallback, struct ww_error *err)
{
    struct reading r = { .text = text, .rest = text, .err = err };

    r.got.scheme = fallback;
    if (check_bytes(&r) < 0 || read_scheme(&r) < 0 || read_host(&r) < 0 ||
        read_port(&r) < 0)
        return -1;
    *endpoint = r.got;
    return 0;
}

const char *ww_endpoint_format(const struct ww_endpoint *endpoint, char *buf,
                               size_t cap)
{
    bool brackets = strchr(endpoint->host, ':');
    snprintf(buf, cap, "%s://%s%s%s:%u", schemes[endpoint->scheme].name,
             brackets ? "[" : "", endpoint->host, brackets ? "]" : "",
             endpoint->port);
    return buf;
}
