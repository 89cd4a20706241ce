#include "client/terminal.h"

#include <unistd.h>

bool terminal_is_there(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

void terminal_init(struct terminal *t)
{
    *t = (struct terminal){ .fresh = true };
}

void terminal_prompt(struct terminal *t, struct buffer *screen)
{
    if (t->owed || t->answering || t->prompted)
        return;
    buffer_puts(screen, "Input lowercase sentence: ");
    t->prompted = true;
    t->fresh = false;
}

static void end_line(struct terminal *t, struct buffer *screen)
{
    if (!t->fresh)
        buffer_puts(screen, "\n");
    t->fresh = true;
    t->prompted = false;
}

void terminal_leave_prompt(struct terminal *t, struct buffer *screen)
{
    if (t->prompted)
        end_line(t, screen);
}

/* Whoever types on while an answer without a newline stands on the line has
 * taken it for complete. */
void terminal_typed(struct terminal *t, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        t->fresh = data[i] == '\n';
        if (!t->fresh)
            continue;
        if (!t->answering)
            t->owed++;
        t->answering = false;
        t->prompted = false;
    }
}

static void show_byte(struct terminal *t, char byte, struct buffer *screen)
{
    if (!t->answering) {
        end_line(t, screen);
        buffer_puts(screen, "From Server: ");
        t->answering = true;
        t->fresh = false;
    }
    visible_add(&t->visible, (unsigned char)byte, screen);
    if (byte == '\n') {
        t->answering = false;
        t->fresh = true;
        if (t->owed)
            t->owed--;
    }
}

void terminal_show(struct terminal *t, const char *data, size_t len,
                   struct buffer *screen)
{
    for (size_t i = 0; i < len; i++)
        show_byte(t, data[i], screen);
}

void terminal_settle(struct terminal *t, struct buffer *screen)
{
    visible_end(&t->visible, screen);
    end_line(t, screen);
    t->answering = false;
}

bool terminal_awaits_answer(const struct terminal *t)
{
    return t->owed > 0 && !t->answering;
}
