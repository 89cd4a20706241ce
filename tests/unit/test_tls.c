#include "wirewrap/tls.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/certs.h"
#include "../support/stack.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct stack in_memory = {
    "TLS over memory", BASE_MEMORY, false, true, { 0 }
};
static const struct stack bytewise = {
    "TLS over memory, 1 byte", BASE_MEMORY, false, true, { .step = 1 }
};

static struct ww_tls *good_client, *good_server;

static struct ww_tls *client_with(const char *ca, const char *crl)
{
    struct ww_error err = { 0 };
    const struct ww_tls_settings settings = {
        .role = WW_TLS_CLIENT,
        .ca_file = ca ? certs_path(ca) : NULL,
        .crl_file = crl ? certs_path(crl) : NULL,
        .insecure_no_verify = !ca,
    };
    struct ww_tls *tls = ww_tls_new(&settings, &err);

    assert_string_equal(err.text, "");
    return tls;
}

/* `name` without ".pem"; NULL with an error. */
static struct ww_tls *server_with(const char *name, struct ww_error *err)
{
    char cert[80];
    char key[80];

    snprintf(cert, sizeof cert, "%s.pem", name);
    snprintf(key, sizeof key, "%s.key", name);
    const struct ww_tls_settings settings = {
        .role = WW_TLS_SERVER,
        .cert_file = certs_path(cert),
        .key_file = certs_path(key),
    };
    return ww_tls_new(&settings, err);
}

/* Joins a client and a server, ready to shake hands. */
static void join(struct pair *p, struct ww_tls *client, struct ww_tls *server,
                 const char *host)
{
    struct ww_tls *const tls[2] = { client, server };
    struct ww_error err = { 0 };

    pair_open(p, &in_memory);
    assert_int_equal(pair_wrap(p, tls, host, &err), 0);
}

/* Lets the two shake hands and exchange a byte each way: in TLS 1.3 a client
 * that refuses does so after the server's part of the handshake. */
static void meet(struct pair *p)
{
    static char inbox[2];

    for (int i = 0; i < 2; i++) {
        p->side[i].out = "x";
        p->side[i].out_len = 1;
        p->side[i].in = &inbox[i];
        p->side[i].in_cap = p->side[i].in_want = 1;
    }
    pair_run(p);
}

/* --- who the server is ----------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name, *server, *ca, *crl, *host;
    enum ww_err kind;
    const char *want[3]; /* parts of the error's text */
    const char *hint;
} identities[] = {
    { "a name", "server", "ca.pem", NULL, "localhost", WW_ERR_NONE, { 0 },
      NULL },
    { "capitals", "server", "ca.pem", NULL, "LocalHost", WW_ERR_NONE, { 0 },
      NULL },
    { "a final dot", "server", "ca.pem", NULL, "localhost.", WW_ERR_NONE,
      { 0 }, NULL },
    { "IPv4", "server", "ca.pem", NULL, "127.0.0.1", WW_ERR_NONE, { 0 }, NULL },
    { "IPv6", "server", "ca.pem", NULL, "::1", WW_ERR_NONE, { 0 }, NULL },
    { "IPv6, written long", "server", "ca.pem", NULL, "0:0:0:0:0:0:0:1",
      WW_ERR_NONE, { 0 }, NULL },
    { "IPv6 with a zone", "server", "ca.pem", NULL, "::1%lo", WW_ERR_NONE,
      { 0 }, NULL },
    { "a CRL that is not about it", "server", "ca.pem", "crl.pem", "localhost",
      WW_ERR_NONE, { 0 }, NULL },
    { "self-signed, and trusted", "self-signed", "self-signed.pem", NULL,
      "localhost", WW_ERR_NONE, { 0 }, NULL },
    { "no verification", "self-signed", NULL, NULL, "other.wirewrap.test",
      WW_ERR_NONE, { 0 }, NULL },
    { "no verification of an address", "self-signed", NULL, NULL, "192.0.2.1",
      WW_ERR_NONE, { 0 }, NULL },
    { "another CA", "server", "self-signed.pem", NULL, "localhost", WW_ERR_CERT,
      { "certificate not accepted: ", "wirewrap root CA", "not trusted" },
      "--ca" },
    { "self-signed", "self-signed", "ca.pem", NULL, "localhost", WW_ERR_CERT,
      { "wirewrap self-signed server", "is self-signed and not trusted" },
      "--ca" },
    { "another name", "server", "ca.pem", NULL, "other.wirewrap.test",
      WW_ERR_CERT, { "it is not for 'other.wirewrap.test' but for localhost",
      "127.0.0.1", "::1" }, "--servername" },
    { "another address", "server", "ca.pem", NULL, "192.0.2.1", WW_ERR_CERT,
      { "it is not for '192.0.2.1' but for localhost", "127.0.0.1" },
      "--servername" },
    { "revoked", "revoked", "ca.pem", "crl.pem", "localhost", WW_ERR_CERT,
      { "wirewrap revoked server", "has been revoked by",
        "wirewrap intermediate CA" }, NULL },
};
/* clang-format on */

