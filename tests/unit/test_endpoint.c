#include "wirewrap/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A label of 63 letters and a dot. */
#define LABEL "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk."

/* clang-format off */
static const struct {
    const char *name, *text;
    enum ww_scheme fallback;
    struct ww_endpoint want;
    const char *formatted;
} good[] = {
    { "nothing at all", "", WW_SCHEME_TCP,
      { WW_SCHEME_TCP, 12000, "localhost" }, "tcp://localhost:12000" },
    { "nothing, with --tls", "", WW_SCHEME_TLS,
      { WW_SCHEME_TLS, 12443, "localhost" }, "tls://localhost:12443" },
    { "nothing, auto", "", WW_SCHEME_AUTO,
      { WW_SCHEME_AUTO, 12000, "localhost" }, "auto://localhost:12000" },
    { "a name", "localhost", WW_SCHEME_TCP,
      { WW_SCHEME_TCP, 12000, "localhost" }, "tcp://localhost:12000" },
    { "a port", ":0", WW_SCHEME_TCP,
      { WW_SCHEME_TCP, 0, "localhost" }, "tcp://localhost:0" },
    { "a name and a port", "host:12", WW_SCHEME_TCP,
      { WW_SCHEME_TCP, 12, "host" }, "tcp://host:12" },
    { "the largest port", "host:65535", WW_SCHEME_TCP,
      { WW_SCHEME_TCP, 65535, "host" }, "tcp://host:65535" },
    { "zeros before the port", "host:000000080", WW_SCHEME_TCP,
      { WW_SCHEME_TCP, 80, "host" }, "tcp://host:80" },
    { "a scheme", "tls://", WW_SCHEME_TCP,
      { WW_SCHEME_TLS, 12443, "localhost" }, "tls://localhost:12443" },
    { "a scheme against --tls", "tcp://", WW_SCHEME_TLS,
      { WW_SCHEME_TCP, 12000, "localhost" }, "tcp://localhost:12000" },
    { "a scheme and a port", "tls://:443", WW_SCHEME_TCP,
      { WW_SCHEME_TLS, 443, "localhost" }, "tls://localhost:443" },
    { "a scheme in capitals", "TLS://Example.ORG", WW_SCHEME_TCP,
      { WW_SCHEME_TLS, 12443, "Example.ORG" }, "tls://Example.ORG:12443" },
    { "auto", "Auto://h:1", WW_SCHEME_TCP,
      { WW_SCHEME_AUTO, 1, "h" }, "auto://h:1" },
    { "IPv4", "127.0.0.1:80", WW_SCHEME_TCP,
      { WW_SCHEME_TCP, 80, "127.0.0.1" }, "tcp://127.0.0.1:80" },
    { "IPv6", "[::1]", WW_SCHEME_TLS,
      { WW_SCHEME_TLS, 12443, "::1" }, "tls://[::1]:12443" },
    { "IPv6 and a port", "[::1]:12", WW_SCHEME_TCP,
      { WW_SCHEME_TCP, 12, "::1" }, "tcp://[::1]:12" },
    { "IPv4 in IPv6", "tls://[::ffff:127.0.0.1]:5", WW_SCHEME_TCP,
      { WW_SCHEME_TLS, 5, "::ffff:127.0.0.1" },
      "tls://[::ffff:127.0.0.1]:5" },
    { "a zone id", "[fe80::1%lo]:5", WW_SCHEME_TCP,
      { WW_SCHEME_TCP, 5, "fe80::1%lo" }, "tcp://[fe80::1%lo]:5" },
    { "all addresses", "*", WW_SCHEME_TCP,
      { WW_SCHEME_TCP, 12000, "*" }, "tcp://*:12000" },
    { "all addresses, any port", "tls://*:0", WW_SCHEME_TCP,
      { WW_SCHEME_TLS, 0, "*" }, "tls://*:0" },
    { "digits that are no address", "a1.b2c3-4:5", WW_SCHEME_TCP,
      { WW_SCHEME_TCP, 5, "a1.b2c3-4" }, "tcp://a1.b2c3-4:5" },
    { "a final dot", "localhost.:5", WW_SCHEME_TCP,
      { WW_SCHEME_TCP, 5, "localhost." }, "tcp://localhost.:5" },
};

