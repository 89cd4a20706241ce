#!/usr/bin/env python3
"""A server for one client, which behaves as told.

    client_peer.py [--tls CERT KEY] [--most 1.2] BEHAVIOUR [TEXT]

Prints "port N" once it listens, and what became of its client at the end.
Where a behaviour waits, SIGUSR1 lets it go on.
"""

import argparse
import signal
import socket
import ssl
import struct

GO = {signal.SIGUSR1}  # blocked, so that it waits for us if we are late


def say(*words):
    print(*words, flush=True)


def read_all(conn):
    """Reads up to the client's end; returns how much that was."""
    got = 0
    while data := conn.recv(65536):
        got += len(data)
    return got


def end(conn):
    """Says goodbye as the wire wants it, and sees the client off."""
    if isinstance(conn, ssl.SSLSocket):
        conn = conn.unwrap()
    conn.shutdown(socket.SHUT_WR)
    while conn.recv(65536):
        pass
    conn.close()


def cut(conn, how):
    """Ends TCP under TLS: 'fin' or 'reset'."""
    if how == "reset":
        linger = struct.pack("ii", 1, 0)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    else:
        socket.socket.shutdown(conn, socket.SHUT_RDWR)
    socket.socket.close(conn)


def after_end(conn, _):
    """Answers only once the client has ended its side."""
    conn.sendall(b"got %d" % read_all(conn))
    end(conn)


def speak_first(conn, _):
    """Sends far more than fits into any buffer before it reads at all."""
    conn.sendall(b"y" * (8 << 20))
    conn.sendall(b"got %d" % read_all(conn))
    end(conn)


def end_first(conn, _):
    """Speaks and ends, without a look at what the client has to say."""
    conn.sendall(b"hi\n")
    end(conn)


def say_text(conn, text):
    """Speaks at once, then waits for the client's end."""
    conn.sendall(text)
    read_all(conn)
    end(conn)


def answer(conn, text):
    """Answers one sentence and ends."""
    conn.recv(65536)
    conn.sendall(text)
    end(conn)


def answer_then(how):
    def behave(conn, _):
        conn.recv(65536)
        conn.sendall(b"part")
        signal.sigwait(GO)
        cut(conn, how)

    behave.__doc__ = f"Answers in part; then, let go, its TCP ends by {how}."
    return behave


def take_little(conn, _):
    """Takes the beginning, ends its side, and lets the client choke."""
    conn.recv(10)
    conn.sendall(b"bye")
    if isinstance(conn, ssl.SSLSocket):
        # unwrap() would wait for the client's end, which comes too late.
        conn.settimeout(0)
        try:
            conn.unwrap()
        except ssl.SSLError:  # it wants that end, or finds more data
            pass
    else:
        conn.shutdown(socket.SHUT_WR)
    signal.sigwait(GO)
    conn.close()


def silent(conn, _):
    """Takes nothing and says nothing."""
    signal.sigwait(GO)
    conn.close()


def listen_only(conn, _):
    """Takes everything and says nothing; tells how the client ended."""
    try:
        say("received", read_all(conn))
        say("ended clean")
    except (ssl.SSLEOFError, ConnectionError) as error:
        say("ended", error)


def close_at_once(conn, _):
    """Ends without a word once the client has spoken."""
    conn.recv(65536)
    conn.shutdown(socket.SHUT_WR)
    while conn.recv(65536):
        pass
    conn.close()


def drip(conn, _):
    """Sends the beginning of a ServerHello, byte by byte, for ever."""
    conn.recv(65536)
    try:
        conn.sendall(bytes.fromhex("160303400002003ffc0303"))
        while not signal.sigtimedwait(GO, 0.02):
            conn.sendall(b"\0")
    except OSError:
        say("client left")


BEHAVIOURS = {
    "after-end": after_end,
    "speak-first": speak_first,
    "end-first": end_first,
    "say": say_text,
    "answer": answer,
    "cut": answer_then("fin"),
    "reset": answer_then("reset"),
    "take-little": take_little,
    "silent": silent,
    "listen": listen_only,
    "close": close_at_once,
    "drip": drip,
}


def record(raw, context):
    """Shakes hands by hand; tells what came through, as cipher and as clear."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_side=True)
    wire = clear = b""
    shaken = False
    while True:
        try:
            if not shaken:
                tls.do_handshake()
                shaken = True
            data = tls.read(65536)
            if not data:  # close_notify
                break
            clear += data
            continue
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            say("refused", error.reason)
        if outgoing.pending:
            raw.sendall(outgoing.read())
        try:
            data = raw.recv(65536)
        except ConnectionError:
            break
        if not data:
            break
        wire += data
        incoming.write(data)
    say("decrypted", len(clear))
    say("secret on the wire:", b"secret" in wire + clear)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--most")
    parser.add_argument("behaviour", choices=[*BEHAVIOURS, "record"])
    parser.add_argument("text", nargs="?", default="")
    args = parser.parse_args()

    signal.pthread_sigmask(signal.SIG_BLOCK, GO)
    listener = socket.create_server(("127.0.0.1", 0))
    say("port", listener.getsockname()[1])
    conn, _ = listener.accept()
    text = args.text.encode().decode("unicode_escape").encode("latin-1")
    if args.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*args.tls)
        if args.most == "1.2":
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        if args.behaviour == "record":
            record(conn, context)
            return
        conn = context.wrap_socket(
            conn, server_side=True, suppress_ragged_eofs=False
        )
    BEHAVIOURS[args.behaviour](conn, text)
    say("done")


main()
