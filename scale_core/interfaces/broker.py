"""Storage: how files get into, out of and around a workspace (reference: Workspaces)."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Self

LocalPath = str | PathLike[str]
"""Of a file on this machine. Of thousands of files, paths that are text already are not made anything else."""


class BrokerError(Exception):
    """A storage operation failed. The message says what, where and what would be right."""


class FileMissing(BrokerError):
    """There is no file at the path."""


class PathRefused(BrokerError):
    """The path leaves the workspace's root, or is no path at all."""


class PathTaken(PathRefused):
    """There is a file at the path already, which was not to be replaced."""


class LinkUnsupported(BrokerError):
    """The storage cannot give a file of this machine a further name; it can store it."""


class StorageFull(BrokerError):
    """No space or quota is left."""


class StorageUnavailable(BrokerError):
    """The storage cannot be reached or does not permit the operation; it may succeed later."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as a workspace holds it: ``path`` relative to the workspace's root, ``size`` in bytes,
    ``checksum`` as ``sha256:<hex>``; ``head``, its first few KiB, where the broker came across them."""

    path: str
    size: int
    checksum: str
    head: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class StorageUsage:
    """Space of a workspace in bytes; None where the storage cannot tell."""

    used: int | None
    total: int | None


class Broker(ABC):
    """Stores and retrieves the files of one workspace.

    Paths are relative to the workspace's root, with ``/`` between parts; one that is absolute, empty or has a ``..``
    part, or that leads outside the root through a symbolic link, raises :class:`PathRefused`.
    An instance is used by several threads at once and holds no open resources between calls.
    """

    type_name: ClassVar[str]
    """The ``type`` by which a workspace's configuration names this broker."""

    configuration_schema: ClassVar[Mapping[str, Any]]
    """JSON Schema (2020-12) of the broker object in a workspace's configuration, ``type`` included."""

    @classmethod
    @abstractmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        """Make a broker from a configuration that is valid against :attr:`configuration_schema`. Touches nothing."""

    @abstractmethod
    def check(self) -> None:
        """Raise :class:`BrokerError` if the storage cannot be used now (missing root, no permission)."""

    @abstractmethod
    def store(self, source: Path, path: str, *, move: bool = False) -> StoredFile:
        """Put a local file at ``path``. Atomic: nobody sees half a file, and a file that is there is replaced whole.

        With ``move`` the source is gone afterwards; where both are on one file system nothing is copied.

        :raises FileMissing: there is no ``source``.
        """

    def store_many(
        self, files: Sequence[tuple[Path, str]], *, move: bool = False, replace: bool = True
    ) -> list[StoredFile | BrokerError]:
        """Put many local files at paths: (source, path) pairs. One that cannot be stored does not stop the others.

        Each is stored as :meth:`store` does it, and is as durable when this returns. Here that is one after the other;
        override it where many together are quicker, for instance because one sync is enough for all.

        :param replace: False: a file that is at the path already stays, and the result is :class:`PathTaken`.
        :return: for each file, in order, what was stored, or why it was not. A source that was not stored is still
            there.
        """
        return [self._store_one(source, path, move=move, replace=replace) for source, path in files]

    def link_many(self, files: Sequence[tuple[LocalPath, str]]) -> list[StoredFile | BrokerError]:
        """Give local files a further name at paths of the workspace, as far as both are on one file system; pairs and
        results as for :meth:`store_many`. No file that is there is replaced (:class:`PathTaken`).

        What is linked is as durable as what is stored. The caller promises that nobody writes to the source any more,
        and removes it when it has noted what is stored: until then the source shows what may have to be done again
        (:meth:`is_linked`).

        Here that is refused for all files; write it, and ``is_linked``, where the storage can do it.
        """
        return [LinkUnsupported(f"This storage cannot link {source}.") for source, _path in files]

    def is_linked(self, source: Path, path: str) -> bool:
        """Whether the local file ``source`` and the one at ``path`` are one file with two names."""
        return False

    def _store_one(self, source: Path, path: str, *, move: bool, replace: bool) -> StoredFile | BrokerError:
        try:
            if not replace:
                try:
                    self.stat(path)
                except FileMissing:
                    pass
                else:
                    raise PathTaken(f"There is a file at {path!r} already.")
            return self.store(source, path, move=move)
        except BrokerError as error:
            return error

    @abstractmethod
    def retrieve(self, path: str, destination: Path, *, link: bool = False) -> None:
        """Make the file at ``path`` available as the new local file ``destination``.

        With ``link`` the broker may make a hard or symbolic link instead of a copy; the reader must not write to it.
        """

    @abstractmethod
    def move(self, path: str, new_path: str) -> None:
        """Move a file inside the workspace. Idempotent: nothing to do where only ``new_path`` exists."""

    @abstractmethod
    def delete(self, path: str) -> None:
        """Delete a file. Idempotent: nothing to do where there is none."""

    @abstractmethod
    def stat(self, path: str) -> int:
        """Size of the file at ``path`` in bytes."""

    @abstractmethod
    def checksum(self, path: str) -> str:
        """Checksum of the file at ``path``, as ``sha256:<hex>``."""

    @abstractmethod
    def open(self, path: str) -> BinaryIO:
        """Open the file at ``path`` for reading; the result can seek."""

    @abstractmethod
    def usage(self) -> StorageUsage:
        """Used and total space of the workspace."""

    def url(self, path: str, base_url: str | None) -> str | None:
        """Where a client can fetch ``path`` by itself, or None: then Scale serves the content."""
        return None if base_url is None else f"{base_url.rstrip('/')}/{path}"
