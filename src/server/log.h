#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "wirewrap/error.h"

/* The log: lines to standard error, each with time and level.  A worker
 * gathers its lines and writes them out whole before it sleeps.  A reader that
 * stalls costs lines (which are counted and told), never the server. */

enum log_level {
    LOG_ERROR,
    LOG_WARN,
    LOG_INFO,
    LOG_DEBUG,
};

/* The level of that name, which is one of error, warn, info and debug. */
enum log_level log_level_find(const char *name);

struct log {
    enum log_level level;
    unsigned long dropped; /* lines that found standard error blocked */
    size_t len;
    char lines[4096]; /* PIPE_BUF: what a pipe takes whole, without blocking */
};

/* Looks at what standard error is.  Once, before any thread logs. */
void log_open(void);

void log_init(struct log *log, enum log_level level);

/* Adds a line, if its level is wanted. */
WW_PRINTF(3, 4)
void log_line(struct log *log, enum log_level level, const char *fmt, ...);

/* Writes out what has been gathered. */
void log_flush(struct log *log);

#endif
