#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "server/conn.h"

/* The line per connection: key=value, peer first, ending last. */

static const char *print_peer(const struct conn *c, char *buf, size_t cap)
{
    const struct sockaddr_in6 *v6 = &c->peer;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&c->peer;
    char host[INET6_ADDRSTRLEN];

    if (v6->sin6_family == AF_INET6) {
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(buf, cap, "[%s]:%u", host, ntohs(v6->sin6_port));
    } else {
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(buf, cap, "%s:%u", host, ntohs(v4->sin_port));
    }
    return buf;
}

/* What the TLS handshake has agreed on; nothing for a plain connection. */
static const char *print_tls(const struct conn *c,
                             const struct ww_stream_info *info, char *buf,
                             size_t cap)
{
    buf[0] = '\0';
    if (info->version)
        snprintf(buf, cap,
                 " version=%s suite=%s group=%s session=%s handshake-ms=%.3f",
                 info->version, info->suite, info->group ? info->group : "-",
                 info->resumed ? "resumed" : "full",
                 (double)(c->shaken_us - c->began_us) / 1000);
    return buf;
}

/* Says whether anybody was there at all: port scanners are not. */
static bool is_noise(const struct conn *c, const struct ww_stream_info *info)
{
    return info->wire_in == 0 && c->end != WW_END_TIMEOUT;
}

void conn_log(struct conn *c, const struct ww_stream_info *info)
{
    struct log *log = &c->worker->log;
    enum log_level level = is_noise(c, info) ? LOG_DEBUG : LOG_INFO;
    char peer[INET6_ADDRSTRLEN + 8];
    char on[WW_ENDPOINT_TEXT];
    char tls[200];
    char why[WW_ENDPOINT_TEXT * 2] = "";

    if (level > log->level)
        return;
    if (c->phase != WW_PHASE_NONE)
        snprintf(why, sizeof why, " phase=%s",
                 phase_name((enum ww_phase)c->phase));
    size_t used = strlen(why);
    if (c->why)
        snprintf(why + used, sizeof why - used, " reason=\"%s\"", c->why);

    log_line(log, level,
             "peer=%s on=%s%s app-in=%llu app-out=%llu wire-in=%llu "
             "wire-out=%llu total-ms=%.3f end=%s%s",
             print_peer(c, peer, sizeof peer),
             ww_endpoint_format(&c->listener->endpoint, on, sizeof on),
             print_tls(c, info, tls, sizeof tls), (unsigned long long)c->in,
             (unsigned long long)c->out, (unsigned long long)info->wire_in,
             (unsigned long long)info->wire_out,
             (double)(clock_us() - c->began_us) / 1000,
             ww_end_name((enum ww_end)c->end), why);
}
