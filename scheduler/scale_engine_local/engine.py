"""The ``local`` engine."""

import contextlib
import logging
import shutil
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from scale_core.interfaces.engine import (
    AgentSettings,
    AgentStarter,
    ContainerSettings,
    Engine,
    EngineEvent,
    EngineListener,
    EngineMode,
    EngineSettings,
    ExecutionFinished,
    ExecutionLost,
    Launch,
    LogChunk,
    Node,
    NodeAgent,
    Offer,
    OptionError,
    Resources,
    needs_of,
)
from scale_core.interfaces.logs import kept_in, read_log
from scale_engine_local.machine import free_disk, machine_resources
from scale_engine_local.options import Options

AGENT_ID = "local"

log = logging.getLogger(__name__)


class LocalEngine(Engine):
    """Runs executions on this machine, through a node agent that it starts.

    Options: :class:`~scale_engine_local.options.Options`. Launches beyond what the machine has free wait in the agent.
    """

    name: ClassVar[str] = "local"
    mode: ClassVar[EngineMode] = EngineMode.OFFER
    holds_launches: ClassVar[bool] = True

    def __init__(self, settings: EngineSettings) -> None:
        self._options = Options.of(settings.options)
        self._folder = settings.data_dir.absolute() / "executions"
        self._hostname = socket.gethostname()
        self._total = Resources()
        self._lock = threading.Lock()
        self._free = Resources()
        self._launched: dict[int, Resources] = {}
        self._offer_number = 0
        self._listener: EngineListener | None = None
        self._agent: NodeAgent | None = None

    def start(self, listener: EngineListener, start_agent: AgentStarter) -> None:
        """Look at the machine and start the agent, which makes the folder of executions.

        :raises OptionError: the machine does not tell what it has, or has no Docker where it should.
        :raises OSError: the data folder cannot be used.
        """
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        containers = self._usable_containers()
        self.runs_containers = containers is not None
        self._total = machine_resources(self._folder.parent, self._options)
        self._free = self._total
        self._listener = listener
        self._agent = start_agent(
            AgentSettings(
                folder=self._folder,
                capacity=self._total,
                search_path=self._options.search_path,
                log_limit=self._options.log_limit,
                kill_grace=self._options.kill_grace,
                limits=self._options.limits,
                containers=containers,
            ),
            self._tell,
        )
        listener.offers_changed()

    def stop(self, grace_seconds: float) -> None:
        """End all executions: SIGTERM now, SIGKILL shortly before the grace period is over."""
        agent, self._agent = self._agent, None
        if agent is not None:
            agent.stop(grace_seconds)

    def nodes(self) -> Sequence[Node]:
        """This machine."""
        return [Node(AGENT_ID, self._hostname, 0, self._total)]

    def offers(self) -> Sequence[Offer]:
        """One offer: what is not launched, and never more disk than is free."""
        if self._agent is None:
            return []
        with self._lock:
            free = self._free
            self._offer_number += 1
            number = self._offer_number
        disk = min(free.disk, free_disk(self._folder))
        return [Offer(f"{AGENT_ID}-{number}", AGENT_ID, Resources(free.cpus, free.mem, disk, free.custom))]

    def launch(self, launches: Sequence[Launch]) -> None:
        """Give executions to the agent.

        :raises RuntimeError: the engine has not been started.
        """
        agent = self._started()
        plans, events = [], []
        with self._lock:
            for launch in launches:
                plan = launch.plan
                if launch.agent_id != AGENT_ID:
                    message = f"There is no node {launch.agent_id!r}; the only one is {AGENT_ID!r}."
                    events.append(ExecutionLost(plan.execution_id, message))
                elif plan.execution_id in self._launched:
                    log.warning("Execution %d was launched twice; it goes on running once.", plan.execution_id)
                else:
                    needs = needs_of(plan)
                    self._launched[plan.execution_id] = needs
                    self._free = self._free - needs
                    plans.append(plan)
        if plans:
            agent.launch(plans)
        if events:
            self._tell(events)

    def kill(self, execution_id: int) -> None:
        """Have the agent end it."""
        self._started().kill(execution_id)

    def reconcile(self, execution_ids: Sequence[int]) -> None:
        """Ask the agent about those that it was not given."""
        agent = self._started()
        with self._lock:
            gone = [each for each in execution_ids if each not in self._launched]
        if gone:
            agent.reconcile(gone)

    def logs(self, execution_id: int, stream: str, offset: int, limit: int) -> LogChunk:
        """Read from the execution's folder."""
        return read_log(self._folder / str(int(execution_id)), stream, offset, limit)

    def kept_logs(self) -> Iterator[tuple[int, Path]]:
        """All that have a folder."""
        return kept_in(self._folder)

    def forget(self, execution_ids: Sequence[int]) -> None:
        """Remove the executions' folders."""
        for execution_id in execution_ids:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self._folder / str(int(execution_id)))

    def _usable_containers(self) -> ContainerSettings | None:
        """How containers are run; None where they are not."""
        containers = self._options.containers
        if containers is None:
            return None
        trouble = containers.trouble()
        if trouble is None:
            log.info("Job types with an image run in containers, through %s.", containers.socket)
            return containers
        if self._options.docker == "on":
            raise OptionError(f"The option 'docker' of the engine 'local' is 'on', but {trouble}.")
        log.info("Job types with an image wait: %s. Start Scale again once Docker is there.", trouble)
        return None

    def _started(self) -> NodeAgent:
        if self._agent is None:
            raise RuntimeError("The engine has not been started.")
        return self._agent

    def _tell(self, events: Sequence[EngineEvent]) -> None:
        """Pass on what the agent tells."""
        ends = [_ended(event) for event in events if isinstance(event, ExecutionFinished | ExecutionLost)]
        with self._lock:
            for execution_id in ends:
                self._free = self._free + self._launched.pop(execution_id, Resources())
            if not self._launched:
                self._free = self._total  # starting again from nothing keeps rounding from adding up
        if self._listener is not None:
            self._listener.notify(events)
            if ends:
                self._listener.offers_changed()


def _ended(event: ExecutionFinished | ExecutionLost) -> int:
    return event.report.execution_id if isinstance(event, ExecutionFinished) else event.execution_id
