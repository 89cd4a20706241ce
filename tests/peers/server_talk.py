#!/usr/bin/env python3
"""One client of the server, which behaves as told.

    server_talk.py WIRE PORT CA BEHAVIOUR [ARGUMENT]...

WIRE is tcp, tls or tls12.  Fails with the reason if the server doesn't do what
the behaviour wants.  Texts may hold Python's escapes.  Where a behaviour holds
its connection, it says "held" and SIGUSR1 lets it go on.
"""

import os
import signal
import sys
import traceback

import lib
from lib import say

# SIGUSR1 makes this readable, so that it can be waited for beside a socket.
awake, alarm = os.pipe()
signal.signal(signal.SIGUSR1, lambda *_: os.write(alarm, b"!"))


def unescape(text):
    return text.encode().decode("unicode_escape").encode("latin-1")


def wait_go():
    os.read(awake, 1)


def check(got, wanted):
    assert got == wanted, f"got {got[:200]!r}, not {wanted[:200]!r}"


def talk(server, *texts):
    """IN OUT [IN OUT]... [REST]: says and hears in turn, ends its side, and
    hears the rest and a clean end."""
    conn = server.connect()
    rest = texts[-1] if len(texts) % 2 else ""
    for sent, wanted in zip(texts[0::2], texts[1::2]):
        conn.send(unescape(sent))
        check(conn.recv_exactly(len(unescape(wanted))), unescape(wanted))
    conn.end()
    check(conn.recv_all(), unescape(rest))
    conn.close()


def stream(server, mib, *_):
    """MIB: sends so much while it reads, ends its side, and gets every answer."""
    data = b"The quick brown fox jumps over the lazy dog.\n" * 23302
    data = data * (int(mib) + 1)
    data = data[: int(mib) << 20]
    assert server.connect().exchange(data) == data.upper()


def stream_then(server, mib):
    """MIB: sends all and its end, and only then reads a byte."""
    data = b"abcdefghijklmnop" * (int(mib) << 16)
    conn = server.connect()
    conn.push(data)
    if server.wire == "tcp":
        conn.flush()
        conn.push_end()
    else:
        conn.push_end()
        conn.flush()
    assert conn.recv_all() == data.upper()


def silence(server, text):
    """TEXT: says it, ends its side, and hears nothing but a clean end."""
    conn = server.connect()
    conn.send(unescape(text))
    conn.end()
    check(conn.recv_all(), b"")


def once(server, text, wanted):
    """IN OUT: says it, and hears the answer and the server's end."""
    conn = server.connect()
    conn.send(unescape(text))
    check(conn.recv_all(), unescape(wanted))
    conn.end()
    conn.close()


def hold(server, *texts):
    """[TEXT]: talks, and holds the connection until the server ends it, or,
    let go, ends it itself."""
    conn = server.connect()
    for text in texts:
        conn.send(unescape(text))
        check(conn.recv_exactly(len(unescape(text))), unescape(text).upper())
    say("held")
    poller = lib.select.poll()
    poller.register(conn.sock, lib.select.POLLIN)
    poller.register(awake, lib.select.POLLIN)
    while True:
        ready = [fd for fd, _ in poller.poll(lib.LIMIT * 1000)]
        assert ready, "nothing happens"
        if awake in ready:
            conn.end()
        if conn.sock.fileno() in ready or awake in ready:
            say("ended", conn.goodbye())
            return


def stuck(server, mib, *end):
    """MIB [end]: sends up to so much and reads nothing, until nothing more
    goes; let go, it reads, and gets the answer to every byte that has left it,
    and a clean end.  With `end` it is the first to end its side."""
    conn = server.connect(buffers=65536)
    gone = lib.choke(conn, int(mib) << 20)
    say("held", gone)
    wait_go()
    lib.check_letters(conn.exchange(b"", end=True if end else None), gone)
    say("ended clean")


def unread(server, mib):
    """MIB: the same, but it never reads; says how the server ends it."""
    conn = server.connect(buffers=65536)
    say("held")
    try:
        lib.choke(conn, int(mib) << 20)
        poller = lib.select.poll()
        poller.register(conn.sock, 0)  # errors alone
        assert poller.poll(lib.LIMIT * 1000), "nothing happens"
        say("ended", conn.goodbye())
    except ConnectionError:
        say("ended reset")


