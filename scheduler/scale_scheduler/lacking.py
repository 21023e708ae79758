"""Nodes that lack what a Strike or Scan needs, such as a mount: it watches elsewhere, and so are its files ingested
(decision 0055). And nodes that did not keep the time of clock rules: another one does (decision 0060)."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from scale_core.domain.placement import QueuedExecution
from scale_core.services.context import Context
from scale_core.services.ending_group import CANCELED, MOUNT_MISSING
from scale_core.services.executions import ExecutionService
from scale_core.services.ingest_jobs import Seer
from scale_core.services.lacking import CLOCK, is_clock, said_of, seers
from scale_core.services.queue_views import QueueView
from scale_core.services.system_types import CLOCK_JOB
from scale_core.services.telemetry import EndedExecution

AGAIN_SECONDS: Final = 300.0
"""How long a node is left out: somebody may mount what it lacks."""

CLOCK_HERE_SECONDS: Final = 30.0
"""How long the clock waits for a node: rules must not wait for a cluster that is full or gone."""


class LackingNodes:
    """Reads the queue, and says of each ingest, Strike and clock which nodes lack something for it.

    :param monotonic: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        context: Context,
        executions: ExecutionService,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = context.database
        self._executions = executions
        self._monotonic = monotonic
        self._until: dict[Seer, dict[str, float]] = {}
        self._clock_waits: tuple[int, float] = (0, 0.0)

    def ended(self, placed: Sequence[tuple[EndedExecution, str]]) -> None:
        """Executions ended on nodes, which are given by the engine's names."""
        found = {one.job_id: agent_id for one, agent_id in placed if one.failure_kind == MOUNT_MISSING}
        if found:
            with self._database.read() as session:
                of_jobs = seers(session, found)
            for job_id, seer in of_jobs.items():
                self._leave_out(seer, found[job_id])
        for one, agent_id in placed:
            if one.job_type == CLOCK_JOB and one.failure_kind not in ("", CANCELED):
                self._leave_out(CLOCK, agent_id)

    def _leave_out(self, seer: Seer, agent_id: str) -> None:
        self._until.setdefault(seer, {})[agent_id] = self._monotonic() + AGAIN_SECONDS

    def lacking(self) -> dict[Seer, frozenset[str]]:
        """The nodes that are left out now, and for whom."""
        now = self._monotonic()
        for seer, until in list(self._until.items()):
            self._until[seer] = {agent_id: when for agent_id, when in until.items() if when > now}
            if not self._until[seer]:
                del self._until[seer]
        return {seer: frozenset(until) for seer, until in self._until.items()}

    def look(self, window: int, longest: int, since: datetime, hopeless: Collection[int] = ()) -> QueueView:
        """As :meth:`ExecutionService.look`."""
        view = self._executions.look(window, longest, since, hopeless)
        return replace(view, queue=self._said_of(view.queue), longest=self._said_of(view.longest))

    def queue(self, limit: int, skipped: Collection[int] = (), *, only_tasks: bool = False) -> list[QueuedExecution]:
        """As :meth:`ExecutionService.queue`."""
        return self._said_of(self._executions.queue(limit, skipped, only_tasks=only_tasks))

    def _said_of(self, queue: list[QueuedExecution]) -> list[QueuedExecution]:
        if lacking := self.lacking():
            with self._database.read() as session:
                queue = said_of(session, queue, lacking)
        return [self._of_clock(one) if is_clock(one) else one for one in queue]

    def _of_clock(self, one: QueuedExecution) -> QueuedExecution:
        now = self._monotonic()
        if self._clock_waits[0] != one.execution_id:
            self._clock_waits = (one.execution_id, now)
        return replace(one, is_here_at_worst=now - self._clock_waits[1] >= CLOCK_HERE_SECONDS)
