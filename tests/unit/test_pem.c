#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/certs.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Files with mistakes, all in the scratch directory. */
static const char prepare[] =
    "cd \"$scratch\"\n"
    "umask 077\n"
    "cp \"$certs\"/ca.pem \"$certs\"/crl.pem \"$certs\"/server.* .\n"
    "cp \"$certs\"/client.* \"$certs\"/intermediate.* .\n"
    "exec 2>log\n"
    "mkdir folder\n"
    ": >empty\n"
    "echo hello >text\n"
    "openssl x509 -in server.pem -outform DER -out server.der\n"
    "openssl pkey -in server.key -outform DER -out key.der\n"
    "openssl pkey -in server.key -aes256 -passout pass:open -out locked.key\n"
    "openssl crl -in crl.pem -outform DER -out crl.der\n"
    "openssl ec -in server.key -out old-style.key\n"
    "awk 'NR == 3 { $0 = \"!\" substr($0, 2) } 1' server.pem >damaged.pem\n"
    "awk 'NR == 2 { $0 = \"AAAA\" substr($0, 5) } 1' server.key >damaged.key\n"
    "awk 'NR == 3 { $0 = \"!\" substr($0, 2) } 1' crl.pem >damaged-crl.pem\n"
    "cp server.pem second-damaged.pem\n"
    "awk 'NR == 3 { $0 = \"!\" substr($0, 2) } 1' intermediate.pem \\\n"
    "    >>second-damaged.pem\n"
    "cat intermediate.pem server.pem >wrong-order.pem\n"
    "cat server.key server.pem >both.pem\n"
    "{ echo a remark; cat server.pem; echo another; } >remarks.pem\n"
    "awk '{ printf \"%s\\r\\n\", $0 }' server.pem >crlf.pem\n"
    "head -c 5000000 /dev/zero >large.pem\n"
    "ln -s nowhere broken-link.pem\n"
    "for type in rsa:2048 rsa:1024 ed25519; do\n"
    "    name=$(echo $type | tr -d :)\n"
    "    openssl req -x509 -nodes -newkey $type -subj /CN=$name -days 9 \\\n"
    "        -addext subjectAltName=DNS:localhost \\\n"
    "        -keyout $name.key -out $name.pem\n"
    "done\n"
    "cp server.key shared.key && chmod 640 shared.key\n"
    "cp server.pem \"with\n"
    "newline.pem\"\n";

/* What a context was told, one line each. */
static char remarks[2000];

static void take_remark(void *arg, const char *text)
{
    size_t used = strlen(remarks);

    (void)arg;
    snprintf(remarks + used, sizeof remarks - used, "%s\n", text);
}

/* A passphrase for every file that is asked about; NULL: nobody answers. */
static const char *passphrase;
static int asked;

static int answer(void *arg, const char *file, char *buf, int cap)
{
    (void)arg;
    asked++;
    assert_non_null(strstr(file, "locked.key"));
    return passphrase ? snprintf(buf, (size_t)cap, "%s", passphrase) : -1;
}

static const char *at(const char *name)
{
    return name ? certs_scratch(name) : NULL;
}

struct files {
    const char *cert, *key, *ca, *crl;
};

#define PAIR(c, k)                                                             \
    {                                                                          \
        .cert = (c), .key = (k)                                                \
    }

/* Makes a context of files in the scratch directory. */
static struct ww_tls *build(enum ww_tls_role role, const struct files *files,
                            struct ww_error *err)
{
    const struct ww_tls_settings settings = {
        .role = role,
        .cert_file = at(files->cert),
        .key_file = at(files->key),
        .ca_file = at(files->ca),
        .crl_file = at(files->crl),
        .notify = { .say = take_remark },
    };

    remarks[0] = '\0';
    return ww_tls_new(&settings, err);
}

