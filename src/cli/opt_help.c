#include <stdio.h>
#include <string.h>

#include "cli/opt.h"

#define HELP_WIDTH  80
#define HELP_COLUMN 28 /* where the help starts at the latest */
#define HELP_GAP    2

/* How wide "  -l, --name VALUE" is. */
static size_t head_width(const struct opt *o)
{
    return strlen("  -l, --") + strlen(o->name) +
           (o->value ? 1 + strlen(o->value) : 0);
}

/* The column of the help: next to the widest head that leaves enough room;
 * longer ones get a line of their own. */
static size_t help_column(const struct opt *table)
{
    size_t column = 0;

    for (const struct opt *o = table; o->name; o++) {
        size_t width = head_width(o) + HELP_GAP;
        if (width <= HELP_COLUMN && width > column)
            column = width;
    }
    return column ? column : HELP_COLUMN;
}

static void print_head(const struct opt *o, FILE *out)
{
    if (o->letter)
        fprintf(out, "  -%c, --%s", o->letter, o->name);
    else
        fprintf(out, "      --%s", o->name);
    if (o->value)
        fprintf(out, " %s", o->value);
}

/* Prints words from `at` on, breaking lines between them. */
static void print_wrapped(const char *text, size_t at, size_t column, FILE *out)
{
    for (;;) {
        text += strspn(text, " ");
        size_t len = strcspn(text, " ");
        if (!len)
            break;
        if (at > column && at + 1 + len > HELP_WIDTH) {
            fputc('\n', out);
            at = 0;
        }
        size_t gap = at < column ? column - at : at > column;
        fprintf(out, "%*s%.*s", (int)gap, "", (int)len, text);
        at += gap + len;
        text += len;
    }
    fputc('\n', out);
}

void opt_help(const struct opt *table, FILE *out)
{
    size_t column = help_column(table);

    for (const struct opt *o = table; o->name; o++) {
        size_t width = head_width(o);
        print_head(o, out);
        if (width + HELP_GAP > column && o->help && *o->help) {
            fputc('\n', out);
            width = 0;
        }
        print_wrapped(o->help ? o->help : "", width, column, out);
    }
}
