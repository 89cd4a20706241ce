#include "stream/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/mem_stream.h"
#include "stream/stream_ops.h"

#define OUT_SIZE sizeof(((struct stage_room *)0)->out)

/* A stage over memory, and the bare other end of that. */
struct staged {
    struct ww_stream *stage, *below, *peer;
};

static struct stage_room *new_room(void)
{
    struct stage_room *room = calloc(1, sizeof *room);
    assert_non_null(room);
    return room;
}

static struct staged new_staged(struct stage_room *room,
                                const struct mem_rules *rules)
{
    struct ww_stream *ends[2];

    mem_stream_pair(rules, ends);
    struct staged s = { stage_new(ends[0], room, NULL), ends[0], ends[1] };
    assert_non_null(s.stage);
    return s;
}

static void free_staged(struct staged *s)
{
    ww_stream_free(s->stage);
    ww_stream_free(s->peer);
}

static void put(struct ww_stream *s, const void *bytes, size_t len)
{
    size_t n = 0;
    assert_int_equal(ww_stream_write(s, bytes, len, &n, NULL), WW_IO_DONE);
    assert_int_equal(n, len);
}

/* Reads once, and finds just `want`. */
static void get(struct ww_stream *s, size_t cap, const char *want)
{
    char buf[100];
    size_t n = 0;
    assert_in_range(cap, 1, sizeof buf);
    assert_int_equal(ww_stream_read(s, buf, cap, &n, NULL), WW_IO_DONE);
    assert_int_equal(n, strlen(want));
    assert_memory_equal(buf, want, n);
}

static void get_nothing(struct ww_stream *s)
{
    char byte;
    size_t n = 0;
    assert_int_equal(ww_stream_read(s, &byte, 1, &n, NULL), WW_IO_WANT_READ);
}

static void flush(struct ww_stream *s, enum ww_io want)
{
    assert_int_equal(stream_flush(s, NULL), want);
}

static void gathers_until_the_flush(void **state)
{
    struct stage_room *room = new_room();
    struct staged s = new_staged(room, NULL);

    (void)state;
    put(s.stage, "one ", 4);
    put(s.stage, "two ", 4);
    put(s.stage, "three", 5);
    assert_int_equal(mem_stream_calls(s.below, MEM_WRITE), 0);
    get_nothing(s.peer);
    assert_ptr_equal(room->user, s.stage);
    flush(s.stage, WW_IO_DONE);
    assert_int_equal(mem_stream_calls(s.below, MEM_WRITE), 1);
    assert_null(room->user);
    get(s.peer, 50, "one two three");
    flush(s.stage, WW_IO_DONE);
    assert_int_equal(mem_stream_calls(s.below, MEM_WRITE), 1);
    free_staged(&s);
    free(room);
}

static void receives_once_per_flush(void **state)
{
    struct stage_room *room = new_room();
    struct staged s = new_staged(room, NULL);

    (void)state;
    put(s.peer, "abcdef", 6);
    get(s.stage, 2, "ab");
    assert_true(ww_stream_pending(s.stage));
    put(s.peer, "ghi", 3);
    get(s.stage, 10, "cdef");
    assert_false(ww_stream_pending(s.stage));
    get_nothing(s.stage);
    get_nothing(s.stage);
    assert_int_equal(mem_stream_calls(s.below, MEM_READ), 1);
    flush(s.stage, WW_IO_DONE);
    get(s.stage, 10, "ghi");
    assert_int_equal(mem_stream_calls(s.below, MEM_READ), 2);
    free_staged(&s);
    free(room);
}

/* What nobody has read yet outlasts the room. */
static void input_is_kept(void **state)
{
    struct stage_room *room = new_room();
    struct staged a = new_staged(room, NULL);
    struct staged b = new_staged(room, NULL);

    (void)state;
    put(a.peer, "for a, of a", 11);
    put(b.peer, "for b, of b", 11);
    get(a.stage, 5, "for a");
    flush(a.stage, WW_IO_DONE);
    assert_true(ww_stream_pending(a.stage));
    get(b.stage, 5, "for b");
    flush(b.stage, WW_IO_DONE);
    put(a.peer, "!", 1);
    get(a.stage, 3, ", o");
    flush(a.stage, WW_IO_DONE); /* kept a second time */
    assert_true(ww_stream_pending(a.stage));
    get(a.stage, 50, "f a");
    assert_false(ww_stream_pending(a.stage));
    get(a.stage, 50, "!");
    flush(a.stage, WW_IO_DONE);
    get(b.stage, 50, ", of b");
    flush(b.stage, WW_IO_DONE);
    free_staged(&a);
    free_staged(&b);
    free(room);
}

