#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/cmd.h"
#include "cli/operands.h"
#include "cli/opt.h"
#include "cli/passphrase.h"
#include "server/server.h"

#define ENDPOINTS_MAX 32

/* The command line as it was given. */
struct server_options {
    bool tls;
    struct opt_list cert;
    struct opt_list key;
    const char *service;
    bool once;
    unsigned workers; /* 0: one for each processor */
    unsigned max_connections;
    int64_t handshake_timeout_ms;
    int64_t idle_timeout_ms;
    int64_t write_timeout_ms;
    int64_t drain_timeout_ms;
    const char *log_level;
    bool help;
    bool version;
};

#define FIELD(name) offsetof(struct server_options, name)
#define DAY_MS      86400000

/* clang-format off */
static const struct opt options[] = {
    { 0, "tls", OPT_FLAG, FIELD(tls), NULL,
      "wrap endpoints that name no scheme in TLS", 0, 0 },
    { 0, "cert", OPT_LIST, FIELD(cert), "FILE",
      "certificate of the server, then its intermediates (PEM)", 0, 0 },
    { 0, "key", OPT_LIST, FIELD(key), "FILE",
      "private key of the certificate (PEM)", 0, 0 },
    { 0, "service", OPT_CHOICE, FIELD(service), "upper|echo|discard",
      "what to do to the bytes (default upper)", 0, 0 },
    { 0, "once", OPT_FLAG, FIELD(once), NULL,
      "answer each client once, then close, as the lesson's server does", 0, 0 },
    { 0, "workers", OPT_NUMBER, FIELD(workers), "N",
      "threads that serve (default: one for each processor)", 1, 256 },
    { 0, "max-connections", OPT_NUMBER, FIELD(max_connections), "N",
      "most connections at a time; more are closed at once (default: no limit "
      "but that of descriptors, at which new ones wait)", 1, 10000000 },
    { 0, "handshake-timeout", OPT_SECONDS, FIELD(handshake_timeout_ms),
      "SECONDS", "limit for the whole TLS handshake (default 10)", 1, DAY_MS },
    { 0, "idle-timeout", OPT_SECONDS, FIELD(idle_timeout_ms), "SECONDS",
      "end a connection on which nothing moves for so long (default 300)",
      1, DAY_MS },
    { 0, "write-timeout", OPT_SECONDS, FIELD(write_timeout_ms), "SECONDS",
      "end a connection whose client takes less than 16 KiB of what waits for "
      "it in so long (default 120)", 1, DAY_MS },
    { 0, "drain-timeout", OPT_SECONDS, FIELD(drain_timeout_ms), "SECONDS",
      "after SIGTERM, limit for what is under way (default 5)", 1, DAY_MS },
    { 0, "log-level", OPT_CHOICE, FIELD(log_level), "error|warn|info|debug",
      "what to log on standard error (default info: a line for each "
      "connection that sent anything)", 0, 0 },
    { 'h', "help", OPT_FLAG, FIELD(help), NULL, "show this text", 0, 0 },
    { 0, "version", OPT_FLAG, FIELD(version), NULL, "show the version", 0, 0 },
    { 0 },
};
/* clang-format on */

static const char about[] =
    "Usage: wirewrap server [OPTION]... [ENDPOINT]...\n"
    "\n"
    "Answers every byte stream with its upper case, over plain TCP and TLS\n"
    "side by side.  Prints a line for each address it listens on, then\n"
    "\"ready\".\n"
    "\n"
    "ENDPOINT is [SCHEME://][HOST][:PORT].  SCHEME is tcp (plain) or tls; "
    "HOST\n"
    "a name, an IPv4 address, an IPv6 address in brackets, or * for all\n"
    "addresses; PORT 0 lets the kernel choose.  What is left out is tcp (tls\n"
    "with --tls), localhost, and port 12000 (12443 for tls).  HOST PORT as "
    "two\n"
    "words will do too.\n"
    "\n"
    "Options:\n";

static const char rest[] =
    "\n"
    "Signals:\n"
    "  SIGTERM, SIGINT  stop accepting, finish what is under way, end; a "
    "second\n"
    "                   one ends at once\n"
    "  SIGUSR1          log the counters\n"
    "\n"
    "Exit status:\n"
    "   0  fine: stopped by a signal\n"
    "   1  any other failure\n"
    "   2  usage\n"
    "   3  a certificate or key file is missing, unreadable or does not fit\n"
    "   4  the name of an endpoint has no address\n"
    "  10  address in use, no permission, too many open files\n"
    "\n"
    "Examples:\n"
    "  wirewrap server\n"
    "  wirewrap server --cert certs/server.pem --key certs/server.key \\\n"
    "      tcp://localhost tls://localhost\n";

static int show_help(void)
{
    fputs(about, stdout);
    opt_help(options, stdout);
    fputs(rest, stdout);
    return 0;
}

static void say_warning(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "wirewrap: warning: %s\n", text);
}

