#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

/* Text that may have been chosen by a peer, made safe to show. */

/* Writes `len` bytes of `data` into buf so that the result is one printable
 * line of ASCII: control characters, quotes, backslashes and everything above
 * 0x7e become \n, \r, \t or \xNN.  What does not fit in `cap` bytes (NUL
 * included) is cut at a whole escape.  Returns buf. */
const char *text_escape(char *buf, size_t cap, const void *data, size_t len);

/* Says how many of `len` bytes look like text a person typed: the length of
 * the printable start (ASCII, tab, CR, LF). */
size_t text_printable(const void *data, size_t len);

#endif
