#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../support/certs.h"
#include "../support/fault.h"
#include "../support/stack.h"

/* A whole conversation, in which the first, the second, the third ... call
 * fails until nothing is left to fail.  What is held against it: nobody
 * crashes, leaks (which a sanitizer or valgrind sees) or waits for ever, every
 * failure has a fitting category and a text, and both sides hear of it. */

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* OpenSSL allocates so often that only the first are tried one by one. */
struct steps {
    long every_one; /* so many */
    long stride;    /* between the others: primes, to keep step with nothing */
};

static const struct steps all = { .stride = 1 };
static const struct steps of_a_conversation = { 60, 101 };
static const struct steps of_a_context = { 20, 331 };

/* clang-format off */
static const struct stack stacks[] = {
    { "TLS over memory", BASE_MEMORY, false, true, { 0 } },
    { "TLS over memory, 100 bytes, every 3rd call refused",
      BASE_MEMORY, false, true, { .step = 100, .cap = 3000, .refuse = 3 } },
    { "TLS over stage over memory", BASE_MEMORY, true, true, { 0 } },
    { "TLS over stage over memory, narrow",
      BASE_MEMORY, true, true, { .step = 700, .cap = 900 } },
};
/* clang-format on */

static struct ww_tls *tls[2];

/* Data both ways, a half-close, a late answer, the end. */
static void plan(struct pair *p)
{
    static char out[2][3000];
    static char in[2][3000];

    for (int i = 0; i < 2; i++) {
        struct talk *t = &p->side[i];
        memset(out[i], 'a' + i, sizeof out[i]);
        t->out = out[i];
        t->out_len = sizeof out[i];
        t->chunk = 1000;
        t->in = in[i];
        t->in_cap = sizeof in[i];
        t->ends = t->to_end = true;
    }
    p->side[PAIR_SERVER].waits = true;
}

/* The number to try after `n`. */
static long after(long n, const struct steps *steps)
{
    return n < steps->every_one ? n + 1 : n + steps->stride;
}

static bool went_well(const struct pair *p)
{
    return !p->side[0].failed && !p->side[1].failed;
}

/* The side whose stream below has failed says so; what the other one hears
 * depends on how far both were. */
static void check_io(const struct pair *p, int victim)
{
    const struct ww_error *own = &p->side[victim].err;
    const struct ww_error *other = &p->side[1 - victim].err;

    assert_int_equal(own->kind, WW_ERR_RESET);
    assert_true(own->text[0]);
    assert_true(other->kind == WW_ERR_NONE || other->kind == WW_ERR_RESET ||
                other->kind == WW_ERR_TRUNCATED || other->kind == WW_ERR_TLS);
}

/* True if there was such a call. */
static bool converse_failing(const struct stack *stack, enum mem_op op,
                             int victim, int n)
{
    struct pair p;
    struct ww_error err = { 0 };

    pair_open(&p, stack);
    assert_int_equal(pair_wrap(&p, tls, "localhost", &err), 0);
    mem_stream_fail(p.below[victim], op, n, WW_ERR_RESET);
    plan(&p);
    pair_run(&p);
    bool failed = !went_well(&p);
    if (failed)
        check_io(&p, victim);
    else
        assert_false(mem_stream_has_failed(p.below[victim]));
    pair_close(&p);
    return failed;
}

static void calls_below_fail(enum mem_op op)
{
    for (size_t i = 0; i < COUNT(stacks); i++)
        for (int victim = 0; victim < 2; victim++) {
            int n = 1;
            while (converse_failing(&stacks[i], op, victim, n))
                n++;
            print_message("# %s, %s: %d calls\n", stacks[i].name,
                          victim ? "server" : "client", n - 1);
            assert_true(n > 2);
        }
}

static void reads_fail(void **state)
{
    (void)state;
    calls_below_fail(MEM_READ);
}

static void writes_fail(void **state)
{
    (void)state;
    calls_below_fail(MEM_WRITE);
}

/* --- allocations ----------------------------------------------------- */

static bool is_sane(const struct ww_error *err)
{
    switch (err->kind) {
    case WW_ERR_FAILED:
    case WW_ERR_FILE:
    case WW_ERR_TLS:
    case WW_ERR_CERT:
    case WW_ERR_RESET:
    case WW_ERR_TRUNCATED:
    case WW_ERR_LOCAL:
        return err->text[0] != '\0';
    case WW_ERR_NONE:
    case WW_ERR_USAGE:
    case WW_ERR_CONNECT:
    case WW_ERR_TIMEOUT:
        break;
    }
    return false;
}

/* True if there was such an allocation. */
static bool converse_without_memory(const struct stack *stack,
                                    enum fault_whose whose, long n)
{
    struct pair p;
    struct ww_error err = { 0 };