/* The list is there because the options may repeat one day. */
static const char *cert_of(const struct server_options *o)
{
    return o->cert.count ? o->cert.items[0] : NULL;
}

static const char *key_of(const struct server_options *o)
{
    return o->key.count ? o->key.items[0] : NULL;
}

/* ---- checks, before anything is opened ---- */

static int check_endpoints(const struct ww_endpoint *endpoints, size_t count,
                           struct ww_error *err)
{
    char text[WW_ENDPOINT_TEXT];

    for (size_t i = 0; i < count; i++)
        if (endpoints[i].scheme == WW_SCHEME_AUTO)
            return error_set(
                err, WW_ERR_USAGE,
                "%s: this version does not serve auto; give a "
                "tcp:// and a tls:// endpoint",
                ww_endpoint_format(&endpoints[i], text, sizeof text));
    return 0;
}

static const struct ww_endpoint *first_tls(const struct ww_endpoint *endpoints,
                                           size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (endpoints[i].scheme == WW_SCHEME_TLS)
            return &endpoints[i];
    return NULL;
}

/* Options that speak of TLS and endpoints that do have to go together: a
 * server that was meant to be wrapped must not come up plain. */
static int check_tls(const struct server_options *o,
                     const struct ww_endpoint *tls, struct ww_error *err)
{
    char text[WW_ENDPOINT_TEXT];

    if (o->cert.count > 1 || o->key.count > 1)
        return error_set(err, WW_ERR_USAGE,
                         "--%s: given twice; this version takes one pair",
                         o->cert.count > 1 ? "cert" : "key");
    if (!tls && (o->tls || cert_of(o) || key_of(o))) {
        error_set(err, WW_ERR_USAGE, "--%s: no endpoint is TLS",
                  o->tls       ? "tls"
                  : cert_of(o) ? "cert"
                               : "key");
        error_hint(err, "write tls:// in front of the host");
        return -1;
    }
    if (!tls || (cert_of(o) && key_of(o)))
        return 0;
    if (!cert_of(o) && !key_of(o))
        error_set(err, WW_ERR_USAGE, "%s: TLS needs --cert FILE and --key FILE",
                  ww_endpoint_format(tls, text, sizeof text));
    else
        error_set(err, WW_ERR_USAGE, "--%s: goes with --%s FILE",
                  cert_of(o) ? "cert" : "key", cert_of(o) ? "key" : "cert");
    error_hint(err, "scripts/gen-certs.sh makes certs/server.pem and "
                    "certs/server.key");
    return -1;
}

static unsigned processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > 256 ? 256 : (unsigned)n;
}

static struct ww_tls *make_tls(const struct server_options *o,
                               struct ww_error *err)
{
    const struct ww_tls_settings settings = {
        .role = WW_TLS_SERVER,
        .cert_file = cert_of(o),
        .key_file = key_of(o),
        .notify = { .say = say_warning },
        .ask = { .secret = passphrase_ask },
    };

    return ww_tls_new(&settings, err);
}

static int serve(const struct server_options *o,
                 const struct ww_endpoint *endpoints, size_t count,
                 struct ww_error *err)
{
    struct ww_tls *tls = NULL;

    if (first_tls(endpoints, count) && !(tls = make_tls(o, err)))
        return (int)err->kind;

    const struct server_config config = {
        .endpoints = endpoints,
        .endpoint_count = count,
        .tls = tls,
        .service = service_find(o->service),
        .once = o->once,
        .workers = o->workers ? o->workers : processors(),
        .max_connections = o->max_connections,
        .handshake_timeout_ms = o->handshake_timeout_ms,
        .idle_timeout_ms = o->idle_timeout_ms,
        .write_timeout_ms = o->write_timeout_ms,
        .drain_timeout_ms = o->drain_timeout_ms,
        .log_level = log_level_find(o->log_level),
    };
    int status = server_run(&config, err) < 0 ? (int)err->kind : 0;
    ww_tls_free(tls);
    return status;
}

int cmd_server(int argc, char **argv, struct ww_error *err)
{
    struct ww_endpoint endpoints[ENDPOINTS_MAX];
    struct server_options o = {
        .service = "upper",
        .handshake_timeout_ms = 10000,
        .idle_timeout_ms = 300000,
        .write_timeout_ms = 120000,
        .drain_timeout_ms = 5000,
        .log_level = "info",
    };

    int first = opt_parse(options, &o, argc, argv, err);
    if (first < 0)
        return (int)err->kind;
    if (o.help)
        return show_help();
    if (o.version)
        return cmd_version(1, argv, err);

    int count =
        operands_parse(endpoints, ENDPOINTS_MAX, argc - first, argv + first,
                       o.tls ? WW_SCHEME_TLS : WW_SCHEME_TCP, err);
    if (count < 0 || check_endpoints(endpoints, (size_t)count, err) < 0 ||
        check_tls(&o, first_tls(endpoints, (size_t)count), err) < 0)
        return (int)err->kind;
    return serve(&o, endpoints, (size_t)count, err);
}
