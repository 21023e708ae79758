"""Placement: pure, so its promises are checked on invented clusters."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scale_core.interfaces.engine import Resources
from scale_core.services.executions import QueuedExecution
from scale_scheduler.placement import Capacity, Decision, NodeFree, Reason, all_waiting, place

START = datetime(2026, 1, 1, tzinfo=UTC)
ONE = Resources(1, 1, 1)


def queued(execution_id: int, need: Resources = ONE, **values: Any) -> QueuedExecution:
    defaults = {
        "execution_id": execution_id,
        "job_id": execution_id,
        "job_type_id": 1,
        "job_type_name": "a-type",
        "is_system": False,
        "is_long_running": False,
        "uses_docker": False,
        "priority": 100,
        "queued": START + timedelta(seconds=execution_id),
        "resources": need,
        "max_scheduled": None,
        "running_of_type": 0,
    }
    fields: dict[str, Any] = defaults | values
    return QueuedExecution(**fields)


def node(node_id: int, free: Resources, total: Resources | None = None, *, is_paused: bool = False) -> NodeFree:
    return NodeFree(node_id, f"agent-{node_id}", free, total or free, is_paused)


def placed(decision: Decision) -> list[int]:
    return [one.execution_id for one in decision.placements]


def reasons(decision: Decision) -> dict[int, Reason]:
    return {one.execution_id: one.reason for one in decision.waiting}


amounts = st.integers(0, 8).map(float)
needs = st.builds(Resources, amounts, amounts, amounts)
nodes = st.lists(st.tuples(needs, st.booleans()), max_size=6).map(
    lambda ones: [node(index, free, is_paused=paused) for index, (free, paused) in enumerate(ones)]
)
limits = {1: None, 2: 3, 3: 1}
queues = st.lists(st.tuples(needs, st.sampled_from(sorted(limits)), st.integers(0, 4)), max_size=40).map(
    lambda ones: [
        queued(number, need, job_type_id=kind, max_scheduled=limits[kind], running_of_type=running_by_kind(kind))
        for number, (need, kind, _) in enumerate(ones)
    ]
)


def running_by_kind(kind: int) -> int:
    """Every execution of a type is told the same number of running ones."""
    return {1: 5, 2: 1, 3: 0}[kind]


@given(queues, nodes)
@settings(max_examples=120, deadline=None)
def test_no_node_is_over_committed_and_nothing_is_placed_twice(
    queue: list[QueuedExecution], free: list[NodeFree]
) -> None:
    decision = place(queue, Capacity(free))
    need = {one.execution_id: one.resources for one in queue}
    for one in free:
        used = sum((need[p.execution_id] for p in decision.placements if p.node_id == one.node_id), Resources())
        assert used.fits_in(one.free)
        assert not (one.is_paused and used != Resources())
        assert all(p.agent_id == one.agent_id for p in decision.placements if p.node_id == one.node_id)
    assert not any(one.is_paused and any(p.node_id == one.node_id for p in decision.placements) for one in free)
    everybody = placed(decision) + [one.execution_id for one in decision.waiting]
    assert sorted(everybody) == sorted(one.execution_id for one in queue)


@given(queues, nodes)
@settings(max_examples=120, deadline=None)
def test_max_scheduled_is_never_exceeded(queue: list[QueuedExecution], free: list[NodeFree]) -> None:
    ids = set(placed(place(queue, Capacity(free))))
    counts = Counter(one.job_type_id for one in queue if one.execution_id in ids)
    for kind, count in counts.items():
        limit = limits[kind]
        assert limit is None or count + running_by_kind(kind) <= limit


@given(st.lists(amounts, max_size=40), amounts)
@settings(max_examples=120, deadline=None)
def test_on_one_node_nobody_is_passed_over_for_a_later_one_that_takes_as_much(wanted: list[float], free: float) -> None:
    queue = [queued(number, Resources(cpus, 0, 0)) for number, cpus in enumerate(wanted)]
    decision = place(queue, Capacity([node(1, Resources(free, 1, 1))]))
    ids = set(placed(decision))
    for earlier in queue:
        if earlier.execution_id in ids:
            continue
        for later in queue[earlier.execution_id + 1 :]:
            assert later.execution_id not in ids or later.resources.cpus < earlier.resources.cpus


@given(queues, nodes)
@settings(max_examples=100, deadline=None)
def test_what_waits_for_room_fits_on_no_node_that_is_left(queue: list[QueuedExecution], free: list[NodeFree]) -> None:
    decision = place(queue, Capacity(free))
    need = {one.execution_id: one.resources for one in queue}
    left = {one.node_id: one.free for one in free if not one.is_paused}
    for one in decision.placements:
        assert one.node_id is not None
        left[one.node_id] -= need[one.execution_id]
    for waiting in decision.waiting:
        if waiting.reason != Reason.MAX_SCHEDULED:
            assert not any(need[waiting.execution_id].fits_in(rest) for rest in left.values())


def test_what_does_not_fit_never_blocks_what_does() -> None:
    queue = [queued(number, Resources(100, 0, 0)) for number in range(500)] + [queued(500)]
    decision = place(queue, Capacity([node(1, Resources(4, 4, 4))]))
    assert placed(decision) == [500]
    assert set(reasons(decision).values()) == {Reason.TOO_LARGE}


def test_every_reason_is_told_with_what_would_help() -> None:
    big = Resources(8, 8, 8)
    free = [
        node(1, Resources(1, 1, 1), Resources(4, 4, 4)),
        node(2, Resources(6, 6, 6), Resources(6, 6, 6), is_paused=True),
    ]
    queue = [
        queued(1, big),
        queued(2, Resources(5, 5, 5)),
        queued(3, Resources(3, 3, 3)),
        queued(4, uses_docker=True),
        queued(5, max_scheduled=2, running_of_type=2, job_type_id=7),
        queued(6, is_system=True, job_type_name="scale-ingest", job_type_id=8),
    ]
    decision = place(queue, Capacity(free, runs_containers=False, system_slots={"scale-ingest": 0}))
    assert reasons(decision) == {
        1: Reason.TOO_LARGE,
        2: Reason.NODES_PAUSED,
        3: Reason.IN_USE,
        4: Reason.NO_CONTAINERS,
        5: Reason.MAX_SCHEDULED,
        6: Reason.TASKS_BUSY,
    }
    details = {one.execution_id: one.detail for one in decision.waiting}
    assert details[1].endswith("the most cpus that one has is 6.")
    assert "max_scheduled is 2" in details[5]
    assert reasons(place(queue[2:3], Capacity([]))) == {3: Reason.NO_NODES}


def test_no_single_node_may_have_all_of_a_need() -> None:
    free = [node(1, Resources(8, 1, 1)), node(2, Resources(1, 8, 8))]
    (waiting,) = place([queued(1, Resources(4, 4, 4))], Capacity(free)).waiting
    assert waiting.reason == Reason.TOO_LARGE
    assert "none has all of it together" in waiting.detail


def test_scales_own_tasks_need_no_node() -> None:
    queue = [queued(number, is_system=True, job_type_name="scale-ingest") for number in range(5)]
    queue.append(queued(9, is_system=True, job_type_name="scale-strike"))
    decision = place(queue, Capacity([], system_slots={"scale-ingest": 3}))
    assert placed(decision) == [0, 1, 2, 9]
    assert {one.node_id for one in decision.placements} == {None}


def test_an_engine_that_places_by_itself_is_given_everything() -> None:
    decision = place([queued(number, Resources(99, 99, 99)) for number in range(3)], Capacity(None))
    assert placed(decision) == [0, 1, 2]
    assert {(one.node_id, one.agent_id) for one in decision.placements} == {(None, "")}


def test_the_emptiest_node_is_filled_first() -> None:
    free = [node(1, Resources(1, 9, 9), Resources(4, 9, 9)), node(2, Resources(3, 9, 9), Resources(4, 9, 9))]
    decision = place([queued(number, Resources(1, 1, 1)) for number in range(4)], Capacity(free))
    assert [one.node_id for one in decision.placements] == [2, 2, 2, 1]


def test_a_decision_to_place_nothing_names_its_reason() -> None:
    decision = all_waiting([queued(1), queued(2)], Reason.SCHEDULER_PAUSED, "paused")
    assert placed(decision) == []
    assert reasons(decision) == {1: Reason.SCHEDULER_PAUSED, 2: Reason.SCHEDULER_PAUSED}


def test_ten_thousand_nodes_and_executions_take_one_pass() -> None:
    free = [node(number, Resources(4, 4, 4)) for number in range(10_000)]
    queue = [queued(number, Resources(1 + number % 3, 1, 1)) for number in range(10_000)]
    decision = place(queue, Capacity(free))
    assert len(decision.placements) == 10_000
