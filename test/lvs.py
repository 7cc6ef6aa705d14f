#!/usr/bin/env python3
"""lvs.py - a client of real servers, and their UDP service

usage: lvs.py get [-n TIMES] [-k] [-p PORT] [FROM,]TO...     TCP, one connection for each word
       lvs.py ask [-n TIMES] [-p PORT] [FROM,]TO             UDP, all from one socket
       lvs.py tell NAME ADDRESS...                           answers `ask` with NAME

Prints the name that each answer holds, or the error. -k: keep all connections open to the end.
"""

import errno
import getopt
import selectors
import socket
import sys


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def open_socket(kind, source, target):
    s = socket.socket(family_of(target), kind)
    s.settimeout(3)
    if source:
        s.setsockopt(socket.SOL_IP, 15, 1)  # IP_FREEBIND
        s.bind((source, 0))
    return s


def get(source, target, port, keep):
    s = open_socket(socket.SOCK_STREAM, source, target)
    s.connect((target, port))
    close = "" if keep else "Connection: close\r\n"
    s.sendall(f"GET / HTTP/1.1\r\nHost: lvs\r\n{close}\r\n".encode())
    text = b""
    while b"\r\n\r\n" not in text or not text.endswith(b"\n"):
        part = s.recv(4096)
        if not part:
            break
        text += part
    return s, text.split(b"\r\n\r\n")[-1].decode().strip()


def attempt(f, *words):
    try:
        return f(*words)
    except OSError as e:
        return None, "timeout" if e.errno is None else errno.errorcode[e.errno]


def ask(s, target, port):
    s.sendto(b"?", (target, port))
    return None, s.recv(64).decode()


def tell(name, addresses):
    wait = selectors.DefaultSelector()
    for a in addresses:
        s = socket.socket(family_of(a), socket.SOCK_DGRAM)
        s.bind((a, 7007))
        wait.register(s, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in wait.select():
            _, who = key.fileobj.recvfrom(64)
            key.fileobj.sendto(name.encode(), who)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    verb = sys.argv[1]
    options, words = getopt.getopt(sys.argv[2:], "n:kp:")
    options = dict(options)
    if verb == "tell":
        tell(words[0], words[1:])
    kept = []
    silent = 0
    keep = "-k" in options
    for word in words * (int(options.get("-n", 1)) if verb == "get" else 1):
        source, _, target = word.rpartition(",")
        if verb == "get":
            s, name = attempt(get, source, target, int(options.get("-p", 80)), keep)
            print(name, flush=True)
            silent = silent + 1 if name == "timeout" else 0
            if silent == 3:
                sys.exit("lvs.py: nobody answers")
            kept += [s] if keep else []
            continue
        s = open_socket(socket.SOCK_DGRAM, source, target)
        for _ in range(int(options.get("-n", 1))):
            print(attempt(ask, s, target, int(options.get("-p", 7007)))[1])
    if keep:
        sys.stdin.read()


main()
