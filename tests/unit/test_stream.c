#include "wirewrap/stream.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "../support/certs.h"
#include "../support/stack.h"
#include "stream/stream_ops.h"

/* One table of cases, run over every way to stack streams. */

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define SOON         ww_deadline(20000) /* a limit, not a time to wait */
#define PASSED       0                  /* a deadline */
#define MIB          (1024UL * 1024)

/* clang-format off */
static const struct stack stacks[] = {
    { "socket pair", BASE_UNIX, false, false, { 0 } },
    { "TCP",         BASE_TCP,  false, false, { 0 } },
    { "memory",      BASE_MEMORY, false, false, { 0 } },
    { "memory, 1 byte, every 2nd call refused",
      BASE_MEMORY, false, false, { .step = 1, .cap = 3, .refuse = 2 } },
    { "TLS over a socket pair", BASE_UNIX, false, true, { 0 } },
    { "TLS over TCP", BASE_TCP,  false, true, { 0 } },
    { "TLS over memory, 1 byte",
      BASE_MEMORY, false, true, { .step = 1, .cap = 1 } },
    { "TLS over memory, 2 bytes, every 3rd call refused",
      BASE_MEMORY, false, true, { .step = 2, .cap = 700, .refuse = 3 } },
    { "TLS over memory, 5 bytes",
      BASE_MEMORY, false, true, { .step = 5 } },
    { "TLS over memory, 1400 bytes, every 2nd call refused",
      BASE_MEMORY, false, true, { .step = 1400, .refuse = 2 } },
    { "TLS over memory, 16384 bytes",
      BASE_MEMORY, false, true, { .step = 16384 } },
    { "TLS over stage over TCP", BASE_TCP, true, true, { 0 } },
    { "TLS over stage over memory, 1 byte, every 3rd call refused",
      BASE_MEMORY, true, true, { .step = 1, .cap = 900, .refuse = 3 } },
    { "TLS over stage over memory, 1400 bytes",
      BASE_MEMORY, true, true, { .step = 1400, .cap = 4000 } },
};
/* clang-format on */

static struct ww_tls *tls[2]; /* by enum pair_side; constant during the tests */

/* Bytes that do not repeat soon. */
static const uint8_t *pattern(int which)
{
    static uint8_t bytes[2][MIB];

    if (!bytes[which][1]) {
        uint32_t x = 12345 + (uint32_t)which;
        for (size_t i = 0; i < MIB; i++) {
            x = x * 1664525 + 1013904223;
            bytes[which][i] = (uint8_t)(x >> 24 | 1);
        }
    }
    return bytes[which];
}

static uint8_t *inbox(int which)
{
    static uint8_t bytes[2][MIB];
    return bytes[which];
}

/* Every byte is a call where steps are small. */
static size_t plenty(const struct pair *p)
{
    size_t step = p->stack->rules.step;
    return step && step < 100 ? 20000 : MIB;
}

/* Tells each side how much to send, and to read all that the other sends. */
static void plan(struct pair *p, size_t from_client, size_t from_server)
{
    const size_t lens[2] = { from_client, from_server };

    for (int i = 0; i < 2; i++) {
        struct talk *t = &p->side[i];
        struct ww_stream *s = t->s;
        bool shaken = t->shaken;
        bool finished = t->finished;
        bool ended = t->ended;
        *t = (struct talk){ .s = s, .shaken = shaken, .finished = finished };
        t->ended = ended;
        t->out = pattern(i);
        t->out_len = lens[i];
        t->in = inbox(i);
        t->in_cap = t->in_want = lens[1 - i];
    }
}

/* Lets them do it, and finds that what was sent has arrived. */
static void carry_out(struct pair *p)
{
    memset(inbox(0), 0, MIB);
    memset(inbox(1), 0, MIB);
    pair_run(p);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(p->side[i].err.text, "");
        assert_int_equal(p->side[i].got, p->side[1 - i].out_len);
        assert_memory_equal(inbox(i), pattern(1 - i), p->side[i].got);
    }
}

/* Gets the handshake over, and what follows it: in TLS 1.3 the server's first
 * bytes carry the session ticket along. */
static void meet(struct pair *p)
{
    plan(p, 1, 1);
    carry_out(p);
}

static void finish_both(struct pair *p)
{
    for (int i = 0; i < 2; i++)
        p->side[i].ends = p->side[i].to_end = true;
}

