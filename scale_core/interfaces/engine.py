"""Engines: what runs executions on nodes.

In *offer* mode the engine shows what nodes have free and the scheduler places; in *submit* mode the engine places by
itself and is handed executions with their needs. An engine reports through its listener, from any thread; each
execution that it was given ends with exactly one :class:`ExecutionFinished` or :class:`ExecutionLost`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol

from scale_generated.specs.execution_plan import ExecutionPlan
from scale_generated.specs.execution_report import ExecutionReport

__all__ = [
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
    "Offer",
    "OptionError",
    "PlanRunner",
    "Resources",
    "RunControl",
]


class OptionError(ValueError):
    """An option of an engine is wrong; the message says which and what would be right."""


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
    """What a node has free now."""

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
    """The execution's step ``step`` (pre, job or post) has begun."""

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

    def notify(self, event: EngineEvent) -> None:
        """Take an event; returns at once."""

    def offers_changed(self) -> None:
        """Nodes or free resources have changed; returns at once."""


class RunControl(Protocol):
    """The hand that an engine keeps on a running plan."""

    def canceled(self) -> bool:
        """Whether the run is to end now."""

    def cancel_fd(self) -> int:
        """A file descriptor that can be read from when the run is to end, so that a wait ends at once. It stays open
        as long as the run lasts."""

    def step_started(self, step: str) -> None:
        """Called by the runner as each step begins."""

    def process_started(self, pid: int) -> None:
        """Called by the runner with the process (and process group) of the job step."""


class PlanRunner(Protocol):
    """Does the three steps of a plan on this machine; never raises for what the plan or the algorithm does wrong."""

    def __call__(self, plan: ExecutionPlan, folder: Path, control: RunControl) -> ExecutionReport:
        """Run ``plan`` in the existing folder ``folder``."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What an engine is made from: the installation's data folder, and the engine's own options by name
    (the table ``[engine]`` of scale.toml and ``SCALE_ENGINE_OPTION`` variables)."""

    data_dir: Path
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogChunk:
    """A piece of a log: ``data`` from byte ``offset`` on, of ``size`` bytes that exist now."""

    data: bytes
    offset: int
    size: int


class Engine(ABC):
    """Runs executions. Methods are called by one scheduler thread, :meth:`logs` by any."""

    name: ClassVar[str]
    """The value of the setting ``engine`` that chooses this engine."""

    mode: ClassVar[EngineMode] = EngineMode.OFFER
    runs_containers: ClassVar[bool] = False
    """Whether a plan with a ``docker`` image can run."""

    @abstractmethod
    def __init__(self, settings: EngineSettings) -> None:
        """Touches nothing outside; :meth:`start` does.

        :raises OptionError: one of the engine's options is wrong.
        """

    @abstractmethod
    def start(self, listener: EngineListener, run_plan: Callable[[], PlanRunner]) -> None:
        """Begin to work. ``run_plan()`` gives the runner, for engines that run plans in this process."""

    @abstractmethod
    def stop(self, grace_seconds: float) -> None:
        """End what runs, at the latest after ``grace_seconds``, and reply with a report or a loss for each."""

    @abstractmethod
    def nodes(self) -> Sequence[Node]:
        """The nodes that are connected now."""

    @abstractmethod
    def offers(self) -> Sequence[Offer]:
        """What is free now, after everything that was launched (offer mode)."""

    @abstractmethod
    def launch(self, launches: Sequence[Launch]) -> None:
        """Run executions; a launch that cannot be made is answered with :class:`ExecutionLost`."""

    @abstractmethod
    def kill(self, execution_id: int) -> None:
        """End an execution; its report says CANCELED. Nothing to do where it is not known."""

    @abstractmethod
    def reconcile(self, execution_ids: Sequence[int]) -> None:
        """Compare with what should be running: each of ``execution_ids`` that the engine does not run is answered
        with :class:`ExecutionLost` (and whatever is left of it is ended first), or with :class:`ExecutionFinished`
        where it had ended and its report is still there."""

    @abstractmethod
    def logs(self, execution_id: int, stream: str, offset: int, limit: int) -> LogChunk:
        """Up to ``limit`` bytes of ``stream`` (stdout or stderr) from ``offset`` on; empty where there is none."""