static void check_error(const struct ww_error *err, enum ww_err kind,
                        const char *const want[3], const char *hint)
{
    if (err->kind)
        print_message("#   %s\n", err->text);
    assert_int_equal(err->kind, kind);
    for (int i = 0; i < 3 && want[i]; i++)
        assert_non_null(strstr(err->text, want[i]));
    if (hint)
        assert_non_null(strstr(err->hint, hint));
}

static void servers_have_to_prove_who_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(identities); i++) {
        struct pair p;
        struct ww_error err = { 0 };
        struct ww_tls *client =
            client_with(identities[i].ca, identities[i].crl);
        struct ww_tls *server = server_with(identities[i].server, &err);

        print_message("# %s\n", identities[i].name);
        assert_non_null(server);
        join(&p, client, server, identities[i].host);
        meet(&p);
        check_error(&p.side[0].err, identities[i].kind, identities[i].want,
                    identities[i].hint);
        assert_int_equal(p.side[0].shaken, !identities[i].kind);
        assert_int_equal(p.side[1].err.kind,
                         identities[i].kind ? WW_ERR_TLS : WW_ERR_NONE);
        assert_int_equal(p.side[1].got, identities[i].kind ? 0 : 1);
        pair_close(&p);
        ww_tls_free(client);
        ww_tls_free(server);
    }
}

/* One line of the zoo's table, cut at its tabs. */
struct zoo_line {
    char *field[8]; /* name role ca host crl verify words note */
};

static bool zoo_read(FILE *table, char *buf, int cap, struct zoo_line *line)
{
    do {
        if (!fgets(buf, cap, table))
            return false;
    } while (buf[0] == '#');
    char *rest = buf;
    for (size_t i = 0; i < COUNT(line->field); i++)
        line->field[i] = strsep(&rest, "\t\n");
    return true;
}

static const char *in_zoo(const char *name, char buf[100])
{
    snprintf(buf, 100, "zoo/%s", name);
    return buf;
}

/* Some are so bad that not even a server would present them. */
static bool own_server_refuses(const char *name, struct ww_tls **server)
{
    struct ww_error err = { 0 };
    char buf[100];

    *server = server_with(in_zoo(name, buf), &err);
    if (*server)
        return false;
    print_message("#   %s\n", err.text);
    assert_int_equal(err.kind, WW_ERR_FILE);
    return true;
}

