/* A parser of our own rather than getopt_long: no global state, no
 * abbreviations, and errors that name the option and the range. */

#include "cli/opt.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define DIGITS "0123456789"

/* Text of the command line as an error shows it. */
#define SHOWN_CAP 80

/* Where parsing stands: argv[1..first) has been used, argv[first..next) are
 * operands met so far, argv[next..argc) is still to be seen. */
struct cursor {
    const struct opt *table;
    void *config;
    int argc;
    char **argv;
    int first;
    int next;
    struct ww_error *err;
};

/* ---- values ---- */

static int store_list(const struct opt *o, struct opt_list *list,
                      const char *text, struct ww_error *err)
{
    if (list->count == OPT_LIST_MAX)
        return error_set(err, WW_ERR_USAGE, "--%s: more than %d of them",
                         o->name, OPT_LIST_MAX);
    list->items[list->count++] = text;
    return 0;
}

static int store_number(const struct opt *o, unsigned *field, const char *text,
                        struct ww_error *err)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    /* strtoul by itself would take spaces and signs. */
    if (strspn(text, DIGITS) == 0 || errno || *end || n < o->min ||
        n > o->max) {
        char shown[SHOWN_CAP];
        text_escape(shown, sizeof shown, text, strlen(text));
        return error_set(err, WW_ERR_USAGE,
                         "--%s: '%s' is not a number from %u to %u", o->name,
                         shown, o->min, o->max);
    }
    *field = (unsigned)n;
    return 0;
}

/* Reads decimal seconds ("2", "0.5") as milliseconds, or returns -1.  What is
 * finer is rounded up, so that a short time does not become none at all.  Not
 * strtod: it knows "nan", "1e9", "0x1p3", and a comma in some locales. */
static int64_t read_seconds(const char *text)
{
    size_t whole = strspn(text, DIGITS);
    const char *rest = text + whole;
    const char *part = rest + (*rest == '.');
    size_t places = *rest == '.' ? strspn(part, DIGITS) : 0;

    if (whole + places == 0 || part[places] || whole > 10)
        return -1;

    int64_t ms = strtoll(text, NULL, 10) * 1000;
    int64_t unit = 100;
    for (size_t i = 0; i < places && i < 3; i++, unit /= 10)
        ms += (part[i] - '0') * unit;
    if (places > 3 && strspn(part + 3, "0") < places - 3)
        ms++;
    return ms;
}

static int store_seconds(const struct opt *o, int64_t *field, const char *text,
                         struct ww_error *err)
{
    int64_t ms = read_seconds(text);
    if (ms < o->min || ms > o->max) {
        char shown[SHOWN_CAP];
        text_escape(shown, sizeof shown, text, strlen(text));
        return error_set(err, WW_ERR_USAGE,
                         "--%s: '%s' is not a number of seconds from %.10g to "
                         "%.10g",
                         o->name, shown, o->min / 1000.0, o->max / 1000.0);
    }
    *field = ms;
    return 0;
}

/* Tells whether `text` is one of the words in "a|b|c". */
static bool is_choice(const char *choices, const char *text)
{
    size_t len = strlen(text);

    for (const char *word = choices;; word++) {
        size_t n = strcspn(word, "|");
        if (n == len && memcmp(word, text, n) == 0)
            return true;
        word += n;
        if (!*word)
            return false;
    }
}

/* Says that `text` is none of "a|b|c". */
static int fail_choice(const struct opt *o, const char *text,
                       struct ww_error *err)
{
    char shown[SHOWN_CAP];
    char list[240];
    size_t used = 0;

    for (const char *c = o->value; *c && used + 2 < sizeof list; c++) {
        if (*c == '|') {
            list[used++] = ',';
            list[used++] = ' ';
        } else {
            list[used++] = *c;
        }
    }
    list[used] = '\0';
    text_escape(shown, sizeof shown, text, strlen(text));
    return error_set(err, WW_ERR_USAGE, "--%s: '%s' is none of %s", o->name,
                     shown, list);
}

static int store_choice(const struct opt *o, const char **field,
                        const char *text, struct ww_error *err)
{
    if (!is_choice(o->value, text))
        return fail_choice(o, text, err);
    *field = text;
    return 0;
}

/* Puts a value, NULL for a flag, where the option wants it. */
static int store(const struct cursor *c, const struct opt *o, const char *text)
{
    void *field = (char *)c->config + o->where;

    switch (o->kind) {
    case OPT_FLAG:
        *(bool *)field = true;
        return 0;
    case OPT_TEXT:
        *(const char **)field = text;
        return 0;
    case OPT_LIST:
        return store_list(o, field, text, c->err);
    case OPT_NUMBER:
        return store_number(o, field, text, c->err);
    case OPT_SECONDS:
        return store_seconds(o, field, text, c->err);
    case OPT_CHOICE:
        return store_choice(o, field, text, c->err);
    }
    return -1;
}

/* ---- names ---- */

static const struct opt *find_name(const struct opt *table, const char *name,
                                   size_t len)
{
    for (const struct opt *o = table; o->name; o++)
        if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
            return o;
    return NULL;
}