/* clang-format off */
static const struct {
    const char *name;
    enum ww_tls_role role;
    struct files files;
    const char *want; /* the error's text, of which it is a part */
    const char *hint; /* same, or NULL */
} refused[] = {
    { "missing certificate", WW_TLS_SERVER, PAIR("none.pem", "server.key"),
      "/none.pem': No such file", "gen-certs" },
    { "missing key", WW_TLS_SERVER, PAIR("server.pem", "none.key"),
      "/none.key': No such file", "gen-certs" },
    { "broken link", WW_TLS_SERVER, PAIR("broken-link.pem", "server.key"),
      "/broken-link.pem': No such file", "gen-certs" },
    { "missing CA", WW_TLS_CLIENT, { .ca = "none.pem" },
      "CA file '/", "gen-certs" },
    { "directory as certificate", WW_TLS_SERVER, PAIR("folder", "server.key"),
      "/folder': is a directory", NULL },
    { "directory as key", WW_TLS_SERVER, PAIR("server.pem", "folder"),
      "/folder': is a directory", NULL },
    { "empty certificate", WW_TLS_SERVER, PAIR("empty", "server.key"),
      "/empty': is empty", NULL },
    { "empty key", WW_TLS_SERVER, PAIR("server.pem", "empty"),
      "/empty': is empty", NULL },
    { "empty CA", WW_TLS_CLIENT, { .ca = "empty" }, "/empty': is empty", NULL },
    { "too large", WW_TLS_SERVER, PAIR("large.pem", "server.key"),
      "/large.pem': is larger than 4 MiB", NULL },
    { "text as certificate", WW_TLS_SERVER, PAIR("text", "server.key"),
      "certificate file '", NULL },
    { "text as key", WW_TLS_SERVER, PAIR("server.pem", "text"),
      "/text': holds no private key in PEM", NULL },
    { "DER as certificate", WW_TLS_SERVER, PAIR("server.der", "server.key"),
      "/server.der': is DER, not PEM", "openssl x509 -inform DER" },
    { "DER as key", WW_TLS_SERVER, PAIR("server.pem", "key.der"),
      "/key.der': is DER, not PEM", "openssl pkey -inform DER" },
    { "DER as CA", WW_TLS_CLIENT, { .ca = "server.der" },
      "/server.der': is DER, not PEM", "openssl x509 -inform DER" },
    { "DER as CRL", WW_TLS_CLIENT, { .ca = "ca.pem", .crl = "crl.der" },
      "/crl.der': is DER, not PEM", "openssl crl -inform DER" },
    { "swapped", WW_TLS_SERVER, PAIR("server.key", "server.pem"),
      "/server.key': holds a private key and no certificate", "swapped?" },
    { "certificate as key", WW_TLS_SERVER, PAIR("server.pem", "server.pem"),
      "/server.pem': holds a certificate and no private key", "swapped?" },
    { "key as CA", WW_TLS_CLIENT, { .ca = "server.key" },
      "/server.key': holds a private key and no certificate", "swapped?" },
    { "certificate as CRL", WW_TLS_CLIENT,
      { .ca = "ca.pem", .crl = "server.pem" },
      "/server.pem': holds no revocation list in PEM", NULL },
    { "CRL as CA", WW_TLS_CLIENT, { .ca = "crl.pem" },
      "/crl.pem': holds no certificate in PEM", NULL },
    { "key of another certificate", WW_TLS_SERVER,
      PAIR("server.pem", "client.key"), "/client.key' does not belong to "
      "certificate file '", "comes first" },
    { "intermediate first", WW_TLS_SERVER, PAIR("wrong-order.pem", "server.key"),
      "/server.key' does not belong to certificate file '", "comes first" },
    { "damaged certificate", WW_TLS_SERVER, PAIR("damaged.pem", "server.key"),
      "/damaged.pem': certificate number 1 is damaged (", NULL },
    { "damaged intermediate", WW_TLS_SERVER,
      PAIR("second-damaged.pem", "server.key"),
      "/second-damaged.pem': certificate number 3 is damaged (", NULL },
    { "damaged key", WW_TLS_SERVER, PAIR("server.pem", "damaged.key"),
      "/damaged.key': is damaged (", NULL },
    { "damaged CA", WW_TLS_CLIENT, { .ca = "damaged.pem" },
      "/damaged.pem': certificate number 1 is damaged (", NULL },
    { "damaged CRL", WW_TLS_CLIENT, { .ca = "ca.pem", .crl = "damaged-crl.pem" },
      "/damaged-crl.pem': revocation list number 1 is damaged (", NULL },
    { "weak key", WW_TLS_SERVER, PAIR("rsa1024.pem", "rsa1024.key"),
      "/rsa1024.pem': the certificate can't be used (", NULL },
    { "encrypted, and nobody to ask", WW_TLS_SERVER,
      PAIR("server.pem", "locked.key"),
      "/locked.key': is encrypted, and there is no terminal", "openssl pkey" },
};