/* Waits, where there is something to wait on. */
static void await(const struct ww_stream *s, short events)
{
    struct pollfd p = { .fd = ww_stream_fd(s), .events = events };

    if (p.fd >= 0)
        assert_int_equal(poll(&p, 1, 20000), 1);
}

/* Reads until that fails, or ends; how many bytes came before. */
static size_t read_out(struct ww_stream *s, enum ww_io *io,
                       struct ww_error *err)
{
    size_t total = 0;
    int rounds = 0;

    for (;;) {
        size_t got = 0;
        *io = ww_stream_read(s, inbox(0), MIB, &got, err);
        total += got;
        if (*io == WW_IO_END || *io == WW_IO_FAILED)
            return total;
        (void)!stream_flush(s, NULL);
        if (*io == WW_IO_WANT_READ)
            await(s, POLLIN);
        assert_in_range(++rounds, 1, 100000);
    }
}

/* Writes until that fails. */
static void write_out(struct ww_stream *s, struct ww_error *err)
{
    enum ww_io io = WW_IO_DONE;
    size_t put = 0;

    for (int rounds = 0; io != WW_IO_FAILED; rounds++) {
        io = ww_stream_write(s, pattern(0), 5000, &put, err);
        if (io == WW_IO_DONE)
            io = stream_flush(s, err);
        assert_in_range(rounds, 0, 100000);
    }
}

/* --- the cases ------------------------------------------------------- */

static void bytes_arrive(struct pair *p)
{
    plan(p, 300, 500);
    carry_out(p);
    plan(p, 17, 0);
    carry_out(p);
    plan(p, 0, 5);
    carry_out(p);
}

static void one_byte_at_a_time(struct pair *p)
{
    plan(p, 50, 40);
    p->side[0].chunk = p->side[1].chunk = 1;
    p->side[0].cap = p->side[1].cap = 1;
    finish_both(p);
    carry_out(p);
}

/* Both directions are full all the time. */
static void much_both_ways(struct pair *p)
{
    plan(p, plenty(p), plenty(p) - 777);
    p->side[0].chunk = 7777;
    p->side[0].cap = 60001;
    p->side[1].chunk = 33331;
    p->side[1].cap = 999;
    finish_both(p);
    carry_out(p);
}

static void half_close(struct pair *p)
{
    plan(p, 100, 20000);
    finish_both(p);
    p->side[1].waits = true;
    carry_out(p);
}

static void half_close_and_then_a_question(struct pair *p)
{
    meet(p);
    plan(p, 0, 0);
    p->side[0].ends = true;
    p->side[1].to_end = true;
    carry_out(p);
    plan(p, 0, 3000);
    carry_out(p);
    plan(p, 0, 20);
    p->side[1].ends = p->side[0].to_end = true;
    carry_out(p);
}

static void the_end_is_told_again(struct pair *p)
{
    struct ww_error err = { 0 };
    char byte;
    size_t got = 0;

    meet(p);
    plan(p, 10, 0);
    finish_both(p);
    carry_out(p);
    for (int i = 0; i < 6; i++)
        assert_int_equal(ww_stream_read(p->side[i % 2].s, &byte, 1, &got, &err),
                         WW_IO_END);
    assert_int_equal(got, 0);
}

static void finishing_again_is_harmless(struct pair *p)
{
    struct ww_error err = { 0 };

    plan(p, 100, 100);
    finish_both(p);
    carry_out(p);
    for (int i = 0; i < 6; i++)
        assert_int_equal(ww_stream_finish(p->side[i % 2].s, &err), WW_IO_DONE);
    assert_int_equal(err.kind, WW_ERR_NONE);
}

static void nothing_there_means_want_read(struct pair *p)
{
    struct ww_error err = { 0 };
    char byte;
    size_t got = 0;

    meet(p);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(ww_stream_read(p->side[0].s, &byte, 1, &got, &err),
                         WW_IO_WANT_READ);
        assert_int_equal(stream_flush(p->side[0].s, &err), WW_IO_DONE);
    }
    assert_int_equal(got, 0);
    plan(p, 10, 10);
    carry_out(p);
}

