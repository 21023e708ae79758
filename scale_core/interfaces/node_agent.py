"""Node agents: what does the three steps of a plan on a machine, for engines that run plans there."""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from scale_core.interfaces.containers import ContainerSettings
from scale_core.interfaces.engine_events import EngineEvent
from scale_core.interfaces.resources import Resources
from scale_generated.specs.execution_plan import ExecutionPlan


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

    storage: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    """The installation's options of kinds of storage, by type of broker; Scale's starter of agents puts them in."""


class NodeAgent(Protocol):
    """A running node agent. Its methods may be called from any thread and return at once, but for :meth:`stop`.

    Every execution that it was given ends with exactly one :class:`ExecutionFinished` or :class:`ExecutionLost`. An
    agent that dies is started again; what it ran is ended first and told as lost, or as finished where it was.
    """

    def launch(self, plans: Sequence[ExecutionPlan]) -> None:
        """Run executions, in this order as far as there is room. One that could never fit is lost, and an id that is
        running already goes on running once."""

    def kill(self, execution_id: int, grace_seconds: float | None = None) -> None:
        """End an execution; its report says CANCELED. Nothing happens where it is not known.

        :param grace_seconds: between SIGTERM and SIGKILL; None: as the agent's settings say.
        """

    def answer(self, execution_id: int, answer: bytes) -> None:
        """Give an execution the answer to what it asked. Nothing happens where it does not run."""

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
