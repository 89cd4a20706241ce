#ifndef CLIENT_TERMINAL_H
#define CLIENT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "client/buffer.h"
#include "client/visible.h"

/* The lesson's conversation, for a person at a terminal: a prompt, the
 * sentence typed, the answer behind "From Server: ".  It turns the server's
 * bytes into what is shown; reading, writing and waiting are the pump's. */
struct terminal {
    struct visible visible;
    unsigned owed;  /* lines sent that no line has answered yet */
    bool prompted;  /* the prompt stands and nothing came after it */
    bool answering; /* an answer has begun and its line is not over */
    bool fresh;     /* the cursor is at the beginning of a line */
};

/* Most that one byte of the server's adds to the screen. */
#define TERMINAL_MOST 32

/* True if a person is there: standard input and output are terminals. */
bool terminal_is_there(void);

void terminal_init(struct terminal *t);

/* Shows the prompt if it is the user's turn. */
void terminal_prompt(struct terminal *t, struct buffer *screen);

/* Leaves the line of the prompt, because nothing more will be typed. */
void terminal_leave_prompt(struct terminal *t, struct buffer *screen);

/* Takes note of what the user typed, and of the terminal's echo of it. */
void terminal_typed(struct terminal *t, const char *data, size_t len);

/* Shows `len` bytes of the server's; needs TERMINAL_MOST bytes of room for
 * each. */
void terminal_show(struct terminal *t, const char *data, size_t len,
                   struct buffer *screen);

/* Brings the cursor to the beginning of a line; no more will come of what has
 * begun. */
void terminal_settle(struct terminal *t, struct buffer *screen);

/* True while the server has not begun to answer a sentence. */
bool terminal_awaits_answer(const struct terminal *t);

#endif
