"""A wire to a server that breaks when a test wants it to: a TCP proxy that cuts connections, or falls silent."""

import socket
import threading
from contextlib import suppress
from typing import Literal
from urllib.parse import urlsplit

Fault = Literal["cut", "stall"]
Direction = Literal["up", "down"]


class Wire:
    """Hands on bytes in both directions; use it as a context.

    :param url: where the server is.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.url = f"{parts.scheme}://127.0.0.1:{self.port}"
        self._lock = threading.Lock()
        self._accepting = threading.Thread(target=self._accept)
        self._threads: list[threading.Thread] = []
        self._sockets: set[socket.socket] = set()
        self._left: int | None = None
        self._fault = "cut"
        self._direction = "up"
        self._mended = threading.Event()

    def __enter__(self) -> "Wire":
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        self.mend()
        for thread in self._threads:
            thread.join()

    def break_after(self, count: int, fault: str, direction: str) -> None:
        """Have all connections fail once so many bytes more have gone in a direction: ``up`` is to the server."""
        with self._lock:
            self._mended.clear()
            self._left, self._fault, self._direction = count, fault, direction

    def mend(self) -> None:
        """Have new connections work; those that fell silent are cut."""
        with self._lock:
            self._left = None
        self._mended.set()
        self.cut_all()

    def cut_all(self) -> None:
        """Cut the connections that there are."""
        with self._lock:
            for one in self._sockets:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # the end
                return
            thread = threading.Thread(target=self._connect, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _connect(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server:
            with self._lock:
                self._sockets |= {client, server}
            back = threading.Thread(target=self._hand_on, args=(server, client, "down"))
            back.start()
            self._hand_on(client, server, "up")
            back.join()
            with self._lock:
                self._sockets -= {client, server}

    def _hand_on(self, source: socket.socket, target: socket.socket, direction: str) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(self._pass(data, direction))
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _pass(self, data: bytes, direction: str) -> bytes:
        """What gets through.

        :raises OSError: the connection is cut.
        """
        with self._lock:
            if self._left is None or (direction != self._direction and self._left > 0):
                return data
            if direction == self._direction:
                data = data[: self._left]
                self._left -= len(data)
            if self._left > 0:
                return data
            fault = self._fault
        if fault == "stall":
            self._mended.wait()
        raise OSError("cut")
