#ifndef SUPPORT_FAULT_H
#define SUPPORT_FAULT_H

/* Allocations that fail.
 *
 * OpenSSL's go through functions that we give it.  Our own are caught where
 * the linker was told to: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,
 * --wrap=strdup, which reaches the objects of the program and no library.  One
 * thread only. */

#include <stdbool.h>

enum fault_whose {
    FAULT_OURS,
    FAULT_OPENSSL,
};

/* Has to come before OpenSSL allocates anything. */
void fault_init(void);

/* True if our own allocations are caught as well. */
bool fault_reaches_us(void);

/* Lets the nth such allocation from now fail (1: the next). */
void fault_arm(enum fault_whose whose, long nth);

/* Ends that; true if there was an nth. */
bool fault_disarm(void);

#endif