/* A peer that does not read stops the writer, and nothing is lost. */
static void full_means_want_write(struct pair *p)
{
    struct talk *writer = &p->side[0];
    struct talk *reader = &p->side[1];

    meet(p);
    plan(p, MIB, 0);
    writer->chunk = 5000;
    /* More than once, because memory may refuse for no reason. */
    for (int idle = 0; idle < 5 && !talk_over(writer);)
        idle = talk_step(writer) ? 0 : idle + 1;
    if (!talk_over(writer))
        assert_int_equal(writer->events, POLLOUT);
    if (writer->sent < MIB && p->stack->rules.step)
        reader->in_cap = reader->in_want = writer->out_len =
            writer->sent + writer->chunk;
    carry_out(p);
}

static void a_record_read_in_parts_is_pending(struct pair *p)
{
    struct ww_error err = { 0 };
    char part[100];
    size_t total = 0;
    size_t got = 0;

    meet(p);
    plan(p, 0, 1000);
    while (!talk_over(&p->side[1]))
        talk_step(&p->side[1]);
    for (int turns = 0; total < 1000; turns++) {
        assert_int_equal(
            ww_read_by(p->side[0].s, part, sizeof part, &got, SOON, &err),
            WW_IO_DONE);
        total += got;
        if (p->stack->tls)
            assert_int_equal(ww_stream_pending(p->side[0].s), total < 1000);
        assert_in_range(turns, 0, 1000);
    }
    assert_false(ww_stream_pending(p->side[0].s));
}

static void counts_the_bytes_on_the_wire(struct pair *p)
{
    struct ww_stream_info info[2];

    plan(p, 1000, 3000);
    finish_both(p);
    carry_out(p);
    ww_stream_info(p->side[0].s, &info[0]);
    ww_stream_info(p->side[1].s, &info[1]);
    assert_int_equal(info[0].wire_out, info[1].wire_in);
    assert_int_equal(info[1].wire_out, info[0].wire_in);
    if (p->stack->tls) {
        assert_in_range(info[0].wire_out, 1200, 3000);
        assert_in_range(info[0].wire_in, 3500, 10000);
        assert_string_equal(info[0].version, "TLSv1.3");
        assert_string_equal(info[0].identity, "localhost");
        assert_null(info[1].identity);
    } else {
        assert_int_equal(info[0].wire_out, 1000);
        assert_int_equal(info[0].wire_in, 3000);
        assert_null(info[0].version);
        assert_null(info[0].suite);
        assert_null(info[0].group);
        assert_null(info[0].identity);
    }
}

/* The layer below ends without a word from the one on top. */
static void cut_short(struct pair *p)
{
    struct ww_error err = { 0 };
    enum ww_io io;

    meet(p);
    plan(p, 0, 1000);
    while (!talk_over(&p->side[1]) || p->side[1].events & POLLOUT)
        talk_step(&p->side[1]);
    assert_int_equal(ww_stream_finish(p->below[1], &err), WW_IO_DONE);
    assert_int_equal(read_out(p->side[0].s, &io, &err), 1000);
    assert_int_equal(io, p->stack->tls ? WW_IO_FAILED : WW_IO_END);
    assert_int_equal(err.kind, p->stack->tls ? WW_ERR_TRUNCATED : WW_ERR_NONE);
    err.kind = WW_ERR_NONE;
    read_out(p->side[0].s, &io, &err);
    assert_int_equal(io, p->stack->tls ? WW_IO_FAILED : WW_IO_END);
}

/* Half a record, and then the end. */
static void cut_within_a_record(struct pair *p)
{
    struct ww_error err = { 0 };
    size_t put = 0;
    enum ww_io io;

    meet(p);
    do {
        io = ww_stream_write(p->below[1], "\x17\x03\x03\x01", 1, &put, &err);
    } while (io == WW_IO_WANT_WRITE);
    assert_int_equal(io, WW_IO_DONE);
    assert_int_equal(ww_stream_finish(p->below[1], &err), WW_IO_DONE);
    assert_int_equal(read_out(p->side[0].s, &io, &err), 0);
    assert_int_equal(io, WW_IO_FAILED);
    assert_int_equal(err.kind, WW_ERR_TRUNCATED);
}