static void zoo_case(const struct zoo_line *line)
{
    char ca[100];
    char crl[100];
    struct pair p;
    struct ww_tls *server;
    bool good = strcmp(line->field[5], "ok") == 0;

    if (own_server_refuses(line->field[0], &server))
        return;
    struct ww_tls *client = client_with(
        in_zoo(line->field[2], ca),
        line->field[4][0] == '-' ? NULL : in_zoo(line->field[4], crl));
    join(&p, client, server, line->field[3]);
    meet(&p);
    const struct ww_error *err = &p.side[0].err;
    print_message("#   %s\n", err->text);
    if (good) {
        assert_int_equal(err->kind, WW_ERR_NONE);
    } else {
        assert_int_equal(err->kind,
                         line->field[5][0] == '-' ? WW_ERR_TLS : WW_ERR_CERT);
        assert_non_null(strstr(err->text, line->field[6]));
        assert_int_equal(p.side[1].got, 0);
    }
    pair_close(&p);
    ww_tls_free(client);
    ww_tls_free(server);
}

static void the_zoo(void **state)
{
    static char buf[1000];
    struct zoo_line line;
    int count = 0;
    FILE *table = fopen(certs_path("zoo/expectations.tsv"), "r");

    (void)state;
    if (!table) {
        print_message("# $WW_TEST_CERTS has no zoo: skipped\n");
        return;
    }
    while (zoo_read(table, buf, sizeof buf, &line)) {
        if (strcmp(line.field[1], "server") != 0)
            continue;
        print_message("# %s\n", line.field[0]);
        zoo_case(&line);
        count++;
    }
    fclose(table);
    assert_true(count > 20);
}

/* Nothing but hello, refusal and what belongs to them leaves a client that
 * does not know yet, or knows better, whom it talks to. */
static void nothing_is_sent_before_the_verdict(void **state)
{
    struct pair p;
    struct ww_error err = { 0 };
    const uint8_t *sent;
    size_t put = 0;

    (void)state;
    join(&p, good_client, good_server, "other.wirewrap.test");
    assert_int_equal(ww_stream_write(p.side[0].s, "secret", 6, &put, &err),
                     WW_IO_FAILED);
    assert_int_equal(mem_stream_sent(p.below[0], &sent), 0);
    err = (struct ww_error){ 0 };
    assert_int_equal(ww_stream_handshake(p.side[0].s, &err), WW_IO_WANT_READ);
    size_t hello = mem_stream_sent(p.below[0], &sent);
    assert_int_equal(ww_stream_write(p.side[0].s, "secret", 6, &put, &err),
                     WW_IO_FAILED);
    err = (struct ww_error){ 0 };
    assert_int_equal(ww_stream_handshake(p.side[1].s, &err), WW_IO_WANT_READ);
    assert_int_equal(ww_stream_handshake(p.side[0].s, &err), WW_IO_FAILED);
    assert_int_equal(err.kind, WW_ERR_CERT);
    size_t all = mem_stream_sent(p.below[0], &sent);
    assert_in_range(all - hello, 7, 40); /* an alert, perhaps encrypted */
    for (int i = 0; i < 3; i++) {
        struct ww_error again = { 0 };
        assert_int_equal(
            ww_stream_write(p.side[0].s, "secret", 6, &put, &again),
            WW_IO_FAILED);
        assert_int_equal(ww_stream_handshake(p.side[0].s, &again),
                         WW_IO_FAILED);
        assert_int_equal(ww_stream_finish(p.side[0].s, &again), WW_IO_FAILED);
    }
    assert_int_equal(mem_stream_sent(p.below[0], &sent), all);
    assert_int_equal(put, 0);
    pair_close(&p);
}

/* --- names in the hello ---------------------------------------------- */

static size_t number(const uint8_t *at, int bytes)
{
    size_t n = 0;
    while (bytes-- > 0)
        n = n << 8 | *at++;
    return n;
}

/* Copies the name out of a ClientHello's server_name extension (RFC 6066
 * section 3); "" without one. */
static void server_name(const uint8_t *hello, size_t len, char *buf, size_t cap)
{
    const uint8_t *at = hello + 5 + 4 + 2 + 32;

    buf[0] = '\0';
    at += 1 + at[0];         /* session id */
    at += 2 + number(at, 2); /* suites */
    at += 1 + at[0];         /* compression */
    const uint8_t *end = at + 2 + number(at, 2);
    assert_true(end == hello + len);
    for (at += 2; at < end; at += 4 + number(at + 2, 2))
        if (number(at, 2) == 0)
            snprintf(buf, cap, "%.*s", (int)number(at + 7, 2),
                     (const char *)at + 9);
}

