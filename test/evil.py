#!/usr/bin/env python3
"""evil.py - a server that answers HTTP as no server should

usage: evil.py MODE...

Listens on 127.0.0.1, one port a MODE from 8001 on, and prints "ready".
"""

import socket
import struct
import sys
import threading
import time

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

# What is said, and what is then said again and again.
SAID = {
    "endless-headers": (OK, b"A: b\r\n" * 100),
    "endless-header": (OK + b"A: ", b"x" * 1000),
    "endless-body": (OK + b"\r\n", b"x" * 10000),
    "endless-chunks": (CHUNKED, b"1\r\nx\r\n" * 1000),
    "endless-extension": (CHUNKED + b"5;", b"x" * 1000),
    "endless-garbage": (b"", b"\x00\xff" * 1000),
    "garbage": (b"\x16\x03\x01\x02\x00garbage\r\n\r\n", None),
    "long-status": (b"HTTP/1.1 " + b"2" * 99 + b" OK\r\n\r\n", None),
    "chunk-overflow": (CHUNKED + b"fffffffffffffffff\r\nx", None),
    "bad-chunk": (CHUNKED + b"zz\r\n", None),
    "cut-body": (OK + b"Content-Length: 10\r\n\r\nhello", None),
    "cut-head": (OK + b"Content-Le", None),
    "two-lengths": (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", None),
    "nul": (OK + b"A: \x00\r\n\r\n", None),
    "folded": (OK + b"A: b\r\n c\r\n\r\n", None),
    "storm": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 10),
    "interim": (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", None),
    "good": (OK + b"Content-Length: 5\r\n\r\nhello", None),
    "chunked": (CHUNKED + b"2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n", None),
    "busy": (b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", None),
    "slow": (b"", None),
}


def reset(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


def serve(mode, conn):
    if mode == "fin":  # before it has read a word
        conn.shutdown(socket.SHUT_WR)
        time.sleep(5)
        return
    request = conn.recv(65536)
    if mode == "silent":
        time.sleep(30)
    elif mode == "reset":
        reset(conn)
    elif mode == "slow":
        for octet in OK + b"Content-Length: 5\r\n\r\nhello":
            conn.sendall(bytes([octet]))
            time.sleep(0.1)
    elif mode == "half-close":
        conn.sendall(OK + b"\r\nhello")
        conn.shutdown(socket.SHUT_WR)
        time.sleep(5)
    elif mode == "echo":
        conn.sendall(OK + b"Content-Length: %d\r\n\r\n" % len(request) + request)
    elif mode == "dribble":  # a good answer, octet by octet
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in SAID["chunked"][0]:
            conn.sendall(bytes([octet]))
            time.sleep(0.001)
    else:
        first, more = SAID[mode]
        conn.sendall(first)
        while more:
            conn.sendall(more)


def guarded(mode, conn):
    try:
        with conn:
            serve(mode, conn)
    except OSError:
        pass


def listen(mode, port):
    with socket.create_server(("127.0.0.1", port), backlog=512) as server:
        while True:
            conn, _ = server.accept()
            threading.Thread(target=guarded, args=(mode, conn), daemon=True).start()


for i, name in enumerate(sys.argv[1:]):
    threading.Thread(target=listen, args=(name, 8001 + i), daemon=True).start()
time.sleep(0.3)
print("ready", flush=True)
threading.Event().wait()
