"""Scale's own tasks that nodes do (decisions 0055, 0060): from a claimed execution to a plan for an engine."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal

from sqlalchemy.exc import SQLAlchemyError

from scale_core.services.context import Context
from scale_core.services.ingest_jobs import INGEST_JOB
from scale_core.services.node_ingests import NodeIngestService
from scale_core.services.node_strikes import NodeStrikeService
from scale_core.services.system_types import CLOCK_JOB, STRIKE_JOB
from scale_generated.specs.execution_plan import ExecutionPlan, PlanClock
from scale_generated.specs.execution_report import ReportFailure
from scale_scheduler.ingest import TaskEnd
from scale_scheduler.node_clock import LONGEST_WAIT_SECONDS

log = logging.getLogger(__name__)

NODE_TASKS: Final = frozenset({INGEST_JOB, STRIKE_JOB, CLOCK_JOB})
"""Names of the job types that nodes can do."""

Placed = tuple[ExecutionPlan, str]
"""A plan and the engine's name of its node."""


class NodeTasks:
    """Makes them ready.

    :param ended: is told of those that need not, or cannot, be launched.
    """

    def __init__(self, context: Context, ended: TaskEnd) -> None:
        self._ingests = NodeIngestService(context)
        self._strikes = NodeStrikeService(context)
        self._ended = ended

    def told(self, progress: Mapping[int, int]) -> None:
        """Record how many bytes of files are in their workspaces, by execution."""
        self._ingests.told(progress)

    def ready(self, tasks: Sequence[Placed]) -> list[Placed]:
        """Those that are to be launched, with plans that say what to do."""
        clocks, strikes, ingests = (
            [one for one in tasks if one[0].job_type.name == name] for name in (CLOCK_JOB, STRIKE_JOB, INGEST_JOB)
        )
        return [*map(_ready_clock, clocks), *self._ready_strikes(strikes), *self._ready_ingests(ingests)]

    def _ready_strikes(self, tasks: Sequence[Placed]) -> list[Placed]:
        plans, refused = self._strikes.begin([plan for plan, _agent_id in tasks])
        self._refuse(refused, "launch")
        return _with_agents(plans, tasks)

    def _ready_ingests(self, tasks: Sequence[Placed]) -> list[Placed]:
        if not tasks:
            return []
        try:
            begun = self._ingests.begin([plan for plan, _agent_id in tasks])
        except SQLAlchemyError as error:
            log.exception("Ingests could not begin; they are tried again")
            failure = ReportFailure(kind="engine", message=f"The ingest could not begin: {error}")
            self._ended([(plan.execution_id, failure) for plan, _agent_id in tasks])
            return []
        self._ended([(one, None) for one in begun.finished])
        self._refuse(begun.refused, "input")
        return _with_agents(begun.plans, tasks)

    def _refuse(self, refused: Sequence[tuple[int, str]], kind: Literal["input", "launch"]) -> None:
        if refused:
            self._ended([(one, ReportFailure(kind=kind, message=reason)) for one, reason in refused])


def _ready_clock(task: Placed) -> Placed:
    plan, agent_id = task
    return replace(plan, clock=PlanClock(longest_wait=LONGEST_WAIT_SECONDS)), agent_id


def _with_agents(plans: Sequence[ExecutionPlan], tasks: Sequence[Placed]) -> list[Placed]:
    agents = {plan.execution_id: agent_id for plan, agent_id in tasks}
    return [(plan, agents[plan.execution_id]) for plan in plans]
