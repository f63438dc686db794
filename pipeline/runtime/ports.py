"""Chooses TCP ports on 127.0.0.1 that stay the same from one start to the next."""

import random
import socket

HOST = "127.0.0.1"
LOWEST, HIGHEST = 20_000, 32_000
"""Below the range from which systems take the ports of outgoing connections: a client that tries again and again to reach
a server that is away for a moment could otherwise be given the server's own port."""

_given: set[int] = set()
"""What this process has given out: a server that was given a port may not listen on it yet."""


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of HOST, the loopback address, now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: closed connections do not count
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_ports(wanted: tuple[int, ...], count: int) -> tuple[int, ...]:
    """Return `count` free ports: those of `wanted` that are free, and for the rest others that this process has not given out
    before."""
    chosen = [port for port in wanted[:count] if is_free(port)]
    _given.update(chosen)
    if len(_given) > (HIGHEST - LOWEST) // 2:
        _given.intersection_update(chosen)  # most are used no more, and drawing would take ever longer
    while len(chosen) < count:
        port = random.randint(LOWEST, HIGHEST)
        if port not in _given and is_free(port):
            _given.add(port)
            chosen.append(port)
    return tuple(chosen)
