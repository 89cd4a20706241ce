#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unictype.h>
#include <unistr.h>

#include "service/service.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define TEXT(s)      (s), sizeof(s) - 1

#define CODE_POINTS 0x110000u

struct text_case {
    const char *name;
    const char *in;
    size_t len;
    const char *want;
    size_t want_len;
};

/* clang-format off */
static const struct text_case cases[] = {
    { "nothing",             TEXT(""),              TEXT("") },
    { "ASCII",               TEXT("hello, World 1"), TEXT("HELLO, WORLD 1") },
    { "every word length",   TEXT("abcdefghijklmnopqrstuvwxyz0"),
                             TEXT("ABCDEFGHIJKLMNOPQRSTUVWXYZ0") },
    { "around the letters",  TEXT("@AZ[`az{\x7f@AZ[`az{\x7f"),
                             TEXT("@AZ[`AZ{\x7f@AZ[`AZ{\x7f") },
    { "NUL bytes",           TEXT("a\0b\0\0c"),     TEXT("A\0B\0\0C") },
    { "CRLF",                TEXT("a\r\nb\n"),      TEXT("A\r\nB\n") },
    { "Vietnamese",          TEXT("xin chào"),      TEXT("XIN CHÀO") },
    { "more of it",          TEXT("đều được, bình đẳng, tự do"),
                             TEXT("ĐỀU ĐƯỢC, BÌNH ĐẲNG, TỰ DO") },
    { "decomposed stays so", TEXT("a\xcc\x80"),     TEXT("A\xcc\x80") },
    { "sharp s",             TEXT("straße"),        TEXT("STRASSE") },
    { "big sharp s",         TEXT("ẞ"),             TEXT("ẞ") },
    { "ligatures",           TEXT("ﬀ ﬁ ﬃ ﬆ"),       TEXT("FF FI FFI ST") },
    { "apostrophe n",        TEXT("ŉ"),             TEXT("ʼN") },
    { "dz is not titlecase", TEXT("ǆ ǅ"),           TEXT("Ǆ Ǆ") },
    { "Greek, both sigmas",  TEXT("ὀδυσσεύς"),      TEXT("ὈΔΥΣΣΕΎΣ") },
    { "iota subscript",      TEXT("ᾳ ᾴ ᾼ"),         TEXT("ΑΙ ΆΙ ΑΙ") },
    { "iota on its own",     TEXT("\xcd\x85"),      TEXT("Ι") },
    { "grows threefold",     TEXT("\xce\x90"),
                             TEXT("\xce\x99\xcc\x88\xcc\x81") },
    { "Turkish is not known", TEXT("i ı İ"),        TEXT("I I İ") },
    { "Lithuanian neither",  TEXT("i\xcc\x87"),     TEXT("I\xcc\x87") },
    { "Cyrillic",            TEXT("привет ёж"),     TEXT("ПРИВЕТ ЁЖ") },
    { "shrinks",             TEXT("ıſ"),            TEXT("IS") },
    { "from two to three",   TEXT("ȿ ɐ"),           TEXT("Ȿ Ɐ") },
    { "from three to two",   TEXT("ᲀ ι"),           TEXT("В Ι") },
    { "four bytes",          TEXT("𐐨𐑏 😀"),         TEXT("𐐀𐐧 😀") },
    { "no case at all",      TEXT("人人生而自由"),  TEXT("人人生而自由") },
    { "ends of Unicode",     TEXT("\xf4\x8f\xbf\xbf\xef\xbf\xbf" "a"),
                             TEXT("\xf4\x8f\xbf\xbf\xef\xbf\xbf" "A") },

    { "lone continuation",   TEXT("a\x80" "b"),     TEXT("A\x80" "B") },
    { "one too many",        TEXT("à\xa0" "à"),     TEXT("À\xa0" "À") },
    { "no such bytes",       TEXT("a\xfe" "b\xff" "c\xf8\x88\x80\x80" "d"),
                             TEXT("A\xfe" "B\xff" "C\xf8\x88\x80\x80" "D") },
    { "overlong, 2 bytes",   TEXT("\xc1\xa1" "a"),  TEXT("\xc1\xa1" "A") },
    { "overlong, 3 bytes",   TEXT("\xe0\x83\xa0" "a"),
                             TEXT("\xe0\x83\xa0" "A") },
    { "overlong, 4 bytes",   TEXT("\xf0\x80\x83\xa0" "a"),
                             TEXT("\xf0\x80\x83\xa0" "A") },
    { "first surrogate",     TEXT("\xed\xa0\x80" "a"),
                             TEXT("\xed\xa0\x80" "A") },
    { "surrogate pair",      TEXT("\xed\xa0\x81\xed\xb0\xa8" "a"),
                             TEXT("\xed\xa0\x81\xed\xb0\xa8" "A") },
    { "beyond U+10FFFF",     TEXT("\xf4\x90\x80\x80" "a\xf5\x80\x80\x80" "b"),
                             TEXT("\xf4\x90\x80\x80" "A\xf5\x80\x80\x80" "B") },
    { "1 of 2 bytes",        TEXT("a\xc3"),         TEXT("A\xc3") },
    { "1 of 3 bytes",        TEXT("a\xe1"),         TEXT("A\xe1") },
    { "2 of 3 bytes",        TEXT("a\xe1\xba"),     TEXT("A\xe1\xba") },
    { "1 of 4 bytes",        TEXT("a\xf0"),         TEXT("A\xf0") },
    { "2 of 4 bytes",        TEXT("a\xf0\x90"),     TEXT("A\xf0\x90") },
    { "3 of 4 bytes",        TEXT("a\xf0\x90\x90"), TEXT("A\xf0\x90\x90") },
    { "cut by ASCII",        TEXT("\xe1\xba" "a"),  TEXT("\xe1\xba" "A") },
    { "cut by a character",  TEXT("\xf0\x90\x90" "à"),
                             TEXT("\xf0\x90\x90" "À") },
    { "cut by a cut one",    TEXT("\xc3\xe1\xf0\x90\x90\xc3\xa0"),
                             TEXT("\xc3\xe1\xf0\x90\x90\xc3\x80") },
};

