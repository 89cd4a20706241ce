#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER INT64_MAX

/* The monotonic clock, in milliseconds and in microseconds. */
int64_t clock_ms(void);
int64_t clock_us(void);

/* Milliseconds until `deadline`, for poll(2): 0 if it has passed, -1 if it is
 * CLOCK_NEVER. */
int clock_left(int64_t deadline);

#endif
