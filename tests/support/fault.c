#include "fault.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker chose these names. */
void *__real_malloc(size_t size) __attribute__((weak));
void *__real_calloc(size_t count, size_t size) __attribute__((weak));
void *__real_realloc(void *p, size_t size) __attribute__((weak));
char *__real_strdup(const char *text) __attribute__((weak));
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *text);

static long left; /* allocations until the one that fails; 0: none does */
static enum fault_whose turn;
static bool fired;

static bool fails(enum fault_whose whose)
{
    if (left == 0 || whose != turn || --left > 0)
        return false;
    fired = true;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails(FAULT_OURS) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(FAULT_OURS) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails(FAULT_OURS) ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *text)
{
    return fails(FAULT_OURS) ? NULL : __real_strdup(text);
}

bool fault_reaches_us(void)
{
    return __real_malloc != NULL;
}

/* The linker's wrapping must not make these two of ours. */
static void *take(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (fails(FAULT_OPENSSL))
        return NULL;
    return fault_reaches_us() ? __real_malloc(size) : malloc(size);
}

static void *resize(void *p, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (fails(FAULT_OPENSSL))
        return NULL;
    return fault_reaches_us() ? __real_realloc(p, size) : realloc(p, size);
}

/* NOLINTEND(bugprone-reserved-identifier) */

static void release(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

void fault_init(void)
{
    if (!CRYPTO_set_mem_functions(take, resize, release))
        abort();
}

void fault_arm(enum fault_whose whose, long nth)
{
    turn = whose;
    left = nth;
    fired = false;
}

bool fault_disarm(void)
{
    left = 0;
    return fired;
}