/* What the socket does not take outlasts the room, comes first, and holds up
 * what follows. */
static void output_is_kept(void **state)
{
    const struct mem_rules narrow = { .cap = 4 };
    struct stage_room *room = new_room();
    struct staged a = new_staged(room, &narrow);
    struct staged b = new_staged(room, NULL);
    size_t n = 0;

    (void)state;
    put(a.stage, "123456", 6);
    put(a.stage, "789", 3);
    flush(a.stage, WW_IO_WANT_WRITE);
    assert_null(room->user);
    put(b.stage, "other", 5);
    flush(b.stage, WW_IO_DONE);
    get(b.peer, 50, "other");

    assert_int_equal(ww_stream_write(a.stage, "x", 1, &n, NULL),
                     WW_IO_WANT_WRITE);
    assert_int_equal(n, 0);
    get(a.peer, 50, "1234");
    flush(a.stage, WW_IO_WANT_WRITE);
    get(a.peer, 50, "5678");
    put(a.stage, "x", 1);
    flush(a.stage, WW_IO_DONE);
    get(a.peer, 50, "9x");
    free_staged(&a);
    free_staged(&b);
    free(room);
}

/* Fills the room; how much it took, all of it byte `fill`. */
static size_t fill_up(struct ww_stream *s, char fill, enum ww_io *io)
{
    static char bytes[10000];
    size_t total = 0;

    memset(bytes, fill, sizeof bytes);
    do {
        size_t n = 0;
        *io = ww_stream_write(s, bytes, sizeof bytes, &n, NULL);
        total += n;
    } while (*io == WW_IO_DONE && total < 10 * OUT_SIZE);
    return total;
}

/* A peer that does not read stops the writer after one room. */
static void a_full_room_pushes_back(void **state)
{
    const struct mem_rules narrow = { .cap = 1000 };
    struct stage_room *room = new_room();
    struct staged s = new_staged(room, &narrow);
    enum ww_io io;
    size_t total = 0;

    (void)state;
    assert_int_equal(fill_up(s.stage, 'x', &io), OUT_SIZE);
    assert_int_equal(io, WW_IO_WANT_WRITE);
    flush(s.stage, WW_IO_WANT_WRITE);
    assert_int_equal(fill_up(s.stage, 'y', &io), 0);
    while (total < OUT_SIZE) {
        static char buf[1000];
        size_t n = 0;
        assert_int_equal(ww_stream_read(s.peer, buf, sizeof buf, &n, NULL),
                         WW_IO_DONE);
        assert_null(memchr(buf, 'y', n));
        total += n;
        flush(s.stage, total + 1000 < OUT_SIZE ? WW_IO_WANT_WRITE : WW_IO_DONE);
    }
    assert_int_equal(total, OUT_SIZE);
    free_staged(&s);
    free(room);
}

/* More than a room's worth goes through a peer that takes everything. */
static void a_full_room_is_sent_early(void **state)
{
    const struct mem_rules wide = { .cap = 11 * OUT_SIZE };
    struct stage_room *room = new_room();
    struct staged s = new_staged(room, &wide);
    enum ww_io io;

    (void)state;
    assert_true(fill_up(s.stage, 'x', &io) >= 10 * OUT_SIZE);
    assert_int_equal(io, WW_IO_DONE);
    assert_in_range(mem_stream_calls(s.below, MEM_WRITE), 9, 10);
    flush(s.stage, WW_IO_DONE);
    free_staged(&s);
    free(room);
}

