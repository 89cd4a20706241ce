#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/opt.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct config {
    bool tls;
    bool verbose;
    bool keep;
    const char *message;
    struct opt_list certs;
    unsigned workers;
    unsigned level;
    int64_t timeout;
    int64_t pause;
    const char *service;
};

#define FIELD(name) offsetof(struct config, name)

/* clang-format off */
static const struct opt options[] = {
    { 0, "tls", OPT_FLAG, FIELD(tls), NULL, "wrap in TLS", 0, 0 },
    { 'v', "verbose", OPT_FLAG, FIELD(verbose), NULL,
      "say more about every connection, about both of its handshakes, and "
      "about the certificates (not the keys) that came with them", 0, 0 },
    { 'k', "keep", OPT_FLAG, FIELD(keep), NULL, "", 0, 0 },
    { 'm', "message", OPT_TEXT, FIELD(message), "TEXT", "send TEXT", 0, 0 },
    { 0, "cert", OPT_LIST, FIELD(certs), "FILE", "certificate", 0, 0 },
    { 'w', "workers", OPT_NUMBER, FIELD(workers), "N",
      "threads (default 1)", 1, 1024 },
    { 'l', "level", OPT_NUMBER, FIELD(level), "N", NULL, 0, 4294967295u },
    { 0, "handshake-timeout", OPT_SECONDS, FIELD(timeout), "SECONDS",
      "for the handshake (default 10)", 1, 3600000 },
    { 0, "pause", OPT_SECONDS, FIELD(pause), "S", "0 is none", 0, 1500 },
    { 0, "service", OPT_CHOICE, FIELD(service), "upper|echo|discard",
      "what happens to the bytes", 0, 0 },
    { 0 },
};

static const char help[] =
    "      --tls           wrap in TLS\n"
    "  -v, --verbose       say more about every connection, about both of its\n"
    "                      handshakes, and about the certificates (not the "
    "keys) that\n"
    "                      came with them\n"
    "  -k, --keep\n"
    "  -m, --message TEXT  send TEXT\n"
    "      --cert FILE     certificate\n"
    "  -w, --workers N     threads (default 1)\n"
    "  -l, --level N\n"
    "      --handshake-timeout SECONDS\n"
    "                      for the handshake (default 10)\n"
    "      --pause S       0 is none\n"
    "      --service upper|echo|discard\n"
    "                      what happens to the bytes\n";

/* A command line, its words separated by one space each (so two make an empty
 * word), and what show() says afterwards. */
static const struct {
    const char *name;
    const char *line;
    const char *want;
} accepted[] = {
    { "nothing",          "",                    "|" },
    { "flag",             "--tls",               "tls |" },
    { "short flag",       "-v",                  "verbose |" },
    { "flags in one",     "-vk",                 "verbose keep |" },
    { "twice the same",   "-vv --verbose",       "verbose |" },
    { "next word",        "--message hi",        "message=hi |" },
    { "after =",          "--message=hi",        "message=hi |" },
    { "= in the value",   "--message=a=b",       "message=a=b |" },
    { "empty after =",    "--message=",          "message= |" },
    { "empty word",       "--message ",          "message= |" },
    { "letter and word",  "-m hi",               "message=hi |" },
    { "letter and rest",  "-mhi",                "message=hi |" },
    { "rest like a flag", "-m-v",                "message=-v |" },
    { "flags, then value", "-vkm hi",            "verbose keep message=hi |" },
    { "flag, then rest",  "-vmkeep",             "verbose message=keep |" },
    { "value like an option", "--message --tls", "message=--tls |" },
    { "value is --",      "--message -- x",      "message=-- | x" },
    { "value is -",       "-m -",                "message=- |" },
    { "the last counts",  "-w 3 --workers=4",    "workers=4 |" },
    { "list",             "--cert a --cert=b --cert a", "cert=a,b,a |" },
    { "smallest",         "-w1",                 "workers=1 |" },
    { "largest",          "-w 1024",             "workers=1024 |" },
    { "leading zeros",    "-w 007",              "workers=7 |" },
    { "largest unsigned", "-l 4294967295",       "level=4294967295 |" },
    { "whole seconds",    "--pause 1",           "pause=1000 |" },
    { "decimal seconds",  "--pause=0.5",         "pause=500 |" },
    { "all places",       "--pause=0.125",       "pause=125 |" },
    { "no whole part",    "--pause=.25",         "pause=250 |" },
    { "no fraction",      "--pause=1.",          "pause=1000 |" },
    { "none at all",      "--pause=0",           "pause=0 |" },
    { "none, at length",  "--pause=0.0000000",   "pause=0 |" },
    { "rounded up",       "--pause=0.0000001",   "pause=1 |" },
    { "one place more",   "--pause=0.1251",      "pause=126 |" },
    { "exactly the most", "--pause=1.5000",      "pause=1500 |" },
    { "exactly the least", "--handshake-timeout .001", "timeout=1 |" },
    { "first choice",     "--service upper",     "service=upper |" },
    { "last choice",      "--service=discard",   "service=discard |" },
    { "operands",         "localhost 12000",     "| localhost 12000" },
    { "- is one",         "- -v -",              "verbose | - -" },
    { "empty operand",    " -v",                 "verbose | " },
    { "mixed",            "a --tls b -m hi c -w2 d",
                          "tls message=hi workers=2 | a b c d" },
    { "after --",         "-v -- --tls -k",      "verbose | --tls -k" },
    { "around --",        "a -v b -- -k --",     "verbose | a b -k --" },
    { "-- alone",         "--",                  "|" },
};

