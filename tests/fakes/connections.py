"""Connections of this process to servers of the tests."""

import socket
from contextlib import suppress
from pathlib import Path

ESTABLISHED = 1  # tcp_states.h


def connections_to(port: int) -> int:
    """How many TCP connections this process has at one moment to a port of loopback.

    The kernel's table of connections is no such moment: it is given a page at a time, and one that connects anew again
    and again is seen several times. The descriptors of a process are few, and nothing here lets another thread run.
    """
    return sum(_is_connected_to(int(one.name), port) for one in Path("/proc/self/fd").iterdir())


def _is_connected_to(descriptor: int, port: int) -> bool:
    with suppress(OSError):  # closed meanwhile, not connected, or no socket
        one = socket.socket(fileno=descriptor)
        try:
            if one.family != socket.AF_INET or one.getpeername() != ("127.0.0.1", port):
                return False
            return one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == ESTABLISHED
        finally:
            one.detach()
    return False
