"""Nodes: which of them are there, and what becomes of those that are not."""

from datetime import datetime
from pathlib import Path

import pytest

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
