#include "client/client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "client/pump.h"
#include "client/summary.h"

/* How long our goodbye may take when the conversation is over. */
#define GOODBYE_MS 1000

#define TLS_ALERT_LEN 7 /* a record's head and the two bytes of an alert */

/* One connection and what is told about it. */
struct client {
    const struct client_config *config;
    char where[WW_ENDPOINT_TEXT];
    struct ww_stream *stream;
    int64_t begun_us;
    struct signals signals;
    struct pump pump;
};

static void say_attempt(void *arg, const char *text)
{
    (void)arg;
    summary_say("%s", text);
}

/* ---- connecting ---- */

/* Puts the stream of the configured kind on a connected socket, taking it. */
static struct ww_stream *wrap(const struct client_config *config, int fd,
                              struct ww_error *err)
{
    const char *name =
        config->servername ? config->servername : config->endpoint.host;
    struct ww_stream *plain = ww_stream_plain(fd, err);

    if (!plain) {
        close(fd);
        return NULL;
    }
    if (!config->tls)
        return plain;
    struct ww_stream *wrapped = ww_stream_tls(config->tls, plain, name, err);
    if (!wrapped)
        ww_stream_free(plain);
    return wrapped;
}

static int client_connect(struct client *c, struct ww_error *err)
{
    const struct client_config *config = c->config;
    const struct ww_notify notify = { .say = say_attempt };
    int fd = ww_dial(&config->endpoint, ww_deadline(config->connect_timeout_ms),
                     config->verbose ? &notify : NULL, err);

    if (fd < 0)
        return -1;
    c->stream = wrap(config, fd, err);
    return c->stream ? 0 : -1;
}

/* Tells a server that waits for us to speak first, as plain ones do, from one
 * that is merely slow. */
static void explain_timeout(const struct client *c, struct ww_error *err)
{
    const struct ww_endpoint *to = &c->config->endpoint;
    struct ww_endpoint plain = { .scheme = WW_SCHEME_TCP, .port = to->port };
    struct ww_stream_info info;
    char text[WW_ENDPOINT_TEXT];

    if (err->kind != WW_ERR_TIMEOUT)
        return;
    ww_stream_info(c->stream, &info);
    *err = (struct ww_error){ 0 };
    if (info.wire_in > 0) {
        error_timeout(err, WW_PHASE_HANDSHAKE,
                      "TLS handshake: not done within %.6g s (%" PRIu64
                      " bytes received)",
                      (double)c->config->handshake_timeout_ms / 1e3,
                      info.wire_in);
        return;
    }
    error_timeout(err, WW_PHASE_HANDSHAKE,
                  "TLS handshake: the server accepted the connection but sent "
                  "nothing for %.6g s",
                  (double)c->config->handshake_timeout_ms / 1e3);
    memcpy(plain.host, to->host, sizeof plain.host);
    error_hint(err, "is it a plain server? try %s",
               ww_endpoint_format(&plain, text, sizeof text));
}

static int client_handshake(struct client *c, struct ww_error *err)
{
    const struct client_config *config = c->config;
    int64_t begun_us = clock_us();

    if (ww_handshake_by(c->stream, ww_deadline(config->handshake_timeout_ms),
                        err) != WW_IO_DONE) {
        explain_timeout(c, err);
        error_prefix(err, "%s", c->where);
        return -1;
    }
    if (config->tls && config->insecure)
        summary_say("warning: %s: certificate not verified (--insecure)",
                    c->where);
    if (config->verbose)
        summary_handshake(c->stream, config->insecure, clock_us() - begun_us);
    return 0;
}

/* ---- the conversation ---- */

/* Sends our end if that has not happened and can; the conversation is over,
 * and its result does not depend on it. */
static void say_goodbye(const struct client *c)
{
    struct ww_error ignored = { 0 };

    if (pump_may_finish(&c->pump) &&
        ww_finish_by(c->stream, ww_deadline(GOODBYE_MS), &ignored) !=
            WW_IO_DONE)
        return;
}

/* Names the endpoint in an error of the connection's (one of standard input
 * or output is none), and what had come before it. */
