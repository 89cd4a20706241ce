#include "cli/operands.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "net/addr.h"

/* True if the second word can only be the port of the first. */
static bool is_pair(const char *host, const char *port)
{
    return *host && *port && strspn(port, "0123456789") == strlen(port) &&
           strspn(host, "0123456789") < strlen(host);
}

static int parse_pair(struct ww_endpoint *endpoint, char **words,
                      enum ww_scheme fallback, struct ww_error *err)
{
    char text[WW_ENDPOINT_TEXT];
    bool bare = addr_is_ipv6(words[0], strlen(words[0]));
    int len = snprintf(text, sizeof text, "%s%s%s:%s", bare ? "[" : "",
                       words[0], bare ? "]" : "", words[1]);

    if (len >= (int)sizeof text)
        return error_set(err, WW_ERR_USAGE, "HOST PORT: too long");
    return ww_endpoint_parse(endpoint, text, fallback, err);
}

int operands_parse(struct ww_endpoint *endpoints, size_t cap, int count,
                   char **words, enum ww_scheme fallback, struct ww_error *err)
{
    size_t n = 0;

    if (count == 0)
        return ww_endpoint_parse(endpoints, "", fallback, err) < 0 ? -1 : 1;
    for (int i = 0; i < count; i++) {
        if (n == cap) {
            error_set(err, WW_ERR_USAGE, "'%.80s': an endpoint too many",
                      words[i]);
            error_hint(err, "HOST PORT is one, if PORT is a number");
            return -1;
        }
        bool pair = i + 1 < count && is_pair(words[i], words[i + 1]);
        int failed =
            pair ? parse_pair(&endpoints[n], words + i, fallback, err)
                 : ww_endpoint_parse(&endpoints[n], words[i], fallback, err);
        if (failed)
            return -1;
        n++;
        if (pair)
            i++;
    }
    return (int)n;
}
