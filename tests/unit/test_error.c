#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* clang-format off */
static const struct {
    enum ww_err kind;
    enum ww_end end;
    const char *name;
} ends[] = {
    { WW_ERR_NONE,      WW_END_CLEAN,     "clean" },
    { WW_ERR_FAILED,    WW_END_ABORTED,   "aborted" },
    { WW_ERR_USAGE,     WW_END_ABORTED,   "aborted" },
    { WW_ERR_FILE,      WW_END_ABORTED,   "aborted" },
    { WW_ERR_CONNECT,   WW_END_ABORTED,   "aborted" },
    { WW_ERR_TLS,       WW_END_REFUSED,   "refused" },
    { WW_ERR_CERT,      WW_END_REFUSED,   "refused" },
    { WW_ERR_RESET,     WW_END_RESET,     "reset" },
    { WW_ERR_TRUNCATED, WW_END_TRUNCATED, "truncated" },
    { WW_ERR_TIMEOUT,   WW_END_TIMEOUT,   "timeout" },
    { WW_ERR_LOCAL,     WW_END_ABORTED,   "aborted" },
};

static const struct {
    enum ww_phase phase;
    const char *name;
} phases[] = {
    { WW_PHASE_NONE,      "" },
    { WW_PHASE_RESOLVE,   "resolve" },
    { WW_PHASE_CONNECT,   "connect" },
    { WW_PHASE_HANDSHAKE, "handshake" },
    { WW_PHASE_IDLE,      "idle" },
    { WW_PHASE_WRITE,     "write" },
    { WW_PHASE_TOTAL,     "total" },
};
/* clang-format on */

/* Longer than any text or hint may become. */
static const char *long_text(void)
{
    static char text[1000];
    memset(text, 'x', sizeof text - 1);
    return text;
}

/* The numbers are exit statuses that programs outside rely on. */
static void kinds_are_the_exit_statuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++)
        assert_int_equal(ends[i].kind, i);
}

static void records_kind_and_text(void **state)
{
    (void)state;
    struct ww_error err = { 0 };
    assert_int_equal(error_set(&err, WW_ERR_USAGE, "%s: %d", "--x", 7), -1);
    assert_int_equal(err.kind, WW_ERR_USAGE);
    assert_string_equal(err.text, "--x: 7");
    assert_string_equal(err.hint, "");
    assert_int_equal(err.phase, WW_PHASE_NONE);
    assert_int_equal(err.os_errno, 0);
}

static void keeps_the_first_cause(void **state)
{
    (void)state;
    struct ww_error err = { 0 };
    error_set(&err, WW_ERR_TLS, "first");
    struct ww_error before = err;

    errno = EPIPE;
    assert_int_equal(error_set(&err, WW_ERR_USAGE, "second"), -1);
    assert_int_equal(error_sys(&err, WW_ERR_RESET, "third"), -1);
    assert_int_equal(error_timeout(&err, WW_PHASE_IDLE, "fourth"), -1);
    assert_memory_equal(&err, &before, sizeof err);
}

static void appends_the_systems_text(void **state)
{
    (void)state;
    char want[400];
    snprintf(want, sizeof want, "listen: %s", strerror(EADDRINUSE));

    struct ww_error err = { 0 };
    errno = EADDRINUSE;
    assert_int_equal(error_sys(&err, WW_ERR_LOCAL, "%s", "listen"), -1);
    assert_int_equal(err.kind, WW_ERR_LOCAL);
    assert_int_equal(err.os_errno, EADDRINUSE);
    assert_string_equal(err.text, want);
}

static void timeouts_name_their_phase(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(phases); i++) {
        struct ww_error err = { 0 };
        int result = error_timeout(&err, phases[i].phase, "after %d s", 3);
        assert_int_equal(result, -1);
        assert_int_equal(err.kind, WW_ERR_TIMEOUT);
        assert_int_equal(err.phase, phases[i].phase);
        assert_string_equal(err.text, "after 3 s");
        assert_string_equal(phase_name(err.phase), phases[i].name);
    }
}

