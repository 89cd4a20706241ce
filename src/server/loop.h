#ifndef SERVER_LOOP_H
#define SERVER_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "wirewrap/error.h"

/* The event loop of one worker: readiness of descriptors, a regular sweep, and
 * a way to be woken by another thread.  libev, seen from nowhere else.
 * Everything but loop_wake() belongs to the loop's own thread. */

struct loop;

enum loop_event {
    LOOP_READ = 1,
    LOOP_WRITE = 2,
    LOOP_ERROR = 4, /* the kernel can't watch it (no memory, or its limit of
                       watches is reached): it is watched no more */
};

/* A descriptor being watched, in the caller's storage.  `ready` hears which
 * of the wanted events came; a descriptor in error is ready for all, and one
 * that can't be watched for LOOP_ERROR too. */
struct loop_watch {
    void (*ready)(struct loop_watch *w, unsigned events);
    long space[8]; /* libev's own */
};

/* What a loop calls back; `arg` goes with all three. */
struct loop_calls {
    void (*sweep)(void *arg);  /* every LOOP_SWEEP_MS while switched on */
    void (*settle)(void *arg); /* each time before it sleeps */
    void (*woken)(void *arg);  /* after loop_wake() */
    void *arg;
};

#define LOOP_SWEEP_MS 100

struct loop *loop_new(const struct loop_calls *calls, struct ww_error *err);
void loop_free(struct loop *l);

/* Starts watching `fd`; the watch may be used again after loop_remove(). */
void loop_add(struct loop *l, struct loop_watch *w, int fd, unsigned events);
void loop_remove(struct loop *l, struct loop_watch *w);

/* Changes what is awaited; free of cost if that is nothing new. */
void loop_want(struct loop *l, struct loop_watch *w, unsigned events);

/* Switches the sweep on or off. */
void loop_sweep(struct loop *l, bool on);

/* Runs until loop_stop(). */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* Makes the loop call `woken` soon; from any thread. */
void loop_wake(struct loop *l);

#endif
