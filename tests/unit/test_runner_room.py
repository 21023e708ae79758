"""Which launches start."""

import math
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scale_core.interfaces.engine import Resources
from scale_core.runner.room import Room

NEEDS = st.builds(Resources, *[st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.0])] * 3)


def started(room: Room[Any]) -> list[int]:
    return [key for key, _ in room.startable()]


def test_what_fits_starts_in_its_order_and_what_does_not_holds_up_none() -> None:
    room: Room[str] = Room(Resources(2, 100, 100))
    for key, cpus in ((1, 1.5), (2, 1.0), (3, 0.5), (4, 0.5)):
        room.add(key, Resources(cpus, 1, 1), "plan")
    assert started(room) == [1, 3]
    room.release(1)
    assert started(room) == [2, 4]
    assert started(room) == []


def test_what_is_dropped_never_starts() -> None:
    room: Room[str] = Room(Resources(1, 1, 1))
    for key in (1, 2, 3):
        room.add(key, Resources(1, 0, 0), "plan")
    assert started(room) == [1]
    room.drop(2)
    assert 2 not in room
    room.release(1)
    assert started(room) == [3]
    room.add(4, Resources(), "plan")
    assert room.is_held(4)
    assert room.drop_all() == [4]
    assert 3 in room


def test_followers_are_the_next_in_order_and_run_in_one_room() -> None:
    room: Room[str] = Room(Resources(1, 1, 1))
    for key in (1, 2, 3):
        room.add(key, Resources(1, 0, 0), "plan")
    room.add(4, Resources(0.5, 0, 0), "plan")
    room.add(5, Resources(1, 0, 0), "plan")
    assert started(room) == [1]
    assert room.followers(1, 1) == [(2, "plan")]
    assert room.followers(1, 9) == [(3, "plan")], "4 is before 5"
    assert 2 in room
    assert not room.is_held(2)
    room.hand_over(1, 2)
    assert 1 not in room
    assert started(room) == []
    assert not room.could_start(3)
    room.release(2)
    assert room.could_start(3)


def test_a_follower_that_is_put_back_has_its_place_again() -> None:
    room: Room[str] = Room(Resources(1, 1, 1))
    for key in range(1, 6):
        room.add(key, Resources(1, 0, 0), "plan")
    assert started(room) == [1]
    assert [key for key, _ in room.followers(1, 3)] == [2, 3, 4]
    room.drop(3)
    for key in (4, 2):
        room.put_back(key)
    order = []
    for key in (1, 2, 4):
        room.release(key)
        order += started(room)
    assert order == [2, 4, 5]


def test_where_nothing_is_bounded_everything_starts() -> None:
    room: Room[str] = Room(Resources(math.inf, math.inf, math.inf))
    for key in range(100):
        room.add(key, Resources(1000, 1000, 1000), "plan")
    assert started(room) == list(range(100))


@given(st.lists(NEEDS, max_size=30), st.randoms(use_true_random=False))
def test_room_is_never_exceeded_equals_keep_their_order_and_everything_starts(
    needs: list[Resources], random: Random
) -> None:
    capacity = Resources(2, 2, 2)
    room: Room[int] = Room(capacity)
    for key, each in enumerate(needs):
        room.add(key, each, key)
    running: list[int] = []
    order: list[int] = []
    while True:
        fresh = started(room)
        order += fresh
        running += fresh
        assert sum((needs[key] for key in running), Resources()).fits_in(capacity)
        if not running:
            break
        room.release(running.pop(random.randrange(len(running))))
    assert sorted(order) == list(range(len(needs)))
    for kind in set(needs):
        of_kind = [key for key in order if needs[key] == kind]
        assert of_kind == sorted(of_kind)
