"""Storage: how files get into, out of and around a workspace (reference: Workspaces)."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, NamedTuple, Self
from urllib.parse import quote

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


class ListingUnsupported(BrokerError):
    """The storage cannot be watched: it does not list its files, or has no queue that tells of new ones."""


class StorageFull(BrokerError):
    """No space or quota is left."""


class ContentChanged(BrokerError):
    """The file at the path is not the one that was stored there: its checksum is another."""


class StorageUnavailable(BrokerError):
    """The storage cannot be reached or does not permit the operation; it may succeed later."""


class StorageMissing(StorageUnavailable):
    """The storage is not there on this machine, as where it is not mounted; other machines may have it."""


def changed(path: str, expected: str, found: str) -> ContentChanged:
    """The error for a file whose checksum is another than ``expected``."""
    return ContentChanged(
        f"The file {path!r} is not what was stored there: its checksum is {found} and was {expected}. "
        "Restore it from its source, or ingest it again."
    )


def url_below(base_url: str, path: str) -> str:
    """The address of a file at ``path`` where a web server shows a workspace's files below ``base_url``."""
    return f"{base_url.rstrip('/')}/{quote(path)}"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as a workspace holds it: ``path`` relative to the workspace's root, ``size`` in bytes,
    ``checksum`` as ``sha256:<hex>``; ``head``, its first few KiB, where the broker came across them."""

    path: str
    size: int
    checksum: str
    head: bytes = field(default=b"", compare=False, repr=False)


class ListedFile(NamedTuple):
    """A file that somebody put into the storage: ``path`` relative to the workspace's root, ``size`` in bytes, and a
    text that is another when the file is replaced.

    Or a folder that cannot be read: its path ends with a slash, and ``trouble`` says why, in the words of the storage;
    that of a file is empty."""

    path: str
    size: int
    version: str
    trouble: str = ""


class FileNotices(ABC):
    """Tells of files that are put into a storage. What is told once may be told again, and some may never be told:
    whoever listens looks for himself too, now and then."""

    @abstractmethod
    def wait(self, timeout_seconds: float) -> Sequence[ListedFile]:
        """Files that are new or changed; none where nothing happens in time. Some may be gone again.

        :raises BrokerError: nobody can tell now.
        """

    @abstractmethod
    def settle(self) -> None:
        """What was told is seen to, and need not be told again."""


@dataclass(frozen=True, slots=True)
class StorageUsage:
    """Space of a workspace in bytes; None where the storage cannot tell."""

    used: int | None
    total: int | None


class Broker(ABC):
    """Stores and retrieves the files of one workspace.

    Paths are relative to the workspace's root, with ``/`` between parts; one that is absolute, empty or has a ``..``
    part, or that leads outside the root through a symbolic link, raises :class:`PathRefused`.
    An instance is used by several threads at once. What it keeps between calls, if anything, ends with :meth:`close`,
    or with the object.
    """

    type_name: ClassVar[str]
    """The ``type`` by which a workspace's configuration names this broker."""

    configuration_schema: ClassVar[Mapping[str, Any]]
    """JSON Schema (2020-12) of the broker object in a workspace's configuration, ``type`` included."""

    lists_whole_files: ClassVar[bool] = False
    """Whether :meth:`list_files` shows files of other writers only once all of them is there, as a bucket does. Where
    files grow under their names, no Strike may take them by a list."""

    @classmethod
    @abstractmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        """Make a broker from a configuration that is valid against :attr:`configuration_schema`. Touches nothing."""

    @classmethod
    def from_settings(cls, configuration: Mapping[str, Any], options: Mapping[str, Any]) -> Self:  # noqa: ARG003
        """Make a broker where the installation has something to say about all storage of this type: where it is
        mounted, how long to wait for it, its credentials, which belong in no document. Here that is not asked; override
        it where it is. Touches nothing.

        :param options: the table ``[storage.<type>]`` of scale.toml, and ``SCALE_STORAGE_<TYPE>_<OPTION>`` variables,
            whose values are text.
        :raises OptionError: one of the options is wrong.
        """
        return cls.from_configuration(configuration)

    def close(self) -> None:  # noqa: B027 - few have anything to give back
        """Give back what this object keeps between calls to make them quick, such as a process. Who made it calls this
        when the work at hand is done; more may follow, and calls that are under way are not disturbed, but files that
        are open may be. What is never closed ends with the object."""

    @property
    def local_folder(self) -> Path | None:
        """The folder of this machine in which the threads that call this object work. Where it may be on a mount, these
        hang when that does; whoever knows the folder asks whether it answers, and waits or is ended (decisions 0056,
        0065). Here there is none: override it where there is, unless every call ends by itself.
        """
        return None

    @abstractmethod
    def check(self) -> None:
        """Raise :class:`BrokerError` if the storage cannot be used now (missing root, no permission). What a workspace
        needs there, such as a folder, may be made."""

    def probe(self) -> None:
        """As :meth:`check`, of a workspace that may never be made: as far as that can be seen without making anything.
        Override it where ``check`` makes something."""
        self.check()

    def with_progress(self, told: Callable[[int], None]) -> "Broker":
        """A broker that also tells how far it is with the file that it stores or retrieves. Here it is this one, which
        tells nothing; override it where large files take their time.

        :param told: takes the bytes that are done, which are none while files are listed; it is called now and then, in
            the thread that asked for the work, and returns at once.
        """
        return self

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

        What is linked is as durable as what is stored once :meth:`sync_links` has returned. The caller promises that
        nobody writes to the source any more, and removes it when it has noted what is stored: until then the source
        shows what may have to be done again (:meth:`is_linked`).

        Here that is refused for all files; write it, ``sync_links`` and ``is_linked``, where the storage can do it.
        """
        return [LinkUnsupported(f"This storage cannot link {source}.") for source, _path in files]

    def sync_links(self, paths: Sequence[str]) -> None:  # noqa: B027 - most storages need not
        """Have what :meth:`link_many` linked at these paths, contents and names, survive a power loss; perhaps by
        another broker of the same configuration, and while further files are linked.

        Here that does nothing, for a storage whose links are durable at once.

        :raises BrokerError: one or the other may not survive it.
        """

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

    def retrieve_verified(self, path: str, destination: Path, checksum: str, *, link: bool = False) -> None:
        """Like :meth:`retrieve`, of a file whose checksum is known. A copy is verified, and nothing is left of one that
        differs; a link is not read for that (decision 0042). Here the copy is read once more; override it where the
        checksum can be computed on the way.

        :param checksum: as ``sha256:<hex>``.
        :raises ContentChanged: the file has another.
        """
        self.retrieve(path, destination, link=link)
        if destination.is_symlink() or destination.stat().st_nlink > 1:
            return
        with destination.open("rb") as copy:
            found = f"sha256:{hashlib.file_digest(copy, 'sha256').hexdigest()}"
        if found != checksum:
            destination.unlink()
            raise changed(path, checksum, found)

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

    def version(self, stream: BinaryIO) -> str | None:
        """A text that is another once the file is replaced or changed, of the one that is read by ``stream``, which
        :meth:`open` has given: what a client has of one version is not completed from another. Here nothing is known;
        override it where the storage tells it without reading the file.

        :return: None: this storage does not tell it.
        """
        return None

    def list_files(self, prefix: str, after: str, limit: int) -> Sequence[ListedFile]:
        """The files whose path begins with ``prefix``, in the order of their paths' bytes, from behind ``after`` on.

        Among them are folders that this user may not read, where the storage has such. Behind one of these comes what
        is in it, if it can be read by then, or what comes behind that.

        Here that is refused; override it where the storage can list its files in an order, so that a Strike can watch
        them.

        :param prefix: need not end with a folder's name; empty: all files.
        :param after: a path; empty: from the first file on.
        :param limit: so many at most; fewer mean that there are no more.
        :raises StorageUnavailable: the workspace's own folder, or that of ``prefix``, may not be read.
        :raises ListingUnsupported: the storage does not list its files.
        """
        raise ListingUnsupported(f"A storage of type {self.type_name!r} does not list its files.")

    def notices(self, prefix: str, queue: str) -> FileNotices:
        """Who tells of new files below ``prefix``: the queue of that name.

        :raises ListingUnsupported: the storage has no such queues.
        """
        raise ListingUnsupported(f"A storage of type {self.type_name!r} has no queue that tells of files.")

    @abstractmethod
    def usage(self) -> StorageUsage:
        """Used and total space of the workspace."""

    def url(self, path: str, base_url: str | None) -> str | None:
        """Where a client can fetch ``path`` by itself, or None: then Scale serves the content."""
        return None if base_url is None else url_below(base_url, path)
