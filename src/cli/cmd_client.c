#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/cmd.h"
#include "cli/operands.h"
#include "cli/opt.h"
#include "client/client.h"
#include "wirewrap/tls.h"

#define CONNECT_TIMEOUT_MS   10000
#define HANDSHAKE_TIMEOUT_MS 10000
#define IDLE_TIMEOUT_MS      60000

/* The longest name that DNS knows, with a final dot (RFC 1035 section 3.1):
 * to verify a part of what was given would be to verify another name. */
#define NAME_MOST 254

/* The command line as it was given. */
struct client_options {
    bool tls;
    const char *ca;
    const char *crl;
    const char *servername;
    bool insecure;
    int64_t timeout_ms; /* 0: not given */
    const char *message;
    bool verbose;
    bool help;
    bool version;
};

#define FIELD(name) offsetof(struct client_options, name)

/* clang-format off */
static const struct opt options[] = {
    { 0, "tls", OPT_FLAG, FIELD(tls), NULL,
      "wrap the connection in TLS, as tls:// does", 0, 0 },
    { 0, "ca", OPT_TEXT, FIELD(ca), "FILE",
      "whom to trust (PEM), in place of the system's authorities", 0, 0 },
    { 0, "crl", OPT_TEXT, FIELD(crl), "FILE",
      "refuse what these lists revoke (PEM; one for every issuer)", 0, 0 },
    { 0, "servername", OPT_TEXT, FIELD(servername), "NAME",
      "name to send and to verify, in place of the endpoint's host", 0, 0 },
    { 0, "insecure", OPT_FLAG, FIELD(insecure), NULL,
      "accept any certificate from anybody (for experiments only)", 0, 0 },
    { 0, "timeout", OPT_SECONDS, FIELD(timeout_ms), "SECONDS",
      "limit for each of: resolve and connect (else 10), TLS handshake "
      "(else 10), silence (else 60, and only while the server is to act)",
      1, 86400000 },
    { 'm', "message", OPT_TEXT, FIELD(message), "TEXT",
      "send TEXT and a newline in place of standard input", 0, 0 },
    { 'v', "verbose", OPT_FLAG, FIELD(verbose), NULL,
      "tell on standard error how it went", 0, 0 },
    { 'h', "help", OPT_FLAG, FIELD(help), NULL, "show this text", 0, 0 },
    { 0, "version", OPT_FLAG, FIELD(version), NULL, "show the version", 0, 0 },
    { 0 },
};
/* clang-format on */

static const char about[] =
    "Usage: wirewrap client [OPTION]... [ENDPOINT]\n"
    "       wirewrap client [OPTION]... HOST PORT\n"
    "\n"
    "Sends standard input to a server and prints its answers.  At a terminal\n"
    "it asks for a sentence, shows the answer, and asks again until Ctrl-D.\n"
    "\n"
    "ENDPOINT is [SCHEME://][HOST][:PORT].  SCHEME is tcp (plain) or tls; "
    "HOST\n"
    "a name, an IPv4 address or an IPv6 address in brackets.  What is left "
    "out\n"
    "is tcp (tls with --tls), localhost, and port 12000 (12443 for tls).\n"
    "\n"
    "Options:\n";

static const char statuses[] =
    "\n"
    "Exit status:\n"
    "   0  fine\n"
    "   1  any other failure\n"
    "   2  usage\n"
    "   3  a CA or CRL file is missing, unreadable or does not fit\n"
    "   4  name not resolved, or TCP connection not made\n"
    "   5  TLS handshake failed\n"
    "   6  the server's certificate was not accepted; nothing was sent to it\n"
    "   7  connection lost\n"
    "   8  stream truncated (TLS ended without close_notify)\n"
    "   9  time-out\n"
    "  10  local resource (too many open files, ...)\n"
    "  128 and the number of the signal that ended it; 141 when whoever read\n"
    "  standard output has gone\n"
    "\n"
    "Examples:\n"
    "  wirewrap client\n"
    "  wirewrap client --ca certs/ca.pem -m 'hello' tls://localhost\n";

static int show_help(void)
{
    fputs(about, stdout);
    opt_help(options, stdout);
    fputs(statuses, stdout);
    return 0;
}

/* ---- what must not be ---- */

