"""Ingesting small files where they are seen (decisions 0018 and 0024): linked, synced, recorded, removed in steps."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from scale_core.intake.orders import Place
from scale_core.interfaces.broker import BrokerError
from scale_core.services.brokers import broker_for, storage_options
from scale_core.services.context import Context
from scale_core.services.exceptions import ServiceError
from scale_core.services.prompt_ingests import LinkedFile, PromptFile, PromptIngestService
from scale_core.services.transfers import TransferService
from scale_core.watching.directory import sync_folder
from scale_core.watching.pulse import Pulse
from scale_core.watching.records import Arrival, WatchOrder
from scale_generated.specs.strike import IngestRule
from scale_scheduler.strike.file_worker import FileWorker
from scale_scheduler.strike.linking import Link, Linked, NotLinked
from scale_scheduler.strike.stages import Stages

log = logging.getLogger(__name__)

REST_SECONDS = 60.0
"""How long a workspace is left alone that cannot link."""

END_SECONDS = 5.0
"""How long the end of a Strike process waits for what is being recorded."""

MOST_LEFT = 4096
"""Ingested files that still have their names in Strike's folder while others arrive, at most."""

MANY_RECORDED = 500
"""After so many files the database's log is long enough to be seen to when nothing else is to be done."""


class _Group(NamedTuple):
    """Files on their way, seen at ``started``; those of them that are linked, then recorded too; the others are left to
    the queue."""

    started: datetime
    files: Sequence[PromptFile]
    linked: Sequence[LinkedFile] = ()


class PromptIngests:
    """Ingests small files for one Strike process; use it as a context. While it links a group, it syncs and records
    those before; what they leave in Strike's folder is removed when there is nothing else to do.

    :param worker: does the work on files.
    :param linking: shows which workspace's folder files are linked into.
    :param syncing: shows which one is synced.
    :param is_wanted: False: all files are left to the queue.
    """

    def __init__(
        self,
        context: Context,
        order: WatchOrder,
        worker: FileWorker,
        linking: Pulse | None = None,
        syncing: Pulse | None = None,
        *,
        is_wanted: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._order = order
        self._monotonic = monotonic
        self._service = PromptIngestService(context)
        self._transfers = TransferService(context)
        self._worker = worker
        self._linking = linking or Pulse()
        self._syncing = syncing or Pulse()
        self._is_wanted = is_wanted
        self._resting: dict[str, float] = {}
        self._left: list[str] = []
        self._unwritten = 0
        steps = (self._link, self._sync, self._record, self._tidy)
        self._stages = Stages("prompt-ingests", *steps, end_seconds=END_SECONDS)

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

    def plan(self, arrivals: Mapping[Arrival, IngestRule]) -> dict[str, PromptFile]:
        """Those of the files that may be ingested promptly, by name; they may be anywhere yet.

        :param arrivals: with the rule that matches each.
        :raises Exception: as :meth:`check`.
        """
        self.check()
        if not self._is_wanted:
            return {}
        files = self._service.plan(self._order, arrivals)
        resting = {name for name in self._resting if self._rests(name)}
        return {one.arrival.file_name: one for one in files if one.workspace.name not in resting}

    def take(self, files: Sequence[PromptFile]) -> None:
        """Take over files that are planned, are in Strike's folder now and are not recorded: they are ingested, or left
        to the queue. It waits where there is too much to do."""
        if files:
            self._stages.put(_Group(self._context.now(), files))

    def forget(self, paths: Mapping[str, Path]) -> set[str]:
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

    def _rests(self, workspace_name: str) -> bool:
        return self._resting.get(workspace_name, 0.0) > self._monotonic()

    def _link(self, group: _Group) -> _Group:
        by_workspace: dict[str, list[PromptFile]] = defaultdict(list)
        for one in group.files:
            by_workspace[one.workspace.name].append(one)
        linked = [one for some in by_workspace.values() for one in self._link_to(some[0].workspace, some)]
        return group._replace(linked=linked)

    def _link_to(self, workspace: Place, files: Sequence[PromptFile]) -> list[LinkedFile]:
        """Link files into one workspace; those that cannot be are left out."""
        if self._rests(workspace.name):
            return []
        try:
            broker = broker_for(self._context, workspace.configuration)
            self._linking.beat(broker.local_folder)
            links = [Link(one.arrival.path, one.path, one.arrival.file_name) for one in files]
            options = storage_options(self._context, type(broker))
            results = self._worker.link(broker, workspace.configuration["broker"], options, links)
        except Exception:  # a broker may be broken in any way; the queue's job will say which
            log.info("Files cannot be linked into the workspace %r", workspace.name, exc_info=True)
            self._resting[workspace.name] = self._monotonic() + REST_SECONDS
            return []
        finally:
            self._linking.beat(None)
        if any(isinstance(one, NotLinked) and one.is_unsupported for one in results):
            self._resting[workspace.name] = self._monotonic() + REST_SECONDS
        return [LinkedFile(file, *one) for file, one in zip(files, results, strict=True) if isinstance(one, Linked)]

    def _sync(self, group: _Group) -> _Group:
        """Have a group's names in workspaces survive a power loss; files of which that is not sure lose theirs."""
        by_workspace: dict[str, list[LinkedFile]] = defaultdict(list)
        for one in group.linked:
            by_workspace[one.file.workspace.name].append(one)
        synced = [one for some in by_workspace.values() if self._sync_in(some[0].file.workspace, some) for one in some]
        return group._replace(linked=synced)

    def _sync_in(self, workspace: Place, files: Sequence[LinkedFile]) -> bool:
        """Whether files of one workspace are durable there; else it is left alone for a while."""
        try:
            broker = broker_for(self._context, workspace.configuration)
            self._syncing.beat(broker.local_folder)
            broker.sync_links([one.file.path for one in files])
        except Exception:  # a broker may be broken in any way; the queue's job will say which
            log.info("Files cannot be synced in the workspace %r", workspace.name, exc_info=True)
            self._resting[workspace.name] = self._monotonic() + REST_SECONDS
            self._unlink(files)
            return False
        finally:
            self._syncing.beat(None)
        return True

    def _unlink(self, files: Sequence[LinkedFile]) -> None:
        """Take files' names in workspaces away again."""
        for one in files:
            with suppress(BrokerError, ServiceError):  # the job finds a copy, and writes over it
                broker_for(self._context, one.file.workspace.configuration).delete(one.file.path)

    def _record(self, group: _Group) -> _Group:
        """Record a group. Where that breaks off, the Strike process begins anew: whether the files of the group are
        recorded or not, it finds out and goes on with each (:meth:`forget`)."""
        known = self._service.record(self._order, group.linked, group.started) if group.linked else []
        self._unlink(known)
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
        """Remove what is left of ingested files, once no other waits for the worker to be ingested."""
        self._left += [one.file.arrival.path for one in group.linked]
        self._unwritten += len(group.linked)
        is_last = self._stages.under_way == 1
        if is_last or len(self._left) >= MOST_LEFT:
            left, self._left = self._left, []
            self._worker.remove(left)
        if is_last and self._unwritten >= MANY_RECORDED:
            self._unwritten = 0
            self._context.database.checkpoint()
        return group


def _has_names(path: Path) -> bool:
    """Whether a file has more than one name."""
    try:
        return path.lstat().st_nlink > 1
    except FileNotFoundError:
        return False
