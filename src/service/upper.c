/* Unicode's default full upper-casing of a stream of UTF-8, the same bytes as
 * Python's str.upper().
 *
 * ASCII goes eight bytes at a time; libunistring gets the runs of other
 * characters between.  Whole stretches of text, ASCII included, were tried and
 * are slower: libunistring spends as much on an ASCII letter as on any other,
 * more than a call costs.  Upper case needs no context (without language
 * rules), so it does not matter where a run is cut.
 *
 * No byte of input makes more than SERVICE_GROWTH bytes: one byte stays one,
 * and for a run of n bytes libunistring is told that it has exactly
 * SERVICE_GROWTH * n. */

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <unicase.h>
#include <unistr.h>

#include "service/service_list.h"

#define BYTES(value) ((value)*UINT64_C(0x0101010101010101))

/* What u8_mbtoucr says, other than a length. */
enum {
    BROKEN = -1,
    UNFINISHED = -2,
};

/* Turns eight ASCII bytes.  No sum leaves its byte, so the top bit of each
 * byte says whether it has reached the limit. */
static uint64_t upper_word(uint64_t word)
{
    uint64_t from_a = word + BYTES(0x80u - 'a');
    uint64_t past_z = word + BYTES(0x7fu - 'z');
    return word ^ ((from_a & ~past_z & BYTES(0x80u)) >> 2);
}

/* Turns the ASCII at the start of `in`; returns its length. */
static size_t upper_ascii(const uint8_t *in, size_t len, uint8_t *out)
{
    size_t i = 0;

    for (; len - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, in + i, sizeof word);
        if (word & BYTES(0x80u))
            break;
        word = upper_word(word);
        memcpy(out + i, &word, sizeof word);
    }
    for (; i < len && in[i] < 0x80; i++)
        out[i] = (uint8_t)upper_word(in[i]);
    return i;
}

/* Says how long the character at `in` is, or BROKEN or UNFINISHED. */
static int character(const uint8_t *in, size_t len)
{
    ucs4_t ignored;

    /* libunistring would wait for more after F5 to F7, which begin nothing. */
    if (in[0] > 0xf4)
        return BROKEN;
    return u8_mbtoucr(&ignored, in, len);
}

/* Counts the bytes of the whole non-ASCII characters at the start of `in`. */
static size_t wide_run(const uint8_t *in, size_t len)
{
    size_t run = 0;

    while (run < len && in[run] >= 0x80) {
        int n = character(in + run, len - run);
        if (n < 0)
            break;
        run += (size_t)n;
    }
    return run;
}

/* Turns `len` bytes of whole characters; returns how many that makes. */
static size_t upper_wide(const uint8_t *in, size_t len, uint8_t *out)
{
    size_t put = SERVICE_GROWTH * len;
    uint8_t *result = u8_toupper(in, len, NULL, NULL, out, &put);
    if (result == out)
        return put;

    /* Either there was no memory, or a later Unicode has a character that grows
     * more than we have room for, and the result went to the heap.  (With the
     * Unicode of today nothing is allocated at all.)  The stream cannot fail
     * here, so these characters go the way of those that have no upper case. */
    free(result);
    memcpy(out, in, len);
    return len;
}

/* Adds from `in` to the bytes held back, until they are a whole character or
 * cannot become one any more.  Counts in *used what was taken. */
static size_t finish_held(struct service_state *state, const uint8_t *in,
                          size_t len, size_t *used, uint8_t *out)
{
    uint8_t one[SERVICE_HELD + 1];
    size_t n = state->held_len;

    assert(n <= SERVICE_HELD);
    memcpy(one, state->held, n);
    state->held_len = 0;
    for (; *used < len; ++*used) {
        one[n] = in[*used];
        int kind = character(one, n + 1);
        if (kind > 0) {
            ++*used;
            return upper_wide(one, n + 1, out);
        }
        if (kind == BROKEN) {
            /* Only the first of them could have begun a character. */
            memcpy(out, one, n);
            return n;
        }
        n++;
        assert(n <= SERVICE_HELD);
    }
    memcpy(state->held, one, n);
    state->held_len = (uint8_t)n;
    return 0;
}

/* Holds back the start of a character that the piece cuts off; false if the
 * bytes are no such thing. */
static bool hold(struct service_state *state, const uint8_t *in, size_t len)
{
    if (character(in, len) != UNFINISHED)
        return false;
    assert(len <= SERVICE_HELD);
    memcpy(state->held, in, len);
    state->held_len = (uint8_t)len;
    return true;
}

static size_t upper_feed(struct service_state *state, const uint8_t *in,
                         size_t len, uint8_t *out)
{
    size_t used = 0;
    size_t put = 0;

    if (state->held_len > 0)
        put = finish_held(state, in, len, &used, out);
    while (used < len) {
        const uint8_t *at = in + used;
        size_t n = wide_run(at, len - used);
        if (n > 0) {
            put += upper_wide(at, n, out + put);
        } else if (*at < 0x80) {
            n = upper_ascii(at, len - used, out + put);
            put += n;
        } else if (hold(state, at, len - used)) {
            n = len - used;
        } else {
            out[put++] = *at;
            n = 1;
        }
        used += n;
    }
    return put;
}

static size_t upper_end(struct service_state *state, uint8_t *out)
{
    size_t n = state->held_len;

    memcpy(out, state->held, n);
    state->held_len = 0;
    return n;
}

const struct service service_upper = {
    .name = "upper",
    .feed = upper_feed,
    .end = upper_end,
};