/* Ends the server's side as if its machine had crashed and come back. */
static void reset(struct pair *p)
{
    struct linger at_once = { .l_onoff = 1 };
    struct ww_stream *below = p->below[1];

    if (p->stack->base == BASE_MEMORY)
        mem_stream_cut(below);
    else
        assert_int_equal(setsockopt(ww_stream_fd(below), SOL_SOCKET, SO_LINGER,
                                    &at_once, sizeof at_once),
                         0);
    ww_stream_free(p->side[1].s);
    p->side[1].s = p->below[1] = NULL;
    await(p->side[0].s, POLLIN);
}

static void lost_for_a_reader(struct pair *p)
{
    struct ww_error err = { 0 };
    enum ww_io io;

    meet(p);
    reset(p);
    assert_int_equal(read_out(p->side[0].s, &io, &err), 0);
    assert_int_equal(io, WW_IO_FAILED);
    assert_int_equal(err.kind, WW_ERR_RESET);
    for (int i = 0; i < 3; i++) {
        struct ww_error again = { 0 };
        size_t put = 0;
        read_out(p->side[0].s, &io, &again);
        assert_int_equal(io, WW_IO_FAILED);
        assert_int_not_equal(again.kind, WW_ERR_NONE);
        io = ww_stream_write(p->side[0].s, "x", 1, &put, &again);
        assert_int_equal(io, WW_IO_FAILED);
        assert_int_equal(put, 0);
        io = ww_stream_finish(p->side[0].s, &again);
        assert_int_equal(io, WW_IO_FAILED);
    }
}

static volatile sig_atomic_t pipe_signals;

static void count_signal(int number)
{
    (void)number;
    pipe_signals++;
}

/* What the peer had sent before is read all the same. */
static void lost_for_a_writer(struct pair *p)
{
    struct sigaction action = { .sa_handler = count_signal };
    struct sigaction before;
    struct ww_error err = { 0 };
    struct ww_error last = { 0 };
    enum ww_io io;
    size_t sent = 0;

    sigaction(SIGPIPE, &action, &before);
    meet(p);
    plan(p, 0, 900);
    while (!talk_over(&p->side[1]) || p->side[1].events & POLLOUT)
        talk_step(&p->side[1]);
    reset(p);
    write_out(p->side[0].s, &err);
    assert_int_equal(err.kind, WW_ERR_RESET);
    io = ww_stream_write(p->side[0].s, "x", 1, &sent, &last);
    assert_int_equal(io, WW_IO_FAILED);

    err = (struct ww_error){ 0 };
    assert_int_equal(read_out(p->side[0].s, &io, &err), 900);
    assert_int_equal(io, WW_IO_FAILED);
    assert_int_equal(err.kind, WW_ERR_RESET);
    assert_int_equal(pipe_signals, 0);
    sigaction(SIGPIPE, &before, NULL);
}

static void too_early(struct pair *p)
{
    struct ww_error err = { 0 };
    char byte;
    size_t n = 0;

    assert_int_equal(ww_stream_read(p->side[0].s, &byte, 1, &n, &err),
                     WW_IO_FAILED);
    assert_int_not_equal(err.kind, WW_ERR_NONE);
    assert_int_equal(ww_stream_write(p->side[0].s, "x", 1, &n, &err),
                     WW_IO_FAILED);
    assert_int_equal(ww_stream_finish(p->side[0].s, &err), WW_IO_FAILED);
    assert_int_equal(n, 0);
    assert_false(ww_stream_pending(p->side[0].s));

    struct ww_stream_info info;
    ww_stream_info(p->side[0].s, &info);
    assert_null(info.version);
    assert_int_equal(info.wire_out, 0);
    meet(p); /* nothing is broken by it */
}

static void too_late(struct pair *p)
{
    struct ww_error err = { 0 };
    size_t put = 0;

    meet(p);
    assert_int_equal(ww_stream_handshake(p->side[0].s, &err), WW_IO_DONE);
    plan(p, 10, 10);
    finish_both(p);
    carry_out(p);
    assert_int_equal(ww_stream_handshake(p->side[0].s, &err), WW_IO_DONE);
    enum ww_io io = ww_stream_write(p->side[0].s, "x", 1, &put, &err);
    if (io == WW_IO_DONE)
        io = stream_flush(p->side[0].s, &err);
    assert_int_equal(io, WW_IO_FAILED);
    assert_int_not_equal(err.kind, WW_ERR_NONE);
}

/* Given up at any moment: nothing leaks, nothing is sent. */
static void freed_half_way(struct pair *p)
{
    for (int i = 0; i < 3; i++)
        talk_step(&p->side[i % 2]);
    ww_stream_free(p->side[0].s);
    p->side[0].s = p->below[0] = NULL;
}

