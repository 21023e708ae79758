"""Running Scale's parts in one process: the scheduler in a thread, the web server in the main one."""

import contextlib
import ctypes
import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from scale_core.addresses import is_loopback
from scale_core.settings import SettingsError

log = logging.getLogger(__name__)

M_ARENA_MAX = -8
"""The parameter of mallopt(3)."""

YOUNG_OBJECTS = 5_000
"""How many objects come before the garbage collector looks whether some of them keep each other: more than a page of a
list or a group of jobs makes, which go by themselves when it is done."""

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def require_access_control(name: str, address: tuple[str, int], *, auth: bool) -> tuple[str, int]:
    """The address to listen on, which the setting ``name`` gives.

    :param auth: whether clients are asked who they are.
    :raises SettingsError: they are not, and others could reach it.
    """
    host, port = address
    if not auth and not is_loopback(host):
        raise SettingsError(
            f"{name}: {host}:{port} can be reached from other machines, and clients are not asked who they are. "
            "Make an admin (`scale user add NAME --role admin`) and set auth (SCALE_AUTH=on, or --auth), or bind to "
            "127.0.0.1."
        )
    return host, port


def listen(name: str, address: tuple[str, int]) -> socket.socket:
    """A socket that listens on host and port, which the setting ``name`` gives; port 0 takes a free one.

    :raises SettingsError: the address cannot be used.
    """
    host, port = address
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, reuse_port=False
        )
    except OSError as error:
        raise SettingsError(
            f"{name}: cannot listen on {host}:{port}: {error.strerror}. Stop what uses it, or choose another port."
        ) from error


def share_heaps() -> None:
    """Have the threads to come share two heaps: glibc gives each one of its own, and each keeps what it once needed for
    a group of rows. To be called before there are threads; other libraries do without."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def spare_what_stays() -> None:
    """Have the garbage collector pass over all that is there now, and stays: a look through it takes a tenth of a
    second, in which nothing else is done, and comes again and again while many rows are made and dropped. At what is
    new it looks seldom, too: most of it would be the rows of a page that is about to be written.

    Nothing is collected before: hardly anything of what imports leave would be, and it would take as long."""
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


def url_of(listening: socket.socket) -> str:
    """The address of the web server, for people."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


class WebServer(uvicorn.Server):
    """The web server; ``ready`` is called once it answers."""

    def __init__(self, app: ASGIApp, grace_seconds: float, ready: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            ws="none",
            timeout_graceful_shutdown=max(1, int(grace_seconds)),
            server_header=False,
        )
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, then say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to :func:`stopping_on_signals`."""
        yield


@contextlib.contextmanager
def answering(app: ASGIApp, listening: socket.socket) -> Iterator[None]:
    """Have ``app`` answer in a thread of its own while the block runs."""
    server = WebServer(app, 1.0, lambda: log.info("Health and metrics are at %s-/", url_of(listening)))
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]), name="metrics")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def stopping_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` when the process is asked to end; the second time it is asked, it ends at once, as in a crash."""
    asked = threading.Event()

    def handle(number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            os._exit(128 + number)  # an exception would wait for requests and threads, which is what takes too long
        asked.set()
        stop()

    former = {number: signal.signal(number, handle) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
