"""Nothing starves: what can run at all starts, whatever goes on arriving. And without the rule it would not."""

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.cluster import Simulation, queued
from scale_core.domain.placement import Policy, QueuedExecution
from scale_core.interfaces.engine import Resources

LONG_WAIT = 5
FAIR = Policy(LONG_WAIT, 0.25)
PRIORITY_ONLY = Policy(LONG_WAIT, 0.0)
STREAM, VICTIM = 1, 2
FIRST_OF_STREAM = 1000


def cpus(number: float) -> Resources:
    return Resources(number, number, number)


def arrivals(needs: list[Resources], per_step: int) -> Iterator[list[QueuedExecution]]:
    """An endless stream of executions of high priority."""
    numbers = count(FIRST_OF_STREAM)
    while True:
        batch = [next(numbers) for _ in range(per_step)]
        yield [queued(one, needs[one % len(needs)], priority=1, job_type_id=STREAM) for one in batch]


def run(simulation: Simulation, victims: list[Resources], stream: list[Resources], per_step: int, steps: int) -> int:
    """Have the victims come when the stream has filled the nodes; how many of them start within ``steps``."""
    going_on = arrivals(stream, per_step)
    simulation.run_step(next(going_on))
    late_comers = [queued(number, need, job_type_id=VICTIM) for number, need in enumerate(victims)]
    simulation.run_step([*next(going_on), *late_comers])
    for _ in range(steps):
        if all(number in simulation.started for number in range(len(victims))):
            break
        simulation.run_step(next(going_on))
    return sum(number in simulation.started for number in range(len(victims)))


def one_or_two_seconds(execution: QueuedExecution) -> int:
    return 1 + execution.execution_id % 2


SCENES = pytest.mark.parametrize(
    ("nodes", "victim"),
    [
        ([cpus(4)], cpus(4)),
        ([cpus(4)], cpus(1)),
        ([cpus(4)] * 8, cpus(4)),
        ([cpus(4), cpus(2), cpus(2)], cpus(3)),
    ],
    ids=["large, one node", "small, one node", "large, many nodes", "one node is large enough"],
)


@SCENES
def test_what_waits_starts_though_small_jobs_of_high_priority_never_end(
    nodes: list[Resources], victim: Resources
) -> None:
    assert run(Simulation(nodes, one_or_two_seconds, FAIR), [victim] * 3, [cpus(1)], 40, 100) == 3


@SCENES
def test_by_priority_alone_it_would_never_start(nodes: list[Resources], victim: Resources) -> None:
    assert run(Simulation(nodes, one_or_two_seconds, PRIORITY_ONLY), [victim] * 3, [cpus(1)], 40, 150) == 0


def test_turns_without_reservations_would_not_start_a_large_one() -> None:
    forgetful = Simulation([cpus(4)], one_or_two_seconds, FAIR, forgets_reservations=True)
    assert run(forgetful, [cpus(4)], [cpus(1)], 40, 150) == 0


def test_what_is_handed_ahead_does_not_keep_the_node_from_a_large_one() -> None:
    simulation = Simulation([cpus(4)], one_or_two_seconds, FAIR, ahead_seconds=0.03, short_type=STREAM)
    assert run(simulation, [cpus(4)], [cpus(1), cpus(2)], 40, 100) == 1


def test_most_placements_still_go_by_priority() -> None:
    simulation = Simulation([cpus(2)] * 4, lambda _: 1, FAIR)
    run(simulation, [cpus(1)] * 1000, [cpus(1)], 16, 200)
    victims = sum(one < FIRST_OF_STREAM for one in simulation.started)
    share = victims / len(simulation.started)
    assert 0.2 < share < 0.3


sizes = st.integers(1, 4)


@given(
    nodes=st.lists(st.integers(1, 8), min_size=1, max_size=5),
    victims=st.lists(st.tuples(st.floats(0.01, 1), st.integers(0, 4)), min_size=1, max_size=8),
    stream=st.lists(sizes, min_size=1, max_size=3),
    seconds=st.lists(st.integers(1, 3), min_size=1, max_size=5),
    share=st.sampled_from([0.1, 0.25, 0.5]),
    ahead_seconds=st.sampled_from([0.0, 0.02]),
)
@settings(max_examples=40, deadline=None)
def test_whatever_can_run_starts_within_bounds(
    nodes: list[int],
    victims: list[tuple[float, int]],
    stream: list[int],
    seconds: list[int],
    share: float,
    ahead_seconds: float,
) -> None:
    """A victim needs a share of one of the nodes. First those of the stream that are older go, at most 3 a cpu. The
    bound of each victim: at most ``1 / share`` placements to its turn, one at least every 3 steps, and 3 times 3 steps:
    until it is overtaken, until its node is empty, until its own end."""
    simulation = Simulation(
        [cpus(one) for one in nodes],
        lambda one: seconds[one.execution_id % len(seconds)],
        Policy(LONG_WAIT, share),
        ahead_seconds=ahead_seconds,
        short_type=STREAM,
    )
    needs = [cpus(part * nodes[index % len(nodes)]) for part, index in victims]
    steps = LONG_WAIT + 9 * sum(nodes) + len(victims) * int(3 / share + 9)
    assert run(simulation, needs, [cpus(one) for one in stream], 3 * sum(nodes), steps) == len(victims)