static const struct {
    const char *name;
    enum ww_tls_role role;
    struct files files;
    const char *want; /* part of the remarks; NULL: there are none */
} accepted[] = {
    { "EC key", WW_TLS_SERVER, PAIR("server.pem", "server.key"), NULL },
    { "EC key of the old style", WW_TLS_SERVER,
      PAIR("server.pem", "old-style.key"), NULL },
    { "RSA key", WW_TLS_SERVER, PAIR("rsa2048.pem", "rsa2048.key"), NULL },
    { "Ed25519 key", WW_TLS_SERVER, PAIR("ed25519.pem", "ed25519.key"), NULL },
    { "both in one file", WW_TLS_SERVER, PAIR("both.pem", "both.pem"), NULL },
    { "remarks between", WW_TLS_SERVER, PAIR("remarks.pem", "server.key"), NULL },
    { "lines of DOS", WW_TLS_SERVER, PAIR("crlf.pem", "server.key"), NULL },
    { "name with a newline", WW_TLS_SERVER,
      PAIR("with\nnewline.pem", "server.key"), NULL },
    { "client without anything", WW_TLS_CLIENT, PAIR(NULL, NULL), NULL },
    { "client with a CA", WW_TLS_CLIENT, { .ca = "ca.pem" }, NULL },
    { "client with CA and CRL", WW_TLS_CLIENT,
      { .ca = "ca.pem", .crl = "crl.pem" }, NULL },
    { "client with a certificate", WW_TLS_CLIENT,
      { .cert = "client.pem", .key = "client.key", .ca = "ca.pem" }, NULL },
    { "group can read the key", WW_TLS_SERVER, PAIR("server.pem", "shared.key"),
      "/shared.key' can be read by others (mode 0640); chmod 600 it\n" },
    { "a client's on a server", WW_TLS_SERVER, PAIR("client.pem", "client.key"),
      "/client.pem' is not meant for a TLS server" },
    { "a server's on a client", WW_TLS_CLIENT, PAIR("server.pem", "server.key"),
      "/server.pem' is not meant for a TLS client" },
    { "a CA on a server", WW_TLS_SERVER,
      PAIR("intermediate.pem", "intermediate.key"),
      "/intermediate.pem' names no host (no subjectAltName)" },
};
/* clang-format on */

static void mistakes_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct ww_error err = { 0 };
        print_message("# %s\n", refused[i].name);
        assert_null(build(refused[i].role, &refused[i].files, &err));
        print_message("#   %s\n", err.text);
        assert_int_equal(err.kind, WW_ERR_FILE);
        assert_non_null(strstr(err.text, refused[i].want));
        assert_non_null(strstr(err.text, "file '/tmp/wirewrap-test."));
        if (refused[i].hint)
            assert_non_null(strstr(err.hint, refused[i].hint));
        else
            assert_string_equal(err.hint, "");
    }
}

static void what_is_right_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        struct ww_error err = { 0 };
        print_message("# %s\n", accepted[i].name);
        struct ww_tls *tls = build(accepted[i].role, &accepted[i].files, &err);
        assert_string_equal(err.text, "");
        assert_non_null(tls);
        if (accepted[i].want)
            assert_non_null(strstr(remarks, accepted[i].want));
        else
            assert_string_equal(remarks, "");
        struct ww_tls *clone = ww_tls_clone(tls, &err);
        assert_non_null(clone);
        ww_tls_free(tls);
        ww_tls_free(clone);
    }
}

static void names_are_shown_in_one_line(void **state)
{
    const struct files files = PAIR("with\nnewline.pem", "client.key");
    struct ww_error err = { 0 };

    (void)state;
    assert_null(build(WW_TLS_SERVER, &files, &err));
    assert_null(strchr(err.text, '\n'));
    assert_non_null(strstr(err.text, "with\\nnewline.pem"));
}

static void a_file_that_may_not_be_read(void **state)
{
    const struct files files = PAIR("server.pem", "server.key");
    struct ww_error err = { 0 };
    bool root = geteuid() == 0;

    (void)state;
    certs_shell("chmod 711 \"$scratch\"; chmod 644 \"$scratch/server.pem\"");
    if (root)
        assert_int_equal(seteuid(65534), 0);
    else
        assert_int_equal(chmod(at("server.key"), 0), 0);
    struct ww_tls *tls = build(WW_TLS_SERVER, &files, &err);
    if (root)
        assert_int_equal(seteuid(0), 0);
    else
        assert_int_equal(chmod(at("server.key"), 0600), 0);
    assert_null(tls);
    assert_int_equal(err.kind, WW_ERR_FILE);
    assert_non_null(strstr(err.text, "/server.key': Permission denied"));
    assert_non_null(strstr(err.hint, "who may read it"));
}

/* --- passphrases ----------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name, *passphrase;
    const char *want; /* part of the error; NULL: it opens */
} locked[] = {
    { "right",           "open", NULL },
    { "wrong",           "sesame", "/locked.key': the passphrase does not" },
    { "empty",           "", "/locked.key': the passphrase does not" },
    { "nobody answers",  NULL, "/locked.key': is encrypted, and there is no" },
};
/* clang-format on */

