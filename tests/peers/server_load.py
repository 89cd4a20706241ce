#!/usr/bin/env python3
"""Many clients of the server at once, some of them bad, and a look at what
they cost it.

    server_load.py PID TCP-PORT TLS-PORT CA BEHAVIOUR [ARGUMENT]...

Fails with the reason if the server doesn't do what it should.  Says what it has
measured; only what is far out of bounds is a failure.
"""

import concurrent.futures
import os
import subprocess
import sys
import threading
import time
import traceback

import lib
from lib import say


class Target:
    def __init__(self, pid, tcp_port, tls_port, ca):
        self.pid, self.tls_port, self.ca = int(pid), int(tls_port), ca
        self.plain = lib.Server("tcp", int(tcp_port), ca)
        self.wrapped = lib.Server("tls", int(tls_port), ca)
        self.both = (self.plain, self.wrapped)

    def serves(self):
        for server in self.both:
            server.converse()

    def idles(self, what):
        """Fails if it spins."""
        share = lib.idle_share(self.pid, self.tls_port)
        say(f"{what}: {share:.1%} of a processor")
        assert share < 0.25, "it spins"


def at_once(calls):
    """Runs them all in threads of their own; returns what they return."""
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(c) for c in calls]]


def timed(call):
    began = time.monotonic()
    call()
    return (time.monotonic() - began) * 1000


def p99(times):
    return sorted(times)[int(len(times) * 0.99)]


class Drippers:
    """Clients that send a hello, a byte now and then, until they are dropped."""

    def __init__(self, server, count):
        self.conns = [lib.dial(server.port) for _ in range(count)]
        self.hello = server.hello() + bytes(100000)
        self.stop = threading.Event()
        self.dropped = 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        at, open_ones = 0, set(self.conns)
        while open_ones and not self.stop.wait(0.01):
            for sock in list(open_ones):
                try:
                    sock.send(self.hello[at : at + 1])
                except OSError:
                    open_ones.discard(sock)
                    self.dropped += 1
            at += 1


def stalled(target):
    """80 silent and 20 dripping handshakes do not keep 50 others waiting, and
    all are dropped at their deadline."""
    silent = [lib.dial(target.tls_port) for _ in range(80)]
    drippers = Drippers(target.wrapped, 20)
    times = []
    for _ in range(5):
        times += at_once([lambda: timed(target.wrapped.converse)] * 10)
    say(f"50 others: p99 {p99(times):.1f} ms, ten at a time")
    for sock in silent:
        lib.must_wait(sock)
        assert lib.Plain(sock).sock.recv(1) == b""
    drippers.thread.join(lib.LIMIT)
    assert drippers.dropped == 20, f"{drippers.dropped} of 20 dropped"
    target.serves()


def held(target, count):
    """Hundreds of held connections, of both kinds, do not hurt others."""
    before = lib.rss_kib(target.pid)
    conns = [target.both[i % 2].connect() for i in range(int(count))]
    for conn in conns:
        conn.send(b"hello")
        assert conn.recv_exactly(5) == b"HELLO"
    each = (lib.rss_kib(target.pid) - before) / len(conns)
    say(f"{len(conns)} held: {each:.1f} KiB each")
    times = [timed(server.converse) for server in target.both for _ in range(50)]
    say(f"100 others: p99 {p99(times):.1f} ms")
    target.idles("idle with all of them")
    for conn in conns:
        assert conn.exchange(b"bye") == b"BYE"


