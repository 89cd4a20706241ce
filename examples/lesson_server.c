/* The lesson's server: answers each client's sentence in upper case, one
 * client after the other:  lesson_server [ENDPOINT [CERT-FILE KEY-FILE]]
 *
 * With an endpoint like tls://127.0.0.1 it does the same over TLS.  Run
 * `wirewrap server` where more than one client is to be expected. */

#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wirewrap/wirewrap.h>

static void answer(struct ww_stream *s, struct ww_error *err)
{
    const int64_t deadline = ww_deadline(10000);
    char text[1024];
    size_t got = 0;

    if (ww_handshake_by(s, deadline, err) != WW_IO_DONE ||
        ww_read_by(s, text, sizeof text, &got, deadline, err) != WW_IO_DONE)
        return;
    for (size_t i = 0; i < got; i++)
        text[i] = (char)toupper((unsigned char)text[i]);
    if (ww_write_by(s, text, got, deadline, err) == WW_IO_DONE &&
        ww_finish_by(s, deadline, err) == WW_IO_DONE)
        while (!ww_read_by(s, text, sizeof text, &got, deadline, err))
            ; /* the client's goodbye comes last */
}

int main(int argc, char **argv)
{
    const char *where = argc > 1 ? argv[1] : "127.0.0.1";
    const struct ww_tls_settings own = {
        .role = WW_TLS_SERVER,
        .cert_file = argc > 2 ? argv[2] : NULL,
        .key_file = argc > 3 ? argv[3] : NULL,
    };
    struct ww_error err = { 0 };
    struct ww_endpoint at;
    struct ww_tls *tls = NULL;
    struct pollfd p = { .events = POLLIN };

    if (ww_endpoint_parse(&at, where, WW_SCHEME_TCP, &err) ||
        (at.scheme == WW_SCHEME_TLS && !(tls = ww_tls_new(&own, &err))) ||
        ww_listen(&at, &p.fd, 1, NULL, &err) < 0)
        return fprintf(stderr, "lesson_server: %s\n", err.text), (int)err.kind;
    while (poll(&p, 1, -1) == 1) {
        int fd = accept4(p.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        struct ww_error end = { 0 };
        struct ww_stream *s = fd < 0 ? NULL : ww_stream_plain(fd, &end);
        struct ww_stream *top =
            s && tls ? ww_stream_tls(tls, s, NULL, &end) : s;
        if (top)
            answer(top, &end);
        printf("%s\n", end.kind ? end.text : "answered");
        ww_stream_free(top ? top : s);
    }
}
