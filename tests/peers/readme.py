"""Runs the console sessions of a README, and compares what they print.

usage: readme.py README.md

In a block fenced as ```console a line that begins with "$ " is a command; the
lines up to the next one are what it prints, on standard output and error, with
an ellipsis for whatever varies.  All commands run in one bash, in the order of
the text.  What a background job prints belongs to the command that started it,
so a command is over when its lines are there.
"""

import re
import subprocess
import sys
import threading
import time

LIMIT = 60  # seconds, for one command


def sessions(path):
    """Yields (line number, command, expected lines)."""
    inside = False
    command = None
    with open(path, encoding="utf-8") as text:
        for number, line in enumerate(text, 1):
            line = line.rstrip("\n")
            if line.startswith("```"):
                if command:
                    yield command
                    command = None
                inside = line == "```console"
            elif inside and line.startswith("$ "):
                if command:
                    yield command
                command = (number, line[2:], [])
            elif inside and command:
                command[2].append(line)


class Shell:
    """One bash, and a thread that gathers what it prints."""

    def __init__(self):
        self.bash = subprocess.Popen(
            ["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8")
        self.printed = ""
        self.news = threading.Condition()
        threading.Thread(target=self.gather, daemon=True).start()

    def gather(self):
        for line in self.bash.stdout:
            with self.news:
                self.printed += line
                self.news.notify()

    def run(self, command, expected, marker):
        """Returns what was printed once it matches, or at the time limit."""
        pattern = re.compile(
            "".join("(?s:.*\n)?" if line == "…" else
                    ".*".join(map(re.escape, line.split("…"))) + "\n"
                    for line in expected))
        with self.news:
            self.printed = ""
        # The marker carries the status, and hands it on for `echo $?`.
        self.bash.stdin.write(f"{command}\n(s=$?; echo {marker}; exit $s)\n")
        self.bash.stdin.flush()
        end = time.monotonic() + LIMIT
        with self.news:
            while time.monotonic() < end:
                text = self.printed.replace(marker + "\n", "")
                if marker in self.printed and pattern.fullmatch(text):
                    return None
                self.news.wait(0.1)
            return self.printed.replace(marker + "\n", "")

    def end(self):
        """Ends the jobs that were left running, and the shell."""
        self.bash.stdin.write("kill $(jobs -p) 2>/dev/null\nexit\n")
        self.bash.stdin.close()
        self.bash.wait(10)


def main():
    shell = Shell()
    count = 0
    for number, command, expected in sessions(sys.argv[1]):
        got = shell.run(command, expected, f"-- done {number} --")
        if got is not None:
            print(f"line {number}: $ {command}\nexpected:")
            print("\n".join(expected))
            print(f"got:\n{got}")
            shell.end()
            return 1
        count += 1
    shell.end()
    print(f"{count} commands did what the text says")
    return 0 if count else 1


sys.exit(main())
