#ifndef CLI_CMD_H
#define CLI_CMD_H

#include "wirewrap/error.h"

/* The commands of the program, one file each.  A command gets its words with
 * its own name first, prints what was asked for on standard output, and
 * returns the exit status; if that is not 0, *err may say why, and main prints
 * it. */
struct command {
    const char *name;
    const char *summary; /* one line for the list of commands */
    int (*run)(int argc, char **argv, struct ww_error *err);
};

int cmd_server(int argc, char **argv, struct ww_error *err);
int cmd_client(int argc, char **argv, struct ww_error *err);
int cmd_version(int argc, char **argv, struct ww_error *err);

#endif
