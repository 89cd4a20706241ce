#ifndef NET_ADDR_H
#define NET_ADDR_H

/* Socket addresses of the two families that we speak, and short lists of
 * them. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDR_PER_FAMILY 16
#define ADDR_MAX        (2 * ADDR_PER_FAMILY)

/* Longest text of an address, with zone id, brackets, port and NUL. */
#define ADDR_TEXT 80

struct addr {
    socklen_t len;
    union {
        struct sockaddr any;
        struct sockaddr_in in4;
        struct sockaddr_in6 in6;
    };
};

struct addr_list {
    size_t count;
    struct addr items[ADDR_MAX];
};

bool addr_equal(const struct addr *a, const struct addr *b);
uint16_t addr_port(const struct addr *addr);
void addr_set_port(struct addr *addr, uint16_t port);

/* The address that a socket is bound to, or connected to.  0, or -1 with
 * errno. */
int addr_local(int fd, struct addr *addr);
int addr_peer(int fd, struct addr *addr);

/* Tells whether `len` bytes of text are an IPv6 address, with a zone id or
 * without.  Whether the zone exists is for the one who uses it to find out. */
bool addr_is_ipv6(const char *text, size_t len);

/* A link-local address says nothing without the interface it belongs to. */
bool addr_lacks_zone(const struct addr *addr);

/* "127.0.0.1" or "fe80::1%eth0"; and "127.0.0.1:80" or "[::1]:80".  Both
 * return buf. */
const char *addr_host(const struct addr *addr, char buf[ADDR_TEXT]);
const char *addr_format(const struct addr *addr, char buf[ADDR_TEXT]);

/* Appends an address.  Other families, repetitions, and what goes beyond
 * ADDR_PER_FAMILY are passed over: one family never crowds out the other. */
void addr_list_add(struct addr_list *list, const struct sockaddr *sa,
                   socklen_t len);

/* Orders the list so that the families take turns, the one of the first
 * address leading, each in its own order (RFC 8305 section 4). */
void addr_list_interleave(struct addr_list *list);

#endif