static void freed_with_output(struct pair *p)
{
    meet(p);
    plan(p, 5000, 5000);
    talk_step(&p->side[0]);
    talk_step(&p->side[1]);
}

static void no_time_to_read(struct pair *p)
{
    struct ww_error err = { 0 };
    char byte;
    size_t got = 0;

    meet(p);
    assert_int_equal(ww_read_by(p->side[0].s, &byte, 1, &got, PASSED, &err),
                     WW_IO_FAILED);
    assert_int_equal(err.kind, WW_ERR_TIMEOUT);
    assert_int_equal(err.phase, WW_PHASE_IDLE);
    assert_non_null(strstr(err.text, "idle"));
    plan(p, 10, 10); /* nothing is broken by it */
    carry_out(p);
}

static void no_time_to_write(struct pair *p)
{
    struct ww_error err = { 0 };

    meet(p);
    for (int i = 0; i < 100 && err.kind == WW_ERR_NONE; i++)
        (void)!ww_write_by(p->side[0].s, pattern(0), MIB, PASSED, &err);
    assert_int_equal(err.kind, WW_ERR_TIMEOUT);
    assert_int_equal(err.phase, WW_PHASE_WRITE);
}

static void no_time_to_finish(struct pair *p)
{
    struct ww_error err = { 0 };
    size_t sent = 0;

    meet(p);
    for (int idle = 0; idle < 5; idle++) /* one may be by chance */
        if (ww_stream_write(p->below[0], pattern(0), 5000, &sent, &err) ==
            WW_IO_DONE)
            idle = 0;
    assert_int_equal(ww_finish_by(p->side[0].s, PASSED, &err), WW_IO_FAILED);
    assert_int_equal(err.kind, WW_ERR_TIMEOUT);
    assert_int_equal(err.phase, WW_PHASE_WRITE);
}

static void no_time_to_shake_hands(struct pair *p)
{
    for (int i = 0; i < 2; i++) {
        struct ww_error err = { 0 };
        assert_int_equal(ww_handshake_by(p->side[i].s, PASSED, &err),
                         WW_IO_FAILED);
        assert_int_equal(err.kind, WW_ERR_TIMEOUT);
        assert_int_equal(err.phase, WW_PHASE_HANDSHAKE);
        assert_non_null(strstr(err.text, "handshake"));
    }
    meet(p);
}

/* An echo by the blocking driver; `arg` is its stream.  NULL if all is well. */
static void *echo(void *arg)
{
    struct ww_stream *s = arg;
    struct ww_error err = { 0 };
    static char buf[5000];
    size_t got = 0;

    enum ww_io io = ww_handshake_by(s, SOON, &err);
    while (io == WW_IO_DONE) {
        io = ww_read_by(s, buf, sizeof buf, &got, SOON, &err);
        if (io == WW_IO_DONE)
            io = ww_write_by(s, buf, got, SOON, &err);
    }
    if (io == WW_IO_END)
        io = ww_finish_by(s, SOON, &err);
    return io == WW_IO_DONE ? NULL : arg;
}

static void driven_by_blocking_calls(struct pair *p)
{
    struct ww_stream *s = p->side[0].s;
    struct ww_error err = { 0 };
    pthread_t thread;
    void *result = NULL;
    size_t total = 0;
    size_t got = 0;
    enum ww_io io;

    assert_int_equal(pthread_create(&thread, NULL, echo, p->side[1].s), 0);
    assert_int_equal(ww_handshake_by(s, SOON, &err), WW_IO_DONE);
    assert_int_equal(ww_write_by(s, pattern(0), 100000, SOON, &err),
                     WW_IO_DONE);
    assert_int_equal(ww_finish_by(s, SOON, &err), WW_IO_DONE);
    while ((io = ww_read_by(s, inbox(0) + total, MIB - total, &got, SOON,
                            &err)) == WW_IO_DONE)
        total += got;
    pthread_join(thread, &result);
    assert_null(result);
    assert_string_equal(err.text, "");
    assert_int_equal(io, WW_IO_END);
    assert_int_equal(total, 100000);
    assert_memory_equal(inbox(0), pattern(0), total);
}

