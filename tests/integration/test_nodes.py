"""Nodes: which of them are there, and what becomes of those that are not."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import event, select

from fakes.world import SetClock, World
from scale_core.db.models import Node
from scale_core.interfaces import engine
from scale_core.services.nodes import NodeService

HERE = engine.Node("here", "here.example", 5051, engine.Resources(4, 1024, 4096))
AWAY = engine.Node("away", "away.example", 5051, engine.Resources(4, 1024, 4096))


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def world(tmp_path: Path, clock: SetClock) -> World:
    return World(tmp_path, now=clock)


def state(world: World) -> tuple[bool, bool, datetime | None]:
    """Of the node that goes away: whether it is active and connected, and when it was archived."""
    (node,) = (one for one in world.all(Node) if one.slave_id == "away")
    return node.is_active, node.is_connected, node.archived


def test_a_node_that_stays_away_is_archived_and_is_active_again_when_it_comes_back(
    world: World, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    nodes = NodeService(world.context)
    absent = world.context.settings.node_absent_seconds
    nodes.sync([HERE, AWAY])
    clock.forward(hours=1)
    assert set(nodes.sync([HERE])) == {"here"}
    assert state(world) == (True, False, None)
    clock.forward(seconds=absent - 1)
    nodes.sync([HERE])
    assert state(world) == (True, False, None)
    clock.forward(seconds=1)
    nodes.sync([HERE])
    assert state(world) == (False, False, clock.time)
    assert "The node away.example is absent and counts as removed" in caplog.text
    clock.forward(seconds=absent)
    assert set(nodes.sync([HERE, AWAY])) == {"here", "away"}
    assert state(world) == (True, True, None)


def test_nodes_that_are_there_are_written_once(world: World, clock: SetClock) -> None:
    nodes = NodeService(world.context)
    nodes.sync([HERE])
    start = clock.time
    clock.forward(days=30)
    nodes.sync([HERE])
    assert [one.last_modified for one in world.all(Node)] == [start]


def change(world: World, agent_id: str, **values: object) -> None:
    """As another process does."""
    with world.context.database.write() as session:
        node = session.scalars(select(Node).where(Node.slave_id == agent_id)).one()
        for name, value in values.items():
            setattr(node, name, value)


def test_what_others_change_of_nodes_is_seen_though_the_engine_says_the_same(world: World) -> None:
    """Also where as many are paused as before, and no time has gone by."""
    nodes, there = NodeService(world.context), [HERE, AWAY]
    assert [one.is_paused for one in nodes.sync(there).values()] == [False, False]
    change(world, "here", is_paused=True)
    assert [one.is_paused for one in nodes.sync(there).values()] == [True, False]
    change(world, "here", is_paused=False)
    change(world, "away", is_paused=True)
    assert [one.is_paused for one in nodes.sync(there).values()] == [False, True]
    change(world, "away", is_active=False, is_connected=False)
    nodes.sync(there)
    assert state(world)[:2] == (True, True)


def test_passes_that_find_nothing_new_do_not_read_all_nodes(world: World) -> None:
    nodes, there = NodeService(world.context), [HERE, AWAY]
    nodes.sync(there)
    executed: list[str] = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *given: executed.append(given[2]))
    nodes.sync(list(there))
    assert executed
    assert not [one for one in executed if "cpus_total" in one]
