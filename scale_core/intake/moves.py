"""Taking files into a workspace, many at once; and finding out which of them are there already."""

import hashlib
import logging
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from scale_core.domain.media_types import HEAD_SIZE, UNKNOWN, media_type
from scale_core.intake.orders import IngestOrder, KnownFile, Removal, StoredSource
from scale_core.intake.origins import Origins
from scale_core.interfaces.broker import Broker, BrokerError, FileMissing, PathTaken, StoredFile

log = logging.getLogger(__name__)

CHUNK = 1 << 20

FailureKind = Literal["input", "output-storage", "engine", "unknown"]
KnownFiles = Callable[[Sequence[tuple[int, int, str]]], dict[int, KnownFile]]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file could not be moved; its source is where it was."""

    ingest_id: int
    reason: str
    kind: FailureKind


@dataclass(slots=True)
class Moved:
    """What became of files: stored, failed, or found to be duplicates of source files (ingest id, id of that file)."""

    stored: list[StoredSource] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    duplicates: list[tuple[IngestOrder, int]] = field(default_factory=list)

    def add(self, more: "Moved") -> None:
        """Add what became of further files."""
        self.stored += more.stored
        self.failed += more.failed
        self.duplicates += more.duplicates


class Interrupted(Exception):
    """Raised by who is told how far a move is: it is to end, and does."""


class Mover:
    """Takes files into the workspace that ``broker`` serves.

    :param known: tells which source files have a name and content.
    :param origins: fetches those that another workspace has.
    """

    def __init__(self, broker: Broker, known: KnownFiles, origins: Origins) -> None:
        self._broker = broker
        self._known = known
        self._origins = origins

    def telling(self, told: Callable[[int], None]) -> "Mover":
        """One that tells how many bytes of the file that it moves are in the workspace."""
        return Mover(self._broker.with_progress(told), self._known, self._origins)

    def move(self, orders: Sequence[IngestOrder]) -> Moved:
        """Move or copy them, or register those that are where they are to be. One that cannot be does not keep the
        others from it."""
        moved = Moved()
        here = []
        for order in orders:
            if order.is_in_place:
                self._attempt(moved, order, partial(self._registered, order))
            elif order.origin is not None:
                here += self._fetched(moved, order)
            else:
                here.append(order)
        needed = self._sort_out(here, moved)
        ready = self._ready([order for order in here if order.ingest_id in needed], moved, needed)
        for (order, kind), result in zip(ready, self._store_all(ready), strict=True):
            self._take(moved, order, kind, result, is_needed=needed[order.ingest_id])
        self._origins.forget([one.ingest_id for one in moved.failed])
        return moved

    def _ready(
        self, orders: Sequence[IngestOrder], moved: Moved, needed: Mapping[int, bool]
    ) -> list[tuple[IngestOrder, str]]:
        """Those that can be stored, with their media types; to be moved first, then to be copied."""
        ready = []
        for order in sorted(orders, key=lambda one: one.keeps_source):
            try:
                ready.append((order, _media_type(order)))
            except FileNotFoundError:
                self._attempt(moved, order, partial(self._found, order, needed[order.ingest_id]))
            except (BrokerError, OSError) as error:
                moved.failed.append(failure(order.ingest_id, error))
        return ready

    def _registered(self, order: IngestOrder) -> StoredSource:
        """A file that is in the workspace already, and becomes a source file there, whatever others have its content.

        :raises FileMissing: it is gone.
        """
        kind = media_type(order.file_name)
        if kind == UNKNOWN:
            with self._broker.open(order.path) as content:
                kind = media_type(order.file_name, content.read(HEAD_SIZE))
        file = StoredFile(order.path, self._broker.stat(order.path), self._broker.checksum(order.path))
        return _stored(order, file, kind, is_needed=True)

    def _fetched(self, moved: Moved, order: IngestOrder) -> list[IngestOrder]:
        """The order to move a copy that is on this machine now; none if it cannot be fetched."""
        try:
            return [self._origins.fetched(order)]
        except (BrokerError, OSError) as error:
            moved.failed.append(failure(order.ingest_id, error))
            return []

    def remove(self, removal: Removal) -> None:
        """Remove what is left of a duplicate: the copy in the workspace, and the file on this machine.

        :raises BrokerError: the storage refuses.
        :raises OSError: the file cannot be removed.
        """
        self._broker.delete(removal.path)
        if removal.source is None:
            return
        source = Path(removal.source)
        source.unlink(missing_ok=True)
        descriptor = os.open(source.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _sort_out(self, orders: Sequence[IngestOrder], moved: Moved) -> dict[int, bool]:
        """Find duplicates. The ids of the others, with whether a source file that has their content is lost."""
        contents: list[tuple[int, int, str]] = []
        for order in orders:
            if order.may_be_known:
                try:
                    contents.append((order.ingest_id, *_content(Path(order.source))))
                except OSError:  # moving it tells why
                    continue
        known = self._known(contents) if contents else {}
        needed = {}
        for order in orders:
            file = known.get(order.ingest_id)
            try:
                is_lost = file is not None and _size(self._broker, file.path) is None
            except BrokerError as error:
                moved.failed.append(failure(order.ingest_id, error))
                continue
            if file is None or is_lost:
                needed[order.ingest_id] = is_lost
            else:
                moved.duplicates.append((order, file.file_id))
        return needed

    def _store_all(self, ready: Sequence[tuple[IngestOrder, str]]) -> list[StoredFile | BrokerError]:
        """What became of files, those to be moved first."""
        first = sum(not order.keeps_source for order, _kind in ready)
        return [*self._store(ready[:first], move=True), *self._store(ready[first:], move=False)]

    def _store(self, ready: Sequence[tuple[IngestOrder, str]], *, move: bool) -> list[StoredFile | BrokerError]:
        files = [(Path(order.source), order.path) for order, _kind in ready]
        try:
            return self._broker.store_many(files, move=move, replace=False) if files else []
        except Interrupted:
            raise
        except Exception as error:  # a broker may be broken in any way; that shall cost only the file it breaks at
            if len(files) == 1:
                log.exception("The broker broke", extra={"ingest_id": ready[0][0].ingest_id})
                return [BrokerError(f"{type(error).__name__}: {error}")]
        return [result for one in ready for result in self._store([one], move=move)]

    def _take(
        self,
        moved: Moved,
        order: IngestOrder,
        kind: str,
        result: StoredFile | BrokerError | OSError,
        *,
        is_needed: bool,
    ) -> None:
        match result:
            case StoredFile():
                moved.stored.append(_stored(order, result, kind, is_needed=is_needed))
            case PathTaken():
                self._attempt(moved, order, partial(self._store_beside, order, kind, is_needed))
            case FileMissing() if not os.path.lexists(order.source):
                self._attempt(moved, order, partial(self._found, order, is_needed))
            case _:
                moved.failed.append(failure(order.ingest_id, result))

    def _attempt(self, moved: Moved, order: IngestOrder, store: Callable[[], StoredSource]) -> None:
        try:
            moved.stored.append(store())
        except (BrokerError, OSError) as error:
            moved.failed.append(failure(order.ingest_id, error))

    def _store_beside(self, order: IngestOrder, kind: str, is_needed: bool) -> StoredSource:
        """Store a file where another one is: over a copy of it that a crash left, else at a place of its own."""
        size = _size(self._broker, order.path)
        is_copy = size == Path(order.source).stat().st_size and self._has_content_of(order)
        path = order.path if is_copy else order.own_path
        stored = self._broker.store(Path(order.source), path, move=not order.keeps_source)
        return _stored(order, stored, kind, is_needed=is_needed)

    def _has_content_of(self, order: IngestOrder) -> bool:
        """Whether the file in the workspace has the content of the source."""
        with Path(order.source).open("rb") as ours, self._broker.open(order.path) as theirs:
            while chunk := ours.read(CHUNK):
                if theirs.read(len(chunk)) != chunk:
                    return False
        return True

    def _found(self, order: IngestOrder, is_needed: bool) -> StoredSource:
        """The file in the workspace, moved there before a crash.

        :raises FileMissing: it is neither here nor there.
        """
        # What is only copied was not moved by anybody: another file of its size would be taken for it.
        for path in () if order.keeps_source else dict.fromkeys((order.own_path, order.path)):
            if _size(self._broker, path) == order.size:
                with self._broker.open(path) as content:
                    kind = media_type(order.file_name, content.read(HEAD_SIZE))
                file = StoredFile(path, order.size, self._broker.checksum(path))
                return _stored(order, file, kind, is_needed=is_needed)
        raise FileMissing(
            f"The file is gone: it is neither at {order.source} nor at {order.path!r} in the workspace "
            f"{order.workspace.name!r}. Transfer it again."
        )


def failure(ingest_id: int, error: BrokerError | OSError) -> Failure:
    """What an error means for an ingest."""
    if isinstance(error, OSError):
        return Failure(ingest_id, f"{error.filename} cannot be read: {error.strerror}.", "input")
    return Failure(ingest_id, str(error), "input" if isinstance(error, FileMissing) else "output-storage")


def _stored(order: IngestOrder, file: StoredFile, kind: str, *, is_needed: bool) -> StoredSource:
    return StoredSource(order.ingest_id, file.path, file.size, file.checksum, kind, is_needed)


def _media_type(order: IngestOrder) -> str:
    if not stat.S_ISREG(os.lstat(order.source).st_mode):
        raise FileMissing(f"{order.source} is not a regular file any more; transfer it again.")
    kind = media_type(order.file_name)
    if kind != UNKNOWN:
        return kind
    descriptor = os.open(order.source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return media_type(order.file_name, os.read(descriptor, HEAD_SIZE))
    finally:
        os.close(descriptor)


def _content(source: Path) -> tuple[int, str]:
    """Size in bytes and checksum of a file."""
    with source.open("rb") as content:
        checksum = hashlib.file_digest(content, "sha256").hexdigest()
        return content.tell(), f"sha256:{checksum}"


def _size(broker: Broker, path: str) -> int | None:
    try:
        return broker.stat(path)
    except FileMissing:
        return None