/* What comes at once, and what waits. */
static const struct {
    const char *name;
    const char *in;
    size_t len;
    const char *want;
    size_t want_len;
    size_t held;
} waits[] = {
    { "no newline is awaited",    TEXT("ab"),           TEXT("AB"), 0 },
    { "whole character",          TEXT("\xc3\xa0"),     TEXT("\xc3\x80"), 0 },
    { "1 of 2 bytes",             TEXT("a\xc3"),        TEXT("A"), 1 },
    { "2 of 3 bytes",             TEXT("a\xe1\xba"),    TEXT("A"), 2 },
    { "3 of 4 bytes",             TEXT("\xf0\x90\x90"), TEXT(""), 3 },
    { "cannot become whole: E0 80", TEXT("\xe0\x80"),   TEXT("\xe0\x80"), 0 },
    { "cannot become whole: ED A0", TEXT("\xed\xa0"),   TEXT("\xed\xa0"), 0 },
    { "cannot become whole: F4 90", TEXT("\xf4\x90"),   TEXT("\xf4\x90"), 0 },
    { "cannot become whole: F5",  TEXT("\xf5"),         TEXT("\xf5"), 0 },
    { "cannot become whole: C1",  TEXT("\xc1"),         TEXT("\xc1"), 0 },
    { "continuation",             TEXT("\xbf"),         TEXT("\xbf"), 0 },
};
/* clang-format on */

/* ---- one stream through one service ---- */

struct talk {
    const struct service *service;
    struct service_state state;
    uint8_t *data;
    size_t len;
};

static void talk_init(struct talk *t, const char *name)
{
    *t = (struct talk){ .service = service_find(name) };
    assert_non_null(t->service);
}

static void talk_keep(struct talk *t, const uint8_t *data, size_t len)
{
    t->data = realloc(t->data, t->len + len + 1);
    assert_non_null(t->data);
    memcpy(t->data + t->len, data, len);
    t->len += len;
}

/* Feeds a piece from and into buffers of exactly the size that is agreed on,
 * so that a checker of memory sees every step beyond. */
static void talk_feed(struct talk *t, const void *data, size_t len)
{
    uint8_t *in = malloc(len > 0 ? len : 1);
    uint8_t *out = malloc(SERVICE_ROOM(len));
    assert_non_null(in);
    assert_non_null(out);
    memcpy(in, data, len);

    size_t n = t->service->feed(&t->state, in, len, out);
    assert_in_range(n, 0, SERVICE_ROOM(len));
    talk_keep(t, out, n);
    free(in);
    free(out);
}

static void talk_end(struct talk *t)
{
    uint8_t *out = malloc(SERVICE_HELD);
    assert_non_null(out);
    size_t n = t->service->end(&t->state, out);
    assert_in_range(n, 0, SERVICE_HELD);
    talk_keep(t, out, n);
    free(out);
    assert_int_equal(t->state.held_len, 0);
}

