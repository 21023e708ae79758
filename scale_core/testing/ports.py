"""Ports for servers that are started with a number."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reserved_port() -> Iterator[int]:
    """A TCP port of loopback that the system gives to nobody else as long as the block runs, neither before a server
    listens there nor while it is started again. The server has to set ``SO_REUSEADDR``, as servers do."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
