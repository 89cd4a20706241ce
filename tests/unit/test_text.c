#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define TEXT(s)      (s), sizeof(s) - 1

/* clang-format off */
static const struct {
    const char *name;
    const char *in;
    size_t len;
    const char *want;
} escapes[] = {
    { "nothing",            TEXT(""),               "" },
    { "plain",              TEXT("xin chao ~ '"),   "xin chao ~ '" },
    { "line ends",          TEXT("a\r\nb\tc"),      "a\\r\\nb\\tc" },
    { "quote, backslash",   TEXT("\"\\"),           "\\\"\\\\" },
    { "NUL",                TEXT("a\0b"),           "a\\x00b" },
    { "terminal control",   TEXT("\x1b[31m\x07"),   "\\x1b[31m\\x07" },
    { "DEL",                TEXT("\x7f"),           "\\x7f" },
    { "above ASCII",        TEXT("\xc3\xa0\xff"),   "\\xc3\\xa0\\xff" },
};

/* Everything but the last column is the same input at another `cap`. */
static const struct {
    const char *name;
    size_t cap;
    const char *want;
} cuts[] = {
    { "only the NUL fits",           1, "" },
    { "a byte before an escape",     2, "a" },
    { "half of \\n does not fit",    3, "a" },
    { "all of \\n does",             4, "a\\n" },
    { "one of \\xff's bytes",        5, "a\\n" },
    { "three of them",               7, "a\\n" },
    { "all four",                    8, "a\\n\\xff" },
    { "nothing goes on after a cut", 9, "a\\n\\xffb" },
    { "room to spare",              40, "a\\n\\xffb" },
};

static const struct {
    const char *name;
    const char *in;
    size_t len;
    size_t want;
} starts[] = {
    { "nothing",             TEXT(""),                 0 },
    { "all of it",           TEXT("GET /\t~\r\n"),     9 },
    { "stops at NUL",        TEXT("ab\0cd"),           2 },
    { "stops at ESC",        TEXT("ab\x1b[m"),         2 },
    { "stops at DEL",        TEXT("abc\x7f"),          3 },
    { "stops above ASCII",   TEXT("ch\xc3\xa0o"),      2 },
    { "a TLS record's head", TEXT("\x16\x03\x01\x02"), 0 },
};
/* clang-format on */

/* Escapes into a buffer of exactly `cap` bytes, so that a checker of memory
 * sees every step too far, and compares. */
static void expect_escape(const char *in, size_t len, size_t cap,
                          const char *want)
{
    char *buf = malloc(cap);
    assert_non_null(buf);
    assert_ptr_equal(text_escape(buf, cap, in, len), buf);
    assert_string_equal(buf, want);
    free(buf);
}

static void escapes_what_is_not_printable(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(escapes); i++) {
        print_message("# %s\n", escapes[i].name);
        expect_escape(escapes[i].in, escapes[i].len,
                      strlen(escapes[i].want) + 1, escapes[i].want);
    }
}

static void cuts_at_a_whole_escape(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cuts); i++) {
        print_message("# %s\n", cuts[i].name);
        expect_escape("a\n\xff"
                      "b",
                      4, cuts[i].cap, cuts[i].want);
    }
}

static void writes_nothing_into_no_room(void **state)
{
    (void)state;
    char guard = '#';
    assert_ptr_equal(text_escape(&guard, 0, "abc", 3), &guard);
    assert_int_equal(guard, '#');
}

static void makes_every_byte_printable(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        unsigned char byte = (unsigned char)c;
        char buf[8];
        text_escape(buf, sizeof buf, &byte, 1);
        assert_true(buf[0]);
        for (const char *s = buf; *s; s++)
            assert_in_range(*s, 0x20, 0x7e);
    }
}

static void measures_the_printable_start(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(starts); i++) {
        print_message("# %s\n", starts[i].name);
        assert_int_equal(text_printable(starts[i].in, starts[i].len),
                         starts[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_what_is_not_printable),
        cmocka_unit_test(cuts_at_a_whole_escape),
        cmocka_unit_test(writes_nothing_into_no_room),
        cmocka_unit_test(makes_every_byte_printable),
        cmocka_unit_test(measures_the_printable_start),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
