#!/usr/bin/env python3
"""A person at a terminal: runs a program in one, reads and types.

    client_terminal.py STEP... -- COMMAND...

Each STEP is "see TEXT" (wait until it is shown), "type TEXT", "signal NAME" or
"tell PID" (SIGUSR1 to another); TEXT has Python's escapes.  Prints all that
was shown, escaped, in one line, and ends as the program did.
"""

import os
import pty
import select
import signal
import sys
import time

PATIENCE = 10


def unescape(text):
    return text.encode().decode("unicode_escape").encode("latin-1")


class Terminal:
    def __init__(self, command):
        self.shown = b""
        self.seen = 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)

    def read(self, until):
        """False at the end of what is shown."""
        ready, _, _ = select.select([self.fd], [], [], until - time.monotonic())
        if not ready:
            sys.exit(f"nothing more for {PATIENCE} s: {self.shown!r}")
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the program has closed the terminal
            return False
        self.shown += data
        return bool(data)

    def see(self, text):
        until = time.monotonic() + PATIENCE
        while text not in self.shown[self.seen :]:
            if not self.read(until):
                sys.exit(f"ended without {text!r}: {self.shown!r}")
        self.seen = self.shown.index(text, self.seen) + len(text)

    def rest(self):
        until = time.monotonic() + PATIENCE
        while self.read(until):
            pass

    def status(self):
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)


def main():
    split = sys.argv.index("--")
    steps = iter(sys.argv[1:split])
    terminal = Terminal(sys.argv[split + 1 :])
    try:
        for step in steps:
            if step == "see":
                terminal.see(unescape(next(steps)))
            elif step == "type":
                os.write(terminal.fd, unescape(next(steps)))
            elif step == "signal":
                os.kill(terminal.pid, getattr(signal, next(steps)))
            elif step == "tell":  # another process may go on
                os.kill(int(next(steps)), signal.SIGUSR1)
            else:
                sys.exit(f"no such step: {step}")
        terminal.rest()
    except SystemExit:
        os.kill(terminal.pid, signal.SIGKILL)
        raise
    print(repr(terminal.shown)[2:-1])
    status = terminal.status()
    sys.exit(status if status >= 0 else 128 - status)


main()
