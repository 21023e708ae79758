"""What the node agent does: takes what Scale says, gives executions to workers, passes on what they tell."""

import logging
import pkgutil
import select
import signal
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import orjson

from scale_core.interfaces.engine import AgentSettings, Resources
from scale_core.runner.cgroup import GroupFolder
from scale_core.runner.containers.sweep import sweep_containers
from scale_core.runner.control import FolderInUse
from scale_core.runner.folders import ExecutionFolders
from scale_core.runner.frames import CHUNK, NEEDS, SECONDS, Frame, FrameReader, Kind, frame
from scale_core.runner.leftovers import end_leftovers
from scale_core.runner.outbox import Outbox
from scale_core.runner.pool import WorkerPool, WorkerProcess
from scale_core.runner.room import Room
from scale_core.runner.unstarted import canceled_report, unstarted_report
from scale_generated.specs.execution_report import ReportFailure

if TYPE_CHECKING:
    from scale_core.runner.hanging import HangingFolders

LAST_MOMENT: Final = 0.5
"""Seconds of a grace period that are kept for killing what did not end."""

MOST_AHEAD: Final = 8
"""How many executions a worker is given beyond the one that it runs, where they are short."""

log = logging.getLogger(__name__)


class ScaleGone(Exception):
    """Scale is not there any more."""


