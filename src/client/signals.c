#include "client/signals.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t held;
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    if (!held)
        _exit(128 + number);
    caught = number;
}

static void take(struct signals *s, int number)
{
    struct sigaction action = { .sa_handler = on_signal };

    sigfillset(&action.sa_mask);
    sigaction(number, &action, NULL);
    sigaddset(&s->taken, number);
}

static bool is_ignored(int number)
{
    struct sigaction now;

    return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

/* SIGHUP stays ignored where it was (nohup).  SIGINT does not, although shells
 * without job control start background jobs with it ignored: whoever sends it
 * to such a job means it. */
void signals_init(struct signals *s)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN };

    sigaction(SIGPIPE, &ignore, NULL);
    sigemptyset(&s->taken);
    take(s, SIGINT);
    take(s, SIGTERM);
    if (!is_ignored(SIGHUP))
        take(s, SIGHUP);
    sigprocmask(SIG_UNBLOCK, &s->taken, NULL);
}

void signals_hold(struct signals *s)
{
    sigprocmask(SIG_BLOCK, &s->taken, &s->waiting);
    held = 1;
}

/* A ppoll that finds something ready at once lets no signal in, and under load
 * that may be every one of them; so ask for what is pending, too. */
int signals_caught(const struct signals *s)
{
    static const struct timespec at_once = { 0 };

    if (caught)
        return caught;
    int number = sigtimedwait(&s->taken, NULL, &at_once);
    return number > 0 ? number : 0;
}

void signals_release(const struct signals *s)
{
    held = 0;
    sigprocmask(SIG_UNBLOCK, &s->taken, NULL);
}