static const struct {
    const char *name, *text, *why, *hint;
} bad[] = {
    { "port one too large", "h:65536", "too large", "65535" },
    { "port far too large", "h:99999999999999999999999", "too large",
      "65535" },
    { "no port after a name", "host:", "no port", "default" },
    { "no port after nothing", ":", "no port", "default" },
    { "no port after brackets", "[::1]:", "no port", "default" },
    { "a service name", "host:http", "not a number", "number" },
    { "a sign", "host:-1", "not a number", "number" },
    { "a port and more", "host:12x", "not a number", "number" },
    { "an unknown scheme", "http://h:1", "unknown scheme \"http\"",
      "tcp and tls" },
    { "an empty scheme", "://h", "unknown scheme \"\"", "tcp and tls" },
    { "half a scheme", "tl://h", "unknown scheme \"tl\"", "tcp and tls" },
    { "IPv6 without brackets", "::1", "without brackets", "[::1]:PORT" },
    { "long IPv6 without brackets", "tls://2001:db8::7", "without brackets",
      "[2001:db8::7]:PORT" },
    { "IPv6 with a zone, no brackets", "fe80::1%lo", "without brackets",
      "[fe80::1%lo]:PORT" },
    { "two colons", "host:12:13", "a : too many", "[::1]:PORT" },
    { "a port without colon", "12000", "a number is not a host", ":12000" },
    { "the same after a scheme", "tls://443", "a number is not", ":443" },
    { "no closing bracket", "[::1", "] is missing", "[::1]:PORT" },
    { "no closing bracket, port", "[::1:12", "] is missing", "[::1]:PORT" },
    { "text after the bracket", "[::1]12", "after the ]", ":PORT" },
    { "two brackets", "[::1]]:12", "after the ]", ":PORT" },
    { "a name in brackets", "[localhost]:1", "no IPv6 address", "IPv6" },
    { "IPv4 in brackets", "[127.0.0.1]", "no IPv6 address", "IPv6" },
    { "nothing in brackets", "[]", "no IPv6 address", "IPv6" },
    { "an empty zone", "[fe80::1%]", "no IPv6 address", "IPv6" },
    { "only a zone", "[%lo]", "no IPv6 address", "IPv6" },
    { "a bracket in the middle", "a[::1]", "a : too many", "[::1]:PORT" },
    { "a closing bracket alone", "h]:1", "']' in the host", "letters" },
    { "a path", "tcp://h:1/x", "no path", "leave out" },
    { "a slash", "h/", "no path", "leave out" },
    { "one slash too few", "tcp:/h", "no path", "leave out" },
    { "a blank in front", " h", "a blank", "[SCHEME://]" },
    { "a blank inside", "h 12000", "a blank", "[SCHEME://]" },
    { "a tab", "h\t", "a blank", "[SCHEME://]" },
    { "a newline", "h:1\n", "control character", "[SCHEME://]" },
    { "an escape sequence", "\033[31m", "control character", "[SCHEME://]" },
    { "not ASCII", "b\xc3\xbc" "cher", "not plain ASCII", "xn--" },
    { "a user", "me@h:1", "'@' in the host", "letters" },
    { "a quote", "h\"", "'\\\"' in the host", "letters" },
    { "a star inside", "*.example.org", "'*' in the host", "letters" },
    { "IPv4 out of range", "256.0.0.1", "not an IPv4", "127.0.0.1" },
    { "IPv4 in short", "127.1:80", "not an IPv4", "127.0.0.1" },
    { "IPv4 with a fifth", "1.2.3.4.5", "not an IPv4", "127.0.0.1" },
    { "IPv4 much too long", "1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1",
      "not an IPv4", "127.0.0.1" },
    { "a host too long", LABEL LABEL LABEL LABEL "org", "too long", "255" },
};
/* clang-format on */

static void good_ones_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct ww_error err = { 0 };
        struct ww_endpoint got = { 0 };

        print_message("# %s\n", good[i].name);
        assert_int_equal(
            ww_endpoint_parse(&got, good[i].text, good[i].fallback, &err), 0);
        assert_int_equal(err.kind, WW_ERR_NONE);
        assert_int_equal(got.scheme, good[i].want.scheme);
        assert_int_equal(got.port, good[i].want.port);
        assert_string_equal(got.host, good[i].want.host);
    }
}

static void good_ones_survive_the_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        char text[WW_ENDPOINT_TEXT];
        struct ww_endpoint got = { 0 };

        print_message("# %s\n", good[i].name);
        assert_string_equal(
            ww_endpoint_format(&good[i].want, text, sizeof text),
            good[i].formatted);
        assert_int_equal(ww_endpoint_parse(&got, text, WW_SCHEME_AUTO, NULL),
                         0);
        assert_int_equal(got.scheme, good[i].want.scheme);
        assert_int_equal(got.port, good[i].want.port);
        assert_string_equal(got.host, good[i].want.host);
    }
}

static void bad_ones_are_refused_with_reason_and_hint(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct ww_error err = { 0 };
        struct ww_endpoint got = { .port = 77 };

        print_message("# %s\n", bad[i].name);
        assert_int_equal(
            ww_endpoint_parse(&got, bad[i].text, WW_SCHEME_TCP, &err), -1);
        assert_int_equal(err.kind, WW_ERR_USAGE);
        assert_int_equal(got.port, 77);
        assert_non_null(strstr(err.text, bad[i].why));
        assert_non_null(strstr(err.hint, bad[i].hint));
        for (const char *p = err.text; *p; p++)
            assert_in_range((unsigned char)*p, ' ', '~');
    }
}

static void errors_quote_the_text(void **state)
{
    struct ww_error err = { 0 };
    struct ww_endpoint got;

    (void)state;
    assert_int_equal(ww_endpoint_parse(&got, "a\nb", WW_SCHEME_TCP, &err), -1);
    assert_string_equal(err.text,
                        "endpoint \"a\\nb\": a blank or control character");
}

static void the_longest_host_fits(void **state)
{
    char text[WW_ENDPOINT_TEXT];
    struct ww_endpoint got;
    char host[256];

    (void)state;
    snprintf(host, sizeof host, "%s%s%s%.*s", LABEL, LABEL, LABEL, 63, LABEL);
    assert_int_equal(strlen(host), 255);
    snprintf(text, sizeof text, "auto://%s:65535", host);
    assert_int_equal(ww_endpoint_parse(&got, text, WW_SCHEME_TCP, NULL), 0);
    assert_string_equal(got.host, host);

    char again[WW_ENDPOINT_TEXT];
    assert_string_equal(ww_endpoint_format(&got, again, sizeof again), text);
}

static void a_small_buffer_truncates(void **state)
{
    const struct ww_endpoint endpoint = { WW_SCHEME_TLS, 5, "::1" };
    char text[10];

    (void)state;
    assert_string_equal(ww_endpoint_format(&endpoint, text, sizeof text),
                        "tls://[::");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones_are_read),
        cmocka_unit_test(good_ones_survive_the_round_trip),
        cmocka_unit_test(bad_ones_are_refused_with_reason_and_hint),
        cmocka_unit_test(errors_quote_the_text),
        cmocka_unit_test(the_longest_host_fits),
        cmocka_unit_test(a_small_buffer_truncates),
    };
    return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
