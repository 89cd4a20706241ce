#include "server/counters.h"

#include <stdio.h>

void counters_add(struct counters *sum, const struct counters *one)
{
    count(&sum->accepted, one->accepted);
    count(&sum->over_limit, one->over_limit);
    count(&sum->no_descriptors, one->no_descriptors);
    for (int i = 0; i <= WW_END_ABORTED; i++)
        count(&sum->ended[i], one->ended[i]);
    count(&sum->full, one->full);
    count(&sum->resumed, one->resumed);
    count(&sum->app_in, one->app_in);
    count(&sum->app_out, one->app_out);
    count(&sum->wire_in, one->wire_in);
    count(&sum->wire_out, one->wire_out);
}

const char *counters_print(const struct counters *c, char *buf, size_t cap)
{
    unsigned long long over = 0;
    size_t used = 0;

    for (int i = 0; i <= WW_END_ABORTED; i++)
        over += c->ended[i];
    /* An end may have been read that the accept before it was not. */
    if (over > c->accepted)
        over = c->accepted;
    used += (size_t)snprintf(buf + used, cap - used, "accepted=%llu open=%llu",
                             c->accepted, c->accepted - over);
    for (int i = 0; i <= WW_END_ABORTED && used < cap; i++)
        used += (size_t)snprintf(buf + used, cap - used, " %s=%llu",
                                 ww_end_name((enum ww_end)i), c->ended[i]);
    if (used < cap)
        snprintf(buf + used, cap - used,
                 " over-limit=%llu no-descriptors=%llu full=%llu resumed=%llu "
                 "app-in=%llu app-out=%llu wire-in=%llu wire-out=%llu",
                 c->over_limit, c->no_descriptors, c->full, c->resumed,
                 c->app_in, c->app_out, c->wire_in, c->wire_out);
    return buf;
}
