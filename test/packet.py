#!/usr/bin/env python3
"""packet.py - make VRRP packets, right and wrong ones, for the tests

usage: packet.py -w FILE [-l LINK] SPEC...     write a pcap file
       packet.py -i IF [-n COUNT] [-g GAP] SPEC...   send all SPECs COUNT times, GAP s apart
       packet.py -x SPEC...                    print the IP packets in hex

A SPEC is key=value joined by commas; what is left out is a good advert:

  v=2|3 vrid=51 prio=100 int=1 (s; v=3: cs, 100) addrs=192.0.2.10+... src= dst= ttl=255
  auth=PASSWORD | auth=type:N     version 2
  sum=rfc|pseudo|bad              version 3 over IPv4 defaults to pseudo
  type=1 count=N                  whatever the truth is
  cut=N                           the message has N octets, the IP length says so
  iplen=N                         the IP length says N, whatever the truth is
  frag=mf|later                   a first or a later fragment
  hex=OCTETS                      the message itself, checksum and all
  junk=N                          N random octets as message
  carp=1                          an advert of CARP
  vlan=ID mac=MAC pad=60          the frame
  t=SECONDS                       in a file (the packet before, plus 1 s)
  out=1                           in a file: outgoing (sll, sll2)
"""

import getopt
import ipaddress
import random
import socket
import struct
import sys
import time

LINKS = {'ethernet': 1, 'raw': 101, 'sll': 113, 'sll2': 276, 'null': 0}


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def message(s, src, dst, v6):
    if 'hex' in s:
        return bytes.fromhex(s['hex'])
    if 'junk' in s:
        return random.randbytes(int(s['junk']))
    if 'carp' in s:
        data = bytes([0x21, int(s.get('vrid', 1)), 1, 7, 0, 1, 0, 0]) + random.randbytes(28)
        return data[:6] + struct.pack('!H', checksum(data)) + data[8:]
    version = int(s.get('v', 3 if v6 else 2))
    default = 'fe80::a+2001:db8::10' if v6 else '192.0.2.10'
    addrs = [ipaddress.ip_address(a).packed for a in s.get('addrs', default).split('+') if a]
    head = [version << 4 | int(s.get('type', 1)), int(s.get('vrid', 51)), int(s.get('prio', 100)),
            int(s.get('count', len(addrs)))]
    body = b''.join(addrs)
    if version == 3:
        time_field = struct.pack('!H', int(s.get('int', 100)))
    else:
        auth = s.get('auth', '')
        kind, _, number = auth.partition(':')
        secret = b'' if kind == 'type' else auth.encode()
        number = int(number) if kind == 'type' else int(bool(auth))
        time_field = bytes([number, int(s.get('int', 1))])
        body += secret.ljust(8, b'\0')
    data = bytes(head) + time_field + b'\0\0' + body
    form = s.get('sum', 'pseudo' if version == 3 else 'rfc')
    pseudo = b''
    if (version == 3 and v6) or form == 'pseudo':
        pseudo = src + dst + struct.pack('!IHBB' if v6 else '!HBB', *(
            (len(data), 0, 0, 112) if v6 else (112, len(data) >> 8, len(data) & 255)))
    value = checksum(pseudo + data)
    if form == 'bad':
        value ^= 0x5555
    data = data[:6] + struct.pack('!H', value) + data[8:]
    if 'cut' in s:
        data = data[:int(s['cut'])].ljust(int(s['cut']), b'\0')
    return data


def packet(s):
    src = ipaddress.ip_address(s.get('src', '192.0.2.1'))
    v6 = src.version == 6
    dst = ipaddress.ip_address(s.get('dst', 'ff02::12' if v6 else '224.0.0.18')).packed
    src = src.packed
    data = message(s, src, dst, v6)
    ttl = int(s.get('ttl', 255))
    frag = s.get('frag')
    if v6:
        following = 112
        if frag:
            data = struct.pack('!BBHI', 112, 0, 1 if frag == 'mf' else 8 << 3, 7) + data
            following = 44
        length = int(s.get('iplen', len(data)))
        return struct.pack('!IHBB', 6 << 28, length, following, ttl) + src + dst + data
    length = int(s.get('iplen', 20 + len(data)))
    offset = {None: 0, 'mf': 0x2000, 'later': 1}[frag]
    head = struct.pack('!BBHHHBBH', 0x45, 0xc0, length, 1, offset, ttl, 112, 0) + src + dst
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + data


def frame(s):
    data = packet(s)
    v6 = data[0] >> 4 == 6
    dst = bytes.fromhex('333300000012' if v6 else '01005e000012')
    src = bytes.fromhex(s.get('mac', '02:00:00:00:00:99').replace(':', ''))
    kind = struct.pack('!H', 0x86dd if v6 else 0x0800)
    if 'vlan' in s:
        kind = struct.pack('!HH', 0x8100, int(s['vlan'])) + kind
    return (dst + src + kind + data).ljust(int(s.get('pad', 60)), b'\xa5')


def captured(s, link):
    data = packet(s)
    kind = 0x86dd if data[0] >> 4 == 6 else 0x0800
    way = 4 if s.get('out') else 2
    if link == 'sll':
        return struct.pack('!HHH8sH', way, 1, 6, b'\2\0\0\0\0\x99', kind) + data
    if link == 'sll2':
        return struct.pack('!HHIHBB8s', kind, 0, 2, 1, way, 6, b'\2\0\0\0\0\x99') + data
    return frame(s) if link == 'ethernet' else data


def write(path, link, specs):
    now = 1000000000.0
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 65535, LINKS[link]))
        for s in specs:
            now = float(s['t']) if 't' in s else now + 1
            data = captured(s, link)
            stamp = int(now), round(now % 1 * 10**6) * 1000
            f.write(struct.pack('<IIII', *stamp, len(data), len(data)) + data)


def send(name, specs, count, gap):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as out:
        out.bind((name, 0))
        frames = [frame(s) for s in specs]
        for _ in range(count):
            for f in frames:
                out.send(f)
            if gap:
                time.sleep(gap)


def main():
    try:
        options, specs = getopt.getopt(sys.argv[1:], 'w:l:i:n:g:x')
    except getopt.GetoptError as e:
        sys.exit(f'packet.py: {e}\n{__doc__}')
    o = dict(options)
    random.seed(1)
    specs = [dict(w.split('=', 1) for w in spec.split(',') if w) for spec in specs]
    if '-w' in o:
        write(o['-w'], o.get('-l', 'ethernet'), specs)
    elif '-i' in o:
        send(o['-i'], specs, int(o.get('-n', 1)), float(o.get('-g', 0)))
    elif '-x' in o:
        for s in specs:
            print(packet(s).hex())
    else:
        sys.exit(__doc__)


main()