/* clang-format off */
static const struct {
    const char *host, *want;
} names[] = {
    { "localhost", "localhost" },
    { "localhost.", "localhost" },
    { "a.wirewrap.test", "a.wirewrap.test" },
    { "127.0.0.1", "" },
    { "::1", "" },
    { "fe80::1%eth0", "" },
    { "1.2.3", "1.2.3" }, /* no address to anybody but inet_aton() */
};
/* clang-format on */

static void addresses_are_never_sent_as_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(names); i++) {
        struct pair p;
        char name[300];
        const uint8_t *sent;
        struct ww_error err = { 0 };
        bool verifies = i % 2;
        struct ww_tls *client = client_with(verifies ? "ca.pem" : NULL, NULL);

        print_message("# %s\n", names[i / 2].host);
        join(&p, client, good_server, names[i / 2].host);
        assert_int_equal(ww_stream_handshake(p.side[0].s, &err),
                         WW_IO_WANT_READ);
        size_t len = mem_stream_sent(p.below[0], &sent);
        server_name(sent, len, name, sizeof name);
        assert_string_equal(name, names[i / 2].want);
        pair_close(&p);
        ww_tls_free(client);
    }
}

static void unusable_hosts_are_refused(void **state)
{
    static char endless[300];
    const char *const hosts[] = { NULL,  "",     ".", ".wirewrap.test",
                                  "%lo", endless };

    (void)state;
    memset(endless, 'x', sizeof endless - 1);
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct ww_stream *ends[2];
        struct ww_error err = { 0 };
        print_message("# %s\n", hosts[i] ? hosts[i] : "none");
        mem_stream_pair(NULL, ends);
        assert_null(ww_stream_tls(good_client, ends[0], hosts[i], &err));
        assert_int_equal(err.kind, WW_ERR_USAGE);
        ww_stream_free(ends[0]); /* it was not taken */
        ww_stream_free(ends[1]);
    }
}

/* --- peers that speak something else --------------------------------- */

#define TEXT(text) (text), sizeof(text) - 1

