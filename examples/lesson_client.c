/* The lesson's client: sends one sentence and prints the answer.
 *
 *     lesson_client SENTENCE [ENDPOINT [CA-FILE]]
 *
 * With an endpoint like tls://localhost and a CA file it does the same over
 * TLS: only the lines that wrap the stream are new. */

#include <stdio.h>
#include <string.h>
#include <wirewrap/wirewrap.h>

int main(int argc, char **argv)
{
    const char *sentence = argc > 1 ? argv[1] : "hello";
    const int64_t deadline = ww_deadline(10000);
    struct ww_error err = { 0 };
    struct ww_endpoint to;
    struct ww_stream *s = NULL;
    struct ww_tls *tls = NULL;
    char answer[1024];
    size_t got = 0;

    if (ww_endpoint_parse(&to, argc > 2 ? argv[2] : "", WW_SCHEME_TCP, &err))
        goto out;
    int fd = ww_dial(&to, deadline, NULL, &err);
    if (fd < 0 || !(s = ww_stream_plain(fd, &err)))
        goto out;

    if (to.scheme == WW_SCHEME_TLS) {
        const struct ww_tls_settings trust = {
            .role = WW_TLS_CLIENT,
            .ca_file = argc > 3 ? argv[3] : NULL,
        };
        struct ww_stream *wrapped = NULL;
        if (!(tls = ww_tls_new(&trust, &err)) ||
            !(wrapped = ww_stream_tls(tls, s, to.host, &err)))
            goto out;
        s = wrapped;
    }

    if (ww_handshake_by(s, deadline, &err) != WW_IO_DONE ||
        ww_write_by(s, sentence, strlen(sentence), deadline, &err) ||
        ww_finish_by(s, deadline, &err) != WW_IO_DONE)
        goto out;
    printf("From Server: ");
    while (!ww_read_by(s, answer, sizeof answer, &got, deadline, &err))
        fwrite(answer, 1, got, stdout);
    printf("\n");

out:
    if (err.kind != WW_ERR_NONE)
        fprintf(stderr, "lesson_client: %s\n", err.text);
    ww_stream_free(s);
    ww_tls_free(tls);
    return (int)err.kind;
}
