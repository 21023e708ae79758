"""A connection to a storage, in which no step may take too long."""

import contextlib
import queue
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from scale_broker_fsspec.hosts import ask, disconnect, disown, ssh_arguments
from scale_core.interfaces.broker import FileMissing, PathRefused, PathTaken, StorageUnavailable

if TYPE_CHECKING:
    from scale_broker_fsspec.sftp import SftpNames

T = TypeVar("T")

SSH: Final = frozenset({"sftp", "ssh"})

KEEP_SECONDS: Final = 60.0
"""For how long a connection is kept over which nothing is done: less than firewalls and servers wait."""

ANSWERS: Final = (FileNotFoundError, FileExistsError, PermissionError, FileMissing, PathRefused, PathTaken)
"""Errors that say something about a file. After others nobody knows what is still on its way over the connection."""


class Session:
    """Does steps with a file system of fsspec in a thread of its own, for one caller at a time.

    fsspec has no time-outs that hold for all protocols: a step that takes too long is given up with its thread and
    connection.

    :param is_unused: whether this session, over which nothing was done for a while, may end: nobody gets it then.
    """

    def __init__(
        self,
        protocol: str,
        arguments: Mapping[str, Any],
        timeout_seconds: float,
        is_unused: Callable[["Session"], bool],
    ) -> None:
        self._protocol = protocol
        self._arguments = arguments
        self._timeout_seconds = timeout_seconds
        self._is_unused = is_unused
        self._steps: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=f"fsspec-{protocol}", daemon=True)
        self._is_given_up = False
        self.is_sound = True
        """Whether another call may use it."""
        self.fs: Any = None
        self.sftp: SftpNames | None = None
        """What tells names, where the storage is an SFTP server."""

    def open(self) -> Self:
        """Connect.

        :raises Exception: whatever fsspec raises.
        """
        self._thread.start()
        try:
            self.fs = self.do(self._connect)
            self.sftp = self._names()
        except BaseException:
            self.close()
            raise
        return self

    def do(self, step: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """The result of a step, which is called with the arguments.

        :raises StorageUnavailable: it took too long, or one before did.
        :raises Exception: what the step raised.
        """
        if self._is_given_up:
            raise StorageUnavailable("The connection to the storage was given up.")
        done: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()

        def work() -> None:
            try:
                done.put((True, step(*arguments, **named)))
            except Exception as error:  # noqa: BLE001 - raised where it is waited for
                done.put((False, error))

        self._steps.put(work)
        try:
            is_good, result = done.get(timeout=self._timeout_seconds)
        except queue.Empty:
            self._is_given_up = True
            self.is_sound = False
            self._disconnect()
            raise StorageUnavailable(f"The storage did not answer within {self._timeout_seconds:g} s.") from None
        if not is_good:
            self.doubt(result)
            raise result
        value: T = result
        return value

    def doubt(self, error: BaseException) -> None:
        """Have no other call use this session if one broke off with such an error."""
        self.is_sound = self.is_sound and isinstance(error, ANSWERS)

    def answers(self) -> bool:
        """Whether what it was kept for is still there: it is asked.

        :raises StorageUnavailable: nothing was heard in time; the storage hangs, and others would wait as long.
        """
        if not self._thread.is_alive():
            disown(getattr(self.fs, "client", None))
            return False
        self.fs.invalidate_cache()
        try:
            self.do(ask, self.fs)
        except StorageUnavailable:
            raise
        except Exception:  # noqa: BLE001 - each protocol has errors of its own, and one connects anew after all
            return False
        return True

    def leave(self) -> None:
        """Have it disconnect and its thread end, without waiting for that."""
        self._steps.put(self._disconnect)
        self._steps.put(None)

    def close(self) -> None:
        """The same, and wait; one whose step was given up ends when that does."""
        self.leave()
        if not self._is_given_up and self._thread.is_alive():
            self._thread.join(self._timeout_seconds)

    def _work(self) -> None:
        while (step := self._next()) is not None:
            step()

    def _next(self) -> Callable[[], None] | None:
        while True:
            try:
                return self._steps.get(timeout=KEEP_SECONDS)
            except queue.Empty:
                if self._is_unused(self):
                    self._disconnect()
                    return None

    def _connect(self) -> Any:
        try:
            import fsspec  # it is not needed where no workspace uses it

            arguments = self._arguments
            if self._protocol in SSH:
                arguments = ssh_arguments(arguments, self._timeout_seconds)
            return fsspec.filesystem(self._protocol, skip_instance_cache=True, **arguments)
        except ImportError as error:
            raise StorageUnavailable(
                f"This installation lacks what the protocol {self._protocol!r} needs: {error}. For SFTP, "
                "pip install 'scale-processing[sftp]'."
            ) from error

    def _names(self) -> "SftpNames | None":
        client = getattr(self.fs, "ftp", None)
        if client is None:
            return None
        from scale_broker_fsspec.sftp import SftpNames  # what it needs is there where there is such a client

        return SftpNames(client)

    def _disconnect(self) -> None:
        """fsspec has no way of its own to say this."""
        client = getattr(self.fs, "client", None)
        if self._protocol in SSH and client is not None:
            disconnect(client)
        for one in (client, getattr(self.fs, "ftp", None)):
            close = getattr(one, "close", None)
            if callable(close):
                with contextlib.suppress(Exception):
                    close()