/* clang-format off */
static const struct odd_peer {
    const char *name;
    enum pair_side side; /* which side is ours */
    const char *bytes;
    size_t len;
    bool ends;
    const char *want[3];
    const char *hint;
} odd_peers[] = {
    { "a plain server that greets", PAIR_CLIENT,
      TEXT("220 mail.wirewrap.test\r\n"), false,
      { "the server answered with plain text: '220 mail.wirewrap.test\\r\\n'" },
      "tcp://" },
    { "a web server without TLS", PAIR_CLIENT,
      TEXT("HTTP/1.1 400 Bad Request\r\n\r\n"), true,
      { "the server answered with plain text: 'HTTP/1.1 400 Bad" }, "tcp://" },
    { "a server that answers in binary", PAIR_CLIENT,
      TEXT("\0\1\2\3\4\5\6\7"), false,
      { "the server answered with bytes that are not TLS: '\\x00\\x01" },
      "tcp://" },
    { "a server that refuses", PAIR_CLIENT, TEXT("\x15\3\3\0\2\2\x28"), false,
      { "the server refused it with the alert 'handshake failure'" }, NULL },
    { "a server that closes at once", PAIR_CLIENT, TEXT(""), true,
      { "the server closed the connection without a word" }, NULL },
    { "a server that closes half way", PAIR_CLIENT,
      TEXT("\x16\3\3\0\x7a\2\0"), true,
      { "the server closed the connection half way" }, NULL },
    { "a server that closes after a byte", PAIR_CLIENT, TEXT("\x16"), true,
      { "the server closed the connection half way" }, NULL },
    { "a server that sends a record too large", PAIR_CLIENT,
      TEXT("\x16\3\3\xff\xff......"), false, { "TLS handshake: " }, NULL },
    { "a web browser", PAIR_SERVER, TEXT("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
      false, { "an HTTP request in plain text on the TLS port, it starts with "
      "'GET / HTTP/1.1\\r\\n" }, NULL },
    { "a web browser that asks for options", PAIR_SERVER,
      TEXT("OPTIONS * HTTP/1.1\r\n\r\n"), false,
      { "an HTTP request in plain text on the TLS port" }, NULL },
    { "the lesson's client", PAIR_SERVER, TEXT("hello world\n"), false,
      { "plain text on the TLS port, it starts with 'hello world\\n'" }, NULL },
    { "a client in binary", PAIR_SERVER, TEXT("\1\2\3\4\5\6\7"), false,
      { "bytes that are not TLS on the TLS port, it starts with '\\x01\\x02" },
      NULL },
    { "a client with escapes", PAIR_SERVER, TEXT("\x1b[31mred\x07 alert"),
      false, { "it starts with '\\x1b[31mred\\x07" }, NULL },
    { "garbage in a record", PAIR_SERVER, TEXT("\x16\3\1\0\5\xff\xff\xff\xff\xff"),
      false, { "TLS handshake: " }, NULL },
    { "data first", PAIR_SERVER, TEXT("\x17\3\3\0\5hello"), false,
      { "TLS handshake: " }, NULL },
    { "a client that refuses", PAIR_SERVER, TEXT("\x15\3\3\0\2\2\x30"), false,
      { "TLS handshake: " }, NULL },
    { "a client that closes at once", PAIR_SERVER, TEXT(""), true,
      { "the client closed the connection without a word" }, NULL },
    { "a client that closes half way", PAIR_SERVER, TEXT("\x16\3\1\2\0\1\0"),
      true, { "the client closed the connection half way" }, NULL },
};
/* clang-format on */

/* Joins our side to bytes that are there already. */
static void meet_odd_peer(const struct odd_peer *odd, const struct stack *how)
{
    struct ww_tls *const tls[2] = { good_client, good_server };
    struct pair p;
    struct ww_error err = { 0 };
    enum ww_io io;

    pair_open(&p, how);
    struct ww_stream *peer = p.below[1 - odd->side];
    for (size_t i = 0; i < odd->len;) {
        size_t put = 0;
        assert_int_equal(
            ww_stream_write(peer, odd->bytes + i, odd->len - i, &put, &err),
            WW_IO_DONE);
        i += put;
    }
    if (odd->ends)
        assert_int_equal(ww_stream_finish(peer, &err), WW_IO_DONE);
    assert_int_equal(pair_wrap(&p, tls, "localhost", &err), 0);
    for (int i = 0; i < 2000; i++) {
        io = ww_stream_handshake(p.side[odd->side].s, &err);
        if (io == WW_IO_FAILED)
            break;
    }
    assert_int_equal(io, WW_IO_FAILED);
    check_error(&err, WW_ERR_TLS, odd->want, odd->hint);
    assert_null(strchr(err.text, '\x1b'));
    pair_close(&p);
}

static void other_languages_are_told_in_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(odd_peers); i++) {
        print_message("# %s\n", odd_peers[i].name);
        meet_odd_peer(&odd_peers[i], &in_memory);
    }
}

/* The excerpt may be shorter then. */
static void and_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(odd_peers); i++) {
        struct odd_peer odd = odd_peers[i];
        print_message("# %s\n", odd.name);
        odd.want[0] = odd.want[1] = NULL;
        meet_odd_peer(&odd, &bytewise);
    }
}