/* Once, and never again for the clones. */
static void asks_for_the_passphrase(void **state)
{
    const struct ww_tls_settings settings = {
        .role = WW_TLS_SERVER,
        .cert_file = at("server.pem"),
        .key_file = at("locked.key"),
        .ask = { .secret = answer },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(locked); i++) {
        struct ww_error err = { 0 };
        print_message("# %s\n", locked[i].name);
        passphrase = locked[i].passphrase;
        asked = 0;
        struct ww_tls *tls = ww_tls_new(&settings, &err);
        assert_int_equal(tls == NULL, locked[i].want != NULL);
        if (locked[i].want) {
            assert_int_equal(err.kind, WW_ERR_FILE);
            assert_non_null(strstr(err.text, locked[i].want));
            assert_null(strstr(err.text, "sesame"));
            continue;
        }
        struct ww_tls *clone = ww_tls_clone(tls, &err);
        assert_non_null(clone);
        assert_int_equal(asked, 1);
        ww_tls_free(tls);
        ww_tls_free(clone);
    }
}

/* --- dates ----------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name, *want;
} dates[] = {
    { "zoo/expired",       "/zoo/expired.pem' expired on 20" },
    { "zoo/not-yet-valid", "/zoo/not-yet-valid.pem' is not valid before 20" },
};
/* clang-format on */

static void dates_are_warned_of(void **state)
{
    (void)state;
    if (access(certs_path("zoo/expired.pem"), R_OK) < 0) {
        print_message("# $WW_TEST_CERTS has no zoo: skipped\n");
        return;
    }
    for (size_t i = 0; i < COUNT(dates); i++) {
        struct ww_error err = { 0 };
        char cert[300];
        char key[300];
        const struct ww_tls_settings settings = {
            .role = WW_TLS_SERVER,
            .cert_file = cert,
            .key_file = key,
            .notify = { .say = take_remark },
        };

        print_message("# %s\n", dates[i].name);
        snprintf(cert, sizeof cert, "%s.pem", certs_path(dates[i].name));
        snprintf(key, sizeof key, "%s.key", certs_path(dates[i].name));
        remarks[0] = '\0';
        struct ww_tls *tls = ww_tls_new(&settings, &err);
        assert_non_null(tls);
        assert_non_null(strstr(remarks, dates[i].want));
        ww_tls_free(tls);
    }
}

static void a_certificate_that_expires_soon(void **state)
{
    const struct files files = PAIR("soon.pem", "soon.key");
    struct ww_error err = { 0 };

    (void)state;
    certs_shell("cd \"$scratch\"; openssl req -x509 -nodes -newkey ed25519 "
                "-subj /CN=soon -addext subjectAltName=DNS:localhost -days 2 "
                "-keyout soon.key -out soon.pem 2>log");
    struct ww_tls *tls = build(WW_TLS_SERVER, &files, &err);
    assert_non_null(tls);
    assert_non_null(strstr(remarks, "/soon.pem' expires soon, on 20"));
    ww_tls_free(tls);
}

/* --- settings that contradict each other ----------------------------- */

/* clang-format off */
static const struct {
    const char *name;
    struct ww_tls_settings settings;
    const char *want;
} contradictions[] = {
    { "certificate without key",
      { .role = WW_TLS_SERVER, .cert_file = "x" }, "go together" },
    { "key without certificate",
      { .role = WW_TLS_CLIENT, .key_file = "x" }, "go together" },
    { "server without anything",
      { .role = WW_TLS_SERVER }, "a TLS server needs a certificate" },
    { "no verification, but a CA",
      { .insecure_no_verify = true, .ca_file = "x" }, "contradicts" },
    { "no verification, but a CRL",
      { .insecure_no_verify = true, .crl_file = "x" }, "contradicts" },
};
/* clang-format on */

static void contradictions_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(contradictions); i++) {
        struct ww_error err = { 0 };
        print_message("# %s\n", contradictions[i].name);
        assert_null(ww_tls_new(&contradictions[i].settings, &err));
        assert_int_equal(err.kind, WW_ERR_USAGE);
        assert_non_null(strstr(err.text, contradictions[i].want));
    }
    ww_tls_free(NULL);
}

static int set_up(void **state)
{
    if (certs_setup_zoo(state) < 0)
        return -1;
    certs_shell(prepare);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(what_is_right_is_taken),
        cmocka_unit_test(names_are_shown_in_one_line),
        cmocka_unit_test(a_file_that_may_not_be_read),
        cmocka_unit_test(asks_for_the_passphrase),
        cmocka_unit_test(dates_are_warned_of),
        cmocka_unit_test(a_certificate_that_expires_soon),
        cmocka_unit_test(contradictions_are_refused),
    };
    return cmocka_run_group_tests_name("pem", tests, set_up, certs_teardown);
}
