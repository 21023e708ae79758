"""Ingesting small files where they are seen (decisions 0018 and 0024): linked, recorded and removed in steps."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from scale_core.interfaces.broker import BrokerError
from scale_core.services.brokers import broker_for
from scale_core.services.context import Context
from scale_core.services.exceptions import ServiceError
from scale_core.services.ingest_orders import Place
from scale_core.services.prompt_ingests import LinkedFile, PromptFile, PromptIngestService
from scale_core.services.transfer_records import Arrival, WatchOrder
from scale_core.services.transfers import TransferService
from scale_scheduler.strike.directory import sync_folder
from scale_scheduler.strike.file_worker import FileWorker
from scale_scheduler.strike.linking import Link, Linked, NotLinked
from scale_scheduler.strike.stages import Stages

log = logging.getLogger(__name__)

REST_SECONDS = 60.0
"""How long a workspace is left alone that cannot link."""

END_SECONDS = 5.0
"""How long the end of a Strike process waits for what is being recorded."""


class _Group(NamedTuple):
    """Files on their way, seen at ``started``; those of them that are linked, then recorded too; the others are left to
    the queue."""

    started: datetime
    files: Sequence[PromptFile]
    linked: Sequence[LinkedFile] = ()


class PromptIngests:
    """Ingests small files for one Strike process; use it as a context. While it links a group, it records the one
    before and removes what the one before that has left.

    :param worker: does the work on files.
    """

    def __init__(
        self,
        context: Context,
        order: WatchOrder,
        worker: FileWorker,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._order = order
        self._monotonic = monotonic
        self._service = PromptIngestService(context)
        self._transfers = TransferService(context)
        self._worker = worker
        self._resting: dict[str, float] = {}
        self._stages = Stages("prompt-ingests", self._link, self._record, self._tidy, end_seconds=END_SECONDS)

    def __enter__(self) -> "PromptIngests":
        """Start the threads."""
        self._stages.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Record what was taken, if that takes no longer than :data:`END_SECONDS`."""
        self._stages.__exit__(*error)

    @property
    def is_idle(self) -> bool:
        """Whether no group is under way."""
        return self._stages.under_way == 0

    def check(self) -> None:
        """Raise what a group that was taken could not be recorded or tidied up for, if so: its files wait until the
        Strike process begins anew."""
        if self._stages.error is not None:
            raise self._stages.error

    def plan(self, arrivals: Collection[Arrival]) -> dict[str, PromptFile]:
        """Those of the files that may be ingested promptly, by name; they may be anywhere yet.

        :raises Exception: as :meth:`check`.
        """
        self.check()
        files = self._service.plan(self._order, arrivals)
        return {one.arrival.file_name: one for one in files if not self._rests(one.workspace)}

    def take(self, files: Sequence[PromptFile]) -> None:
        """Take over files that are planned, are in Strike's folder now and are not recorded: they are ingested, or left
        to the queue. It waits where there is too much to do."""
        if files:
            self._stages.put(_Group(self._context.now(), files))

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

    def _rests(self, workspace: Place) -> bool:
        return self._resting.get(workspace.name, 0.0) > self._monotonic()

    def _link(self, group: _Group) -> _Group:
        by_workspace: dict[str, list[PromptFile]] = defaultdict(list)
        for one in group.files:
            by_workspace[one.workspace.name].append(one)
        linked = [one for some in by_workspace.values() for one in self._link_to(some[0].workspace, some)]
        return group._replace(linked=linked)

    def _link_to(self, workspace: Place, files: Sequence[PromptFile]) -> list[LinkedFile]:
        """Link files into one workspace; those that cannot be are left out."""
        if self._rests(workspace):
            return []
        try:
            broker = broker_for(self._context, workspace.configuration)
            links = [Link(one.arrival.path, one.path, one.arrival.file_name) for one in files]
            results = self._worker.link(broker, workspace.configuration["broker"], links)
        except Exception:  # a broker may be broken in any way; the queue's job will say which
            log.info("Files cannot be linked into the workspace %r", workspace.name, exc_info=True)
            self._resting[workspace.name] = self._monotonic() + REST_SECONDS
            return []
        if any(isinstance(one, NotLinked) and one.is_unsupported for one in results):
            self._resting[workspace.name] = self._monotonic() + REST_SECONDS
        return [LinkedFile(file, *one) for file, one in zip(files, results, strict=True) if isinstance(one, Linked)]

    def _record(self, group: _Group) -> _Group:
        """Record a group. Where that breaks off, the Strike process begins anew: whether the files of the group are
        recorded or not, it finds out and goes on with each (:meth:`forget`)."""
        known = self._service.record(self._order, group.linked, group.started) if group.linked else []
        for one in known:
            with suppress(BrokerError, ServiceError):  # the job finds a copy, and writes over it
                broker_for(self._context, one.file.workspace.configuration).delete(one.file.path)
        recorded = {one.name for one in group.linked}.difference(one.name for one in known)
        self._leave([one.arrival for one in group.files if one.arrival.file_name not in recorded])
        return group._replace(linked=[one for one in group.linked if one.name in recorded])

    def _leave(self, arrivals: Sequence[Arrival]) -> None:
        """Leave files to the queue."""
        if arrivals:
            for folder in {Path(one.path).parent for one in arrivals}:
                sync_folder(folder)
            self._transfers.arrived(self._order, arrivals)

    def _tidy(self, group: _Group) -> _Group:
        self._worker.remove([one.file.arrival.path for one in group.linked])
        return group


def _has_names(path: Path) -> bool:
    """Whether a file has more than one name."""
    try:
        return path.lstat().st_nlink > 1
    except FileNotFoundError:
        return False
