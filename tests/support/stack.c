#include "stack.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "stream/stage.h"

void tcp_pair(int fds[2])
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    struct sockaddr *any = (struct sockaddr *)&at;
    socklen_t len = sizeof at;
    const int on = 1;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, any, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, any, &len), 0);
    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fds[0], any, len), 0);
    fds[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fds[1] >= 0);
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    close(listener);
    for (int i = 0; i < 2; i++) /* as the project's own have it */
        assert_int_equal(
            setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
}

void pair_open(struct pair *p, const struct stack *stack)
{
    int fds[2];

    memset(p, 0, sizeof *p);
    p->stack = stack;
    if (stack->base == BASE_MEMORY) {
        mem_stream_pair(&stack->rules, p->below);
    } else {
        if (stack->base == BASE_TCP)
            tcp_pair(fds);
        else
            assert_int_equal(
                socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                           0, fds),
                0);
        for (int i = 0; i < 2; i++)
            p->below[i] = ww_stream_plain(fds[i], NULL);
    }
    for (int i = 0; i < 2; i++) {
        assert_non_null(p->below[i]);
        p->side[i].s = p->below[i];
        p->room[i] = stack->staged ? calloc(1, sizeof *p->room[i]) : NULL;
    }
}

int pair_wrap(struct pair *p, struct ww_tls *const tls[2], const char *host,
              struct ww_error *err)
{
    for (int i = 0; i < 2; i++) {
        struct ww_stream *top = p->side[i].s;
        if (p->stack->staged)
            top = stage_new(top, p->room[i], err);
        if (!top)
            return -1;
        p->side[i].s = top;
        if (p->stack->tls)
            top =
                ww_stream_tls(tls[i], top, i == PAIR_CLIENT ? host : NULL, err);
        if (!top)
            return -1;
        p->side[i].s = top;
    }
    return 0;
}

void pair_run(struct pair *p)
{
    talk_run(&p->side[0], &p->side[1]);
    for (int i = 0; i < 2; i++)
        if (!p->side[i].s)
            p->below[i] = NULL;
}

void pair_close(struct pair *p)
{
    for (int i = 0; i < 2; i++) {
        ww_stream_free(p->side[i].s);
        free(p->room[i]);
        p->side[i].s = p->below[i] = NULL;
        p->room[i] = NULL;
    }
}
