#ifndef WIREWRAP_ERROR_H
#define WIREWRAP_ERROR_H

/* Errors and endings.
 *
 * Every call of the library that can fail takes a `struct ww_error *` as its
 * last parameter and fills it once: the first cause wins, a value that already
 * holds an error is left alone.  The library never prints and never exits. */

#define WW_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define WW_MUST_CHECK        __attribute__((warn_unused_result))
#define WW_API               __attribute__((visibility("default")))

/* What went wrong, as far as a caller has to act on it.  The numbers are the
 * exit statuses of our programs and never change. */
enum ww_err {
    WW_ERR_NONE = 0,
    WW_ERR_FAILED = 1,    /* anything that has no category of its own */
    WW_ERR_USAGE = 2,     /* the caller or the command line is at fault */
    WW_ERR_FILE = 3,      /* a certificate, key or CA file does not serve */
    WW_ERR_CONNECT = 4,   /* name not resolved, or no TCP connection */
    WW_ERR_TLS = 5,       /* the TLS handshake or a record was refused */
    WW_ERR_CERT = 6,      /* the peer did not prove who it is */
    WW_ERR_RESET = 7,     /* the connection was lost */
    WW_ERR_TRUNCATED = 8, /* the stream ended without close_notify */
    WW_ERR_TIMEOUT = 9,   /* the deadline passed first; `phase` says which */
    WW_ERR_LOCAL = 10,    /* address in use, no permission, no descriptors, no
                             memory */
};

/* What a deadline was for. */
enum ww_phase {
    WW_PHASE_NONE,
    WW_PHASE_RESOLVE,
    WW_PHASE_CONNECT,
    WW_PHASE_HANDSHAKE,
    WW_PHASE_IDLE,
    WW_PHASE_WRITE,
    WW_PHASE_TOTAL,
};

/* An error value.  Plain data: copy it freely, nothing to release.  Every
 * caller brings its own, zeroed; it belongs to one thread at a time. */
struct ww_error {
    enum ww_err kind;
    enum ww_phase phase; /* WW_PHASE_NONE unless kind is WW_ERR_TIMEOUT */
    int os_errno;        /* 0 unless a system call was the cause */
    char text[400];      /* one line: object, colon, cause; never a secret */
    char hint[240];      /* what to try, or empty */
};

/* How a connection ended: the same words in log, API and exit status. */
enum ww_end {
    WW_END_CLEAN,     /* in order: the peer said goodbye, or left after ours */
    WW_END_TRUNCATED, /* TLS ended without close_notify */
    WW_END_RESET,     /* the connection was lost */
    WW_END_TIMEOUT,   /* a deadline passed */
    WW_END_REFUSED,   /* TLS or the certificate was not accepted */
    WW_END_ABORTED,   /* given up by this side */
};

/* Tells which ending an error means; NULL or no error is a clean one. */
WW_API
enum ww_end ww_error_end(const struct ww_error *err);

/* The word for an ending ("clean", "truncated", ...). */
WW_API
const char *ww_end_name(enum ww_end end);

/* Where a library call puts remarks that are no errors: an address family
 * that was skipped, a certificate that is about to expire.  `say` gets one
 * line without newline, valid during the call, in the caller's thread. */
struct ww_notify {
    void (*say)(void *arg, const char *text);
    void *arg;
};

#endif
