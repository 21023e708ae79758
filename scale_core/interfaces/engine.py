"""Engines: what runs executions on nodes.

In *offer* mode the engine shows what nodes have free and the scheduler places; in *submit* mode the engine places by
itself and is handed executions with their needs. An engine reports through its listener, from any thread; each
execution that it was given ends with exactly one :class:`ExecutionFinished` or :class:`ExecutionLost`.

What does the three steps of a plan on a machine is Scale's own *node agent*, a process that :data:`AgentStarter` starts
and :class:`NodeAgent` talks to: engines decide where executions run, and leave it to agents how.

Engines import all of this from here.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol

from scale_core.interfaces.containers import ContainerSettings
from scale_core.interfaces.engine_events import (
    EngineEvent,
    EngineListener,
    ExecutionAsked,
    ExecutionFinished,
    ExecutionLost,
    ExecutionProgress,
    ExecutionStarted,
)
from scale_core.interfaces.logs import LogChunk
from scale_core.interfaces.node_agent import AgentSettings, AgentStarter, NodeAgent
from scale_core.interfaces.options import OptionError
from scale_core.interfaces.resources import CustomAmounts, Resources, custom_amounts
from scale_generated.specs.execution_plan import ExecutionPlan
from scale_generated.specs.execution_report import ExecutionReport

__all__ = [
    "AgentSettings",
    "AgentStarter",
    "ContainerSettings",
    "CustomAmounts",
    "Engine",
    "EngineEvent",
    "EngineListener",
    "EngineMemory",
    "EngineMode",
    "EngineSettings",
    "ExecutionAsked",
    "ExecutionFinished",
    "ExecutionLost",
    "ExecutionPlan",
    "ExecutionProgress",
    "ExecutionReport",
    "ExecutionStarted",
    "Launch",
    "LogChunk",
    "MasterLink",
    "Node",
    "NodeAgent",
    "Offer",
    "OptionError",
    "Resources",
    "ShortMemory",
    "custom_amounts",
    "needs_of",
]


class EngineMode(StrEnum):
    """Who places: we on what the engine offers, or the engine by itself."""

    OFFER = "offer"
    SUBMIT = "submit"


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


def needs_of(plan: ExecutionPlan) -> Resources:
    """What an execution takes of its node."""
    one = plan.resources
    custom = custom_amounts(one.custom) if one.custom else ()
    return Resources(one.cpus, one.mem, one.disk_in + one.disk_out, custom)


@dataclass(frozen=True, slots=True)
class Launch:
    """One execution to run: on the node ``agent_id``, using ``offer_ids`` (both empty in submit mode)."""

    plan: ExecutionPlan
    agent_id: str = ""
    offer_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MasterLink:
    """The link to the master of a cluster. ``hostname`` and ``port`` are those of the master that was asked last, None
    where none is known; ``heard_seconds_ago`` is None where nothing was heard yet."""

    hostname: str | None
    port: int | None
    is_online: bool
    heard_seconds_ago: float | None
    offers_held: int


class EngineMemory(Protocol):
    """What an engine keeps over restarts, in the database of its installation: texts by name, of this engine alone.
    For little that changes seldom, such as the id under which a cluster knows Scale. May be used by any thread."""

    def get(self, name: str) -> str | None:
        """What was set last; None: nothing.

        :raises Exception: the database is in trouble.
        """

    def set(self, name: str, value: str | None) -> None:
        """Keep ``value``, for good when this returns; None forgets. Names have up to 100 characters.

        :raises Exception: the database is in trouble; nothing was changed.
        """


class ShortMemory:
    """A memory that lasts as long as the process, for tests."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        """What was set last."""
        return self._values.get(name)

    def set(self, name: str, value: str | None) -> None:
        """Keep it, or forget it."""
        if value is None:
            self._values.pop(name, None)
        else:
            self._values[name] = value


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What an engine is made from: the installation's data folder, the engine's own options by name (the table
    ``[engine]`` of scale.toml, ``SCALE_ENGINE_OPTION`` and ``SCALE_NAME_OPTION`` variables), and what it remembers."""

    data_dir: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    memory: EngineMemory = field(default_factory=ShortMemory)


class Engine(ABC):
    """Runs executions. Methods are called by one scheduler thread; :meth:`answer` by any, :meth:`logs` and
    :meth:`forget` by any also where this engine has not been started."""

    name: ClassVar[str]
    """The value of the setting ``engine`` that chooses this engine."""

    mode: ClassVar[EngineMode] = EngineMode.OFFER
    runs_containers: bool = False
    """Whether a plan with a ``docker`` image can run; asked after :meth:`start`, which may find it out."""

    holds_launches: ClassVar[bool] = False
    """Whether launches beyond what a node has free are accepted. They wait at the node and start, each as soon as it
    fits, in the order of the launches, without a word from the scheduler; one that does not fit yet holds up none."""

    outlives_scale: ClassVar[bool] = False
    """Whether what runs goes on when the engine stops, and is found again by :meth:`reconcile` after the next start."""

    runs_system_jobs: bool = False
    """Whether Scale's own jobs that nodes can do are placed on nodes, and launched like others. Their plans say
    ``ingest``, ``strike`` or ``clock`` instead of having a command run. In offer mode only."""

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
        held is lost. An engine that outlives Scale only lets go of what runs. Nothing is told when it has returned."""

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

    def link(self) -> MasterLink | None:
        """The link to the cluster's master; None: there is none, the engine works alone."""
        return None

    def settle_offers(self, *, wanted: bool) -> None:  # noqa: B027 - for engines whose offers are somebody's
        """Called after each pass of placement: what the last :meth:`offers` showed and no launch has used is not needed
        now. An engine that shares its nodes with others gives it back here, and asks for it again later.

        :param wanted: whether executions wait that were not placed.
        """

    def answer(self, execution_id: int, answer: bytes) -> None:  # noqa: B027 - for engines that run system jobs
        """Give an execution the answer to what it asked (:class:`ExecutionAsked`). Answers may get lost."""

    def recorded(self, execution_ids: Sequence[int]) -> None:  # noqa: B027 - for engines that can tell ends again
        """The ends that were told of these executions are in the database, whatever happens from now on. An engine that
        is told of ends by others acknowledges them here, so that a crash before loses none. Also called after
        :meth:`stop`."""

    def kept_logs(self) -> Iterable[tuple[int, Path]]:
        """The executions, ended or not, of which this machine has a folder with logs
        (:mod:`scale_core.interfaces.logs`), whole for those that have ended: Scale may store those elsewhere, and
        then calls :meth:`forget`. Called by any thread after :meth:`start`.

        Here there are none: write it where the engine keeps such folders, and Scale should be able to.

        :raises OSError: that cannot be told now.
        """
        return ()

    def forget(self, execution_ids: Sequence[int]) -> None:  # noqa: B027 - logs may be cleared away by others
        """Remove what is left of executions that have ended, their logs among it; nothing to do where nothing is.
        Called again for the same ones where it raised, or Scale ended meanwhile.

        Here nothing is removed: write it where the engine keeps logs that Scale should clear away.

        :raises OSError: it cannot be removed now.
        """
