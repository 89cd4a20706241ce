#include "client/visible.h"

#include <stdbool.h>
#include <stdio.h>

static void escape(const unsigned char *bytes, size_t len, struct buffer *to)
{
    for (size_t i = 0; i < len; i++) {
        char text[8];
        snprintf(text, sizeof text, "\\x%02x", bytes[i]);
        buffer_puts(to, text);
    }
}

/* How many bytes a character has that begins so; 0: none does.  0xc0 and 0xc1
 * could only begin an overlong form (RFC 3629 section 4). */
static size_t whole_len(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* The second byte's range is narrower behind some leads: no overlong forms, no
 * surrogates, nothing above U+10FFFF.  Neither are C1 controls let through
 * (U+0080 to U+009F), which some terminals obey. */
static bool may_follow(const unsigned char *held, size_t len,
                       unsigned char byte)
{
    if ((byte & 0xc0) != 0x80 || held[0] == '\r')
        return false;
    if (len > 1)
        return true;
    switch (held[0]) {
    case 0xc2:
    case 0xe0:
        return byte >= 0xa0;
    case 0xed:
        return byte < 0xa0;
    case 0xf0:
        return byte >= 0x90;
    case 0xf4:
        return byte < 0x90;
    default:
        return true;
    }
}

static bool is_control(unsigned char byte)
{
    return (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f;
}

void visible_add(struct visible *v, unsigned char byte, struct buffer *to)
{
    if (byte == '\n' && v->len && v->held[0] == '\r')
        v->len = 0; /* a line that ends in CRLF ends in no more than that */
    if (v->len && !may_follow(v->held, v->len, byte))
        visible_end(v, to);

    v->held[v->len++] = byte;
    if (byte == '\r')
        return;
    size_t whole = whole_len(v->held[0]);
    if (whole == 0 || is_control(byte)) {
        visible_end(v, to);
    } else if (v->len == whole) {
        buffer_put(to, v->held, v->len);
        v->len = 0;
    }
}

void visible_end(struct visible *v, struct buffer *to)
{
    escape(v->held, v->len, to);
    v->len = 0;
}