#define SEE "see wirewrap server --help"

static const struct {
    const char *name;
    const char *line;
    const char *text;
    const char *hint;
} refused[] = {
    { "unknown",         "--bogus",     "--bogus: unknown option", SEE },
    { "with a value",    "--bogus=1",   "--bogus: unknown option", SEE },
    { "one letter less", "--mesage x",  "--mesage: unknown option",
      "did you mean --message?" },
    { "letters swapped", "--cret x",    "--cret: unknown option",
      "did you mean --cert?" },
    { "short name",      "--tsl",       "--tsl: unknown option",
      "did you mean --tls?" },
    { "nothing like it", "--xyz",       "--xyz: unknown option", SEE },
    { "one letter off",  "--tlz",       "--tlz: unknown option",
      "did you mean --tls?" },
    { "a beginning",     "--handshake=3", "--handshake: unknown option",
      "did you mean --handshake-timeout?" },
    { "unique beginning", "--verb",     "--verb: unknown option",
      "did you mean --verbose?" },
    { "upper case",      "--TLS",       "--TLS: unknown option", SEE },
    { "no name",         "--=x",        "--: unknown option", SEE },
    { "dash too few",    "-tls",        "-t: unknown option",
      "did you mean --tls?" },
    { "letter",          "-x",          "-x: unknown option", SEE },
    { "second letter",   "-vx",         "-x: unknown option", SEE },
    { "not a letter",    "-\x1b",       "-\\x1b: unknown option", SEE },
    { "escaped",         "--a\nb\x1b",  "--a\\nb\\x1b: unknown option", SEE },
    { "after operands",  "a b --bogus", "--bogus: unknown option", SEE },
    { "no value",        "--cert",      "--cert: a value is missing (FILE)",
      SEE },
    { "no value, letter", "-vm",        "--message: a value is missing (TEXT)",
      SEE },
    { "flag with value", "--tls=1",     "--tls: takes no value", SEE },
    { "flag with =",     "--tls=",      "--tls: takes no value", SEE },
    { "too small",       "-w 0",
      "--workers: '0' is not a number from 1 to 1024", SEE },
    { "too large",       "--workers=1025",
      "--workers: '1025' is not a number from 1 to 1024", SEE },
    { "far too large",   "-l 99999999999999999999999",
      "--level: '99999999999999999999999' is not a number from 0 to 4294967295",
      SEE },
    { "just too large",  "-l 4294967296",
      "--level: '4294967296' is not a number from 0 to 4294967295", SEE },
    { "negative",        "-l -1",
      "--level: '-1' is not a number from 0 to 4294967295", SEE },
    { "signed",          "-l +1",
      "--level: '+1' is not a number from 0 to 4294967295", SEE },
    { "with a space",    "-l \t1",
      "--level: '\\t1' is not a number from 0 to 4294967295", SEE },
    { "empty number",    "--workers=",
      "--workers: '' is not a number from 1 to 1024", SEE },
    { "trailing text",   "-w 4x",
      "--workers: '4x' is not a number from 1 to 1024", SEE },
    { "hexadecimal",     "-w 0x10",
      "--workers: '0x10' is not a number from 1 to 1024", SEE },
    { "zero seconds",    "--handshake-timeout 0",
      "--handshake-timeout: '0' is not a number of seconds from 0.001 to 3600",
      SEE },
    { "too long",        "--handshake-timeout 3600.001",
      "--handshake-timeout: '3600.001' is not a number of seconds from 0.001 "
      "to 3600", SEE },
    { "a hair too long", "--pause 1.5000001",
      "--pause: '1.5000001' is not a number of seconds from 0 to 1.5", SEE },
    { "far too long",    "--pause 99999999999999999999999",
      "--pause: '99999999999999999999999' is not a number of seconds from 0 "
      "to 1.5", SEE },
    { "negative time",   "--pause -1",
      "--pause: '-1' is not a number of seconds from 0 to 1.5", SEE },
    { "minus nothing",   "--pause=-0",
      "--pause: '-0' is not a number of seconds from 0 to 1.5", SEE },
    { "not a number",    "--pause nan",
      "--pause: 'nan' is not a number of seconds from 0 to 1.5", SEE },
    { "infinite",        "--pause inf",
      "--pause: 'inf' is not a number of seconds from 0 to 1.5", SEE },
    { "empty time",      "--pause=",
      "--pause: '' is not a number of seconds from 0 to 1.5", SEE },
    { "only a point",    "--pause=.",
      "--pause: '.' is not a number of seconds from 0 to 1.5", SEE },
    { "two points",      "--pause=1.0.0",
      "--pause: '1.0.0' is not a number of seconds from 0 to 1.5", SEE },
    { "a unit",          "--pause=1s",
      "--pause: '1s' is not a number of seconds from 0 to 1.5", SEE },
    { "an exponent",     "--pause=1e0",
      "--pause: '1e0' is not a number of seconds from 0 to 1.5", SEE },
    { "no such choice",  "--service x",
      "--service: 'x' is none of upper, echo, discard", SEE },
    { "half a choice",   "--service ech",
      "--service: 'ech' is none of upper, echo, discard", SEE },
    { "two choices",     "--service upper|echo",
      "--service: 'upper|echo' is none of upper, echo, discard", SEE },
    { "empty choice",    "--service=",
      "--service: '' is none of upper, echo, discard", SEE },
    { "escaped choice",  "--service \x1b[2J",
      "--service: '\\x1b[2J' is none of upper, echo, discard", SEE },
};
/* clang-format on */

