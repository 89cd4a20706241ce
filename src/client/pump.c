#include "client/pump.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"

/* The least room that is worth a read. */
#define ROOM_MIN 2048

enum { POLL_INPUT, POLL_STREAM, POLL_OUTPUT, POLL_COUNT };

/* ---- who has something to do ---- */

static bool wants_input(const struct pump *p)
{
    return p->speaking && !p->in.ended && buffer_room(&p->up) > 0;
}

static bool wants_send(const struct pump *p)
{
    return p->speaking && (buffer_len(&p->up) > 0 || p->in.ended);
}

static bool wants_receive(const struct pump *p)
{
    return p->hearing && buffer_room(&p->down) >= ROOM_MIN;
}

static bool wants_output(const struct pump *p)
{
    return buffer_len(&p->down) > 0;
}

static bool is_over(const struct pump *p)
{
    return p->signal || (!p->hearing && !wants_output(p));
}

/* True if there is a step to take without waiting for anything. */
static bool is_busy(const struct pump *p)
{
    return (wants_send(p) && p->write_wait == WW_IO_DONE) ||
           (wants_receive(p) && p->read_wait == WW_IO_DONE) ||
           (wants_input(p) && p->in.fd < 0);
}

/* True if everything the server sent is shown and more may be typed. */
static bool is_users_turn(const struct pump *p)
{
    return p->interactive && p->speaking && !p->in.ended && !is_busy(p) &&
           !wants_output(p);
}

/* True if it is the server that keeps us waiting, not our own reader or the
 * user, who may think as long as he likes. */
static bool silence_counts(const struct pump *p)
{
    if (!p->hearing || wants_output(p))
        return false;
    if (wants_send(p) || !p->speaking)
        return true;
    return p->interactive ? terminal_awaits_answer(&p->terminal)
                          : p->idle_always;
}

/* ---- waiting ---- */

static short events_of(enum ww_io wait)
{
    switch (wait) {
    case WW_IO_WANT_READ:
        return POLLIN;
    case WW_IO_WANT_WRITE:
        return POLLOUT;
    case WW_IO_DONE:
    case WW_IO_END:
    case WW_IO_FAILED:
        break;
    }
    return 0;
}

/* Computes what to wait for.  A descriptor from which nothing is wanted is
 * left out altogether, since poll would report its hang-up again and again. */
static void fill_polls(const struct pump *p, struct pollfd *polls)
{
    int reading = wants_receive(p) ? events_of(p->read_wait) : 0;
    int writing = wants_send(p) ? events_of(p->write_wait) : 0;
    short events = (short)(reading | writing);

    polls[POLL_INPUT] = (struct pollfd){
        .fd = wants_input(p) ? p->in.fd : -1,
        .events = POLLIN,
    };
    polls[POLL_STREAM] = (struct pollfd){
        .fd = events ? ww_stream_fd(p->stream) : -1,
        .events = events,
    };
    polls[POLL_OUTPUT] = (struct pollfd){
        .fd = wants_output(p) ? p->out.fd : -1,
        .events = POLLOUT,
    };
}

/* Forgets what was waited for once it is there. */
static void note_ready(enum ww_io *wait, short revents)
{
    if (revents & (events_of(*wait) | POLLERR | POLLHUP | POLLNVAL))
        *wait = WW_IO_DONE;
}

static int fail_idle(const struct pump *p, struct ww_error *err)
{
    double seconds = (double)p->idle_timeout_ms / 1e3;

    if (buffer_len(&p->up))
        return error_timeout(err, WW_PHASE_IDLE,
                             "idle: the server took and sent nothing for "
                             "%.6g s",
                             seconds);
    return error_timeout(err, WW_PHASE_IDLE,
                         "idle: nothing from the server for %.6g s", seconds);
}

/* Waits until a step can be taken; also when there is one already, to learn
 * what else is ready.  Stores what is, and returns 0, or -1 for a failure. */
static int wait_ready(struct pump *p, struct pollfd *polls,
                      struct ww_error *err)
{
    int64_t deadline = CLOCK_NEVER;
    if (silence_counts(p))
        deadline = p->silent_since + p->idle_timeout_ms;
    else
        p->silent_since = clock_ms();

    fill_polls(p, polls);
    int left = is_busy(p) ? 0 : clock_left(deadline);
    struct timespec limit = {
        .tv_sec = left / 1000,
        .tv_nsec = left % 1000 * 1000000L,
    };
    int n = ppoll(polls, POLL_COUNT, left < 0 ? NULL : &limit,
                  &p->signals->waiting);
    if (n < 0 && errno != EINTR)
        return error_sys(err, WW_ERR_LOCAL, "poll");
    p->signal = signals_caught(p->signals);
    if (n <= 0) {
        for (int i = 0; i < POLL_COUNT; i++)
            polls[i].revents = 0;
        if (n == 0 && !is_busy(p) && clock_left(deadline) == 0)
            return fail_idle(p, err);
    }
    note_ready(&p->read_wait, polls[POLL_STREAM].revents);
    note_ready(&p->write_wait, polls[POLL_STREAM].revents);
    return 0;
}

/* ---- the four steps ---- */

static int take_input(struct pump *p, struct ww_error *err)
{
    const char *typed = buffer_tail(&p->up);
    size_t before = buffer_len(&p->up);

    if (input_read(&p->in, &p->up, err) < 0) {
        p->broken = true;
        return -1;
    }
    if (p->interactive)
        terminal_typed(&p->terminal, typed, buffer_len(&p->up) - before);
    if (p->interactive && p->in.ended)
        terminal_leave_prompt(&p->terminal, &p->down);
    return 0;
}

