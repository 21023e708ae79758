"""What placement promises, on invented clusters of up to 10,000 nodes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from fakes.cluster import START, age, node, placed, queued, rank, reasons, total_of
from scale_core.domain.placement import (
    SHORT_SECONDS,
    Capacity,
    Decision,
    Demand,
    NodeFree,
    Placement,
    Policy,
    QueuedExecution,
    Reason,
    Reservation,
    Standing,
    place,
)
from scale_core.domain.placement.rooms import Rooms
from scale_core.interfaces.engine import Resources, custom_amounts

EXAMPLES = settings(max_examples=60, deadline=None)
LONG_WAIT = 10
MAX_SCHEDULED = {1: None, 2: 3, 3: 1, 4: None, 5: 2}
RUNNING = {1: 5, 2: 1, 3: 0, 4: 0, 5: 0}
EXPECTED = {1: 0.05, 2: SHORT_SECONDS, 3: None, 4: 5.0}
SYSTEM_TYPE = 5
HELD_BACK = {Reason.MAX_SCHEDULED, Reason.NO_CONTAINERS, Reason.TASKS_BUSY}


@dataclass(frozen=True)
class Case:
    """All that a pass is given."""

    demand: Demand
    nodes: list[NodeFree]
    policy: Policy
    standing: Standing

    @property
    def executions(self) -> dict[int, QueuedExecution]:
        return {one.execution_id: one for one in (*self.demand.queue, *self.demand.oldest)}

    def waits_long(self, execution: QueuedExecution) -> bool:
        waited = self.demand.now - execution.queued
        return self.policy.long_wait_share > 0 and waited.total_seconds() >= self.policy.long_wait_seconds

    def decide(self) -> Decision:
        capacity = Capacity(self.nodes, runs_containers=False, system_slots={"a-task": 2})
        return place(self.demand, capacity, self.policy, self.standing)


sizes = st.sampled_from([2.0, 4.0, 8.0])
gpus = st.sampled_from([(), (), (), (("gpus", 1.0),), (("gpus", 2.0), ("licenses", 1.0))])
totals = st.one_of(sizes.map(lambda size: Resources(size, size, size)), st.builds(Resources, sizes, sizes, sizes, gpus))
amounts = st.sampled_from([0.1, 0.3, 1.0, 1.0, 2.0, 4.0])
others = st.sampled_from([0.0, 0.1, 1.0, 3.0])
needs = st.one_of(st.builds(Resources, amounts, others, others, gpus), totals)


@st.composite
def clusters(draw: st.DrawFn) -> list[NodeFree]:
    """A few classes of equal nodes; some clusters are large."""
    counts = draw(st.sampled_from([st.integers(1, 3), st.integers(1, 3), st.sampled_from([1, 30, 2500])]))
    found: list[NodeFree] = []
    for _ in range(draw(st.integers(1, 4))):
        total = draw(totals)
        used = draw(st.sampled_from([0.25, 0.5, 0.75, 0.0, 1.0, 1.25]))
        custom = custom_amounts({name: amount * used for name, amount in total.custom})
        in_use = Resources(total.cpus * used, total.mem * used, total.disk * used, custom)
        extra: dict[str, Any] = {
            "is_paused": draw(st.sampled_from([False] * 6 + [True])),
            "ahead_seconds_left": draw(st.sampled_from([0.0, 0.01, 0.1, 0.4])),
            "slow": in_use if draw(st.sampled_from([False] * 6 + [True])) else Resources(),
            "endless": in_use if draw(st.sampled_from([False] * 6 + [True])) else Resources(),
        }
        first = len(found) + 1
        found += [node(first + number, total - in_use, total, **extra) for number in range(draw(counts))]
    return found


@st.composite
def executions(draw: st.DrawFn) -> list[QueuedExecution]:
    """Groups of equal executions, in the order of the queue."""
    found: list[QueuedExecution] = []
    kinds = draw(st.sampled_from([[1], [1, 4], [1, 2, 3, 4, 5]]))
    for _ in range(draw(st.integers(3, 12))):
        kind = draw(st.sampled_from(kinds))
        values: dict[str, Any] = {
            "job_type_id": kind,
            "job_type_name": "a-task" if kind == SYSTEM_TYPE else "a-type",
            "is_system": kind == SYSTEM_TYPE,
            "uses_docker": draw(st.sampled_from([False] * 20 + [True])),
            "max_scheduled": MAX_SCHEDULED[kind],
            "running_of_type": RUNNING[kind],
            "priority": draw(st.integers(1, 3)),
            "queued": START + timedelta(seconds=draw(st.integers(0, 2 * LONG_WAIT))),
        }
        need, count = draw(needs), draw(st.sampled_from([1, 2, 8]))
        found += [queued(len(found) + number, need, **values) for number in range(count)]
    return sorted(found, key=rank)


@st.composite
def crowded(draw: st.DrawFn) -> Case:
    """A few equal nodes, and much that might run on any of them: where ranks, turns and reservations collide."""
    size = st.sampled_from([1.0, 2.0, 4.0, 0.5])
    frees = draw(st.lists(st.sampled_from([4.0, 3.0, 1.0, 0.0, 6.0]), min_size=1, max_size=5))
    total = Resources(6, 6, 6)
    nodes = [node(number, Resources(free, 6, 6), total, ahead_seconds_left=0.3) for number, free in enumerate(frees, 1)]
    kind = st.sampled_from([1, 4])
    waited = st.sampled_from([0, 2 * LONG_WAIT])
    drawn = draw(st.lists(st.tuples(size, kind, st.integers(1, 2), waited), min_size=6, max_size=20))
    everything = [
        queued(
            number, Resources(cpus, 1, 0), job_type_id=kind, priority=priority, queued=START + timedelta(seconds=late)
        )
        for number, (cpus, kind, priority, late) in enumerate(drawn)
    ]
    now = START + timedelta(seconds=2 * LONG_WAIT)
    reservations = tuple(Reservation(one, one + 1) for one in range(draw(st.integers(0, 1))))
    policy = Policy(LONG_WAIT, draw(st.sampled_from([0.25, 0.5])))
    standing = Standing(reservations, draw(st.sampled_from([1.0, 0.5, 0.0])))
    return Case(Demand(sorted(everything, key=rank), now, (), EXPECTED), nodes, policy, standing)


@st.composite
def mixed(draw: st.DrawFn) -> Case:
    nodes, everything = draw(clusters()), draw(executions())
    window, oldest = draw(st.sampled_from([1000, 5])), draw(st.sampled_from([1000, 5, 0]))
    demand = Demand(
        everything[:window],
        START + timedelta(seconds=2 * LONG_WAIT),
        sorted(everything, key=age)[:oldest],
        EXPECTED,
    )
    who = draw(st.lists(st.integers(0, len(everything)), min_size=draw(st.sampled_from([0, 3])), max_size=5))
    where = draw(st.lists(st.integers(1, len(nodes) + 1), min_size=len(who), max_size=5))
    pairs = zip(dict.fromkeys(who), dict.fromkeys(where), strict=False)
    standing = Standing(tuple(Reservation(*one) for one in pairs), draw(st.sampled_from([1.0, 1.0, 0.5, 0.0])))
    policy = Policy(LONG_WAIT, draw(st.sampled_from([0.25, 0.25, 0.5, 0.0])))
    return Case(demand, nodes, policy, standing)


cases = st.one_of(crowded(), mixed())


def taken_by_node(case: Case, placements: list[Placement]) -> dict[int, Resources]:
    by_id = case.executions
    needs_of: dict[int, list[Resources]] = {}
    for one in placements:
        if one.node_id is not None:
            needs_of.setdefault(one.node_id, []).append(by_id[one.execution_id].resources)
    return {node_id: total_of(found) for node_id, found in needs_of.items()}


def kept_throughout(case: Case, decision: Decision) -> dict[int, int]:
    """Who each node was kept for from the beginning to the end of the pass, by node."""
    return {
        one.node_id: one.execution_id for one in case.standing.reservations if one in decision.standing.reservations
    }


@given(cases)
@EXAMPLES
def test_no_node_is_over_committed(case: Case) -> None:
    decision = case.decide()
    nodes = {one.node_id: one for one in case.nodes}
    taken = taken_by_node(case, [one for one in decision.placements if one.execution_id not in decision.ahead])
    for node_id, used in taken.items():
        assert used.fits_in(nodes[node_id].free)
    for one in decision.placements:
        if one.node_id is not None:
            assert not nodes[one.node_id].is_paused
            assert one.agent_id == nodes[one.node_id].agent_id


@given(cases)
@EXAMPLES
def test_everything_is_either_placed_once_or_waits_with_a_reason(case: Case) -> None:
    decision = case.decide()
    long_waiting = [one.execution_id for one in case.demand.oldest if case.waits_long(one)]
    everybody = placed(decision) + [one.execution_id for one in decision.waiting]
    assert sorted(everybody) == sorted({*(one.execution_id for one in case.demand.queue), *long_waiting})
    assert all(one.detail.endswith(".") for one in decision.waiting)


@given(cases)
@EXAMPLES
def test_max_scheduled_is_never_exceeded_counting_what_runs(case: Case) -> None:
    ids = set(placed(case.decide()))
    counts = Counter(one.job_type_id for one in case.executions.values() if one.execution_id in ids)
    for kind, count in counts.items():
        limit = MAX_SCHEDULED[kind]
        assert limit is None or count + RUNNING[kind] <= limit


@given(cases)
@EXAMPLES
def test_what_is_handed_ahead_is_short_and_within_the_budget_of_the_node(case: Case) -> None:
    decision = case.decide()
    nodes = {one.node_id: one for one in case.nodes}
    by_id = case.executions
    spent: Counter[int] = Counter()
    for one in decision.placements:
        if one.execution_id not in decision.ahead:
            continue
        assert one.node_id is not None
        target, execution = nodes[one.node_id], by_id[one.execution_id]
        seconds = EXPECTED[execution.job_type_id]
        assert seconds is not None
        assert seconds <= SHORT_SECONDS
        assert not execution.resources.custom
        assert execution.resources.fits_in(target.total - target.slow)
        shares = [
            need / there
            for need, there in (
                (execution.resources.cpus, target.total.cpus),
                (execution.resources.mem, target.total.mem),
                (execution.resources.disk, target.total.disk),
            )
            if there
        ]
        assert abs(decision.ahead[one.execution_id] - seconds * max(shares, default=0)) < 1e-9
        spent[one.node_id] += decision.ahead[one.execution_id]  # type: ignore[assignment]  # Counter adds floats, too
        assert one.node_id not in kept_throughout(case, decision)
    event(f"something is handed ahead: {bool(spent)}")
    assert all(cost <= nodes[node_id].ahead_seconds_left + 1e-9 for node_id, cost in spent.items())


@dataclass
class Step:
    """A placement, and what was the case just before it."""

    placement: Placement
    execution: QueuedExecution
    better: list[QueuedExecution]
    """Those that rank higher, were not placed by then, and that neither a rule nor a reservation of their own held
    back."""
    left: Counter[Resources]
    """How many nodes had how much left that was not kept for anybody."""


def replayed(case: Case, decision: Decision) -> Iterator[Step]:
    nodes = {one.node_id: one for one in case.nodes if not one.is_paused}
    by_id = case.executions
    kept = kept_throughout(case, decision)
    room = {number: one.free for number, one in nodes.items()}
    for node_id, execution_id in kept.items():
        room[node_id] -= by_id[execution_id].resources
    left = Counter(room.values())
    because = reasons(decision)
    queue = [
        one
        for one in case.demand.queue
        if because.get(one.execution_id) not in HELD_BACK and one.execution_id not in kept.values()
    ]
    done: set[int] = set()
    for placement in decision.placements:
        execution = by_id[placement.execution_id]
        better = [one for one in queue if one.execution_id not in done and rank(one) < rank(execution)]
        yield Step(placement, execution, better, left)
        done.add(placement.execution_id)
        if placement.node_id is not None:
            before = room[placement.node_id]
            room[placement.node_id] -= execution.resources
            left[before] -= 1
            left[room[placement.node_id]] += 1
            left = +left


def fits_somewhere(execution: QueuedExecution, step: Step) -> bool:
    return any(execution.resources.fits_in(room) for room in step.left)


@given(cases)
@EXAMPLES
def test_those_that_have_room_are_placed_in_the_order_of_the_queue(case: Case) -> None:
    """If A ranks before B, and B is placed without having waited long, A is placed, fits nowhere or is held back."""
    for step in replayed(case, case.decide()):
        if not case.waits_long(step.execution):
            assert not any(one.is_system or fits_somewhere(one, step) for one in step.better)


@given(cases)
@EXAMPLES
def test_what_has_waited_long_comes_before_its_rank_for_its_share_only(case: Case) -> None:
    decision = case.decide()
    started_from_reservation = {one.execution_id for one in case.standing.reservations} & set(placed(decision))
    turns = by_rank = 0
    for step in replayed(case, decision):
        if step.execution.execution_id in started_from_reservation:
            continue
        if any(one.is_system or fits_somewhere(one, step) for one in step.better):
            assert case.waits_long(step.execution)
            turns += 1
        else:
            by_rank += 1
    share = case.policy.long_wait_share
    event(f"turns: {min(turns, 3)}")
    assert turns <= (1 + by_rank * share / (1 - share) if share else 0)


@given(cases)
@EXAMPLES
def test_nothing_is_handed_ahead_past_one_that_ranks_higher(case: Case) -> None:
    decision = case.decide()
    nodes = {one.node_id: one for one in case.nodes}
    for step in replayed(case, decision):
        if step.execution.execution_id in decision.ahead and not case.waits_long(step.execution):
            assert step.placement.node_id is not None
            total = nodes[step.placement.node_id].total
            assert not any(one.resources.fits_in(total) for one in step.better)


@given(cases)
@EXAMPLES
def test_what_waits_for_room_fits_in_none_that_is_left(case: Case) -> None:
    decision = case.decide()
    by_id, because = case.executions, reasons(decision)
    taken = taken_by_node(case, list(decision.placements))
    left = {one.node_id: one.free - taken.get(one.node_id, Resources()) for one in case.nodes if not one.is_paused}
    kept = {one.node_id: by_id[one.execution_id].resources for one in decision.standing.reservations}
    unkept = {room - kept.get(node_id, Resources()) for node_id, room in left.items()}
    any_room = set(left.values())
    for execution_id, reason in because.items():
        need = by_id[execution_id].resources
        if reason not in HELD_BACK:
            assert not any(need.fits_in(room) for room in unkept)
        if reason == Reason.IN_USE:
            assert not any(need.fits_in(room) for room in any_room)
        if reason == Reason.KEPT_FOR_OTHERS:
            assert any(need.fits_in(room) for room in any_room)


@given(cases)
@EXAMPLES
def test_nodes_are_kept_for_those_that_have_waited_long_and_could_run_there(case: Case) -> None:
    decision = case.decide()
    nodes = {one.node_id: one for one in case.nodes if not one.is_paused}
    by_id, because = case.executions, reasons(decision)
    kept = decision.standing.reservations
    assert len(kept) <= (max(1, int(len(nodes) * case.policy.long_wait_share)) if case.policy.long_wait_share else 0)
    assert len({one.node_id for one in kept}) == len({one.execution_id for one in kept}) == len(kept)
    assert {one.execution_id for one in kept} == {one for one in because if because[one] == Reason.RESERVED}
    new = [one for one in kept if one not in case.standing.reservations]
    event(f"new reservations: {len(new)}")
    assert len(new) <= 1
    for one in kept:
        execution, target = by_id[one.execution_id], nodes[one.node_id]
        assert case.waits_long(execution)
        assert execution.resources.fits_in(target.total - target.endless)


@given(cases)
@EXAMPLES
def test_a_kept_node_takes_only_what_fits_beside(case: Case) -> None:
    decision = case.decide()
    nodes, by_id = {one.node_id: one for one in case.nodes}, case.executions
    taken = taken_by_node(case, list(decision.placements))
    kept = kept_throughout(case, decision)
    event(f"nodes stay kept: {bool(kept)}")
    for node_id, execution_id in kept.items():
        if node_id in taken:
            assert (taken[node_id] + by_id[execution_id].resources).fits_in(nodes[node_id].free)


@given(cases)
@EXAMPLES
def test_reservations_last(case: Case) -> None:
    """Where nothing has ended since, the next pass keeps what this one kept."""
    decision = case.decide()
    gone = set(placed(decision))
    taken = taken_by_node(case, list(decision.placements))
    nodes = [replace(one, free=one.free - taken.get(one.node_id, Resources())) for one in case.nodes]
    kept_for = {one.execution_id for one in decision.standing.reservations}
    rest = [one for one in case.demand.queue if one.execution_id not in gone]
    oldest = [one for one in case.executions.values() if one.execution_id in kept_for]
    following = replace(
        case, demand=replace(case.demand, queue=rest, oldest=oldest), nodes=nodes, standing=decision.standing
    )
    assert set(decision.standing.reservations) <= set(following.decide().standing.reservations)


@given(cases, st.randoms(use_true_random=False))
@EXAMPLES
def test_the_same_state_gives_the_same_decision_in_whatever_order_it_is_told(case: Case, random: Any) -> None:
    nodes, oldest = list(case.nodes), list(case.demand.oldest)
    random.shuffle(nodes)
    random.shuffle(oldest)
    shuffled = replace(case, nodes=nodes, demand=replace(case.demand, oldest=oldest))
    assert shuffled.decide() == case.decide()


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.integers(1, 3), st.booleans())
@settings(max_examples=6, deadline=None)
def test_a_large_cluster_is_filled_in_one_pass(count: int, length: int, cpus: int, is_late: bool) -> None:
    nodes = [node(number, Resources(3, 3, 3)) for number in range(count)]
    queue = [queued(number, Resources(cpus, 1, 1), queued=START) for number in range(length)]
    now = START + timedelta(hours=1 if is_late else 0)
    decision = place(Demand(queue, now, queue[:100]), Capacity(nodes), Policy(), Standing())
    assert placed(decision) == list(range(min(length, count * (3 // cpus))))


few = st.integers(0, 3).map(float)
small_rooms = st.lists(st.builds(Resources, few, few, few), min_size=2, max_size=9)
small_needs = st.sampled_from([Resources(1, 0, 0), Resources(0, 1, 0), Resources(0, 0, 1), Resources(1, 1, 1)])


@given(small_rooms, st.lists(st.tuples(small_needs, st.integers(0, 2), st.booleans()), min_size=10, max_size=60))
@settings(max_examples=200, deadline=None)
def test_the_first_room_is_found_that_a_walk_along_them_would_find(
    rooms: list[Resources], wanted: list[tuple[Resources, int, bool]]
) -> None:
    tree, model = Rooms(rooms), list(rooms)
    taken: list[tuple[int, Resources]] = []
    for need, start, gives_back in wanted:
        expected = next((index for index in range(start, len(model)) if need.fits_in(model[index])), None)
        found = tree.first(need, start)
        assert found == expected
        if found is not None:
            tree.take(found, need)
            model[found] -= need
            taken.append((found, need))
        if gives_back and taken:
            index, given = taken.pop(0)
            tree.give(index, given)
            model[index] += given
    assert [tree.left(index) for index in range(len(rooms))] == model
