#ifndef CLI_OPT_H
#define CLI_OPT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "wirewrap/error.h"

enum opt_kind {
    OPT_FLAG,    /* bool, no value */
    OPT_TEXT,    /* const char *, points into argv */
    OPT_LIST,    /* struct opt_list, repeatable */
    OPT_NUMBER,  /* unsigned, from `min` to `max` */
    OPT_SECONDS, /* int64_t milliseconds from decimal seconds; min/max in ms */
    OPT_CHOICE,  /* const char *, one of the words in `value` ("a|b|c") */
};

#define OPT_LIST_MAX 32

struct opt_list {
    const char *items[OPT_LIST_MAX];
    size_t count;
};

/* One command-line option.  A command has one such table; parsing and --help
 * are both driven by it, so they cannot disagree. */
struct opt {
    char letter;      /* 0 if there is only the long name */
    const char *name; /* NULL ends the table */
    enum opt_kind kind;
    size_t where;      /* offset of the field in the config struct */
    const char *value; /* what --help calls the value, NULL for flags */
    const char *help;
    unsigned min, max;
};

/* Fills *config from argv, whose first element is the command's name; options
 * and operands may mix, "--" ends the options, a unique beginning of a long
 * name is not accepted in place of the name.  Operands are moved to the end.
 * Returns the index of the first operand, or -1 with WW_ERR_USAGE: the text
 * names the option, the hint a near match or where to look.  Fields of options
 * that are absent keep the defaults they came with. */
int opt_parse(const struct opt *table, void *config, int argc, char **argv,
              struct ww_error *err);

/* Prints the options, one or more lines each. */
void opt_help(const struct opt *table, FILE *out);

#endif
