"""What Scale's executor does with the agent's events, and what it tells of executions."""

import logging
import shutil
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

from scale_core.interfaces.engine import (
    AgentStarter,
    EngineEvent,
    ExecutionAsked,
    ExecutionFinished,
    ExecutionLost,
    ExecutionProgress,
    ExecutionStarted,
    NodeAgent,
)
from scale_core.interfaces.logs import STREAMS
from scale_engine_mesos.executor.idle import Idle
from scale_engine_mesos.executor.link import Link
from scale_engine_mesos.executor.place import Place
from scale_engine_mesos.messages import execution_id, task_id
from scale_engine_mesos.node_settings import decode_settings
from scale_engine_mesos.wire import (
    decode_answer,
    decode_forget,
    decode_plan,
    encode_progress,
    encode_question,
    encode_report,
    encode_step,
)

log = logging.getLogger(__name__)

Message = dict[str, Any]

STATES: Final = {"COMPLETED": "TASK_FINISHED", "FAILED": "TASK_FAILED", "CANCELED": "TASK_KILLED"}
NO_GROUPS: Final = "Scale's executor runs tasks one by one, and no groups of them."
GONE: Final = 1
"""The exit status where the agent is gone."""


class Executor:
    """Runs the plans that tasks carry with a node agent, whose end is the end of all that it runs.

    :param start_agent: starts the node agent.
    :param now: seconds of a clock that never goes back.
    """

    def __init__(self, place: Place, link: Link, start_agent: AgentStarter, now: Callable[[], float]) -> None:
        self._place, self._link, self._start_agent, self._now = place, link, start_agent, now
        self._folder = place.sandbox / "executions"
        self._node: NodeAgent | None = None
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self._idle: Idle | None = None

    def run(self) -> int:
        """Work until the agent says that it is over, or is gone, or there was nothing to do for long; the exit status.

        :raises ValueError: the executor was made by another release of Scale.
        """
        try:
            for event in self._link.events():
                if not self._take(event):
                    return 0
            return 0 if self._link.is_ended else GONE
        finally:
            if self._idle is not None:
                self._idle.stop()
            if self._node is not None:
                self._node.stop(self._place.grace)

    def _take(self, event: Message) -> bool:
        """Do what an event says; False: it is over."""
        match event.get("type"):
            case "SUBSCRIBED":
                self._begin(event["subscribed"]["executor_info"])
            case "LAUNCH":
                self._launch(event["launch"]["task"])
            case "LAUNCH_GROUP":
                for task in event["launch_group"]["task_group"]["tasks"]:
                    self._link.update(task["task_id"]["value"], "TASK_FAILED", message=NO_GROUPS)
            case "KILL":
                self._kill(event["kill"])
            case "MESSAGE":
                self._hear(event["message"]["data"])
            case "SHUTDOWN":
                return False
            case "ERROR":
                log.error("The Mesos agent does not want this executor: %s", event["error"]["message"])
                return False
        return True

    def _begin(self, info: Message) -> None:
        if self._node is None:
            settings, idle_seconds = decode_settings(info.get("data", ""), self._folder)
            self._node = self._start_agent(settings, self._tell)
            self._idle = Idle(idle_seconds, self._is_busy, self._link.end, self._now)
            self._idle.start()

    def _launch(self, task: Message) -> None:
        name = task["task_id"]["value"]
        try:
            plan = decode_plan(task.get("data", ""))
        except ValueError as error:
            self._link.update(name, "TASK_FAILED", message=str(error))
            return
        if self._node is not None:
            with self._lock:
                self._running.add(plan.execution_id)
            self._node.launch([plan])

    def _kill(self, kill: Message) -> None:
        number = execution_id(kill["task_id"]["value"])
        nanoseconds = kill.get("kill_policy", {}).get("grace_period", {}).get("nanoseconds")
        if number is not None and self._node is not None:
            self._node.kill(number, None if nanoseconds is None else max(0.0, int(nanoseconds) / 1e9))

    def _is_busy(self) -> bool:
        with self._lock:
            return bool(self._running) or self._link.has_unacknowledged()

    def _hear(self, data: str) -> None:
        """Pass on an answer, or remove the folders of executions whose logs Scale has."""
        try:
            answer = decode_answer(data)
            numbers = decode_forget(data) if answer is None else []
        except ValueError as error:
            log.warning("%s", error)
            return
        if answer is not None and self._node is not None:
            self._node.answer(*answer)
        for number in numbers:
            shutil.rmtree(self._folder / str(number), ignore_errors=True)

    def _tell(self, events: Sequence[EngineEvent]) -> None:
        """Pass on what the node agent tells."""
        for event in events:
            match event:
                case ExecutionStarted(number, step):
                    data = encode_step(step, self._directory(number), self._place.executor_id)
                    self._link.update(task_id(number), "TASK_RUNNING", data=data)
                case ExecutionProgress(number, done):
                    self._link.update(task_id(number), "TASK_RUNNING", data=encode_progress(done))
                case ExecutionAsked(number, question):
                    self._link.message(encode_question(number, question))
                case ExecutionFinished(report):
                    self._tell_report(report.execution_id, report.status, orjson.dumps(report.to_document()))
                    self._ended(report.execution_id)
                case ExecutionLost(number, message):
                    self._link.update(task_id(number), "TASK_FAILED", message=message)
                    self._ended(number)

    def _ended(self, number: int) -> None:
        """Its end is told, or will be as soon as the agent is there."""
        with self._lock:
            self._running.discard(number)

    def _tell_report(self, number: int, status: str, report: bytes) -> None:
        sizes = self._log_sizes(number)
        if not any(sizes.values()):
            shutil.rmtree(self._folder / str(number), ignore_errors=True)
        executor = self._place.executor_id
        *before, last = encode_report(report, directory=self._directory(number), sizes=sizes, executor=executor)
        for data in before:
            self._link.update(task_id(number), "TASK_RUNNING", data=data)
        self._link.update(task_id(number), STATES[status], data=last)

    def _directory(self, number: int) -> str:
        """The folder of an execution, as the agent calls it."""
        return f"{self._place.directory}/{self._folder.name}/{number}"

    def _log_sizes(self, number: int) -> dict[str, int]:
        paths = {stream: self._folder / str(number) / stream for stream in STREAMS}
        return {stream: path.stat().st_size if path.is_file() else 0 for stream, path in paths.items()}