class Dispatcher:
    """One agent's work.

    :param scale: the line to Scale, not blocking.
    :param outbox: sends on that line.
    :param groups: where workers have their cgroups, if they have any.
    :param work: what a worker does, in its own process, with its line to this one.
    """

    def __init__(
        self,
        scale: socket.socket,
        outbox: Outbox,
        settings: AgentSettings,
        groups: GroupFolder | None,
        work: Callable[[socket.socket], None],
    ) -> None:
        self._scale = scale
        self._settings = settings
        self._groups = groups
        self._folders = ExecutionFolders(settings.folder)
        self._room: Room[bytes] = Room(settings.capacity)
        self._poller = select.epoll()
        self._poller.register(scale, select.EPOLLIN)
        self._hanging: HangingFolders | None = None
        self._pool = WorkerPool(work, self._poller, self._spared)
        self._workers: dict[int, WorkerProcess] = {}
        self._outbox = outbox
        self._stop_at: float | None = None
        self._outbox.add(frame(Kind.READY))

    def run(self, frames: list[Frame], reader: FrameReader) -> None:
        """Work until Scale says stop and all is over.

        :param frames: what it has said already.
        :param reader: the reader of the line, which may hold the beginning of a further frame.
        :raises ScaleGone: Scale ended without saying so.
        """
        self._take_all(frames)
        self._start_what_fits()
        while self._stop_at is None or self._workers:
            self._wait(reader)
            now = time.monotonic()
            if self._stop_at is not None and now >= self._stop_at:
                self._give_up_rest()
            self._pool.retire(now)
            self._end_hanging(now)
            if self._outbox.due is not None and self._outbox.due <= now:
                self._send(now)
        if self._hanging is not None:
            self._hanging.close()
        self._scale.setblocking(True)
        self._send(time.monotonic())

    def _wait(self, reader: FrameReader) -> None:
        for descriptor, _ in self._poller.poll(self._timeout()):
            worker = self._pool.at(descriptor)
            if worker is not None:
                self._hear_worker(worker)
            elif descriptor == self._scale.fileno():
                self._hear_scale(reader)
        self._start_what_fits()

    def _timeout(self) -> float:
        """Seconds until there is something to do unasked; negative: never."""
        first = self._outbox.due
        next_look = None if self._hanging is None else self._hanging.next_look()
        for moment in (self._stop_at, self._pool.next_retirement(), next_look):
            if moment is not None and (first is None or moment < first):
                first = moment
        return -1.0 if first is None else max(0.0, first - time.monotonic())

    def _hear_scale(self, reader: FrameReader) -> None:
        if self._outbox.is_blocked():
            self._send(time.monotonic())
        try:
            data = self._scale.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            raise ScaleGone from error
        if not data:
            raise ScaleGone
        self._take_all(reader.feed(data))

    def _take_all(self, frames: list[Frame]) -> None:
        for each in frames:
            match each.kind:
                case Kind.LAUNCH:
                    self._launch(each)
                case Kind.KILL:
                    self._kill(each)
                case Kind.ANSWER if each.execution_id in self._workers:
                    self._workers[each.execution_id].say(Kind.ANSWER, each.execution_id, each.body)
                case Kind.STOP:
                    self._stop(each)
                case Kind.RECONCILE:
                    self._reconcile(each)

    def _launch(self, launch: Frame) -> None:
        execution_id = launch.execution_id
        needs = Resources(*NEEDS.unpack_from(launch.body))
        if execution_id in self._room:
            log.warning("Execution %d was launched twice; it goes on running once.", execution_id)
        elif self._stop_at is not None:
            self._lose(execution_id, "The node agent is stopping.")
        elif not needs.fits_in(self._room.capacity):
            self._lose(execution_id, f"There can never be room for {needs} here; all there is: {self._room.capacity}.")
        else:
            self._room.add(execution_id, needs, launch.body[NEEDS.size :])

    def _start_what_fits(self) -> None:
        if self._stop_at is not None:
            return
        for execution_id, plan in self._room.startable():
            try:
                worker = self._pool.run(execution_id, plan)
            except OSError as error:
                self._room.release(execution_id)
                self._lose(execution_id, f"There can be no further worker: {error}.")
            else:
                self._workers[execution_id] = worker
                self._hand_ahead(worker)
        if not self._room:
            self._share_followers()

    def _hand_ahead(self, worker: WorkerProcess) -> None:
        """Give a worker whose executions are short the next ones too, so that it need not wait for us after each."""
        if not worker.is_quick or worker.is_asked_back or self._stop_at is not None:
            return
        share = len(self._room) // (2 * len(self._pool.all()))
        most = min(share, MOST_AHEAD) + 1 - len(worker.assigned)
        if most > 0:
            followers = self._room.followers(worker.assigned[0], most)
            self._workers.update((execution_id, worker) for execution_id, _ in followers)
            if followers:
                worker.assign(followers)

    def _share_followers(self) -> None:
        """Nothing waits here: have workers give back what could run beside what they run."""
        for worker in self._pool.all():
            if len(worker.assigned) > 1 and self._room.could_start(worker.assigned[1]):
                worker.ask_back()

    def _kill(self, order: Frame) -> None:
        execution_id = order.execution_id
        if execution_id in self._workers:
            grace = order.body or SECONDS.pack(self._settings.kill_grace)
            self._workers[execution_id].say(Kind.KILL, execution_id, grace)
        elif self._room.is_held(execution_id):
            self._room.drop(execution_id)
            self._outbox.add(frame(Kind.FINISHED, execution_id, canceled_report(execution_id)))

    def _reconcile(self, question: Frame) -> None:
        gone = [each for each in orjson.loads(question.body) if each not in self._room]
        reports = {each: self._folders.report(each) for each in gone}
        unfinished = [each for each, report in reports.items() if report is None]
        if unfinished:
            ended = end_leftovers([self._folders.path(each) for each in unfinished])
            log.info("%d executions had not ended when their agent did; %d processes ended.", len(unfinished), ended)
        for execution_id, report in reports.items():
            self._folders.tidy(execution_id)
            if report is not None:
                self._outbox.add(frame(Kind.FINISHED, execution_id, report))
            else:
                self._lose(execution_id, "It does not run here: Scale or its node agent was restarted.")

    def _stop(self, order: Frame) -> None:
        (grace,) = SECONDS.unpack(order.body)
        for execution_id in self._room.drop_all():
            self._lose(execution_id, "Scale was stopped before it began.")
        kill_grace = SECONDS.pack(min(self._settings.kill_grace, max(0.0, grace - 2 * LAST_MOMENT)))
        for execution_id, worker in self._workers.items():
            worker.say(Kind.STOP, execution_id, kill_grace)
        self._stop_at = time.monotonic() + max(0.0, grace - LAST_MOMENT)

    def _hear_worker(self, worker: WorkerProcess) -> None:
        frames = worker.hear()
        if frames is None:
            self._bury(worker)
            return
        ended = 0
        for each in frames:
            if each.kind == Kind.RETURNED:
                self._take_back(worker, orjson.loads(each.body))
                continue
            if each.kind == Kind.WORKS_IN:
                self._note_folders(each)
                continue
            self._outbox.add(each.raw)
            if each.kind == Kind.STARTED:
                worker.ask_back()  # what waits behind an execution that lasts can run elsewhere
            elif each.kind not in (Kind.LOGGED, Kind.PROGRESS, Kind.ASKED):
                self._take_end(worker, each.execution_id)
                ended += 1
        if ended:
            worker.ended(ended)
            if worker.assigned:
                self._hand_ahead(worker)

    def _note_folders(self, told: Frame) -> None:
        if self._hanging is None:  # most agents need what it imports late, or never
            make: type[HangingFolders] = pkgutil.resolve_name("scale_core.runner.hanging:HangingFolders")
            self._hanging = make(self._settings.storage)
        self._hanging.works_in(told.execution_id, [FolderInUse(*one) for one in orjson.loads(told.body)])

    def _end_hanging(self, now: float) -> None:
        """End executions that hang in a folder, so that others have their room."""
        due = None if self._hanging is None else self._hanging.next_look()
        if self._hanging is None or due is None or due > now:
            return
        for execution_id, failure in self._hanging.look(now):
            log.error("%s", failure.message, extra={"execution_id": execution_id})
            self._bury(self._workers[execution_id], failure)
        self._start_what_fits()

    def _spared(self) -> set[int]:
        """Children that are no workers, and are to live when a worker ends."""
        return set() if self._hanging is None else self._hanging.processes()

    def _take_end(self, worker: WorkerProcess, execution_id: int) -> None:
        """An execution has ended: the next of its worker, if there is one, has its room."""
        del self._workers[execution_id]
        if self._hanging is not None:
            self._hanging.works_in(execution_id, [])
        if worker.assigned[0] != execution_id:
            worker.assigned.remove(execution_id)
            self._room.drop(execution_id)
            return
        worker.assigned.popleft()
        if worker.assigned:
            self._room.hand_over(execution_id, worker.assigned[0])
        else:
            self._room.release(execution_id)
            self._pool.rest(worker)

    def _take_back(self, worker: WorkerProcess, execution_ids: list[int]) -> None:
        worker.is_asked_back = False
        for execution_id in execution_ids:
            worker.assigned.remove(execution_id)
            del self._workers[execution_id]
            self._room.put_back(execution_id)

    def _bury(self, worker: WorkerProcess, failure: ReportFailure | None = None) -> None:
        """Take in the end of a worker: what it ran ended with it, and what it was to run next waits again.

        :param failure: why it is ended.
        """
        code = self._pool.bury(worker)
        kills = 0 if self._groups is None else self._groups.kills(worker.pid)
        if self._groups is not None:
            self._groups.remove_group(worker.pid)
        if worker.assigned:
            sweep_containers(self._settings)
        while worker.assigned:
            execution_id = worker.assigned[0]
            report = self._folders.report(execution_id)
            if report is None:
                break
            self._outbox.add(frame(Kind.FINISHED, execution_id, report))
            self._folders.tidy(execution_id)
            self._take_end(worker, execution_id)
        if worker.assigned:
            self._take_back(worker, list(worker.assigned)[1:])
            self._take_broken_end(worker, code, failure or _failure_by_memory(code, kills))

    def _take_broken_end(self, worker: WorkerProcess, code: int, failure: ReportFailure | None) -> None:
        """The worker ended before the execution that it ran."""
        execution_id = worker.assigned[0]
        self._folders.tidy(execution_id)
        if failure is not None:
            self._outbox.add(frame(Kind.FINISHED, execution_id, unstarted_report(execution_id, "FAILED", failure)))
        else:
            self._lose(execution_id, f"Its worker ended unexpectedly, with exit code {code}.")
        self._take_end(worker, execution_id)

    def _give_up_rest(self) -> None:
        """The grace period is over: kill what is left."""
        for worker in set(self._workers.values()):
            self._pool.bury(worker)
            for execution_id in worker.assigned:
                self._folders.tidy(execution_id)
                self._lose(execution_id, "Scale was stopped; the execution did not end in time.")
        self._workers.clear()

    def _lose(self, execution_id: int, message: str) -> None:
        self._outbox.add(frame(Kind.LOST, execution_id, message.encode()))

    def _send(self, now: float) -> None:
        was_blocked = self._outbox.is_blocked()
        try:
            self._outbox.send(now)
        except OSError as error:
            raise ScaleGone from error
        if self._outbox.is_blocked() != was_blocked:
            writable = 0 if was_blocked else select.EPOLLOUT
            self._poller.modify(self._scale, select.EPOLLIN | writable)


def _failure_by_memory(code: int, kills: int) -> ReportFailure | None:
    """How an execution failed whose worker ended with ``code``, if the system killed processes of it for memory."""
    if not kills or code != -signal.SIGKILL:
        return None
    message = "The command used more memory than the job requires, and the system ended what ran it."
    return ReportFailure(kind="memory", step="job", message=message)