static void finishing_sends_the_rest_first(void **state)
{
    const struct mem_rules narrow = { .cap = 4 };
    struct stage_room *room = new_room();
    struct staged s = new_staged(room, &narrow);
    char byte;
    size_t n = 0;

    (void)state;
    put(s.stage, "12345", 5);
    assert_int_equal(ww_stream_finish(s.stage, NULL), WW_IO_WANT_WRITE);
    get(s.peer, 50, "1234");
    get_nothing(s.peer);
    assert_int_equal(ww_stream_finish(s.stage, NULL), WW_IO_DONE);
    assert_int_equal(ww_stream_finish(s.stage, NULL), WW_IO_DONE);
    get(s.peer, 50, "5");
    assert_int_equal(ww_stream_read(s.peer, &byte, 1, &n, NULL), WW_IO_END);
    put(s.peer, "late", 4);
    get(s.stage, 50, "late");
    flush(s.stage, WW_IO_DONE);
    free_staged(&s);
    free(room);
}

/* Bytes that were taken and then lost: the failure stays. */
static void lost_output_is_not_forgotten(void **state)
{
    struct stage_room *room = new_room();
    struct staged s = new_staged(room, NULL);
    struct ww_error err = { 0 };
    struct ww_error again = { 0 };
    size_t n = 0;

    (void)state;
    put(s.peer, "before", 6);
    put(s.stage, "lost", 4);
    mem_stream_fail(s.below, MEM_WRITE, 1, WW_ERR_RESET);
    assert_int_equal(stream_flush(s.stage, &err), WW_IO_FAILED);
    assert_int_equal(err.kind, WW_ERR_RESET);
    assert_null(room->user);
    assert_int_equal(ww_stream_write(s.stage, "x", 1, &n, &again),
                     WW_IO_FAILED);
    assert_int_equal(again.kind, WW_ERR_RESET);
    assert_int_equal(stream_flush(s.stage, NULL), WW_IO_FAILED);
    assert_int_equal(ww_stream_finish(s.stage, NULL), WW_IO_FAILED);
    get(s.stage, 50, "before");
    assert_int_equal(stream_flush(s.stage, NULL), WW_IO_FAILED);
    assert_null(room->user);
    free_staged(&s);
    free(room);
}

static void freeing_gives_the_room_back(void **state)
{
    const struct mem_rules narrow = { .cap = 4 };
    struct stage_room *room = new_room();
    struct staged a = new_staged(room, &narrow);
    struct staged b = new_staged(room, NULL);

    (void)state;
    put(a.peer, "abcd", 4);
    get(a.stage, 1, "a");
    put(a.stage, "123456", 6);
    flush(a.stage, WW_IO_WANT_WRITE); /* both are kept now */
    get(a.stage, 3, "bcd");
    free_staged(&a);
    a = new_staged(room, NULL);
    put(a.stage, "gathered", 8);
    free_staged(&a);
    put(b.stage, "fine", 4);
    flush(b.stage, WW_IO_DONE);
    get(b.peer, 50, "fine");
    free_staged(&b);
    free(room);
}

static void passes_on_what_lies_below(void **state)
{
    struct stage_room *room = new_room();
    struct staged s = new_staged(room, NULL);
    struct ww_stream_info info;
    char byte;
    size_t n = 0;

    (void)state;
    assert_int_equal(ww_stream_handshake(s.stage, NULL), WW_IO_DONE);
    assert_int_equal(ww_stream_fd(s.stage), -1);
    put(s.stage, "12345", 5);
    ww_stream_info(s.stage, &info);
    assert_int_equal(info.wire_out, 0); /* not on the wire yet */
    flush(s.stage, WW_IO_DONE);
    ww_stream_info(s.stage, &info);
    assert_int_equal(info.wire_out, 5);
    assert_int_equal(ww_stream_finish(s.peer, NULL), WW_IO_DONE);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ww_stream_read(s.stage, &byte, 1, &n, NULL),
                         WW_IO_END);
    flush(s.stage, WW_IO_DONE);
    free_staged(&s);
    free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gathers_until_the_flush),
        cmocka_unit_test(receives_once_per_flush),
        cmocka_unit_test(input_is_kept),
        cmocka_unit_test(output_is_kept),
        cmocka_unit_test(a_full_room_pushes_back),
        cmocka_unit_test(a_full_room_is_sent_early),
        cmocka_unit_test(finishing_sends_the_rest_first),
        cmocka_unit_test(lost_output_is_not_forgotten),
        cmocka_unit_test(freeing_gives_the_room_back),
        cmocka_unit_test(passes_on_what_lies_below),
    };
    return cmocka_run_group_tests_name("stage", tests, NULL, NULL);
}
