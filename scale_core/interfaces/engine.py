"""Engines: what runs executions on nodes.

In *offer* mode the engine shows what nodes have free and the scheduler places; in *submit* mode the engine places by
itself and is handed executions with their needs. An engine reports through its listener, from any thread; each
execution that it was given ends with exactly one :class:`ExecutionFinished` or :class:`ExecutionLost`.

What does the three steps of a plan on a machine is Scale's own *node agent*, a process that :data:`AgentStarter` starts
and :class:`NodeAgent` talks to: engines decide where executions run, and leave it to agents how.
"""

import math
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol

from scale_core.interfaces.containers import ContainerSettings
from scale_core.interfaces.logs import LogChunk
from scale_core.interfaces.options import OptionError
from scale_generated.specs.execution_plan import ExecutionPlan
from scale_generated.specs.execution_report import ExecutionReport

__all__ = [
    "AgentSettings",
    "AgentStarter",
    "ContainerSettings",
    "Engine",
    "EngineEvent",
    "EngineListener",
    "EngineMode",
    "EngineSettings",
    "ExecutionFinished",
    "ExecutionLost",
    "ExecutionPlan",
    "ExecutionReport",
    "ExecutionStarted",
    "Launch",
    "LogChunk",
    "Node",
    "NodeAgent",
    "Offer",
    "OptionError",
    "Resources",
]


class EngineMode(StrEnum):
    """Who places: we on what the engine offers, or the engine by itself."""

    OFFER = "offer"
    SUBMIT = "submit"


@dataclass(frozen=True, slots=True)
class Resources:
    """cpus in cores, mem and disk in MiB."""

    cpus: float = 0.0
    mem: float = 0.0
    disk: float = 0.0

    def __add__(self, other: "Resources") -> "Resources":
        return Resources(self.cpus + other.cpus, self.mem + other.mem, self.disk + other.disk)

    def __sub__(self, other: "Resources") -> "Resources":
        return Resources(self.cpus - other.cpus, self.mem - other.mem, self.disk - other.disk)

    def fits_in(self, other: "Resources") -> bool:
        """Whether this much can be taken from ``other``; a millionth is allowed for rounding."""
        slack = 1e-6
        return self.cpus <= other.cpus + slack and self.mem <= other.mem + slack and self.disk <= other.disk + slack


@dataclass(frozen=True, slots=True)
class Node:
    """A machine that runs executions. ``agent_id`` is the engine's own stable name for it (``slave_id`` over HTTP)."""

    agent_id: str
    hostname: str
    port: int
    total: Resources


@dataclass(frozen=True, slots=True)
class Offer:
    """What a node has free now: its total without all that was launched there and has not ended. Where launches are
    held (:attr:`Engine.holds_launches`) that can be less than nothing."""

    offer_id: str
    agent_id: str
    resources: Resources


@dataclass(frozen=True, slots=True)
class Launch:
    """One execution to run: on the node ``agent_id``, using ``offer_ids`` (both empty in submit mode)."""

    plan: ExecutionPlan
    agent_id: str = ""
    offer_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExecutionStarted:
    """The execution is in its step ``step`` (pre, job or post). Told of steps that last: of job when it still runs
    after a moment, of pre and post where there are files to fetch or store, and of pre where there is an image. The
    report has the times of all steps."""

    execution_id: int
    step: str


@dataclass(frozen=True, slots=True)
class ExecutionFinished:
    """The execution ended; its report says how."""

    report: ExecutionReport


@dataclass(frozen=True, slots=True)
class ExecutionLost:
    """The execution is gone without a report: its node or its runner vanished."""

    execution_id: int
    message: str


EngineEvent = ExecutionStarted | ExecutionFinished | ExecutionLost


class EngineListener(Protocol):
    """Who an engine reports to."""

    def notify(self, events: Sequence[EngineEvent]) -> None:
        """Take what happened, in its order; returns at once. Tell in one call what is known at one time: to wake the
        listener costs more than an event does."""

    def offers_changed(self) -> None:
        """Nodes or free resources have changed; returns at once."""


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """How a node agent works.

    ``folder`` holds a folder for each execution, named by its id: its working folder, of which ``stdout``, ``stderr``
    and ``report.json`` stay (:mod:`scale_core.interfaces.logs` reads the logs); one agent has it at a time.
    ``capacity`` is what executions may use together: one that does not fit beside those that run waits until it does.
    """

    folder: Path
    capacity: Resources = field(default_factory=lambda: Resources(math.inf, math.inf, math.inf))
    search_path: str = os.defpath
    """Where commands are looked for, and the PATH that they see."""

    log_limit: int = 64 << 20
    """Bytes of each log that are kept."""

    kill_grace: float = 5.0
    """Seconds between SIGTERM and SIGKILL where a command is to end."""

    limits: bool = True
    """Whether an execution that uses more memory or disk than its plan says is ended, where the system allows it."""

    containers: ContainerSettings | None = None
    """How a plan with a ``docker`` image is run; None: it is not."""


