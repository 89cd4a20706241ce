#ifndef CLI_OPERANDS_H
#define CLI_OPERANDS_H

#include <stddef.h>

#include "wirewrap/endpoint.h"

/* Reads the operands of a command as endpoints.  HOST PORT as two words is
 * one endpoint, as nc has it, and HOST may then be an IPv6 address without
 * brackets; without any operand there is one, localhost.  `fallback` is the
 * scheme where none is named.  Returns how many, or -1 with WW_ERR_USAGE, also
 * if there are more than `cap`. */
int operands_parse(struct ww_endpoint *endpoints, size_t cap, int count,
                   char **words, enum ww_scheme fallback, struct ww_error *err);

#endif
