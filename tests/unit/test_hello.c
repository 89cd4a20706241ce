#include "server/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define HELLO_HEAD   11

/* clang-format off */
/* Record head (type, version, length), message head (type, length), version. */
static const struct {
    const char *name;
    uint8_t data[HELLO_HEAD];
    bool want;
} cases[] = {
    { "TLS 1.3 and 1.2",   { 22, 3, 1, 2, 0,     1, 0, 1, 252, 3, 3 }, true },
    { "TLS 1.0",           { 22, 3, 1, 0, 100,   1, 0, 0, 96,  3, 1 }, true },
    { "record says 1.2",   { 22, 3, 3, 2, 0,     1, 0, 1, 252, 3, 3 }, true },
    { "the smallest",      { 22, 3, 1, 0, 42,    1, 0, 0, 38,  3, 3 }, true },
    { "the largest record", { 22, 3, 1, 64, 0,   1, 0, 63, 252, 3, 3 }, true },
    { "goes on in the next record",
                           { 22, 3, 1, 2, 0,     1, 0, 8, 0,   3, 3 }, true },
    { "SSL 3.0 as version", { 22, 3, 0, 2, 0,    1, 0, 1, 252, 3, 0 }, true },
    { "one byte too small", { 22, 3, 1, 0, 41,   1, 0, 0, 37,  3, 3 }, false },
    { "record too large",  { 22, 3, 1, 64, 1,    1, 0, 63, 253, 3, 3 }, false },
    { "record longer than the message",
                           { 22, 3, 1, 2, 0,     1, 0, 1, 251, 3, 3 }, false },
    { "message of 128 KiB", { 22, 3, 1, 64, 0,   1, 2, 0, 0,   3, 3 }, false },
    { "a ServerHello",     { 22, 3, 3, 0, 122,   2, 0, 0, 118, 3, 3 }, false },
    { "an alert",          { 21, 3, 1, 0, 42,    1, 0, 0, 38,  3, 3 }, false },
    { "application data",  { 23, 3, 3, 0, 42,    1, 0, 0, 38,  3, 3 }, false },
    { "major version 2",   { 22, 2, 1, 2, 0,     1, 0, 1, 252, 3, 3 }, false },
    { "minor version 5",   { 22, 3, 5, 2, 0,     1, 0, 1, 252, 3, 3 }, false },
    { "hello of version 4", { 22, 3, 1, 2, 0,    1, 0, 1, 252, 4, 0 }, false },
    { "hello of version 3.5", { 22, 3, 1, 2, 0,  1, 0, 1, 252, 3, 5 }, false },
    { "SSL 2",             { 128, 46, 1, 3, 1, 0, 21, 0, 0, 0, 16 }, false },
    { "HTTP",              "GET / HTTP/", false },
    { "a sentence",        "hello world", false },
    { "SSH",               "SSH-2.0-Ope", false },
    { "nothing but zero",  { 0 }, false },
};
/* clang-format on */

static void tells_hellos_from_the_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        print_message("# %s\n", cases[i].name);
        assert_int_equal(hello_is_tls(cases[i].data, HELLO_HEAD),
                         cases[i].want);
    }
}

/* In memory of just that size, so that a sanitizer sees one read too many. */
static void too_few_bytes_are_never_one(void **state)
{
    (void)state;
    for (size_t len = 0; len < HELLO_HEAD; len++) {
        uint8_t *bytes = malloc(len + 1);
        uint8_t *data = bytes + 1;
        memcpy(data, cases[0].data, len);
        assert_false(hello_is_tls(data, len));
        free(bytes);
    }
}

static void more_bytes_change_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t data[64];
        memset(data, 0xff, sizeof data);
        memcpy(data, cases[i].data, HELLO_HEAD);
        assert_int_equal(hello_is_tls(data, sizeof data), cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_hellos_from_the_rest),
        cmocka_unit_test(too_few_bytes_are_never_one),
        cmocka_unit_test(more_bytes_change_nothing),
    };
    return cmocka_run_group_tests_name("hello", tests, NULL, NULL);
}
