#include "cli/passphrase.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Reads one line; the newline is not part of it. */
static int read_line(int fd, char *buf, int cap)
{
    ssize_t n = read(fd, buf, (size_t)cap);

    if (n <= 0)
        return -1;
    if (buf[n - 1] == '\n')
        n--;
    return (int)n;
}

int passphrase_ask(void *arg, const char *file, char *buf, int cap)
{
    struct termios was;
    int result = -1;

    (void)arg;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -1;
    if (tcgetattr(fd, &was) == 0) {
        struct termios silent = was;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        dprintf(fd, "Passphrase of %s: ", file);
        tcsetattr(fd, TCSAFLUSH, &silent);
        result = read_line(fd, buf, cap);
        tcsetattr(fd, TCSAFLUSH, &was);
        dprintf(fd, "\n");
    }
    close(fd);
    return result;
}