    pair_open(&p, stack);
    plan(&p);
    fault_arm(whose, n);
    if (pair_wrap(&p, tls, "localhost", &err) == 0)
        pair_run(&p);
    else
        assert_true(is_sane(&err));
    bool fired = fault_disarm();
    for (int i = 0; i < 2; i++) {
        if (p.side[i].failed)
            assert_true(is_sane(&p.side[i].err));
        else
            assert_int_equal(p.side[i].err.kind, WW_ERR_NONE);
    }
    if (!fired)
        assert_true(!err.kind && went_well(&p));
    pair_close(&p);
    return fired;
}

static void conversations_without_memory(enum fault_whose whose,
                                         const struct steps *steps)
{
    for (size_t i = 0; i < COUNT(stacks); i++) {
        long n = 1;
        while (converse_without_memory(&stacks[i], whose, n))
            n = after(n, steps);
        print_message("# %s: %ld allocations\n", stacks[i].name, n - 1);
        assert_true(n > 2);
    }
}

static void allocations_of_a_conversation_fail(void **state)
{
    (void)state;
    if (!fault_reaches_us())
        return;
    conversations_without_memory(FAULT_OURS, &all);
}

static void openssls_allocations_of_a_conversation_fail(void **state)
{
    (void)state;
    conversations_without_memory(FAULT_OPENSSL, &of_a_conversation);
}

/* Builds a context and its clone; true if there was an nth allocation. */
static bool build_without_memory(const struct ww_tls_settings *settings,
                                 enum fault_whose whose, long n)
{
    struct ww_error err = { 0 };
    struct ww_tls *clone = NULL;

    fault_arm(whose, n);
    struct ww_tls *made = ww_tls_new(settings, &err);
    if (made)
        clone = ww_tls_clone(made, &err);
    bool fired = fault_disarm();
    if (clone)
        assert_int_equal(err.kind, WW_ERR_NONE);
    else
        assert_true(is_sane(&err));
    if (!fired)
        assert_non_null(clone);
    ww_tls_free(clone);
    ww_tls_free(made);
    return fired;
}

static int tell_secret(void *arg, const char *file, char *buf, int cap)
{
    (void)arg;
    (void)file;
    return snprintf(buf, (size_t)cap, "open");
}

static void contexts_without_memory(enum fault_whose whose,
                                    const struct steps *steps, bool servers)
{
    const struct ww_tls_settings settings[] = {
        { .role = WW_TLS_CLIENT,
          .ca_file = certs_path("ca.pem"),
          .crl_file = certs_path("crl.pem"),
          .cert_file = certs_path("client.pem"),
          .key_file = certs_scratch("locked.key"),
          .ask = { .secret = tell_secret } },
        { .role = WW_TLS_SERVER,
          .cert_file = certs_path("server.pem"),
          .key_file = certs_path("server.key") },
    };

    for (size_t i = 0; i < (servers ? 2 : 1); i++) {
        long n = 1;
        while (build_without_memory(&settings[i], whose, n))
            n = after(n, steps);
        print_message("# %s: %ld allocations\n", i ? "server" : "client",
                      n - 1);
        assert_true(n > 2);
    }
}

static void allocations_of_a_context_fail(void **state)
{
    (void)state;
    if (!fault_reaches_us())
        return;
    contexts_without_memory(FAULT_OURS, &all, true);
}

/* A server has a library context of its own, and OpenSSL 3.0 leaks when it
 * runs out of memory while it makes one. */
static void openssls_allocations_of_a_context_fail(void **state)
{
    (void)state;
    contexts_without_memory(FAULT_OPENSSL, &of_a_context, false);
}

static int set_up(void **state)
{
    struct pair p;
    struct ww_error err = { 0 };

    if (certs_setup(state) < 0)
        return -1;
    certs_shell("openssl pkey -in \"$certs/client.key\" -aes256 "
                "-passout pass:open -out \"$scratch/locked.key\"");
    tls[PAIR_CLIENT] = certs_client();
    tls[PAIR_SERVER] = certs_server();
    if (!fault_reaches_us())
        print_message("# linked without --wrap: our own allocations do not "
                      "fail\n");

    /* OpenSSL makes up its mind about much at its first use, once and for
     * all. */
    pair_open(&p, &stacks[0]);
    assert_int_equal(pair_wrap(&p, tls, "localhost", &err), 0);
    plan(&p);
    pair_run(&p);
    assert_true(went_well(&p));
    pair_close(&p);
    return 0;
}

static int tear_down(void **state)
{
    ww_tls_free(tls[0]);
    ww_tls_free(tls[1]);
    return certs_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_fail),
        cmocka_unit_test(writes_fail),
        cmocka_unit_test(allocations_of_a_conversation_fail),
        cmocka_unit_test(openssls_allocations_of_a_conversation_fail),
        cmocka_unit_test(allocations_of_a_context_fail),
        cmocka_unit_test(openssls_allocations_of_a_context_fail),
    };

    fault_init();
    return cmocka_run_group_tests_name("anomaly", tests, set_up, tear_down);
}
