#!/usr/bin/env python3
"""A client on Python's socket and ssl: sends its standard input, ends its side
and prints what comes until the server has ended.

    client_python.py PORT [CA [1.2|1.3]]
"""

import socket
import ssl
import sys
import threading

raw = socket.create_connection(("localhost", int(sys.argv[1])), 10)
tls = None
if len(sys.argv) > 2:
    context = ssl.create_default_context(cafile=sys.argv[2])
    if len(sys.argv) > 3:
        version = ssl.TLSVersion["TLSv" + sys.argv[3].replace(".", "_")]
        context.minimum_version = context.maximum_version = version
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")


def send_waiting():
    if outgoing.pending:
        raw.sendall(outgoing.read())


def drive(step):
    """Repeats a step of TLS until it is through."""
    while True:
        try:
            result = step()
            send_waiting()
            return result
        except ssl.SSLWantReadError:
            send_waiting()
            data = raw.recv(65536)
            if data:
                incoming.write(data)
            else:
                incoming.write_eof()


def receive():
    try:
        return drive(lambda: tls.read(65536))
    except ssl.SSLZeroReturnError:  # close_notify, as some versions tell it
        return b""


def say_goodbye():
    """Half-close: unwrap() sends close_notify, and then wants the server's."""
    try:
        tls.unwrap()
    except ssl.SSLWantReadError:
        pass
    send_waiting()


data = sys.stdin.buffer.read()
if tls:
    drive(tls.do_handshake)
    for at in range(0, len(data), 16384):
        drive(lambda: tls.write(data[at : at + 16384]))
    say_goodbye()
    while piece := receive():
        sys.stdout.buffer.write(piece)
    tls.unwrap()  # the server's close_notify is here: done
else:
    sender = threading.Thread(
        target=lambda: (raw.sendall(data), raw.shutdown(socket.SHUT_WR))
    )
    sender.start()
    while piece := raw.recv(65536):
        sys.stdout.buffer.write(piece)
    sender.join()
raw.close()