#define WORDS_MAX 64

/* A command line as main() gets it. */
struct line {
    char text[1000];
    char *argv[WORDS_MAX + 1];
    int argc;
};

static void line_split(struct line *l, const char *text)
{
    *l = (struct line){ .argc = 0 };
    int n =
        snprintf(l->text, sizeof l->text, "server%s%s", *text ? " " : "", text);
    assert_in_range(n, 1, sizeof l->text - 1);
    for (char *rest = l->text; rest;) {
        assert_in_range(l->argc, 0, WORDS_MAX - 1);
        l->argv[l->argc++] = strsep(&rest, " ");
    }
}

static void print_text(FILE *out, const char *name, const char *text)
{
    if (text)
        fprintf(out, "%s=%s ", name, text);
}

static void print_number(FILE *out, const char *name, long long n)
{
    if (n >= 0)
        fprintf(out, "%s=%lld ", name, n);
}

/* Everything that is not as it was, then the operands. */
static char *show(const struct config *c, const struct line *l, int rest)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);

    fprintf(out, "%s%s%s", c->tls ? "tls " : "", c->verbose ? "verbose " : "",
            c->keep ? "keep " : "");
    print_text(out, "message", c->message);
    for (size_t i = 0; i < c->certs.count; i++)
        fprintf(out, "%s%s%s", i ? "," : "cert=", c->certs.items[i],
                i + 1 == c->certs.count ? " " : "");
    print_number(out, "workers", c->workers == 99 ? -1 : (long long)c->workers);
    print_number(out, "level", c->level == 99 ? -1 : (long long)c->level);
    print_number(out, "timeout", c->timeout);
    print_number(out, "pause", c->pause);
    print_text(out, "service", c->service);
    fputc('|', out);
    for (int i = rest; i < l->argc; i++)
        fprintf(out, " %s", l->argv[i]);
    fclose(out);
    return text;
}

static struct config defaults(void)
{
    return (struct config){
        .workers = 99, .level = 99, .timeout = -1, .pause = -1
    };
}

static void accepts_every_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        struct config config = defaults();
        struct ww_error err = { 0 };
        struct line l;
        line_split(&l, accepted[i].line);

        print_message("# %s\n", accepted[i].name);
        int rest = opt_parse(options, &config, l.argc, l.argv, &err);
        assert_int_equal(err.kind, WW_ERR_NONE);
        assert_in_range(rest, 1, l.argc);
        char *text = show(&config, &l, rest);
        assert_string_equal(text, accepted[i].want);
        free(text);
    }
}

