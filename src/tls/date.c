#include "tls/date.h"

#include <stdio.h>
#include <time.h>

const char *date_print(const ASN1_TIME *at, char *buf, size_t cap)
{
    struct tm tm;

    if (!at || !ASN1_TIME_to_tm(at, &tm) ||
        !strftime(buf, cap, "%Y-%m-%d %H:%M UTC", &tm))
        snprintf(buf, cap, "an unreadable date");
    return buf;
}