/* A server of the lesson in its echo form. */
static void our_own_hello_comes_back(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct pair p;
        struct ww_error err = { 0 };
        const uint8_t *hello;
        struct ww_tls *const tls[2] = { good_client, good_server };
        enum ww_io io = WW_IO_DONE;

        pair_open(&p, i ? &bytewise : &in_memory);
        assert_int_equal(pair_wrap(&p, tls, "localhost", &err), 0);
        assert_int_equal(ww_stream_handshake(p.side[0].s, &err),
                         WW_IO_WANT_READ);
        size_t len = mem_stream_sent(p.below[0], &hello);
        assert_true(len > 60);
        for (size_t at = 0; at < 60 && io != WW_IO_FAILED;) {
            size_t put = 0; /* a part is enough */
            assert_int_equal(
                ww_stream_write(p.below[1], hello + at, 60 - at, &put, &err),
                WW_IO_DONE);
            at += put;
            io = ww_stream_handshake(p.side[0].s, &err);
        }
        assert_int_equal(io, WW_IO_FAILED);
        assert_int_equal(err.kind, WW_ERR_TLS);
        assert_non_null(strstr(err.text, "echoed our hello back"));
        assert_non_null(strstr(err.hint, "tcp://"));
        pair_close(&p);
    }
}

static void a_client_says_why_it_refuses(void **state)
{
    struct pair p;
    struct ww_tls *client = client_with("self-signed.pem", NULL);

    (void)state;
    join(&p, client, good_server, "localhost");
    meet(&p);
    assert_int_equal(p.side[0].err.kind, WW_ERR_CERT);
    assert_int_equal(p.side[1].err.kind, WW_ERR_TLS);
    assert_non_null(
        strstr(p.side[1].err.text,
               "the client refused it with the alert 'unknown CA'"));
    pair_close(&p);
    ww_tls_free(client);
}

/* --- what was agreed on ---------------------------------------------- */

static void facts_are_known_after_the_handshake(void **state)
{
    struct pair p;

    (void)state;
    join(&p, good_client, good_server, "127.0.0.1");
    meet(&p);
    for (int i = 0; i < 2; i++) {
        struct ww_stream_info info;
        ww_stream_info(p.side[i].s, &info);
        assert_string_equal(info.version, "TLSv1.3");
        assert_string_equal(info.suite, "TLS_AES_128_GCM_SHA256");
        assert_non_null(strstr(info.group, "X25519")); /* alone or hybrid */
        assert_false(info.resumed);
        if (i == PAIR_CLIENT)
            assert_string_equal(info.identity, "127.0.0.1");
        else
            assert_null(info.identity);
    }
    pair_close(&p);
}

static void nobody_is_proved_without_verification(void **state)
{
    struct pair p;
    struct ww_stream_info info;
    struct ww_tls *client = client_with(NULL, NULL);

    (void)state;
    join(&p, client, good_server, "localhost");
    meet(&p);
    assert_string_equal(p.side[0].err.text, "");
    ww_stream_info(p.side[0].s, &info);
    assert_null(info.identity);
    pair_close(&p);
    ww_tls_free(client);
}

/* A client made of nothing but OpenSSL, to do what ours never would. */
struct raw {
    SSL_CTX *ctx;
    SSL *ssl;
};

static struct raw raw_client(int version, const char *suites)
{
    struct raw raw = { .ctx = SSL_CTX_new(TLS_client_method()) };

    SSL_CTX_set_security_level(raw.ctx, 0);
    assert_true(SSL_CTX_set_min_proto_version(raw.ctx, version));
    assert_true(SSL_CTX_set_max_proto_version(raw.ctx, version));
    assert_true(SSL_CTX_set_cipher_list(raw.ctx, suites));
    raw.ssl = SSL_new(raw.ctx);
    SSL_set_bio(raw.ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(raw.ssl);
    return raw;
}

static void raw_free(struct raw *raw)
{
    SSL_free(raw->ssl);
    SSL_CTX_free(raw->ctx);
}

/* Carries what has piled up between the raw client and its end in memory. */
static void raw_carry(struct raw *raw, struct ww_stream *end)
{
    static char buf[20000];
    size_t n = 0;

    int len = BIO_read(SSL_get_wbio(raw->ssl), buf, sizeof buf);
    if (len > 0)
        (void)!ww_stream_write(end, buf, (size_t)len, &n, NULL);
    while (ww_stream_read(end, buf, sizeof buf, &n, NULL) == WW_IO_DONE)
        BIO_write(SSL_get_rbio(raw->ssl), buf, (int)n);
}

/* Lets it shake hands with `server`, and then read once, which takes in the
 * session ticket. */
static enum ww_io raw_meet(struct raw *raw, struct ww_stream *server,
                           struct ww_stream *end, struct ww_error *err)
{
    enum ww_io io = WW_IO_WANT_READ;
    char byte;