enum need {
    NEEDS_NOTHING = 0,
    NEEDS_TLS = 1,
    NEEDS_FD = 2,     /* something that poll can wait on */
    NEEDS_RESETS = 4, /* which a socket pair has none of */
    NEEDS_ROOM = 8,   /* for 1000 bytes under way */
};

/* clang-format off */
static const struct stream_case {
    const char *name;
    void (*run)(struct pair *p);
    int needs; /* of enum need */
} cases[] = {
    { "bytes arrive in order, both ways", bytes_arrive, 0 },
    { "one byte at a time", one_byte_at_a_time, 0 },
    { "much, both ways at once", much_both_ways, 0 },
    { "after a half-close the other way goes on", half_close, 0 },
    { "after a half-close a longer answer comes",
      half_close_and_then_a_question, 0 },
    { "the end is told again", the_end_is_told_again, 0 },
    { "finishing again is harmless", finishing_again_is_harmless, 0 },
    { "nothing there means want-read", nothing_there_means_want_read, 0 },
    { "full means want-write", full_means_want_write, 0 },
    { "a record read in parts is pending", a_record_read_in_parts_is_pending,
      NEEDS_FD },
    { "bytes on the wire are counted", counts_the_bytes_on_the_wire, 0 },
    { "an end without goodbye", cut_short, NEEDS_ROOM },
    { "an end within a record", cut_within_a_record, NEEDS_TLS },
    { "a lost connection, reading", lost_for_a_reader, NEEDS_RESETS },
    { "a lost connection, writing", lost_for_a_writer,
      NEEDS_RESETS | NEEDS_ROOM },
    { "calls before the handshake fail", too_early, NEEDS_TLS },
    { "writing after the end fails", too_late, 0 },
    { "given up half way", freed_half_way, 0 },
    { "given up with output", freed_with_output, 0 },
    { "no time to read", no_time_to_read, 0 },
    { "no time to write", no_time_to_write, 0 },
    { "no time to finish", no_time_to_finish, NEEDS_TLS },
    { "no time to shake hands", no_time_to_shake_hands, NEEDS_TLS },
    { "the blocking driver", driven_by_blocking_calls, NEEDS_FD },
};
/* clang-format on */

/* --- and how they are run -------------------------------------------- */

/* One case over one stack. */
struct run {
    char name[160];
    const struct stream_case *what;
    const struct stack *stack;
    struct pair pair;
};

static bool fits(const struct stream_case *c, const struct stack *stack)
{
    if (c->needs & NEEDS_TLS && !stack->tls)
        return false;
    if (c->needs & NEEDS_FD && stack->base == BASE_MEMORY)
        return false;
    if (c->needs & NEEDS_ROOM && stack->rules.cap && stack->rules.cap < 2000)
        return false;
    return !(c->needs & NEEDS_RESETS) || stack->base != BASE_UNIX;
}

static int set_up(void **state)
{
    struct run *run = *state;
    struct ww_error err = { 0 };

    pair_open(&run->pair, run->stack);
    return pair_wrap(&run->pair, tls, "localhost", &err);
}

static void run_one(void **state)
{
    struct run *run = *state;

    run->what->run(&run->pair);
}

static int tear_down(void **state)
{
    struct run *run = *state;

    pair_close(&run->pair);
    return 0;
}

static int set_up_all(void **state)
{
    if (certs_setup(state) < 0)
        return -1;
    tls[PAIR_CLIENT] = certs_client();
    tls[PAIR_SERVER] = certs_server();
    return 0;
}

static int tear_down_all(void **state)
{
    ww_tls_free(tls[0]);
    ww_tls_free(tls[1]);
    return certs_teardown(state);
}

int main(void)
{
    static struct run runs[COUNT(cases) * COUNT(stacks)];
    static struct CMUnitTest tests[COUNT(runs)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t j = 0; j < COUNT(stacks); j++) {
            struct run *run = &runs[count];
            if (!fits(&cases[i], &stacks[j]))
                continue;
            run->what = &cases[i];
            run->stack = &stacks[j];
            snprintf(run->name, sizeof run->name, "%s: %s", stacks[j].name,
                     cases[i].name);
            tests[count++] = (struct CMUnitTest){ run->name, run_one, set_up,
                                                  tear_down, run };
        }
    return _cmocka_run_group_tests("stream", tests, count, set_up_all,
                                   tear_down_all);
}
