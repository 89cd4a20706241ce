"""One conversation with the server, over plain TCP or TLS, and what /proc
tells about the server.  Shared by the server_*.py peers."""

import os
import select
import socket
import ssl
import struct
import time

LIMIT = 60  # seconds that anything may take
PIECE = 65536


class Truncated(Exception):
    """The stream ended without close_notify."""


def say(*words):
    print(*words, flush=True)


def wait_for(sock, write=False, limit=LIMIT):
    """Waits until the socket is readable (and, if asked, writable); returns
    poll's events, 0 if the time is up."""
    poller = select.poll()
    poller.register(sock, select.POLLIN | (select.POLLOUT if write else 0))
    events = poller.poll(limit * 1000)
    return events[0][1] if events else 0


def is_writable(sock, limit):
    """Whether it takes more before the time is up."""
    poller = select.poll()
    poller.register(sock, select.POLLOUT)
    return bool(poller.poll(limit * 1000))


def must_wait(sock, write=False):
    events = wait_for(sock, write)
    if not events:
        raise TimeoutError("nothing happens")
    return events


def dial(port, host="127.0.0.1", buffers=None):
    """A connected socket that doesn't block."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family)
    if buffers:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffers)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffers)
    sock.settimeout(LIMIT)
    sock.connect((host, port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setblocking(False)
    return sock


class Plain:
    """A conversation over TCP alone."""

    def __init__(self, sock):
        self.sock = sock
        self.wire = bytearray()  # what is to be sent
        self.ended = False  # our end is in the wire

    def start(self):
        """Does what has to be done before data may pass."""

    def push(self, data):
        """Puts data into the wire."""
        self.wire += data

    def push_end(self):
        """Ends our side; what is in the wire must have been sent."""
        self.sock.shutdown(socket.SHUT_WR)
        self.ended = True

    def pull(self):
        """Takes what has come: data, b"" for nothing whole yet, None for the
        server's end."""
        return self.sock.recv(PIECE) or None

    def send_some(self):
        """Sends as much as the kernel takes; False if that is nothing."""
        try:
            del self.wire[: self.sock.send(self.wire)]
        except BlockingIOError:
            return False
        return True

    def flush(self):
        while self.wire:
            if not self.send_some():
                must_wait(self.sock, write=True)

    def send(self, data):
        self.push(data)
        self.flush()

    def end(self):
        self.push_end()
        self.flush()

    def recv(self):
        """The next data, or b"" at a clean end."""
        while True:
            must_wait(self.sock)
            data = self.pull()
            self.flush()
            if data:
                return data
            if data is None:
                return b""

    def recv_exactly(self, count):
        got = bytearray()
        while len(got) < count:
            data = self.recv()
            if not data:
                raise EOFError(f"the end after {len(got)} bytes, not {count}")
            got += data
        return bytes(got)

    def recv_all(self):
        got = bytearray()
        while data := self.recv():
            got += data
        return bytes(got)

    def exchange(self, data, end=True):
        """Sends all, reads meanwhile, and ends; returns what came up to the
        server's own end.  end=None leaves the ending to the server, and
        end=False returns once as many bytes have come as were sent."""
        rest = memoryview(data)
        got = bytearray()
        while True:
            if not self.wire and rest:
                self.push(rest[:PIECE])
                rest = rest[PIECE:]
            if not self.wire and not rest and end and not self.ended:
                self.push_end()
            events = must_wait(self.sock, write=bool(self.wire))
            if self.wire and events & select.POLLOUT:
                self.send_some()
            if events & ~select.POLLOUT:
                came = self.pull()
                if came is None:
                    return bytes(got)
                got += came
            if end is False and len(got) >= len(data):
                return bytes(got)

    def goodbye(self):
        """How the server ends it, whatever it sends before."""
        try:
            while self.recv():
                pass
            return "clean"
        except Truncated:
            return "truncated"
        except ConnectionError:
            return "reset"
        except TimeoutError:
            return "never"
        except ssl.SSLError as error:
            return f"refused ({error.reason})"

    def close(self):
        self.sock.close()

    def reset(self):
        self.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.sock.close()