static const struct opt *find_letter(const struct opt *table, char letter)
{
    for (const struct opt *o = table; o->name; o++)
        if (o->letter == letter)
            return o;
    return NULL;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The longest name that is worth a guess; more would be no typing error. */
#define GUESS_MAX 32

/* Levenshtein's distance: the least number of letters to insert, remove or
 * change that makes `b` of `a`.  Keeps one row of the usual table. */
static size_t distance(const char *a, size_t a_len, const char *b)
{
    size_t row[GUESS_MAX + 1];
    size_t b_len = strlen(b);

    if (b_len > GUESS_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(change, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_len];
}

/* Finds the name that was probably meant: one that begins like that, or is at
 * most two letters away, which is also what swapping two costs.  NULL if there
 * is none. */
static const struct opt *nearest(const struct opt *table, const char *name,
                                 size_t len)
{
    const struct opt *found = NULL;
    size_t best = 3;

    if (len > GUESS_MAX)
        return NULL;
    for (const struct opt *o = table; o->name; o++) {
        bool begins = len >= 3 && strncmp(o->name, name, len) == 0;
        size_t d = begins ? 1 : distance(name, len, o->name);
        if (d < best && d < strlen(o->name)) {
            best = d;
            found = o;
        }
    }
    return found;
}

static void hint_nearest(const struct cursor *c, const char *name, size_t len)
{
    const struct opt *o = nearest(c->table, name, len);
    if (o)
        error_hint(c->err, "did you mean --%s?", o->name);
}

static int fail_unknown(const struct cursor *c, const char *dashes,
                        const char *name, size_t len)
{
    char shown[SHOWN_CAP];
    text_escape(shown, sizeof shown, name, len);
    return error_set(c->err, WW_ERR_USAGE, "%s%s: unknown option", dashes,
                     shown);
}

/* ---- the walk over argv ---- */

/* Takes the next word; operands met before it move up by one. */
static char *take(struct cursor *c)
{
    char *word = c->argv[c->next];
    size_t operands = (size_t)(c->next - c->first);

    memmove(&c->argv[c->first + 1], &c->argv[c->first],
            operands * sizeof *c->argv);
    c->argv[c->first] = word;
    c->first++;
    c->next++;
    return word;
}

/* Stores the value of an option that needs one: `text`, or the next word if
 * that is NULL.  The next word is taken as it is, even if it begins with a
 * dash: `--message "$text"` must work for every text. */
static int store_value(struct cursor *c, const struct opt *o, const char *text)
{
    if (!text && c->next < c->argc)
        text = take(c);
    if (!text)
        return error_set(c->err, WW_ERR_USAGE, "--%s: a value is missing (%s)",
                         o->name, o->value);
    return store(c, o, text);
}

/* --name, --name=VALUE, --name VALUE */
static int parse_long(struct cursor *c, const char *word)
{
    const char *name = word + 2;
    size_t len = strcspn(name, "=");
    const char *text = name[len] ? name + len + 1 : NULL;
    const struct opt *o = find_name(c->table, name, len);

    if (!o) {
        hint_nearest(c, name, len);
        return fail_unknown(c, "--", name, len);
    }
    if (o->kind != OPT_FLAG)
        return store_value(c, o, text);
    if (text)
        return error_set(c->err, WW_ERR_USAGE, "--%s: takes no value", o->name);
    return store(c, o, NULL);
}

/* -v, -vk, -lVALUE, -l VALUE, -vlVALUE */
static int parse_letters(struct cursor *c, const char *word)
{
    for (const char *at = word + 1; *at; at++) {
        const struct opt *o = find_letter(c->table, *at);
        if (!o) {
            /* Perhaps a long name with a dash too few: look at all of it. */
            hint_nearest(c, word + 1, strlen(word + 1));
            return fail_unknown(c, "-", at, 1);
        }
        if (o->kind != OPT_FLAG)
            return store_value(c, o, at[1] ? at + 1 : NULL);
        if (store(c, o, NULL) < 0)
            return -1;
    }
    return 0;
}

static int parse_words(struct cursor *c)
{
    while (c->next < c->argc) {
        const char *word = c->argv[c->next];
        if (word[0] != '-' || !word[1]) {
            c->next++; /* an operand: "-" is one, too */
            continue;
        }
        take(c);
        if (word[1] != '-') {
            if (parse_letters(c, word) < 0)
                return -1;
        } else if (!word[2]) {
            break;
        } else if (parse_long(c, word) < 0) {
            return -1;
        }
    }
    return 0;
}

int opt_parse(const struct opt *table, void *config, int argc, char **argv,
              struct ww_error *err)
{
    struct cursor c = {
        .table = table,
        .config = config,
        .argc = argc,
        .argv = argv,
        .first = 1,
        .next = 1,
        .err = err,
    };

    if (parse_words(&c) < 0) {
        error_hint(err, "see wirewrap %s --help", argv[0]);
        return -1;
    }
    return c.first;
}
