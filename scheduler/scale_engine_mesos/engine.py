"""The ``mesos`` engine."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from scale_core.interfaces.engine import (
    AgentStarter,
    Engine,
    EngineListener,
    EngineMode,
    EngineSettings,
    Launch,
    LogChunk,
    MasterLink,
    Node,
    Offer,
)
from scale_engine_mesos.framework import Framework
from scale_engine_mesos.library import driver_class
from scale_engine_mesos.logs import Logs
from scale_engine_mesos.options import NAME, ON_CLUSTER, Options


class MesosEngine(Engine):
    """Runs executions on the agents of a Mesos cluster, through Scale's executor there.

    Options: :class:`~scale_engine_mesos.options.Options`.
    """

    name: ClassVar[str] = NAME
    mode: ClassVar[EngineMode] = EngineMode.OFFER
    outlives_scale: ClassVar[bool] = True

    def __init__(self, settings: EngineSettings) -> None:
        """
        :raises OptionError: an option is wrong, or pymesos is not installed.
        """
        self._options = Options.of(settings.options)
        self.runs_containers = self._options.containers is not None
        self.runs_system_jobs = self._options.system_jobs == ON_CLUSTER
        self._memory = settings.memory
        self._driver_class = driver_class()
        self._logs = Logs(settings.data_dir.absolute() / "executions", settings.memory, self._options.files)
        self._framework: Framework | None = None

    def start(self, listener: EngineListener, start_agent: AgentStarter) -> None:
        """Begin to look for the master; nodes come when it is found.

        :raises OptionError: the secret or the certificates cannot be read.
        """
        self._framework = Framework(
            self._options, self._memory, listener, self._driver_class, time.monotonic, self._logs
        )
        self._framework.start()

    def stop(self, grace_seconds: float) -> None:
        """Let go of the cluster: what runs goes on."""
        if self._framework is not None:
            self._framework.stop(grace_seconds)

    def nodes(self) -> Sequence[Node]:
        """The agents that the master has."""
        return self._started().cluster.nodes()

    def offers(self) -> Sequence[Offer]:
        """What is offered of each node together, without what the executor needs where it does not run yet."""
        return self._started().cluster.shown()

    def launch(self, launches: Sequence[Launch]) -> None:
        """Accept the offers of each node with all that is launched there."""
        self._started().launch(launches)

    def kill(self, execution_id: int) -> None:
        """Have the executor end it."""
        self._started().kill(execution_id)

    def answer(self, execution_id: int, answer: bytes) -> None:
        """Have the executor give it the answer."""
        self._started().answer(execution_id, answer)

    def reconcile(self, execution_ids: Sequence[int]) -> None:
        """Ask the master about those that are not known, and kill what is known and should not run."""
        self._started().reconcile(execution_ids)

    def link(self) -> MasterLink:
        """The link to the leading master, or the one that was asked last."""
        return self._started().link()

    def settle_offers(self, *, wanted: bool) -> None:
        """Decline what is unused; ask for offers again when something waits."""
        self._started().settle_offers(wanted)

    def recorded(self, execution_ids: Sequence[int]) -> None:
        """Acknowledge the ends."""
        self._started().recorded(execution_ids)

    def logs(self, execution_id: int, stream: str, offset: int, limit: int) -> LogChunk:
        """From the agent while it runs, from the data folder afterwards."""
        return self._logs.read(execution_id, stream, offset, limit)

    def kept_logs(self) -> Iterator[tuple[int, Path]]:
        """Those whose logs were copied from their agents."""
        return self._logs.kept()

    def forget(self, execution_ids: Sequence[int]) -> None:
        """Remove the logs that are kept."""
        for execution_id in execution_ids:
            self._logs.forget(execution_id)

    def _started(self) -> Framework:
        if self._framework is None:
            raise RuntimeError("The engine has not been started.")
        return self._framework
