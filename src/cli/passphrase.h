#ifndef CLI_PASSPHRASE_H
#define CLI_PASSPHRASE_H

/* Asks for the passphrase of a key file at the terminal, without echo; fits
 * struct ww_ask.  Returns its length, or -1 without a terminal. */
int passphrase_ask(void *arg, const char *file, char *buf, int cap);

#endif