static void keeps_the_first_hint(void **state)
{
    (void)state;
    struct ww_error err = { 0 };
    error_hint(&err, "did you mean --%s?", "tls");
    error_hint(&err, "no");
    assert_string_equal(err.hint, "did you mean --tls?");
    assert_int_equal(err.kind, WW_ERR_NONE);
}

static void prefixes_stack_up(void **state)
{
    (void)state;
    struct ww_error err = { 0 };
    error_set(&err, WW_ERR_CERT, "expired");
    error_prefix(&err, "%s", "handshake");
    error_prefix(&err, "%s:%d", "127.0.0.1", 443);
    assert_string_equal(err.text, "127.0.0.1:443: handshake: expired");
    assert_int_equal(err.kind, WW_ERR_CERT);
}

/* Text that is too long is cut, inside its own field. */
static void cuts_long_texts(void **state)
{
    (void)state;
    struct ww_error err = { 0 };
    error_hint(&err, "%s", long_text());
    assert_int_equal(strlen(err.hint), sizeof err.hint - 1);

    errno = EPIPE;
    error_sys(&err, WW_ERR_RESET, "%s", long_text());
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_int_equal(strlen(err.hint), sizeof err.hint - 1);

    error_prefix(&err, "short");
    assert_int_equal(strncmp(err.text, "short: xxx", 10), 0);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);

    error_prefix(&err, "%s", long_text());
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_int_equal(err.kind, WW_ERR_RESET);
    assert_int_equal(strlen(err.hint), sizeof err.hint - 1);
}

/* The system's text is cut, or dropped, where the rest takes the room. */
static void cuts_the_systems_text(void **state)
{
    (void)state;
    struct ww_error err = { 0 };
    errno = EPIPE;
    error_sys(&err, WW_ERR_RESET, "%.*s", (int)sizeof err.text - 3,
              long_text());
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_string_equal(err.text + sizeof err.text - 4, "x: ");
}

static void accepts_no_error_at_all(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, WW_ERR_TLS, "x"), -1);
    assert_int_equal(error_sys(NULL, WW_ERR_TLS, "x"), -1);
    assert_int_equal(error_timeout(NULL, WW_PHASE_IDLE, "x"), -1);
    error_hint(NULL, "x");
    error_prefix(NULL, "x");
    assert_int_equal(ww_error_end(NULL), WW_END_CLEAN);
}

static void every_kind_has_an_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct ww_error err = { .kind = ends[i].kind };
        print_message("# kind %d\n", (int)ends[i].kind);
        assert_int_equal(ww_error_end(&err), ends[i].end);
        assert_string_equal(ww_end_name(ends[i].end), ends[i].name);
    }
}

/* Keeps the last remark; `arg` is a char[600]. */
static void keep(void *arg, const char *text)
{
    snprintf(arg, 600, "%s", text);
}

static void hands_remarks_on(void **state)
{
    (void)state;
    char heard[600] = "";
    struct ww_notify notify = { .say = keep, .arg = heard };

    notify_say(&notify, "%s: no %s here", "localhost", "IPv6");
    assert_string_equal(heard, "localhost: no IPv6 here");
    notify_say(&notify, "%s", long_text());
    assert_in_range(strlen(heard), 400, 599);

    notify.say = NULL;
    notify_say(&notify, "nobody listens");
    notify_say(NULL, "nobody listens");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_the_exit_statuses),
        cmocka_unit_test(records_kind_and_text),
        cmocka_unit_test(keeps_the_first_cause),
        cmocka_unit_test(appends_the_systems_text),
        cmocka_unit_test(timeouts_name_their_phase),
        cmocka_unit_test(keeps_the_first_hint),
        cmocka_unit_test(prefixes_stack_up),
        cmocka_unit_test(cuts_long_texts),
        cmocka_unit_test(cuts_the_systems_text),
        cmocka_unit_test(accepts_no_error_at_all),
        cmocka_unit_test(every_kind_has_an_end),
        cmocka_unit_test(hands_remarks_on),
    };
    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