    for (int i = 0; i < 10 && io != WW_IO_FAILED; i++) {
        SSL_do_handshake(raw->ssl);
        raw_carry(raw, end);
        io = ww_stream_handshake(server, err);
        raw_carry(raw, end);
    }
    SSL_read(raw->ssl, &byte, 1);
    return io;
}

/* clang-format off */
static const struct {
    const char *name;
    int version;
    const char *suites;
    const char *want_version, *want_suite; /* NULL: refused */
    const char *text;
} old_clients[] = {
    { "TLS 1.2", TLS1_2_VERSION, "ALL", "TLSv1.2",
      "ECDHE-ECDSA-AES128-GCM-SHA256", NULL },
    { "TLS 1.2 with the stronger suite", TLS1_2_VERSION,
      "ECDHE-ECDSA-AES256-GCM-SHA384", "TLSv1.2",
      "ECDHE-ECDSA-AES256-GCM-SHA384", NULL },
    { "TLS 1.2 with CBC", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256", NULL,
      NULL, "no shared cipher" },
    { "TLS 1.2 without forward secrecy", TLS1_2_VERSION, "AES128-GCM-SHA256",
      NULL, NULL, "no shared cipher" },
    { "TLS 1.1", TLS1_1_VERSION, "ALL:@SECLEVEL=0", NULL, NULL,
      "unsupported protocol" },
};
/* clang-format on */

static void old_clients_get_what_is_safe(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(old_clients); i++) {
        struct pair p;
        struct ww_error err = { 0 };
        struct ww_stream_info info;
        struct raw raw =
            raw_client(old_clients[i].version, old_clients[i].suites);

        print_message("# %s\n", old_clients[i].name);
        pair_open(&p, &in_memory);
        struct ww_stream *server =
            ww_stream_tls(good_server, p.below[1], NULL, &err);
        enum ww_io io = raw_meet(&raw, server, p.below[0], &err);
        ww_stream_info(server, &info);
        if (old_clients[i].want_version) {
            assert_string_equal(err.text, "");
            assert_int_equal(io, WW_IO_DONE);
            assert_string_equal(info.version, old_clients[i].want_version);
            assert_string_equal(info.suite, old_clients[i].want_suite);
        } else {
            assert_int_equal(io, WW_IO_FAILED);
            assert_int_equal(err.kind, WW_ERR_TLS);
            assert_non_null(strstr(err.text, old_clients[i].text));
        }
        p.side[1].s = server;
        pair_close(&p);
        raw_free(&raw);
    }
}

/* Shakes hands with `tls`, offering `session` (may be NULL); true if that was
 * taken.  *session becomes the one that came of it. */
static bool resumes(struct ww_tls *tls, int version, SSL_SESSION **session)
{
    struct pair p;
    struct ww_error err = { 0 };
    struct ww_stream_info info;
    struct raw raw = raw_client(version, "ALL");

    if (*session)
        assert_true(SSL_set_session(raw.ssl, *session));
    SSL_SESSION_free(*session);
    pair_open(&p, &in_memory);
    struct ww_stream *server = ww_stream_tls(tls, p.below[1], NULL, &err);
    assert_int_equal(raw_meet(&raw, server, p.below[0], &err), WW_IO_DONE);
    ww_stream_info(server, &info);
    assert_int_equal(info.resumed, SSL_session_reused(raw.ssl));
    *session = SSL_get1_session(raw.ssl);
    SSL_shutdown(raw.ssl);
    p.side[1].s = server;
    pair_close(&p);
    raw_free(&raw);
    return info.resumed;
}