static void talk_expect(struct talk *t, const void *want, size_t len)
{
    assert_int_equal(t->len, len);
    assert_memory_equal(t->data, want, len);
    free(t->data);
    t->data = NULL;
    t->len = 0;
}

/* ---- cases ---- */

static void finds_services_by_name(void **state)
{
    static const char *const names[] = { "upper", "echo", "discard" };
    static const char *const others[] = { "", "Upper", "upp", "echoo" };
    (void)state;

    for (size_t i = 0; i < COUNT(names); i++)
        assert_string_equal(service_find(names[i])->name, names[i]);
    for (size_t i = 0; i < COUNT(others); i++)
        assert_null(service_find(others[i]));
}

static void echo_answers_the_same(void **state)
{
    (void)state;
    struct talk t;
    talk_init(&t, "echo");
    talk_feed(&t, "xin ch\xc3", 7);
    talk_feed(&t, "", 0);
    talk_feed(&t, "\0o", 2);
    talk_end(&t);
    talk_expect(&t, "xin ch\xc3\0o", 9);
}

static void discard_answers_nothing(void **state)
{
    (void)state;
    struct talk t;
    talk_init(&t, "discard");
    talk_feed(&t, "abc\xc3", 4);
    talk_end(&t);
    talk_expect(&t, "", 0);
}

static void upper_turns_whole_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct talk t;
        print_message("# %s\n", cases[i].name);
        talk_init(&t, "upper");
        talk_feed(&t, cases[i].in, cases[i].len);
        talk_end(&t);
        talk_expect(&t, cases[i].want, cases[i].want_len);
    }
}

static void split_in_two(const struct text_case *c, size_t at)
{
    struct talk t;
    talk_init(&t, "upper");
    talk_feed(&t, c->in, at);
    talk_feed(&t, c->in + at, c->len - at);
    talk_end(&t);
    talk_expect(&t, c->want, c->want_len);
}

static void split_in_bytes(const struct text_case *c)
{
    struct talk t;
    talk_init(&t, "upper");
    for (size_t i = 0; i < c->len; i++) {
        talk_feed(&t, c->in + i, 1);
        talk_feed(&t, "", 0);
    }
    talk_end(&t);
    talk_expect(&t, c->want, c->want_len);
}

static void upper_does_not_mind_splits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        print_message("# %s\n", cases[i].name);
        for (size_t at = 0; at <= cases[i].len; at++)
            split_in_two(&cases[i], at);
        split_in_bytes(&cases[i]);
    }
}

/* The fast path reads words of eight bytes: every text must come out the same
 * wherever in a word it begins. */
static void upper_does_not_mind_alignment(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        print_message("# %s\n", cases[i].name);
        for (size_t lead = 1; lead <= 17; lead++) {
            struct talk t;
            char in[100] = "abcdefghijklmnopq";
            char want[100] = "ABCDEFGHIJKLMNOPQ";
            memcpy(in + lead, cases[i].in, cases[i].len);
            memcpy(want + lead, cases[i].want, cases[i].want_len);

            talk_init(&t, "upper");
            talk_feed(&t, in, lead + cases[i].len);
            talk_end(&t);
            talk_expect(&t, want, lead + cases[i].want_len);
        }
    }
}

static void upper_holds_back_only_what_may_grow(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(waits); i++) {
        struct talk t;
        print_message("# %s\n", waits[i].name);
        talk_init(&t, "upper");
        talk_feed(&t, waits[i].in, waits[i].len);
        assert_int_equal(t.state.held_len, waits[i].held);
        talk_expect(&t, waits[i].want, waits[i].want_len);
    }
}

/* ---- all of Unicode ---- */

/* Writes the UTF-8 of `c` and its upper case; returns the upper case's length,
 * 0 for surrogates, which have no UTF-8. */
static size_t upper_of(ucs4_t c, uint8_t in[4], int *in_len, uint8_t *out)
{
    static const struct service *upper;
    struct service_state held = { 0 };

    if (!upper)
        upper = service_find("upper");
    *in_len = u8_uctomb(in, c, 4);
    if (*in_len < 0)
        return 0;
    size_t n = upper->feed(&held, in, (size_t)*in_len, out);
    assert_int_equal(held.held_len, 0);
    return n;
}