static void refuses_with_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct config config = defaults();
        struct ww_error err = { 0 };
        struct line l;
        line_split(&l, refused[i].line);

        print_message("# %s\n", refused[i].name);
        assert_int_equal(opt_parse(options, &config, l.argc, l.argv, &err), -1);
        assert_int_equal(err.kind, WW_ERR_USAGE);
        assert_string_equal(err.text, refused[i].text);
        assert_string_equal(err.hint, refused[i].hint);
    }
}

/* Nothing that the user wrote may be lost or doubled while operands move. */
static void moves_every_word_once(void **state)
{
    (void)state;
    struct config config = defaults();
    struct ww_error err = { 0 };
    struct line l;
    line_split(&l, "a -v b -m x c --tls -- d -k");

    static const char *const want[] = { "server", "-v", "-m", "x",
                                        "--tls",  "--", "a",  "b",
                                        "c",      "d",  "-k" };
    assert_int_equal(opt_parse(options, &config, l.argc, l.argv, &err), 6);
    assert_int_equal(l.argc, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++)
        assert_string_equal(l.argv[i], want[i]);
    assert_null(l.argv[l.argc]);
}

static void lists_have_an_end(void **state)
{
    (void)state;
    struct config config = defaults();
    struct ww_error err = { 0 };
    struct line l;

    line_split(&l, "--cert=2");
    for (int i = 0; i < OPT_LIST_MAX; i++)
        assert_int_equal(opt_parse(options, &config, l.argc, l.argv, &err), 2);
    assert_int_equal(config.certs.count, OPT_LIST_MAX);
    assert_int_equal(opt_parse(options, &config, l.argc, l.argv, &err), -1);
    assert_int_equal(config.certs.count, OPT_LIST_MAX);
    assert_int_equal(err.kind, WW_ERR_USAGE);
    assert_string_equal(err.text, "--cert: more than 32 of them");
}

/* A very long word is cut, the reason behind it is not. */
static void shortens_long_words(void **state)
{
    static const struct {
        const char *front, *end;
    } words[] = {
        { "--", ": unknown option" },
        { "--service=", "' is none of upper, echo, discard" },
        { "--workers=", "' is not a number from 1 to 1024" },
        { "--pause=", "' is not a number of seconds from 0 to 1.5" },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(words); i++) {
        struct config config = defaults();
        struct ww_error err = { 0 };
        struct line l;
        char word[900] = { 0 };
        memset(word, 'y', sizeof word - 1);
        memcpy(word, words[i].front, strlen(words[i].front));
        line_split(&l, word);

        assert_int_equal(opt_parse(options, &config, l.argc, l.argv, &err), -1);
        assert_in_range(strlen(err.text), strlen(words[i].end), 200);
        assert_string_equal(err.text + strlen(err.text) - strlen(words[i].end),
                            words[i].end);
    }
}

static char *help_of(const struct opt *table)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    opt_help(table, out);
    fclose(out);
    return text;
}

static void help_shows_the_table(void **state)
{
    (void)state;
    char *text = help_of(options);
    assert_string_equal(text, help);
    free(text);
}

/* 80 columns whatever the words are, unless one alone is longer. */
static void help_wraps_at_80_columns(void **state)
{
    static const char words[] =
        "a bb ccc dddd eeeee ffffff ggggggg hhhhhhhh iiiiiiiii jjjjjjjjjj "
        "kkkkkkkkkkk llllllllllll mmmmmmmmmmmmm nnnnnnnnnnnnnn ooooooooooooooo";
    (void)state;

    for (size_t start = 0; start < sizeof words; start++) {
        const struct opt table[] = {
            { 'x', "example", OPT_TEXT, 0, "TEXT", words + start, 0, 0 },
            { 0 },
        };
        char *text = help_of(table);
        for (char *rest = text; *rest;) {
            size_t len = strcspn(rest, "\n");
            assert_in_range(len, 1, 80);
            assert_int_not_equal(rest[len - 1], ' ');
            rest += len + 1;
        }
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_every_form),
        cmocka_unit_test(refuses_with_a_reason),
        cmocka_unit_test(moves_every_word_once),
        cmocka_unit_test(lists_have_an_end),
        cmocka_unit_test(shortens_long_words),
        cmocka_unit_test(help_shows_the_table),
        cmocka_unit_test(help_wraps_at_80_columns),
    };
    return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
