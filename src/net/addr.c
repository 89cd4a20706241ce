#include "net/addr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

bool addr_equal(const struct addr *a, const struct addr *b)
{
    if (a->any.sa_family != b->any.sa_family || addr_port(a) != addr_port(b))
        return false;
    if (a->any.sa_family == AF_INET)
        return a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr;
    return a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
           IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr);
}

uint16_t addr_port(const struct addr *addr)
{
    return ntohs(addr->any.sa_family == AF_INET ? addr->in4.sin_port
                                                : addr->in6.sin6_port);
}

void addr_set_port(struct addr *addr, uint16_t port)
{
    if (addr->any.sa_family == AF_INET)
        addr->in4.sin_port = htons(port);
    else
        addr->in6.sin6_port = htons(port);
}

int addr_local(int fd, struct addr *addr)
{
    memset(addr, 0, sizeof *addr);
    addr->len = sizeof addr->in6;
    return getsockname(fd, &addr->any, &addr->len);
}

int addr_peer(int fd, struct addr *addr)
{
    memset(addr, 0, sizeof *addr);
    addr->len = sizeof addr->in6;
    return getpeername(fd, &addr->any, &addr->len);
}

bool addr_is_ipv6(const char *text, size_t len)
{
    char addr[INET6_ADDRSTRLEN];
    struct in6_addr parsed;
    const char *zone = memchr(text, '%', len);
    size_t addr_len = zone ? (size_t)(zone - text) : len;

    if (addr_len >= sizeof addr || (zone && len - addr_len < 2))
        return false;
    memcpy(addr, text, addr_len);
    addr[addr_len] = '\0';
    return inet_pton(AF_INET6, addr, &parsed) == 1;
}

bool addr_lacks_zone(const struct addr *addr)
{
    return addr->any.sa_family == AF_INET6 && addr->in6.sin6_scope_id == 0 &&
           IN6_IS_ADDR_LINKLOCAL(&addr->in6.sin6_addr);
}

const char *addr_host(const struct addr *addr, char buf[ADDR_TEXT])
{
    if (getnameinfo(&addr->any, addr->len, buf, ADDR_TEXT, NULL, 0,
                    NI_NUMERICHOST) != 0)
        snprintf(buf, ADDR_TEXT, "?");
    return buf;
}

const char *addr_format(const struct addr *addr, char buf[ADDR_TEXT])
{
    bool v6 = addr->any.sa_family == AF_INET6;
    char host[ADDR_TEXT];

    /* The longest that addr_host() makes; the compiler cannot know. */
    int most = INET6_ADDRSTRLEN + IF_NAMESIZE;
    snprintf(buf, ADDR_TEXT, v6 ? "[%.*s]:%u" : "%.*s:%u", most,
             addr_host(addr, host), addr_port(addr));
    return buf;
}

static size_t count_family(const struct addr_list *list, int family)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        count += list->items[i].any.sa_family == family;
    return count;
}

void addr_list_add(struct addr_list *list, const struct sockaddr *sa,
                   socklen_t len)
{
    struct addr addr = { .len = len };

    if (sa->sa_family != AF_INET && sa->sa_family != AF_INET6)
        return;
    if (len > sizeof addr.in6 ||
        count_family(list, sa->sa_family) == ADDR_PER_FAMILY)
        return;
    memcpy(&addr.any, sa, len);
    for (size_t i = 0; i < list->count; i++) {
        if (addr_equal(&list->items[i], &addr))
            return;
    }
    list->items[list->count++] = addr;
}

/* Finds the next address of a family (or of any other one) from `i` on. */
static size_t next_of(const struct addr_list *list, size_t i, int family,
                      bool same)
{
    while (i < list->count && (list->items[i].any.sa_family == family) != same)
        i++;
    return i;
}

void addr_list_interleave(struct addr_list *list)
{
    struct addr_list from = *list;
    int family = from.items[0].any.sa_family;
    size_t a = next_of(&from, 0, family, true);
    size_t b = next_of(&from, 0, family, false);

    list->count = 0;
    while (list->count < from.count) {
        if (a < from.count) {
            list->items[list->count++] = from.items[a];
            a = next_of(&from, a + 1, family, true);
        }
        if (b < from.count) {
            list->items[list->count++] = from.items[b];
            b = next_of(&from, b + 1, family, false);
        }
    }
}
