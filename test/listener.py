#!/usr/bin/env python3
# listener - a TCP server that says whom it has accepted, and does one thing with him
#
# usage: listener.py ADDRESS PORT [silent|close|reset]

import socket
import struct
import sys

family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
act = sys.argv[3] if len(sys.argv) > 3 else 'silent'
server = socket.socket(family)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind((sys.argv[1], int(sys.argv[2])))
server.listen(4096)
print('ready', flush=True)
kept = []
while True:
    client, peer = server.accept()
    print('accepted', peer[0], flush=True)
    if act == 'silent':
        kept.append(client)
        continue
    if act == 'reset':
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    client.close()
