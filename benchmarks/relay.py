"""A network on loopback: delay, the handshake of TCP and its slow start, in a process of its own.

    python benchmarks/relay.py --to PORT [--delay 20] [--slow-start] [--ports 3]

The rule kept here: only when a byte leaves and arrives is imitated, from the times at which the
sender wrote: no packet is lost, no line has a bandwidth. A connection's first bytes wait one round
trip, as behind SYN and SYN-ACK. With slow start a direction may have ten segments under way, more
by what is acknowledged, and ten again after an idle second (the least timeout of RFC 6298; Linux
takes 0.2 s, so a kept connection is treated well here). It says on which ports it listens; each
line on stdin is answered by what went through so far, and the end of stdin ends it.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from queue import SimpleQueue

SEGMENT = 1460
INITIAL = 10 * SEGMENT
IDLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Network:
    delay_s: float
    """One way."""
    slow_start: bool


@dataclass(slots=True)
class Window:
    """When the bytes of one direction may leave."""

    network: Network
    hold_until: float
    """Nothing leaves before."""
    _size: int = INITIAL
    _under_way: int = 0
    _acks: deque[tuple[float, int]] = field(default_factory=deque)
    _last: float = 0.0

    def departures(self, now: float, size: int) -> list[tuple[float, int]]:
        """For bytes that were written now: when how many of them leave."""
        at = max(now, self.hold_until, self._last)
        if not self.network.slow_start:
            self._last = at
            return [(at, size)]
        if at - self._last > IDLE_S:
            self._size, self._under_way = INITIAL, 0
            self._acks.clear()
        leaving: list[tuple[float, int]] = []
        while size:
            while self._acks and self._acks[0][0] <= at:
                _, acked = self._acks.popleft()
                self._under_way -= acked
                self._size += acked
            count = min(size, self._size - self._under_way)
            if count <= 0:
                at = self._acks[0][0]
                continue
            leaving.append((at, count))
            self._acks.append((at + 2 * self.network.delay_s, count))
            self._under_way += count
            size -= count
        self._last = at
        return leaving


@dataclass(slots=True)
class Port:
    """What went through one listening port."""

    number: int
    connections: int = 0
    up: int = 0
    down: int = 0


class Way:
    """One direction of a connection: a thread that takes, a thread that delivers when it is due."""

    def __init__(self, source: socket.socket, target: socket.socket, window: Window) -> None:
        self._source, self._target, self._window = source, target, window
        self._due: SimpleQueue[tuple[float, bytes]] = SimpleQueue()

    def start(self, port: Port, counter: str) -> None:
        threading.Thread(target=self._take, args=(port, counter), daemon=True).start()
        threading.Thread(target=self._deliver, daemon=True).start()

    def _take(self, port: Port, counter: str) -> None:
        delay_s = self._window.network.delay_s
        while True:
            try:
                data = self._source.recv(65536)
            except OSError:
                data = b""
            now = time.monotonic()
            if not data:
                self._due.put((now + delay_s, b""))
                return
            setattr(port, counter, getattr(port, counter) + len(data))
            at = 0
            for leaves, count in self._window.departures(now, len(data)):
                self._due.put((leaves + delay_s, data[at : at + count]))
                at += count

    def _deliver(self) -> None:
        while True:
            due, data = self._due.get()
            rest = due - time.monotonic()
            if rest > 0:
                time.sleep(rest)
            try:
                if not data:
                    self._target.shutdown(socket.SHUT_WR)
                    return
                self._target.sendall(data)
            except OSError:
                return


def listen(port: Port, listener: socket.socket, to: int, network: Network) -> None:
    while True:
        near, _ = listener.accept()
        accepted = time.monotonic()
        port.connections += 1
        far = socket.create_connection(("127.0.0.1", to))
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        handshake = Window(network, accepted + 2 * network.delay_s)
        Way(near, far, handshake).start(port, "up")
        Way(far, near, Window(network, 0.0)).start(port, "down")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--to", type=int, required=True, help="port of the server")
    parser.add_argument("--delay", type=float, default=20, help="milliseconds one way")
    parser.add_argument("--slow-start", action="store_true")
    parser.add_argument("--ports", type=int, default=1, help="so many, each counted alone")
    args = parser.parse_args()
    network = Network(args.delay / 1000, args.slow_start)
    ports: list[Port] = []
    for _ in range(args.ports):
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        ports.append(Port(listener.getsockname()[1]))
        words = (ports[-1], listener, args.to, network)
        threading.Thread(target=listen, args=words, daemon=True).start()
    print(json.dumps({"ports": [port.number for port in ports]}), flush=True)
    for _ in sys.stdin:
        told = {
            str(port.number): {"connections": port.connections, "up": port.up, "down": port.down}
            for port in ports
        }
        print(json.dumps(told), flush=True)
    os._exit(0)  # threads that wait for the network are nobody's any more


if __name__ == "__main__":
    raise SystemExit(main())
