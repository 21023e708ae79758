"""Placement, by example: which node, why not, whose turn it is, what is kept and what is handed ahead."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from fakes.cluster import ONE, START, decide, node, placed, queued, reasons
from scale_core.domain.placement import (
    Capacity,
    Decision,
    Demand,
    NodeFree,
    Pass,
    Policy,
    QueuedExecution,
    Reason,
    Reservation,
    Standing,
    place,
)
from scale_core.interfaces.engine import Resources

LATE = START + timedelta(hours=1)
FOUR = Resources(4, 4, 4)
FIRST = Standing()
NOT_DUE = Standing(turn=0)


@pytest.mark.parametrize(
    "stuck",
    [
        {"need": Resources(100, 0, 0)},
        {"need": Resources(4, 4, 4)},
        {"uses_docker": True},
        {"max_scheduled": 1, "running_of_type": 1, "job_type_id": 2},
        {"is_system": True, "job_type_name": "scale-ingest", "job_type_id": 3},
    ],
    ids=["too large", "no room now", "no containers", "max_scheduled", "tasks busy"],
)
@pytest.mark.parametrize("now", [START, LATE], ids=["young", "old"])
def test_500_that_cannot_run_at_the_head_of_the_queue_do_not_stop_the_rest(
    stuck: dict[str, Any], now: datetime
) -> None:
    queue = [queued(number, priority=1, **stuck) for number in range(500)] + [queued(500), queued(501)]
    nodes = [node(1, Resources(3, 3, 3), FOUR), node(2, Resources(3, 3, 3), FOUR)]
    capacity = Capacity(nodes, runs_containers=False, system_slots={"scale-ingest": 0})
    decision = place(Demand(queue, now, queue[:100]), capacity, Policy(), Standing())
    assert placed(decision) == [500, 501]
    assert len(decision.waiting) == 500


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
    decision = decide(queue, Capacity(free, runs_containers=False, system_slots={"scale-ingest": 0}))
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
    assert reasons(decide(queue[2:3], Capacity([]))) == {3: Reason.NO_NODES}


def test_no_single_node_may_have_all_of_a_need() -> None:
    free = [node(1, Resources(8, 1, 1)), node(2, Resources(1, 8, 8))]
    (waiting,) = decide([queued(1, FOUR)], Capacity(free)).waiting
    assert waiting.reason == Reason.TOO_LARGE
    assert "none has all of it together" in waiting.detail


def test_scales_own_tasks_need_no_node() -> None:
    queue = [queued(number, is_system=True, job_type_name="scale-ingest") for number in range(5)]
    queue.append(queued(9, is_system=True, job_type_name="scale-strike"))
    decision = decide(queue, Capacity([], system_slots={"scale-ingest": 3}))
    assert placed(decision) == [0, 1, 2, 9]
    assert {one.node_id for one in decision.placements} == {None}


def test_an_engine_that_places_by_itself_is_given_everything() -> None:
    decision = decide([queued(number, Resources(99, 99, 99)) for number in range(3)], Capacity(None))
    assert placed(decision) == [0, 1, 2]
    assert {(one.node_id, one.agent_id) for one in decision.placements} == {(None, "")}


def test_the_emptiest_node_is_filled_first() -> None:
    free = [node(1, Resources(1, 9, 9), Resources(4, 9, 9)), node(2, Resources(3, 9, 9), Resources(4, 9, 9))]
    decision = decide([queued(number, Resources(1, 1, 1)) for number in range(4)], Capacity(free))
    assert [one.node_id for one in decision.placements] == [2, 2, 2, 1]


def test_a_paused_scheduler_places_nothing_and_hands_on_what_it_was_handed() -> None:
    demand = Demand([queued(1), queued(2)], START, is_paused=True)
    decision = place(demand, Capacity([node(1, FOUR)]), Policy(), NOT_DUE)
    assert placed(decision) == []
    assert reasons(decision) == {1: Reason.SCHEDULER_PAUSED, 2: Reason.SCHEDULER_PAUSED}
    assert decision.standing == NOT_DUE


def all_reasons(
    execution: QueuedExecution,
    nodes: list[NodeFree],
    *before: QueuedExecution,
    standing: Standing = FIRST,
    **demand: Any,
) -> list[tuple[Reason, tuple[int, ...]]]:
    """All that keeps an execution from running behind those before it, with the ids that it is about."""
    one = Pass(Demand(before, LATE, **demand), Capacity(nodes, runs_containers=False), Policy(), standing)
    return [(why.reason, why.node_ids or why.job_type_ids or why.job_ids) for why in one.reasons(execution)]


def test_all_reasons_are_told_together_in_their_order() -> None:
    execution = queued(
        1, FOUR, job_type_id=7, max_scheduled=2, running_of_type=2, is_type_paused=True, is_still_ending=True
    )
    nodes = [node(1, ONE, FOUR), node(2, FOUR, is_paused=True), node(3, ONE)]
    assert all_reasons(execution, nodes, is_paused=True, held_back=[1]) == [
        (Reason.IN_USE, (1,)),
        (Reason.NODES_PAUSED, (2,)),
        (Reason.JOB_TYPE_PAUSED, (7,)),
        (Reason.SCHEDULER_PAUSED, ()),
        (Reason.MAX_SCHEDULED, (7,)),
        (Reason.STILL_ENDING, ()),
        (Reason.HELD_BACK, ()),
    ]


def test_a_paused_node_without_room_is_no_reason_where_others_are_as_large() -> None:
    nodes = [node(1, ONE, FOUR), node(2, ONE, FOUR, is_paused=True)]
    assert all_reasons(queued(1, FOUR), nodes) == [(Reason.IN_USE, (1,))]
    assert all_reasons(queued(1, FOUR), nodes[1:]) == [(Reason.NODES_PAUSED, (2,))]


def test_what_a_pass_placed_has_no_reason_and_what_it_left_no_room_for_has() -> None:
    first, second = queued(1, FOUR), queued(2)
    one = Pass(Demand([first], START), Capacity([node(1, FOUR)]), Policy(), FIRST)
    assert one.reasons(first) == []
    assert [why.reason for why in one.reasons(second)] == [Reason.IN_USE]
    assert Pass(Demand([], START), Capacity([node(1, FOUR)]), Policy(), FIRST).reasons(second) == []


def test_a_node_that_is_kept_is_named_to_the_one_it_is_kept_for_and_to_the_others() -> None:
    large, small = queued(0, Resources(3, 3, 3)), fresh(100, Resources(2, 2, 2))
    nodes, standing = [node(1, Resources(2, 4, 4), FOUR)], Standing((Reservation(0, 1),), 0)
    assert all_reasons(large, nodes, large, standing=standing) == [(Reason.RESERVED, (1,))]
    assert all_reasons(small, nodes, large, standing=standing) == [(Reason.KEPT_FOR_OTHERS, (1,))]


def test_no_more_than_100_nodes_are_named() -> None:
    ((_reason, ids),) = all_reasons(queued(1, FOUR), [node(number, ONE, FOUR) for number in range(300)])
    assert len(ids) == 100


def late(queue: list[QueuedExecution], nodes: list[NodeFree], standing: Standing = FIRST, **policy: float) -> Decision:
    """A pass in which those that are not fresh have waited long."""
    return place(Demand(queue, LATE), Capacity(nodes), Policy(**policy), standing)


def fresh(execution_id: int, need: Resources = ONE, **values: Any) -> QueuedExecution:
    return queued(execution_id, need, queued=LATE, **values)


def test_one_of_four_placements_is_a_turn_of_the_one_that_has_waited_longest() -> None:
    high = [fresh(number, priority=1) for number in range(100, 120)]
    low = [queued(number) for number in range(10)]
    decision = late([*high, *low], [node(1, Resources(9, 9, 9))], NOT_DUE)
    assert placed(decision) == [100, 101, 102, 0, 103, 104, 105, 1, 106]
    assert decision.standing.turn == 0.25


def test_a_turn_that_came_too_late_in_a_pass_is_the_first_of_the_next() -> None:
    queue = [*(fresh(number, priority=1) for number in range(100, 120)), queued(0)]
    first = late(queue, [node(1, Resources(3, 3, 3))], NOT_DUE)
    assert placed(first) == [100, 101, 102]
    assert placed(late(queue[3:], [node(1, ONE)], first.standing)) == [0]


def test_where_the_share_is_nothing_priority_alone_counts() -> None:
    queue = [*(fresh(number, priority=1) for number in range(100, 120)), queued(0, FOUR), queued(1)]
    decision = late(queue, [node(1, Resources(3, 3, 3), FOUR)], long_wait_share=0)
    assert placed(decision) == [100, 101, 102]
    assert decision.standing.reservations == ()


def test_the_longest_waiting_that_the_head_of_the_queue_does_not_reach_has_its_turn() -> None:
    demand = Demand([fresh(number) for number in range(100, 120)], LATE, [queued(1), fresh(200)])
    decision = place(demand, Capacity([node(1, Resources(2, 2, 2))]), Policy(), Standing())
    assert placed(decision) == [1, 100]
    assert 200 not in reasons(decision)


def test_one_that_is_overtaken_in_its_turn_gets_the_node_that_lacks_least() -> None:
    nodes = [node(1, Resources(1, 1, 1), FOUR), node(2, Resources(3, 3, 3), FOUR), node(3, ONE, ONE)]
    decision = late([queued(0, FOUR), fresh(100), fresh(101)], nodes)
    assert placed(decision) == [100, 101]
    assert decision.standing == Standing((Reservation(0, 2),), 0)
    (waiting,) = decision.waiting
    assert waiting.reason == Reason.RESERVED
    assert waiting.detail.startswith("It has waited long, so agent-2 is kept for it; it starts once 4 cpus, ")


def test_one_that_is_not_overtaken_needs_no_reservation() -> None:
    elders = [queued(number) for number in range(3)]
    decision = late([*elders, queued(9, FOUR), *(fresh(number) for number in range(100, 103))], [node(1, ONE, FOUR)])
    assert placed(decision) == [0]
    assert decision.standing.reservations == ()


def test_a_kept_node_takes_only_what_fits_beside() -> None:
    large = queued(0, Resources(3, 3, 3))
    standing = Standing((Reservation(0, 1),), 0)
    queue = [large, fresh(100, Resources(2, 1, 1)), fresh(101)]
    decision = late(queue, [node(1, Resources(2, 4, 4), FOUR)], standing)
    assert placed(decision) == []
    assert reasons(decision) == {0: Reason.RESERVED, 100: Reason.KEPT_FOR_OTHERS, 101: Reason.KEPT_FOR_OTHERS}
    assert "kept for executions that have waited longer, as agent-1 is" in decision.waiting[1].detail
    assert placed(late(queue, [node(1, FOUR)], standing)) == [0, 101]
    assert placed(late([large, fresh(100, Resources(0.5, 1, 1))], [node(1, FOUR)], standing)) == [0, 100]


def test_a_reservation_is_given_up_when_another_node_has_room() -> None:
    standing = Standing((Reservation(0, 1),), 0)
    nodes = [node(1, Resources(3, 3, 3), FOUR), node(2, FOUR)]
    decision = late([queued(0, FOUR), *(fresh(number) for number in range(100, 103))], nodes, standing)
    assert [(one.execution_id, one.node_id) for one in decision.placements] == [(0, 2), (100, 1), (101, 1), (102, 1)]
    assert decision.standing.reservations == ()


def test_one_that_only_its_elders_or_equals_came_before_needs_no_reservation() -> None:
    equals = [queued(1, queued=START, priority=1), queued(0, FOUR, queued=START, priority=2)]
    decision = late(equals, [node(1, Resources(3, 3, 3), FOUR)])
    assert placed(decision) == [1]
    assert decision.standing.reservations == ()


def test_a_node_is_kept_for_one_only() -> None:
    queue = [queued(0, FOUR), queued(1, FOUR), fresh(100)]
    nodes = [node(1, Resources(3, 3, 3), FOUR), *(node(number, Resources(), FOUR) for number in range(2, 9))]
    decision = late(queue, nodes, Standing((Reservation(0, 1), Reservation(1, 1))))
    assert decision.standing.reservations == (Reservation(0, 1),)


def test_the_node_that_lacks_least_may_be_kept_already() -> None:
    nodes = [node(1, Resources(5, 5, 5), Resources(8, 8, 8)), node(2, ONE, FOUR)]
    nodes += [node(number, Resources(), FOUR) for number in range(3, 9)]
    queue = [queued(0, Resources(6, 6, 6)), queued(1, FOUR), fresh(100)]
    decision = late(queue, nodes, Standing((Reservation(0, 1),)))
    assert decision.standing.reservations == (Reservation(0, 1), Reservation(1, 2))


def test_the_room_of_a_node_that_is_kept_no_longer_is_there_for_all() -> None:
    """A need that was looked for in vain before is looked for again."""
    much_mem, many_cpus = Resources(1, 4, 0), Resources(4, 1, 0)
    nodes = [
        node(1, Resources(0, 4, 4), FOUR),
        node(2, Resources(3, 4, 4), FOUR),
        node(3, Resources(4, 1, 4), FOUR),
        *(node(number, Resources(), FOUR) for number in range(4, 9)),
    ]
    standing = Standing((Reservation(0, 1), Reservation(1, 2)), 0)
    decision = late([queued(0, much_mem), queued(1, many_cpus), fresh(100, much_mem)], nodes, standing)
    assert [(one.execution_id, one.node_id) for one in decision.placements] == [(1, 3), (100, 2)]


@pytest.mark.parametrize(
    ("execution", "nodes"),
    [
        (None, [node(1, ONE, FOUR)]),
        (queued(0, FOUR), [node(2, ONE, FOUR)]),
        (queued(0, FOUR), [node(1, ONE, FOUR, is_paused=True)]),
        (queued(0, FOUR), [node(1, ONE, FOUR, endless=ONE)]),
        (queued(0, FOUR, max_scheduled=1, running_of_type=1), [node(1, ONE, FOUR)]),
        (queued(0, FOUR, uses_docker=True), [node(1, ONE, FOUR)]),
        (fresh(0, FOUR), [node(1, ONE, FOUR)]),
    ],
    ids=["started", "node gone", "node paused", "never free", "max_scheduled", "no containers", "clock set back"],
)
def test_a_reservation_ends_with_its_reason(execution: QueuedExecution | None, nodes: list[NodeFree]) -> None:
    queue = [fresh(100)] if execution is None else [execution, fresh(100)]
    standing = Standing((Reservation(0, 1),), 0)
    decision = place(Demand(queue, LATE), Capacity(nodes, runs_containers=False), Policy(), standing)
    assert decision.standing.reservations == ()
    assert placed(decision) == ([] if nodes[0].is_paused else [100])


def test_of_one_type_no_more_are_started_from_reservations_than_may_run() -> None:
    limited = [queued(number, FOUR, max_scheduled=1) for number in range(2)]
    standing = Standing((Reservation(0, 1), Reservation(1, 2)), 0)
    nodes = [node(number, FOUR) for number in range(1, 10)]
    decision = late(limited, nodes, standing)
    assert placed(decision) == [0]
    assert reasons(decision) == {1: Reason.MAX_SCHEDULED}
    assert decision.standing.reservations == ()


def test_no_more_than_their_share_of_the_nodes_is_kept() -> None:
    nodes = [node(number, Resources(3, 3, 3), FOUR) for number in range(1, 9)]
    queue = [*(queued(number, FOUR) for number in range(9)), *(fresh(number) for number in range(100, 110))]
    standing = Standing((Reservation(0, 1), Reservation(1, 2)))
    decision = late(queue, nodes, standing)
    assert decision.standing.reservations == standing.reservations
    assert reasons(decision)[2] == Reason.IN_USE
    halved = late(queue, nodes[:4], standing)
    assert halved.standing.reservations == (Reservation(0, 1),)


def test_a_very_long_wait_is_a_setting_like_any_other() -> None:
    assert placed(late([queued(1)], [node(1, ONE)], long_wait_seconds=1e300)) == [1]


FULL = node(1, Resources(0, 4, 4), FOUR, ahead_seconds_left=0.1)


def ahead(queue: list[QueuedExecution], *nodes: NodeFree, standing: Standing = FIRST) -> Decision:
    """A pass in which type 1 takes 0.1 s and type 2 takes 0.2 s; nothing is known of the others."""
    demand = Demand(queue, LATE, expected_seconds={1: 0.1, 2: 0.2, 3: None})
    return place(demand, Capacity(nodes), Policy(), standing)


def test_short_work_is_handed_ahead_within_the_budget_of_the_node() -> None:
    decision = ahead([fresh(number) for number in range(6)], FULL)
    assert placed(decision) == [0, 1, 2, 3]
    assert decision.ahead == dict.fromkeys(range(4), pytest.approx(0.025))
    assert {one.node_id for one in decision.placements} == {1}
    assert reasons(decision) == {4: Reason.IN_USE, 5: Reason.IN_USE}


def test_what_is_free_is_used_before_anything_is_handed_ahead() -> None:
    decision = ahead([fresh(number) for number in range(4)], FULL, node(2, Resources(2, 2, 2), FOUR))
    assert [one.node_id for one in decision.placements] == [2, 2, 1, 1]
    assert sorted(decision.ahead) == [2, 3]


@pytest.mark.parametrize(
    ("execution", "full"),
    [
        (fresh(0, job_type_id=2), FULL),
        (fresh(0, job_type_id=3), FULL),
        (fresh(0, job_type_id=4), FULL),
        (fresh(0, Resources(5, 1, 1)), FULL),
        (fresh(0), replace(FULL, ahead_seconds_left=0.0)),
        (fresh(0), replace(FULL, ahead_seconds_left=0.02)),
        (fresh(0), replace(FULL, is_paused=True)),
        (fresh(0, Resources(2, 1, 1)), replace(FULL, slow=Resources(3, 1, 1))),
    ],
    ids=["long", "never ran", "unknown", "too large", "no budget", "too little", "paused", "behind slow ones"],
)
def test_what_is_not_handed_ahead(execution: QueuedExecution, full: NodeFree) -> None:
    assert placed(ahead([execution], full)) == []


def test_nothing_is_held_behind_what_was_just_found_to_be_slow() -> None:
    decision = ahead(
        [fresh(0, Resources(3, 1, 1), job_type_id=2), fresh(1, Resources(2, 1, 1))], replace(FULL, free=FOUR)
    )
    assert placed(decision) == [0]


def test_nothing_is_handed_ahead_past_one_that_ranks_higher() -> None:
    small = node(2, Resources(0, 2, 2), Resources(2, 2, 2), ahead_seconds_left=0.05)
    decision = ahead([fresh(0, Resources(3, 1, 1), job_type_id=2), fresh(1), fresh(2)], FULL, small)
    assert [(one.execution_id, one.node_id) for one in decision.placements] == [(1, 2)]


def test_nothing_is_handed_ahead_to_a_node_that_is_kept() -> None:
    standing = Standing((Reservation(0, 1),), 0)
    assert placed(ahead([queued(0, FOUR, job_type_id=2), fresh(100)], FULL, standing=standing)) == []


def test_what_is_held_takes_the_room_of_what_comes_after() -> None:
    full = replace(FULL, free=Resources(1, 4, 4))
    decision = ahead([fresh(0, Resources(2, 1, 1)), fresh(1, job_type_id=2)], full)
    assert placed(decision) == [0]
    assert reasons(decision) == {1: Reason.IN_USE}


INGEST: dict[str, Any] = {"is_system": True, "job_type_name": "scale-ingest"}


def on_nodes(*nodes: NodeFree, slots: int = 9) -> Capacity:
    """A cluster whose nodes ingest."""
    return Capacity(nodes, system_slots={"scale-ingest": slots}, on_nodes={"scale-ingest"})


def agents(decision: Decision) -> dict[int, str]:
    """Where executions were placed."""
    return {one.execution_id: one.agent_id for one in decision.placements}


def test_a_task_that_is_scales_own_takes_nothing_of_a_node() -> None:
    queue = [queued(1, is_here=True, **INGEST), queued(2, **INGEST)]
    assert agents(decide(queue, on_nodes(node(1, ONE)))) == {1: "", 2: "agent-1"}


def test_a_task_that_nodes_do_takes_its_resources_of_one_and_ranks_with_the_others() -> None:
    queue = [queued(1, priority=10, **INGEST), queued(2)]
    assert agents(decide(queue, on_nodes(node(1, ONE), slots=0))) == {1: "agent-1"}


def test_a_task_that_nodes_do_waits_for_room_like_others() -> None:
    decision = decide([queued(1, **INGEST)], on_nodes(node(1, Resources(0, 1, 1), ONE)))
    assert reasons(decision) == {1: Reason.IN_USE}


def test_what_cannot_wait_for_a_node_takes_room_on_one_or_is_a_task_of_scale_itself() -> None:
    one = queued(1, is_here_at_worst=True, **INGEST)
    assert agents(decide([one], on_nodes(node(1, ONE)))) == {1: "agent-1"}
    for nodes in ([], [node(1, Resources(0, 1, 1), ONE)], [node(1, ONE, is_paused=True)]):
        assert agents(decide([one, queued(2, **INGEST)], on_nodes(*nodes))) == {1: ""}


def test_nodes_that_lack_something_are_passed_over_for_what_needs_it_alone() -> None:
    lacking = frozenset({"agent-1"})
    queue = [queued(1, lacking=lacking, **INGEST), queued(2, **INGEST), queued(3, lacking=lacking, **INGEST)]
    assert agents(decide(queue, on_nodes(node(1, FOUR), node(2, ONE)))) == {1: "agent-2", 2: "agent-1"}


def test_what_all_nodes_that_can_be_used_lack_something_for_is_a_task_of_scale_itself() -> None:
    lacking = frozenset({"agent-1"})
    nodes = (node(1, ONE), node(2, ONE, is_paused=True))
    queue = [queued(1, lacking=lacking, **INGEST), queued(2, lacking=lacking, **INGEST)]
    decision = decide(queue, on_nodes(*nodes, slots=1))
    assert agents(decision) == {1: ""}
    assert reasons(decision) == {2: Reason.TASKS_BUSY}
    assert "such as a mount" in decision.waiting[0].detail


def test_a_task_that_waits_since_nodes_lack_something_for_it_says_so_beside_what_else_keeps_it() -> None:
    one = queued(1, lacking=frozenset({"agent-1", "agent-4"}), **INGEST)
    lacks, small = node(1, ONE), node(2, Resources(0.5, 1, 1))
    used, paused = node(3, Resources(0, 1, 1), ONE), node(4, ONE, is_paused=True)

    def told(*nodes: NodeFree) -> list[tuple[Reason, tuple[int, ...]]]:
        whole = Pass(Demand([one], START), on_nodes(*nodes), Policy(), NOT_DUE)
        found = whole.reasons(one)
        assert reasons(whole.decision) == {1: found[0].reason}
        return [(why.reason, why.node_ids) for why in found]

    assert told(lacks, small) == [(Reason.NODES_LACKING, (1,))]
    assert told(lacks, used, paused) == [(Reason.IN_USE, (3,)), (Reason.NODES_LACKING, (1,))]


def test_no_node_is_kept_for_what_it_lacks_something_for() -> None:
    old = queued(1, FOUR, lacking=frozenset({"agent-1"}), **INGEST)
    queue = [queued(2), old]
    nodes = [node(1, Resources(3, 3, 3), FOUR), node(2, Resources(2, 2, 2), FOUR)]
    decision = place(Demand(queue, LATE, [old]), on_nodes(*nodes), Policy(), NOT_DUE)
    assert {one.node_id for one in decision.standing.reservations} <= {2}