class NodeAgent(Protocol):
    """A running node agent. Its methods may be called from any thread and return at once, but for :meth:`stop`.

    Every execution that it was given ends with exactly one :class:`ExecutionFinished` or :class:`ExecutionLost`. An
    agent that dies is started again; what it ran is ended first and told as lost, or as finished where it was.
    """

    def launch(self, plans: Sequence[ExecutionPlan]) -> None:
        """Run executions, in this order as far as there is room. One that could never fit is lost, and an id that is
        running already goes on running once."""

    def kill(self, execution_id: int) -> None:
        """End an execution; its report says CANCELED. Nothing happens where it is not known."""

    def reconcile(self, execution_ids: Sequence[int]) -> None:
        """Tell what became of executions, perhaps of an earlier agent's: finished where the report is still there;
        else whatever is left of it is ended, and it is lost. Those that run here are not answered."""

    def stop(self, grace_seconds: float) -> None:
        """End all executions and the agent; all ends are told when it returns. What did not end by itself is told as
        lost, for nobody asked for its end: it can be run again."""


class AgentStarter(Protocol):
    """Starts a node agent on this machine."""

    def __call__(self, settings: AgentSettings, tell: Callable[[Sequence[EngineEvent]], None]) -> NodeAgent:
        """Start one, which can be given work at once.

        :param tell: is told what happens, in groups, by a thread of the agent's.
        :raises OSError: the process or its folder cannot be made.
        """


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What an engine is made from: the installation's data folder, and the engine's own options by name
    (the table ``[engine]`` of scale.toml and ``SCALE_ENGINE_OPTION`` variables)."""

    data_dir: Path
    options: Mapping[str, Any] = field(default_factory=dict)


class Engine(ABC):
    """Runs executions. Methods are called by one scheduler thread; :meth:`logs` and :meth:`forget` by any, also
    where this engine has not been started."""

    name: ClassVar[str]
    """The value of the setting ``engine`` that chooses this engine."""

    mode: ClassVar[EngineMode] = EngineMode.OFFER
    runs_containers: bool = False
    """Whether a plan with a ``docker`` image can run; asked after :meth:`start`, which may find it out."""

    holds_launches: ClassVar[bool] = False
    """Whether launches beyond what a node has free are accepted. They wait at the node and start, each as soon as it
    fits, in the order of the launches, without a word from the scheduler; one that does not fit yet holds up none."""

    @abstractmethod
    def __init__(self, settings: EngineSettings) -> None:
        """Touches nothing outside; :meth:`start` does.

        :raises OptionError: one of the engine's options is wrong.
        """

    @abstractmethod
    def start(self, listener: EngineListener, start_agent: AgentStarter) -> None:
        """Begin to work. ``start_agent`` starts a node agent on this machine, for engines that run plans here."""

    @abstractmethod
    def stop(self, grace_seconds: float) -> None:
        """End what runs, at the latest after ``grace_seconds``, and reply with a report or a loss for each; what is
        held is lost."""

    @abstractmethod
    def nodes(self) -> Sequence[Node]:
        """The nodes that are connected now."""

    @abstractmethod
    def offers(self) -> Sequence[Offer]:
        """What is free now, after everything that was launched (offer mode)."""

    @abstractmethod
    def launch(self, launches: Sequence[Launch]) -> None:
        """Run executions; a launch that can never be made (it is larger than its node) is answered with
        :class:`ExecutionLost`, and one that cannot be made now too, where launches are not held."""

    @abstractmethod
    def kill(self, execution_id: int) -> None:
        """End an execution; its report says CANCELED. One that is held never starts. Nothing to do where it is not
        known."""

    @abstractmethod
    def reconcile(self, execution_ids: Sequence[int]) -> None:
        """Compare with what should be running: each of ``execution_ids`` that the engine does not run is answered
        with :class:`ExecutionLost` (and whatever is left of it is ended first), or with :class:`ExecutionFinished`
        where it had ended and its report is still there."""

    @abstractmethod
    def logs(self, execution_id: int, stream: str, offset: int, limit: int) -> LogChunk:
        """Up to ``limit`` bytes of ``stream`` (stdout or stderr) from ``offset`` on; empty where there is none."""

    def forget(self, execution_ids: Sequence[int]) -> None:  # noqa: B027 - logs may be cleared away by others
        """Remove what is left of executions that have ended, their logs among it; nothing to do where nothing is.
        Called again for the same ones where it raised, or Scale ended meanwhile.

        Here nothing is removed: write it where the engine keeps logs that Scale should clear away.

        :raises OSError: it cannot be removed now.
        """
