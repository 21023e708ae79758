"""The ``nfs`` broker (reference: Workspaces; endpoints: settled 10; decision 0041)."""

import io
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Self, cast

from scale_broker_nfs.export import export_of
from scale_broker_nfs.helper import Helper
from scale_broker_nfs.helpers import Helpers
from scale_broker_nfs.stream import PIECE, ExportFile
from scale_core.interfaces.broker import (
    Broker,
    BrokerError,
    ListedFile,
    LocalPath,
    StorageUnavailable,
    StorageUsage,
    StoredFile,
)
from scale_core.storage.nfs_options import NFS, NfsOptions

MOUNT: Mapping[str, Any] = {
    "type": "string",
    "pattern": r"^(?!(?:[^/]*/)*\.\.(?:/|$))"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):/[^\x00-\x1f\x7f]*$",
    "description": "The NFS server and the path of its export, written host:/path, without '..'.",
}


class NfsBroker(Broker):
    """Stores the files of a workspace on an NFS server.

    All work on the export is done in processes apart, a few at most, which are killed when they make no progress: a
    server that hangs costs the operation, and nothing else. They are started when they are needed and end with this
    object, or by :meth:`close`.
    """

    type_name: ClassVar[str] = NFS
    configuration_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "properties": {
            "type": {"const": NFS, "description": "Files are kept on an NFS server."},
            "mount": MOUNT,
            "nfs_path": {**MOUNT, "description": "Another name of mount; one of the two is given."},
        },
        "required": ["type"],
        "oneOf": [{"required": ["mount"]}, {"required": ["nfs_path"]}],
        "additionalProperties": False,
    }

    def __init__(self, configuration: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        settings = NfsOptions.of(options)
        about = {"configuration": dict(configuration), "options": dict(options)}
        name = str(export_of(configuration))
        self._helpers = Helpers(lambda: Helper(about, name, settings.timeout), settings.transfers)
        self._numbers = itertools.count()
        self._told: Callable[[int], None] | None = None

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        """As where the installation says nothing about NFS."""
        return cls(configuration, {})

    @classmethod
    def from_settings(cls, configuration: Mapping[str, Any], options: Mapping[str, Any]) -> Self:
        """With the options of the table ``[storage.nfs]``."""
        return cls(configuration, options)

    def with_progress(self, told: Callable[[int], None]) -> Self:
        """The same export, with the same processes."""
        telling = copy(self)
        telling._told = told
        return telling

    def close(self) -> None:
        """End the processes that nobody uses now."""
        self._helpers.end()

    def check(self) -> None:
        """The export must be reached, and be a folder that can be read and written."""
        self._ask("check")

    def probe(self) -> None:
        """The export must be reached."""
        self._ask("probe")

    def store(self, source: Path, path: str, *, move: bool = False) -> StoredFile:
        """Copy ``source``, durably, or rename it where it may be moved and lies on the same mount."""
        return cast("StoredFile", self._ask("store", _absolute(source), path, move))

    def store_many(
        self, files: Sequence[tuple[Path, str]], *, move: bool = False, replace: bool = True
    ) -> list[StoredFile | BrokerError]:
        """Like :meth:`store`; with few syncs where the export is mounted."""
        named = [(_absolute(source), path) for source, path in files]
        return cast("list[StoredFile | BrokerError]", self._ask("store_many", named, move, replace))

    def link_many(self, files: Sequence[tuple[LocalPath, str]]) -> list[StoredFile | BrokerError]:
        """Hard links inside one mount."""
        named = [(_absolute(source), path) for source, path in files]
        return cast("list[StoredFile | BrokerError]", self._ask("link_many", named))

    def sync_links(self, paths: Sequence[str]) -> None:
        """One sync for many."""
        self._ask("sync_links", list(paths))

    def is_linked(self, source: Path, path: str) -> bool:
        """Whether both names have one inode."""
        return cast("bool", self._ask("is_linked", _absolute(source), path))

    def retrieve(self, path: str, destination: Path, *, link: bool = False) -> None:
        """Link where that is wanted and the export is mounted, else copy."""
        self._retrieve(path, destination, None, link)

    def retrieve_verified(self, path: str, destination: Path, checksum: str, *, link: bool = False) -> None:
        """The checksum is computed while it is copied."""
        self._retrieve(path, destination, checksum, link)

    def move(self, path: str, new_path: str) -> None:
        """Rename inside the export."""
        self._ask("move", path, new_path)

    def delete(self, path: str) -> None:
        """Remove the file; the folders above it stay."""
        self._ask("delete", path)

    def stat(self, path: str) -> int:
        """Size in bytes."""
        return cast("int", self._ask("stat", path))

    def checksum(self, path: str) -> str:
        """Read the whole file, a piece at a time."""
        return cast("str", self._ask("checksum", path))

    def open(self, path: str) -> BinaryIO:
        """A buffered file, whose reads can be given up like everything else."""
        number = next(self._numbers)
        with self._helpers.lend() as helper:
            size, version = helper.ask("open", number, path)
        raw = ExportFile(self._helpers, helper, number, size, version)
        return cast("BinaryIO", io.BufferedReader(raw, PIECE))

    def version(self, stream: BinaryIO) -> str | None:
        """What the helper found when it opened the file."""
        return cast("ExportFile", cast("io.BufferedReader", stream).raw).version

    def list_files(self, prefix: str, after: str, limit: int) -> Sequence[ListedFile]:
        """Regular files; no symbolic link is followed."""
        return cast("list[ListedFile]", self._ask("list_files", prefix, after, limit))

    def usage(self) -> StorageUsage:
        """Space of the file system that holds the export, whoever uses it."""
        return cast("StorageUsage", self._ask("usage"))

    def _retrieve(self, path: str, destination: Path, checksum: str | None, link: bool) -> None:
        is_new = not os.path.lexists(destination)
        try:
            self._ask("retrieve", path, _absolute(destination), checksum, link)
        except StorageUnavailable:
            # A process that was given up cannot take away what it had begun.
            if is_new:
                destination.unlink(missing_ok=True)
            raise

    def _ask(self, kind: str, *arguments: Any) -> Any:
        with self._helpers.lend() as helper:
            return helper.ask(kind, *arguments, told=self._told)


def _absolute(path: LocalPath) -> str:
    """The helper has a working folder of its own."""
    return os.path.abspath(path)  # noqa: PTH100 - of thousands of files, no other objects are made
