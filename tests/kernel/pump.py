"""Writes raw IP packets into TUN devices and tells which of them the kernel forwarded to another one.

First it says `ready`, or else what it lacks.

Input: batches, each a count (u32, big endian) and so many frames: the index of the device (u8), a length (u16), a packet.
A packet ends in MAGIC and its number (u32). Output: for each batch one line with the numbers that came out.
The arguments are the names of the devices to write into. Devices and settings last as long as this program and its
network namespace.
"""

import fcntl
import os
import select
import struct
import subprocess
import sys

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000

MAGIC = b"PSTN"
# The ruleset lets this protocol (for experiments, RFC 3692) through, so all that was sent before has been decided on.
SENTINEL_PROTOCOL = 253
SENTINEL = 0xFFFFFFFF
# Fewer packets than the queue of the device that they come out of.
CHUNK = 200
PATIENCE_SECONDS = 10


def set_up(path, value):
    with open(f"/proc/sys/net/{path}", "w", encoding="ascii") as setting:
        setting.write(value)


def tun(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    subprocess.run(["ip", "link", "set", name, "txqueuelen", "2000", "up"], check=True)
    return device


def open_devices(names):
    set_up("ipv4/ip_forward", "1")
    set_up("ipv4/conf/all/rp_filter", "0")
    set_up("ipv4/conf/default/rp_filter", "0")
    if os.path.exists("/proc/sys/net/ipv6"):
        set_up("ipv6/conf/default/disable_ipv6", "0")
        set_up("ipv6/conf/all/forwarding", "1")
    devices = [tun(name) for name in names]
    out = tun("out")
    subprocess.run(["ip", "route", "add", "default", "dev", "out"], check=True)
    subprocess.run(["ip", "-6", "route", "add", "default", "dev", "out"], check=True)
    return devices, out


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def sentinel():
    payload = MAGIC + struct.pack("!I", SENTINEL)
    addresses = bytes([198, 51, 100, 1, 198, 51, 100, 2])
    start = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(payload), 0, 0, 64, SENTINEL_PROTOCOL)
    return start + struct.pack("!H", checksum(start + b"\0\0" + addresses)) + addresses + payload


def drain(out, arrived):
    while True:
        try:
            packet = os.read(out, 2048)
        except BlockingIOError:
            return
        if packet[-8:-4] == MAGIC:
            arrived.append(struct.unpack("!I", packet[-4:])[0])


def wait_for_sentinel(out, arrived):
    while SENTINEL not in arrived[-CHUNK:]:
        if not select.select([out], [], [], PATIENCE_SECONDS)[0]:
            sys.exit("the kernel forwards nothing, not even the sentinel")
        drain(out, arrived)


def pump(devices, out, batch):
    arrived = []
    for start in range(0, len(batch), CHUNK):
        for device, packet in batch[start : start + CHUNK]:
            os.write(devices[device], packet)
        os.write(devices[0], sentinel())
        seen = []
        wait_for_sentinel(out, seen)
        arrived += [number for number in seen if number != SENTINEL]
    return arrived


def take(count):
    taken = sys.stdin.buffer.read(count)
    if len(taken) < count:
        sys.exit()
    return taken


def main():
    # Packets keep their order on one processor.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    try:
        devices, out = open_devices(sys.argv[1:])
    except OSError as error:
        sys.exit(print(f"no TUN devices: {error}"))
    print("ready", flush=True)
    while True:
        (count,) = struct.unpack("!I", take(4))
        batch = []
        for _ in range(count):
            device, length = struct.unpack("!BH", take(3))
            batch.append((device, take(length)))
        print(*pump(devices, out, batch), flush=True)


main()