class Tls(Plain):
    """A conversation over TLS; what is to be sent can be looked at, held back
    and sent in any pieces."""

    def __init__(self, sock, context, session=None):
        super().__init__(sock)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(
            self.incoming,
            self.outgoing,
            server_hostname="localhost",
            session=session,
        )
        self.closed = False  # the server's close_notify is here

    def _collect(self):
        self.wire += self.outgoing.read()

    def _take_in(self):
        """Takes bytes from the socket; False at the end of TCP."""
        data = self.sock.recv(PIECE)
        self.incoming.write(data)
        return bool(data)

    def start(self):
        self.shake()
        self.flush()

    def shake(self):
        """Shakes hands, but doesn't send our last flight."""
        while True:
            try:
                self.tls.do_handshake()
                return self._collect()
            except ssl.SSLWantReadError:
                self._collect()
                self.flush()
            except ssl.SSLError:
                self._collect()
                self.flush()
                raise
            must_wait(self.sock)
            if not self._take_in():
                raise Truncated("in the handshake")

    def push(self, data):
        rest = memoryview(data)
        while rest:
            rest = rest[self.tls.write(rest) :]
        self._collect()

    def push_end(self):
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:  # ours is out, the server's will come
            pass
        self._collect()
        self.ended = True

    def pull(self):
        if not self._take_in():
            if not self.closed:
                raise Truncated("the end without close_notify")
            return None
        if self.closed:
            raise AssertionError("something came after close_notify")
        got = bytearray()
        try:
            while data := self.tls.read(PIECE):
                got += data
            self.closed = True
        except ssl.SSLZeroReturnError:
            self.closed = True
        except ssl.SSLWantReadError:
            pass
        self._collect()
        return bytes(got)


def context(ca, most=None):
    made = ssl.create_default_context(cafile=ca)
    if most == "1.2":
        made.maximum_version = ssl.TLSVersion.TLSv1_2
    return made


class Server:
    """Where the server is, and over which wire to talk to it."""

    def __init__(self, wire, port, ca):
        self.wire, self.port = wire, port
        self.context = None
        if wire != "tcp":
            self.context = context(ca, "1.2" if wire == "tls12" else None)

    def wrap(self, sock, session=None):
        if self.context:
            return Tls(sock, self.context, session)
        return Plain(sock)

    def connect(self, session=None, buffers=None):
        """A conversation that has been started."""
        conn = self.wrap(dial(self.port, buffers=buffers), session)
        conn.start()
        return conn

    def converse(self, text=b"hello"):
        """A whole conversation, over which every test may be sure."""
        conn = self.connect()
        answer = conn.exchange(text)
        conn.close()
        assert answer == text.upper(), (text[:80], answer[:80])

    def hello(self):
        """The bytes of a ClientHello."""
        made = context(None) if not self.context else self.context
        conn = Tls(None, made)
        try:
            conn.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return conn.outgoing.read()


LETTERS = b"abcdefghijklmnopqrstuvwxyz" * 700


def choke(conn, most):
    """Sends until nothing more goes; returns how many bytes have left it."""
    sent = gone = 0
    while sent < most:
        conn.push(LETTERS[sent % 26 :][:16000])
        sent += 16000
        while conn.wire:
            if not conn.send_some() and not is_writable(conn.sock, 0.5):
                return gone
        gone = sent
    return gone


def check_letters(got, least):
    wanted = LETTERS.upper() * (len(got) // len(LETTERS) + 1)
    assert got == wanted[: len(got)], "the answers are wrong"
    assert len(got) >= least, f"only {len(got)} answers to {least} bytes"


# --- the server's process


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    raise RuntimeError("no VmRSS")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(pid, below=1 << 30):
    return sum(int(fd) < below for fd in os.listdir(f"/proc/{pid}/fd"))


def wait_until(true, what):
    end = time.monotonic() + LIMIT
    while not true():
        assert time.monotonic() < end, what
        select.select([], [], [], 0.01)


def idle_share(pid, tls_port):
    """The share of a processor that the server uses while it waits for a
    silent client on its TLS port up to that one's deadline."""
    with dial(tls_port) as sock:
        began, used = time.monotonic(), cpu_seconds(pid)
        must_wait(sock)
        assert sock.recv(1) == b""
        return (cpu_seconds(pid) - used) / (time.monotonic() - began)
