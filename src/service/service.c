#include "service/service.h"

#include <string.h>

#include "service/service_list.h"

static const struct service *const services[] = {
    &service_upper,
    &service_echo,
    &service_discard,
};

const struct service *service_find(const char *name)
{
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        if (strcmp(services[i]->name, name) == 0)
            return services[i];
    return NULL;
}
