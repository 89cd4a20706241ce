#include "client/summary.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* In one call of stdio's, so that lines of several programs on one terminal
 * do not mix. */
void summary_say(const char *fmt, ...)
{
    char text[600];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    fprintf(stderr, "wirewrap: %s\n", text);
}

static const char *or_unknown(const char *text)
{
    return text ? text : "unknown";
}

void summary_handshake(const struct ww_stream *s, bool insecure,
                       int64_t time_us)
{
    struct ww_stream_info info;

    ww_stream_info(s, &info);
    if (!info.version)
        return;
    summary_say("%s, %s, group %s, %s handshake in %.1f ms", info.version,
                or_unknown(info.suite), or_unknown(info.group),
                info.resumed ? "resumed" : "full", (double)time_us / 1e3);
    if (insecure || !info.identity)
        summary_say("NOT verified: it may be anybody");
    else
        summary_say("verified as %s", info.identity);
}

void summary_end(const struct ww_stream *s, const struct pump *p,
                 enum ww_end end, int64_t time_us)
{
    struct ww_stream_info info;

    ww_stream_info(s, &info);
    summary_say("sent %" PRIu64 " bytes, received %" PRIu64
                " (on the wire: %" PRIu64 ", %" PRIu64 ")",
                p->sent, p->received, info.wire_out, info.wire_in);
    summary_say("ended: %s, after %.1f ms", ww_end_name(end),
                (double)time_us / 1e3);
}