/* What an endpoint may be for a server only. */
static int check_endpoint(const struct ww_endpoint *endpoint,
                          struct ww_error *err)
{
    const char *why = NULL;
    char text[WW_ENDPOINT_TEXT];

    if (endpoint->scheme == WW_SCHEME_AUTO)
        why = "auto is for servers; a client says tcp:// or tls://";
    else if (strcmp(endpoint->host, "*") == 0)
        why = "* is for servers; a client names one host";
    else if (endpoint->port == 0)
        why = "port 0 is for servers; a client needs the real one";
    if (!why)
        return 0;
    return error_set(err, WW_ERR_USAGE, "%s: %s",
                     ww_endpoint_format(endpoint, text, sizeof text), why);
}

/* Refuses options that would silently mean less security than they say. */
static int check_plain(const struct client_options *o, struct ww_error *err)
{
    const char *name = o->ca           ? "ca"
                       : o->crl        ? "crl"
                       : o->servername ? "servername"
                       : o->insecure   ? "insecure"
                                       : NULL;

    if (o->tls)
        return error_set(err, WW_ERR_USAGE,
                         "--tls: contradicts the endpoint, which says tcp://");
    if (!name)
        return 0;
    error_set(err, WW_ERR_USAGE, "--%s: only for TLS", name);
    error_hint(err, "use tls://... or --tls");
    return -1;
}

static int check_tls(const struct client_options *o, struct ww_error *err)
{
    if (o->insecure && (o->ca || o->crl))
        return error_set(err, WW_ERR_USAGE,
                         "--insecure and --%s contradict: one accepts anybody, "
                         "the other says whom to accept",
                         o->ca ? "ca" : "crl");
    if (o->servername && !*o->servername)
        return error_set(err, WW_ERR_USAGE, "--servername: is empty");
    if (o->servername && strlen(o->servername) > NAME_MOST)
        return error_set(err, WW_ERR_USAGE,
                         "--servername: is longer than %d characters",
                         NAME_MOST);
    return 0;
}

/* ---- the command ---- */

static void say_warning(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "wirewrap: warning: %s\n", text);
}

static struct ww_tls *build_tls(const struct client_options *o,
                                struct ww_error *err)
{
    const struct ww_tls_settings settings = {
        .role = WW_TLS_CLIENT,
        .ca_file = o->ca,
        .crl_file = o->crl,
        .insecure_no_verify = o->insecure,
        .notify = { .say = say_warning },
    };

    return ww_tls_new(&settings, err);
}

/* Everything is checked before anything is opened. */
static int configure(struct client_config *config,
                     const struct client_options *o, struct ww_error *err)
{
    bool is_tls = config->endpoint.scheme == WW_SCHEME_TLS;

    if (check_endpoint(&config->endpoint, err) < 0 ||
        (is_tls ? check_tls(o, err) : check_plain(o, err)) < 0)
        return -1;

    config->servername = o->servername;
    config->message = o->message;
    config->insecure = o->insecure;
    config->verbose = o->verbose;
    config->connect_timeout_ms = CONNECT_TIMEOUT_MS;
    config->handshake_timeout_ms = HANDSHAKE_TIMEOUT_MS;
    config->idle_timeout_ms = IDLE_TIMEOUT_MS;
    if (o->timeout_ms) {
        config->connect_timeout_ms = o->timeout_ms;
        config->handshake_timeout_ms = o->timeout_ms;
        config->idle_timeout_ms = o->timeout_ms;
        config->idle_always = true;
    }
    if (is_tls)
        config->tls = build_tls(o, err);
    return is_tls && !config->tls ? -1 : 0;
}

int cmd_client(int argc, char **argv, struct ww_error *err)
{
    struct client_options o = { 0 };
    struct client_config config = { 0 };

    int first = opt_parse(options, &o, argc, argv, err);
    if (first < 0)
        return (int)err->kind;
    if (o.help)
        return show_help();
    if (o.version)
        return cmd_version(1, argv, err);

    if (operands_parse(&config.endpoint, 1, argc - first, argv + first,
                       o.tls ? WW_SCHEME_TLS : WW_SCHEME_TCP, err) < 0 ||
        configure(&config, &o, err) < 0)
        return (int)err->kind;

    int status = client_run(&config, err);
    ww_tls_free(config.tls);
    return status;
}
