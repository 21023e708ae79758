"""Storing many files with one sync for all of them.

In steps for the whole batch, each of which a power loss may follow: read or copy every file; make the contents durable;
rename; make the names durable; remove what was copied from. Where a step fails for one file, only that one is left out.
"""

import os
import stat
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scale_core.interfaces.broker import BrokerError, PathRefused, PathTaken, StoredFile
from scale_core.storage.content import Content, Told, read_through
from scale_core.storage.faults import broker_error
from scale_core.storage.files import FEW, Copy, open_regular, sync_file, sync_file_system, sync_folder
from scale_core.storage.parts import Parts

COPIES = 100
"""So many copies are under way at most: each is an open file."""


@dataclass(slots=True)
class _Item:
    """A file on its way; ``copy`` is what gets the name ``target``; None: the source itself is renamed."""

    source: Path
    path: str
    folder: Path
    target: str
    content: Content
    facts: os.stat_result
    copy: Copy | None


@dataclass(frozen=True, slots=True)
class _Folder:
    path: Path
    device: int


class Batch:
    """One call of :meth:`TreeBroker.store_many`.

    :param folder: gives the real folder for a path in the workspace, made if need be.
    :param store: stores one file alone, for those that the batch cannot do.
    :param parts: where files without names of their own are made.
    :param told: takes the bytes of the file that is being read.
    """

    def __init__(
        self,
        folder: Callable[[str], Path],
        store: Callable[[Path, str], StoredFile],
        parts: Parts,
        told: Told | None = None,
        *,
        move: bool,
        replace: bool,
    ) -> None:
        self._folder_of = folder
        self._store_alone = store
        self._parts = parts
        self._told = told
        self._move = move
        self._replace = replace
        self._folders: dict[str, _Folder] = {}
        self._targets: set[str] = set()

    def store(self, files: Sequence[tuple[Path, str]]) -> list[StoredFile | BrokerError]:
        """Store them; the results in order."""
        results: list[StoredFile | BrokerError | None] = [None] * len(files)
        items: dict[int, _Item] = {}
        copies = 0
        for number, (source, path) in enumerate(files):
            try:
                items[number] = item = self._prepare(source, path)
            except (OSError, BrokerError) as error:
                results[number] = _refusal(path, source, error)
                continue
            copies += item.copy is not None
            if copies == COPIES:
                self._settle(items, results)
                items, copies = {}, 0
        self._settle(items, results)
        return [one for one in results if one is not None]

    def _settle(self, items: dict[int, _Item], results: list[StoredFile | BrokerError | None]) -> None:
        named = self._name(items) if self._sync(items.values()) else {}
        failed = self._sync_folders(named)
        for number, item in items.items():
            if number in failed:
                results[number] = failed[number]
            elif number in named:
                results[number] = StoredFile(item.path, item.content.size, item.content.checksum, item.content.head)
            else:
                results[number] = self._alone(item)

    def _prepare(self, source: Path, path: str) -> _Item:
        parent, _, name = path.rpartition("/")
        folder = self._folders.get(parent)
        if folder is None or name in {"", ".", ".."} or "\0" in name:
            real = self._folder_of(path)
            folder = self._folders[parent] = _Folder(real, real.stat().st_dev)
        target = f"{folder.path}/{name}"
        self._require_free(target, path)
        with open_regular(source) as descriptor:
            facts = os.fstat(descriptor)
            if self._move and facts.st_dev == folder.device and _has_one_name(source, facts):
                content = read_through(descriptor, told=self._told)
                return _Item(source, path, folder.path, target, content, facts, None)
            copy = Copy(descriptor, folder.path, self._parts, self._told)
            return _Item(source, path, folder.path, target, copy.content, facts, copy)

    def _require_free(self, target: str, path: str) -> None:
        """Refuse a folder; and a file, if none is to be replaced."""
        if target in self._targets and not self._replace:
            raise PathTaken(f"There is a file at {path!r} already.")
        self._targets.add(target)
        try:
            mode = os.lstat(target).st_mode
        except FileNotFoundError:
            return
        if stat.S_ISDIR(mode) or (stat.S_ISLNK(mode) and Path(target).is_dir()):
            raise PathRefused(f"{path!r} is a folder; a file cannot take its place.")
        if not self._replace:
            raise PathTaken(f"There is a file at {path!r} already.")

    def _sync(self, items: Collection[_Item]) -> bool:
        """Make contents durable; False: something is wrong with one of them."""
        try:
            if len(items) > FEW and all(sync_file_system(one.path) for one in self._one_of_each_device()):
                return True
            for item in items:
                if item.copy is None:
                    sync_file(item.source)
                else:
                    item.copy.sync()
        except OSError:
            return False
        return True

    def _one_of_each_device(self) -> Iterable[_Folder]:
        return {folder.device: folder for folder in self._folders.values()}.values()

    def _name(self, items: dict[int, _Item]) -> dict[int, _Item]:
        """Give names to what can have them; a source that was written to meanwhile is read again, alone."""
        named = {}
        for number, item in items.items():
            try:
                if item.copy is not None:
                    item.copy.place(item.target)
                elif _is_unchanged(item):
                    os.rename(item.source, item.target)  # noqa: PTH104 - for each of many files
                else:
                    continue
            except OSError:  # as for two mounts of one file system; it is tried alone
                continue
            named[number] = item
        return named

    def _sync_folders(self, named: dict[int, _Item]) -> dict[int, BrokerError]:
        """Make names durable, then remove the sources of copies; why some are not."""
        failed: dict[int, BrokerError] = {}
        errors: dict[Path, BrokerError] = {}
        for folder in {item.folder for item in named.values()}:
            try:
                sync_folder(folder)
            except OSError as error:
                errors[folder] = broker_error("sync a folder of the workspace", folder, error)
        emptied = set()
        for number, item in named.items():
            if item.folder in errors:
                failed[number] = errors[item.folder]
            elif item.copy is not None and self._move:
                try:
                    item.source.unlink(missing_ok=True)
                    emptied.add(item.source.parent)
                except OSError as error:
                    failed[number] = broker_error("remove the file that was stored", item.source, error)
        for folder in emptied:
            with suppress(OSError):  # a copied source that a power loss brings back is there twice, and harms nobody
                sync_folder(folder)
        return failed

    def _alone(self, item: _Item) -> StoredFile | BrokerError:
        try:
            if item.copy is not None:
                item.copy.discard()
            return self._store_alone(item.source, item.path)
        except (OSError, BrokerError) as error:
            return _refusal(item.path, item.source, error)


def _has_one_name(source: Path, facts: os.stat_result) -> bool:
    """Whether the source is no link, and no other name could let the stored file be changed."""
    return facts.st_nlink == 1 and os.lstat(source).st_ino == facts.st_ino


def _is_unchanged(item: _Item) -> bool:
    now = os.lstat(item.source)
    return (now.st_ino, now.st_size, now.st_mtime_ns) == (item.facts.st_ino, item.content.size, item.facts.st_mtime_ns)


def _refusal(path: str, source: Path, error: OSError | BrokerError) -> BrokerError:
    return error if isinstance(error, BrokerError) else broker_error(f"store {path!r}", source, error)
