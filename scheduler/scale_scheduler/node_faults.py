"""Nodes on which too much fails: which of them are better left alone until somebody has looked at them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from scale_core.services.ending_group import MOUNT_MISSING
from scale_core.services.telemetry import EndedExecution
from scale_generated.enums import ErrorCategory, JobExecutionStatus

FAULTY_SHARE = 0.5
"""The share of what ends on a node, from which on it fails too often; elsewhere less than half of that has to fail."""

PARTS = 10
"""The time that is looked back at is counted in so many parts."""


@dataclass(slots=True)
class _Part:
    """What ended on a node in one part of the time; failures by job type."""

    ended: int = 0
    failed: Counter[int] = field(default_factory=Counter)


class _Sum(NamedTuple):
    ended: int
    failed: int
    job_types: int

    @property
    def share(self) -> float:
        return self.failed / self.ended if self.ended else 0.0


class NodeFaults:
    """Counts what ends on each node, and what of it fails with an error of category SYSTEM: no fault of the job's.

    A node is at fault where enough fails in the time that is looked back at, at least half of what ends there does, and
    the other nodes do far better: what fails everywhere is a storage's fault, or that of who has set a job type up.
    Where nothing ends elsewhere, executions of two job types have to fail. What is lost with a node, or lacks a mount
    there, does not count.

    :param enough: so many failures; 0: no node is ever at fault.
    :param seconds: how far it is looked back; 0: not at all.
    """

    def __init__(self, enough: int, seconds: float) -> None:
        self._enough = enough if seconds else 0
        self._part_seconds = seconds / PARTS
        self._nodes: dict[str, dict[int, _Part]] = {}

    def ended(self, ended: Iterable[tuple[EndedExecution, str]], now: float) -> Mapping[str, str]:
        """Take up what ended.

        :param ended: each with the engine's name of its node.
        :param now: seconds of a clock that never goes back.
        :return: nodes that are at fault now, and why, for people. They are counted anew.
        """
        if not self._enough:
            return {}
        number = int(now // self._part_seconds)
        suspects: dict[str, None] = {}
        for one, agent_id in ended:
            if one.is_lost or one.failure_kind == MOUNT_MISSING or one.status == JobExecutionStatus.CANCELED:
                continue
            part = self._part(agent_id, number)
            part.ended += 1
            if one.category == ErrorCategory.SYSTEM:
                part.failed[one.job_type_id] += 1
                suspects[agent_id] = None
        reasons = {each: reason for each in suspects if (reason := self._reason(each, number)) is not None}
        for agent_id in reasons:
            del self._nodes[agent_id]
        return reasons

    def _part(self, agent_id: str, number: int) -> _Part:
        parts = self._nodes.setdefault(agent_id, {})
        if number not in parts:
            for old in [each for each in parts if each <= number - PARTS]:
                del parts[old]
            parts[number] = _Part()
        return parts[number]

    def _reason(self, agent_id: str, number: int) -> str | None:
        here = self._sum([agent_id], number)
        if here.failed < self._enough or here.share < FAULTY_SHARE:
            return None
        elsewhere = self._sum(self._nodes.keys() - {agent_id}, number)
        is_better_elsewhere = elsewhere.share < FAULTY_SHARE / 2 if elsewhere.ended else here.job_types > 1
        if not is_better_elsewhere:
            return None
        minutes = self._part_seconds * PARTS / 60
        return (
            f"Too much failed on it: {here.failed} of the {here.ended} executions that ended on it in {minutes:g} "
            "minutes, with errors that are no fault of their jobs."
        )

    def _sum(self, agent_ids: Iterable[str], number: int) -> _Sum:
        parts = [
            part for each in agent_ids for place, part in self._nodes[each].items() if number - PARTS < place <= number
        ]
        job_types = {job_type for part in parts for job_type in part.failed}
        return _Sum(sum(one.ended for one in parts), sum(one.failed.total() for one in parts), len(job_types))