static enum ww_io send_bytes(struct pump *p, struct ww_error *err)
{
    size_t put = 0;
    enum ww_io io = ww_stream_write(p->stream, buffer_data(&p->up),
                                    buffer_len(&p->up), &put, err);

    if (io == WW_IO_DONE) {
        buffer_taken(&p->up, put);
        p->sent += put;
    }
    return io;
}

static enum ww_io send_end(struct pump *p, struct ww_error *err)
{
    enum ww_io io = ww_stream_finish(p->stream, err);

    p->finished = io == WW_IO_DONE;
    if (p->finished)
        p->speaking = false;
    return io;
}

/* After a failure there may still be something to read: what the server said
 * before it went, perhaps why. */
static void take_send_step(struct pump *p, struct ww_error *err)
{
    p->write_wait = buffer_len(&p->up) ? send_bytes(p, err) : send_end(p, err);
    if (p->write_wait == WW_IO_DONE) {
        p->silent_since = clock_ms();
    } else if (p->write_wait == WW_IO_FAILED || p->write_wait == WW_IO_END) {
        p->speaking = false;
        p->broken = true;
    }
}

static void note_received(struct pump *p, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && p->received + i < sizeof p->head; i++)
        p->head[p->received + i] = (unsigned char)bytes[i];
    p->received += len;
}

static enum ww_io receive_bytes(struct pump *p, struct ww_error *err)
{
    char bytes[BUFFER_CAP / TERMINAL_MOST];
    size_t room = buffer_room(&p->down) - TERMINAL_MOST;
    size_t got = 0;
    enum ww_io io;

    if (p->interactive) {
        io = ww_stream_read(p->stream, bytes, room / TERMINAL_MOST, &got, err);
        note_received(p, bytes, got);
        terminal_show(&p->terminal, bytes, got, &p->down);
    } else {
        char *tail = buffer_tail(&p->down);
        io = ww_stream_read(p->stream, tail, room, &got, err);
        note_received(p, tail, got);
        buffer_added(&p->down, got);
    }
    return io;
}

/* Looks whether there was more to send: the result must not depend on whether
 * a file had been read to its end just before the server's came. */
static void take_rest(struct pump *p)
{
    struct pollfd polls[1] = { { .fd = p->in.fd, .events = POLLIN } };
    struct ww_error ignored = { 0 };

    if (!p->interactive && wants_input(p) &&
        (p->in.fd < 0 || poll(polls, 1, 0) > 0) &&
        input_read(&p->in, &p->up, &ignored) < 0)
        p->broken = true;
}

static void fail_unsent(const struct pump *p, struct ww_error *err)
{
    size_t len = buffer_len(&p->up);

    if (len)
        error_set(err, WW_ERR_RESET,
                  "the server ended the conversation before it took %s%zu "
                  "bytes",
                  p->in.ended ? "" : "at least ", len);
}

static void take_receive_step(struct pump *p, struct ww_error *err)
{
    p->read_wait = receive_bytes(p, err);
    switch (p->read_wait) {
    case WW_IO_DONE:
        p->silent_since = clock_ms();
        return;
    case WW_IO_WANT_READ:
    case WW_IO_WANT_WRITE:
        return;
    case WW_IO_END:
        take_rest(p);
        fail_unsent(p, err);
        break;
    case WW_IO_FAILED:
        p->broken = true;
        break;
    }
    p->speaking = p->hearing = false;
    if (p->interactive)
        terminal_settle(&p->terminal, &p->down);
}

/* One turn: each direction takes at most one step on either side.  Sending
 * comes before receiving, so that what has been read from the input is offered
 * to the server before its end is noticed. */
static int take_steps(struct pump *p, const struct pollfd *polls,
                      struct ww_error *err)
{
    if (wants_input(p) && (p->in.fd < 0 || polls[POLL_INPUT].revents) &&
        take_input(p, err) < 0)
        return -1;
    if (wants_send(p) && p->write_wait == WW_IO_DONE)
        take_send_step(p, err);
    if (wants_receive(p) && p->read_wait == WW_IO_DONE)
        take_receive_step(p, err);
    if (wants_output(p) && polls[POLL_OUTPUT].revents) {
        p->silent_since = clock_ms();
        if (output_write(&p->out, &p->down, err) == 0)
            return 0;
        buffer_taken(&p->down, buffer_len(&p->down)); /* nowhere to go */
        return -1;
    }
    return 0;
}

static int take_turns(struct pump *p, struct ww_error *err)
{
    struct pollfd polls[POLL_COUNT];

    while (!is_over(p)) {
        if (is_users_turn(p))
            terminal_prompt(&p->terminal, &p->down);
        if (wait_ready(p, polls, err) < 0 || take_steps(p, polls, err) < 0)
            return -1;
    }
    return 0;
}

int pump_run(struct pump *p, struct ww_error *err)
{
    p->speaking = p->hearing = true;
    p->silent_since = clock_ms();
    if (take_turns(p, err) < 0) {
        /* What was received before is still owed to the output. */
        p->speaking = p->hearing = false;
        if (p->interactive)
            terminal_settle(&p->terminal, &p->down);
        take_turns(p, err);
    }
    return err->kind == WW_ERR_NONE ? 0 : -1;
}

bool pump_may_finish(const struct pump *p)
{
    return !p->broken && !p->finished && buffer_len(&p->up) == 0;
}
