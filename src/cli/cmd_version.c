#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/cmd.h"
#include "tls/version.h"

int cmd_version(int argc, char **argv, struct ww_error *err)
{
    const char *built, *running;

    if (argc > 1 &&
        (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        puts("Usage: wirewrap version\n\nNames wirewrap, and OpenSSL as "
             "compiled against and as running.");
        return 0;
    }
    if (argc > 1) {
        error_set(err, WW_ERR_USAGE, "version: %s: takes no argument", argv[1]);
        return WW_ERR_USAGE;
    }
    tls_library_versions(&built, &running);
    printf("wirewrap %s\n", WIREWRAP_VERSION);
    printf("built with %s\n", built);
    printf("running with %s\n", running);
    return 0;
}
