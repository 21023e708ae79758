"""Ingesting small files where they are seen (decision 0018): linked by Strike, recorded by a thread of its own."""

import logging
import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from scale_core.domain.media_types import HEAD_SIZE, UNKNOWN, media_type
from scale_core.interfaces.broker import Broker, BrokerError, LinkUnsupported, StoredFile
from scale_core.services.brokers import broker_for
from scale_core.services.context import Context
from scale_core.services.exceptions import ServiceError
from scale_core.services.ingest_orders import Place
from scale_core.services.prompt_ingests import LinkedFile, PromptFile, PromptIngestService
from scale_core.services.transfer_records import Arrival, WatchOrder
from scale_core.services.transfers import TransferService

log = logging.getLogger(__name__)

AHEAD = 2
"""Groups that are linked and not yet recorded, at most."""

REST_SECONDS = 60.0
"""How long a workspace is left alone that cannot link."""

END_SECONDS = 5.0
"""How long the end of a Strike process waits for what is being recorded."""


@dataclass(frozen=True, slots=True)
class _Group:
    started: datetime
    files: Sequence[LinkedFile]


class PromptIngests:
    """Ingests small files for one Strike process; use it as a context."""

    def __init__(self, context: Context, order: WatchOrder, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._context = context
        self._order = order
        self._monotonic = monotonic
        self._service = PromptIngestService(context)
        self._transfers = TransferService(context)
        self._groups: deque[_Group] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self._resting: dict[str, float] = {}
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="prompt-ingests", daemon=True)

    def __enter__(self) -> "PromptIngests":
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Record what is linked, if that takes no longer than :data:`END_SECONDS`."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join(END_SECONDS)

    def take(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Ingest what can be ingested promptly, of files that are in Strike's folder and not recorded.

        :return: the others, which the caller is to record.
        :raises OSError, SQLAlchemyError: an earlier group could not be recorded or tidied up.
        """
        if self._error is not None:
            raise self._error
        started = self._context.now()
        linked = self._link(self._service.plan(self._order, arrivals))
        if linked:
            with self._changed:
                self._changed.wait_for(lambda: len(self._groups) < AHEAD or self._error)
                self._groups.append(_Group(started, linked))
                self._changed.notify_all()
        taken = {one.name for one in linked}
        return [one for one in arrivals if one.file_name not in taken]

    def forget(self, paths: dict[str, Path]) -> set[str]:
        """Remove those files from Strike's folder that an earlier process had ingested and did not come to remove.

        :param paths: of files that no ingest under way has, by name.
        :return: the names of those that are gone.
        """
        gone = set()
        finished = self._service.finished(self._order, [name for name, path in paths.items() if _has_names(path)])
        for name, (workspace, path) in finished.items():
            with suppress(BrokerError, ServiceError):  # then it is taken for a new file, which does no harm
                if broker_for(self._context, workspace.configuration).is_linked(paths[name], path):
                    paths[name].unlink()
                    gone.add(name)
        return gone

    def _link(self, files: Sequence[PromptFile]) -> list[LinkedFile]:
        by_workspace: dict[str, list[PromptFile]] = defaultdict(list)
        for one in files:
            if self._resting.get(one.workspace.name, 0.0) <= self._monotonic():
                by_workspace[one.workspace.name].append(one)
        return [linked for some in by_workspace.values() for linked in self._link_to(some[0].workspace, some)]

    def _link_to(self, workspace: Place, files: Sequence[PromptFile]) -> list[LinkedFile]:
        """Link files into one workspace; those that cannot be are left out."""
        try:
            broker = broker_for(self._context, workspace.configuration)
            results = broker.link_many([(one.arrival.path, one.path) for one in files])
            linked = [
                LinkedFile(file, result, _media_type(broker, file, result))
                for file, result in zip(files, results, strict=True)
                if isinstance(result, StoredFile)
            ]
        except Exception:  # a broker may be broken in any way; the queue's job will say which
            log.info("Files cannot be linked into the workspace %r", workspace.name, exc_info=True)
            self._resting[workspace.name] = self._monotonic() + REST_SECONDS
            return []
        if any(isinstance(one, LinkUnsupported) for one in results):
            self._resting[workspace.name] = self._monotonic() + REST_SECONDS
        return linked

    def _work(self) -> None:
        while (group := self._next()) is not None:
            try:
                self._record(group)
            except (OSError, SQLAlchemyError, ServiceError) as error:
                self._error = error
            with self._changed:
                self._groups.popleft()
                self._changed.notify_all()

    def _next(self) -> _Group | None:
        """The group that is at the head until it is recorded."""
        with self._changed:
            self._changed.wait_for(lambda: self._groups or self._is_closed)
            return self._groups[0] if self._groups else None

    def _record(self, group: _Group) -> None:
        """Record a group and tidy up. Where that breaks off, the Strike process begins anew: whether the files of the
        group are recorded or not, it finds out and goes on with each (:meth:`forget`)."""
        left = self._service.record(self._order, group.files, group.started)
        names = {one.name for one in left}
        for one in group.files:
            if one.name not in names:
                os.unlink(one.file.arrival.path)  # noqa: PTH108 - for each of many files
        if left:
            self._leave(left)

    def _leave(self, files: Sequence[LinkedFile]) -> None:
        """Leave files to the queue, as if they had not been linked."""
        for one in files:
            with suppress(BrokerError, ServiceError):  # the job finds a copy, and writes over it
                broker_for(self._context, one.file.workspace.configuration).delete(one.file.path)
        self._transfers.arrived(self._order, [one.file.arrival for one in files])


def _media_type(broker: Broker, file: PromptFile, stored: StoredFile) -> str:
    kind = media_type(file.arrival.file_name, stored.head)
    if kind == UNKNOWN and stored.size and not stored.head:
        with broker.open(stored.path) as content:
            kind = media_type(file.arrival.file_name, content.read(HEAD_SIZE))
    return kind


def _has_names(path: Path) -> bool:
    """Whether a file has more than one name."""
    try:
        return path.lstat().st_nlink > 1
    except FileNotFoundError:
        return False
