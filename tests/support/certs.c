#include "certs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char scratch[] = "/tmp/wirewrap-test.XXXXXX";

static const char *path_in(const char *dir, const char *name)
{
    static char texts[16][300];
    static size_t next;
    char *text = texts[next++ % 16];

    snprintf(text, sizeof texts[0], "%s/%s", dir, name);
    return text;
}

static const char *dir(void)
{
    return getenv("certs");
}

void certs_shell(const char *commands)
{
    int status = -1;

    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-euc", commands, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int set_up(const char *option)
{
    const char *ready = getenv("WW_TEST_CERTS");
    const char *tree = getenv("WW_TREE");

    if (!mkdtemp(scratch))
        return -1;
    setenv("scratch", scratch, 1);
    setenv("tree", tree ? tree : ".", 1);
    setenv("option", option, 1);
    setenv("certs", ready && ready[0] ? ready : path_in(scratch, "certs"), 1);
    if (access(certs_path("server.pem"), R_OK) < 0)
        certs_shell("\"$tree/scripts/gen-certs.sh\" --out \"$certs\" $option "
                    ">\"$scratch/log\" 2>&1 || { cat \"$scratch/log\" >&2; "
                    "exit 1; }");
    return 0;
}

int certs_setup(void **state)
{
    (void)state;
    return set_up("");
}

int certs_setup_zoo(void **state)
{
    (void)state;
    return set_up("--zoo");
}

int certs_teardown(void **state)
{
    (void)state;
    certs_shell("rm -rf \"$scratch\"");
    return 0;
}

const char *certs_path(const char *name)
{
    return path_in(dir(), name);
}

const char *certs_scratch(const char *name)
{
    return path_in(scratch, name);
}

static struct ww_tls *make(const struct ww_tls_settings *settings)
{
    struct ww_error err = { 0 };
    struct ww_tls *tls = ww_tls_new(settings, &err);

    assert_string_equal(err.text, "");
    assert_non_null(tls);
    return tls;
}

struct ww_tls *certs_server(void)
{
    const struct ww_tls_settings settings = {
        .role = WW_TLS_SERVER,
        .cert_file = certs_path("server.pem"),
        .key_file = certs_path("server.key"),
    };
    return make(&settings);
}

struct ww_tls *certs_client(void)
{
    const struct ww_tls_settings settings = {
        .role = WW_TLS_CLIENT,
        .ca_file = certs_path("ca.pem"),
    };
    return make(&settings);
}