static void locate(const struct client *c, struct ww_error *err)
{
    if (err->kind == WW_ERR_FAILED)
        return;
    error_prefix(err, "%s", c->where);
    size_t used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used,
             "; %" PRIu64 " bytes received so far", c->pump.received);
}

/* True if a plain conversation was answered by a TLS alert: a record of type
 * 21, major version 3, two bytes long (RFC 8446 sections 5.1 and 6). */
static bool is_answer_alert(const struct client *c)
{
    const unsigned char *head = c->pump.head;

    return !c->config->tls && c->pump.received >= sizeof c->pump.head &&
           head[0] == 21 && head[1] == 3 && head[3] == 0 && head[4] == 2;
}

/* The answer is the answer and stays what it was; but whoever forgot that the
 * server speaks TLS wants to know what these bytes are. */
static void explain_alert(const struct client *c, struct ww_error *err)
{
    struct ww_endpoint wrapped = c->config->endpoint;
    char text[WW_ENDPOINT_TEXT];

    if (!is_answer_alert(c))
        return;
    wrapped.scheme = WW_SCHEME_TLS;
    ww_endpoint_format(&wrapped, text, sizeof text);
    /* Nothing but an alert is a refusal, however orderly the end after it. */
    if (c->pump.received == TLS_ALERT_LEN)
        error_set(err, WW_ERR_TLS, "the server answered with a TLS alert");
    if (err->kind != WW_ERR_NONE)
        error_hint(err, "does the server speak TLS? try %s", text);
    else
        summary_say("%s: the answer begins like a TLS alert: does the server "
                    "speak TLS? try %s",
                    c->where, text);
}

/* A reader that has had enough is no failure of ours: as quiet an end as
 * SIGPIPE's own, and the same status. */
static bool is_reader_gone(const struct ww_error *err)
{
    return err->kind == WW_ERR_FAILED && err->os_errno == EPIPE;
}

/* Sets up everything but the stream's own part. */
static void prepare(struct client *c)
{
    struct pump *p = &c->pump;

    p->stream = c->stream;
    p->signals = &c->signals;
    p->interactive = !c->config->message && terminal_is_there();
    p->idle_always = c->config->idle_always;
    p->idle_timeout_ms = c->config->idle_timeout_ms;
    input_init(&p->in, c->config->message);
    output_init(&p->out);
    terminal_init(&p->terminal);
}

/* Returns the exit status. */
static int client_converse(struct client *c, struct ww_error *err)
{
    const struct pump *p = &c->pump;

    prepare(c);
    signals_hold(&c->signals);
    int result = pump_run(&c->pump, err);
    signals_release(&c->signals);
    if (p->signal && p->interactive)
        dprintf(STDOUT_FILENO, "\n"); /* behind the prompt, or a ^C */
    say_goodbye(c);

    if (p->signal || is_reader_gone(err)) {
        *err = (struct ww_error){ 0 };
        return 128 + (p->signal ? p->signal : SIGPIPE);
    }
    explain_alert(c, err);
    /* What was typed for the server is not for the shell that comes next. */
    if (p->interactive && !p->in.ended)
        tcflush(STDIN_FILENO, TCIFLUSH);
    if (result < 0 || err->kind != WW_ERR_NONE) {
        locate(c, err);
        return (int)err->kind;
    }
    if (!p->in.ended && (p->interactive || c->config->verbose))
        summary_say("the server ended the conversation");
    return 0;
}

int client_run(const struct client_config *config, struct ww_error *err)
{
    struct client c = { .config = config };
    int64_t begun_us = clock_us();

    ww_endpoint_format(&config->endpoint, c.where, sizeof c.where);
    signals_init(&c.signals);
    if (client_connect(&c, err) < 0)
        return (int)err->kind;

    int status = client_handshake(&c, err) < 0 ? (int)err->kind
                                               : client_converse(&c, err);
    if (config->verbose)
        summary_end(c.stream, &c.pump,
                    status > 128 ? WW_END_ABORTED : ww_error_end(err),
                    clock_us() - begun_us);
    ww_stream_free(c.stream);
    return status;
}
