"""What the scheduler believes its nodes to be busy with."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from scale_core.domain.placement import QueuedExecution
from scale_core.interfaces.engine import Resources
from scale_core.services.telemetry import EndedExecution
from scale_generated.enums import JobExecutionStatus, JobStatus
from scale_scheduler.load import AHEAD_SECONDS, Load

NODE = Resources(2, 1000, 1000)


def queued(number: int, job_type_id: int = 1, cpus: float = 1.0, *, is_long_running: bool = False) -> QueuedExecution:
    return QueuedExecution(
        execution_id=number,
        job_id=number,
        job_type_id=job_type_id,
        job_type_name="one",
        is_system=False,
        is_long_running=is_long_running,
        uses_docker=False,
        priority=100,
        queued=datetime(2026, 1, 1, tzinfo=UTC),
        resources=Resources(cpus, 10, 10),
        max_scheduled=None,
        running_of_type=0,
    )


def ended(number: int, seconds: float | None, job_type_id: int = 1) -> EndedExecution:
    return EndedExecution(
        execution_id=number,
        job_id=number,
        job_type_id=job_type_id,
        job_type="one",
        status=JobExecutionStatus.COMPLETED,
        error_name="",
        category="",
        message="",
        is_lost=False,
        job_status=JobStatus.COMPLETED,
        durations=(0.0, seconds, 0.0),
        lasted=seconds or 0.0,
        restarts=False,
    )


def test_a_type_of_which_none_has_ended_counts_as_slow() -> None:
    load = Load()
    load.started(queued(1), "n", NODE)
    assert load.slow("n") == Resources(1, 10, 10)
    assert load.ahead_seconds_left("n") == AHEAD_SECONDS


def test_what_ended_without_news_is_not_used_any_more() -> None:
    load = Load()
    load.started(queued(1), "n", NODE)
    load.started(queued(2), "n", NODE)
    load.ended([ended(1, 1)])
    load.gone([1, 2, 3])
    assert load.used("n") == load.slow("n") == Resources()


def test_short_work_uses_up_what_a_node_may_be_handed_and_gives_it_back() -> None:
    load = Load()
    load.ended([ended(1, 0.1)])
    load.started(queued(2), "n", NODE)
    assert load.slow("n") == Resources()
    assert load.ahead_seconds_left("n") == AHEAD_SECONDS - 0.1 * 0.5
    assert not load.has_plenty()
    for number in (3, 4, 5, 6):
        load.started(queued(number), "n", NODE)
    assert load.ahead_seconds_left("n") == 0
    assert load.ahead_seconds_left("other") == AHEAD_SECONDS
    assert load.has_plenty()
    load.ended([ended(number, 0.1) for number in range(2, 7)])
    assert load.ahead_seconds_left("n") == AHEAD_SECONDS


def test_one_that_takes_long_makes_its_type_slow_at_once_and_for_a_while() -> None:
    load = Load()
    load.ended([ended(number, 0.01) for number in range(100)])
    load.ended([ended(100, 60.0)])
    assert load.expected[1] == 60.0
    load.ended([ended(101, 0.01)])
    assert load.expected[1] > 50
    load.ended([ended(number, 0.01) for number in range(102, 202)])
    assert load.expected[1] < 0.1


def test_an_end_without_times_teaches_nothing() -> None:
    load = Load()
    load.ended([ended(1, None)])
    assert load.expected == {}


def test_what_runs_for_ever_is_endless_however_short_its_last_run_was() -> None:
    load = Load()
    load.ended([ended(1, 0.01)])
    load.started(queued(2, is_long_running=True), "n", NODE)
    assert load.endless("n") == load.slow("n") == Resources(1, 10, 10)


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 3), st.floats(0.01, 2), st.booleans()), max_size=40),
    st.randoms(use_true_random=False),
)
def test_when_all_has_ended_nothing_is_left(runs: list[tuple[str, int, float, bool]], order: object) -> None:
    load = Load()
    load.ended([ended(1000, 0.02, 1), ended(1001, 5.0, 2)])
    for number, (agent_id, job_type_id, cpus, endless) in enumerate(runs):
        load.started(queued(number, job_type_id, cpus, is_long_running=endless), agent_id, NODE)
    numbers = list(range(len(runs)))
    order.shuffle(numbers)  # type: ignore[attr-defined]
    load.ended([ended(number, None) for number in numbers])
    for agent_id in ("a", "b"):
        assert load.slow(agent_id) == load.endless(agent_id) == Resources()
        assert load.ahead_seconds_left(agent_id) == AHEAD_SECONDS
