#include "server/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 1400

static const char *const names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

/* How to write to standard error so that it never makes us wait. */
enum sink {
    SINK_ASK,    /* ask whether there is room, and then write */
    SINK_SOCKET, /* say it with each send */
    SINK_OWN,    /* through sink_fd, which does not block */
};

static enum sink sink = SINK_ASK;
static int sink_fd = STDERR_FILENO;

void log_open(void)
{
    struct stat st;

    if (fstat(STDERR_FILENO, &st) < 0)
        return;
    if (S_ISSOCK(st.st_mode))
        sink = SINK_SOCKET;
    if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
        return;
    /* There may be room, but not for all of it, as in a terminal that nobody
     * reads.  O_NONBLOCK on standard error itself would hold for everybody
     * who shares it, like the shell that started us. */
    int fd =
        open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return;
    sink = SINK_OWN;
    sink_fd = fd;
}

enum log_level log_level_find(const char *name)
{
    int level = LOG_ERROR;

    while (level < LOG_DEBUG && strcmp(names[level], name) != 0)
        level++;
    return (enum log_level)level;
}

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

/* One thread at a time: between the other's question and its write, ours would
 * take the room that it was told of. */
static ssize_t ask_and_write(const char *data, size_t len)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    ssize_t n = -1;

    pthread_mutex_lock(&lock);
    if (takes_lines())
        n = write(STDERR_FILENO, data, len);
    else
        errno = EAGAIN;
    pthread_mutex_unlock(&lock);
    return n;
}

/* Writes without waiting; returns how much standard error took.  Where nobody
 * is there to read, nobody misses a line. */
static size_t put(const char *data, size_t len)
{
    ssize_t n;

    do {
        if (sink == SINK_ASK)
            n = ask_and_write(data, len);
        else if (sink == SINK_SOCKET)
            n = send(STDERR_FILENO, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        else
            n = write(sink_fd, data, len);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : len;
    return (size_t)n;
}

/* False if standard error is still blocked. */
static bool tell_dropped(struct log *log)
{
    char line[120];

    size_t len = print_head(line, sizeof line, LOG_WARN);
    len += (size_t)snprintf(line + len, sizeof line - len,
                            "log: %lu lines lost, standard error was blocked\n",
                            log->dropped);
    if (put(line, len) < len)
        return false;
    log->dropped = 0;
    return true;
}

void log_flush(struct log *log)
{
    size_t done = 0;

    if (log->len == 0)
        return;
    if (!log->dropped || tell_dropped(log))
        done = put(log->lines, log->len);
    for (; done < log->len; done++)
        log->dropped += log->lines[done] == '\n';
    log->len = 0;
}
