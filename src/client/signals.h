#ifndef CLIENT_SIGNALS_H
#define CLIENT_SIGNALS_H

#include <signal.h>

/* SIGINT, SIGTERM and SIGHUP.  At first they end the program at once, with 128
 * plus the number as its status.  While they are held they only interrupt a
 * ppoll(2) that is given the mask `waiting`, and can be asked for. */
struct signals {
    sigset_t taken;   /* the ones that are ours */
    sigset_t waiting; /* the mask to wait with while they are held */
};

/* Takes the signals over, and ignores SIGPIPE. */
void signals_init(struct signals *s);

/* From here on: noted instead of obeyed. */
void signals_hold(struct signals *s);

/* A signal that came since, or 0. */
int signals_caught(const struct signals *s);

/* From here on: obeyed at once again, those that came unnoticed included. */
void signals_release(const struct signals *s);

#endif