def unread(target, wire, count, most_kib):
    """Clients that send 64 MiB and read nothing cost no memory and no time;
    when they read, they get the answer to every byte."""
    server = target.plain if wire == "tcp" else target.wrapped
    server.converse()
    before = lib.rss_kib(target.pid)
    conns = [server.connect() for _ in range(int(count))]
    gone = at_once([lambda c=c: lib.choke(c, 64 << 20) for c in conns])
    assert max(gone) < 48 << 20, "it has taken nearly everything"
    grown = lib.rss_kib(target.pid) - before
    say(f"{count} over {wire}: took {max(gone) / 2**20:.1f} MiB, grew {grown} KiB")
    assert most_kib == "any" or grown < int(most_kib), f"{grown} KiB"
    target.idles("while they are stuck")
    target.serves()
    for conn, least in zip(conns, gone):
        lib.check_letters(conn.exchange(b""), least)
    if count == "1":  # and the rest of the 64 MiB, while it reads
        data = lib.LETTERS * ((64 << 20) // len(lib.LETTERS))
        assert server.connect().exchange(data) == data.upper()


def balanced(target, call, what):
    """Runs it, and wants as many descriptors afterwards as before."""
    target.serves()
    lib.wait_until(lambda: lib.descriptors(target.pid) == target.rest, "descriptors")
    before = lib.rss_kib(target.pid)
    call()
    lib.wait_until(
        lambda: lib.descriptors(target.pid) <= target.rest, f"{what}: descriptors"
    )
    assert lib.descriptors(target.pid) == target.rest
    say(f"{what}: grew {lib.rss_kib(target.pid) - before} KiB")
    target.serves()


def fail_handshake(target, i):
    """One of many ways."""
    sock = lib.dial(target.tls_port)
    hello = target.wrapped.hello()
    conn = lib.Plain(sock)
    ways = [
        b"hello, world\n",
        b"GET / HTTP/1.0\r\n\r\n",
        hello[: 1 + i % len(hello)],  # and the end
        hello[:43] + b"\xff" + hello[44:],  # the session id is too long
        hello + b"plain text",
    ]
    conn.send(ways[i % len(ways)])
    if i % len(ways) == 2:
        conn.end()
    assert conn.goodbye() == "clean", "a reset"
    conn.close()


def balance(target):
    """Nothing is left behind by conversations, failed handshakes, and clients
    that come and go."""
    target.serves()
    target.rest = lib.descriptors(target.pid)

    def converse():
        for i in range(1000):
            target.both[i % 2].converse()

    def fail():
        for i in range(500):
            fail_handshake(target, i)

    def come_and_go():
        for i in range(1000):
            lib.dial(target.both[i % 2].port).close()

    def reset():
        for i in range(300):
            server = target.both[i % 2]
            if i % 3 == 0:  # with nothing said
                lib.Plain(lib.dial(server.port)).reset()
            elif i % 3 == 1:  # in the handshake
                conn = lib.Plain(lib.dial(server.port))
                conn.send(server.hello()[: 5 + i])
                conn.reset()
            else:  # with answers on their way
                conn = server.connect()
                conn.send(b"hello" * 100 * i)
                conn.reset()

    balanced(target, converse, "1000 conversations")
    balanced(target, fail, "500 failed handshakes")
    balanced(target, come_and_go, "1000 that come and go")
    balanced(target, reset, "300 resets")


def few_descriptors(target):
    """With all 60 descriptors used up it waits, without spinning, and goes on."""
    free = 60 - lib.descriptors(target.pid, below=60)
    conns = [target.both[i % 2].connect() for i in range(free)]
    # These are in the kernel's queue: connected, but not accepted.
    waiting = [lib.dial(target.both[i % 2].port) for i in range(20)]
    for sock in waiting[::2]:
        sock.send(b"hello")
    used, began = lib.cpu_seconds(target.pid), time.monotonic()
    assert not lib.wait_for(waiting[0], limit=1), "it is served after all"
    share = (lib.cpu_seconds(target.pid) - used) / (time.monotonic() - began)
    say(f"out of descriptors: {share:.1%} of a processor")
    assert share < 0.25, "it spins"
    for conn in conns:
        assert conn.exchange(b"bye") == b"BYE"
        conn.close()
    for sock in waiting[::2]:
        conn = lib.Plain(sock)
        assert conn.recv_exactly(5) == b"HELLO"
        conn.close()
    for sock in waiting[1::2]:
        sock.close()
    target.serves()


def vanish(target, count):
    """Clients that vanish without a word, as when their machine is gone, are
    dropped when they have been idle for long enough."""
    rest = lib.descriptors(target.pid)
    repair = 19  # TCP_REPAIR: closes without telling the other end
    for i in range(int(count)):
        conn = target.both[i % 2].connect()
        conn.send(b"hello")
        assert conn.recv_exactly(5) == b"HELLO"
        conn.sock.setsockopt(lib.socket.IPPROTO_TCP, repair, 1)
        conn.close()
    assert lib.descriptors(target.pid) > rest
    lib.wait_until(lambda: lib.descriptors(target.pid) <= rest, "still there")
    target.serves()


def segments(target):
    """However records and segments fall, nothing stays stuck in between."""
    # Records of many sizes, all in one segment (or as few as can be).
    sizes = [1, 2, 3, 15, 16, 17, 255, 256, 1000, 4096, 16383, 16384, 1] * 3
    conn = target.wrapped.connect()
    data = b""
    for size in sizes:
        piece = lib.LETTERS[len(data) % 26 :][:size]
        conn.push(piece)
        data += piece
    conn.flush()
    assert conn.recv_exactly(len(data)) == data.upper()
    # A record that comes byte by byte, and one that ends with half of the next.
    conn.push(b"hello")
    record, conn.wire = bytes(conn.wire), bytearray()
    for i in range(len(record)):
        conn.wire += record[i : i + 1]
        conn.flush()
    assert conn.recv_exactly(5) == b"HELLO"
    conn.push(b"one")
    conn.push(b"two")
    records, conn.wire = bytes(conn.wire), bytearray()
    conn.wire += records[:-3]
    conn.flush()
    assert conn.recv_exactly(3) == b"ONE"
    conn.wire += records[-3:]
    conn.flush()
    assert conn.recv_exactly(3) == b"TWO"
    # The last data and close_notify in one segment.
    conn.push(b"bye")
    conn.push_end()
    conn.flush()
    assert conn.recv_all() == b"BYE"


def early(target):
    """Data, and even the end, in the same segment as the handshake's last
    message; and a hello byte by byte."""
    for end in (False, True):
        conn = target.wrapped.wrap(lib.dial(target.tls_port))
        conn.shake()
        conn.push(b"hello" * 5000)
        if end:
            conn.push_end()
        conn.flush()
        assert conn.exchange(b"", end=True) == b"HELLO" * 5000
    conn = target.wrapped.wrap(lib.dial(target.tls_port))
    try:
        conn.tls.do_handshake()
    except lib.ssl.SSLWantReadError:
        pass
    hello = conn.outgoing.read()
    for i in range(len(hello)):
        conn.wire += hello[i : i + 1]
        conn.flush()
    conn.start()
    assert conn.exchange(b"hello") == b"HELLO"


def key_updates(target, count):
    """TLS 1.3 key updates, each asking for one of the server's."""
    before = lib.cpu_seconds(target.pid)
    client = subprocess.Popen(
        ["openssl", "s_client", "-brief", "-connect", f"localhost:{target.tls_port}",
         "-CAfile", target.ca, "-verify_return_error", "-tls1_3"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )

    def says(line):
        client.stdin.write(line)
        client.stdin.flush()

    def hears(pipe, wanted):
        for line in pipe:
            if line.strip() == wanted:
                return True
        return False

    try:
        for i in range(int(count)):
            says(b"K\n")
            assert hears(client.stderr, b"KEYUPDATE"), f"ended after {i}"
            if i % 100 == 0:
                target.wrapped.converse()
        says(b"hello after them\n")
        assert hears(client.stdout, b"HELLO AFTER THEM"), "no answer after them"
    finally:
        client.kill()
        client.wait()
    used = lib.cpu_seconds(target.pid) - before
    say(f"{count} key updates: {used:.2f} s of processor time")


def drain(target, count):
    """Clients whose replies are in flight when the server is told to stop get
    every byte and a clean end, and others are refused."""
    conns = [target.both[i % 2].connect(buffers=65536) for i in range(int(count))]
    gone = at_once([lambda c=c: lib.choke(c, 64 << 20) for c in conns])
    began = time.monotonic()
    os.kill(target.pid, 15)

    def is_refused(server):
        try:
            lib.dial(server.port).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:  # just while the listener closes
            pass
        return False

    for server in target.both:
        lib.wait_until(lambda s=server: is_refused(s), "still listening")
    say(f"refused after {(time.monotonic() - began) * 1000:.0f} ms")

    def rest(conn, least):
        lib.check_letters(conn.exchange(b"", end=None), least)
        conn.end()
        conn.close()

    at_once([lambda c=c, g=g: rest(c, g) for c, g in zip(conns, gone)])
    say(f"all delivered after {(time.monotonic() - began) * 1000:.0f} ms")


def faults(target, rounds):
    """Talks while system calls fail: who is hurt by that is, but the server
    goes on, and does whatever it does right."""
    hurt = 0
    for i in range(int(rounds)):
        server = target.both[i % 2]
        data = lib.LETTERS[: 1 + 331 * i % 18000]
        try:
            conn = server.connect()
            got = conn.exchange(data)
            assert got == data.upper(), "a wrong answer"
        except (OSError, EOFError, lib.Truncated):
            hurt += 1
    say(f"{hurt} of {rounds} were hurt")
    # Where the faults are over, all is well; ten in a row have to be.
    good = 0
    end = time.monotonic() + lib.LIMIT
    while good < 10:
        assert time.monotonic() < end, "it does not recover"
        try:
            target.serves()
            good += 1
        except (OSError, EOFError, lib.Truncated):
            good = 0


BEHAVIOURS = {
    call.__name__.replace("_", "-"): call
    for call in (
        stalled, held, unread, balance, few_descriptors, vanish, segments,
        early, key_updates, drain, faults,
    )
}


def main():
    pid, tcp_port, tls_port, ca, name, *rest = sys.argv[1:]
    try:
        BEHAVIOURS[name](Target(pid, tcp_port, tls_port, ca), *rest)
    except Exception:
        print("failed:", traceback.format_exc(), flush=True)
        sys.exit(1)


main()
