"""Which nodes are at fault where too much fails on them."""

from collections.abc import Sequence

import pytest

from scale_core.services.telemetry import EndedExecution
from scale_generated.enums import ErrorCategory, JobExecutionStatus, JobStatus
from scale_scheduler.node_faults import NodeFaults

ENOUGH, SECONDS = 4, 600.0


def ended(category: str = "", *, job_type_id: int = 1, is_lost: bool = False, status: str = "") -> EndedExecution:
    """An execution that ended: well, or with an error of the category."""
    outcome = JobExecutionStatus.FAILED if category else JobExecutionStatus.COMPLETED
    return EndedExecution(
        execution_id=1,
        job_id=1,
        job_type_id=job_type_id,
        job_type="one",
        status=status or outcome,
        error_name="",
        category=category,
        message="",
        is_lost=is_lost,
        job_status=JobStatus.COMPLETED,
        durations=(None, None, None),
        lasted=1.0,
        restarts=False,
    )


FAULT = ended(ErrorCategory.SYSTEM)
WELL = ended()


def at_fault(faults: NodeFaults, *told: tuple[str, Sequence[EndedExecution]], now: float = 0.0) -> list[str]:
    """Nodes that are at fault after this."""
    return sorted(faults.ended([(one, agent_id) for agent_id, some in told for one in some], now))


def test_a_node_on_which_all_fails_is_at_fault_where_others_do_well() -> None:
    faults = NodeFaults(ENOUGH, SECONDS)
    assert at_fault(faults, ("good", [WELL] * 10), ("bad", [FAULT] * (ENOUGH - 1))) == []
    told = faults.ended([(FAULT, "bad")], 1.0)
    assert list(told) == ["bad"]
    assert "4 of the 4 executions that ended on it in 10 minutes" in told["bad"]


def test_it_is_counted_anew_once_it_was_at_fault() -> None:
    faults = NodeFaults(ENOUGH, SECONDS)
    assert at_fault(faults, ("good", [WELL] * 10), ("bad", [FAULT] * ENOUGH)) == ["bad"]
    assert at_fault(faults, ("bad", [FAULT] * (ENOUGH - 1))) == []
    assert at_fault(faults, ("bad", [FAULT])) == ["bad"]


def test_what_fails_everywhere_is_no_fault_of_a_node() -> None:
    faults = NodeFaults(ENOUGH, SECONDS)
    assert at_fault(faults, ("one", [FAULT] * 50), ("other", [FAULT] * 50)) == []


def test_a_few_failures_among_many_are_no_fault() -> None:
    faults = NodeFaults(ENOUGH, SECONDS)
    assert at_fault(faults, ("good", [WELL] * 10), ("so-so", [WELL] * 6), ("so-so", [FAULT] * 5)) == []
    assert at_fault(faults, ("so-so", [FAULT])) == ["so-so"]


@pytest.mark.parametrize(
    "one",
    [
        ended(ErrorCategory.ALGORITHM),
        ended(ErrorCategory.DATA),
        ended(ErrorCategory.SYSTEM, is_lost=True),
        ended(ErrorCategory.SYSTEM, status=JobExecutionStatus.CANCELED),
    ],
)
def test_what_is_the_jobs_fault_or_lost_or_canceled_does_not_count(one: EndedExecution) -> None:
    faults = NodeFaults(ENOUGH, SECONDS)
    assert at_fault(faults, ("good", [WELL] * 10), ("bad", [one] * 50)) == []


def test_the_only_node_is_at_fault_where_jobs_of_two_types_fail() -> None:
    faults = NodeFaults(ENOUGH, SECONDS)
    assert at_fault(faults, ("only", [FAULT] * 50)) == []
    assert at_fault(faults, ("only", [ended(ErrorCategory.SYSTEM, job_type_id=2)])) == ["only"]


def test_what_is_long_ago_is_forgotten() -> None:
    faults = NodeFaults(ENOUGH, SECONDS)
    assert at_fault(faults, ("good", [WELL] * 10), ("bad", [FAULT] * (ENOUGH - 1))) == []
    assert at_fault(faults, ("good", [WELL]), ("bad", [FAULT]), now=SECONDS) == []


@pytest.mark.parametrize("faults", [NodeFaults(0, SECONDS), NodeFaults(ENOUGH, 0.0)])
def test_it_can_be_turned_off(faults: NodeFaults) -> None:
    assert at_fault(faults, ("good", [WELL] * 10), ("bad", [FAULT] * 50)) == []
