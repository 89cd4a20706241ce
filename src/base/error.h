#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>

#include "wirewrap/error.h"

/* Records a failure and returns -1, so that callers can write
 * `return error_set(err, ...);`.  The first cause wins.  `err` may be NULL. */
WW_PRINTF(3, 4)
int error_set(struct ww_error *err, enum ww_err kind, const char *fmt, ...);

/* Same, for a failed system call: takes errno as it stands on entry and
 * appends its text. */
WW_PRINTF(3, 4)
int error_sys(struct ww_error *err, enum ww_err kind, const char *fmt, ...);

/* Same, for a deadline that passed during `phase`. */
WW_PRINTF(3, 4)
int error_timeout(struct ww_error *err, enum ww_phase phase, const char *fmt,
                  ...);

/* Adds what to try to the error just recorded, unless it has a hint. */
WW_PRINTF(2, 3)
void error_hint(struct ww_error *err, const char *fmt, ...);

/* Puts "context: " in front of the text. */
WW_PRINTF(2, 3)
void error_prefix(struct ww_error *err, const char *fmt, ...);

/* The word for a phase ("connect", ...); "" for WW_PHASE_NONE. */
const char *phase_name(enum ww_phase phase);

/* Formats a remark and hands it on, if anybody listens. */
WW_PRINTF(2, 3)
void notify_say(const struct ww_notify *notify, const char *fmt, ...);

#endif