static void no_character_grows_too_much(void **state)
{
    (void)state;
    size_t most_held = 0;

    for (ucs4_t c = 0; c < CODE_POINTS; c++) {
        uint8_t in[4];
        uint8_t out[SERVICE_ROOM(4)];
        int len;
        size_t n = upper_of(c, in, &len, out);
        if (len < 0)
            continue;
        if (n == 0 || n > SERVICE_GROWTH * (size_t)len)
            fail_msg("U+%04X makes %zu bytes of %d", (unsigned)c, n, len);
        if ((size_t)len - 1 > most_held)
            most_held = (size_t)len - 1;
    }
    assert_int_equal(most_held, SERVICE_HELD);
}

/* The worst input: it grows by SERVICE_GROWTH, with a held byte before it. */
static void the_room_suffices_for_the_worst(void **state)
{
    (void)state;
    struct talk t;
    talk_init(&t, "upper");
    talk_feed(&t, "\xce", 1);
    for (int i = 0; i < 1000; i++)
        talk_feed(&t, "\x90\xce\x90\xce\x90\xce", 6);
    talk_end(&t);
    assert_int_equal(t.len, 3000 * 6 + 1);
    free(t.data);
}

/* ---- random input ---- */

/* xorshift64: the same numbers everywhere. */
static uint64_t rnd(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Writes one character, or some bytes that are none, to `out` (4 bytes).  The
 * characters are from blocks whose case has been settled for decades. */
static size_t random_piece(uint64_t *seed, uint8_t *out)
{
    static const struct {
        ucs4_t from, to;
    } blocks[] = {
        { 0xa0, 0x17f },    { 0x386, 0x3ce },     { 0x400, 0x45f },
        { 0x1ea0, 0x1ef9 }, { 0x1f00, 0x1fff },   { 0x4e00, 0x4eff },
        { 0xfb00, 0xfb06 }, { 0x10400, 0x1044f },
    };
    uint64_t r = rnd(seed);

    if (r % 8 < 5) {
        out[0] = (uint8_t)(r >> 8 & 0x7f);
        return 1;
    }
    if (r % 8 < 6) {
        out[0] = (uint8_t)(r >> 8);
        out[1] = (uint8_t)(0x80 | (r >> 16 & 0x3f));
        return 1 + (r >> 24 & 1);
    }
    size_t b = (r >> 8) % COUNT(blocks);
    ucs4_t c = blocks[b].from +
               (ucs4_t)(r >> 32) % (blocks[b].to - blocks[b].from + 1);
    return (size_t)u8_uctomb(out, c, 4);
}

static uint8_t *random_text(uint64_t *seed, size_t len)
{
    uint8_t *text = malloc(len + 4);
    assert_non_null(text);
    for (size_t used = 0; used < len;)
        used += random_piece(seed, text + used);
    return text;
}

static void random_splits_change_nothing(void **state)
{
    enum { LEN = 1 << 20 };
    (void)state;
    uint64_t seed = 0x9e3779b97f4a7c15u;
    uint8_t *in = random_text(&seed, LEN);
    uint8_t *want = malloc(SERVICE_ROOM(LEN) + SERVICE_HELD);
    uint8_t *out = malloc(SERVICE_ROOM(LEN) + SERVICE_HELD);
    const struct service *upper = service_find("upper");
    assert_non_null(want);
    assert_non_null(out);

    struct service_state held = { 0 };
    size_t want_len = upper->feed(&held, in, LEN, want);
    want_len += upper->end(&held, want + want_len);

    for (size_t most = 1; most <= 4096; most *= 8) {
        size_t len = 0;
        for (size_t used = 0; used < LEN;) {
            size_t n = rnd(&seed) % most + 1;
            if (n > LEN - used)
                n = LEN - used;
            len += upper->feed(&held, in + used, n, out + len);
            used += n;
        }
        len += upper->end(&held, out + len);
        assert_int_equal(len, want_len);
        assert_memory_equal(out, want, want_len);
    }
    free(in);
    free(want);
    free(out);
}

/* ---- Python's str.upper() as the oracle ---- */

/* Reads for every code point: whether libunistring knows it, the length of its
 * upper case as we make it, and that.  Where the two differ because one side
 * has a newer Unicode - the older one does not know the character or its upper
 * case - that is no mistake. */
static const char check_characters[] =
    "import sys, unicodedata\n"
    "read = sys.stdin.buffer.read\n"
    "points = [c for c in range(0x110000) if not 0xd800 <= c < 0xe000]\n"
    "known, ours = set(), {}\n"
    "for c in points:\n"
    "    head = read(2)\n"
    "    if head[0]: known.add(chr(c))\n"
    "    ours[chr(c)] = read(head[1]).decode()\n"
    "bad = newer = 0\n"
    "for c, got in ours.items():\n"
    "    want = c.upper()\n"
    "    if got == want: continue\n"
    "    if not known.issuperset(c + want) or any(\n"
    "        unicodedata.category(x) == \"Cn\" for x in c + got):\n"
    "        newer += 1\n"
    "        continue\n"
    "    bad += 1\n"
    "    print(\"# U+%04X: %a, Python has %a\" % (ord(c), got, want),\n"
    "          file=sys.stderr)\n"
    "print(\"# compared with Python, Unicode\", unicodedata.unidata_version,\n"
    "      \"- differ by age:\", newer, \"- wrong:\", bad, file=sys.stderr)\n"
    "sys.exit(bad > 0)\n";

/* Reads texts: length, length of the upper case, the two.  A text whose upper
 * case has characters that Python is too old for says nothing. */
static const char check_texts[] =
    "import sys, unicodedata\n"
    "read = sys.stdin.buffer.read\n"
    "bad = 0\n"
    "while head := read(8):\n"
    "    text = read(int.from_bytes(head[:4], \"big\"))\n"
    "    got = read(int.from_bytes(head[4:], \"big\"))\n"
    "    text = text.decode(\"utf-8\", \"surrogateescape\").upper()\n"
    "    shown = got.decode(\"utf-8\", \"surrogateescape\")\n"
    "    bad += shown != text and not any(\n"
    "        unicodedata.category(x) == \"Cn\" for x in shown)\n"
    "print(\"# texts that Python sees differently:\", bad, file=sys.stderr)\n"
    "sys.exit(bad > 0)\n";

/* Starts Python with a script, to be written to; NULL without Python. */
static FILE *python(const char *script)
{
    static const char usable[] =
        "python3 -c 'import sys; sys.exit(sys.version_info < (3, 8))' "
        "2>/dev/null";
    char command[2000];

    if (system(usable) != 0) {
        print_message("# no python3 (3.8 or later) to compare with: skipped\n");
        return NULL;
    }
    snprintf(command, sizeof command, "exec python3 -c '%s'", script);
    FILE *p = popen(command, "w");
    assert_non_null(p);
    return p;
}

static void every_character_is_as_in_python(void **state)
{
    (void)state;
    FILE *p = python(check_characters);
    if (!p)
        return;

    for (ucs4_t c = 0; c < CODE_POINTS; c++) {
        uint8_t in[4];
        uint8_t out[SERVICE_ROOM(4)];
        int len;
        size_t n = upper_of(c, in, &len, out);
        if (n == 0)
            continue;
        fputc(!uc_is_general_category(c, UC_UNASSIGNED), p);
        fputc((int)n, p);
        fwrite(out, 1, n, p);
    }
    assert_int_equal(pclose(p), 0);
}

static void write_length(FILE *p, size_t len)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        fputc((int)(len >> shift & 0xff), p);
}

