#include "server/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 1400

static const char *const names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

void log_init(struct log *log, enum log_level level)
{
    log->level = level;
    log->dropped = 0;
    log->len = 0;
}

/* "2026-11-22T17:04:14.123Z info  " */
static size_t print_head(char *buf, size_t cap, enum log_level level)
{
    struct timespec now;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    size_t len = strftime(buf, cap, "%Y-%m-%dT%H:%M:%S", &tm);
    return len + (size_t)snprintf(buf + len, cap - len, ".%03ldZ %-5s ",
                                  now.tv_nsec / 1000000, names[level]);
}

void log_line(struct log *log, enum log_level level, const char *fmt, ...)
{
    char line[LINE_MAX_LEN];

    if (level > log->level)
        return;
    size_t len = print_head(line, sizeof line, level);
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line + len, sizeof line - len - 1, fmt, args);
    va_end(args);
    if (n > 0)
        len = strlen(line);
    line[len++] = '\n';

    if (log->len + len > sizeof log->lines)
        log_flush(log);
    memcpy(log->lines + log->len, line, len);
    log->len += len;
}

/* True if standard error takes a buffer's worth without making us wait. */
static bool takes_lines(void)
{
    struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

    return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

static void tell_dropped(struct log *log)
{
    char line[120];

    size_t len = print_head(line, sizeof line, LOG_WARN);
    len += (size_t)snprintf(line + len, sizeof line - len,
                            "log: %lu lines lost, standard error was blocked\n",
                            log->dropped);
    if (write(STDERR_FILENO, line, len) == (ssize_t)len)
        log->dropped = 0;
}

/* Forgets the lines, but not how many they were. */
static void drop(struct log *log)
{
    for (size_t i = 0; i < log->len; i++)
        log->dropped += log->lines[i] == '\n';
    log->len = 0;
}

void log_flush(struct log *log)
{
    ssize_t n;

    if (log->len == 0)
        return;
    if (log->dropped && takes_lines())
        tell_dropped(log);
    if (!takes_lines()) {
        drop(log);
        return;
    }
    do {
        n = write(STDERR_FILENO, log->lines, log->len);
    } while (n < 0 && errno == EINTR);
    log->len = 0;
}