def silent(server, *text):
    """[TEXT]: connects, says it below TLS, and waits for the server's end."""
    conn = lib.Plain(lib.dial(server.port))
    conn.send(unescape(text[0]) if text else b"")
    say("held")
    say("ended", conn.goodbye())


def drip(server):
    """Sends a ClientHello, a byte now and then, for as long as it may."""
    conn = lib.Plain(lib.dial(server.port))
    hello = server.hello() + bytes(100000)
    for i in range(len(hello)):
        try:
            conn.send(hello[i : i + 1])
        except ConnectionError:
            say("ended reset")
            return
        if lib.wait_for(conn.sock, limit=0.02):
            say("ended", conn.goodbye())
            return


def raw(server, text, *end):
    """TEXT [end]: says it below TLS, and ends its side if told; says what comes
    and how the server ends, by FIN or reset."""
    conn = lib.Plain(lib.dial(server.port))
    conn.send(unescape(text))
    if end:
        conn.end()
    try:
        say("fin after", conn.recv_all())
    except ConnectionError as error:
        say("reset", error)


def hello(server):
    """Says hello as a TLS client; says how the server ends."""
    conn = lib.Plain(lib.dial(server.port))
    conn.send(server.hello())
    try:
        say("fin after", len(conn.recv_all()))
    except ConnectionError as error:
        say("reset", error)


def linger(server):
    """Talks, hears the server's end, and keeps its own side open until it is
    let go."""
    conn = server.connect()
    conn.send(b"hello")
    check(conn.recv_all() if server.wire == "tcp" else hear_end(conn), b"HELLO")
    say("held")
    wait_go()
    say("ended")


def hear_end(conn):
    """What comes up to close_notify, whether TCP's end is there or not."""
    got = b""
    while not conn.closed:
        lib.must_wait(conn.sock)
        got += conn.pull() or b""
    return got


def scan(server, count):
    """COUNT: connects and closes."""
    for _ in range(int(count)):
        lib.dial(server.port).close()


def cut(server, how):
    """fin|reset: talks, and leaves without TLS' goodbye, or without TCP's."""
    conn = server.connect()
    conn.send(b"hello")
    check(conn.recv_exactly(5), b"HELLO")
    if how == "reset":
        conn.reset()
    else:
        conn.sock.close()


def converse(server, count):
    """COUNT: has whole conversations, one after another."""
    for _ in range(int(count)):
        server.converse()


def at_once(server, count):
    """COUNT: has so many conversations at the same time."""
    conns = [server.connect() for _ in range(int(count))]
    for conn in conns:
        conn.send(b"hello")
        conn.end()
    for conn in conns:
        check(conn.recv_all(), b"HELLO")


def resume(server, count):
    """COUNT: resumes the session of the first conversation in all others."""
    session = None
    for i in range(int(count) + 1):
        conn = server.connect(session)
        assert conn.exchange(b"hello") == b"HELLO"
        assert conn.tls.session_reused == (i > 0), f"number {i}"
        session = conn.tls.session
        conn.close()


def refused(server):
    """Waits until nobody listens any more."""

    def is_refused():
        try:
            lib.dial(server.port).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:  # just while the listener closes
            pass
        return False

    lib.wait_until(is_refused, "still listening")


def served(server):
    """Tries until it is served."""

    def is_served():
        try:
            server.converse()
        except (OSError, lib.Truncated, AssertionError):
            return False
        return True

    lib.wait_until(is_served, "still not served")


def turned_away(server, count):
    """COUNT: connects, and finds that the server ends it without an answer."""
    for _ in range(int(count)):
        conn = lib.Plain(lib.dial(server.port))
        assert conn.goodbye() == "clean"


BEHAVIOURS = {
    name.__name__.replace("_", "-"): name
    for name in (
        talk, stream, stream_then, silence, once, hold, stuck, unread, silent,
        drip, raw, hello, linger, scan, at_once, cut, converse, resume, refused, served, turned_away,
    )
}


def main():
    wire, port, ca, name, *rest = sys.argv[1:]
    try:
        BEHAVIOURS[name](lib.Server(wire, int(port), ca), *rest)
    except Exception:
        # On standard output, where what it says is.
        print("failed:", traceback.format_exc(), flush=True)
        sys.exit(1)


main()
