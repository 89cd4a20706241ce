#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/cmd.h"

static int cmd_help(int argc, char **argv, struct ww_error *err);

/* clang-format off */
static const struct command commands[] = {
    { "server",  "serve the lesson: answer in upper case",   cmd_server },
    { "client",  "talk to a server, as a filter or by hand", cmd_client },
    { "help",    "show this text, or that of a COMMAND",     cmd_help },
    { "version", "show the versions of wirewrap and OpenSSL", cmd_version },
};
/* clang-format on */

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void print_usage(FILE *out)
{
    fputs("Usage: wirewrap COMMAND [OPTION]... [ENDPOINT]...\n"
          "\n"
          "One service, two wires: a TCP server and client whose connection\n"
          "can be wrapped in TLS.\n"
          "\n"
          "Commands:\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
    fputs("\n"
          "wirewrap COMMAND --help tells more about each.\n",
          out);
}

/* A mistyped name mostly begins right. */
static int fail_unknown(const char *name, struct ww_error *err)
{
    char shown[80];

    text_escape(shown, sizeof shown, name, strlen(name));
    error_set(err, WW_ERR_USAGE, "'%s' is not a command", shown);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strncmp(commands[i].name, name, 2) == 0)
            error_hint(err, "did you mean %s?", commands[i].name);
    error_hint(err, "see wirewrap help");
    return WW_ERR_USAGE;
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static int cmd_help(int argc, char **argv, struct ww_error *err)
{
    char option[] = "--help";

    if (argc < 2 || strcmp(argv[1], "help") == 0 ||
        is_one_of(argv[1], "--help", "-h")) {
        print_usage(stdout);
        return 0;
    }
    const struct command *command = find(argv[1]);
    if (!command)
        return fail_unknown(argv[1], err);
    char *words[] = { argv[1], option, NULL };
    return command->run(2, words, err);
}

static int dispatch(int argc, char **argv, struct ww_error *err)
{
    if (argc < 2) {
        print_usage(stderr);
        return WW_ERR_USAGE;
    }
    if (is_one_of(argv[1], "--help", "-h"))
        return cmd_help(1, argv, err);
    if (is_one_of(argv[1], "--version", "-V"))
        return cmd_version(1, argv, err);

    const struct command *command = find(argv[1]);
    if (!command)
        return fail_unknown(argv[1], err);
    if (argc == 3 && strcmp(argv[2], "--version") == 0)
        return cmd_version(1, argv, err);
    return command->run(argc - 1, argv + 1, err);
}

/* Sockets must never get the numbers of standard input, output and error.  Of
 * what was closed, the input is empty now, and writing to the others fails as
 * it would have. */
static void open_standard(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDONLY);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* What was printed has arrived only when it has left our buffer. */
static int flush_output(struct ww_error *err)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    return error_sys(err, WW_ERR_FAILED, "standard output");
}

int main(int argc, char **argv)
{
    struct ww_error err = { 0 };

    open_standard();
    int status = dispatch(argc, argv, &err);
    if (status == 0 && flush_output(&err) < 0)
        status = (int)err.kind;
    if (err.text[0])
        fprintf(stderr, "wirewrap: %s\n", err.text);
    if (err.hint[0])
        fprintf(stderr, "hint: %s\n", err.hint);
    return status;
}
