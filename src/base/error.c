#include "base/error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const char *const end_names[] = {
    [WW_END_CLEAN]     = "clean",
    [WW_END_TRUNCATED] = "truncated",
    [WW_END_RESET]     = "reset",
    [WW_END_TIMEOUT]   = "timeout",
    [WW_END_REFUSED]   = "refused",
    [WW_END_ABORTED]   = "aborted",
};

static const char *const phase_names[] = {
    [WW_PHASE_NONE]      = "",
    [WW_PHASE_RESOLVE]   = "resolve",
    [WW_PHASE_CONNECT]   = "connect",
    [WW_PHASE_HANDSHAKE] = "handshake",
    [WW_PHASE_IDLE]      = "idle",
    [WW_PHASE_WRITE]     = "write",
    [WW_PHASE_TOTAL]     = "total",
};
/* clang-format on */

/* Writes the text of a fresh error; false if there is nowhere to write, or a
 * first cause already. */
WW_PRINTF(3, 0)
static bool fill(struct ww_error *err, enum ww_err kind, const char *fmt,
                 va_list args)
{
    if (!err || err->kind != WW_ERR_NONE)
        return false;
    err->kind = kind;
    vsnprintf(err->text, sizeof err->text, fmt, args);
    return true;
}

int error_set(struct ww_error *err, enum ww_err kind, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fill(err, kind, fmt, args);
    va_end(args);
    return -1;
}

int error_sys(struct ww_error *err, enum ww_err kind, const char *fmt, ...)
{
    int saved = errno;
    va_list args;
    va_start(args, fmt);
    bool fresh = fill(err, kind, fmt, args);
    va_end(args);
    if (fresh) {
        size_t used = strlen(err->text);
        err->os_errno = saved;
        snprintf(err->text + used, sizeof err->text - used, ": %s",
                 strerror(saved));
    }
    return -1;
}

int error_timeout(struct ww_error *err, enum ww_phase phase, const char *fmt,
                  ...)
{
    va_list args;
    va_start(args, fmt);
    if (fill(err, WW_ERR_TIMEOUT, fmt, args))
        err->phase = phase;
    va_end(args);
    return -1;
}

void error_hint(struct ww_error *err, const char *fmt, ...)
{
    if (!err || err->hint[0])
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->hint, sizeof err->hint, fmt, args);
    va_end(args);
}

void error_prefix(struct ww_error *err, const char *fmt, ...)
{
    if (!err)
        return;

    char head[sizeof err->text / 2];
    va_list args;
    va_start(args, fmt);
    vsnprintf(head, sizeof head - 2, fmt, args);
    va_end(args);
    size_t len = strlen(head);
    head[len++] = ':';
    head[len++] = ' ';

    size_t keep = strlen(err->text);
    if (keep > sizeof err->text - 1 - len)
        keep = sizeof err->text - 1 - len;
    memmove(err->text + len, err->text, keep);
    memcpy(err->text, head, len);
    err->text[len + keep] = '\0';
}

enum ww_end ww_error_end(const struct ww_error *err)
{
    if (!err)
        return WW_END_CLEAN;
    switch (err->kind) {
    case WW_ERR_NONE:
        return WW_END_CLEAN;
    case WW_ERR_TLS:
    case WW_ERR_CERT:
        return WW_END_REFUSED;
    case WW_ERR_RESET:
        return WW_END_RESET;
    case WW_ERR_TRUNCATED:
        return WW_END_TRUNCATED;
    case WW_ERR_TIMEOUT:
        return WW_END_TIMEOUT;
    case WW_ERR_FAILED:
    case WW_ERR_USAGE:
    case WW_ERR_FILE:
    case WW_ERR_CONNECT:
    case WW_ERR_LOCAL:
        break;
    }
    return WW_END_ABORTED;
}

const char *ww_end_name(enum ww_end end)
{
    return end_names[end];
}

const char *phase_name(enum ww_phase phase)
{
    return phase_names[phase];
}

void notify_say(const struct ww_notify *notify, const char *fmt, ...)
{
    if (!notify || !notify->say)
        return;

    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    notify->say(notify->arg, text);
}
