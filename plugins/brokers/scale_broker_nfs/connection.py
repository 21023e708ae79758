"""A connection to an NFS server through nfs-rs, and what its errors mean for a workspace."""

import errno
import itertools
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final, TypeVar

import nfs_rs

from scale_broker_nfs.forgotten import full, is_forgotten, is_wait
from scale_core.interfaces.broker import ListingUnsupported, PathRefused, StorageUnavailable
from scale_core.storage.faults import broker_error
from scale_core.storage.mounts import Export
from scale_core.storage.nfs_options import PORT, NfsOptions
from scale_core.storage.parts import PARTS, is_left, part_name

CONNECT_SECONDS: Final = 10.0
VERSIONS: Final = ("4.1", "4.0", "3")
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~-]+")

TRIES: Final = 5
"""How often work is begun that a server breaks off because it has forgotten this client."""

GRACE_SECONDS: Final = 180.0
"""How long a server may have us wait that has started: twice what is usual."""

PAUSE_SECONDS: Final = 0.5
"""Between two tries."""

T = TypeVar("T")


class Connection:
    """A connection to ``export``, made when it is first needed, and anew after it failed."""

    def __init__(self, export: Export, settings: NfsOptions) -> None:
        self._export = export
        self._settings = settings
        self._root, self._below = _split(export.path)
        self._client: nfs_rs.Client | None = None
        self._above: nfs_rs.Client | None = None
        self._has_parts = False

    def client(self) -> nfs_rs.Client:
        """What speaks with the server; its paths are those of :meth:`at`."""
        if self._client is None:
            self._client = _connected(self._export.host, self._root, self._settings)
        return self._client

    def at(self, path: str) -> str:
        """The path below what is connected to.

        :raises PathRefused: it is none inside a workspace.
        """
        if any(part in {"", ".", ".."} for part in path.split("/")) or "\0" in path:
            raise PathRefused(
                f"{path!r} is no path inside a workspace: it must be relative, without empty, '.' and '..' parts."
            )
        return self._below + path

    @property
    def below(self) -> str:
        """The path of the workspace's folder below what is connected to; empty: it is that."""
        return self._below.rstrip("/")

    def folder(self, path: str) -> tuple[nfs_rs.Client, str]:
        """What lists a folder, and under which path; empty: the workspace's own.

        :raises PathRefused: it is none inside a workspace.
        :raises ListingUnsupported: it is the root of the server.
        """
        if path or self._below:
            return self.client(), self.at(path) if path else self._below.rstrip("/")
        # The library lists everything but what it is connected to (decision 0041).
        above, _, name = self._root.rpartition("/")
        if not name:
            raise ListingUnsupported(
                f"{self._export} is the root of its server, which is only listed where it is mounted."
            )
        if self._above is None:
            self._above = _connected(self._export.host, above or "/", self._settings)
        return self._above, name

    def new_part(self) -> str:
        """The path of a new file on its way to its name. What killed processes have left there goes away."""
        folder = self._below + PARTS
        part = f"{folder}/{part_name(secrets.token_hex(8))}"
        if not self._has_parts:
            client = self.client()
            client.mkdir(folder, exist_ok=True)
            client.touch(part)
            now = client.stat(part).mtime  # by the server's clock
            for entry in client.scandir(folder):
                if is_left(entry.name, entry.info.mtime, now):
                    client.unlink(f"{folder}/{entry.name}", missing_ok=True)
            self._has_parts = True
        return part

    def work(self, action: str, path: str, use: Callable[[], T], waits: Callable[[], None]) -> T:
        """Do ``use``, which can be done again; so it is, over a new connection, where the server has forgotten this
        client: it was idle, or held up, for longer than its lease, or the server has restarted.

        :param action: what it is, as in "Cannot <action>".
        :param waits: called while the server has us wait.
        :raises BrokerError: it failed, or the server keeps forgetting.
        """
        left, deadline = TRIES, time.monotonic() + GRACE_SECONDS
        with self._errors(action, path):
            while True:
                try:
                    return use()
                except nfs_rs.NfsError as error:
                    left -= not is_wait(error)
                    if not self._is_lost(error) or not left or time.monotonic() > deadline:
                        raise
                self.let_go()
                waits()
                time.sleep(PAUSE_SECONDS)

    def let_go(self) -> None:
        """Connect anew for what comes next."""
        self._client = self._above = None

    def _is_lost(self, error: nfs_rs.NfsError) -> bool:
        """Whether a new connection may mend it: one that cannot be made is not tried again."""
        is_broken = isinstance(error, nfs_rs.NfsConnectionError) and self._client is not None
        return is_broken or is_forgotten(error)

    @contextmanager
    def _errors(self, action: str, path: str) -> Iterator[None]:
        """Say to people what the server, or this machine, has said."""
        place = Path(str(self._export), path)
        try:
            yield
        except (nfs_rs.NfsConnectionError, nfs_rs.NfsTimeoutError) as error:
            raise self._unavailable(action, error) from error
        except OSError as error:
            is_local = not isinstance(error, nfs_rs.NfsError)
            raise broker_error(action, place, error if is_local else _plain_error(error)) from error
        except nfs_rs.NfsError as error:
            if (number := full(error)) is not None:
                raise broker_error(action, place, OSError(number, os.strerror(number))) from error
            if error.code_name == "NFS4ERR_SYMLINK":
                raise PathRefused(
                    f"Cannot {action}: a part of the path is a symbolic link, which is only followed on a mount."
                ) from error
            raise self._unavailable(action, error) from error

    def _unavailable(self, action: str, error: Exception) -> StorageUnavailable:
        self.let_go()
        return StorageUnavailable(
            f"Cannot {action}: {error} ({self._export}). Check that the NFS server runs and exports it to this machine."
        )


def _split(path: PurePosixPath) -> tuple[str, str]:
    """What the library is told to connect to, and what comes before each path below that: it takes no other names in
    an address than those that need no escape."""
    parts = path.parts[1:]
    plain = list(itertools.takewhile(_PLAIN.fullmatch, parts))
    return "/" + "/".join(plain), "".join(f"{part}/" for part in parts[len(plain) :])


def _connected(host: str, root: str, settings: NfsOptions) -> nfs_rs.Client:
    """A connection in the newest version of the protocol that the server speaks; it is the first one that tells what
    is wrong."""
    port = "" if settings.port == PORT else f":{settings.port}"
    first: nfs_rs.NfsError | None = None
    for version in VERSIONS:
        try:
            return nfs_rs.Client.connect(
                f"nfs://{host}{port}{root}",
                versions=[version],
                uid=os.geteuid(),
                gid=os.getegid(),
                noresvport=os.geteuid() != 0,
                connect_timeout=min(CONNECT_SECONDS, settings.timeout),
                operation_timeout=settings.timeout,
            )
        except nfs_rs.NfsError as error:
            first = first or error
            if isinstance(error, OSError) or is_forgotten(error):  # it is not the version that is wrong
                break
    assert first is not None  # noqa: S101 - there are versions
    raise first


def _plain_error(error: OSError) -> OSError:
    """The error without what the library calls the file: its path is below what is connected to."""
    number = error.errno or errno.EIO
    return OSError(number, os.strerror(number))
