#include "base/clock.h"

#include <limits.h>
#include <time.h>

#include "wirewrap/net.h"

int64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_ms(void)
{
    return clock_us() / 1000;
}

int clock_left(int64_t deadline)
{
    if (deadline == CLOCK_NEVER)
        return -1;
    int64_t left = deadline - clock_ms();
    if (left <= 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

int64_t ww_deadline(int64_t timeout_ms)
{
    int64_t now = clock_ms();
    return timeout_ms > CLOCK_NEVER - now ? CLOCK_NEVER : now + timeout_ms;
}
