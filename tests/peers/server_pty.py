#!/usr/bin/env python3
"""Runs the server with a terminal for its log that nobody reads, and talks to
it far more often than the terminal has room for lines.

    server_pty.py WIREWRAP CERT KEY CA
"""

import os
import pty
import subprocess
import sys

import lib

program, cert, key, ca = sys.argv[1:]
master, slave = pty.openpty()
server = subprocess.Popen(
    [program, "server", "--workers", "2", "--cert", cert, "--key", key,
     "tcp://127.0.0.1:0", "tls://127.0.0.1:0"],
    stdout=subprocess.PIPE, stderr=slave,
)
os.close(slave)
try:
    lines = [server.stdout.readline().decode() for _ in range(3)]
    ports = [int(line.rpartition(":")[2]) for line in lines[:2]]
    for wire, port in zip(("tcp", "tls"), ports):
        for _ in range(500):
            lib.Server(wire, port, ca).converse()
    server.terminate()
    assert server.wait(lib.LIMIT) == 0
finally:
    server.kill()
    server.wait()
os.set_blocking(master, False)
assert b"end=clean" in os.read(master, 65536), "nothing was logged"
