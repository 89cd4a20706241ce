#ifndef SERVICE_SERVICE_LIST_H
#define SERVICE_SERVICE_LIST_H

#include "service/service.h"

/* What service_find chooses from; one file each. */
extern const struct service service_upper;
extern const struct service service_echo;
extern const struct service service_discard;

#endif
