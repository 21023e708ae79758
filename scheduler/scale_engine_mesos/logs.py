"""The logs of executions: on their agent while they run, and kept in the data folder from their end on."""

import json
import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from scale_core.interfaces.engine import EngineMemory, LogChunk
from scale_core.interfaces.logs import STREAMS, kept_in, read_log
from scale_engine_mesos.files import FAULTS, PIECE_BYTES, AgentFiles

log = logging.getLogger(__name__)

FETCHERS: Final = 4
"""How many executions' logs are fetched at one time."""


class LogsGone(Exception):
    """The agent has removed a log."""


class Logs:
    """May be used by any thread, in any process that has the database; making it touches nothing.

    :param folder: has a folder for each execution whose logs are kept.
    :param memory: keeps where the logs of running executions are.
    :param files: makes what reads from agents.
    """

    def __init__(self, folder: Path, memory: EngineMemory, files: Callable[[], AgentFiles]) -> None:
        self._folder, self._memory, self._files = folder, memory, files
        self._lock = threading.Lock()
        self._places: dict[int, tuple[str, str]] = {}
        self._fetching: dict[int, Future[None]] = {}
        self._pool = ThreadPoolExecutor(FETCHERS, thread_name_prefix="mesos-logs")

    def are_at(self, execution_id: int, address: str, directory: str) -> None:
        """An execution runs, and will for a while: its logs are there, on the agent at ``address``.

        :raises Exception: the database is in trouble.
        """
        with self._lock:
            is_known = self._places.get(execution_id) == (address, directory)
            self._places[execution_id] = (address, directory)
        if not is_known:
            self._memory.set(_name(execution_id), json.dumps([address, directory]))

    def fetch(
        self, execution_id: int, address: str, directory: str, sizes: Mapping[str, int], kept: Callable[[], None]
    ) -> None:
        """An execution has ended: have its logs kept. ``kept`` is called, by another thread, when they are."""
        if not any(sizes.values()):
            with self._lock:
                was_noted = self._places.pop(execution_id, None) is not None
            if was_noted:
                self._memory.set(_name(execution_id), None)
            return
        with self._lock:
            if execution_id in self._fetching:
                return
            self._places[execution_id] = (address, directory)
            work = (execution_id, address, directory, {name: sizes[name] for name in STREAMS if sizes.get(name)}, kept)
            self._fetching[execution_id] = self._pool.submit(self._keep, *work)

    def when_kept(self, execution_id: int, then: Callable[[], None]) -> None:
        """Call ``then`` once the logs are kept, or cannot be; at once where none are fetched."""
        with self._lock:
            fetching = self._fetching.pop(execution_id, None)
        if fetching is None:
            then()
        else:
            fetching.add_done_callback(lambda _: then())

    def read(self, execution_id: int, stream: str, offset: int, limit: int) -> LogChunk:
        """A piece of a log; empty where there is none, or its agent does not answer."""
        place = None if self._kept(execution_id).is_dir() else self._place(execution_id)
        if place is not None:
            try:
                data, size = self._files().read(place[0], f"{place[1]}/{stream}", offset, limit)
            except FAULTS as error:
                log.warning("The agent %s does not tell the logs of execution %d: %s", place[0], execution_id, error)
            else:
                if size > 0:
                    return LogChunk(data, offset, size)
        return read_log(self._kept(execution_id), stream, offset, limit)  # kept meanwhile, perhaps

    def kept(self) -> Iterator[tuple[int, Path]]:
        """The executions whose logs are kept, with their folders."""
        return kept_in(self._folder)

    def forget(self, execution_id: int) -> None:
        """Remove what is kept.

        :raises OSError: it cannot be removed now.
        """
        if self._kept(execution_id).exists():
            shutil.rmtree(self._kept(execution_id))
        if self._place(execution_id) is not None:
            self._unplace(execution_id)

    def stop(self) -> None:
        """Fetch no more; what is not fetched has not been acknowledged, and comes again."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _keep(
        self, execution_id: int, address: str, directory: str, sizes: Mapping[str, int], kept: Callable[[], None]
    ) -> None:
        """Copy logs. Where that fails they stay on the agent, for as long as that keeps them. An end may be told again
        when they are copied, and even gone from there."""
        if self._kept(execution_id).is_dir():
            kept()
            return
        new = self._folder / f".{execution_id}.new"
        try:
            new.mkdir(parents=True, exist_ok=True)
            for stream, size in sizes.items():
                self._copy(address, f"{directory}/{stream}", size, new / stream)
            new.rename(self._kept(execution_id))
        except LogsGone as error:
            log.warning("The logs of execution %d are not kept: %s", execution_id, error)
            shutil.rmtree(new, ignore_errors=True)
        except FAULTS as error:
            log.warning("The logs of execution %d stay on the agent %s: %s", execution_id, address, error)
            shutil.rmtree(new, ignore_errors=True)
            self._memory.set(_name(execution_id), json.dumps([address, directory]))
            return
        self._unplace(execution_id)
        kept()

    def _copy(self, address: str, path: str, size: int, to: Path) -> None:
        files = self._files()
        with to.open("wb") as log_file:
            while log_file.tell() < size:
                data, _ = files.read(address, path, log_file.tell(), 16 * PIECE_BYTES)
                if not data and log_file.tell() == 0:
                    raise LogsGone(f"{address} has {path} no more")
                if not data:
                    break
                log_file.write(data)

    def _place(self, execution_id: int) -> tuple[str, str] | None:
        with self._lock:
            place = self._places.get(execution_id)
        if place is None and (noted := self._memory.get(_name(execution_id))) is not None:
            address, directory = json.loads(noted)
            return address, directory
        return place

    def _unplace(self, execution_id: int) -> None:
        with self._lock:
            self._places.pop(execution_id, None)
        self._memory.set(_name(execution_id), None)

    def _kept(self, execution_id: int) -> Path:
        return self._folder / str(int(execution_id))


def _name(execution_id: int) -> str:
    return f"logs-{execution_id}"
