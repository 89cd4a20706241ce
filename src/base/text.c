#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* Writes the escaped form of one byte; returns its length. */
static size_t escape_byte(char out[8], unsigned char c)
{
    static const char shorts[] = "\nn\rr\tt\\\\\"\"";

    for (const char *s = shorts; *s; s += 2) {
        if (c == (unsigned char)s[0]) {
            out[0] = '\\';
            out[1] = s[1];
            return 2;
        }
    }
    if (c >= 0x20 && c < 0x7f) {
        out[0] = (char)c;
        return 1;
    }
    return (size_t)snprintf(out, 8, "\\x%02x", c);
}

const char *text_escape(char *buf, size_t cap, const void *data, size_t len)
{
    const unsigned char *in = data;
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        char one[8];
        size_t n = escape_byte(one, in[i]);
        if (used + n >= cap)
            break;
        memcpy(buf + used, one, n);
        used += n;
    }
    if (cap)
        buf[used] = '\0';
    return buf;
}

size_t text_printable(const void *data, size_t len)
{
    const unsigned char *in = data;
    size_t i = 0;

    while (i < len && ((in[i] >= 0x20 && in[i] < 0x7f) || in[i] == '\t' ||
                       in[i] == '\r' || in[i] == '\n'))
        i++;
    return i;
}