static void broken_texts_are_as_in_python(void **state)
{
    (void)state;
    FILE *p = python(check_texts);
    if (!p)
        return;
    uint64_t seed = 0x2545f4914f6cdd1du;

    for (size_t len = 0; len < 1000; len++) {
        struct talk t;
        uint8_t *in = random_text(&seed, len);
        talk_init(&t, "upper");
        talk_feed(&t, in, len);
        talk_end(&t);
        write_length(p, len);
        write_length(p, t.len);
        fwrite(in, 1, len, p);
        fwrite(t.data, 1, t.len, p);
        free(t.data);
        free(in);
    }
    assert_int_equal(pclose(p), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_services_by_name),
        cmocka_unit_test(echo_answers_the_same),
        cmocka_unit_test(discard_answers_nothing),
        cmocka_unit_test(upper_turns_whole_texts),
        cmocka_unit_test(upper_does_not_mind_splits),
        cmocka_unit_test(upper_does_not_mind_alignment),
        cmocka_unit_test(upper_holds_back_only_what_may_grow),
        cmocka_unit_test(no_character_grows_too_much),
        cmocka_unit_test(the_room_suffices_for_the_worst),
        cmocka_unit_test(random_splits_change_nothing),
        cmocka_unit_test(every_character_is_as_in_python),
        cmocka_unit_test(broken_texts_are_as_in_python),
    };

    /* A Python that dies must fail its test, not end this program. */
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