static void clones_resume_each_others_sessions(void **state)
{
    const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

    (void)state;
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct ww_error err = { 0 };
        struct ww_tls *clone = ww_tls_clone(good_server, &err);
        struct ww_tls *stranger = server_with("server", &err);
        SSL_SESSION *session = NULL;

        assert_false(resumes(good_server, versions[i], &session));
        assert_true(resumes(good_server, versions[i], &session));
        assert_true(resumes(clone, versions[i], &session));
        assert_true(resumes(good_server, versions[i], &session));
        assert_false(resumes(stranger, versions[i], &session));
        SSL_SESSION_free(session);
        ww_tls_free(clone);
        ww_tls_free(stranger);
    }
}

/* --- threads --------------------------------------------------------- */

/* A worker's own contexts. */
struct worker {
    struct ww_tls *tls[2];
    struct pair pair;
    int served;
};

static void *serve_some(void *arg)
{
    struct worker *w = arg;

    for (int i = 0; i < 8; i++) {
        char in[2][4];
        struct ww_error err = { 0 };
        pair_open(&w->pair, &in_memory);
        if (pair_wrap(&w->pair, w->tls, "localhost", &err) < 0)
            return w;
        for (int j = 0; j < 2; j++) {
            struct talk *t = &w->pair.side[j];
            t->out = "wrap";
            t->out_len = t->in_cap = t->in_want = 4;
            t->in = in[j];
            t->ends = t->to_end = true;
        }
        pair_run(&w->pair);
        w->served += !w->pair.side[0].failed && !w->pair.side[1].failed;
        pair_close(&w->pair);
    }
    return NULL;
}

static void every_thread_has_its_clone(void **state)
{
    static struct worker workers[3];
    pthread_t threads[COUNT(workers)];
    struct ww_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(workers); i++) {
        workers[i].tls[PAIR_CLIENT] = ww_tls_clone(good_client, &err);
        workers[i].tls[PAIR_SERVER] = ww_tls_clone(good_server, &err);
        assert_string_equal(err.text, "");
    }
    for (size_t i = 0; i < COUNT(workers); i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, serve_some, &workers[i]), 0);
    for (size_t i = 0; i < COUNT(workers); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].served, 8);
        ww_tls_free(workers[i].tls[0]);
        ww_tls_free(workers[i].tls[1]);
    }
}

static int set_up(void **state)
{
    if (certs_setup_zoo(state) < 0)
        return -1;
    good_client = certs_client();
    good_server = certs_server();
    return 0;
}

static int tear_down(void **state)
{
    ww_tls_free(good_client);
    ww_tls_free(good_server);
    return certs_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_have_to_prove_who_they_are),
        cmocka_unit_test(the_zoo),
        cmocka_unit_test(nothing_is_sent_before_the_verdict),
        cmocka_unit_test(addresses_are_never_sent_as_names),
        cmocka_unit_test(unusable_hosts_are_refused),
        cmocka_unit_test(other_languages_are_told_in_words),
        cmocka_unit_test(and_byte_by_byte),
        cmocka_unit_test(our_own_hello_comes_back),
        cmocka_unit_test(a_client_says_why_it_refuses),
        cmocka_unit_test(facts_are_known_after_the_handshake),
        cmocka_unit_test(nobody_is_proved_without_verification),
        cmocka_unit_test(old_clients_get_what_is_safe),
        cmocka_unit_test(clones_resume_each_others_sessions),
        cmocka_unit_test(every_thread_has_its_clone),
    };
    return cmocka_run_group_tests_name("tls", tests, set_up, tear_down);
}
